/* SPDX-License-Identifier: BSD-2-Clause */
/* libmilter: the only file that knows it. Callbacks translate and return at once; all state of a connection is its session,
 * held by smfi_setpriv, for libmilter may run each callback on another thread. But for the last one (and RCPT and SKIP) no callback
 * replies: where an MTA wants replies, libmilter itself says "go on". */
#include "milter.h"
#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "apply.h"
#include "metrics.h"
#include "peers.h"
#include "refused.h"
#include "sbuf.h"
#include "session.h"

#define VALUE_MAX_BYTES (1u << 20) /* of a field, in or out: more than any MTA takes */
#define NAME_MAX_BYTES  1024       /* of a field's name that we change */

/* the library's own limit on a peer's silence: longer than any of ours (peers.h) */
#define LONGEST_WAIT_S (2 * 86400)

#define WANTED_ACTIONS                                                                             \
    (SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_ADDRCPT | SMFIF_DELRCPT | SMFIF_QUARANTINE |            \
     SMFIF_SETSYMLIST)
/* RCPT is answered, so that what was said up to it comes now: Postfix sends commands that need no reply
 * along with the next that does, and forgets them if there is none, so that we should never hear of a
 * transaction whose recipients were all refused. It also has DNS asked while the MTA waits for DATA. */
#define WANTED_STEPS                                                                               \
    (SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NODATA |  \
     SMFIP_NOUNKNOWN | SMFIP_HDR_LEADSPC | SMFIP_RCPT_REJ | SMFIP_SKIP)

/* libmilter hands nothing of ours to its first callback: set once, before it runs. */
static struct daemon *the_daemon;

static struct session *session_of(SMFICTX *ctx)
{
    return smfi_getpriv(ctx);
}

static const char *macro(SMFICTX *ctx, const char *name)
{
    char text[32]; /* libmilter wants what it will not change without const */
    snprintf(text, sizeof text, "%s", name);
    return smfi_getsymval(ctx, text);
}

static unsigned can_of(unsigned long actions, unsigned long steps)
{
    return (actions & SMFIF_ADDHDRS ? MTA_ADD_FIELD : 0) |
           (actions & SMFIF_CHGHDRS ? MTA_CHANGE_FIELD : 0) |
           (actions & SMFIF_ADDRCPT ? MTA_ADD_RCPT : 0) |
           (actions & SMFIF_DELRCPT ? MTA_DELETE_RCPT : 0) |
           (actions & SMFIF_QUARANTINE ? MTA_HOLD : 0) |
           (steps & SMFIP_HDR_LEADSPC ? MTA_LEADING_SPACE : 0) |
           (steps & SMFIP_SKIP ? MTA_SKIP : 0);
}

/* Macros that we read, and no others: an MTA may send dozens at each step. */
static void ask_macros(SMFICTX *ctx)
{
    static const struct {
        int stage;
        const char *names;
    } wanted[] = {
        {SMFIM_CONNECT, "{client_resolve} v"},
        {SMFIM_HELO, "{tls_version}"},
        {SMFIM_ENVFROM, "{auth_authen} {tls_version} {mail_addr}"},
        {SMFIM_ENVRCPT, "{rcpt_mailer} {rcpt_host} {rcpt_addr}"},
        {SMFIM_EOH, "i"},
        {SMFIM_EOM, "i"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        char names[64];
        snprintf(names, sizeof names, "%s", wanted[i].names);
        (void)smfi_setsymlist(ctx, wanted[i].stage,
                              names); /* without it the MTA's own list comes */
    }
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
                             unsigned long f2, unsigned long f3, unsigned long *actions_r,
                             unsigned long *steps_r, unsigned long *f2_r, unsigned long *f3_r)
{
    (void)f2, (void)f3;
    *actions_r = actions & WANTED_ACTIONS;
    *steps_r = steps & WANTED_STEPS;
    if (!(steps & SMFIP_SKIP))
        *steps_r |= steps & SMFIP_NR_BODY; /* to skip is to reply */
    *f2_r = *f3_r = 0;
    if (actions & SMFIF_SETSYMLIST)
        ask_macros(ctx);
    struct session *s = session_new(the_daemon, can_of(actions, steps));
    smfi_setpriv(ctx, s);
    return SMFIS_CONTINUE;
}

static struct ipaddr address_of(const _SOCK_ADDR *from)
{
    if (from && from->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)from;
        return ipaddr_make(IP_V4, &in->sin_addr);
    }
    if (from && from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)from;
        return ipaddr_make(IP_V6, &in6->sin6_addr);
    }
    return (struct ipaddr){.family = IP_NONE};
}

