/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields that only we may write, found in a message: X-Vouch*, and Authentication-Results that bear our
 * authserv-id (RFC 8601 s5). They are remembered by name and index for whoever can remove them. */
#include <stdlib.h>
#include <strings.h>
#include "assess_private.h"

#define ASSESS_MAX_FORGED 100000 /* the arena's maximum comes first */

/* index: among the fields of that name; 0 if all of them are ours and so stand in the list, where
 * assess_forged counts them. */
static int note_forged(struct assess *a, struct span name, size_t position, unsigned index)
{
    if (arena_grow(a->arena, &a->forged, a->forged_count, &a->forged_cap, sizeof *a->forged,
                   ASSESS_MAX_FORGED) != 0)
        return assess_fail(a);
    struct assess_forged *f = &a->forged[a->forged_count];
    *f = (struct assess_forged){arena_span(a->arena, name), index, position};
    if (!f->name)
        return assess_fail(a);
    a->forged_count++;
    return 0;
}

int assess_look_for_forged(struct assess *a, struct span name, struct span value)
{
    size_t position = a->fields_seen++;
    if (span_istarts(name, "X-Vouch"))
        return note_forged(a, name, position, 0);
    if (!span_ieq_cstr(name, "Authentication-Results"))
        return 0;
    a->authres_seen++;
    return authres_claims(value, assess_context_authserv_id(a->context, a->settings))
               ? note_forged(a, name, position, a->authres_seen)
               : 0;
}

bool assess_carried_forged(const struct assess *a)
{
    const struct message *m = &a->message;
    size_t boundary = 0;
    for (ptrdiff_t hop = -1; hop < m->client_hop && boundary < m->field_count; boundary++)
        hop += span_ieq_cstr(m->fields[boundary].name, "Received");
    for (size_t i = 0; i < a->forged_count; i++)
        if (a->forged[i].position >= boundary &&
            span_ieq_cstr(span_of(a->forged[i].name), "Authentication-Results"))
            return true;
    return false;
}

static int by_position(const void *pa, const void *pb)
{
    const struct assess_forged *a = pa, *b = pb;
    return (a->position > b->position) - (a->position < b->position);
}

static int by_name(const void *pa, const void *pb)
{
    const struct assess_forged *a = pa, *b = pb;
    int c = strcasecmp(a->name, b->name);
    return c ? c : by_position(pa, pb);
}

/* Sorted to count, since a message may hold as many names as fields. */
const struct assess_forged *assess_forged(struct assess *a, size_t *count_r)
{
    struct assess_forged *f = a->forged;
    size_t n = a->forged_count;
    if (n > 0)
        qsort(f, n, sizeof *f, by_name);
    for (size_t i = 0; i < n; i++)
        if (f[i].index == 0)
            f[i].index =
                i > 0 && strcasecmp(f[i - 1].name, f[i].name) == 0 ? f[i - 1].index + 1 : 1;
    if (n > 0)
        qsort(f, n, sizeof *f, by_position);
    *count_r = n;
    return f;
}
