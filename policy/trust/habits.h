/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_HABITS_H
#define VOUCH_HABITS_H

#include "ledger.h"

/* What is usual at this site: reputations of no name, but of all mail of a kind, in log-odds beyond those
 * of all mail here. What all mail has, such as clients of which no name is told, then says nothing, whatever
 * its weight.
 *
 *   site       ln of good to bad messages here: (good + HABIT_SITE) / (bad + HABIT_SITE). An empty model: 0.
 *              At most BASE_MAX either way: where nobody ever reports bad mail, a stranger is still one,
 *              and a known name stands out from all mail
 *   situation  mail of which just these names had been seen before (identity_situation): first contact, a
 *              stranger from a known client, a known author from a strange one, ... HABIT_DOUBT messages'
 *              worth of doubt. Never held against a proven author: his first letter is not his fault.
 *   trait_*    mail that shows the same trait (traits.h); TRAIT_DOUBT messages' worth
 *
 * first contact also stands at the top of each reputation's back-off: a name nothing is known of says what
 * names of its kind turned out to be that were new here (term_new). */
#define BASE_MAX    3.0 /* one in 20 */
#define HABIT_SITE  5.0
#define HABIT_DOUBT 5.0
#define TRAIT_DOUBT 10.0
void habit_terms(struct ledger *l);

#endif
