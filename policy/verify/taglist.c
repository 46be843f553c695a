/* SPDX-License-Identifier: BSD-2-Clause */
/* Tag lists: RFC 6376 s3.2, with its grammar held strictly, for what passes here libopendkim parses
 * next, and both must see the same tags. Names compare without regard to case, which the RFC does
 * not do and libopendkim does: "D=" after "d=" is a duplicate here. Values are not decoded. */
#include "taglist.h"
#include "arena.h"
#include "ascii.h"
#include "errors.h"

static bool is_name(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!ascii_is_alpha(s.p[i]) && (i == 0 || (!ascii_is_digit(s.p[i]) && s.p[i] != '_')))
            return false;
    }
    return s.len > 0;
}

static bool is_value(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_is_space(s.p[i]) && !ascii_is_visible(s.p[i]))
            return false;
    return true;
}

int taglist_parse(struct span text, struct taglist *list_r)
{
    struct span rest = text, part;
    list_r->count = 0;
    list_r->duplicates = false;
    while (span_split(&rest, ';', &part)) {
        struct tag tag;
        ptrdiff_t eq = span_index(part, '=', 0);
        if (eq < 0 && !rest.p && list_r->count && span_trim(part).len == 0)
            return 0; /* the list ended in ";" */
        if (eq < 0)
            return VOUCH_E_SYNTAX;
        tag.name = span_trim(span_slice(part, 0, (size_t)eq));
        tag.value = span_trim(span_slice(part, (size_t)eq + 1, part.len));
        if (!is_name(tag.name) || !is_value(tag.value))
            return VOUCH_E_SYNTAX;
        if (list_r->count == TAGLIST_MAX)
            return VOUCH_E_LIMIT;
        for (size_t i = 0; i < list_r->count; i++)
            if (span_ieq(list_r->tags[i].name, tag.name))
                list_r->duplicates = true;
        list_r->tags[list_r->count++] = tag;
    }
    return list_r->count ? 0 : VOUCH_E_SYNTAX;
}

struct span taglist_get(const struct taglist *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (span_ieq_cstr(list->tags[i].name, name))
            return list->tags[i].value;
    return SPAN_NONE;
}

char *taglist_squeeze(struct arena *arena, struct span value)
{
    char *text = arena_alloc(arena, value.len + 1);
    size_t n = 0;
    for (size_t i = 0; text && i < value.len; i++)
        if (!ascii_is_space(value.p[i]))
            text[n++] = value.p[i];
    return text;
}

bool taglist_lists(struct span value, const char *word)
{
    struct span part;
    while (span_split(&value, ':', &part))
        if (span_ieq_cstr(span_trim(part), word))
            return true;
    return false;
}
