/* SPDX-License-Identifier: BSD-2-Clause */
/* A list of mistakes with their lines. */
#include "mistakes.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "ascii.h"

/* What the file says is shown, but cannot drive a terminal or break the line. */
static void make_visible(char *text)
{
    for (; *text; text++)
        if (ascii_is_control(*text))
            *text = '?';
}

__attribute__((format(printf, 1, 0))) static char *format_text(const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = n >= 0 ? malloc((size_t)n + 1) : NULL;
    if (text) {
        vsnprintf(text, (size_t)n + 1, format, args);
        make_visible(text);
    }
    return text;
}

void mistakes_add(struct mistakes *m, int line, const char *format, ...)
{
    if (m->failed || m->count == SETTINGS_MAX_ERRORS) {
        m->overflow = !m->failed;
        return;
    }
    if (!m->list)
        m->list = calloc(SETTINGS_MAX_ERRORS + 1, sizeof *m->list);
    va_list args;
    va_start(args, format);
    char *text = m->list ? format_text(format, args) : NULL;
    va_end(args);
    if (text)
        m->list[m->count++] = (struct settings_error){.line = line, .text = text};
    else
        m->failed = true;
}

void mistakes_finish(struct mistakes *m)
{
    /* insertion: the list is short, and what has one line stays in the order it was found */
    for (size_t i = 1; i < m->count; i++) {
        struct settings_error e = m->list[i];
        size_t j = i;
        for (; j > 0 && m->list[j - 1].line > e.line; j--)
            m->list[j] = m->list[j - 1];
        m->list[j] = e;
    }
    static const char more[] = "there are more mistakes; correct these first";
    char *text = m->overflow ? malloc(sizeof more) : NULL;
    if (text) {
        memcpy(text, more, sizeof more);
        m->list[m->count++] = (struct settings_error){.line = 0, .text = text};
    }
}

void mistakes_clear(struct mistakes *m)
{
    settings_errors_free(&m->list, m->count);
    *m = (struct mistakes){0};
}
