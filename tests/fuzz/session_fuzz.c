/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions, driven by what an MTA could send in any order: three connections at a time to one daemon that judges two messages at
 * once, with an MTA that takes some edits and refuses others. Input: one byte of what the MTA can, then commands: a letter, and
 * for some a text with its length before it. Whatever comes, each end is answered once, what we add cannot break out of
 * its field, what is forged is gone from a message that goes on, and nothing stays under way. */
#include <stdlib.h>
#include <string.h>
#include "metrics.h"
#include "session.h"

#define SESSIONS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char settings_text[] =
    "authserv_id = \"mx.example.org\"; store = \"memory:\"; learn = false; mode = \"enforce\";\n"
    "journal: { directory = \"\"; }; internal = [ \"192.0.2.0/24\" ];\n"
    "trusted_relays = [ \"203.0.113.25\" ]; subject_prefix = \"[x]\";\n"
    "dns: { servers = [ \"127.0.0.1@9\" ]; }; deadlines: { message = \"100ms\"; dns = \"10ms\"; "
    "};\n"
    "limits: { messages = 2; memory = \"1M\"; recipients = 4; header_fields = 30;\n"
    "    header_bytes = \"8K\"; };\n"
    "quarantine: { mailbox = \"q@example.org\"; };\n"
    "policies = ( { name = \"a\"; recipients = [ \"a@example.org\" ]; direction = \"any\";\n"
    "        quarantine: { method = \"redirect\"; };\n"
    "        actions: { suspicious = \"quarantine\"; untrusted = \"quarantine\"; }; },\n"
    "    { name = \"b\"; recipients = [ \"b@example.org\" ]; direction = \"any\";\n"
    "        actions: { suspicious = \"discard\"; untrusted = \"reject\"; }; } );\n";

/* What one message's MTA was asked, and what it was sent. */
struct world {
    struct daemon *daemon;
    struct session *sessions[SESSIONS];
    bool under_way[SESSIONS];
    unsigned forged[SESSIONS]; /* X-Vouch fields in the message under way */
    unsigned can, deleted;
    bool refuses; /* edits, at times */
    unsigned edits;
};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static int edit(struct world *w)
{
    return w->refuses && ++w->edits % 3 == 0 ? -1 : 0;
}

/* A line end is followed by a tab, and there is no other control character. */
static void check_value(const char *value)
{
    for (const char *p = value; *p; p++)
        must(*p == '\n' ? p[1] == '\t' : (unsigned char)*p >= 0x20 || *p == '\t');
}

static int insert_field(void *engine, const char *name, const char *value)
{
    must(*name && value);
    check_value(value);
    return edit(engine);
}

static int change_field(void *engine, const char *name, unsigned index, const char *value)
{
    struct world *w = engine;
    must(*name && index > 0);
    if (!value && strncasecmp(name, "X-Vouch", 7) == 0)
        w->deleted++;
    return edit(w);
}

static int change_rcpt(void *engine, const char *rcpt)
{
    must(*rcpt != '\0');
    return edit(engine);
}

static int hold(void *engine, const char *reason)
{
    check_value(reason);
    return edit(engine);
}

static int set_reply(void *engine, const char *code, const char *enhanced, const char *text)
{
    (void)engine;
    must((*code == '4' || *code == '5') && *enhanced == *code);
    for (; *text; text++)
        must((unsigned char)*text >= 0x20 && (unsigned char)*text < 0x7f);
    return 0;
}

static void begins(struct world *w, size_t i, bool message)
{
    w->under_way[i] = message;
    w->forged[i] = 0;
}

