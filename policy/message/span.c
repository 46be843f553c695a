/* SPDX-License-Identifier: BSD-2-Clause */
/* Borrowed byte ranges. Comparisons are of ASCII and independent of the locale. */
#include "span.h"
#include <string.h>
#include "ascii.h"
#include "errors.h"

static bool same_nocase(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ascii_lower(a[i]) != ascii_lower(b[i]))
            return false;
    return true;
}

/* How many bytes a and the string b have in common at their beginnings. */
static size_t prefix_nocase(struct span a, const char *b)
{
    size_t n = 0;
    while (n < a.len && b[n] && ascii_lower(a.p[n]) == ascii_lower(b[n]))
        n++;
    return n;
}

struct span span_of(const char *cstr)
{
    return cstr ? (struct span){cstr, strlen(cstr)} : SPAN_NONE;
}

struct span span_make(const void *p, size_t len)
{
    return (struct span){p, len};
}

struct span span_slice(struct span s, size_t from, size_t to)
{
    if (!s.p)
        return SPAN_NONE;
    if (to > s.len)
        to = s.len;
    if (from > to)
        from = to;
    return (struct span){s.p + from, to - from};
}

struct span span_trim(struct span s)
{
    while (s.len && ascii_is_space(s.p[s.len - 1]))
        s.len--;
    while (s.len && ascii_is_space(*s.p)) {
        s.p++;
        s.len--;
    }
    return s;
}

bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

bool span_ieq(struct span a, struct span b)
{
    return a.len == b.len && same_nocase(a.p, b.p, a.len);
}

bool span_ieq_cstr(struct span a, const char *b)
{
    size_t n = prefix_nocase(a, b);
    return n == a.len && b[n] == '\0';
}

bool span_istarts(struct span s, const char *prefix)
{
    return prefix[prefix_nocase(s, prefix)] == '\0';
}

ptrdiff_t span_index(struct span s, char c, size_t from)
{
    if (from >= s.len)
        return -1;
    const char *at = memchr(s.p + from, c, s.len - from);
    return at ? at - s.p : -1;
}

ptrdiff_t span_ifind(struct span s, const char *needle)
{
    size_t n = strlen(needle);
    for (size_t i = 0; s.p && i + n <= s.len; i++)
        if (same_nocase(s.p + i, needle, n))
            return (ptrdiff_t)i;
    return -1;
}

bool span_split(struct span *rest, char sep, struct span *part_r)
{
    if (!rest->p)
        return false;
    ptrdiff_t at = span_index(*rest, sep, 0);
    if (at < 0) {
        *part_r = *rest;
        *rest = SPAN_NONE;
    } else {
        *part_r = span_slice(*rest, 0, (size_t)at);
        *rest = span_slice(*rest, (size_t)at + 1, rest->len);
    }
    return true;
}

int span_uint(struct span s, uint64_t max, uint64_t *value_r)
{
    uint64_t value = 0;
    bool over = false;
    if (!s.len)
        return VOUCH_E_SYNTAX;
    for (size_t i = 0; i < s.len; i++) {
        if (!ascii_is_digit(s.p[i]))
            return VOUCH_E_SYNTAX;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (over || digit > max || value > (max - digit) / 10)
            over = true;
        else
            value = value * 10 + digit;
    }
    if (over)
        return VOUCH_E_RANGE;
    *value_r = value;
    return 0;
}

uint32_t span_fnv1a(struct span s, uint32_t before)
{
    for (size_t i = 0; i < s.len; i++)
        before = (before ^ (unsigned char)s.p[i]) * 16777619u;
    return before;
}

uint64_t span_ihash64(struct span s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)ascii_lower(s.p[i])) * UINT64_C(0x100000001b3);
    h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}
