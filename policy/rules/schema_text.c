/* SPDX-License-Identifier: BSD-2-Clause */
/* The schema in words: what a row takes, and the value in force as vouch.conf writes it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "schema.h"

/* "a", "b" or "c" from "a|b|c" */
static const char *one_of(struct arena *arena, const char *type)
{
    struct span rest = span_of(type), part;
    const char *text = "";
    while (text && span_split(&rest, '|', &part))
        text = arena_printf(arena, "%s%s\"%.*s\"", text,
                            !*text   ? ""
                            : rest.p ? ", "
                                     : " or ",
                            SPAN_ARGS(part));
    return text;
}

const char *schema_expected(const struct schema_row *row, struct arena *arena)
{
    char min[UNITS_TEXT], max[UNITS_TEXT];
    const char *zero = row->zero ? "0 (with its unit), or " : "";
    switch (row->kind) {
    case SCHEMA_BOOL:
        return "true or false, without quotes";
    case SCHEMA_WORD:
    case SCHEMA_ACTION:
        return one_of(arena, row->key.type);
    case SCHEMA_TEXT:
        return row->accepts;
    case SCHEMA_NUMBER:
        return arena_printf(arena, "a number from %.10g to %.10g", row->min, row->max);
    case SCHEMA_COUNT:
        return arena_printf(arena, "a whole number from %.0f to %.0f", row->min, row->max);
    case SCHEMA_MILLISECONDS:
    case SCHEMA_SECONDS:
    case SCHEMA_WHOLE_SECONDS:
        return arena_printf(arena,
                            "%sa duration with its unit (ms, s, m, h, d), from \"%s\" to \"%s\"",
                            zero, units_format(units_duration, (uint64_t)row->min, min),
                            units_format(units_duration, (uint64_t)row->max, max));
    case SCHEMA_SIZE:
        return arena_printf(arena, "%sa size with its unit (B, K, M, G), from \"%s\" to \"%s\"",
                            zero, units_format(units_size, (uint64_t)row->min, min),
                            units_format(units_size, (uint64_t)row->max, max));
    case SCHEMA_OCTAL:
        return "octal permissions in quotes from \"0600\" to \"0770\", none for others";
    case SCHEMA_PATTERNS:
        return "a list of patterns, such as [ \"user@example.com\", \".example.org\" ]";
    case SCHEMA_DOMAINS:
        return "a list of domains, such as [ \"example.com\", \".example.org\" ]";
    case SCHEMA_STRINGS:
        return row->accepts;
    case SCHEMA_SENDERS:
        return "a list of names and patterns, such as [ \"Alice Liddell <alice@example.com>\", "
               "\".example.org\" ]";
    case SCHEMA_NETWORKS:
        return "a list of networks, such as [ \"192.0.2.0/24\", \"2001:db8::/32\" ]";
    case SCHEMA_POLICIES:
        return "a list of groups: ( { name = \"...\"; ... }, ... )";
    }
    return NULL;
}

static void add_quoted(struct sbuf *out, const char *text)
{
    sbuf_addc(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            sbuf_addc(out, '\\');
        sbuf_addc(out, *text);
    }
    sbuf_addc(out, '"');
}

/* The shortest decimal that reads back as the same number. */
static void add_number(struct sbuf *out, double value)
{
    char text[32];
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    sbuf_adds(out, text);
}

static void add_word(struct sbuf *out, const char *type, int index)
{
    struct span rest = span_of(type), part;
    for (int i = 0; span_split(&rest, '|', &part); i++)
        if (i == index)
            sbuf_addf(out, "\"%.*s\"", SPAN_ARGS(part));
}

static void add_strings(struct sbuf *out, const char *const *list, size_t count)
{
    sbuf_adds(out, "[");
    for (size_t i = 0; i < count; i++) {
        sbuf_adds(out, i ? ", " : " ");
        add_quoted(out, list[i]);
    }
    sbuf_adds(out, " ]");
}

