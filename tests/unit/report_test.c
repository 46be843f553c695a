/* SPDX-License-Identifier: BSD-2-Clause */
/* The page of a replay, from made-up judgements. That it is well-formed is tests/scenario/replay_report.bats's. Linked
 * with --wrap for the allocator. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "html.h"
#include "nomem.h"
#include "report_private.h"

#define T0        1700000000 /* 2023-11-14 22:13:20 */
#define LONG_NAME 65536

static long countdown; /* the allocation that makes it 0 fails */

bool nomem_fails(void)
{
    return --countdown == 0;
}

struct text {
    const char *name;
    struct span in;
    size_t max;
    const char *out;
};

static const struct text texts[] = {
    {"plain", SPAN_LIT("a b"), 9, "a b"},
    {"empty", SPAN_LIT(""), 9, ""},
    {"absent", {NULL, 0}, 9, ""},
    {"a tag", SPAN_LIT("<script>"), 9, "&lt;script&gt;"},
    {"quotes", SPAN_LIT("\"a' &amp;"), 9, "&quot;a&#39; &amp;amp;"},
    {"letters of others", SPAN_LIT("\xc3\xa4\xd7\x90\xe2\x82\xac\xf0\x9f\x98\x80"), 20,
     "\xc3\xa4\xd7\x90\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"controls", SPAN_LIT("a\r\n\t\0\x1b\x7f\xc2\x85"), 20,
     "a\\u{d}\\u{a}\\u{9}\\u{0}\\u{1b}\\u{7f}\\u{85}"},
    {"turned around", SPAN_LIT("\xe2\x80\xae\xe2\x81\xa7\xd8\x9c"), 20,
     "\\u{202e}\\u{2067}\\u{61c}"},
    {"no width", SPAN_LIT("\xe2\x80\x8b\xef\xbb\xbf\xf3\xa0\x81\x81"), 20,
     "\\u{200b}\\u{feff}\\u{e0041}"},
    {"line ends of Unicode", SPAN_LIT("\xe2\x80\xa8\xe2\x80\xa9"), 20, "\\u{2028}\\u{2029}"},
    {"no characters", SPAN_LIT("\xef\xbf\xbf\xf0\x9f\xbf\xbe"), 20, "\\u{ffff}\\u{1fffe}"},
    {"no UTF-8", SPAN_LIT("\xff<\xc3"), 9, "\\xff&lt;\\xc3"},
    {"overlong", SPAN_LIT("\xc0\xbc"), 9, "\\xc0\\xbc"},
    {"cut", SPAN_LIT("abcdef"), 3, "abc\xe2\x80\xa6"},
    {"not cut", SPAN_LIT("abc"), 3, "abc"},
    {"cut before a letter", SPAN_LIT("ab\xe2\x82\xac"), 3, "ab\xe2\x80\xa6"},
};

static void texts_stay_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sbuf out;
        sbuf_init(&out, 1000);
        html_text(&out, texts[i].in, texts[i].max);
        if (strcmp(sbuf_str(&out), texts[i].out) != 0)
            fail_msg("%s: got %s", texts[i].name, sbuf_str(&out));
        sbuf_clear(&out);
    }
}

/* A judged message, and all that a record needs. */
struct judged {
    struct arena *arena;
    struct message m;
    struct evidence ev;
    struct trust_result trust;
    struct decision decision;
    struct record record;
    struct corpus_item item;
    struct replay_judged j;
};

static void judged_init(struct judged *d, const char *from)
{
    memset(d, 0, sizeof *d);
    d->arena = arena_new(1 << 24);
    assert_non_null(d->arena);
    message_init(&d->m, d->arena, NULL);
    assert_int_equal(message_add_field(&d->m, SPAN_LIT("From"), span_of(from)), 0);
    assert_int_equal(message_scan(&d->m, NULL, NULL, 0), 0);
    d->record = (struct record){.message = &d->m,
                                .evidence = &d->ev,
                                .trust = &d->trust,
                                .decision = &d->decision,
                                .judged = true};
    d->item = (struct corpus_item){.path = "mail/1", .time = T0};
    d->j = (struct replay_judged){.item = &d->item, .record = &d->record};
}

static void judged_clear(struct judged *d)
{
    arena_free(&d->arena);
}

static void say(struct judged *d, bool good, double sum, enum trust_class class)
{
    d->item.good = good;
    d->trust.sum = sum;
    d->trust.trust = 1 / (1 + exp(-sum));
    d->decision.class = class;
}

static int see(struct report *r, struct score *s, const struct judged *d, size_t place)
{
    struct score_row row = {.sum = d->trust.sum,
                            .trust = d->trust.trust,
                            .good = d->item.good,
                            .class = d->decision.class,
                            .message = place};
    int rc = score_add(s, &row);
    return rc == 0 ? report_see(r, &d->j) : rc;
}

