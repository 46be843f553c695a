/* SPDX-License-Identifier: BSD-2-Clause */
/* What one record teaches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "identity.h"
#include "learn_lesson.h"
#include "learn_records.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))
#define DAY       86400

struct fixture {
    struct arena *arena;
    struct settings settings;
    struct record *letter;
    struct lesson lesson;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->arena = arena_new(1 << 24);
    f->settings.trust.half_life = 30.0 * DAY;
    for (int i = 0; i < LABEL_SOURCE_COUNT; i++)
        f->settings.label_weights[i] = 1 + i;
    f->letter = records_letter(f->arena, 100);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    arena_free(&f->arena);
    free(f);
    return 0;
}

static const struct lesson *lesson_of(struct fixture *f, const struct record *r)
{
    assert_int_equal(lesson_read(f->arena, &f->settings, NULL, r, &f->lesson), 0);
    return &f->lesson;
}

static bool is_target(const struct lesson *l, const char *group, const char *field)
{
    for (size_t i = 0; i < l->target_count; i++)
        if (strcmp(l->targets[i].group, group) == 0 && strcmp(l->targets[i].field, field) == 0)
            return true;
    return false;
}

static bool is_correspondent(const struct lesson *l, const char *group, const char *field)
{
    for (size_t i = 0; i < l->correspondent_count; i++)
        if (strcmp(l->correspondents[i].group, group) == 0 &&
            strcmp(l->correspondents[i].field, field) == 0)
            return true;
    return false;
}

static void an_inbound_message_is_seen(void **state)
{
    struct fixture *f = *state;
    const struct lesson *l = lesson_of(f, f->letter);
    assert_int_equal(l->time, RECORDS_T0 + 100);
    assert_true(l->seen);
    assert_false(l->mark_seen);
    assert_null(l->erased);
    assert_int_equal(l->label_count + l->correspondent_count, 0);
    static const char *const fields[] = {"*",
                                         "d:news.example.org",
                                         "mf",
                                         "a:alice@news.example.org",
                                         "ptr",
                                         "helo:mx.example.org",
                                         "dkim:example.org",
                                         "p:net:192.0.2.0/24",
                                         "p:dkim:example.org",
                                         "p:mf:example.org",
                                         "p:ptr:example.org",
                                         "r:alice@news.example.org:bob@example.net"};
    for (size_t i = 0; i < LENGTH(fields); i++)
        if (!is_target(l, "dom:example.org", fields[i]))
            fail_msg("%s", fields[i]);
    assert_true(is_target(l, "ip:192.0.2.0/24", "*"));
    assert_true(is_target(l, "ip:192.0.2.0/24", "h:192.0.2.7"));
    assert_false(is_target(l, "dom:example.org", "u")); /* the author is proven */
    assert_int_equal(l->window_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct lesson_window *w = &l->windows[i];
        bool client = strcmp(w->key.group, "ip:192.0.2.0/24") == 0;
        assert_string_equal(w->key.field, client ? "w:h:192.0.2.7" : "w:a:alice@news.example.org");
        assert_int_equal(w->member_count[WINDOW_X], 1); /* HELO; recipient */
        assert_int_equal(w->member_count[WINDOW_Y], client ? 1 : 0);
    }
}

static void what_is_not_proven_is_not_taught(void **state)
{
    struct fixture *f = *state;
    struct evidence *ev = records_evidence(f->letter);
    ev->spf.result = ev->dkim[0].result = ev->dmarc.result = AUTH_FAIL;
    const struct lesson *l = lesson_of(f, f->letter);
    assert_false(is_target(l, "dom:example.org", "*"));
    assert_false(is_target(l, "dom:example.org", "a:alice@news.example.org"));
    assert_false(is_target(l, "dom:example.org", "mf"));
    assert_true(is_target(l, "dom:example.org", "u"));
    assert_true(is_target(l, "ip:192.0.2.0/24", "h:192.0.2.7"));
    assert_true(is_target(l, "dom:example.org", "p:net:192.0.2.0/24"));
    assert_int_equal(l->window_count, 1); /* the client's */
}

