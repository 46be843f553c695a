/* SPDX-License-Identifier: BSD-2-Clause */
/* What one record teaches. The message's identities are made anew, as they were for its look-up, and
 * trust_teaching says which of them its proofs let it speak for. */
#include "learn_lesson.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "ascii.h"
#include "domain.h"
#include "errors.h"
#include "tally.h"
#include "trust.h"

#define DAY_S          86400
#define SUBJECT_MAX    200
#define MASS_UNIT      65536.0 /* mark.h: mass in 2^-16 of a message */
#define MAX_RECIPIENTS 1000    /* of one message that a window takes in; RFC 5321 s4.5.3.1.8: 100 */

static int64_t seconds(int64_t us)
{
    int64_t s = us > 0 ? us / 1000000 : 0;
    return s < TALLY_TIME_MAX ? s : TALLY_TIME_MAX;
}

static void mark_group(int64_t time, char group_r[LESSON_MARK_GROUP])
{
    time_t t = (time_t)time;
    struct tm tm;
    if (!gmtime_r(&t, &tm) ||
        strftime(group_r, LESSON_MARK_GROUP, LESSON_MARK_PREFIX "%Y-%m-%d", &tm) == 0)
        memcpy(group_r, LESSON_MARK_PREFIX, sizeof LESSON_MARK_PREFIX);
}

static int add_members(struct arena *arena, struct lesson_window *w, enum window_set set,
                       const char *const *names, size_t count)
{
    uint64_t *members = arena_array(arena, count, sizeof *members);
    size_t n = 0;
    if (!members)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        if (names[i] && *names[i])
            members[n++] = span_ihash64(span_of(names[i]));
    w->members[set] = members;
    w->member_count[set] = n;
    return 0;
}

static int add_recipients(struct arena *arena, const struct message *m, struct lesson_window *w)
{
    size_t count = m->env.rcpt_count < MAX_RECIPIENTS ? m->env.rcpt_count : MAX_RECIPIENTS;
    return add_members(arena, w, WINDOW_X, m->env.rcpts, count);
}

/* Its organisation, where the sender's domain may be one of many: a mail service gives each customer
 * one, or each letter. */
static const char *sender_org(const struct trust_input *in)
{
    for (size_t i = 0; i < in->identity_count; i++)
        if (in->identities[i].kind == ID_MAILFROM_ORG)
            return in->identities[i].subject;
    return NULL;
}

static int add_client_names(struct arena *arena, const struct trust_input *in,
                            struct lesson_window *w)
{
    struct message_client client = message_client(in->message);
    const char *org = sender_org(in);
    int rc = add_members(arena, w, WINDOW_X, &client.helo, 1);
    return rc != 0 ? rc : add_members(arena, w, WINDOW_Y, &org, 1);
}

static int add_window(struct arena *arena, const struct trust_input *in, const struct identity *id,
                      struct lesson *l)
{
    struct lesson_window *w = &l->windows[l->window_count];
    if (l->window_count == sizeof l->windows / sizeof *l->windows)
        return 0;
    *w = (struct lesson_window){.key = {id->group, id->field}};
    l->window_count++;
    return id->kind == ID_WINDOW_CLIENT ? add_client_names(arena, in, w)
                                        : add_recipients(arena, in->message, w);
}

static bool is_window(enum identity_kind kind)
{
    return kind == ID_WINDOW_CLIENT || kind == ID_WINDOW_AUTHOR;
}

/* Whom the message may teach; windows only if it was a decision. */
static int add_subjects(struct arena *arena, const struct trust_input *in, bool windows,
                        struct lesson *l)
{
    struct store_key *targets = arena_array(arena, in->identity_count, sizeof *targets);
    bool *teaches = arena_array(arena, in->identity_count, sizeof *teaches);
    int rc = targets && teaches ? 0 : VOUCH_E_NOMEM;
    if (rc == 0)
        trust_teaching(in, teaches);
    for (size_t i = 0; i < in->identity_count && rc == 0; i++) {
        const struct identity *id = &in->identities[i];
        if (!teaches[i])
            continue;
        if (!is_window(id->kind))
            targets[l->target_count++] = (struct store_key){id->group, id->field};
        else if (windows)
            rc = add_window(arena, in, id, l);
    }
    l->targets = targets;
    return rc;
}

