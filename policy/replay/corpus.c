/* SPDX-License-Identifier: BSD-2-Clause */
/* Labelled messages in order of time. When one is added its header is read, for its time; if that was all of
 * it and there is room, it is kept, else it is read again when its turn comes. */
#include "corpus.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "arena.h"
#include "errors.h"
#include "feed.h"
#include "mbox.h"

#define HEAD_BYTES  65536 /* of a file, read to know its time and whether it is an mbox */
#define LINE_BYTES  (PATH_MAX + 16)
#define DEPTH_MAX   32                /* directories below each other; more is a loop */
#define PATHS_BYTES ((size_t)2 << 30) /* of all paths */

struct corpus {
    struct arena *paths;
    struct arena *kept; /* messages */
    struct corpus_item *items;
    size_t count, cap;
    char *buffer; /* what was read last */
    size_t buffer_size;
};

struct corpus *corpus_new(void)
{
    struct corpus *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->paths = arena_new(PATHS_BYTES);
    c->kept = arena_new(CORPUS_KEPT_BYTES);
    if (!c->paths || !c->kept)
        corpus_free(&c);
    return c;
}

void corpus_free(struct corpus **cp)
{
    struct corpus *c = *cp;
    if (!c)
        return;
    *cp = NULL;
    arena_free(&c->paths);
    arena_free(&c->kept);
    free(c->items);
    free(c->buffer);
    free(c);
}

static int no_memory(char *error_r, size_t size)
{
    snprintf(error_r, size, "out of memory");
    return VOUCH_E_NOMEM;
}

static int no_io(const char *path, char *error_r, size_t size)
{
    snprintf(error_r, size, "%s: %s", path, strerror(errno));
    return VOUCH_E_IO;
}

/* --- reading -------------------------------------------------------------------------------- */

static int make_room(struct corpus *c, size_t size)
{
    if (size <= c->buffer_size)
        return 0;
    char *larger = realloc(c->buffer, size);
    if (!larger)
        return VOUCH_E_NOMEM;
    c->buffer = larger;
    c->buffer_size = size;
    return 0;
}

