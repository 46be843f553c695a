/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_MODEL_LINES_H
#define VOUCH_MODEL_LINES_H

#include <stdio.h>
#include "params.h"
#include "span.h"
#include "store.h"

/* The model as text, one JSON object a line, in any order:
 *   {"group":"dom:example.org","field":"*","good":12.5,"bad":0,"seen":20,"first":1700000000,
 *    "last":1700086400}
 * and fitted weights, which a version has once:
 *   {"group":"trust","field":"weights","fit":{"@rows":3000,"bias":-0.2,"host":1.3}}
 * All members are required and no others are known. Masses keep ten digits: those of a tally read back
 * (tally.h) differ by its rounding at most. */

#define MODEL_LINE_MAX 8192 /* bytes; two names, every byte escaped, and the numbers */

/* UTF-8, not empty, at most STORE_NAME_MAX bytes each. */
bool model_key_valid(const struct store_key *key);

/* What a line says. group and field are from malloc: the caller frees both. */
struct model_line {
    char *group, *field;
    struct counts counts;
    bool is_fit; /* it says this instead: */
    struct trust_fit fit;
};
/* 0, VOUCH_E_SYNTAX (what is wrong, in error_r), VOUCH_E_NOMEM. */
int model_line_parse(struct span line, struct model_line *line_r, char *error_r, size_t size);
void model_line_clear(struct model_line *line);

/* Reads all lines of f (empty ones are skipped), in constant memory, and calls each for every one.
 * name is for messages. 0; VOUCH_E_SYNTAX, VOUCH_E_IO or VOUCH_E_NOMEM with one line in error_r
 * ("NAME:LINE: ..."); or what each returned, if that was not 0: it ends the reading. */
int model_lines_read(FILE *f, const char *name, int (*each)(void *, const struct model_line *),
                     void *arg, char *error_r, size_t size);
/* 0, VOUCH_E_SYNTAX (the key cannot be written: model_key_valid), VOUCH_E_IO, VOUCH_E_NOMEM. */
int model_line_write(FILE *f, const struct store_key *key, const struct counts *c);
int model_line_write_fit(FILE *f, const struct trust_fit *fit);

#endif
