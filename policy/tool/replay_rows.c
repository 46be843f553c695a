/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay_rows.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "errors.h"

struct file {
    const char *path;
    FILE *f; /* NULL: none is written */
};

struct replay_rows {
    struct file features, out;
};

static int open_file(struct file *file, const char *path, char *error_r, size_t size)
{
    file->path = path;
    if (path && !(file->f = fopen(path, "we"))) {
        snprintf(error_r, size, "%s: %s", path, strerror(errno));
        return VOUCH_E_IO;
    }
    return 0;
}

static void write_names(FILE *f)
{
    fputs("good\ttime\tsum\ttrust\tclass\tfirst_contact\tclient", f);
    for (int w = 0; w < TW_COUNT; w++)
        fprintf(f, "\t%s", trust_weight_name(w));
    fputs("\tpath\n", f);
}

struct replay_rows *replay_rows_new(const char *features, const char *out, char *error_r,
                                    size_t size)
{
    struct replay_rows *r = calloc(1, sizeof *r);
    if (!r) {
        snprintf(error_r, size, "out of memory");
        return NULL;
    }
    if (open_file(&r->features, features, error_r, size) != 0 ||
        open_file(&r->out, out, error_r, size) != 0) {
        replay_rows_free(&r);
        return NULL;
    }
    if (r->features.f)
        write_names(r->features.f);
    return r;
}

void replay_rows_free(struct replay_rows **rp)
{
    struct replay_rows *r = *rp;
    if (!r)
        return;
    *rp = NULL;
    if (r->features.f)
        fclose(r->features.f);
    if (r->out.f)
        fclose(r->out.f);
    free(r);
}

static void write_features(FILE *f, const struct replay_judged *j)
{
    char ip[IPADDR_TEXT];
    const struct record *r = j->record;
    struct message_client client = message_client(r->message);
    fprintf(f, "%d\t%lld\t%.2f\t%.6f\t%d\t%d\t%s", j->item->good, (long long)j->item->time,
            r->trust->sum, r->trust->trust, (int)r->decision->class, j->first_contact,
            client.ip.family == IP_NONE ? "-" : ipaddr_format(&client.ip, ip));
    for (int w = 0; w < TW_COUNT; w++)
        fprintf(f, "\t%.6g", r->trust->x[w]);
    fprintf(f, "\t%s", j->item->path);
    if (j->item->number)
        fprintf(f, ":%u", j->item->number);
    fputc('\n', f);
}

/* The record with the label in it; how long it took is not written, so that the same corpus always gives
 * the same file. */
static int write_record(FILE *f, const struct replay_judged *j)
{
    const struct label label = {.verdict = j->item->good ? LABEL_GOOD : LABEL_BAD,
                                .source = LABEL_PERSON,
                                .note = j->item->path};
    struct record r = *j->record;
    r.labels = &label;
    r.label_count = 1;
    r.timing = (struct record_timing){-1, -1, -1, -1, -1, -1, -1};
    char *line = record_json(&r);
    if (!line)
        return VOUCH_E_NOMEM;
    fprintf(f, "%s\n", line);
    free(line);
    return 0;
}

int replay_rows_see(void *arg, const struct replay_judged *j)
{
    struct replay_rows *r = arg;
    if (r->features.f)
        write_features(r->features.f, j);
    return r->out.f ? write_record(r->out.f, j) : 0;
}

static int end_file(struct file *file, char *error_r, size_t size)
{
    int rc = file->f ? fclose(file->f) : 0;
    file->f = NULL;
    if (rc == 0)
        return 0;
    snprintf(error_r, size, "%s: %s", file->path, strerror(errno));
    return VOUCH_E_IO;
}

int replay_rows_end(struct replay_rows *r, char *error_r, size_t size)
{
    int rc = end_file(&r->features, error_r, size);
    return rc == 0 ? end_file(&r->out, error_r, size) : rc;
}
