/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings of one message, and how much each tells.
 *
 * Strength: the share of such mail that is meant to deceive, as far as that can be told without its
 * history: a guarded person's whole name with a foreign address is hardly ever chance (1), initials
 * often are (0.6). What came through a mailing list, says "via" whom, or is answered at the address that is
 * shown, is as lists and services write every day (times 0.4), so a namesake on a list is mentioned and
 * no more. A free mailbox adds 0.2.
 *
 * Cost: 2 us for a usual message, 6 with letters outside ASCII. Bounded: 8 texts of 400 bytes, 8
 * addresses in each, at most 1 ms for all that one From field may hold. */
#include "impersonation.h"
#include <string.h>
#include "arena.h"
#include "domain.h"
#include "errors.h"
#include "impersonation_name.h"
#include "lookalike.h"
#include "shown.h"
#include "utf8.h"

#define TEXTS_MAX     8
#define NAMES_MAX     4
#define ADDRESSES_MAX 8
#define USUAL         0.4 /* of a finding's strength, where lists and services do the same */
#define FREE_MAILBOX  0.2 /* is added */
#define OWN_FREE      0.6 /* a provider's name with one of the mailboxes that it gives to anybody */

struct search {
    struct arena *arena;
    const struct message *m;
    const struct guarded *g;
    const struct psl_ctx_st *psl;
    bool free;      /* the author's is a free mailbox */
    bool rewritten; /* what is looked at names for whom a list or service writes */
    struct impersonations *out;
};

/* One subject counts once, at its strongest. */
static void add(struct search *s, struct impersonation finding)
{
    struct impersonations *out = s->out;
    size_t at = 0;
    for (size_t i = 0; i < out->count; i++)
        if (strcmp(out->found[i].subject, finding.subject) == 0 &&
            out->found[i].strength >= finding.strength)
            return;
    while (at < out->count && out->found[at].strength >= finding.strength)
        at++;
    if (at == IMPERSONATION_MAX)
        return;
    if (out->count < IMPERSONATION_MAX)
        out->count++;
    memmove(&out->found[at + 1], &out->found[at], (out->count - 1 - at) * sizeof *out->found);
    out->found[at] = finding;
}

static bool is_free(const struct search *s, const struct mailbox *box)
{
    return guarded_find(s->g, span_of(box->domain), GUARDED_FREE, NULL) != NULL;
}

static bool same_org(const struct search *s, const char *domain)
{
    return strcmp(domain_org(s->psl, domain), s->m->author_org) == 0;
}

/* --- names --- */

static bool is_borne(const struct search *s, const struct name_found *found,
                     const struct mailbox *by)
{
    return guarded_bears(s->g, found->name, by->address, by->domain);
}

static double name_strength(const struct search *s, const struct name_found *found)
{
    static const double persons[] = {0, 1, 0.8, 0.6, 0}; /* by enum name_match */
    static const double known[] = {0, 0.8, 0, 0, 0.6};
    const struct mailbox *answer = s->m->reply_to;
    double x = (found->name->well_known ? known : persons)[found->match];
    if (is_borne(s, found, s->m->author))
        return OWN_FREE;
    if (s->free)
        x = x + FREE_MAILBOX > 1 ? 1 : x + FREE_MAILBOX;
    bool usual = found->name->well_known
                     ? s->rewritten
                     : s->rewritten || s->m->list || (answer && is_borne(s, found, answer));
    return usual ? x * USUAL : x;
}

/* The author bears one of the names, so those of its kind are no lie: "Alice at PayPal", from there.
 * That a provider's customers share its domain is no proof that the provider writes. */
static bool bears_one(const struct search *s, const struct name_found *found, size_t count,
                      bool well_known)
{
    for (size_t i = 0; i < count && !(well_known && s->free); i++)
        if (found[i].name->well_known == well_known && is_borne(s, &found[i], s->m->author))
            return true;
    return false;
}

static void add_names(struct search *s, struct span text, bool local_part)
{
    struct name_found found[NAMES_MAX];
    size_t count = impersonation_names(s->g, text, found, NAMES_MAX);
    bool borne[] = {bears_one(s, found, count, false), bears_one(s, found, count, true)};
    for (size_t i = 0; i < count; i++) {
        const struct guarded_name *name = found[i].name;
        if (borne[name->well_known] ||
            (local_part && (name->alone || found[i].match == NAME_INITIALS)))
            continue;
        add(s, (struct impersonation){
                   .kind = IMPERSONATION_NAME,
                   .subject = name->shown,
                   .note = s->free ? "its name is shown, the address is a free mailbox"
                                   : "its name is shown, the address is somebody else's",
                   .strength = name_strength(s, &found[i]),
                   .operators = !name->well_known,
               });
    }
}

/* --- addresses --- */

static bool is_recipient(const struct message *m, const char *address)
{
    for (size_t i = 0; i < m->env.rcpt_count && i < ADDRESSES_MAX; i++)
        if (span_ieq_cstr(span_of(address), m->env.rcpts[i]))
            return true;
    return false;
}

static int add_address(struct search *s, const char *address)
{
    const struct message *m = s->m;
    char domain[DOMAIN_MAX + 1];
    const char *at = strrchr(address, '@');
    bool answered = m->reply_to && span_ieq_cstr(span_of(address), m->reply_to->address);
    if (at == address || domain_normalize(span_of(at + 1), domain) != 0 || same_org(s, domain))
        return 0;
    bool ours = guarded_is_ours(s->g, domain) || is_recipient(m, address);
    if (!ours && span_ieq_cstr(span_make(address, (size_t)(at - address)), m->author->local))
        return 0; /* his other mailbox */
    const char *copy = arena_strdup(s->arena, address);
    if (!copy)
        return VOUCH_E_NOMEM;
    add(s, (struct impersonation){
               .kind = IMPERSONATION_ADDRESS,
               .subject = copy,
               .note = "shown in From, but it is not the author's address",
               .strength = (ours ? 0.9 : 0.7) * (m->list || answered || s->rewritten ? USUAL : 1),
               .operators = guarded_is_ours(s->g, domain),
           });
    return 0;
}

