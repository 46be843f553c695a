/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch model export: the whole model as JSON lines, in constant memory. A FILE is written under
 * another name and takes its own only when all of it is on disk. */
#include "config.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "model.h"
#include "model_lines.h"
#include "model_versions.h"
#include "progress.h"
#include "store.h"
#include "tool.h"

static const char usage[] =
    "Usage: vouch model export [OPTION]... [FILE]\n"
    "Writes every count of the model, and its fitted weights, as JSON lines; to standard output\n"
    "unless FILE is given.\n\n"
    "  --config FILE   settings to find the store in\n"
    "  --store URL     the store to read: lmdb:DIR, redis://HOST:PORT/DB, redis+unix:PATH\n"
    "  --model VERSION the version instead of the active one\n"
    "  --help          this text\n\n"
    "Exit status: 0 done; 64 usage, 69 the store cannot be reached, 73 FILE cannot be made,\n"
    "74 it cannot be written, 78 configuration.\n";

struct export
{
    FILE *f;
    struct progress progress;
    uint64_t keys;
    uint64_t unwritable; /* names that are not UTF-8: made by something else */
    bool write_failed;
};

static int write_key(void *arg, const struct store_key *key, const struct counts *c)
{
    struct export *ex = arg;
    int rc = model_line_write(ex->f, key, c);
    if (rc == VOUCH_E_SYNTAX) {
        ex->unwritable++;
        return 0;
    }
    ex->write_failed = rc == VOUCH_E_IO;
    progress_set(&ex->progress, 0, ++ex->keys);
    return rc;
}

static int write_weights(struct store *s, struct export *ex)
{
    struct trust_fit fit;
    int found = store_weights(s, &fit);
    if (found == LOOKUP_ABSENT)
        return 0;
    int rc = found < 0 ? VOUCH_E_TEMP : model_line_write_fit(ex->f, &fit);
    ex->write_failed = rc == VOUCH_E_IO;
    return rc;
}

static int export(struct store *s, FILE *f, const char *name)
{
    struct export ex = {.f = f};
    progress_start(&ex.progress, stderr, "exporting", "keys", 0);
    int rc = write_weights(s, &ex);
    if (rc == 0)
        rc = store_scan(s, write_key, &ex);
    progress_end(&ex.progress);
    if (ex.write_failed || (rc == 0 && (fflush(f) != 0 || ferror(f))))
        return tool_error(EX_IOERR, "%s: %s", name, strerror(errno));
    if (rc != 0)
        return model_store_error(s, "the model could not be read to its end", rc);
    if (ex.unwritable)
        return tool_error(EX_DATAERR, "%" PRIu64 " keys have names that are not UTF-8: left out",
                          ex.unwritable);
    return 0;
}

/* Writes path by way of a temporary file beside it. */
static int export_to(struct store *s, const char *path)
{
    char temporary[PATH_MAX];
    mode_t mask = umask(077); /* a model says who writes to whom */
    int n = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    int fd = n < (int)sizeof temporary ? mkstemp(temporary) : -1;
    umask(mask);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!f) {
        int status = tool_error(EX_CANTCREAT, "%s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
            unlink(temporary);
        }
        return status;
    }
    int status = export(s, f, path);
    if (status == 0 && fsync(fd) != 0)
        status = tool_error(EX_IOERR, "%s: %s", path, strerror(errno));
    if (fclose(f) != 0 && status == 0)
        status = tool_error(EX_IOERR, "%s: %s", path, strerror(errno));
    if (status == 0 && rename(temporary, path) != 0)
        status = tool_error(EX_CANTCREAT, "%s: %s", path, strerror(errno));
    if (status != 0)
        unlink(temporary);
    return status;
}

/* A pipe, a device or a symbolic link (/dev/stdout) is written through, not replaced. */
static int export_through(struct store *s, const char *path)
{
    FILE *f = fopen(path, "we");
    if (!f)
        return tool_error(EX_CANTCREAT, "%s: %s", path, strerror(errno));
    int status = export(s, f, path);
    if (fclose(f) != 0 && status == 0)
        status = tool_error(EX_IOERR, "%s: %s", path, strerror(errno));
    return status;
}

static int export_file(struct store *s, const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && !S_ISREG(st.st_mode) ? export_through(s, path)
                                                         : export_to(s, path);
}

int model_export(int argc, char **argv)
{
    struct model_options o;
    int status = 0;
    if (model_options(argc, argv, "csm", 1, usage, &o, &status) != 0)
        return status;
    struct settings *settings = tool_settings(o.config, &status);
    if (!settings)
        return status;
    struct store *s = model_versions_open(settings, o.store, o.model, &status);
    if (s)
        status =
            model_file(&o) ? export_file(s, model_file(&o)) : export(s, stdout, "standard output");
    store_close(&s);
    settings_unref(&settings);
    return status;
}
