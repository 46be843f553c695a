/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that are taken as a list of erased subjects are written back as they were; every subject in
 * it that is in our form belongs to itself, and no key breaks the matcher. */
#include <stdlib.h>
#include <string.h>
#include "erasure.h"
#include "identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_back(const struct erasure_list *l, const uint8_t *data, size_t size)
{
    struct sbuf out;
    sbuf_init(&out, ERASURE_BYTES_MAX);
    erasure_encode(l, &out);
    if (out.failed || out.len != size || memcmp(out.p, data, size) != 0)
        abort();
    sbuf_clear(&out);
}

/* The subject in every field of a key. */
static void look_up(const struct erasure_list *l, const struct erasure *e)
{
    static const char *const prefixes[] = {
        "h:", "d:", "a:", "mf:", "p:net:", "r:", "r:a@b.example:"};
    char subject[ERASURE_SUBJECT_MAX + 1], field[ERASURE_SUBJECT_MAX + 32];
    bool ours =
        erasure_subject(span_of(e->subject), subject) == 0 && strcmp(subject, e->subject) == 0;
    bool found = false;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t n = strlen(prefixes[i]);
        memcpy(field, prefixes[i], n);
        memcpy(field + n, e->subject, strlen(e->subject) + 1);
        identity_shorten(field);
        found |= erasure_until(l, "dom:x.example", field) >= e->time;
    }
    if (ours && !found)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct erasure_list *l;
    size_t count;
    if (erasure_decode(data, size, &l) != 0)
        return 0;
    write_back(l, data, size);
    const struct erasure *items = erasure_items(l, &count);
    for (size_t i = 0; i < count && i < 8; i++)
        look_up(l, &items[i]);
    if (count > 0 && erasure_add(l, span_of("example.org"), 1) != 0 && count < ERASURE_MAX)
        abort();
    erasure_list_free(&l);
    return 0;
}
