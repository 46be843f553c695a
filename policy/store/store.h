/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_STORE_H
#define VOUCH_STORE_H

#include <stdbool.h>
#include "counts.h"
#include "errors.h"
#include "span.h"
#include "window.h"

/* The model: values by key, in one or more versions of which one is active. One interface; backends
 * are lmdb, redis, memory, and two that hold nothing. All functions may be called from any thread.
 * Values are bytes (value.h says of which kinds); look-ups decode them. */

struct store;
struct store_query;
struct trust_fit;

/* Names are UTF-8, 1 to STORE_NAME_MAX bytes: nothing else can be added (it can be asked for, and
 * is absent). */
#define STORE_NAME_MAX 512
struct store_key {
    const char *group; /* identity.h: "ip:192.0.2.0/24", "dom:example.org" */
    const char *field; /* "*", "h:192.0.2.7", ... */
};
struct store_value {
    int outcome;              /* enum lookup_outcome */
    struct counts counts;     /* when a tally was found; masses to four decimals */
    struct window_sum window; /* when a window was found; of other kinds, both are 0 */
    const struct trust_fit
        *fit; /* when fitted weights (params.h) were; lives as long as the store */
};
#define STORE_WRITER_MAX 255 /* bytes of a writer's name */
/* Masses to add at a time (event time, seconds). */
struct store_update {
    struct store_key key;
    int64_t time;
    double good, bad, seen;
};

struct store_options {
    const char *user, *password_file; /* redis; NULL if none */
    unsigned connect_timeout_ms;      /* redis; 0: a default */
    bool read_only;                   /* never writes, never creates */
    double half_life;                 /* seconds, for updates */
    /* The version to read and write; NULL: the active one, also when another is activated later. A
     * version begins to exist when something is written to it. */
    const char *version;
};
#define STORE_VERSION_MAX 32 /* letters, digits, '.', '_', '-' */

/* url: "lmdb:DIR", "redis://HOST:PORT/DB", "redis+unix:PATH[?db=N]", "memory:", "memory:FILE" (a
 * JSON lines export, loaded), "fail:" (every look-up fails), "fail:uncertain", "none" (everything
 * is absent). NULL on error: one line in error_r that says what and what to do, and errno is EINVAL
 * if url itself is wrong, EBADMSG if a line of memory:FILE is. A Redis that is away is no error
 * here: it is asked again later, with jitter. A store does not survive fork: open it after. All
 * queries must be over before store_close. */
struct store *store_open(const char *url, const struct store_options *options, char *error_r,
                         size_t size);
void store_close(struct store **sp);

/* Sends the look-ups (one pipelined round trip) and returns at once. Keys are copied. NULL: out of
 * memory. */
struct store_query *store_ask(struct store *s, const struct store_key *keys, size_t count);
/* true if store_wait would not sleep */
bool store_ready(struct store_query *q);
/* Waits until deadline_ms (clock_ms, clock.h). values_r has count entries; those without an answer
 * are LOOKUP_FAILED or LOOKUP_UNCERTAIN. Returns LOOKUP_FOUND if the model was asked and answered,
 * else the worst outcome. Frees the query. */
int store_wait(struct store_query **qp, int64_t deadline_ms, struct store_value *values_r);
/* Gives up on a query. */
void store_cancel(struct store_query **qp);

/* Makes new values of old ones. now: the bytes kept for each key, len 0 if there are none. new_r:
 * filled with now; what is left as it is is not written, len 0 removes the key. What new_r is made to
 * point to is the caller's, not a part of now, and must live until the next call, or the end of
 * store_change. May be called more than once for one store_change, each time with what is then kept.
 * Other writers may be waiting meanwhile, and it must not use the store. 0, or an error that ends
 * store_change. */
typedef int store_compute(void *arg, const struct span *now, struct span *new_r);
/* Changes the values of keys, all different, and the watermark of a writer ("" for none) in one
 * atomic step. A watermark that is not above the one kept says that this was done before: then
 * nothing is done, and that is success. Keys that ascend (by group, then field, as strcmp has it) are
 * changed fastest, and many together cost less each: tens of thousands are fine (LMDB holds the pages
 * that it rewrites in memory meanwhile, some 4 KiB a key at most). 0, VOUCH_E_TEMP (nothing was
 * changed, or it is not known: do it again), VOUCH_E_IO (it refuses: read-only, a full disk, something
 * damaged; it may be tried again once that is seen to),
 * VOUCH_E_NOMEM, VOUCH_E_RANGE (a name that cannot be kept, a key twice), or compute's; unless it is
 * VOUCH_E_TEMP, nothing was changed. store_state says more. */
