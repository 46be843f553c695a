/* SPDX-License-Identifier: BSD-2-Clause */
/* SPF, RFC 7208: whom a message is judged by (s2.3, s2.4, s4.1, s4.3), and the repetition of the
 * evaluation until every answer it needs is there. What it does is in spf_eval.c.
 *
 * Not judged ("none"): a client that is not known, and this host itself, because a pass from
 * 127.0.0.1 would let every local program vouch for any domain (libspf2 would give it). */
#include "spf.h"
#include <string.h>
#include "arena.h"
#include "ascii.h"
#include "domain.h"
#include "errors.h"
#include "spf_eval.h"

/* An evaluation keeps what it read until its end: SPF_MAX_TERMS + 1 records and an explanation, of
 * 64 KiB at most each, since that is what a DNS answer can hold, and small things. */
#define SPF_SCRATCH         ((SPF_MAX_TERMS + 2) * 65536 + 262144)
#define SPF_MAX_EXPLANATION 1024 /* bytes; a longer one is not given */

/* Whom a request is about. */
struct party {
    bool helo;
    const char *name;    /* HELO name or reverse-path; NULL if not known */
    const char *refusal; /* why there is nobody to judge; NULL if there is */
};

static struct party identity_of(const struct spf_request *request)
{
    struct party who = {.name = request->sender};
    who.helo = request->scope == SPF_SCOPE_HELO || (who.name && !*who.name);
    if (who.helo)
        who.name = request->helo;
    if (request->ip.family == IP_NONE)
        who.refusal = "the client's address is not known";
    else if (ipaddr_is_loopback(&request->ip))
        who.refusal = "the client is this host";
    else if (!who.name)
        who.refusal = who.helo ? "no HELO name" : "the sender is not known";
    return who;
}

/* What the macros stand for; strings in arena. 0, VOUCH_E_NOMEM, or VOUCH_E_SYNTAX: there is no
 * domain to judge (s4.3). */
static int identify(struct arena *arena, const struct spf_request *request, const struct party *who,
                    struct spf_macro_values *values_r)
{
    char domain[DOMAIN_MAX + 1];
    const char *at = who->helo ? NULL : strrchr(who->name, '@');
    struct span local = at ? span_make(who->name, (size_t)(at - who->name)) : SPAN_NONE;
    if (local.len == 0)
        local = SPAN_LIT("postmaster"); /* s2.4, s4.3 */
    int rc = domain_normalize(span_of(at ? at + 1 : who->name), domain);
    if (rc == 0 && !strchr(domain, '.'))
        rc = VOUCH_E_SYNTAX;
    if (rc)
        return rc;
    *values_r = (struct spf_macro_values){
        .ip = request->ip,
        .sender = arena_printf(arena, "%.*s@%s", SPAN_ARGS(local), domain),
        .local = arena_span(arena, local),
        .domain = arena_strdup(arena, domain),
        .helo = request->helo,
        .receiver = request->receiver,
        .now = request->now,
    };
    values_r->sender_domain = values_r->domain;
    return values_r->sender && values_r->local && values_r->domain ? 0 : VOUCH_E_NOMEM;
}

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if (!ascii_is_visible(*text) && *text != ' ')
            return false;
    return true;
}

/* s6.2: the domain owner's text, in scratch; NULL if there is none, or a->stop. */
static const char *explain(struct spf_asker *a, const struct spf_explainer *explainer)
{
    char text[SPF_MAX_EXPLANATION + 1];
    size_t len;
    const char *name = spf_target(a, explainer->target, explainer->domain);
    const struct dns_answer *answer = name ? spf_ask(a, name, DNS_TXT) : NULL;
    if (!answer || answer->status != DNS_FOUND || answer->count != 1)
        return NULL;
    const char *macro = dns_txt_join(a->scratch, answer->rdata[0], &len);
    if (!macro || !spf_macro_valid(span_make(macro, len), SPF_MACRO_EXPLANATION))
        return NULL;
    len = spf_expand(a, span_make(macro, len), explainer->domain, text, sizeof text);
    return len < sizeof text && is_printable(text) ? arena_strdup(a->scratch, text) : NULL;
}

