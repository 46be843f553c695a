/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch model list: the versions of the model, and how far each has come in every journal. */
#include "config.h"
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include "model.h"
#include "model_versions.h"
#include "model_weights.h"
#include "settings.h"
#include "tool.h"

static const char usage[] =
    "Usage: vouch model list [OPTION]...\n"
    "Lists the versions of the model: which one is asked (active), which one 'vouch model "
    "rollback'\n"
    "returns to (previous), how many keys each has, and up to which record it has learnt each\n"
    "journal.\n\n"
    "  --config FILE   settings to find the store in\n"
    "  --store URL     the store: lmdb:DIR, redis://HOST:PORT/DB, redis+unix:PATH\n"
    "  --json          one object a line for each version\n"
    "  --help          this text\n\n"
    "Exit status: 0 done; 64 usage, 69 the store cannot be reached, 78 configuration.\n";

static const char *state_of(const struct model_version *v)
{
    return v->active ? "active" : v->unfinished ? "unfinished" : v->previous ? "previous" : "-";
}

static int add_mark(void *arg, const char *writer, uint64_t watermark)
{
    json_t *learnt = arg;
    return json_object_set_new(learnt, writer, json_integer((json_int_t)watermark)) == 0 ? 0
                                                                                         : EX_OSERR;
}

/* Takes learnt. */
static int print_json(const struct model_version *v, json_t *learnt, const struct trust_fit *fit)
{
    json_t *o =
        json_pack("{s:s, s:b, s:b, s:b, s:I, s:o, s:o}", "version", v->name, "active", v->active,
                  "previous", v->previous, "unfinished", v->unfinished, "keys", (json_int_t)v->keys,
                  "learnt", learnt, "weights", model_weights_json(fit));
    int rc = o ? json_dumpf(o, stdout, JSON_COMPACT | JSON_SORT_KEYS) : -1;
    json_decref(o);
    putchar('\n');
    return rc == 0 ? 0 : tool_error(EX_OSERR, "out of memory");
}

static void print_text(const struct model_version *v, json_t *learnt, const struct trust_fit *fit)
{
    char text[MODEL_WEIGHTS_TEXT];
    const char *writer;
    json_t *mark;
    printf("%-12s %-10s %12" PRIu64 " keys\n", v->name, state_of(v), v->keys);
    if (fit)
        printf("    weights %s\n", model_weights_text(fit, text));
    json_object_foreach(learnt, writer, mark)
    {
        printf("    ");
        tool_print_safe(stdout, writer);
        printf(" learnt to record %" JSON_INTEGER_FORMAT "\n", json_integer_value(mark));
    }
}

static int list_one(const struct model_options *o, const struct settings *s,
                    struct model_version *v)
{
    json_t *learnt = json_object();
    if (!learnt)
        return tool_error(EX_OSERR, "out of memory");
    struct trust_fit weights, *fit = NULL;
    int status = model_versions_marks(s, o->store, v, add_mark, learnt);
    struct store *store =
        status == 0 ? tool_store_version(s, o->store, v->name, true, &status) : NULL;
    if (store && model_weights_read(store, &weights) == LOOKUP_FOUND)
        fit = &weights;
    store_close(&store);
    if (status == 0 && o->json)
        return print_json(v, learnt, fit);
    if (status == 0)
        print_text(v, learnt, fit);
    json_decref(learnt);
    return status;
}

int model_list(int argc, char **argv)
{
    struct model_options o;
    struct model_versions versions;
    int status = 0;
    if (model_options(argc, argv, "csj", 0, usage, &o, &status) != 0)
        return status;
    struct settings *settings = tool_settings(o.config, &status);
    if (!settings)
        return status;
    struct store *s = tool_store(settings, o.store, true, &status);
    if (s)
        status = model_versions_read(s, &versions);
    for (size_t i = 0; s && status == 0 && i < versions.count; i++)
        status = list_one(&o, settings, &versions.list[i]);
    if (status == 0 && fflush(stdout) != 0)
        status = tool_error(EX_IOERR, "standard output could not be written");
    store_close(&s);
    settings_unref(&settings);
    return status;
}
