/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "progress.h"

static void lines_are_as_they_should(void **state)
{
    (void)state;
    static const struct {
        uint64_t total, done, items;
        int64_t ms;
        unsigned columns;
        const char *line;
    } cases[] = {
        {200, 50, 1000, 10000, 80,
         "importing [########..........................]  25% 1000 keys, 100/s, 0:30 left"},
        {200, 200, 4000, 40000, 200,
         "importing [########################################] 100% 4000 keys, 100/s, 0:00 left"},
        {200, 0, 0, 0, 30, "importing   0% 0 keys, 0/s"},
        {200, 300, 1, 1000, 40, "importing 100% 1 keys, 1/s, 0:00 left"}, /* the file grew */
        {0, 0, 123456, 2000, 80, "importing 123456 keys, 61728/s"},
        {0, 0, 123456, 2000, 20, "importing 123456 ke"},
        {0, 0, 1, 1, 1, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct progress p = {.label = "importing", .unit = "keys", .total = cases[i].total};
        char line[256];
        assert_string_equal(progress_line(&p, cases[i].done, cases[i].items, cases[i].ms,
                                          cases[i].columns, line, sizeof line),
                            cases[i].line);
    }
}

/* Half of some work. */
static void draw_on(FILE *out)
{
    struct progress p;
    progress_start(&p, out, "importing", "keys", 100);
    p.drawn_ms -= 1000; /* as if it had begun long ago */
    progress_set(&p, 50, 50);
    progress_end(&p);
    fflush(out);
}

/* What a terminal got, which may come in pieces: until end, or nothing more comes. */
static void read_terminal(int fd, char *seen_r, size_t size, const char *end)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    size_t len = 0;
    ssize_t n = 1;
    while (n > 0 && !strstr(seen_r, end) && len < size - 1 && poll(&ready, 1, 10000) == 1) {
        n = read(fd, seen_r + len, size - 1 - len);
        len += n > 0 ? (size_t)n : 0;
        seen_r[len] = '\0';
    }
}

static void nothing_is_drawn_but_on_a_terminal(void **state)
{
    (void)state;
    FILE *f = tmpfile();
    draw_on(f);
    assert_int_equal(ftell(f), 0);
    fclose(f);

    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    f = fopen(ptsname(master), "w");
    assert_non_null(f);
    draw_on(f);
    char seen[400] = "";
    read_terminal(master, seen, sizeof seen, "\r\033[K");
    assert_non_null(strstr(seen, "\rimporting ["));
    assert_non_null(strstr(seen, " 50% 50 keys"));
    assert_non_null(strstr(seen, "\r\033[K")); /* and the line is clean again */
    fclose(f);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_as_they_should),
        cmocka_unit_test(nothing_is_drawn_but_on_a_terminal),
    };
    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
