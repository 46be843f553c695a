/* SPDX-License-Identifier: BSD-2-Clause */
/* HTML for a terminal. No tree is built: tags are taken as they come, and what is malformed is text. */
#include "html_to_text.h"
#include <stdlib.h>
#include <string.h>
#include "ascii.h"
#include "sbuf.h"

#define MAX_ADDRESS 2000 /* bytes shown of a link's target */

struct page {
    struct sbuf *out;
    struct span link; /* target of the <a> that is open; absent: none */
    bool blank;       /* white space waits for the next text */
};

static void put(struct page *p, const char *s, size_t n)
{
    char last = p->out->len ? p->out->p[p->out->len - 1] : '\n';
    if (p->blank && last != '\n' && last != ' ')
        sbuf_addc(p->out, ' ');
    p->blank = false;
    sbuf_add(p->out, s, n);
}

static void put_line(struct page *p)
{
    p->blank = false;
    if (p->out->len && p->out->p[p->out->len - 1] != '\n')
        sbuf_addc(p->out, '\n');
}

/* A code point as UTF-8; what is none becomes U+FFFD. */
static size_t encode(unsigned long c, char text_r[4])
{
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        c = 0xfffd;
    if (c < 0x80) {
        text_r[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        text_r[i] = (char)(0x80 | (c & 0x3f));
    text_r[0] = (char)((0xf00 >> n & 0xff) | c);
    return n;
}

/* The character reference at s.p[at], which is '&': its length, or 0. *code_r: what it stands for. */
static size_t reference(struct span s, size_t at, unsigned long *code_r)
{
    static const struct {
        const char *name;
        unsigned long code;
    } known[] = {{"amp", '&'},       {"lt", '<'},       {"gt", '>'},       {"quot", '"'},
                 {"apos", '\''},     {"nbsp", ' '},     {"copy", 0xa9},    {"reg", 0xae},
                 {"euro", 0x20ac},   {"ndash", 0x2013}, {"mdash", 0x2014}, {"lsquo", 0x2018},
                 {"rsquo", 0x2019},  {"ldquo", 0x201c}, {"rdquo", 0x201d}, {"bull", 0x2022},
                 {"hellip", 0x2026}, {"auml", 0xe4},    {"ouml", 0xf6},    {"uuml", 0xfc},
                 {"Auml", 0xc4},     {"Ouml", 0xd6},    {"Uuml", 0xdc},    {"szlig", 0xdf},
                 {"eacute", 0xe9},   {"egrave", 0xe8},  {"agrave", 0xe0},  {"ccedil", 0xe7},
                 {"zwnj", 0x200c},   {"zwj", 0x200d},   {"shy", 0xad},     {"rlm", 0x200f},
                 {"lrm", 0x200e},    {"pound", 0xa3},   {"trade", 0x2122}, {"raquo", 0xbb},
                 {"laquo", 0xab},    {"middot", 0xb7},  {"times", 0xd7},   {"deg", 0xb0}};
    char name[24];
    size_t n = 0;
    while (at + 1 + n < s.len && n < sizeof name - 1 &&
           (ascii_is_alnum(s.p[at + 1 + n]) || (n == 0 && s.p[at + 1] == '#'))) {
        name[n] = s.p[at + 1 + n];
        n++;
    }
    name[n] = '\0';
    size_t length = 1 + n + (at + 1 + n < s.len && s.p[at + 1 + n] == ';');
    if (name[0] == '#') {
        bool hex = name[1] == 'x' || name[1] == 'X';
        char *end;
        if (hex ? ascii_hex(name[2]) < 0 : !ascii_is_digit(name[1]))
            return 0;
        *code_r = strtoul(name + 1 + hex, &end, hex ? 16 : 10);
        return length;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name) == 0) {
            *code_r = known[i].code;
            return length;
        }
    }
    return 0;
}

/* The value of an attribute, or a link's target: references decoded, without the line ends and tabs that browsers pass over. */
static void put_value(struct page *p, struct span value)
{
    char text[4];
    unsigned long code;
    value = span_slice(span_trim(value), 0, MAX_ADDRESS);
    for (size_t i = 0; i < value.len;) {
        size_t n = value.p[i] == '&' ? reference(value, i, &code) : 0;
        if (n > 0)
            put(p, text, encode(code, text));
        else if (value.p[i] != '\r' && value.p[i] != '\n' && value.p[i] != '\t')
            put(p, &value.p[i], 1);
        i += n ? n : 1;
    }
}

struct tag {
    struct span name, attributes;
    bool closes;
    size_t end; /* behind its '>' */
};

/* The tag at s.p[at], which is '<'; false: it is text. */
static bool read_tag(struct span s, size_t at, struct tag *tag_r)
{
    size_t i = at + 1;
    tag_r->closes = i < s.len && s.p[i] == '/';
    i += tag_r->closes;
    size_t name = i;
    while (i < s.len && ascii_is_alnum(s.p[i]))
        i++;
    tag_r->name = span_slice(s, name, i);
    if (i == name)
        return false;
    size_t attributes = i;
    for (char quote = '\0'; i < s.len && (quote || s.p[i] != '>'); i++) {
        if (quote)
            quote = s.p[i] == quote ? '\0' : quote;
        else if ((s.p[i] == '"' || s.p[i] == '\'') && s.p[i - 1] == '=')
            quote = s.p[i];
    }
    tag_r->attributes = span_slice(s, attributes, i);
    tag_r->end = i < s.len ? i + 1 : i;
    return true;
}

static size_t skip_space(struct span s, size_t i)
{
    while (i < s.len && (ascii_is_space(s.p[i]) || s.p[i] == '/'))
        i++;
    return i;
}

