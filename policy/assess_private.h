/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_ASSESS_PRIVATE_H
#define VOUCH_ASSESS_PRIVATE_H

#include "assess.h"
#include "authres.h"
#include "dkim.h"
#include "dmarc_lookup.h"
#include "identity.h"
#include "iprev.h"
#include "resolver.h"
#include "spf.h"
#include "store.h"

/* What the files of assess share; nobody else includes this. */
struct assess_context {
    struct resolver *resolver; /* NULL: no DNS, nothing is verified */
    struct store *store;
    struct dkim_verifier *dkim; /* NULL without DNS */
    struct psl_ctx_st *psl;
    char *sensor;
};

/* One message. */
struct assess {
    struct assess_context *context;
    struct settings *settings;
    struct arena *arena;
    struct message message;
    struct dns_batch *dns; /* NULL without DNS */
    struct dkim_check *dkim;
    struct store_query *query;
    void (*before_wait)(void *);
    void *before_wait_arg;

    int64_t now_us;
    uint8_t random[10]; /* of the record's id */
    bool numbered;      /* by assess_number */
    enum direction direction;
    bool assumed;      /* evidence was given: nothing is verified */
    bool client_known; /* whose client to judge is known, and its questions were asked */
    bool scanned;
    bool stepped;     /* the client's questions were taken as far as ... */
    unsigned answers; /* ... so many answers allow */
    bool given_up;    /* only forged fields are looked for */
    bool failed;      /* out of memory somewhere: the message cannot be judged */
    int64_t spent_us; /* of CPU, on the body */
    bool out_of_time; /* something was left out */
    uint64_t body;    /* bytes seen */
    bool body_cut;

    struct assess_forged *forged;
    size_t forged_count, forged_cap;
    bool forged_lost;           /* there were more */
    struct arena *forged_arena; /* of its own, so that nothing else in a message crowds it out */
    size_t fields_seen;
    unsigned authres_seen;

    const char *released; /* from quarantine: the reason to accept it; NULL: it is to be judged */
    struct evidence evidence;
    bool model_asked;
    struct identity *identities;
    struct trust_known *known;
    size_t identity_count;
    const struct trust_params *fitted; /* the model's weights; NULL: it has none */
    struct trust_result trust;
    struct decision decision;
    struct record record;
    struct arena *shadow_arena; /* of its own, so that a shadow takes nothing from the message */
    struct record_shadow shadow;
};

/* Out of memory: from here on the message cannot be judged. Returns VOUCH_E_NOMEM. */
int assess_fail(struct assess *a);
/* Copies a string into the message's arena; NULL stays NULL. 0 or VOUCH_E_NOMEM. */
int assess_copy(struct assess *a, const char **to, const char *from);
/* Whether what DNS knows of it is asked for: not of what our own users send. */
bool assess_verifies(const struct assess *a);
/* Reads what the header says; once. 0 or VOUCH_E_NOMEM. */
int assess_scan(struct assess *a);
/* Moves everything that hangs on the client forward as far as the answers that are here allow. */
void assess_step_client(struct assess *a);
struct spf_request assess_spf_request(const struct assess *a, enum spf_scope scope);
/* Asks the model for all that the message's identities name; once. Until the client's name is known
 * (unless this is the last chance) the question stays unasked, so that the same message always asks
 * the same. 0 or VOUCH_E_NOMEM. */
int assess_ask_model(struct assess *a, bool last_chance);

/* No more signatures are verified. */
void assess_shed_dkim(struct assess *a);

/* assess_forged.c: fields that only we may write. Memory for all of them; NULL: out of memory. */
struct arena *assess_forged_arena(void);
/* Looks at one that came; 0 or VOUCH_E_NOMEM. */
int assess_look_for_forged(struct assess *a, struct span name, struct span value);
/* assess_shown.c: a protected sender of s that From shows beside its author; NULL if there is none. */
const char *assess_shown_protected(struct assess *a, const struct settings *s);
/* True if there is an Authentication-Results of ours below the fields that our own hosts wrote
 * (struct message, client_hop). */
bool assess_carried_forged(const struct assess *a);

#endif
