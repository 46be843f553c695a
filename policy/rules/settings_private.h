/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SETTINGS_PRIVATE_H
#define VOUCH_SETTINGS_PRIVATE_H

#include "schema.h"

/* What the files of settings share. */

#define SETTINGS_MAX_MEMORY (64u * 1024 * 1024) /* more than a file of SETTINGS_MAX_BYTES needs */

/* Where in trust_set what stands at a member of struct trust_params is noted. */
#define SETTINGS_TRUST_PLACE(member) (offsetof(struct trust_params, member) / sizeof(double))
/* The same of a row's number; -1: it is none that a model may have fitted. */
int settings_trust_place(const struct schema_row *row);

/* An empty snapshot with one reference; NULL: out of memory. */
struct settings *settings_new(void);

/* A copy that ends with a line end, which libconfig's comments need; NULL: it is no text (what: that it
 * should be), or out of memory. From malloc. */
char *settings_copy_text(const char *text, size_t len, const char *what, struct mistakes *m);

/* Writes a file: with base, the values in force; without, the defaults that the rows name. */
void settings_format(const struct schema *schema, const struct settings *base, struct sbuf *out);

/* What the reader found of one key. */
struct settings_seen {
    int line;  /* where it stands; 0: it does not */
    bool good; /* its value was taken */
};

/* The file while it is read. */
struct settings_file {
    const struct schema *schema;
    struct settings_seen *seen; /* one for each row; a policy's rows tell of the current policy */
    struct settings *settings;
    struct mistakes *mistakes;
    bool *broken; /* one for each policy: something in it was not taken */
};
/* Mistakes that only show when all keys are known: those that contradict one another. */
void settings_check(struct settings_file *file);
/* The same in one policy, just read. */
void settings_check_policy(struct settings_file *file, const struct policy *policy);
/* Two policies of one name; policies that can never match. */
void settings_check_order(struct settings_file *file);

#endif
