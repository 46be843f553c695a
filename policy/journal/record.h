/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RECORD_H
#define VOUCH_RECORD_H

#include "decision.h"

/* The decision record: one message, all that was seen and decided. What the journal keeps, `vouch
 * check --json` prints, and the log line and header abbreviate. */

#define RECORD_SCHEMA  1
#define RECORD_ID_TEXT 37 /* UUID text and NUL */

struct record_timing {
    int64_t total, dns, spf, dkim, dmarc, store, rules; /* microseconds; -1: not applicable */
};

/* Borrows all that it points to. */
struct record {
    char id[RECORD_ID_TEXT]; /* UUIDv7 (RFC 9562) */
    int64_t time_us;         /* since the epoch */
    const char *sensor;      /* this host */
    const struct message *message;
    const struct evidence *evidence;
    const struct trust_result *trust;
    const struct decision *decision;
    bool judged;       /* false: too little was known, see decide */
    unsigned flags;    /* enum message_flag: the sum's and the path's */
    const char *model; /* version of the model asked; NULL if it was not */
    double bias;       /* of the sum */
    struct record_timing timing;
    bool client_inferred; /* the client was read from the path, not given by SMTP */
};

/* A UUIDv7 of that time (before 1970 counts as 1970). random: the caller's. */
void record_id(char id_r[RECORD_ID_TEXT], int64_t time_us, const uint8_t random[10]);
/* RFC 3339 with microseconds, UTC: "2026-01-02T03:04:05.678901Z". time_us: since the epoch. */
void record_time(int64_t time_us, char text_r[32]);
/* One JSON object on one line, no line end. From malloc. NULL: out of memory. */
char *record_json(const struct record *r);
/* X-Vouch's value: "id=...; trust=0.973; class=trusted; action=accept; ..." folded with "\n\t".
 * NULL: out of memory. */
char *record_header(struct arena *arena, const struct record *r);
/* The log line: key=value, queue id first. NULL: out of memory. */
char *record_log(struct arena *arena, const struct record *r);

#endif
