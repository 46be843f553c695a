/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading vouch.conf from disk, and the files it names: keys, well-known organisations and the shadow. What they mean
 * is for rules/settings.c and
 * message/pseudonym.c to say. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "errors.h"
#include "mistakes.h"
#include "settings_load.h"

/* 0, VOUCH_E_NOMEM, VOUCH_E_IO (errno), VOUCH_E_LIMIT; the text is the caller's. */
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

static int read_file(const char *path, char **text_r, size_t *len_r)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return VOUCH_E_IO;
    int rc = read_all(f, text_r, len_r);
    int saved = errno;
    fclose(f);
    errno = saved;
    return rc;
}

static void note_bad_keys(struct mistakes *m, const char *path, int rc, int line)
{
    static const char what[] = "journal.pseudonym_key";
    if (rc == VOUCH_E_LIMIT)
        mistakes_add(m, 0, "%s: %s:%d: more than %d keys; remove the oldest", what, path, line,
                     PSEUDONYM_MAX_KEYS);
    else if (line > 0)
        mistakes_add(m, 0,
                     "%s: %s:%d: not a key: expected %d hexadecimal digits, as 'openssl rand -hex "
                     "%d' makes them",
                     what, path, line, 2 * PSEUDONYM_KEY_BYTES, PSEUDONYM_KEY_BYTES);
    else
        mistakes_add(m, 0, "%s: %s: there is no key in it: 'openssl rand -hex %d' makes one", what,
                     path, PSEUDONYM_KEY_BYTES);
}

static int load_pseudonyms(struct settings *s, struct mistakes *m)
{
    const char *path = s->pseudonym_key;
    char *text = NULL;
    size_t len = 0;
    int line = 0, rc = read_file(path, &text, &len);
    if (rc == VOUCH_E_NOMEM)
        return rc;
    if (rc != 0) {
        mistakes_add(
            m, 0,
            "journal.pseudonym_key: cannot read %s: %s; 'openssl rand -hex 32' makes a key. "
            "If there was one before, bring it back: under another one the model knows nobody",
            path, rc == VOUCH_E_LIMIT ? "too large" : strerror(errno));
        return VOUCH_E_CONFIG;
    }
    struct pseudonym_keys *keys = arena_alloc(s->arena, sizeof *keys);
    rc = keys ? pseudonym_keys_parse(span_make(text, len), keys, &line) : VOUCH_E_NOMEM;
    explicit_bzero(text, len);
    free(text);
    if (rc == VOUCH_E_NOMEM)
        return rc;
    if (rc != 0) {
        note_bad_keys(m, path, rc, line);
        return VOUCH_E_CONFIG;
    }
    s->pseudonyms = keys;
    return 0;
}

/* The file of well-known organisations; the one that came with vouch may be missing or out of reach,
 * where vouch was built and not installed. */
static int load_well_known(struct settings *s, struct mistakes *m)
{
    const char *path = s->well_known ? s->well_known : SETTINGS_WELL_KNOWN;
    char *text = NULL;
    size_t len = 0;
    int line = 0, rc = path[0] ? read_file(path, &text, &len) : 0;
    if (rc == VOUCH_E_IO && (errno == ENOENT || errno == EACCES) && !s->well_known)
        rc = 0;
    if (rc == VOUCH_E_NOMEM)
        return rc;
    if (rc != 0) {
        mistakes_add(m, 0, "protected.well_known: %s: %s", path,
                     rc == VOUCH_E_LIMIT ? "too large" : strerror(errno));
        return VOUCH_E_CONFIG;
    }
    rc = settings_guard(s, span_make(text, len), &line);
    free(text);
    if (rc == 0 || rc == VOUCH_E_NOMEM)
        return rc;
    mistakes_add(m, 0, "protected.well_known: %s:%d: %s", path, line,
                 rc == VOUCH_E_LIMIT ? "too many names"
                                     : "expected \"Name, other name: domain domain ...\"");
    return VOUCH_E_CONFIG;
}

/* VOUCH_E_CONFIG, or VOUCH_E_NOMEM where not even that could be said. */
static int refuse(struct settings **sp, const struct mistakes *m, struct settings_error **errors_r,
                  size_t *error_count_r)
{
    settings_unref(sp);
    *errors_r = m->list;
    *error_count_r = m->count;
    return m->count > 0 ? VOUCH_E_CONFIG : VOUCH_E_NOMEM;
}

/* Parses a file. As settings_load, but for keys and shadow. */
static int load_one(const char *path, struct settings **settings_r,
                    struct settings_error **errors_r, size_t *error_count_r)
{
    struct mistakes mistakes = {0};
    char *text = NULL;
    size_t len = 0;
    int rc = path ? read_file(path, &text, &len) : 0;
    if (rc != 0)
        return rc;
    struct settings *s = settings_parse(text ? text : "", len, path ? path : "built-in defaults",
                                        errors_r, error_count_r);
    free(text);
    if (!s)
        return *error_count_r > 0 ? VOUCH_E_CONFIG : VOUCH_E_NOMEM;
    rc = load_well_known(s, &mistakes);
    if (rc != 0)
        return refuse(&s, &mistakes, errors_r, error_count_r);
    *settings_r = s;
    return 0;
}

/* What is guarded is made of the shadow's lists and the site's domains, so once both are known. */
static int join(struct settings *s, struct settings *shadow, struct mistakes *m)
{
    settings_set_shadow(s, shadow);
    return load_well_known(shadow, m);
}

int settings_join(struct settings *s, struct settings *shadow)
{
    struct mistakes mistakes = {0};
    int rc = join(s, shadow, &mistakes);
    mistakes_clear(&mistakes);
    return rc;
}

static int load_shadow(struct settings *s, struct mistakes *m)
{
    struct settings *shadow = NULL;
    struct settings_error *errors = NULL;
    size_t count = 0;
    const char *path = s->shadow_file;
    int rc = load_one(path, &shadow, &errors, &count);
    if (rc == 0)
        return join(s, shadow, m);
    if (rc == VOUCH_E_NOMEM)
        return rc;
    if (rc != VOUCH_E_CONFIG)
        mistakes_add(m, 0, "shadow: %s: %s", path,
                     rc == VOUCH_E_IO ? strerror(errno) : "too large");
    for (size_t i = 0; i < count; i++)
        mistakes_add(m, 0, "shadow: %s:%d: %s", path, errors[i].line, errors[i].text);
    settings_errors_free(&errors, count);
    return VOUCH_E_CONFIG;
}

int settings_load(const char *path, struct settings **settings_r, struct settings_error **errors_r,
                  size_t *error_count_r)
{
    struct mistakes mistakes = {0};
    struct settings *s = NULL;
    int rc = load_one(path, &s, errors_r, error_count_r);
    if (rc != 0)
        return rc;
    if (s->pseudonym_key)
        rc = load_pseudonyms(s, &mistakes);
    if (rc == 0 && s->shadow_file)
        rc = load_shadow(s, &mistakes);
    if (rc != 0)
        return refuse(&s, &mistakes, errors_r, error_count_r);
    *settings_r = s;
    return 0;
}
