/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "release_lesson.h"
#include "journal_reader.h"
#include "record_avro.h"
#include "tool.h"
#include "tool_journal.h"

#define FOUND_BYTES (16u << 20) /* of one record decoded */
#define BEFORE_US                                                                                  \
    INT64_C(1000000) /* a decision's own time lies at most so much before that of its id */

/* journal_find's will_do */
static bool is_decision(void *arg, struct span datum)
{
    const struct record *r;
    struct arena *arena = arena_new(FOUND_BYTES);
    bool yes = arena && record_decode(arena, datum, &r) == 0 && r->kind == RECORD_DECISION;
    (void)arg;
    arena_free(&arena);
    return yes;
}

/* The decision as the journal has it, or NULL: retention may have removed it, or another host wrote it. */
static const struct record *find(const char *dir, struct arena *arena, const struct record *kept)
{
    struct span datum;
    char error[512];
    const struct record *found = NULL;
    int rc = journal_find(dir, span_of(kept->id), SPAN_NONE, kept->time_us - BEFORE_US, is_decision,
                          NULL, arena, &datum, error, sizeof error);
    return rc == 1 && record_decode(arena, datum, &found) == 0 ? found : NULL;
}

int release_lesson_write(const struct settings *s, const struct record *kept,
                         enum label_verdict verdict, const char *note, int64_t time_us)
{
    const struct label label = {verdict, LABEL_RELEASE, note};
    struct tool_journal journal;
    int status = 0;
    if (!*s->journal_dir)
        return 0;
    struct arena *arena = arena_new(FOUND_BYTES);
    if (!arena)
        return tool_error(EX_OSERR, "out of memory");
    const struct record *found = find(s->journal_dir, arena, kept);
    struct record r = tool_journal_label(found ? found : kept);
    struct message m = *r.message;
    if (!found && s->pseudonyms)
        m.alias = &s->pseudonyms->list[0];
    r.message = &m;
    r.time_us = time_us;
    r.labels = &label;
    r.label_count = 1;
    if (tool_journal_open(s, NULL, &journal, &status) == 0) {
        status = tool_journal_append(&journal, &r);
        tool_journal_close(&journal);
    }
    arena_free(&arena);
    return status;
}
