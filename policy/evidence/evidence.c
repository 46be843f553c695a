/* SPDX-License-Identifier: BSD-2-Clause */
/* The words for what was observed: results of RFC 8601 s2.7, policies of RFC 7489 s6.3. */
#include "evidence.h"

static const char *const result_names[AUTH_RESULT_COUNT] = {
    [AUTH_NONE] = "none",           [AUTH_PASS] = "pass",           [AUTH_FAIL] = "fail",
    [AUTH_SOFTFAIL] = "softfail",   [AUTH_NEUTRAL] = "neutral",     [AUTH_POLICY] = "policy",
    [AUTH_TEMPERROR] = "temperror", [AUTH_PERMERROR] = "permerror",
};

const char *auth_result_name(enum auth_result result)
{
    return (unsigned)result < AUTH_RESULT_COUNT ? result_names[result] : NULL;
}

const char *known_before_name(unsigned bits)
{
    static const char *const names[] = {
        "site",    "rfc5322.from",     "rfc5322.from.org",     "ip.network",
        "ip.wide", "rfc5321.helo.org", "rfc5321.mailfrom.org", "iprev",
        "hop",
    };
    for (size_t bit = 0; bit < sizeof names / sizeof *names; bit++)
        if (bits >> bit & 1)
            return names[bit];
    return NULL;
}

const char *dmarc_policy_name(enum dmarc_policy policy)
{
    switch (policy) {
    case DMARC_NONE:
        return "none";
    case DMARC_QUARANTINE:
        return "quarantine";
    case DMARC_REJECT:
        return "reject";
    case DMARC_NO_POLICY:
        break;
    }
    return NULL;
}
