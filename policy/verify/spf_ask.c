/* SPDX-License-Identifier: BSD-2-Clause */
/* An SPF evaluation's questions and their limits: RFC 7208 s4.6.4 (terms, void look-ups), s5.5
 * (validated names), s7.3 (names cut to 253 octets), RFC 8616 s4 (non-ASCII local-parts name
 * nothing).
 *
 * Most questions that can be needed: one record; ten terms, each of them mx with ten hosts; the
 * client's PTR and ten names for %{p}, which count for no term; and exp=:
 * 1 + 10 * (1 + 10) + (1 + 10) + 1 = 123 = SPF_MAX_QUERIES. Other terms need less: ptr shares its
 * eleven with %{p}, include and redirect have one each. Nothing is asked beyond that number
 * whatever the records say. */
#include "spf_ask.h"
#include <string.h>
#include <strings.h>
#include "arena.h"
#include "domain.h"

#define SPF_MAX_EXPANSION 4096 /* bytes of a name before the cut to 253 */

_Static_assert(SPF_MAX_QUERIES == 1 + SPF_MAX_TERMS * (1 + SPF_MAX_NAMES) + (1 + SPF_MAX_NAMES) + 1,
               "the comment above says how many questions there can be");

void spf_stop(struct spf_asker *a, enum auth_result verdict, const char *reason)
{
    if (a->stop)
        return;
    a->stop = SPF_STOP_VERDICT;
    a->verdict = verdict;
    a->reason = reason;
}

void spf_stop_nomem(struct spf_asker *a)
{
    if (!a->stop)
        a->stop = SPF_STOP_NOMEM;
}

void spf_stop_failed(struct spf_asker *a, const char *name, const struct dns_answer *answer)
{
    spf_stop(
        a, answer->over_limit ? AUTH_PERMERROR : AUTH_TEMPERROR,
        arena_printf(a->scratch, "DNS: %s: %s", name, answer->why ? answer->why : "no answer"));
}

void spf_count_term(struct spf_asker *a)
{
    if (!a->stop && ++a->cost.terms > SPF_MAX_TERMS)
        spf_stop(a, AUTH_PERMERROR, "more than 10 look-ups");
}

void spf_count_void(struct spf_asker *a, enum dns_status status)
{
    bool is_void = status == DNS_NODATA || status == DNS_NXDOMAIN;
    if (!a->stop && is_void && ++a->cost.voids > SPF_MAX_VOID)
        spf_stop(a, AUTH_PERMERROR, "more than 2 look-ups that found nothing");
}

struct dns_question *spf_post(struct spf_asker *a, const char *name, enum dns_type type)
{
    if (!a->stop && a->cost.queries == SPF_MAX_QUERIES)
        spf_stop(a, AUTH_PERMERROR, "more DNS queries than any policy may need");
    if (a->stop)
        return NULL;
    a->cost.queries++;
    struct dns_question *q = dns_ask(a->dns, name, type);
    if (!q)
        spf_stop_nomem(a);
    return q;
}

const struct dns_answer *spf_read(struct spf_asker *a, struct dns_question *q)
{
    if (a->stop || !q)
        return NULL;
    const struct dns_answer *answer = dns_peek(q);
    if (answer->status != DNS_PENDING)
        return answer;
    a->stop = SPF_STOP_PENDING;
    a->missing = q;
    return NULL;
}

const struct dns_answer *spf_ask(struct spf_asker *a, const char *target, enum dns_type type)
{
    static const struct dns_answer nowhere = {.status = DNS_NXDOMAIN};
    char name[2 * DOMAIN_MAX + 1], *at = name;
    if (strlen(target) > DOMAIN_MAX)
        return &nowhere;
    for (const char *c = target; *c; c++) {
        if ((unsigned char)*c >= 0x80)
            return &nowhere;
        if (*c == '\\')
            *at++ = '\\';
        *at++ = *c;
    }
    *at = '\0';
    return spf_read(a, spf_post(a, name, type));
}

bool spf_name_below(const char *name, const char *domain)
{
    size_t n = strlen(name), d = strlen(domain);
    if (n < d || strcasecmp(name + n - d, domain) != 0)
        return false;
    return n == d || name[n - d - 1] == '.';
}

/* A name whose addresses cannot be had is skipped, and a client whose names cannot be had has none
 * (s5.5). */
bool spf_validate_client(struct spf_asker *a)
{
    char reverse[IPADDR_REVERSE], text[DNS_NAME_TEXT];
    struct dns_question *q[SPF_MAX_NAMES];
    const char *names[SPF_MAX_NAMES];
    unsigned count = 0;
    if (a->validated)
        return true;
    const struct dns_answer *ptr =
        spf_read(a, spf_post(a, ipaddr_reverse(&a->values.ip, reverse), DNS_PTR));
    if (!ptr)
        return false;
    a->client_status = ptr->status;
    for (size_t i = 0; i < ptr->count && count < SPF_MAX_NAMES; i++) {
        if (!dns_name_text(ptr->rdata[i], 0, text))
            continue;
        names[count] = arena_strdup(a->scratch, text);
        q[count] = spf_post(a, text, dns_address_type(&a->values.ip));
        if (!names[count++])
            spf_stop_nomem(a);
    }
    for (unsigned i = 0; i < count; i++) {
        const struct dns_answer *answer = spf_read(a, q[i]);
        if (!answer)
            return false;
        if (dns_has_address(answer, &a->values.ip))
            a->names[a->name_count++] = names[i];
    }
    a->validated = true;
    return true;
}

/* %{p} (s7.3): the domain itself if it is validated, else a name below it, else any */
static const char *client_name(const struct spf_asker *a, const char *domain)
{
    const char *best = a->name_count ? a->names[0] : NULL;
    bool below = false;
    for (unsigned i = 0; i < a->name_count; i++) {
        if (strcasecmp(a->names[i], domain) == 0)
            return a->names[i];
        if (!below && spf_name_below(a->names[i], domain)) {
            best = a->names[i];
            below = true;
        }
    }
    return best;
}

size_t spf_expand(struct spf_asker *a, struct span s, const char *domain, char *text_r, size_t size)
{
    struct spf_macro_values values = a->values;
    values.domain = domain;
    if (spf_macro_uses(s, 'p')) {
        if (!spf_validate_client(a))
            return size;
        values.client = client_name(a, domain);
    }
    return spf_macro_expand(s, &values, text_r, size);
}

/* s7.3: labels are taken off the left until the name can be one. */
static struct span cut_to_name(struct span name)
{
    ptrdiff_t dot;
    if (name.len && name.p[name.len - 1] == '.')
        name.len--;
    while (name.len > DOMAIN_MAX && (dot = span_index(name, '.', 0)) >= 0)
        name = span_slice(name, (size_t)dot + 1, name.len);
    return name;
}

const char *spf_target(struct spf_asker *a, struct span spec, const char *domain)
{
    char text[SPF_MAX_EXPANSION];
    if (a->stop)
        return NULL;
    if (!spec.p)
        return domain;
    size_t len = spf_expand(a, spec, domain, text, sizeof text);
    if (len == sizeof text) {
        spf_stop(a, AUTH_PERMERROR, "a macro expands to more than any name can hold");
        return NULL;
    }
    const char *name = arena_span(a->scratch, cut_to_name(span_make(text, len)));
    if (!name)
        spf_stop_nomem(a);
    return name;
}
