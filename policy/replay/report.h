/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REPORT_H
#define VOUCH_REPORT_H

#include "replay.h"
#include "score.h"

struct sbuf;

/* What a replay came to as one HTML page that needs nothing else: no script, no network, drawings
 * inside. Of the messages it keeps the worst few alone, so its memory has a bound (REPORT_BYTES). */

#define REPORT_WORST 25 /* good messages, and as many bad ones, that are explained */
#define REPORT_FACTS 40 /* report_fact */
#define REPORT_BYTES (8u * 1024 * 1024) /* of the page */

struct report;
/* settings: borrowed, those that the messages are judged by. NULL: out of memory. */
struct report *report_new(const struct settings *settings);
void report_free(struct report **rp);
/* A line of "what was replayed", in the order of the calls: "Corpus", "good.mbox". Any text; copied. At
 * most REPORT_FACTS. Time span, counts and settings that differ from the defaults the page tells by
 * itself. 0, VOUCH_E_NOMEM or VOUCH_E_LIMIT. */
int report_fact(struct report *r, const char *name, const char *value);
/* Each message that was judged, in order; borrows nothing. 0 or VOUCH_E_NOMEM. */
int report_see(struct report *r, const struct replay_judged *j);
/* What the same replay came to without one kind of evidence. At most one of each. */
void report_ablation(struct report *r, enum trust_weight without, const struct score_figures *all);
/* Appends the page. score: rows of the messages seen, in order of time, message: the place in items.
 * page: an empty one with a maximum of REPORT_BYTES. 0 or VOUCH_E_NOMEM. */
int report_page(const struct report *r, const struct corpus_item *items, struct score *score,
                struct sbuf *page);

#endif
