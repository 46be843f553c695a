/* SPDX-License-Identifier: BSD-2-Clause */
/* A schema, a NUL, and data that are said to follow it; without a NUL, data of a later schema. What comes
 * out is always a datum of ours. */
#include <stdlib.h>
#include <string.h>
#include "errors.h"
#include "record_avro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Our schema with one more field: a map. */
static char *other_schema(void)
{
    static const char more[] = ",{\"name\":\"more\",\"type\":{\"type\":\"map\",\"values\":"
                               "[\"null\",\"string\",{\"type\":\"array\",\"items\":\"null\"}]}}]}";
    char *text = calloc(1, record_schema_len + sizeof more);
    if (!text)
        return NULL;
    memcpy(text, record_schema, record_schema_len);
    char *end = strrchr(text, ']');
    memcpy(end, more, sizeof more);
    return text;
}

static void resolve_all(struct record_resolver *r, struct span data)
{
    struct sbuf out;
    sbuf_init(&out, RECORD_BYTES_MAX);
    for (int i = 0; i < 4 && data.len > 0; i++) {
        size_t before = data.len;
        int rc = record_resolve(r, &data, &out);
        if (rc != 0)
            break;
        if (data.len > before || record_datum_length(sbuf_span(&out)) != out.len)
            abort();
        sbuf_reset(&out);
    }
    sbuf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[200];
    struct span input = span_make(data, size), schema;
    char *other = NULL;
    ptrdiff_t nul = span_index(input, '\0', 0);
    if (size > 0 && data[0] == '{' && nul > 0) {
        schema = span_slice(input, 0, (size_t)nul);
        input = span_slice(input, (size_t)nul + 1, size);
    } else {
        other = other_schema();
        schema = span_of(other);
    }
    struct record_resolver *r = record_resolver_new(schema, error, sizeof error);
    if (r)
        resolve_all(r, input);
    record_resolver_free(&r);
    free(other);
    return 0;
}
