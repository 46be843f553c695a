/* SPDX-License-Identifier: BSD-2-Clause */
/* What a replay may know and when: no label before its time, and nothing that a receiver wrote. The corpus
 * is made here: two good senders and two bad ones in turn, ten minutes apart. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "replay.h"

#define MESSAGES 100
#define FIRST    1769860800 /* 2026-01-31T12:00:00Z */
#define STEP     600

static char dir[] = "/tmp/vouch-replay.XXXXXX";

struct judgements {
    size_t count;
    double sum[MESSAGES], x[MESSAGES][TW_COUNT];
    bool first_contact[MESSAGES];
    size_t client[MESSAGES];
    bool good[MESSAGES];
};

static bool is_good(size_t i)
{
    return i % 4 < 2;
}

/* marks: what the receiver wrote of it; NULL: nothing. */
static void put_message(size_t i, const char *marks)
{
    static const char *const senders[] = {"alice@example.com", "bob@example.net", "win@example.org",
                                          "prize@example.edu"};
    static const unsigned hosts[] = {7, 20, 130, 140};
    char path[64], date[64];
    time_t when = FIRST + (time_t)i * STEP;
    struct tm tm;
    snprintf(path, sizeof path, "%s/%zu", dir, i);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&when, &tm));
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f,
            "Return-Path: <%s>\n%s"
            "Received: from mx%zu.example (mx%zu.example [%s.%u])\n"
            "\tby mx.example.com (Postfix) with ESMTP id 4Q; %s\n%s"
            "From: <%s>\nSubject: hello\nMessage-ID: <%zu@example.com>\n\nhello\n",
            senders[i % 4], marks ? marks : "", i % 4, i % 4,
            i % 4 == 3 ? "203.0.113" : "198.51.100", hosts[i % 4], date, marks ? marks : "",
            senders[i % 4], i);
    fclose(f);
}

