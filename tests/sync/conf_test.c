/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch.conf's code, page and example file in step: man/vouch.conf.5 has every key, in the code's
 * order, with its type, unit, default and an example, and no other; every literal block of the page
 * is a good file; contrib/vouch.conf has every key with its default, and is good with and without
 * its comment signs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "sbuf.h"
#include "settings.h"

#define FILE_MAX (1 << 20)

struct files {
    struct arena *arena;
    const struct settings_key *keys;
    size_t key_count;
    struct sbuf page, example;
};

static int read_file(const char *name, struct sbuf *text)
{
    char path[2048];
    const char *src = getenv("VOUCH_SRCDIR");
    sbuf_init(text, FILE_MAX);
    snprintf(path, sizeof path, "%s/%s", src ? src : ".", name);
    FILE *f = fopen(path, "r");
    if (!f) {
        print_error("%s cannot be read\n", path);
        return -1;
    }
    for (int c; (c = getc(f)) != EOF;)
        sbuf_addc(text, (char)c);
    fclose(f);
    return text->failed ? -1 : 0;
}

static int setup(void **state)
{
    static struct files files;
    *state = &files;
    files.arena = arena_new(FILE_MAX);
    return files.arena && settings_keys(files.arena, &files.keys, &files.key_count) == 0 &&
                   read_file("man/vouch.conf.5", &files.page) == 0 &&
                   read_file("contrib/vouch.conf", &files.example) == 0
               ? 0
               : -1;
}

static int teardown(void **state)
{
    struct files *files = *state;
    sbuf_clear(&files->page);
    sbuf_clear(&files->example);
    arena_free(&files->arena);
    return 0;
}

/* The text is a file without mistakes; what: for the report. */
static void assert_good(const char *what, const char *text)
{
    struct settings_error *errors = NULL;
    size_t count = 0;
    struct settings *s = settings_parse(text, strlen(text), what, &errors, &count);
    for (size_t i = 0; i < count; i++)
        print_error("# %s, line %d of\n%s\n# %s\n", what, errors[i].line, text, errors[i].text);
    assert_non_null(s);
    settings_errors_free(&errors, count);
    settings_unref(&s);
}

static bool next_line(struct span *rest, struct span *line_r)
{
    return span_split(rest, '\n', line_r);
}

/* What follows prefix in line; absent if it does not begin so. */
static struct span after(struct span line, const char *prefix)
{
    size_t n = strlen(prefix);
    return line.len >= n && memcmp(line.p, prefix, n) == 0 ? span_slice(line, n, line.len)
                                                           : SPAN_NONE;
}

/* One key of the page. */
struct item {
    struct span path, type, unit, def; /* unit, def: absent if not said */
    struct span body;                  /* the rest, up to the next key */
};

/* "Type: text." gives "text" */
static bool field(struct span *rest, const char *name, struct span *value_r)
{
    struct span ahead = *rest, line;
    if (!next_line(&ahead, &line))
        return false;
    struct span value = after(line, name);
    if (!value.p || value.len == 0 || value.p[value.len - 1] != '.')
        return false;
    *value_r = span_slice(value, 0, value.len - 1);
    *rest = ahead;
    return true;
}

static bool next_item(struct span *rest, struct item *item_r)
{
    struct span line;
    while (next_line(rest, &line)) {
        struct span path = after(line, ".It Ic ");
        if (!path.p || !after(*rest, "Type: ").p)
            continue;
        *item_r = (struct item){.path = path};
        if (!field(rest, "Type: ", &item_r->type))
            fail_msg("%.*s: no type", SPAN_ARGS(path));
        (void)field(rest, "Unit: ", &item_r->unit);
        if (!field(rest, "Default: ", &item_r->def))
            fail_msg("%.*s: no default after the type and unit", SPAN_ARGS(path));
        ptrdiff_t end = span_ifind(*rest, "\n.It Ic ");
        item_r->body = end < 0 ? *rest : span_slice(*rest, 0, (size_t)end);
        return true;
    }
    return false;
}

static void same(const char *path, const char *what, struct span page, const char *code)
{
    if (!span_eq(page, span_of(code)))
        fail_msg("%s: %s is '%.*s' in the page and '%s' in the code", path, what, SPAN_ARGS(page),
                 code ? code : "");
}

/* The key's example, or that of its group for weights. */
static void has_example(const struct item *item, const char *path)
{
    const char *name = strrchr(path, '.') ? strrchr(path, '.') + 1 : path;
    char setting[100];
    ptrdiff_t block = span_ifind(item->body, "\n.Bd -literal");
    if (strstr(path, "weights.") && strcmp(path, "weights.bias") != 0 &&
        strcmp(path, "labels.weights.person") != 0)
        return;
    snprintf(setting, sizeof setting, "%s = ", name);
    if (block < 0 || span_ifind(span_slice(item->body, (size_t)block, item->body.len), setting) < 0)
        fail_msg("%s: no example sets it", path);
}

