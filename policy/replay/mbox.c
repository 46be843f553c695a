/* SPDX-License-Identifier: BSD-2-Clause */
#include "mbox.h"
#include <string.h>
#include "ascii.h"

static struct span next_line(struct span *rest)
{
    ptrdiff_t end = span_index(*rest, '\n', 0);
    size_t len = end < 0 ? rest->len : (size_t)end + 1;
    struct span line = span_slice(*rest, 0, len);
    *rest = span_slice(*rest, len, rest->len);
    return line;
}

static bool is_blank(struct span line)
{
    return line.len == 0 || line.p[0] == '\n' || (line.p[0] == '\r' && line.len <= 2);
}

bool mbox_begins(struct span text)
{
    return text.len >= 5 && memcmp(text.p, "From ", 5) == 0;
}

/* "12:34" */
static bool has_time_of_day(struct span line)
{
    for (size_t i = 0; i + 5 <= line.len; i++)
        if (line.p[i + 2] == ':' && ascii_is_digit(line.p[i]) && ascii_is_digit(line.p[i + 1]) &&
            ascii_is_digit(line.p[i + 3]) && ascii_is_digit(line.p[i + 4]))
            return true;
    return false;
}

struct span mbox_next(struct span *rest)
{
    next_line(rest);
    const struct span text = *rest;
    size_t len = 0, before_blank = 0;
    bool blank = true; /* so that a message may be empty */
    while (rest->len > 0) {
        struct span ahead = *rest, line = next_line(&ahead);
        if (blank && mbox_begins(line) && has_time_of_day(line))
            break;
        *rest = ahead;
        blank = is_blank(line);
        if (blank)
            before_blank = len;
        len += line.len;
    }
    return span_slice(text, 0, blank ? before_blank : len);
}

/* ">From ", ">>From " */
static bool is_quoted(struct span line)
{
    size_t n = 0;
    while (n < line.len && line.p[n] == '>')
        n++;
    return n > 0 && mbox_begins(span_slice(line, n, line.len));
}

size_t mbox_unquote(struct span message, char *out)
{
    size_t len = 0;
    while (message.len > 0) {
        struct span line = next_line(&message);
        size_t skip = is_quoted(line) ? 1 : 0;
        memmove(out + len, line.p + skip, line.len - skip);
        len += line.len - skip;
    }
    return len;
}
