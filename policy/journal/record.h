/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RECORD_H
#define VOUCH_RECORD_H

#include "decision.h"
#include "label.h"

/* The record: what the journal keeps. A decision is one message, all that was seen and decided: what
 * `vouch check --json` prints, and the log line and header abbreviate. A label says afterwards what
 * a message was; it repeats what was seen of it, so that it can be learnt without the decision. An
 * erasure says whom the model must forget. The schema is vouch-record.avsc (record_avro.h), for
 * readers vouch-journal(7). */

#define RECORD_SCHEMA  1
#define RECORD_ID_TEXT 37 /* UUID text and NUL */

struct record_timing {
    int64_t total, dns, spf, dkim, dmarc, store, rules; /* microseconds; -1: not applicable */
};

/* What the settings of `shadow` would have decided; nothing of it is ever done. */
struct record_shadow {
    double trust;
    enum trust_class class;
    enum action action;
    const char *policy; /* NULL: the file's own settings */
    const char *reason; /* as decision_difference; NULL: it does not differ */
};

enum record_kind { RECORD_DECISION, RECORD_LABEL, RECORD_ERASURE, RECORD_KIND_COUNT };
const char *record_kind_name(enum record_kind kind); /* "decision", "label", "erasure" */

/* Borrows all that it points to. */
struct record {
    enum record_kind kind;
    char id[RECORD_ID_TEXT];  /* UUIDv7 (RFC 9562) */
    int64_t time_us;          /* since the epoch; of a label: when it was given */
    const char *sensor;       /* this host */
    enum direction direction; /* of the message; DIRECTION_ANY: not known */

    /* A decision: what was known of the message when it was judged (a trap, another filter). A
     * label: exactly one. */
    const struct label *labels;
    size_t label_count;
    /* Of a label: the message it is about. "<id of its decision>", or "mid:<digest>" (record_subject)
     * where there is none; and when that message came. NULL and 0 in other kinds. */
    const char *subject;
    int64_t subject_time_us;
    bool subject_unseen; /* of a label: no decision is known, so the message counts as seen by it */
    const char
        *erased; /* of an erasure: an address, a domain, an IP address or network; else NULL */

    /* Erasure: message and evidence are NULL. The rest is the judgement: NULL, 0 and false in what is
     * no decision. */
    const struct message *message;
    const struct evidence *evidence;
    const struct trust_result *trust;
    const struct decision *decision;
    bool judged;       /* false: too little was known, see decide */
    unsigned flags;    /* enum message_flag: the sum's and the path's */
    const char *model; /* version of the model asked; NULL if it was not */
    double bias;       /* of the sum */
    struct record_timing timing;
    const struct record_shadow *shadow; /* of a decision; NULL: there is none */
    bool client_inferred;               /* the client was read from the path, not given by SMTP */
    /* Of a record from a journal: id of the key under whose pseudonyms its addresses stand; NULL: as
     * they are. record_encode writes pseudonyms where message->alias is set; who writes an erasure
     * gives the pseudonym himself. */
    const char *pseudonym_key;
};

/* A decision about what came in. Not one that let a message pass that was released from quarantine: what comes back from there shows
 * nothing of whom it is from. */
bool record_is_judgement(const struct record *r);
/* A UUIDv7 of that time (before 1970 counts as 1970). random: the caller's. */
void record_id(char id_r[RECORD_ID_TEXT], int64_t time_us, const uint8_t random[10]);
/* RFC 3339 with microseconds, UTC: "2026-01-02T03:04:05.678901Z". time_us: since the epoch. */
void record_time(int64_t time_us, char text_r[32]);
/* The subject of a message that no decision is known of, from its message-id, else (NULL) from its
 * author, date and subject. In the arena; NULL: out of memory. */
const char *record_subject(struct arena *arena, const struct message *m);
/* One JSON object on one line, no line end, of a record of any kind. From malloc. NULL: out of
 * memory. */
char *record_json(const struct record *r);
/* The reverse, of what record_json wrote, of this version or another: in the arena. 0, VOUCH_E_NOMEM, VOUCH_E_SYNTAX: not a record
 * that this version knows. */
int record_parse_json(struct arena *arena, const char *json, const struct record **record_r);
/* X-Vouch's value: "id=...; trust=0.973; class=trusted; action=accept; ..." folded with "\n\t".
 * NULL: out of memory. */
char *record_header(struct arena *arena, const struct record *r);
/* The log line: key=value, queue id first. NULL: out of memory. */
char *record_log(struct arena *arena, const struct record *r);

#endif