static struct sbuf page_of(const struct report *r, const struct corpus_item *items, struct score *s)
{
    struct sbuf page;
    sbuf_init(&page, REPORT_BYTES);
    assert_int_equal(report_page(r, items, s, &page), 0);
    return page;
}

static void assert_has(const struct sbuf *page, const char *text)
{
    if (!strstr(sbuf_str(page), text))
        fail_msg("not on the page: %s", text);
}

static void assert_has_not(const struct sbuf *page, const char *text)
{
    if (strstr(sbuf_str(page), text))
        fail_msg("on the page: %s", text);
}

static void the_worst_are_kept_in_order(void **state)
{
    (void)state;
    struct settings *settings = settings_default();
    struct report *r = report_new(settings);
    struct score *s = score_new();
    struct judged d;
    judged_init(&d, "a@example.org");
    for (int i = 0; i < 100; i++) {
        say(&d, true, i * 37 % 100, CLASS_SUSPICIOUS); /* each of 0 to 99 */
        assert_int_equal(see(r, s, &d, 0), 0);
        say(&d, false, i * 37 % 100, CLASS_TRUSTED);
        assert_int_equal(see(r, s, &d, 0), 0);
    }
    say(&d, true, -1000, CLASS_TRUSTED); /* right, whatever its sum: a policy's own thresholds */
    assert_int_equal(see(r, s, &d, 0), 0);
    d.item.path = "mail/second";
    say(&d, true, 24, CLASS_UNTRUSTED); /* as bad as the last that is kept */
    assert_int_equal(see(r, s, &d, 0), 0);
    for (size_t good = 0; good < 2; good++) {
        assert_int_equal(r->worst_count[good], REPORT_WORST);
        for (size_t i = 0; i < REPORT_WORST; i++)
            assert_true(r->worst[good][i].sum == (good ? (double)i : 99 - (double)i));
    }
    assert_null(strstr(r->worst[1][REPORT_WORST - 1].html, "second"));
    judged_clear(&d);
    score_free(&s);
    report_free(&r);
    settings_unref(&settings);
}

