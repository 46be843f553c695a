/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"

static void every_code_has_its_own_words(void **state)
{
    (void)state;
    for (int a = VOUCH_E_CONFIG; a <= VOUCH_E_NOMEM; a++) {
        assert_string_not_equal(vouch_strerror(a), "unknown error");
        for (int b = a + 1; b <= VOUCH_E_NOMEM; b++)
            assert_string_not_equal(vouch_strerror(a), vouch_strerror(b));
    }
    assert_string_equal(vouch_strerror(42), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_own_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
