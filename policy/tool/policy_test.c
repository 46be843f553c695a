/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch policy test: cases judged, and what was expected of them. */
#include "config.h"
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "case_run.h"
#include "sbuf.h"
#include "policy_command.h"
#include "tool.h"

#define WHY_ITEMS 6         /* pieces of evidence named for a case that failed */
#define TEXT_MAX  (1 << 20) /* bytes of all that was not as expected */

static const char usage[] =
    "Usage: vouch policy test [OPTION]... FILE...\n"
    "Judges the cases in FILE as vouch-milter would, and says which do not come out as expected.\n"
    "FILE is in the syntax of vouch.conf; vouch(1) tells what a case may say, and\n"
    "contrib/policy-cases.conf is an example. No network is asked, and no model is changed.\n\n"
    "  --config FILE   settings to try [" SYSCONFDIR "/vouch/vouch.conf]\n"
    "  --zone FILE     DNS answers, for cases that do not say what DNS says; without it none is\n"
    "                  asked\n"
    "  --store URL     the model, for cases that do not say what it knows; without it it knows\n"
    "                  nothing\n"
    "  --tap           print the Test Anything Protocol\n"
    "  --json          print a JSON object a line for each case\n"
    "  --help          this text\n\n"
    "Exit status: 0 all is as expected; 1 something is not; 64 usage, 65 mistakes in FILE, 66 no\n"
    "input, 69 the model cannot be asked, 78 configuration.\n";

enum form { FORM_LINES, FORM_TAP, FORM_JSON };

struct test {
    const char *config;
    enum form form;
    struct case_runner runner;
    size_t count, failed; /* cases so far */
};

/* ---- what was expected ---- */

/* One line for each that is not as expected: "class is suspicious, not trusted". */
static void differ(struct sbuf *out, const char *what, const char *is, const char *expected)
{
    sbuf_addf(out, "%s is %s, not %s\n", what, *is ? is : "none", *expected ? expected : "none");
}

static void compare(struct sbuf *out, const char *what, const char *is, const char *expected)
{
    if (strcmp(is, expected) != 0)
        differ(out, what, is, expected);
}

static const char *policy_name(const struct policy *p)
{
    return p ? p->name : "";
}

static void compare_flags(struct sbuf *out, const struct policy_case *c, unsigned flags)
{
    for (size_t i = 0; i < c->expect.flag_count; i++) {
        const char *name = c->expect.flags[i];
        bool wanted = *name != '!', is = false;
        name += !wanted;
        for (unsigned bits = flags; bits != 0; bits &= bits - 1)
            is |= strcmp(message_flag_name(bits), name) == 0;
        if (is != wanted)
            sbuf_addf(out, "flag %s is %s\n", name, is ? "there" : "not there");
    }
}

static void compare_rcpt(struct sbuf *out, const struct case_rcpt *e, const struct decision *d)
{
    const struct rcpt_decision *rcpt = NULL;
    char what[400];
    for (size_t i = 0; i < d->rcpt_count && !rcpt; i++)
        if (strcmp(d->rcpts[i].rcpt, e->recipient) == 0)
            rcpt = &d->rcpts[i];
    if (!rcpt) {
        sbuf_addf(out, "%s is no recipient of it\n", e->recipient);
        return;
    }
    snprintf(what, sizeof what, "for %.300s: ", e->recipient);
    size_t n = strlen(what);
#define FOR(field) (memcpy(what + n, field, sizeof field), what)
    if (e->class != CASE_NOT_SET)
        compare(out, FOR("class"), trust_class_name(rcpt->class),
                trust_class_name((enum trust_class)e->class));
    if (e->action != CASE_NOT_SET)
        compare(out, FOR("action"), action_name(rcpt->action), action_name((enum action)e->action));
    if (e->quarantine != CASE_NOT_SET)
        compare(out, FOR("quarantine"),
                rcpt->action == ACTION_QUARANTINE ? quarantine_method_name(rcpt->quarantine) : "",
                quarantine_method_name((enum quarantine_method)e->quarantine));
    if (e->policy)
        compare(out, FOR("policy"), policy_name(rcpt->policy), e->policy);
#undef FOR
}

