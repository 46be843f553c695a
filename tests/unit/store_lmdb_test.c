/* SPDX-License-Identifier: BSD-2-Clause */
/* What is LMDB's own: whose its files are, directories that hold something else, how many versions
 * there may be. store_lmdb_process_test.c has what several processes do. */
#include "config.h"
#include <ftw.h>
#include <lmdb.h>
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
#include "store.h"

#define T0 1700000000

struct fixture {
    char dir[64], url[80];
};

static const struct store_key keys[] = {{"dom:example.org", "*"}, {"ip:192.0.2.0/24", "*"}};

static struct store *try_open(const char *url, bool read_only, char *error_r, size_t size)
{
    const struct store_options o = {.half_life = 86400, .read_only = read_only};
    *error_r = '\0';
    return store_open(url, &o, error_r, size);
}

static struct store *open_or_fail(const char *url, bool read_only)
{
    char error[512];
    struct store *s = try_open(url, read_only, error, sizeof error);
    if (!s)
        fail_msg("%s", error);
    return s;
}

static void assert_refused(const char *url, bool read_only, const char *part)
{
    char error[512];
    struct store *s = try_open(url, read_only, error, sizeof error);
    assert_null(s);
    if (!strstr(error, part) || strchr(error, '\n'))
        fail_msg("\"%s\" does not say \"%s\"", error, part);
}

static double seen(struct store *s, size_t key)
{
    struct store_value v;
    struct store_query *q = store_ask(s, &keys[key], 1);
    assert_int_equal(store_wait(&q, 0, &v), LOOKUP_FOUND);
    return v.outcome == LOOKUP_FOUND ? v.counts.seen : 0;
}

static int apply(struct store *s, uint64_t watermark)
{
    const struct store_update u[] = {{keys[0], T0, 1, 0, 1}, {keys[1], T0, 0, 0, 1}};
    return store_apply(s, u, 2, "mx1", watermark);
}

static void a_reader_makes_nothing(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    char url[160], path[160];
    snprintf(url, sizeof url, "%s/none", f->url);
    assert_refused(url, true, "no model at");
    snprintf(path, sizeof path, "%s/none", f->dir);
    assert_int_equal(stat(path, &st), -1);
    assert_refused(f->url, true, "no model at"); /* the directory is there, and empty */
    snprintf(path, sizeof path, "%s/lock.mdb", f->dir);
    assert_int_equal(stat(path, &st), -1);
}

