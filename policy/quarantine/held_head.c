/* SPDX-License-Identifier: BSD-2-Clause */
/* The first block of a held file: envelope and record. */
#include "held_head.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "held_dir.h"
#include "utf8.h"

static bool add(struct sbuf *out, const char *word, const char *value)
{
    if (strchr(value, '\n') || !utf8_valid(span_of(value)))
        return false;
    sbuf_addf(out, "%s ", word);
    sbuf_adds(out, value);
    sbuf_addc(out, '\n');
    return true;
}

bool held_head_write(const struct held_head *h, struct sbuf *out)
{
    const struct held_envelope *e = &h->envelope;
    bool ok = e->rcpt_count > 0 && add(out, "id", h->id) && add(out, "sender", e->sender);
    for (size_t i = 0; ok && i < e->rcpt_count; i++)
        ok = add(out, "rcpt", e->rcpts[i]);
    if (ok && e->body)
        ok = add(out, "body", e->body);
    if (e->utf8)
        sbuf_adds(out, "utf8 yes\n");
    sbuf_addf(out, "size %" PRIu64 "\n", h->size);
    return ok && add(out, "record", h->record);
}

static bool starts(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) == 0;
}

static size_t count_rcpts(const char *text)
{
    size_t n = starts(text, "rcpt ");
    while ((text = strstr(text, "\nrcpt "))) {
        text++;
        n++;
    }
    return n;
}

static int take_line(struct held_head *h, const char *line)
{
    const char *value = strchr(line, ' ');
    if (!value)
        return VOUCH_E_SYNTAX;
    value++;
    if (starts(line, "id "))
        h->id = value;
    else if (starts(line, "sender "))
        h->envelope.sender = value;
    else if (starts(line, "rcpt "))
        h->rcpts[h->envelope.rcpt_count++] = value;
    else if (starts(line, "body "))
        h->envelope.body = value;
    else if (starts(line, "utf8 "))
        h->envelope.utf8 = true;
    else if (starts(line, "record "))
        h->record = value;
    else if (starts(line, "size "))
        return span_uint(span_of(value), INT64_MAX, &h->size);
    return 0;
}

int held_head_parse(char *text, size_t len, struct held_head *h_r)
{
    struct held_head h = {.size = UINT64_MAX};
    int rc = 0;
    if (strlen(text) != len || len == 0 || text[len - 1] != '\n')
        return VOUCH_E_SYNTAX;
    h.rcpts = calloc(count_rcpts(text) + 1, sizeof *h.rcpts);
    if (!h.rcpts)
        return VOUCH_E_NOMEM;
    for (char *end; rc == 0 && *text; text = end + 1) {
        end = strchr(text, '\n');
        *end = '\0';
        rc = take_line(&h, text);
    }
    h.envelope.rcpts = h.rcpts;
    if (rc == 0 && h.id && held_id_ok(h.id) && h.envelope.sender && h.envelope.rcpt_count &&
        h.record && h.size != UINT64_MAX) {
        *h_r = h;
        return 0;
    }
    held_head_clear(&h);
    return VOUCH_E_SYNTAX;
}

void held_head_clear(struct held_head *h)
{
    free(h->rcpts);
    *h = (struct held_head){0};
}
