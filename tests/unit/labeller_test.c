/* SPDX-License-Identifier: BSD-2-Clause */
#include "labeller.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "journal_reader.h"
#include "learn_records.h"
#include "record_append.h"
#include "record_avro.h"

#define US  INT64_C(1000000)
#define DAY INT64_C(86400)

/* A journal, its labeller, and the settings in force. */
struct world {
    char dir[64], path[80];
    struct arena *arena;
    struct journal *journal;
    struct labeller *labeller;
    struct settings *settings;
};

static void start(struct world *w)
{
    char error[512];
    struct journal_options options = {.dir = w->dir,
                                      .writer = "mx",
                                      .interval_ms = 100,
                                      .segment_bytes = 1 << 24,
                                      .segment_age_s = 86400,
                                      .memory_bytes = 1 << 20,
                                      .must = true};
    w->journal = journal_open(&options, error, sizeof error);
    if (!w->journal)
        fail_msg("%s", error);
    struct labeller_options labels = {
        .dir = w->dir, .path = w->path, .journal = w->journal, .sensor = "mx"};
    w->labeller = labeller_new(&labels, error, sizeof error);
    assert_non_null(w->labeller);
}

static void stop(struct world *w)
{
    labeller_free(&w->labeller);
    journal_close(&w->journal);
}

static int begin(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    snprintf(w->dir, sizeof w->dir, "/tmp/vouch-labeller.XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%s/mx", w->dir);
    w->arena = arena_new(64 << 20);
    w->settings = settings_default();
    assert_non_null(w->arena);
    assert_non_null(w->settings);
    w->settings->delivery_after_s = 7 * DAY;
    w->settings->label_weights[LABEL_DELIVERY] = 0.1;
    start(w);
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    char command[100];
    stop(w);
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0);
    settings_unref(&w->settings);
    arena_free(&w->arena);
    free(w);
    return 0;
}

static void append(struct world *w, const struct record *r)
{
    assert_int_equal(record_append(w->journal, r, NULL), 0);
}

static void step(struct world *w, int64_t seconds)
{
    int rc = 1;
    for (int i = 0; i < 100 && rc == 1; i++)
        rc = labeller_step(w->labeller, w->settings, (RECORDS_T0 + seconds) * US);
    if (rc != 0)
        fail_msg("%d: %s", rc, labeller_error(w->labeller));
}

/* "source of id" for each label in the journal, in order */
static const char *labels(struct world *w)
{
    char error[512];
    const char *text = "";
    struct journal_entry e;
    struct journal_reader *reader = journal_reader_open(w->path, 0, error, sizeof error);
    assert_non_null(reader);
    while (journal_reader_next(reader, &e) == 1) {
        const struct record *r;
        assert_int_equal(record_decode(w->arena, e.datum, &r), 0);
        if (r->kind != RECORD_LABEL)
            continue;
        assert_int_equal(r->label_count, 1);
        assert_int_equal(r->labels[0].verdict, LABEL_GOOD);
        assert_false(r->subject_unseen);
        text = arena_printf(w->arena, "%s%s of %s\n", text, label_source_name(r->labels[0].source),
                            r->subject);
    }
    journal_reader_close(&reader);
    return text;
}

static const char *of(struct world *w, const char *source, const struct record *r)
{
    return arena_printf(w->arena, "%s of %s\n", source, r->id);
}

static void delivered_mail_is_good_after_a_while(void **state)
{
    struct world *w = *state;
    struct record *first = records_letter(w->arena, 0), *later = records_letter(w->arena, DAY);
    append(w, first);
    append(w, later);
    step(w, 7 * DAY - 1);
    assert_string_equal(labels(w), "");
    step(w, 7 * DAY);
    assert_string_equal(labels(w), of(w, "delivery", first));
    step(w, 7 * DAY + 10);
    assert_string_equal(labels(w), of(w, "delivery", first));
    step(w, 9 * DAY);
    assert_string_equal(labels(w), arena_printf(w->arena, "%s%s", of(w, "delivery", first),
                                                of(w, "delivery", later)));
}

static void what_was_not_delivered_is_not(void **state)
{
    struct world *w = *state;
    static const struct {
        enum action action;
        enum mode mode;
        enum direction direction;
        bool labelled, delivered;
    } table[] = {
        {ACTION_ACCEPT, MODE_ENFORCE, DIRECTION_INBOUND, false, true},
        {ACTION_TAG, MODE_ENFORCE, DIRECTION_INBOUND, false, true},
        {ACTION_QUARANTINE, MODE_ENFORCE, DIRECTION_INBOUND, false, false},
        {ACTION_TEMPFAIL, MODE_ENFORCE, DIRECTION_INBOUND, false, false},
        {ACTION_REJECT, MODE_ENFORCE, DIRECTION_INBOUND, false, false},
        {ACTION_DISCARD, MODE_ENFORCE, DIRECTION_INBOUND, false, false},
        {ACTION_REJECT, MODE_OBSERVE, DIRECTION_INBOUND, false, true},
        {ACTION_ACCEPT, MODE_ENFORCE, DIRECTION_OUTBOUND, false, false},
        {ACTION_ACCEPT, MODE_ENFORCE, DIRECTION_INBOUND, true, false},
    };
    static const struct label trap = {LABEL_BAD, LABEL_TRAP, NULL};
    const char *wanted = "";
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct record *r = records_letter(w->arena, (int64_t)i);
        struct decision *d = records_decision(r);
        d->action = table[i].action;
        d->mode = table[i].mode;
        r->direction = table[i].direction;
        if (table[i].labelled)
            records_inline(w->arena, r, &trap, 1);
        append(w, r);
        if (table[i].delivered)
            wanted = arena_printf(w->arena, "%s%s", wanted, of(w, "delivery", r));
    }
    step(w, 8 * DAY);
    assert_string_equal(labels(w), wanted);
}

