/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch model import: sets the counts of every line, in constant memory. The input is read twice:
 * nothing is written before all of it is known to be good. Standard input is kept in an unnamed
 * temporary file meanwhile. What is imported replaces what was there, so an import that a failing
 * store cut short is simply repeated. */
#include "config.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "arena.h"
#include "model.h"
#include "model_lines.h"
#include "progress.h"
#include "store.h"
#include "tool.h"

#define BATCH_KEYS  2000
#define BATCH_BYTES (BATCH_KEYS * 2 * (STORE_NAME_MAX + 16)) /* names with the arena's padding */

static const char usage[] =
    "Usage: vouch model import [OPTION]... [FILE]\n"
    "Sets the model's counts from JSON lines as 'vouch model export' writes them; FILE is "
    "standard\n"
    "input unless it is given. Counts of keys that are not in FILE stay as they are. All of FILE\n"
    "is checked before anything is written.\n\n"
    "  --config FILE   settings to find the store in\n"
    "  --store URL     the store to write to: lmdb:DIR, redis://HOST:PORT/DB, redis+unix:PATH\n"
    "  --model VERSION the version instead of the active one\n"
    "  --help          this text\n\n"
    "Exit status: 0 done; 64 usage, 65 a line is wrong (its number is said), 66 FILE cannot be\n"
    "read, 69 the store cannot be reached, 78 configuration.\n";

struct import {
    FILE *f;
    const char *name; /* of f, for people */
    struct store *store;
    struct progress progress;
    uint64_t keys; /* read so far */
    uint64_t written;
    struct arena *arena; /* names of the batch */
    size_t count;
    struct store_key batch[BATCH_KEYS];
    struct counts counts[BATCH_KEYS];
};

/* Where f stands is asked for now and then only. */
static void show(struct import *im)
{
    if (im->progress.on && im->keys % 256 == 0)
        progress_set(&im->progress, (uint64_t)ftello(im->f), im->keys);
}

static int check_line(void *arg, const struct model_line *line)
{
    struct import *im = arg;
    (void)line;
    im->keys++;
    show(im);
    return 0;
}

static int write_batch(struct import *im)
{
    int rc = store_put(im->store, im->batch, im->counts, im->count);
    if (rc == 0)
        im->written += im->count;
    im->count = 0;
    arena_reset(im->arena);
    return rc;
}

static int write_weights(struct import *im, const struct trust_fit *fit)
{
    int rc = store_put_weights(im->store, fit);
    im->written += rc == 0;
    return rc;
}

static int write_line(void *arg, const struct model_line *line)
{
    struct import *im = arg;
    if (line->is_fit)
        return write_weights(im, &line->fit);
    struct store_key copy = {arena_strdup(im->arena, line->group),
                             arena_strdup(im->arena, line->field)};
    if (!copy.group || !copy.field)
        return VOUCH_E_NOMEM;
    im->batch[im->count] = copy;
    im->counts[im->count++] = line->counts;
    im->keys++;
    show(im);
    return im->count == BATCH_KEYS ? write_batch(im) : 0;
}

/* One pass over the input. 0, or a code of model_lines_read or of each. */
static int pass(struct import *im, const char *label,
                int (*each)(void *, const struct model_line *), char *error_r, size_t size)
{
    struct stat st;
    rewind(im->f);
    im->keys = 0;
    *error_r = '\0';
    progress_start(&im->progress, stderr, label, "keys",
                   fstat(fileno(im->f), &st) == 0 ? (uint64_t)st.st_size : 0);
    int rc = model_lines_read(im->f, im->name, each, im, error_r, size);
    if (rc == 0 && each == write_line)
        rc = write_batch(im);
    progress_end(&im->progress);
    return rc;
}

static int input_error(int code, const char *error)
{
    return tool_error(code == VOUCH_E_SYNTAX ? EX_DATAERR
                      : code == VOUCH_E_IO   ? EX_NOINPUT
                                             : EX_OSERR,
                      "%s", *error ? error : vouch_strerror(code));
}

/* Both passes. */
static int import(struct import *im, const struct model_options *o, const struct settings *s)
{
    char error[400];
    int status = 0;
    int rc = pass(im, "checking", check_line, error, sizeof error);
    if (rc != 0)
        return input_error(rc, error);
    uint64_t total = im->keys;
    im->store = tool_store_version(s, o->store, o->model, false, &status);
    if (!im->store)
        return status;
    rc = pass(im, "importing", write_line, error, sizeof error);
    if (*error) {
        status = input_error(rc, error); /* it was changed while it was read */
    } else if (rc != 0) {
        status = model_store_error(im->store, "the model cannot be written", rc);
        tool_error(0, "%" PRIu64 " of %" PRIu64 " keys are written; import again to set the rest",
                   im->written, total);
    } else {
        printf("imported %" PRIu64 " keys\n", im->written);
    }
    store_close(&im->store);
    return status;
}

/* A file that can be read twice: f itself, or all of it in a temporary one. NULL: says why. */
static FILE *rereadable(FILE *f, const char *name, int *status_r)
{
    char bytes[65536];
    size_t n;
    if (fseeko(f, 0, SEEK_SET) == 0)
        return f;
    FILE *copy = tmpfile();
    if (!copy) {
        *status_r = tool_error(EX_CANTCREAT, "cannot keep the input: %s", strerror(errno));
        return NULL;
    }
    while ((n = fread(bytes, 1, sizeof bytes, f)) > 0 && fwrite(bytes, 1, n, copy) == n)
        continue;
    if (!ferror(f) && !ferror(copy) && fflush(copy) == 0)
        return copy;
    *status_r = ferror(f) ? tool_error(EX_NOINPUT, "%s: %s", name, strerror(errno))
                          : tool_error(EX_IOERR, "cannot keep the input: %s", strerror(errno));
    fclose(copy);
    return NULL;
}

/* With f open. */
static int import_from(FILE *f, const struct model_options *o, const struct settings *s)
{
    int status = EX_OSERR;
    struct import *im = calloc(1, sizeof *im);
    if (im)
        im->arena = arena_new(BATCH_BYTES);
    if (!im || !im->arena) {
        free(im);
        return tool_error(EX_OSERR, "out of memory");
    }
    im->name = model_file(o) ? model_file(o) : "standard input";
    im->f = rereadable(f, im->name, &status);
    if (im->f)
        status = import(im, o, s);
    if (im->f && im->f != f)
        fclose(im->f);
    arena_free(&im->arena);
    free(im);
    return status;
}

int model_import(int argc, char **argv)
{
    struct model_options o;
    int status = 0;
    if (model_options(argc, argv, "csm", 1, usage, &o, &status) != 0)
        return status;
    struct settings *s = tool_settings(o.config, &status);
    if (!s)
        return status;
    const char *file = model_file(&o);
    FILE *f = file ? fopen(file, "re") : stdin;
    if (f)
        status = import_from(f, &o, s);
    else
        status = tool_error(EX_NOINPUT, "%s: %s", file, strerror(errno));
    if (f && f != stdin)
        fclose(f);
    settings_unref(&s);
    return status;
}
