/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TRUST_H
#define VOUCH_TRUST_H

#include "counts.h"
#include "identity.h"
#include "impersonation.h"
#include "window.h"

/* The trust sum. Each piece of evidence w says a number x_w (natural log-odds of what is known, or for
 * a fact 0 to 1), and counts w_w * x_w:
 *
 *     trust = logistic(bias + S(terms above 0) + terms below 0),   S(p) = F * (1 - exp(-p / F))
 *
 * S lets what speaks for a message add up to less and less, F (most_for) at most, however many names
 * of one known sender agree (they are one fact seen many times): what contradicts them counts in full, so
 * several strong contradictions lower the class of the best known sender. The weights are fitted (training.h).
 *
 * Of an author of whose organisation nothing good is known, all that speaks for the message comes to 2.4 at
 * most, before S: whatever good service he uses, his first letter is not trusted. Where DMARC was not asked
 * for at all, as in a replay without DNS, nobody can tell who wrote it, and the sum stands as it is. */

/* Every weight; names are those of vouch.conf's weights group and of the evidence in the record. */
enum trust_weight {
    TW_WIDE, /* names.h */
    TW_NETWORK,
    TW_HOST,
    TW_HELO,
    TW_PTR,
    TW_MAILFROM,
    TW_AUTHOR,
    TW_DKIM,
    TW_CLAIM_MAILFROM,
    TW_CLAIM_DOMAIN,
    TW_CLAIM_AUTHOR,
    TW_HOP, /* path.h */
    TW_ORIGIN,
    TW_ROUTE,
    TW_WAY_NETWORK, /* authenticity.h: author from a source that is usual for him */
    TW_WAY_HELO,
    TW_WAY_ORIGIN,
    TW_WAY_PERSON,
    TW_PAIR_NETWORK,
    TW_PAIR_HELO,
    TW_PAIR_PTR,
    TW_PAIR_MAILFROM,
    TW_PAIR_ORIGIN,
    TW_PAIR_DKIM,
    TW_PERSON_NETWORK, /* the same of the author's address */
    TW_PERSON_HELO,
    TW_PERSON_ORIGIN,
    TW_STRANGE, /* the author, or his organisation, was never seen to come this way */
    TW_STRANGE_ORG,
    TW_FORGERY,      /* author with proven history, not proven by this message */
    TW_RELATIONSHIP, /* relationship.h */
    TW_SITE,         /* habits.h */
    TW_SITUATION,
    TW_TRAIT_HELO, /* in the order of enum trait */
    TW_TRAIT_HOST,
    TW_TRAIT_ORIGIN,
    TW_TRAIT_MESSAGE_ID,
    TW_TRAIT_DATE,
    TW_TRAIT_REPLY_TO,
    TW_TRAIT_DISPLAY,
    TW_IPREV_FAIL,
    TW_SPF_FAIL,
    TW_SPF_SOFTFAIL,
    TW_DKIM_FAIL,
    TW_DMARC_FAIL,
    TW_DMARC_PASS,
    TW_HELO_LITERAL,
    TW_HELO_FORGED,  /* HELO is somebody else's address, or one of our own names */
    TW_HELO_MANY,    /* client says many HELO names */
    TW_DOMAINS_MANY, /* client sends for many domains, and no good history explains it */
    TW_BURST,        /* proven author writes to many more than he used to */
    TW_MULTIPLE_FROM,
    TW_NO_AUTHOR,
    TW_BODY_APPENDED,
    TW_TIME_DISORDER,
    TW_PROTECTED,     /* claims to be a protected sender and does not prove it */
    TW_IMPERSONATION, /* shows a name, an address or a domain that is not its author's */
    TW_COUNT
};
const char *trust_weight_name(enum trust_weight w); /* "host", "network", "spf_fail", ... */
const char *trust_weight_help(enum trust_weight w); /* one line, for vouch.conf(5) */

/* What a site may set of the sum, and how far. */
#define TRUST_WEIGHT_MAX   20.0 /* of weights and bias, above and below 0 */
#define TRUST_MOST_FOR_MIN 0.5
#define TRUST_MOST_FOR_MAX 50.0
struct trust_params {
    double bias;        /* log-odds of a message of which nothing is known */
    double half_life;   /* seconds, > 0 */
    double prior;       /* messages' worth of doubt that shrinks log-odds towards 0; > 0 */
    double most_for;    /* log-odds, > 0: F above */
    double w[TW_COUNT]; /* by enum trust_weight; natural log-odds for each 1 of x */
};
void trust_params_default(struct trust_params *params_r);
/* The sum above, before the logistic. x: by enum trust_weight. */
double trust_total(const struct trust_params *params, const double x[TW_COUNT]);

/* What the model answered for each identity: enum lookup_outcome, and as stored (not yet decayed)
 * counts, or for ID_WINDOW_* what the window says. */