/* A mail service's many domains are one. */
static void a_window_counts_organisations(void **state)
{
    struct fixture *f = *state;
    struct message *m = records_message(f->letter);
    static const char *const domains[] = {"a.example.org", "b.example.org", "c.example.com"};
    uint64_t members[3];
    for (size_t i = 0; i < LENGTH(domains); i++) {
        m->sender_domain = domains[i];
        const struct lesson *l = lesson_of(f, f->letter);
        assert_string_equal(l->windows[0].key.field, "w:h:192.0.2.7");
        assert_int_equal(l->windows[0].member_count[WINDOW_Y], 1);
        members[i] = l->windows[0].members[WINDOW_Y][0];
    }
    assert_true(members[0] == members[1] && members[0] != members[2]);
}

static void recipients_count_without_case(void **state)
{
    struct fixture *f = *state;
    struct envelope *env = &records_message(f->letter)->env;
    const char *rcpts[] = {"bob@example.net", "Bob@Example.net", "ann@example.net"};
    env->rcpts = rcpts;
    env->rcpt_count = LENGTH(rcpts);
    const struct lesson *l = lesson_of(f, f->letter);
    const struct lesson_window *w = &l->windows[1];
    assert_int_equal(w->member_count[WINDOW_X], 3);
    assert_true(w->members[WINDOW_X][0] == w->members[WINDOW_X][1]);
    assert_true(w->members[WINDOW_X][0] != w->members[WINDOW_X][2]);
}

/* Mail from our own users: whom they write to is known. */
static const struct {
    const char *name;
    const char *sender; /* NULL: not known */
    bool automatic;
    double weight;
    size_t correspondents;
} outbound[] = {
    {"a letter", "alice@news.example.org", false, 2, 2},
    {"an automatic answer", "alice@news.example.org", true, 2, 0},
    {"a bounce", "", false, 2, 0},
    {"sender not known", NULL, false, 2, 0},
    {"replies count for nothing", "alice@news.example.org", false, 0, 0},
};

static void whom_our_users_write_to_is_known(void **state)
{
    struct fixture *f = *state;
    records_decision(f->letter)->direction = DIRECTION_OUTBOUND;
    for (size_t i = 0; i < LENGTH(outbound); i++) {
        struct message *m = records_message(f->letter);
        m->env.sender = outbound[i].sender;
        m->automatic = outbound[i].automatic;
        f->settings.label_weights[LABEL_REPLY] = outbound[i].weight;
        const struct lesson *l = lesson_of(f, f->letter);
        if (l->correspondent_count != outbound[i].correspondents)
            fail_msg("%s: %zu", outbound[i].name, l->correspondent_count);
        assert_int_equal(l->target_count, 0);
        assert_int_equal(l->window_count, 1); /* the author's */
        assert_int_equal(l->label_count, 0);
        if (!l->correspondent_count)
            continue;
        assert_true(l->good_mass == 2);
        assert_true(is_correspondent(l, "dom:example.net", "a:bob@example.net"));
        assert_true(
            is_correspondent(l, "dom:example.net", "r:bob@example.net:alice@news.example.org"));
    }
}

/* The keys of a correspondent are those that his answer will ask for. */
static void an_answer_finds_what_its_letter_taught(void **state)
{
    struct fixture *f = *state;
    struct record *answer = records_letter(f->arena, 500);
    const char *rcpts[] = {"Alice@news.example.org"};
    size_t found = 0;
    struct identity *list;
    size_t count;
    records_decision(f->letter)->direction = DIRECTION_OUTBOUND;
    const struct lesson *l = lesson_of(f, f->letter);
    records_author(f->arena, answer, "Bob", "example.net");
    records_message(answer)->env.rcpts = rcpts;
    assert_int_equal(identity_list(f->arena, answer->message, NULL, NULL, 0, NULL, &list, &count),
                     0);
    for (size_t i = 0; i < count; i++)
        if (list[i].kind == ID_AUTHOR || list[i].kind == ID_PAIR_RCPT)
            found += is_correspondent(l, list[i].group, list[i].field);
    assert_int_equal(found, 2);
}

