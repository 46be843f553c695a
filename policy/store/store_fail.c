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
    enum lookup_outcome outcome;   /* of every look-up */
    enum lookup_outcome watermark; /* of every writer */
    int write, scan;               /* what these return */
    const char *state;
};

static struct empty *empty_of(struct store *s)
{
    return (struct empty *)s;
}

static int empty_get(struct store *s, const struct store_key *keys, size_t count,
                     struct store_value *values_r)
{
    (void)keys;
    return store_values_fill(values_r, count, empty_of(s)->outcome);
}

static int empty_change(struct store *s, const struct store_key *keys, size_t count,
                        store_compute *compute, void *arg, const char *writer, uint64_t watermark)
{
    (void)keys, (void)count, (void)compute, (void)arg, (void)writer, (void)watermark;
    errno = EROFS;
    return empty_of(s)->write;
}

static int empty_watermark(struct store *s, const char *writer, uint64_t *watermark_r)
{
    (void)writer, (void)watermark_r;
    return empty_of(s)->watermark;
}

static int empty_watermarks(struct store *s,
                            int (*each)(void *, const char *writer, uint64_t watermark), void *arg)
{
    (void)each, (void)arg;
    return empty_of(s)->scan;
}

static int empty_scan(struct store *s,
                      int (*each)(void *, const struct store_key *, struct span value), void *arg)
{
    (void)each, (void)arg;
    return empty_of(s)->scan;
}

static int empty_remove(struct store *s, bool (*match)(void *, const struct store_key *), void *arg,
                        uint64_t *removed_r)
{
    (void)match, (void)arg, (void)removed_r;
    errno = EROFS;
    return empty_of(s)->write;
}

static int empty_versions(struct store *s, int (*each)(void *, const struct store_version_info *),
                          void *arg)
{
    (void)each, (void)arg;
    return empty_of(s)->scan;
}

/* Activates or drops a version. */
static int empty_switch(struct store *s, const char *version)
{
    (void)version;
    errno = EROFS;
    return empty_of(s)->write;
}

static const char *empty_version(struct store *s)
{
    (void)s;
    return NULL;
}

static void empty_state(struct store *s, char *text_r, size_t size)
{
    snprintf(text_r, size, "%s", empty_of(s)->state);
}

static void empty_close(struct store *s)
{
    free(s);
}

static const struct store_ops empty_ops = {
    .get = empty_get,
    .change = empty_change,
    .watermark = empty_watermark,
    .watermarks = empty_watermarks,
    .scan_bytes = empty_scan,
    .remove = empty_remove,
    .versions = empty_versions,
    .activate = empty_switch,
    .drop = empty_switch,
    .version = empty_version,
    .state = empty_state,
    .close = empty_close,
};

static struct store *empty_new(const struct empty *like, char *error_r, size_t size)
{
    struct empty *e = malloc(sizeof *e);
    if (!e) {
        snprintf(error_r, size, "out of memory");
        return NULL;
    }
    *e = *like;
    e->store.ops = &empty_ops;
    return &e->store;
}

struct store *store_none_open(const char *rest, const struct store_options *options, char *error_r,
                              size_t size)
{
    static const struct empty none = {.outcome = LOOKUP_ABSENT,
                                      .watermark = LOOKUP_ABSENT,
                                      .write = VOUCH_E_IO,
                                      .state = "no model: keeps nothing"};
    (void)rest, (void)options;
    return empty_new(&none, error_r, size);
}

struct store *store_fail_open(const char *rest, const struct store_options *options, char *error_r,
                              size_t size)
{
    struct empty fail = {.outcome = *rest ? LOOKUP_UNCERTAIN : LOOKUP_FAILED,
                         .watermark = LOOKUP_FAILED,
                         .write = VOUCH_E_TEMP,
                         .scan = VOUCH_E_TEMP,
                         .state = "made to fail"};
    (void)options;
    if (*rest != '\0' && strcmp(rest, "uncertain") != 0)
        return store_refuse("fail:", rest, "accepted: fail:, fail:uncertain", error_r, size);
    return empty_new(&fail, error_r, size);
}
