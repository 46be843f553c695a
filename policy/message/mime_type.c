/* SPDX-License-Identifier: BSD-2-Clause */
/* Parameters of MIME fields. Of a name that comes twice the first counts; of its forms the extended one (name*), then the one in
 * pieces (name*0, name*1*, ...), then the plain one. */
#include "mime_type.h"
#include <stdio.h>
#include <string.h>
#include "arena.h"
#include "ascii.h"
#include "charset.h"
#include "rfc2047.h"
#include "sbuf.h"
#include "utf8.h"

#define MAX_FIELD  4096 /* bytes of a field that are read */
#define MAX_PIECES 20   /* RFC 2231 s3 */

/* Index of the ';' at or after from that stands outside of quotes, or the end. */
static size_t find_end(struct span s, size_t from)
{
    bool quoted = false;
    for (size_t i = from; i < s.len; i++) {
        if (s.p[i] == '"')
            quoted = !quoted;
        else if (quoted && s.p[i] == '\\')
            i++;
        else if (!quoted && s.p[i] == ';')
            return i;
    }
    return s.len;
}

/* Takes the next parameter off *rest, which begins behind a ';'. */
static bool next_param(struct span *rest, struct span *name_r, struct span *value_r)
{
    while (rest->len > 0) {
        size_t end = find_end(*rest, 0);
        struct span one = span_slice(*rest, 0, end);
        ptrdiff_t equals = span_index(one, '=', 0);
        *rest = span_slice(*rest, end + 1, rest->len);
        if (equals < 0)
            continue;
        *name_r = span_trim(span_slice(one, 0, (size_t)equals));
        *value_r = span_trim(span_slice(one, (size_t)equals + 1, one.len));
        return true;
    }
    return false;
}

static void unquote(struct span s, struct sbuf *out)
{
    bool quoted = s.len > 0 && s.p[0] == '"';
    ptrdiff_t comment = quoted ? -1 : span_ifind(s, " (");
    if (comment >= 0)
        s = span_trim(span_slice(s, 0, (size_t)comment));
    for (size_t i = quoted; i < s.len && !(quoted && s.p[i] == '"'); i++) {
        if (quoted && s.p[i] == '\\' && i + 1 < s.len)
            i++;
        if (s.p[i] != '\r' && s.p[i] != '\n')
            sbuf_addc(out, s.p[i]);
    }
}

static void unescape(struct span s, struct sbuf *out)
{
    for (size_t i = 0; i < s.len; i++) {
        int high = s.p[i] == '%' && i + 2 < s.len ? ascii_hex(s.p[i + 1]) : -1;
        int low = high >= 0 ? ascii_hex(s.p[i + 2]) : -1;
        if (low >= 0)
            i += 2;
        sbuf_addc(out, low >= 0 ? (char)(high * 16 + low) : s.p[i]);
    }
}

/* Appends a value without quotes, and without its escapes if it is extended. first: it may begin with its charset, which is put
 * into *charset. */
static void add_piece(struct span raw, bool extended, bool first, struct arena *arena,
                      struct span *charset, struct sbuf *out)
{
    struct sbuf text;
    sbuf_init(&text, MAX_FIELD);
    unquote(raw, &text);
    struct span s = sbuf_span(&text);
    ptrdiff_t one = extended && first ? span_index(s, '\'', 0) : -1;
    ptrdiff_t two = one >= 0 ? span_index(s, '\'', (size_t)one + 1) : -1;
    if (two >= 0) {
        const char *name = arena_span(arena, span_slice(s, 0, (size_t)one));
        *charset = span_of(name);
        s = span_slice(s, (size_t)two + 1, s.len);
    }
    if (extended)
        unescape(s, out);
    else
        sbuf_addspan(out, s);
    sbuf_clear(&text);
}

/* The parameter of exactly that name. */
static bool find(struct span params, const char *name, struct span *value_r)
{
    struct span found;
    while (next_param(&params, &found, value_r))
        if (span_ieq_cstr(found, name))
            return true;
    return false;
}

/* name*0, name*1* and so on. false: there is no first. */
static bool add_pieces(struct span params, const char *name, struct arena *arena,
                       struct span *charset, struct sbuf *out)
{
    char numbered[64];
    struct span raw;
    int i = 0;
    for (; i < MAX_PIECES; i++) {
        snprintf(numbered, sizeof numbered, "%s*%d*", name, i);
        bool extended = find(params, numbered, &raw);
        numbered[strlen(numbered) - 1] = '\0';
        if (!extended && !find(params, numbered, &raw))
            break;
        add_piece(raw, extended, i == 0, arena, charset, out);
    }
    return i > 0;
}

const char *mime_type_param(struct arena *arena, struct span value, const char *name)
{
    struct sbuf bytes, text;
    struct span raw, charset = SPAN_NONE;
    char extended[64];
    value = span_slice(value, 0, MAX_FIELD);
    struct span params = span_slice(value, find_end(value, 0) + 1, value.len);
    sbuf_init(&bytes, 2 * MAX_FIELD);
    sbuf_init(&text, 8 * MAX_FIELD);
    snprintf(extended, sizeof extended, "%s*", name);
    bool found = find(params, extended, &raw);
    if (found)
        add_piece(raw, true, true, arena, &charset, &bytes);
    else
        found = add_pieces(params, name, arena, &charset, &bytes);
    if (found) {
        charset_decode(sbuf_span(&bytes), charset, &text);
    } else if ((found = find(params, name, &raw))) {
        unquote(raw, &bytes);
        rfc2047_decode(sbuf_span(&bytes), &text);
    }
    bool failed = bytes.failed || text.failed;
    struct span cut = utf8_cut(sbuf_span(&text), MIME_TYPE_MAX_VALUE);
    const char *result = found && !failed ? arena_span(arena, cut.p ? cut : SPAN_LIT("")) : NULL;
    sbuf_clear(&bytes);
    sbuf_clear(&text);
    return result;
}

const char *mime_type_word(struct arena *arena, struct span value)
{
    struct span word = span_slice(value, 0, MAX_FIELD);
    size_t n = 0;
    word = span_slice(word, 0, find_end(word, 0));
    ptrdiff_t comment = span_index(word, '(', 0);
    if (comment >= 0)
        word.len = (size_t)comment;
    char *text = arena_alloc(arena, word.len + 1);
    for (size_t i = 0; text && i < word.len; i++)
        if (!ascii_is_space(word.p[i]))
            text[n++] = ascii_lower(word.p[i]);
    return text;
}