static void compare_all(struct sbuf *out, const struct policy_case *c, const struct record *r)
{
    const struct decision *d = r->decision;
    if (c->expect.class != CASE_NOT_SET)
        compare(out, "class", trust_class_name(d->class),
                trust_class_name((enum trust_class)c->expect.class));
    if (c->expect.action != CASE_NOT_SET)
        compare(out, "action", action_name(d->action), action_name((enum action)c->expect.action));
    if (c->expect.mode != CASE_NOT_SET)
        compare(out, "mode", mode_name(d->mode), mode_name((enum mode)c->expect.mode));
    if (c->expect.policy)
        compare(out, "policy", policy_name(d->policy), c->expect.policy);
    if (c->expect.reason && !strstr(d->reason, c->expect.reason))
        sbuf_addf(out, "the reason does not say \"%s\"\n", c->expect.reason);
    compare_flags(out, c, r->flags);
    for (size_t i = 0; i < c->expect.recipient_count; i++)
        compare_rcpt(out, &c->expect.recipients[i], d);
}

/* ---- printing ---- */

/* Each line of text behind prefix. */
static void print_lines(const char *prefix, const char *text)
{
    struct span rest = span_of(text), line;
    char copy[2000];
    while (span_split(&rest, '\n', &line)) {
        if (line.len == 0)
            continue;
        snprintf(copy, sizeof copy, "%.*s", SPAN_ARGS(line));
        fputs(prefix, stdout);
        tool_print_safe(stdout, copy);
        putchar('\n');
    }
}

/* Why it came out so: for a person. */
static void add_why(struct sbuf *out, const struct record *r)
{
    sbuf_addf(out, "because %s\n", r->decision->reason);
    for (size_t i = 0; i < r->trust->item_count && i < WHY_ITEMS; i++) {
        const struct trust_item *t = &r->trust->items[i];
        char good[TOOL_COUNT_TEXT], bad[TOOL_COUNT_TEXT];
        sbuf_addf(out, "  %+.2f %s", t->weight, t->name);
        if (t->subject)
            sbuf_addf(out, " %s", t->subject);
        if (t->good >= 0)
            sbuf_addf(out, " (%s good, %s bad)", tool_count_text(t->good, good),
                      tool_count_text(t->bad, bad));
        if (t->note)
            sbuf_addf(out, ": %s", t->note);
        sbuf_addc(out, '\n');
    }
    if (r->trust->item_count == 0)
        sbuf_adds(out, "  nothing is known of this message\n");
}

static int print_json(const char *file, const struct policy_case *c, const struct record *r,
                      const char *wrong)
{
    json_t *list = json_array();
    struct span rest = span_of(wrong), line;
    while (span_split(&rest, '\n', &line))
        if (line.len > 0)
            json_array_append_new(list, json_stringn(line.p, line.len));
    char *text = record_json(r);
    json_t *record = text ? json_loads(text, 0, NULL) : NULL;
    json_t *o =
        json_pack("{s:s, s:i, s:s?, s:b, s:o, s:o}", "file", file, "line", c->line, "name", c->name,
                  "ok", !*wrong, "wrong", list, "record", record ? record : json_null());
    int rc = o && record ? json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) : -1;
    putchar('\n');
    json_decref(o);
    free(text);
    return rc == 0 ? 0 : tool_error(EX_OSERR, "out of memory");
}

static int print(const struct test *t, const char *file, const struct policy_case *c,
                 const struct record *r, const char *wrong)
{
    const struct tool_style *style = tool_style_for(stdout);
    struct sbuf why;
    if (t->form == FORM_JSON)
        return print_json(file, c, r, wrong);
    sbuf_init(&why, TEXT_MAX);
    add_why(&why, r);
    if (t->form == FORM_TAP)
        printf("%sok %zu - ", *wrong ? "not " : "", t->count);
    else
        printf("%s%s%s", *wrong ? style->red : style->green, *wrong ? "FAILED  " : "ok      ",
               style->reset);
    tool_print_safe(stdout, c->name ? c->name : "a case without a name");
    printf(" (%s:%d)\n", file, c->line);
    if (*wrong) {
        print_lines(t->form == FORM_TAP ? "# " : "        ", wrong);
        print_lines(t->form == FORM_TAP ? "# " : "        ", sbuf_str(&why));
    }
    sbuf_clear(&why);
    return 0;
}

/* ---- the run ---- */

