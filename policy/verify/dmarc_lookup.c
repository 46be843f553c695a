/* SPDX-License-Identifier: BSD-2-Clause */
/* DMARC policy discovery (RFC 7489 s6.6.3): the author domain's record, else its Organizational
 * Domain's. Both are asked for at once. A failed look-up is temperror, never "no record". */
#include "dmarc_lookup.h"
#include <stdio.h>
#include <string.h>
#include "arena.h"
#include "dmarc.h"
#include "domain.h"
#include "errors.h"
#include "resolver.h"

#define PREFIX "_dmarc."

/* Address literals have no policy. */
static bool is_domain(const char *author_domain)
{
    return author_domain[0] != '\0' && author_domain[0] != '[';
}

static struct dns_question *ask(struct dns_batch *dns, const char *domain)
{
    char name[sizeof PREFIX + DOMAIN_MAX];
    if ((size_t)snprintf(name, sizeof name, PREFIX "%s", domain) >= sizeof name)
        name[0] = '\0'; /* cannot be asked: does not exist */
    return dns_ask_reserved(dns, name, DNS_TXT);
}

void dmarc_lookup_start(struct dns_batch *dns, const struct psl_ctx_st *psl,
                        const char *author_domain)
{
    if (!is_domain(author_domain))
        return;
    const char *org = domain_org(psl, author_domain);
    ask(dns, author_domain);
    if (strcmp(org, author_domain) != 0)
        ask(dns, org);
}

enum discovery { RECORD_NONE, RECORD_ONE, RECORD_MANY, RECORD_UNUSABLE, RECORD_UNKNOWN };

/* The DMARC records among domain's; *why_r says why the look-up failed. VOUCH_E_NOMEM. */
static int discover(struct arena *arena, struct dns_batch *dns, const char *domain,
                    struct dmarc_record *record_r, const char **why_r)
{
    struct dns_question *q = ask(dns, domain);
    if (!q)
        return VOUCH_E_NOMEM;
    const struct dns_answer *a = dns_wait(q);
    int found = RECORD_NONE;
    if (a->status == DNS_FAILED) {
        *why_r = arena_strdup(arena, a->why);
        return *why_r ? RECORD_UNKNOWN : VOUCH_E_NOMEM;
    }
    for (size_t i = 0; a->status == DNS_FOUND && i < a->count; i++) {
        struct dmarc_record record;
        size_t length;
        const char *text = dns_txt_join(arena, a->rdata[i], &length);
        if (!text)
            return VOUCH_E_NOMEM;
        int rc = dmarc_record_parse(span_make(text, length), &record);
        if (rc == 0)
            continue;
        if (found != RECORD_NONE)
            return RECORD_MANY;
        found = rc == 1 ? RECORD_ONE : RECORD_UNUSABLE;
        if (rc == 1)
            *record_r = record;
    }
    return found;
}

int dmarc_check(struct arena *arena, struct dns_batch *dns, const struct psl_ctx_st *psl,
                const char *author_domain, unsigned pct_roll, const struct evidence *ev,
                struct dmarc_result *result_r)
{
    struct dmarc_record record;
    const char *why = NULL, *domain = author_domain;
    int found = RECORD_NONE;
    if (is_domain(author_domain)) {
        found = discover(arena, dns, domain, &record, &why);
        if (found == RECORD_NONE)
            domain = domain_org(psl, author_domain);
        if (found == RECORD_NONE && strcmp(domain, author_domain) != 0)
            found = discover(arena, dns, domain, &record, &why);
    }
    if (found < 0)
        return found;
    bool is_there = found == RECORD_ONE || found == RECORD_UNUSABLE;
    int rc = dmarc_evaluate(arena, psl, author_domain, found == RECORD_ONE ? &record : NULL,
                            is_there ? domain : NULL, pct_roll, ev, result_r);
    if (rc != 0)
        return rc;
    if (found == RECORD_MANY)
        result_r->reason = "more than one record is published";
    if (found == RECORD_UNUSABLE) {
        result_r->result = AUTH_PERMERROR;
        result_r->reason = "the record has no valid p= or sp=";
    }
    if (found == RECORD_UNKNOWN) {
        result_r->result = AUTH_TEMPERROR;
        result_r->reason = why;
    }
    return 0;
}
