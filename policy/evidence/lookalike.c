/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains that look alike, by the label that their owner chose: the first of the Organizational
 * Domain. Labels are compared as skeletons, so that m and rn, or a Cyrillic a, make no difference.
 *
 * Formula: distance 1 tells from 6 letters on, 2 from 10 on; below that, words differ by as much
 * (mail, main). The same label below another suffix tells from 8 letters on: a short one has several owners. A label inside another tells from 4 letters on where a hyphen parts them, and
 * without one from 6 on, if what is left over is a word that organisations put beside their name. */
#include "lookalike.h"
#include <string.h>
#include "domain.h"

#define ONE_FROM    6  /* letters of a label of which one may differ */
#define TWO_FROM    10 /* two */
#define PIECE_FROM  4  /* letters of a label that tells as one of several parts */
#define SUFFIX_FROM 8  /* letters of one that hardly two owners have, below whatever suffix */
#define JOINED_FROM 6  /* ... without anything between them */
#define KNOWN_FROM  5  /* letters of a well-known name in a domain */

const char *lookalike_phrase(enum lookalike kind)
{
    static const char *const phrases[] = {
        "does not look like",   "looks to the eye like", "carries within it",
        "is spelt nearly like", "puts words around",     "has another ending than",
    };
    return phrases[kind];
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned lookalike_distance(struct span a, struct span b, unsigned max)
{
    unsigned rows[3][LOOKALIKE_LABEL + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    if (a.len > LOOKALIKE_LABEL || b.len > LOOKALIKE_LABEL || a.len > b.len + max ||
        b.len > a.len + max)
        return max + 1;
    for (unsigned j = 0; j <= b.len; j++)
        last[j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned best = row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned changed = last[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            row[j] = least(changed, least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
            best = least(best, row[j]);
        }
        if (best > max)
            return max + 1;
        unsigned *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return least(last[b.len], max + 1);
}

/* The first label of a domain. */
static struct span first_label(const char *domain)
{
    return span_make(domain, strcspn(domain, "."));
}

/* needle stands in domain between dots, and not at its end, where it would be the owner. */
static bool stands_before_end(const char *domain, const char *needle)
{
    size_t n = strlen(needle);
    for (const char *at = domain; (at = strstr(at, needle)); at++)
        if ((at == domain || at[-1] == '.') && at[n] == '.')
            return true;
    return false;
}

static bool is_company_word(const struct guarded *g, struct span word)
{
    return word.len == 0 || guarded_find(g, word, GUARDED_WORD, NULL);
}

/* name at the start or the end of joined, and a word that says nothing beside it. */
static bool with_word(const struct guarded *g, struct span joined, struct span name)
{
    if (joined.len <= name.len || name.len < JOINED_FROM)
        return false;
    size_t rest = joined.len - name.len;
    return (memcmp(joined.p, name.p, name.len) == 0 &&
            is_company_word(g, span_slice(joined, name.len, joined.len))) ||
           (memcmp(joined.p + rest, name.p, name.len) == 0 &&
            is_company_word(g, span_slice(joined, 0, rest)));
}

/* "example-org" or "exampleorg" for example.org */
static bool carries_suffix(struct span joined, struct span name, const char *suffix)
{
    char whole[SKELETON_MAX];
    struct skeleton s;
    skeleton_make(span_of(suffix), &s);
    struct span end = skeleton_join(&s, 0, s.word_count, whole);
    return joined.len == name.len + end.len && memcmp(joined.p, name.p, name.len) == 0 &&
           memcmp(joined.p + name.len, end.p, end.len) == 0;
}

static bool has_piece(const struct skeleton *s, struct span name)
{
    for (size_t i = 0; name.len >= PIECE_FROM && s->word_count > 1 && i < s->word_count; i++)
        if (span_eq(s->words[i], name))
            return true;
    return false;
}

/* The label of domain against that of like, which begins at at and has the skeleton name. */
static enum lookalike compare(const struct guarded *g, struct span label, const char *at,
                              struct span name)
{
    struct skeleton s;
    char text[SKELETON_MAX];
    struct span own = first_label(at);
    skeleton_label(label, &s);
    struct span joined = skeleton_join(&s, 0, s.word_count, text);
    unsigned max = own.len >= TWO_FROM ? 2 : own.len >= ONE_FROM ? 1 : 0;
    if (span_eq(label, own))
        return own.len >= SUFFIX_FROM ? LOOKALIKE_SUFFIX : LOOKALIKE_NOT;
    if (span_eq(joined, name) && name.len >= PIECE_FROM)
        return LOOKALIKE_GLYPHS;
    if (name.len >= PIECE_FROM && carries_suffix(joined, name, at + own.len))
        return LOOKALIKE_INSIDE;
    if (max > 0 && (lookalike_distance(joined, name, max) <= max ||
                    lookalike_distance(label, own, max) <= max)) /* m swapped is two letters */
        return LOOKALIKE_SPELLING;
    if (has_piece(&s, name) || with_word(g, joined, name))
        return LOOKALIKE_WORDS;
    return LOOKALIKE_NOT;
}

enum lookalike lookalike_of(const struct guarded *g, const char *domain, const char *org,
                            const struct guarded_domain *like, const struct psl_ctx_st *psl)
{
    const char *at = like->name;
    for (size_t i = 0; i < like->label_count; i++, at = strchr(at, '.') + 1) {
        enum lookalike kind = stands_before_end(domain, at)
                                  ? LOOKALIKE_INSIDE
                                  : compare(g, first_label(org), at, span_of(like->labels[i]));
        if (kind == LOOKALIKE_NOT)
            continue;
        const char *like_org = domain_org(psl, like->name); /* asked only where it matters */
        if (like_org == at && strcmp(like_org, org) != 0)
            return kind;
    }
    return LOOKALIKE_NOT;
}

static const struct guarded_name *known(const struct guarded *g, struct span joined)
{
    const struct guarded_entry *e = NULL;
    while (joined.len >= KNOWN_FROM && (e = guarded_find(g, joined, GUARDED_NAME, e)))
        if (g->names[e->at].well_known && !g->names[e->at].alone)
            return &g->names[e->at];
    return NULL;
}

/* One of the name's own domains stands whole before org. */
static bool carries_own(const struct guarded_name *name, const char *domain)
{
    for (size_t i = 0; i < name->own_count; i++)
        if (stands_before_end(domain, name->own[i]))
            return true;
    return false;
}

static const struct guarded_name *known_before(const struct guarded *g, const char *domain,
                                               const char *org)
{
    struct span rest = span_make(domain, (size_t)(org - domain)), label;
    while (rest.len > 0 && span_split(&rest, '.', &label)) {
        struct skeleton s;
        char joined[SKELETON_MAX];
        skeleton_label(label, &s);
        const struct guarded_name *name = known(g, skeleton_join(&s, 0, s.word_count, joined));
        if (name && carries_own(name, domain))
            return name;
    }
    return NULL;
}

const struct guarded_name *lookalike_known(const struct guarded *g, const char *domain,
                                           const char *org, enum lookalike *kind_r)
{
    struct skeleton s;
    char text[SKELETON_MAX];
    struct span label = first_label(org);
    skeleton_label(label, &s);
    for (size_t from = 0; from < s.word_count; from++) {
        for (size_t n = 1; n <= s.word_count - from; n++) {
            const struct guarded_name *name = known(g, skeleton_join(&s, from, n, text));
            if (!name)
                continue;
            *kind_r = n < s.word_count ? LOOKALIKE_WORDS : LOOKALIKE_GLYPHS;
            return name;
        }
    }
    *kind_r = LOOKALIKE_INSIDE;
    return known_before(g, domain, org);
}
