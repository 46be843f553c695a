/* SPDX-License-Identifier: BSD-2-Clause */
/* Terms from how much a client or an author did lately (window.h): much of what is normal once. They
 * only speak against a message. A window that is not known weighs nothing, and so does all mail of
 * our own users.
 *
 * Each counts a share of its weight that grows with the logarithm of a number n,
 *
 *     share = log2(n / usual) / log2(full / usual), from 0 to 1
 *
 * so that it begins at the usual number and is whole at the full one. The numbers are ours: chosen with
 * room for what honest senders do, not measured. */
#include <math.h>
#include "errors.h"
#include "ledger.h"
#include "reputation.h"

#define DAY 86400.0

/* HELO names of one client in 24 hours. RFC 5321 s4.1.1.1: the client's own name, so one; a few where
 * several servers share an address. A bot makes names up, and a NAT with infected hosts behind it has
 * theirs. */
#define HELO_USUAL 3
#define HELO_FULL  24

/* Envelope domains of one client in an hour. A server of a small company sends for a handful; a mail
 * service for hundreds, and soon has good history. */
#define DOMAINS_USUAL 5
#define DOMAINS_FULL  80

/* Log-odds of client or network that excuse any number of domains: 6 good messages (as history.c's
 * SOFT_FULL). */
#define EXCUSED 1.6

/* Recipients of one author in an hour, in terms of the messages that he sends in a month. So a monthly
 * letter to all its readers is no burst, and a mailbox that writes once a week is allowed the least:
 * an invitation to a team. */
#define BURST_DAYS  30
#define BURST_LEAST 20
#define BURST_FULL  8 /* times that */

static double share(double n, double usual, double full)
{
    return n > usual ? fmin(1, log2(n / usual) / log2(full / usual)) : 0;
}

/* Identity of that kind whose window is known, and what it says as of now; -1: none. */
static int find_window(const struct ledger *l, enum identity_kind kind, struct window_sum *sum_r)
{
    int i = ledger_find(l, kind);
    if (i < 0 || l->in->known[i].outcome != LOOKUP_FOUND || !l->in->known[i].window.last)
        return -1;
    *sum_r = window_sum_at(&l->in->known[i].window, l->in->now);
    return i;
}

static void add(struct ledger *l, enum trust_weight w, int i, double x, const char *note)
{
    l->failed |= l->arena && !note;
    ledger_add(l, w, l->in->identities[i].subject, x, NULL, note);
}

static void helo_term(struct ledger *l, int i, const struct window_sum *sum)
{
    uint32_t names = sum->distinct[WINDOW_X][WINDOW_DAY];
    double x = share(names, HELO_USUAL, HELO_FULL);
    if (x > 0)
        add(l, TW_HELO_MANY, i, x,
            l->arena ? arena_printf(l->arena, "%u HELO names in 24 hours", names) : NULL);
}

/* log-odds of what is known of an identity of that kind */
static double known_good(const struct ledger *l, enum identity_kind kind)
{
    int i = ledger_find(l, kind);
    return i < 0 ? 0 : reputation(&l->counts[i], l->params->prior, 0);
}

static void domains_term(struct ledger *l, int i, const struct window_sum *sum)
{
    uint32_t domains = sum->distinct[WINDOW_Y][WINDOW_HOUR];
    double good = fmax(known_good(l, ID_HOST), known_good(l, ID_NETWORK));
    double x = share(domains, DOMAINS_USUAL, DOMAINS_FULL) * fmax(0, 1 - fmax(0, good) / EXCUSED);
    if (x > 0)
        add(l, TW_DOMAINS_MANY, i, x,
            l->arena
                ? arena_printf(l->arena,
                               "sent for %u domains in one hour, without good history of its own",
                               domains)
                : NULL);
}

/* Messages a month of the author, as of before the last 24 hours: a rate of r messages a day that
 * has gone on for a days has left a mass of r * H / ln 2 * (1 - 2^(-a / H)), where H is the half-life
 * in days. Negative: nothing was known of him. */
static double usual_month(const struct ledger *l, const struct window_sum *sum)
{
    int i = ledger_find(l, ID_AUTHOR);
    if (i < 0 || l->in->known[i].outcome != LOOKUP_FOUND)
        return -1;
    double mass = l->counts[i].seen - sum->messages[WINDOW_DAY];
    double age = ((double)l->in->now - (double)l->in->known[i].counts.first) / DAY;
    double half_life = l->params->half_life / DAY;
    if (mass <= 0 || age <= 1)
        return -1;
    return BURST_DAYS * mass * log(2) / half_life / (1 - exp2(-age / half_life));
}

static void burst_term(struct ledger *l)
{
    struct window_sum sum;
    int i = l->author == PROOF_YES ? find_window(l, ID_WINDOW_AUTHOR, &sum) : -1;
    double month = i < 0 ? -1 : usual_month(l, &sum);
    if (month < 0)
        return;
    uint32_t recipients = sum.distinct[WINDOW_X][WINDOW_HOUR];
    double usual = fmax(BURST_LEAST, month);
    double x = share(recipients, usual, usual * BURST_FULL);
    if (x > 0)
        add(l, TW_BURST, i, x,
            l->arena ? arena_printf(l->arena,
                                    "wrote to %u recipients in one hour; about %.0f messages in a "
                                    "month were usual",
                                    recipients, ceil(month))
                     : NULL);
}

void rate_terms(struct ledger *l)
{
    struct window_sum sum;
    if (l->in->outbound)
        return;
    int client = find_window(l, ID_WINDOW_CLIENT, &sum);
    if (client >= 0) {
        helo_term(l, client, &sum);
        domains_term(l, client, &sum);
    }
    burst_term(l);
}
