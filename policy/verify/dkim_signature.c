/* SPDX-License-Identifier: BSD-2-Clause */
/* A DKIM-Signature field (RFC 6376 s3.5, RFC 8301, RFC 8463), read and judged before libopendkim is
 * shown it. What libopendkim does with hostile fields is not safe in every case: such fields are
 * withheld from it (each limit says why). Neither hashes nor keys are looked at here. Signatures
 * with bytes over 126 (RFC 8616 allows UTF-8 in i=) are refused, as libopendkim refuses them. */
#include "dkim_signature.h"
#include <string.h>
#include "arena.h"
#include "domain.h"
#include "errors.h"
#include "taglist.h"

#define TIME_DIGITS_MAX                                                                            \
    999999999999   /* RFC 6376 s3.5: longer values of t= and x= count as infinite */
#define B_PREFIX 8 /* RFC 6008 s4 */

struct parser {
    struct arena *arena;
    const struct taglist *tags;
    int64_t now;
    struct dkim_signature *sig;
    bool failed; /* out of memory */
};

void dkim_signature_judge(struct dkim_signature *sig, enum auth_result result, const char *reason)
{
    if (sig->result.result != AUTH_UNKNOWN)
        return;
    sig->result.result = result;
    sig->result.reason = reason;
}

static void refuse(struct parser *p, const char *reason)
{
    dkim_signature_judge(p->sig, AUTH_PERMERROR, reason);
}

static void withhold(struct parser *p, enum auth_result result, const char *reason)
{
    p->sig->withheld = true;
    dkim_signature_judge(p->sig, result, reason);
}

static const char *keep(struct parser *p, const char *text)
{
    if (!text)
        p->failed = true;
    return text;
}

/* Normalised copy of a domain or selector; NULL if it is none. */
static const char *keep_domain(struct parser *p, struct span s)
{
    char name[DOMAIN_MAX + 1];
    return s.p && domain_normalize(s, name) == 0 ? keep(p, arena_strdup(p->arena, name)) : NULL;
}

/* What a result shows of a signature, whatever becomes of it. */
static void describe(struct parser *p)
{
    struct dkim_result *r = &p->sig->result;
    struct span s = taglist_get(p->tags, "s"), a = taglist_get(p->tags, "a");
    struct span i = taglist_get(p->tags, "i"), b = taglist_get(p->tags, "b");
    struct span bh = taglist_get(p->tags, "bh");
    r->domain = keep_domain(p, taglist_get(p->tags, "d"));
    if (s.len)
        r->selector = keep(p, arena_span(p->arena, s));
    if (a.len)
        r->algorithm = keep(p, arena_span(p->arena, a));
    if (i.len)
        r->identity = keep(p, taglist_squeeze(p->arena, i));
    if (bh.len)
        p->sig->body_hash = keep(p, taglist_squeeze(p->arena, bh));
    if (b.len) {
        char *text = taglist_squeeze(p->arena, b);
        if (text && strlen(text) > B_PREFIX)
            text[B_PREFIX] = '\0';
        r->b_prefix = keep(p, text);
    }
}

static void check_required(struct parser *p)
{
    static const char *const required[] = {"v", "a", "b", "bh", "d", "h", "s"};
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
        if (!taglist_get(p->tags, required[i]).len)
            return refuse(p, keep(p, arena_printf(p->arena, "%s= is missing", required[i])));
    if (!span_eq(taglist_get(p->tags, "v"), SPAN_LIT("1")))
        refuse(p, "v= is not 1");
}

static void check_algorithm(struct parser *p)
{
    struct span a = taglist_get(p->tags, "a");
    p->sig->ed25519 = span_ieq_cstr(a, "ed25519-sha256");
    if (span_ieq_cstr(a, "rsa-sha1"))
        refuse(p, "rsa-sha1 is not honoured (RFC 8301)");
    else if (!p->sig->ed25519 && !span_ieq_cstr(a, "rsa-sha256"))
        refuse(p, "a= names an unknown algorithm");
}

static void check_canonicalization(struct parser *p)
{
    struct span c = taglist_get(p->tags, "c"), part;
    for (int i = 0; span_split(&c, '/', &part); i++) {
        bool relaxed = span_ieq_cstr(part, "relaxed");
        if (i > 1 || (!relaxed && !span_ieq_cstr(part, "simple")))
            return refuse(p, "c= names an unknown canonicalization");
        p->sig->relaxed_body = i == 1 && relaxed;
    }
}

static void check_key_name(struct parser *p)
{
    const char *selector = keep_domain(p, taglist_get(p->tags, "s"));
    const char *domain = p->sig->result.domain;
    if (p->failed)
        return;
    if (!domain)
        return refuse(p, "d= is not a domain");
    if (!selector)
        return refuse(p, "s= is not a selector");
    p->sig->key_name = keep(p, arena_printf(p->arena, "%s._domainkey.%s", selector, domain));
    if (p->sig->key_name && strlen(p->sig->key_name) > DOMAIN_MAX) {
        p->sig->key_name = NULL;
        refuse(p, "s= and d= are longer than a DNS name can be");
    }
}