/* A name counts only if the MTA found it to lead back to the address; both write an address in brackets where there is none. */
static const char *verified_name(SMFICTX *ctx, const char *name)
{
    const char *resolve = macro(ctx, "{client_resolve}");
    if (!name || name[0] == '[' || strcmp(name, "unknown") == 0 ||
        (resolve && strcmp(resolve, "OK") != 0))
        return NULL;
    return name;
}

static void warn_of_lack(unsigned can)
{
    static const struct {
        unsigned can;
        const char *what;
    } needed[] = {
        {MTA_ADD_FIELD, "add header fields"},      {MTA_CHANGE_FIELD, "remove header fields"},
        {MTA_ADD_RCPT, "add recipients"},          {MTA_DELETE_RCPT, "remove recipients"},
        {MTA_HOLD, "hold messages in quarantine"},
    };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!(can & needed[i].can))
            log_often(daemon_log(the_daemon), LOG_LEVEL_WARNING, "this MTA does not let us %s",
                      needed[i].what);
}

static sfsistat on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *from)
{
    struct session *s = session_of(ctx);
    struct ipaddr ip = address_of(from);
    peers_came();
    if (!s) { /* a second connection by SMFIC_QUIT_NC negotiates nothing: libmilter knows what was agreed and refuses the rest,
                 but for a reply where none was to be */
        s = session_new(the_daemon, MTA_ALL & ~(unsigned)MTA_SKIP);
        smfi_setpriv(ctx, s);
    }
    if (!s)
        return SMFIS_NOREPLY;
    warn_of_lack(session_can(s));
    session_connect(s, &ip, verified_name(ctx, name));
    return SMFIS_NOREPLY;
}

static sfsistat on_helo(SMFICTX *ctx, char *helo)
{
    if (session_of(ctx))
        session_helo(session_of(ctx), helo);
    return SMFIS_NOREPLY;
}

/* What Postfix made of the address in a command, which it takes in nearly any form. Of other MTAs the macro may say
 * what rewriting made of it. */
static const char *resolved(SMFICTX *ctx, const char *name)
{
    const char *version = macro(ctx, "v");
    return version && strncmp(version, "Postfix", 7) == 0 ? macro(ctx, name) : NULL;
}

static sfsistat on_mail(SMFICTX *ctx, char **argv)
{
    peers_message(true);
    if (session_of(ctx))
        session_mail(session_of(ctx), argv[0], resolved(ctx, "{mail_addr}"),
                     macro(ctx, "{auth_authen}"), macro(ctx, "{tls_version}"));
    if (session_of(ctx))
        session_esmtp(session_of(ctx), argv + 1);
    return SMFIS_NOREPLY;
}

static sfsistat on_rcpt(SMFICTX *ctx, char **argv)
{
    char code[] = "451", enhanced[] = "4.3.2", text[] = "Too busy to check mail, try again later";
    const char *mailer = macro(ctx, "{rcpt_mailer}");
    struct session *s = session_of(ctx);
    if (!s)
        return SMFIS_CONTINUE;
    if (mailer && strcmp(mailer, "error") == 0) {
        if (refused_as_unknown(macro(ctx, "{rcpt_host}"), macro(ctx, "{rcpt_addr}")))
            session_rcpt_unknown(s);
        return SMFIS_CONTINUE;
    }
    if (session_rcpt(s, argv[0], resolved(ctx, "{rcpt_addr}")))
        return SMFIS_CONTINUE;
    (void)smfi_setreply(ctx, code, enhanced, text);
    return SMFIS_TEMPFAIL;
}

