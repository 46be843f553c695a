/* SPDX-License-Identifier: BSD-2-Clause */
/* A line of a held message's log, as JSON: {"time_us":1,"event":"began","who":"root","why":null,
 * "rcpts":null,"mark":"abc","note":null} */
#include "held_line.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "utf8.h"

static const char *const events[HELD_EVENT_COUNT] = {"began", "released", "failed", "learnt",
                                                     "undone"};

const char *held_event_name(enum held_event event)
{
    return events[event];
}

static json_t *lossy(const char *text)
{
    struct sbuf valid;
    if (!text)
        return json_null();
    sbuf_init(&valid, HELD_LINE_MAX);
    utf8_append(&valid, span_of(text));
    json_t *value = valid.failed ? NULL : json_string(sbuf_str(&valid));
    sbuf_clear(&valid);
    return value;
}

static json_t *list(const char *const *rcpts, size_t count)
{
    json_t *array = rcpts ? json_array() : json_null();
    for (size_t i = 0; rcpts && i < count; i++)
        if (json_array_append_new(array, json_string(rcpts[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static int dump(const char *bytes, size_t len, void *out)
{
    sbuf_add(out, bytes, len);
    return 0;
}

int held_line_write(const struct held_line *line, struct sbuf *out)
{
    for (size_t i = 0; i < line->rcpt_count; i++)
        if (!utf8_valid(span_of(line->rcpts[i])))
            return VOUCH_E_SYNTAX;
    json_t *object = json_object();
    size_t before = out->len;
    bool ok = json_object_set_new(object, "time_us", json_integer(line->time_us)) == 0 &&
              json_object_set_new(object, "event", json_string(events[line->event])) == 0 &&
              json_object_set_new(object, "who", lossy(line->who)) == 0 &&
              json_object_set_new(object, "why", lossy(line->why)) == 0 &&
              json_object_set_new(object, "rcpts", list(line->rcpts, line->rcpt_count)) == 0 &&
              json_object_set_new(object, "mark", lossy(line->mark)) == 0 &&
              json_object_set_new(object, "note", lossy(line->note)) == 0 &&
              json_dump_callback(object, dump, out, JSON_COMPACT) == 0;
    json_decref(object);
    sbuf_addc(out, '\n');
    if (!ok || out->failed)
        return VOUCH_E_NOMEM;
    return out->len - before > HELD_LINE_MAX ? VOUCH_E_LIMIT : 0;
}

static bool take_event(const json_t *value, enum held_event *event_r)
{
    const char *name = json_string_value(value);
    for (int i = 0; name && i < HELD_EVENT_COUNT; i++)
        if (strcmp(name, events[i]) == 0) {
            *event_r = (enum held_event)i;
            return true;
        }
    return false;
}

/* A text, or NULL for null and for what is not there; 0, VOUCH_E_SYNTAX, VOUCH_E_NOMEM. */
static int take_text(const json_t *value, const char **text_r)
{
    if (!value || json_is_null(value))
        return 0;
    if (!json_is_string(value))
        return VOUCH_E_SYNTAX;
    *text_r = strdup(json_string_value(value));
    return *text_r ? 0 : VOUCH_E_NOMEM;
}

static int take_rcpts(const json_t *value, struct held_line *line)
{
    size_t count = json_array_size(value);
    if (json_is_null(value))
        return 0;
    if (!json_is_array(value))
        return VOUCH_E_SYNTAX;
    const char **rcpts = calloc(count + 1, sizeof *rcpts);
    if (!rcpts)
        return VOUCH_E_NOMEM;
    line->rcpts = rcpts;
    line->rcpt_count = count;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(value, i);
        int rc = json_is_string(item) ? take_text(item, &rcpts[i]) : VOUCH_E_SYNTAX;
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int take(const json_t *object, struct held_line *line)
{
    const json_t *time = json_object_get(object, "time_us");
    if (!json_is_integer(time) || !take_event(json_object_get(object, "event"), &line->event))
        return VOUCH_E_SYNTAX;
    line->time_us = json_integer_value(time);
    int rc = take_text(json_object_get(object, "who"), &line->who);
    if (rc == 0)
        rc = take_text(json_object_get(object, "why"), &line->why);
    if (rc == 0 && !line->who)
        rc = VOUCH_E_SYNTAX;
    if (rc == 0)
        rc = take_text(json_object_get(object, "mark"), &line->mark);
    if (rc == 0)
        rc = take_text(json_object_get(object, "note"), &line->note);
    return rc == 0 ? take_rcpts(json_object_get(object, "rcpts"), line) : rc;
}

int held_line_parse(struct span text, struct held_line *line_r)
{
    json_t *object = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
    struct held_line line = {0};
    int rc = object ? take(object, &line) : VOUCH_E_SYNTAX;
    json_decref(object);
    if (rc == 0)
        *line_r = line;
    else
        held_line_clear(&line);
    return rc;
}

void held_line_clear(struct held_line *line)
{
    for (size_t i = 0; i < line->rcpt_count; i++)
        free((char *)(uintptr_t)line->rcpts[i]);
    free((void *)(uintptr_t)line->rcpts);
    free((char *)(uintptr_t)line->who);
    free((char *)(uintptr_t)line->why);
    free((char *)(uintptr_t)line->mark);
    free((char *)(uintptr_t)line->note);
    *line = (struct held_line){0};
}
