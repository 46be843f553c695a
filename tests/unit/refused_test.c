/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "refused.h"

static void what_is_unknown(void **state)
{
    static const struct {
        const char *status, *text;
        bool unknown;
    } table[] = {
        /* Postfix */
        {"5.1.1", "<x@example.com>: Recipient address rejected: User unknown", true},
        {"5.1.10", "<x@example.com>: Recipient address rejected: Domain has null MX", true},
        {"4.1.1", "<x@example.com>: Recipient address rejected: unverified address", false},
        {"4.2.0", "<x@example.com>: Recipient address rejected: Greylisted", false},
        {"5.7.1", "<x@example.com>: Relay access denied", false},
        {"5.7.1", "<x@example.com>: Recipient address rejected: 5.1.1", false},
        {"5.1.6", "<x@example.com>: User has moved to x@example.org", false},
        {"5.1.7", "<x>: Sender address rejected", false},
        {"5.2.2", "mailbox full", false},
        {"5.1.11", "", false},
        {"15.1.1", "", false},
        /* the status in the text only */
        {NULL, "5.1.1 <x@example.com>: User unknown", true},
        {"", " 5.1.1 <x@example.com>: User unknown", true},
        {NULL, "<x@example.com>: 5.1.1", false},
        /* Sendmail */
        {"nouser", "User unknown", true},
        {"NOUSER", "User unknown", true},
        {"unavailable", "5.1.1", false},
        {NULL, NULL, false},
        {NULL, "", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        print_message("# %s %s\n", table[i].status ? table[i].status : "-",
                      table[i].text ? table[i].text : "-");
        assert_true(refused_as_unknown(table[i].status, table[i].text) == table[i].unknown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_unknown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
