/* SPDX-License-Identifier: BSD-2-Clause */
/* A list of identities in the making: none twice, and no key too long. */
#include "identity_maker.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "ascii.h"
#include "domain.h"
#include "errors.h"

/* Two FNV-1a sums from different offsets. They only tell apart over-long subjects that agree in
 * their first IDENTITY_KEY_MAX - IDENTITY_DIGEST bytes, so forging a collision gains nothing that
 * matters. */
static void digest(struct span s, char text_r[IDENTITY_DIGEST + 1])
{
    uint64_t a = UINT64_C(0xcbf29ce484222325), b = UINT64_C(0x6c62272e07bb0142);
    for (size_t i = 0; i < s.len; i++) {
        a = (a ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
        b = (b ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
        b ^= b >> 29;
    }
    snprintf(text_r, IDENTITY_DIGEST + 1, "~%016" PRIx64 "%016" PRIx64, a, b);
}

void identity_shorten(char *text)
{
    struct span whole = span_of(text);
    char sum[IDENTITY_DIGEST + 1];
    if (whole.len <= IDENTITY_KEY_MAX)
        return;
    digest(whole, sum);
    size_t cut = IDENTITY_KEY_MAX - IDENTITY_DIGEST;
    while (cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80)
        cut--;
    memcpy(text + cut, sum, sizeof sum);
}

bool identity_is_short(struct span text)
{
    if (text.len > IDENTITY_KEY_MAX || text.len + 3 < IDENTITY_KEY_MAX)
        return false;
    struct span sum = span_slice(text, text.len - IDENTITY_DIGEST, text.len);
    for (size_t i = 1; i < sum.len; i++)
        if (!ascii_is_digit(sum.p[i]) && (sum.p[i] < 'a' || sum.p[i] > 'f'))
            return false;
    return sum.p[0] == '~';
}

char *identity_join(struct identity_maker *mk, const char *a, const char *b, const char *c)
{
    char *text = mk->failed ? NULL : arena_join(mk->arena, a, b, c);
    mk->failed |= !text;
    return text;
}

const char *identity_org(struct identity_maker *mk, const char *domain)
{
    for (unsigned i = 0; i < IDENTITY_ORGS && mk->orgs[i].domain; i++)
        if (strcmp(mk->orgs[i].domain, domain) == 0)
            return domain + mk->orgs[i].skip;
    const char *org = domain_org(mk->psl, domain);
    const char *kept = arena_strdup(mk->arena, domain);
    if (kept)
        mk->orgs[mk->org_count++ % IDENTITY_ORGS] =
            (struct identity_org){kept, (size_t)(org - domain)};
    return org;
}

static bool is_listed(const struct identity_maker *mk, const struct identity *id)
{
    for (size_t i = 0; i < mk->count; i++)
        if (mk->list[i].kind == id->kind && strcmp(mk->list[i].field, id->field) == 0 &&
            strcmp(mk->list[i].group, id->group) == 0)
            return true;
    return false;
}

static void append(struct identity_maker *mk, const struct identity *id)
{
    int rc = arena_grow(mk->arena, &mk->list, mk->count, &mk->cap, sizeof *id, IDENTITY_MAX);
    if (rc == 0)
        mk->list[mk->count++] = *id;
    else if (rc == VOUCH_E_NOMEM)
        mk->failed = true;
}

void identity_put(struct identity_maker *mk, enum identity_kind kind, int index,
                  const char *subject, const char *space, const char *owner, const char *prefix,
                  const char *value)
{
    char *group = identity_join(mk, space, owner, "");
    char *field = identity_join(mk, prefix, value, "");
    if (mk->failed || !subject)
        return;
    identity_shorten(group);
    identity_shorten(field);
    struct identity id = {kind, subject, group, field, index};
    if (!is_listed(mk, &id))
        append(mk, &id);
}

void identity_put_habit(struct identity_maker *mk, enum identity_kind kind, int index,
                        const char *subject, const char *field)
{
    struct identity id = {kind, subject, "site", field, index};
    if (!mk->failed)
        append(mk, &id);
}

void identity_put_domain(struct identity_maker *mk, enum identity_kind kind, int index,
                         const char *subject, const char *prefix, const char *value)
{
    const char *at = strrchr(subject, '@');
    identity_put(mk, kind, index, subject, "dom:", identity_org(mk, at ? at + 1 : subject), prefix,
                 value);
}
