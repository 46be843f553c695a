/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "show_message.h"
#include <openssl/sha.h>
#include <string.h>
#include "arena.h"
#include "ascii.h"
#include "html_to_text.h"
#include "mime.h"
#include "quarantine_item.h"
#include "rfc5322.h"
#include "sbuf.h"
#include "tool.h"
#include "utf8.h"

#define PARTS_BYTES (4u << 20) /* of what is said of all parts */

struct show {
    FILE *out;
    struct arena *arena;
    const struct tool_style *style;
    bool all, failed;
};

/* "  From      TEXT" */
static void print_field(struct show *s, struct span header, const char *name)
{
    struct span value = mime_field(header, name);
    const char *text = value.p ? rfc5322_text(s->arena, span_slice(value, 0, 4096)) : NULL;
    if (!text)
        return;
    fprintf(s->out, "  %s%-10s%s", s->style->dim, name, s->style->reset);
    tool_print_safe(s->out, text);
    fputc('\n', s->out);
}

/* A line of a text, tabs and its own line end taken off. */
static void print_line(struct show *s, struct span line)
{
    char piece[256];
    fputs("    ", s->out);
    if (line.len > 0 && line.p[line.len - 1] == '\r')
        line.len--;
    while (line.len > 0) {
        struct span part = utf8_cut(line, sizeof piece - 1);
        if (part.len == 0)
            part = span_slice(line, 0, 1);
        for (size_t i = 0; i < part.len; i++)
            piece[i] = line.p[i] == '\t' || line.p[i] == '\0' ? ' ' : line.p[i];
        piece[part.len] = '\0';
        tool_print_safe(s->out, piece);
        line = span_slice(line, part.len, line.len);
    }
    fputc('\n', s->out);
}

static void print_text(struct show *s, struct span text)
{
    struct span rest = s->all ? text : utf8_cut(text, SHOW_BYTES), line;
    size_t shown = 0, lines = 0;
    while (rest.len > 0 && (s->all || lines < SHOW_LINES) && span_split(&rest, '\n', &line)) {
        print_line(s, line);
        shown += line.len + 1;
        lines++;
    }
    if (shown < text.len)
        fprintf(s->out, "    %s... %zu more bytes: --full shows them%s\n", s->style->dim,
                text.len - shown, s->style->reset);
}

static void print_digest(struct show *s, struct span bytes)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)(bytes.p ? bytes.p : ""), bytes.len, digest);
    fputs("    sha256 ", s->out);
    for (size_t i = 0; i < sizeof digest; i++)
        fprintf(s->out, "%02x", digest[i]);
    fputc('\n', s->out);
}

/* "-- text/plain, 312 bytes, named "x.txt"" */
static void print_heading(struct show *s, const struct mime_part *p, uint64_t bytes)
{
    fprintf(s->out, "%*s%s-- ", (int)(2 * p->depth), "", s->style->bold);
    tool_print_safe(s->out, p->type);
    fprintf(s->out, "%s, %llu bytes", s->style->reset, (unsigned long long)bytes);
    if (p->attachment)
        fputs(", attached", s->out);
    if (p->name) {
        fputs(", named \"", s->out);
        tool_print_safe(s->out, p->name);
        fputc('"', s->out);
    }
    fputc('\n', s->out);
}

static void print_html(struct show *s, struct span html)
{
    struct sbuf text;
    sbuf_init(&text, 8 * html.len + 1024);
    html_to_text(html, &text);
    s->failed |= text.failed;
    print_text(s, sbuf_span(&text));
    sbuf_clear(&text);
}

static void print_leaf(struct show *s, const struct mime_part *p)
{
    bool html = strcmp(p->type, "text/html") == 0;
    bool text = html || strncmp(p->type, "text/", 5) == 0 ||
                strcmp(p->type, "message/delivery-status") == 0;
    struct sbuf bytes, shown;
    sbuf_init(&bytes, p->body.len + 1);
    mime_decode(p, &bytes);
    print_heading(s, p, bytes.len);
    if (!text || p->attachment)
        print_digest(s, sbuf_span(&bytes));
    else {
        sbuf_init(&shown, 3 * p->body.len + 16);
        mime_decode_text(p, &shown);
        s->failed |= shown.failed;
        if (html)
            print_html(s, sbuf_span(&shown));
        else
            print_text(s, sbuf_span(&shown));
        sbuf_clear(&shown);
    }
    s->failed |= bytes.failed;
    sbuf_clear(&bytes);
}

static void print_parts(struct show *s, const struct mime *m)
{
    for (size_t i = 0; i < m->count && !s->failed; i++) {
        const struct mime_part *p = &m->parts[i];
        bool message =
            i > 0 && strncmp(m->parts[i - 1].type, "message/", 8) == 0 && m->parts[i - 1].opened;
        if (message) {
            print_field(s, p->header, "From");
            print_field(s, p->header, "Subject");
        }
        if (p->opened)
            print_heading(s, p, p->body.len);
        else
            print_leaf(s, p);
    }
    if (m->deep || m->many)
        fprintf(s->out, "%sThere are more parts, nested deeper than %d or beyond %d%s\n",
                s->style->yellow, MIME_MAX_DEPTH, MIME_MAX_PARTS, s->style->reset);
}

bool show_message(FILE *out, struct span message, bool all)
{
    static const char *const fields[] = {"Date", "From", "Reply-To", "To", "Cc", "Subject"};
    struct show s = {
        .out = out, .arena = arena_new(PARTS_BYTES), .style = tool_style_for(out), .all = all};
    struct mime m = {0};
    s.failed = !s.arena || mime_parse(s.arena, message, &m) != 0;
    if (!s.failed) {
        fputs("The message\n", out);
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
            print_field(&s, m.parts[0].header, fields[i]);
        print_parts(&s, &m);
    }
    arena_free(&s.arena);
    return !s.failed;
}
