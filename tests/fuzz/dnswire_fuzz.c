/* SPDX-License-Identifier: BSD-2-Clause */
/* DNS responses: the first byte chooses the type asked for, the rest is the packet. What is found
 * is well-formed. */
#include <stdlib.h>
#include "arena.h"
#include "dnswire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t types[] = {DNS_A, DNS_PTR, DNS_MX, DNS_TXT, DNS_AAAA, DNS_TYPE_CNAME};
    if (size == 0)
        return 0;
    uint16_t type = types[data[0] % 6];
    struct dns_answer *a =
        dnswire_answer(span_make(data + 1, size - 1), (const uint8_t *)"\1a\1b", type);
    struct arena *arena = arena_new(1 << 20);
    if (a && (a->status == DNS_FOUND) != (a->count > 0))
        abort();
    for (size_t i = 0; a && arena && i < a->count; i++) {
        char name[254 * 4];
        size_t n;
        if (!dnswire_rdata_valid(type, a->rdata[i]))
            abort();
        dns_txt_join(arena, a->rdata[i], &n);
        dns_name_text(a->rdata[i], type == DNS_MX ? 2 : 0, name);
    }
    arena_free(&arena);
    free(a);
    return 0;
}
