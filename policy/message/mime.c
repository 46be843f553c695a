/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the parts of a message begin and end. Preambles and epilogues, which no reader shows, are no parts. */
#include "mime.h"
#include <string.h>
#include "arena.h"
#include "charset.h"
#include "errors.h"
#include "mime_type.h"
#include "rfc5322.h"
#include "sbuf.h"
#include "transfer.h"

struct mime_walk {
    struct arena *arena;
    struct mime *mime;
    size_t cap;
};

struct span mime_field(struct span header, const char *name)
{
    struct field f;
    while (rfc5322_next_field(&header, &f) == 1)
        if (span_ieq_cstr(f.name, name))
            return f.value;
    return SPAN_NONE;
}

static enum mime_encoding encoding_of(struct span header)
{
    struct span value = span_trim(mime_field(header, "Content-Transfer-Encoding"));
    if (span_istarts(value, "base64"))
        return MIME_BASE64;
    return span_istarts(value, "quoted-printable") ? MIME_QUOTED_PRINTABLE : MIME_PLAIN;
}

/* Where the header of s ends; its body is behind it. */
static struct span split_body(struct span s, struct span *header_r)
{
    struct span rest = s;
    struct field f;
    while (rfc5322_next_field(&rest, &f) == 1)
        ;
    *header_r = span_slice(s, 0, s.len - rest.len);
    if (rest.len > 0 && rest.p[0] == '\r')
        rest = span_slice(rest, 1, rest.len);
    if (rest.len > 0 && rest.p[0] == '\n')
        rest = span_slice(rest, 1, rest.len);
    return rest;
}

/* 1: a part was added as the last one; 0: there is no room for it; VOUCH_E_NOMEM. */
static int add_part(struct mime_walk *w, struct span s, unsigned depth, const char *otherwise)
{
    struct mime *m = w->mime;
    if (m->count >= MIME_MAX_PARTS) {
        m->many = true;
        return 0;
    }
    if (arena_grow(w->arena, &m->parts, m->count, &w->cap, sizeof *m->parts, MIME_MAX_PARTS) != 0)
        return VOUCH_E_NOMEM;
    struct mime_part *p = &m->parts[m->count++];
    *p = (struct mime_part){.depth = depth};
    p->body = split_body(s, &p->header);
    p->encoding = encoding_of(p->header);
    struct span type = mime_field(p->header, "Content-Type");
    struct span disposition = mime_field(p->header, "Content-Disposition");
    p->type = type.p ? mime_type_word(w->arena, type) : otherwise;
    const char *how = mime_type_word(w->arena, disposition);
    if (!p->type || !how)
        return VOUCH_E_NOMEM;
    if (!strchr(p->type, '/'))
        p->type = otherwise;
    p->attachment = strcmp(how, "attachment") == 0;
    p->charset = mime_type_param(w->arena, type, "charset");
    if (!p->charset)
        p->charset = "";
    p->name = mime_type_param(w->arena, disposition, "filename");
    if (!p->name)
        p->name = mime_type_param(w->arena, type, "name");
    return 1;
}

/* The next line of s at or after from that delimits parts: "--boundary", then nothing or "--". *line_r: where it begins, *next_r: what
 * is behind it. 1: it opens a part; 2: it closes the last; 0: there is none. */
static int find_delimiter(struct span s, size_t from, struct span boundary, size_t *line_r,
                          size_t *next_r)
{
    for (size_t at = from; at < s.len;) {
        ptrdiff_t lf = span_index(s, '\n', at);
        size_t next = lf < 0 ? s.len : (size_t)lf + 1;
        struct span line = span_slice(s, at, next);
        if (line.len >= boundary.len + 2 && line.p[0] == '-' && line.p[1] == '-' &&
            memcmp(line.p + 2, boundary.p, boundary.len) == 0) {
            struct span rest = span_trim(span_slice(line, boundary.len + 2, line.len));
            *line_r = at;
            *next_r = next;
            if (rest.len == 0)
                return 1;
            if (span_eq(rest, SPAN_LIT("--")))
                return 2;
        }
        at = next;
    }
    return 0;
}

/* Without the line end before the delimiter, which belongs to that. */
static struct span before_delimiter(struct span s, size_t from, size_t line)
{
    if (line > from && s.p[line - 1] == '\n')
        line--;
    if (line > from && s.p[line - 1] == '\r')
        line--;
    return span_slice(s, from, line);
}

static int walk(struct mime_walk *w, struct span s, unsigned depth, const char *otherwise);

static int walk_multipart(struct mime_walk *w, const struct mime_part *p, const char *boundary_text)
{
    struct span boundary = span_of(boundary_text), body = p->body;
    const char *otherwise =
        strcmp(p->type, "multipart/digest") == 0 ? "message/rfc822" : "text/plain";
    unsigned depth = p->depth + 1;
    size_t line, from;
    int rc = 0, what = find_delimiter(body, 0, boundary, &line, &from);
    while (what == 1 && rc == 0 && !w->mime->many) {
        size_t start = from;
        what = find_delimiter(body, start, boundary, &line, &from);
        if (what == 0)
            line = body.len;
        rc = walk(w, before_delimiter(body, start, line), depth, otherwise);
    }
    return rc;
}

/* Adds s and what is in it. */
static int walk(struct mime_walk *w, struct span s, unsigned depth, const char *otherwise)
{
    int rc = add_part(w, s, depth, otherwise);
    if (rc != 1)
        return rc;
    size_t index = w->mime->count - 1;
    struct mime_part p = w->mime->parts[index]; /* they may move */
    const char *boundary = NULL;
    bool message = strcmp(p.type, "message/rfc822") == 0 || strcmp(p.type, "message/global") == 0;
    if (strncmp(p.type, "multipart/", 10) == 0)
        boundary = mime_type_param(w->arena, mime_field(p.header, "Content-Type"), "boundary");
    bool opens = p.encoding == MIME_PLAIN &&
                 (message || (boundary && *boundary && strlen(boundary) <= MIME_MAX_BOUNDARY));
    if (!opens)
        return 0;
    if (depth >= MIME_MAX_DEPTH) {
        w->mime->deep = true;
        return 0;
    }
    w->mime->parts[index].opened = true;
    return message ? walk(w, p.body, depth + 1, "text/plain") : walk_multipart(w, &p, boundary);
}

int mime_parse(struct arena *arena, struct span message, struct mime *mime_r)
{
    struct mime_walk w = {arena, mime_r, 0};
    *mime_r = (struct mime){0};
    return walk(&w, message, 0, "text/plain");
}

void mime_decode(const struct mime_part *part, struct sbuf *out)
{
    if (part->encoding == MIME_BASE64)
        transfer_base64(part->body, out);
    else if (part->encoding == MIME_QUOTED_PRINTABLE)
        transfer_quoted_printable(part->body, out);
    else
        sbuf_addspan(out, part->body);
}

void mime_decode_text(const struct mime_part *part, struct sbuf *out)
{
    struct sbuf bytes;
    sbuf_init(&bytes, part->body.len + 1);
    mime_decode(part, &bytes);
    charset_decode(sbuf_span(&bytes), span_of(part->charset), out);
    out->failed |= bytes.failed;
    sbuf_clear(&bytes);
}
