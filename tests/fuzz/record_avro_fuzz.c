/* SPDX-License-Identifier: BSD-2-Clause */
/* A datum of our own schema: what is one has the length that is said of it, can be printed, and says the
 * same when it is written again. */
#include <stdlib.h>
#include <string.h>
#include "errors.h"
#include "record_avro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *rewritten(struct arena *arena, const struct record *r)
{
    struct sbuf out;
    const struct record *again;
    sbuf_init(&out, RECORD_BYTES_MAX);
    if (record_encode(&out, r) != 0 || record_datum_length(sbuf_span(&out)) != out.len)
        abort();
    int rc = record_decode(arena, sbuf_span(&out), &again);
    if (rc != 0 && rc != VOUCH_E_NOMEM)
        abort();
    sbuf_clear(&out);
    return rc == 0 ? record_json(again) : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span datum = span_make(data, size);
    struct arena *arena = arena_new(32 << 20);
    const struct record *r;
    if (!arena)
        return 0;
    size_t length = record_datum_length(datum);
    if (record_decode(arena, datum, &r) == 0) {
        char *json = record_json(r), *again = rewritten(arena, r);
        if (length != size || !json || (again && size < 1000 && strcmp(json, again) != 0))
            abort();
        free(json);
        free(again);
    }
    if (length > 0)
        free(record_datum_json(span_make(data, length)));
    arena_free(&arena);
    return 0;
}
