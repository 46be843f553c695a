/* SPDX-License-Identifier: BSD-2-Clause */
/* A record in JSON that somebody else has kept: what can be read can be printed, and is then read as the same. */
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "errors.h"
#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(32 << 20);
    const struct record *r, *again;
    char *text = arena ? arena_span(arena, span_make(data, size)) : NULL;
    if (text && record_parse_json(arena, text, &r) == 0) {
        char *json = record_json(r);
        int rc = json ? record_parse_json(arena, json, &again) : VOUCH_E_NOMEM;
        char *twice = rc == 0 ? record_json(again) : NULL;
        if ((rc != 0 && rc != VOUCH_E_NOMEM) || (twice && strcmp(json, twice) != 0))
            abort();
        free(json);
        free(twice);
    }
    arena_free(&arena);
    return 0;
}