static sfsistat on_field(SMFICTX *ctx, char *name, char *value)
{
    struct session *s = session_of(ctx);
    if (!s)
        return SMFIS_NOREPLY;
    if (session_can(s) & MTA_LEADING_SPACE) {
        session_field(s, span_of(name), span_of(value));
        return SMFIS_NOREPLY;
    }
    struct sbuf text; /* the MTA took the space away; signatures need it */
    sbuf_init(&text, VALUE_MAX_BYTES);
    sbuf_addc(&text, ' ');
    sbuf_adds(&text, value);
    session_field(s, span_of(name), text.failed ? span_of(value) : sbuf_span(&text));
    sbuf_clear(&text);
    return SMFIS_NOREPLY;
}

static sfsistat on_eoh(SMFICTX *ctx)
{
    if (session_of(ctx))
        session_eoh(session_of(ctx), macro(ctx, "i"));
    return SMFIS_NOREPLY;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t n)
{
    struct session *s = session_of(ctx);
    if (!s)
        return SMFIS_CONTINUE;
    bool enough = session_body(s, span_make(bytes, n));
    if (!(session_can(s) & MTA_SKIP))
        return SMFIS_NOREPLY;
    return enough ? SMFIS_SKIP : SMFIS_CONTINUE;
}

/* What apply may ask, by libmilter. */

static int changed(int status)
{
    return status == MI_SUCCESS ? 0 : -1;
}

/* value as the MTA is to write it after the colon */
static void out_value(SMFICTX *ctx, struct sbuf *out, const char *value)
{
    const struct session *s = session_of(ctx);
    sbuf_init(out, VALUE_MAX_BYTES);
    if (s && (session_can(s) & MTA_LEADING_SPACE))
        sbuf_addc(out, ' ');
    sbuf_adds(out, value);
}

static int insert_field(void *engine, const char *name, const char *value)
{
    char field[NAME_MAX_BYTES];
    struct sbuf text;
    snprintf(field, sizeof field, "%s", name);
    out_value(engine, &text, value);
    int rc = text.failed ? -1 : changed(smfi_insheader(engine, 0, field, text.p));
    sbuf_clear(&text);
    return rc;
}

static int change_field(void *engine, const char *name, unsigned index, const char *value)
{
    char field[NAME_MAX_BYTES];
    struct sbuf text;
    int length = snprintf(field, sizeof field, "%s", name);
    if (length < 0 || (size_t)length >= sizeof field)
        return -1;
    if (!value)
        return changed(smfi_chgheader(engine, field, (int)index, NULL));
    out_value(engine, &text, value);
    int rc = text.failed ? -1 : changed(smfi_chgheader(engine, field, (int)index, text.p));
    sbuf_clear(&text);
    return rc;
}

/* Calls edit with a copy of text, which libmilter takes without const. */
static int with_copy(SMFICTX *ctx, int (*edit)(SMFICTX *, char *), const char *text)
{
    struct sbuf copy;
    sbuf_init(&copy, VALUE_MAX_BYTES);
    sbuf_adds(&copy, text);
    int rc = copy.failed ? -1 : changed(edit(ctx, copy.p));
    sbuf_clear(&copy);
    return rc;
}

static int add_rcpt(void *engine, const char *rcpt)
{
    return with_copy(engine, smfi_addrcpt, rcpt);
}

static int delete_rcpt(void *engine, const char *rcpt)
{
    return with_copy(engine, smfi_delrcpt, rcpt);
}

static int hold(void *engine, const char *reason)
{
    return with_copy(engine, smfi_quarantine, reason);
}

