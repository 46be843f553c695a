/* SPDX-License-Identifier: BSD-2-Clause */
/* Encoded words in header text (RFC 2047 s2 and s4, RFC 2231 s5's language tag). More is taken than
 * the RFC allows, because readers take it and hostile mail counts on that: words of any length,
 * glued to other text, in quoted strings, with white space inside, and characters that are split
 * between words of the same charset. Charsets are those of a table; bytes of any other are taken as
 * UTF-8. */
#include "rfc2047.h"
#include <iconv.h>
#include <string.h>
#include "ascii.h"
#include "sbuf.h"
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

/* What a label means to iconv: as readers take it (a label for a subset means its superset). The
 * table also keeps a sender from choosing which converter code we load. */
static const struct {
    const char *label, *iconv;
} charsets[] = {
    {"iso-8859-1", "WINDOWS-1252"},
    {"latin1", "WINDOWS-1252"},
    {"windows-1252", "WINDOWS-1252"},
    {"cp1252", "WINDOWS-1252"},
    {"iso-8859-2", "ISO-8859-2"},
    {"iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "ISO-8859-4"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-8", "ISO-8859-8"},
    {"iso-8859-8-i", "ISO-8859-8"},
    {"iso-8859-9", "WINDOWS-1254"},
    {"iso-8859-10", "ISO-8859-10"},
    {"iso-8859-11", "CP874"},
    {"iso-8859-13", "ISO-8859-13"},
    {"iso-8859-14", "ISO-8859-14"},
    {"iso-8859-15", "ISO-8859-15"},
    {"iso-8859-16", "ISO-8859-16"},
    {"windows-1250", "WINDOWS-1250"},
    {"windows-1251", "WINDOWS-1251"},
    {"cp1251", "WINDOWS-1251"},
    {"windows-1253", "WINDOWS-1253"},
    {"windows-1254", "WINDOWS-1254"},
    {"windows-1255", "WINDOWS-1255"},
    {"windows-1256", "WINDOWS-1256"},
    {"windows-1257", "WINDOWS-1257"},
    {"windows-1258", "WINDOWS-1258"},
    {"windows-874", "CP874"},
    {"tis-620", "CP874"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"cp866", "CP866"},
    {"ibm866", "CP866"},
    {"macintosh", "MACINTOSH"},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"cp936", "GB18030"},
    {"gb18030", "GB18030"},
    {"hz-gb-2312", "HZ"},
    {"big5", "BIG5-HKSCS"},
    {"big5-hkscs", "BIG5-HKSCS"},
    {"iso-2022-jp", "ISO-2022-JP-2"},
    {"shift_jis", "CP932"},
    {"windows-31j", "CP932"},
    {"cp932", "CP932"},
    {"euc-jp", "EUC-JP"},
    {"euc-kr", "CP949"},
    {"ks_c_5601-1987", "CP949"},
    {"iso-2022-kr", "ISO-2022-KR"},
    {"utf-7", "UTF-7"},
};

static const char *iconv_name(struct span charset)
{
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        if (span_ieq_cstr(charset, charsets[i].label))
            return charsets[i].iconv;
    return NULL;
}

/* Appends s as UTF-8; a byte that means nothing in the charset becomes U+FFFD. */
static void convert(iconv_t cd, struct span s, struct sbuf *out)
{
    char *in = (char *)(uintptr_t)s.p; /* iconv takes char ** but does not write there */
    char piece[512], *to;
    size_t left = s.len, room;
    while (left && !out->failed) {
        size_t before = left;
        to = piece;
        room = sizeof piece;
        size_t rc = iconv(cd, &in, &left, &to, &room);
        utf8_append(out, span_make(piece, (size_t)(to - piece)));
        if (rc == (size_t)-1 && left == before && room == sizeof piece) {
            utf8_append(out, SPAN_LIT("\xff"));
            in++;
            left--;
        }
    }
    to = piece;
    room = sizeof piece;
    iconv(cd, NULL, NULL, &to, &room); /* a character that was held back for its accent */
    utf8_append(out, span_make(piece, (size_t)(to - piece)));
}

static void flush(struct decoder *d)
{
    struct span bytes = sbuf_span(&d->bytes);
    const char *name = iconv_name(d->charset);
    size_t from = d->out->len;
    if (!bytes.len)
        return;
    iconv_t cd = name ? iconv_open("UTF-8", name) : (iconv_t)-1;
    if (cd != (iconv_t)-1) {
        convert(cd, bytes, d->out);
        iconv_close(cd);
    } else {
        utf8_append(d->out, bytes);
    }
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

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding ends a group, not the text: some encoders join what they encoded in parts. */
static void decode_b(struct span s, struct sbuf *out)
{
    unsigned bits = 0, count = 0;
    for (size_t i = 0; i < s.len; i++) {
        int value = base64_value(s.p[i]);
        if (s.p[i] == '=')
            bits = count = 0;
        if (value < 0)
            continue;
        bits = (bits << 6 | (unsigned)value) & 0xffff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            sbuf_addc(out, (char)(bits >> count));
        }
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
        decode_b(word->text, &d->bytes);
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
