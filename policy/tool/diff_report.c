/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages counted by the reason of their difference. Reasons have no name of a message in them, so there are few. */
#include "diff_report.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "errors.h"
#include "tool.h"

struct example {
    char *id, *message_id; /* NULL: not known */
};

struct reason {
    char *text;
    size_t count, good, bad; /* messages; of them labelled */
    struct example *examples;
    size_t example_count, example_cap;
};

struct diff_report {
    size_t examples;
    struct reason *reasons;
    size_t reason_count, reason_cap;
    size_t messages, differ, good, bad;
    size_t stopped_good[DIFF_SIDES], passed_bad[DIFF_SIDES];
};

struct diff_report *diff_report_new(size_t examples)
{
    struct diff_report *r = calloc(1, sizeof *r);
    if (r)
        r->examples = examples ? examples : SIZE_MAX;
    return r;
}

void diff_report_free(struct diff_report **rp)
{
    struct diff_report *r = *rp;
    *rp = NULL;
    for (size_t i = 0; r && i < r->reason_count; i++) {
        for (size_t k = 0; k < r->reasons[i].example_count; k++) {
            free(r->reasons[i].examples[k].id);
            free(r->reasons[i].examples[k].message_id);
        }
        free(r->reasons[i].examples);
        free(r->reasons[i].text);
    }
    free(r ? r->reasons : NULL);
    free(r);
}

/* Room for one more of count items of size bytes; as realloc. */
static void *grown(void *list, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return list;
    size_t more = *cap ? 2 * *cap : 8;
    void *items = realloc(list, more * size);
    if (items)
        *cap = more;
    return items;
}

/* NULL: out of memory. */
static struct reason *find_reason(struct diff_report *r, const char *text)
{
    for (size_t i = 0; i < r->reason_count; i++)
        if (strcmp(r->reasons[i].text, text) == 0)
            return &r->reasons[i];
    struct reason *list = grown(r->reasons, r->reason_count, &r->reason_cap, sizeof *list);
    if (!list)
        return NULL;
    r->reasons = list;
    list[r->reason_count] = (struct reason){.text = strdup(text)};
    return list[r->reason_count].text ? &list[r->reason_count++] : NULL;
}

static int add_example(struct reason *reason, const struct diff_pair *p)
{
    struct example *list =
        grown(reason->examples, reason->example_count, &reason->example_cap, sizeof *list);
    if (!list)
        return VOUCH_E_NOMEM;
    reason->examples = list;
    struct example *e = &list[reason->example_count++];
    *e = (struct example){p->id ? strdup(p->id) : NULL,
                          p->message_id ? strdup(p->message_id) : NULL};
    return (p->id && !e->id) || (p->message_id && !e->message_id) ? VOUCH_E_NOMEM : 0;
}

static bool stops(enum action a)
{
    return a >= ACTION_QUARANTINE;
}

int diff_report_add(struct diff_report *r, const struct diff_pair *p)
{
    bool good = p->label == LABEL_GOOD, bad = p->label == LABEL_BAD;
    r->messages++;
    r->good += good;
    r->bad += bad;
    for (int side = 0; side < DIFF_SIDES; side++) {
        r->stopped_good[side] += good && stops(p->actions[side]);
        r->passed_bad[side] += bad && !stops(p->actions[side]);
    }
    if (!p->reason)
        return 0;
    struct reason *reason = find_reason(r, p->reason);
    if (!reason)
        return VOUCH_E_NOMEM;
    r->differ++;
    reason->count++;
    reason->good += good;
    reason->bad += bad;
    return reason->example_count < r->examples ? add_example(reason, p) : 0;
}

size_t diff_report_count(const struct diff_report *r)
{
    return r->differ;
}

static int by_count(const void *pa, const void *pb)
{
    const struct reason *a = pa, *b = pb;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return strcmp(a->text, b->text);
}

