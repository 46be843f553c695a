/* SPDX-License-Identifier: BSD-2-Clause */
/* The snapshot's life. Everything that it says lies in its arena; only the count of references
 * changes after settings_parse. */
#include "settings.h"
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "settings_private.h"

struct snapshot {
    struct settings settings; /* first: a pointer to it is a pointer to the snapshot */
    atomic_uint refs;
};

struct settings *settings_new(void)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (!snapshot)
        return NULL;
    atomic_init(&snapshot->refs, 1);
    snapshot->settings.arena = arena_new(SETTINGS_MAX_MEMORY);
    if (!snapshot->settings.arena) {
        free(snapshot);
        return NULL;
    }
    return &snapshot->settings;
}

bool settings_may_store(const struct settings *s)
{
    if (s->mode == MODE_ENFORCE && s->quarantine == QUARANTINE_STORE)
        return true;
    for (size_t i = 0; i < s->policy_count; i++) {
        const struct policy *p = &s->policies[i];
        int mode = p->mode >= 0 ? p->mode : (int)s->mode;
        int method = p->quarantine >= 0 ? p->quarantine : (int)s->quarantine;
        if (mode == MODE_ENFORCE && method == QUARANTINE_STORE)
            return true;
    }
    return false;
}

struct settings *settings_ref(struct settings *s)
{
    if (s)
        atomic_fetch_add(&((struct snapshot *)s)->refs, 1);
    return s;
}

void settings_unref(struct settings **sp)
{
    struct settings *s = *sp;
    *sp = NULL;
    if (!s || atomic_fetch_sub(&((struct snapshot *)s)->refs, 1) > 1)
        return;
    struct arena *arena = s->arena;
    settings_unref(&s->shadow);
    arena_free(&arena);
    free(s);
}

struct settings *settings_default(void)
{
    struct settings_error *errors;
    size_t count;
    struct settings *s = settings_parse("", 0, "built-in defaults", &errors, &count);
    settings_errors_free(&errors, count);
    return s;
}

int settings_trust_place(const struct schema_row *row)
{
    if (strncmp(row->key.path, "weights.", strlen("weights.")) != 0 &&
        strcmp(row->key.path, "most_for") != 0)
        return -1;
    return (int)((row->offset - offsetof(struct settings, trust)) / sizeof(double));
}

struct trust_params settings_trust(const struct settings *s, const struct trust_params *fitted)
{
    struct trust_params params = s->trust;
    if (!fitted)
        return params;
    if (!s->trust_set[SETTINGS_TRUST_PLACE(bias)])
        params.bias = fitted->bias;
    if (!s->trust_set[SETTINGS_TRUST_PLACE(most_for)])
        params.most_for = fitted->most_for;
    for (int w = 0; w < TW_COUNT; w++)
        if (!s->trust_set[SETTINGS_TRUST_PLACE(w) + (size_t)w])
            params.w[w] = fitted->w[w];
    return params;
}

void settings_errors_free(struct settings_error **errorsp, size_t count)
{
    if (!*errorsp)
        return;
    for (size_t i = 0; i < count; i++)
        free((*errorsp)[i].text);
    free(*errorsp);
    *errorsp = NULL;
}

void settings_set_shadow(struct settings *s, struct settings *shadow)
{
    const size_t from = offsetof(struct settings, mode),
                 to = offsetof(struct settings, trust) + sizeof s->trust;
    struct settings own = *shadow;
    *shadow = *s;
    memcpy((char *)shadow + from, (char *)&own + from, to - from);
    shadow->arena = own.arena;
    shadow->file = own.file;
    shadow->trust.half_life = s->trust.half_life;
    shadow->shadow_file = NULL;
    shadow->shadow = NULL;
    s->shadow = shadow;
}
