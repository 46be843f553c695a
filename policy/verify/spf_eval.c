/* SPDX-License-Identifier: BSD-2-Clause */
/* check_host() of RFC 7208 s4 and s5 by libspf2, which sees nothing that anybody else wrote. It
 * compiles records that spf_record.c wrote anew, whose names are "RECORD.TERM.t"; it asks our
 * look-up hook for those, and the hook knows what they stand for. Hosts of an mx are "INDEX.m" to
 * it, the domain it judges is "top", and it is not told the sender. What is left to the library:
 * the order of evaluation, include and redirect, qualifiers, and which address lies in which
 * network.
 *
 * It counts look-ups per include, so they are counted here. Whatever goes wrong stops the asker
 * first and then makes the library give up with a temporary error: the asker's verdict is the one
 * that holds. An answer that has not come stops it too, so an evaluation never waits; it is
 * repeated from the start when the answer is there, and asks the same again up to that point.
 *
 * Its SPF_server_t is made here and not by SPF_server_new_dns(), which calls abort() if
 * gethostname() does not fit 64 bytes, and compiles texts that nobody reads. */
#include "spf_eval.h"
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <spf2/spf.h>
#include <spf2/spf_dns.h>
#include <spf2/spf_dns_rr.h>
#include "arena.h"
#include "sbuf.h"
#include "spf_record.h"

#define SPF_MAX_ADDRESSES 128  /* of one name; more are not looked at */
#define SPF_MAX_SHOWN     60   /* bytes of a term at fault in a reason */
#define SPF_NO_LIMIT      1000 /* for the library's own counters, which never get there */

struct node {
    const char *domain;
    struct spf_record record;
};

struct eval {
    struct spf_asker *ask;
    SPF_dns_server_t hooks;
    SPF_dns_rr_t *spare; /* what the look-up hook returns when memory is out: NULL would abort() */
    struct node nodes[SPF_MAX_TERMS + 1]; /* records read so far: the first, and one a term */
    unsigned node_count;
    unsigned explainer; /* the node whose exp= counts: the first, or where redirect= led from it */
    struct dns_question *hosts[SPF_MAX_NAMES]; /* of the mx that is being evaluated */
    bool any_host;                             /* that mx has /0 */
};

/* What "RECORD.TERM.t" stands for. NULL: stopped; the library has no other names. */
static const struct spf_term *find_term(struct eval *e, const char *name,
                                        const struct node **node_r)
{
    char *end;
    unsigned long node = strtoul(name, &end, 10);
    unsigned long term = *end == '.' ? strtoul(end + 1, &end, 10) : 0;
    if (strcmp(end, ".t") != 0 || node >= e->node_count || term >= e->nodes[node].record.count) {
        spf_stop(e->ask, AUTH_TEMPERROR, "libspf2 asked for a name it was not given");
        return NULL;
    }
    *node_r = &e->nodes[node];
    return &e->nodes[node].record.terms[term];
}

static void add_rr(struct eval *e, SPF_dns_rr_t *rr, const void *data, size_t len)
{
    if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, len) != SPF_E_SUCCESS)
        spf_stop_nomem(e->ask);
    else
        memcpy(rr->rr[rr->num_rr++], data, len);
}

static size_t address_size(const struct eval *e)
{
    return e->ask->values.ip.family == IP_V6 ? 16 : 4;
}

/* The answer for what matches whatever the address is: the library compares it with the
 * client's. */
static void add_client(struct eval *e, SPF_dns_rr_t *rr)
{
    add_rr(e, rr, e->ask->values.ip.bytes, address_size(e));
}

static void add_addresses(struct eval *e, SPF_dns_rr_t *rr, const struct dns_answer *answer,
                          bool any)
{
    size_t len = address_size(e);
    for (size_t i = 0; i < answer->count && i < SPF_MAX_ADDRESSES; i++)
        if (answer->rdata[i].len == len)
            add_rr(e, rr, any ? (const char *)e->ask->values.ip.bytes : answer->rdata[i].p, len);
}

/* answer: of a term's own look-up; NULL if stopped. False: there is nothing, or stopped. */
static bool found(struct eval *e, const char *name, const struct dns_answer *answer)
{
    if (!answer)
        return false;
    if (answer->status == DNS_FAILED)
        spf_stop_failed(e->ask, name, answer);
    spf_count_void(e->ask, answer->status);
    return answer->status == DNS_FOUND;
}

/* s5.4. All hosts are asked for at once; the library then takes them in order. */
static void look_up_mx(struct eval *e, const struct dns_answer *mx, bool any, SPF_dns_rr_t *rr)
{
    char host[DNS_NAME_TEXT];
    e->any_host = any;
    if (mx->count > SPF_MAX_NAMES)
        return spf_stop(e->ask, AUTH_PERMERROR, "more than 10 hosts of one mx");
    for (size_t i = 0; i < mx->count; i++) {
        if (mx->rdata[i].len < 3 || !dns_name_text(mx->rdata[i], 2, host) || !*host)
            continue; /* a null MX (RFC 7505) is no host */
        e->hosts[rr->num_rr] = spf_post(e->ask, host, dns_address_type(&e->ask->values.ip));
        char name[16];
        int n = snprintf(name, sizeof name, "%d.m", rr->num_rr);
        add_rr(e, rr, name, (size_t)n + 1);
    }
}

