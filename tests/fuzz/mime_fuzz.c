/* SPDX-License-Identifier: BSD-2-Clause */
/* A message taken apart: every part lies within it, no deeper than is said, and decoding and HTML make no more of it than they may. */
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "html_to_text.h"
#include "mime.h"
#include "sbuf.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct span s, struct span all)
{
    if (s.p && (s.p < all.p || s.len > all.len || s.p + s.len > all.p + all.len))
        abort();
}

static void check_part(const struct mime_part *p, struct span all)
{
    struct sbuf bytes, text, shown;
    check_within(p->header, all);
    check_within(p->body, all);
    if (p->depth > MIME_MAX_DEPTH || (p->name && !utf8_valid(span_of(p->name))))
        abort();
    sbuf_init(&bytes, p->body.len + 1);
    sbuf_init(&text, 3 * p->body.len + 16);
    mime_decode(p, &bytes);
    mime_decode_text(p, &text);
    sbuf_init(&shown, 8 * text.len + 1024);
    html_to_text(sbuf_span(&text), &shown);
    if (bytes.failed || text.failed || shown.failed || !utf8_valid(sbuf_span(&text)) ||
        !utf8_valid(sbuf_span(&shown)))
        abort();
    sbuf_clear(&bytes);
    sbuf_clear(&text);
    sbuf_clear(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span all = span_make(data, size);
    struct arena *arena = arena_new(16 << 20);
    struct mime m;
    if (arena && mime_parse(arena, all, &m) == 0) {
        if (m.count == 0 || m.count > MIME_MAX_PARTS)
            abort();
        for (size_t i = 0; i < m.count; i++)
            check_part(&m.parts[i], all);
    }
    arena_free(&arena);
    return 0;
}
