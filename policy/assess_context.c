/* SPDX-License-Identifier: BSD-2-Clause */
/* What all messages share while they are judged: DNS, the model, the DKIM library, public
 * suffixes. */
#include "config.h"
#include <libpsl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "assess_private.h"

#define STORE_CONNECT_MS 1000

static int open_resolver(struct assess_context *c, const struct settings *s,
                         const struct assess_options *o, char *error_r, size_t size)
{
    struct resolver_options options = {
        .servers = o->dns_server ? &o->dns_server : s->dns_servers,
        .server_count = o->dns_server ? 1 : s->dns_server_count,
        .zone_file = o->zone_file,
        .zone_ops = o->zone_ops,
        .trust_anchor = s->dns_trust_anchor,
    };
    c->resolver = resolver_new(&options, error_r, size);
    if (c->resolver)
        return 0;
    if (!o->zone_file)
        return EX_UNAVAILABLE;
    return access(o->zone_file, R_OK) == 0 ? EX_DATAERR : EX_NOINPUT;
}

static int open_store(struct assess_context *c, const struct settings *s,
                      const struct assess_options *o, char *error_r, size_t size)
{
    struct store_options options = {
        .user = s->store_user,
        .password_file = s->store_password_file,
        .connect_timeout_ms = STORE_CONNECT_MS,
        .read_only = o->read_only,
        .half_life = s->trust.half_life,
        .version = o->version,
    };
    c->store = store_open(o->store ? o->store : s->store, &options, error_r, size);
    return c->store ? 0 : EX_UNAVAILABLE;
}

static int open_suffixes(struct assess_context *c, const struct settings *s, char *error_r,
                         size_t size)
{
    const char *path = s->public_suffix_list ? s->public_suffix_list : PUBLIC_SUFFIX_LIST;
    c->psl = psl_load_file(path);
    /* any text is read as a list */
    if (c->psl && psl_is_public_suffix2(c->psl, "com", PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE))
        return 0;
    snprintf(error_r, size,
             "%s: %s, without which DMARC cannot be judged: install the publicsuffix package, or "
             "name the file with public_suffix_list in vouch.conf",
             path, c->psl ? "is not the public suffix list" : "cannot read the public suffix list");
    return EX_CONFIG;
}

struct assess_context *assess_context_new(const struct settings *settings,
                                          const struct assess_options *options, char *error_r,
                                          size_t size, int *exit_r)
{
    struct assess_context *c = calloc(1, sizeof *c);
    int rc = EX_OSERR;
    snprintf(error_r, size, "out of memory");
    if (!c || !(c->sensor = strdup(options->sensor)))
        goto fail;
    if ((rc = open_suffixes(c, settings, error_r, size)) != 0 ||
        (rc = open_store(c, settings, options, error_r, size)) != 0)
        goto fail;
    if (options->no_dns)
        return c;
    if ((rc = open_resolver(c, settings, options, error_r, size)) != 0)
        goto fail;
    c->dkim = dkim_verifier_new(error_r, size);
    rc = EX_SOFTWARE;
    if (!c->dkim)
        goto fail;
    return c;
fail:
    *exit_r = rc;
    assess_context_free(&c);
    return NULL;
}

void assess_context_free(struct assess_context **cp)
{
    struct assess_context *c = *cp;
    if (!c)
        return;
    *cp = NULL;
    dkim_verifier_free(&c->dkim);
    store_close(&c->store);
    resolver_free(&c->resolver);
    if (c->psl)
        psl_free(c->psl);
    free(c->sensor);
    free(c);
}

struct store *assess_context_store(struct assess_context *c)
{
    return c->store;
}

struct resolver *assess_context_resolver(struct assess_context *c)
{
    return c->resolver;
}

bool assess_context_dns_silent(struct assess_context *c)
{
    return c->resolver && resolver_silent(c->resolver);
}

const char *assess_context_sensor(const struct assess_context *c)
{
    return c->sensor;
}

const struct psl_ctx_st *assess_context_psl(const struct assess_context *c)
{
    return c->psl;
}

const char *assess_context_authserv_id(const struct assess_context *c, const struct settings *s)
{
    return s->authserv_id ? s->authserv_id : c->sensor;
}
