/* SPDX-License-Identifier: BSD-2-Clause */
/* The log on standard error, which a file stands in for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "log.h"
#include "repeats.h"

struct fixture {
    FILE *file;
    int saved; /* the real standard error */
    char text[16384];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->file = tmpfile();
    f->saved = dup(STDERR_FILENO);
    dup2(fileno(f->file), STDERR_FILENO);
    unsetenv("JOURNAL_STREAM");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    dup2(f->saved, STDERR_FILENO);
    close(f->saved);
    fclose(f->file);
    free(f);
    return 0;
}

/* what stands in it so far */
static const char *logged(struct fixture *f)
{
    fflush(stderr);
    ssize_t n = pread(fileno(f->file), f->text, sizeof f->text - 1, 0);
    assert_true(n >= 0);
    f->text[n] = '\0';
    return f->text;
}

static void lines_have_the_programs_name(void **state)
{
    struct fixture *f = *state;
    struct log *l = log_new(true, LOG_LEVEL_INFO);
    log_write(l, LOG_LEVEL_INFO, "%s: id=%d", "4ABC", 7);
    log_write(l, LOG_LEVEL_DEBUG, "not at this level");
    log_set_level(l, LOG_LEVEL_ERROR);
    log_write(l, LOG_LEVEL_WARNING, "nor at this");
    log_write(l, LOG_LEVEL_ERROR, "but this");
    assert_string_equal(logged(f), "vouch-milter: 4ABC: id=7\nvouch-milter: but this\n");
    log_free(&l);
}

static void nothing_breaks_a_line(void **state)
{
    struct fixture *f = *state;
    struct log *l = log_new(true, LOG_LEVEL_INFO);
    log_write(l, LOG_LEVEL_INFO, "%s", "a\nvouch-milter: forged\r\x1b[2J\x7f");
    assert_string_equal(logged(f), "vouch-milter: a?vouch-milter: forged??[2J?\n");
    log_free(&l);
}

static void journald_is_told_the_level(void **state)
{
    struct fixture *f = *state;
    char stream[64];
    struct stat st;
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    struct log *l = log_new(true, LOG_LEVEL_DEBUG);
    log_write(l, LOG_LEVEL_ERROR, "e");
    log_write(l, LOG_LEVEL_WARNING, "w");
    log_write(l, LOG_LEVEL_INFO, "i");
    log_write(l, LOG_LEVEL_DEBUG, "d");
    assert_string_equal(logged(f), "<3>e\n<4>w\n<6>i\n<7>d\n");
    log_free(&l);
}

static void a_stream_that_is_not_standard_error_is_not_journald(void **state)
{
    struct fixture *f = *state;
    setenv("JOURNAL_STREAM", "9:12345", 1);
    struct log *l = log_new(true, LOG_LEVEL_DEBUG);
    log_write(l, LOG_LEVEL_ERROR, "e");
    assert_string_equal(logged(f), "vouch-milter: e\n");
    log_free(&l);
}

static void what_repeats_is_held_back(void **state)
{
    struct fixture *f = *state;
    struct log *l = log_new(true, LOG_LEVEL_INFO);
    for (int i = 0; i < 3 * REPEATS_BURST; i++)
        log_often(l, LOG_LEVEL_WARNING, "trouble %d", i);
    log_often(l, LOG_LEVEL_WARNING, "other trouble");
    log_often(l, LOG_LEVEL_DEBUG, "not at this level");
    log_tick(l); /* whose minute is not over */
    const char *text = logged(f);
    assert_non_null(strstr(text, "trouble 0\n"));
    assert_non_null(strstr(text, "other trouble\n"));
    size_t lines = 0;
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, REPEATS_BURST + 1);
    log_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_have_the_programs_name, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_breaks_a_line, setup, teardown),
        cmocka_unit_test_setup_teardown(journald_is_told_the_level, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stream_that_is_not_standard_error_is_not_journald, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_repeats_is_held_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
