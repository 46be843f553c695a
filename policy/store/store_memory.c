/* SPDX-License-Identifier: BSD-2-Clause */
/* The model in this process's memory: for tests, for trying things out, and for judging by an
 * exported model ("memory:FILE"). A balanced tree (no hostile key makes it slow) whose nodes also
 * form a list for scans; one lock, many readers. Nothing is kept when the store is closed. */
#include <errno.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model_lines.h"
#include "store_batch.h"
#include "store_ops.h"

struct node {
    struct store_key key; /* first: the tree compares these; points into text */
    struct node *next;
    bool present; /* false: made for a batch that then failed, or not yet filled */
    uint8_t bytes[COUNTS_BYTES];
    char text[];
};
struct mark {
    struct mark *next;
    uint64_t value;
    char writer[];
};
struct memory {
    struct store store;
    pthread_rwlock_t lock;
    void *tree; /* of struct node */
    struct node *nodes;
    size_t present; /* nodes that are */
    struct mark *marks;
};

static int compare(const void *a, const void *b)
{
    return store_key_compare(a, b);
}

static struct node *find(struct memory *m, const struct store_key *key)
{
    struct node *const *found = tfind(key, &m->tree, compare);
    return found ? *found : NULL;
}

/* The node of key, made if there is none. NULL: out of memory. */
static struct node *find_or_make(struct memory *m, const struct store_key *key)
{
    struct node *n = find(m, key);
    if (n)
        return n;
    size_t group = strlen(key->group) + 1, field = strlen(key->field) + 1;
    n = calloc(1, sizeof *n + group + field);
    if (!n)
        return NULL;
    memcpy(n->text, key->group, group);
    memcpy(n->text + group, key->field, field);
    n->key = (struct store_key){n->text, n->text + group};
    if (!tsearch(n, &m->tree, compare)) {
        free(n);
        return NULL;
    }
    n->next = m->nodes;
    m->nodes = n;
    return n;
}

static void fill(struct memory *m, struct node *n, const struct counts *c)
{
    m->present += !n->present;
    n->present = true;
    counts_encode(c, n->bytes);
}

static int memory_get(struct store *s, const struct store_key *keys, size_t count,
                      struct store_value *values_r)
{
    struct memory *m = (struct memory *)s;
    pthread_rwlock_rdlock(&m->lock);
    for (size_t i = 0; i < count; i++) {
        struct node *n = find(m, &keys[i]);
        values_r[i] = (struct store_value){.outcome = LOOKUP_ABSENT};
        if (n && n->present && counts_decode(n->bytes, COUNTS_BYTES, &values_r[i].counts) == 0)
            values_r[i].outcome = LOOKUP_FOUND;
    }
    pthread_rwlock_unlock(&m->lock);
    return LOOKUP_FOUND;
}

static struct mark *find_mark(struct memory *m, const char *writer)
{
    struct mark *k = m->marks;
    while (k && strcmp(k->writer, writer) != 0)
        k = k->next;
    return k;
}

static struct mark *make_mark(struct memory *m, const char *writer)
{
    size_t n = strlen(writer) + 1;
    struct mark *k = calloc(1, sizeof *k + n);
    if (k) {
        memcpy(k->writer, writer, n);
        k->next = m->marks;
        m->marks = k;
    }
    return k;
}

/* All that can fail comes first. */
static int apply_batch(struct memory *m, const struct store_batch *b, const char *writer,
                       uint64_t watermark)
{
    struct mark *mark = *writer ? find_mark(m, writer) : NULL;
    if (mark && watermark <= mark->value)
        return 0;
    for (size_t i = 0; i < b->count; i++)
        if (!find_or_make(m, &b->items[i].key))
            return VOUCH_E_NOMEM;
    if (*writer && !mark && !(mark = make_mark(m, writer)))
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < b->count; i++) {
        struct node *n = find(m, &b->items[i].key);
        struct counts c = {0};
        if (n->present)
            counts_decode(n->bytes, COUNTS_BYTES, &c);
        store_batch_add(&b->items[i], m->store.half_life, &c);
        fill(m, n, &c);
    }
    if (mark)
        mark->value = watermark;
    return 0;
}

