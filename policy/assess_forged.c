/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields that only we may write, found in a message: X-Vouch*, and Authentication-Results that
 * bear our authserv-id (RFC 8601 s5). They are remembered by name and index for whoever can
 * remove them. */
#include "assess_private.h"

/* Fields remembered. An MTA looks for each that is to go from the top of the header on: Postfix
 * takes 40 ms for 1000, 14 s for 20,000, and then gives up. An honest message has one or two for
 * each of our hosts that it passed. */
#define FORGED_MAX      1000
#define FORGED_NAME_MAX 255 /* bytes; nobody reads a field with a longer name for one of ours */

/* index: among the fields of that name; 0 if all of them are ours, and so stand in the list. */
static int note_forged(struct assess *a, struct span name, size_t position, unsigned index)
{
    if (a->forged_count == FORGED_MAX) {
        a->forged_lost = true;
        return 0;
    }
    if (index == 0) {
        index = 1;
        for (size_t i = 0; i < a->forged_count; i++)
            index += span_ieq_cstr(name, a->forged[i].name);
    }
    if (arena_grow(a->forged_arena, &a->forged, a->forged_count, &a->forged_cap, sizeof *a->forged,
                   FORGED_MAX) != 0)
        return assess_fail(a);
    const char *copy = arena_span(a->forged_arena, name);
    if (!copy)
        return assess_fail(a);
    a->forged[a->forged_count++] = (struct assess_forged){copy, index, position};
    return 0;
}

struct arena *assess_forged_arena(void)
{
    return arena_new(FORGED_MAX * (2 * sizeof(struct assess_forged) + FORGED_NAME_MAX + 1));
}

int assess_look_for_forged(struct assess *a, struct span name, struct span value)
{
    size_t position = a->fields_seen++;
    name = span_trim(name); /* obsolete syntax, RFC 5322 s4.5 */
    if (span_istarts(name, "X-Vouch") && name.len <= FORGED_NAME_MAX)
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
    /* at rest, and on its whole way within our hosts: the field is one that we wrote */
    if (!m->env.live && m->env.ip.family == IP_NONE && m->client_hop < 0 && m->hop_count > 0)
        return false;
    for (ptrdiff_t hop = -1; hop < m->client_hop && boundary < m->field_count; boundary++)
        hop += span_ieq_cstr(m->fields[boundary].name, "Received");
    for (size_t i = 0; i < a->forged_count; i++)
        if (a->forged[i].position >= boundary &&
            span_ieq_cstr(span_of(a->forged[i].name), "Authentication-Results"))
            return true;
    return false;
}

const struct assess_forged *assess_forged(const struct assess *a, size_t *count_r, bool *lost_r)
{
    *count_r = a->forged_count;
    *lost_r = a->forged_lost;
    return a->forged;
}