static int add_addresses(struct search *s, struct span text)
{
    char address[SHOWN_MAX + 1];
    size_t at = 0;
    int rc = 0;
    for (int i = 0; rc == 0 && i < ADDRESSES_MAX && shown_address(text, &at, address); i++)
        rc = add_address(s, address);
    return rc;
}

/* "Alice via Group" <group@...>: how lists and document services write whom they speak for. Not so
 * if neither a list nor the author's domain has to do with what stands behind "via". */
static bool is_rewritten(const struct search *s, struct span text)
{
    struct skeleton behind, label;
    ptrdiff_t via = span_ifind(text, " via ");
    if (via < 0)
        via = span_ifind(text, "(via ");
    if (via < 0 || s->m->list)
        return via >= 0;
    skeleton_make(span_slice(text, (size_t)via + 5, text.len), &behind);
    const char *org = s->m->author_org;
    skeleton_label(span_make(org, strcspn(org, ".")), &label);
    for (size_t i = 0; i < behind.word_count; i++)
        if (label.word_count == 1 && span_eq(behind.words[i], label.words[0]))
            return true;
    return false;
}

/* What one mailbox shows, with the bare phrases before it: Liddell, Alice <x@y.example>. */
struct shown_run {
    char text[SKELETON_INPUT + 1];
    size_t len;
};

static void run_add(struct shown_run *run, struct span text)
{
    text = utf8_cut(text, SKELETON_INPUT - run->len);
    memcpy(run->text + run->len, text.p ? text.p : "", text.len);
    run->len += text.len;
    if (text.len > 0 && run->len < SKELETON_INPUT)
        run->text[run->len++] = ' ';
}

static int add_run(struct search *s, struct shown_run *run)
{
    struct span text = span_trim(span_make(run->text, run->len));
    s->rewritten = is_rewritten(s, text);
    int rc = add_addresses(s, text);
    shown_blank_addresses(run->text, run->len);
    add_names(s, text, false);
    s->rewritten = false;
    run->len = 0;
    return rc;
}

static int add_shown(struct search *s)
{
    const struct message *m = s->m;
    struct shown_run run = {.len = 0};
    int rc = 0, texts = 0;
    for (size_t i = 0; rc == 0 && i < m->from_read; i++) {
        for (size_t k = 0; rc == 0 && k < m->from[i].count && texts < TEXTS_MAX; k++) {
            const struct mailbox *box = &m->from[i].list[k];
            bool phrase = !box->domain[0] && !box->unreadable;
            run_add(&run, shown_text(box));
            if (phrase && k + 1 < m->from[i].count)
                continue;
            rc = add_run(s, &run);
            texts++;
        }
    }
    if (s->free)
        add_names(s, span_of(m->author->local), true);
    return rc;
}

/* --- the author's domain --- */

static void add_domain(struct search *s)
{
    static const double ours[] = {0, 1, 1, 0.8, 0.7, 0.6}; /* by enum lookalike */
    static const double known[] = {0, 0.6, 0.8, 0, 0.6, 0};
    const char *domain = s->m->author->domain, *org = s->m->author_org;
    if (s->free || guarded_is_ours(s->g, domain))
        return;
    for (size_t i = 0; i < s->g->domain_count; i++) {
        enum lookalike alike = lookalike_of(s->g, domain, org, &s->g->domains[i], s->psl);
        if (alike != LOOKALIKE_NOT)
            add(s, (struct impersonation){IMPERSONATION_DOMAIN, s->g->domains[i].name,
                                          lookalike_phrase(alike), ours[alike], true});
    }
    enum lookalike kind = LOOKALIKE_NOT;
    const struct guarded_name *name = lookalike_known(s->g, domain, org, &kind);
    if (name && !guarded_bears(s->g, name, s->m->author->address, domain))
        add(s, (struct impersonation){IMPERSONATION_DOMAIN, name->own[0], lookalike_phrase(kind),
                                      known[kind], false});
}

/* --- where answers go --- */

static void add_reply_to(struct search *s)
{
    const struct message *m = s->m;
    const struct mailbox *answer = m->reply_to;
    if (!answer || m->list || s->free || same_org(s, answer->domain) ||
        guarded_is_ours(s->g, answer->domain))
        return;
    bool ours = guarded_is_ours(s->g, m->author->domain), free = is_free(s, answer);
    bool posed = s->out->count > 0 && s->out->found[0].strength >= IMPERSONATION_FLAGGED;
    if (!(ours || (posed && free)))
        return;
    add(s, (struct impersonation){
               .kind = IMPERSONATION_REPLY_TO,
               .subject = answer->address,
               .note = free ? "answers go to a free mailbox" : "answers go to somebody else",
               .strength = !free  ? 0.4
                           : ours ? 0.9
                                  : 0.5,
               .operators = ours,
           });
}

int impersonation_find(struct arena *arena, const struct message *m, const struct guarded *guarded,
                       const struct psl_ctx_st *psl, struct impersonations *found_r)
{
    static const struct guarded none;
    struct search s = {
        .arena = arena, .m = m, .g = guarded ? guarded : &none, .psl = psl, .out = found_r};
    found_r->count = 0;
    if (!m->author)
        return 0;
    s.free = is_free(&s, m->author);
    int rc = add_shown(&s);
    if (rc != 0)
        return rc;
    add_domain(&s);
    add_reply_to(&s);
    return 0;
}
