/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SETTINGS_LOAD_H
#define VOUCH_SETTINGS_LOAD_H

#include "settings.h"

#define SETTINGS_DEFAULT_FILE SYSCONFDIR "/vouch/vouch.conf"
#define SETTINGS_WELL_KNOWN   PKGDATADIR "/well-known"

/* Reads vouch.conf from disk, and the files that it names: pseudonym keys, well-known organisations, the
 * shadow; rules/settings.h makes sense of it. path: NULL for the built-in defaults. 0: *settings_r has one reference.
 * VOUCH_E_IO: the file cannot be read, errno says why. VOUCH_E_CONFIG: every mistake is in
 * *errors_r (free with settings_errors_free). VOUCH_E_LIMIT: larger than SETTINGS_MAX_BYTES.
 * VOUCH_E_NOMEM. */
int settings_load(const char *path, struct settings **settings_r, struct settings_error **errors_r,
                  size_t *error_count_r);
/* settings_set_shadow of two that were loaded, and what is made of both. 0, VOUCH_E_NOMEM or VOUCH_E_CONFIG: the
 * shadow's file of well-known organisations cannot be read again. */
int settings_join(struct settings *s, struct settings *shadow);

#endif