/* At most length bytes from offset on. */
static int read_part(struct corpus *c, int fd, uint64_t offset, size_t length, struct span *text_r)
{
    size_t len = 0;
    if (make_room(c, length + 1) != 0)
        return VOUCH_E_NOMEM;
    while (len < length) {
        ssize_t n = pread(fd, c->buffer + len, length - len, (off_t)(offset + len));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return VOUCH_E_IO;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *text_r = span_make(c->buffer, len);
    return 0;
}

/* most: bytes; 0: all. length 0: to the end. */
static int read_file(struct corpus *c, const char *path, uint64_t offset, uint64_t length,
                     size_t most, struct span *text_r, char *error_r, size_t size)
{
    struct stat st;
    int rc = VOUCH_E_IO, fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        goto out;
    if (length == 0)
        length = st.st_size > (off_t)offset ? (uint64_t)st.st_size - offset : 0;
    if (most && length > most)
        length = most;
    errno = EFBIG;
    if (length <= CORPUS_ITEM_BYTES)
        rc = read_part(c, fd, offset, (size_t)length, text_r);
out:
    if (rc == VOUCH_E_IO)
        no_io(path, error_r, size);
    else if (rc != 0)
        no_memory(error_r, size);
    if (fd >= 0)
        close(fd);
    return rc;
}

int corpus_read(struct corpus *c, const struct corpus_item *item, struct span *text_r,
                char *error_r, size_t size)
{
    *text_r = item->kept;
    if (item->kept.p)
        return 0;
    int rc = read_file(c, item->path, item->offset, item->length, 0, text_r, error_r, size);
    if (rc == 0 && item->number)
        text_r->len = mbox_unquote(*text_r, c->buffer);
    return rc;
}

/* --- adding --------------------------------------------------------------------------------- */

/* text: as much of the message as was read */
static int add(struct corpus *c, const struct corpus_item *item, struct span text)
{
    if (c->count == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 1024;
        struct corpus_item *more =
            cap <= SIZE_MAX / sizeof *more ? realloc(c->items, cap * sizeof *more) : NULL;
        if (!more)
            return VOUCH_E_NOMEM;
        c->items = more;
        c->cap = cap;
    }
    c->items[c->count] = *item;
    c->items[c->count].added = c->count;
    c->items[c->count].time = feed_time(text);
    c->count++;
    return 0;
}

static int add_mbox(struct corpus *c, const char *path, bool good, char *error_r, size_t size)
{
    struct span all;
    int rc = read_file(c, path, 0, 0, 0, &all, error_r, size);
    const char *begin = all.p;
    for (unsigned n = 1; rc == 0 && all.len > 0; n++) {
        struct span text = mbox_next(&all);
        struct corpus_item item = {.path = path,
                                   .offset = (uint64_t)(text.p - begin),
                                   .length = text.len,
                                   .number = n,
                                   .good = good};
        if (text.len > 0 && add(c, &item, text) != 0)
            rc = no_memory(error_r, size);
    }
    return rc;
}

/* A file; whole: it is one message whatever it looks like. */
static int add_file(struct corpus *c, const char *path, bool good, bool whole, char *error_r,
                    size_t size)
{
    struct span text;
    struct corpus_item item = {.path = arena_strdup(c->paths, path), .good = good};
    if (!item.path)
        return no_memory(error_r, size);
    int rc = read_file(c, path, 0, 0, HEAD_BYTES, &text, error_r, size);
    if (rc != 0)
        return rc;
    if (mbox_begins(text) && !whole)
        return add_mbox(c, item.path, good, error_r, size);
    bool all = text.len < HEAD_BYTES;
    ptrdiff_t line = mbox_begins(text) ? span_index(text, '\n', 0) : -1;
    item.offset = (uint64_t)(line + 1);
    text = span_slice(text, (size_t)item.offset, text.len);
    const char *copy = all ? arena_span(c->kept, text) : NULL;
    if (copy)
        item.kept = span_make(copy, text.len);
    return add(c, &item, text) == 0 ? 0 : no_memory(error_r, size);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int add_any(struct corpus *c, const char *path, bool good, int depth, char *error_r,
                   size_t size);

static int add_directory(struct corpus *c, const char *path, bool good, int depth, char *error_r,
                         size_t size)
{
    struct dirent **entries;
    char name[PATH_MAX];
    int rc = 0;
    if (depth == DEPTH_MAX) {
        snprintf(error_r, size, "%s: more than %d directories below each other: a loop?", path,
                 DEPTH_MAX);
        return VOUCH_E_SYNTAX;
    }
    int n = scandir(path, &entries, visible, alphasort);
    if (n < 0)
        return no_io(path, error_r, size);
    for (int i = 0; i < n; i++) {
        int len = snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        errno = ENAMETOOLONG;
        if (rc == 0)
            rc = len < (int)sizeof name ? add_any(c, name, good, depth + 1, error_r, size)
                                        : no_io(path, error_r, size);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int add_any(struct corpus *c, const char *path, bool good, int depth, char *error_r,
                   size_t size)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return no_io(path, error_r, size);
    return S_ISDIR(st.st_mode) ? add_directory(c, path, good, depth, error_r, size)
                               : add_file(c, path, good, false, error_r, size);
}

int corpus_add_path(struct corpus *c, const char *path, bool good, char *error_r, size_t size)
{
    return add_any(c, path, good, 0, error_r, size);
}

/* "spam ../data/1" -> "../data/1"; NULL: it is no such line. */
static char *read_line(char *line, bool *good_r, bool *unlearnt_r)
{
    static const struct {
        const char *word;
        bool good;
    } words[] = {{"ham", true}, {"spam", false}, {"good", true}, {"bad", false}};
    size_t end = strcspn(line, " \t"), len = end;
    *unlearnt_r = len > 0 && line[len - 1] == '?';
    len -= *unlearnt_r;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (span_ieq_cstr(span_make(line, len), words[i].word)) {
            char *path = line + end + strspn(line + end, " \t");
            *good_r = words[i].good;
            return *path ? path : NULL;
        }
    return NULL;
}

static int add_line(struct corpus *c, const char *index, unsigned number, char *line, char *error_r,
                    size_t size)
{
    char path[2 * PATH_MAX], error[2 * PATH_MAX + 256];
    bool good = false, unlearnt = false;
    const size_t before = c->count;
    const char *slash = strrchr(index, '/');
    line[strcspn(line, "\r\n")] = '\0';
    if (!line[0] || line[0] == '#')
        return 0;
    const char *name = read_line(line, &good, &unlearnt);
    if (!name) {
        snprintf(error_r, size, "%s:%u: expected 'ham PATH' or 'spam PATH'", index, number);
        return VOUCH_E_SYNTAX;
    }
    int directory = slash && name[0] != '/' ? (int)(slash - index) + 1 : 0;
    snprintf(path, sizeof path, "%.*s%s", directory, index, name);
    int rc = add_file(c, path, good, true, error, sizeof error);
    for (size_t i = before; i < c->count; i++)
        c->items[i].unlearnt = unlearnt;
    if (rc != 0)
        snprintf(error_r, size, "%s:%u: %s", index, number, error);
    return rc;
}

int corpus_add_index(struct corpus *c, const char *path, char *error_r, size_t size)
{
    char line[LINE_BYTES];
    FILE *f = fopen(path, "re");
    int rc = 0;
    if (!f)
        return no_io(path, error_r, size);
    for (unsigned n = 1; rc == 0 && fgets(line, sizeof line, f); n++)
        rc = add_line(c, path, n, line, error_r, size);
    if (rc == 0 && ferror(f))
        rc = no_io(path, error_r, size);
    fclose(f);
    return rc;
}

/* --- order ---------------------------------------------------------------------------------- */

static int by_time(const void *pa, const void *pb)
{
    const struct corpus_item *a = pa, *b = pb;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->added > b->added) - (a->added < b->added);
}

void corpus_order(struct corpus *c, size_t *untimed_r)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].time >= 0)
            c->items[kept++] = c->items[i];
    *untimed_r = c->count - kept;
    c->count = kept;
    if (kept)
        qsort(c->items, kept, sizeof *c->items, by_time);
}

const struct corpus_item *corpus_items(const struct corpus *c, size_t *count_r)
{
    *count_r = c->count;
    return c->items;
}
