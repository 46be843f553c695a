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
#include "rfc5322.h"

struct want {
    const char *display, *group, *local, *domain;
    bool valid;
};

struct list_case {
    const char *name, *text;
    size_t count;
    struct want want[3];
};

static const struct list_case cases[] = {
    /* RFC 5322 s3.4 */
    {"addr-spec", "a@example.com", 1, {{NULL, NULL, "a", "example.com", true}}},
    {"name-addr",
     "Joe Q. Public <j.q@Example.COM>",
     1,
     {{"Joe Q. Public", NULL, "j.q", "example.com", true}}},
    {"no phrase", " <a@example.com> ", 1, {{NULL, NULL, "a", "example.com", true}}},
    {"quoted phrase",
     "\"Doe, \\\"J\\\"\" <a@example.com>",
     1,
     {{"Doe, \"J\"", NULL, "a", "example.com", true}}},
    {"empty quoted phrase", "\"\" <a@example.com>", 1, {{NULL, NULL, "a", "example.com", true}}},
    {"mixed phrase",
     "The \"big   one\" here <a@example.com>",
     1,
     {{"The big one here", NULL, "a", "example.com", true}}},
    {"two",
     "a@example.com, B <b@example.org>",
     2,
     {{NULL, NULL, "a", "example.com", true}, {"B", NULL, "b", "example.org", true}}},
    {"comma in quotes",
     "\"a,b\" <a@example.com>,c@example.com",
     2,
     {{"a,b", NULL, "a", "example.com", true}, {NULL, NULL, "c", "example.com", true}}},
    {"group",
     "A Group:Ed <a@example.com>,b@example.com;",
     2,
     {{"Ed", "A Group", "a", "example.com", true}, {NULL, "A Group", "b", "example.com", true}}},
    {"empty group", "undisclosed-recipients:;", 0, {{0}}},
    {"group, then another",
     "G: a@example.com; , b@example.com",
     2,
     {{NULL, "G", "a", "example.com", true}, {NULL, NULL, "b", "example.com", true}}},
    {"two groups",
     "G: a@example.com; H : b@example.com;",
     2,
     {{NULL, "G", "a", "example.com", true}, {NULL, "H", "b", "example.com", true}}},
    {"group not closed", "G: a@example.com", 1, {{NULL, "G", "a", "example.com", true}}},
    {"group without name", ": a@example.com;", 1, {{NULL, "", "a", "example.com", true}}},
    {"encoded group",
     "=?utf-8?q?Gr=C3=BC?=: a@example.com;",
     1,
     {{NULL, "Gr\xc3\xbc", "a", "example.com", true}}},
    {"quoted local-part", "\"a b\"@example.com", 1, {{NULL, NULL, "a b", "example.com", true}}},
    {"quoted @", "\"a@b\"@example.com", 1, {{NULL, NULL, "a@b", "example.com", true}}},
    {"quoted-pair", "\"a\\\"b\"@example.com", 1, {{NULL, NULL, "a\"b", "example.com", true}}},
    {"empty local-part in quotes", "\"\"@example.com", 1, {{NULL, NULL, "", "example.com", true}}},
    {"all atext",
     "!#$%&'*+-/=?^_`{|}~@example.com",
     1,
     {{NULL, NULL, "!#$%&'*+-/=?^_`{|}~", "example.com", true}}},
    {"literal", "a@[192.0.2.1]", 1, {{NULL, NULL, "a", "[192.0.2.1]", true}}},
    {"literal, IPv6", "a@[ipv6:2001:DB8::1]", 1, {{NULL, NULL, "a", "[IPv6:2001:db8::1]", true}}},
    {"literal, general", "a@[x-tag:abc]", 1, {{NULL, NULL, "a", "[x-tag:abc]", true}}},
    {"final dot", "a@example.com.", 1, {{NULL, NULL, "a", "example.com", true}}},
    {"underscore", "a@_x.example.com", 1, {{NULL, NULL, "a", "_x.example.com", true}}},
    /* comments */
    {"comment as name",
     "a@example.com (Joe Doe)",
     1,
     {{"Joe Doe", NULL, "a", "example.com", true}}},
    {"nested comment",
     "a@example.com (Joe (the \\) one) Doe)",
     1,
     {{"Joe (the ) one) Doe", NULL, "a", "example.com", true}}},
    {"comment before", "(x) <a@example.com>", 1, {{"x", NULL, "a", "example.com", true}}},
    {"comment in the phrase",
     "Joe (x) Doe <a@example.com>",
     1,
     {{"Joe Doe", NULL, "a", "example.com", true}}},
    {"comments everywhere",
     "Pete(A nice \\) chap) <pete(his account)@silly.example(his host)>",
     1,
     {{"Pete", NULL, "pete", "silly.example", true}}},
    {"comment holds an address",
     "(<b@example.org>) a@example.com",
     1,
     {{"<b@example.org>", NULL, "a", "example.com", true}}},
    {"only a comment", "(nobody)", 0, {{0}}},
    /* obsolete */
    {"route", "<@a.example,@b.example:c@example.com>", 1, {{NULL, NULL, "c", "example.com", true}}},
    {"route, empty elements",
     "<,@a.example:c@example.com>",
     1,
     {{NULL, NULL, "c", "example.com", true}}},
    {"empty elements",
     ", ,a@example.com,,(x),b@example.com ,",
     2,
     {{NULL, NULL, "a", "example.com", true}, {NULL, NULL, "b", "example.com", true}}},
    {"space around dots", "a . b @ example . com", 1, {{NULL, NULL, "a.b", "example.com", true}}},
    {"quoted words and dots",
     "a.\"b c\".d@example.com",
     1,
     {{NULL, NULL, "a.b c.d", "example.com", true}}},
    {"folded",
     "Joe\r\n Doe\r\n\t<a@example.com>",
     1,
     {{"Joe Doe", NULL, "a", "example.com", true}}},
    {"phrase with dots",
     "J. R. R. Tolkien <a@example.com>",
     1,
     {{"J. R. R. Tolkien", NULL, "a", "example.com", true}}},
    /* RFC 6532 */
    {"UTF-8",
     "J\xc3\xb6 <\xc3\xb6@b\xc3\xbc"
     "cher.example>",
     1,
     {{"J\xc3\xb6", NULL, "\xc3\xb6", "xn--bcher-kva.example", true}}},
    {"Latin-1 name",
     "J\xf6 <a@example.com>",
     1,
     {{"J\xef\xbf\xbd", NULL, "a", "example.com", true}}},
    {"Latin-1 local-part",
     "\xf6@example.com",
     1,
     {{NULL, NULL, "\xef\xbf\xbd", "example.com", false}}},
    {"Latin-1 domain", "a@b\xfc.example", 1, {{NULL, NULL, "a", "", false}}},
    /* RFC 2047 */
    {"encoded name",
     "=?utf-8?Q?Andr=C3=A9?= Pirard <a@example.com>",
     1,
     {{"Andr\xc3\xa9 Pirard", NULL, "a", "example.com", true}}},
    {"encoded, quoted",
     "\"=?utf-8?B?SsO2?=\" <a@example.com>",
     1,
     {{"J\xc3\xb6", NULL, "a", "example.com", true}}},
    {"encoded, joined",
     "=?utf-8?q?J=C3?=\r\n =?utf-8?q?=B6?= <a@example.com>",
     1,
     {{"J\xc3\xb6", NULL, "a", "example.com", true}}},
    {"encoded with comma",
     "=?utf-8?q?Doe,_Joe?= <a@example.com>",
     1,
     {{"Doe, Joe", NULL, "a", "example.com", true}}},
    {"encoded with parentheses and dots",
     "=?utf-8?q?J.(x)?= <a@example.com>",
     1,
     {{"J.(x)", NULL, "a", "example.com", true}}},
    {"encoded address is a name",
     "=?utf-8?q?ceo=40example.net?= <a@example.com>",
     1,
     {{"ceo@example.net", NULL, "a", "example.com", true}}},
    {"encoded comment",
     "a@example.com (=?utf-8?q?J=C3=B6?=)",
     1,
     {{"J\xc3\xb6", NULL, "a", "example.com", true}}},
    {"encoded controls",
     "=?utf-8?q?a=0D=0AX:_b=00c?= <a@example.com>",
     1,
     {{"a X: b\xef\xbf\xbd"
       "c",
       NULL, "a", "example.com", true}}},
    {"encoded local-part is none",
     "=?utf-8?q?a?=@example.com",
     1,
     {{NULL, NULL, "=?utf-8?q?a?=", "example.com", true}}},
    {"encoded word hides no bracket",
     "=?utf-8?q?x<b@example.org>?= <a@example.com>",
     1,
     {{"=?utf-8?q?x", NULL, "b", "example.org", false}}},
    /* broken, read as readers do */
    {"@ in the name",
     "ceo@example.net <a@example.com>",
     1,
     {{"ceo@example.net", NULL, "a", "example.com", true}}},
    {"quoted @ in the name",
     "\"ceo@example.net\" <a@example.com>",
     1,
     {{"ceo@example.net", NULL, "a", "example.com", true}}},
    {"colon in the name", "Re: x <a@example.com>", 1, {{"x", "Re", "a", "example.com", true}}},
    {"comma in the name",
     "Doe, Joe <a@example.com>",
     2,
     {{NULL, NULL, "Doe", "", false}, {"Joe", NULL, "a", "example.com", true}}},
    {"semicolons",
     "a@example.com; b@example.com",
     2,
     {{NULL, NULL, "a", "example.com", true}, {NULL, NULL, "b", "example.com", true}}},
    {"dots at the ends", ".a..b.@example.com", 1, {{NULL, NULL, ".a..b.", "example.com", true}}},
    {"no brackets", "Joe Doe a@example.com", 1, {{"Joe Doe", NULL, "a", "example.com", false}}},
    {"bare word", "root", 1, {{NULL, NULL, "root", "", false}}},
    {"bare phrase", "Mail Delivery System", 1, {{"Mail Delivery System", NULL, "", "", false}}},
    {"no domain", "a@", 1, {{NULL, NULL, "a", "", false}}},
    {"no local-part", "@example.com", 1, {{NULL, NULL, "", "example.com", false}}},
    {"null address", "<>", 1, {{NULL, NULL, "", "", false}}},
    {"two @", "a@b@example.com", 1, {{NULL, NULL, "a@b", "example.com", false}}},
    {"two @ in brackets",
     "<a@example.org@example.com>",
     1,
     {{NULL, NULL, "a@example.org", "example.com", false}}},
    {"no closing bracket", "Joe <a@example.com", 1, {{"Joe", NULL, "a", "example.com", false}}},
    {"no closing bracket, more",
     "<a@example.com, b@example.com",
     2,
     {{NULL, NULL, "a", "example.com", false}, {NULL, NULL, "b", "example.com", true}}},
    {"no opening bracket", "a@example.com>", 1, {{NULL, NULL, "a", "", false}}},
    {"bracket in brackets",
     "<a@example.com <b@example.org>",
     1,
     {{NULL, NULL, "a", "example.com", false}}},
    {"two in brackets",
     "<a@example.com> <b@example.org>",
     1,
     {{NULL, NULL, "a", "example.com", false}}},
    {"text behind", "<a@example.com> x", 1, {{NULL, NULL, "a", "example.com", false}}},
    {"spaces in the local-part", "<a b@example.com>", 1, {{NULL, NULL, "b", "example.com", false}}},
    {"spaces in the domain", "<a@example com>", 1, {{NULL, NULL, "a", "examplecom", false}}},
    {"empty label", "a@example..com", 1, {{NULL, NULL, "a", "", false}}},
    {"no literal", "a@[nonsense]", 1, {{NULL, NULL, "a", "", false}}},
    {"literal and more", "a@[192.0.2.1].example", 1, {{NULL, NULL, "a", "", false}}},
    {"quoted domain", "a@\"example.com\"", 1, {{NULL, NULL, "a", "", false}}},
    {"control in the local-part",
     "\"a\tb\"@example.com",
     1,
     {{NULL, NULL, "a\tb", "example.com", false}}},
    {"backslash outside quotes",
     "a\\@b@example.com",
     1,
     {{NULL, NULL, "a\\@b", "example.com", false}}},
    {"nothing", "", 0, {{0}}},
    {"space", " \r\n ", 0, {{0}}},
    {"lone backslash", "\\", 1, {{NULL, NULL, "\\", "", false}}},
    {"lone bracket", "<", 1, {{NULL, NULL, "", "", false}}},
    {"stray specials", ")]>:@;.", 2, {{NULL, ")]>", "", "", false}, {NULL, NULL, ".", "", false}}},
};

