/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of the record's shape, in the order of vouch-record.avsc. A test compares the two. */
#include "record_plain.h"
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "domain.h"
#include "record_avro.h"

/* Bytes that texts and lists are cut at, so that whatever a message holds, its record stays under
 * RECORD_BYTES_MAX. Texts that identities are made of are cut only where they can be none anyway. */
enum {
    MAX_WORD = 64,
    MAX_NAME = 256,    /* a normalised domain, a selector, a host's address */
    MAX_PHRASE = 512,  /* for a person */
    MAX_SUBJECT = 768, /* an address and another */
    MAX_PATH = 1024,   /* an envelope's address; a HELO: no longer one is a domain (RFC 5890) */
    MAX_FROM = 3 * MESSAGE_MAX_FROM_BYTES, /* all of From, if no byte of it is UTF-8 */
    MAX_WORDS = 1024,
    MAX_RECIPIENTS = 192 * 1024, /* of each of two lists */
    MAX_HOPS = RECEIVED_MAX_HOPS * (MAX_PATH + 2 * MAX_NAME + 2 * MAX_WORD + 64),
    MAX_EVIDENCE = 144 * 1024,
    MAX_DKIM = 192 * 1024,
    MAX_LABELS = 8 * 1024,
    MAX_REST = 16 * 1024, /* all texts that stand alone, numbers, lengths */
};
_Static_assert(2 * MAX_RECIPIENTS + MAX_HOPS + MAX_EVIDENCE + MAX_DKIM + MAX_LABELS + MAX_FROM +
                       5 * MAX_WORDS + MAX_REST <
                   RECORD_BYTES_MAX,
               "no message may hold so much that its record is lost");

#define FIELD(s, m, t, null, most, shape)                                                          \
    {                                                                                              \
        .name = #m, .type = (t), .nullable = (null), .offset = offsetof(struct plain_##s, m),      \
        .max = (most), .of = (shape)                                                               \
    }
#define TEXT(s, m, max)     FIELD(s, m, PLAIN_TEXT, true, max, NULL)
#define NEEDED(s, m, max)   FIELD(s, m, PLAIN_TEXT, false, max, NULL)
#define VALUE(s, m, type)   FIELD(s, m, PLAIN_##type, true, 0, NULL)
#define PART(s, m, shape)   FIELD(s, m, PLAIN_PART, false, 0, &plain_##shape##_shape)
#define LIST(s, m, max, of) FIELD(s, m, PLAIN_LIST, false, max, &plain_##of##_shape)
#define SHAPE(s)                                                                                   \
    static const struct plain_shape plain_##s##_shape = {                                          \
        s##_fields, sizeof s##_fields / sizeof *s##_fields, sizeof(struct plain_##s), false}

static const struct plain_field word_field[] = {{.type = PLAIN_TEXT, .max = MAX_WORD}};
static const struct plain_shape plain_word_shape = {word_field, 1, sizeof(const char *), true};
static const struct plain_field path_text[] = {{.type = PLAIN_TEXT, .max = MAX_PATH}};
static const struct plain_shape plain_recipient_shape = {path_text, 1, sizeof(const char *), true};

static const struct plain_field client_fields[] = {
    TEXT(client, ip, MAX_WORD),   TEXT(client, name, MAX_PATH), TEXT(client, helo, MAX_PATH),
    TEXT(client, user, MAX_PATH), TEXT(client, tls, MAX_WORD),  VALUE(client, inferred, BIT),
};
SHAPE(client);

static const struct plain_field author_fields[] = {
    TEXT(author, address, MAX_FROM),    TEXT(author, domain, MAX_PATH),
    TEXT(author, org_domain, MAX_PATH), TEXT(author, display, MAX_PHRASE),
    VALUE(author, from_fields, INT),    VALUE(author, authors, INT),
};
SHAPE(author);

static const struct plain_field spf_fields[] = {
    TEXT(spf, result, MAX_WORD),
    TEXT(spf, domain, MAX_NAME),
    TEXT(spf, scope, MAX_WORD),
    TEXT(spf, reason, MAX_PHRASE),
};
SHAPE(spf);

