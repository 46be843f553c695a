/* SPDX-License-Identifier: BSD-2-Clause */
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "errors.h"
#include "rfc5322.h"
#include "sbuf.h"
#include "utf8.h"

static void fields(void **state)
{
    static const struct {
        const char *name, *text, *field, *value, *rest;
        int rc;
    } cases[] = {
        {"LF", "A: b\nC: d\n", "A", " b", "C: d\n", 1},
        {"CRLF", "A: b\r\nC: d", "A", " b", "C: d", 1},
        {"folded", "A: b\r\n c\r\n\td\r\nE: f", "A", " b\r\n c\r\n\td", "E: f", 1},
        {"folded with LF", "A:\n b\n\nbody", "A", "\n b", "\nbody", 1},
        {"blank line that folds", "A: b\n \nC: d", "A", " b\n ", "C: d", 1},
        {"no space", "A:b\n", "A", "b", "", 1},
        {"empty value", "A:\r\nB: c", "A", "", "B: c", 1},
        {"end of input", "A: b", "A", " b", "", 1},
        {"end of input after the colon", "A:", "A", "", "", 1},
        {"end of input in a fold", "A: b\n ", "A", " b\n ", "", 1},
        {"lone CR", "A:\r", "A", "", "", 1},
        {"space before the colon", "A \t: b\n", "A", " b", "", 1},
        {"bare CR is part of a value", "A: b\rC: d\n", "A", " b\rC: d", "", 1},
        {"8-bit value", "A: \xff\n", "A", " \xff", "", 1},
        {"all of ftext", "!~x-_: b\n", "!~x-_", " b", "", 1},
        {"colons in the value", "A: b: c\n", "A", " b: c", "", 1},
        {"end, LF", "\nbody", NULL, NULL, "body", 0},
        {"end, CRLF", "\r\nbody", NULL, NULL, "body", 0},
        {"end, nothing", "", NULL, NULL, "", 0},
        {"no colon", "A b\nC: d\n", NULL, NULL, "A b\nC: d\n", VOUCH_E_SYNTAX},
        {"mbox line", "From a Mon Jan  1 00:00:00 2024\n", NULL, NULL,
         "From a Mon Jan  1 00:00:00 2024\n", VOUCH_E_SYNTAX},
        {"space in the name", "A b: c\n", NULL, NULL, "A b: c\n", VOUCH_E_SYNTAX},
        {"empty name", ": b\n", NULL, NULL, ": b\n", VOUCH_E_SYNTAX},
        {"begins with a fold", " b: c\n", NULL, NULL, " b: c\n", VOUCH_E_SYNTAX},
        {"8-bit name", "\xc3\xb6: b\n", NULL, NULL, "\xc3\xb6: b\n", VOUCH_E_SYNTAX},
        {"colon on the next line", "A\n: b\n", NULL, NULL, "A\n: b\n", VOUCH_E_SYNTAX},
        {"CR before the body", "\rbody", NULL, NULL, "\rbody", VOUCH_E_SYNTAX},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span rest = span_of(cases[i].text);
        struct field f = {SPAN_NONE, SPAN_NONE};
        int rc = rfc5322_next_field(&rest, &f);
        if (rc != cases[i].rc || !span_eq(rest, span_of(cases[i].rest)) ||
            (rc == 1 && (!span_eq(f.name, span_of(cases[i].field)) ||
                         !span_eq(f.value, span_of(cases[i].value)))))
            fail_msg("%s: %d, \"%.*s\"=\"%.*s\", rest \"%.*s\"", cases[i].name, rc,
                     SPAN_ARGS(f.name), SPAN_ARGS(f.value), SPAN_ARGS(rest));
    }
    struct span rest = SPAN_LIT("A: b\0c\n"), zero = SPAN_LIT("A\0: b\n"), none = SPAN_NONE;
    struct field f;
    assert_int_equal(rfc5322_next_field(&rest, &f), 1);
    assert_true(span_eq(f.value, SPAN_LIT(" b\0c")));
    assert_int_equal(rfc5322_next_field(&zero, &f), VOUCH_E_SYNTAX);
    assert_int_equal(rfc5322_next_field(&none, &f), 0);
}

#define FFFD "\xef\xbf\xbd"

