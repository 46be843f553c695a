/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields that only we may write, found in a message: X-Vouch*, and Authentication-Results that bear our authserv-id
 * (RFC 8601 s5). They are remembered by name and index for whoever can remove them. */
#include "assess_private.h"

#define ASSESS_MAX_FORGED 100000 /* the arena's maximum comes first */

/* Remembers a field that only we may write. The same name's earlier ones all stand in the list, but for
 * Authentication-Results, of which most are somebody else's: their number is index. */
static int note_forged(struct assess *a, struct span name, unsigned index)
{
    if (arena_grow(a->arena, &a->forged, a->forged_count, &a->forged_cap, sizeof *a->forged,
                   ASSESS_MAX_FORGED) != 0)
        return assess_fail(a);
    if (index == 0) {
        index = 1;
        for (size_t i = 0; i < a->forged_count; i++)
            index += span_ieq_cstr(name, a->forged[i].name);
    }
    struct assess_forged *f = &a->forged[a->forged_count++];
    *f = (struct assess_forged){arena_span(a->arena, name), index, a->field_index};
    return f->name ? 0 : assess_fail(a);
}

int assess_look_for_forged(struct assess *a, struct span name, struct span value)
{
    if (span_istarts(name, "X-Vouch"))
        return note_forged(a, name, 0);
    if (!span_ieq_cstr(name, "Authentication-Results"))
        return 0;
    a->authres_seen++;
    return authres_claims(value, assess_context_authserv_id(a->context, a->settings))
               ? note_forged(a, name, a->authres_seen)
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

const struct assess_forged *assess_forged(const struct assess *a, size_t *count_r)
{
    *count_r = a->forged_count;
    return a->forged;
}
