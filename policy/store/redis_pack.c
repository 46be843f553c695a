/* SPDX-License-Identifier: BSD-2-Clause */
/* MessagePack: a byte that says what follows and how long its length is, the length, the bytes. */
#include "redis_pack.h"
#include <string.h>
#include "redis_names.h"

enum {
    STR_8 = 0xd9,
    STR_16,
    STR_32,
    INT_32 = 0xd2,
    LIST_32 = 0xdd,
    FIXSTR = 0xa0,
    FIXSTR_MAX = 31
};

/* type, and value in so many bytes, the highest first */
static void head(struct sbuf *out, uint8_t type, uint32_t value, unsigned bytes)
{
    uint8_t b[5] = {type};
    for (unsigned i = bytes; i > 0; i--, value >>= 8)
        b[i] = (uint8_t)value;
    sbuf_add(out, b, 1 + bytes);
}

static void string_head(struct sbuf *out, size_t len)
{
    if (len > UINT32_MAX)
        out->failed = true;
    else if (len > UINT16_MAX)
        head(out, STR_32, (uint32_t)len, 4);
    else if (len > UINT8_MAX)
        head(out, STR_16, (uint32_t)len, 2);
    else if (len > FIXSTR_MAX)
        head(out, STR_8, (uint32_t)len, 1);
    else
        head(out, (uint8_t)(FIXSTR + len), 0, 0);
}

void redis_pack_list(struct sbuf *out, size_t items)
{
    if (items > UINT32_MAX)
        out->failed = true;
    head(out, LIST_32, (uint32_t)items, 4);
}

void redis_pack(struct sbuf *out, struct span string)
{
    string_head(out, string.len);
    sbuf_addspan(out, string);
}

void redis_pack_int(struct sbuf *out, int32_t value)
{
    head(out, INT_32, (uint32_t)value, 4);
}

void redis_pack_group(struct sbuf *out, const char *version, const char *group)
{
    char bucket[REDIS_BUCKET_TEXT];
    struct span b = redis_bucket_text(group, bucket), v = span_of(version), g = span_of(group);
    string_head(out, REDIS_PREFIX.len + v.len + b.len + g.len);
    sbuf_addspan(out, REDIS_PREFIX);
    sbuf_addspan(out, v);
    sbuf_addspan(out, b);
    sbuf_addspan(out, g);
}