static void end(struct world *w, size_t i)
{
    struct mta mta = {
        .can = w->can,
        .engine = w,
        .insert_field = insert_field,
        .change_field = change_field,
        .add_rcpt = change_rcpt,
        .delete_rcpt = change_rcpt,
        .hold = hold,
        .set_reply = set_reply,
    };
    w->deleted = 0;
    enum mta_answer answer = session_end(w->sessions[i], "QID", &mta);
    must(answer >= MTA_CONTINUE && answer <= MTA_DISCARD);
    if (answer == MTA_CONTINUE && (w->can & MTA_CHANGE_FIELD))
        must(w->deleted >= w->forged[i]);
    begins(w, i, false);
}

/* The next text: as the milter library hands it over, it ends with the first NUL. */
static char *take_text(struct span *rest)
{
    size_t n = rest->len ? (unsigned char)rest->p[0] : 0;
    *rest = span_slice(*rest, rest->len ? 1 : 0, rest->len);
    struct span text = span_slice(*rest, 0, n);
    *rest = span_slice(*rest, text.len, rest->len);
    char *copy = malloc(text.len + 1);
    must(copy != NULL);
    if (text.len)
        memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    return copy;
}

static void field(struct world *w, size_t i, struct span *rest)
{
    char *name = take_text(rest), *value = take_text(rest);
    if (w->under_way[i] && strncasecmp(name, "X-Vouch", 7) == 0)
        w->forged[i]++;
    session_field(w->sessions[i], span_of(name), span_of(value));
    free(name);
    free(value);
}

static void connect_as(struct session *s, const char *client)
{
    struct ipaddr ip = {.family = IP_NONE};
    (void)ipaddr_parse(span_of(client), &ip);
    session_connect(s, &ip, "client.example.net");
}

static void command(struct world *w, size_t i, char letter, struct span *rest)
{
    struct session *s = w->sessions[i];
    char *text = strchr("CHMRB", letter) ? take_text(rest) : NULL;
    switch (letter) {
    case 'C':
        connect_as(s, text);
        begins(w, i, false);
        break;
    case 'H':
        session_helo(s, text);
        break;
    case 'M':
        session_mail(s, text, NULL, NULL, NULL);
        begins(w, i, true);
        break;
    case 'R':
        (void)session_rcpt(s, text, NULL);
        break;
    case 'U':
        session_rcpt_unknown(s);
        break;
    case 'L':
        field(w, i, rest);
        break;
    case 'N':
        session_eoh(s, "QID");
        break;
    case 'B':
        (void)session_body(s, span_of(text));
        break;
    case 'E':
        end(w, i);
        break;
    case 'A':
        session_abort(s);
        begins(w, i, false);
        break;
    default:
        break;
    }
    free(text);
}

/* Made once: it has threads, and is as good for the next input. */
static struct daemon *the_daemon(void)
{
    static struct daemon *daemon;
    struct settings_error *errors = NULL;
    char error[512] = "";
    size_t count = 0;
    if (daemon)
        return daemon;
    struct settings *s =
        settings_parse(settings_text, strlen(settings_text), "fuzz", &errors, &count);
    must(s != NULL);
    daemon = daemon_new(s, NULL, log_new(false, LOG_LEVEL_ERROR));
    must(daemon && daemon_open(daemon, error, sizeof error) == 0);
    return daemon;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_make(data, size);
    if (size < 2)
        return 0;
    struct world w = {.daemon = the_daemon(), .can = data[0] & MTA_ALL, .refuses = data[0] >> 7};
    rest = span_slice(rest, 1, rest.len);
    size_t i = 0;
    for (size_t n = 0; n < SESSIONS; n++)
        must((w.sessions[n] = session_new(w.daemon, w.can)) != NULL);
    while (rest.len) {
        char letter = rest.p[0];
        rest = span_slice(rest, 1, rest.len);
        if (letter >= '0' && letter < '0' + SESSIONS)
            i = (size_t)(letter - '0');
        else
            command(&w, i, letter, &rest);
    }
    for (size_t n = 0; n < SESSIONS; n++)
        session_free(&w.sessions[n]);
    must(daemon_messages(w.daemon) == 0);
    return 0;
}
