/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_JOURNAL_QUERY_H
#define VOUCH_TOOL_JOURNAL_QUERY_H

#include "pattern.h"
#include "record.h"

/* Which records of a journal are wanted: what the options of `vouch journal cat` and `tail` say. */
struct journal_query {
    int64_t since_us, until_us;  /* from, and before; INT64_MIN, INT64_MAX: no bound */
    const char *id;              /* of a decision, and of the labels about it; NULL: any */
    const char *queue_id;        /* the MTA's; NULL: any */
    const char *message_id;      /* without "<>"; NULL: any */
    struct pattern_list senders; /* of envelope senders; empty: any */
    struct ipnet client;         /* family IP_NONE: any */
    int class;                   /* enum trust_class; -1: any */
    int kind;                    /* enum record_kind; -1: any */
    bool shadow_differs;         /* only of those that the shadow would have decided otherwise */
};
#define JOURNAL_QUERY_ALL                                                                          \
    ((struct journal_query){.since_us = INT64_MIN, .until_us = INT64_MAX, .class = -1, .kind = -1})

bool journal_query_matches(const struct journal_query *q, const struct record *r);
/* Adds a pattern, and what the pattern's address is written as under each pseudonym key. NULL, or what
 * is wrong with it (a phrase that follows it in a sentence). */
const char *journal_query_sender(struct journal_query *q, struct arena *arena, const char *pattern,
                                 const struct pseudonym_keys *keys);
/* A UUIDv7's own time in microseconds; INT64_MIN if it is none. */
int64_t journal_query_id_time(const char *id);

#endif
