/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of well-known organisations (contrib/well-known, whose head describes its lines). */
#include <string.h>
#include "arena.h"
#include "domain.h"
#include "errors.h"
#include "guarded_build.h"

/* Takes the next word off *rest. */
static bool next_word(struct span *rest, struct span *word_r)
{
    *rest = span_trim(*rest);
    if (rest->len == 0)
        return false;
    size_t n = 0;
    while (n < rest->len && rest->p[n] != ' ' && rest->p[n] != '\t')
        n++;
    *word_r = span_slice(*rest, 0, n);
    *rest = span_slice(*rest, n, rest->len);
    return true;
}

static int read_words(struct guarded_build *b, struct span words,
                      int (*add)(struct guarded_build *b, struct span text))
{
    struct span word;
    int rc = 0;
    while (rc == 0 && next_word(&words, &word))
        rc = add(b, word);
    return rc;
}

/* A domain, or "name.*", in its one form. */
static int read_own(struct arena *arena, struct span word, const char **own_r)
{
    char domain[DOMAIN_MAX + 1];
    bool any = word.len > 2 && memcmp(word.p + word.len - 2, ".*", 2) == 0;
    int rc = domain_normalize(any ? span_slice(word, 0, word.len - 2) : word, domain);
    if (rc != 0)
        return rc;
    *own_r = arena_printf(arena, "%s%s", domain, any ? ".*" : "");
    return *own_r ? 0 : VOUCH_E_NOMEM;
}

/* "Name, =Other name: domain domain" */
static int read_organisation(struct guarded_build *b, struct span names, struct span domains)
{
    struct guarded_name like = {.well_known = true};
    struct span count = domains, word, name;
    size_t n = 0;
    while (next_word(&count, &word))
        n++;
    if (n == 0)
        return VOUCH_E_SYNTAX;
    like.own = arena_array(b->arena, n, sizeof *like.own);
    int rc = like.own ? 0 : VOUCH_E_NOMEM;
    while (rc == 0 && next_word(&domains, &word))
        rc = read_own(b->arena, word, &like.own[like.own_count++]);
    while (rc == 0 && span_split(&names, ',', &name)) {
        name = span_trim(name);
        like.alone = name.len > 0 && name.p[0] == '=';
        rc = guarded_add_name(b, span_slice(name, like.alone, name.len), &like);
    }
    return rc;
}

static int read_line(struct guarded_build *b, struct span line)
{
    struct span names;
    line = span_trim(line);
    if (line.len == 0 || line.p[0] == '#')
        return 0;
    span_split(&line, ':', &names);
    if (!line.p)
        return VOUCH_E_SYNTAX;
    if (span_eq(names, SPAN_LIT("words")))
        return read_words(b, line, guarded_add_word);
    if (span_eq(names, SPAN_LIT("free")))
        return read_words(b, line, guarded_add_free);
    return read_organisation(b, names, line);
}

int guarded_read(struct guarded_build *b, struct span text, int *line_r)
{
    struct span line;
    int rc = 0;
    for (*line_r = 0; rc == 0 && span_split(&text, '\n', &line);) {
        ++*line_r;
        rc = read_line(b, line);
    }
    return rc;
}
