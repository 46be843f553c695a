/* SPDX-License-Identifier: BSD-2-Clause */
/* How far a model is behind a journal. */
#include "arena.h"
#include "learn.h"
#include "record_avro.h"

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

struct learn_lag learn_lag_after(const char *path, uint64_t watermark, int64_t now_us)
{
    struct learn_lag lag = {.records = journal_count_after(path, watermark)};
    int64_t time = lag.records ? time_after(path, watermark) : -1;
    if (time >= 0 && time < now_us)
        lag.seconds = (now_us - time) / 1000000;
    return lag;
}

int learn_lag(struct store *s, const char *path, const char *writer, int64_t now_us,
              struct learn_lag *lag_r)
{
    uint64_t watermark = 0;
    if (store_watermark(s, writer, &watermark) < 0)
        return VOUCH_E_TEMP;
    *lag_r = learn_lag_after(path, watermark, now_us);
    return 0;
}