static void look_up_host(struct eval *e, const char *name, SPF_dns_rr_t *rr)
{
    unsigned long i = strtoul(name, NULL, 10);
    const struct dns_answer *answer = i < SPF_MAX_NAMES ? spf_read(e->ask, e->hosts[i]) : NULL;
    if (answer && answer->status == DNS_FAILED)
        spf_stop_failed(e->ask, "a host of an mx", answer);
    else if (answer)
        add_addresses(e, rr, answer, e->any_host);
}

/* s5.5 */
static void look_up_ptr(struct eval *e, const char *domain, SPF_dns_rr_t *rr)
{
    struct spf_asker *ask = e->ask;
    if (!spf_validate_client(ask))
        return;
    spf_count_void(ask, ask->client_status);
    for (unsigned i = 0; i < ask->name_count; i++)
        if (spf_name_below(ask->names[i], domain))
            return add_client(e, rr);
}

static void look_up(struct eval *e, const char *name, SPF_dns_rr_t *rr)
{
    const struct node *node;
    const struct spf_term *term = find_term(e, name, &node);
    const struct dns_answer *answer;
    spf_count_term(e->ask);
    const char *target = term ? spf_target(e->ask, term->target, node->domain) : NULL;
    if (!target)
        return;
    switch (term->kind) {
    case SPF_TERM_A:
        answer = spf_ask(e->ask, target, dns_address_type(&e->ask->values.ip));
        if (found(e, target, answer))
            add_addresses(e, rr, answer, term->prefix == 0);
        break;
    case SPF_TERM_MX:
        answer = spf_ask(e->ask, target, DNS_MX);
        if (found(e, target, answer))
            look_up_mx(e, answer, term->prefix == 0, rr);
        break;
    case SPF_TERM_PTR:
        look_up_ptr(e, target, rr);
        break;
    case SPF_TERM_EXISTS:
        if (found(e, target, spf_ask(e->ask, target, DNS_A)))
            add_client(e, rr);
        break;
    case SPF_TERM_INCLUDE:
    case SPF_TERM_REDIRECT:
        break;
    }
}

static SPF_dns_rr_t *hook_lookup(SPF_dns_server_t *hooks, const char *name, ns_type type,
                                 int should_cache)
{
    struct eval *e = hooks->hook;
    SPF_dns_rr_t *rr = SPF_dns_rr_new_init(hooks, name, type, 0, TRY_AGAIN);
    (void)should_cache;
    if (!rr) {
        spf_stop_nomem(e->ask);
        rr = e->spare;
        e->spare = NULL;
        return rr;
    }
    if (strlen(name) > 2 && !strcmp(name + strlen(name) - 2, ".m"))
        look_up_host(e, name, rr);
    else
        look_up(e, name, rr);
    if (!e->ask->stop)
        rr->herrno = rr->num_rr ? NETDB_SUCCESS : NO_DATA;
    return rr;
}

/* The one SPF record of answer (s4.5). False: none, or stopped. */
static bool select_record(struct eval *e, const struct dns_answer *answer, struct span *text_r)
{
    unsigned count = 0;
    for (size_t i = 0; i < answer->count; i++) {
        size_t len;
        const char *text = dns_txt_join(e->ask->scratch, answer->rdata[i], &len);
        if (!text) {
            spf_stop_nomem(e->ask);
            return false;
        }
        if (!spf_record_selected(span_make(text, len)))
            continue;
        *text_r = span_make(text, len);
        count++;
    }
    if (count > 1)
        spf_stop(e->ask, AUTH_PERMERROR, "two SPF records");
    return count == 1;
}

/* Reads the record of node->domain into node. False: stopped. */
static bool read_record(struct eval *e, struct node *node, bool first)
{
    struct spf_asker *ask = e->ask;
    struct span text, near;
    const char *what;
    const struct dns_answer *answer = spf_ask(ask, node->domain, DNS_TXT);
    if (!answer)
        return false;
    if (answer->status == DNS_FAILED)
        spf_stop_failed(ask, node->domain, answer);
    if (!first)
        spf_count_void(ask, answer->status);
    if (ask->stop)
        return false;
    if (!select_record(e, answer, &text)) {
        spf_stop(ask, first ? AUTH_NONE : AUTH_PERMERROR,
                 arena_printf(ask->scratch, "%s has no SPF record", node->domain));
        return false;
    }
    if (spf_record_parse(text, &ask->values.ip, &node->record, &what, &near) == 0)
        return true;
    near = span_slice(near, 0, SPF_MAX_SHOWN);
    spf_stop(ask, AUTH_PERMERROR,
             arena_printf(ask->scratch, "%s: syntax error near \"%.*s\": %s", node->domain,
                          SPAN_ARGS(near), what));
    return false;
}

