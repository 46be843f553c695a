/* SPDX-License-Identifier: BSD-2-Clause */
/* How far a model is behind a journal, and what it need not keep any longer. */
#include <string.h>
#include "arena.h"
#include "learn.h"
#include "learn_lesson.h"
#include "record_avro.h"

#define DAY_S        86400
#define RECORD_ARENA (64u << 20)

/* When the first record after number was written, microseconds; -1: there is none, or it cannot be
 * read. */
static int64_t time_after(const char *path, uint64_t number)
{
    char error[300];
    struct journal_entry entry;
    const struct record *record;
    int64_t time = -1;
    struct journal_reader *r = journal_reader_open(path, number, error, sizeof error);
    struct arena *arena = arena_new(RECORD_ARENA);
    if (r && arena && journal_reader_next(r, &entry) == 1 &&
        record_decode(arena, entry.datum, &record) == 0)
        time = record->time_us;
    arena_free(&arena);
    journal_reader_close(&r);
    return time;
}

int learn_lag(struct store *s, const char *path, const char *writer, int64_t now_us,
              struct learn_lag *lag_r)
{
    uint64_t watermark = 0;
    if (store_watermark(s, writer, &watermark) < 0)
        return VOUCH_E_TEMP;
    *lag_r = (struct learn_lag){.records = journal_count_after(path, watermark)};
    int64_t time = lag_r->records ? time_after(path, watermark) : -1;
    if (time >= 0 && time < now_us)
        lag_r->seconds = (now_us - time) / 1000000;
    return 0;
}

struct expiry {
    char before[LESSON_MARK_GROUP]; /* groups that come before this one are old */
};

static bool is_old(void *arg, const struct store_key *key)
{
    const struct expiry *e = arg;
    return strncmp(key->group, LESSON_MARK_PREFIX, strlen(LESSON_MARK_PREFIX)) == 0 &&
           strcmp(key->group, e->before) < 0;
}

int learn_expire(struct store *s, int64_t now_us, uint64_t *removed_r)
{
    struct expiry e;
    lesson_mark_group(now_us / 1000000 - (int64_t)LEARN_MARK_DAYS * DAY_S, e.before);
    return store_remove(s, is_old, &e, removed_r);
}
