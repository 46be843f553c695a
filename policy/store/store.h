/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_STORE_H
#define VOUCH_STORE_H

#include <stdbool.h>
#include "counts.h"
#include "errors.h"

/* The model: counts by key. One interface; backends are lmdb, redis, memory, and two that hold
 * nothing. All functions may be called from any thread. */

struct store;
struct store_query;

/* Names are UTF-8, 1 to STORE_NAME_MAX bytes: nothing else can be added (it can be asked for, and
 * is absent). */
#define STORE_NAME_MAX 512
struct store_key {
    const char *group; /* identity.h: "ip:192.0.2.0/24", "dom:example.org" */
    const char *field; /* "*", "h:192.0.2.7", ... */
};
struct store_value {
    int outcome;          /* enum lookup_outcome */
    struct counts counts; /* when found */
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
};

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

/* Adds a batch in one atomic step, together with a watermark of that writer ("" for none). A
 * watermark that is not above the one kept says that this batch was applied before: then nothing is
 * done, and that is success. 0, VOUCH_E_TEMP (nothing was applied, or it is not known: apply it
 * again), VOUCH_E_IO, VOUCH_E_NOMEM, VOUCH_E_RANGE (a name that cannot be kept); unless it is
 * VOUCH_E_TEMP, nothing was applied. store_state says more. */
int store_apply(struct store *s, const struct store_update *updates, size_t count,
                const char *writer, uint64_t watermark);
/* LOOKUP_FOUND and *watermark_r, LOOKUP_ABSENT or LOOKUP_FAILED. May wait for the store. */
int store_watermark(struct store *s, const char *writer, uint64_t *watermark_r);
/* Sets counts as they are (import): replaces. Errors as store_apply's; may be repeated. */
int store_put(struct store *s, const struct store_key *keys, const struct counts *counts, size_t n);
/* Calls each for every key, in no particular order (Redis may repeat one while it grows); ends
 * early when each returns non-zero, and returns that. 0, VOUCH_E_TEMP, VOUCH_E_IO. */
int store_scan(struct store *s,
               int (*each)(void *, const struct store_key *, const struct counts *), void *arg);
/* The model version that look-ups use now ("1"); lives as long as the store. NULL if not known. */
const char *store_version(struct store *s);
/* One phrase on the state for a person ("connected", "away for 12 s: Connection refused"); text_r
 * has size bytes. */
void store_state(struct store *s, char *text_r, size_t size);

#endif
