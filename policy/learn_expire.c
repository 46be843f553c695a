/* SPDX-License-Identifier: BSD-2-Clause */
/* What a model need not keep any longer. */
#include <string.h>
#include "learn.h"
#include "learn_lesson.h"

#define DAY_S 86400

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