/* end within something */
static const struct list_case cut_off[] = {
    {"comment not closed",
     "Joe (oops <a@example.com>",
     1,
     {{"oops <a@example.com>", NULL, "Joe", "", false}}},
    {"half a literal", "a@[192.0.2.1", 1, {{NULL, NULL, "a", "", false}}},
    {"quotes not closed",
     "\"Joe <a@example.com>",
     1,
     {{NULL, NULL, "Joe <a@example.com>", "", false}}},
    {"lone quote", "\"", 1, {{NULL, NULL, "", "", false}}},
};

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* False if the list of c is read otherwise than it should be. */
static bool reads(const struct list_case *c, int rc)
{
    bool good = true;
    struct arena *arena = arena_new(100000);
    struct mailbox *list;
    size_t count;
    assert_int_equal(rfc5322_addresses(arena, span_of(c->text), &list, &count), rc);
    if (count != c->count) {
        print_error("%s: %zu mailboxes\n", c->name, count);
        good = false;
    }
    for (size_t k = 0; k < count && k < 3; k++) {
        const struct mailbox *m = &list[k];
        const struct want *w = &c->want[k];
        if (!same(m->display, w->display) || !same(m->group, w->group) ||
            !same(m->local, w->local) || !same(m->domain, w->domain) || m->valid != w->valid) {
            print_error("%s, %zu: display %s, group %s, local %s, domain %s, valid %d\n", c->name,
                        k, m->display ? m->display : "none", m->group ? m->group : "none", m->local,
                        m->domain, m->valid);
            good = false;
        }
        const char *address =
            m->domain[0] ? arena_printf(arena, "%s@%s", m->local, m->domain) : m->local;
        assert_string_equal(m->address, address);
    }
    arena_free(&arena);
    return good;
}

