/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "difference.h"

static struct policy finance = {.name = "finance"}, board = {.name = "board"};

struct side {
    double trust, bias;
    enum trust_class class;
    enum action action;
    struct policy *policy;
    struct trust_item items[3];
    enum action rcpts[2];
};

static const struct {
    const char *name;
    struct side a, b;
    const char *text;
} table[] = {
    {"the same",
     {0.5, 0, CLASS_SUSPICIOUS, ACTION_TAG, &board, {{0}}, {0}},
     {0.5, 0, CLASS_SUSPICIOUS, ACTION_TAG, &board, {{0}}, {0}},
     NULL},
    {"another trust changes nothing yet",
     {0.5, 0, CLASS_SUSPICIOUS, ACTION_TAG, NULL, {{0}}, {0}},
     {0.4, -1, CLASS_SUSPICIOUS, ACTION_TAG, NULL, {{.name = "host", .weight = -1}}, {0}},
     NULL},
    {"a weight that is heavier",
     {0.5,
      0,
      CLASS_SUSPICIOUS,
      ACTION_TAG,
      NULL,
      {{.name = "spf_fail", .weight = -1}, {.name = "host", .weight = 1}},
      {0}},
     {0.05,
      0,
      CLASS_UNTRUSTED,
      ACTION_QUARANTINE,
      NULL,
      {{.name = "spf_fail", .weight = -4}, {.name = "host", .weight = 0.5}},
      {0}},
     "class suspicious -> untrusted because of spf_fail, action tag -> quarantine"},
    {"a weight that is not there any more",
     {0.05,
      0,
      CLASS_UNTRUSTED,
      ACTION_TAG,
      NULL,
      {{.name = "hop", .weight = -2}, {.name = "hop", .weight = -2}},
      {0}},
     {0.95, 0, CLASS_TRUSTED, ACTION_TAG, NULL, {{.name = "host", .weight = 1}}, {0}},
     "class untrusted -> trusted because of hop"},
    {"the bias",
     {0.5, 0, CLASS_SUSPICIOUS, ACTION_TAG, NULL, {{0}}, {0}},
     {0.95, 3, CLASS_TRUSTED, ACTION_ACCEPT, NULL, {{.name = "host", .weight = 1}}, {0}},
     "class suspicious -> trusted because of bias, action tag -> accept"},
    {"thresholds, though trust rose",
     {0.5, 0, CLASS_SUSPICIOUS, ACTION_TAG, NULL, {{0}}, {0}},
     {0.6, 0, CLASS_UNTRUSTED, ACTION_TAG, NULL, {{.name = "host", .weight = 1}}, {0}},
     "class suspicious -> untrusted because of thresholds"},
    {"a policy that matches",
     {0.5, 0, CLASS_SUSPICIOUS, ACTION_TAG, NULL, {{0}}, {0}},
     {0.5, 0, CLASS_SUSPICIOUS, ACTION_REJECT, &finance, {{0}}, {0}},
     "policy finance now decides, action tag -> reject"},
    {"one that does not any more",
     {0.5, 0, CLASS_SUSPICIOUS, ACTION_TAG, &finance, {{0}}, {0}},
     {0.5, 0, CLASS_SUSPICIOUS, ACTION_TAG, NULL, {{0}}, {0}},
     "policy finance no longer decides"},
    {"one for another",
     {0.5, 0, CLASS_SUSPICIOUS, ACTION_TAG, &finance, {{0}}, {0}},
     {0.5, 0, CLASS_SUSPICIOUS, ACTION_TAG, &board, {{0}}, {0}},
     "policy finance -> board"},
    {"one recipient only",
     {0.5, 0, CLASS_SUSPICIOUS, ACTION_TAG, NULL, {{0}}, {ACTION_TAG, ACTION_TAG}},
     {0.5, 0, CLASS_SUSPICIOUS, ACTION_TAG, NULL, {{0}}, {ACTION_TAG, ACTION_DISCARD}},
     "other answers for some recipients"},
};

struct made {
    struct trust_result trust;
    struct rcpt_decision rcpts[2];
    struct decision decision;
};

static struct judgement make(const struct side *s, struct made *m)
{
    *m = (struct made){
        .trust = {.trust = s->trust, .items = (struct trust_item *)(uintptr_t)s->items},
        .rcpts = {{.action = s->rcpts[0]}, {.action = s->rcpts[1]}}};
    while (m->trust.item_count < 3 && s->items[m->trust.item_count].name)
        m->trust.item_count++;
    m->decision = (struct decision){.class = s->class,
                                    .action = s->action,
                                    .policy = s->policy,
                                    .rcpts = m->rcpts,
                                    .rcpt_count = 2};
    return (struct judgement){&m->trust, s->bias, &m->decision};
}

static void what_differs_is_said(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct made ma, mb;
        struct judgement a = make(&table[i].a, &ma), b = make(&table[i].b, &mb);
        const char *text = "?";
        assert_int_equal(decision_difference(arena, &a, &b, &text), 0);
        if (!text != !table[i].text || (text && strcmp(text, table[i].text) != 0))
            fail_msg("%s: %s, not %s", table[i].name, text ? text : "NULL",
                     table[i].text ? table[i].text : "NULL");
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_differs_is_said)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
