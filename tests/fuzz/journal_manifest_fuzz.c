/* SPDX-License-Identifier: BSD-2-Clause */
/* A manifest: its entries make sense, and all its bytes are accounted for. */
#include <stdlib.h>
#include <string.h>
#include "journal_manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count_line(void *arg, size_t line, const char *text)
{
    size_t *last = arg;
    if (line < *last || !text)
        abort();
    *last = line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct manifest m;
    size_t last = 0;
    char *copy = malloc(size + 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    if (manifest_parse(span_make(copy, size), &m, count_line, &last) == 0) {
        if (m.size + m.torn != size || strlen(m.writer) >= sizeof m.writer)
            abort();
        for (size_t i = 0; i < m.count; i++) {
            const struct manifest_entry *e = &m.entries[i];
            if (e->first == 0 || e->last < e->first || e->previous >= e->first ||
                e->last > m.last || !manifest_find(&m, e->first))
                abort();
        }
    }
    manifest_clear(&m);
    free(copy);
    return 0;
}
