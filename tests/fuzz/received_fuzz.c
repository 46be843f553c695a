/* SPDX-License-Identifier: BSD-2-Clause */
/* One Received field. The first byte says how little memory there is. */
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "domain.h"
#include "errors.h"
#include "received.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check(const struct hop *hop)
{
    char name[DOMAIN_MAX + 1];
    const char *words[] = {hop->helo, hop->with, hop->id, hop->rcpt};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        must(!words[i] || utf8_valid(span_of(words[i])));
    must(!hop->name || (!domain_normalize(span_of(hop->name), name) && !strcmp(name, hop->name)));
    must(!hop->helo || strlen(hop->helo) <= 3 * 255);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hop hop;
    if (size == 0)
        return 0;
    struct arena *arena = arena_new(data[0] < 128 ? data[0] * 4 : 1 << 20);
    must(arena != NULL);
    int rc = received_parse(arena, span_make(data + 1, size - 1), &hop);
    must(rc == 0 || rc == VOUCH_E_SYNTAX || (rc == VOUCH_E_NOMEM && data[0] < 128));
    if (rc == 0) {
        check(&hop);
        received_client(&hop, 1, NULL, 0);
    }
    arena_free(&arena);
    return 0;
}
