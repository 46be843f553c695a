/* SPDX-License-Identifier: BSD-2-Clause */
/* The grammar of libconfig 1.5, checked before libconfig sees the text. The library stops at the
 * first mistake and calls it "syntax error", opens the files that @include names, joins the two
 * strings on either side of a forgotten comma, and leaks on most errors; after this it only gets
 * text that it can read. A setting in which something is wrong is reported and blanked as a whole,
 * which keeps the lines of all others.
 *
 * Invariant: check.token is the first token not yet taken. A function that returns false has
 * reported why, or found a token that was. */
#include "syntax.h"
#include <string.h>
#include "scanner.h"

struct check {
    struct scanner scanner;
    struct scanner_token token;
    char *text; /* the scanner's, writable */
    int open;   /* brackets opened and not closed before token */
    int last;   /* line of the token before token */
};

/* A key of one group. */
struct name {
    size_t from, len;
    int line;
};

struct names {
    struct name list[SYNTAX_MAX_SETTINGS];
    size_t count;
};

static bool settings(struct check *c, int depth, int closer);
static bool value(struct check *c, int depth, const struct name *name);

static bool is_opening(int kind)
{
    return kind == '{' || kind == '[' || kind == '(';
}

static bool is_closing(int kind)
{
    return kind == '}' || kind == ']' || kind == ')';
}

static int closer_of(int opener)
{
    return opener == '{' ? '}' : opener == '[' ? ']' : ')';
}

static void take(struct check *c)
{
    c->open += is_opening(c->token.kind) - is_closing(c->token.kind);
    c->last = c->token.line;
    c->token = scanner_next(&c->scanner);
}

static void blank(struct check *c, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (c->text[i] != '\n')
            c->text[i] = ' ';
}

static int shown(const struct scanner_token *t)
{
    return (int)(t->to - t->from < MISTAKE_SHOWN ? t->to - t->from : MISTAKE_SHOWN);
}

/* "expected WHAT, found ..." */
static bool unexpected(struct check *c, const char *what)
{
    const struct scanner_token *t = &c->token;
    if (t->kind == SCANNER_END)
        mistakes_add(c->scanner.mistakes, c->last, "the file ends where %s is expected", what);
    else if (t->kind != SCANNER_BAD)
        mistakes_add(c->scanner.mistakes, t->line, "%s is expected here, not '%.*s'", what,
                     shown(t), c->text + t->from);
    return false;
}

static bool not_closed(struct check *c, const struct scanner_token *opener)
{
    if (c->token.kind == SCANNER_END)
        mistakes_add(c->scanner.mistakes, opener->line, "this '%c' is never closed", opener->kind);
    else if (c->token.kind != SCANNER_BAD)
        mistakes_add(c->scanner.mistakes, c->token.line,
                     "'%.*s' is found before the '%c' of line %d is closed", shown(&c->token),
                     c->text + c->token.from, opener->kind, opener->line);
    return false;
}

static bool is_scalar(int kind)
{
    return kind == SCANNER_STRING || kind == SCANNER_INT || kind == SCANNER_FLOAT ||
           kind == SCANNER_BOOL;
}

/* Behind a value of a list: a comma, or the list's end. A comma after the last value, which
 * libconfig 1.5 does not take, is blanked. */
static bool separator(struct check *c, const struct scanner_token *opener)
{
    struct scanner_token t = c->token;
    int closer = closer_of(opener->kind);
    if (t.kind == ',') {
        take(c);
        if (c->token.kind == closer)
            blank(c, t.from, t.to);
        return true;
    }
    if (t.kind == closer)
        return true;
    if (t.kind != SCANNER_STRING && t.kind != '{')
        return not_closed(c, opener);
    mistakes_add(c->scanner.mistakes, t.line, "a comma is missing before '%.*s'", shown(&t),
                 c->text + t.from);
    return false;
}

/* A list "( ... )" of any values, or an array "[ ... ]" of plain ones of one kind. */
static bool elements(struct check *c, int depth, const struct name *name)
{
    struct scanner_token opener = c->token, first = {0};
    bool array = opener.kind == '[';
    take(c);
    while (c->token.kind != closer_of(opener.kind)) {
        struct scanner_token t = c->token;
        if (t.kind == SCANNER_END)
            return not_closed(c, &opener);
        if (array && is_opening(t.kind)) {
            mistakes_add(c->scanner.mistakes, t.line,
                         "'[ ]' takes plain values only: write '( )' around groups");
            return false;
        }
        if (!value(c, depth + 1, name))
            return false;
        if (array && first.kind && t.kind != first.kind) {
            mistakes_add(c->scanner.mistakes, t.line, "the values of '%.*s' must be of one type",
                         (int)name->len, c->text + name->from);
            return false;
        }
        first = t;
        if (!separator(c, &opener))
            return false;
    }
    take(c);
    return true;
}

static bool is_yes_or_no(const struct check *c, const struct scanner_token *t)
{
    static const char *const words[] = {"yes", "no", "on", "off"};
    struct span word = span_make(c->text + t->from, t->to - t->from);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (span_ieq_cstr(word, words[i]))
            return true;
    return false;
}