/* flipped: place of the one message whose label is told wrong; MESSAGES: none. */
static void put_corpus(const char *marks, size_t flipped)
{
    char path[64];
    snprintf(path, sizeof path, "%s/index", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (size_t i = 0; i < MESSAGES; i++) {
        put_message(i, marks);
        fprintf(f, "%s %zu\n", is_good(i) == (i != flipped) ? "ham" : "spam", i);
    }
    fclose(f);
}

static int see(void *arg, const struct replay_judged *j)
{
    struct judgements *g = arg;
    size_t i = g->count++;
    assert_int_equal(j->place, i);
    assert_int_equal(j->record->time_us, (FIRST + (int64_t)i * STEP) * 1000000);
    g->sum[i] = j->record->trust->sum;
    memcpy(g->x[i], j->record->trust->x, sizeof g->x[i]);
    g->first_contact[i] = j->first_contact;
    g->client[i] = j->client;
    g->good[i] = j->item->good;
    assert_int_equal(j->record->evidence->spf.result, AUTH_UNKNOWN);
    assert_int_equal(j->record->evidence->dmarc.result, AUTH_UNKNOWN);
    assert_int_equal(j->record->evidence->iprev.result, AUTH_UNKNOWN);
    assert_false(j->record->evidence->dns_timeout);
    return 0;
}

static const char config[] = "authserv_id = \"mx.example.com\";\n"
                             "labels: { filter_bad = [ \"X-Spam-Flag: YES\" ]; "
                             "filter_good = [ \"X-Spam-Flag: NO\" ]; };\n";

static struct judgements *replay(const struct replay_options *options)
{
    char path[64], error[512] = "";
    struct settings_error *errors;
    size_t count, unread;
    struct replay_options o = *options;
    struct corpus *c = corpus_new();
    struct judgements *g = calloc(1, sizeof *g);
    assert_non_null(g);
    o.settings = settings_parse(config, sizeof config - 1, "test", &errors, &count);
    if (!o.settings)
        fail_msg("%d: %s", errors[0].line, errors[0].text);
    snprintf(path, sizeof path, "%s/index", dir);
    assert_int_equal(corpus_add_index(c, path, error, sizeof error), 0);
    corpus_order(c, &count);
    assert_int_equal(count, 0);
    if (replay_run(c, &o, see, g, &unread, error, sizeof error) != 0)
        fail_msg("%s", error);
    assert_int_equal(g->count, MESSAGES);
    assert_int_equal(unread, 0);
    settings_unref(&o.settings);
    corpus_free(&c);
    return g;
}

/* Frees both. */
static void assert_same(struct judgements *a, struct judgements *b, size_t count)
{
    assert_memory_equal(a->x, b->x, count * sizeof *a->x);
    assert_memory_equal(a->sum, b->sum, count * sizeof *a->sum);
    free(a);
    free(b);
}

static const struct replay_options all = {.label_share = 1, .seed = 1};

static void labels_are_learnt(void **state)
{
    (void)state;
    put_corpus(NULL, MESSAGES);
    struct judgements *g = replay(&all);
    assert_true(g->sum[MESSAGES - 4] > g->sum[0]); /* good */
    assert_true(g->sum[MESSAGES - 1] < g->sum[3]); /* bad */
    free(g);
}

static void no_label_tells_before_its_message_was_judged(void **state)
{
    static const size_t flipped[] = {0, 3, 30, MESSAGES - 2, MESSAGES - 1};
    (void)state;
    for (size_t i = 0; i < sizeof flipped / sizeof *flipped; i++) {
        put_corpus(NULL, MESSAGES);
        struct judgements *right = replay(&all);
        put_corpus(NULL, flipped[i]);
        struct judgements *wrong = replay(&all);
        assert_true(right->good[flipped[i]] != wrong->good[flipped[i]]);
        if (flipped[i] + 4 < MESSAGES) /* the same sender again */
            assert_true(right->sum[flipped[i] + 4] != wrong->sum[flipped[i] + 4]);
        assert_same(right, wrong, flipped[i] + 1);
    }
}

static void what_a_receiver_wrote_is_no_evidence(void **state)
{
    static const char *const marks[] = {
        "Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=example.com; dmarc=fail\n",
        "Authentication-Results: mx.example.net; spf=fail; dkim=fail; dmarc=fail\n",
        "ARC-Authentication-Results: i=1; mx.example.com; spf=pass\n",
        "Received-SPF: fail (mx.example.com: not permitted) client-ip=192.0.2.1\n",
        "X-Spam-Flag: YES\nX-Spam-Status: Yes, score=20\nX-Spam-Score: 20\n",
        "X-Spam-Flag: NO\nX-Spam-Level:\n",
        "X-Vouch: id=00000000-0000-7000-8000-000000000000; trust=0.999; class=trusted\n",
        "X-MS-Exchange-Organization-SCL: 9\nX-Forefront-Antispam-Report: CIP:192.0.2.1;SCL:9\n",
        "X-Greylist: delayed 300 seconds\nX-Virus-Scanned: yes\nDKIM-Filter: v2 mx.example.com 1\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        put_corpus(NULL, MESSAGES);
        struct judgements *without = replay(&all);
        put_corpus(marks[i], MESSAGES);
        assert_same(without, replay(&all), MESSAGES);
    }
}

static void late_labels_tell_when_they_are_due(void **state)
{
    const struct replay_options none = {.label_share = 0, .seed = 1},
                                late = {.label_share = 1, .seed = 1, .label_delay = 10 * STEP},
                                never = {.label_share = 1, .seed = 1, .label_delay = 100 * STEP};
    (void)state;
    put_corpus(NULL, MESSAGES);
    assert_same(replay(&none), replay(&never), MESSAGES);
    struct judgements *known = replay(&late), *seen = replay(&none), *at_once = replay(&all);
    assert_memory_equal(known->sum, seen->sum,
                        10 * sizeof *seen->sum); /* before the first is due */
    assert_true(at_once->sum[4] != seen->sum[4]);
    assert_true(known->sum[12] != seen->sum[12]);
    free(seen);
    free(at_once);
    put_corpus(NULL, 3);
    struct judgements *flipped = replay(&late);
    assert_true(known->sum[15] != flipped->sum[15]); /* the same sender, after it was due */
    assert_same(known, flipped, 13);
}

static void the_seed_draws_labels(void **state)
{
    struct replay_options half = {.label_share = 0.5, .seed = 1};
    (void)state;
    put_corpus(NULL, MESSAGES);
    assert_same(replay(&half), replay(&half), MESSAGES);
    struct judgements *one = replay(&half);
    half.seed = 2;
    struct judgements *two = replay(&half);
    assert_memory_not_equal(one->sum, two->sum, sizeof one->sum);
    free(one);
    free(two);
}

static void clients_and_first_contacts(void **state)
{
    (void)state;
    put_corpus(NULL, MESSAGES);
    struct judgements *g = replay(&all);
    for (size_t i = 0; i < MESSAGES; i++) {
        assert_int_equal(g->client[i], i % 4);
        assert_int_equal(g->first_contact[i],
                         i == 0 || i == 3); /* the first three are of one /24 */
    }
    free(g);
}

static void weights_are_fitted_at_the_end_of_a_day(void **state)
{
    const struct replay_options daily = {.label_share = 1, .seed = 1, .refit = REPLAY_DAILY};
    (void)state;
    const size_t midnight = 72;
    put_corpus(NULL, MESSAGES);
    struct judgements *fixed = replay(&all), *fitted = replay(&daily);
    assert_memory_equal(fixed->x, fitted->x, sizeof fixed->x);
    assert_memory_equal(fixed->sum, fitted->sum, midnight * sizeof *fixed->sum);
    assert_true(fitted->sum[midnight] > fixed->sum[midnight]);
    free(fixed);
    free(fitted);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[sizeof dir + 16];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_learnt),
        cmocka_unit_test(no_label_tells_before_its_message_was_judged),
        cmocka_unit_test(what_a_receiver_wrote_is_no_evidence),
        cmocka_unit_test(late_labels_tell_when_they_are_due),
        cmocka_unit_test(the_seed_draws_labels),
        cmocka_unit_test(clients_and_first_contacts),
        cmocka_unit_test(weights_are_fitted_at_the_end_of_a_day),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
