/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_EVIDENCE_H
#define VOUCH_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>

/* What was observed about one message. "Not asked" (AUTH_UNKNOWN, NULL), "asked and there is
 * nothing" (AUTH_NONE) and "could not ask" (AUTH_TEMPERROR) are three values and never become one
 * another. */

/* Result words of RFC 8601 s2.7. */
enum auth_result {
    AUTH_UNKNOWN = 0, /* not evaluated; printed as null or left out */
    AUTH_NONE,
    AUTH_PASS,
    AUTH_FAIL,
    AUTH_SOFTFAIL, /* SPF only */
    AUTH_NEUTRAL,
    AUTH_POLICY, /* DKIM: a signature that verifies but that we do not accept */
    AUTH_TEMPERROR,
    AUTH_PERMERROR,
    AUTH_RESULT_COUNT
};
const char *auth_result_name(enum auth_result result); /* NULL for AUTH_UNKNOWN */

enum spf_scope { SPF_SCOPE_MAILFROM, SPF_SCOPE_HELO }; /* RFC 7208 s2.3, s2.4 */

struct spf_result {
    enum auth_result result;
    enum spf_scope scope;
    const char *domain;      /* the domain whose record was judged; NULL if none */
    const char *explanation; /* RFC 7208 s6.2, on fail only; untrusted text; NULL if none */
    const char *reason;      /* one phrase for a person; NULL if the result says it all */
};

enum dkim_flag {
    DKIM_FLAG_BODY_APPENDED = 1, /* l= covers less than the body that came (RFC 6376 s8.2) */
    DKIM_FLAG_DUPLICATE_TAG = 2, /* of the field */
    DKIM_FLAG_TEST_MODE = 4      /* the key has t=y */
};

struct dkim_result {
    enum auth_result result;
    const char *domain;    /* d=, normalised; NULL if it is none */
    const char *selector;  /* s=; NULL if none */
    const char *identity;  /* i=; NULL if none */
    const char *algorithm; /* a=; NULL if none */
    const char *b_prefix;  /* first 8 characters of b= (RFC 6008); NULL if none */
    unsigned key_bits;     /* RSA modulus; 0 for ed25519 or no key */
    unsigned flags;        /* enum dkim_flag bits */
    const char *reason;    /* one phrase; NULL on a plain pass */
};

enum dmarc_policy { DMARC_NO_POLICY = 0, DMARC_NONE, DMARC_QUARANTINE, DMARC_REJECT };
const char *dmarc_policy_name(enum dmarc_policy policy); /* NULL for DMARC_NO_POLICY */

struct dmarc_result {
    enum auth_result result;        /* pass, fail, none, temperror, permerror (RFC 7489 s11.2) */
    const char *domain;             /* the author domain that was judged; NULL if none */
    const char *record_domain;      /* where the record was found; NULL if none */
    enum dmarc_policy policy;       /* of this author domain (p= or sp=), pct= applied */
    enum dmarc_policy published;    /* the same before pct= */
    bool spf_aligned, dkim_aligned; /* aligned and pass */
    const char *reason;             /* one phrase; NULL if the result says it all */
};

struct iprev_result {
    enum auth_result result; /* pass, fail, temperror, permerror (RFC 8601 s3) */
    const char *name;        /* the confirmed name on pass, else the first PTR name; NULL if none */
    const char *reason;      /* one phrase; NULL on pass */
};

/* Which of a message's names the model had seen before, in any message, when it was judged: bits of
 * known_before. Without KNOWN_SITE the model knew nothing at all, or could not be asked. */
enum known_before {
    KNOWN_SITE = 1,
    KNOWN_AUTHOR = 2,
    KNOWN_AUTHOR_ORG = 4,
    KNOWN_NETWORK = 8,
    KNOWN_WIDE = 16,
    KNOWN_HELO = 32,   /* its organisation */
    KNOWN_SENDER = 64, /* the envelope's organisation */
    KNOWN_PTR = 128,
    KNOWN_ORIGIN = 256
};
/* identity_kind_name of what the lowest bit set means; NULL for 0 and unknown bits */
const char *known_before_name(unsigned bit);

/* All of it. Strings live in the message's arena or are static. */
struct evidence {
    struct iprev_result iprev;
    struct spf_result spf;      /* the one that counts: MAIL FROM, or HELO for the null sender */
    struct spf_result spf_helo; /* HELO's own, where it was evaluated */
    struct dkim_result *dkim;   /* one for each signature looked at, in the order of the fields */
    size_t dkim_count;
    size_t dkim_skipped; /* signatures over the cap, not looked at */
    struct dmarc_result dmarc;
    unsigned known_before; /* enum known_before */
    bool dns_timeout;      /* at least one answer did not arrive before the deadline */
};

#endif
