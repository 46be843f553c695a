/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages signed by other programs: dkimpy and libopendkim (made by tests/lib/dkim-vectors).
 * VOUCH_DKIM_VECTORS: another directory of them; by default the ones in this tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "dkim_files.h"

#define NOW 2200000000 /* in 2039: after whatever t= the vectors have; they have no x= */

static void signed_by_others(void **state)
{
    char dir[2048], zone[4096], expected[4096];
    const char *other = getenv("VOUCH_DKIM_VECTORS"), *src = getenv("VOUCH_SRCDIR");
    struct dkim_files files = {dir, zone, expected};
    struct dkim_tally t;
    (void)state;
    snprintf(dir, sizeof dir, "%s%s",
             other ? other
             : src ? src
                   : ".",
             other ? "" : "/tests/unit/data/dkim");
    snprintf(zone, sizeof zone, "%s/keys.zone", dir);
    snprintf(expected, sizeof expected, "%s/expected.tsv", dir);
    assert_int_equal(dkim_files_judge(&files, NOW, &t), 0);
    printf("# %u of %u signatures pass\n", t.passed, t.lines);
    assert_true(t.lines > 50);
    assert_int_equal(t.lost, 0);
    assert_int_equal(t.accepted, 0);
    assert_int_equal(t.other, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signed_by_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
