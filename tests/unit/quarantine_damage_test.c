/* SPDX-License-Identifier: BSD-2-Clause */
/* Held files that are not what was written: every byte, every length, another key, another message's file. Nothing wrong is ever
 * read as right. */
#include "config.h"
#include <errno.h>
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
#include "held_log.h"
#include "quarantine_fixture.h"
#include "sbuf.h"

static struct sbuf read_file(const char *path)
{
    struct sbuf bytes;
    FILE *in = fopen(path, "re");
    assert_non_null(in);
    sbuf_init(&bytes, SIZE_MAX);
    for (int c; (c = getc(in)) != EOF;)
        sbuf_addc(&bytes, (char)c);
    fclose(in);
    return bytes;
}

static void write_file(const char *path, const char *p, size_t len)
{
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    assert_int_equal(fwrite(p, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

/* It cannot be opened, or what is wrong with it shows before its end; never is there a wrong byte. */
static void expect_damaged(struct quarantine *q, const char *id, const char *what, size_t at)
{
    char error[400] = "", part[1000];
    ptrdiff_t n;
    struct held *h = held_open(q, id, error, sizeof error);
    if (!h) {
        bool said = errno == EBADMSG || errno == EACCES;
        if (!said || !strstr(error, id))
            fail_msg("%s at %zu: errno %d, %s", what, at, errno, error);
        return;
    }
    while ((n = held_read(h, part, sizeof part)) > 0)
        ;
    if (n != VOUCH_E_SYNTAX)
        fail_msg("%s at %zu is not seen", what, at);
    assert_int_equal(held_read(h, part, sizeof part), VOUCH_E_SYNTAX); /* nor any more */
    held_close(&h);
}

static void each_byte(struct held_fixture *f, size_t size, size_t step)
{
    char id[HELD_ID_TEXT], path[400];
    struct quarantine *q = held_fixture_open(f);
    held_fixture_id(id, (unsigned)size);
    held_fixture_keep(q, id, size);
    held_fixture_path(f, id, ".held", path, sizeof path);
    struct sbuf file = read_file(path);
    for (size_t at = 0; at < file.len; at += at < 1000 ? 1 : step) {
        file.p[at] ^= 1 << at % 8;
        write_file(path, file.p, file.len);
        expect_damaged(q, id, "a changed bit", at);
        file.p[at] ^= 1 << at % 8;
        write_file(path, file.p, at);
        expect_damaged(q, id, "a cut", at);
    }
    sbuf_addc(&file, 'x');
    write_file(path, file.p, file.len);
    expect_damaged(q, id, "a byte too much", file.len);
    write_file(path, file.p, file.len - 1);
    held_fixture_check(q, id, size);
    sbuf_clear(&file);
    quarantine_close(&q);
}

static void plain(void **state)
{
    each_byte(*state, 300, 1);
    each_byte(*state, 150000, 1009);
}

static void encrypted(void **state)
{
    struct held_fixture *f = *state;
    f->options.key_file = f->key_file;
    each_byte(f, 300, 1);
    each_byte(f, 150000, 1009);
}

static void under_another_name(void **state)
{
    struct held_fixture *f = *state;
    char a[HELD_ID_TEXT], b[HELD_ID_TEXT], from[400], to[400];
    f->options.key_file = f->key_file;
    struct quarantine *q = held_fixture_open(f);
    held_fixture_id(a, 1);
    held_fixture_id(b, 2);
    held_fixture_keep(q, a, 10);
    held_fixture_path(f, a, ".held", from, sizeof from);
    held_fixture_path(f, b, ".held", to, sizeof to);
    assert_int_equal(rename(from, to), 0);
    expect_damaged(q, b, "another's file", 0);
    quarantine_close(&q);
}

#define KEY(c) "00000000000000000000000000000000000000000000000000000000000000" c "\n"

static void keys(void **state)
{
    struct held_fixture *f = *state;
    char id[3][HELD_ID_TEXT], error[400];
    for (unsigned i = 0; i < 3; i++)
        held_fixture_id(id[i], i + 1);
    struct quarantine *q = held_fixture_open(f); /* none */
    held_fixture_keep(q, id[0], 10);
    quarantine_close(&q);
    f->options.key_file = f->key_file;
    held_fixture_write(f->key_file, "# old\n" KEY("01"));
    q = held_fixture_open(f);
    held_fixture_keep(q, id[1], 200000);
    quarantine_close(&q);
    held_fixture_write(f->key_file, KEY("02") "\n" KEY("01"));
    q = held_fixture_open(f);
    held_fixture_keep(q, id[2], 10);
    held_fixture_check(q, id[0], 10);
    held_fixture_check(q, id[1], 200000);
    held_fixture_check(q, id[2], 10);
    quarantine_close(&q);
    held_fixture_write(f->key_file, KEY("02"));
    q = held_fixture_open(f);
    held_fixture_check(q, id[2], 10);
    assert_null(held_open(q, id[1], error, sizeof error));
    assert_int_equal(errno, EACCES);
    assert_non_null(strstr(error, "is encrypted with the key "));
    quarantine_close(&q);
    f->options.key_file = NULL;
    q = held_fixture_open(f);
    assert_null(held_open(q, id[2], error, sizeof error));
    assert_int_equal(errno, EACCES);
    assert_non_null(strstr(error, "there is no key file"));
    quarantine_close(&q);
}

static void key_files_that_are_none(void **state)
{
    static const struct {
        const char *text, *says;
    } table[] = {
        {"", "key holds no key: expected 64 hexadecimal digits"},
        {"# nothing\n", "holds no key"},
        {KEY("01") "abc\n", "key:2: not a key: expected 64 hexadecimal digits"},
    };
    struct held_fixture *f = *state;
    char error[400];
    f->options.key_file = f->key_file;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        held_fixture_write(f->key_file, table[i].text);
        assert_null(quarantine_open(&f->options, error, sizeof error));
        if (!strstr(error, table[i].says))
            fail_msg("%s", error);
    }
    held_fixture_write(f->key_file, KEY("01"));
    for (mode_t mode = 1; mode <= 4; mode *= 2) {
        assert_int_equal(chmod(f->key_file, 0640 | mode), 0);
        assert_null(quarantine_open(&f->options, error, sizeof error));
        assert_non_null(strstr(error, "open to every user of this host: 'chmod o= "));
    }
    assert_int_equal(chmod(f->key_file, 0640), 0);
    assert_int_equal(quarantine_check_key(f->key_file, error, sizeof error), 0);
    assert_int_equal(quarantine_check_key(NULL, error, sizeof error), 0);
    unlink(f->key_file);
    assert_null(quarantine_open(&f->options, error, sizeof error));
    assert_non_null(strstr(error, "No such file or directory; 'openssl rand -hex 32' makes a key"));
}

/* Two alike in their envelope are different files, and none tells what is in it. */
static void nothing_shows(void **state)
{
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT], path[400];
    f->options.key_file = f->key_file;
    struct quarantine *q = held_fixture_open(f);
    held_fixture_id(id, 1);
    held_fixture_keep(q, id, 3000);
    held_fixture_path(f, id, ".held", path, sizeof path);
    struct sbuf file = read_file(path);
    assert_null(memmem(file.p, file.len, "example", 7));
    assert_null(memmem(file.p, file.len, id, 8));
    sbuf_clear(&file);
    quarantine_close(&q);
}

static void logs(void **state)
{
    static const struct {
        const char *text;
        size_t lines; /* SIZE_MAX: refused */
        enum held_state state;
    } table[] = {
#define BEGAN "{\"time_us\":1,\"event\":\"began\",\"who\":\"root\",\"rcpts\":null}\n"
#define RELEASED                                                                                   \
    "{\"time_us\":2,\"event\":\"released\",\"who\":\"root\",\"why\":\"x\",\"rcpts\":null}\n"
        {"", 0, HELD_WAITS},
        {BEGAN, 1, HELD_DOUBT},
        {BEGAN RELEASED, 2, HELD_GONE},
        {BEGAN "{\"time_us\":2,\"event\":\"rel", 1, HELD_DOUBT}, /* torn */
        {"\n", SIZE_MAX, HELD_WAITS},
        {"{}\n", SIZE_MAX, HELD_WAITS},
        {"[]\n", SIZE_MAX, HELD_WAITS},
        {BEGAN "garbage\n" RELEASED, SIZE_MAX, HELD_WAITS},
        {"{\"time_us\":1,\"event\":\"eaten\",\"who\":\"root\"}\n", SIZE_MAX, HELD_WAITS},
        {"{\"time_us\":\"1\",\"event\":\"began\",\"who\":\"root\"}\n", SIZE_MAX, HELD_WAITS},
        {"{\"time_us\":1,\"event\":\"began\",\"who\":null}\n", SIZE_MAX, HELD_WAITS},
        {"{\"time_us\":1,\"event\":\"began\",\"who\":\"r\",\"rcpts\":[1]}\n", SIZE_MAX, HELD_WAITS},
        {"{\"time_us\":1,\"event\":\"began\",\"who\":\"r\",\"rcpts\":\"a\"}\n", SIZE_MAX,
         HELD_WAITS},
        {"{\"time_us\":1,\"event\":\"began\",\"who\":\"r\",\"rcpts\":[]}\n", 1, HELD_WAITS},
        {"{\"time_us\":1,\"event\":\"began\",\"who\":\"r\",\"rcpts\":[\"<a@example.com>\"],"
         "\"more\":1}"
         "\n",
         1, HELD_DOUBT},
    };
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT], path[400], error[400];
    size_t count;
    struct quarantine *q = held_fixture_open(f);
    held_fixture_id(id, 1);
    held_fixture_keep(q, id, 10);
    held_fixture_path(f, id, ".log", path, sizeof path);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        held_fixture_write(path, table[i].text);
        for (int locked = 0; locked < 2; locked++) {
            struct held_log *l = locked ? held_log_open(q, id, 0, error, sizeof error)
                                        : held_log_read(q, id, error, sizeof error);
            if ((l != NULL) != (table[i].lines != SIZE_MAX))
                fail_msg("%s: %s", table[i].text, l ? "taken" : error);
            if (!l) {
                assert_int_equal(errno, EBADMSG);
                continue;
            }
            held_log_lines(l, &count);
            assert_int_equal(count, table[i].lines);
            assert_int_equal(held_log_state(l, "<a@example.com>"), table[i].state);
            held_log_close(&l);
        }
    }
    quarantine_close(&q);
}