/* The record that name stands for. NULL: stopped. */
static const struct node *next_node(struct eval *e, const char *name)
{
    const struct node *parent = NULL;
    const struct spf_term *term = NULL;
    const char *domain = e->ask->values.domain;
    if (e->node_count) {
        spf_count_term(e->ask);
        term = find_term(e, name, &parent);
        domain = term ? spf_target(e->ask, term->target, parent->domain) : NULL;
    }
    if (!domain)
        return NULL;
    assert(e->node_count <= SPF_MAX_TERMS); /* or the count of terms would have stopped it */
    struct node *node = &e->nodes[e->node_count];
    node->domain = domain;
    if (!read_record(e, node, !term))
        return NULL;
    if (term && term->kind == SPF_TERM_REDIRECT && parent == &e->nodes[e->explainer])
        e->explainer = e->node_count;
    e->node_count++;
    return node;
}

static SPF_errcode_t hook_get_spf(SPF_server_t *server, SPF_request_t *request,
                                  SPF_response_t *response, SPF_record_t **record_r)
{
    struct eval *e = server->resolver->hook;
    struct spf_asker *ask = e->ask;
    struct sbuf text;
    *record_r = NULL;
    const struct node *node = next_node(e, request->cur_dom);
    if (!node)
        return SPF_E_DNS_ERROR;
    sbuf_init(&text, SPF_REWRITTEN_MAX);
    spf_record_rewrite(&node->record, (unsigned)(node - e->nodes), &ask->values.ip, &text);
    SPF_errcode_t rc = SPF_E_NO_MEMORY;
    if (!text.failed)
        rc = SPF_record_compile(server, response, record_r, text.p);
    sbuf_clear(&text);
    if (rc == SPF_E_NO_MEMORY)
        spf_stop_nomem(ask);
    else if (rc != SPF_E_SUCCESS ||
             (*record_r)->num_mech != node->record.count + !!node->record.otherwise)
        spf_stop(ask, AUTH_TEMPERROR, "libspf2 did not take the record");
    return ask->stop ? SPF_E_DNS_ERROR : SPF_E_SUCCESS;
}

static enum auth_result result_of(SPF_result_t result)
{
    switch (result) {
    case SPF_RESULT_PASS:
        return AUTH_PASS;
    case SPF_RESULT_FAIL:
        return AUTH_FAIL;
    case SPF_RESULT_SOFTFAIL:
        return AUTH_SOFTFAIL;
    case SPF_RESULT_NEUTRAL:
        return AUTH_NEUTRAL;
    default:
        return AUTH_UNKNOWN;
    }
}

/* Asks the library. */
static void query(struct eval *e, SPF_request_t *request)
{
    const struct ipaddr *ip = &e->ask->values.ip;
    struct in_addr v4;
    struct in6_addr v6;
    memcpy(&v4, ip->bytes, sizeof v4);
    memcpy(&v6, ip->bytes, sizeof v6);
    SPF_response_t *response = NULL;
    SPF_errcode_t rc =
        ip->family == IP_V6 ? SPF_request_set_ipv6(request, v6) : SPF_request_set_ipv4(request, v4);
    if (rc == SPF_E_SUCCESS)
        rc = SPF_request_set_env_from(request, "top");
    if (rc == SPF_E_SUCCESS)
        rc = SPF_request_query_mailfrom(request, &response);
    if (rc == SPF_E_NO_MEMORY)
        spf_stop_nomem(e->ask);
    enum auth_result verdict = response ? result_of(SPF_response_result(response)) : AUTH_UNKNOWN;
    if (verdict == AUTH_UNKNOWN)
        spf_stop(e->ask, AUTH_TEMPERROR,
                 arena_printf(e->ask->scratch, "libspf2: %s", SPF_strerror(rc)));
    else
        spf_stop(e->ask, verdict, NULL);
    if (response)
        SPF_response_free(response);
}

void spf_evaluate(struct spf_asker *a, struct spf_explainer *explainer_r)
{
    char nobody[] = "vouch"; /* for comments of the library that nobody reads */
    struct eval e = {.ask = a};
    e.hooks = (SPF_dns_server_t){
        .lookup = hook_lookup, .get_spf = hook_get_spf, .name = "vouch", .hook = &e};
    SPF_server_t server = {.resolver = &e.hooks,
                           .rec_dom = nobody,
                           .max_dns_mech = SPF_NO_LIMIT,
                           .max_dns_ptr = SPF_NO_LIMIT,
                           .max_dns_mx = SPF_NO_LIMIT};
    SPF_request_t *request = SPF_request_new(&server);
    e.spare = SPF_dns_rr_new_init(&e.hooks, NULL, ns_t_a, 0, TRY_AGAIN);
    if (request && e.spare)
        query(&e, request);
    else
        spf_stop_nomem(a);
    if (request)
        SPF_request_free(request);
    if (e.spare)
        SPF_dns_rr_free(e.spare);
    *explainer_r = (struct spf_explainer){.domain = e.nodes[e.explainer].domain,
                                          .target = e.nodes[e.explainer].record.explanation};
}
