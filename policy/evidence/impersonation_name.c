/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding guarded names in what From shows.
 *
 * A person's name counts when all its words stand there, in any order ("Liddell, Alice"), with titles
 * and at most two further words, or with initials for all words but the last ("A. Liddell").
 * A well-known organisation's counts wherever it stands as words of their own, unless its file says that
 * it is also a word or a surname ("=Chase"): then only if beside it stand nothing but words such
 * as "account" or "support". A remark in brackets behind a name of two words or more is an
 * affiliation ("Jane Roe (Netflix)") and does not count. Words may be written together, or letter by
 * letter, but "Sam Sung" is no Samsung: a name of one word is one word.
 *
 * Cost: words of the text times 5 look-ups, 1 to 3 us for a usual name; a text has 24 words at most. */
#include "impersonation_name.h"
#include <string.h>

#define RUN_MAX   5 /* words of a name; one written letter by letter may have more */
#define MORE_MAX  2 /* words beside a person's name */
#define SHORT_MAX 3 /* letters of a name that must be written as it is */

/* Titles and what follows names; skeletons. */
static bool is_title(struct span word)
{
    static const char *const titles[] = {
        "dr",  "prof", "rnr", "rnrs", "rns", "herr", "frau", "slr", "sr",   "sra", "jr",
        "ll",  "lll",  "lv",  "phd",  "rnd", "rnba", "ceo",  "cfo", "coo",  "cto", "clo",
        "esq", "dlpl", "lng", "rnag", "vp",  "evp",  "svp",  "rne", "rnrne"};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (span_eq(word, span_of(titles[i])))
            return true;
    return false;
}

static bool is_initial(struct span shown, struct span word)
{
    return shown.len < word.len && memcmp(shown.p, word.p, shown.len) == 0 &&
           (shown.len == 1 || (shown.len == 2 && memcmp(shown.p, "rn", 2) == 0) ||
            (shown.len == 2 && memcmp(shown.p, "vv", 2) == 0));
}

/* The first word of s that is word, or its initial; s->word_count: none. used: a bit for each word that
 * is taken. */
static size_t find_word(const struct skeleton *s, unsigned used, struct span word, bool initial)
{
    size_t at = 0;
    while (at < s->word_count && (used >> at & 1 || !(initial ? is_initial(s->words[at], word)
                                                              : span_eq(s->words[at], word))))
        at++;
    return at;
}

static enum name_match match_person(const struct skeleton *s, const struct guarded_name *name)
{
    unsigned used = 0;
    bool initials = false;
    size_t more = 0, last = name->word_count - 1;
    for (size_t i = 0; i <= last; i++) {
        size_t at = find_word(s, used, name->words[i], false);
        if (at == s->word_count && i < last) {
            at = find_word(s, used, name->words[i], true);
            initials |= at < s->word_count;
        }
        if (at < s->word_count)
            used |= 1u << at;
        else if (i == 0 || i == last) /* a middle name may be left out */
            return NAME_ABSENT;
    }
    for (size_t i = 0; i < s->word_count; i++)
        more += !(used >> i & 1) && !is_title(s->words[i]);
    if (more > MORE_MAX)
        return NAME_ABSENT;
    return initials ? NAME_INITIALS : more ? NAME_MORE : NAME_WHOLE;
}

/* All words outside from..from+count are of those that anybody puts beside a name. */
static bool stands_alone(const struct guarded *g, const struct skeleton *s, size_t from,
                         size_t count)
{
    for (size_t i = 0; i < s->word_count; i++)
        if ((i < from || i >= from + count) && !is_title(s->words[i]) &&
            !guarded_find(g, s->words[i], GUARDED_WORD, NULL))
            return false;
    return true;
}

static bool are_letters(const struct skeleton *s, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++)
        if (s->words[i].len > 2)
            return false;
    return count > 2;
}

/* The words from..from+count of s are the name. */
static enum name_match match_run(const struct guarded *g, struct span text,
                                 const struct skeleton *s, size_t from, size_t count,
                                 const struct guarded_name *name)
{
    if (count > 1 && count != name->word_count && !are_letters(s, from, count))
        return NAME_ABSENT;
    if (!name->well_known && count > 1 && count == name->word_count)
        return NAME_ABSENT; /* match_person's */
    if (strlen(name->shown) <= SHORT_MAX && span_ifind(text, name->shown) < 0)
        return NAME_ABSENT;
    if (stands_alone(g, s, from, count))
        return NAME_WHOLE;
    return name->well_known && !name->alone ? NAME_PART : NAME_ABSENT;
}

static size_t keep(struct name_found *found, size_t count, size_t max,
                   const struct guarded_name *name, enum name_match match)
{
    if (match == NAME_ABSENT)
        return count;
    for (size_t i = 0; i < count; i++)
        if (found[i].name == name) {
            if (match < found[i].match)
                found[i].match = match;
            return count;
        }
    if (count == max)
        return count;
    found[count] = (struct name_found){name, match};
    return count + 1;
}

/* Without a remark in brackets at the end, where two words of a name stand before it. */
static struct span without_affiliation(const struct guarded *g, struct span text)
{
    struct skeleton s;
    ptrdiff_t open = span_index(text, '(', 0);
    if (open <= 0)
        return text;
    struct span before = span_slice(text, 0, (size_t)open);
    skeleton_make(before, &s);
    size_t others = 0;
    for (size_t i = 0; i < s.word_count; i++)
        others += !guarded_find(g, s.words[i], GUARDED_WORD, NULL);
    return others > 1 ? before : text;
}

/* The names in text, those of persons (the operator's) or of well-known organisations. */
static size_t find_names(const struct guarded *g, struct span text, const struct skeleton *s,
                         bool well_known, struct name_found *found_r, size_t found, size_t max)
{
    char joined[SKELETON_MAX];
    const struct guarded_entry *e = NULL;
    for (size_t from = 0; from < s->word_count; from++) {
        while (!well_known && (e = guarded_find(g, s->words[from], GUARDED_ANCHOR, e)))
            found = keep(found_r, found, max, &g->names[e->at], match_person(s, &g->names[e->at]));
        size_t longest = s->words[from].len > 2 ? RUN_MAX : SKELETON_WORDS;
        for (size_t n = 1; n <= longest && from + n <= s->word_count; n++) {
            struct span run = skeleton_join(s, from, n, joined);
            while ((e = guarded_find(g, run, GUARDED_NAME, e)))
                if (g->names[e->at].well_known == well_known)
                    found = keep(found_r, found, max, &g->names[e->at],
                                 match_run(g, text, s, from, n, &g->names[e->at]));
        }
    }
    return found;
}

size_t impersonation_names(const struct guarded *g, struct span text, struct name_found *found_r,
                           size_t max)
{
    struct skeleton s;
    if (g->name_count == 0)
        return 0;
    skeleton_make(text, &s);
    size_t found = find_names(g, text, &s, false, found_r, 0, max);
    struct span part = without_affiliation(g, text);
    if (part.len < text.len)
        skeleton_make(part, &s);
    return find_names(g, part, &s, true, found_r, found, max);
}
