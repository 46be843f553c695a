/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch-journal(7) and the schema in step: the page has every field of vouch-record.avsc in its order,
 * explained in the same words, and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>
#include "sbuf.h"

#define FILE_MAX       (1 << 20)
#define PATH_MAX_FIELD 100 /* bytes of a name with what it lies in */

static void read_file(const char *name, struct sbuf *text)
{
    char path[2048];
    const char *src = getenv("VOUCH_SRCDIR");
    sbuf_init(text, FILE_MAX);
    snprintf(path, sizeof path, "%s/%s", src ? src : ".", name);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s cannot be read", path);
    for (int c; (c = getc(f)) != EOF;)
        sbuf_addc(text, (char)c);
    fclose(f);
    assert_false(text->failed);
}

static const char *get(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

/* What stands in the page of a record's fields, and of those within them. */
static void describe(const json_t *record, const char *prefix, struct sbuf *out)
{
    size_t i;
    const json_t *field;
    json_array_foreach(json_object_get(record, "fields"), i, field)
    {
        char path[PATH_MAX_FIELD];
        const json_t *type = json_object_get(field, "type");
        snprintf(path, sizeof path, "%s%s", prefix, get(field, "name"));
        sbuf_addf(out, ".It Li %s\n%s\n", path, get(field, "doc"));
        if (json_is_true(json_object_get(field, "personal")))
            sbuf_adds(out, "Personal.\n");
        if (json_is_array(type))
            type = json_array_get(type, 1);
        if (strcmp(get(type, "type"), "array") == 0)
            type = json_object_get(type, "items");
        snprintf(path, sizeof path, "%s%s.", prefix, get(field, "name"));
        describe(type, path, out);
    }
}

static void the_page_has_every_field(void **state)
{
    (void)state;
    struct sbuf page, avsc, wanted;
    read_file("man/vouch-journal.7", &page);
    read_file("policy/journal/vouch-record.avsc", &avsc);
    json_t *schema = json_loads(sbuf_str(&avsc), 0, NULL);
    assert_non_null(schema);
    sbuf_init(&wanted, FILE_MAX);
    describe(schema, "", &wanted);
    sbuf_adds(&wanted, ".El\n");
    const char *is = strstr(sbuf_str(&page), ".It Li schema\n"), *line = wanted.p;
    assert_non_null(is);
    for (size_t i = 0; wanted.p[i]; i++) {
        if (wanted.p[i] != is[i])
            fail_msg("vouch-journal(7) should have here: %.*s", (int)strcspn(line, "\n"), line);
        if (wanted.p[i] == '\n')
            line = wanted.p + i + 1;
    }
    json_decref(schema);
    sbuf_clear(&page);
    sbuf_clear(&avsc);
    sbuf_clear(&wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_page_has_every_field)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
