/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SCHEMA_H
#define VOUCH_SCHEMA_H

#include <libconfig.h>
#include "mistakes.h"
#include "sbuf.h"
#include "units.h"

/* What vouch.conf may say: one row a key. Parsing, `vouch config show`, the manual's sync test and
 * the defaults all read these rows. */

enum schema_kind {
    SCHEMA_BOOL,          /* bool: true or false, without quotes */
    SCHEMA_WORD,          /* one of type's words, kept as its index (an enum) */
    SCHEMA_ACTION,        /* one of type's words, kept as enum action */
    SCHEMA_TEXT,          /* a string; NULL if not set */
    SCHEMA_NUMBER,        /* double, min..max */
    SCHEMA_COUNT,         /* unsigned or size_t, min..max */
    SCHEMA_MILLISECONDS,  /* unsigned, from a duration; min..max in ms */
    SCHEMA_SECONDS,       /* double, from a duration; min..max in ms */
    SCHEMA_WHOLE_SECONDS, /* uint64_t, from a duration; min..max in ms */
    SCHEMA_SIZE,          /* size_t or uint64_t, from a size; min..max in bytes */
    SCHEMA_OCTAL,         /* unsigned, from a string of octal digits */
    SCHEMA_PATTERNS,      /* struct pattern_list */
    SCHEMA_DOMAINS,       /* struct pattern_list without addresses */
    SCHEMA_STRINGS,       /* const char ** and, at count, its size_t */
    SCHEMA_SENDERS,       /* struct guarded_sender * and, at count, its size_t */
    SCHEMA_NETWORKS,      /* struct ipnet * and, at count, its size_t */
    SCHEMA_POLICIES       /* struct policy * and, at count, its size_t */
};

struct schema_row {
    struct settings_key key;
    enum schema_kind kind;
    size_t offset,
        size;        /* of the member in struct settings, or in struct policy for "policies[]." */
    size_t count;    /* offset of a list's length */
    double min, max; /* TEXT and STRINGS: max is the most bytes of a value */
    bool zero;       /* WHOLE_SECONDS and SIZE: 0 too, below min: "never" or "no limit" */
    const char *accepts; /* TEXT and STRINGS: what a value must be, as a phrase */
    /* TEXT and STRINGS: brings value into its final form (the arena's, or value itself); false:
     * it is not what accepts says. */
    bool (*check)(struct arena *arena, const char *value, const char **value_r);
};

struct schema {
    struct schema_row *rows;
    size_t count;
};

#define SCHEMA_POLICY "policies[]" /* the prefix of a policy's rows */

/* The rows, with those of the groups weights and labels.weights; in the arena. 0 or VOUCH_E_NOMEM. */
int schema_init(struct schema *schema, struct arena *arena);
/* The row at "group.name", or at "name" if group is ""; NULL if there is none. */
const struct schema_row *schema_find(const struct schema *schema, const char *group,
                                     const char *name);
/* There are rows below "group.name". */
bool schema_is_group(const struct schema *schema, const char *group, const char *name);
/* What the row takes, to follow "must be" in a sentence; NULL: out of memory. */
const char *schema_expected(const struct schema_row *row, struct arena *arena);
/* The key or keys that were probably meant by name in group, quoted with their paths; NULL if none
 * is near. */
const char *schema_suggest(const struct schema *schema, struct arena *arena, const char *group,
                           const char *name, const config_setting_t *value);

/* Where values go and mistakes are noted. */
struct schema_target {
    struct arena *arena;
    struct mistakes *mistakes;
    void *base; /* the struct settings or struct policy */
};
/* Checks value and keeps it. Returns true, or notes what is wrong and leaves the target as it
 * was. */
bool schema_set(const struct schema_target *target, const struct schema_row *row,
                const config_setting_t *value);
/* The value in force as vouch.conf writes it. Adds nothing if it is not set. */
void schema_format(const struct schema_row *row, const void *base, struct sbuf *out);

/* The forms of text that rows check for (schema_row.check). */
bool schema_check_text(struct arena *arena, const char *value, const char **value_r);
bool schema_check_name(struct arena *arena, const char *value, const char **value_r);
bool schema_check_domain(struct arena *arena, const char *value, const char **value_r);
bool schema_check_mailbox(struct arena *arena, const char *value, const char **value_r);
bool schema_check_release(struct arena *arena, const char *value, const char **value_r);
bool schema_check_path(struct arena *arena, const char *value, const char **value_r);
bool schema_check_account(struct arena *arena, const char *value, const char **value_r);
bool schema_check_store(struct arena *arena, const char *value, const char **value_r);
bool schema_check_socket(struct arena *arena, const char *value, const char **value_r);
bool schema_check_dns_server(struct arena *arena, const char *value, const char **value_r);
bool schema_check_directory(struct arena *arena, const char *value, const char **value_r);
bool schema_check_writer(struct arena *arena, const char *value, const char **value_r);
bool schema_check_filter(struct arena *arena, const char *value, const char **value_r);
bool schema_check_http(struct arena *arena, const char *value, const char **value_r);
bool schema_check_log(struct arena *arena, const char *value, const char **value_r);

#endif
