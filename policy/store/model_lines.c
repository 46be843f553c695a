/* SPDX-License-Identifier: BSD-2-Clause */
/* The model as JSON lines, by jansson. A line is checked as a whole before anything is made of it;
 * what could not be stored exactly (an unknown member, a negative mass, a time before 1970) is an
 * error and never a guess. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "model_lines.h"

/* Nearly all names are ASCII: jansson, which knows UTF-8, need not copy those to see that. */
static bool name_valid(const char *name)
{
    size_t n = 0;
    while (n <= STORE_NAME_MAX && name[n] != '\0' && (unsigned char)name[n] < 0x80)
        n++;
    if (name[n] == '\0')
        return n > 0 && n <= STORE_NAME_MAX;
    n = strnlen(name, STORE_NAME_MAX + 1);
    json_t *text = n <= STORE_NAME_MAX ? json_stringn(name, n) : NULL;
    json_decref(text);
    return text != NULL;
}

bool model_key_valid(const struct store_key *key)
{
    return name_valid(key->group) && name_valid(key->field);
}

static const char *const members[] = {"group", "field", "good", "bad", "seen", "first", "last"};
enum { GROUP, FIELD, GOOD, BAD, SEEN, FIRST, LAST, MEMBER_COUNT };

/* Every member there, and no other. */
static int gather(json_t *object, json_t *values_r[MEMBER_COUNT], char *error_r, size_t size)
{
    for (int i = 0; i < MEMBER_COUNT; i++) {
        values_r[i] = json_object_get(object, members[i]);
        if (!values_r[i]) {
            snprintf(error_r, size, "\"%s\" is missing", members[i]);
            return VOUCH_E_SYNTAX;
        }
    }
    if (json_object_size(object) == MEMBER_COUNT)
        return 0;
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        int i = 0;
        while (i < MEMBER_COUNT && strcmp(key, members[i]) != 0)
            i++;
        if (i == MEMBER_COUNT) {
            snprintf(error_r, size, "unknown member \"%.60s\"", key);
            break;
        }
    }
    return VOUCH_E_SYNTAX;
}

static int get_name(json_t *const *values, int i, const char **name_r, char *error_r, size_t size)
{
    *name_r = json_string_value(values[i]);
    if (*name_r && **name_r && strlen(*name_r) <= STORE_NAME_MAX)
        return 0;
    snprintf(error_r, size, "\"%s\" must be a string of 1 to %d bytes", members[i], STORE_NAME_MAX);
    return VOUCH_E_SYNTAX;
}

static int get_mass(json_t *const *values, int i, double *mass_r, char *error_r, size_t size)
{
    *mass_r = json_number_value(values[i]);
    if (json_is_number(values[i]) && *mass_r >= 0 && *mass_r <= COUNTS_MASS_MAX)
        return 0;
    snprintf(error_r, size, "\"%s\" must be a number of messages from 0 to %g", members[i],
             COUNTS_MASS_MAX);
    return VOUCH_E_SYNTAX;
}

static int get_time(json_t *const *values, int i, int64_t *time_r, char *error_r, size_t size)
{
    *time_r = json_integer_value(values[i]);
    if (json_is_integer(values[i]) && *time_r >= 0 && *time_r <= UINT32_MAX)
        return 0;
    snprintf(error_r, size, "\"%s\" must be whole seconds since 1970, at most %lu", members[i],
             (unsigned long)UINT32_MAX);
    return VOUCH_E_SYNTAX;
}

static int take_fit(json_t *object, json_t *numbers, struct model_line *line, char *error_r,
                    size_t size)
{
    const char *name, *group = json_string_value(json_object_get(object, members[GROUP])),
                      *field = json_string_value(json_object_get(object, members[FIELD]));
    json_t *number;
    if (!group || !field || strcmp(group, PARAMS_GROUP) != 0 || strcmp(field, PARAMS_FIELD) != 0 ||
        json_object_size(object) != 3 || !json_is_object(numbers)) {
        snprintf(error_r, size,
                 "\"fit\" must be an object beside \"group\":\"%s\",\"field\":\"%s\"", PARAMS_GROUP,
                 PARAMS_FIELD);
        return VOUCH_E_SYNTAX;
    }
    trust_params_default(&line->fit.params);
    json_object_foreach(numbers, name, number)
    {
        if (json_is_number(number) && params_take(&line->fit, name, json_number_value(number)))
            continue;
        snprintf(error_r, size,
                 "\"%.60s\" must be a number in the range that vouch.conf has for it", name);
        return VOUCH_E_SYNTAX;
    }
    line->is_fit = true;
    line->group = strdup(group);
    line->field = strdup(field);
    return line->group && line->field ? 0 : VOUCH_E_NOMEM;
}

