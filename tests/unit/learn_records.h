/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LEARN_RECORDS_H
#define VOUCH_LEARN_RECORDS_H

#include "record.h"

/* Records as a journal gives them, for tests of the learner: one ordinary letter to change, and a
 * stream of random ones. Everything lives in the arena. */

#define RECORDS_T0 INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

/* alice@news.example.org to bob@example.net by mx.example.org [192.0.2.7], all proven; an inbound
 * decision made seconds after RECORDS_T0. */
struct record *records_letter(struct arena *arena, int64_t seconds);
/* The same parts, to change. */
struct message *records_message(struct record *r);
struct evidence *records_evidence(struct record *r);
struct decision *records_decision(struct record *r);
void records_author(struct arena *arena, struct record *r, const char *local, const char *domain);
/* All that vouch itself made of a message, at random: trust, evidence, class, actions, mode, reason, flags,
 * model, time taken. No other part of the record, and of no other kind of record. */
void records_judge(struct arena *arena, const struct record *r, uint64_t *random);
/* A label of that letter, given `later` seconds after it. */
struct record *records_label(struct arena *arena, const struct record *letter,
                             enum label_source source, enum label_verdict verdict, int64_t later);
/* Labels that the decision itself has. */
void records_inline(struct arena *arena, struct record *r, const struct label *labels,
                    size_t count);
struct record *records_erasure(struct arena *arena, const char *subject, int64_t seconds);

/* A stream: the same seed gives the same records. Decisions in and out, inline labels, and labels of
 * earlier decisions. */
struct records {
    struct arena *arena;
    uint64_t random;
    const struct record **list;
    size_t count;
    unsigned serial; /* makes ids unique: different for each stream */
};
void records_make(struct records *s, struct arena *arena, uint64_t seed, size_t count);
uint64_t records_random(uint64_t *state);

#endif
