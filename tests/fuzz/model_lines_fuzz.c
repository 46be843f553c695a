/* SPDX-License-Identifier: BSD-2-Clause */
/* An import: whatever is taken can be kept and written, and reads back as the same counts of the same
 * key, to ten digits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model_lines.h"
#include "tally.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(b);
}

static int write_and_read(void *arg, const struct model_line *given)
{
    char error[200], text[MODEL_LINE_MAX];
    struct model_line line;
    const struct store_key names = {given->group, given->field}, *key = &names;
    struct tally tally = tally_from_counts(&given->counts, 90 * 86400); /* what a store keeps */
    const struct counts kept = tally_counts(&tally);
    (void)arg;
    if (!model_key_valid(key))
        abort();
    FILE *f = fmemopen(text, sizeof text, "w");
    if (!f || (given->is_fit ? model_line_write_fit(f, &given->fit)
                             : model_line_write(f, key, &kept)) != 0)
        abort();
    long n = ftell(f);
    fclose(f);
    if (model_line_parse(span_make(text, (size_t)n), &line, error, sizeof error) != 0)
        abort();
    const struct counts *read = given->is_fit ? &kept : &line.counts;
    if (strcmp(line.group, key->group) != 0 || strcmp(line.field, key->field) != 0 ||
        !same(read->good, kept.good) || !same(read->bad, kept.bad) ||
        !same(read->seen, kept.seen) || read->first != kept.first || read->last != kept.last)
        abort();
    model_line_clear(&line);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[300];
    if (size == 0)
        return 0;
    char *copy = malloc(size);
    FILE *f = copy ? fmemopen(memcpy(copy, data, size), size, "r") : NULL;
    if (f) {
        model_lines_read(f, "fuzz", write_and_read, NULL, error, sizeof error);
        fclose(f);
    }
    free(copy);
    return 0;
}
