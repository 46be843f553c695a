/* SPDX-License-Identifier: BSD-2-Clause */
/* Encoded words in header text (RFC 2047 s2 and s4, RFC 2231 s5's language tag). More is taken than
 * the RFC allows, because readers take it and hostile mail counts on that: words of any length,
 * glued to other text, in quoted strings, with white space inside, and characters that are split
 * between words of the same charset. Charsets are those of a table; bytes of any other are taken as
 * UTF-8. */
#include "rfc2047.h"
#include <string.h>
#include "ascii.h"
#include "charset.h"
#include "sbuf.h"
#include "transfer.h"
#include "utf8.h"

struct word {
    struct span charset; /* without language */
    bool base64;
    struct span text;
    size_t end; /* index behind the word */
};

struct decoder {
    struct sbuf *out;
    struct sbuf bytes;   /* decoded, not yet converted, of a run of words with one charset */
    struct span charset; /* of bytes */
    size_t last_end;     /* index of the last "?=" that may be found; words end before it */
};

static void flush(struct decoder *d)
{
    struct span bytes = sbuf_span(&d->bytes);
    size_t from = d->out->len;
    if (!bytes.len)
        return;
    charset_decode(bytes, d->charset, d->out);
    for (size_t i = from; i < d->out->len; i++)
        if (ascii_is_control(d->out->p[i]))
            d->out->p[i] = ' ';
    sbuf_reset(&d->bytes);
}

/* Text outside encoded words. */
static void literal(struct sbuf *out, struct span s)
{
    size_t from = out->len;
    utf8_append(out, s);
    if (out->failed)
        return;
    size_t to = from;
    for (size_t i = from; i < out->len; i++) {
        char c = out->p[i], next = i + 1 < out->len ? out->p[i + 1] : ' ';
        if ((c == '\r' || c == '\n') && ascii_is_space(next))
            continue; /* a fold, or the end */
        out->p[to++] = ascii_is_control(c) ? ' ' : c;
    }
    out->len = to;
    if (out->p)
        out->p[to] = '\0';
}

static void decode_q(struct span s, struct sbuf *out)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        int high = c == '=' && i + 2 < s.len ? ascii_hex(s.p[i + 1]) : -1;
        int low = high >= 0 ? ascii_hex(s.p[i + 2]) : -1;
        if (low >= 0) {
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '_') {
            c = ' ';
        }
        sbuf_addc(out, c);
    }
}

/* An encoded word at s.p[at]: "=?charset?B or Q?text?=". The first "?=" behind the text's begin
 * ends it, so that text may hold lone question marks. */
static bool find_word(struct decoder *d, struct span s, size_t at, struct word *word_r)
{
    if (s.p[at] != '=' || at + 1 >= s.len || s.p[at + 1] != '?')
        return false;
    size_t from = at + 2, mark = from;
    while (mark < s.len && ascii_is_visible(s.p[mark]) && s.p[mark] != '?')
        mark++;
    if (mark == from || s.len - mark < 4 || s.p[mark] != '?' || s.p[mark + 2] != '?')
        return false;
    char encoding = s.p[mark + 1];
    if (!strchr("bBqQ", encoding) || encoding == '\0')
        return false;
    for (size_t end = mark + 3; end < d->last_end; end++) {
        if (s.p[end] != '?' || s.p[end + 1] != '=')
            continue;
        *word_r = (struct word){.charset = span_slice(s, from, mark),
                                .base64 = encoding == 'b' || encoding == 'B',
                                .text = span_slice(s, mark + 3, end),
                                .end = end + 2};
        ptrdiff_t star = span_index(word_r->charset, '*', 0);
        if (star >= 0)
            word_r->charset.len = (size_t)star;
        return true;
    }
    d->last_end = at; /* none from here on: do not look again */
    return false;
}

static void add_word(struct decoder *d, const struct word *word)
{
    if (!span_ieq(word->charset, d->charset))
        flush(d);
    d->charset = word->charset;
    if (word->base64)
        transfer_base64(word->text, &d->bytes);
    else
        decode_q(word->text, &d->bytes);
}

void rfc2047_decode(struct span text, struct sbuf *out)
{
    struct decoder d = {.out = out, .last_end = text.len ? text.len - 1 : 0};
    struct word word;
    size_t done = 0;
    bool after_word = false;
    sbuf_init(&d.bytes, text.len + 1);
    for (size_t at = 0; at < text.len;) {
        if (!find_word(&d, text, at, &word)) {
            at++;
            continue;
        }
        struct span before = span_slice(text, done, at);
        if (!after_word || span_trim(before).len) {
            flush(&d);
            literal(out, before);
        }
        add_word(&d, &word);
        after_word = true;
        at = done = word.end;
    }
    flush(&d);
    literal(out, span_slice(text, done, text.len));
    out->failed |= d.bytes.failed;
    sbuf_clear(&d.bytes);
}
