/* SPDX-License-Identifier: BSD-2-Clause */
/* Authentication-Results: reads any value; and whatever the values of a message are, what we write
 * is claimed as ours and its lines are folded. */
#include <stdlib.h>
#include <string.h>
#include "authres.h"

#define ID "mx.example.com"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(1 << 24);
    if (!arena)
        return 0;
    authres_claims(span_make(data, size), ID);
    const char *s = arena_span(arena, span_make(data, size));
    struct message m = {.client_hop = -1, .env = {.sender = s, .helo = s}};
    struct dkim_result dkim = {AUTH_FAIL, s, s, s, s, s, 2048, 0, s};
    struct evidence ev = {.spf = {AUTH_FAIL, SPF_SCOPE_MAILFROM, s, s, s},
                          .dkim = &dkim,
                          .dkim_count = 1,
                          .dmarc = {.result = AUTH_FAIL, .domain = s, .reason = s},
                          .iprev = {AUTH_FAIL, s, s}};
    const char *field = authres_format(arena, ID, &m, &ev);
    if (field && !authres_claims(span_of(field), ID))
        abort();
    for (const char *c = field; c && *c; c++)
        if (*c == '\n' ? c[1] != '\t' : *c != '\t' && (*c < ' ' || *c > '~'))
            abort();
    arena_free(&arena);
    return 0;
}
