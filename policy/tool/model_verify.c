/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch model verify: decodes every value of a version, and sums it up in one line. */
#include "config.h"
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include "model.h"
#include "model_check.h"
#include "model_versions.h"
#include "model_weights.h"
#include "tool.h"

#define NAMED_MAX 100 /* damaged keys that are named */

static const char usage[] =
    "Usage: vouch model verify [OPTION]... [VERSION]\n"
    "Reads and decodes every value of the model (of the active version unless VERSION is given),\n"
    "names those that are damaged, and prints how many there are of each kind and a digest of all\n"
    "counts and windows. Two models that know the same have the same digest, whatever store they\n"
    "are in and however they came about.\n\n"
    "  --config FILE   settings to find the store in\n"
    "  --store URL     the store: lmdb:DIR, redis://HOST:PORT/DB, redis+unix:PATH\n"
    "  --json          the same as one object\n"
    "  --help          this text\n\n"
    "Exit status: 0 all is well; 64 usage, 65 something is damaged, 66 there is no such version,\n"
    "69 the store cannot be reached, 78 configuration.\n";

struct verify {
    json_t *names; /* NULL: print */
    uint64_t named;
};

static void name_damaged(void *arg, const struct store_key *key, const char *why)
{
    struct verify *v = arg;
    if (v->named++ >= NAMED_MAX)
        return;
    if (v->names) {
        json_array_append_new(v->names, json_pack("{s:s%, s:s%, s:s}", "group", key->group,
                                                  strlen(key->group), "field", key->field,
                                                  strlen(key->field), "why", why));
        return;
    }
    printf("damaged: ");
    tool_print_safe(stdout, key->group);
    putchar(' ');
    tool_print_safe(stdout, key->field);
    printf(": %s\n", why);
}

static void print_text(const struct model_version *v, const struct model_check *c,
                       const struct trust_fit *fit)
{
    if (c->wrong > NAMED_MAX)
        printf("... and %" PRIu64 " more\n", c->wrong - NAMED_MAX);
    printf("version     %s%s\n", v->name, v->active ? " (active)" : "");
    printf("keys        %" PRIu64 "\n", c->keys);
    for (int kind = 0; kind < MODEL_KIND_COUNT; kind++)
        printf("  %-10s%" PRIu64 "\n", model_kind_name((enum model_kind)kind), c->kinds[kind]);
    char text[MODEL_WEIGHTS_TEXT];
    if (fit)
        printf("weights     %s\n", model_weights_text(fit, text));
    printf("damaged     %" PRIu64 "\n", c->wrong);
    printf("digest      %s\n", c->digest);
}

static int print_json(const struct model_version *v, const struct model_check *c, json_t *names,
                      const struct trust_fit *fit)
{
    json_t *kinds = json_object();
    for (int kind = 0; kinds && kind < MODEL_KIND_COUNT; kind++)
        json_object_set_new(kinds, model_kind_name((enum model_kind)kind),
                            json_integer((json_int_t)c->kinds[kind]));
    json_t *o = json_pack("{s:s, s:b, s:I, s:o, s:I, s:O, s:s, s:o}", "version", v->name, "active",
                          v->active, "keys", (json_int_t)c->keys, "kinds", kinds, "damaged",
                          (json_int_t)c->wrong, "damaged_keys", names, "digest", c->digest,
                          "weights", model_weights_json(fit));
    int rc = o ? json_dumpf(o, stdout, JSON_COMPACT) : -1;
    json_decref(o);
    putchar('\n');
    return rc == 0 ? 0 : tool_error(EX_OSERR, "out of memory");
}

static int verify(const struct model_options *o, const struct settings *settings,
                  const struct model_version *version)
{
    int status = 0;
    struct store *s = tool_store_version(settings, o->store, version->name, true, &status);
    if (!s)
        return status;
    const char *url = o->store ? o->store : settings->store;
    struct verify v = {.names = o->json ? json_array() : NULL};
    struct model_check c = {
        .damaged = name_damaged, .arg = &v, .may_repeat = strncmp(url, "redis", 5) == 0};
    struct progress progress;
    progress_start(&progress, stderr, "verifying", "keys", version->keys);
    int rc = model_check(s, &c, &progress);
    progress_end(&progress);
    struct trust_fit weights;
    const struct trust_fit *fit =
        rc == 0 && c.kinds[MODEL_WEIGHTS] > 0 && model_weights_read(s, &weights) == LOOKUP_FOUND
            ? &weights
            : NULL;
    if (rc != 0)
        status = model_store_error(s, "the model could not be read to its end", rc);
    else if (o->json)
        status = print_json(version, &c, v.names, fit);
    else
        print_text(version, &c, fit);
    if (status == 0 && fflush(stdout) != 0)
        status = tool_error(EX_IOERR, "standard output could not be written");
    if (status == 0 && c.wrong > 0)
        status = tool_error(EX_DATAERR,
                            "%" PRIu64 " of %" PRIu64 " values are damaged; 'vouch model "
                            "build' makes a new version from the journal",
                            c.wrong, c.keys);
    json_decref(v.names);
    store_close(&s);
    return status;
}

int model_verify(int argc, char **argv)
{
    struct model_options o;
    struct model_versions versions;
    int status = 0;
    if (model_options(argc, argv, "csj", 1, usage, &o, &status) != 0)
        return status;
    struct settings *settings = tool_settings(o.config, &status);
    if (!settings)
        return status;
    struct store *s = tool_store(settings, o.store, true, &status);
    if (s)
        status = model_versions_read(s, &versions);
    store_close(&s);
    if (status == 0) {
        const struct model_version *v = o.arg_count > 0 ? model_versions_find(&versions, o.args[0])
                                                        : model_versions_active(&versions);
        status = v ? verify(&o, settings, v)
                   : model_versions_unknown(&versions, o.arg_count > 0 ? o.args[0] : "active");
    }
    settings_unref(&settings);
    return status;
}
