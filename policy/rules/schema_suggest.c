/* SPDX-License-Identifier: BSD-2-Clause */
/* "Did you mean ...": which key was meant by one that does not exist. Looks for a near name in the
 * same group first, then for the same name in another group ('trusted' for 'thresholds.trusted'),
 * then for the name of a group written into the key ('log_level' for 'log.level'). */
#include "schema.h"
#include <string.h>
#include "arena.h"
#include "ascii.h"

#define NAME_MAX_LEN 48 /* longer than any path of the schema */

/* How far a candidate is: an edit weighs more than any difference of place. */
#define PER_EDIT    10
#define OTHER_GROUP 3
#define OTHER_SCOPE 4 /* in a policy for one that is not, or the reverse */
#define OTHER_TYPE  2
#define NONE_NEAR   1000

static char fold(char c)
{
    return c == '-' || c == '.' ? '_' : ascii_lower(c);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Edit distance with swaps of neighbours (optimal string alignment); case and "-", "_", "." do not
 * count. NONE_NEAR for names that are too long. */
static unsigned distance(struct span a, struct span b)
{
    unsigned row[3][NAME_MAX_LEN + 1];
    unsigned *before = row[0], *last = row[1], *now = row[2];
    if (a.len > NAME_MAX_LEN || b.len > NAME_MAX_LEN)
        return NONE_NEAR;
    for (size_t j = 0; j <= b.len; j++)
        before[j] = last[j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = fold(a.p[i - 1]), y = fold(b.p[j - 1]);
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == fold(b.p[j - 2]) && fold(a.p[i - 2]) == y &&
                before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        unsigned *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b.len];
}

/* How many edits a name may be away: none for very short names, more for long ones. */
static unsigned tolerance(size_t len)
{
    return len < 3 ? 0 : 1 + (unsigned)len / 4;
}

static bool fits(const struct schema_row *row, int type)
{
    if (!row)
        return type == CONFIG_TYPE_GROUP;
    switch (row->kind) {
    case SCHEMA_NUMBER:
        return type == CONFIG_TYPE_FLOAT || type == CONFIG_TYPE_INT;
    case SCHEMA_COUNT:
        return type == CONFIG_TYPE_INT;
    case SCHEMA_PATTERNS:
    case SCHEMA_DOMAINS:
    case SCHEMA_STRINGS:
    case SCHEMA_SENDERS:
    case SCHEMA_NETWORKS:
    case SCHEMA_POLICIES:
        return type == CONFIG_TYPE_ARRAY || type == CONFIG_TYPE_LIST;
    default:
        return type == CONFIG_TYPE_STRING;
    }
}

/* The path without its last part; length 0 if it has one part only. */
static struct span parent_of(struct span path)
{
    while (path.len > 0 && path.p[path.len - 1] != '.')
        path.len--;
    if (path.len > 0)
        path.len--;
    return path;
}

/* path: a candidate; row: its row, or NULL for a group. */
static unsigned score(struct span path, const struct schema_row *row, const char *group,
                      const char *name, int type)
{
    struct span parent = parent_of(path);
    struct span leaf = span_slice(path, parent.len > 0 ? parent.len + 1 : 0, path.len);
    struct span wanted = span_of(name);
    bool here = span_eq(parent, span_of(group));
    bool policy = span_istarts(path, SCHEMA_POLICY);
    bool same_scope = policy == span_istarts(span_of(group), SCHEMA_POLICY);
    unsigned edits = distance(wanted, leaf);
    unsigned joined =
        distance(wanted, policy ? span_slice(path, strlen(SCHEMA_POLICY) + 1, path.len) : path);
    unsigned allowed = here ? tolerance(wanted.len) : wanted.len > 5;
    if (joined < edits && joined <= wanted.len / 5)
        edits = joined;
    else if (edits > allowed || 2 * edits > leaf.len)
        return NONE_NEAR;
    return edits * PER_EDIT + (here ? 0 : OTHER_GROUP) + (same_scope ? 0 : OTHER_SCOPE) +
           (fits(row, type) ? 0 : OTHER_TYPE);
}

/* The best candidate so far, and another that is just as good. */
struct best {
    struct span path, other;
    unsigned score;
};

static void consider(struct best *best, struct span path, unsigned n)
{
    if (n == NONE_NEAR || n > best->score || span_eq(path, best->path) ||
        span_eq(path, best->other))
        return;
    if (n == best->score) {
        best->other = path;
        return;
    }
    *best = (struct best){path, SPAN_NONE, n};
}

const char *schema_suggest(const struct schema *schema, struct arena *arena, const char *group,
                           const char *name, const config_setting_t *value)
{
    int type = config_setting_type(value);
    struct best best = {SPAN_NONE, SPAN_NONE, NONE_NEAR};
    for (size_t i = 0; i < schema->count; i++) {
        struct span path = span_of(schema->rows[i].key.path);
        struct span parent = parent_of(path);
        consider(&best, path, score(path, &schema->rows[i], group, name, type));
        if (parent.len > 0 && !span_eq(parent, SPAN_LIT(SCHEMA_POLICY)))
            consider(&best, parent, score(parent, NULL, group, name, type));
    }
    if (!best.path.p)
        return NULL;
    return best.other.p ? arena_printf(arena, "'%.*s' or '%.*s'", SPAN_ARGS(best.path),
                                       SPAN_ARGS(best.other))
                        : arena_printf(arena, "'%.*s'", SPAN_ARGS(best.path));
}
