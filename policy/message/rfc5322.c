/* SPDX-License-Identifier: BSD-2-Clause */
/* Header fields (RFC 5322 s2.2 and s3.6.4), without judging their order or number, and their text:
 * unstructured, and what phrases and comments say.
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
    while (n < line.len && ascii_is_visible(line.p[n]) && line.p[n] != ':')
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

/* Cuts runs of spaces to one, and those at the ends to none. */
static struct span squeeze(struct sbuf *b)
{
    size_t to = 0;
    for (size_t i = 0; i < b->len; i++)
        if (b->p[i] != ' ' || (to && b->p[to - 1] != ' '))
            b->p[to++] = b->p[i];
    if (to && b->p[to - 1] == ' ')
        to--;
    return span_make(b->p, to);
}

static void add_phrase(struct span raw, struct sbuf *out)
{
    struct rfc5322_lexer lex;
    rfc5322_lexer_init(&lex, raw);
    for (struct token t; (t = rfc5322_lexer_next(&lex)).type != TOKEN_END;) {
        if (t.gap && out->len)
            sbuf_addc(out, ' ');
        rfc5322_lexer_unquote(t.raw, out);
    }
}

int rfc5322_phrase(struct arena *arena, struct span raw, const char **text_r)
{
    struct sbuf plain, decoded;
    *text_r = NULL;
    if (!raw.len)
        return 0;
    sbuf_init(&plain, SIZE_MAX);
    sbuf_init(&decoded, SIZE_MAX);
    if (raw.p[0] == '(')
        rfc5322_lexer_unquote(raw, &plain);
    else
        add_phrase(raw, &plain);
    rfc2047_decode(sbuf_span(&plain), &decoded);
    struct span text = squeeze(&decoded);
    if (text.len)
        *text_r = arena_span(arena, text);
    int rc = plain.failed || decoded.failed || (text.len && !*text_r) ? VOUCH_E_NOMEM : 0;
    sbuf_clear(&plain);
    sbuf_clear(&decoded);
    return rc;
}

char *rfc5322_utf8(struct arena *arena, struct span s)
{
    struct sbuf b;
    if (utf8_valid(s) && span_index(s, '\0', 0) < 0)
        return arena_span(arena, s);
    sbuf_init(&b, SIZE_MAX);
    utf8_append(&b, s);
    return sbuf_to_arena(&b, arena);
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