/* The asker's reason, which may hold names with any bytes in them, as one printable line. */
static char *printable(struct arena *arena, const char *reason)
{
    char *text = arena_strdup(arena, reason);
    for (char *c = text; c && *c; c++)
        if (!ascii_is_visible(*c) && *c != ' ')
            *c = '?';
    return text;
}

/* What the asker came to. An explanation that cannot be had changes no verdict, but while an answer
 * that it needs is pending there is none yet. 1, 0 (pending) or VOUCH_E_NOMEM. */
static int conclude(struct arena *arena, struct spf_asker *a, const struct spf_explainer *explainer,
                    struct spf_result *result_r)
{
    const char *explanation = NULL;
    if (a->verdict == AUTH_FAIL && explainer->target.p) {
        a->stop = SPF_GO;
        explanation = explain(a, explainer);
        if (a->stop == SPF_STOP_PENDING)
            return 0;
    }
    result_r->explanation = arena_strdup(arena, explanation);
    result_r->reason = printable(arena, a->reason);
    result_r->domain = arena_strdup(arena, a->values.domain);
    if (!result_r->domain || !a->reason != !result_r->reason)
        return VOUCH_E_NOMEM;
    result_r->result = a->verdict;
    return 1;
}

static int judge_none(struct spf_result *result_r, const char *reason)
{
    result_r->result = AUTH_NONE;
    result_r->reason = reason;
    return 1;
}

/* As spf_step; *missing_r is what it returned 0 for. */
static int evaluate(struct arena *arena, struct dns_batch *dns, const struct spf_request *request,
                    struct spf_result *result_r, struct spf_cost *cost_r,
                    struct dns_question **missing_r)
{
    struct party who = identity_of(request);
    struct spf_asker a = {.dns = dns};
    struct spf_explainer explainer;
    *result_r = (struct spf_result){.scope = who.helo ? SPF_SCOPE_HELO : SPF_SCOPE_MAILFROM};
    if (cost_r)
        *cost_r = (struct spf_cost){0};
    if (who.refusal)
        return judge_none(result_r, who.refusal);
    if (!(a.scratch = arena_new(SPF_SCRATCH)))
        return VOUCH_E_NOMEM;
    int rc = identify(a.scratch, request, &who, &a.values);
    if (rc == VOUCH_E_SYNTAX)
        rc = judge_none(result_r,
                        who.helo ? "the HELO name is no domain" : "the sender has no domain");
    if (rc)
        goto out;
    spf_evaluate(&a, &explainer);
    rc = a.stop == SPF_STOP_NOMEM ? VOUCH_E_NOMEM : 0;
    if (a.stop == SPF_STOP_VERDICT)
        rc = conclude(arena, &a, &explainer, result_r);
    *missing_r = a.missing;
    if (cost_r)
        *cost_r = a.cost;
out:
    arena_free(&a.scratch);
    return rc;
}

int spf_step(struct arena *arena, struct dns_batch *dns, const struct spf_request *request,
             struct spf_result *result_r, struct spf_cost *cost_r)
{
    struct dns_question *missing;
    return evaluate(arena, dns, request, result_r, cost_r, &missing);
}

int spf_check(struct arena *arena, struct dns_batch *dns, const struct spf_request *request,
              struct spf_result *result_r, struct spf_cost *cost_r)
{
    struct dns_question *missing;
    int rc;
    /* each round answers one more question, and there are at most SPF_MAX_QUERIES */
    while ((rc = evaluate(arena, dns, request, result_r, cost_r, &missing)) == 0)
        dns_wait(missing);
    return rc == 1 ? 0 : rc;
}
