/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch quarantine list: the messages that are kept, the oldest first. */
#include "config.h"
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "journal_query.h"
#include "quarantine_command.h"
#include "quarantine_item.h"
#include "tool.h"

#define QUERY_BYTES (1u << 20)

static const char usage[] =
    "Usage: vouch quarantine list [OPTION]...\n"
    "Lists the messages that vouch-milter has kept, the oldest first: id, time (UTC), state, "
    "class, size,\n"
    "sender, recipients, subject.\n\n"
    "  --since TIME         from this time on: 2026-01-31, '2026-01-31 12:00' (UTC), 2h (so long\n"
    "                       ago), 2026-01-31T12:00:00Z, @EPOCH or now\n"
    "  --until TIME         before this time\n"
    "  --queue-id ID        with this queue identifier of the MTA's\n"
    "  --sender PATTERN     of this envelope sender: user@example.com, example.com,\n"
    "                       .example.com (and all below it), '<>'\n"
    "  --recipient PATTERN  kept for this recipient\n"
    "  --author PATTERN     From this author\n"
    "  --client NETWORK     of clients in this network, or of this address\n"
    "  --class CLASS        trusted, suspicious or untrusted\n"
    "  --state STATE        waits, part (some recipients have it), released, in-doubt, under-way\n"
    "  --json               a line of JSON for each\n" QUARANTINE_PLACE_HELP "\n"
    "Exit status: 0 done, whether or not there are any; 64 usage, 65 some cannot be read (the "
    "others are\n"
    "shown), 66 there is no quarantine, 77 not allowed, 78 configuration.\n";

struct listing {
    struct quarantine_place place;
    struct journal_query query;
    struct pattern_list recipients, authors;
    const char *sender, *recipient, *author;
    int state; /* enum quarantine_state; -1: any */
    bool json;
    struct arena *arena;
    unsigned shown;
    uint64_t bytes;
    int status; /* the first error's */
};

static const char *class_name(int class)
{
    return trust_class_name((enum trust_class) class);
}

static const char *state_name(int state)
{
    return quarantine_state_name((enum quarantine_state)state);
}

static int set_option(void *arg, int option, const char *value)
{
    struct listing *l = arg;
    switch (option) {
    case 's':
        return tool_time_option("since", value, &l->query.since_us);
    case 'u':
        return tool_time_option("until", value, &l->query.until_us);
    case 'q':
        l->query.queue_id = value;
        return 0;
    case 'e':
        l->sender = value;
        return 0;
    case 'r':
        l->recipient = value;
        return 0;
    case 'a':
        l->author = value;
        return 0;
    case 'n':
        if (ipnet_parse(span_of(value), &l->query.client) == 0)
            return 0;
        return tool_usage_error("--client '%s': not an address or a network, such as 192.0.2.1 or "
                                "192.0.2.0/24",
                                value);
    case 'k':
        return tool_word_option("class", value, class_name, CLASS_COUNT, &l->query.class);
    case 't':
        return tool_word_option("state", value, state_name, QUARANTINE_STATE_COUNT, &l->state);
    case 'j':
        l->json = true;
        return 0;
    case 'd':
        l->place.dir = value;
        return 0;
    default:
        l->place.config = value;
        return 0;
    }
}