static void what_is_made_is_private(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    char url[160], path[160];
    snprintf(url, sizeof url, "%s/model", f->url);
    struct store *s = open_or_fail(url, false);
    snprintf(path, sizeof path, "%s/model", f->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    snprintf(path, sizeof path, "%s/model/data.mdb", f->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_true(st.st_blocks < 2048); /* 16 GiB of address space, not of disk */
    store_close(&s);
}

/* Root imports, and the daemon's user can use what that made. */
static void root_makes_it_for_the_owner_of_the_directory(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    char url[160], path[160];
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(f->dir, 1, 2), 0);
    snprintf(url, sizeof url, "%s/model", f->url);
    struct store *s = open_or_fail(url, false);
    assert_int_equal(geteuid(), 0);
    assert_int_equal(apply(s, 0), 0);
    store_close(&s);
    static const char *const names[] = {"", "/data.mdb", "/lock.mdb"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/model%s", f->dir, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_uid, 1);
        assert_int_equal(st.st_gid, 2);
    }
    assert_int_equal(seteuid(65534), 0);
    assert_refused(url, true, "Permission denied (this is user '");
    assert_refused(url, false, " belongs to user '");
    assert_int_equal(seteuid(0), 0);
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Puts key -> value into the environment's database name (NULL: the main one). */
static void lmdb_put_raw(const char *dir, const char *name, char *key, char *value)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val k = {strlen(key), key}, v = {strlen(value), value};
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 40), 0);
    assert_int_equal(mdb_env_open(env, dir, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, name, name ? MDB_CREATE : 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void what_is_no_model_is_left_alone(void **state)
{
    struct fixture *f = *state;
    char key[] = "somebody", value[] = "else";
    write_file(f->dir, "data.mdb",
               "this is a text, and longer than a header of LMDB's would be ...");
    assert_refused(f->url, false, "not a vouch model");
    assert_refused(f->url, true, "not a vouch model");
    write_file(f->dir, "data.mdb", "");
    lmdb_put_raw(f->dir, NULL, key, value);
    assert_refused(f->url, false, "not a vouch model");
    assert_refused(f->url, true, "not a vouch model");
    char url[160];
    snprintf(url, sizeof url, "%s/data.mdb", f->url);
    assert_refused(url, false, "Not a directory");
    snprintf(url, sizeof url, "%s/a/b", f->url);
    assert_refused(url, false, "make the directory above it first");
}

static void a_newer_model_is_not_touched(void **state)
{
    struct fixture *f = *state;
    char key[] = "format", value[] = "3";
    lmdb_put_raw(f->dir, "meta", key, value);
    assert_refused(f->url, false, "another version of vouch");
    assert_refused(f->url, true, "another version of vouch");
}

static void newer_counts_are_a_failure_not_an_absence(void **state)
{
    struct fixture *f = *state;
    char key[] = "dom:example.org\0*", text[200];
    struct store_value v[2];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val k = {sizeof key - 1, key}, value = {24, (char[24]){99}};
    struct store *s = open_or_fail(f->url, false);
    store_close(&s);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 40), 0);
    assert_int_equal(mdb_env_open(env, f->dir, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "slot:0", 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &k, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    s = open_or_fail(f->url, false);
    struct store_query *q = store_ask(s, keys, 2);
    assert_int_equal(store_wait(&q, 0, v), LOOKUP_FAILED);
    assert_int_equal(v[0].outcome, LOOKUP_FAILED);
    assert_int_equal(v[1].outcome, LOOKUP_ABSENT);
    store_state(s, text, sizeof text);
    assert_non_null(strstr(text, "another version"));
    assert_int_equal(apply(s, 1), VOUCH_E_IO);
    assert_true(seen(s, 1) == 0); /* nothing of the batch */
    store_close(&s);
}

static void a_reader_may_not_turn_writer_in_one_process(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_or_fail(f->url, false);
    store_close(&s);
    struct store *r = open_or_fail(f->url, true);
    assert_refused(f->url, false, "Read-only");
    store_close(&r);
    s = open_or_fail(f->url, false);
    assert_int_equal(apply(s, 1), 0);
    store_close(&s);
}

static int count_version(void *arg, const struct store_version_info *v)
{
    (void)v;
    ++*(int *)arg;
    return 0;
}

static void so_many_versions_and_no_more(void **state)
{
    struct fixture *f = *state;
    char error[512], name[8], text[200];
    int made = 0, count = 0;
    struct store *s = open_or_fail(f->url, false);
    for (int rc = 0; rc == 0 && made < 100; made += rc == 0) {
        snprintf(name, sizeof name, "v%d", made);
        const struct store_options o = {.half_life = 86400, .version = name};
        struct store *v = store_open(f->url, &o, error, sizeof error);
        assert_non_null(v);
        rc = apply(v, 1);
        assert_true(rc == 0 || rc == VOUCH_E_IO);
        store_close(&v);
    }
    assert_int_equal(made, 31); /* and "1" */
    store_state(s, text, sizeof text);
    assert_non_null(strstr(text, "holds 32 versions"));
    assert_int_equal(store_versions(s, count_version, &count), 0);
    assert_int_equal(count, 32);
    assert_int_equal(apply(s, 1), 0); /* the others are as they were */
    assert_int_equal(store_activate(s, "v30"), 0);
    assert_true(seen(s, 0) == 1);
    assert_int_equal(store_drop(s, "v7"), 0);
    const struct store_options o = {.half_life = 86400, .version = "another"};
    struct store *v = store_open(f->url, &o, error, sizeof error);
    assert_int_equal(apply(v, 1), 0);
    assert_true(seen(v, 0) == 1);
    store_close(&v);
    store_close(&s);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static int setup(void **state)
{
    static struct fixture f;
    snprintf(f.dir, sizeof f.dir, "/tmp/vouch-lmdb-XXXXXX");
    if (!mkdtemp(f.dir))
        return -1;
    snprintf(f.url, sizeof f.url, "lmdb:%s", f.dir);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    return nftw(((struct fixture *)*state)->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define IN_DIRECTORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(a_reader_makes_nothing),
        IN_DIRECTORY(what_is_made_is_private),
        IN_DIRECTORY(root_makes_it_for_the_owner_of_the_directory),
        IN_DIRECTORY(what_is_no_model_is_left_alone),
        IN_DIRECTORY(a_newer_model_is_not_touched),
        IN_DIRECTORY(newer_counts_are_a_failure_not_an_absence),
        IN_DIRECTORY(a_reader_may_not_turn_writer_in_one_process),
        IN_DIRECTORY(so_many_versions_and_no_more),
    };
    return cmocka_run_group_tests_name("store_lmdb", tests, NULL, NULL);
}
