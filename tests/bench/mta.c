/* SPDX-License-Identifier: BSD-2-Clause */
/* What of Postfix 3.7 a milter can tell: all actions and steps are offered; steps that the milter does not want are left out
 * (but not their macros, before the content), those without a reply are not waited for; macros go before each event,
 * Postfix's own lists or the milter's; "i" is known from the second recipient on; the body goes in chunks of 65535
 * bytes, through a buffer of 4096 that is flushed when a reply is due; each message is followed by an abort, each
 * connection ends with one more. Left out: TLS and authentication macros, which these clients do not have. */
#include "mta.h"
#include <arpa/inet.h>
#include <errno.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include "sbuf.h"

#define BODY_CHUNK      65535
#define REPLY_MAX_BYTES (1u << 20)
#define REPLY_SECONDS   30
#define LIST_MAX_BYTES  256
#define STAGES          7 /* SMFIM_CONNECT .. SMFIM_EOH */

struct mta {
    int fd;
    const char *error;
    uint32_t steps;
    char macros[STAGES][LIST_MAX_BYTES];
    const struct envelope *envelope;
    size_t rcpt; /* of the RCPT under way */
    char skip;   /* the command the milter wants no more of */
    unsigned char out[4096], in[4096];
    size_t out_len, in_len, in_at;
    struct sbuf text;  /* a packet that is being made */
    struct sbuf reply; /* the last one, without its code */
};

static const char *const postfix_macros[STAGES] = {
    [SMFIM_CONNECT] = "j {daemon_name} {daemon_addr} v _",
    [SMFIM_HELO] = "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}",
    [SMFIM_ENVFROM] =
        "i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}",
    [SMFIM_ENVRCPT] = "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
    [SMFIM_DATA] = "i",
    [SMFIM_EOM] = "i",
    [SMFIM_EOH] = "i",
};

struct mta *mta_new(void)
{
    struct mta *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->fd = -1;
    sbuf_init(&m->text, REPLY_MAX_BYTES);
    sbuf_init(&m->reply, REPLY_MAX_BYTES);
    return m;
}

void mta_free(struct mta **mp)
{
    if (!*mp)
        return;
    mta_close(*mp);
    sbuf_clear(&(*mp)->text);
    sbuf_clear(&(*mp)->reply);
    free(*mp);
    *mp = NULL;
}

const char *mta_error(const struct mta *m)
{
    return m->error;
}

static bool broken(struct mta *m, const char *why)
{
    m->error = why;
    return false;
}

/* Bytes out and in. */

bool mta_flush(struct mta *m)
{
    size_t sent = 0;
    while (sent < m->out_len) {
        ssize_t n = send(m->fd, m->out + sent, m->out_len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return broken(m, "the milter takes no more");
        sent += n > 0 ? (size_t)n : 0;
    }
    m->out_len = 0;
    return true;
}

static bool put(struct mta *m, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n) {
        size_t room = sizeof m->out - m->out_len, part = n < room ? n : room;
        memcpy(m->out + m->out_len, p, part);
        m->out_len += part;
        p += part;
        n -= part;
        if (m->out_len == sizeof m->out && !mta_flush(m))
            return false;
    }
    return true;
}

static bool put_packet(struct mta *m, char command, struct span data)
{
    uint32_t length = htonl((uint32_t)data.len + 1);
    return put(m, &length, sizeof length) && put(m, &command, 1) && put(m, data.p, data.len);
}

static bool get(struct mta *m, void *to, size_t n)
{
    char *p = to;
    while (n) {
        if (m->in_at == m->in_len) {
            ssize_t got = recv(m->fd, m->in, sizeof m->in, 0);
            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0)
                return broken(m, got ? "no reply in time" : "the milter closed the connection");
            m->in_at = 0;
            m->in_len = (size_t)got;
        }
        size_t there = m->in_len - m->in_at, part = n < there ? n : there;
        memcpy(p, m->in + m->in_at, part);
        m->in_at += part;
        p += part;
        n -= part;
    }
    return true;
}

static bool get_packet(struct mta *m, char *code_r)
{
    uint32_t length;
    char part[512];
    if (!mta_flush(m) || !get(m, &length, sizeof length))
        return false;
    length = ntohl(length);
    if (length == 0 || length > REPLY_MAX_BYTES)
        return broken(m, "a reply of impossible length");
    if (!get(m, code_r, 1))
        return false;
    sbuf_reset(&m->reply);
    for (size_t left = length - 1; left;) {
        size_t n = left < sizeof part ? left : sizeof part;
        if (!get(m, part, n))
            return false;
        sbuf_add(&m->reply, part, n);
        left -= n;
    }
    return !m->reply.failed || broken(m, "out of memory");
}

/* Macros. */

static const char *domain_of(const char *address)
{
    const char *at = strrchr(address, '@');
    return at ? at + 1 : "";
}

