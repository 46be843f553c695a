/* SPDX-License-Identifier: BSD-2-Clause */
/* From the text of vouch.conf to a snapshot: syntax_check, libconfig, then a walk through its tree
 * along the schema. The defaults are a text too, made from the schema and read the same way, so
 * that what the manual calls a default is what is in force. No file is opened: libconfig's @include
 * is refused before libconfig sees the text. libconfig does not survive failed allocations; it is
 * used at start and reload only. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "settings_private.h"
#include "syntax.h"

#define SCRATCH_MAX (16u * 1024 * 1024) /* schema, default text, phrases of messages */

struct reader {
    struct settings_file file;
    struct arena *scratch;
    const config_setting_t *policies; /* read last: they inherit from the rest; NULL: none */
};

static int line_of(const config_setting_t *setting)
{
    return (int)config_setting_source_line(setting);
}

static void unknown_key(struct reader *r, const char *group, const config_setting_t *setting)
{
    const char *name = config_setting_name(setting);
    bool full = r->file.mistakes->count == SETTINGS_MAX_ERRORS; /* nobody will read it */
    const char *meant =
        full ? NULL : schema_suggest(r->file.schema, r->scratch, group, name, setting);
    const char *dot = *group ? "." : "";
    if (meant)
        mistakes_add(r->file.mistakes, line_of(setting),
                     "unknown key '%s%s%.80s' (did you mean %s?)", group, dot, name, meant);
    else
        mistakes_add(r->file.mistakes, line_of(setting), "unknown key '%s%s%.80s'", group, dot,
                     name);
}

static void read_value(struct reader *r, const struct schema_row *row,
                       const config_setting_t *setting, void *base)
{
    struct settings_seen *seen = &r->file.seen[row - r->file.schema->rows];
    struct schema_target target = {r->file.settings->arena, r->file.mistakes, base};
    seen->line = line_of(setting);
    if (row->kind == SCHEMA_POLICIES && config_setting_type(setting) == CONFIG_TYPE_LIST)
        r->policies = setting;
    else
        seen->good = schema_set(&target, row, setting);
}

static void read_group(struct reader *r, const config_setting_t *group, const char *prefix,
                       void *base)
{
    unsigned count = (unsigned)config_setting_length(group);
    for (unsigned i = 0; i < count; i++) {
        const config_setting_t *setting = config_setting_get_elem(group, i);
        const char *name = config_setting_name(setting);
        const struct schema_row *row = schema_find(r->file.schema, prefix, name);
        if (row) {
            read_value(r, row, setting, base);
        } else if (!schema_is_group(r->file.schema, prefix, name)) {
            unknown_key(r, prefix, setting);
        } else if (config_setting_type(setting) != CONFIG_TYPE_GROUP) {
            mistakes_add(r->file.mistakes, line_of(setting), "'%s' must be a group: %s: { ... }",
                         name, name);
        } else {
            const char *path = arena_printf(r->scratch, "%s%s%s", prefix, *prefix ? "." : "", name);
            if (path)
                read_group(r, setting, path, base);
            else
                r->file.mistakes->failed = true;
        }
    }
}

static void policy_init(struct policy *p, int line)
{
    *p = (struct policy){
        .line = line, .trusted = NAN, .untrusted = NAN, .mode = -1, .quarantine = -1};
    for (int c = 0; c < CLASS_COUNT; c++)
        p->actions[c] = ACTION_NONE;
}

static void forget_policy(struct reader *r)
{
    for (size_t i = 0; i < r->file.schema->count; i++)
        if (strncmp(r->file.schema->rows[i].key.path, SCHEMA_POLICY ".", sizeof SCHEMA_POLICY) == 0)
            r->file.seen[i] = (struct settings_seen){0};
}

static void read_policies(struct reader *r)
{
    struct settings *s = r->file.settings;
    struct mistakes *m = r->file.mistakes;
    unsigned count = r->policies ? (unsigned)config_setting_length(r->policies) : 0;
    if (count > SETTINGS_MAX_POLICIES) {
        mistakes_add(m, line_of(r->policies), "more than %d policies", SETTINGS_MAX_POLICIES);
        return;
    }
    s->policies = arena_array(s->arena, count, sizeof *s->policies);
    r->file.broken = arena_array(r->scratch, count, sizeof *r->file.broken);
    if (!s->policies || !r->file.broken) {
        m->failed = true;
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        const config_setting_t *group = config_setting_get_elem(r->policies, i);
        struct policy *p = &s->policies[s->policy_count];
        size_t before = m->count;
        if (config_setting_type(group) != CONFIG_TYPE_GROUP) {
            mistakes_add(m, line_of(group), "'policies', value %u is not a group: { ... }", i + 1);
            continue;
        }
        policy_init(p, line_of(group));
        forget_policy(r);
        read_group(r, group, SCHEMA_POLICY, p);
        settings_check_policy(&r->file, p);
        r->file.broken[s->policy_count++] = m->count > before || m->overflow || m->failed;
    }
}

