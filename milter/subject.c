/* SPDX-License-Identifier: BSD-2-Clause */
/* A prefix before a Subject (RFC 5322 s3.6.5): the prefix is written as it is, or as encoded words (RFC 2047 s4.1)
 * when it holds more than printable ASCII. The rest of the field is not decoded, only joined. */
#include "subject.h"
#include <string.h>

#define WORD_BYTES                                                                                 \
    42 /* of UTF-8 in one encoded word: 56 of base64, and 75 in all at most (RFC 2047 s2) */
#define LINE_BYTES 900 /* longer lines are folded after the prefix; RFC 5322 s2.1.1 allows 998 */

static bool plain(const char *s)
{
    for (const char *p = s; *p; p++)
        if (*p < 0x20 || *p > 0x7e)
            return false;
    return !strstr(s, "=?");
}

static void base64(struct sbuf *out, const unsigned char *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)p[i] << 16;
        v |= i + 1 < n ? (unsigned)p[i + 1] << 8 : 0;
        v |= i + 2 < n ? (unsigned)p[i + 2] : 0;
        sbuf_addc(out, digits[v >> 18]);
        sbuf_addc(out, digits[v >> 12 & 63]);
        sbuf_addc(out, i + 1 < n ? digits[v >> 6 & 63] : '=');
        sbuf_addc(out, i + 2 < n ? digits[v & 63] : '=');
    }
}

/* Words end between characters; white space between two of them is not shown (RFC 2047 s6.2), so the space after the prefix
 * is inside the last. */
static void encoded(struct sbuf *out, struct span s)
{
    while (s.len) {
        size_t n = s.len < WORD_BYTES ? s.len : WORD_BYTES;
        while (n > 1 && n < s.len && ((unsigned char)s.p[n] & 0xc0) == 0x80)
            n--;
        sbuf_adds(out, "=?UTF-8?B?");
        base64(out, (const unsigned char *)s.p, n);
        sbuf_adds(out, "?=");
        s = span_slice(s, n, s.len);
        if (s.len)
            sbuf_addc(out, ' ');
    }
}

/* prefix as it is written, without the space that ends it */
static void write_prefix(struct sbuf *out, const char *prefix)
{
    struct span p = span_trim(span_of(prefix));
    if (plain(prefix)) {
        sbuf_addspan(out, p);
        return;
    }
    struct sbuf spaced;
    sbuf_init(&spaced, SUBJECT_MAX_BYTES);
    sbuf_addspan(&spaced, p);
    sbuf_addc(&spaced, ' ');
    encoded(out, sbuf_span(&spaced));
    out->failed = out->failed || spaced.failed;
    sbuf_clear(&spaced);
}

bool subject_tag(struct sbuf *out, const char *prefix, struct span value)
{
    value = span_trim(value);
    size_t start = out->len;
    write_prefix(out, prefix);
    struct span written = span_slice(sbuf_span(out), start, out->len);
    if (out->failed ||
        (value.len >= written.len && span_eq(span_slice(value, 0, written.len), written)))
        return false;
    ptrdiff_t end = span_index(value, '\n', 0);
    size_t first = end < 0 ? value.len : (size_t)end;
    if (value.len)
        sbuf_adds(out, written.len + first > LINE_BYTES ? "\n\t" : " ");
    for (size_t i = 0; i < value.len; i++)
        if (value.p[i] != '\r' && value.p[i] != '\0')
            sbuf_addc(out, value.p[i]);
    return !out->failed;
}