static void many_recipients_are_bounded(void **state)
{
    struct fixture *f = *state;
    struct envelope *env = &records_message(f->letter)->env;
    env->rcpt_count = 5000;
    env->rcpts = arena_array(f->arena, env->rcpt_count, sizeof(*env->rcpts));
    for (size_t i = 0; i < env->rcpt_count; i++)
        env->rcpts[i] = arena_printf(f->arena, "u%zu@example.net", i);
    records_decision(f->letter)->direction = DIRECTION_OUTBOUND;
    const struct lesson *l = lesson_of(f, f->letter);
    assert_int_equal(l->correspondent_count, 2 * IDENTITY_CORRESPONDENTS);
    assert_int_equal(l->windows[0].member_count[WINDOW_X], 1000);
}

static const struct {
    const char *name;
    enum label_source source;
    enum label_verdict verdict;
    int64_t later;
    double weight;
    bool unseen, authenticated;
    const char *subject; /* NULL: the letter's id */
    size_t labels;
    uint32_t mass;
} labels[] = {
    {"good", LABEL_PERSON, LABEL_GOOD, 60, 3, false, false, NULL, 1, 3 << 16},
    {"a part of a message", LABEL_DELIVERY, LABEL_GOOD, 60, 0.1, false, false, NULL, 1, 6554},
    {"taken back", LABEL_PERSON, LABEL_NONE, 60, 3, false, false, NULL, 1, 0},
    {"the decision is not known", LABEL_PERSON, LABEL_BAD, 60, 3, true, false, "mid:0123", 1,
     3 << 16},
    {"before the message, by another clock", LABEL_TRAP, LABEL_BAD, -60, 3, false, false, NULL, 1,
     3 << 16},
    {"weighs nothing", LABEL_TRAP, LABEL_BAD, 60, 0, false, false, NULL, 0, 0},
    {"just in time", LABEL_PERSON, LABEL_GOOD, LESSON_LABEL_DAYS *DAY, 3, false, false, NULL, 1,
     3 << 16},
    {"too late", LABEL_PERSON, LABEL_GOOD, LESSON_LABEL_DAYS *DAY + 1, 3, false, false, NULL, 0, 0},
    {"too late, but of an archive's message", LABEL_PERSON, LABEL_GOOD, LESSON_LABEL_DAYS *DAY + 1,
     3, true, false, "mid:0123", 1, 3 << 16},
    {"of our own user's message", LABEL_PERSON, LABEL_BAD, 60, 3, false, true, NULL, 0, 0},
    {"subject is none", LABEL_PERSON, LABEL_BAD, 60, 3, false, false, "a\nb", 0, 0},
};

static void a_label_competes_for_the_mark_of_its_message(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < LENGTH(labels); i++) {
        struct record *r = records_label(f->arena, f->letter, labels[i].source, labels[i].verdict,
                                         labels[i].later);
        if (labels[i].subject)
            r->subject = labels[i].subject;
        r->subject_unseen = labels[i].unseen;
        records_message(f->letter)->env.user = labels[i].authenticated ? "alice" : NULL;
        r->direction = labels[i].authenticated ? DIRECTION_ANY : DIRECTION_INBOUND;
        f->settings.label_weights[labels[i].source] = labels[i].weight;
        const struct lesson *l = lesson_of(f, r);
        if (l->label_count != labels[i].labels)
            fail_msg("%s: %zu", labels[i].name, l->label_count);
        assert_false(l->seen);
        assert_int_equal(l->window_count + l->correspondent_count, 0);
        if (!l->label_count)
            continue;
        const struct mark *m = &l->labels[0];
        if (m->mass != labels[i].mass || l->mark_seen != labels[i].unseen)
            fail_msg("%s: mass %u, seen %d", labels[i].name, m->mass, l->mark_seen);
        assert_string_equal(l->mark_key.group, "mark:2026-01-01");
        assert_string_equal(l->mark_key.field, r->subject);
        assert_int_equal(m->verdict, labels[i].verdict);
        assert_int_equal(m->source, labels[i].source);
        assert_int_equal(m->rank, label_rank(labels[i].source));
        assert_int_equal(m->at, RECORDS_T0 + 100);
        assert_int_equal(m->time_us, r->time_us);
        assert_true(is_target(l, "dom:example.org", "*"));
    }
}

