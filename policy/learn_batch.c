/* SPDX-License-Identifier: BSD-2-Clause */
/* Lessons gathered by key, and taught in one step. What is added does not depend on the order of the
 * lessons: sums are exact, windows are sets, and of two labels of a message the same one wins
 * (mark.h). Only a message's first label of all may have to count it as seen, and whichever comes
 * first does. */
#include "learn_batch.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "errors.h"
#include "identity.h"
#include "label.h"
#include "learn_position.h"
#include "learn_slot.h"

#define MASS_UNIT 65536.0 /* mark.h */

/* What one lesson may name: identities, two windows, its labels' mark and correspondents. */
#define KEYS_OF_ONE (2 * IDENTITY_MAX + 3)
/* of the arena: the most that one lesson may take, and one key */
#define BYTES_OF_ONE 65536
#define BYTES_OF_KEY (2 * IDENTITY_KEY_MAX + 64)
#define BYTES_MORE   (1u << 20)

/* A lesson whose keys are slots. */
struct entry {
    int64_t time;
    bool seen, mark_seen;
    struct learn_slot **targets;
    size_t target_count;
    struct entry_window {
        struct learn_slot *slot;
        const uint64_t *members[WINDOW_SETS];
        size_t member_count[WINDOW_SETS];
    } * windows;
    size_t window_count;
    struct learn_slot *mark_slot; /* all labels of a lesson are of one message; NULL: none */
    struct mark *labels;
    size_t label_count;
    struct learn_slot **correspondents;
    size_t correspondent_count;
    double good_mass;
};

/* A slot in order of keys. The first bytes of its group as numbers settle most comparisons. */
struct place {
    uint64_t head[2];
    struct learn_slot *slot;
};

struct learn_batch {
    uint32_t half_life;
    struct arena *arena;  /* keys and entries */
    struct arena *values; /* of one compute: what slots came to */
    struct learn_slot *position, *erased;
    char *writer;
    struct entry *entries;
    size_t entry_count, entry_max;
    struct learn_slot *slots;
    size_t slot_count, slot_max;
    uint32_t *table; /* slot's index + 1; 0: free */
    size_t table_size;
    struct place *order;    /* slots by key */
    struct store_key *keys; /* the same, for store_change */
    uint64_t from, to;      /* of the step under way */
    bool behind;
};

static uint32_t hash_key(const struct store_key *key)
{
    return span_fnv1a(span_of(key->field), span_fnv1a(span_of(key->group), SPAN_FNV1A));
}

static bool same_key(const struct store_key *a, const struct store_key *b)
{
    return strcmp(a->field, b->field) == 0 && strcmp(a->group, b->group) == 0;
}

/* The slot of key, made if there is none. NULL: out of memory. */
static struct learn_slot *slot_of(struct learn_batch *b, const struct store_key *key)
{
    uint32_t hash = hash_key(key);
    size_t i = hash & (b->table_size - 1);
    for (; b->table[i]; i = (i + 1) & (b->table_size - 1)) {
        struct learn_slot *slot = &b->slots[b->table[i] - 1];
        if (slot->hash == hash && same_key(&slot->key, key))
            return slot;
    }
    if (b->slot_count == b->slot_max)
        return NULL;
    const struct store_key kept = {arena_strdup(b->arena, key->group),
                                   arena_strdup(b->arena, key->field)};
    if (!kept.group || !kept.field)
        return NULL;
    struct learn_slot *slot = &b->slots[b->slot_count++];
    *slot = (struct learn_slot){.key = kept, .hash = hash, .kind = SLOT_RAW};
    b->table[i] = (uint32_t)b->slot_count;
    return slot;
}

static int begin(struct learn_batch *b)
{
    b->erased = slot_of(b, &(struct store_key){ERASURE_GROUP, ERASURE_FIELD});
    b->position = slot_of(b, &(struct store_key){LEARN_POSITION_GROUP, b->writer});
    return b->erased && b->position ? 0 : VOUCH_E_NOMEM;
}

