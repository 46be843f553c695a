/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "traits.h"

struct letter {
    struct arena *arena;
    struct message m;
    struct mailbox author, reply_to;
    struct hop hops[2];
};

static void init(struct letter *l)
{
    memset(l, 0, sizeof *l);
    struct message_limits limits = MESSAGE_LIMITS_DEFAULT;
    l->arena = arena_new(1 << 20);
    assert_non_null(l->arena);
    message_init(&l->m, l->arena, &limits);
    l->author = (struct mailbox){
        .local = "alice", .domain = "example.org", .address = "alice@example.org", .valid = true};
    l->m.author = &l->author;
    assert_int_equal(ipaddr_parse(span_of("192.0.2.7"), &l->m.env.ip), 0);
    l->m.sender_domain = "example.com";
    l->m.hops = l->hops;
    l->m.client_hop = -1;
    l->m.date = -1;
}

static void assert_word(struct letter *l, enum trait t, const char *word)
{
    const char *words[TRAIT_COUNT];
    traits_of(&l->m, NULL, NULL, words);
    if (strcmp(words[t], word) != 0)
        fail_msg("%s: %s, not %s", trait_name(t), words[t], word);
}

static void client_words(void **state)
{
    (void)state;
    static const struct {
        const char *helo, *name, *helo_word, *host_word;
    } rows[] = {
        {NULL, NULL, "none", "none"},
        {"[192.0.2.7]", NULL, "literal", "none"},
        {"[192.0.2.8]", NULL, "forged", "none"},
        {"localhost", "mx.example.net", "plain", "other"},
        {"mx.example.org", "mx.example.org", "author", "author"},
        {"mx.example.net", "out.example.net", "host", "other"},
        {"mx.example.com", "out.example.net", "other", "other"},
        {"mx.example.com", "192-0-2-7.dsl.example.net", "other", "dynamic"},
        {"mx.example.com", "h-c0000207.example.net", "other", "dynamic"},
        {"mx.example.com", "mail-2-07.example.net", "other", "dynamic"},
        {"mx.example.com", "mail2.example.net", "other", "other"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct letter l;
        init(&l);
        l.m.env.helo = rows[i].helo;
        l.m.env.name = rows[i].name;
        assert_word(&l, TRAIT_HELO, rows[i].helo_word);
        assert_word(&l, TRAIT_HOST, rows[i].host_word);
        arena_free(&l.arena);
    }
}

static void header_words(void **state)
{
    (void)state;
    struct letter l;
    init(&l);
    assert_word(&l, TRAIT_MESSAGE_ID, "none");
    static const struct {
        const char *id, *word;
    } ids[] = {{"1@mail.example.org", "author"}, {"1@example.com", "sender"},
               {"1@example.net", "path"},        {"1@elsewhere.test", "other"},
               {"no-at-sign", "other"},          {"", "other"}};
    l.m.env.helo = "mx.example.net";
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        l.m.message_id = ids[i].id;
        assert_word(&l, TRAIT_MESSAGE_ID, ids[i].word);
    }
    assert_word(&l, TRAIT_REPLY_TO, "none");
    l.reply_to.domain = "news.example.org";
    l.m.reply_to = &l.reply_to;
    assert_word(&l, TRAIT_REPLY_TO, "same");
    l.reply_to.domain = "example.com";
    assert_word(&l, TRAIT_REPLY_TO, "other");
    assert_word(&l, TRAIT_DISPLAY, "none");
    l.author.display = "Alice";
    assert_word(&l, TRAIT_DISPLAY, "plain");
    l.author.display = "Alice <Alice@Example.org>";
    assert_word(&l, TRAIT_DISPLAY, "plain");
    l.author.display = "ceo@example.com";
    assert_word(&l, TRAIT_DISPLAY, "address");
    arena_free(&l.arena);
}

static void date_words(void **state)
{
    (void)state;
    static const struct {
        time_t before;
        const char *word;
    } dates[] = {{0, "near"},         {6 * 3600, "near"},       {6 * 3600 + 1, "day"},
                 {24 * 3600, "day"},  {24 * 3600 + 1, "month"}, {30 * 86400, "month"},
                 {31 * 86400, "far"}, {-6 * 3600, "near"},      {-6 * 3600 - 1, "future"}};
    struct letter l;
    init(&l);
    assert_word(&l, TRAIT_DATE, "none");
    l.m.hop_count = 1;
    l.hops[0].time = 1700000000;
    assert_word(&l, TRAIT_DATE, "none");
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        l.m.date = 1700000000 - dates[i].before;
        assert_word(&l, TRAIT_DATE, dates[i].word);
    }
    arena_free(&l.arena);
}

static void origin_words(void **state)
{
    (void)state;
    struct letter l;
    init(&l);
    assert_word(&l, TRAIT_ORIGIN, "none");
    l.m.hop_count = 1;
    l.hops[0].time = -1;
    assert_int_equal(ipaddr_parse(span_of("203.0.113.9"), &l.hops[0].ip), 0);
    assert_word(&l, TRAIT_ORIGIN, "unnamed");
    l.hops[0].name = "mx.example.net";
    l.hops[0].helo = "out.example.net";
    assert_word(&l, TRAIT_ORIGIN, "named");
    l.hops[0].helo = "mail.example.com";
    assert_word(&l, TRAIT_ORIGIN, "lies");
    l.hops[0].name = "203-0-113-9.pool.example.net";
    assert_word(&l, TRAIT_ORIGIN, "dynamic");
    l.hops[0].internal = true;
    assert_word(&l, TRAIT_ORIGIN, "none");
    arena_free(&l.arena);
}

static void hostile_input_has_words(void **state)
{
    (void)state;
    static char digits[5000], dots[5000];
    static const char *const odd[] = {"", ".", "@", "..", "\xff\xfe", "a..b", "[", digits, dots};
    memset(digits, '0', sizeof digits - 1);
    memset(dots, '.', sizeof dots - 1);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct letter l;
        const char *words[TRAIT_COUNT];
        init(&l);
        l.m.env.helo = l.m.env.name = l.m.message_id = l.author.display = odd[i];
        l.author.domain = l.reply_to.domain = l.m.sender_domain = odd[i];
        l.m.reply_to = &l.reply_to;
        l.m.hop_count = 2;
        l.hops[0] = l.hops[1] = (struct hop){
            .ip = l.m.env.ip, .name = odd[i], .helo = odd[i], .by = odd[i], .time = -1};
        traits_of(&l.m, NULL, odd[i], words);
        for (int t = 0; t < TRAIT_COUNT; t++)
            assert_true(words[t] && *words[t]);
        l.m.author = NULL;
        traits_of(&l.m, NULL, NULL, words);
        arena_free(&l.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_words),
        cmocka_unit_test(header_words),
        cmocka_unit_test(date_words),
        cmocka_unit_test(origin_words),
        cmocka_unit_test(hostile_input_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
