/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers in step: vouch-milter(8) names each that is told, and no other; each has its HELP and TYPE; the alerts ask for none
 * that is not told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "metrics_text.h"

static void read_file(const char *name, struct sbuf *text)
{
    char path[2048];
    const char *src = getenv("VOUCH_SRCDIR");
    sbuf_init(text, 1 << 20);
    snprintf(path, sizeof path, "%s/%s", src ? src : ".", name);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s cannot be read", path);
    for (int c; (c = getc(f)) != EOF;)
        sbuf_addc(text, (char)c);
    fclose(f);
    assert_false(text->failed);
}

/* All that there can be. */
static struct sbuf told(void)
{
    const struct gauges g = {.has_journal = true, .lag_known = true, .quarantine_known = true};
    struct metrics *m = metrics_new();
    struct sbuf text;
    sbuf_init(&text, METRICS_TEXT_MAX);
    metrics_text(m, &g, &text);
    metrics_free(&m);
    assert_false(text.failed);
    return text;
}

static bool is_name_char(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z');
}

/* The next name of a number in *rest. */
static bool next_name(struct span *rest, struct span *name_r)
{
    while (rest->len) {
        size_t n = 0;
        while (n < rest->len && is_name_char(rest->p[n]))
            n++;
        *name_r = span_slice(*rest, 0, n);
        *rest = span_slice(*rest, n ? n : 1, rest->len);
        if ((span_istarts(*name_r, "vouch_") || span_istarts(*name_r, "process_")))
            return true;
    }
    return false;
}

static bool is_told(const struct sbuf *text, struct span name)
{
    char line[200];
    snprintf(line, sizeof line, "# TYPE %.*s ", SPAN_ARGS(name));
    return strstr(sbuf_str(text), line) != NULL;
}

static void page_has_each(void **state)
{
    struct sbuf page, text = told();
    struct span rest = sbuf_span(&text), line;
    int count = 0;
    (void)state;
    read_file("man/vouch-milter.8", &page);
    while (span_split(&rest, '\n', &line)) {
        struct span name, words = line;
        char help[200];
        if (!span_istarts(line, "# TYPE ") || !next_name(&words, &name))
            continue;
        count++;
        snprintf(help, sizeof help, "# HELP %.*s ", SPAN_ARGS(name));
        if (!strstr(sbuf_str(&text), help))
            fail_msg("%.*s has no HELP", SPAN_ARGS(name));
        bool found = false;
        for (struct span on_page = sbuf_span(&page), n; next_name(&on_page, &n);)
            found = found || span_eq(n, name);
        if (!found)
            fail_msg("vouch-milter(8) lacks %.*s", SPAN_ARGS(name));
    }
    assert_true(count > 30);
    sbuf_clear(&page);
    sbuf_clear(&text);
}

static void has_no_other(const char *file)
{
    struct sbuf page, text = told();
    struct span name;
    read_file(file, &page);
    for (struct span rest = sbuf_span(&page); next_name(&rest, &name);)
        if (!is_told(&text, name))
            fail_msg("%s speaks of %.*s, which is not told", file, SPAN_ARGS(name));
    sbuf_clear(&page);
    sbuf_clear(&text);
}

static void page_has_no_other(void **state)
{
    (void)state;
    has_no_other("man/vouch-milter.8");
}

static void alerts_have_no_other(void **state)
{
    (void)state;
    has_no_other("contrib/monitoring/vouch-alerts.yml");
    has_no_other("contrib/monitoring/vouch-alerts-test.yml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_has_each),
        cmocka_unit_test(page_has_no_other),
        cmocka_unit_test(alerts_have_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
