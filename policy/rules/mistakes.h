/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_MISTAKES_H
#define VOUCH_MISTAKES_H

#include "settings.h"

/* The mistakes found in one file, so that one run reports them all. */
struct mistakes {
    struct settings_error *list; /* malloc */
    size_t count;
    bool overflow; /* there were more than SETTINGS_MAX_ERRORS */
    bool failed;   /* out of memory: the list is not complete */
};

#define MISTAKE_SHOWN 80 /* bytes of somebody's text shown in one message: "%.80s" */

/* line: 0 for the file as a whole */
void mistakes_add(struct mistakes *m, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static inline bool mistakes_any(const struct mistakes *m)
{
    return m->count > 0 || m->failed;
}
/* In the order of lines; says so if there were more. */
void mistakes_finish(struct mistakes *m);
void mistakes_clear(struct mistakes *m);

#endif
