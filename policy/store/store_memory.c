/* SPDX-License-Identifier: BSD-2-Clause */
/* The model in this process's memory: for tests, for trying things out, and for judging by an
 * exported model ("memory:FILE"). One lock, many readers. Nothing is kept when the store is closed. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "memory_version.h"
#include "model_lines.h"
#include "store_ops.h"

struct memory {
    struct store store;
    pthread_rwlock_t lock; /* all below */
    struct memory_version *versions, *active, *previous;
    struct memory_version *dropped; /* empty; somebody may still have their names */
};

/* NULL: there is none. */
static struct memory_version *find_version(struct memory *m, const char *name)
{
    struct memory_version *v = m->versions;
    while (v && strcmp(v->name, name) != 0)
        v = v->next;
    return v;
}

/* The one that is read and written. NULL: nothing was written to it yet. */
static struct memory_version *current(struct memory *m)
{
    return *m->store.version ? find_version(m, m->store.version) : m->active;
}

static struct memory_version *make_version(struct memory *m, const char *name)
{
    struct memory_version **at = &m->versions, *v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    snprintf(v->name, sizeof v->name, "%s", name);
    while (*at)
        at = &(*at)->next;
    *at = v;
    return v;
}

static void free_versions(struct memory_version *v)
{
    for (struct memory_version *next; v; v = next) {
        next = v->next;
        memory_version_clear(v);
        free(v);
    }
}

static int memory_get(struct store *s, const struct store_key *keys, size_t count,
                      struct store_value *values_r)
{
    struct memory *m = (struct memory *)s;
    pthread_rwlock_rdlock(&m->lock);
    struct memory_version *v = current(m);
    for (size_t i = 0; i < count; i++) {
        struct memory_node *n = memory_node_find(v, &keys[i]);
        values_r[i] = n && n->value ? store_value_decode(s, n->value, n->len)
                                    : (struct store_value){.outcome = LOOKUP_ABSENT};
    }
    pthread_rwlock_unlock(&m->lock);
    return store_values_outcome(values_r, count);
}

/* What store_change is about to write. */
struct change {
    const struct store_key *keys;
    size_t count;
    struct span *now, *made;
    struct memory_node **nodes; /* NULL: there is none yet */
    char **values;              /* copies of what is made */
};

static bool changed(const struct change *c, size_t i)
{
    return c->made[i].len != c->now[i].len ||
           (c->made[i].len > 0 && memcmp(c->made[i].p, c->now[i].p, c->made[i].len) != 0);
}

/* All that can fail. */
static int prepare(struct memory_version *v, struct change *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (!changed(c, i))
            continue;
        if (c->made[i].len > 0 && !(c->values[i] = malloc(c->made[i].len)))
            return VOUCH_E_NOMEM;
        if (c->values[i])
            memcpy(c->values[i], c->made[i].p, c->made[i].len);
        if (!c->nodes[i] && !(c->nodes[i] = memory_node_make(v, &c->keys[i])))
            return VOUCH_E_NOMEM;
    }
    return 0;
}

static int change_locked(struct memory *m, struct change *c, store_compute *compute, void *arg,
                         const char *writer, uint64_t watermark)
{
    struct memory_version *v = current(m);
    struct memory_mark *mark = *writer ? memory_mark_find(v, writer) : NULL;
    if (mark && watermark <= mark->value)
        return 0;
    for (size_t i = 0; i < c->count; i++) {
        struct memory_node *n = c->nodes[i] = memory_node_find(v, &c->keys[i]);
        c->made[i] = c->now[i] = n && n->value ? span_make(n->value, n->len) : SPAN_NONE;
    }
    int rc = compute(arg, c->now, c->made);
    if (rc != 0)
        return rc;
    if (!v && !(v = make_version(m, m->store.version)))
        return VOUCH_E_NOMEM;
    rc = prepare(v, c);
    if (rc == 0 && *writer && !mark && !(mark = memory_mark_make(v, writer)))
        rc = VOUCH_E_NOMEM;
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < c->count; i++)
        if (changed(c, i)) {
            memory_node_fill(v, c->nodes[i], c->values[i], c->made[i].len);
            c->values[i] = NULL;
        }
    if (mark)
        mark->value = watermark;
    return 0;
}

static int memory_change(struct store *s, const struct store_key *keys, size_t count,
                         store_compute *compute, void *arg, const char *writer, uint64_t watermark)
{
    struct memory *m = (struct memory *)s;
    struct change c = {keys,
                       count,
                       calloc(count + 1, sizeof *c.now),
                       calloc(count + 1, sizeof *c.made),
                       calloc(count + 1, sizeof(*c.nodes)),
                       calloc(count + 1, sizeof(*c.values))};
    int rc = VOUCH_E_NOMEM;
    if (c.now && c.made && c.nodes && c.values) {
        pthread_rwlock_wrlock(&m->lock);
        rc = change_locked(m, &c, compute, arg, writer, watermark);
        pthread_rwlock_unlock(&m->lock);
        for (size_t i = 0; i < count; i++)
            free(c.values[i]);
    }
    free(c.now);
    free(c.made);
    free(c.nodes);
    free(c.values);
    return rc;
}

static int memory_watermark(struct store *s, const char *writer, uint64_t *watermark_r)
{
    struct memory *m = (struct memory *)s;
    pthread_rwlock_rdlock(&m->lock);
    struct memory_mark *mark = memory_mark_find(current(m), writer);
    if (mark)
        *watermark_r = mark->value;
    pthread_rwlock_unlock(&m->lock);
    return mark ? LOOKUP_FOUND : LOOKUP_ABSENT;
}

