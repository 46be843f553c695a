/* SPDX-License-Identifier: BSD-2-Clause */
/* An open segment: what is taken lies within the bytes, and is written again as it was. What the
 * bytes say of a frame comes back when it is written and parsed. */
#include <stdlib.h>
#include <string.h>
#include "journal_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_frame(struct span bytes, uint64_t salt, const struct frame *f, size_t length)
{
    uint8_t head[FRAME_BYTES];
    if (length > bytes.len || length != FRAME_BYTES + f->datum.len ||
        f->datum.p != bytes.p + FRAME_BYTES)
        abort();
    frame_write(head, salt, f);
    if (memcmp(head, bytes.p, sizeof head) != 0)
        abort();
}

/* A frame with that datum, written and parsed. */
static void round_trip(struct span datum, uint64_t salt)
{
    struct frame f = {7, -8, 9, 10, 11, datum}, again;
    size_t length;
    char *bytes = malloc(FRAME_BYTES + datum.len);
    if (!bytes)
        return;
    frame_write((uint8_t *)bytes, salt, &f);
    memcpy(bytes + FRAME_BYTES, datum.p, datum.len);
    struct span whole = span_make(bytes, FRAME_BYTES + datum.len);
    if (frame_parse(whole, salt, &again, &length) != FRAME_WHOLE || again.number != 7 ||
        again.time_us != -8 || again.id != 9 || again.message_id != 10 || again.synced != 11 ||
        !span_eq(again.datum, datum) || frame_seek(whole, salt, 0) != 0)
        abort();
    if (datum.len > 0 &&
        frame_parse(span_slice(whole, 0, whole.len - 1), salt, &again, &length) != FRAME_PART)
        abort();
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1); /* so that a byte too far is seen */
    struct frame_head head = {.salt = 0};
    struct frame f;
    size_t length, at = 0;
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    struct span bytes = span_make(copy, size);
    if (frame_head_parse(bytes, &head) == FRAME_WHOLE) {
        struct sbuf out;
        sbuf_init(&out, FRAME_HEAD_MAX);
        if (head.length > size || frame_head_write(&out, &head) != 0 ||
            !span_eq(sbuf_span(&out), span_slice(bytes, 0, head.length)))
            abort();
        sbuf_clear(&out);
        at = head.length;
    }
    while (frame_parse(span_slice(bytes, at, size), head.salt, &f, &length) == FRAME_WHOLE) {
        check_frame(span_slice(bytes, at, size), head.salt, &f, length);
        at += length;
    }
    ptrdiff_t next = frame_seek(bytes, head.salt, at);
    if (next >= 0 && ((size_t)next < at || (size_t)next >= size))
        abort();
    round_trip(bytes, frame_digest(bytes));
    free(copy);
    return 0;
}
