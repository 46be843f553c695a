/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "diff_labels.h"

#define LETTER "017f22e2-79b0-7000-8000-0000000000%02x"

/* Labels of one message, given in this order; the one that holds. */
static const struct {
    const char *name;
    struct {
        enum label_verdict verdict;
        enum label_source source;
        int64_t time_us;
        bool own; /* in the decision */
    } labels[3];
    enum label_verdict holds;
} table[] = {
    {"nobody says", {{0}}, LABEL_NONE},
    {"one", {{LABEL_GOOD, LABEL_DELIVERY, 1, false}}, LABEL_GOOD},
    {"a person stands above delivery, also if it comes later",
     {{LABEL_BAD, LABEL_PERSON, 1, false}, {LABEL_GOOD, LABEL_DELIVERY, 2, false}},
     LABEL_BAD},
    {"of two by people the later one",
     {{LABEL_BAD, LABEL_PERSON, 2, false}, {LABEL_GOOD, LABEL_PERSON, 1, false}},
     LABEL_BAD},
    {"one that is taken back",
     {{LABEL_BAD, LABEL_PERSON, 1, false}, {LABEL_NONE, LABEL_PERSON, 2, false}},
     LABEL_NONE},
    {"what was known when it came", {{LABEL_BAD, LABEL_TRAP, 1, true}}, LABEL_BAD},
    {"a source of no weight", {{LABEL_BAD, LABEL_FILTER, 1, false}}, LABEL_NONE},
};
#define COUNT (sizeof table / sizeof *table)

static void the_label_that_holds_is_found(void **state)
{
    (void)state;
    char ids[COUNT][RECORD_ID_TEXT];
    struct settings *s = settings_default();
    struct diff_labels *l = diff_labels_new();
    s->label_weights[LABEL_FILTER] = 0;
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(ids[i], sizeof ids[i], LETTER, (unsigned)(COUNT - i));
        for (size_t k = 0; k < 3 && table[i].labels[k].time_us; k++) {
            const struct label label = {table[i].labels[k].verdict, table[i].labels[k].source,
                                        NULL};
            struct record r = {.kind = table[i].labels[k].own ? RECORD_DECISION : RECORD_LABEL,
                               .subject = table[i].labels[k].own ? NULL : ids[i],
                               .time_us = table[i].labels[k].time_us,
                               .labels = &label,
                               .label_count = 1};
            memcpy(r.id, table[i].labels[k].own ? ids[i] : "017f22e2-79b0-7000-8000-ffffffffffff",
                   RECORD_ID_TEXT);
            assert_int_equal(diff_labels_add(l, s, &r), 0);
        }
    }
    diff_labels_sort(l);
    for (size_t i = 0; i < COUNT; i++)
        if (diff_labels_of(l, ids[i]) != table[i].holds)
            fail_msg("%s: %s", table[i].name, label_verdict_name(diff_labels_of(l, ids[i])));
    assert_int_equal(diff_labels_of(l, "mid:0123"), LABEL_NONE);
    diff_labels_free(&l);
    settings_unref(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_label_that_holds_is_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
