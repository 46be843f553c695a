/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "errors.h"
#include "mime.h"
#include "mime_type.h"
#include "sbuf.h"
#include "transfer.h"

#define MULTI(b) "Content-Type: multipart/mixed; boundary=\"" b "\"\r\n\r\n"

/* What mime_parse made of a message: "DEPTH TYPE NAME(flags)[decoded body]" for each part, joined by " | ". */
static void describe(const struct mime *m, struct sbuf *out)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct mime_part *p = &m->parts[i];
        sbuf_addf(out, "%s%u %s", i ? " | " : "", p->depth, p->type);
        if (p->name)
            sbuf_addf(out, " '%s'", p->name);
        if (p->attachment)
            sbuf_adds(out, " attached");
        if (p->opened)
            continue;
        sbuf_addc(out, '[');
        mime_decode_text(p, out);
        sbuf_addc(out, ']');
    }
    if (m->deep)
        sbuf_adds(out, " deep");
    if (m->many)
        sbuf_adds(out, " many");
}

static void parts(void **state)
{
    static const struct {
        const char *name, *message, *is;
    } cases[] = {
        {"plain", "A: b\r\n\r\nhello\r\n", "0 text/plain[hello\r\n]"},
        {"no header", "\r\nhello", "0 text/plain[hello]"},
        {"nothing", "", "0 text/plain[]"},
        {"no header, no empty line", "hello there\r\n", "0 text/plain[hello there\r\n]"},
        {"LF", "A: b\n\nhello\n", "0 text/plain[hello\n]"},
        {"type without subtype", "Content-Type: text\r\n\r\nx", "0 text/plain[x]"},
        {"odd type", "Content-Type: TEXT / HTML (a) ; charset=utf-8\r\n\r\nx", "0 text/html[x]"},
        {"base64", "Content-Transfer-Encoding: BASE64\r\n\r\naGVs\r\nbG8=\r\n",
         "0 text/plain[hello]"},
        {"quoted-printable",
         "Content-Transfer-Encoding: quoted-printable\r\n\r\nh=65l=\r\nlo=20=C3=A4 \r\n",
         "0 text/plain[hello \xc3\xa4 \r\n]"},
        {"charset", "Content-Type: text/plain; charset=iso-8859-1\r\n\r\n\xe4",
         "0 text/plain[\xc3\xa4]"},
        {"charset in a quoted string", "Content-Type: text/plain; charset=\"koi8-r\"\r\n\r\n\xc1",
         "0 text/plain[\xd0\xb0]"},
        {"bytes of no charset", "A: b\r\n\r\n\xff", "0 text/plain[\xef\xbf\xbd]"},
        {"two parts",
         MULTI("x") "pre\r\n--x\r\n\r\none\r\n--x\r\nContent-Type: text/html\r\n\r\n"
                    "two\r\n--x--\r\npost",
         "0 multipart/mixed | 1 text/plain[one] | 1 text/html[two]"},
        {"no end", MULTI("x") "--x\r\n\r\none", "0 multipart/mixed | 1 text/plain[one]"},
        {"no parts", MULTI("x") "none\r\n", "0 multipart/mixed"},
        {"blanks behind the boundary", MULTI("x") "--x \t\r\n\r\none\r\n--x-- \r\n",
         "0 multipart/mixed | 1 text/plain[one]"},
        {"a boundary that begins like another",
         MULTI("x") "--x\r\nContent-Type: multipart/mixed; boundary=xy\r\n\r\n--xy\r\n\r\none\r\n"
                    "--xy--\r\n--x\r\n\r\ntwo\r\n--x--\r\n",
         "0 multipart/mixed | 1 multipart/mixed | 2 text/plain[one] | 1 text/plain[two]"},
        {"boundary missing", "Content-Type: multipart/mixed\r\n\r\n--\r\nx",
         "0 multipart/mixed[--\r\nx]"},
        {"boundary empty", "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\nx",
         "0 multipart/mixed[--\r\nx]"},
        {"an encoded multipart is not opened",
         "Content-Transfer-Encoding: base64\r\n" MULTI("x") "LS14", "0 multipart/mixed[--x]"},
        {"attached, named",
         "Content-Type: application/pdf; name=\"b.pdf\"\r\n"
         "Content-Disposition: attachment; filename=a.pdf\r\n\r\nx",
         "0 application/pdf 'a.pdf' attached[x]"},
        {"a message within", "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninner",
         "0 message/rfc822 | 1 text/plain[inner]"},
        {"digest",
         "Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\nSubject: "
         "a\r\n\r\nb\r\n--x--",
         "0 multipart/digest | 1 message/rfc822 | 2 text/plain[b]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *arena = arena_new(1 << 20);
        struct mime m;
        struct sbuf out;
        sbuf_init(&out, 1 << 16);
        assert_int_equal(mime_parse(arena, span_of(cases[i].message), &m), 0);
        describe(&m, &out);
        if (strcmp(sbuf_str(&out), cases[i].is) != 0)
            fail_msg("%s:\n%s\n%s", cases[i].name, sbuf_str(&out), cases[i].is);
        sbuf_clear(&out);
        arena_free(&arena);
    }
}

static void parameters(void **state)
{
    static const struct {
        const char *value, *name, *is;
    } cases[] = {
        {"a/b; name=x", "name", "x"},
        {"a/b; NAME=x", "name", "x"},
        {"a/b;name = \"x y\"", "name", "x y"},
        {"a/b; name=x y.pdf", "name", "x y.pdf"},
        {"a/b; name=x (comment)", "name", "x"},
        {"a/b; name=\"a;b\\\"c\"", "name", "a;b\"c"},
        {"a/b; name=\"a\r\n b\"", "name", "a b"},
        {"a/b; name=\"open", "name", "open"},
        {"a/b; other=x", "name", NULL},
        {"a/b", "name", NULL},
        {"", "name", NULL},
        {";;;=;name=", "name", ""},
        {"a/b; name==?utf-8?Q?=C3=A4?=", "name", "\xc3\xa4"},
        {"a/b; name=\"=?utf-8?B?w6Q=?=.exe\"", "name", "\xc3\xa4.exe"},
        {"a/b; name*=utf-8''%C3%A4", "name", "\xc3\xa4"},
        {"a/b; name*=iso-8859-1'de'%E4; name=no", "name", "\xc3\xa4"},
        {"a/b; name*0=in; name*1=voice; name*2=.pdf", "name", "invoice.pdf"},
        {"a/b; name*1*=%20b; name*0*=utf-8''a", "name", "a b"},
        {"a/b; name*=%", "name", "%"},
        {"a/b; name*=''", "name", ""},
        {"a/b; name=first; name=second", "name", "first"},
        {"a/b; name=\"\xff\"", "name", "\xef\xbf\xbd"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *arena = arena_new(1 << 20);
        const char *is = mime_type_param(arena, span_of(cases[i].value), cases[i].name);
        if (!is != !cases[i].is || (is && strcmp(is, cases[i].is) != 0))
            fail_msg("%s: %s, not %s", cases[i].value, is ? is : "none",
                     cases[i].is ? cases[i].is : "none");
        arena_free(&arena);
    }
}

/* A message of many parts, or of parts in parts. */
static void hostile_messages_are_bounded(void **state)
{
    struct arena *arena = arena_new(4 << 20);
    struct sbuf text;
    struct mime m;
    (void)state;
    sbuf_init(&text, 1 << 20);
    sbuf_adds(&text, MULTI("x"));
    for (int i = 0; i < 3 * MIME_MAX_PARTS; i++)
        sbuf_adds(&text, "--x\r\n\r\n\r\n");
    assert_int_equal(mime_parse(arena, sbuf_span(&text), &m), 0);
    assert_int_equal(m.count, MIME_MAX_PARTS);
    assert_true(m.many);
    sbuf_reset(&text);
    for (int i = 0; i < 10000; i++)
        sbuf_adds(&text, "Content-Type: message/rfc822\r\n\r\n");
    assert_int_equal(mime_parse(arena, sbuf_span(&text), &m), 0);
    assert_int_equal(m.count, MIME_MAX_DEPTH + 1);
    assert_true(m.deep);
    sbuf_clear(&text);
    arena_free(&arena);
    arena = arena_new(100);
    assert_int_equal(mime_parse(arena, SPAN_LIT("Content-Type: a/b; name=x\r\n\r\n"), &m),
                     VOUCH_E_NOMEM);
    arena_free(&arena);
}

static void quoted_printable(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},    {"a=3Db", "a=b"}, {"a=3db", "a=b"}, {"a=\r\nb", "ab"}, {"a= \t\nb", "ab"},
        {"a=", "a"}, {"a= ", "a"},     {"a=x", "a=x"},   {"a=4", "a=4"},    {"a==41", "a=A"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sbuf out;
        sbuf_init(&out, 100);
        transfer_quoted_printable(span_of(cases[i][0]), &out);
        assert_string_equal(sbuf_str(&out), cases[i][1]);
        sbuf_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),
        cmocka_unit_test(parameters),
        cmocka_unit_test(hostile_messages_are_bounded),
        cmocka_unit_test(quoted_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
