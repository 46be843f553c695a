/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "replay_report.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "errors.h"
#include "report.h"
#include "sbuf.h"
#include "units.h"

#define FACT_BYTES 65536

struct replay_report {
    const char *path;
    FILE *f;
    struct report *report;
};

/* The words of a shell, those in quotation marks that need them. */
static void add_command(struct sbuf *out, int argc, char **argv)
{
    sbuf_adds(out, "vouch");
    for (int i = 0; i < argc; i++) {
        bool plain = argv[i][0] && !argv[i][strcspn(argv[i], " \t\n\"'`$&|;<>()*?[]#~!\\{}")];
        sbuf_addf(out, plain ? " %s" : " '%s'", argv[i]);
    }
}

static void add_labels(struct sbuf *out, const struct replay_options *o)
{
    char text[UNITS_TEXT];
    if (o->label_share < 1)
        sbuf_addf(out, "%g %% of them, drawn by seed %llu", 100 * o->label_share,
                  (unsigned long long)o->seed);
    else
        sbuf_adds(out, "all");
    if (o->label_delay > 0)
        sbuf_addf(out, ", each %s after its message",
                  units_format(units_duration, (uint64_t)o->label_delay * 1000, text));
    else
        sbuf_adds(out, ", each at once after its message");
}

static int add_facts(struct report *report, const struct replay_options *o, int argc, char **argv)
{
    struct sbuf text;
    sbuf_init(&text, FACT_BYTES);
    add_command(&text, argc, argv);
    int rc = report_fact(report, "Command", sbuf_str(&text));
    sbuf_reset(&text);
    add_labels(&text, o);
    if (rc == 0)
        rc = report_fact(report, "Version", PACKAGE_VERSION);
    if (rc == 0)
        rc = report_fact(report, "Labels learnt", sbuf_str(&text));
    if (rc == 0)
        rc = report_fact(report, "Weights",
                         o->refit == REPLAY_DAILY ? "fitted anew at each day's end" : "fixed");
    if (rc == 0)
        rc = report_fact(report, "DNS", o->zone_file ? o->zone_file : "nothing was asked");
    if (rc == 0)
        rc = report_fact(report, "Settings", o->settings->file);
    sbuf_clear(&text);
    return rc;
}

struct replay_report *replay_report_new(const char *path, const struct replay_options *options,
                                        int argc, char **argv, char *error_r, size_t size)
{
    struct replay_report *r = calloc(1, sizeof *r);
    snprintf(error_r, size, "out of memory");
    if (!r)
        return NULL;
    r->path = path;
    r->report = report_new(options->settings);
    if (!r->report || add_facts(r->report, options, argc, argv) != 0) {
        replay_report_free(&r);
        return NULL;
    }
    r->f = fopen(path, "we");
    if (!r->f) {
        snprintf(error_r, size, "%s: %s", path, strerror(errno));
        replay_report_free(&r);
    }
    return r;
}

void replay_report_free(struct replay_report **rp)
{
    struct replay_report *r = *rp;
    if (!r)
        return;
    if (r->f)
        fclose(r->f);
    report_free(&r->report);
    free(r);
    *rp = NULL;
}

int replay_report_see(struct replay_report *r, const struct replay_judged *j)
{
    return report_see(r->report, j);
}

int replay_report_count(struct replay_report *r, const char *name, size_t count)
{
    char text[32];
    snprintf(text, sizeof text, "%zu", count);
    return report_fact(r->report, name, text);
}

void replay_report_ablation(struct replay_report *r, const struct replay_variant *variants,
                            size_t count)
{
    for (size_t i = 0; i < count; i++)
        report_ablation(r->report, (enum trust_weight)variants[i].without, &variants[i].all);
}

int replay_report_end(struct replay_report *r, const struct corpus *corpus, struct score *score,
                      char *error_r, size_t size)
{
    struct sbuf page;
    size_t count;
    sbuf_init(&page, REPORT_BYTES);
    int rc = report_page(r->report, corpus_items(corpus, &count), score, &page);
    if (rc != 0) {
        snprintf(error_r, size, "%s: %s", r->path, vouch_strerror(rc));
    } else {
        bool written = fwrite(page.p, 1, page.len, r->f) == page.len;
        FILE *f = r->f;
        r->f = NULL;
        if (fclose(f) != 0 || !written) {
            snprintf(error_r, size, "%s: %s", r->path, strerror(errno));
            rc = VOUCH_E_IO;
        }
    }
    sbuf_clear(&page);
    return rc;
}