static int memory_watermarks(struct store *s,
                             int (*each)(void *, const char *writer, uint64_t watermark), void *arg)
{
    struct memory *m = (struct memory *)s;
    int rc = 0;
    pthread_rwlock_rdlock(&m->lock);
    struct memory_version *v = current(m);
    for (struct memory_mark *k = v ? v->marks : NULL; k && rc == 0; k = k->next)
        rc = each(arg, k->writer, k->value);
    pthread_rwlock_unlock(&m->lock);
    return rc;
}

static int memory_scan(struct store *s,
                       int (*each)(void *, const struct store_key *, struct span value), void *arg)
{
    struct memory *m = (struct memory *)s;
    int rc = 0;
    pthread_rwlock_rdlock(&m->lock);
    struct memory_version *v = current(m);
    for (struct memory_node *n = v ? v->nodes : NULL; n && rc == 0; n = n->next)
        if (n->value)
            rc = each(arg, &n->key, span_make(n->value, n->len));
    pthread_rwlock_unlock(&m->lock);
    return rc;
}

static int memory_remove(struct store *s, bool (*match)(void *, const struct store_key *),
                         void *arg, uint64_t *removed_r)
{
    struct memory *m = (struct memory *)s;
    pthread_rwlock_wrlock(&m->lock);
    struct memory_version *v = current(m);
    for (struct memory_node *n = v ? v->nodes : NULL; n; n = n->next)
        if (n->value && match(arg, &n->key)) {
            memory_node_fill(v, n, NULL, 0);
            ++*removed_r;
        }
    pthread_rwlock_unlock(&m->lock);
    return 0;
}

static int memory_versions(struct store *s, int (*each)(void *, const struct store_version_info *),
                           void *arg)
{
    struct memory *m = (struct memory *)s;
    int rc = 0;
    pthread_rwlock_rdlock(&m->lock);
    for (struct memory_version *v = m->versions; v && rc == 0; v = v->next)
        rc = each(arg,
                  &(struct store_version_info){v->name, v == m->active, v == m->previous, v->keys});
    pthread_rwlock_unlock(&m->lock);
    return rc;
}

static int memory_activate(struct store *s, const char *name)
{
    struct memory *m = (struct memory *)s;
    pthread_rwlock_wrlock(&m->lock);
    struct memory_version *v = find_version(m, name);
    if (v && v != m->active) {
        m->previous = m->active;
        m->active = v;
    }
    pthread_rwlock_unlock(&m->lock);
    return v ? 0 : VOUCH_E_RANGE;
}

static int memory_drop(struct store *s, const char *name)
{
    struct memory *m = (struct memory *)s;
    struct memory_version **at = &m->versions;
    pthread_rwlock_wrlock(&m->lock);
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    struct memory_version *v = *at == m->active ? NULL : *at;
    if (v) {
        *at = v->next;
        if (v == m->previous)
            m->previous = NULL;
        memory_version_clear(v);
        v->next = m->dropped;
        m->dropped = v;
    }
    pthread_rwlock_unlock(&m->lock);
    return v ? 0 : VOUCH_E_RANGE;
}

static const char *memory_name(struct store *s)
{
    struct memory *m = (struct memory *)s;
    if (*s->version)
        return s->version;
    pthread_rwlock_rdlock(&m->lock);
    const char *name = m->active->name;
    pthread_rwlock_unlock(&m->lock);
    return name;
}

static void memory_state(struct store *s, char *text_r, size_t size)
{
    struct memory *m = (struct memory *)s;
    pthread_rwlock_rdlock(&m->lock);
    struct memory_version *v = current(m);
    snprintf(text_r, size, "in memory, %zu keys", v ? v->keys : 0);
    pthread_rwlock_unlock(&m->lock);
}

static void memory_close(struct store *s)
{
    struct memory *m = (struct memory *)s;
    free_versions(m->versions);
    free_versions(m->dropped);
    pthread_rwlock_destroy(&m->lock);
    free(m);
}

static const struct store_ops memory_ops = {
    .get = memory_get,
    .change = memory_change,
    .watermark = memory_watermark,
    .watermarks = memory_watermarks,
    .scan_bytes = memory_scan,
    .remove = memory_remove,
    .versions = memory_versions,
    .activate = memory_activate,
    .drop = memory_drop,
    .version = memory_name,
    .state = memory_state,
    .close = memory_close,
};

static int load_line(void *arg, const struct model_line *line)
{
    const struct store_key key = {line->group, line->field};
    return line->is_fit ? store_put_weights(arg, &line->fit)
                        : store_put(arg, &key, &line->counts, 1);
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
    struct memory *m = calloc(1, sizeof *m);
    if (!m || pthread_rwlock_init(&m->lock, NULL) != 0) {
        snprintf(error_r, size, "out of memory");
        free(m);
        return NULL;
    }
    m->store.ops = &memory_ops;
    m->store.half_life = options->half_life; /* for load */
    m->active = make_version(m, "1");
    if (!m->active) {
        snprintf(error_r, size, "out of memory");
        memory_close(&m->store);
        return NULL;
    }
    if (*rest && load(m, rest, error_r, size) != 0) {
        int error = errno;
        memory_close(&m->store);
        errno = error;
        return NULL;
    }
    return &m->store;
}
