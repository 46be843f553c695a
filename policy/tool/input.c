/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages at rest. A file that begins with "From " is an mbox (mboxrd quoting), a directory with
 * cur and new a Maildir, anything else one message. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "feed.h"
#include "input.h"
#include "mbox.h"
#include "tool.h"

/* All of f, or NULL with errno; EFBIG when it is larger than INPUT_MAX_BYTES. */
static char *slurp(FILE *f, size_t *len_r)
{
    size_t len = 0, cap = 1 << 16, got;
    char *text = malloc(cap);
    while (text && (got = fread(text + len, 1, cap - len, f)) > 0) {
        len += got;
        if (len < cap)
            continue;
        char *larger = cap < INPUT_MAX_BYTES ? realloc(text, cap *= 2) : NULL;
        if (!larger) {
            errno = cap < INPUT_MAX_BYTES ? ENOMEM : EFBIG;
            free(text);
            return NULL;
        }
        text = larger;
    }
    if (text && ferror(f)) {
        free(text);
        return NULL;
    }
    *len_r = len;
    return text;
}

static int read_mbox(const char *path, struct span text, input_each *each, void *arg)
{
    char *message = malloc(text.len ? text.len : 1);
    char name[PATH_MAX + 32];
    int rc = 0;
    if (!message)
        return tool_error(EX_OSERR, "%s: out of memory", path);
    for (unsigned n = 1; rc == 0 && text.len > 0; n++) {
        size_t len = mbox_unquote(mbox_next(&text), message);
        snprintf(name, sizeof name, "%s:%u", path, n);
        rc = each(arg, name, span_make(message, len));
    }
    free(message);
    return rc;
}

static int read_stream(const char *path, FILE *f, input_each *each, void *arg)
{
    size_t len = 0;
    char *text = slurp(f, &len);
    if (!text)
        return tool_error(EX_NOINPUT, "%s: %s", path, strerror(errno));
    struct span all = span_make(text, len);
    int rc = mbox_begins(all) ? read_mbox(path, all, each, arg) : each(arg, path, all);
    free(text);
    return rc;
}

static int read_file(const char *path, input_each *each, void *arg)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return tool_error(EX_NOINPUT, "%s: %s", path, strerror(errno));
    int rc = read_stream(path, f, each, arg);
    fclose(f);
    return rc;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int read_maildir(const char *path, input_each *each, void *arg)
{
    static const char *const parts[] = {"new", "cur"};
    char name[PATH_MAX];
    int rc = 0;
    for (int p = 0; rc == 0 && p < 2; p++) {
        struct dirent **entries;
        snprintf(name, sizeof name, "%s/%s", path, parts[p]);
        int n = scandir(name, &entries, visible, alphasort);
        if (n < 0)
            return tool_error(EX_NOINPUT,
                              "%s: is a directory, but cannot be read as a Maildir (%s: %s)", path,
                              parts[p], strerror(errno));
        for (int i = 0; i < n; i++) {
            int len = snprintf(name, sizeof name, "%s/%s/%s", path, parts[p], entries[i]->d_name);
            if (rc == 0 && len < (int)sizeof name)
                rc = read_file(name, each, arg);
            free(entries[i]);
        }
        free(entries);
    }
    return rc;
}

int input_read(const char *path, input_each *each, void *arg)
{
    struct stat st;
    if (strcmp(path, "-") == 0)
        return read_stream("standard input", stdin, each, arg);
    if (stat(path, &st) != 0)
        return tool_error(EX_NOINPUT, "%s: %s", path, strerror(errno));
    return S_ISDIR(st.st_mode) ? read_maildir(path, each, arg) : read_file(path, each, arg);
}

int input_check(const char *name, struct span text)
{
    char error[128];
    return feed_check(text, error, sizeof error) == 0
               ? 0
               : tool_error(EX_DATAERR, "%s:%s", name, error);
}
