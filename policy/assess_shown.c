/* SPDX-License-Identifier: BSD-2-Clause */
/* Protected senders that readers are shown in From though they are not the author that is judged:
 * in a second mailbox, or in a display name, which is all that many mail programs show:
 * "ceo@example.com" <x@example.net>. */
#include "assess_private.h"
#include "shown.h"

static bool is_protected(const struct assess *a, const struct settings *s, const char *address)
{
    const struct mailbox *author = a->message.author;
    return !(author && span_ieq_cstr(span_of(address), author->address)) &&
           pattern_list_match(&s->protected_senders, address);
}

/* The first protected address that text holds; NULL if there is none. */
static const char *find_in_text(struct assess *a, const struct settings *s, const char *text)
{
    char address[SHOWN_MAX + 1];
    size_t at = 0;
    while (shown_address(span_of(text), &at, address)) {
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
