/* SPDX-License-Identifier: BSD-2-Clause */
/* Body hashes against canonical forms written out by hand, and, for bodies of all sorts of line
 * ends and white space cut anywhere, against the same made line by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dkim_hash.h"

#define BODY_MAX 600
#define BODIES   20000

static void hash_of(const char *canonical, size_t len, char base64_r[45])
{
    unsigned char digest[32];
    assert_int_equal(EVP_Digest(canonical, len, digest, NULL, EVP_sha256(), NULL), 1);
    EVP_EncodeBlock((unsigned char *)base64_r, digest, sizeof digest);
}

/* Whether body, fed in pieces of up to step bytes, has the hash of canonical. */
static bool agrees(bool relaxed, struct span body, size_t step, const char *canonical, size_t len)
{
    struct dkim_hash h = {0};
    char expected[45];
    assert_int_equal(dkim_hash_begin(&h, relaxed), 0);
    for (size_t at = 0; at < body.len; at += step)
        dkim_hash_add(&h, span_slice(body, at, at + step));
    hash_of(canonical, len, expected);
    bool same = dkim_hash_equals(&h, expected);
    assert_true(dkim_hash_equals(&h, expected) == same); /* two signatures may ask */
    assert_false(dkim_hash_equals(&h, "AAAA"));
    dkim_hash_clear(&h);
    return same;
}

static void forms_table(void **state)
{
    (void)state;
    static const struct {
        const char *body, *simple, *relaxed;
    } cases[] = {
        {"", "\r\n", ""},
        {"\r\n", "\r\n", ""},
        {" \t\r\n", " \t\r\n", ""},
        {"\r\n\r\na\r\n", "\r\n\r\na\r\n", "\r\n\r\na\r\n"},
        {" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"}, /* RFC 6376 s3.4.5 */
        {"a b  c\td\r\n", "a b  c\td\r\n", "a b c d\r\n"},
        {"a\rb\nc\r\n", "a\rb\nc\r\n", "a\rb\nc\r\n"},
        {"a \r \r\r\n", "a \r \r\r\n", "a \r \r\r\n"},
        {"a\r\n \r\nb\r\n", "a\r\n \r\nb\r\n", "a\r\n\r\nb\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t step = 1; step < 20; step++) {
            struct span body = span_of(cases[i].body);
            const char *simple = cases[i].simple, *relaxed = cases[i].relaxed;
            if (!agrees(false, body, step, simple, strlen(simple)) ||
                !agrees(true, body, step, relaxed, strlen(relaxed)))
                fail_msg("case %zu in pieces of %zu", i, step);
        }
}

/* One line without its end. */
static size_t line_form(bool relaxed, const char *line, size_t len, char *out)
{
    size_t n = 0;
    if (!relaxed) {
        memcpy(out, line, len);
        return len;
    }
    while (len && strchr(" \t", line[len - 1]))
        len--;
    for (size_t i = 0; i < len; i++)
        if (!strchr(" \t", line[i]))
            out[n++] = line[i];
        else if (!strchr(" \t", line[i + 1]))
            out[n++] = ' ';
    return n;
}

/* body ends in CRLF */
static size_t canonicalize(bool relaxed, struct span body, char *out)
{
    size_t n = 0;
    for (size_t from = 0, at = 0; at + 1 < body.len; at++) {
        if (body.p[at] != '\r' || body.p[at + 1] != '\n')
            continue;
        n += line_form(relaxed, body.p + from, at - from, out + n);
        memcpy(out + n, "\r\n", 2);
        n += 2;
        from = at + 2;
    }
    while (n >= 4 && memcmp(out + n - 4, "\r\n\r\n", 4) == 0)
        n -= 2;
    return relaxed && n == 2 ? 0 : n;
}

static void random_bodies(void **state)
{
    (void)state;
    static const char *const parts[] = {"a",  "text", " ",    "  ",       "\t",
                                        "\r", "\n",   "\r\n", "\r\n\r\n", "a line\r\nand one more"};
    unsigned chance = 1;
    for (int i = 0; i < BODIES; i++) {
        char body[BODY_MAX + 32], canonical[BODY_MAX + 32];
        size_t len = 0, most = i % BODY_MAX;
        while (len < most) {
            chance = chance * 1103515245 + 12345;
            const char *part = parts[(chance >> 16) % (sizeof parts / sizeof parts[0])];
            memcpy(body + len, part, strlen(part));
            len += strlen(part);
        }
        memcpy(body + len, "\r\n", 2);
        len += 2;
        for (int relaxed = 0; relaxed < 2; relaxed++) {
            size_t n = canonicalize(relaxed, span_make(body, len), canonical);
            if (!agrees(relaxed, span_make(body, len), 1 + (size_t)i % 97, canonical, n))
                fail_msg("body %d, relaxed %d", i, relaxed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_table),
        cmocka_unit_test(random_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
