/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SPF_ASK_H
#define VOUCH_SPF_ASK_H

#include "resolver.h"
#include "spf.h"
#include "spf_macro.h"

/* What one SPF evaluation asks of DNS, the limits on it (RFC 7208 s4.6.4, s7.3), and why it
 * cannot go on. The first cause of a stop stays; after it nothing more is asked. */

enum spf_stop {
    SPF_GO = 0,
    SPF_STOP_PENDING, /* the answer to missing is needed */
    SPF_STOP_NOMEM,
    SPF_STOP_VERDICT /* it is over: verdict and reason */
};

struct spf_asker {
    struct dns_batch *dns;          /* borrowed */
    struct arena *scratch;          /* borrowed: what the evaluation needs until its end */
    struct spf_macro_values values; /* domain: the one judged */
    struct spf_cost cost;

    enum spf_stop stop;
    struct dns_question *missing;
    enum auth_result verdict;
    const char *reason; /* in scratch, or static; NULL if none */

    bool validated;                /* the following are known: */
    enum dns_status client_status; /* of the client's PTR look-up */
    unsigned name_count;
    const char *names[SPF_MAX_NAMES]; /* the client's validated names */
};

/* reason: NULL if there was no memory for one */
void spf_stop(struct spf_asker *a, enum auth_result verdict, const char *reason);
void spf_stop_nomem(struct spf_asker *a);
/* Stops with temperror because the look-up of name failed. */
void spf_stop_failed(struct spf_asker *a, const char *name, const struct dns_answer *answer);

/* One more term that asks DNS. */
void spf_count_term(struct spf_asker *a);
/* What the look-up of a term found: counts if it was void. */
void spf_count_void(struct spf_asker *a, enum dns_status status);

/* Asks and does not read yet. name: presentation form. NULL: stopped. */
struct dns_question *spf_post(struct spf_asker *a, const char *name, enum dns_type type);
/* The answer; NULL: stopped, most often because it has not come. q: NULL if stopped already. */
const struct dns_answer *spf_read(struct spf_asker *a, struct dns_question *q);
/* Both, for a name that spf_target made. */
const struct dns_answer *spf_ask(struct spf_asker *a, const char *target, enum dns_type type);

/* The name a domain-spec stands for in a record of domain; absent: domain. Without final dot; not
 * escaped. NULL: stopped. */
const char *spf_target(struct spf_asker *a, struct span spec, const char *domain);
/* spf_macro_expand() in a record of domain, with %{p} looked up if need be. size: it does not fit,
 * or stopped. */
size_t spf_expand(struct spf_asker *a, struct span s, const char *domain, char *text_r,
                  size_t size);
/* Fills names (s5.5). False: stopped. */
bool spf_validate_client(struct spf_asker *a);
/* name equals domain or is below it */
bool spf_name_below(const char *name, const char *domain);

#endif
