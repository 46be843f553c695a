/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading what is shown: phrases, and addresses in them, whose grammar nobody checks. */
#include "shown.h"
#include <string.h>

struct span shown_text(const struct mailbox *box)
{
    if (box->display)
        return span_of(box->display);
    return box->domain[0] || box->unreadable ? SPAN_NONE : span_of(box->local);
}

static bool ends_address(char c)
{
    return (c >= 0 && c <= ' ') || strchr("<>()[]{},;:\"'|", c);
}

/* The address around the "@" at s.p[at]; of one that is too long, a part that is too long: a name of
 * nothing but "@" is walked once, not once for each. */
static struct span address_around(struct span s, size_t at)
{
    size_t from = at, to = at;
    while (from > 0 && at - from <= SHOWN_MAX && !ends_address(s.p[from - 1]))
        from--;
    while (to < s.len && to - at <= SHOWN_MAX && !ends_address(s.p[to]))
        to++;
    while (to > at && s.p[to - 1] == '.')
        to--;
    return span_slice(s, from, to);
}

bool shown_address(struct span text, size_t *at, char address_r[SHOWN_MAX + 1])
{
    ptrdiff_t sign;
    while ((sign = span_index(text, '@', *at)) >= 0) {
        *at = (size_t)sign + 1;
        struct span found = address_around(text, (size_t)sign);
        if (found.len > SHOWN_MAX)
            continue;
        memcpy(address_r, found.p, found.len);
        address_r[found.len] = '\0';
        return true;
    }
    return false;
}

void shown_blank_addresses(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '@')
            continue;
        struct span found = address_around(span_make(text, len), i);
        memset(text + (found.p - text), ' ', found.len);
    }
}