/* In the form in which verify leaves them, and keys can hold them; records may come from anywhere. */
static bool is_domain(const char *name)
{
    char text[DOMAIN_MAX + 1];
    return name && domain_normalize(span_of(name), text) == 0 && strcmp(text, name) == 0;
}

/* The message's identities, by the same names as when it was judged. */
static int list_identities(struct arena *arena, const struct psl_ctx_st *psl,
                           const struct record *r, struct identity **list_r, size_t *count_r)
{
    const struct evidence *ev = r->evidence;
    struct message_client client = message_client(r->message);
    const char **domains = arena_array(arena, ev->dkim_count, sizeof *domains);
    if (!domains)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < ev->dkim_count; i++)
        domains[i] = is_domain(ev->dkim[i].domain) ? ev->dkim[i].domain : NULL;
    const char *ptr =
        ev->iprev.result == AUTH_PASS && ev->iprev.name ? ev->iprev.name : client.name;
    return identity_list(arena, r->message, psl, domains, ev->dkim_count, ptr, list_r, count_r);
}

/* The 16 bytes of a UUID; what is none gives zeros. */
static void id_bytes(const char *text, uint8_t bytes_r[16])
{
    unsigned digits = 0;
    memset(bytes_r, 0, 16);
    for (const char *p = text; *p && digits < 32; p++) {
        int value = ascii_hex(*p);
        if (value >= 0) {
            bytes_r[digits / 2] = (uint8_t)(bytes_r[digits / 2] << 4 | value);
            digits++;
        }
    }
}

static struct mark mark_of(const struct settings *s, const struct record *r,
                           const struct label *label, int64_t at)
{
    struct mark m = {.rank = (uint8_t)label_rank(label->source),
                     .source = (uint8_t)label->source,
                     .verdict = (int8_t)label->verdict,
                     .time_us = r->time_us > 0 ? r->time_us : 0,
                     .at = at};
    if (label->verdict != LABEL_NONE)
        m.mass = (uint32_t)lround(s->label_weights[label->source] * MASS_UNIT);
    id_bytes(r->id, m.id);
    return m;
}

static bool counts_for_something(const struct settings *s, const struct record *r,
                                 const struct label *label, int64_t at)
{
    return label->source < LABEL_SOURCE_COUNT && s->label_weights[label->source] > 0 &&
           (r->subject_unseen || seconds(r->time_us) - at <= (int64_t)LESSON_LABEL_DAYS * DAY_S);
}

/* An id or a digest, as record.h has them: what can be a key. */
static bool is_subject(const char *text)
{
    size_t len = text ? strlen(text) : 0;
    for (size_t i = 0; i < len && len <= SUBJECT_MAX; i++)
        if (!ascii_is_visible(text[i]))
            return false;
    return len > 0 && len <= SUBJECT_MAX;
}

/* subject: of the message */
static int add_labels(struct arena *arena, const struct settings *s, const struct record *r,
                      const char *subject, struct lesson *l)
{
    size_t count = r->label_count < LESSON_LABELS_MAX ? r->label_count : LESSON_LABELS_MAX;
    struct mark *marks = arena_array(arena, count, sizeof *marks);
    char group[LESSON_MARK_GROUP];
    if (!is_subject(subject))
        return 0;
    mark_group(l->time, group);
    l->mark_key = (struct store_key){arena_strdup(arena, group), subject};
    if (!marks || !l->mark_key.group)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        if (counts_for_something(s, r, &r->labels[i], l->time))
            marks[l->label_count++] = mark_of(s, r, &r->labels[i], l->time);
    l->labels = marks;
    return 0;
}

