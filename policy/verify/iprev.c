/* SPDX-License-Identifier: BSD-2-Clause */
/* Forward-confirmed reverse DNS (RFC 8601 s3): a name of the address whose own addresses include
 * it. pass: there is one. fail: none of the names leads back. permerror: the address has no name.
 * temperror: an answer was missing that could have made it pass. */
#include "iprev.h"
#include <string.h>
#include "arena.h"
#include "errors.h"
#include "resolver.h"

/* What the names of ptr give so far. Every name is asked about before the first answer is waited
 * for. */
struct names {
    struct dns_question *questions[IPREV_MAX_NAMES];
    char text[IPREV_MAX_NAMES][DNS_NAME_TEXT];
    size_t count;
};

static int ask_names(struct dns_batch *dns, const struct ipaddr *ip, const struct dns_answer *ptr,
                     struct names *n)
{
    n->count = 0;
    for (size_t i = 0; i < ptr->count && n->count < IPREV_MAX_NAMES; i++) {
        if (!dns_name_text(ptr->rdata[i], 0, n->text[n->count]))
            continue;
        n->questions[n->count] = dns_ask(dns, n->text[n->count], dns_address_type(ip));
        if (!n->questions[n->count])
            return VOUCH_E_NOMEM;
        n->count++;
    }
    return 0;
}

/* 1: final. 0: not yet; with wait that does not happen. */
static int judge_names(struct arena *arena, const struct ipaddr *ip, const struct names *n,
                       bool wait, struct iprev_result *r)
{
    const char *why = NULL;
    bool missing = false;
    for (size_t i = 0; i < n->count; i++) {
        const struct dns_answer *a = wait ? dns_wait(n->questions[i]) : dns_peek(n->questions[i]);
        if (dns_has_address(a, ip)) {
            r->result = AUTH_PASS;
            r->name = arena_strdup(arena, n->text[i]);
            return r->name ? 1 : VOUCH_E_NOMEM;
        }
        missing |= a->status == DNS_PENDING;
        if (a->status == DNS_FAILED)
            why = a->why;
    }
    if (missing)
        return 0;
    r->result = why ? AUTH_TEMPERROR : AUTH_FAIL;
    r->reason = why ? arena_strdup(arena, why) : "the client's name does not lead back to it";
    r->name = n->count ? arena_strdup(arena, n->text[0]) : NULL;
    return r->reason && (r->name || !n->count) ? 1 : VOUCH_E_NOMEM;
}

static int run(struct arena *arena, struct dns_batch *dns, const struct ipaddr *ip, bool wait,
               struct iprev_result *result_r)
{
    char reverse[IPADDR_REVERSE];
    struct iprev_result r = {0};
    struct names names;
    if (ip->family == IP_NONE) {
        *result_r = r;
        return 1;
    }
    struct dns_question *q = dns_ask(dns, ipaddr_reverse(ip, reverse), DNS_PTR);
    if (!q)
        return VOUCH_E_NOMEM;
    const struct dns_answer *ptr = wait ? dns_wait(q) : dns_peek(q);
    int rc = 1;
    switch (ptr->status) {
    case DNS_PENDING:
        return 0;
    case DNS_FAILED:
        r.result = AUTH_TEMPERROR;
        r.reason = arena_strdup(arena, ptr->why);
        rc = r.reason ? 1 : VOUCH_E_NOMEM;
        break;
    case DNS_NODATA:
    case DNS_NXDOMAIN:
        r.result = AUTH_PERMERROR;
        r.reason = "the client's address has no name";
        break;
    case DNS_FOUND:
        rc = ask_names(dns, ip, ptr, &names);
        if (rc == 0)
            rc = judge_names(arena, ip, &names, wait, &r);
        break;
    }
    if (rc == 1)
        *result_r = r;
    return rc;
}

int iprev_step(struct arena *arena, struct dns_batch *dns, const struct ipaddr *ip,
               struct iprev_result *result_r)
{
    return run(arena, dns, ip, false, result_r);
}

int iprev_check(struct arena *arena, struct dns_batch *dns, const struct ipaddr *ip,
                struct iprev_result *result_r)
{
    int rc = run(arena, dns, ip, true, result_r);
    return rc < 0 ? rc : 0;
}