void learn_batch_reset(struct learn_batch *b)
{
    for (size_t i = 0; i < b->slot_count; i++)
        learn_slot_begin(&b->slots[i], SPAN_NONE, 0);
    arena_reset(b->arena);
    arena_reset(b->values);
    memset(b->table, 0, b->table_size * sizeof *b->table);
    b->slot_count = b->entry_count = 0;
    b->erased = b->position = NULL;
}

static struct learn_batch *make(size_t records)
{
    struct learn_batch *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->entry_max = records;
    b->slot_max = 2 + KEYS_OF_ONE + LEARN_BATCH_KEYS * records;
    for (b->table_size = 64; b->table_size < 2 * b->slot_max;)
        b->table_size *= 2;
    b->arena = arena_new(BYTES_MORE + b->slot_max * BYTES_OF_KEY + records * BYTES_OF_ONE);
    b->values = arena_new(BYTES_MORE + b->slot_max * WINDOW_BYTES_MAX);
    b->entries = calloc(b->entry_max, sizeof *b->entries);
    b->slots = calloc(b->slot_max, sizeof *b->slots);
    b->table = calloc(b->table_size, sizeof *b->table);
    b->order = calloc(b->slot_max, sizeof *b->order);
    b->keys = calloc(b->slot_max, sizeof *b->keys);
    return b;
}

struct learn_batch *learn_batch_new(size_t records, double half_life, const char *writer)
{
    assert(records > 0 && half_life > 0);
    struct learn_batch *b = make(records);
    if (!b || !(b->writer = strdup(writer)) || !b->arena || !b->values || !b->entries ||
        !b->slots || !b->table || !b->order || !b->keys) {
        learn_batch_free(&b);
        return NULL;
    }
    b->half_life = half_life < UINT32_MAX ? (uint32_t)fmax(1, half_life) : UINT32_MAX;
    return b;
}

void learn_batch_free(struct learn_batch **bp)
{
    struct learn_batch *b = *bp;
    if (!b)
        return;
    *bp = NULL;
    for (size_t i = 0; i < b->slot_count; i++)
        learn_slot_begin(&b->slots[i], SPAN_NONE, 0);
    arena_free(&b->arena);
    arena_free(&b->values);
    free(b->writer);
    free(b->entries);
    free(b->slots);
    free(b->table);
    free(b->order);
    free(b->keys);
    free(b);
}

bool learn_batch_is_full(const struct learn_batch *b)
{
    return b->entry_count == b->entry_max || b->slot_max - b->slot_count < KEYS_OF_ONE + 2;
}

size_t learn_batch_count(const struct learn_batch *b)
{
    return b->entry_count;
}

/* --- taking lessons in ---------------------------------------------------------------------- */

static int take_targets(struct learn_batch *b, const struct lesson *l, struct entry *e)
{
    e->targets = arena_array(b->arena, l->target_count, sizeof *e->targets);
    if (!e->targets)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < l->target_count; i++) {
        e->targets[i] = slot_of(b, &l->targets[i]);
        if (!e->targets[i])
            return VOUCH_E_NOMEM;
    }
    e->target_count = l->target_count;
    return 0;
}

static int take_windows(struct learn_batch *b, const struct lesson *l, struct entry *e)
{
    e->windows = arena_array(b->arena, l->window_count, sizeof *e->windows);
    if (!e->windows)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < l->window_count; i++) {
        const struct lesson_window *from = &l->windows[i];
        struct entry_window *w = &e->windows[i];
        w->slot = slot_of(b, &from->key);
        for (int set = 0; set < WINDOW_SETS; set++) {
            uint64_t *members = arena_array(b->arena, from->member_count[set], sizeof *members);
            if (!members || !w->slot)
                return VOUCH_E_NOMEM;
            if (from->member_count[set])
                memcpy(members, from->members[set], from->member_count[set] * sizeof *members);
            w->members[set] = members;
            w->member_count[set] = from->member_count[set];
        }
    }
    e->window_count = l->window_count;
    return 0;
}

