/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields, addresses, text, dates, ids and paths. The first byte says how little memory there is. */
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "domain.h"
#include "errors.h"
#include "rfc5322.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void text_is_utf8(const char *text)
{
    must(!text || utf8_valid(span_of(text)));
}

static void addresses(struct arena *arena, struct span s)
{
    struct mailbox *list;
    size_t count;
    char name[DOMAIN_MAX + 1];
    int rc = rfc5322_addresses(arena, s, &list, &count);
    must(rc == 0 || rc == VOUCH_E_NOMEM || rc == VOUCH_E_LIMIT || rc == VOUCH_E_SYNTAX);
    for (size_t i = 0; i < count; i++) {
        const struct mailbox *m = &list[i];
        text_is_utf8(m->display);
        text_is_utf8(m->group);
        text_is_utf8(m->local);
        text_is_utf8(m->address);
        must(!m->display || m->display[0]);
        must(!m->valid || m->domain[0]);
        if (m->domain[0] && m->domain[0] != '[')
            must(!domain_normalize(span_of(m->domain), name) && !strcmp(name, m->domain));
    }
}

static void path(struct arena *arena, struct span s)
{
    const char *once, *twice;
    int rc = rfc5322_read_path(arena, s, &once);
    must(rc == 0 || rc == VOUCH_E_NOMEM || rc == VOUCH_E_SYNTAX);
    if (rc)
        return;
    rc = rfc5322_read_path(arena, span_of(once), &twice);
    must(rc == VOUCH_E_NOMEM || (rc == 0 && strcmp(once, twice) == 0));
}

static void fields(struct span s)
{
    struct span rest = s;
    struct field f;
    while (rfc5322_next_field(&rest, &f) == 1) {
        must(f.name.len > 0 && f.name.p >= s.p && f.value.p > f.name.p);
        must(f.value.p + f.value.len <= rest.p && rest.p + rest.len == s.p + s.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena *arena = arena_new(data[0] < 128 ? data[0] * 8 : 16 << 20);
    struct span s = span_make(data + 1, size - 1);
    time_t t;
    must(arena != NULL);
    addresses(arena, s);
    path(arena, s);
    fields(s);
    text_is_utf8(rfc5322_text(arena, s));
    text_is_utf8(rfc5322_utf8(arena, s));
    rfc5322_date(s, &t);
    struct span id = rfc5322_msgid(s);
    must(!id.p || (id.p >= s.p && id.p + id.len <= s.p + s.len));
    arena_free(&arena);
    return 0;
}
