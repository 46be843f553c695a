/* SPDX-License-Identifier: BSD-2-Clause */
/* A message out of a journal judged once more. What was verified when it came stands; what it says is what its record
 * kept: of From the author alone, and no field at all. */
#include "assess_private.h"

int assess_again(struct assess *a, const struct record *decision, const struct record **record_r)
{
    struct message *m = &a->message;
    *m = *decision->message;
    m->header_bytes = (size_t)m->size; /* assess_finish makes the size of it */
    if (m->author) {
        m->from[0].list = m->author;
        m->from[0].count = m->from_read = 1;
    }
    assess_assume(a, decision->evidence);
    a->direction = decide_direction(a->settings, &m->env);
    a->scanned = true;
    a->record.flags = decision->flags & FLAG_FORGED_AUTHRES;
    return assess_finish(a, NULL, record_r);
}
