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
    struct score *score;
    size_t *clients; /* of each row */
    size_t count, cap;
    unsigned char *kinds; /* what each client sent: 1 bad, 2 good, 3 both */
    size_t kinds_cap;
    size_t without_client;
    bool used[TW_COUNT];
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
    if (!r || !(r->score = score_new())) {
        snprintf(error_r, size, "out of memory");
        free(r);
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
    score_free(&r->score);
    free(r->clients);
    free(r->kinds);
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

/* Room for one more item, zeroed. */
static int grow(void *itemsp, size_t size, size_t wanted, size_t *capp)
{
    void *items;
    size_t cap = *capp ? *capp : 1024;
    while (cap < wanted)
        cap *= 2;
    if (cap == *capp)
        return 0;
    memcpy(&items, itemsp, sizeof items); /* itemsp may be a pointer to any kind of pointer */
    if (!(items = realloc(items, cap * size)))
        return VOUCH_E_NOMEM;
    memset((char *)items + *capp * size, 0, (cap - *capp) * size);
    memcpy(itemsp, &items, sizeof items);
    *capp = cap;
    return 0;
}

static int keep(struct replay_rows *r, const struct replay_judged *j)
{
    const struct record *record = j->record;
    const struct score_row row = {.sum = record->trust->sum,
                                  .trust = record->trust->trust,
                                  .good = j->item->good,
                                  .class = (int)record->decision->class,
                                  .subsets =
                                      SCORE_ALL | (j->first_contact ? SCORE_FIRST_CONTACT : 0),
                                  .message = j->place};
    bool known = j->client != SIZE_MAX;
    if (grow(&r->clients, sizeof *r->clients, r->count + 1, &r->cap) != 0 ||
        (known && grow(&r->kinds, 1, j->client + 1, &r->kinds_cap) != 0) ||
        score_add(r->score, &row) != 0)
        return VOUCH_E_NOMEM;
    r->clients[r->count++] = j->client;
    if (known)
        r->kinds[j->client] |= j->item->good ? 2 : 1;
    r->without_client += !known;
    for (int w = 0; w < TW_COUNT; w++)
        r->used[w] |= record->trust->x[w] != 0;
    return 0;
}

int replay_rows_see(void *arg, const struct replay_judged *j)
{
    struct replay_rows *r = arg;
    int rc = keep(r, j);
    if (rc == 0 && r->features.f)
        write_features(r->features.f, j);
    return rc == 0 && r->out.f ? write_record(r->out.f, j) : rc;
}

static void know_subsets(struct replay_rows *r)
{
    size_t count;
    struct score_row *rows = score_rows(r->score, &count);
    for (size_t i = 0; i < count; i++) {
        if (r->clients[i] != SIZE_MAX && r->kinds[r->clients[i]] == 3)
            rows[i].subsets |= SCORE_MIXED_SOURCE;
        if (i >= count / 5)
            rows[i].subsets |= SCORE_LAST_80;
    }
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
    know_subsets(r);
    int rc = end_file(&r->features, error_r, size);
    return rc == 0 ? end_file(&r->out, error_r, size) : rc;
}

struct score *replay_rows_score(struct replay_rows *r)
{
    return r->score;
}

bool replay_rows_used(const struct replay_rows *r, int weight)
{
    return r->used[weight];
}

size_t replay_rows_without_client(const struct replay_rows *r)
{
    return r->without_client;
}
