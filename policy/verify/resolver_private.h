/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RESOLVER_PRIVATE_H
#define VOUCH_RESOLVER_PRIVATE_H

#include <stdatomic.h>
#include "dnswire.h"

/* Between the batches (dns_batch.c) and what answers them (resolver.c). */

struct job;

struct dns_question {
    struct dns_question *next;
    struct dns_batch *batch;
    struct job *job; /* the resolver's, under its lock; NULL: not under way */
    _Atomic(const struct dns_answer *) answer; /* NULL: pending */
    struct dns_answer *owned;                  /* what is to be freed of it */
    uint16_t type;
    uint8_t name[DNS_WIRE_NAME];
};

/* Has q answered, at once or later. NULL, or why it is not asked. */
const struct dns_answer *resolver_submit(struct resolver *r, struct dns_question *q);
/* From now on no question of this list is answered. */
void resolver_forget(struct resolver *r, struct dns_question *list);
/* Takes the answer (NULL: out of memory), which counts unless the question was given up before. */
void dns_question_publish(struct dns_question *q, struct dns_answer *owned);

#endif
