/* SPDX-License-Identifier: BSD-2-Clause */
/* Domain names in one form: lower-case A-labels (RFC 5890; mapped by UTS 46, non-transitional), and
 * their Organizational Domain (RFC 7489 s3.2). Host name rules (RFC 952) are not enforced: names
 * that DNS and mail carry in practice, with underscores or hyphens anywhere, are taken. */
#include "domain.h"
#include <idn2.h>
#include <libpsl.h>
#include <string.h>
#include "ascii.h"
#include "errors.h"

#define UTF8_MAX 1024 /* bytes of a U-label name looked at; four for each octet of a name */

static bool is_ascii(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

/* The lower-case form of c if it may stand in a label, else 0. */
static char label_char(char c)
{
    return ascii_is_alnum(c) || c == '-' || c == '_' ? ascii_lower(c) : '\0';
}

static int normalize_ascii(struct span s, char *name_r)
{
    size_t label = 0;
    if (s.len && s.p[s.len - 1] == '.')
        s.len--;
    if (s.len == 0 || s.len > DOMAIN_MAX)
        return VOUCH_E_SYNTAX;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i] == '.' ? '.' : label_char(s.p[i]);
        if (!c || (c == '.' && label == 0) || (c != '.' && label == DOMAIN_LABEL))
            return VOUCH_E_SYNTAX;
        label = c == '.' ? 0 : label + 1;
        name_r[i] = c;
    }
    name_r[s.len] = '\0';
    return label ? 0 : VOUCH_E_SYNTAX;
}

int domain_normalize(struct span s, char *name_r)
{
    char text[UTF8_MAX + 1];
    uint8_t *ascii = NULL;
    if (is_ascii(s))
        return normalize_ascii(s, name_r);
    if (s.len > UTF8_MAX || span_index(s, '\0', 0) >= 0)
        return VOUCH_E_SYNTAX;
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    int rc = idn2_lookup_u8((const uint8_t *)text, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    if (rc != IDN2_OK)
        return rc == IDN2_MALLOC ? VOUCH_E_NOMEM : VOUCH_E_SYNTAX;
    rc = normalize_ascii(span_of((const char *)ascii), name_r);
    idn2_free(ascii);
    return rc;
}

/* An address literal, or dotted digits that a careless HELO gives: has no domain above it. */
static bool is_address(const char *domain)
{
    const char *last = strrchr(domain, '.');
    last = last ? last + 1 : domain;
    return domain[0] == '[' || last[strspn(last, "0123456789")] == '\0';
}

static const char *last_two_labels(const char *domain)
{
    const char *at = strrchr(domain, '.');
    while (at && at > domain && at[-1] != '.')
        at--;
    return at ? at : domain;
}

const char *domain_org(const struct psl_ctx_st *psl, const char *domain)
{
    if (is_address(domain))
        return domain;
    if (!psl)
        return last_two_labels(domain);
    const char *org = psl_registrable_domain(psl, domain);
    return org ? org : domain;
}

bool domain_is_public_suffix(const struct psl_ctx_st *psl, const char *domain)
{
    if (is_address(domain))
        return false;
    return psl ? psl_is_public_suffix(psl, domain) != 0 : !strchr(domain, '.');
}

bool domain_is_below(const char *child, const char *parent)
{
    size_t c = strlen(child), p = strlen(parent);
    if (p == 0 || c < p || strcmp(child + c - p, parent) != 0)
        return false;
    return c == p || child[c - p - 1] == '.';
}