/* name: the setting that the value belongs to. */
static bool value(struct check *c, int depth, const struct name *name)
{
    struct scanner_token t = c->token;
    if (depth > SYNTAX_MAX_DEPTH) {
        mistakes_add(c->scanner.mistakes, t.line, "more than %d groups and lists in one another",
                     SYNTAX_MAX_DEPTH);
        return false;
    }
    if (t.kind == '[' || t.kind == '(')
        return elements(c, depth, name);
    if (t.kind == '{') {
        take(c);
        if (!settings(c, depth, '}'))
            return false;
        if (c->token.kind != '}')
            return not_closed(c, &t);
    } else if (t.kind == SCANNER_NAME) {
        mistakes_add(c->scanner.mistakes, t.line, "'%.*s' must be %s", shown(&t), c->text + t.from,
                     is_yes_or_no(c, &t) ? "true or false, or in quotes" : "in quotes, as \"...\"");
        return false;
    } else if (t.kind == ';' || t.kind == ',') {
        mistakes_add(c->scanner.mistakes, t.line, "'%.*s' has no value", (int)name->len,
                     c->text + name->from);
        return false;
    } else if (!is_scalar(t.kind)) {
        return unexpected(c, "a value");
    }
    take(c);
    return true;
}

/* Long text may be written as several strings in a row. */
static bool setting_value(struct check *c, int depth, const struct name *name)
{
    bool string = c->token.kind == SCANNER_STRING;
    if (!value(c, depth, name))
        return false;
    while (string && c->token.kind == SCANNER_STRING)
        take(c);
    return true;
}

/* What became of one setting. */
enum outcome {
    SETTING_KEPT,
    SETTING_DROPPED, /* read to its end, but not to be kept */
    SETTING_BROKEN   /* reading stopped somewhere in it */
};

static const struct name *find_name(const struct check *c, const struct names *names,
                                    const struct name *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (names->list[i].len == name->len &&
            memcmp(c->text + names->list[i].from, c->text + name->from, name->len) == 0)
            return &names->list[i];
    return NULL;
}

/* key = value; */
static enum outcome setting(struct check *c, int depth, struct names *names)
{
    struct name name = {c->token.from, c->token.to - c->token.from, c->token.line};
    if (c->token.kind != SCANNER_NAME) {
        unexpected(c, "a key");
        return SETTING_BROKEN;
    }
    if (name.len > MISTAKE_SHOWN)
        name.len = MISTAKE_SHOWN;
    take(c);
    if (c->token.kind != '=' && c->token.kind != ':') {
        if (c->token.kind != SCANNER_BAD)
            mistakes_add(c->scanner.mistakes, name.line, "'=' is missing after '%.*s'",
                         (int)name.len, c->text + name.from);
        return SETTING_BROKEN;
    }
    take(c);
    bool group = c->token.kind == '{';
    if (!setting_value(c, depth, &name))
        return SETTING_BROKEN;
    if (c->token.kind == ';' || c->token.kind == ',')
        take(c);
    const struct name *first = find_name(c, names, &name);
    if (first) {
        mistakes_add(c->scanner.mistakes, name.line, "'%.*s' is set twice (first on line %d): %s",
                     (int)name.len, c->text + name.from, first->line,
                     group ? "put the keys of both into one" : "remove one");
        return SETTING_DROPPED;
    }
    names->list[names->count++] = name;
    return SETTING_KEPT;
}

static bool begins_line(const struct check *c, size_t at)
{
    while (at > 0 && (c->text[at - 1] == ' ' || c->text[at - 1] == '\t'))
        at--;
    return at == 0 || c->text[at - 1] == '\n';
}

/* The line begins with "key =". */
static bool at_setting(struct check *c)
{
    if (c->token.kind != SCANNER_NAME || !begins_line(c, c->token.from))
        return false;
    struct scanner ahead = c->scanner;
    struct mistakes none = {.failed = true}; /* takes no report */
    ahead.mistakes = &none;
    int kind = scanner_next(&ahead).kind;
    return kind == '=' || kind == ':';
}

/* Goes on to what may be the next setting of the group that ends with closer, where open brackets
 * were open: after a ';', at a line that begins with "key =", at a closing bracket. At the top of
 * the file a key that is not indented ends what was never closed, too. */
static void recover(struct check *c, int closer, int open)
{
    for (; c->token.kind != SCANNER_END; take(c)) {
        bool outside = c->open <= open;
        bool top = closer == SCANNER_END;
        if (outside && !top && is_closing(c->token.kind))
            break;
        if (at_setting(c) &&
            (outside || (top && (c->token.from == 0 || c->text[c->token.from - 1] == '\n'))))
            break;
        if (outside && c->token.kind == ';') {
            take(c);
            break;
        }
    }
    c->open = open;
}

/* The settings of a group up to its closer, or to a bracket that is not (the caller's to
 * report). */
static bool settings(struct check *c, int depth, int closer)
{
    struct names names = {.count = 0};
    while (c->token.kind != SCANNER_END && (closer == SCANNER_END || !is_closing(c->token.kind))) {
        size_t from = c->token.from;
        int open = c->open;
        if (names.count == SYNTAX_MAX_SETTINGS) {
            mistakes_add(c->scanner.mistakes, c->token.line, "more than %d keys in one group",
                         SYNTAX_MAX_SETTINGS);
            return false;
        }
        enum outcome outcome = setting(c, depth + 1, &names);
        if (outcome == SETTING_BROKEN)
            recover(c, closer, open);
        if (outcome != SETTING_KEPT)
            blank(c, from, c->token.from);
    }
    return true;
}

void syntax_check(char *text, size_t len, struct mistakes *mistakes)
{
    struct check c = {.scanner = {text, len, 0, 1, mistakes}, .text = text};
    take(&c);
    if (!settings(&c, 0, SCANNER_END))
        blank(&c, c.token.from, len);
}