/* text: what libconfig can read. */
static void read_text(struct reader *r, const char *text)
{
    config_t config;
    config_init(&config);
    if (!config_read_string(&config, text))
        mistakes_add(r->file.mistakes, config_error_line(&config), "libconfig: %s",
                     config_error_text(&config));
    r->policies = NULL;
    read_group(r, config_root_setting(&config), "", r->file.settings);
    read_policies(r);
    config_destroy(&config);
}

static void read_defaults(struct reader *r)
{
    struct sbuf text;
    sbuf_init(&text, SCRATCH_MAX);
    settings_format(r->file.schema, NULL, &text);
    if (text.failed)
        r->file.mistakes->failed = true;
    else
        read_text(r, sbuf_str(&text));
    sbuf_clear(&text);
    memset(r->file.seen, 0, r->file.schema->count * sizeof *r->file.seen);
}

char *settings_copy_text(const char *text, size_t len, const char *what, struct mistakes *m)
{
    const char *nul = len ? memchr(text, '\0', len) : NULL;
    int line = 1;
    if (len > SETTINGS_MAX_BYTES) {
        mistakes_add(m, 0, "larger than %d bytes: this is not %s", SETTINGS_MAX_BYTES, what);
        return NULL;
    }
    for (const char *p = text; nul && p < nul; p++)
        line += *p == '\n';
    if (nul) {
        mistakes_add(m, line, "a NUL byte: this is not a text file");
        return NULL;
    }
    char *copy = malloc(len + 2);
    if (!copy) {
        m->failed = true;
        return NULL;
    }
    if (len)
        memcpy(copy, text, len);
    memcpy(copy + len, "\n", 2);
    return copy;
}

static void note_trust_set(struct reader *r)
{
    for (size_t i = 0; i < r->file.schema->count; i++) {
        int place = settings_trust_place(&r->file.schema->rows[i]);
        if (place >= 0)
            r->file.settings->trust_set[place] = r->file.seen[i].good;
    }
}

static void read_file(struct reader *r, const char *text, size_t len)
{
    char *copy = settings_copy_text(text, len, "a vouch.conf", r->file.mistakes);
    if (!copy)
        return;
    syntax_check(copy, len + 1, r->file.mistakes);
    read_text(r, copy);
    note_trust_set(r);
    settings_check(&r->file);
    settings_check_order(&r->file);
    free(copy);
}

static int reader_init(struct reader *r, struct schema *schema, const char *file)
{
    struct settings *s = r->file.settings;
    r->file.schema = schema;
    if (!r->scratch || !s || schema_init(schema, r->scratch) != 0)
        return -1;
    s->file = arena_strdup(s->arena, file);
    r->file.seen = arena_array(r->scratch, schema->count, sizeof *r->file.seen);
    return s->file && r->file.seen ? 0 : -1;
}

struct settings *settings_parse(const char *text, size_t len, const char *file,
                                struct settings_error **errors_r, size_t *error_count_r)
{
    struct mistakes mistakes = {0};
    struct schema schema;
    int line;
    struct reader r = {
        .file = {.settings = settings_new(), .mistakes = &mistakes},
        .scratch = arena_new(SCRATCH_MAX),
    };
    if (reader_init(&r, &schema, file) == 0) {
        read_defaults(&r);
        read_file(&r, text, len);
        if (!mistakes_any(&mistakes) && settings_guard(r.file.settings, SPAN_NONE, &line) != 0)
            mistakes.failed = true;
    } else {
        mistakes.failed = true;
    }
    arena_free(&r.scratch);
    if (mistakes_any(&mistakes))
        settings_unref(&r.file.settings);
    if (mistakes.failed)
        mistakes_clear(&mistakes);
    mistakes_finish(&mistakes);
    *errors_r = mistakes.list;
    *error_count_r = mistakes.count;
    return r.file.settings;
}