static int test_case(struct test *t, const char *file, const struct policy_case *c)
{
    struct case_judged judged;
    struct sbuf wrong;
    int rc = case_judge(&t->runner, file, c, &judged);
    sbuf_init(&wrong, TEXT_MAX);
    if (rc == 0) {
        compare_all(&wrong, c, judged.record);
        t->count++;
        t->failed += wrong.len > 0;
        rc = print(t, file, c, judged.record, sbuf_str(&wrong));
    }
    sbuf_clear(&wrong);
    case_judged_clear(&judged);
    return rc;
}

static int read_cases(const char *file, struct policy_cases **cases_r)
{
    struct settings_error *errors = NULL;
    size_t count = 0, len;
    FILE *f = fopen(file, "re");
    char *text = f ? malloc(SETTINGS_MAX_BYTES + 1) : NULL;
    *cases_r = NULL;
    if (!text) {
        int status = f ? EX_OSERR : EX_NOINPUT;
        tool_error(status, "%s: %s", file, strerror(errno));
        if (f)
            fclose(f);
        return status;
    }
    len = fread(text, 1, SETTINGS_MAX_BYTES + 1, f);
    int bad = ferror(f) ? errno : 0;
    fclose(f);
    if (!bad)
        *cases_r = cases_parse(text, len, &errors, &count);
    free(text);
    if (bad)
        return tool_error(EX_NOINPUT, "%s: %s", file, strerror(bad));
    tool_print_mistakes(stderr, file, errors, count);
    settings_errors_free(&errors, count);
    if (*cases_r)
        return 0;
    return count ? EX_DATAERR : tool_error(EX_OSERR, "%s: out of memory", file);
}

static int test_files(struct test *t, char **files, size_t count)
{
    struct policy_cases **all = calloc(count, sizeof(struct policy_cases *));
    size_t cases = 0;
    int rc = all ? 0 : tool_error(EX_OSERR, "out of memory");
    for (size_t i = 0; i < count && all; i++) { /* of all files the mistakes first */
        int status = read_cases(files[i], &all[i]);
        rc = rc ? rc : status;
        cases += all[i] ? all[i]->count : 0;
    }
    if (rc == 0 && t->form == FORM_TAP)
        printf("1..%zu\n", cases);
    for (size_t i = 0; i < count && rc == 0; i++)
        for (size_t k = 0; k < all[i]->count && rc == 0; k++)
            rc = test_case(t, files[i], &all[i]->list[k]);
    for (size_t i = 0; i < count && all; i++)
        cases_free(&all[i]);
    free(all);
    if (rc == 0 && t->form == FORM_LINES)
        printf("%zu case%s, %zu as expected, %zu not\n", t->count, t->count == 1 ? "" : "s",
               t->count - t->failed, t->failed);
    return rc ? rc : t->failed > 0;
}

static int set_option(void *arg, int option, const char *value)
{
    struct test *t = arg;
    switch (option) {
    case 'c':
        t->config = value;
        break;
    case 'z':
        t->runner.zone = value;
        break;
    case 's':
        t->runner.url = value;
        break;
    case 't':
        t->form = FORM_TAP;
        break;
    default:
        t->form = FORM_JSON;
        break;
    }
    return 0;
}

/* 0: go on; otherwise *status_r is the exit status. */
static int parse_options(struct test *t, int argc, char **argv, int *status_r)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"zone", required_argument, NULL, 'z'},
                                            {"store", required_argument, NULL, 's'},
                                            {"tap", no_argument, NULL, 't'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    if (tool_options(argc, argv, options, usage, set_option, t, status_r) != 0)
        return -1;
    if (optind < argc)
        return 0;
    *status_r = tool_usage_error("no file of cases is given");
    return -1;
}

int policy_test(int argc, char **argv)
{
    struct test t = {0};
    int status = 0;
    if (parse_options(&t, argc, argv, &status) != 0)
        return status;
    t.runner.settings = tool_settings(t.config, &status);
    if (!t.runner.settings)
        return status;
    status = test_files(&t, argv + optind, (size_t)(argc - optind));
    if (fflush(stdout) != 0 && status <= 1)
        status = tool_error(EX_IOERR, "standard output: %s", strerror(errno));
    case_runner_clear(&t.runner);
    settings_unref(&t.runner.settings);
    return status;
}