static const struct plain_field dkim_fields[] = {
    TEXT(dkim, result, MAX_WORD),     TEXT(dkim, domain, MAX_NAME),
    TEXT(dkim, selector, MAX_NAME),   TEXT(dkim, reason, MAX_PHRASE),
    TEXT(dkim, identity, MAX_PHRASE), TEXT(dkim, algorithm, MAX_WORD),
    VALUE(dkim, key_bits, INT),       LIST(dkim, flags, MAX_WORDS, word),
};
SHAPE(dkim);

static const struct plain_field dmarc_fields[] = {
    TEXT(dmarc, result, MAX_WORD),        TEXT(dmarc, domain, MAX_NAME),
    TEXT(dmarc, policy, MAX_WORD),        TEXT(dmarc, published, MAX_WORD),
    TEXT(dmarc, record_domain, MAX_NAME), VALUE(dmarc, spf_aligned, BIT),
    VALUE(dmarc, dkim_aligned, BIT),      TEXT(dmarc, reason, MAX_PHRASE),
};
SHAPE(dmarc);

static const struct plain_field iprev_fields[] = {
    TEXT(iprev, result, MAX_WORD),
    TEXT(iprev, name, MAX_NAME),
    TEXT(iprev, reason, MAX_PHRASE),
};
SHAPE(iprev);

static const struct plain_field spf_helo_fields[] = {
    TEXT(spf_helo, result, MAX_WORD),
    TEXT(spf_helo, domain, MAX_NAME),
    TEXT(spf_helo, reason, MAX_PHRASE),
};
SHAPE(spf_helo);

static const struct plain_field auth_fields[] = {
    PART(auth, spf, spf),          LIST(auth, dkim, MAX_DKIM, dkim), PART(auth, dmarc, dmarc),
    PART(auth, iprev, iprev),      PART(auth, spf_helo, spf_helo),   VALUE(auth, dkim_skipped, INT),
    VALUE(auth, dns_timeout, BIT),
};
SHAPE(auth);

static const struct plain_field hop_fields[] = {
    TEXT(hop, ip, MAX_WORD),        TEXT(hop, name, MAX_NAME),
    TEXT(hop, helo, MAX_PATH),      TEXT(hop, with, MAX_WORD),
    VALUE(hop, time, TIME),         FIELD(hop, trusted, PLAIN_BIT, false, 0, NULL),
    TEXT(hop, by, MAX_NAME),        VALUE(hop, tls, BIT),
    VALUE(hop, authenticated, BIT), VALUE(hop, internal, BIT),
};
SHAPE(hop);

static const struct plain_field evidence_fields[] = {
    NEEDED(evidence, name, MAX_WORD), TEXT(evidence, subject, MAX_SUBJECT),
    VALUE(evidence, weight, REAL),    VALUE(evidence, good, REAL),
    VALUE(evidence, bad, REAL),       VALUE(evidence, seen, REAL),
    TEXT(evidence, note, MAX_PHRASE),
};
SHAPE(evidence);

static const struct plain_field recipient_action_fields[] = {
    TEXT(recipient_action, recipient, MAX_PATH),  TEXT(recipient_action, action, MAX_WORD),
    TEXT(recipient_action, quarantine, MAX_WORD), TEXT(recipient_action, class, MAX_WORD),
    TEXT(recipient_action, policy, MAX_PHRASE),
};
SHAPE(recipient_action);

static const struct plain_field timing_fields[] = {
    VALUE(timing, total, LONG), VALUE(timing, dns, LONG),   VALUE(timing, spf, LONG),
    VALUE(timing, dkim, LONG),  VALUE(timing, dmarc, LONG), VALUE(timing, store, LONG),
    VALUE(timing, rules, LONG),
};
SHAPE(timing);

static const struct plain_field label_fields[] = {
    NEEDED(label, verdict, MAX_WORD),
    NEEDED(label, source, MAX_WORD),
    TEXT(label, note, MAX_PHRASE),
};
SHAPE(label);

static const struct plain_field shadow_fields[] = {
    VALUE(shadow, trust, REAL),       TEXT(shadow, class, MAX_WORD),
    TEXT(shadow, policy, MAX_PHRASE), TEXT(shadow, action, MAX_WORD),
    TEXT(shadow, reason, MAX_PATH),
};
SHAPE(shadow);

