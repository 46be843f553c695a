/* SPDX-License-Identifier: BSD-2-Clause */
/* The stores that hold nothing: "none", in which everything is absent, and "fail:", in which every
 * question fails, for tests of what depends on a store. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "store_ops.h"

struct empty {
    struct store store;
    enum lookup_outcome outcome; /* of every look-up */
};

static int empty_get(struct store *s, const struct store_key *keys, size_t count,
                     struct store_value *values_r)
{
    (void)keys;
    return store_values_fill(values_r, count, ((struct empty *)s)->outcome);
}

static int none_error(void)
{
    errno = EROFS;
    return VOUCH_E_IO;
}

static int none_apply(struct store *s, const struct store_update *updates, size_t count,
                      const char *writer, uint64_t watermark)
{
    (void)s, (void)updates, (void)count, (void)writer, (void)watermark;
    return none_error();
}

static int none_watermark(struct store *s, const char *writer, uint64_t *watermark_r)
{
    (void)s, (void)writer, (void)watermark_r;
    return LOOKUP_ABSENT;
}

static int none_put(struct store *s, const struct store_key *keys, const struct counts *counts,
                    size_t n)
{
    (void)s, (void)keys, (void)counts, (void)n;
    return none_error();
}

static int none_scan(struct store *s,
                     int (*each)(void *, const struct store_key *, const struct counts *),
                     void *arg)
{
    (void)s, (void)each, (void)arg;
    return 0;
}

static const char *no_version(struct store *s)
{
    (void)s;
    return NULL;
}

static void none_state(struct store *s, char *text_r, size_t size)
{
    (void)s;
    snprintf(text_r, size, "no model: keeps nothing");
}

static int fail_apply(struct store *s, const struct store_update *updates, size_t count,
                      const char *writer, uint64_t watermark)
{
    (void)s, (void)updates, (void)count, (void)writer, (void)watermark;
    return VOUCH_E_TEMP;
}

static int fail_watermark(struct store *s, const char *writer, uint64_t *watermark_r)
{
    (void)s, (void)writer, (void)watermark_r;
    return LOOKUP_FAILED;
}

static int fail_put(struct store *s, const struct store_key *keys, const struct counts *counts,
                    size_t n)
{
    (void)s, (void)keys, (void)counts, (void)n;
    return VOUCH_E_TEMP;
}

static int fail_scan(struct store *s,
                     int (*each)(void *, const struct store_key *, const struct counts *),
                     void *arg)
{
    (void)s, (void)each, (void)arg;
    return VOUCH_E_TEMP;
}

static void fail_state(struct store *s, char *text_r, size_t size)
{
    (void)s;
    snprintf(text_r, size, "made to fail");
}

static void empty_close(struct store *s)
{
    free(s);
}

static const struct store_ops none_ops = {
    .get = empty_get,
    .apply = none_apply,
    .watermark = none_watermark,
    .put = none_put,
    .scan = none_scan,
    .version = no_version,
    .state = none_state,
    .close = empty_close,
};

static const struct store_ops fail_ops = {
    .get = empty_get,
    .apply = fail_apply,
    .watermark = fail_watermark,
    .put = fail_put,
    .scan = fail_scan,
    .version = no_version,
    .state = fail_state,
    .close = empty_close,
};

static struct store *empty_new(const struct store_ops *ops, enum lookup_outcome outcome,
                               char *error_r, size_t size)
{
    struct empty *e = calloc(1, sizeof *e);
    if (!e) {
        snprintf(error_r, size, "out of memory");
        return NULL;
    }
    e->store.ops = ops;
    e->outcome = outcome;
    return &e->store;
}

struct store *store_none_open(const char *rest, const struct store_options *options, char *error_r,
                              size_t size)
{
    (void)rest, (void)options;
    return empty_new(&none_ops, LOOKUP_ABSENT, error_r, size);
}

struct store *store_fail_open(const char *rest, const struct store_options *options, char *error_r,
                              size_t size)
{
    (void)options;
    if (*rest != '\0' && strcmp(rest, "uncertain") != 0) {
        snprintf(error_r, size, "store 'fail:%s': accepted: fail:, fail:uncertain", rest);
        errno = EINVAL;
        return NULL;
    }
    return empty_new(&fail_ops, *rest ? LOOKUP_UNCERTAIN : LOOKUP_FAILED, error_r, size);
}
