/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RECORD_PLAIN_H
#define VOUCH_RECORD_PLAIN_H

#include "record.h"
#include "sbuf.h"

/* A record in the shape of its schema, vouch-record.avsc: what stands between struct record and all
 * that is written of it. The tables below say for each field what it is and where it lies, so that
 * Avro, JSON and data of other versions are each read and written by one short walk. A new field: a
 * row in vouch-record.avsc, a member and a row here, a line each in record_fill.c and record_build.c,
 * and its words in vouch-journal(7). Private to this room. */

/* What the members below mean "null" by. A text is NULL, a real NaN. */
#define PLAIN_NULL     INT64_MIN
#define PLAIN_NULL_BIT (-1)

enum plain_type {
    PLAIN_TEXT, /* const char * */
    PLAIN_INT,  /* int64_t within 32 bits */
    PLAIN_LONG, /* int64_t */
    PLAIN_TIME, /* int64_t: microseconds since the epoch */
    PLAIN_REAL, /* double */
    PLAIN_BIT,  /* signed char: 0 or 1 */
    PLAIN_PART, /* a struct of another table; if it may be null, a pointer to one: NULL */
    PLAIN_LIST  /* struct plain_list; its items are structs of another table, or texts */
};

/* Lives in the arena it was made in. */
struct plain_list {
    void *items;
    size_t count;
};

struct plain_shape;
struct plain_field {
    const char *name;
    enum plain_type type;
    bool nullable;
    uint16_t offset; /* in its struct */
    /* TEXT: most bytes written, more is cut off; LIST: most bytes that all items together are
     * written in, items over that are left out */
    uint32_t max;
    const struct plain_shape *of; /* PART, LIST */
};
struct plain_shape {
    const struct plain_field *fields;
    size_t count;
    size_t size; /* of the struct */
    bool bare;   /* items are no records, but values of the one field */
};
extern const struct plain_shape plain_record_shape;

struct plain_client {
    const char *ip, *name, *helo, *user, *tls;
    signed char inferred;
};
struct plain_author {
    const char *address, *domain, *org_domain, *display;
    int64_t from_fields, authors;
};
struct plain_spf {
    const char *result, *domain, *scope, *reason;
};
struct plain_dkim {
    const char *result, *domain, *selector, *reason, *identity, *algorithm;
    int64_t key_bits;
    struct plain_list flags;
};
struct plain_dmarc {
    const char *result, *domain, *policy, *published, *record_domain, *reason;
    signed char spf_aligned, dkim_aligned;
};
struct plain_iprev {
    const char *result, *name, *reason;
};
struct plain_spf_helo {
    const char *result, *domain, *reason;
};
struct plain_auth {
    struct plain_spf spf;
    struct plain_list dkim;
    struct plain_dmarc dmarc;
    struct plain_iprev iprev;
    struct plain_spf_helo spf_helo;
    int64_t dkim_skipped;
    signed char dns_timeout;
};
struct plain_hop {
    const char *ip, *name, *helo, *with, *by;
    int64_t time;
    signed char trusted, tls, authenticated, internal;
};
struct plain_evidence {
    const char *name, *subject, *note;
    double weight, good, bad, seen;
};
struct plain_recipient_action {
    const char *recipient, *action, *quarantine, *class, *policy;
};
struct plain_timing {
    int64_t total, dns, spf, dkim, dmarc, store, rules;
};
struct plain_label {
    const char *verdict, *source, *note;
};
struct plain_shadow {
    double trust;
    const char *class, *policy, *action, *reason;
};
struct plain_record {
    int64_t schema;
    const char *id;
    int64_t time;
    const char *sensor, *direction, *queue_id;
    struct plain_client client;
    const char *sender;
    struct plain_list recipients;
    int64_t size;
    const char *message_id;
    struct plain_author author;
    struct plain_auth auth;
    struct plain_list path, evidence;
    double trust;
    const char *class;
    struct plain_list flags, known_before, traits;
    const char *policy, *action, *mode, *reason;
    struct plain_list recipient_actions;
    const char *model;
    struct plain_timing timing_us;
    const char *kind, *sender_domain, *in_reply_to;
    int64_t date;
    signed char automatic;
    int64_t rejected_recipients;
    struct plain_list over, labels;
    const char *subject;
    int64_t subject_time;
    signed char subject_unseen;
    const char *erased;
    signed char judged;
    double bias;
    const char *pseudonym_key;
    struct plain_shadow *shadow;
};

/* Everything null, lists empty. at: a struct of that shape */
void plain_clear(const struct plain_shape *shape, void *at);
/* Where the struct of a PLAIN_PART is, whose member is at; NULL: the part is null. */
static inline const void *plain_part(const struct plain_field *f, const void *at)
{
    return f->nullable ? *(const void *const *)at : at;
}
/* The same for writing: makes the struct of one that may be null, all null. NULL: out of memory. */
void *plain_make_part(struct arena *arena, const struct plain_field *f, void *at);
/* arena: for what has to be made; else borrows from r. written: for the journal, so addresses stand
 * under pseudonyms where the message has a key for them. 0 or VOUCH_E_NOMEM. */
int plain_fill(struct arena *arena, const struct record *r, bool written, struct plain_record *p_r);
/* The reverse. In the arena; borrows the texts. 0, VOUCH_E_NOMEM, VOUCH_E_SYNTAX: not a record that
 * this version knows. */
int plain_build(struct arena *arena, const struct plain_record *p, const struct record **record_r);

/* Appends the datum; arena: for what has to be made. As record_encode. */
int plain_write(struct arena *arena, struct sbuf *out, struct plain_record *p);

/* A line of JSON, from malloc; NULL: out of memory. */
char *plain_json(const struct plain_record *p);

/* Words that have bits: name of the lowest bit set, NULL for 0 or an unknown one. */
const char *plain_over_name(unsigned bits);
const char *plain_dkim_flag_name(unsigned bits);

#endif
