/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch check: judges messages at rest by the same assess that the milter calls. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "explain.h"
#include "feed.h"
#include "input.h"
#include "store.h"
#include "tool.h"
#include "zonefile.h"

#define CHECK_MAX_RCPTS 1000

struct check {
    /* what the command line says; NULL: not given */
    const char *config, *store, *dns, *zone, *at;
    struct feed_envelope envelope;
    const char *rcpts[CHECK_MAX_RCPTS]; /* envelope.rcpts */
    bool json;

    struct settings *settings;
    struct assess_context *context;
    int status; /* the strictest so far */
};

enum {
    OPT_IP = 256,
    OPT_HOSTNAME,
    OPT_HELO,
    OPT_SENDER,
    OPT_RCPT,
    OPT_USER,
    OPT_CONFIG,
    OPT_STORE,
    OPT_DNS,
    OPT_ZONE,
    OPT_AT,
    OPT_JSON,
    OPT_EXPLAIN
};

static const struct option options[] = {
    {"ip", required_argument, NULL, OPT_IP},
    {"hostname", required_argument, NULL, OPT_HOSTNAME},
    {"helo", required_argument, NULL, OPT_HELO},
    {"sender", required_argument, NULL, OPT_SENDER},
    {"rcpt", required_argument, NULL, OPT_RCPT},
    {"user", required_argument, NULL, OPT_USER},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"store", required_argument, NULL, OPT_STORE},
    {"dns", required_argument, NULL, OPT_DNS},
    {"zone", required_argument, NULL, OPT_ZONE},
    {"at", required_argument, NULL, OPT_AT},
    {"json", no_argument, NULL, OPT_JSON},
    {"explain", no_argument, NULL, OPT_EXPLAIN},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void usage(FILE *out)
{
    fputs(
        "Usage: vouch check [OPTION]... [FILE... | -]\n"
        "Judges messages as vouch-milter would. FILE is a message, an mbox or a Maildir; '-' or\n"
        "nothing is standard input.\n\n"
        "What SMTP said; what is not given is read from the message's path:\n"
        "  --ip ADDRESS        the SMTP client\n"
        "  --hostname NAME     its verified name\n"
        "  --helo NAME         what it called itself\n"
        "  --sender ADDRESS    envelope sender; '' for the null sender\n"
        "  --rcpt ADDRESS      a recipient; may be repeated\n"
        "  --user NAME         the client authenticated as NAME\n\n"
        "Where answers come from:\n"
        "  --config FILE       settings [" SYSCONFDIR "/vouch/vouch.conf]\n"
        "  --store URL         model: lmdb:DIR, redis://HOST:PORT/DB, redis+unix:PATH,\n"
        "                      memory:FILE or none [as the settings say]\n"
        "  --dns ADDR[@PORT]   DNS server [as the settings say, or resolv.conf]\n"
        "  --zone FILE         answer from this zone file alone; nothing is asked of the network\n"
        "  --at TIME           judge as of TIME: 2026-01-31T12:00:00Z, @EPOCH, or 'received' for\n"
        "                      each message's own arrival [now]\n\n"
        "What is printed:\n"
        "  --explain           every piece of evidence and the sum, for a person [default]\n"
        "  --json              the decision record, one JSON object a line\n\n"
        "Exit status: 0 accept, 1 tag, 2 quarantine, 3 reject, 4 tempfail, 5 discard (the highest\n"
        "of all messages); 64 usage, 65 bad input, 66 no input, 69 store or DNS not reachable,\n"
        "78 configuration.\n",
        out);
}

static int exit_status(enum action a)
{
    switch (a) {
    case ACTION_TAG:
        return 1;
    case ACTION_QUARANTINE:
        return 2;
    case ACTION_REJECT:
        return 3;
    case ACTION_TEMPFAIL:
        return 4;
    case ACTION_DISCARD:
        return 5;
    default:
        return 0;
    }
}

/* True if DNS was asked and nothing at all came back: then "temperror" says more about us than
 * about the message. */
