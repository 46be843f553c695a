/* SPDX-License-Identifier: BSD-2-Clause */
/* Protected senders that readers are shown in From though they are not the author that is judged:
 * in a second mailbox, or in a display name, which is all that many mail programs show:
 * "ceo@example.com" <x@example.net>. */
#include <string.h>
#include "assess_private.h"

#define SHOWN_MAX 320 /* bytes of an address in a display name: local-part, "@" and domain */

static bool is_protected(const struct assess *a, const struct settings *s, const char *address)
{
    const struct mailbox *author = a->message.author;
    return !(author && span_ieq_cstr(span_of(address), author->address)) &&
           pattern_list_match(&s->protected_senders, address);
}

static bool ends_address(char c)
{
    return (c >= 0 && c <= ' ') || strchr("<>()[]{},;:\"'", c);
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

/* The first protected address that text holds; NULL if there is none. */
static const char *find_in_text(struct assess *a, const struct settings *s, const char *text)
{
    struct span all = span_of(text);
    for (ptrdiff_t at = span_index(all, '@', 0); at >= 0;
         at = span_index(all, '@', (size_t)at + 1)) {
        char address[SHOWN_MAX + 1];
        struct span found = address_around(all, (size_t)at);
        if (found.len > SHOWN_MAX)
            continue;
        memcpy(address, found.p, found.len);
        address[found.len] = '\0';
        if (is_protected(a, s, address)) {
            const char *copy = arena_strdup(a->arena, address);
            if (!copy)
                assess_fail(a);
            return copy;
        }
    }
    return NULL;
}

const char *assess_shown_protected(struct assess *a, const struct settings *s)
{
    const struct message *m = &a->message;
    if (s->protected_senders.count == 0)
        return NULL;
    for (size_t i = 0; i < m->from_read; i++) {
        for (size_t k = 0; k < m->from[i].count; k++) {
            const struct mailbox *box = &m->from[i].list[k];
            const char *found = box->display ? find_in_text(a, s, box->display) : NULL;
            if (found)
                return found;
            if (box->domain[0] && is_protected(a, s, box->address))
                return box->address;
        }
    }
    return NULL;
}