static int memory_apply(struct store *s, const struct store_update *updates, size_t count,
                        const char *writer, uint64_t watermark)
{
    struct memory *m = (struct memory *)s;
    struct store_batch b;
    if (store_batch_init(&b, updates, count) != 0)
        return VOUCH_E_NOMEM;
    pthread_rwlock_wrlock(&m->lock);
    int rc = apply_batch(m, &b, writer, watermark);
    pthread_rwlock_unlock(&m->lock);
    store_batch_clear(&b);
    return rc;
}

static int memory_watermark(struct store *s, const char *writer, uint64_t *watermark_r)
{
    struct memory *m = (struct memory *)s;
    pthread_rwlock_rdlock(&m->lock);
    struct mark *mark = find_mark(m, writer);
    if (mark)
        *watermark_r = mark->value;
    pthread_rwlock_unlock(&m->lock);
    return mark ? LOOKUP_FOUND : LOOKUP_ABSENT;
}

static int memory_put(struct store *s, const struct store_key *keys, const struct counts *counts,
                      size_t count)
{
    struct memory *m = (struct memory *)s;
    int rc = 0;
    pthread_rwlock_wrlock(&m->lock);
    for (size_t i = 0; i < count && rc == 0; i++)
        if (!find_or_make(m, &keys[i]))
            rc = VOUCH_E_NOMEM;
    for (size_t i = 0; i < count && rc == 0; i++)
        fill(m, find(m, &keys[i]), &counts[i]);
    pthread_rwlock_unlock(&m->lock);
    return rc;
}

static int memory_scan(struct store *s,
                       int (*each)(void *, const struct store_key *, const struct counts *),
                       void *arg)
{
    struct memory *m = (struct memory *)s;
    int rc = 0;
    pthread_rwlock_rdlock(&m->lock);
    for (struct node *n = m->nodes; n && rc == 0; n = n->next) {
        struct counts c;
        if (n->present && counts_decode(n->bytes, COUNTS_BYTES, &c) == 0)
            rc = each(arg, &n->key, &c);
    }
    pthread_rwlock_unlock(&m->lock);
    return rc;
}

static const char *memory_version(struct store *s)
{
    (void)s;
    return "1";
}

static void memory_state(struct store *s, char *text_r, size_t size)
{
    struct memory *m = (struct memory *)s;
    pthread_rwlock_rdlock(&m->lock);
    snprintf(text_r, size, "in memory, %zu keys", m->present);
    pthread_rwlock_unlock(&m->lock);
}

static void memory_close(struct store *s)
{
    struct memory *m = (struct memory *)s;
    for (struct node *n = m->nodes, *next; n; n = next) {
        next = n->next;
        tdelete(n, &m->tree, compare);
        free(n);
    }
    for (struct mark *k = m->marks, *next; k; k = next) {
        next = k->next;
        free(k);
    }
    pthread_rwlock_destroy(&m->lock);
    free(m);
}

static const struct store_ops memory_ops = {
    .get = memory_get,
    .apply = memory_apply,
    .watermark = memory_watermark,
    .put = memory_put,
    .scan = memory_scan,
    .version = memory_version,
    .state = memory_state,
    .close = memory_close,
};

static int load_line(void *arg, const struct store_key *key, const struct counts *c)
{
    return memory_put(arg, key, c, 1);
}

static int load(struct memory *m, const char *path, char *error_r, size_t size)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        int error = errno;
        snprintf(error_r, size, "store 'memory:%s': cannot open: %s", path, strerror(error));
        errno = error;
        return VOUCH_E_IO;
    }
    int rc = model_lines_read(f, path, load_line, &m->store, error_r, size);
    fclose(f);
    if (rc == VOUCH_E_NOMEM)
        snprintf(error_r, size, "store 'memory:%s': out of memory", path);
    errno = rc == VOUCH_E_SYNTAX ? EBADMSG : EIO;
    return rc;
}

struct store *store_memory_open(const char *rest, const struct store_options *options,
                                char *error_r, size_t size)
{
    (void)options;
    struct memory *m = calloc(1, sizeof *m);
    if (!m || pthread_rwlock_init(&m->lock, NULL) != 0) {
        snprintf(error_r, size, "out of memory");
        free(m);
        return NULL;
    }
    m->store.ops = &memory_ops;
    if (*rest && load(m, rest, error_r, size) != 0) {
        int error = errno;
        memory_close(&m->store);
        errno = error;
        return NULL;
    }
    return &m->store;
}