/* 0: go on; otherwise *status_r is the exit status. */
static int parse_options(struct listing *l, int argc, char **argv, int *status_r)
{
    static const struct option options[] = {{"since", required_argument, NULL, 's'},
                                            {"until", required_argument, NULL, 'u'},
                                            {"queue-id", required_argument, NULL, 'q'},
                                            {"sender", required_argument, NULL, 'e'},
                                            {"recipient", required_argument, NULL, 'r'},
                                            {"author", required_argument, NULL, 'a'},
                                            {"client", required_argument, NULL, 'n'},
                                            {"class", required_argument, NULL, 'k'},
                                            {"state", required_argument, NULL, 't'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"directory", required_argument, NULL, 'd'},
                                            {"config", required_argument, NULL, 'c'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    if (tool_options(argc, argv, options, usage, set_option, l, status_r) != 0)
        return -1;
    if (optind < argc) {
        *status_r =
            tool_usage_error("'%s': list takes no arguments; 'show' takes ids", argv[optind]);
        return -1;
    }
    return 0;
}

/* 0 or an exit status */
static int set_pattern(struct listing *l, const char *option, const char *text,
                       struct pattern_list *list_r)
{
    if (!text)
        return 0;
    const char **one = arena_array(l->arena, 1, sizeof *one);
    const char *wrong =
        one ? pattern_parse(l->arena, span_of(text), false, one) : "is too much: out of memory";
    *list_r = (struct pattern_list){one, 1};
    return wrong ? tool_usage_error("--%s '%s' %s", option, text, wrong) : 0;
}

static bool is_wanted(const struct listing *l, const struct quarantine_item *item)
{
    const struct message *m = item->record->message;
    const struct held_envelope *e = held_envelope(item->held);
    bool rcpt = l->recipients.count == 0;
    for (size_t i = 0; i < e->rcpt_count && !rcpt; i++) {
        const char *address = quarantine_address(item->arena, e->rcpts[i]);
        rcpt = address && pattern_list_match(&l->recipients, address);
    }
    if (!rcpt || !journal_query_matches(&l->query, item->record))
        return false;
    if (l->authors.count && !(m->author && pattern_list_match(&l->authors, m->author->address)))
        return false;
    return l->state < 0 || (int)quarantine_state_of(item->held, item->log) == l->state;
}

/* Text that may be no UTF-8, as JSON; null for NULL. */
static json_t *json_text(struct arena *arena, const char *text)
{
    const char *clean = text ? rfc5322_utf8(arena, span_of(text)) : NULL;
    return clean ? json_string(clean) : json_null();
}

static json_t *json_rcpts(const struct quarantine_item *item)
{
    const struct held_envelope *e = held_envelope(item->held);
    json_t *list = json_array();
    for (size_t i = 0; i < e->rcpt_count; i++)
        json_array_append_new(
            list,
            json_pack("{s:o, s:s}", "address",
                      json_text(item->arena, quarantine_address(item->arena, e->rcpts[i])), "state",
                      quarantine_state_name(quarantine_rcpt_state(item->log, e->rcpts[i]))));
    return list;
}

/* false: out of memory, or standard output is gone */
static bool print_json(const struct quarantine_item *item)
{
    const struct record *r = item->record;
    const struct message *m = r->message;
    struct message_client client = message_client(m);
    char when[32], ip[IPADDR_TEXT];
    record_time(r->time_us, when);
    json_t *o = json_pack(
        "{s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:s?, s:o, s:o, s:o, s:o}", "id", item->id,
        "time", when, "state", quarantine_state_name(quarantine_state_of(item->held, item->log)),
        "queue_id", json_text(item->arena, m->env.queue_id), "size",
        (json_int_t)held_size(item->held), "sender",
        json_text(item->arena, quarantine_address(item->arena, held_envelope(item->held)->sender)),
        "recipients", json_rcpts(item), "author",
        json_text(item->arena, m->author ? m->author->address : NULL), "subject",
        json_text(item->arena, item->subject), "class", trust_class_name(r->decision->class),
        "trust", isnan(r->trust->trust) ? json_null() : json_real(r->trust->trust), "reason",
        json_text(item->arena, r->decision->reason), "client",
        client.ip.family != IP_NONE ? json_string(ipaddr_format(&client.ip, ip)) : json_null(),
        "message_id", json_text(item->arena, m->message_id));
    bool ok =
        o && json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) == 0 && putchar('\n') != EOF;
    json_decref(o);
    return ok;
}

static void print_line(const struct quarantine_item *item)
{
    const struct tool_style *style = tool_style_for(stdout);
    const struct held_envelope *e = held_envelope(item->held);
    enum quarantine_state state = quarantine_state_of(item->held, item->log);
    const char *sender = quarantine_address(item->arena, e->sender);
    const char *rcpt = e->rcpt_count ? quarantine_address(item->arena, e->rcpts[0]) : "";
    const char *class = trust_class_name(item->record->decision->class);
    char when[32], size[16];
    record_time(item->record->time_us, when);
    when[10] = ' ';
    quarantine_size(held_size(item->held), size);
    printf("%s  %.16s  %s%-9s%s  %-10s %5s  ", item->id, when,
           state == QUARANTINE_DOUBT ? style->red : "", quarantine_state_name(state), style->reset,
           class ? class : "-", size);
    tool_print_safe(stdout, sender ? sender : "?");
    fputs(" -> ", stdout);
    tool_print_safe(stdout, rcpt ? rcpt : "?");
    if (e->rcpt_count > 1)
        printf(" (+%zu)", e->rcpt_count - 1);
    fputs("  ", stdout);
    tool_print_safe(stdout, item->subject);
    putchar('\n');
}

static int list_one(void *arg, const char *id, uint64_t bytes)
{
    struct listing *l = arg;
    struct quarantine_item item;
    int status = quarantine_item_open(&l->place, id, true, &item);
    if (status == EX_NOINPUT)
        return 0;
    if (status != 0) {
        l->status = l->status ? l->status : EX_DATAERR; /* go on with the others */
        return status == EX_OSERR;
    }
    bool ok = true;
    if (is_wanted(l, &item)) {
        l->shown++;
        l->bytes += bytes;
        if (l->json)
            ok = print_json(&item);
        else
            print_line(&item);
    }
    quarantine_item_close(&item);
    return !ok;
}

static int list(struct listing *l)
{
    char size[16];
    int status = quarantine_place_open(&l->place);
    l->arena = arena_new(QUERY_BYTES);
    if (status == 0 && !l->arena)
        status = tool_error(EX_OSERR, "out of memory");
    if (status == 0 && l->sender) {
        const char *wrong = journal_query_sender(&l->query, l->arena, l->sender, NULL);
        status = wrong ? tool_usage_error("--sender '%s' %s", l->sender, wrong) : 0;
    }
    if (status == 0)
        status = set_pattern(l, "recipient", l->recipient, &l->recipients);
    if (status == 0)
        status = set_pattern(l, "author", l->author, &l->authors);
    if (status != 0)
        return status;
    if (quarantine_each(l->place.q, list_one, l) == VOUCH_E_IO)
        return tool_error(EX_IOERR, "the quarantine cannot be read to its end: %s",
                          strerror(errno));
    quarantine_size(l->bytes, size);
    if (!l->json && isatty(STDOUT_FILENO))
        printf("%u message%s, %s bytes\n", l->shown, l->shown == 1 ? "" : "s", size);
    return l->status;
}

int quarantine_list(int argc, char **argv)
{
    struct listing l = {.query = JOURNAL_QUERY_ALL, .state = -1};
    int status = 0;
    if (parse_options(&l, argc, argv, &status) != 0)
        return status;
    status = list(&l);
    arena_free(&l.arena);
    return quarantine_place_finish(&l.place, status);
}
