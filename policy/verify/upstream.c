/* SPDX-License-Identifier: BSD-2-Clause */
/* libunbound's contexts: a validating cache that forwards to the given servers, or to those of resolv.conf(5). */
#include "upstream.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unbound-event.h>
#include <unbound.h>
#include "errors.h"
#include "evloop.h"
#include "ipaddr.h"
#include "resolver.h"

#define RESOLV_CONF_LINES 1000

/* "ADDR" or "ADDR@PORT" */
static bool server_valid(const char *server)
{
    struct span rest = span_of(server), address, port = SPAN_NONE;
    struct ipaddr ip;
    uint64_t number;
    span_split(&rest, '@', &address);
    if (rest.p)
        port = rest;
    return ipaddr_parse(address, &ip) == 0 && address.p[0] != '[' &&
           !span_istarts(address, "ipv6:") &&
           (!port.p || (span_uint(port, 65535, &number) == 0 && number > 0));
}

static int add_server(struct upstream *u, const char *server)
{
    if (!server_valid(server) || strlen(server) >= UPSTREAM_ADDRESS)
        return UB_SYNTAX;
    if (u->count == UPSTREAM_MAX_SERVERS)
        return 0;
    memcpy(u->servers[u->count++], server, strlen(server) + 1);
    u->count_ip6 += strchr(server, ':') != NULL;
    return 0;
}

/* The "nameserver ADDR" lines (resolv.conf(5)). A file that is not there names none. */
static void add_system_servers(struct upstream *u, const char *path)
{
    FILE *f = fopen(path ? path : UPSTREAM_RESOLV_CONF, "re");
    char line[256], address[UPSTREAM_ADDRESS];
    for (unsigned n = 0; f && n < RESOLV_CONF_LINES && fgets(line, sizeof line, f); n++)
        if (sscanf(line, " nameserver %63s", address) == 1)
            (void)add_server(u, address); /* what is no address is left out */
    if (f)
        fclose(f);
}

int upstream_init(struct upstream *u, const struct resolver_options *o, char *error_r, size_t size)
{
    int rc = 0;
    *u = (struct upstream){.trust_anchor = o->trust_anchor ? strdup(o->trust_anchor) : NULL};
    if (o->trust_anchor && !u->trust_anchor) {
        snprintf(error_r, size, "DNS: out of memory");
        return VOUCH_E_NOMEM;
    }
    for (size_t i = 0; rc == 0 && i < o->server_count; i++)
        if ((rc = add_server(u, o->servers[i])) != 0)
            snprintf(error_r, size,
                     "DNS server \"%s\": not an address: write it like 192.0.2.53, "
                     "192.0.2.53@5353 or 2001:db8::53@5353",
                     o->servers[i]);
    if (o->server_count == 0)
        add_system_servers(u, o->resolv_conf);
    return rc;
}

void upstream_clear(struct upstream *u)
{
    free(u->trust_anchor);
    *u = (struct upstream){.count = 0};
}

/* Options are set before the context is first used; a libunbound that does not know one is as good
 * without. */
static void set_options(const struct upstream *u, struct ub_ctx *context, unsigned sockets)
{
    char range[16];
    snprintf(range, sizeof range, "%u", sockets);
    const char *const options[][2] = {
        /* A question goes out again after 1 s, then after 2 s, and is given up after 6 s in all: a
         * slow domain behind a fast forwarder is waited for. By default it would be asked each 50
         * ms and given up within 2 s. */
        {"infra-cache-min-rtt:", "1000"},
        {"outbound-msg-retry:", "2"},
        /* A forwarder is not held dead for long because some domain behind it was silent. */
        {"infra-host-ttl:", "2"},
        /* with no socket left, libunbound would queue every question behind the slow ones */
        {"outgoing-range:", range},
        /* each has 64 KiB of buffer, and takes 200 questions */
        {"outgoing-num-tcp:", "8"},
        {"msg-cache-size:", "2m"},
        {"rrset-cache-size:", "4m"},
        {"do-not-query-localhost:", "no"},
        /* names of private networks are known to the operator's own server, if to any */
        {"unblock-lan-zones:", "yes"},
        {"insecure-lan-zones:", "yes"},
        {"qname-minimisation:", "no"},
        {"rrset-roundrobin:", "no"}, /* the same answer gives the same verdict */
        {"minimal-responses:", "yes"},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        ub_ctx_set_option(context, options[i][0], options[i][1]);
    if (!u->trust_anchor)
        ub_ctx_set_option(context, "module-config:", "iterator");
    /* for each family over which a server might be asked it has a list of all ports: 232 KiB */
    if (u->count_ip6 == 0)
        ub_ctx_set_option(context, "do-ip6:", "no");
    else if (u->count_ip6 == u->count)
        ub_ctx_set_option(context, "do-ip4:", "no");
    ub_ctx_debugout(context, NULL);
}

static void on_started(void *arg, int rcode, void *packet, int length, int security, char *why,
                       int rate_limited)
{
    (void)arg, (void)rcode, (void)packet, (void)length, (void)security, (void)why;
    (void)rate_limited;
}

static int add_anchor(struct ub_ctx *context, const char *path, char *error_r, size_t size)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        snprintf(error_r, size, "%s: cannot read the DNSSEC trust anchor: %s", path,
                 strerror(errno));
        return VOUCH_E_IO;
    }
    fclose(f);
    snprintf(error_r, size, "%s: libunbound cannot use this as DNSSEC trust anchor", path);
    return ub_ctx_add_ta_file(context, path);
}

int upstream_open(const struct upstream *u, struct evloop *loop, unsigned sockets,
                  struct ub_ctx **context_r, char *error_r, size_t size)
{
    struct ub_ctx *context = ub_ctx_create_ub_event(evloop_base(loop));
    int rc = 0;
    snprintf(error_r, size, "DNS: libunbound cannot be started: %s", strerror(errno));
    if (!context)
        return VOUCH_E_NOMEM;
    set_options(u, context, sockets);
    for (unsigned i = 0; rc == 0 && i < u->count; i++)
        rc = ub_ctx_set_fwd(context, u->servers[i]);
    if (rc == 0 && u->trust_anchor)
        rc = add_anchor(context, u->trust_anchor, error_r, size);
    /* the first question is when libunbound reads what it was given; this one it answers itself */
    if (rc == 0)
        rc = ub_resolve_event(context, "localhost", DNS_A, 1, NULL, on_started, NULL);
    if (rc != 0)
        ub_ctx_delete(context);
    else
        *context_r = context;
    return rc;
}
