/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_MODEL_VERSIONS_H
#define VOUCH_TOOL_MODEL_VERSIONS_H

#include "settings.h"
#include "store.h"

/* The versions of a model, as a list. */

#define MODEL_VERSIONS_MAX 256

struct model_version {
    char name[STORE_VERSION_MAX + 1];
    bool active, previous;
    bool unfinished; /* 'vouch model build' began it and did not come to its end */
    uint64_t keys;
};
struct model_versions {
    struct model_version list[MODEL_VERSIONS_MAX];
    size_t count;
};

/* Reads them all. 0; on error prints it and returns the exit status. */
int model_versions_read(struct store *s, struct model_versions *v_r);
/* Calls each (if not NULL) for every journal that the version has learnt from, and fills in
 * v->unfinished. Opens the store for it: url as tool_store has it. 0; on error prints it and returns
 * the exit status; or what each returned. */
int model_versions_marks(const struct settings *s, const char *url, struct model_version *v,
                         int (*each)(void *, const char *writer, uint64_t watermark), void *arg);
/* NULL if there is none such. */
const struct model_version *model_versions_find(const struct model_versions *v, const char *name);
const struct model_version *model_versions_active(const struct model_versions *v);
const struct model_version *model_versions_previous(const struct model_versions *v);
/* Says that there is no version of that name, and which there are. Returns the exit status. */
int model_versions_unknown(const struct model_versions *v, const char *name);
/* Opens the store for reading a version that must be there; NULL: the active one. On error prints it
 * and returns NULL with *status_r set. Caller closes. */
struct store *model_versions_open(const struct settings *s, const char *url, const char *name,
                                  int *status_r);
/* A name that is free: the next number. */
void model_versions_next(const struct model_versions *v, char name_r[STORE_VERSION_MAX + 1]);

/* What a build notes in the version that it makes, as the watermark of a writer that no journal can
 * have: its name has no "@". */
#define MODEL_BUILD_WRITER "build"
enum { MODEL_BUILD_BEGUN = 1, MODEL_BUILD_DONE = 2 };

#endif
