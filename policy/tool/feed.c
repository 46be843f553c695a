/* SPDX-License-Identifier: BSD-2-Clause */
/* A message at rest: checks that it is one, reads what delivery wrote on top of it, and feeds it to
 * assess in the order and form of SMTP. Where messages at rest are found is input.c's. */
#include <stdlib.h>
#include <string.h>
#include "errors.h"
#include "feed.h"
#include "tool.h"

#define FEED_CHUNK 65535      /* as much body as libmilter hands over at once */
#define FEED_BYTES (1u << 20) /* for the two addresses that delivery kept */

/* What stands above the first Received field was written at delivery: the envelope, as far as it
 * was kept. */
struct delivery {
    struct span return_path, rcpt;
    time_t received; /* of the topmost Received field; -1 if none */
};

static struct delivery read_delivery(struct span text)
{
    struct delivery d = {SPAN_NONE, SPAN_NONE, -1};
    struct field f;
    while (rfc5322_next_field(&text, &f) == 1) {
        if (span_ieq_cstr(f.name, "Received")) {
            ptrdiff_t semicolon = -1, next;
            while ((next = span_index(f.value, ';', (size_t)(semicolon + 1))) >= 0)
                semicolon = next;
            if (semicolon >= 0 &&
                rfc5322_date(span_slice(f.value, (size_t)semicolon + 1, f.value.len),
                             &d.received) != 0)
                d.received = -1;
            break;
        }
        if (!d.return_path.p && span_ieq_cstr(f.name, "Return-Path"))
            d.return_path = f.value;
        if (!d.rcpt.p &&
            (span_ieq_cstr(f.name, "X-Original-To") || span_ieq_cstr(f.name, "Delivered-To")))
            d.rcpt = f.value;
    }
    return d;
}

/* Mail travels with CRLF; at rest it mostly has LF. */
static char *to_wire(struct span text, size_t *len_r)
{
    size_t lines = 0, len = 0;
    for (size_t i = 0; i < text.len; i++)
        lines += text.p[i] == '\n';
    char *wire = malloc(text.len + lines + 1);
    if (!wire)
        return NULL;
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r'))
            wire[len++] = '\r';
        wire[len++] = text.p[i];
    }
    *len_r = len;
    return wire;
}

/* The line (from 1) at which rest begins in text. */
static unsigned line_number(struct span text, struct span rest)
{
    unsigned n = 1;
    for (const char *p = text.p; p < rest.p; p++)
        n += *p == '\n';
    return n;
}

/* A message at rest must begin with a header; one that ends inside a line of it was cut off. */
int feed_check(const char *name, struct span text)
{
    struct span rest = text;
    struct field f;
    size_t fields = 0;
    int rc;
    if (text.len == 0)
        return tool_error(EX_DATAERR, "%s: is empty: expected a message", name);
    if (memchr(text.p, '\0', text.len < 512 ? text.len : 512))
        return tool_error(EX_DATAERR, "%s: is not a message: its beginning holds NUL bytes", name);
    while ((rc = rfc5322_next_field(&rest, &f)) == 1)
        fields++;
    if (fields == 0)
        return tool_error(EX_DATAERR,
                          "%s:1: is not a message: expected a header field such as 'From: ...'",
                          name);
    if (rc == 0 && rest.len == 0 && text.p[text.len - 1] != '\n')
        return tool_error(EX_DATAERR, "%s:%u: ends in the middle of the header: cut off?", name,
                          line_number(text, rest));
    return 0;
}

time_t feed_received(struct span text)
{
    return read_delivery(text).received;
}

static int feed_envelope(struct assess *a, const struct feed_envelope *e, const struct delivery *d,
                         struct arena *arena)
{
    const char *sender = e->sender;
    if (!sender && d->return_path.p)
        sender = rfc5322_path(arena, span_trim(d->return_path));
    int rc = assess_connect(a, e->ip.family ? &e->ip : NULL, e->hostname);
    if (rc == 0 && e->helo)
        rc = assess_helo(a, e->helo);
    if (rc == 0)
        rc = assess_mail(a, sender, e->user, NULL);
    for (size_t i = 0; rc == 0 && i < e->rcpt_count; i++)
        rc = assess_rcpt(a, e->rcpts[i]);
    if (rc == 0 && e->rcpt_count == 0 && d->rcpt.p) {
        const char *rcpt = rfc5322_path(arena, span_trim(d->rcpt));
        rc = rcpt ? assess_rcpt(a, rcpt) : 0;
    }
    return rc;
}

static int feed_content(struct assess *a, struct span wire)
{
    struct field f;
    while (rfc5322_next_field(&wire, &f) == 1)
        if (assess_field(a, f.name, f.value) != 0)
            return VOUCH_E_NOMEM;
    if (assess_eoh(a, NULL) != 0)
        return VOUCH_E_NOMEM;
    while (wire.len > 0) {
        struct span chunk = span_slice(wire, 0, FEED_CHUNK);
        assess_body(a, chunk);
        wire = span_slice(wire, chunk.len, wire.len);
    }
    return 0;
}

int feed_message(struct assess *a, const struct feed_envelope *envelope, struct span text)
{
    struct delivery d = read_delivery(text);
    size_t len = 0;
    char *wire = to_wire(text, &len);
    struct arena *arena = arena_new(FEED_BYTES);
    int rc = wire && arena ? feed_envelope(a, envelope, &d, arena) : VOUCH_E_NOMEM;
    if (rc == 0)
        rc = feed_content(a, span_make(wire, len));
    arena_free(&arena);
    free(wire);
    return rc;
}
