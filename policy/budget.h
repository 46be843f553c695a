/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_BUDGET_H
#define VOUCH_BUDGET_H

#include <stdint.h>

struct settings;

/* The time for the end of a message (deadlines.message), less the CPU that its body took. Whoever comes first leaves the later ones
 * their share: DNS to signatures and the model, signatures to the model; the shadow has what is left. Moments of now_ms's clock,
 * which never goes back; one that is past leaves out whom it is for. */
struct budget {
    int64_t dns_end_ms;  /* nobody waits longer for DNS */
    int64_t dkim_end_ms; /* signatures that have not been verified by then are not */
    int64_t end_ms;      /* of all; the model's, and the shadow's */
};

/* spent_us: CPU, at least 0. dns_end_ms <= dkim_end_ms <= end_ms <= now_ms + deadlines.message. Pure. */
struct budget budget_make(const struct settings *s, int64_t spent_us, int64_t now_ms);

#endif
