/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_MODEL_H
#define VOUCH_TOOL_MODEL_H

/* vouch model: its subcommands and what they share. argv[0] is "import" or "export". */

struct store;

/* What the command line of either says. */
struct model_options {
    const char *config, *store; /* NULL if not given */
    const char *file;           /* NULL: standard input or output */
};

/* 0: go on with *o_r; otherwise *status_r is the exit status. */
int model_options(int argc, char **argv, const char *usage, struct model_options *o_r,
                  int *status_r);
/* Says that the store failed with a store.h error; returns the exit status. */
int model_store_error(struct store *s, const char *what, int code);

int model_import(int argc, char **argv);
int model_export(int argc, char **argv);

#endif
