/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_GUARDED_H
#define VOUCH_GUARDED_H

#include "skeleton.h"

struct arena;

/* Names and domains that mail may only show if it is theirs, made ready to be looked for in many
 * messages: the operator's (protected.senders, local_domains) and widely impersonated organisations
 * (the file that protected.well_known names). Immutable; lives in the arena it was made in. */

struct guarded_name {
    const char *shown;        /* as its file writes it */
    const struct span *words; /* of its skeleton */
    size_t word_count;
    /* Who may bear it: addresses, and domains with all below them; "name.*" is name below any
     * country's suffix. None: whoever is in the operator's domains. */
    const char **own;
    size_t own_count;
    bool well_known; /* an organisation of that file; else one of the operator's */
    bool alone;      /* also a word or a surname: counts only where nothing else is shown */
};

struct guarded_domain {
    const char *name;
    const char **labels; /* skeletons of its labels without the last, each joined to one word */
    size_t label_count;
};

enum guarded_role {
    GUARDED_NAME,   /* a name's words joined; index into names */
    GUARDED_ANCHOR, /* the last word of a person's name */
    GUARDED_WORD,   /* a word that any organisation puts beside its name: "account", "support" */
    GUARDED_FREE    /* a domain where anybody gets a mailbox */
};

struct guarded_entry {
    uint32_t hash;
    enum guarded_role role;
    uint32_t at; /* in names */
    const char *text;
};

struct guarded {
    struct guarded_name *names;
    size_t name_count, name_cap;
    struct guarded_domain *domains; /* the operator's */
    size_t domain_count, domain_cap;
    struct guarded_entry *entries; /* by hash */
    size_t entry_count, entry_cap;
};

#define GUARDED_MAX 50000 /* names, domains and words in all; a file of them is written by hand */

/* One entry of protected.senders in its parts. */
struct guarded_sender {
    const char *name; /* NULL: only a pattern */
    const char *own;  /* pattern of addresses (pattern.h); NULL: only a name */
};
struct guarded_source {
    const struct guarded_sender *senders;
    size_t sender_count;
    const char *const *local; /* our domains, as patterns */
    size_t local_count;
    struct span well_known; /* the text of the file; absent: none */
};

/* 0, VOUCH_E_NOMEM, VOUCH_E_LIMIT, or VOUCH_E_SYNTAX: *line_r of well_known is none of the forms
 * that contrib/well-known describes. */
int guarded_new(struct arena *arena, const struct guarded_source *source,
                const struct guarded **guarded_r, int *line_r);
/* The first entry with that role and text, and those after it; NULL: none. g: NULL has none. */
const struct guarded_entry *guarded_find(const struct guarded *g, struct span text,
                                         enum guarded_role role, const struct guarded_entry *after);
/* Whether an address may bear the name. domain: that of address, normalised. */
bool guarded_bears(const struct guarded *g, const struct guarded_name *name, const char *address,
                   const char *domain);
/* Whether domain is one of the operator's or below one. */
bool guarded_is_ours(const struct guarded *g, const char *domain);

#endif