static void add_senders(struct sbuf *out, const struct guarded_sender *list, size_t count)
{
    struct sbuf text;
    sbuf_init(&text, SETTINGS_MAX_BYTES);
    sbuf_adds(out, "[");
    for (size_t i = 0; i < count; i++) {
        sbuf_reset(&text);
        sender_format(&list[i], &text);
        sbuf_adds(out, i ? ", " : " ");
        add_quoted(out, sbuf_str(&text));
    }
    sbuf_adds(out, " ]");
    out->failed |= text.failed;
    sbuf_clear(&text);
}

static void add_networks(struct sbuf *out, const struct ipnet *nets, size_t count)
{
    char text[IPNET_TEXT];
    sbuf_adds(out, "[");
    for (size_t i = 0; i < count; i++)
        sbuf_addf(out, "%s\"%s\"", i ? ", " : " ", ipnet_format(&nets[i], text));
    sbuf_adds(out, " ]");
}

static void add_units(struct sbuf *out, const struct unit *units, uint64_t value)
{
    char text[UNITS_TEXT];
    sbuf_addf(out, "\"%s\"", units_format(units, value, text));
}

static uint64_t load_unsigned(const struct schema_row *row, const void *at)
{
    unsigned small = 0;
    uint64_t large = 0;
    if (row->size == sizeof small)
        memcpy(&small, at, sizeof small);
    else
        memcpy(&large, at, sizeof large);
    return row->size == sizeof small ? small : large;
}

#define LOAD(type, at) (*(type const *)(at))

void schema_format(const struct schema_row *row, const void *base, struct sbuf *out)
{
    const void *at = (const char *)base + row->offset;
    const void *count = (const char *)base + row->count;
    switch (row->kind) {
    case SCHEMA_BOOL:
        sbuf_adds(out, LOAD(bool, at) ? "true" : "false");
        break;
    case SCHEMA_WORD:
        add_word(out, row->key.type, LOAD(int, at));
        break;
    case SCHEMA_ACTION:
        if (LOAD(int, at) != ACTION_NONE)
            sbuf_addf(out, "\"%s\"", action_name(LOAD(enum action, at)));
        break;
    case SCHEMA_TEXT:
        if (LOAD(char *, at))
            add_quoted(out, LOAD(char *, at));
        break;
    case SCHEMA_NUMBER:
        if (!isnan(LOAD(double, at)))
            add_number(out, LOAD(double, at));
        break;
    case SCHEMA_COUNT:
        sbuf_addf(out, "%llu", (unsigned long long)load_unsigned(row, at));
        break;
    case SCHEMA_MILLISECONDS:
        add_units(out, units_duration, load_unsigned(row, at));
        break;
    case SCHEMA_SECONDS:
        add_units(out, units_duration, (uint64_t)(LOAD(double, at) * 1000 + 0.5));
        break;
    case SCHEMA_WHOLE_SECONDS:
        add_units(out, units_duration, load_unsigned(row, at) * 1000);
        break;
    case SCHEMA_SIZE:
        add_units(out, units_size, load_unsigned(row, at));
        break;
    case SCHEMA_OCTAL:
        sbuf_addf(out, "\"%04o\"", LOAD(unsigned, at));
        break;
    case SCHEMA_PATTERNS:
    case SCHEMA_DOMAINS: {
        const struct pattern_list *list = at;
        add_strings(out, list->patterns, list->count);
        break;
    }
    case SCHEMA_STRINGS:
        add_strings(out, LOAD(char const *const *, at), LOAD(size_t, count));
        break;
    case SCHEMA_SENDERS:
        add_senders(out, LOAD(struct guarded_sender *, at), LOAD(size_t, count));
        break;
    case SCHEMA_NETWORKS:
        add_networks(out, LOAD(struct ipnet *, at), LOAD(size_t, count));
        break;
    case SCHEMA_POLICIES: /* settings_write walks the list */
        break;
    }
}
