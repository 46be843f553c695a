/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings as a file that settings_parse reads back to the same snapshot. */
#include <string.h>
#include "arena.h"
#include "errors.h"
#include "settings_private.h"

#define INDENT    4
#define WRITE_MAX (16u * 1024 * 1024) /* several times SETTINGS_MAX_BYTES: defaults, long forms */

struct writer {
    const struct schema *schema;
    struct sbuf *out;
    struct sbuf value;  /* of one row */
    struct span group;  /* that is open, with those around it: "labels.weights" */
    int depth;          /* how many groups that are */
    const char *indent; /* of the rows outside groups */
    bool comments;      /* says what is not set */
};

static bool lies_in(const char *path, struct span group)
{
    return strncmp(path, group.p, group.len) == 0 && path[group.len] == '.';
}

static void begin_line(struct writer *w)
{
    sbuf_addf(w->out, "%s%*s", w->indent, w->depth * INDENT, "");
}

/* Closes the groups that path does not lie in; "" lies in none. */
static void leave_groups(struct writer *w, const char *path)
{
    while (w->depth > 0 && !lies_in(path, w->group)) {
        w->depth--;
        begin_line(w);
        sbuf_adds(w->out, "};\n");
        while (w->group.len > 0 && w->group.p[w->group.len - 1] != '.')
            w->group.len--;
        if (w->group.len > 0)
            w->group.len--; /* the dot */
    }
}

/* path: of a row without its prefix, "name", "group.name" or "group.group.name". Returns the
 * name. */
static const char *enter_groups(struct writer *w, const char *path)
{
    leave_groups(w, path);
    const char *name = w->depth ? path + w->group.len + 1 : path;
    for (const char *dot; (dot = strchr(name, '.')); name = dot + 1) {
        begin_line(w);
        sbuf_addf(w->out, "%.*s: {\n", (int)(dot - name), name);
        w->group = span_make(path, (size_t)(dot - path));
        w->depth++;
    }
    return name;
}

/* What a fitted model may have its own of stands there as a comment, lest the file sets it. */
static void write_shipped(struct writer *w, const char *path, const char *value)
{
    const char *name = enter_groups(w, path);
    begin_line(w);
    sbuf_addf(w->out, "# %s = %s;\n", name, value);
}

static void write_value(struct writer *w, const char *path, const char *value)
{
    if (*value || w->comments) {
        const char *name = enter_groups(w, path);
        begin_line(w);
        sbuf_addf(w->out, *value ? "%s = %s;\n" : "# %s%s is not set\n", name, value);
    }
}

static void write_policy(struct writer *w, const struct policy *p)
{
    const size_t prefix = strlen(SCHEMA_POLICY ".");
    struct writer inner = {
        .schema = w->schema, .out = w->out, .value = w->value, .indent = "        "};
    for (size_t i = 0; i < w->schema->count; i++) {
        const struct schema_row *row = &w->schema->rows[i];
        if (strncmp(row->key.path, SCHEMA_POLICY ".", prefix) != 0)
            continue;
        sbuf_reset(&inner.value);
        schema_format(row, p, &inner.value);
        bool unset = strcmp(sbuf_str(&inner.value), "[ ]") == 0;
        write_value(&inner, row->key.path + prefix, unset ? "" : sbuf_str(&inner.value));
    }
    leave_groups(&inner, "");
    w->value = inner.value;
}

static void write_policies(struct writer *w, const struct settings *s)
{
    leave_groups(w, "");
    sbuf_adds(w->out, "policies = (");
    for (size_t i = 0; i < s->policy_count; i++) {
        sbuf_adds(w->out, i ? ",\n    {\n" : "\n    {\n");
        write_policy(w, &s->policies[i]);
        sbuf_adds(w->out, "    }");
    }
    sbuf_adds(w->out, s->policy_count ? "\n);\n" : " );\n");
}

void settings_format(const struct schema *schema, const struct settings *base, struct sbuf *out)
{
    struct writer w = {.schema = schema, .out = out, .indent = "", .comments = base != NULL};
    sbuf_init(&w.value, WRITE_MAX);
    for (size_t i = 0; i < schema->count; i++) {
        const struct schema_row *row = &schema->rows[i];
        if (strncmp(row->key.path, SCHEMA_POLICY, strlen(SCHEMA_POLICY)) == 0)
            continue;
        if (base && row->kind == SCHEMA_POLICIES) {
            write_policies(&w, base);
            continue;
        }
        sbuf_reset(&w.value);
        if (base)
            schema_format(row, base, &w.value);
        else if (row->key.def)
            sbuf_adds(&w.value, row->key.def);
        int place = base ? settings_trust_place(row) : -1;
        if (place >= 0 && !base->trust_set[place])
            write_shipped(&w, row->key.path, sbuf_str(&w.value));
        else
            write_value(&w, row->key.path, sbuf_str(&w.value));
    }
    leave_groups(&w, "");
    if (w.value.failed)
        out->failed = true;
    sbuf_clear(&w.value);
}

int settings_write(const struct settings *s, FILE *out)
{
    struct schema schema;
    struct sbuf text;
    int rc = VOUCH_E_NOMEM;
    sbuf_init(&text, WRITE_MAX);
    struct arena *arena = arena_new(WRITE_MAX);
    if (!arena || schema_init(&schema, arena) != 0)
        goto out;
    settings_format(&schema, s, &text);
    if (text.failed)
        goto out;
    rc = fputs(sbuf_str(&text), out) >= 0 && fflush(out) == 0 ? 0 : VOUCH_E_IO;
out:
    sbuf_clear(&text);
    arena_free(&arena);
    return rc;
}

static void add_changed(const struct schema_row *row, const struct settings *s,
                        const struct settings *shipped, struct sbuf values[2], struct sbuf *out)
{
    for (int i = 0; i < 2; i++) {
        sbuf_reset(&values[i]);
        schema_format(row, i ? shipped : s, &values[i]);
    }
    if (!span_eq(sbuf_span(&values[0]), sbuf_span(&values[1])))
        sbuf_addf(out, "%s = %s\n", row->key.path,
                  values[0].len ? sbuf_str(&values[0]) : "(not set)");
}

int settings_changed(const struct settings *s, struct sbuf *out)
{
    struct schema schema;
    struct sbuf values[2];
    struct settings *shipped = settings_default();
    struct arena *arena = arena_new(WRITE_MAX);
    int rc = VOUCH_E_NOMEM;
    for (int i = 0; i < 2; i++)
        sbuf_init(&values[i], WRITE_MAX);
    if (!shipped || !arena || schema_init(&schema, arena) != 0)
        goto out;
    for (size_t i = 0; i < schema.count; i++)
        if (strncmp(schema.rows[i].key.path, SCHEMA_POLICY, strlen(SCHEMA_POLICY)) != 0)
            add_changed(&schema.rows[i], s, shipped, values, out);
    if (s->policy_count)
        sbuf_addf(out, "policies = (%zu)\n", s->policy_count);
    rc = out->failed || values[0].failed || values[1].failed ? VOUCH_E_NOMEM : 0;
out:
    sbuf_clear(&values[0]);
    sbuf_clear(&values[1]);
    arena_free(&arena);
    settings_unref(&shipped);
    return rc;
}