struct trust_known {
    int outcome;
    struct counts counts;
    struct window_sum window;
};

/* One term of the sum, and one entry of the record's evidence. */
struct trust_item {
    const char *name;       /* trust_weight_name */
    const char *subject;    /* NULL if the term is about the message as a whole */
    double weight;          /* log-odds added */
    double good, bad, seen; /* decayed counts behind it; negative: not applicable (printed null) */
    const char *note;       /* one phrase for a person; NULL if none */
};

enum message_flag {
    FLAG_MULTIPLE_FROM = 1u << 0,
    FLAG_NO_AUTHOR = 1u << 1,
    FLAG_BODY_APPENDED = 1u << 2,     /* DKIM l= with more body than was signed */
    FLAG_FORGED_AUTHOR = 1u << 3,     /* a known author, not proven by this message */
    FLAG_PROTECTED_SENDER = 1u << 4,  /* claims a protected sender, unproven, or poses as one */
    FLAG_FORGED_AUTHRES = 1u << 5,    /* carried an Authentication-Results of ours */
    FLAG_OVER_LIMIT = 1u << 6,        /* part of the message was not looked at */
    FLAG_MODEL_UNAVAILABLE = 1u << 7, /* the model could not be asked */
    FLAG_DNS_TIMEOUT = 1u << 8,       /* an answer did not come before the deadline */
    FLAG_BAD_RELAY = 1u << 9,         /* a hop beyond the client has a bad history */
    FLAG_TIME_DISORDER = 1u << 10,    /* Received fields run backwards by more than an hour */
    FLAG_IMPERSONATION = 1u << 11,    /* shows somebody whom its addresses do not belong to */
    FLAG_OUT_OF_TIME = 1u << 12, /* its time was used up: signatures or the shadow were left out */
    FLAG_RELEASED = 1u << 13     /* from quarantine: a person has judged it, nothing else has */
};
/* name of the lowest bit set ("multiple_from"), NULL for 0 */
const char *message_flag_name(unsigned flag);

struct trust_case; /* what was summed, for trust_explain_gap */

struct trust_result {
    struct trust_item *items; /* largest |weight| first; also some of 0, with a note why */
    size_t item_count;
    double x[TW_COUNT];             /* what each piece of evidence said; the sum of its items */
    double sum;                     /* bias and all weights, which are rounded as they are shown */
    double trust;                   /* 0..1 */
    unsigned flags;                 /* enum message_flag, those the sum can tell */
    const struct trust_case *basis; /* borrows what trust_sum's input points to; NULL: none */
};

struct trust_input {
    const struct message *message;
    const struct evidence *evidence;
    const struct identity *identities;
    const struct trust_known *known; /* one for each identity */
    size_t identity_count;
    const struct psl_ctx_st *psl; /* NULL as in domain.h */
    bool protected_sender;        /* the author is on the operator's list of protected senders */
    const struct impersonations *impersonations; /* NULL: none */
    const char *shown; /* one of that list whom From shows beside its author; NULL: none */
    bool helo_ours;    /* HELO is one of our own names, and the client is not ours */
    bool outbound; /* from our own users: neither the way to us nor lack of proof says anything */
    int64_t now;   /* seconds since the epoch */
};
/* Pure. The result lives in the arena. 0 or VOUCH_E_NOMEM. */
int trust_sum(struct arena *arena, const struct trust_params *params, const struct trust_input *in,
              struct trust_result *result_r);

/* The most effective single change that would have brought this message to trust >= wanted, as a
 * phrase that completes "trusted if ...": "SPF or DKIM had proven example.org", "alice@example.org
 * had 7 more good messages". NULL: trust is that high already, no single change suffices, or out of
 * memory. The input and what it points to must still live. */
const char *trust_explain_gap(struct arena *arena, const struct trust_result *result,
                              double wanted);

/* Which of the message's names the model had seen before: for evidence.known_before. 0 if it could not be
 * asked. */
unsigned trust_known_before(const struct identity *identities, const struct trust_known *known,
                            size_t count);

/* Whether a label of this message, good or bad, may be taught to each of its identities (teaches_r:
 * identity_count entries). A name is taught only by messages that prove it, and its
 * double that is only claimed (ID_CLAIM_*) by those that do not, so that nobody can spoil the reputation of
 * a name by forging it. What is known of a pair is of all mail that its source sent in that name; it is never
 * held against an author who proves himself. An outbound message teaches nothing but its author's window.
 * For windows it says whether the message counts there, labelled or not: in the client's always, in the
 * author's if he is proven, or our own user. */
void trust_teaching(const struct trust_input *in, bool *teaches_r);
/* The same for one identity. */
bool trust_teaches(const struct trust_input *in, size_t i);

#endif
