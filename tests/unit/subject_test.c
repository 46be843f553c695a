/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "subject.h"

#define LONG100                                                                                    \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"     \
    "890123456789"
#define LONG900 LONG100 LONG100 LONG100 LONG100 LONG100 LONG100 LONG100 LONG100 LONG100

static void tags(void **state)
{
    (void)state;
    static const struct {
        const char *name, *prefix, *value, *want; /* want NULL: left as it is */
    } cases[] = {
        {"plain", "[suspicious]", " hello", "[suspicious] hello"},
        {"no second space", "[suspicious] ", " hello", "[suspicious] hello"},
        {"empty subject", "[suspicious]", "", "[suspicious]"},
        {"only white space", "[suspicious]", " \t", "[suspicious]"},
        {"already there", "[suspicious]", " [suspicious] hello", NULL},
        {"prefix alone is there", "[suspicious]", " [suspicious]", NULL},
        {"prefix later in it", "[x]", " Re: [x] hello", "[x] Re: [x] hello"},
        {"encoded word stays", "[x]", " =?UTF-8?Q?caf=C3=A9?=", "[x] =?UTF-8?Q?caf=C3=A9?="},
        {"folding stays", "[x]", " one\n\ttwo", "[x] one\n\ttwo"},
        {"CR is dropped", "[x]", " one\r\n two\r\n", "[x] one\n two"},
        {"raw UTF-8 stays", "[x]", " caf\xc3\xa9", "[x] caf\xc3\xa9"},
        {"prefix of UTF-8",
         "[verd\xc3\xa4"
         "chtig]",
         " hi", "=?UTF-8?B?W3ZlcmTDpGNodGlnXSA=?= hi"},
        {"prefix of UTF-8 is there", "[\xc3\xa4]", " =?UTF-8?B?W8OkXSA=?= hi", NULL},
        {"prefix that looks encoded", "=?", " hi", "=?UTF-8?B?PT8g?= hi"},
        {"line too long", "[x]", " " LONG900, "[x]\n\t" LONG900},
        {"only its first line counts", "[x]", " a\n " LONG900, "[x] a\n " LONG900},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sbuf out;
        sbuf_init(&out, SUBJECT_MAX_BYTES);
        bool changed = subject_tag(&out, cases[i].prefix, span_of(cases[i].value));
        if (changed != (cases[i].want != NULL) ||
            (changed && strcmp(sbuf_str(&out), cases[i].want) != 0))
            fail_msg("%s: got '%s'", cases[i].name, changed ? sbuf_str(&out) : "(unchanged)");
        sbuf_clear(&out);
    }
}

/* RFC 2047 s2: no encoded word is longer than 75, none ends inside a character */
static void long_prefix_is_split_between_characters(void **state)
{
    (void)state;
    char prefix[201] = "";
    for (int i = 0; i < 100; i++)
        memcpy(prefix + 2 * (size_t)i, "\xc3\xa4", 3);
    struct sbuf out;
    sbuf_init(&out, SUBJECT_MAX_BYTES);
    assert_true(subject_tag(&out, prefix, SPAN_LIT(" hi")));
    struct span rest = sbuf_span(&out), word;
    size_t words = 0;
    while (span_split(&rest, ' ', &word) && word.len > 2) {
        assert_true(word.len <= 75);
        assert_true(span_istarts(word, "=?UTF-8?B?w6"));
        words++;
    }
    assert_int_equal(words, 5);
    sbuf_clear(&out);
}

static void too_long_is_left(void **state)
{
    (void)state;
    static char value[SUBJECT_MAX_BYTES];
    memset(value, 'x', sizeof value);
    struct sbuf out;
    sbuf_init(&out, SUBJECT_MAX_BYTES);
    assert_false(subject_tag(&out, "[x]", span_make(value, sizeof value)));
    sbuf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags),
        cmocka_unit_test(long_prefix_is_split_between_characters),
        cmocka_unit_test(too_long_is_left),
    };
    return cmocka_run_group_tests_name("subject", tests, NULL, NULL);
}
