/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of protected.senders. */
#include "sender.h"
#include "arena.h"
#include "ascii.h"
#include "sbuf.h"
#include "utf8.h"

static const char no_memory[] = "could not be kept: out of memory";

static bool is_pattern(struct span text)
{
    bool dot = false, blank = false, at = false;
    for (size_t i = 0; i < text.len; i++) {
        dot |= text.p[i] == '.';
        blank |= ascii_is_blank(text.p[i]);
        at |= text.p[i] == '@';
    }
    return at || (dot && !blank) || text.len == 0 || span_eq(text, SPAN_LIT("*")) ||
           span_eq(text, SPAN_LIT("<>"));
}

static const char *parse_name(struct arena *arena, struct span text, const char **name_r)
{
    struct skeleton s;
    skeleton_make(text, &s);
    if (text.len > SENDER_MAX_NAME || !utf8_valid(text) || s.word_count == 0)
        return "is not a name that a mail program could show";
    *name_r = arena_span(arena, text);
    return *name_r ? NULL : no_memory;
}

const char *sender_parse(struct arena *arena, struct span text, struct guarded_sender *sender_r)
{
    struct span name = span_trim(text);
    ptrdiff_t open = span_index(name, '<', 1);
    *sender_r = (struct guarded_sender){NULL, NULL};
    if (open < 0)
        return is_pattern(name) ? pattern_parse(arena, name, false, &sender_r->own)
                                : parse_name(arena, name, &sender_r->name);
    if (name.p[name.len - 1] != '>')
        return "must end with the address in \"<>\": \"Alice Liddell <alice@example.com>\"";
    struct span own = span_slice(name, (size_t)open + 1, name.len - 1);
    const char *why =
        parse_name(arena, span_trim(span_slice(name, 0, (size_t)open)), &sender_r->name);
    if (why)
        return why;
    if (own.len == 0 || span_eq(own, SPAN_LIT("*")))
        return "must name whose the name is: \"Alice Liddell <alice@example.com>\"";
    return pattern_parse(arena, span_trim(own), false, &sender_r->own);
}

void sender_format(const struct guarded_sender *sender, struct sbuf *out)
{
    if (sender->name)
        sbuf_adds(out, sender->name);
    if (sender->name && sender->own)
        sbuf_adds(out, " <");
    if (sender->own)
        sbuf_adds(out, sender->own);
    if (sender->name && sender->own)
        sbuf_addc(out, '>');
}
