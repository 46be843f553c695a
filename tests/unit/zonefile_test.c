/* SPDX-License-Identifier: BSD-2-Clause */
/* The resolver over a zone file: what it answers, and what it says of a file that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>
#include "arena.h"
#include "clock.h"
#include "resolver.h"
#include "zonefile.h"

static struct resolver *load(const char *text, size_t length, char error_r[512], char path_r[32])
{
    snprintf(path_r, 32, "/tmp/vouch-zone-XXXXXX");
    int fd = mkstemp(path_r);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), (ssize_t)length);
    close(fd);
    struct resolver_options options = {.zone_file = path_r, .zone_ops = &zonefile_ops};
    struct resolver *r = resolver_new(&options, error_r, 512);
    unlink(path_r);
    return r;
}

static const char zone[] = "; a comment\n"
                           "$ORIGIN example.com.\n"
                           "$TTL 1h\n"
                           "@ IN SOA ns hostmaster ( 1 3600\n"
                           "   600 86400 300 ) ; over two lines\n"
                           "  IN TXT \"v=spf1 \" \"-all\"\n"
                           "  IN TXT \"x\\\"y\\226z;\"\n"
                           "  3600 IN MX 10 mx\n"
                           "  IN MX 20 mx.example.NET.\n"
                           "MX A 192.0.2.1\n"
                           "   AAAA 2001:db8::1\n"
                           "alias CNAME alias2\n"
                           "alias2 CNAME MX\n"
                           "dangling CNAME nowhere\n"
                           "loop CNAME loop2\n"
                           "loop2 CNAME loop\n"
                           "outside CNAME good.example.org.\n"
                           "a.b.c A 192.0.2.3\n"
                           "*.wild TXT \"wild\"\n"
                           "x.y.wild A 192.0.2.4\n"
                           "*.alias CNAME mx\n"
                           "empty TXT \"\"\n"
                           "srv SRV 0 0 25 mx\n"
                           "$ORIGIN org.\n"
                           "good.example TXT \"elsewhere\"\n"
                           "7.100.51.198.in-addr.arpa. PTR mx.example.com.\n";

static const struct {
    const char *name;
    enum dns_type type;
    enum dns_status status;
    size_t count;
    const char *first; /* bytes the first record begins with, wire format */
} answers[] = {
    {"example.com", DNS_TXT, DNS_FOUND, 2, "\7v=spf1 \4-all"},
    {"EXAMPLE.COM.", DNS_TXT, DNS_FOUND, 2, "\7v=spf1 \4-all"},
    {"example.com", DNS_MX, DNS_FOUND, 2, ""},
    {"example.com", DNS_A, DNS_NODATA, 0, NULL},
    {"com", DNS_A, DNS_NODATA, 0, NULL},
    {"mx.example.com", DNS_A, DNS_FOUND, 1, "\xc0"},
    {"mx.example.com", DNS_AAAA, DNS_FOUND, 1, "\x20\x01\x0d\xb8"},
    {"mx.example.com", DNS_TXT, DNS_NODATA, 0, NULL},
    {"alias.example.com", DNS_A, DNS_FOUND, 1, "\xc0"},
    {"alias.example.com", DNS_MX, DNS_NODATA, 0, NULL},
    {"dangling.example.com", DNS_A, DNS_NXDOMAIN, 0, NULL},
    {"loop.example.com", DNS_A, DNS_FAILED, 0, NULL},
    {"outside.example.com", DNS_TXT, DNS_FOUND, 1,
     "\x09"
     "elsewhere"},
    {"nowhere.example.com", DNS_A, DNS_NXDOMAIN, 0, NULL},
    {"example.net", DNS_A, DNS_NXDOMAIN, 0, NULL},
    {"empty.example.com", DNS_TXT, DNS_FOUND, 1, ""},
    {"srv.example.com", DNS_A, DNS_NODATA, 0, NULL},
    {"7.100.51.198.in-addr.arpa", DNS_PTR, DNS_FOUND, 1, "\2mx\7example\3com"},
    /* RFC 4592: empty non-terminals exist; a wildcard stands for what does not */
    {"c.example.com", DNS_A, DNS_NODATA, 0, NULL},
    {"b.c.example.com", DNS_A, DNS_NODATA, 0, NULL},
    {"z.c.example.com", DNS_A, DNS_NXDOMAIN, 0, NULL},
    {"x.wild.example.com", DNS_TXT, DNS_FOUND, 1, "\4wild"},
    {"w.x.wild.example.com", DNS_TXT, DNS_FOUND, 1, "\4wild"},
    {"x.wild.example.com", DNS_A, DNS_NODATA, 0, NULL},
    {"*.wild.example.com", DNS_TXT, DNS_FOUND, 1, "\4wild"},
    {"wild.example.com", DNS_TXT, DNS_NODATA, 0, NULL},
    {"y.wild.example.com", DNS_TXT, DNS_NODATA, 0, NULL},
    {"z.y.wild.example.com", DNS_TXT, DNS_NXDOMAIN, 0, NULL},
    {"any.alias.example.com", DNS_A, DNS_FOUND, 1, "\xc0"},
    {"a..b", DNS_A, DNS_NXDOMAIN, 0, NULL},
};

