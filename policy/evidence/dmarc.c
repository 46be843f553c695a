/* SPDX-License-Identifier: BSD-2-Clause */
/* DMARC (RFC 7489): the record (s6.3, s6.4), identifier alignment (s3.1), and the result (s6.6.2).
 * Not here: where the record is found (verify/dmarc_lookup.c), reports, and the tags of RFC 9091
 * and later drafts, which are ignored like any unknown tag.
 *
 * Where s6.3 leaves room: tags after v= may stand in any order; names and the values of p, sp,
 * adkim and aspf are read without case, as ABNF's strings are, but "DMARC1" is exact; of a tag that
 * is repeated the first counts, except p and sp, which then are not valid. */
#include "dmarc.h"
#include <string.h>
#include "arena.h"
#include "ascii.h"
#include "domain.h"
#include "errors.h"

/* The record. */

static struct span trim_wsp(struct span s)
{
    while (s.len && ascii_is_blank(s.p[0]))
        s = span_slice(s, 1, s.len);
    while (s.len && ascii_is_blank(s.p[s.len - 1]))
        s.len--;
    return s;
}

/* "name = value"; false if there is no "=" */
static bool split_tag(struct span part, struct span *name_r, struct span *value_r)
{
    ptrdiff_t at = span_index(part, '=', 0);
    if (at < 0)
        return false;
    *name_r = trim_wsp(span_slice(part, 0, (size_t)at));
    *value_r = trim_wsp(span_slice(part, (size_t)at + 1, part.len));
    return true;
}

static enum dmarc_policy policy_of(struct span value)
{
    for (int i = DMARC_NONE; i <= DMARC_REJECT; i++)
        if (span_ieq_cstr(value, dmarc_policy_name((enum dmarc_policy)i)))
            return (enum dmarc_policy)i;
    return DMARC_NO_POLICY;
}

/* RFC 3986's scheme and at least one visible character; what mailto: names must look like an
 * address */
static bool uri_valid(struct span uri)
{
    ptrdiff_t colon = span_index(uri, ':', 0);
    if (colon < 1 || (size_t)colon + 1 == uri.len || !ascii_is_alpha(uri.p[0]))
        return false;
    for (ptrdiff_t i = 0; i < colon; i++)
        if (!ascii_is_alnum(uri.p[i]) && !strchr("+-.", uri.p[i]))
            return false;
    for (size_t i = (size_t)colon + 1; i < uri.len; i++)
        if (!ascii_is_visible(uri.p[i]))
            return false;
    if (!span_ieq_cstr(span_slice(uri, 0, (size_t)colon), "mailto"))
        return true;
    ptrdiff_t at = span_index(uri, '@', (size_t)colon + 1);
    return at > colon + 1 && (size_t)at + 1 < uri.len;
}

static bool any_uri_valid(struct span list)
{
    struct span uri;
    while (span_split(&list, ',', &uri))
        if (uri_valid(trim_wsp(uri)))
            return true;
    return false;
}

/* The tags that have been seen, and what of p and sp is not valid. */
enum { SEEN_P = 1, SEEN_SP = 2, SEEN_ADKIM = 4, SEEN_ASPF = 8, SEEN_PCT = 16, BAD_POLICY = 32 };

/* True the first time. */
static bool first(unsigned *seen, unsigned tag)
{
    bool is_first = !(*seen & tag);
    *seen |= tag;
    return is_first;
}

static void read_policy(unsigned *seen, unsigned tag, struct span value, enum dmarc_policy *policy)
{
    *policy = policy_of(value);
    if (!first(seen, tag) || *policy == DMARC_NO_POLICY)
        *seen |= BAD_POLICY;
}

/* Errors in these leave the default (s6.3). */
static void read_tag(struct span name, struct span value, unsigned *seen, struct dmarc_record *r)
{
    uint64_t number;
    if (span_ieq_cstr(name, "p"))
        read_policy(seen, SEEN_P, value, &r->p);
    else if (span_ieq_cstr(name, "sp"))
        read_policy(seen, SEEN_SP, value, &r->sp);
    else if (span_ieq_cstr(name, "adkim") && first(seen, SEEN_ADKIM))
        r->adkim_strict = span_ieq_cstr(value, "s");
    else if (span_ieq_cstr(name, "aspf") && first(seen, SEEN_ASPF))
        r->aspf_strict = span_ieq_cstr(value, "s");
    else if (span_ieq_cstr(name, "pct") && first(seen, SEEN_PCT) && value.len <= 3 &&
             span_uint(value, 100, &number) == 0)
        r->pct = (unsigned)number;
    else if (span_ieq_cstr(name, "rua") && any_uri_valid(value))
        r->has_rua = true;
}

