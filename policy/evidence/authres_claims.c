/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether an Authentication-Results field that came with a message bears our authserv-id (RFC 8601
 * s2.2, s5). Readers further on may be lenient, so this one is: comments, folding, quoting, case, a
 * final dot, a version with or without "/", control characters, and U-labels for A-labels do not
 * hide our name. Nothing after the authserv-id is looked at. */
#include "authres.h"
#include <string.h>
#include "ascii.h"
#include "domain.h"

#define ID_MAX 1024 /* bytes; a longer id is nobody's */

/* Ends a word outside quotes; NUL does not. */
static bool ends_word(char c)
{
    return ascii_is_space(c) || (c && strchr("();,/=\"", c));
}

/* Moves past white space and comments, which may nest; one that is not closed takes all that is
 * left. True if there was white space outside comments. */
static bool skip_cfws(struct span *s)
{
    size_t depth = 0, i = 0;
    bool space = false;
    for (; i < s->len; i++) {
        char c = s->p[i];
        if (c == '(')
            depth++;
        else if (c == ')' && depth)
            depth--;
        else if (c == '\\' && depth)
            i++;
        else if (!depth && !ascii_is_space(c))
            break;
        space |= !depth && ascii_is_space(c);
    }
    *s = span_slice(*s, i, s->len);
    return space;
}

/* Bytes that an id is compared by: control characters are dropped. */
static void collect(char id[ID_MAX], size_t *n, char c)
{
    if (c != ' ' && !ascii_is_control(c) && *n < ID_MAX)
        id[(*n)++] = c;
}

/* Takes a quoted-string, or bytes up to what ends a word. */
static void take_word(struct span *s, char id[ID_MAX], size_t *n)
{
    size_t i = 0;
    if (s->len && s->p[0] == '"') {
        for (i = 1; i < s->len && s->p[i] != '"'; i++) {
            if (s->p[i] == '\\' && i + 1 < s->len)
                i++;
            collect(id, n, s->p[i]);
        }
        i += i < s->len;
    } else {
        while (i < s->len && !ends_word(s->p[i]))
            collect(id, n, s->p[i++]);
    }
    *s = span_slice(*s, i, s->len);
}

static bool same(struct span id, const char *authserv_id)
{
    char theirs[DOMAIN_MAX + 1], ours[DOMAIN_MAX + 1];
    if (domain_normalize(id, theirs) == 0 && domain_normalize(span_of(authserv_id), ours) == 0)
        return strcmp(theirs, ours) == 0;
    return span_ieq_cstr(id, authserv_id);
}

/* The id is every word up to white space, but a dot joins what white space parts. What follows a
 * comment may be the id's next part or the version, so both are tried. */
bool authres_claims(struct span value, const char *authserv_id)
{
    char id[ID_MAX];
    size_t n = 0;
    skip_cfws(&value);
    while (n < ID_MAX) {
        size_t left = value.len;
        take_word(&value, id, &n);
        if (value.len == left)
            return false;
        left = value.len;
        bool space = skip_cfws(&value);
        bool end = value.len == 0 || (ends_word(value.p[0]) && value.p[0] != '"');
        if ((end || value.len < left) && same(span_make(id, n), authserv_id))
            return true;
        if (end || (space && value.p[0] != '.' && (n == 0 || id[n - 1] != '.')))
            return false;
    }
    return false;
}