static struct span attribute(struct span s, const char *wanted)
{
    for (size_t i = skip_space(s, 0); i < s.len; i = skip_space(s, i)) {
        size_t from = i;
        while (i < s.len && !ascii_is_space(s.p[i]) && s.p[i] != '=' && s.p[i] != '/')
            i++;
        struct span name = span_slice(s, from, i), value = SPAN_LIT("");
        while (i < s.len && ascii_is_space(s.p[i]))
            i++;
        if (i < s.len && s.p[i] == '=') {
            i++;
            while (i < s.len && ascii_is_space(s.p[i]))
                i++;
            char quote = i < s.len && (s.p[i] == '"' || s.p[i] == '\'') ? s.p[i] : '\0';
            from = i += quote != '\0';
            while (i < s.len && (quote ? s.p[i] != quote : !ascii_is_space(s.p[i])))
                i++;
            value = span_slice(s, from, i);
            i += quote != '\0';
        }
        if (span_ieq_cstr(name, wanted))
            return value;
    }
    return SPAN_NONE;
}

static bool is_one(struct span name, const char *const *names)
{
    for (; *names; names++)
        if (span_ieq_cstr(name, *names))
            return true;
    return false;
}

/* Where the content of an element that is not shown ends: behind its closing tag. */
static size_t skip_content(struct span s, size_t from, struct span name)
{
    for (size_t i = from; i + 1 < s.len; i++)
        if (s.p[i] == '<' && s.p[i + 1] == '/' &&
            span_ieq(span_slice(s, i + 2, i + 2 + name.len), name)) {
            ptrdiff_t end = span_index(s, '>', i);
            return end < 0 ? s.len : (size_t)end + 1;
        }
    return s.len;
}

/* "[image: http://...]" */
static void put_address(struct page *p, const char *what, struct span address)
{
    if (!address.p || address.len == 0)
        return;
    put(p, "[", 1);
    put(p, what, strlen(what));
    put(p, ": ", 2);
    put_value(p, address);
    put(p, "]", 1);
}

static void end_link(struct page *p)
{
    if (!p->link.p)
        return;
    put(p, " <", 2);
    put_value(p, p->link);
    put(p, ">", 1);
    p->link = SPAN_NONE;
}

static void put_tag(struct page *p, const struct tag *t)
{
    static const char *const lines[] = {
        "br",   "p",  "div", "tr",      "li",      "ul",     "ol",         "h1",  "h2",
        "h3",   "h4", "h5",  "h6",      "hr",      "table",  "blockquote", "pre", "title",
        "form", "dt", "dd",  "section", "article", "header", "footer",     NULL};
    static const char *const framed[] = {"iframe", "frame", "embed", NULL};
    if (is_one(t->name, lines))
        put_line(p);
    if (span_ieq_cstr(t->name, "td") || span_ieq_cstr(t->name, "th"))
        p->blank = true;
    if (span_ieq_cstr(t->name, "a") || span_ieq_cstr(t->name, "area")) {
        end_link(p);
        if (!t->closes)
            p->link = attribute(t->attributes, "href");
    }
    if (t->closes)
        return;
    if (span_ieq_cstr(t->name, "img")) {
        struct span alt = attribute(t->attributes, "alt");
        if (alt.p)
            put_value(p, alt);
        put_address(p, "image", attribute(t->attributes, "src"));
    } else if (span_ieq_cstr(t->name, "form")) {
        put_address(p, "form sends to", attribute(t->attributes, "action"));
    } else if (span_ieq_cstr(t->name, "base")) {
        put_address(p, "links are relative to", attribute(t->attributes, "href"));
    } else if (span_ieq_cstr(t->name, "meta")) {
        if (span_ieq_cstr(attribute(t->attributes, "http-equiv"), "refresh"))
            put_address(p, "leads on to", attribute(t->attributes, "content"));
    } else if (is_one(t->name, framed)) {
        put_address(p, "frame", attribute(t->attributes, "src"));
    }
}

/* What begins with '<' at s.p[at]; returns the index behind it. */
static size_t put_markup(struct page *p, struct span s, size_t at)
{
    static const char *const hidden[] = {"script", "style", NULL};
    struct tag t;
    if (span_istarts(span_slice(s, at, s.len), "<!--")) {
        ptrdiff_t end = span_ifind(span_slice(s, at + 4, s.len), "-->");
        return end < 0 ? s.len : at + 4 + (size_t)end + 3;
    }
    if (at + 1 < s.len && (s.p[at + 1] == '!' || s.p[at + 1] == '?')) {
        ptrdiff_t end = span_index(s, '>', at);
        return end < 0 ? s.len : (size_t)end + 1;
    }
    if (!read_tag(s, at, &t)) {
        put(p, "<", 1);
        return at + 1;
    }
    put_tag(p, &t);
    return !t.closes && is_one(t.name, hidden) ? skip_content(s, t.end, t.name) : t.end;
}

void html_to_text(struct span html, struct sbuf *out)
{
    struct page p = {.out = out};
    char text[4];
    unsigned long code;
    for (size_t i = 0; i < html.len && !out->failed;) {
        char c = html.p[i];
        size_t n = c == '&' ? reference(html, i, &code) : 0;
        if (c == '<') {
            i = put_markup(&p, html, i);
        } else if (n > 0) {
            put(&p, text, encode(code, text));
            i += n;
        } else if (ascii_is_space(c)) {
            p.blank = true;
            i++;
        } else {
            put(&p, &c, 1);
            i++;
        }
    }
    end_link(&p);
    put_line(&p);
}
