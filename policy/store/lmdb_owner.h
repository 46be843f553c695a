/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LMDB_OWNER_H
#define VOUCH_LMDB_OWNER_H

#include <stddef.h>
#include <sys/types.h>

/* Whose a model is; private to this room. */

struct lmdb_owner {
    uid_t uid; /* 0: nothing was changed */
    gid_t gid;
};

/* Root acts as the user whom dir, or the directory that it will be made in, belongs to: what root
 * makes there the daemon could not open, and links that the daemon's user left there do not lead
 * root astray. Concerns the whole process. lmdb_owner_resume makes it root again. */
void lmdb_owner_become(const char *dir, struct lmdb_owner *saved_r);
void lmdb_owner_resume(const struct lmdb_owner *saved);

/* Why permission was denied: " (this is user 'a', and PATH belongs to user 'b')", or "" if
 * everything there is our own. */
void lmdb_owner_explain(const char *dir, char *text_r, size_t size);

#endif
