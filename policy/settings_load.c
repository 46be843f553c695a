/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading vouch.conf from disk. What it means is rules/settings.c's affair. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "errors.h"
#include "settings_load.h"

static int read_all(FILE *f, char **text_r, size_t *len_r)
{
    char *text = malloc(SETTINGS_MAX_BYTES + 1);
    if (!text)
        return VOUCH_E_NOMEM;
    size_t len = fread(text, 1, SETTINGS_MAX_BYTES + 1, f);
    int rc = ferror(f) ? VOUCH_E_IO : len > SETTINGS_MAX_BYTES ? VOUCH_E_LIMIT : 0;
    if (rc != 0) {
        int saved = errno;
        free(text);
        errno = saved;
        return rc;
    }
    *text_r = text;
    *len_r = len;
    return 0;
}

int settings_load(const char *path, struct settings **settings_r, struct settings_error **errors_r,
                  size_t *error_count_r)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = fopen(path, "re");
    if (!f)
        return VOUCH_E_IO;
    int rc = read_all(f, &text, &len);
    int saved = errno;
    fclose(f);
    errno = saved;
    if (rc != 0)
        return rc;
    *settings_r = settings_parse(text, len, path, errors_r, error_count_r);
    free(text);
    return *settings_r ? 0 : *error_count_r > 0 ? VOUCH_E_CONFIG : VOUCH_E_NOMEM;
}
