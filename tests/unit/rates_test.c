/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "trust_fixture.h"

#define DAY 86400

static struct trust_known *known(struct fixture *f, enum identity_kind kind)
{
    for (size_t i = 0; i < f->in.identity_count; i++)
        if (f->identities[i].kind == kind)
            return &f->known[i];
    fail_msg("no %s", identity_kind_name(kind));
    return NULL;
}

static struct window_sum *window(struct fixture *f, enum identity_kind kind)
{
    struct trust_known *k = known(f, kind);
    k->outcome = LOOKUP_FOUND;
    k->window.last = FIXTURE_NOW - 60;
    return &k->window;
}

static void assert_weight(struct fixture *f, const char *name, double want, const char *what)
{
    fixture_trust(f);
    double got = fixture_weight(f, name);
    if (fabs(got - want) > 1e-9)
        fail_msg("%s: %s is %+.2f, not %+.2f", what, name, got, want);
}

static void many_helo_names_tell(void **state)
{
    (void)state;
    static const struct {
        uint32_t names;
        double weight;
    } cases[] = {{0, 0},     {1, 0},      {3, 0},     {4, -0.11},
                 {6, -0.27}, {12, -0.53}, {24, -0.8}, {1000000, -0.8}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        fixture_init(&f);
        struct window_sum *w = window(&f, ID_WINDOW_CLIENT);
        w->distinct[WINDOW_X][WINDOW_DAY] = cases[i].names;
        w->distinct[WINDOW_X][WINDOW_HOUR] = 1;
        assert_weight(&f, "helo_many", cases[i].weight, "names");
        if (cases[i].names == 12) {
            assert_string_equal(fixture_item(&f, "helo_many")->note, "12 HELO names in 24 hours");
            assert_string_equal(fixture_item(&f, "helo_many")->subject, "192.0.2.7");
            assert_true(fixture_item(&f, "helo_many")->good < 0); /* no counts are behind it */
        }
        fixture_clear(&f);
    }
}

static void many_domains_tell_where_nothing_good_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t domains;
        double network, host, bad, weight;
    } cases[] = {
        {"a handful", 5, 0, 0, 0, 0},
        {"10", 10, 0, 0, 0, -0.15},
        {"20", 20, 0, 0, 0, -0.3},
        {"80", 80, 0, 0, 0, -0.6},
        {"most", UINT32_MAX, 0, 0, 0, -0.6},
        {"a network with some good history", 80, 0.5, 0, 0, -0.19},
        {"a good network", 80, 20, 0, 0, 0},
        {"a good client", 80, 0, 20, 0, 0},
        {"a bad network", 80, 0, 0, 50, -0.6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        fixture_init(&f);
        fixture_know(&f, ID_NETWORK, cases[i].network, cases[i].bad);
        fixture_know(&f, ID_HOST, cases[i].host, 0);
        window(&f, ID_WINDOW_CLIENT)->distinct[WINDOW_Y][WINDOW_HOUR] = cases[i].domains;
        assert_weight(&f, "domains_many", cases[i].weight, cases[i].name);
        fixture_clear(&f);
    }
}

/* What an author has sent so far, and the last hour. Half-life: 90 days. */
static const struct {
    const char *name;
    double seen;       /* mass, the last day included */
    uint32_t messages; /* of the last day */
    int days;          /* since he was first seen */
    uint32_t recipients;
    double weight;
} authors[] = {
    {"one letter", 50, 1, 400, 1, 0},
    {"an invitation", 50, 1, 400, 20, 0},
    {"twice that", 50, 2, 400, 40, -0.27},
    {"an account taken over", 250, 200, 400, 200, -0.8},
    {"one of a busy desk, 5 a day", 640, 20, 400, 100, 0},
    {"the same desk to 1000", 1650, 1000, 400, 1000, -0.71},
    {"monthly letter to 500 readers", 2600, 500, 400, 500, 0},
    {"the second of its letters", 900, 500, 30, 500, -0.04},
    {"quarterly letter to 500 readers", 1000, 500, 800, 500, -0.56},
    {"never seen before today", 200, 200, 0, 200, 0},
    {"new since yesterday", 210, 200, 2, 200, -0.11},
    {"nothing left of him", 0, 0, 4000, 200, 0},
};

