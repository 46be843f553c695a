/* SPDX-License-Identifier: BSD-2-Clause */
/* Variable-length integers, in their shortest form only. */
#include "varint.h"

uint8_t *varint_put(uint8_t *p, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        *p++ = (uint8_t)(value | 0x80);
    *p++ = (uint8_t)value;
    return p;
}

uint8_t *varint_put_signed(uint8_t *p, int64_t value)
{
    uint64_t twice = (uint64_t)value << 1;
    return varint_put(p, value < 0 ? ~twice : twice);
}

static uint64_t fail(struct varint_reader *r)
{
    r->bad = true;
    r->p = r->end;
    return 0;
}

uint64_t varint_get(struct varint_reader *r)
{
    const uint8_t *p = r->p;
    uint64_t value = 0;
    for (unsigned shift = 0; p < r->end && shift < 64; shift += 7) {
        uint8_t byte = *p++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        if ((shift == 63 && byte > 1) || (shift && !byte))
            break; /* more than 64 bits, or not the shortest form */
        r->p = p;
        return value;
    }
    return fail(r);
}

uint64_t varint_get_max(struct varint_reader *r, uint64_t max)
{
    uint64_t value = varint_get(r);
    return value > max ? fail(r) : value;
}

int64_t varint_get_signed(struct varint_reader *r)
{
    uint64_t value = varint_get(r);
    return value & 1 ? -(int64_t)(value >> 1) - 1 : (int64_t)(value >> 1);
}