int store_change(struct store *s, const struct store_key *keys, size_t count,
                 store_compute *compute, void *arg, const char *writer, uint64_t watermark);
/* The same for tallies: adds masses, to a key any number of times. VOUCH_E_IO also for a key that keeps
 * something else. */
int store_apply(struct store *s, const struct store_update *updates, size_t count,
                const char *writer, uint64_t watermark);
/* LOOKUP_FOUND and *watermark_r, LOOKUP_ABSENT or LOOKUP_FAILED. May wait for the store. */
int store_watermark(struct store *s, const char *writer, uint64_t *watermark_r);
/* Calls each for every writer. As store_scan. */
int store_watermarks(struct store *s, int (*each)(void *, const char *writer, uint64_t watermark),
                     void *arg);
/* Sets tallies to counts (import): replaces; of one key the last holds. Errors as store_apply's; may
 * be repeated. */
int store_put(struct store *s, const struct store_key *keys, const struct counts *counts, size_t n);
/* Sets the fitted weights: from the next look-up on they are what messages are judged by, but for those that
 * vouch.conf sets (settings_trust). Errors as store_change's. */
int store_put_weights(struct store *s, const struct trust_fit *fit);
/* LOOKUP_FOUND; LOOKUP_ABSENT: the version has none; LOOKUP_FAILED: it cannot be asked, or they cannot be read. What
 * they say nothing of is as it was shipped. */
int store_weights(struct store *s, struct trust_fit *fit_r);
/* Calls each for every tally, in no particular order (Redis may repeat one while it grows); ends
 * early when each returns non-zero, and returns that. each must not use the store. 0, VOUCH_E_TEMP,
 * VOUCH_E_IO. */
int store_scan(struct store *s,
               int (*each)(void *, const struct store_key *, const struct counts *), void *arg);
/* The same for values of every kind. */
int store_scan_bytes(struct store *s,
                     int (*each)(void *, const struct store_key *, struct span value), void *arg);
/* Removes all keys that match; not one atomic step. 0, VOUCH_E_TEMP (some may be left), VOUCH_E_IO,
 * VOUCH_E_NOMEM. */
int store_remove(struct store *s, bool (*match)(void *, const struct store_key *), void *arg,
                 uint64_t *removed_r);

/* Versions of the model. */
struct store_version_info {
    const char *name;
    bool active;
    bool previous; /* was active before: what a rollback activates */
    uint64_t keys; /* values kept; exact for LMDB and memory, for Redis the number of groups */
};
/* As store_scan, in the order in which they were made as far as that is known. The active version is
 * told of even if nothing is in it yet. */
int store_versions(struct store *s, int (*each)(void *, const struct store_version_info *),
                   void *arg);
/* Makes a version the active one, in one atomic step, for all who look up from then on: a query that
 * is under way ends with the version it began with. The one that was active becomes the previous.
 * VOUCH_E_RANGE: there is no such version. Else as store_change. */
int store_activate(struct store *s, const char *version);
/* Removes a version. VOUCH_E_RANGE: there is none such, or it is the active one. */
int store_drop(struct store *s, const char *version);
/* The model version that look-ups use now ("1"); lives as long as the store. NULL if not known. */
const char *store_version(struct store *s);
/* Whether look-ups are sent: a store that is away is not asked until it has answered again. */
enum store_breaker {
    STORE_BREAKER_CLOSED,    /* they are */
    STORE_BREAKER_HALF_OPEN, /* a connection is being made; they wait for it */
    STORE_BREAKER_OPEN       /* they fail at once */
};
enum store_breaker store_breaker(struct store *s);
/* One phrase on the state for a person ("connected", "away for 12 s: Connection refused"); text_r
 * has size bytes. */
void store_state(struct store *s, char *text_r, size_t size);

#endif