static int take_labels(struct learn_batch *b, const struct lesson *l, struct entry *e)
{
    if (l->label_count == 0)
        return 0;
    e->labels = arena_array(b->arena, l->label_count, sizeof *e->labels);
    e->mark_slot = slot_of(b, &l->mark_key);
    if (!e->labels || !e->mark_slot)
        return VOUCH_E_NOMEM;
    memcpy(e->labels, l->labels, l->label_count * sizeof *e->labels);
    e->label_count = l->label_count;
    return 0;
}

static int take_correspondents(struct learn_batch *b, const struct lesson *l, struct entry *e)
{
    e->correspondents = arena_array(b->arena, l->correspondent_count, sizeof(*e->correspondents));
    if (!e->correspondents)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < l->correspondent_count; i++)
        if (!(e->correspondents[i] = slot_of(b, &l->correspondents[i])))
            return VOUCH_E_NOMEM;
    e->correspondent_count = l->correspondent_count;
    e->good_mass = l->good_mass;
    return 0;
}

int learn_batch_add(struct learn_batch *b, const struct lesson *l)
{
    assert(!learn_batch_is_full(b) && !l->erased);
    struct entry *e = &b->entries[b->entry_count];
    *e = (struct entry){.time = l->time, .seen = l->seen, .mark_seen = l->mark_seen};
    if ((!b->position && begin(b) != 0) || take_targets(b, l, e) != 0 ||
        take_windows(b, l, e) != 0 || take_labels(b, l, e) != 0 ||
        take_correspondents(b, l, e) != 0)
        return VOUCH_E_NOMEM;
    b->entry_count++;
    return 0;
}

/* --- teaching them -------------------------------------------------------------------------- */

/* sign: 1 adds what a label says, -1 takes it back */
static void add_verdict(struct learn_batch *b, struct entry *e, const struct mark *m, int sign)
{
    double mass = sign * (m->mass / MASS_UNIT);
    for (size_t i = 0; i < e->target_count && m->mass; i++) {
        if (m->verdict == LABEL_GOOD)
            learn_slot_add(e->targets[i], b->half_life, m->at, mass, 0, 0);
        if (m->verdict == LABEL_BAD)
            learn_slot_add(e->targets[i], b->half_life, m->at, 0, mass, 0);
    }
}

static void add_seen(struct learn_batch *b, struct entry *e)
{
    for (size_t i = 0; i < e->target_count; i++)
        learn_slot_add(e->targets[i], b->half_life, e->time, 0, 0, 1);
}

static void add_labels(struct learn_batch *b, struct entry *e)
{
    struct mark kept;
    bool any = learn_slot_mark(e->mark_slot, &kept);
    for (size_t i = 0; i < e->label_count; i++) {
        if (any && !mark_beats(&e->labels[i], &kept))
            continue;
        if (any)
            add_verdict(b, e, &kept, -1);
        else if (e->mark_seen)
            add_seen(b, e);
        kept = e->labels[i];
        any = true;
        add_verdict(b, e, &kept, 1);
        learn_slot_set_mark(e->mark_slot, &kept);
    }
}

static int add_window(const struct entry *e, const struct entry_window *w)
{
    struct window *window;
    int rc = learn_slot_window(w->slot, e->time, &window);
    if (rc != 0 || !window)
        return rc;
    rc = window_add_message(window, e->time);
    for (int set = 0; set < WINDOW_SETS; set++)
        for (size_t i = 0; i < w->member_count[set] && rc == 0; i++)
            rc = window_add_member(window, e->time, set, w->members[set][i]);
    return rc;
}

