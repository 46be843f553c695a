/* SPDX-License-Identifier: BSD-2-Clause */
/* The time of one message: who is cut first, and that no share is ever more than there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <limits.h>
#include <cmocka.h>
#include "budget.h"
#include "settings.h"

#define NOW 1000000

static struct settings deadlines(unsigned message, unsigned dns, unsigned store)
{
    return (struct settings){
        .message_deadline_ms = message, .dns_deadline_ms = dns, .store_deadline_ms = store};
}

static void shares(void **state)
{
    static const struct {
        const char *name;
        unsigned message, dns, store;
        int64_t spent_us;
        int64_t dns_end, dkim_end, end; /* from now on */
    } table[] = {
        {"the defaults", 5000, 4000, 200, 0, 4000, 4800, 5000},
        {"DNS leaves the others their share", 5000, 5000, 200, 0, 4175, 4800, 5000},
        {"the model has a quarter at most", 1000, 1000, 900, 0, 625, 750, 1000},
        {"what the body took is gone", 5000, 4000, 200, 2500000, 1675, 2300, 2500},
        {"part of a millisecond is not", 5000, 4000, 200, 999, 4000, 4800, 5000},
        {"the least of each", 100, 10, 1, 0, 10, 99, 100},
        {"the least, and half of it spent", 100, 10, 1, 50000, 10, 49, 50},
        {"DNS first, then signatures", 1000, 1000, 250, 700000, -75, 50, 300},
        {"then both", 1000, 1000, 250, 800000, -175, -50, 200},
        {"then all", 1000, 1000, 250, 1000000, -375, -250, 0},
        {"more than there was", 1000, 1000, 250, 60000000, -59375, -59250, -59000},
        {"no time", 0, 0, 0, 0, 0, 0, 0},
        {"no time for DNS", 5000, 0, 200, 0, 0, 4800, 5000},
        {"no time for the model", 5000, 4000, 0, 0, 4000, 5000, 5000},
        {"as long as can be", UINT_MAX, UINT_MAX, UINT_MAX, 0,
         (int64_t)UINT_MAX - UINT_MAX / 4 - UINT_MAX / 8, (int64_t)UINT_MAX - UINT_MAX / 4,
         UINT_MAX},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct settings s = deadlines(table[i].message, table[i].dns, table[i].store);
        const struct budget b = budget_make(&s, table[i].spent_us, NOW);
        print_message("# %s\n", table[i].name);
        assert_int_equal(b.dns_end_ms - NOW, table[i].dns_end);
        assert_int_equal(b.dkim_end_ms - NOW, table[i].dkim_end);
        assert_int_equal(b.end_ms - NOW, table[i].end);
    }
}

/* Whatever the settings, the CPU spent and the clock: one after the other, and never beyond the deadline. */
static void order(void **state)
{
    static const unsigned times[] = {0, 1, 3, 7, 8, 100, 5000, 300000, UINT_MAX};
    static const int64_t spent[] = {0, 1, 999, 1000, 50000, 5000000, INT64_C(1) << 50};
    static const int64_t clocks[] = {0, 1, NOW, -NOW, INT64_C(1) << 60};
    enum { TIMES = sizeof times / sizeof *times };
    (void)state;
    for (size_t i = 0; i < TIMES * TIMES * TIMES; i++) {
        const struct settings s =
            deadlines(times[i % TIMES], times[i / TIMES % TIMES], times[i / TIMES / TIMES]);
        for (size_t k = 0; k < sizeof spent / sizeof *spent; k++) {
            const struct budget first = budget_make(&s, spent[k], 0);
            for (size_t n = 0; n < sizeof clocks / sizeof *clocks; n++) {
                const struct budget b = budget_make(&s, spent[k], clocks[n]);
                assert_true(b.dns_end_ms <= b.dkim_end_ms);
                assert_true(b.dkim_end_ms <= b.end_ms);
                assert_true(b.end_ms - clocks[n] <= s.message_deadline_ms);
                assert_true(b.dns_end_ms - clocks[n] <= s.dns_deadline_ms);
                assert_true(b.end_ms - b.dkim_end_ms <= s.store_deadline_ms);
                /* the same whenever it is asked: a clock that jumped makes it no longer */
                assert_int_equal(b.end_ms - clocks[n], first.end_ms);
                assert_int_equal(b.dkim_end_ms - clocks[n], first.dkim_end_ms);
                assert_int_equal(b.dns_end_ms - clocks[n], first.dns_end_ms);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares),
        cmocka_unit_test(order),
    };
    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
