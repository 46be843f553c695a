/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_MODEL_H
#define VOUCH_TOOL_MODEL_H

#include <stdbool.h>

/* vouch model: its subcommands and what they share. argv[0] is "import", "export", ... */

struct settings;
struct store;

/* What the command line of one says. */
struct model_options {
    const char *config, *store; /* NULL if not given */
    const char *model;          /* a version; NULL: the active one */
    const char *journal;        /* a directory; NULL: that of the settings */
    bool json, no_activate, fit;
    double holdout; /* share; MODEL_FIT_HOLDOUT unless it is given */
    unsigned keep;  /* versions; MODEL_KEEP unless it is given */
    char **args;    /* operands */
    int arg_count;
};
#define MODEL_KEEP     1
#define MODEL_KEEP_MAX 100

/* letters: which options this subcommand takes: c config, s store, m model, J journal, j json,
 * n no-activate, k keep, f fit, H holdout; all take --help. most: operands. 0: go on with *o_r; otherwise *status_r is
 * the exit status. */
int model_options(int argc, char **argv, const char *letters, int most, const char *usage,
                  struct model_options *o_r, int *status_r);
/* The only operand as a file: NULL if it is not given, or "-". */
const char *model_file(const struct model_options *o);
/* Says that the store failed with a store.h error; returns the exit status. */
int model_store_error(struct store *s, const char *what, int code);

int model_import(int argc, char **argv);
int model_export(int argc, char **argv);
int model_list(int argc, char **argv);
int model_build(int argc, char **argv);
int model_activate(int argc, char **argv);
int model_rollback(int argc, char **argv);
int model_drop(int argc, char **argv);
int model_verify(int argc, char **argv);
int model_weights(int argc, char **argv);
int model_learn(int argc, char **argv);

#endif