static void answers_from_a_file(void **state)
{
    (void)state;
    char error[512], path[32];
    unsigned calls = 0;
    struct resolver *r = load(zone, sizeof zone - 1, error, path);
    if (!r)
        fail_msg("%s", error);
    struct dns_batch *b = dns_batch_new(r, clock_ms() - 1, 100);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct dns_question *q = dns_ask(b, answers[i].name, answers[i].type);
        const struct dns_answer *a = dns_peek(q);
        if (a->status != answers[i].status || a->count != answers[i].count)
            fail_msg("%s %d: status %d, %zu records", answers[i].name, answers[i].type, a->status,
                     a->count);
        if (answers[i].first)
            assert_memory_equal(a->rdata[0].p, answers[i].first, strlen(answers[i].first));
        assert_ptr_equal(dns_wait(q), a);
    }
    assert_int_equal(calls, 0);
    assert_false(dns_batch_timed_out(b));
    assert_int_equal(dns_batch_wait_us(b), 0);
    const struct dns_answer *txt = dns_wait(dns_ask(b, "example.com", DNS_TXT));
    struct arena *arena = arena_new(1000);
    size_t n;
    assert_string_equal(dns_txt_join(arena, txt->rdata[1], &n), "x\"y\xe2z;");
    arena_free(&arena);
    dns_batch_free(&b);
    resolver_free(&r);
}

#define LOT "x.example.com. A 192.0.2.1\n"

static const struct {
    const char *name, *text;
    int line;         /* 0: the file is good */
    const char *says; /* part of the message */
} files[] = {
    {"empty", "", 0, NULL},
    {"comments", "; a\n\n  ; b", 0, NULL},
    {"no line end", "x.example.com. A 192.0.2.1", 0, NULL},
    {"CR LF", "$ORIGIN example.com.\r\nx A 192.0.2.1\r\n", 0, NULL},
    {"relative without origin", "x A 192.0.2.1\n", 0, NULL},
    {"behaviours are comments", ";! x.example.com. A timeout\n" LOT, 0, NULL},
    {"no type", LOT "y.example.com.\n", 2, ""},
    {"unknown type", "y.example.com. IN BLAH 1\n", 1, "record type"},
    {"bad address", "\n\n" LOT "y.example.com. A 192.0.2.256\n", 4, ""},
    {"IPv6 as A", "y.example.com. A 2001:db8::1\n", 1, ""},
    {"missing data", LOT "y.example.com. MX 10\n", 2, ""},
    {"too much data", LOT "y.example.com. A 192.0.2.1 192.0.2.2\n", 2, ""},
    {"open quote", LOT "y.example.com. TXT \"abc\n", 2, ""},
    {"open bracket", LOT "y.example.com. TXT ( \"abc\"\n", 2, ""},
    {"bad TTL: none is kept", "$TTL x\n" LOT, 0, NULL},
    {"closing bracket", LOT "y.example.com. TXT \"a\" )\n", 2, "not opened"},
    {"quotes and brackets as text", "x.example.com. TXT \"(;\\\"\" ; (\"\n", 0, NULL},
    {"include", LOT LOT "$INCLUDE other\n", 3, "$INCLUDE is not supported"},
    {"other class", LOT "y.example.com. CH TXT \"x\"\n", 2, "class IN"},
    {"label of 64",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x. A 192.0.2.1\n", 1, ""},
    {"no zone at all", "From bob@example.org Thu Jan  1 00:00:00 2026\n", 1, ""},
};

static void errors_name_the_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char error[512] = "", path[32], want[64];
        struct resolver *r = load(files[i].text, strlen(files[i].text), error, path);
        if ((r != NULL) != (files[i].line == 0))
            fail_msg("%s: %s", files[i].name, r ? "taken" : error);
        resolver_free(&r);
        if (files[i].line == 0)
            continue;
        snprintf(want, sizeof want, "%s:%d: ", path, files[i].line);
        if (strncmp(error, want, strlen(want)) != 0 || !strstr(error, files[i].says) ||
            strlen(error) < strlen(want) + 8 || strchr(error, '\n'))
            fail_msg("%s: not %s but %s", files[i].name, want, error);
    }
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    static const char *const paths[][2] = {
        {"/nonexistent/zone", "/nonexistent/zone: cannot be read: No such file or directory"},
        {"/", "/: cannot be read: Is a directory"},
    };
    for (size_t i = 0; i < 2; i++) {
        char error[512];
        struct resolver_options options = {.zone_file = paths[i][0], .zone_ops = &zonefile_ops};
        assert_null(resolver_new(&options, error, sizeof error));
        assert_string_equal(error, paths[i][1]);
    }
    char error[512], path[32];
    static const char binary[] = "\0\1\2\xff\0\0x.example.com. A 192.0.2.1\n";
    struct resolver *r = load(binary, sizeof binary - 1, error, path);
    assert_null(r);
    assert_non_null(strstr(error, path));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_from_a_file),
        cmocka_unit_test(errors_name_the_line),
        cmocka_unit_test(files_that_cannot_be_read),
    };
    return cmocka_run_group_tests_name("zonefile", tests, NULL, NULL);
}