static void table(void **state)
{
    bool good = true;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        good &= reads(&cases[i], 0);
    for (size_t i = 0; i < sizeof cut_off / sizeof *cut_off; i++)
        good &= reads(&cut_off[i], VOUCH_E_SYNTAX);
    assert_true(good);
}

static void nul_bytes_do_not_cut(void **state)
{
    struct arena *arena = arena_new(100000);
    struct mailbox *list;
    size_t count;
    (void)state;
    struct span text = SPAN_LIT("a\0b@example.com, x\0y <c@exam\0ple.com>");
    assert_int_equal(rfc5322_addresses(arena, text, &list, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].local, "a\xef\xbf\xbd"
                                       "b");
    assert_false(list[0].valid);
    assert_string_equal(list[1].display, "x\xef\xbf\xbdy");
    assert_string_equal(list[1].domain, "");
    arena_free(&arena);
}

static char *repeat(const char *text, size_t times)
{
    size_t n = strlen(text);
    char *all = malloc(n * times + 1);
    assert_non_null(all);
    for (size_t i = 0; i < times; i++)
        memcpy(all + i * n, text, n);
    all[n * times] = '\0';
    return all;
}

/* None of these may take more than linear time: a megabyte of each is read at once. */
static void hostile_megabytes(void **state)
{
    static const struct {
        const char *unit;
        int rc;
    } bombs[] = {
        {"(", VOUCH_E_LIMIT},
        {")", 0},
        {"()", 0},
        {"(()", VOUCH_E_LIMIT},
        {"<", 0},
        {">", 0},
        {"<>", 0},
        {"@", 0},
        {"\"", 0},
        {"\\", 0},
        {"[", VOUCH_E_SYNTAX},
        {":", 0},
        {"a:", 0},
        {"a@b ", 0},
        {"a@b,", VOUCH_E_LIMIT},
        {"a ", 0},
        {"=?a?q?x", 0},
        {"=?", 0},
        {"=?utf-8?q?=?= ", 0},
        {"=?a?b?x?= ", 0},
        {"=?a?q?x,", VOUCH_E_LIMIT},
        {"<@", 0},
        {"<@a:", 0},
        {"\xff", 0},
        {"a;", VOUCH_E_LIMIT},
        {"a:b;", VOUCH_E_LIMIT},
        {"\"\" ", 0},
        {".", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        struct arena *arena = arena_new(64 << 20);
        struct mailbox *list;
        size_t count;
        char *text = repeat(bombs[i].unit, (1 << 20) / strlen(bombs[i].unit));
        int rc = rfc5322_addresses(arena, span_of(text), &list, &count);
        if (rc != bombs[i].rc)
            fail_msg("%s: %d", bombs[i].unit, rc);
        assert_true(count <= RFC5322_MAX_MAILBOXES);
        free(text);
        arena_free(&arena);
    }
}

static void limits(void **state)
{
    struct arena *arena = arena_new(1 << 20);
    struct mailbox *list;
    size_t count;
    char *text = repeat("a@example.com,", RFC5322_MAX_MAILBOXES);
    (void)state;
    assert_int_equal(rfc5322_addresses(arena, span_of(text), &list, &count), 0);
    assert_int_equal(count, RFC5322_MAX_MAILBOXES);
    free(text);
    text = repeat("a@example.com,", RFC5322_MAX_MAILBOXES + 1);
    assert_int_equal(rfc5322_addresses(arena, span_of(text), &list, &count), VOUCH_E_LIMIT);
    assert_int_equal(count, RFC5322_MAX_MAILBOXES);
    assert_true(list[count - 1].valid);
    free(text);

    char deep[200];
    memset(deep, '(', RFC5322_MAX_DEPTH);
    memset(deep + RFC5322_MAX_DEPTH, ')', RFC5322_MAX_DEPTH);
    memcpy(deep + 2 * RFC5322_MAX_DEPTH, "a@b.example", 12);
    assert_int_equal(rfc5322_addresses(arena, span_of(deep), &list, &count), 0);
    assert_true(count == 1 && list[0].valid);
    char *deeper = arena_printf(arena, "a@b.example, (%s", deep);
    assert_int_equal(rfc5322_addresses(arena, span_of(deeper), &list, &count), VOUCH_E_LIMIT);
    assert_true(count >= 1 && list[0].valid);
    arena_free(&arena);
}

static void little_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int rc = VOUCH_E_NOMEM;
        for (size_t max = 0; rc; max++) {
            struct arena *arena = arena_new(max);
            struct mailbox *list;
            size_t count;
            rc = rfc5322_addresses(arena, span_of(cases[i].text), &list, &count);
            if (rc)
                assert_int_equal(rc, VOUCH_E_NOMEM);
            else
                assert_int_equal(count, cases[i].count);
            arena_free(&arena);
        }
    }
}