static void add_line(struct quarantine *q, const char *id, enum held_event event)
{
    static const char *const rcpts[] = {"<a@example.com>"};
    char error[400];
    const struct held_line line = {.event = event,
                                   .time_us = 1,
                                   .who = "operator",
                                   .why = "ticket",
                                   .rcpts = rcpts,
                                   .rcpt_count = 1,
                                   .note = "250 example"};
    struct held_log *l = held_log_open(q, id, 0, error, sizeof error);
    if (!l)
        fail_msg("%s", error);
    assert_int_equal(held_log_add(l, &line), 0);
    held_log_close(&l);
}

static void expect_log(struct quarantine *q, const char *id, int error_wanted, size_t lines)
{
    char error[400];
    size_t count = 0;
    struct held_log *l = held_log_read(q, id, error, sizeof error);
    assert_int_equal(l ? 0 : errno, error_wanted);
    if (!l)
        return;
    held_log_lines(l, &count);
    assert_int_equal(count, lines);
    assert_int_equal(held_log_state(l, "<a@example.com>"), HELD_GONE);
    assert_int_equal(held_log_state(l, "<b@example.com>"), HELD_WAITS);
    held_log_close(&l);
}

/* Lines of before there was a key, and of two keys; none of the others tells anything. */
static void an_encrypted_log(void **state)
{
    struct held_fixture *f = *state;
    char a[HELD_ID_TEXT], b[HELD_ID_TEXT], path[400], other[400];
    held_fixture_id(a, 1);
    held_fixture_id(b, 2);
    held_fixture_path(f, a, ".log", path, sizeof path);
    held_fixture_path(f, b, ".log", other, sizeof other);
    struct quarantine *q = held_fixture_open(f);
    held_fixture_keep(q, a, 10);
    held_fixture_keep(q, b, 10);
    add_line(q, a, HELD_BEGAN);
    struct sbuf file = read_file(path);
    size_t plain = file.len;
    sbuf_clear(&file);
    quarantine_close(&q);
    f->options.key_file = f->key_file;
    held_fixture_write(f->key_file, KEY("01"));
    q = held_fixture_open(f);
    add_line(q, a, HELD_FAILED);
    quarantine_close(&q);
    held_fixture_write(f->key_file, KEY("02") KEY("01"));
    q = held_fixture_open(f);
    add_line(q, a, HELD_RELEASED);
    expect_log(q, a, 0, 3);
    file = read_file(path);
    assert_null(memmem(file.p + plain, file.len - plain, "example", 7));
    assert_null(memmem(file.p + plain, file.len - plain, "operator", 8));
    assert_null(memmem(file.p + plain, file.len - plain, "released", 8));
    write_file(other, file.p, file.len);
    expect_log(q, b, EBADMSG, 0); /* another message's */
    for (size_t at = plain; at < file.len - 1; at++) {
        file.p[at] ^= 1;
        write_file(path, file.p, file.len);
        struct held_log *l = held_log_read(q, a, other, sizeof other);
        assert_null(l);
        file.p[at] ^= 1;
    }
    write_file(path, file.p, file.len - 3); /* torn */
    add_line(q, a, HELD_RELEASED);
    expect_log(q, a, 0, 3);
    quarantine_close(&q);
    held_fixture_write(f->key_file, KEY("02"));
    q = held_fixture_open(f);
    expect_log(q, a, EACCES, 0);
    quarantine_close(&q);
    sbuf_clear(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, held_fixture_setup, held_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plain),
        TEST(encrypted),
        TEST(under_another_name),
        TEST(keys),
        TEST(key_files_that_are_none),
        TEST(nothing_shows),
        TEST(logs),
        TEST(an_encrypted_log),
    };
    return cmocka_run_group_tests_name("damaged quarantine", tests, NULL, NULL);
}