/* NULL: not set at this stage. */
static const char *macro_value(const struct mta *m, int stage, struct span name, char scratch[300])
{
    const struct envelope *e = m->envelope;
    const char *rcpt = e->rcpts[m->rcpt];
    bool queued = stage == SMFIM_DATA || stage == SMFIM_EOH || stage == SMFIM_EOM ||
                  (stage == SMFIM_ENVRCPT && m->rcpt > 0);
    const struct {
        const char *name, *value;
    } macros[] = {
        {"i", queued ? "4XyZ1234567890" : NULL},
        {"j", "mx.example.org"},
        {"_", scratch},
        {"v", "Postfix 3.7.11"},
        {"{daemon_name}", "mx.example.org"},
        {"{daemon_addr}", "203.0.113.25"},
        {"{client_resolve}", "OK"},
        {"{mail_addr}", stage >= SMFIM_ENVFROM ? e->sender : NULL},
        {"{mail_host}", stage >= SMFIM_ENVFROM ? domain_of(e->sender) : NULL},
        {"{mail_mailer}", stage >= SMFIM_ENVFROM ? "smtp" : NULL},
        {"{rcpt_addr}", stage == SMFIM_ENVRCPT ? rcpt : NULL},
        {"{rcpt_host}", stage == SMFIM_ENVRCPT ? domain_of(rcpt) : NULL},
        {"{rcpt_mailer}", stage == SMFIM_ENVRCPT ? "virtual" : NULL},
    };
    snprintf(scratch, 300, "%s [%s]", e->name, e->ip);
    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++)
        if (span_eq(name, span_of(macros[i].name)))
            return macros[i].value;
    return NULL;
}

static bool put_macros(struct mta *m, char command, int stage)
{
    char scratch[300];
    struct span rest = span_of(m->macros[stage]), name;
    sbuf_reset(&m->text);
    sbuf_addc(&m->text, command);
    while (span_split(&rest, ' ', &name)) {
        const char *value = macro_value(m, stage, name, scratch);
        if (!value)
            continue;
        sbuf_addspan(&m->text, name);
        sbuf_addc(&m->text, '\0');
        sbuf_add(&m->text, value, strlen(value) + 1);
    }
    return put_packet(m, SMFIC_MACRO, sbuf_span(&m->text));
}

/* Events. */

/* A reply before the end of the message, which may only be "go on". */
static bool get_consent(struct mta *m, char command)
{
    char code;
    do {
        if (!get_packet(m, &code))
            return false;
    } while (code == SMFIR_PROGRESS);
    if (code == SMFIR_SKIP)
        m->skip = command;
    return code == SMFIR_CONTINUE || code == SMFIR_SKIP ||
           broken(m, "a verdict before the end of the message");
}

/* unwanted, silent: the steps by which a milter says that it wants no such event, or does not reply */
static bool put_event(struct mta *m, char command, int stage, uint32_t unwanted, uint32_t silent,
                      struct span data)
{
    bool wanted = !(m->steps & unwanted) && m->skip != command;
    bool content = stage == SMFIM_EOH || stage == SMFIM_EOM;
    if (!wanted && content)
        return true;
    return put_macros(m, command, stage) && (!wanted || put_packet(m, command, data)) &&
           (!wanted || (m->steps & silent) || get_consent(m, command));
}

static uint32_t number_at(const struct sbuf *b, size_t at)
{
    uint32_t n = 0;
    if (at + sizeof n <= b->len)
        memcpy(&n, b->p + at, sizeof n);
    return ntohl(n);
}

/* The macro lists after the three numbers of the milter's answer: stage, names, NUL. */
static void take_macro_lists(struct mta *m)
{
    for (int i = 0; i < STAGES; i++)
        snprintf(m->macros[i], LIST_MAX_BYTES, "%s", postfix_macros[i]);
    for (size_t at = 12; at + 5 <= m->reply.len;) {
        uint32_t stage = number_at(&m->reply, at);
        const char *names = m->reply.p + at + 4;
        if (stage < STAGES)
            snprintf(m->macros[stage], LIST_MAX_BYTES, "%s", names);
        at += 4 + strlen(names) + 1;
    }
}

static bool negotiate(struct mta *m)
{
    static const uint32_t actions = 0x1ff, steps = 0x1fffff;
    uint32_t offer[] = {htonl(6), htonl(actions), htonl(steps)};
    char code;
    if (!put_packet(m, SMFIC_OPTNEG, span_make(offer, sizeof offer)) || !get_packet(m, &code))
        return false;
    if (code != SMFIC_OPTNEG || m->reply.len < sizeof offer)
        return broken(m, "the milter does not negotiate");
    m->steps = number_at(&m->reply, 8);
    take_macro_lists(m);
    return true;
}