static void paths(void **state)
{
    static const char *const good[][2] = {
        {"<a@example.com>", "a@example.com"},
        {"a@Example.Com", "a@example.com"},
        {" <A.b+c@example.com> ", "A.b+c@example.com"},
        {"<>", ""},
        {"", ""},
        {"<Postmaster>", "Postmaster"},
        {"<@a.example,@b.example:c@example.com>", "c@example.com"},
        {"@a.example:c@example.com", NULL},
        {"<a@[192.0.2.1]>", "a@[192.0.2.1]"},
        {"<a@[IPv6:2001:DB8::1]>", "a@[IPv6:2001:db8::1]"},
        {"<\"a b\"@example.com>", "\"a b\"@example.com"},
        {"<\"ab\"@example.com>", "ab@example.com"},
        {"<\"a\\\"\\\\\"@example.com>", "\"a\\\"\\\\\"@example.com"},
        {"<\"\"@example.com>", "\"\"@example.com"},
        {"<\"\".>", "\".\""},
        {"<\xc3\xb6@b\xc3\xbc"
         "cher.example>",
         "\xc3\xb6@xn--bcher-kva.example"},
        {"<a..b.@example.com>", "a..b.@example.com"},
        {"<a@example.com", NULL},
        {"a@example.com>", NULL},
        {"<a@example.com> x", NULL},
        {"<a@b@example.com>", NULL},
        {"<a b@example.com>", NULL},
        {"<a@>", NULL},
        {"<@example.com>", NULL},
        {"<a@exa..mple.com>", NULL},
        {"<a,b@example.com>", NULL},
        {"<a:b@example.com>", NULL},
        {"<\xf6@example.com>", NULL},
        {"<\"a\x01\"@example.com>", NULL},
        {"<<a@example.com>>", NULL},
        {"Joe <a@example.com>", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct arena *arena = arena_new(10000);
        const char *path = rfc5322_path(arena, span_of(good[i][0]));
        if (!same(path, good[i][1]))
            fail_msg("%s: %s", good[i][0], path ? path : "NULL");
        if (path) {
            assert_string_equal(rfc5322_path(arena, span_of(path)), path);
            int rc = VOUCH_E_NOMEM;
            for (size_t max = 0; rc; max++) {
                struct arena *tight = arena_new(max);
                rc = rfc5322_read_path(tight, span_of(good[i][0]), &path);
                assert_true(rc == 0 || rc == VOUCH_E_NOMEM);
                arena_free(&tight);
            }
        }
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(nul_bytes_do_not_cut),
        cmocka_unit_test(hostile_megabytes),
        cmocka_unit_test(limits),
        cmocka_unit_test(little_memory),
        cmocka_unit_test(paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
