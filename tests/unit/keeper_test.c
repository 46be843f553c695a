/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's quarantine: made only where mail may be stored, tried again where it cannot be used, kept over a reload. */
#include <pthread.h>
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
#include "clock.h"
#include "keeper.h"
#include "quarantine.h"

struct fixture {
    char top[100], parent[110], dir[120];
    pthread_mutex_t lock; /* of settings, which the keeper's thread takes too */
    struct settings *settings;
    struct log *log;
    struct keeper *keeper;
};

static struct settings *settings_of(void *arg)
{
    struct fixture *f = arg;
    pthread_mutex_lock(&f->lock);
    struct settings *s = settings_ref(f->settings);
    pthread_mutex_unlock(&f->lock);
    return s;
}

/* Other settings are in force. */
static void reload(struct fixture *f, const char *method, const char *more)
{
    struct settings_error *errors = NULL;
    size_t count = 0;
    char text[500];
    snprintf(text, sizeof text, "quarantine: { directory = \"%s\"; method = \"%s\"; %s };", f->dir,
             method, more);
    struct settings *s = settings_parse(text, strlen(text), "test.conf", &errors, &count);
    assert_non_null(s);
    pthread_mutex_lock(&f->lock);
    settings_unref(&f->settings);
    f->settings = s;
    pthread_mutex_unlock(&f->lock);
    keeper_refresh(f->keeper);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    pthread_mutex_init(&f->lock, NULL);
    snprintf(f->top, sizeof f->top, "/tmp/keeper_test.XXXXXX");
    assert_non_null(mkdtemp(f->top));
    snprintf(f->parent, sizeof f->parent, "%s/parent", f->top);
    snprintf(f->dir, sizeof f->dir, "%s/q", f->parent);
    f->log = log_new(false, 0);
    const struct keeper_options o = {settings_of, f, f->log};
    f->keeper = keeper_new(&o);
    assert_non_null(f->keeper);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    keeper_free(&f->keeper);
    settings_unref(&f->settings);
    log_free(&f->log);
    rmdir(f->dir);
    rmdir(f->parent);
    int rc = rmdir(f->top);
    free(f);
    return rc;
}

static void only_where_it_is_wanted(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mkdir(f->parent, 0700), 0);
    reload(f, "hold", "");
    assert_null(keeper_quarantine(f->keeper));
    assert_int_not_equal(access(f->dir, F_OK), 0);
    reload(f, "store", "");
    struct quarantine *q = keeper_quarantine(f->keeper);
    assert_non_null(q);
    assert_int_equal(access(f->dir, F_OK), 0);
    reload(f, "store", "keep_age = \"1d\";");
    reload(f, "hold", ""); /* a message under way may still be stored */
    assert_ptr_equal(keeper_quarantine(f->keeper), q);
}

static void what_cannot_be_used_is_tried_again(void **state)
{
    struct fixture *f = *state;
    reload(f, "store", "");
    assert_null(keeper_quarantine(f->keeper));
    assert_int_equal(mkdir(f->parent, 0700), 0);
    reload(f, "store", "");
    assert_non_null(keeper_quarantine(f->keeper));
}

static void so_is_a_key_file(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mkdir(f->parent, 0700), 0);
    reload(f, "store", "key = \"/nowhere/key\";");
    assert_null(keeper_quarantine(f->keeper));
    reload(f, "store", "");
    assert_non_null(keeper_quarantine(f->keeper));
}

/* Whether totals say so; the thread looks when it comes to it. */
static bool counts(struct fixture *f, uint64_t messages, unsigned removed)
{
    struct quarantine_purged t;
    int64_t end = clock_ms() + 30000;
    while (!keeper_totals(f->keeper, &t) || t.messages != messages || t.removed != removed) {
        if (clock_ms() > end)
            return false;
        usleep(1000);
    }
    return messages ? t.bytes > 0 && t.oldest_us > 0 : t.bytes == 0 && t.oldest_us == 0;
}

static void keep_one(struct fixture *f, const char *id)
{
    static const char *const rcpts[] = {"<b@example.com>"};
    const struct held_envelope e = {.sender = "<a@example.net>", .rcpts = rcpts, .rcpt_count = 1};
    static const char kib[1024];
    char error[400];
    struct held_writer *w = held_writer_new(keeper_quarantine(f->keeper));
    for (int i = 0; i < 600; i++)
        held_add(w, span_make(kib, sizeof kib));
    assert_int_equal(held_keep(w, id, &e, "{}", error, sizeof error), 0);
    held_writer_free(&w);
}

/* What is removed stays counted, what is left is counted anew at each look. */
static void totals_of_what_is_kept(void **state)
{
    struct fixture *f = *state;
    struct quarantine_purged t;
    assert_int_equal(mkdir(f->parent, 0700), 0);
    reload(f, "hold", "");
    assert_false(keeper_totals(f->keeper, &t));
    reload(f, "store", "");
    assert_true(counts(f, 0, 0));
    keep_one(f, "019b76da-a800-7000-8000-000000000001");
    keep_one(f, "019b76da-a801-7000-8000-000000000002");
    reload(f, "store", "");
    assert_true(counts(f, 2, 0));
    reload(f, "store", "keep_size = \"1M\";");
    assert_true(counts(f, 1, 1));
    keep_one(f, "019b76da-a802-7000-8000-000000000003");
    reload(f, "store", "keep_size = \"1M\";");
    assert_true(counts(f, 1, 2));
    assert_int_equal(
        quarantine_delete(keeper_quarantine(f->keeper), "019b76da-a802-7000-8000-000000000003"), 0);
    reload(f, "store", "");
    assert_true(counts(f, 0, 2));
}

static void it_ends_twice(void **state)
{
    struct fixture *f = *state;
    struct keeper *none = NULL;
    reload(f, "store", "");
    keeper_stop(f->keeper);
    keeper_stop(f->keeper);
    keeper_refresh(f->keeper); /* starts no thread any more */
    keeper_stop(none);
    keeper_free(&none);
}

static void what_a_reload_changes(void **state)
{
    static const struct {
        const char *more;
        bool same;
    } table[] = {
        {"", true},
        {"keep_age = \"1d\"; keep_size = \"1M\";", true},
        {"key = \"/etc/vouch/key\";", false},
        {"max_size = \"1M\";", false},
        {"memory = \"1M\";", false},
    };
    struct fixture *f = *state;
    reload(f, "hold", "");
    struct settings *before = settings_ref(f->settings);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        reload(f, "hold", table[i].more);
        assert_int_equal(keeper_same(before, f->settings), table[i].same);
    }
    settings_unref(&before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_where_it_is_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_used_is_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(so_is_a_key_file, setup, teardown),
        cmocka_unit_test_setup_teardown(totals_of_what_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(it_ends_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_reload_changes, setup, teardown),
    };
    return cmocka_run_group_tests_name("keeper", tests, NULL, NULL);
}
