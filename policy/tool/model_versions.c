/* SPDX-License-Identifier: BSD-2-Clause */
/* The versions of a model, as a list. */
#include "config.h"
#include "model_versions.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "model.h"
#include "tool.h"

static int add(void *arg, const struct store_version_info *info)
{
    struct model_versions *v = arg;
    if (v->count == MODEL_VERSIONS_MAX)
        return VOUCH_E_LIMIT;
    struct model_version *version = &v->list[v->count++];
    *version = (struct model_version){
        .active = info->active, .previous = info->previous, .keys = info->keys};
    snprintf(version->name, sizeof version->name, "%s", info->name);
    return 0;
}

int model_versions_read(struct store *s, struct model_versions *v_r)
{
    v_r->count = 0;
    int rc = store_versions(s, add, v_r);
    if (rc == VOUCH_E_LIMIT)
        return tool_error(EX_DATAERR,
                          "the model has more than %d versions; 'vouch model drop' "
                          "removes one",
                          MODEL_VERSIONS_MAX);
    return rc == 0 ? 0 : model_store_error(s, "the model's versions cannot be read", rc);
}

struct marks {
    struct model_version *v;
    int (*each)(void *, const char *writer, uint64_t watermark);
    void *arg;
};

static int take_mark(void *arg, const char *writer, uint64_t watermark)
{
    struct marks *m = arg;
    if (strcmp(writer, MODEL_BUILD_WRITER) != 0)
        return m->each ? m->each(m->arg, writer, watermark) : 0;
    m->v->unfinished = watermark < MODEL_BUILD_DONE;
    return 0;
}

int model_versions_marks(const struct settings *s, const char *url, struct model_version *v,
                         int (*each)(void *, const char *writer, uint64_t watermark), void *arg)
{
    struct marks m = {v, each, arg};
    int status = 0;
    struct store *store = tool_store_version(s, url, v->name, true, &status);
    if (!store)
        return status;
    int rc = store_watermarks(store, take_mark, &m);
    if (rc == VOUCH_E_TEMP || rc == VOUCH_E_IO || rc == VOUCH_E_NOMEM)
        rc = model_store_error(store, "the model's watermarks cannot be read", rc);
    store_close(&store);
    return rc;
}

const struct model_version *model_versions_find(const struct model_versions *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->list[i].name, name) == 0)
            return &v->list[i];
    return NULL;
}

const struct model_version *model_versions_active(const struct model_versions *v)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->list[i].active)
            return &v->list[i];
    return NULL;
}

const struct model_version *model_versions_previous(const struct model_versions *v)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->list[i].previous)
            return &v->list[i];
    return NULL;
}

int model_versions_unknown(const struct model_versions *v, const char *name)
{
    char names[400] = "";
    for (size_t i = 0, at = 0; i < v->count && at < sizeof names - STORE_VERSION_MAX - 8; i++)
        at +=
            (size_t)snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "", v->list[i].name);
    return tool_error(EX_NOINPUT, "there is no version '%s' of the model; there are: %s", name,
                      *names ? names : "none");
}

struct store *model_versions_open(const struct settings *s, const char *url, const char *name,
                                  int *status_r)
{
    struct model_versions v;
    struct store *store = tool_store(s, url, true, status_r);
    if (!store || !name)
        return store;
    *status_r = model_versions_read(store, &v);
    if (*status_r == 0 && !model_versions_find(&v, name))
        *status_r = model_versions_unknown(&v, name);
    store_close(&store);
    return *status_r == 0 ? tool_store_version(s, url, name, true, status_r) : NULL;
}

void model_versions_next(const struct model_versions *v, char name_r[STORE_VERSION_MAX + 1])
{
    uint64_t highest = 0, number;
    for (size_t i = 0; i < v->count; i++)
        if (span_uint(span_of(v->list[i].name), UINT32_MAX, &number) == 0 && number > highest)
            highest = number;
    snprintf(name_r, STORE_VERSION_MAX + 1, "%" PRIu64, highest + 1);
}
