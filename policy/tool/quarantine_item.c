/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "quarantine_item.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "mime.h"
#include "tool.h"
#include "tool_journal.h"

#define ITEM_BYTES   (16u << 20) /* of one record, taken apart */
#define HEADER_BYTES 65536       /* in which the subject is looked for */

int quarantine_place_open(struct quarantine_place *p)
{
    char error[600];
    int status = 0;
    p->settings = tool_settings(p->config, &status);
    if (!p->settings)
        return status;
    struct quarantine_options options = {.dir = p->dir ? p->dir : p->settings->quarantine_dir,
                                         .key_file = p->settings->quarantine_key};
    if (!options.dir || !*options.dir)
        return tool_error(EX_CONFIG, "no mail is kept: set quarantine.directory, or name one with "
                                     "--directory DIR");
    if (p->dir && access(p->dir, F_OK) != 0)
        return tool_error(errno == EACCES ? EX_NOPERM : EX_NOINPUT, "there is no quarantine %s: %s",
                          p->dir, strerror(errno));
    if ((status = tool_leave_root(options.dir)) != 0)
        return status;
    p->q = quarantine_open(&options, error, sizeof error);
    return p->q ? 0 : tool_error(errno == EACCES ? EX_NOPERM : EX_NOINPUT, "%s", error);
}

int quarantine_place_finish(struct quarantine_place *p, int status)
{
    if (fflush(stdout) != 0 && status == 0 && errno != EPIPE)
        status = tool_error(EX_IOERR, "standard output: %s", strerror(errno));
    quarantine_close(&p->q);
    settings_unref(&p->settings);
    return status;
}

const char *quarantine_state_name(enum quarantine_state state)
{
    static const char *const words[] = {"waits", "part", "released", "in-doubt", "under-way"};
    return words[state];
}

enum quarantine_state quarantine_rcpt_state(const struct held_log *l, const char *rcpt)
{
    switch (held_log_state(l, rcpt)) {
    case HELD_DOUBT:
        return held_log_busy(l) ? QUARANTINE_BUSY : QUARANTINE_DOUBT;
    case HELD_GONE:
        return QUARANTINE_RELEASED;
    case HELD_WAITS:
        break;
    }
    return QUARANTINE_WAITS;
}

enum quarantine_state quarantine_state_of(const struct held *h, const struct held_log *l)
{
    const struct held_envelope *e = held_envelope(h);
    size_t gone = 0;
    for (size_t i = 0; i < e->rcpt_count; i++) {
        enum quarantine_state one = quarantine_rcpt_state(l, e->rcpts[i]);
        if (one == QUARANTINE_DOUBT || one == QUARANTINE_BUSY)
            return one;
        gone += one == QUARANTINE_RELEASED;
    }
    return gone == 0               ? QUARANTINE_WAITS
           : gone == e->rcpt_count ? QUARANTINE_RELEASED
                                   : QUARANTINE_PART;
}

/* By its name in the settings; what it said of thresholds is not in the record. */
static const struct policy *policy_of(const struct settings *s, const struct policy *named)
{
    for (size_t i = 0; named && i < s->policy_count; i++)
        if (strcmp(s->policies[i].name, named->name) == 0)
            return &s->policies[i];
    return NULL;
}

int quarantine_item_record(struct arena *arena, const struct held *h, const char *id,
                           const struct settings *settings, const struct record **record_r)
{
    const struct record *r;
    int rc = record_parse_json(arena, held_record(h), &r);
    if (rc == 0 && r->kind != RECORD_DECISION)
        rc = VOUCH_E_SYNTAX;
    if (rc != 0)
        return rc == VOUCH_E_NOMEM
                   ? tool_error(EX_OSERR, "out of memory")
                   : tool_error(EX_DATAERR,
                                "%s: the record kept with it cannot be read; another "
                                "version of vouch wrote it",
                                id);
    struct record *copy = arena_alloc(arena, sizeof *copy);
    struct decision *decision = arena_alloc(arena, sizeof *decision);
    if (!copy || !decision)
        return tool_error(EX_OSERR, "out of memory");
    *copy = *r;
    *decision = *r->decision;
    decision->policy = policy_of(settings, decision->policy);
    copy->decision = decision;
    *record_r = copy;
    return 0;
}

/* What the message's header says; "" for nothing. NULL: out of memory. */
static const char *read_subject(struct arena *arena, struct held *h)
{
    char *header = arena_alloc(arena, HEADER_BYTES);
    size_t len = 0;
    ptrdiff_t n = 0;
    while (header && len < HEADER_BYTES && (n = held_read(h, header + len, HEADER_BYTES - len)) > 0)
        len += (size_t)n;
    if (!header || n < 0)
        return NULL;
    held_rewind(h);
    struct span subject = mime_field(span_make(header, len), "Subject");
    return subject.p ? rfc5322_text(arena, subject) : "";
}

/* What cannot be opened, by errno. listed: as quarantine_item_open's. */
static int explain(const char *error, bool listed)
{
    if (listed && errno == ENOENT)
        return EX_NOINPUT;
    return tool_error(errno == ENOENT    ? EX_NOINPUT
                      : errno == EBADMSG ? EX_DATAERR
                      : errno == EACCES  ? EX_NOPERM
                                         : EX_IOERR,
                      "%s", error);
}

int quarantine_item_open(const struct quarantine_place *p, const char *id, bool listed,
                         struct quarantine_item *item_r)
{
    char error[600];
    int status = 0;
    *item_r = (struct quarantine_item){.id = id, .arena = arena_new(ITEM_BYTES)};
    if (!item_r->arena)
        return tool_error(EX_OSERR, "out of memory");
    item_r->held = held_open(p->q, id, error, sizeof error);
    if (item_r->held)
        item_r->log = held_log_read(p->q, id, error, sizeof error);
    if (!item_r->log)
        status = explain(error, listed);
    if (status == 0)
        status =
            quarantine_item_record(item_r->arena, item_r->held, id, p->settings, &item_r->record);
    if (status == 0 && !(item_r->subject = read_subject(item_r->arena, item_r->held)))
        status = tool_error(EX_IOERR, "%s: cannot be read to its end", id);
    if (status != 0)
        quarantine_item_close(item_r);
    return status;
}

void quarantine_item_close(struct quarantine_item *item)
{
    held_log_close(&item->log);
    held_close(&item->held);
    arena_free(&item->arena);
}

const char *quarantine_address(struct arena *arena, const char *path)
{
    size_t n = strlen(path);
    return n > 2 && path[0] == '<' && path[n - 1] == '>'
               ? arena_span(arena, span_make(path + 1, n - 2))
               : path;
}

void quarantine_size(uint64_t bytes, char text_r[16])
{
    static const char units[] = " kMGT";
    double n = (double)bytes;
    size_t unit = 0;
    while (n >= 1000 && unit < sizeof units - 2) {
        n /= 1000;
        unit++;
    }
    if (unit == 0)
        snprintf(text_r, 16, "%" PRIu64, bytes);
    else
        snprintf(text_r, 16, n < 10 ? "%.1f%c" : "%.0f%c", n, units[unit]);
}
