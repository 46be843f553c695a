/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "message.h"
#include "utf8.h"

/* topmost first: a filter, an internal relay, the border, the sender's own claims */
static const char stored[] =
    "Received: from localhost (localhost [127.0.0.1]) by store.example.net (Postfix) with ESMTP id "
    "5;"
    " Sat, 21 Nov 2020 02:27:05 +0000\r\n"
    "Received: from mx.example.net (mx.example.net [10.0.0.9])\r\n"
    "\tby store.example.net (Postfix) with ESMTP id 4; Sat, 21 Nov 2020 02:27:04 +0000\r\n"
    "Received: from mail.example.com (out.example.com [192.0.2.1])\r\n"
    "\tby mx.example.net (Postfix) with ESMTPS id 3; Sat, 21 Nov 2020 02:27:03 +0000\r\n"
    "Received: nonsense\r\n"
    "Received: from [203.0.113.9] by mail.example.com with HTTP; Sat, 21 Nov 2020 02:27:02 "
    "+0000\r\n"
    "Received: from bank.example (bank.example [198.51.100.1]) by mail.example.com with SMTP;"
    " Sat, 21 Nov 2020 02:27:01 +0000\r\n"
    "From: =?utf-8?q?J=C3=B6?= Doe <Jo@Mail.Example.COM>, second@example.org\r\n"
    "Reply-To: nobody, other@example.org\r\n"
    "Subject: =?utf-8?q?=C3=9Cber?=\r\n alles\r\n"
    "Date: Sat, 21 Nov 2020 02:27:00 +0000\r\n"
    "Message-ID: <1@example.com>\r\n"
    "In-Reply-To: <0@example.com>\r\n"
    "Subject: second\r\n"
    "Date: never\r\n"
    "Reply-To: third@example.org\r\n"
    "\r\n"
    "body\r\n";

static int feed(struct message *m, const char *text)
{
    struct span rest = span_of(text);
    struct field f;
    while (rfc5322_next_field(&rest, &f) == 1) {
        int rc = message_add_field(m, f.name, f.value);
        if (rc)
            return rc;
    }
    return 0;
}

static struct arena *setup(struct message *m, const char *text)
{
    struct arena *arena = arena_new(1 << 20);
    message_init(m, arena, NULL);
    assert_int_equal(feed(m, text), 0);
    return arena;
}

static struct ipaddr ip_of(const char *text)
{
    struct ipaddr ip = {0};
    assert_int_equal(ipaddr_parse(span_of(text), &ip), 0);
    return ip;
}

static void what_the_fields_say(void **state)
{
    struct message m;
    struct arena *arena = setup(&m, stored);
    (void)state;
    assert_int_equal(message_scan(&m, NULL, NULL, 0), 0);
    assert_int_equal(m.field_count, 15);
    assert_int_equal(m.hop_count, 5);
    assert_int_equal(m.from_count, 1);
    assert_int_equal(m.author_count, 2);
    assert_string_equal(m.author->display, "J\xc3\xb6 Doe");
    assert_string_equal(m.author->address, "Jo@mail.example.com");
    assert_string_equal(m.author_org, "example.com");
    assert_string_equal(m.subject, "\xc3\x9c"
                                   "ber alles");
    assert_string_equal(m.message_id, "1@example.com");
    assert_int_equal(m.date, 1605925620);
    assert_null(m.sender_domain);
    assert_int_equal(m.over, 0);
    bool kept = false;
    for (size_t i = 0; i < m.field_count; i++)
        kept |= span_ieq_cstr(m.fields[i].name, "SUBJECT") &&
                span_eq(m.fields[i].value, SPAN_LIT(" =?utf-8?q?=C3=9Cber?=\r\n alles"));
    assert_true(kept);
    /* all but the blank line and the body, with CRLF */
    assert_int_equal(m.header_bytes, strstr(stored, "\r\n\r\n") + 2 - stored);
    assert_int_equal(m.size, m.header_bytes);
    arena_free(&arena);
}