static const char *const texts[][2] = {
    {" plain ", "plain"},
    {"", ""},
    {" \r\n ", ""},
    {"a\r\n b", "a b"},
    {"a\r\n\tb", "a b"},
    {"a\n  b", "a  b"},
    {"a  b", "a  b"},
    {"a\rb\nc", "a b c"}, /* bare ones, and an LF that is no fold */
    {"a\x01\x7f"
     "b",
     "a  b"},
    {"caf\xc3\xa9", "caf\xc3\xa9"},
    {"caf\xe9", "caf" FFFD},
    {"\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD},
    /* RFC 2047 s8 */
    {"=?ISO-8859-1?Q?a?=", "a"},
    {"=?ISO-8859-1?Q?a?= b", "a b"},
    {"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a_b?=", "a b"},
    {"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"},
    {"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n"
     " =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
     "If you can read this you understand the example."},
    {"=?utf-8*EN?Q?a?=", "a"}, /* RFC 2231 s5 */
    /* characters split between words */
    {"=?utf-8?Q?=E2=82?= =?utf-8?B?rA==?=", "\xe2\x82\xac"},
    {"=?UTF-8?b?4g==?= =?utf-8?b?gqw=?=", "\xe2\x82\xac"},
    {"=?utf-8?Q?=E2=82?= x", FFFD FFFD " x"},
    {"=?utf-8?Q?=E2=82?= =?us-ascii?Q?=AC?=", FFFD FFFD FFFD},
    /* charsets nobody knows */
    {"=?x-unknown?q?caf=C3=A9_=E9?=", "caf\xc3\xa9 " FFFD},
    {"=?../../x?q?a?=", "a"},
    {"=?utf-8//IGNORE?q?a=FF?=", "a" FFFD},
    /* what readers take, too */
    {"x=?utf-8?q?a?=y", "xay"},
    {"=?utf-8?q?a?==?utf-8?q?b?=", "ab"},
    {"\"=?utf-8?q?a?=\"", "\"a\""},
    {"=?utf-8?q?a b?=", "a b"},
    {"=?utf-8?q?why? because?=", "why? because"},
    {"=?utf-8?q?"
     "?=",
     ""},
    {"=?utf-8?q?=?=", "="},
    {"=?utf-8?q?=4?= =?utf-8?q?=zz?=", "=4=zz"},
    {"=?utf-8?q?=c3=a9?=", "\xc3\xa9"},
    {"=?utf-8?b?YQ==YQ==?=", "aa"},
    {"=?utf-8?b?Y*Q?=", "a"},
    {"=?utf-8?b?Y?=", ""},
    /* decoded control characters start no line */
    {"=?utf-8?q?a=0D=0ABcc:_x?=", "a  Bcc: x"},
    {"=?utf-8?q?a=00b?=", "a" FFFD "b"},
    /* no encoded words */
    {"=?utf-8?x?a?=", "=?utf-8?x?a?="},
    {"=?utf-8?q?a", "=?utf-8?q?a"},
    {"=?utf-8?q?a?", "=?utf-8?q?a?"},
    {"=?utf-8?q", "=?utf-8?q"},
    {"=??q?a?=", "=??q?a?="},
    {"=? utf-8?q?a?=", "=? utf-8?q?a?="},
    {"=?", "=?"},
    {"=?a?=", "=?a?="},
    {"=?=?utf-8?q?a?=", "=?a"},
};

static const char *const converted[][2] = {
    {"=?iso-8859-1?q?=E9=80?=", "\xc3\xa9\xe2\x82\xac"}, /* read as windows-1252 */
    {"=?iso-8859-15?q?=A4?=", "\xe2\x82\xac"},
    {"=?windows-1251?q?=CF=F0?=", "\xd0\x9f\xd1\x80"},
    {"=?koi8-r?b?8NI=?=", "\xd0\x9f\xd1\x80"},
    {"=?gb2312?b?xOO6ww==?=", "\xe4\xbd\xa0\xe5\xa5\xbd"},
    {"=?Big5?b?p0Gmbg==?=", "\xe4\xbd\xa0\xe5\xa5\xbd"},
    {"=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "\xe6\x97\xa5\xe6\x9c\xac"},
    {"=?shift_jis?b?k/qWew==?=", "\xe6\x97\xa5\xe6\x9c\xac"},
    {"=?euc-kr?b?x9E=?=", "\xed\x95\x9c"},
    {"=?ks_c_5601-1987?b?x9E=?=", "\xed\x95\x9c"},
    {"=?windows-1258?q?a=CC?=", "\xc3\xa0"}, /* the accent comes after its letter */
    {"=?gb2312?b?xOP/?=", "\xe4\xbd\xa0" FFFD},
};

static bool reads_as(const char *text, const char *want)
{
    struct arena *arena = arena_new(10000);
    const char *got = rfc5322_text(arena, span_of(text));
    bool same = got && strcmp(got, want) == 0;
    if (!same)
        print_error("%s: \"%s\"\n", text, got ? got : "");
    arena_free(&arena);
    return same;
}

static void charset_conversion(void **state)
{
    bool failed = false;
    (void)state;
    iconv_t cd = iconv_open("UTF-8", "GB18030");
    if (cd == (iconv_t)-1) {
        print_message("# iconv has no converters here (libc-gconv-modules-extra)\n");
        skip();
    }
    iconv_close(cd);
    for (size_t i = 0; i < sizeof converted / sizeof *converted; i++)
        failed |= !reads_as(converted[i][0], converted[i][1]);
    assert_false(failed);
}

static void text(void **state)
{
    bool failed = false;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int rc = VOUCH_E_NOMEM;
        for (size_t max = 0; rc; max++) {
            struct arena *arena = arena_new(max);
            const char *got = rfc5322_text(arena, span_of(texts[i][0]));
            if (got && strcmp(got, texts[i][1]) != 0) {
                print_error("%s: \"%s\"\n", texts[i][0], got);
                failed = true;
            }
            rc = got ? 0 : VOUCH_E_NOMEM;
            assert_true(max < 1000);
            arena_free(&arena);
        }
    }
    assert_false(failed);
}

static void text_bombs(void **state)
{
    static const char *const units[] = {
        "=?",   "=?a?q?x",          "=?a?q?", "=?a?b?x?=", "=?gb2312?q?=FF?= ", "=?x?=", "\r",
        "\xff", "=?a?q?=00?=\r\n ", "?=",     "=?a"};
    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        struct sbuf b;
        struct arena *arena = arena_new(16 << 20);
        sbuf_init(&b, 2 << 20);
        while (b.len < 1 << 20)
            sbuf_adds(&b, units[i]);
        const char *got = rfc5322_text(arena, sbuf_span(&b));
        assert_non_null(got);
        assert_true(utf8_valid(span_of(got)));
        sbuf_clear(&b);
        arena_free(&arena);
    }
}