static int take(json_t *object, struct model_line *line, char *error_r, size_t size)
{
    json_t *v[MEMBER_COUNT];
    const char *group, *field;
    struct counts *c = &line->counts;
    if (!json_is_object(object)) {
        snprintf(error_r, size, "not a JSON object");
        return VOUCH_E_SYNTAX;
    }
    if (json_object_get(object, "fit"))
        return take_fit(object, json_object_get(object, "fit"), line, error_r, size);
    if (gather(object, v, error_r, size) || get_name(v, GROUP, &group, error_r, size) ||
        get_name(v, FIELD, &field, error_r, size) || get_mass(v, GOOD, &c->good, error_r, size) ||
        get_mass(v, BAD, &c->bad, error_r, size) || get_mass(v, SEEN, &c->seen, error_r, size) ||
        get_time(v, FIRST, &c->first, error_r, size) || get_time(v, LAST, &c->last, error_r, size))
        return VOUCH_E_SYNTAX;
    if (c->first > c->last) {
        snprintf(error_r, size, "\"first\" is after \"last\"");
        return VOUCH_E_SYNTAX;
    }
    line->group = strdup(group);
    line->field = strdup(field);
    if (line->group && line->field)
        return 0;
    snprintf(error_r, size, "out of memory");
    return VOUCH_E_NOMEM;
}

int model_line_parse(struct span text, struct model_line *line_r, char *error_r, size_t size)
{
    json_error_t error;
    *line_r = (struct model_line){0};
    json_t *object = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, &error);
    if (!object) {
        snprintf(error_r, size, "not JSON: %s at byte %d", error.text, error.position);
        return VOUCH_E_SYNTAX;
    }
    int rc = take(object, line_r, error_r, size);
    json_decref(object);
    if (rc != 0)
        model_line_clear(line_r);
    return rc;
}

void model_line_clear(struct model_line *line)
{
    free(line->group);
    free(line->field);
    line->group = line->field = NULL;
}

/* One line without its end. 1, 0 at the end, VOUCH_E_LIMIT, VOUCH_E_IO. */
static int read_line(FILE *f, char line_r[MODEL_LINE_MAX], size_t *len_r)
{
    int c;
    *len_r = 0;
    while ((c = getc_unlocked(f)) != EOF && c != '\n') {
        if (*len_r == MODEL_LINE_MAX)
            return VOUCH_E_LIMIT;
        line_r[(*len_r)++] = (char)c;
    }
    if (ferror(f))
        return VOUCH_E_IO;
    return c == '\n' || *len_r > 0;
}

static bool blank(const char *p, size_t n)
{
    while (n > 0 && strchr(" \t\r", *p) && *p)
        p++, n--;
    return n == 0;
}

int model_lines_read(FILE *f, const char *name, int (*each)(void *, const struct model_line *),
                     void *arg, char *error_r, size_t size)
{
    char text[MODEL_LINE_MAX], what[200];
    size_t len;
    unsigned long number;
    int rc;
    for (number = 1; (rc = read_line(f, text, &len)) == 1; number++) {
        struct model_line line;
        if (blank(text, len))
            continue;
        rc = model_line_parse(span_make(text, len), &line, what, sizeof what);
        if (rc != 0) {
            snprintf(error_r, size, "%s:%lu: %s", name, number, what);
            return rc;
        }
        rc = each(arg, &line);
        model_line_clear(&line);
        if (rc != 0)
            return rc;
    }
    if (rc == VOUCH_E_LIMIT) {
        snprintf(error_r, size, "%s:%lu: longer than %d bytes", name, number, MODEL_LINE_MAX);
        return VOUCH_E_SYNTAX;
    }
    if (rc == VOUCH_E_IO)
        snprintf(error_r, size, "%s: cannot read: %s", name, strerror(errno));
    return rc;
}

int model_line_write(FILE *f, const struct store_key *key, const struct counts *c)
{
    if (!model_key_valid(key))
        return VOUCH_E_SYNTAX;
    json_t *object =
        json_pack("{s:s, s:s, s:f, s:f, s:f, s:I, s:I}", members[GROUP], key->group, members[FIELD],
                  key->field, members[GOOD], c->good, members[BAD], c->bad, members[SEEN], c->seen,
                  members[FIRST], (json_int_t)c->first, members[LAST], (json_int_t)c->last);
    if (!object)
        return VOUCH_E_NOMEM;
    int rc = json_dumpf(object, f, JSON_COMPACT | JSON_REAL_PRECISION(10));
    json_decref(object);
    return rc != 0 || putc('\n', f) == EOF ? VOUCH_E_IO : 0;
}

int model_line_write_fit(FILE *f, const struct trust_fit *fit)
{
    json_t *numbers = json_object();
    for (int i = 0; i < PARAMS_NUMBERS; i++) {
        const char *name;
        double number = params_number(fit, i, &name);
        json_object_set_new(numbers, name, json_real(number));
    }
    json_t *object = json_pack("{s:s, s:s, s:o}", members[GROUP], PARAMS_GROUP, members[FIELD],
                               PARAMS_FIELD, "fit", numbers);
    if (!object)
        return VOUCH_E_NOMEM;
    int rc = json_dumpf(object, f, JSON_COMPACT | JSON_REAL_PRECISION(10));
    json_decref(object);
    return rc != 0 || putc('\n', f) == EOF ? VOUCH_E_IO : 0;
}
