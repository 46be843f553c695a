/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading every value of a version. */
#include "config.h"
#include "model_check.h"
#include <string.h>
#include "erasure.h"
#include "learn_lesson.h"
#include "learn_position.h"
#include "mark.h"
#include "model_digest.h"
#include "params.h"
#include "tally.h"
#include "value.h"
#include "window.h"

const char *model_kind_name(enum model_kind kind)
{
    static const char *const names[MODEL_KIND_COUNT] = {"tally",   "window",   "mark",
                                                        "erasure", "position", "weights"};
    return names[kind];
}

/* The kind of value that has its place under key. */
static enum model_kind kind_of_key(const struct store_key *key)
{
    if (strcmp(key->group, LEARN_POSITION_GROUP) == 0)
        return MODEL_POSITION;
    if (strcmp(key->group, PARAMS_GROUP) == 0 && strcmp(key->field, PARAMS_FIELD) == 0)
        return MODEL_WEIGHTS;
    if (strcmp(key->group, ERASURE_GROUP) == 0) /* beside the list: who has begun with one */
        return strcmp(key->field, ERASURE_FIELD) == 0 ? MODEL_ERASURE : MODEL_POSITION;
    if (strncmp(key->group, LESSON_MARK_PREFIX, strlen(LESSON_MARK_PREFIX)) == 0)
        return MODEL_MARK;
    return strncmp(key->field, "w:", 2) == 0 ? MODEL_WINDOW : MODEL_TALLY;
}

static int decode_window(struct span value)
{
    struct window_sum sum;
    struct window *w = NULL;
    int rc = window_sum(value.p, value.len, &sum);
    if (rc == 0)
        rc = window_decode(value.p, value.len, &w);
    window_free(&w);
    return rc;
}

static int decode_erasure(struct span value)
{
    struct erasure_list *l = NULL;
    int rc = erasure_decode(value.p, value.len, &l);
    erasure_list_free(&l);
    return rc;
}

static int decode(struct span value, enum model_kind *kind_r)
{
    struct tally tally;
    struct mark mark;
    struct trust_fit fit = {0};
    switch (value.len ? (unsigned char)value.p[0] : VALUE_NONE) {
    case VALUE_TALLY:
        *kind_r = MODEL_TALLY;
        return tally_decode(value.p, value.len, &tally);
    case VALUE_WINDOW:
        *kind_r = MODEL_WINDOW;
        return decode_window(value);
    case VALUE_MARK:
        *kind_r = MODEL_MARK;
        return mark_decode(value.p, value.len, &mark);
    case VALUE_ERASURE:
        *kind_r = MODEL_ERASURE;
        return decode_erasure(value);
    case VALUE_POSITION:
        *kind_r = MODEL_POSITION;
        return value.len == LEARN_POSITION_BYTES ? 0 : VOUCH_E_SYNTAX;
    case VALUE_WEIGHTS:
        *kind_r = MODEL_WEIGHTS;
        return params_decode(value.p, value.len, &fit);
    default:
        return VOUCH_E_RANGE;
    }
}

const char *model_value_check(const struct store_key *key, struct span value,
                              enum model_kind *kind_r)
{
    switch (decode(value, kind_r)) {
    case 0:
        return *kind_r == kind_of_key(key) ? NULL : "a value of another kind than its key says";
    case VOUCH_E_RANGE:
        return "of a kind that this vouch does not know: made by a newer one, or by something else";
    case VOUCH_E_NOMEM:
        return "out of memory";
    default:
        return "its bytes are damaged";
    }
}

struct scan {
    struct model_check *c;
    struct model_digest *digest;
    struct progress *progress;
};

static int check_value(void *arg, const struct store_key *key, struct span value)
{
    struct scan *scan = arg;
    struct model_check *c = scan->c;
    enum model_kind kind = MODEL_TALLY;
    const char *why = model_value_check(key, value, &kind);
    bool counts = !why && (kind == MODEL_TALLY || kind == MODEL_WINDOW);
    int rc = model_digest_add(scan->digest, key, value, counts);
    if (rc <= 0)
        return rc;
    c->keys++;
    if (scan->progress)
        progress_set(scan->progress, c->keys, c->keys);
    if (!why) {
        c->kinds[kind]++;
        return 0;
    }
    c->wrong++;
    if (c->damaged)
        c->damaged(c->arg, key, why);
    return 0;
}

int model_check(struct store *s, struct model_check *c, struct progress *progress)
{
    struct scan scan = {c, model_digest_new(c->may_repeat), progress};
    if (!scan.digest)
        return VOUCH_E_NOMEM;
    int rc = store_scan_bytes(s, check_value, &scan);
    model_digest_text(scan.digest, c->digest);
    model_digest_free(&scan.digest);
    return rc;
}
