/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_CASES_H
#define VOUCH_CASES_H

#include "settings.h"

/* Cases that a policy is tried on: what comes in, what is known of it, and what is expected. In the syntax of
 * vouch.conf; parsing is pure. */

#define CASE_NOT_SET (-1) /* of the words below, which are int */

/* What the model is to know of one identity. */
struct case_count {
    int line;
    const char *id;         /* as `vouch lookup` takes it */
    double good, bad, seen; /* messages; seen below 0: good and bad together */
};

/* What is expected for one recipient; NULL and CASE_NOT_SET: anything. */
struct case_rcpt {
    int line;
    const char *recipient;
    int class, action, quarantine; /* enums of settings.h */
    const char *policy;            /* "": none */
};

/* NULL, 0 or CASE_NOT_SET: not told. */
struct policy_case {
    int line;
    const char *name;
    const char *at; /* a time, as text */

    /* what SMTP says */
    const char *ip, *hostname, *helo, *user;
    const char *sender; /* "": the null sender */
    const char **recipients;
    size_t recipient_count;

    /* what the message says: a file, or single fields */
    const char *message;
    const char *from, *subject;
    const char **header; /* "Name: value" */
    size_t header_count;

    /* what DNS and the signatures say, instead of asking */
    bool auth;
    int spf, dmarc, iprev; /* enum auth_result */
    int dmarc_policy;      /* enum dmarc_policy */
    const char *spf_domain;
    const char **dkim, **dkim_failed; /* domains whose signatures verify, and fail */
    size_t dkim_count, dkim_failed_count;

    struct case_count *model;
    size_t model_count;

    struct {
        int class, action, mode; /* enums of settings.h */
        const char *policy;      /* "": none */
        const char *reason;      /* part of it */
        const char **flags;      /* names that must be there; after "!" one that must not */
        size_t flag_count;
        struct case_rcpt *recipients;
        size_t recipient_count;
    } expect;
};

struct policy_cases {
    struct arena *arena; /* owns all */
    struct policy_case *list;
    size_t count;
};

#define CASES_MAX 10000 /* of one file */

/* As settings_parse. Free with cases_free. */
struct policy_cases *cases_parse(const char *text, size_t len, struct settings_error **errors_r,
                                 size_t *error_count_r);
void cases_free(struct policy_cases **cp);

#endif
