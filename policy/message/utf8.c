/* SPDX-License-Identifier: BSD-2-Clause */
/* UTF-8 as RFC 3629 s4 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "utf8.h"
#include "sbuf.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

size_t utf8_length(struct span s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.p + at;
    size_t left = s.len - at;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (n < 2)
        return n;
    if (n > left || p[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

bool utf8_valid(struct span s)
{
    for (size_t at = 0, n; at < s.len; at += n)
        if ((n = utf8_length(s, at)) == 0)
            return false;
    return true;
}

void utf8_append(struct sbuf *out, struct span s)
{
    size_t done = 0, at = 0;
    while (at < s.len) {
        size_t n = s.p[at] ? utf8_length(s, at) : 0;
        if (n == 0) {
            sbuf_addspan(out, span_slice(s, done, at));
            sbuf_adds(out, REPLACEMENT);
            done = at + 1;
        }
        at += n ? n : 1;
    }
    sbuf_addspan(out, span_slice(s, done, at));
}

struct span utf8_cut(struct span s, size_t max)
{
    if (s.len <= max)
        return s;
    while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
        max--;
    return span_slice(s, 0, max);
}
