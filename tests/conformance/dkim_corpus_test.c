/* SPDX-License-Identifier: BSD-2-Clause */
/* Real signatures of a public mailing list, each judged at the time of its topmost Received field,
 * with the keys of that time. VOUCH_CORPUS_LINUX_MAN: directory with one file a message. The keys and
 * the expected results lie beside the source tree (VOUCH_SHARED, default ../shared). Skipped where
 * either is missing. Signatures that are expected to fail are told, not held against us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "arena.h"
#include "dkim.h"
#include "resolver.h"
#include "received.h"
#include "rfc5322.h"

struct judged {
    char name[64]; /* the message these results are of */
    struct arena *arena;
    struct dkim_result *results;
    size_t count;
};

static struct resolver *resolver;
static struct dkim_lib *lib;
static const char *corpus;

/* The path of a file beside the source tree; false if it cannot be read. */
static bool shared_file(char *path_r, size_t size, const char *name)
{
    const char *shared = getenv("VOUCH_SHARED"), *src = getenv("VOUCH_SRCDIR");
    if (shared)
        snprintf(path_r, size, "%s/data/dkim/%s", shared, name);
    else
        snprintf(path_r, size, "%s/../shared/data/dkim/%s", src ? src : ".", name);
    return access(path_r, R_OK) == 0;
}

/* The whole file with CRLF line ends, to be freed. */
static char *read_wire(const char *path, size_t *len_r)
{
    FILE *f = fopen(path, "rb");
    size_t cap = 1 << 16, n = 0;
    char *text = malloc(cap);
    int c;
    assert_non_null(f);
    while ((c = getc(f)) != EOF) {
        if (n + 2 > cap)
            text = realloc(text, cap *= 2);
        assert_non_null(text);
        if (c == '\n' && (n == 0 || text[n - 1] != '\r'))
            text[n++] = '\r';
        text[n++] = (char)c;
    }
    fclose(f);
    *len_r = n;
    return text;
}

static int64_t top_received(struct arena *arena, struct span message)
{
    struct field field;
    struct hop hop;
    while (rfc5322_next_field(&message, &field) == 1)
        if (span_ieq_cstr(field.name, "Received") &&
            received_parse(arena, field.value, &hop) == 0 && hop.time > 0)
            return hop.time;
    return 0;
}

static void judge(struct judged *j, const char *name)
{
    char path[4096];
    size_t len, skipped;
    struct field field;
    snprintf(path, sizeof path, "%s/%s", corpus, name);
    snprintf(j->name, sizeof j->name, "%s", name);
    char *text = read_wire(path, &len);
    struct span rest = span_make(text, len);
    arena_reset(j->arena);
    struct dns_batch *dns = dns_batch_new(resolver, resolver_clock_ms() + 5000, 100);
    struct dkim_check *c = dkim_check_new(lib, j->arena, dns, 20, top_received(j->arena, rest));
    assert_true(dns && c);
    while (rfc5322_next_field(&rest, &field) == 1)
        assert_int_equal(dkim_check_field(c, field.name, field.value), 0);
    assert_int_equal(dkim_check_eoh(c), 0);
    dkim_check_body(c, rest);
    assert_int_equal(dkim_check_finish(c, true, &j->results, &j->count, &skipped), 0);
    dkim_check_free(&c);
    dns_batch_free(&dns);
    free(text);
}

static void linux_man(void **state)
{
    FILE *expected = *state;
    struct judged j = {.arena = arena_new(1 << 24)};
    char name[64], key[300], result[32];
    unsigned index, lines = 0, passed = 0, wrong = 0, not_passed = 0;
    while (fscanf(expected, "%63[^\t]\t%u\t%299[^\t]\t%31[^\n]\n", name, &index, key, result) ==
           4) {
        if (strcmp(name, j.name) != 0)
            judge(&j, name);
        bool want = strcmp(result, "pass") == 0;
        bool pass = index < j.count && j.results[index].result == AUTH_PASS;
        lines++;
        passed += pass;
        not_passed += !want && !pass;
        if (want && !pass) {
            wrong++;
            print_message("# %s signature %u: %s\n", name, index,
                          index < j.count ? j.results[index].reason : "not found");
        }
    }
    print_message("# %u of %u signatures pass; %u do not and are not expected to\n", passed, lines,
                  not_passed);
    assert_true(lines > 0);
    assert_int_equal(wrong, 0);
    arena_free(&j.arena);
}

static int set_up(void **state)
{
    char zone[4096], tsv[4096], error[256] = "";
    shared_file(zone, sizeof zone, "linux-man.zone");
    shared_file(tsv, sizeof tsv, "linux-man.expected.tsv");
    const struct resolver_options options = {.zone_file = zone};
    resolver = resolver_new(&options, error, sizeof error);
    lib = resolver ? dkim_lib_new(error, sizeof error) : NULL;
    if (!lib)
        print_error("%s\n", error);
    *state = fopen(tsv, "r");
    return lib && *state ? 0 : -1;
}

static int tear_down(void **state)
{
    if (*state)
        fclose(*state);
    dkim_lib_free(&lib);
    resolver_free(&resolver);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linux_man),
    };
    char tsv[4096];
    corpus = getenv("VOUCH_CORPUS_LINUX_MAN");
    if (!corpus || !shared_file(tsv, sizeof tsv, "linux-man.expected.tsv")) {
        printf("1..0 # SKIP needs VOUCH_CORPUS_LINUX_MAN and the keys in ../shared/data/dkim\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
