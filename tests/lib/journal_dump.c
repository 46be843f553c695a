/* SPDX-License-Identifier: BSD-2-Clause */
/* journal_dump DIR/WRITER [AFTER]: the records of a journal as they are now, in JSON, one a line. For
 * tests. */
#include <stdio.h>
#include <stdlib.h>
#include "journal_reader.h"
#include "record_avro.h"

#define RECORD_MEMORY (16u << 20)

static int print(struct span datum)
{
    struct arena *arena = arena_new(RECORD_MEMORY);
    const struct record *r;
    char *json = arena && record_decode(arena, datum, &r) == 0 ? record_json(r) : NULL;
    int rc = json && puts(json) >= 0 ? 0 : -1;
    free(json);
    arena_free(&arena);
    return rc;
}

int main(int argc, char **argv)
{
    char error[300];
    struct journal_entry entry;
    int rc = -1;
    if (argc < 2)
        return 64;
    struct journal_reader *r = journal_reader_open(
        argv[1], argc > 2 ? strtoull(argv[2], NULL, 10) : 0, error, sizeof error);
    if (!r) {
        fprintf(stderr, "%s\n", error);
        return 66;
    }
    while ((rc = journal_reader_next(r, &entry)) == 1)
        if (print(entry.datum) != 0) {
            fprintf(stderr, "record %llu cannot be read\n", (unsigned long long)entry.number);
            rc = -1;
            break;
        }
    if (rc != 0)
        fprintf(stderr, "%s\n", journal_reader_error(r));
    journal_reader_close(&r);
    return rc == 0 ? 0 : 65;
}