static const struct plain_field record_fields[] = {
    FIELD(record, schema, PLAIN_INT, false, 0, NULL),
    NEEDED(record, id, MAX_WORD),
    FIELD(record, time, PLAIN_TIME, false, 0, NULL),
    TEXT(record, sensor, MAX_NAME),
    TEXT(record, direction, MAX_WORD),
    TEXT(record, queue_id, MAX_NAME),
    PART(record, client, client),
    TEXT(record, sender, MAX_PATH),
    LIST(record, recipients, MAX_RECIPIENTS, recipient),
    VALUE(record, size, LONG),
    TEXT(record, message_id, MAX_PATH),
    PART(record, author, author),
    PART(record, auth, auth),
    LIST(record, path, MAX_HOPS, hop),
    LIST(record, evidence, MAX_EVIDENCE, evidence),
    VALUE(record, trust, REAL),
    TEXT(record, class, MAX_WORD),
    LIST(record, flags, MAX_WORDS, word),
    TEXT(record, policy, MAX_PHRASE),
    TEXT(record, action, MAX_WORD),
    TEXT(record, mode, MAX_WORD),
    TEXT(record, reason, MAX_PATH),
    LIST(record, recipient_actions, MAX_RECIPIENTS, recipient_action),
    TEXT(record, model, MAX_NAME),
    PART(record, timing_us, timing),
    NEEDED(record, kind, MAX_WORD),
    TEXT(record, sender_domain, MAX_PATH),
    TEXT(record, in_reply_to, MAX_PATH),
    VALUE(record, date, TIME),
    VALUE(record, automatic, BIT),
    VALUE(record, rejected_recipients, INT),
    LIST(record, over, MAX_WORDS, word),
    LIST(record, labels, MAX_LABELS, label),
    TEXT(record, subject, MAX_PATH),
    VALUE(record, subject_time, TIME),
    VALUE(record, subject_unseen, BIT),
    TEXT(record, erased, MAX_PATH),
    VALUE(record, judged, BIT),
    VALUE(record, bias, REAL),
    TEXT(record, pseudonym_key, MAX_WORD),
    FIELD(record, shadow, PLAIN_PART, true, 0, &plain_shadow_shape),
    LIST(record, known_before, MAX_WORDS, word),
    LIST(record, traits, MAX_WORDS, word),
};
const struct plain_shape plain_record_shape = {record_fields,
                                               sizeof record_fields / sizeof *record_fields,
                                               sizeof(struct plain_record), false};

void plain_clear(const struct plain_shape *shape, void *at)
{
    memset(at, 0, shape->size);
    for (size_t i = 0; i < shape->count; i++) {
        const struct plain_field *f = &shape->fields[i];
        char *member = (char *)at + f->offset;
        switch (f->type) {
        case PLAIN_INT:
        case PLAIN_LONG:
        case PLAIN_TIME:
            *(int64_t *)(void *)member = f->nullable ? PLAIN_NULL : 0;
            break;
        case PLAIN_REAL:
            *(double *)(void *)member = NAN;
            break;
        case PLAIN_BIT:
            *(signed char *)member = f->nullable ? PLAIN_NULL_BIT : 0;
            break;
        case PLAIN_PART:
            if (!f->nullable)
                plain_clear(f->of, member);
            break;
        case PLAIN_TEXT:
        case PLAIN_LIST:
            break; /* NULL, none */
        }
    }
}

void *plain_make_part(struct arena *arena, const struct plain_field *f, void *at)
{
    void *part = at;
    if (f->nullable) {
        part = arena_alloc(arena, f->of->size);
        if (part)
            plain_clear(f->of, part);
        *(void **)at = part;
    }
    return part;
}

static const char *bit_name(const char *const *names, size_t count, unsigned bits)
{
    for (size_t i = 0; bits != 0 && i < count; i++)
        if (bits & 1u << i)
            return names[i];
    return NULL;
}

const char *plain_over_name(unsigned bits)
{
    static const char *const names[] = {"fields", "header", "hops", "recipients"};
    return bit_name(names, 4, bits);
}

const char *plain_dkim_flag_name(unsigned bits)
{
    static const char *const names[] = {"body_appended", "duplicate_tag", "test_mode"};
    return bit_name(names, 3, bits);
}