/* dkim-quoted-printable (RFC 6376 s2.11): libopendkim reads beyond the text when it ends in "=". */
static bool quoted_printable_ok(const char *s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (; (s = strchr(s, '=')) != NULL; s += 3)
        if (!s[1] || !strchr(hex, s[1]) || !s[2] || !strchr(hex, s[2]))
            return false;
    return true;
}

static void check_identity(struct parser *p)
{
    const char *identity = p->sig->result.identity, *domain = p->sig->result.domain;
    if (!identity)
        return;
    const char *at = strrchr(identity, '@');
    const char *below = keep_domain(p, span_of(at ? at + 1 : NULL));
    if (strlen(identity) > DKIM_MAX_I_TAG)
        withhold(p, AUTH_POLICY, "i= is longer than is looked at");
    else if (!quoted_printable_ok(identity))
        withhold(p, AUTH_PERMERROR, "i= is malformed");
    else if (!below || !domain || !domain_is_below(below, domain))
        refuse(p, "i= is not in the domain of d=");
    else
        p->sig->below = strcmp(below, domain) != 0;
}

static size_t count_items(struct span list)
{
    size_t count = 0;
    for (struct span item; span_split(&list, ':', &item);)
        count++;
    return count;
}

static void check_headers(struct parser *p)
{
    struct span h = taglist_get(p->tags, "h");
    if (h.len >= DKIM_MAX_H_TAG || count_items(h) > DKIM_MAX_H_NAMES)
        return withhold(p, AUTH_POLICY, "h= is longer than is looked at");
    p->sig->covers_signatures = taglist_lists(h, "DKIM-Signature");
    if (h.len && !taglist_lists(h, "From"))
        refuse(p, "h= does not cover From");
}

static void check_length(struct parser *p)
{
    struct span l = taglist_get(p->tags, "l");
    if (!l.p)
        return;
    int rc = span_uint(l, INT64_MAX, &p->sig->length);
    p->sig->has_length = true;
    if (rc != 0)
        refuse(p, rc == VOUCH_E_RANGE ? "l= is larger than any body" : "l= is not a number");
}

/* -1 if absent or not a number, INT64_MAX for "infinite" */
static int64_t read_time(struct parser *p, const char *tag, const char *malformed)
{
    uint64_t value = INT64_MAX;
    struct span s = taglist_get(p->tags, tag);
    if (!s.p)
        return -1;
    if (span_uint(s, TIME_DIGITS_MAX, &value) == VOUCH_E_SYNTAX) {
        refuse(p, malformed);
        return -1;
    }
    return (int64_t)value;
}

static void check_times(struct parser *p)
{
    int64_t t = read_time(p, "t", "t= is not a number");
    int64_t x = read_time(p, "x", "x= is not a number");
    if (t >= 0 && x >= 0 && x <= t)
        refuse(p, "x= is not after t=");
    else if (t > p->now && t - p->now > DKIM_CLOCK_SKEW)
        dkim_signature_judge(p->sig, AUTH_POLICY, "signed in the future");
    else if (x >= 0 && x <= p->now && p->now - x >= DKIM_CLOCK_SKEW)
        dkim_signature_judge(p->sig, AUTH_POLICY, "signature expired");
    else if ((t >= 0 && t < DKIM_EPOCH) || (x >= 0 && x < DKIM_EPOCH))
        dkim_signature_judge(p->sig, AUTH_POLICY, "signed before DKIM existed");
}

static void check_query(struct parser *p)
{
    struct span q = taglist_get(p->tags, "q");
    if (q.p && !taglist_lists(q, "dns/txt"))
        refuse(p, "q= names no known way to the key");
}

int dkim_signature_parse(struct arena *arena, struct span value, int64_t now,
                         struct dkim_signature *sig_r)
{
    static void (*const checks[])(struct parser *) = {
        check_required, check_identity, check_headers,          check_algorithm, check_key_name,
        check_length,   check_query,    check_canonicalization, check_times,
    };
    struct taglist tags;
    struct parser p = {.arena = arena, .tags = &tags, .now = now, .sig = sig_r};
    *sig_r = (struct dkim_signature){0};
    if (value.len > DKIM_MAX_FIELD) {
        withhold(&p, AUTH_POLICY, "the field is longer than is looked at");
        return 0;
    }
    int rc = taglist_parse(value, &tags);
    if (rc != 0) {
        withhold(&p, rc == VOUCH_E_LIMIT ? AUTH_POLICY : AUTH_PERMERROR,
                 rc == VOUCH_E_LIMIT ? "more tags than are looked at" : "the field is malformed");
        return 0;
    }
    describe(&p);
    if (tags.duplicates) {
        sig_r->result.flags |= DKIM_FLAG_DUPLICATE_TAG;
        withhold(&p, AUTH_POLICY, "a tag stands twice");
    }
    /* all of them, whatever one found: each can withhold the field */
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        checks[i](&p);
    return p.failed ? VOUCH_E_NOMEM : 0;
}