int dmarc_record_parse(struct span txt, struct dmarc_record *record_r)
{
    struct dmarc_record r = {.pct = 100};
    struct span part, name, value;
    unsigned seen = 0;
    if (!txt.len || ascii_is_blank(txt.p[0]) || !span_split(&txt, ';', &part) ||
        !split_tag(part, &name, &value) || !span_ieq_cstr(name, "v") ||
        !span_eq(value, SPAN_LIT("DMARC1")))
        return 0;
    while (span_split(&txt, ';', &part))
        if (split_tag(part, &name, &value))
            read_tag(name, value, &seen, &r);
    if (!(seen & SEEN_P) || (seen & BAD_POLICY)) { /* s6.6.3 step 6 */
        if (!r.has_rua)
            return VOUCH_E_SYNTAX;
        r.p = DMARC_NONE;
        r.sp = DMARC_NO_POLICY;
    }
    *record_r = r;
    return 1;
}

/* Alignment. */

bool dmarc_aligned(const struct psl_ctx_st *psl, const char *author_domain, const char *domain,
                   bool strict)
{
    if (strcmp(author_domain, domain) == 0)
        return true;
    if (strict)
        return false;
    const char *org = domain_org(psl, author_domain);
    return domain_is_below(domain, org) && strcmp(org, domain_org(psl, domain)) == 0 &&
           !domain_is_public_suffix(psl, org);
}

/* What one mechanism adds: an aligned pass, or an aligned identifier that could not be checked.
 * Errors of identifiers that are not aligned do not count: else a forger would escape the policy by
 * signing with a domain of his own whose DNS does not answer. */
struct alignment {
    bool spf, dkim, unchecked;
};

static bool count_identifier(const struct psl_ctx_st *psl, const char *author_domain,
                             enum auth_result result, const char *domain, bool strict,
                             bool *unchecked)
{
    if (!domain || (result != AUTH_PASS && result != AUTH_TEMPERROR) ||
        !dmarc_aligned(psl, author_domain, domain, strict))
        return false;
    *unchecked |= result == AUTH_TEMPERROR;
    return result == AUTH_PASS;
}

static struct alignment align(const struct psl_ctx_st *psl, const char *author_domain,
                              const struct dmarc_record *record, const struct evidence *ev)
{
    struct alignment a = {0};
    a.spf = count_identifier(psl, author_domain, ev->spf.result, ev->spf.domain,
                             record && record->aspf_strict, &a.unchecked);
    for (size_t i = 0; i < ev->dkim_count; i++)
        a.dkim |= count_identifier(psl, author_domain, ev->dkim[i].result, ev->dkim[i].domain,
                                   record && record->adkim_strict, &a.unchecked);
    return a;
}

/* The result. */

/* RFC 7489 s6.6.4: what is not sampled gets the next weaker policy. */
static enum dmarc_policy sampled(enum dmarc_policy policy, unsigned pct, unsigned roll)
{
    if (roll < pct || policy == DMARC_NONE)
        return policy;
    return policy == DMARC_REJECT ? DMARC_QUARANTINE : DMARC_NONE;
}

int dmarc_evaluate(struct arena *arena, const struct psl_ctx_st *psl, const char *author_domain,
                   const struct dmarc_record *record, const char *record_domain, unsigned pct_roll,
                   const struct evidence *ev, struct dmarc_result *result_r)
{
    struct alignment a = align(psl, author_domain, record, ev);
    struct dmarc_result r = {.result = AUTH_NONE,
                             .domain = arena_strdup(arena, author_domain),
                             .record_domain = arena_strdup(arena, record_domain),
                             .spf_aligned = a.spf,
                             .dkim_aligned = a.dkim};
    if (!r.domain || (record_domain && !r.record_domain))
        return VOUCH_E_NOMEM;
    if (record) {
        bool below = !record_domain || strcmp(record_domain, author_domain) != 0;
        r.published = below && record->sp != DMARC_NO_POLICY ? record->sp : record->p;
        r.policy = sampled(r.published, record->pct, pct_roll);
        if (a.spf || a.dkim) {
            r.result = AUTH_PASS;
        } else if (a.unchecked) {
            r.result = AUTH_TEMPERROR;
            r.reason = "an aligned identifier could not be checked";
        } else {
            r.result = AUTH_FAIL;
            r.reason = r.policy == r.published
                           ? "no aligned identifier passed"
                           : "no aligned identifier passed; pct= leaves this message out";
        }
    }
    *result_r = r;
    return 0;
}