static void what_strangers_wrote_is_text(void **state)
{
    (void)state;
    static struct trust_item items[] = {
        {"author", "</td><script>alert(1)</script>", -1.5, 1, 2.25, 3, "\"note\" \xe2\x80\xae<b>"},
        {"made_up", "x", 0, -1, -1, -1, NULL},
    };
    struct settings *settings = settings_default();
    struct report *r = report_new(settings);
    struct score *s = score_new();
    struct judged d;
    judged_init(&d, "\"</bdi><img src=x onerror=alert(1)>\xe2\x80\xae\" <\"<i>'\"@example.org>");
    char *name = malloc(LONG_NAME + 1);
    memset(name, '<', LONG_NAME);
    name[LONG_NAME] = '\0';
    d.m.env.sender = d.m.env.helo = d.m.env.name = name;
    assert_int_equal(ipaddr_parse(SPAN_LIT("192.0.2.1"), &d.m.env.ip), 0);
    d.m.client_hop = -1;
    d.ev.spf = (struct spf_result){.result = AUTH_FAIL, .domain = name};
    d.item.path = "mail/<script src='x'>";
    d.item.number = 3;
    d.item.offset = 4711;
    d.trust.items = items;
    d.trust.item_count = 2;
    d.record.flags = FLAG_FORGED_AUTHOR | FLAG_TIME_DISORDER;
    say(&d, true, -1.5, CLASS_UNTRUSTED);
    assert_int_equal(see(r, s, &d, 0), 0);
    assert_int_equal(report_fact(r, "Command", "vouch replay '<script>' \x1b[31m"), 0);
    assert_true(strlen(r->worst[1][0].html) < 16384);
    struct sbuf page = page_of(r, &d.item, s);
    static const char *const never[] = {"<script", "<img", "<i>",    "\xe2\x80\xae",
                                        "\x1b",    "<<",   "http://"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        assert_has_not(&page, never[i]);
    assert_has(&page, "&lt;img src=x onerror=alert(1)&gt;\\u{202e}");
    assert_has(&page, "mail/&lt;script src=&#39;x&#39;&gt;, message 3, from byte 4711");
    assert_has(&page, "vouch replay &#39;&lt;script&gt;&#39; \\u{1b}[31m");
    assert_has(&page, "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;</bdi>: <bdi>&quot;note");
    assert_has(&page, "<td class=\"bad\">-1.50</td><td>1.0</td><td>2.2</td><td>3.0</td>");
    assert_has(&page, "forged_author, time_disorder");
    assert_has(&page, "2023-11-14 22:13 UTC");
    sbuf_clear(&page);
    free(name);
    judged_clear(&d);
    score_free(&s);
    report_free(&r);
    settings_unref(&settings);
}

static void evidence_slices_and_ablation(void **state)
{
    (void)state;
    struct trust_item item = {.name = "host"};
    struct settings *settings = settings_default();
    struct report *r = report_new(settings);
    struct score *s = score_new();
    struct corpus_item items[40];
    struct judged d;
    judged_init(&d, "a@example.org");
    d.trust.items = &item;
    d.trust.item_count = 1;
    settings->trusted = 0.97;
    for (int i = 0; i < 40; i++) {
        bool good = i % 4 != 0;
        items[i] = (struct corpus_item){.time = T0 + 86400 * i};
        item.weight = good ? i % 4 - 1 : -2; /* good ones: 0, 1, 2 */
        say(&d, good, item.weight, good ? CLASS_TRUSTED : CLASS_UNTRUSTED);
        assert_int_equal(see(r, s, &d, (size_t)i), 0);
    }
    const struct report_evidence *e = &r->evidence[TW_HOST];
    assert_int_equal(e->messages[1], 20);
    assert_int_equal(e->messages[0], 10);
    assert_true(e->weight[1] == 30 && e->weight[0] == -20 && e->absolute == 50);
    struct score_figures without = {.one_less_auc = 0.125, .at_0_1 = 0.5, .at_1 = NAN};
    report_ablation(r, TW_HOST, &without);
    struct sbuf page = page_of(r, items, s);
    assert_has(&page, "40 messages judged in order of time, each before its label was learnt: 30 "
                      "good, 10 bad; 2023-11-14 to 2023-12-23.");
    assert_has(&page, "<tr><th scope=\"row\">host</th><td>12.500 %</td><td>+12.500</td>"
                      "<td>50.000 %</td><td>-50.000</td><td>-</td><td>-</td></tr>");
    assert_has(&page, "</span> 1.250</td><td>66.7 %</td><td>1.50</td><td>100.0 %</td>"
                      "<td>-2.00</td>");
    assert_has(&page, "<th scope=\"row\">2023-11-16</th><td>2023-11-17</td><td>2</td><td>0</td>"
                      "<td>-</td>"); /* the second of twenty: two good ones */
    assert_has(&page, "<th scope=\"row\">trusted</th><td>30</td><td>75.0 %</td><td>30</td>"
                      "<td>100.00 %</td><td>0</td><td>0.00 %</td><td>100.00 %</td>");
    assert_has(&page, "thresholds.trusted = 0.97<br/>");
    assert_has(&page, "all good messages were called trusted");
    assert_has(&page, "all bad messages were called untrusted");
    sbuf_clear(&page);
    judged_clear(&d);
    score_free(&s);
    report_free(&r);
    settings_unref(&settings);
}

static void nothing_at_all_is_a_page(void **state)
{
    (void)state;
    struct settings *settings = settings_default();
    struct report *r = report_new(settings);
    struct score *s = score_new();
    struct sbuf page = page_of(r, NULL, s);
    assert_has(&page, "0 messages judged");
    assert_has_not(&page, "nan");
    assert_has_not(&page, "inf");
    assert_string_equal(sbuf_str(&page) + page.len - 8, "</html>\n");
    sbuf_clear(&page);
    for (int i = 0; i < REPORT_FACTS; i++)
        assert_int_equal(report_fact(r, "a", "b"), 0);
    assert_int_equal(report_fact(r, "a", "b"), VOUCH_E_LIMIT);
    score_free(&s);
    report_free(&r);
    report_free(&r);
    settings_unref(&settings);
}

static int try_all(const struct settings *settings, const struct judged *d)
{
    struct sbuf page;
    struct report *r = report_new(settings);
    struct score *s = score_new();
    sbuf_init(&page, REPORT_BYTES);
    int rc = r && s ? report_fact(r, "a", "b") : VOUCH_E_NOMEM;
    if (rc == 0)
        rc = see(r, s, d, 0);
    if (rc == 0)
        rc = report_page(r, &d->item, s, &page);
    sbuf_clear(&page);
    score_free(&s);
    report_free(&r);
    return rc;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    struct settings *settings = settings_default();
    struct judged d;
    int rc = VOUCH_E_NOMEM;
    judged_init(&d, "a@example.org");
    say(&d, true, 0, CLASS_SUSPICIOUS);
    for (long n = 1; rc != 0; n++) {
        assert_true(n < 5000);
        countdown = n;
        rc = try_all(settings, &d);
        countdown = 0;
        assert_true(rc == 0 || rc == VOUCH_E_NOMEM);
    }
    judged_clear(&d);
    settings_unref(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_stay_texts),
        cmocka_unit_test(the_worst_are_kept_in_order),
        cmocka_unit_test(what_strangers_wrote_is_text),
        cmocka_unit_test(evidence_slices_and_ablation),
        cmocka_unit_test(nothing_at_all_is_a_page),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