static void utf8(void **state)
{
    struct arena *arena = arena_new(1000);
    (void)state;
    assert_string_equal(rfc5322_utf8(arena, SPAN_LIT("a\r\n\tb")), "a\r\n\tb");
    assert_string_equal(rfc5322_utf8(arena, SPAN_LIT("a\0b")), "a" FFFD "b");
    assert_string_equal(rfc5322_utf8(arena, SPAN_LIT("\xf0\x9f\x98\x80")), "\xf0\x9f\x98\x80");
    assert_string_equal(rfc5322_utf8(arena, SPAN_LIT("\xf0\x9f\x98")), FFFD FFFD FFFD);
    assert_string_equal(rfc5322_utf8(arena, SPAN_LIT("\xe0\x9f\xbf")), FFFD FFFD FFFD);
    assert_string_equal(rfc5322_utf8(arena, SPAN_LIT("\xf0\x8f\xbf\xbf")), FFFD FFFD FFFD FFFD);
    assert_string_equal(rfc5322_utf8(arena, SPAN_LIT("\xf5\xc1\x80")), FFFD FFFD FFFD);
    assert_string_equal(rfc5322_utf8(arena, SPAN_LIT("\xef\xbf\xbf\xed\x9f\xbf")),
                        "\xef\xbf\xbf\xed\x9f\xbf");
    assert_string_equal(rfc5322_utf8(arena, SPAN_NONE), "");
    struct span euro = SPAN_LIT("a\xe2\x82\xac"
                                "b");
    static const size_t lengths[] = {0, 1, 1, 1, 4, 5, 5};
    for (size_t max = 0; max < 7; max++)
        assert_int_equal(utf8_cut(euro, max).len, lengths[max]);
    arena_free(&arena);
}