static void nothing_said(void **state)
{
    struct message m;
    struct arena *arena = setup(&m, "");
    (void)state;
    assert_int_equal(message_scan(&m, NULL, NULL, 0), 0);
    assert_true(!m.author && !m.subject && !m.message_id && !m.author_org);
    assert_true(!m.in_reply_to && !m.automatic);
    assert_true(m.client_hop == -1 && m.date == -1 && m.from_count == 0 && m.hop_count == 0);
    struct message_client c = message_client(&m);
    assert_true(c.ip.family == IP_NONE && !c.name && !c.helo);
    arena_free(&arena);
}

static void what_it_answers(void **state)
{
    static const struct {
        const char *name, *field, *id;
    } table[] = {
        {"one", "In-Reply-To: <1@example.com>\r\n", "1@example.com"},
        {"the first of two", "In-Reply-To: <1@example.com> <2@example.org>\r\n", "1@example.com"},
        {"folded", "In-Reply-To:\r\n\t<1@example.com>\r\n", "1@example.com"},
        {"as old programs write it", "In-Reply-To: Your message of \"Sat\" <1@example.com>\r\n",
         "1@example.com"},
        {"in a comment", "In-Reply-To: (<0@example.com>) <1@example.com>\r\n", "1@example.com"},
        {"the topmost field", "In-Reply-To: <1@example.com>\r\nIn-Reply-To: <2@example.com>\r\n",
         "1@example.com"},
        {"no bracket", "In-Reply-To: 1@example.com\r\n", NULL},
        {"never closed", "In-Reply-To: <1@example.com\r\n", NULL},
        {"nothing", "In-Reply-To:\r\n", NULL},
        {"no UTF-8", "In-Reply-To: <\xff@example.com>\r\n", "\xef\xbf\xbd@example.com"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct message m;
        struct arena *arena = setup(&m, table[i].field);
        print_message("# %s\n", table[i].name);
        assert_int_equal(message_scan(&m, NULL, NULL, 0), 0);
        if (table[i].id)
            assert_string_equal(m.in_reply_to, table[i].id);
        else
            assert_null(m.in_reply_to);
        arena_free(&arena);
    }
}

/* RFC 3834 s5 */
static void who_sent_it(void **state)
{
    static const struct {
        const char *field;
        bool automatic;
    } table[] = {
        {"Auto-Submitted: auto-replied\r\n", true},
        {"Auto-Submitted: Auto-Generated (cron); owner-email=\"a@example.com\"\r\n", true},
        {"Auto-Submitted: no\r\n", false},
        {"auto-submitted:\r\n (by hand) NO (really)\r\n", false},
        {"Auto-Submitted: none\r\n", true},
        {"Auto-Submitted:\r\n", true},
        {"Auto-Submitted: no\r\nAuto-Submitted: auto-replied\r\n", true},
        {"Precedence: bulk\r\n", true},
        {"Precedence: Junk\r\n", true},
        {"Precedence: list (for all)\r\n", true},
        {"Precedence: first-class\r\n", false},
        {"Precedence:\r\n", false},
        {"Precedence: \"bulk\r\n", false},
        {"Subject: Auto-Submitted: auto-replied\r\n", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct message m;
        struct arena *arena = setup(&m, table[i].field);
        print_message("# %s", table[i].field);
        assert_int_equal(message_scan(&m, NULL, NULL, 0), 0);
        assert_true(m.automatic == table[i].automatic);
        arena_free(&arena);
    }
}

static void who_the_client_is(void **state)
{
    static const struct {
        const char *name, *env_ip, *trusted, *client;
        ptrdiff_t hop;
    } cases[] = {
        {"stored: inner hand-overs are passed", "", "203.0.113.0/24", "192.0.2.1", 2},
        {"stored, the border is trusted too: HTTP names no client", "", "192.0.2.0/24",
         "198.51.100.1", 4},
        {"stored, all trusted", "", "0.0.0.0/0", "", -1},
        {"client known, not trusted", "198.51.100.77", "192.0.2.0/24", "198.51.100.77", -1},
        {"client known, trusted: hand-overs inside a host are passed", "203.0.113.1",
         "203.0.113.0/24", "10.0.0.9", 1},
        {"relay known, but not its own client", "203.0.113.1", "203.0.113.1/32", "10.0.0.9", 1},
        {"private client, not trusted", "10.1.1.1", "203.0.113.0/24", "10.1.1.1", -1},
        {"all trusted: not known, least of all the relay", "203.0.113.1", "0.0.0.0/0", "", -1},
        {"live and not known: the header is not asked", "?", "203.0.113.0/24", "", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct message m;
        struct arena *arena = setup(&m, stored);
        struct ipnet trusted;
        char text[IPADDR_TEXT];
        assert_int_equal(ipnet_parse(span_of(cases[i].trusted), &trusted), 0);
        m.env.helo = "helo.example";
        m.env.live = cases[i].env_ip[0] == '?';
        if (cases[i].env_ip[0] && !m.env.live)
            m.env.ip = ip_of(cases[i].env_ip);
        assert_int_equal(message_scan(&m, NULL, &trusted, 1), 0);
        struct message_client c = message_client(&m);
        if (m.client_hop != cases[i].hop ||
            strcmp(ipaddr_format(&c.ip, text), cases[i].client) != 0)
            fail_msg("%s: hop %td, %s", cases[i].name, m.client_hop, text);
        const char *helo = m.client_hop >= 0 ? m.hops[m.client_hop].helo
                           : m.relayed       ? NULL
                                             : "helo.example";
        assert_true(c.helo == helo || strcmp(c.helo, helo) == 0);
        arena_free(&arena);
    }
}

static void authors(void **state)
{
    static const struct {
        const char *name, *text, *author;
        size_t from_count, author_count;
    } cases[] = {
        {"one", "From: a@example.com\n", "a@example.com", 1, 1},
        {"two fields", "From: a@example.com\nfrom: b@example.org, c@example.org\n", "a@example.com",
         2, 3},
        {"first field has none", "From: root\nFrom: b@example.org\n", NULL, 2, 1},
        {"empty", "From:\n", NULL, 1, 0},
        {"broken first", "From: a@x@example.org, b@example.com\n", "b@example.com", 1, 2},
        {"comma in the name", "From: Doe, Joe <a@example.com>\n", "a@example.com", 1, 1},
        {"group", "From: Friends: a@example.com;\n", "a@example.com", 1, 1},
        {"too deep", "From: a@example.com, ((((((((((((((((((((((((((((((((((x\n", "a@example.com",
         1, 2},
        {"cut off in a comment", "From: a@example.com (x\n", "a@example.com", 1, 2},
        {"cut off in a name", "From: a@example.com, \"b@example.org\n", "a@example.com", 1, 2},
        {"cut off in a literal", "From: a@example.com, b@[192.0.2.1\n", "a@example.com", 1, 3},
        {"a domain readers show and we cannot read",
         "From: a@bank.example\xc2\xa0, b@example.org\n", "b@example.org", 1, 2},
        {"space before the colon", "From : a@example.com\nFrom: b@example.org\n", "a@example.com",
         2, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct message m;
        struct arena *arena = setup(&m, cases[i].text);
        assert_int_equal(message_scan(&m, NULL, NULL, 0), 0);
        const char *author = m.author ? m.author->address : NULL;
        if (m.from_count != cases[i].from_count || m.author_count != cases[i].author_count ||
            !author != !cases[i].author || (author && strcmp(author, cases[i].author) != 0))
            fail_msg("%s: %zu fields, %zu authors, %s", cases[i].name, m.from_count, m.author_count,
                     author ? author : "none");
        arena_free(&arena);
    }
}

static void sender_domains(void **state)
{
    static const char *const cases[][2] = {
        {NULL, NULL},
        {"", ""},
        {"a@Example.COM", "example.com"},
        {"\"a@b\"@example.com", "example.com"},
        {"a@[192.0.2.1]", "[192.0.2.1]"},
        {"postmaster", NULL},
        {"a@-..-", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct message m;
        struct arena *arena = setup(&m, "");
        m.env.sender = cases[i][0];
        assert_int_equal(message_scan(&m, NULL, NULL, 0), 0);
        if (cases[i][1])
            assert_string_equal(m.sender_domain, cases[i][1]);
        else
            assert_null(m.sender_domain);
        arena_free(&arena);
    }
}

static void limits(void **state)
{
    struct arena *arena = arena_new(1 << 20);
    struct message m;
    (void)state;
    message_init(&m, arena, &(struct message_limits){5, 1000, 2, 2});
    for (int i = 0; i < 2; i++)
        assert_int_equal(message_add_rcpt(&m, "a@example.com"), 0);
    assert_int_equal(m.over, 0);
    assert_int_equal(message_add_rcpt(&m, "a@example.com"), 0);
    assert_int_equal(m.over, MESSAGE_OVER_RECIPIENTS);
    assert_int_equal(m.env.rcpt_count, 2);
    assert_string_equal(m.env.rcpts[1], "a@example.com");

    /* a field that is too large is lost; what comes behind it is not */
    static char large[1000];
    memset(large, 'x', sizeof large);
    assert_int_equal(message_add_field(&m, SPAN_LIT("X"), span_make(large, sizeof large)), 0);
    assert_int_equal(m.over, MESSAGE_OVER_RECIPIENTS | MESSAGE_OVER_HEADER);
    assert_int_equal(m.field_count, 0);
    assert_int_equal(m.header_bytes, 1004);
    assert_int_equal(message_add_field(&m, SPAN_LIT("X"), span_make(large, 500)), 0);
    assert_int_equal(message_add_field(&m, SPAN_LIT("X"), span_make(large, 493)), 0);
    assert_int_equal(m.field_count, 1);
    assert_int_equal(message_add_field(&m, SPAN_LIT("X"), span_make(large, 300)), 0);
    assert_int_equal(m.field_count, 2);

    message_init(&m, arena, &(struct message_limits){5, 1000, 2, 2});
    for (int i = 0; i < 5; i++)
        assert_int_equal(
            message_add_field(&m, SPAN_LIT("Received"), SPAN_LIT("from x by y.example")), 0);
    assert_int_equal(m.over, 0);
    assert_int_equal(message_add_field(&m, SPAN_LIT("From"), SPAN_LIT("a@example.com")), 0);
    assert_int_equal(m.over, MESSAGE_OVER_FIELDS);
    assert_int_equal(m.field_count, 5);
    assert_int_equal(message_scan(&m, NULL, NULL, 0), 0);
    assert_int_equal(m.over, MESSAGE_OVER_FIELDS | MESSAGE_OVER_HOPS);
    assert_int_equal(m.hop_count, 2);
    assert_null(m.author);
    assert_int_equal(m.from_count, 1);
    arena_free(&arena);
}

/* A second author where limits keep us from looking must not let the first pass for the only
 * one. */
static void hidden_authors(void **state)
{
    static char spaces[MESSAGE_MAX_FROM_BYTES + 100];
    struct arena *arena = arena_new(1 << 20);
    struct message m;
    (void)state;
    memset(spaces, ' ', sizeof spaces);
    memcpy(spaces, "a@example.com", 13);
    memcpy(spaces + sizeof spaces - 17, ",ceo@bank.example", 17);

    message_init(&m, arena, &(struct message_limits){2, 1000, 2, 2});
    assert_int_equal(message_add_field(&m, SPAN_LIT("From"), SPAN_LIT("a@example.com")), 0);
    assert_int_equal(message_add_field(&m, SPAN_LIT("X"), SPAN_LIT("x")), 0);
    assert_int_equal(message_add_field(&m, SPAN_LIT("FROM "), SPAN_LIT("ceo@bank.example")), 0);
    assert_int_equal(message_scan(&m, NULL, NULL, 0), 0);
    assert_int_equal(m.from_count, 2);
    assert_string_equal(m.author->address, "a@example.com");

    message_init(&m, arena, &(struct message_limits){10, 1000, 2, 2});
    assert_int_equal(message_add_field(&m, SPAN_LIT("From"), span_make(spaces, 2000)), 0);
    assert_int_equal(message_add_field(&m, SPAN_LIT("From"), SPAN_LIT("a@example.com")), 0);
    assert_int_equal(message_scan(&m, NULL, NULL, 0), 0);
    assert_int_equal(m.from_count, 2);

    message_init(&m, arena, NULL);
    assert_int_equal(message_add_field(&m, SPAN_LIT("From"), span_make(spaces, sizeof spaces)), 0);
    assert_int_equal(message_scan(&m, NULL, NULL, 0), 0);
    assert_true(m.from_count == 1 && m.author_count == 2);
    arena_free(&arena);
}

static void long_subject(void **state)
{
    struct arena *arena = arena_new(1 << 20);
    struct message m;
    static char euros[60000];
    (void)state;
    for (size_t i = 0; i + 3 <= sizeof euros; i += 3)
        memcpy(euros + i, "\xe2\x82\xac", 3);
    message_init(&m, arena, NULL);
    assert_int_equal(message_add_field(&m, SPAN_LIT("Subject"), span_make(euros, sizeof euros)), 0);
    assert_int_equal(message_scan(&m, NULL, NULL, 0), 0);
    size_t n = strlen(m.subject);
    assert_in_range(n, MESSAGE_MAX_SUBJECT - 2, MESSAGE_MAX_SUBJECT);
    assert_true(utf8_valid(span_of(m.subject)));
    arena_free(&arena);
}

/* The most that the default limits let a header make us do. */
static void hostile_headers(void **state)
{
    static const char *const values[] = {"a@b.c,", "(", "\"", "<", "=?a?q?x", "from x ("};
    static char text[250000];
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        static const char *const names[] = {"From",        "Received",       "Subject",
                                            "Reply-To",    "Message-ID",     "Date",
                                            "In-Reply-To", "Auto-Submitted", "Precedence"};
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            for (size_t count = 1; count <= 1000; count += 999) {
                struct arena *arena = arena_new(4 << 20);
                struct message m;
                size_t n = sizeof text / count - 20, unit = strlen(values[i]);
                for (size_t at = 0; at < n; at++)
                    text[at] = values[i][at % unit];
                message_init(&m, arena, NULL);
                for (size_t c = 0; c < count; c++)
                    assert_int_equal(message_add_field(&m, span_of(names[k]), span_make(text, n)),
                                     0);
                if (message_scan(&m, NULL, NULL, 0))
                    fail_msg("%s: %s, %zu fields", names[k], values[i], count);
                arena_free(&arena);
            }
        }
    }
}

static void little_memory(void **state)
{
    int rc = VOUCH_E_NOMEM;
    size_t max;
    (void)state;
    for (max = 0; rc; max++) {
        struct arena *arena = arena_new(max);
        struct message m;
        message_init(&m, arena, NULL);
        m.env.sender = "a@example.com";
        rc = feed(&m, stored);
        if (!rc)
            rc = message_add_rcpt(&m, "b@example.com");
        if (!rc)
            rc = message_scan(&m, NULL, NULL, 0);
        assert_true(rc == 0 || rc == VOUCH_E_NOMEM);
        arena_free(&arena);
    }
    assert_true(max > strlen(stored));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_fields_say), cmocka_unit_test(nothing_said),
        cmocka_unit_test(what_it_answers),     cmocka_unit_test(who_sent_it),
        cmocka_unit_test(who_the_client_is),   cmocka_unit_test(authors),
        cmocka_unit_test(sender_domains),      cmocka_unit_test(limits),
        cmocka_unit_test(hidden_authors),      cmocka_unit_test(long_subject),
        cmocka_unit_test(hostile_headers),     cmocka_unit_test(little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
