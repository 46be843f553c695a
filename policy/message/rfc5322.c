/* SPDX-License-Identifier: BSD-2-Clause */
/* Header fields (RFC 5322 s2.2 and s3.6.4), without judging their order or number, and their text.
 * Addresses are in rfc5322_address.c, dates in rfc5322_date.c. */
#include "rfc5322.h"
#include "arena.h"
#include "ascii.h"
#include "errors.h"
#include "rfc2047.h"
#include "rfc5322_lexer.h"
#include "sbuf.h"
#include "utf8.h"

/* Index behind the line that begins at s.p[at]. */
static size_t line_end(struct span s, size_t at)
{
    ptrdiff_t lf = span_index(s, '\n', at);
    return lf < 0 ? s.len : (size_t)lf + 1;
}

/* Length of the field name that line begins with, or 0; *colon_r is the index of its colon. */
static size_t name_length(struct span line, size_t *colon_r)
{
    size_t n = 0, colon;
    while (n < line.len && line.p[n] > ' ' && line.p[n] < 0x7f && line.p[n] != ':')
        n++;
    for (colon = n; colon < line.len && ascii_is_blank(line.p[colon]);)
        colon++; /* obsolete, s4.5.3 */
    *colon_r = colon;
    return colon < line.len && line.p[colon] == ':' ? n : 0;
}

int rfc5322_next_field(struct span *rest, struct field *field_r)
{
    struct span s = *rest;
    size_t end = line_end(s, 0), colon;
    struct span line = span_slice(s, 0, end);
    if (s.len == 0)
        return 0;
    if (span_eq(line, SPAN_LIT("\n")) || span_eq(line, SPAN_LIT("\r\n"))) {
        *rest = span_slice(s, end, s.len);
        return 0;
    }
    size_t name = name_length(line, &colon);
    if (name == 0)
        return VOUCH_E_SYNTAX;
    while (end < s.len && ascii_is_blank(s.p[end]))
        end = line_end(s, end);
    *rest = span_slice(s, end, s.len);
    if (s.p[end - 1] == '\n')
        end--;
    if (end > colon + 1 && s.p[end - 1] == '\r')
        end--;
    field_r->name = span_slice(s, 0, name);
    field_r->value = span_slice(s, colon + 1, end);
    return 1;
}

char *rfc5322_text(struct arena *arena, struct span value)
{
    struct sbuf b;
    sbuf_init(&b, SIZE_MAX);
    rfc2047_decode(span_trim(value), &b);
    char *text = b.failed ? NULL : arena_span(arena, span_trim(sbuf_span(&b)));
    sbuf_clear(&b);
    return text;
}

char *rfc5322_utf8(struct arena *arena, struct span s)
{
    struct sbuf b;
    if (utf8_valid(s) && span_index(s, '\0', 0) < 0)
        return arena_span(arena, s);
    sbuf_init(&b, SIZE_MAX);
    utf8_append(&b, s);
    char *text = b.failed ? NULL : arena_span(arena, sbuf_span(&b));
    sbuf_clear(&b);
    return text;
}

struct span rfc5322_msgid(struct span value)
{
    struct rfc5322_lexer lex;
    rfc5322_lexer_init(&lex, value);
    for (struct token token; (token = rfc5322_lexer_next(&lex)).type != TOKEN_END;) {
        if (token.type != '<')
            continue;
        /* some ids hold spaces or specials: all up to the bracket */
        ptrdiff_t end = span_index(value, '>', lex.at);
        return end < 0 ? SPAN_NONE : span_trim(span_slice(value, lex.at, (size_t)end));
    }
    return SPAN_NONE;
}