static void an_author_who_writes_to_many_tells(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof authors / sizeof *authors; i++) {
        struct fixture f;
        fixture_init(&f);
        fixture_prove(&f);
        struct trust_known *author = known(&f, ID_AUTHOR);
        author->outcome = LOOKUP_FOUND;
        author->counts = (struct counts){.seen = authors[i].seen,
                                         .first = FIXTURE_NOW - (int64_t)authors[i].days * DAY,
                                         .last = FIXTURE_NOW};
        struct window_sum *w = window(&f, ID_WINDOW_AUTHOR);
        w->messages[WINDOW_DAY] = authors[i].messages;
        w->distinct[WINDOW_X][WINDOW_HOUR] = authors[i].recipients;
        assert_weight(&f, "burst", authors[i].weight, authors[i].name);
        f.in.outbound = true;
        assert_weight(&f, "burst", 0, "outbound");
        f.in.outbound = false;
        f.ev.spf.result = f.dkim[0].result = f.ev.dmarc.result = AUTH_FAIL;
        assert_weight(&f, "burst", 0, "not proven");
        fixture_clear(&f);
    }
}

static void notes_say_the_numbers(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    window(&f, ID_WINDOW_CLIENT)->distinct[WINDOW_Y][WINDOW_HOUR] = 30;
    window(&f, ID_WINDOW_AUTHOR)->distinct[WINDOW_X][WINDOW_HOUR] = 240;
    *known(&f, ID_AUTHOR) = (struct trust_known){
        .outcome = LOOKUP_FOUND,
        .counts = {.seen = 50, .first = FIXTURE_NOW - 400 * DAY, .last = FIXTURE_NOW}};
    fixture_trust(&f);
    assert_string_equal(fixture_item(&f, "domains_many")->note,
                        "sent for 30 domains in one hour, without good history of its own");
    assert_string_equal(fixture_item(&f, "burst")->note,
                        "wrote to 240 recipients in one hour; about 13 messages in a month were "
                        "usual");
    assert_string_equal(fixture_item(&f, "burst")->subject, "alice@news.example.org");
    fixture_clear(&f);
}

static void fill(struct fixture *f)
{
    fixture_know(f, ID_AUTHOR, 0, 0);
    known(f, ID_AUTHOR)->counts.seen = 50;
    known(f, ID_AUTHOR)->counts.first = FIXTURE_NOW - 400 * DAY;
    memset(&window(f, ID_WINDOW_CLIENT)->distinct, 0x7f,
           sizeof(uint32_t[WINDOW_SETS][WINDOW_SPANS]));
    memset(&window(f, ID_WINDOW_AUTHOR)->distinct, 0x7f,
           sizeof(uint32_t[WINDOW_SETS][WINDOW_SPANS]));
}

/* Unanswered, absent, forgotten by now, or of our own users. */
static void what_is_not_known_weighs_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"helo_many", "domains_many", "burst"};
    for (int turn = 0; turn < 5; turn++) {
        struct fixture f;
        fixture_init(&f);
        fixture_prove(&f);
        fill(&f);
        int outcome = turn == 1 ? LOOKUP_ABSENT : turn == 2 ? LOOKUP_UNCERTAIN : LOOKUP_FOUND;
        known(&f, ID_WINDOW_CLIENT)->outcome = known(&f, ID_WINDOW_AUTHOR)->outcome = outcome;
        f.in.now += turn == 3 ? DAY : 0;
        f.in.outbound = turn == 4;
        fixture_trust(&f);
        for (size_t i = 0; i < 3; i++)
            assert_true(turn == 0 ? fixture_weight(&f, names[i]) < -0.5
                                  : fixture_weight(&f, names[i]) == 0);
        fixture_clear(&f);
    }
}

/* An hour later the day is still known. */
static void an_hour_passes(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    fill(&f);
    f.in.now += 3600;
    assert_weight(&f, "burst", 0, "an hour later");
    assert_weight(&f, "domains_many", 0, "an hour later");
    assert_weight(&f, "helo_many", -0.8, "an hour later");
    fixture_clear(&f);
}

/* All together do not make a stranger's message untrusted. */
static void they_do_not_decide_alone(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fill(&f);
    assert_true(fixture_trust(&f) > 0.1);
    fixture_clear(&f);
}

static void the_gap_names_them(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    fixture_know(&f, ID_AUTHOR, 20, 0);
    fixture_know(&f, ID_AUTHOR_ORG, 20, 0);
    double before = fixture_trust(&f);
    window(&f, ID_WINDOW_CLIENT)->distinct[WINDOW_X][WINDOW_DAY] = 100;
    assert_true(fixture_trust(&f) < before);
    assert_string_equal(trust_explain_gap(f.arena, &f.r, before),
                        "the client had not said so many HELO names lately");
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_helo_names_tell),
        cmocka_unit_test(many_domains_tell_where_nothing_good_is_known),
        cmocka_unit_test(an_author_who_writes_to_many_tells),
        cmocka_unit_test(notes_say_the_numbers),
        cmocka_unit_test(what_is_not_known_weighs_nothing),
        cmocka_unit_test(an_hour_passes),
        cmocka_unit_test(they_do_not_decide_alone),
        cmocka_unit_test(the_gap_names_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
