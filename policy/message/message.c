/* SPDX-License-Identifier: BSD-2-Clause */
/* One message while it is judged: its envelope, its header fields in order, and what they say of
 * path and author. Which fields must be there and how often (RFC 5322 s3.6) is not judged here. */
#include "message.h"
#include <string.h>
#include "domain.h"
#include "errors.h"
#include "rfc5322_lexer.h"
#include "utf8.h"

void message_init(struct message *m, struct arena *arena, const struct message_limits *limits)
{
    *m = (struct message){.arena = arena,
                          .limits = limits ? *limits : MESSAGE_LIMITS_DEFAULT,
                          .client_hop = -1,
                          .date = -1};
}

/* What is over a limit is not kept, but a From that readers see and we do not must not be
 * forgotten. */
static int lose_field(struct message *m, struct span name, enum message_over over)
{
    m->over |= over;
    m->from_lost += span_ieq_cstr(name, "From");
    return 0;
}

int message_add_field(struct message *m, struct span name, struct span value)
{
    size_t bytes = name.len + value.len + 3; /* colon, CR, LF */
    name = span_trim(name);                  /* obsolete syntax, RFC 5322 s4.5 */
    m->header_bytes += bytes;
    m->size += bytes;
    if (bytes > m->limits.header_bytes - m->kept_bytes)
        return lose_field(m, name, MESSAGE_OVER_HEADER);
    int rc = arena_grow(m->arena, &m->fields, m->field_count, &m->field_cap, sizeof *m->fields,
                        m->limits.fields);
    if (rc)
        return rc == VOUCH_E_LIMIT ? lose_field(m, name, MESSAGE_OVER_FIELDS) : rc;
    const char *n = arena_span(m->arena, name), *v = arena_span(m->arena, value);
    if (!n || !v)
        return VOUCH_E_NOMEM;
    m->fields[m->field_count++] =
        (struct field){.name = span_make(n, name.len), .value = span_make(v, value.len)};
    m->kept_bytes += bytes;
    return 0;
}

int message_add_rcpt(struct message *m, const char *rcpt)
{
    int rc = arena_grow(m->arena, &m->env.rcpts, m->env.rcpt_count, &m->rcpt_cap,
                        sizeof *m->env.rcpts, m->limits.recipients);
    if (rc == VOUCH_E_LIMIT)
        m->over |= MESSAGE_OVER_RECIPIENTS;
    if (rc)
        return rc == VOUCH_E_LIMIT ? 0 : rc;
    const char *copy = arena_strdup(m->arena, rcpt);
    if (!copy)
        return VOUCH_E_NOMEM;
    m->env.rcpts[m->env.rcpt_count++] = copy;
    return 0;
}

static int scan_received(struct message *m, struct span value)
{
    static const size_t most = RECEIVED_MAX_HOPS;
    size_t limit = m->limits.hops < most ? m->limits.hops : most;
    int rc = arena_grow(m->arena, &m->hops, m->hop_count, &m->hop_cap, sizeof *m->hops, limit);
    if (rc == VOUCH_E_LIMIT) {
        m->over |= MESSAGE_OVER_HOPS;
        return 0;
    }
    if (rc == 0)
        rc = received_parse(m->arena, value, &m->hops[m->hop_count]);
    m->hop_count += rc == 0;
    return rc == VOUCH_E_NOMEM ? rc : 0;
}

static const struct mailbox *first_valid(const struct mailbox *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].valid)
            return &list[i];
    return NULL;
}

static int scan_from(struct message *m, struct span value)
{
    struct mailbox *list;
    size_t count;
    if (m->from_count++ >= MESSAGE_MAX_FROM || m->author_count >= RFC5322_MAX_MAILBOXES)
        return 0;
    int rc =
        rfc5322_addresses(m->arena, span_slice(value, 0, MESSAGE_MAX_FROM_BYTES), &list, &count);
    if (rc == VOUCH_E_NOMEM)
        return rc;
    m->from[m->from_read].list = list;
    m->from[m->from_read++].count = count;
    if (m->from_count == 1)
        m->author = first_valid(list, count);
    for (size_t i = 0; i < count; i++)
        m->author_count += list[i].domain[0] != '\0' || list[i].unreadable;
    m->author_count += rc != 0 || value.len > MESSAGE_MAX_FROM_BYTES;
    return 0;
}

static int scan_reply_to(struct message *m, struct span value)
{
    struct mailbox *list;
    size_t count;
    int rc =
        rfc5322_addresses(m->arena, span_slice(value, 0, MESSAGE_MAX_FROM_BYTES), &list, &count);
    if (rc == VOUCH_E_NOMEM)
        return rc;
    m->reply_to = first_valid(list, count);
    return 0;
}

/* RFC 2919, RFC 2369 */
static int scan_list(struct message *m, struct span value)
{
    m->list |= span_trim(value).len > 0;
    return 0;
}

static int scan_subject(struct message *m, struct span value)
{
    /* decoding can shorten text to a third (Q) */
    char *text = rfc5322_text(m->arena, span_slice(value, 0, 3 * MESSAGE_MAX_SUBJECT));
    if (!text)
        return VOUCH_E_NOMEM;
    text[utf8_cut(span_of(text), MESSAGE_MAX_SUBJECT).len] = '\0';
    m->subject = text;
    return 0;
}