static bool dns_unreachable(const struct record *r)
{
    const struct evidence *ev = r->evidence;
    bool asked = ev->spf.result != AUTH_UNKNOWN || ev->iprev.result != AUTH_UNKNOWN;
    bool answered = ev->spf.result != AUTH_TEMPERROR || ev->iprev.result != AUTH_TEMPERROR;
    return asked && !answered && ev->dmarc.result == AUTH_TEMPERROR;
}

static int report(struct check *c, const char *name, const struct record *r)
{
    char state[256];
    if (r->flags & FLAG_MODEL_UNAVAILABLE) {
        store_state(assess_context_store(c->context), state, sizeof state);
        return tool_error(EX_UNAVAILABLE,
                          "%s: the model cannot be asked (%s); '--store none' judges without it",
                          c->store ? c->store : c->settings->store, state);
    }
    if (dns_unreachable(r))
        return tool_error(EX_UNAVAILABLE,
                          "%s: no DNS server answers; '--dns ADDR' names another, '--zone FILE' "
                          "needs none",
                          name);
    if (c->json) {
        char *line = record_json(r);
        if (!line)
            return tool_error(EX_OSERR, "%s: out of memory", name);
        puts(line);
        free(line);
    } else {
        explain_write(stdout, name, r, c->settings);
    }
    if (ferror(stdout))
        return tool_error(EX_IOERR, "standard output: %s", strerror(errno));
    int status = exit_status(r->decision->action);
    c->status = status > c->status ? status : c->status;
    return 0;
}

static int judge_at(const struct check *c, const char *name, struct span text, int64_t *time_us_r)
{
    *time_us_r = clock_wall_us();
    if (!c->at)
        return 0;
    if (strcmp(c->at, "received") != 0)
        return tool_time(c->at, time_us_r);
    time_t received = feed_received(text);
    if (received < 0)
        return tool_error(EX_DATAERR,
                          "%s: --at received: the message has no Received field with a "
                          "date at its top",
                          name);
    *time_us_r = (int64_t)received * 1000000;
    return 0;
}

static int check_message(void *arg, const char *name, struct span text)
{
    struct check *c = arg;
    int64_t now_us;
    const struct record *r;
    int rc = input_check(name, text);
    if (rc != 0 || (rc = judge_at(c, name, text, &now_us)) != 0)
        return rc;
    struct assess *a = assess_new(c->context, c->settings, now_us);
    if (a && feed_message(a, &c->envelope, text) == 0 && assess_finish(a, NULL, &r) == 0)
        rc = report(c, name, r);
    else
        rc = tool_error(EX_OSERR, "%s: out of memory", name);
    assess_free(&a);
    return rc;
}

/* ADDRESS[@PORT] */
static bool is_server(const char *text)
{
    struct ipaddr ip;
    struct span rest = span_of(text), address;
    uint64_t port;
    return span_split(&rest, '@', &address) && ipaddr_parse(address, &ip) == 0 &&
           (!rest.p || (span_uint(rest, 65535, &port) == 0 && port > 0));
}

