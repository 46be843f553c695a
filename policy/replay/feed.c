/* SPDX-License-Identifier: BSD-2-Clause */
/* A message at rest: checks that it is one, reads what delivery wrote on top of it, and feeds it to
 * assess in the order and form of SMTP. Where messages at rest are found is input.c's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "assess.h"
#include "errors.h"
#include "feed.h"

#define FEED_CHUNK                                                                                 \
    32767 /* of the body; at most doubled by line ends, so no more than libmilter hands over at once */
#define FEED_BYTES (1u << 20) /* for the two addresses that delivery kept */

/* What stands above the first Received field was written at delivery: the envelope, as far as it
 * was kept. */
struct delivery {
    struct span return_path, rcpt;
    struct span body; /* of the message */
};

/* The date behind the last semicolon (RFC 5321 s4.4); -1 if there is none. */
static time_t received_date(struct span value)
{
    time_t date;
    for (size_t i = value.len; i > 0; i--)
        if (value.p[i - 1] == ';')
            return rfc5322_date(span_slice(value, i, value.len), &date) == 0 ? date : -1;
    return -1;
}

static struct delivery read_delivery(struct span text)
{
    struct delivery d = {SPAN_NONE, SPAN_NONE, SPAN_NONE};
    struct field f;
    bool received = false;
    while (rfc5322_next_field(&text, &f) == 1) {
        received = received || span_ieq_cstr(f.name, "Received");
        if (received)
            continue;
        if (!d.return_path.p && span_ieq_cstr(f.name, "Return-Path"))
            d.return_path = f.value;
        if (!d.rcpt.p &&
            (span_ieq_cstr(f.name, "X-Original-To") || span_ieq_cstr(f.name, "Delivered-To")))
            d.rcpt = f.value;
    }
    d.body = text;
    return d;
}

/* Mail travels with CRLF; at rest it mostly has LF. Writes the wire form of text to wire, which has room
 * for twice as much; before: the byte that stands before text. Returns the length. */
static size_t to_wire(struct span text, char before, char *wire)
{
    size_t len = 0;
    while (text.len > 0) {
        const char *end = memchr(text.p, '\n', text.len);
        size_t line = end ? (size_t)(end - text.p) : text.len;
        memcpy(wire + len, text.p, line);
        len += line;
        before = line > 0 ? text.p[line - 1] : before;
        if (end && before != '\r')
            wire[len++] = '\r';
        if (end)
            wire[len++] = before = '\n';
        text = span_slice(text, line + (end != NULL), text.len);
    }
    return len;
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
int feed_check(struct span text, char *error_r, size_t size)
{
    struct span rest = text;
    struct field f;
    size_t fields = 0;
    int rc;
    while ((rc = rfc5322_next_field(&rest, &f)) == 1)
        fields++;
    if (text.len == 0)
        snprintf(error_r, size, " is empty: expected a message");
    else if (memchr(text.p, '\0', text.len < 512 ? text.len : 512))
        snprintf(error_r, size, " is not a message: its beginning holds NUL bytes");
    else if (fields == 0)
        snprintf(error_r, size, "1: is not a message: expected a header field such as 'From: ...'");
    else if (rc == 0 && rest.len == 0 && text.p[text.len - 1] != '\n')
        snprintf(error_r, size, "%u: ends in the middle of the header: cut off?",
                 line_number(text, rest));
    else
        return 0;
    return VOUCH_E_SYNTAX;
}

time_t feed_received(struct span text)
{
    struct field f;
    while (rfc5322_next_field(&text, &f) == 1)
        if (span_ieq_cstr(f.name, "Received"))
            return received_date(f.value);
    return -1;
}

time_t feed_time(struct span text)
{
    struct field f;
    time_t date = -1, received;
    while (rfc5322_next_field(&text, &f) == 1) {
        if (span_ieq_cstr(f.name, "Received") && (received = received_date(f.value)) >= 0)
            return received;
        if (date < 0 && span_ieq_cstr(f.name, "Date") && rfc5322_date(f.value, &date) != 0)
            date = -1;
    }
    return date;
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

static int feed_header(struct assess *a, struct span header)
{
    struct field f;
    int rc = 0;
    char *wire = malloc(2 * header.len + 1);
    if (!wire)
        return VOUCH_E_NOMEM;
    struct span rest = span_make(wire, to_wire(header, '\0', wire));
    while (rc == 0 && rfc5322_next_field(&rest, &f) == 1)
        rc = assess_field(a, f.name, f.value);
    free(wire);
    return rc == 0 ? assess_eoh(a, NULL) : rc;
}

/* As much of it as anybody looks at. */
static void feed_body(struct assess *a, struct span body)
{
    char wire[2 * FEED_CHUNK], before = '\n';
    bool enough = false;
    while (body.len > 0 && !enough) {
        struct span chunk = span_slice(body, 0, FEED_CHUNK);
        enough = assess_body(a, span_make(wire, to_wire(chunk, before, wire)));
        before = chunk.p[chunk.len - 1];
        body = span_slice(body, chunk.len, body.len);
    }
}

int feed_message(struct assess *a, const struct feed_envelope *envelope, struct span text)
{
    struct delivery d = read_delivery(text);
    struct arena *arena = arena_new(FEED_BYTES);
    int rc = arena ? feed_envelope(a, envelope, &d, arena) : VOUCH_E_NOMEM;
    if (rc == 0)
        rc = feed_header(a, span_make(text.p, (size_t)(d.body.p - text.p)));
    if (rc == 0)
        feed_body(a, d.body);
    arena_free(&arena);
    return rc;
}
