/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "sbuf.h"
#include "smtp_wire.h"

static void replies(void **state)
{
    static const struct {
        const char *in;
        int rc, code;
        size_t used;
        const char *last; /* line's text */
    } cases[] = {
        {"", 0, 0, 0, NULL},
        {"25", 0, 0, 0, NULL},
        {"250 ok", 0, 0, 0, NULL},
        {"250 ok\r\n", 1, 250, 8, "ok"},
        {"250 ok\n", 1, 250, 7, "ok"},
        {"250\r\n", 1, 250, 5, ""},
        {"250 \r\n", 1, 250, 6, ""},
        {"250-a\r\n250-b\r\n", 0, 0, 0, NULL},
        {"250-a\r\n250 SIZE 100\r\n354 more", 1, 250, 21, "SIZE 100"},
        {"250-a\r\n550 b\r\n", VOUCH_E_SYNTAX, 0, 0, NULL},
        {"hello\r\n", VOUCH_E_SYNTAX, 0, 0, NULL},
        {"150 a\r\n", VOUCH_E_SYNTAX, 0, 0, NULL},
        {"999 a\r\n", VOUCH_E_SYNTAX, 0, 0, NULL},
        {"250x\r\n", VOUCH_E_SYNTAX, 0, 0, NULL},
        {"\r\n", VOUCH_E_SYNTAX, 0, 0, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct smtp_reply r = {0};
        int rc = smtp_wire_reply(span_of(cases[i].in), &r);
        if (rc != cases[i].rc || r.code != cases[i].code || r.used != cases[i].used)
            fail_msg("%s: %d, %d, %zu", cases[i].in, rc, r.code, r.used);
        struct span line = SPAN_NONE;
        while (r.text.p && smtp_wire_line(&r.text, &line))
            ;
        if (cases[i].last)
            assert_true(span_eq(line, span_of(cases[i].last)));
    }
}

static void endless_replies_are_none(void **state)
{
    static char in[SMTP_MAX_REPLY + 1];
    struct smtp_reply r;
    (void)state;
    memset(in, '2', sizeof in);
    assert_int_equal(smtp_wire_reply(span_make(in, sizeof in), &r), VOUCH_E_SYNTAX);
}

static void dots(void **state)
{
    static const struct {
        const char *message, *wire;
    } cases[] = {
        {"", ".\r\n"},
        {"a\r\n", "a\r\n.\r\n"},
        {"a", "a\r\n.\r\n"},
        {"a\n", "a\n\r\n.\r\n"},
        {".\r\n", "..\r\n.\r\n"},
        {"a\r\n.\r\nMAIL FROM:<>\r\n", "a\r\n..\r\nMAIL FROM:<>\r\n.\r\n"},
        {"a\n.\nb\r\n", "a\n..\nb\r\n.\r\n"},
        {"a\r.\rb\r\n", "a\r..\rb\r\n.\r\n"},
        {"a.b\r\n..\r\n", "a.b\r\n...\r\n.\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t cut = 0; cut <= strlen(cases[i].message); cut++) {
            struct span all = span_of(cases[i].message);
            struct smtp_stuffing st = {0};
            struct sbuf out;
            sbuf_init(&out, 1000);
            smtp_wire_stuff(&st, span_slice(all, 0, cut), &out);
            smtp_wire_stuff(&st, span_slice(all, cut, all.len), &out);
            sbuf_adds(&out, smtp_wire_end(&st));
            assert_string_equal(sbuf_str(&out), cases[i].wire);
            sbuf_clear(&out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies),
        cmocka_unit_test(endless_replies_are_none),
        cmocka_unit_test(dots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