static void delivery_can_be_turned_off(void **state)
{
    struct world *w = *state;
    append(w, records_letter(w->arena, 0));
    w->settings->delivery_after_s = 0;
    step(w, 90 * DAY);
    assert_string_equal(labels(w), "");
}

static struct record *answer(struct world *w, int64_t seconds, const char *to)
{
    struct record *r = records_letter(w->arena, seconds);
    r->direction = DIRECTION_OUTBOUND;
    records_message(r)->in_reply_to = to;
    records_message(r)->env.rcpts[0] = "alice@news.example.org";
    return r;
}

static void answered_mail_is_good(void **state)
{
    struct world *w = *state;
    struct record *first = records_letter(w->arena, 0);
    records_message(first)->message_id = "first@example.org";
    append(w, first);
    append(w, answer(w, 100, "nobody-knows@example.org"));
    append(w, answer(w, 101, "first@example.org"));
    struct record *vacation = answer(w, 102, "first@example.org");
    records_message(vacation)->automatic = true;
    append(w, vacation);
    struct record *inbound = answer(w, 103, "first@example.org");
    inbound->direction = DIRECTION_INBOUND;
    append(w, inbound);
    step(w, 200);
    assert_string_equal(labels(w), of(w, "reply", first));
}

/* A message that has the Message-ID of another one, which was answered, and came later. */
static void praise_cannot_be_stolen(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *local, *domain;
        enum auth_result dmarc;
    } table[] = {{"mallory", "example.com", AUTH_PASS},       /* of his own name */
                 {"Alice", "news.example.org", AUTH_FAIL},    /* of hers */
                 {"mallory", "news.example.org", AUTH_PASS}}; /* at her provider */
    struct record *first = records_letter(w->arena, 0);
    records_message(first)->message_id = "first@example.org";
    append(w, first);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct record *copy = records_letter(w->arena, 10 + (int64_t)i);
        records_message(copy)->message_id = "first@example.org";
        records_author(w->arena, copy, table[i].local, table[i].domain);
        records_evidence(copy)->dmarc.result = table[i].dmarc;
        append(w, copy);
    }
    append(w, answer(w, 100, "first@example.org"));
    step(w, 200);
    assert_string_equal(labels(w), of(w, "reply", first));
}

static void an_answer_may_go_to_another_address_of_his(void **state)
{
    struct world *w = *state;
    struct record *first = records_letter(w->arena, 0), *r = answer(w, 10, "first@example.org"),
                  *other = answer(w, 11, "first@example.org");
    records_message(first)->message_id = "first@example.org";
    append(w, first);
    records_message(other)->env.rcpts[0] = "bob@example.com";
    append(w, other);
    step(w, 100);
    assert_string_equal(labels(w), "");
    records_message(r)->env.rcpts[0] = "desk@Example.ORG";
    append(w, r);
    step(w, 200);
    assert_string_equal(labels(w), of(w, "reply", first));
}

static void a_restart_goes_on_where_it_was(void **state)
{
    struct world *w = *state;
    struct record *first = records_letter(w->arena, 0), *later = records_letter(w->arena, DAY);
    append(w, first);
    append(w, later);
    step(w, 7 * DAY);
    stop(w);
    start(w);
    step(w, 8 * DAY);
    assert_string_equal(labels(w), arena_printf(w->arena, "%s%s", of(w, "delivery", first),
                                                of(w, "delivery", later)));
}

/* Labels twice, which counts once. */
static void a_damaged_file_begins_anew(void **state)
{
    struct world *w = *state;
    char name[100];
    struct record *first = records_letter(w->arena, 0);
    append(w, first);
    step(w, 8 * DAY);
    stop(w);
    snprintf(name, sizeof name, "%s/labelled", w->path);
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs("reply x", f);
    fclose(f);
    start(w);
    step(w, 8 * DAY);
    assert_string_equal(labels(w), arena_printf(w->arena, "%s%s", of(w, "delivery", first),
                                                of(w, "delivery", first)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(delivered_mail_is_good_after_a_while, begin, end),
        cmocka_unit_test_setup_teardown(what_was_not_delivered_is_not, begin, end),
        cmocka_unit_test_setup_teardown(delivery_can_be_turned_off, begin, end),
        cmocka_unit_test_setup_teardown(answered_mail_is_good, begin, end),
        cmocka_unit_test_setup_teardown(praise_cannot_be_stolen, begin, end),
        cmocka_unit_test_setup_teardown(an_answer_may_go_to_another_address_of_his, begin, end),
        cmocka_unit_test_setup_teardown(a_restart_goes_on_where_it_was, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_file_begins_anew, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