static void a_label_of_outbound_mail_teaches_nothing(void **state)
{
    struct fixture *f = *state;
    struct record *r = records_label(f->arena, f->letter, LABEL_PERSON, LABEL_BAD, 60);
    r->direction = DIRECTION_OUTBOUND;
    const struct lesson *l = lesson_of(f, r);
    assert_int_equal(l->label_count + l->target_count, 0);
}

static void labels_of_a_decision_are_of_its_time(void **state)
{
    struct fixture *f = *state;
    const struct label given[] = {{LABEL_BAD, LABEL_TRAP, "trap@example.net"},
                                  {LABEL_GOOD, LABEL_FILTER, "X-Spam-Flag"}};
    records_inline(f->arena, f->letter, given, LENGTH(given));
    const struct lesson *l = lesson_of(f, f->letter);
    assert_int_equal(l->label_count, 2);
    assert_string_equal(l->mark_key.field, f->letter->id);
    assert_true(l->seen);
    for (size_t i = 0; i < 2; i++) {
        char id[RECORD_ID_TEXT];
        const uint8_t *b = l->labels[i].id;
        snprintf(id, sizeof id,
                 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
                 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
                 b[15]);
        assert_string_equal(id, f->letter->id);
        assert_int_equal(l->labels[i].time_us, f->letter->time_us);
    }
}

static void an_erasure_teaches_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct record *r = records_erasure(f->arena, "example.org", 7);
    const struct lesson *l = lesson_of(f, r);
    assert_string_equal(l->erased, "example.org");
    assert_int_equal(l->time, RECORDS_T0 + 7);
    assert_int_equal(l->target_count + l->label_count, 0);
}

static void odd_records_teach_nothing(void **state)
{
    struct fixture *f = *state;
    struct record r = *f->letter;
    r.evidence = NULL;
    assert_int_equal(lesson_of(f, &r)->target_count, 0);
    r = *f->letter;
    r.time_us = INT64_MIN;
    assert_int_equal(lesson_of(f, &r)->time, 0);
    r.time_us = INT64_MAX;
    assert_int_equal(lesson_of(f, &r)->time, UINT32_MAX);
    r = *records_label(f->arena, f->letter, LABEL_PERSON, LABEL_GOOD, 1);
    r.subject = NULL;
    assert_int_equal(lesson_of(f, &r)->label_count, 0);
}

static void what_comes_back_from_quarantine_teaches_nothing(void **state)
{
    struct fixture *f = *state;
    struct record r = *f->letter;
    r.flags = FLAG_RELEASED;
    const struct lesson *l = lesson_of(f, &r);
    assert_false(l->seen);
    assert_int_equal(l->target_count, 0);
    assert_int_equal(l->window_count, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_inbound_message_is_seen),
        TEST(what_is_not_proven_is_not_taught),
        TEST(a_window_counts_organisations),
        TEST(recipients_count_without_case),
        TEST(whom_our_users_write_to_is_known),
        TEST(an_answer_finds_what_its_letter_taught),
        TEST(many_recipients_are_bounded),
        TEST(a_label_competes_for_the_mark_of_its_message),
        TEST(a_label_of_outbound_mail_teaches_nothing),
        TEST(labels_of_a_decision_are_of_its_time),
        TEST(an_erasure_teaches_nothing_else),
        TEST(odd_records_teach_nothing),
        TEST(what_comes_back_from_quarantine_teaches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
