/* SPDX-License-Identifier: BSD-2-Clause */
/* Lessons of records that somebody else wrote, or a disk spoilt: keys that any store keeps, masses and
 * times within bounds, and a batch that takes them. */
#include <stdlib.h>
#include <string.h>
#include "identity.h"
#include "learn_batch.h"
#include "record_avro.h"
#include "tally.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA_BYTES (64u << 20)

static void check_name(const char *name)
{
    if (!*name || strlen(name) > STORE_NAME_MAX || !utf8_valid(span_of(name)))
        abort();
}

static void check_key(const struct store_key *key)
{
    check_name(key->group);
    check_name(key->field);
}

static void check(const struct lesson *l)
{
    if (l->time < 0 || l->time > TALLY_TIME_MAX || l->target_count > IDENTITY_MAX ||
        l->correspondent_count > IDENTITY_MAX || l->label_count > LESSON_LABELS_MAX)
        abort();
    for (size_t i = 0; i < l->target_count; i++)
        check_key(&l->targets[i]);
    for (size_t i = 0; i < l->window_count; i++)
        check_key(&l->windows[i].key);
    for (size_t i = 0; i < l->correspondent_count; i++)
        check_key(&l->correspondents[i]);
    if (l->label_count)
        check_key(&l->mark_key);
    for (size_t i = 0; i < l->label_count; i++)
        if (l->labels[i].verdict < LABEL_BAD || l->labels[i].verdict > LABEL_GOOD ||
            l->labels[i].at != l->time)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct record *r;
    struct lesson l;
    struct settings s = {.trust.half_life = 86400};
    for (int i = 0; i < LABEL_SOURCE_COUNT; i++)
        s.label_weights[i] = 1;
    struct arena *arena = arena_new(ARENA_BYTES);
    if (arena && record_decode(arena, span_make(data, size), &r) == 0 &&
        lesson_read(arena, &s, NULL, r, &l) == 0) {
        check(&l);
        struct learn_batch *b = learn_batch_new(1, s.trust.half_life, "w@1");
        if (b && !l.erased)
            (void)learn_batch_add(b, &l);
        learn_batch_free(&b);
    }
    arena_free(&arena);
    return 0;
}
