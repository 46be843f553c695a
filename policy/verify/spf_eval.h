/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SPF_EVAL_H
#define VOUCH_SPF_EVAL_H

#include "spf_ask.h"

/* The exp= (RFC 7208 s6.2) of the record whose word counts. */
struct spf_explainer {
    const char *domain; /* of the record */
    struct span target; /* domain-spec; absent if there is no exp= */
};

/* check_host() of RFC 7208 s4 by libspf2, once, with the answers that are known. a: fresh, with
 * dns, scratch and values set; values.domain is the domain to judge. At return a->stop says whether
 * it came to its end (SPF_STOP_VERDICT: a->verdict, a->reason) or what it lacks. */
void spf_evaluate(struct spf_asker *a, struct spf_explainer *explainer_r);

#endif
