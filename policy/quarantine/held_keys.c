/* SPDX-License-Identifier: BSD-2-Clause */
/* The quarantine's key file. */
#include "config.h"
#include "held_keys.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_FILE_MAX 65536

/* open_to_all_r: those who are neither its owner nor of its group may read or change it. */
static int read_file(const char *path, char *text, size_t *len_r, bool *open_to_all_r)
{
    struct stat st;
    FILE *f = fopen(path, "re");
    if (!f)
        return VOUCH_E_IO;
    *len_r = fread(text, 1, KEY_FILE_MAX, f);
    int rc = ferror(f) || fstat(fileno(f), &st) != 0 ? VOUCH_E_IO
             : *len_r == KEY_FILE_MAX                ? VOUCH_E_LIMIT
                                                     : 0;
    int error = errno;
    *open_to_all_r = rc == 0 && st.st_mode & S_IRWXO;
    fclose(f);
    errno = error;
    return rc;
}

static void explain_io(const char *path, char *error_r, size_t size)
{
    const char *remedy =
        errno == ENOENT   ? "; 'openssl rand -hex 32' makes a key. If mail was stored with a key "
                            "before, bring that one back: without it the mail is lost"
        : errno == EACCES ? "; it must be readable by the user that vouch-milter runs as"
                          : "";
    snprintf(error_r, size, "cannot read the quarantine's key file %s: %s%s", path, strerror(errno),
             remedy);
}

static void explain_syntax(const char *path, int line, char *error_r, size_t size)
{
    static const char what[] =
        "%d hexadecimal digits on a line, as 'openssl rand -hex %d' makes them";
    int n = line > 0 ? snprintf(error_r, size,
                                "the quarantine's key file %s:%d: not a key: expected ", path, line)
                     : snprintf(error_r, size,
                                "the quarantine's key file %s holds no key: expected ", path);
    if (n > 0 && (size_t)n < size)
        snprintf(error_r + n, size - (size_t)n, what, 2 * PSEUDONYM_KEY_BYTES, PSEUDONYM_KEY_BYTES);
}

int held_keys_read(const char *path, struct pseudonym_keys *keys_r, char *error_r, size_t size)
{
    size_t len = 0;
    int line = 0;
    bool open_to_all = false;
    char *text = malloc(KEY_FILE_MAX);
    if (!text) {
        snprintf(error_r, size, "%s", vouch_strerror(VOUCH_E_NOMEM));
        return VOUCH_E_NOMEM;
    }
    int rc = read_file(path, text, &len, &open_to_all);
    if (rc == VOUCH_E_IO)
        explain_io(path, error_r, size);
    else if (rc == 0)
        rc = pseudonym_keys_parse(span_make(text, len), keys_r, &line);
    explicit_bzero(text, len);
    free(text);
    if (rc == VOUCH_E_LIMIT)
        snprintf(error_r, size, "the quarantine's key file %s holds more than %d keys", path,
                 PSEUDONYM_MAX_KEYS);
    else if (rc == VOUCH_E_SYNTAX)
        explain_syntax(path, line, error_r, size);
    if (rc == 0 && open_to_all) {
        snprintf(error_r, size,
                 "the quarantine's key file %s is open to every user of this host: 'chmod o= %s'",
                 path, path);
        rc = VOUCH_E_CONFIG;
    }
    return rc;
}

int quarantine_check_key(const char *path, char *error_r, size_t size)
{
    struct pseudonym_keys keys;
    if (!path)
        return 0;
    int rc = held_keys_read(path, &keys, error_r, size);
    explicit_bzero(&keys, sizeof keys);
    return rc;
}
