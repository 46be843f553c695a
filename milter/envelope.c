/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses in SMTP paths (RFC 5321 s4.1.2), as MTAs take them: also those that follow no grammar. Pure. */
#include "envelope.h"
#include <string.h>
#include "errors.h"
#include "rfc5322.h"

/* path without backslashes: where none may stand, MTAs drop them ("\a@example.com") */
static struct span without_backslashes(struct arena *arena, struct span path)
{
    char *copy = arena_alloc(arena, path.len);
    size_t n = 0;
    for (size_t i = 0; copy && i < path.len; i++)
        if (path.p[i] != '\\')
            copy[n++] = path.p[i];
    return span_make(copy, n);
}

/* What MTAs make of a path that follows no grammar: "<<a@example.com>>" */
static const char *nearest_address(struct arena *arena, struct span path)
{
    struct mailbox *list;
    size_t count;
    if (span_index(path, '\\', 0) >= 0)
        path = without_backslashes(arena, path);
    if (!path.p)
        return NULL;
    while (path.len && path.p[0] == '<')
        path = span_slice(path, 1, path.len);
    while (path.len && path.p[path.len - 1] == '>')
        path.len--;
    if (rfc5322_addresses(arena, path, &list, &count) == VOUCH_E_NOMEM)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (list[i].domain[0])
            return list[i].address;
    return arena_span(arena, path);
}

const char *envelope_address(struct arena *arena, const char *path, const char *resolved)
{
    const char *address = NULL;
    if (resolved && strchr(resolved, '@'))
        address = rfc5322_path(arena, span_of(resolved));
    if (!address)
        address = rfc5322_path(arena, span_of(path));
    return address ? address : nearest_address(arena, span_trim(span_of(path)));
}

bool envelope_is_plain(const char *path)
{
    struct span s = span_trim(span_of(path));
    size_t ats = 0;
    if (s.len >= 2 && s.p[0] == '<' && s.p[s.len - 1] == '>')
        s = span_slice(s, 1, s.len - 1);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        ats += c == '@';
        if (c <= ' ' || c == 0x7f || strchr("()<>,;\\\"", c) || (strchr("[]:", c) && !ats))
            return false;
    }
    return ats <= 1 && s.len > 0 && s.p[0] != '@';
}
