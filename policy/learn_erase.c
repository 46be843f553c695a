/* SPDX-License-Identifier: BSD-2-Clause */
/* Forgetting a subject: on the list, out of the model, done. That a writer is between the first and
 * the last step is a value of its own beside the list. */
#include "learn_erase.h"
#include <stdio.h>
#include <string.h>
#include "erasure.h"
#include "learn_batch.h"
#include "learn_position.h"
#include "sbuf.h"

#define BEGUN_PREFIX "begun:"

struct erase {
    const char *subject;
    int64_t time;
    uint64_t from, to;
    bool known;  /* the list had it, and this writer has not begun with it */
    bool behind; /* the model is not at from */
    struct sbuf list;
    uint8_t position[LEARN_POSITION_BYTES];
};

static void begun_key(const char *writer, char field_r[STORE_NAME_MAX + 1])
{
    snprintf(field_r, STORE_NAME_MAX + 1, BEGUN_PREFIX "%s", writer);
}

/* store_compute of {list, begun} */
static int begin(void *arg, const struct span *now, struct span *new_r)
{
    struct erase *e = arg;
    struct erasure_list *list = NULL;
    int rc = now[0].len ? erasure_decode(now[0].p, now[0].len, &list) : VOUCH_E_SYNTAX;
    if (rc == VOUCH_E_SYNTAX)
        rc = (list = erasure_list_new()) ? 0 : VOUCH_E_NOMEM;
    if (rc != 0)
        return rc;
    bool listed = erasure_has(list, span_of(e->subject), e->time);
    e->known = listed && now[1].len == 0;
    if (!listed)
        rc = erasure_add(list, span_of(e->subject), e->time);
    if (rc == 0 && !e->known) {
        sbuf_reset(&e->list);
        erasure_encode(list, &e->list);
        new_r[0] = sbuf_span(&e->list);
        new_r[1] = span_make(e->position, sizeof e->position);
        rc = e->list.failed ? VOUCH_E_NOMEM : 0;
    }
    erasure_list_free(&list);
    return rc;
}

static bool is_of_subject(void *arg, const struct store_key *key)
{
    return erasure_until(arg, key->group, key->field) != ERASURE_NONE;
}

static int remove_subject(struct store *s, const struct erase *e)
{
    struct erasure_list *only = erasure_list_new();
    uint64_t removed;
    int rc = only ? erasure_add(only, span_of(e->subject), e->time) : VOUCH_E_NOMEM;
    if (rc == 0)
        rc = store_remove(s, is_of_subject, only, &removed);
    erasure_list_free(&only);
    return rc;
}

int learn_erase(struct store *s, const char *writer, const char *subject, int64_t time)
{
    struct erase e = {.subject = subject, .time = time};
    char begun[STORE_NAME_MAX + 1], wanted[ERASURE_SUBJECT_MAX + 1];
    const struct store_key keys[] = {{ERASURE_GROUP, ERASURE_FIELD}, {ERASURE_GROUP, begun}};
    int rc = erasure_subject(span_of(subject), wanted);
    if (rc != 0)
        return rc == VOUCH_E_NOMEM ? rc : VOUCH_E_SYNTAX;
    begun_key(writer, begun);
    sbuf_init(&e.list, ERASURE_BYTES_MAX);
    learn_position_encode(1, e.position);
    rc = store_change(s, keys, 2, begin, &e, "", 0);
    sbuf_clear(&e.list);
    return rc == 0 && !e.known ? remove_subject(s, &e) : rc;
}

/* store_compute of {begun, position} */
static int end(void *arg, const struct span *now, struct span *new_r)
{
    struct erase *e = arg;
    e->behind = now[1].len && learn_position_decode(now[1]) != e->from;
    if (e->behind)
        return VOUCH_E_RANGE;
    learn_position_encode(e->to, e->position);
    new_r[0] = SPAN_NONE;
    new_r[1] = span_make(e->position, sizeof e->position);
    return 0;
}

int learn_erase_end(struct store *s, const char *writer, uint64_t from, uint64_t to)
{
    struct erase e = {.from = from, .to = to};
    char begun[STORE_NAME_MAX + 1];
    const struct store_key keys[] = {{ERASURE_GROUP, begun}, {LEARN_POSITION_GROUP, writer}};
    begun_key(writer, begun);
    int rc = store_change(s, keys, 2, end, &e, writer, to);
    return e.behind && rc != 0 ? LEARN_BEHIND : rc;
}
