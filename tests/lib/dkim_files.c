/* SPDX-License-Identifier: BSD-2-Clause */
/* See dkim_files.h. */
#include "dkim_files.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "clock.h"
#include "dkim.h"
#include "received.h"
#include "resolver.h"
#include "rfc5322.h"
#include "zonefile.h"

#define DNS_MS 5000

struct judge {
    const struct dkim_files *files;
    long long now;
    struct resolver *resolver;
    struct dkim_verifier *lib;
    struct arena *arena;
    char name[64]; /* the message these results are of */
    struct dkim_result *results;
    size_t count;
};

/* The whole file with CRLF line ends, to be freed; NULL: cannot be read. */
static char *read_wire(const char *path, size_t *len_r)
{
    FILE *f = fopen(path, "rb");
    size_t cap = 0, n = 0;
    char *text = NULL;
    int c = EOF;
    while (f && (c = getc(f)) != EOF) {
        if (n + 2 > cap) {
            char *more = realloc(text, cap = 2 * cap + 4096);
            if (!more)
                break;
            text = more;
        }
        if (c == '\n' && (n == 0 || text[n - 1] != '\r'))
            text[n++] = '\r';
        text[n++] = (char)c;
    }
    if (!f || c != EOF) {
        free(text);
        text = NULL;
    }
    if (f)
        fclose(f);
    *len_r = n;
    return text;
}

static long long received_at(struct arena *arena, struct span message, long long now)
{
    struct field field;
    struct hop hop;
    while (rfc5322_next_field(&message, &field) == 1)
        if (span_ieq_cstr(field.name, "Received") &&
            received_parse(arena, field.value, &hop) == 0 && hop.time > 0)
            return hop.time;
    return now;
}

static int verify(struct judge *j, struct span message)
{
    struct field field;
    size_t skipped;
    int rc = -1;
    struct dns_batch *dns = dns_batch_new(j->resolver, clock_ms() + DNS_MS, 100);
    struct dkim_check *c =
        dns ? dkim_check_new(j->lib, j->arena, dns, 20, received_at(j->arena, message, j->now))
            : NULL;
    while (c && (rc = rfc5322_next_field(&message, &field)) == 1)
        if (dkim_check_field(c, field.name, field.value) != 0)
            break;
    if (rc == 0 && (rc = dkim_check_eoh(c)) == 0) {
        dkim_check_body(c, message);
        rc = dkim_check_finish(c, true, &j->results, &j->count, &skipped);
    }
    dkim_check_free(&c);
    dns_batch_free(&dns);
    return rc;
}

static int judge_file(struct judge *j, const char *name)
{
    char path[4096];
    size_t len;
    snprintf(path, sizeof path, "%s/%s", j->files->messages, name);
    snprintf(j->name, sizeof j->name, "%s", name);
    arena_reset(j->arena);
    char *text = read_wire(path, &len);
    int rc = text ? verify(j, span_make(text, len)) : -1;
    free(text);
    if (rc != 0)
        printf("# %s cannot be judged\n", path);
    return rc;
}

static void compare(const struct judge *j, unsigned index, const char *expected,
                    struct dkim_tally *t)
{
    static const struct dkim_result missing = {.reason = "no such signature"};
    const struct dkim_result *r = index < j->count ? &j->results[index] : &missing;
    const char *word = auth_result_name(r->result);
    size_t length = strcspn(expected, ":"); /* "fail:sig" */
    bool pass = r->result == AUTH_PASS,
         same = word && strlen(word) == length && strncmp(word, expected, length) == 0;
    bool want = strncmp(expected, "pass", length) == 0;
    t->lines++;
    t->passed += pass;
    t->lost += want && !pass;
    t->accepted += !want && pass;
    t->other += !want && !same;
    if (!same)
        printf("# %s signature %u: expected %s, is %s (%s)\n", j->name, index, expected,
               word ? word : "nothing", r->reason ? r->reason : "");
}

int dkim_files_judge(const struct dkim_files *files, long long now, struct dkim_tally *tally_r)
{
    const struct resolver_options options = {.zone_file = files->zone, .zone_ops = &zonefile_ops};
    struct judge j = {.files = files, .now = now, .arena = arena_new(1 << 24)};
    char error[256] = "", name[64], key[300], result[32];
    unsigned index;
    int rc = -1;
    FILE *expected = fopen(files->expected, "r");
    *tally_r = (struct dkim_tally){0};
    j.resolver = resolver_new(&options, error, sizeof error);
    j.lib = j.resolver ? dkim_verifier_new(error, sizeof error) : NULL;
    if (expected && j.lib && j.arena)
        rc = 0;
    else
        printf("# %s: %s\n", files->expected, expected ? error : "cannot be opened");
    while (rc == 0 && fscanf(expected, "%63[^\t]\t%u\t%299[^\t]\t%31[^\n]\n", name, &index, key,
                             result) == 4) {
        if (strcmp(name, j.name) != 0)
            rc = judge_file(&j, name);
        if (rc == 0)
            compare(&j, index, result, tally_r);
    }
    if (expected)
        fclose(expected);
    dkim_verifier_free(&j.lib);
    resolver_free(&j.resolver);
    arena_free(&j.arena);
    return rc;
}
