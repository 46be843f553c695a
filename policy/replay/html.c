/* SPDX-License-Identifier: BSD-2-Clause */
#include "html.h"
#include "sbuf.h"
#include "utf8.h"

/* Ranges of code points that are named and not written. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    {0, 0x1f},           /* controls */
    {0x7f, 0x9f},        /* the same */
    {0xad, 0xad},        /* soft hyphen */
    {0x34f, 0x34f},      /* grapheme joiner */
    {0x61c, 0x61c},      /* turns the line around */
    {0x115f, 0x1160},    /* fillers */
    {0x180b, 0x180f},    /* no width */
    {0x200b, 0x200f},    /* no width, or turns the line around */
    {0x2028, 0x202e},    /* line ends, and what turns the line around */
    {0x2060, 0x206f},    /* no width, and what turns the line around */
    {0x3164, 0x3164},    /* filler */
    {0xfdd0, 0xfdef},    /* no characters */
    {0xfe00, 0xfe0f},    /* no width */
    {0xfeff, 0xfeff},    /* no width */
    {0xffa0, 0xffa0},    /* filler */
    {0xfff0, 0xfffb},    /* no width */
    {0xe0000, 0xe0fff},  /* no width */
    {0xf0000, 0x10ffff}, /* private */
};

static uint32_t code_point(struct span s, size_t at, size_t n)
{
    static const unsigned char first[] = {0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = (unsigned char)s.p[at] & first[n - 1];
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)s.p[at + i] & 0x3f);
    return c;
}

static bool is_hidden(uint32_t c)
{
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (c >= hidden[i].first && c <= hidden[i].last)
            return true;
    return (c & 0xfffe) == 0xfffe; /* the last two of each plane are no characters */
}

static void put(struct sbuf *out, struct span s, size_t at, size_t n)
{
    switch (s.p[at]) {
    case '<':
        sbuf_adds(out, "&lt;");
        return;
    case '>':
        sbuf_adds(out, "&gt;");
        return;
    case '&':
        sbuf_adds(out, "&amp;");
        return;
    case '"':
        sbuf_adds(out, "&quot;");
        return;
    case '\'':
        sbuf_adds(out, "&#39;");
        return;
    default:
        sbuf_add(out, s.p + at, n);
    }
}

void html_text(struct sbuf *out, struct span text, size_t max)
{
    struct span s = utf8_cut(text, max);
    for (size_t at = 0; at < s.len;) {
        size_t n = utf8_length(s, at);
        uint32_t c = n ? code_point(s, at, n) : 0;
        if (n == 0)
            sbuf_addf(out, "\\x%02x", (unsigned char)s.p[at]);
        else if (is_hidden(c))
            sbuf_addf(out, "\\u{%x}", (unsigned)c);
        else
            put(out, s, at, n);
        at += n ? n : 1;
    }
    if (s.len < text.len)
        sbuf_adds(out, "…");
}
