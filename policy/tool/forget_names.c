/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom vouch forget is to forget. Where addresses stand under pseudonyms, that of each key is a name
 * of its own; the address as it is would then be written down only to forget it, so it is left out
 * where the model does not know it from before. */
#include "config.h"
#include "forget_names.h"
#include <stdlib.h>
#include <string.h>
#include "domain.h"
#include "identity.h"
#include "tool.h"

#define NAMES_MAX   ((size_t)FORGET_SUBJECTS_MAX * (PSEUDONYM_MAX_KEYS + 1))
#define NAMES_BYTES (16u << 20)
#define WIDEST_IPV4 8
#define WIDEST_IPV6 16

static int no_memory(void)
{
    return tool_error(EX_OSERR, "out of memory");
}

static int add(struct forget_names *names, const char *text, const char *subject,
               bool only_if_known)
{
    struct forget_name name = {.text = text,
                               .subject = arena_strdup(names->arena, subject),
                               .only_if_known = only_if_known,
                               .alone = erasure_list_new()};
    if (!name.subject || !name.alone || erasure_add(name.alone, span_of(subject), 0) != 0 ||
        arena_grow(names->arena, &names->list, names->count, &names->cap, sizeof name, NAMES_MAX) !=
            0) {
        erasure_list_free(&name.alone);
        return no_memory();
    }
    names->list[names->count++] = name;
    return 0;
}

static int add_pseudonyms(struct forget_names *names, const struct pseudonym_keys *keys,
                          const char *text, const char *address)
{
    int status = 0;
    for (size_t i = 0; i < keys->count && status == 0; i++) {
        const char *other = identity_pseudonym(names->arena, &keys->list[i], address);
        status = other ? add(names, text, other, false) : no_memory();
    }
    return status;
}

/* A slip of the finger: nobody holds as much. */
static bool is_too_wide(const char *subject)
{
    const char *slash = strchr(subject, '/');
    if (!slash || strchr(subject, '@'))
        return false;
    return strtol(slash + 1, NULL, 10) < (strchr(subject, ':') ? WIDEST_IPV6 : WIDEST_IPV4);
}

static int parse(struct forget_names *names, const struct settings *s, const struct psl_ctx_st *psl,
                 const char *text)
{
    char subject[ERASURE_SUBJECT_MAX + 1];
    int rc = erasure_subject(span_of(text), subject);
    if (rc == VOUCH_E_NOMEM)
        return no_memory();
    if (rc == VOUCH_E_RANGE)
        return tool_error(EX_DATAERR, "'%s': %s", text,
                          strlen(text) > ERASURE_SUBJECT_MAX
                              ? "too long for an address"
                              : "not a network: it has bits set behind its length");
    if (rc != 0)
        return tool_error(EX_DATAERR,
                          "'%s': not a mail address, a domain, an IP address or a "
                          "network",
                          text);
    if (is_too_wide(subject))
        return tool_error(
            EX_DATAERR,
            "'%s': too large a network: half of the model would be forgotten; at most "
            "a /%d of IPv4 or a /%d of IPv6",
            text, WIDEST_IPV4, WIDEST_IPV6);
    bool is_domain = !strpbrk(subject, "@:/") && strpbrk(subject, "abcdefghijklmnopqrstuvwxyz");
    if (is_domain && domain_is_public_suffix(psl, subject))
        return tool_error(EX_DATAERR,
                          "'%s': a public suffix: everybody below it would be forgotten", text);
    bool aliased = s->pseudonyms && strchr(subject, '@');
    int status = add(names, text, subject, aliased);
    return status != 0 || !aliased ? status : add_pseudonyms(names, s->pseudonyms, text, subject);
}

int forget_names_parse(struct forget_names *names, const struct settings *s,
                       const struct psl_ctx_st *psl, char **texts, int count)
{
    *names = (struct forget_names){.arena = arena_new(NAMES_BYTES)};
    int status = names->arena ? 0 : no_memory();
    if (count > FORGET_SUBJECTS_MAX)
        return tool_usage_error("more than %d at once", FORGET_SUBJECTS_MAX);
    for (int i = 0; i < count && status == 0; i++)
        status = parse(names, s, psl, texts[i]);
    return status;
}

void forget_names_clear(struct forget_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        erasure_list_free(&names->list[i].alone);
    arena_free(&names->arena);
    *names = (struct forget_names){0};
}

static bool is_of(const struct forget_name *name, const struct store_key *key)
{
    return erasure_until(name->alone, key->group, key->field) != ERASURE_NONE;
}

bool forget_names_match(void *arg, const struct store_key *key)
{
    const struct forget_names *names = arg;
    for (size_t i = 0; i < names->count; i++)
        if (is_of(&names->list[i], key))
            return true;
    return false;
}

struct scan {
    struct forget_names *names;
    void (*each)(void *, const struct forget_name *, const struct store_key *, struct span);
    void *arg;
};

/* A key of two names (both sides of a relationship) counts for the first. */
static int count_key(void *arg, const struct store_key *key, struct span value)
{
    struct scan *scan = arg;
    for (size_t i = 0; i < scan->names->count; i++) {
        struct forget_name *name = &scan->names->list[i];
        if (is_of(name, key)) {
            name->keys++;
            if (scan->each)
                scan->each(scan->arg, name, key, value);
            return 0;
        }
    }
    return 0;
}

int forget_names_count(struct forget_names *names, struct store *s,
                       void (*each)(void *, const struct forget_name *, const struct store_key *,
                                    struct span value),
                       void *arg)
{
    struct scan scan = {names, each, arg};
    for (size_t i = 0; i < names->count; i++)
        names->list[i].keys = 0;
    return store_scan_bytes(s, count_key, &scan);
}
