/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail_sender.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ascii.h"
#include "sender_private.h"

int sender_say(struct sender *s, int code, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(s->text, sizeof s->text, format, ap);
    va_end(ap);
    for (char *c = s->text; *c; c++)
        if (!ascii_is_visible(*c) && *c != ' ')
            *c = '?';
    return code;
}

const char *sender_text(const struct sender *s)
{
    return s->text;
}

static const struct sender_way *way_of(const char *to, const char **target_r)
{
    static const struct {
        const char *scheme;
        const struct sender_way *way;
    } ways[] = {{"smtp://", &sender_smtp}, {"sendmail:", &sender_sendmail}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        size_t n = strlen(ways[i].scheme);
        if (strncmp(to, ways[i].scheme, n) == 0 && to[n]) {
            *target_r = to + n;
            return ways[i].way;
        }
    }
    return NULL;
}

struct sender *sender_new(const struct sender_options *options, char *error_r, size_t size)
{
    const char *target;
    const struct sender_way *way = way_of(options->to, &target);
    if (!way) {
        snprintf(error_r, size, "'%s' is neither \"sendmail:/PATH\" nor \"smtp://HOST:PORT\"",
                 options->to);
        return NULL;
    }
    struct sender *s = calloc(1, sizeof *s);
    char *helo = strdup(options->helo), *copy = strdup(target);
    if (!s || !helo || !copy) {
        snprintf(error_r, size, "out of memory");
        free(s);
        free(helo);
        free(copy);
        return NULL;
    }
    *s = (struct sender){.way = way, .o = *options, .target = copy};
    s->o.helo = helo;
    s->o.to = NULL;
    return s;
}

void sender_free(struct sender **sp)
{
    struct sender *s = *sp;
    *sp = NULL;
    if (!s)
        return;
    s->way->free(s);
    free((char *)(uintptr_t)s->o.helo);
    free(s->target);
    free(s);
}

/* An address as SMTP has it: in "<>", without what could be a command of its own. */
static bool is_path(const char *path)
{
    size_t n = strlen(path);
    for (size_t i = 0; i < n; i++)
        if (ascii_is_control(path[i]))
            return false;
    return n >= 2 && path[0] == '<' && path[n - 1] == '>';
}

int sender_begin(struct sender *s, const struct sender_envelope *e, struct sender_reply *replies_r)
{
    bool sound = is_path(e->from);
    for (size_t i = 0; i < e->rcpt_count; i++) {
        replies_r[i] = (struct sender_reply){0};
        sound = sound && is_path(e->rcpts[i]);
    }
    if (!sound)
        return sender_say(s, VOUCH_E_TEMP, "its envelope is damaged: an address is none");
    return s->way->begin(s, e, replies_r);
}

int sender_add(struct sender *s, const void *bytes, size_t n)
{
    return s->way->add(s, bytes, n);
}

enum sender_outcome sender_end(struct sender *s, int (*last)(void *arg), void *arg)
{
    return s->way->end(s, last, arg);
}
