/* SPDX-License-Identifier: BSD-2-Clause */
/* Labels that come with the message. A field of another filter is believed as it stands: that the
 * filter runs before vouch and removes what senders forge is the operator's part (vouch.conf(5)). */
#include "observed.h"
#include "ascii.h"
#include "decision.h"
#include "errors.h"

/* bytes of a filter's field that are compared; a longer one matches nothing. Filters that list
 * each of their tests need some KiB. */
#define FILTER_MAX_VALUE 16384

/* One byte of a value or pattern as they are compared: lower case, any run of white space (folding too) a blank.
 * Moves *at behind it. */
static char next_byte(struct span value, size_t *at)
{
    char c = value.p[(*at)++];
    if (!ascii_is_space(c))
        return ascii_lower(c);
    while (*at < value.len && ascii_is_space(value.p[*at]))
        (*at)++;
    return ' ';
}

/* The whole value matches; "*" stands for anything. When what follows a "*" does not match where it
 * is tried, it is tried one byte further on; earlier ones need not be tried again. */
static bool matches(struct span pattern, struct span value)
{
    size_t p = 0, v = 0, star = SIZE_MAX, from = 0;
    while (v < value.len) {
        size_t next_p = p, next_v = v;
        char c = next_byte(value, &next_v);
        if (p < pattern.len && pattern.p[p] == '*') {
            star = p++;
            from = v;
        } else if (p < pattern.len && next_byte(pattern, &next_p) == c) {
            p = next_p;
            v = next_v;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            next_byte(value, &from);
            v = from;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.p[p] == '*')
        p++;
    return p == pattern.len;
}

/* filter: "Name: pattern", as schema_check_filter leaves it. The topmost field of that name counts. */
static bool filter_says(const struct message *m, const char *filter)
{
    struct span pattern = span_of(filter), name;
    span_split(&pattern, ':', &name);
    pattern = span_trim(pattern);
    for (size_t i = 0; i < m->field_count; i++) {
        if (!span_ieq(m->fields[i].name, name))
            continue;
        struct span value = span_trim(m->fields[i].value);
        return value.len <= FILTER_MAX_VALUE && matches(pattern, value);
    }
    return false;
}

static const char *first_that_says(const struct message *m, const char *const *filters,
                                   size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (filter_says(m, filters[i]))
            return filters[i];
    return NULL;
}

static void add(struct label *labels, size_t *count, enum label_verdict verdict,
                enum label_source source, const char *note)
{
    labels[(*count)++] = (struct label){.verdict = verdict, .source = source, .note = note};
}

static void add_filter(struct label *labels, size_t *count, const struct settings *s,
                       const struct message *m)
{
    const char *bad = first_that_says(m, s->filter_bad, s->filter_bad_count);
    const char *good = bad ? NULL : first_that_says(m, s->filter_good, s->filter_good_count);
    if (bad || good)
        add(labels, count, bad ? LABEL_BAD : LABEL_GOOD, LABEL_FILTER, bad ? bad : good);
}

/* The pattern of labels.traps that one of the recipients matches; NULL: none does. */
static const char *trapped(const struct settings *s, const struct message *m)
{
    for (size_t i = 0; s->traps.count && i < m->env.rcpt_count; i++) {
        struct pattern_subject subject;
        pattern_subject(m->env.rcpts[i], &subject);
        for (size_t t = 0; t < s->traps.count; t++) {
            const struct pattern_list one = {s->traps.patterns + t, 1};
            if (pattern_list_matches(&one, &subject))
                return s->traps.patterns[t];
        }
    }
    return NULL;
}

bool observed_harvest(const struct message *m)
{
    bool null_sender = !m->env.sender || !m->env.sender[0];
    return !null_sender && m->env.rejected > m->env.rcpt_count;
}

int observed_labels(struct arena *arena, const struct settings *s, const struct message *m,
                    const struct label **labels_r, size_t *count_r)
{
    struct label found[OBSERVED_MAX];
    size_t count = 0;
    *labels_r = NULL;
    *count_r = 0;
    if (decide_direction(s, &m->env) == DIRECTION_OUTBOUND)
        return 0;
    const char *trap = trapped(s, m);
    if (trap)
        add(found, &count, LABEL_BAD, LABEL_TRAP, trap);
    add_filter(found, &count, s, m);
    if (observed_harvest(m))
        add(found, &count, LABEL_BAD, LABEL_UNKNOWN_RECIPIENT, NULL);
    if (count == 0)
        return 0;
    struct label *labels = arena_array(arena, count, sizeof *labels);
    if (!labels)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        labels[i] = found[i];
    *labels_r = labels;
    *count_r = count;
    return 0;
}
