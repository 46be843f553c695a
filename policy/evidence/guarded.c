/* SPDX-License-Identifier: BSD-2-Clause */
/* Making the list, and looking into it: one array of hashes, so that a message costs a few binary
 * searches however long the list is. */
#include "guarded.h"
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "ascii.h"
#include "domain.h"
#include "errors.h"
#include "guarded_build.h"

static uint32_t hash_of(struct span text)
{
    return span_fnv1a(text, SPAN_FNV1A);
}

static int add_entry(struct guarded_build *b, enum guarded_role role, struct span text, size_t at)
{
    struct guarded *g = b->guarded;
    const char *copy = arena_span(b->arena, text);
    if (!copy)
        return VOUCH_E_NOMEM;
    int rc = arena_grow(b->arena, &g->entries, g->entry_count, &g->entry_cap, sizeof *g->entries,
                        GUARDED_MAX);
    if (rc == 0)
        g->entries[g->entry_count++] =
            (struct guarded_entry){hash_of(text), role, (uint32_t)at, copy};
    return rc;
}

static const struct span *keep_words(struct arena *arena, const struct skeleton *s)
{
    struct span *words = arena_array(arena, s->word_count, sizeof *words);
    for (size_t i = 0; words && i < s->word_count; i++) {
        words[i] = span_make(arena_span(arena, s->words[i]), s->words[i].len);
        if (!words[i].p)
            return NULL;
    }
    return words;
}

int guarded_add_word(struct guarded_build *b, struct span text)
{
    struct skeleton s;
    skeleton_make(text, &s);
    return s.word_count ? add_entry(b, GUARDED_WORD, s.words[0], 0) : 0;
}

int guarded_add_free(struct guarded_build *b, struct span text)
{
    char domain[DOMAIN_MAX + 1];
    int rc = domain_normalize(text, domain);
    return rc == 0 ? add_entry(b, GUARDED_FREE, span_of(domain), 0) : rc;
}

int guarded_add_name(struct guarded_build *b, struct span text, const struct guarded_name *like)
{
    struct guarded *g = b->guarded;
    struct skeleton s;
    char joined[SKELETON_MAX];
    skeleton_make(text, &s);
    if (s.word_count == 0)
        return VOUCH_E_SYNTAX;
    int rc =
        arena_grow(b->arena, &g->names, g->name_count, &g->name_cap, sizeof *g->names, GUARDED_MAX);
    if (rc != 0)
        return rc;
    struct guarded_name *name = &g->names[g->name_count];
    *name = *like;
    name->shown = arena_span(b->arena, text);
    name->words = keep_words(b->arena, &s);
    name->word_count = s.word_count;
    if (!name->shown || !name->words)
        return VOUCH_E_NOMEM;
    rc = add_entry(b, GUARDED_NAME, skeleton_join(&s, 0, s.word_count, joined), g->name_count);
    if (rc == 0 && !name->well_known && s.word_count > 1)
        rc = add_entry(b, GUARDED_ANCHOR, s.words[s.word_count - 1], g->name_count);
    g->name_count++;
    return rc;
}

/* domain: ".example.org" and "example.org" are guarded alike */
static int add_domain(struct guarded_build *b, const char *domain)
{
    struct guarded *g = b->guarded;
    struct span rest = span_of(domain[0] == '.' ? domain + 1 : domain), label;
    int rc = arena_grow(b->arena, &g->domains, g->domain_count, &g->domain_cap, sizeof *g->domains,
                        GUARDED_MAX);
    if (rc != 0)
        return rc;
    struct guarded_domain *d = &g->domains[g->domain_count];
    *d = (struct guarded_domain){.name = rest.p};
    size_t dots = 0;
    for (size_t i = 0; i < rest.len; i++)
        dots += rest.p[i] == '.';
    d->labels = arena_array(b->arena, dots + 1, sizeof *d->labels);
    if (!d->labels)
        return VOUCH_E_NOMEM;
    for (; d->label_count < dots && span_split(&rest, '.', &label); d->label_count++) {
        struct skeleton s;
        char joined[SKELETON_MAX];
        skeleton_label(label, &s);
        d->labels[d->label_count] =
            arena_span(b->arena, skeleton_join(&s, 0, s.word_count, joined));
        if (!d->labels[d->label_count])
            return VOUCH_E_NOMEM;
    }
    g->domain_count++;
    return 0;
}

