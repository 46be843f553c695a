/* SPDX-License-Identifier: BSD-2-Clause */
#include "skeleton.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void looks(const char *a, const char *b, bool alike)
{
    struct skeleton x, y;
    skeleton_make(span_of(a), &x);
    skeleton_make(span_of(b), &y);
    if ((strcmp(x.text, y.text) == 0) != alike)
        fail_msg("'%s' is '%s', '%s' is '%s'", a, x.text, b, y.text);
}

static void texts_that_look_alike_have_one_skeleton(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"Alice Liddell", "alice liddell"},
        {"Alice Liddell", "  ALICE\tLIDDELL. "},
        {"Alice Liddell", "A1ice LiddeII"},                      /* digit one, capital I */
        {"Alice Liddell", "\xd0\x90lice Liddell"},               /* Cyrillic A */
        {"Alice Liddell", "Al\xd1\x96\xd1\x81\xd0\xb5 Liddell"}, /* Cyrillic i, s, ie */
        {"Alice Liddell", "\xce\x91lice Liddell"},               /* Greek Alpha */
        {"Alice Liddell",
         "\xef\xbc\xa1\xef\xbd\x8c\xef\xbd\x89\xef\xbd\x83\xef\xbd\x85 Liddell"}, /* full width */
        {"Alice Liddell", "\xf0\x9d\x90\x80\xf0\x9d\x90\xa5\xf0\x9d\x90\xa2\xf0\x9d\x90\x9c\xf0\x9d"
                          "\x90\x9e Liddell"}, /* bold */
        {"Alice Liddell", "Ali\xe2\x80\x8b"
                          "ce Lid\xc2\xad"
                          "dell"}, /* zero width space, soft hyphen */
        {"Alice Liddell", "\xe2\x80\x8f"
                          "Alice\xe2\x80\x8e Liddell"}, /* right-to-left mark */
        {"Alice Liddell", "\xe2\x80\xaelleddiL ecilA"}, /* override */
        {"Alice Liddell", "\xe2\x80\xaelleddiL ecilA\xe2\x80\xac"},
        {"ab", "\xe2\x80\xae\xf0\x9d\x90\x9b\xf0\x9d\x90\x9a"}, /* override, bold */
        {"a z", "a\xe2\x80z"},                                  /* not UTF-8 */
        {"Alice Liddell", "\xc3\x81lice Lidd\xc3\xabll"},       /* accents */
        {"Alice Liddell", "A\xcc\x81lice Liddell"},
        {"Alice Liddell",
         "\xe1\xb4\x80\xca\x9f\xc9\xaa\xe1\xb4\x84\xe1\xb4\x87 Liddell"}, /* small capitals */
        {"Morgan", "rnorgan"},
        {"Owen", "ovven"},
        {"O'Neil", "ONeil"},
        {"O'Neil", "O\xe2\x80\x99Neil"},
        {"Bob 0", "bob o"},
        {"\xd0\x92\xd0\x95\xd0\xa0\xd0\x90",
         "\xd0\x92\xd0\xb5\xd1\x80\xd0\xb0"}, /* Vera in capitals */
        {"\xd0\x9f\xd0\x95\xd0\xa2\xd0\xa0\xd0\x9e\xd0\x92",
         "\xd0\x9f\xd0\xb5\xd1\x82\xd1\x80\xd0\xbe\xd0\xb2"},
        {"Stra\xc3\x9f"
         "e",
         "STRA\xc3\x9f"
         "E"},
        {"", "\xe2\x80\x8b ... \xe2\x80\x8d"},
    };
    static const char *const others[][2] = {
        {"Alice Liddell", "Alice Lidell"},
        {"Alice Liddell", "AliceLiddell"},
        {"Alice Liddell", "Liddell Alice"},
        {"Alice", "Alicia"},
        {"\xe5\xb1\xb1\xe7\x94\xb0", "\xe7\x94\xb0\xe5\xb1\xb1"},
        {"Bob", "Rob"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        looks(table[i][0], table[i][1], true);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        looks(others[i][0], others[i][1], false);
}

static void a_label_is_what_it_shows(void **state)
{
    (void)state;
    struct skeleton ascii, idn;
    char a[SKELETON_MAX], b[SKELETON_MAX];
    skeleton_label(SPAN_LIT("example"), &ascii);
    skeleton_label(SPAN_LIT("xn--xample-2of"), &idn); /* Cyrillic ie */
    assert_string_equal(ascii.text, idn.text);
    skeleton_label(SPAN_LIT("login-example"), &ascii);
    assert_int_equal(ascii.word_count, 2);
    skeleton_make(SPAN_LIT("Login Example"), &idn);
    assert_true(span_eq(skeleton_join(&ascii, 0, 2, a), skeleton_join(&idn, 0, 9, b)));
    skeleton_label(SPAN_LIT("xn--"), &ascii); /* no label at all */
    skeleton_label(SPAN_LIT("xn--\xff\xff"), &ascii);
}

static void work_is_bounded(void **state)
{
    (void)state;
    static char text[20000];
    struct skeleton s;
    static const char *const pieces[] = {"m",    "\xef\xb7\xba", "a ",
                                         "\xff", "\xe2\x80\xae", "\xcc\x81"};
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
        size_t n = strlen(pieces[p]);
        for (size_t i = 0; i + n <= sizeof text; i += n)
            memcpy(text + i, pieces[p], n);
        skeleton_make(span_make(text, sizeof text), &s);
        assert_true(s.len <= SKELETON_MAX && s.word_count <= SKELETON_WORDS);
        assert_int_equal(strlen(s.text), s.len);
    }
    skeleton_make(SPAN_NONE, &s);
    assert_int_equal(s.word_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_that_look_alike_have_one_skeleton),
        cmocka_unit_test(a_label_is_what_it_shows),
        cmocka_unit_test(work_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
