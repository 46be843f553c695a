/* SPDX-License-Identifier: BSD-2-Clause */
/* Labelled messages as they lie on disk: an index, directories, an mbox, a Maildir; in order of time. */
#include <limits.h>
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
#include "corpus.h"
#include "errors.h"

static char dir[] = "/tmp/vouch-corpus.XXXXXX";
static char error[4 * PATH_MAX];

static const char *path_of(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(path_of(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int set_up(void **state)
{
    static const char *const dirs[] = {"good", "good/below", "bad", "box", "box/new", "box/cur"};
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
        mkdir(path_of(dirs[i]), 0700);
    put("good/received", "Received: from a by b; Sat, 31 Jan 2026 12:00:30 +0000\n"
                         "Received: from c by a; Sat, 31 Jan 2026 11:00:00 +0000\n"
                         "Date: Sat, 31 Jan 2026 10:00:00 +0000\n\nhello\n");
    put("good/below/date", "Subject: no way\nDate: Sat, 31 Jan 2026 12:00:10 +0000\n\nhello\n");
    put("good/.hidden", "Date: Sat, 31 Jan 2026 12:00:00 +0000\n\n");
    put("bad/second", "Received: from a by b (no date)\n"
                      "Received: from a by b; Sat, 31 Jan 2026 12:00:20 +0000\n"
                      "Date: Sat, 31 Jan 2026 10:00:00 +0000\n\nhello\n");
    put("bad/untimed", "Subject: when?\n\nDate: Sat, 31 Jan 2026 10:00:00 +0000\n");
    put("box/cur/1", "Date: Sat, 31 Jan 2026 12:00:50 +0000\n\nmaildir\n");
    put("box/new/2", "Date: Sat, 31 Jan 2026 12:00:40 +0000\n\nmaildir\n");
    put("mbox", "From a@example.com Sat Jan 31 12:00:00 2026\n"
                "Date: Sat, 31 Jan 2026 12:00:05 +0000\n\n"
                "one\n\n>From me\n\nFrom here on it is still the first\n\n"
                "From b@example.com Sat Jan 31 12:00:00 2026\n"
                "Date: Sat, 31 Jan 2026 12:00:04 +0000\n\ntwo\n");
    put("single", "From a@example.com Sat Jan 31 12:00:00 2026\n"
                  "Date: Sat, 31 Jan 2026 12:00:01 +0000\n\n"
                  "one\n\nFrom b@example.com Sat Jan 31 12:00:00 2026\n>From\n");
    return 0;
}

static int tear_down(void **state)
{
    char command[sizeof dir + 16];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

/* The ends of the paths, and the labels, in order: "date+ second-". */
static void assert_order(struct corpus *c, size_t untimed, const char *want)
{
    char got[1024] = "";
    size_t count, without;
    corpus_order(c, &without);
    const struct corpus_item *items = corpus_items(c, &count);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(got);
        snprintf(got + len, sizeof got - len, "%s%s%s", i ? " " : "",
                 strrchr(items[i].path, '/') + 1, items[i].good ? "+" : "-");
        if (items[i].number)
            snprintf(got + strlen(got), sizeof got - strlen(got), "%u", items[i].number);
    }
    assert_string_equal(got, want);
    assert_int_equal(without, untimed);
}

static void directories_are_read_whole_in_order_of_time(void **state)
{
    (void)state;
    struct corpus *c = corpus_new();
    assert_int_equal(corpus_add_path(c, path_of("good"), true, error, sizeof error), 0);
    assert_int_equal(corpus_add_path(c, path_of("bad"), false, error, sizeof error), 0);
    assert_int_equal(corpus_add_path(c, path_of("box"), true, error, sizeof error), 0);
    assert_order(c, 1, "date+ second- received+ 2+ 1+");
    corpus_free(&c);
}

static void assert_text(struct corpus *c, size_t i, const char *want)
{
    struct span text;
    size_t count;
    const struct corpus_item *items = corpus_items(c, &count);
    assert_true(i < count);
    assert_int_equal(corpus_read(c, &items[i], &text, error, sizeof error), 0);
    assert_int_equal(text.len, strlen(want));
    assert_memory_equal(text.p, want, text.len);
}

static void an_mbox_is_taken_apart(void **state)
{
    (void)state;
    struct corpus *c = corpus_new();
    assert_int_equal(corpus_add_path(c, path_of("mbox"), false, error, sizeof error), 0);
    assert_order(c, 0, "mbox-2 mbox-1");
    assert_text(c, 0, "Date: Sat, 31 Jan 2026 12:00:04 +0000\n\ntwo\n");
    assert_text(c, 1,
                "Date: Sat, 31 Jan 2026 12:00:05 +0000\n\n"
                "one\n\nFrom me\n\nFrom here on it is still the first\n");
    corpus_free(&c);
}

static void an_index_names_single_messages(void **state)
{
    (void)state;
    put("bad/index", "# a comment\nham ../good/received\r\n\nspam second\nGOOD\t../mbox\n");
    struct corpus *c = corpus_new();
    assert_int_equal(corpus_add_index(c, path_of("bad/index"), error, sizeof error), 0);
    put("index", "bad single\n");
    assert_int_equal(corpus_add_index(c, path_of("index"), error, sizeof error), 0);
    assert_order(c, 0, "single- mbox+ second- received+");
    assert_text(c, 0,
                "Date: Sat, 31 Jan 2026 12:00:01 +0000\n\n"
                "one\n\nFrom b@example.com Sat Jan 31 12:00:00 2026\n>From\n");
    corpus_free(&c);
}

static void equal_times_stay_as_they_were_added(void **state)
{
    (void)state;
    put("index", "ham good/received\nspam single\nham bad/second\nspam good/received\n"
                 "ham good/received\n");
    struct corpus *c = corpus_new();
    assert_int_equal(corpus_add_index(c, path_of("index"), error, sizeof error), 0);
    assert_order(c, 0, "single- second+ received+ received- received+");
    corpus_free(&c);
}

static void what_is_only_judged_is_known(void **state)
{
    (void)state;
    put("index", "spam? good/received\nspam single\nham?\tbad/second\n");
    struct corpus *c = corpus_new();
    size_t count;
    assert_int_equal(corpus_add_index(c, path_of("index"), error, sizeof error), 0);
    assert_order(c, 0, "single- second+ received-");
    const struct corpus_item *items = corpus_items(c, &count);
    assert_true(!items[0].unlearnt && items[1].unlearnt && items[2].unlearnt);
    corpus_free(&c);
}

static void mistakes_are_told_by_line(void **state)
{
    static const struct {
        const char *index, *says;
        int code;
    } cases[] = {
        {"ham single\nhmm single\n", ":2: expected 'ham PATH' or 'spam PATH'", VOUCH_E_SYNTAX},
        {"ham\n", ":1: expected 'ham PATH'", VOUCH_E_SYNTAX},
        {"spam single\n\nham nothing/here\n", ":3: ", VOUCH_E_IO},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct corpus *c = corpus_new();
        put("index", cases[i].index);
        assert_int_equal(corpus_add_index(c, path_of("index"), error, sizeof error), cases[i].code);
        if (strncmp(error, path_of("index"), strlen(path_of("index"))) != 0 ||
            !strstr(error, cases[i].says))
            fail_msg("%s", error);
        corpus_free(&c);
    }
    struct corpus *c = corpus_new();
    assert_int_equal(corpus_add_path(c, path_of("nowhere"), true, error, sizeof error), VOUCH_E_IO);
    assert_non_null(strstr(error, "nowhere: No such file"));
    assert_int_equal(corpus_add_index(c, path_of("nowhere"), error, sizeof error), VOUCH_E_IO);
    corpus_free(&c);
}

static void a_loop_of_directories_ends(void **state)
{
    (void)state;
    assert_int_equal(symlink("..", path_of("good/below/loop")), 0);
    struct corpus *c = corpus_new();
    assert_int_not_equal(corpus_add_path(c, path_of("good"), true, error, sizeof error), 0);
    assert_non_null(strstr(error, "loop"));
    corpus_free(&c);
    assert_int_equal(unlink(path_of("good/below/loop")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_are_read_whole_in_order_of_time),
        cmocka_unit_test(an_mbox_is_taken_apart),
        cmocka_unit_test(an_index_names_single_messages),
        cmocka_unit_test(equal_times_stay_as_they_were_added),
        cmocka_unit_test(what_is_only_judged_is_known),
        cmocka_unit_test(mistakes_are_told_by_line),
        cmocka_unit_test(a_loop_of_directories_ends),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