static int scan_message_id(struct message *m, struct span value)
{
    struct span id = rfc5322_msgid(value);
    if (id.p)
        m->message_id = rfc5322_utf8(m->arena, span_slice(id, 0, 998));
    return id.p && !m->message_id ? VOUCH_E_NOMEM : 0;
}

static int scan_in_reply_to(struct message *m, struct span value)
{
    struct span id = rfc5322_msgid(value);
    if (id.p)
        m->in_reply_to = rfc5322_utf8(m->arena, span_slice(id, 0, 998));
    return id.p && !m->in_reply_to ? VOUCH_E_NOMEM : 0;
}

/* The first word, without the comments around it. */
static struct span keyword(struct span value)
{
    struct rfc5322_lexer lex;
    rfc5322_lexer_init(&lex, value);
    struct token token = rfc5322_lexer_next(&lex);
    return token.type == TOKEN_ATOM ? token.raw : SPAN_NONE;
}

/* RFC 3834 s5: what is not "no" is automatic; so is what we do not know. */
static int scan_auto_submitted(struct message *m, struct span value)
{
    m->automatic |= !span_ieq_cstr(keyword(value), "no");
    return 0;
}

/* RFC 2076 s3.9; no standard, but what lists and vacation programs go by (RFC 3834 s2) */
static int scan_precedence(struct message *m, struct span value)
{
    static const char *const words[] = {"bulk", "junk", "list"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        m->automatic |= span_ieq_cstr(keyword(value), words[i]);
    return 0;
}

static int scan_date(struct message *m, struct span value)
{
    if (rfc5322_date(value, &m->date))
        m->date = -1;
    return 0;
}

/* Which function reads a field. Of the first ones every field counts, of the others only the
 * topmost. */
#define EVERY_FIELD 6
static const struct {
    const char *name;
    int (*scan)(struct message *m, struct span value);
} scanned[] = {
    {"Received", scan_received},
    {"From", scan_from},
    {"Auto-Submitted", scan_auto_submitted},
    {"Precedence", scan_precedence},
    {"List-Id", scan_list},
    {"List-Post", scan_list},
    {"Subject", scan_subject},
    {"Date", scan_date},
    {"Message-ID", scan_message_id},
    {"In-Reply-To", scan_in_reply_to},
    {"Reply-To", scan_reply_to},
};

static int scan_fields(struct message *m)
{
    unsigned seen = 0;
    for (size_t i = 0; i < m->field_count; i++) {
        for (size_t k = 0; k < sizeof scanned / sizeof *scanned; k++) {
            if (!span_ieq_cstr(m->fields[i].name, scanned[k].name) ||
                (k >= EVERY_FIELD && seen & 1u << k))
                continue;
            seen |= 1u << k;
            int rc = scanned[k].scan(m, m->fields[i].value);
            if (rc)
                return rc;
        }
    }
    return 0;
}

/* A stored message's top field is our own MTA's, and hand-overs inside the site use addresses that
 * no outside host can have. */
static ptrdiff_t stored_client(const struct message *m, const struct ipnet *trusted,
                               size_t trusted_count)
{
    size_t from = 0;
    while (from < m->hop_count) {
        ptrdiff_t at = received_client(m->hops + from, m->hop_count - from, trusted, trusted_count);
        if (at < 0)
            return -1;
        from += (size_t)at;
        if (!ipaddr_is_private(&m->hops[from].ip))
            return (ptrdiff_t)from;
        from++;
    }
    return -1;
}

static int scan_sender(struct message *m)
{
    char name[DOMAIN_MAX + 1];
    const char *sender = m->env.sender, *at = sender ? strrchr(sender, '@') : NULL;
    if (!sender || (sender[0] && !at))
        return 0;
    if (!sender[0])
        m->sender_domain = "";
    else if (at[1] == '[')
        m->sender_domain = at + 1;
    else if (domain_normalize(span_of(at + 1), name) == 0)
        m->sender_domain = arena_strdup(m->arena, name);
    else
        return 0;
    return m->sender_domain ? 0 : VOUCH_E_NOMEM;
}

int message_scan(struct message *m, const struct psl_ctx_st *psl, const struct ipnet *trusted,
                 size_t trusted_count)
{
    int rc = scan_fields(m);
    m->from_count += m->from_lost;
    if (!rc)
        rc = scan_sender(m);
    if (rc)
        return rc;
    if (m->author)
        m->author_org = domain_org(psl, m->author->domain);
    m->relayed = ipnet_any_contains(trusted, trusted_count, &m->env.ip);
    if (m->relayed)
        m->client_hop = received_client(m->hops, m->hop_count, trusted, trusted_count);
    else if (m->env.ip.family == IP_NONE && !m->env.live)
        m->client_hop = stored_client(m, trusted, trusted_count);
    return 0;
}

struct message_client message_client(const struct message *m)
{
    if (m->client_hop < 0 && m->relayed)
        return (struct message_client){.ip.family = IP_NONE};
    if (m->client_hop < 0)
        return (struct message_client){m->env.ip, m->env.name, m->env.helo};
    const struct hop *hop = &m->hops[m->client_hop];
    return (struct message_client){hop->ip, hop->name, hop->helo};
}