static int add_sender(struct guarded_build *b, const struct guarded_sender *sender)
{
    struct guarded_name name = {.own = NULL};
    if (!sender->name)
        return sender->own[0] == '*' || sender->own[0] == '<' || strchr(sender->own, '@')
                   ? 0
                   : add_domain(b, sender->own);
    if (sender->own) {
        name.own = arena_alloc(b->arena, sizeof *name.own);
        if (!name.own)
            return VOUCH_E_NOMEM;
        name.own[name.own_count++] = sender->own;
    }
    int rc = guarded_add_name(b, span_of(sender->name), &name);
    return rc == VOUCH_E_SYNTAX ? 0 : rc;
}

static int by_hash(const void *pa, const void *pb)
{
    const struct guarded_entry *a = pa, *b = pb;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

int guarded_new(struct arena *arena, const struct guarded_source *source,
                const struct guarded **guarded_r, int *line_r)
{
    struct guarded_build b = {arena, arena_alloc(arena, sizeof *b.guarded)};
    int rc = b.guarded ? 0 : VOUCH_E_NOMEM;
    *line_r = 0;
    for (size_t i = 0; rc == 0 && i < source->local_count; i++)
        rc = add_domain(&b, source->local[i]);
    for (size_t i = 0; rc == 0 && i < source->sender_count; i++)
        rc = add_sender(&b, &source->senders[i]);
    if (rc == 0)
        rc = guarded_read(&b, source->well_known, line_r);
    if (rc != 0)
        return rc;
    if (b.guarded->entry_count > 0)
        qsort(b.guarded->entries, b.guarded->entry_count, sizeof *b.guarded->entries, by_hash);
    *guarded_r = b.guarded;
    return 0;
}

const struct guarded_entry *guarded_find(const struct guarded *g, struct span text,
                                         enum guarded_role role, const struct guarded_entry *after)
{
    uint32_t hash = hash_of(text);
    size_t low = 0, high = g ? g->entry_count : 0;
    if (after)
        low = (size_t)(after - g->entries) + 1;
    while (!after && low < high) {
        size_t middle = low + (high - low) / 2;
        if (g->entries[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; g && low < g->entry_count && g->entries[low].hash == hash; low++)
        if (g->entries[low].role == role && span_eq(span_of(g->entries[low].text), text))
            return &g->entries[low];
    return NULL;
}

/* "name.*": amazon.de, amazon.co.jp; not amazon.top, which anybody may have bought first. */
static bool below_a_country(const char *domain, const char *name, size_t len)
{
    const char *last = strrchr(domain, '.'), *at = domain;
    if (!last || strlen(last + 1) != 2)
        return false;
    for (; at && at < last; at = strchr(at, '.') + 1) {
        const char *rest = at + len;
        if (strncmp(at, name, len) == 0 && *rest == '.')
            return rest == last || (last - rest <= 4 && strchr(rest + 1, '.') == last);
    }
    return false;
}

static bool bears(const char *own, const char *address, const char *domain)
{
    size_t len = strlen(own);
    if (strchr(own, '@'))
        return span_ieq_cstr(span_of(address), own);
    if (len > 2 && strcmp(own + len - 2, ".*") == 0)
        return below_a_country(domain, own, len - 2);
    return domain_is_below(domain, own[0] == '.' ? own + 1 : own);
}

bool guarded_bears(const struct guarded *g, const struct guarded_name *name, const char *address,
                   const char *domain)
{
    for (size_t i = 0; i < name->own_count; i++)
        if (bears(name->own[i], address, domain))
            return true;
    return !name->well_known && guarded_is_ours(g, domain);
}

bool guarded_is_ours(const struct guarded *g, const char *domain)
{
    for (size_t i = 0; g && i < g->domain_count; i++)
        if (domain_is_below(domain, g->domains[i].name))
            return true;
    return false;
}
