/* SPDX-License-Identifier: BSD-2-Clause */
/* Address patterns: their one form, and matching. Domains are compared as A-labels, local-parts
 * without regard to ASCII case (RFC 5321 s2.4 lets the receiving site decide; every common one
 * ignores case) and to how they are quoted (RFC 5321 s4.1.2: "a"@d is a@d). No wildcard inside a
 * pattern, no sub-address ("user+detail") rules. */
#include "pattern.h"
#include <string.h>
#include "arena.h"
#include "ascii.h"

/* RFC 5322 s3.2.3 atext, the dot, and what RFC 6531 adds */
static bool needs_no_quotes(char c)
{
    return ascii_is_alnum(c) || (unsigned char)c >= 0x80 ||
           (c != '\0' && strchr(".!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Writes the local-part in lower case, quoted only if it has to be. text_r has room for
 * 2 * PATTERN_MAX_LOCAL + 3. Length, or 0 if it is too long, empty or has control characters. */
static size_t local_normalize(struct span local, char *text_r)
{
    char plain[PATTERN_MAX_LOCAL];
    size_t n = 0, out = 0;
    bool quoted = local.len >= 2 && local.p[0] == '"' && local.p[local.len - 1] == '"';
    bool quote = false;
    if (quoted)
        local = span_slice(local, 1, local.len - 1);
    for (size_t i = 0; i < local.len; i++) {
        if (quoted && local.p[i] == '\\' && i + 1 < local.len)
            i++;
        if (n == sizeof plain || ascii_is_control(local.p[i]))
            return 0;
        plain[n] = ascii_lower(local.p[i]);
        quote = quote || !needs_no_quotes(plain[n]);
        n++;
    }
    if (n == 0)
        return 0;
    if (quote)
        text_r[out++] = '"';
    for (size_t i = 0; i < n; i++) {
        if (plain[i] == '"' || plain[i] == '\\')
            text_r[out++] = '\\';
        text_r[out++] = plain[i];
    }
    if (quote)
        text_r[out++] = '"';
    text_r[out] = '\0';
    return out;
}

/* The last "@": a domain has none, a quoted local-part may. */
static ptrdiff_t at_sign(struct span s)
{
    for (size_t i = s.len; i > 0; i--)
        if (s.p[i - 1] == '@')
            return (ptrdiff_t)(i - 1);
    return -1;
}

static const char *parse_domain(struct arena *arena, struct span text, const char *prefix,
                                const char **pattern_r)
{
    char domain[DOMAIN_MAX + 1];
    if (domain_normalize(text, domain) != 0)
        return "is not a domain or address";
    *pattern_r = arena_printf(arena, "%s%s", prefix, domain);
    return *pattern_r ? NULL : "could not be kept: out of memory";
}

static const char *parse_address(struct arena *arena, struct span local, struct span domain,
                                 const char **pattern_r)
{
    char text[2 * PATTERN_MAX_LOCAL + 4];
    if (local.len == 0 || (local.len == 1 && local.p[0] == '*'))
        return arena_printf(arena, "is not a pattern: write \"%.*s\" for all of its addresses",
                            SPAN_ARGS(domain));
    if (domain.len == 0)
        return "has no domain after the '@'";
    size_t n = local_normalize(local, text);
    if (n == 0)
        return "has no usable local-part before the '@'";
    text[n] = '@';
    text[n + 1] = '\0';
    return parse_domain(arena, domain, text, pattern_r);
}

const char *pattern_parse(struct arena *arena, struct span text, bool domain_only,
                          const char **pattern_r)
{
    *pattern_r = NULL;
    ptrdiff_t at = at_sign(text);
    bool special = span_eq(text, SPAN_LIT("*")) || span_eq(text, SPAN_LIT("<>"));
    if (domain_only && (special || at >= 0))
        return "is not a domain";
    if (text.len == 0)
        return "is empty";
    if (special) {
        *pattern_r = arena_span(arena, text);
        return *pattern_r ? NULL : "could not be kept: out of memory";
    }
    if (at >= 0)
        return parse_address(arena, span_slice(text, 0, (size_t)at),
                             span_slice(text, (size_t)at + 1, text.len), pattern_r);
    if (text.len > 2 && text.p[0] == '*' && text.p[1] == '.')
        return arena_printf(arena, "is not a pattern: write \"%.*s\" for that domain and all below",
                            SPAN_ARGS(span_slice(text, 1, text.len)));
    if (text.p[0] == '.')
        return parse_domain(arena, span_slice(text, 1, text.len), ".", pattern_r);
    return parse_domain(arena, text, "", pattern_r);
}

/* A domain that cannot be normalised (an address literal) is taken as it stands. */
static void subject_domain(struct span s, char domain_r[DOMAIN_MAX + 1])
{
    if (domain_normalize(s, domain_r) == 0)
        return;
    if (s.len > DOMAIN_MAX)
        s.len = 0;
    for (size_t i = 0; i < s.len; i++)
        domain_r[i] = ascii_lower(s.p[i]);
    domain_r[s.len] = '\0';
}

void pattern_subject(const char *address, struct pattern_subject *subject_r)
{
    struct span s = span_of(address);
    subject_r->null_sender = address && address[0] == '\0';
    subject_r->domain[0] = subject_r->address[0] = '\0';
    ptrdiff_t at = at_sign(s);
    if (at < 0) {
        subject_domain(s, subject_r->domain);
        return;
    }
    subject_domain(span_slice(s, (size_t)at + 1, s.len), subject_r->domain);
    size_t n = local_normalize(span_slice(s, 0, (size_t)at), subject_r->address);
    if (n == 0)
        return;
    subject_r->address[n] = '@';
    memcpy(subject_r->address + n + 1, subject_r->domain, strlen(subject_r->domain) + 1);
}

static bool matches(const char *pattern, const struct pattern_subject *subject)
{
    if (strcmp(pattern, "*") == 0)
        return true;
    if (strcmp(pattern, "<>") == 0)
        return subject->null_sender;
    if (strchr(pattern, '@'))
        return strcmp(pattern, subject->address) == 0;
    if (pattern[0] == '.')
        return domain_is_below(subject->domain, pattern + 1);
    return strcmp(pattern, subject->domain) == 0;
}

bool pattern_list_matches(const struct pattern_list *list, const struct pattern_subject *subject)
{
    for (size_t i = 0; i < list->count; i++)
        if (matches(list->patterns[i], subject))
            return true;
    return false;
}

bool pattern_list_match(const struct pattern_list *list, const char *address)
{
    struct pattern_subject subject;
    if (list->count == 0)
        return false;
    pattern_subject(address, &subject);
    return pattern_list_matches(list, &subject);
}

static bool covers(const char *a, const char *b)
{
    const char *at = strrchr(b, '@');
    const char *domain = at ? at + 1 : b;
    if (strcmp(a, "*") == 0 || strcmp(a, b) == 0)
        return true;
    if (strcmp(a, "<>") == 0 || strcmp(b, "<>") == 0 || strcmp(b, "*") == 0 || strchr(a, '@'))
        return false;
    if (a[0] == '.')
        return domain_is_below(domain[0] == '.' ? domain + 1 : domain, a + 1);
    return strcmp(a, domain) == 0;
}

bool pattern_list_covers(const struct pattern_list *a, const struct pattern_list *b)
{
    for (size_t i = 0; i < b->count; i++) {
        bool covered = false;
        for (size_t j = 0; j < a->count && !covered; j++)
            covered = covers(a->patterns[j], b->patterns[i]);
        if (!covered)
            return false;
    }
    return true;
}
