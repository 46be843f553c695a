/* SPDX-License-Identifier: BSD-2-Clause */
#include "held_return.h"
#include <stdio.h>
#include <string.h>
#include "ascii.h"
#include "held_log.h"
#include "quarantine_private.h"
#include "rfc5322.h"

#define COMPARED  4096 /* bytes at a time */
#define WINDOW_US (HELD_RETURN_S * INT64_C(1000000))

/* --- the claim --- */

/* Takes digits of n characters off s. */
static bool take(struct span *s, char *text_r, size_t n)
{
    if (s->len < n)
        return false;
    memcpy(text_r, s->p, n);
    text_r[n] = '\0';
    *s = span_slice(*s, n, s->len);
    return true;
}

static bool is_mark(const char *text)
{
    size_t digits = 0;
    while (ascii_hex(text[digits]) >= 0)
        digits++;
    return digits == HELD_MARK_TEXT - 1; /* a message may have a NUL there */
}

/* "... (vouch quarantine, release MARK)\r\n\tid ID; ..." */
static bool parse_trace(struct span value, struct held_claim *c)
{
    ptrdiff_t at = span_ifind(value, HELD_RETURN_COMMENT);
    if (at < 0)
        return false;
    value = span_slice(value, (size_t)at + sizeof HELD_RETURN_COMMENT - 1, value.len);
    if (!take(&value, c->mark, HELD_MARK_TEXT - 1) || !is_mark(c->mark) || value.len == 0 ||
        value.p[0] != ')')
        return false;
    value = span_trim(span_slice(value, 1, value.len));
    if (!span_istarts(value, "id "))
        return false;
    value = span_slice(value, 3, value.len);
    return take(&value, c->id, HELD_ID_TEXT - 1) && held_id_ok(c->id);
}

/* What hosts and filters on the way may have put above it: nothing that a reader is shown. Sendmail's sendmail(1) warns in a field
 * of its own that a user whom it does not trust has said who the sender is. */
static bool is_trace(struct span name)
{
    return span_ieq_cstr(name, "Received") || span_ieq_cstr(name, "DKIM-Signature") ||
           span_ieq_cstr(name, "Authentication-Results") ||
           span_ieq_cstr(name, "X-Authentication-Warning");
}

bool held_claim_parse(struct span top, struct held_claim *claim_r)
{
    struct span rest = top;
    struct field f;
    while (rfc5322_next_field(&rest, &f) == 1 && is_trace(f.name)) {
        if (span_ieq_cstr(f.name, "Received") && parse_trace(f.value, claim_r)) {
            claim_r->length = top.len - rest.len;
            return true;
        }
    }
    return false;
}

static int claim_first(void *claim, const char *p, size_t n)
{
    struct held_claim *c = claim;
    return held_claim_parse(span_make(p, n), c) ? 1 : VOUCH_E_SYNTAX; /* only the first bytes */
}

/* --- the release --- */

/* Of mail that sendmail(1) took, Postfix tells addresses without "<>". */
static bool same_address(const char *a, const char *b)
{
    struct span x = span_of(a), y = span_of(b);
    if (x.len >= 2 && x.p[0] == '<')
        x = span_slice(x, 1, x.len - 1);
    if (y.len >= 2 && y.p[0] == '<')
        y = span_slice(y, 1, y.len - 1);
    return span_eq(x, y);
}

static bool is_among(const char *rcpt, const struct held_line *line)
{
    for (size_t i = 0; i < line->rcpt_count; i++)
        if (same_address(line->rcpts[i], rcpt))
            return true;
    return !line->rcpts;
}

static bool is_release(const struct held_line *line, const struct held_claim *c,
                       const struct held_envelope *e, int64_t now_us)
{
    if (line->event != HELD_BEGAN || !line->mark || strcmp(line->mark, c->mark) != 0 ||
        line->time_us <= now_us - WINDOW_US || line->time_us >= now_us + WINDOW_US)
        return false;
    for (size_t i = 0; i < e->rcpt_count; i++)
        if (!is_among(e->rcpts[i], line))
            return false;
    return true;
}

static bool find_release(struct quarantine *q, const struct held_claim *c,
                         const struct held_envelope *e, int64_t now_us,
                         struct held_return *return_r)
{
    char error[400];
    size_t count = 0;
    bool found = false;
    struct held_log *l = held_log_read(q, c->id, error, sizeof error);
    const struct held_line *lines = l ? held_log_lines(l, &count) : NULL;
    for (size_t i = 0; i < count && !found; i++) {
        found = is_release(&lines[i], c, e, now_us);
        if (found)
            snprintf(return_r->who, sizeof return_r->who, "%s", lines[i].who);
    }
    held_log_close(&l);
    return found;
}

/* --- the message --- */

struct comparison {
    struct held *held;
    size_t skip; /* bytes that are not of it */
};

static int compare(void *arg, const char *p, size_t n)
{
    struct comparison *c = arg;
    char kept[COMPARED];
    size_t skipped = c->skip < n ? c->skip : n;
    c->skip -= skipped;
    for (size_t at = skipped; at < n;) {
        ptrdiff_t got = held_read(c->held, kept, n - at < COMPARED ? n - at : COMPARED);
        if (got <= 0 || memcmp(kept, p + at, (size_t)got) != 0)
            return VOUCH_E_SYNTAX;
        at += (size_t)got;
    }
    return 0;
}

static bool is_message(struct quarantine *q, struct held_writer *w, const struct held_claim *c,
                       const char *sender)
{
    char error[400];
    struct comparison at = {held_open(q, c->id, error, sizeof error), c->length};
    bool same = at.held && same_address(held_envelope(at.held)->sender, sender) &&
                held_size(at.held) + c->length == held_writer_size(w) &&
                held_writer_each(w, compare, &at) == 0;
    held_close(&at.held);
    return same;
}

bool held_returns(struct quarantine *q, struct held_writer *w, const struct held_envelope *e,
                  int64_t now_us, struct held_return *return_r)
{
    struct held_claim claim;
    if (held_writer_each(w, claim_first, &claim) != 1 ||
        !find_release(q, &claim, e, now_us, return_r) || !is_message(q, w, &claim, e->sender))
        return false;
    memcpy(return_r->id, claim.id, sizeof return_r->id);
    return true;
}