static void dates(void **state)
{
    static const struct {
        const char *text;
        time_t time;
        int rc;
    } cases[] = {
        {"Fri, 21 Nov 1997 09:55:06 -0600", 880127706, 0}, /* RFC 5322 A.1.1 */
        {"Thu, 13 Feb 1969 23:32:54 -0330", -27723426, 0},
        {"21 Nov 97 09:55:06 GMT", 880106106, 0}, /* A.6.2 */
        {"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 880127706, 0},
        {"Thu,\r\n 13\r\n Feb\r\n 2020\r\n 23:32\r\n -0330 (Newfoundland Time)", 1581649320, 0},
        {"1 Jan 1970 00:00:00 +0000", 0, 0},
        {"31 Dec 1999 23:59:60 +0000", 946684800, 0}, /* a leap second */
        {"29 Feb 2024 12:00:00 Z", 1709208000, 0},
        {"29 Feb 2000 12:00:00 UT", 951825600, 0},
        {"1 Mar 2100 00:00:00 +0000", 4107542400, 0},
        {"1 Jan 2038 00:00 EST", 2145934800, 0},
        {"1 Jan 2038 00:00 edt", 2145931200, 0},
        {"1 Jan 2038 00:00 PDT", 2145942000, 0},
        {"1 Jan 2038 00:00 A", 2145916800, 0}, /* military: not to be trusted */
        {"1 Jan 2038 00:00 CEST", 2145916800, 0},
        {"1 Jan 2038 00:00", 2145916800, 0},
        {"1 Jan 2038 00:00 GMT+0100", 2145913200, 0},
        {"1 Jan 2038 00:00:00.123 +0100", 2145913200, 0},
        {"1 Jan 2038 00:00 -0000", 2145916800, 0},
        {"1 Jan 2038 00:00 +9959", 2145556860, 0},
        {"1 Jan 102 00:00 +0000", 1009843200, 0},
        {"1 Jan 49 00:00 +0000", 2493072000, 0},
        {"1 Jan 50 00:00 +0000", -631152000, 0},
        {"Friday 1 January 2038 00:00 +0000", 2145916800, 0},
        {"1 Jan 2038 00:00 +0000 (", 2145916800, 0},
        {"", 0, VOUCH_E_SYNTAX},
        {"now", 0, VOUCH_E_SYNTAX},
        {"Mon,", 0, VOUCH_E_SYNTAX},
        {"30 Feb 2024 12:00:00 +0000", 0, VOUCH_E_SYNTAX},
        {"29 Feb 2023 12:00:00 +0000", 0, VOUCH_E_SYNTAX},
        {"29 Feb 2100 12:00:00 +0000", 0, VOUCH_E_SYNTAX},
        {"0 Jan 2024 12:00:00 +0000", 0, VOUCH_E_SYNTAX},
        {"32 Jan 2024 12:00:00 +0000", 0, VOUCH_E_SYNTAX},
        {"1 Foo 2024 12:00:00 +0000", 0, VOUCH_E_SYNTAX},
        {"1 anF 2024 12:00:00 +0000", 0, VOUCH_E_SYNTAX},
        {"1 Jan 2 12:00:00 +0000", 0, VOUCH_E_SYNTAX},
        {"1 Jan 1899 12:00:00 +0000", 0, VOUCH_E_SYNTAX},
        {"1 Jan 99999 12:00:00 +0000", 0, VOUCH_E_SYNTAX},
        {"1 Jan 2024 24:00:00 +0000", 0, VOUCH_E_SYNTAX},
        {"1 Jan 2024 12:60:00 +0000", 0, VOUCH_E_SYNTAX},
        {"1 Jan 2024 12:00:61 +0000", 0, VOUCH_E_SYNTAX},
        {"1 Jan 2024 12 +0000", 0, VOUCH_E_SYNTAX},
        {"1 Jan 2024 12:00:00 +100", 0, VOUCH_E_SYNTAX},
        {"1 Jan 2024 12:00:00 +0160", 0, VOUCH_E_SYNTAX},
        {"1 Jan 2024 12:00:00 0100", 0, VOUCH_E_SYNTAX},
        {"1 Jan -2024 12:00:00 +0000", 0, VOUCH_E_SYNTAX},
        {"2024-01-01T12:00:00Z", 0, VOUCH_E_SYNTAX},
    };
    bool failed = false;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        time_t t = 42;
        int rc = rfc5322_date(span_of(cases[i].text), &t);
        if (rc != cases[i].rc || t != (rc ? 42 : cases[i].time)) {
            print_error("%s: %d, %ld\n", cases[i].text, rc, (long)t);
            failed = true;
        }
    }
    assert_false(failed);
}

static void message_ids(void **state)
{
    static const char *const cases[][2] = {
        {" <a@example.com>", "a@example.com"},
        {"<a@example.com> <b@example.com>", "a@example.com"},
        {"(<x@example.com>) < a@example.com >", "a@example.com"},
        {"\"<x>\" <a@example.com>", "a@example.com"},
        {"<a b(c)@[d]>", "a b(c)@[d]"},
        {"<>", ""},
        {"a@example.com", NULL},
        {"<a@example.com", NULL},
        {">a<", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span id = rfc5322_msgid(span_of(cases[i][0]));
        if (!id.p != !cases[i][1] || !span_eq(id, span_of(cases[i][1])))
            fail_msg("%s: \"%.*s\"", cases[i][0], SPAN_ARGS(id));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),      cmocka_unit_test(text), cmocka_unit_test(charset_conversion),
        cmocka_unit_test(text_bombs),  cmocka_unit_test(utf8), cmocka_unit_test(dates),
        cmocka_unit_test(message_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
