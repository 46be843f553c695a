/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "quarantine_fixture.h"
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define KEY_1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

int held_fixture_setup(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct held_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->top, sizeof f->top, "%s/vouch-quarantine.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->top));
    snprintf(f->dir, sizeof f->dir, "%s/q", f->top);
    snprintf(f->key_file, sizeof f->key_file, "%s/key", f->top);
    held_fixture_write(f->key_file, KEY_1);
    f->options = (struct quarantine_options){.dir = f->dir, .memory_bytes = HELD_FIXTURE_MEMORY};
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

int held_fixture_teardown(void **state)
{
    struct held_fixture *f = *state;
    nftw(f->top, remove_one, 10, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

struct quarantine *held_fixture_open(const struct held_fixture *f)
{
    char error[400];
    struct quarantine *q = quarantine_open(&f->options, error, sizeof error);
    if (!q)
        fail_msg("%s", error);
    return q;
}

void held_fixture_write(const char *path, const char *text)
{
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    assert_int_equal(fchmod(fileno(out), 0600), 0);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

void held_fixture_id(char id_r[HELD_ID_TEXT], unsigned n)
{
    unsigned long long ms = 1767225600000ull + n; /* 2026-01-01T00:00:00Z */
    snprintf(id_r, HELD_ID_TEXT, "%08llx-%04llx-7000-8000-%012x", ms >> 16 & 0xffffffff,
             ms & 0xffff, n);
}

/* Any bytes, other ones in each block. */
char held_fixture_byte(size_t i)
{
    return (char)((i * 31 + (i >> 8) + (i >> 16)) & 0xff);
}

int held_fixture_try(struct quarantine *q, const char *id, size_t size, char *error_r, size_t n)
{
    static const char *const rcpts[] = {"<a@example.com>", "<b@example.com>"};
    const struct held_envelope e = {
        .sender = "<s@example.org>", .rcpts = rcpts, .rcpt_count = 2, .body = "8BITMIME"};
    char part[1000];
    struct held_writer *w = held_writer_new(q);
    if (!w)
        return VOUCH_E_NOMEM;
    for (size_t at = 0; at < size;) {
        size_t len = size - at < sizeof part ? size - at : sizeof part;
        for (size_t i = 0; i < len; i++)
            part[i] = held_fixture_byte(at + i);
        held_add(w, span_make(part, len));
        at += len;
    }
    int rc = held_keep(w, id, &e, "{\"id\":1}", error_r, n), error = errno;
    held_writer_free(&w);
    errno = error;
    return rc;
}

void held_fixture_keep(struct quarantine *q, const char *id, size_t size)
{
    char error[400] = "";
    if (held_fixture_try(q, id, size, error, sizeof error) != 0)
        fail_msg("%s: %s", id, error);
}

static void check_message(struct held *h, size_t size)
{
    char part[777];
    ptrdiff_t n;
    size_t at = 0;
    while ((n = held_read(h, part, sizeof part)) > 0)
        for (ptrdiff_t i = 0; i < n; i++, at++)
            if (part[i] != held_fixture_byte(at))
                fail_msg("byte %zu of %zu is %02x, not %02x", at, size, part[i] & 255,
                         held_fixture_byte(at) & 255);
    assert_int_equal(n, 0);
    assert_int_equal(at, size);
}

void held_fixture_check(struct quarantine *q, const char *id, size_t size)
{
    char error[400];
    struct held *h = held_open(q, id, error, sizeof error);
    if (!h)
        fail_msg("%s", error);
    const struct held_envelope *e = held_envelope(h);
    assert_string_equal(e->sender, "<s@example.org>");
    assert_int_equal(e->rcpt_count, 2);
    assert_string_equal(e->rcpts[1], "<b@example.com>");
    assert_string_equal(e->body, "8BITMIME");
    assert_false(e->utf8);
    assert_string_equal(held_record(h), "{\"id\":1}");
    assert_int_equal(held_size(h), size);
    check_message(h, size);
    held_rewind(h);
    check_message(h, size);
    held_close(&h);
}

void held_fixture_path(const struct held_fixture *f, const char *id, const char *extension,
                       char *path_r, size_t size)
{
    snprintf(path_r, size, "%s/2026-01-01/%s%s", f->dir, id, extension);
}

static const char *wanted;
static unsigned found;

static int count_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)at;
    size_t n = strlen(path), m = strlen(wanted);
    found += kind == FTW_F && n > m && strcmp(path + n - m, wanted) == 0;
    return 0;
}

unsigned held_fixture_files(const struct held_fixture *f, const char *end)
{
    wanted = end;
    found = 0;
    nftw(f->dir, count_one, 10, FTW_PHYS);
    return found;
}