/* The MTA formats the text: "%" is doubled. */
static int set_reply(void *engine, const char *code, const char *enhanced, const char *text)
{
    char code_copy[8], enhanced_copy[16];
    struct sbuf doubled;
    sbuf_init(&doubled, VALUE_MAX_BYTES);
    for (; *text; text++) {
        sbuf_addc(&doubled, *text);
        if (*text == '%')
            sbuf_addc(&doubled, '%');
    }
    snprintf(code_copy, sizeof code_copy, "%s", code);
    snprintf(enhanced_copy, sizeof enhanced_copy, "%s", enhanced);
    int rc =
        doubled.failed ? -1 : changed(smfi_setreply(engine, code_copy, enhanced_copy, doubled.p));
    sbuf_clear(&doubled);
    return rc;
}

static sfsistat status_of(enum mta_answer answer)
{
    switch (answer) {
    case MTA_REJECT:
        return SMFIS_REJECT;
    case MTA_TEMPFAIL:
        return SMFIS_TEMPFAIL;
    case MTA_DISCARD:
        return SMFIS_DISCARD;
    case MTA_CONTINUE:
        break;
    }
    return SMFIS_CONTINUE;
}

/* There was no memory even for a session. */
static enum mta_answer end_without_session(const struct mta *mta, const char *queue_id)
{
    struct settings *settings = daemon_settings(the_daemon);
    struct apply a = {.settings = settings};
    metrics_add(daemon_metrics(the_daemon), METRIC_UNJUDGED);
    enum mta_answer answer =
        apply_on_failure(&a, mta, "out of memory: cannot be judged",
                         queue_id ? queue_id : "NOQUEUE", daemon_log(the_daemon));
    settings_unref(&settings);
    return answer;
}

static sfsistat on_end(SMFICTX *ctx)
{
    struct session *s = session_of(ctx);
    struct mta mta = {
        .can = s ? session_can(s) : MTA_ALL,
        .engine = ctx,
        .insert_field = insert_field,
        .change_field = change_field,
        .add_rcpt = add_rcpt,
        .delete_rcpt = delete_rcpt,
        .hold = hold,
        .set_reply = set_reply,
    };
    const char *queue_id = macro(ctx, "i");
    peers_message(false);
    return status_of(s ? session_end(s, queue_id, &mta) : end_without_session(&mta, queue_id));
}

static sfsistat on_abort(SMFICTX *ctx)
{
    peers_message(false);
    if (session_of(ctx))
        session_abort(session_of(ctx));
    return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
    struct session *s = session_of(ctx);
    session_free(&s);
    smfi_setpriv(ctx, NULL);
    peers_gone();
    return SMFIS_CONTINUE;
}

int milter_setup(struct daemon *d, const char *spec)
{
    char name[] = "vouch-milter", address[256];
    struct smfiDesc description = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = WANTED_ACTIONS,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_mail,
        .xxfi_envrcpt = on_rcpt,
        .xxfi_header = on_field,
        .xxfi_eoh = on_eoh,
        .xxfi_body = on_body,
        .xxfi_eom = on_end,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
        .xxfi_negotiate = on_negotiate,
    };
    the_daemon = d;
    snprintf(address, sizeof address, "%s", spec);
    if (smfi_setconn(address) != MI_SUCCESS || smfi_register(description) != MI_SUCCESS)
        return -1;
    (void)smfi_settimeout(LONGEST_WAIT_S);
    return 0;
}

int milter_open(void)
{
    return smfi_opensocket(false) == MI_SUCCESS ? 0 : -1;
}

/* Signals are the program's. libmilter makes a thread that waits for some of them too and would end everything at once,
 * with messages under way; it cannot be told not to. It finds this function before libc's, and waits in vain. */
int sigwait(const sigset_t *set, int *number_r)
{
    (void)set, (void)number_r;
    for (;;)
        poll(NULL, 0, -1);
}

void milter_run(void)
{
    smfi_main();
}
