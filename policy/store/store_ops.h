/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_STORE_OPS_H
#define VOUCH_STORE_OPS_H

#include <stdatomic.h>
#include "store.h"

/* What a backend gives to store.c; private to this room. Meanings are those of store.h. Arguments
 * have been checked: names are well formed, a store that was opened read-only is never asked to
 * write. */
struct store_ops {
    /* A backend that answers at once has get and none of the next four: what it returns is what
     * store_wait will. */
    int (*get)(struct store *s, const struct store_key *keys, size_t count,
               struct store_value *values_r);
    struct store_query *(*ask)(struct store *s, const struct store_key *keys, size_t count);
    bool (*ready)(struct store_query *q);
    int (*wait)(struct store_query *q, int64_t deadline_ms, struct store_value *values_r);
    void (*cancel)(struct store_query *q);

    /* As store_change; the keys ascend (store_key_compare), so those of one group follow each other,
     * and are all different. */
    int (*change)(struct store *s, const struct store_key *keys, size_t count,
                  store_compute *compute, void *arg, const char *writer, uint64_t watermark);
    int (*watermark)(struct store *s, const char *writer, uint64_t *watermark_r);
    int (*watermarks)(struct store *s, int (*each)(void *, const char *writer, uint64_t watermark),
                      void *arg);
    int (*scan_bytes)(struct store *s,
                      int (*each)(void *, const struct store_key *, struct span value), void *arg);
    int (*remove)(struct store *s, bool (*match)(void *, const struct store_key *), void *arg,
                  uint64_t *removed_r); /* counts on from what *removed_r is */
    /* version: a name that store_version_valid takes */
    int (*versions)(struct store *s, int (*each)(void *, const struct store_version_info *),
                    void *arg);
    int (*activate)(struct store *s, const char *version);
    int (*drop)(struct store *s, const char *version);

    const char *(*version)(struct store *s);
    void (*state)(struct store *s, char *text_r, size_t size);
    enum store_breaker (*breaker)(struct store *s); /* NULL: it has none, it is always there */
    void (*close)(struct store *s);
};

/* The head of every backend's own struct. */
struct store {
    const struct store_ops *ops; /* the backend's; store.c sets the rest when it is open */
    bool read_only;
    double half_life;
    atomic_bool unreadable; /* a value of no kind known here was met; store_state says so */
    char version[STORE_VERSION_MAX + 1]; /* the one to read and write; "": the active one */
    /* Fitted weights that were met, the latest first: what look-ups point to. One is added when weights are that
     * were not met before: once for each fit that a daemon lives to see. */
    _Atomic(struct store_fit *) fits;
};
struct store_query {
    struct store *store;
};

/* rest: the URL behind its scheme. NULL: one line in error_r. errno is EINVAL if rest itself is
 * wrong. */
typedef struct store *store_open_fn(const char *rest, const struct store_options *options,
                                    char *error_r, size_t size);
store_open_fn store_none_open, store_fail_open, store_memory_open, store_lmdb_open,
    store_redis_tcp_open, store_redis_unix_open;

/* What an opener returns for a URL that is wrong (scheme and rest): NULL, with errno and error_r
 * set. */
struct store *store_refuse(const char *scheme, const char *rest, const char *why, char *error_r,
                           size_t size);

/* What all that write check first. items: count of them, size bytes each, that begin with their key.
 * 0; VOUCH_E_IO: read-only, and errno is EROFS; VOUCH_E_RANGE: a name that cannot be kept. */
int store_check_write(const struct store *s, const void *items, size_t size, size_t count,
                      const char *writer);
/* Order of keys: negative, 0, positive. */
int store_key_compare(const struct store_key *a, const struct store_key *b);
/* 1 to STORE_VERSION_MAX letters, digits, '.', '_', '-'. */
bool store_version_valid(const char *version);

/* VALUE_TALLY, ...; VALUE_NONE: of no kind that this program knows. */
int store_value_kind(const void *bytes, size_t len);
/* A tally's counts, to four decimals. false: it cannot be read. */
bool store_value_counts(const void *bytes, size_t len, struct counts *c_r);
/* What a look-up makes of the bytes that are kept for a key: a tally's counts, a window's sum; of the
 * other kinds, that it is there. LOOKUP_FAILED, and store_state says why, if they cannot be read: they
 * are not nothing. */
struct store_value store_value_decode(struct store *s, const void *bytes, size_t len);
/* store->fits. NULL: they cannot be read, or out of memory. */
const struct trust_fit *store_fit_of(struct store *s, const void *bytes, size_t len);
void store_fits_free(struct store *s);
/* All values one outcome; returns what store_wait then returns. */
int store_values_fill(struct store_value *values_r, size_t count, enum lookup_outcome outcome);
/* What store_wait returns for these values. */
int store_values_outcome(const struct store_value *values, size_t count);

#endif