static void print_reason(const struct diff_report *r, FILE *out, const struct reason *reason)
{
    fprintf(out, "\n%7zu  ", reason->count);
    tool_print_safe(out, reason->text);
    if (r->good + r->bad > 0)
        fprintf(out, " (labelled: %zu good, %zu bad)", reason->good, reason->bad);
    fputc('\n', out);
    for (size_t i = 0; i < reason->example_count; i++) {
        const struct example *e = &reason->examples[i];
        fputs("         ", out);
        tool_print_safe(out, e->id ? e->id : "");
        if (e->message_id) {
            fputs(e->id ? "  <" : "<", out);
            tool_print_safe(out, e->message_id);
            fputc('>', out);
        }
        fputc('\n', out);
    }
    if (reason->count > reason->example_count)
        fprintf(out, "         ... (--verbose lists all)\n");
}

static void print_text(const struct diff_report *r, FILE *out, const char *const names[DIFF_SIDES],
                       const char *source)
{
    for (int side = 0; side < DIFF_SIDES; side++) {
        fprintf(out, "%c: ", 'A' + side);
        tool_print_safe(out, names[side]);
        fputc('\n', out);
    }
    tool_print_safe(out, source);
    fprintf(out, "\n%zu message%s, %zu judged otherwise by B (%.2f %%)\n", r->messages,
            r->messages == 1 ? "" : "s", r->differ,
            r->messages ? 100.0 * (double)r->differ / (double)r->messages : 0);
    if (r->good + r->bad == 0)
        fputs("no message has a label: what is stopped or let through cannot be counted\n", out);
    else
        fprintf(out,
                "                      A        B\n"
                "good stopped   %8zu %8zu   of %zu labelled good\n"
                "bad let in     %8zu %8zu   of %zu labelled bad\n",
                r->stopped_good[DIFF_A], r->stopped_good[DIFF_B], r->good, r->passed_bad[DIFF_A],
                r->passed_bad[DIFF_B], r->bad);
    for (size_t i = 0; i < r->reason_count; i++)
        print_reason(r, out, &r->reasons[i]);
}

static json_t *json_text(const char *text)
{
    json_t *s = text ? json_string(text) : json_null();
    return s ? s : json_null(); /* bytes that are no UTF-8 */
}

static json_t *json_reason(const struct reason *reason)
{
    json_t *examples = json_array();
    for (size_t i = 0; i < reason->example_count; i++)
        json_array_append_new(examples,
                              json_pack("{s:o, s:o}", "id", json_text(reason->examples[i].id),
                                        "message_id", json_text(reason->examples[i].message_id)));
    return json_pack("{s:o, s:I, s:I, s:I, s:o}", "reason", json_text(reason->text), "count",
                     (json_int_t)reason->count, "good", (json_int_t)reason->good, "bad",
                     (json_int_t)reason->bad, "examples", examples);
}

static json_t *json_sides(const size_t n[DIFF_SIDES])
{
    return json_pack("{s:I, s:I}", "a", (json_int_t)n[DIFF_A], "b", (json_int_t)n[DIFF_B]);
}

static int print_json(const struct diff_report *r, FILE *out, const char *const names[DIFF_SIDES],
                      const char *source)
{
    json_t *changes = json_array();
    for (size_t i = 0; i < r->reason_count; i++)
        json_array_append_new(changes, json_reason(&r->reasons[i]));
    json_t *o = json_pack("{s:o, s:o, s:o, s:I, s:I, s:{s:I, s:I}, s:o, s:o, s:o}", "a",
                          json_text(names[DIFF_A]), "b", json_text(names[DIFF_B]), "source",
                          json_text(source), "messages", (json_int_t)r->messages, "differ",
                          (json_int_t)r->differ, "labelled", "good", (json_int_t)r->good, "bad",
                          (json_int_t)r->bad, "stopped_good", json_sides(r->stopped_good),
                          "passed_bad", json_sides(r->passed_bad), "changes", changes);
    int rc = o ? json_dumpf(o, out, JSON_COMPACT) : -1;
    json_decref(o);
    fputc('\n', out);
    return rc == 0 ? 0 : VOUCH_E_NOMEM;
}

int diff_report_print(struct diff_report *r, FILE *out, const char *const names[DIFF_SIDES],
                      const char *source, bool json)
{
    if (r->reason_count)
        qsort(r->reasons, r->reason_count, sizeof *r->reasons, by_count);
    if (json)
        return print_json(r, out, names, source);
    print_text(r, out, names, source);
    return 0;
}
