/* SPDX-License-Identifier: BSD-2-Clause */
/* Which label holds for a message (mark.h), and its bytes:
 *
 *     VALUE_MARK | rank | source | verdict | time in us | id, 16 bytes | at | mass
 *
 * numbers as varints (varint.h); verdict, time and at signed. */
#include "mark.h"
#include <string.h>
#include "errors.h"
#include "value.h"
#include "varint.h"

bool mark_beats(const struct mark *a, const struct mark *b)
{
    if (a->rank != b->rank)
        return a->rank > b->rank;
    if (a->time_us != b->time_us)
        return a->time_us > b->time_us;
    return memcmp(a->id, b->id, sizeof a->id) > 0;
}

size_t mark_encode(const struct mark *m, uint8_t bytes_r[MARK_BYTES_MAX])
{
    uint8_t *p = bytes_r;
    *p++ = VALUE_MARK;
    p = varint_put(p, m->rank);
    p = varint_put(p, m->source);
    p = varint_put_signed(p, m->verdict);
    p = varint_put_signed(p, m->time_us);
    memcpy(p, m->id, sizeof m->id);
    p += sizeof m->id;
    p = varint_put_signed(p, m->at);
    p = varint_put(p, m->mass);
    return (size_t)(p - bytes_r);
}

static void get_bytes(struct varint_reader *r, uint8_t *bytes_r, size_t len)
{
    if ((size_t)(r->end - r->p) < len) {
        r->bad = true;
        return;
    }
    memcpy(bytes_r, r->p, len);
    r->p += len;
}

int mark_decode(const void *bytes, size_t len, struct mark *m_r)
{
    struct mark m = {0};
    struct varint_reader r = {bytes, (const uint8_t *)bytes + len, false};
    if (varint_get(&r) != VALUE_MARK)
        return VOUCH_E_SYNTAX;
    m.rank = (uint8_t)varint_get_max(&r, UINT8_MAX);
    m.source = (uint8_t)varint_get_max(&r, UINT8_MAX);
    int64_t verdict = varint_get_signed(&r);
    m.verdict = (int8_t)(verdict > 0) - (int8_t)(verdict < 0);
    m.time_us = varint_get_signed(&r);
    get_bytes(&r, m.id, sizeof m.id);
    m.at = varint_get_signed(&r);
    m.mass = (uint32_t)varint_get_max(&r, UINT32_MAX);
    if (r.bad || r.p != r.end || m.verdict != verdict)
        return VOUCH_E_SYNTAX;
    *m_r = m;
    return 0;
}