/* argument: what getopt_long read last */
static int parse_option(struct check *c, int option, const char *argument)
{
    int64_t ignored;
    switch (option) {
    case OPT_IP:
        if (ipaddr_parse(span_of(optarg), &c->envelope.ip) != 0)
            return tool_usage_error("--ip %s: not an IPv4 or IPv6 address", optarg);
        break;
    case OPT_HOSTNAME:
        c->envelope.hostname = optarg;
        break;
    case OPT_HELO:
        c->envelope.helo = optarg;
        break;
    case OPT_SENDER:
        c->envelope.sender = optarg;
        break;
    case OPT_RCPT:
        if (c->envelope.rcpt_count >= CHECK_MAX_RCPTS)
            return tool_usage_error("--rcpt: more than %d recipients", CHECK_MAX_RCPTS);
        c->rcpts[c->envelope.rcpt_count++] = optarg;
        break;
    case OPT_USER:
        c->envelope.user = optarg;
        break;
    case OPT_CONFIG:
        c->config = optarg;
        break;
    case OPT_STORE:
        c->store = optarg;
        break;
    case OPT_DNS:
        if (!is_server(optarg))
            return tool_usage_error("--dns %s: not an address: write it like 192.0.2.53, "
                                    "192.0.2.53@5353 or 2001:db8::53@5353",
                                    optarg);
        c->dns = optarg;
        break;
    case OPT_ZONE:
        c->zone = optarg;
        break;
    case OPT_AT:
        if (strcmp(optarg, "received") != 0 && tool_time(optarg, &ignored) != 0)
            return tool_usage_error(
                "--at %s: not a time: give 2026-01-31, 2h (so long ago), 2026-01-31T12:00:00Z, "
                "@EPOCH, now or received",
                optarg);
        c->at = optarg;
        break;
    case OPT_JSON:
        c->json = true;
        break;
    case OPT_EXPLAIN:
        c->json = false;
        break;
    default:
        return tool_option_error(option, argument);
    }
    return 0;
}

/* Addresses are taken as SMTP would: with or without "<>". */
static int normalise_envelope(struct check *c, struct arena *arena)
{
    struct feed_envelope *e = &c->envelope;
    if (e->sender && !(e->sender = rfc5322_path(arena, span_of(e->sender))))
        return tool_usage_error("--sender: not an address");
    e->rcpts = c->rcpts;
    for (size_t i = 0; i < e->rcpt_count; i++)
        if (!(c->rcpts[i] = rfc5322_path(arena, span_of(c->rcpts[i]))) || !*c->rcpts[i])
            return tool_usage_error("--rcpt: not an address");
    if (c->zone && c->dns)
        return tool_usage_error("--zone and --dns exclude each other: choose one");
    return 0;
}

/* The default model need not exist yet: then there is nothing to ask, which is said once. */
static bool default_model_missing(const struct check *c)
{
    const char *dir = c->settings->store;
    return !c->store && !c->config && span_istarts(span_of(dir), "lmdb:") &&
           access(dir + 5, F_OK) != 0 && errno == ENOENT;
}

static int open_context(struct check *c)
{
    char error[512], host[256] = "localhost";
    int status = EX_SOFTWARE;
    c->settings = tool_settings(c->config, &status);
    if (!c->settings)
        return status;
    if (default_model_missing(c)) {
        tool_error(0, "there is no model at %s yet: judging without one", c->settings->store + 5);
        c->store = "none";
    }
    gethostname(host, sizeof host - 1);
    struct assess_options o = {
        .dns_server = c->dns,
        .zone_file = c->zone,
        .zone_ops = &zonefile_ops,
        .store = c->store,
        .read_only = true,
        .sensor = host,
    };
    c->context = assess_context_new(c->settings, &o, error, sizeof error, &status);
    if (!c->context)
        return tool_error(status, "%s", error);
    tool_wait_for_model(assess_context_store(c->context));
    return 0;
}

static int check_files(struct check *c, char **files, int count)
{
    if (count == 0)
        return input_read("-", check_message, c);
    for (int i = 0; i < count; i++) {
        int rc = input_read(files[i], check_message, c);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int tool_check(int argc, char **argv)
{
    struct check c = {0};
    int option, rc = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            usage(stdout);
            return 0;
        }
        if ((rc = parse_option(&c, option, argv[optind - 1])) != 0)
            return rc;
    }
    struct arena *arena = arena_new(4 << 20);
    rc = arena ? normalise_envelope(&c, arena) : tool_error(EX_OSERR, "out of memory");
    if (rc == 0)
        rc = open_context(&c);
    if (rc == 0)
        rc = check_files(&c, argv + optind, argc - optind);
    if (fflush(stdout) != 0 && rc == 0)
        rc = tool_error(EX_IOERR, "standard output: %s", strerror(errno));
    assess_context_free(&c.context);
    settings_unref(&c.settings);
    arena_free(&arena);
    return rc != 0 ? rc : c.status;
}