static void page_has_every_key(void **state)
{
    const struct files *files = *state;
    struct span rest = sbuf_span(&files->page);
    struct item item;
    for (size_t i = 0; i < files->key_count; i++) {
        const struct settings_key *k = &files->keys[i];
        char def[200];
        if (!next_item(&rest, &item))
            fail_msg("the page lacks %s and what follows", k->path);
        same(k->path, "the key", item.path, k->path);
        same(k->path, "the type", item.type, k->type);
        same(k->path, "the unit", item.unit, k->unit);
        snprintf(def, sizeof def, "%s%s", k->def && k->def[0] == '-' ? "\\" : "",
                 k->def ? k->def : "none"); /* "\-" is a minus sign */
        same(k->path, "the default", item.def, def);
        has_example(&item, k->path);
    }
    if (next_item(&rest, &item))
        fail_msg("the code has no %.*s", SPAN_ARGS(item.path));
}

/* Every key that is referred to exists. */
static void page_names_no_other_key(void **state)
{
    const struct files *files = *state;
    struct span rest = sbuf_span(&files->page), line;
    while (next_line(&rest, &line)) {
        struct span words = after(line, ".Ic "), word;
        while (words.p && span_split(&words, ' ', &word)) {
            bool known = word.len < 3; /* punctuation */
            for (size_t i = 0; i < files->key_count && !known; i++) {
                struct span path = span_of(files->keys[i].path), part, parts = path;
                known = span_eq(path, word);
                while (!known && span_split(&parts, '.', &part))
                    known = span_eq(part, word);
            }
            if (!known && !span_eq(word, SPAN_LIT("milter_content_timeout")))
                fail_msg("the page speaks of a key '%.*s'", SPAN_ARGS(word));
        }
    }
}

static void page_has_good_examples(void **state)
{
    const struct files *files = *state;
    struct span rest = sbuf_span(&files->page), line;
    struct sbuf text;
    bool inside = false;
    size_t count = 0;
    sbuf_init(&text, FILE_MAX);
    while (next_line(&rest, &line)) {
        if (after(line, ".Bd -literal").p) {
            inside = true;
            sbuf_reset(&text);
        } else if (inside && after(line, ".Ed").p) {
            inside = false;
            count++;
            assert_good("an example of the page", sbuf_str(&text));
        } else if (inside) {
            sbuf_addspan(&text, line);
            sbuf_addc(&text, '\n');
        }
    }
    assert_false(inside);
    assert_true(count > 40);
    sbuf_clear(&text);
}

/* The example file without the comment signs before keys: "#key", "#    key", "#}". */
static void uncomment(struct span rest, struct sbuf *text)
{
    struct span line;
    sbuf_init(text, FILE_MAX);
    while (next_line(&rest, &line)) {
        struct span bare = after(line, "#");
        bool setting = bare.len > 0 && (bare.p[0] != ' ' || after(bare, "    ").p);
        sbuf_addspan(text, setting ? bare : line);
        sbuf_addc(text, '\n');
    }
}

static void example_is_good(void **state)
{
    const struct files *files = *state;
    struct sbuf text;
    assert_good("contrib/vouch.conf", sbuf_str(&files->example));
    uncomment(sbuf_span(&files->example), &text);
    assert_good("contrib/vouch.conf without comment signs", sbuf_str(&text));
    sbuf_clear(&text);
}

/* In the code's order, so that a name which several groups have is that of the right one. */
static void example_has_every_key(void **state)
{
    const struct files *files = *state;
    struct sbuf text;
    uncomment(sbuf_span(&files->example), &text);
    struct span rest = sbuf_span(&text);
    for (size_t i = 0; i < files->key_count; i++) {
        const struct settings_key *k = &files->keys[i];
        const char *dot = strrchr(k->path, '.');
        bool value = k->def && strcmp(k->def, "( )") != 0;
        char setting[300];
        snprintf(setting, sizeof setting, " %s = %s%s", dot ? dot + 1 : k->path,
                 value ? k->def : "", value ? ";" : "");
        if (!dot)
            setting[0] = '\n';
        ptrdiff_t at = span_ifind(rest, setting);
        if (at < 0)
            fail_msg("contrib/vouch.conf lacks '%s' (%s), or has it in another place", setting + 1,
                     k->path);
        rest = span_slice(rest, (size_t)at + 1, rest.len);
    }
    sbuf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_has_every_key),     cmocka_unit_test(page_names_no_other_key),
        cmocka_unit_test(page_has_good_examples), cmocka_unit_test(example_is_good),
        cmocka_unit_test(example_has_every_key),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