/* Whom a local user writes to is known to him: mail that comes back is expected. Not so what a machine
 * answers by itself to whoever wrote. */
static int add_correspondents(struct arena *arena, const struct settings *s,
                              const struct psl_ctx_st *psl, const struct message *m,
                              struct lesson *l)
{
    struct identity *list = NULL;
    size_t count = 0;
    double mass = s->label_weights[LABEL_REPLY];
    if (m->automatic || !m->env.sender || !*m->env.sender || mass <= 0)
        return 0;
    if (identity_correspondents(arena, m, psl, &list, &count) != 0)
        return VOUCH_E_NOMEM;
    struct store_key *keys = arena_array(arena, count, sizeof *keys);
    if (!keys)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        keys[i] = (struct store_key){list[i].group, list[i].field};
    l->correspondents = keys;
    l->correspondent_count = count;
    l->good_mass = mass;
    return 0;
}

static int read_decision(struct arena *arena, const struct settings *s,
                         const struct trust_input *in, const struct record *r, struct lesson *l)
{
    int rc = add_subjects(arena, in, true, l);
    l->seen = true;
    if (rc == 0 && in->outbound)
        rc = add_correspondents(arena, s, in->psl, r->message, l);
    else if (rc == 0 && r->label_count)
        rc = add_labels(arena, s, r, r->id, l);
    return rc;
}

static int read_label(struct arena *arena, const struct settings *s, const struct trust_input *in,
                      const struct record *r, struct lesson *l)
{
    if (in->outbound)
        return 0;
    int rc = add_subjects(arena, in, false, l);
    l->mark_seen = r->subject_unseen;
    return rc == 0 ? add_labels(arena, s, r, r->subject, l) : rc;
}

/* What came from our own users speaks for nobody but them. */
static bool is_outbound(const struct settings *s, const struct record *r)
{
    enum direction d = r->decision ? r->decision->direction : r->direction;
    if (d == DIRECTION_ANY)
        d = decide_direction(s, &r->message->env);
    return d == DIRECTION_OUTBOUND;
}

int lesson_input(struct arena *arena, const struct settings *s, const struct psl_ctx_st *psl,
                 const struct record *r, struct trust_input *in_r)
{
    struct identity *list = NULL;
    *in_r = (struct trust_input){
        .message = r->message, .evidence = r->evidence, .psl = psl, .outbound = is_outbound(s, r)};
    int rc = list_identities(arena, psl, r, &list, &in_r->identity_count);
    in_r->identities = list;
    return rc;
}

int lesson_read_known(struct arena *arena, const struct settings *s, const struct psl_ctx_st *psl,
                      const struct record *r, const struct identity *identities, size_t count,
                      struct lesson *lesson_r)
{
    const struct trust_input in = {.message = r->message,
                                   .evidence = r->evidence,
                                   .identities = identities,
                                   .identity_count = count,
                                   .psl = psl,
                                   .outbound = is_outbound(s, r)};
    *lesson_r =
        (struct lesson){.time = seconds(r->kind == RECORD_LABEL ? r->subject_time_us : r->time_us)};
    return r->kind == RECORD_LABEL ? read_label(arena, s, &in, r, lesson_r)
                                   : read_decision(arena, s, &in, r, lesson_r);
}

int lesson_read(struct arena *arena, const struct settings *s, const struct psl_ctx_st *psl,
                const struct record *r, struct lesson *lesson_r)
{
    struct identity *list = NULL;
    size_t count = 0;
    *lesson_r = (struct lesson){.time = seconds(r->time_us)};
    if (r->kind == RECORD_ERASURE)
        lesson_r->erased = r->erased;
    bool teaches = r->kind == RECORD_LABEL || record_is_judgement(r);
    if (!teaches || !r->message || !r->evidence)
        return 0;
    int rc = list_identities(arena, psl, r, &list, &count);
    return rc == 0 ? lesson_read_known(arena, s, psl, r, list, count, lesson_r) : rc;
}