static int teach(struct learn_batch *b, struct entry *e)
{
    int rc = 0;
    if (e->seen)
        add_seen(b, e);
    for (size_t i = 0; i < e->window_count && rc == 0; i++)
        rc = add_window(e, &e->windows[i]);
    for (size_t i = 0; i < e->correspondent_count; i++)
        learn_slot_add(e->correspondents[i], b->half_life, e->time, e->good_mass, 0, 0);
    if (e->label_count)
        add_labels(b, e);
    return rc;
}

static int begin_slots(struct learn_batch *b, const struct span *now)
{
    struct erasure_list *list = NULL;
    struct span kept = SPAN_NONE;
    for (size_t i = 0; i < b->slot_count; i++) {
        learn_slot_begin(b->order[i].slot, now[i], ERASURE_NONE);
        if (b->order[i].slot == b->erased)
            kept = now[i];
    }
    if (!kept.len || erasure_decode(kept.p, kept.len, &list) == VOUCH_E_NOMEM)
        return kept.len ? VOUCH_E_NOMEM : 0;
    for (size_t i = 0; i < b->slot_count && list; i++) {
        struct learn_slot *slot = b->order[i].slot;
        slot->until = erasure_until(list, slot->key.group, slot->key.field);
    }
    erasure_list_free(&list);
    return 0;
}

/* The position must be where this step begins; it is moved to its end. */
static int move(struct learn_batch *b, struct span *new_r)
{
    uint8_t *bytes = arena_alloc(b->values, LEARN_POSITION_BYTES);
    b->behind = b->position->now.len && learn_position_decode(b->position->now) != b->from;
    if (b->behind)
        return VOUCH_E_RANGE;
    if (!bytes)
        return VOUCH_E_NOMEM;
    learn_position_encode(b->to, bytes);
    *new_r = span_make(bytes, LEARN_POSITION_BYTES);
    return 0;
}

/* store_compute */
static int compute(void *arg, const struct span *now, struct span *new_r)
{
    struct learn_batch *b = arg;
    arena_reset(b->values);
    int rc = begin_slots(b, now);
    for (size_t i = 0; i < b->slot_count && rc == 0; i++)
        if (b->order[i].slot == b->position)
            rc = move(b, &new_r[i]);
    for (size_t i = 0; i < b->entry_count && rc == 0; i++)
        rc = teach(b, &b->entries[i]);
    for (size_t i = 0; i < b->slot_count && rc == 0; i++)
        rc = learn_slot_end(b->order[i].slot, b->values, &new_r[i]);
    return rc;
}

static uint64_t number_of(const char *text, size_t len)
{
    uint64_t n = 0;
    for (size_t i = 0; i < 8; i++)
        n = n << 8 | (i < len ? (unsigned char)text[i] : 0);
    return n;
}

static struct place place_of(struct learn_slot *slot)
{
    size_t len = strlen(slot->key.group);
    return (struct place){
        {number_of(slot->key.group, len), len > 8 ? number_of(slot->key.group + 8, len - 8) : 0},
        slot};
}

static int by_key(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    for (int i = 0; i < 2; i++)
        if (a->head[i] != b->head[i])
            return a->head[i] < b->head[i] ? -1 : 1;
    int c = strcmp(a->slot->key.group, b->slot->key.group);
    return c ? c : strcmp(a->slot->key.field, b->slot->key.field);
}

int learn_batch_apply(struct learn_batch *b, struct store *s, uint64_t from, uint64_t to)
{
    if (!b->position && begin(b) != 0)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < b->slot_count; i++)
        b->order[i] = place_of(&b->slots[i]);
    qsort(b->order, b->slot_count, sizeof *b->order, by_key);
    for (size_t i = 0; i < b->slot_count; i++)
        b->keys[i] = b->order[i].slot->key;
    b->from = from;
    b->to = to;
    b->behind = false;
    int rc = store_change(s, b->keys, b->slot_count, compute, b, b->writer, to);
    return b->behind && rc != 0 ? LEARN_BEHIND : rc;
}