bool mta_open(struct mta *m, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = REPLY_SECONDS};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    m->out_len = m->in_len = m->in_at = 0;
    m->skip = 0;
    m->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (m->fd < 0 || connect(m->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(m->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
        return broken(m, "cannot connect");
    return negotiate(m);
}

bool mta_greet(struct mta *m, const struct envelope *e)
{
    static const char port[] = {(char)0x87, 0x07};
    m->envelope = e;
    m->rcpt = 0;
    struct sbuf client;
    sbuf_init(&client, LIST_MAX_BYTES);
    sbuf_add(&client, e->name, strlen(e->name) + 1);
    sbuf_addc(&client, strchr(e->ip, ':') ? SMFIA_INET6 : SMFIA_INET);
    sbuf_add(&client, port, sizeof port);
    sbuf_add(&client, e->ip, strlen(e->ip) + 1);
    bool ok = put_event(m, SMFIC_CONNECT, SMFIM_CONNECT, SMFIP_NOCONNECT, SMFIP_NR_CONN,
                        sbuf_span(&client)) &&
              put_event(m, SMFIC_HELO, SMFIM_HELO, SMFIP_NOHELO, SMFIP_NR_HELO,
                        span_make(e->helo, strlen(e->helo) + 1));
    sbuf_clear(&client);
    return ok;
}

bool mta_send_envelope(struct mta *m)
{
    const struct envelope *e = m->envelope;
    char path[300];
    int n = snprintf(path, sizeof path, "<%s>", e->sender);
    bool ok = put_event(m, SMFIC_MAIL, SMFIM_ENVFROM, SMFIP_NOMAIL, SMFIP_NR_MAIL,
                        span_make(path, (size_t)n + 1));
    for (m->rcpt = 0; ok && m->rcpt < e->rcpt_count; m->rcpt++) {
        n = snprintf(path, sizeof path, "<%s>", e->rcpts[m->rcpt]);
        ok = put_event(m, SMFIC_RCPT, SMFIM_ENVRCPT, SMFIP_NORCPT, SMFIP_NR_RCPT,
                       span_make(path, (size_t)n + 1));
    }
    m->rcpt = 0;
    return ok && put_event(m, SMFIC_DATA, SMFIM_DATA, SMFIP_NODATA, SMFIP_NR_DATA, SPAN_LIT(""));
}

static bool send_field(struct mta *m, const struct mail_field *f)
{
    const char *value = f->value;
    struct sbuf field;
    if (!(m->steps & SMFIP_HDR_LEADSPC) && *value == ' ')
        value++;
    sbuf_init(&field, REPLY_MAX_BYTES);
    sbuf_add(&field, f->name, strlen(f->name) + 1);
    sbuf_add(&field, value, strlen(value) + 1);
    bool ok = put_event(m, SMFIC_HEADER, SMFIM_EOH, SMFIP_NOHDRS, SMFIP_NR_HDR, sbuf_span(&field));
    sbuf_clear(&field);
    return ok;
}

bool mta_send_content(struct mta *m, size_t body_max)
{
    const struct mail *mail = &m->envelope->mail;
    struct span body = span_slice(mail->body, 0, body_max);
    bool ok = true;
    for (size_t i = 0; ok && i < mail->field_count; i++)
        ok = send_field(m, &mail->fields[i]);
    ok = ok && put_event(m, SMFIC_EOH, SMFIM_EOH, SMFIP_NOEOH, SMFIP_NR_EOH, SPAN_LIT(""));
    for (size_t at = 0; ok && at < body.len; at += BODY_CHUNK)
        ok = put_event(m, SMFIC_BODY, SMFIM_EOM, SMFIP_NOBODY, SMFIP_NR_BODY,
                       span_slice(body, at, at + BODY_CHUNK));
    return ok;
}

bool mta_finish(struct mta *m, const char *word, char *answer_r, bool *passed_r)
{
    *passed_r = false;
    if (!put_macros(m, SMFIC_BODYEOB, SMFIM_EOM) || !put_packet(m, SMFIC_BODYEOB, SPAN_LIT("")))
        return false;
    for (;;) {
        if (!get_packet(m, answer_r))
            return false;
        if (*answer_r == SMFIR_ADDHEADER || *answer_r == SMFIR_INSHEADER)
            *passed_r |= span_ifind(sbuf_span(&m->reply), word) >= 0;
        else if (!strchr("pmbqe+-2", *answer_r)) /* neither progress nor an edit */
            return put_packet(m, SMFIC_ABORT, SPAN_LIT(""));
    }
}

void mta_close(struct mta *m)
{
    if (m->fd < 0)
        return;
    if (put_packet(m, SMFIC_ABORT, SPAN_LIT("")) && put_packet(m, SMFIC_QUIT, SPAN_LIT("")))
        (void)mta_flush(m);
    close(m->fd);
    m->fd = -1;
}
