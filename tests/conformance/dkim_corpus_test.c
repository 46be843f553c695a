/* SPDX-License-Identifier: BSD-2-Clause */
/* Real signatures of a public mailing list, each judged at the time of its topmost Received field,
 * with the keys of that time. VOUCH_CORPUS_LINUX_MAN: directory with one file a message. Keys and
 * expected results lie beside the source tree (VOUCH_SHARED, by default ../shared). Skipped where
 * either is missing. Those expected to fail are told and not held against us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include "dkim_files.h"

static void linux_man(void **state)
{
    struct dkim_tally t;
    assert_int_equal(dkim_files_judge(*state, 0, &t), 0);
    printf("# %u of %u real signatures pass\n", t.passed, t.lines);
    assert_true(t.lines > 0);
    assert_int_equal(t.lost, 0);
}

int main(void)
{
    char zone[4096], expected[4096];
    const char *shared = getenv("VOUCH_SHARED"), *src = getenv("VOUCH_SRCDIR");
    const char *base = shared ? shared : src ? src : ".", *below = shared ? "" : "/../shared";
    struct dkim_files files = {getenv("VOUCH_CORPUS_LINUX_MAN"), zone, expected};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(linux_man, &files),
    };
    snprintf(zone, sizeof zone, "%s%s/data/dkim/linux-man.zone", base, below);
    snprintf(expected, sizeof expected, "%s%s/data/dkim/linux-man.expected.tsv", base, below);
    if (!files.messages || access(expected, R_OK) != 0) {
        printf("1..0 # SKIP needs VOUCH_CORPUS_LINUX_MAN, and its keys in ../shared/data/dkim\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
