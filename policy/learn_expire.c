/* SPDX-License-Identifier: BSD-2-Clause */
/* What a model need not keep any longer: marks of messages about which nobody can say anything new. */
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "learn.h"
#include "learn_lesson.h"

#define DAY_US    (INT64_C(86400) * 1000000)
#define AT_ONCE   1000        /* marks removed in one step */
#define MOST      100000      /* in one run: the rest has time */
#define OLD_BYTES (64u << 20) /* of their names */

struct expiry {
    int64_t before_us; /* labels given before this are old */
    struct arena *arena;
    struct store_key *keys;
    size_t count, cap;
    const struct store_key *step; /* those removed now */
    size_t step_count;
    uint64_t removed; /* by the step */
};

static bool is_old(const struct expiry *e, struct span value)
{
    struct mark m;
    return mark_decode(value.p, value.len, &m) == 0 && m.time_us < e->before_us;
}

/* store_scan_bytes' each; 1: enough. */
static int note(void *arg, const struct store_key *key, struct span value)
{
    struct expiry *e = arg;
    if (strncmp(key->group, LESSON_MARK_PREFIX, strlen(LESSON_MARK_PREFIX)) != 0 ||
        !is_old(e, value))
        return 0;
    if (arena_grow(e->arena, &e->keys, e->count, &e->cap, sizeof *e->keys, MOST) != 0)
        return 1;
    struct store_key kept = {arena_strdup(e->arena, key->group),
                             arena_strdup(e->arena, key->field)};
    if (!kept.group || !kept.field)
        return 1;
    e->keys[e->count++] = kept;
    return 0;
}

/* store_compute: a label may have come in the meantime. */
static int drop_old(void *arg, const struct span *now, struct span *new_r)
{
    struct expiry *e = arg;
    e->removed = 0;
    for (size_t i = 0; i < e->step_count; i++) {
        if (!is_old(e, now[i]))
            continue;
        new_r[i] = span_make("", 0);
        e->removed++;
    }
    return 0;
}

static int by_name(const void *pa, const void *pb)
{
    const struct store_key *a = pa, *b = pb;
    int c = strcmp(a->group, b->group);
    return c ? c : strcmp(a->field, b->field);
}

/* Redis may have told of a key twice. */
static void make_unique(struct expiry *e)
{
    size_t n = 0;
    if (e->count)
        qsort(e->keys, e->count, sizeof *e->keys, by_name);
    for (size_t i = 0; i < e->count; i++)
        if (n == 0 || by_name(&e->keys[n - 1], &e->keys[i]) != 0)
            e->keys[n++] = e->keys[i];
    e->count = n;
}

int learn_expire(struct store *s, int64_t now_us, uint64_t *removed_r)
{
    struct expiry e = {.before_us = now_us - LEARN_MARK_DAYS * DAY_US,
                       .arena = arena_new(OLD_BYTES)};
    *removed_r = 0;
    int rc = e.arena ? store_scan_bytes(s, note, &e) : VOUCH_E_NOMEM;
    make_unique(&e);
    for (size_t i = 0; i < e.count && rc >= 0; i += e.step_count) {
        e.step = &e.keys[i];
        e.step_count = e.count - i < AT_ONCE ? e.count - i : AT_ONCE;
        rc = store_change(s, e.step, e.step_count, drop_old, &e, "", 0);
        *removed_r += rc == 0 ? e.removed : 0;
    }
    arena_free(&e.arena);
    return rc < 0 ? rc : 0;
}
