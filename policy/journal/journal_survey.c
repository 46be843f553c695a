/* SPDX-License-Identifier: BSD-2-Clause */
/* What is there, as far as it can be told without reading records: from the manifest, the names of
 * files, and the ends of open segments. */
#include "config.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "journal_manifest.h"
#include "journal_reader.h"
#include "journal_tail.h"

/* One segment that is there. */
struct part {
    uint64_t first, last;
    int64_t last_us; /* of sealed ones the latest time, of open ones the last record's */
    uint64_t bytes;
    bool open;
};

/* Calls each for every segment that holds records, in order; ends early when it returns false. */
typedef bool (*part_fn)(void *arg, const struct part *p);

static bool part_of_open(int dir, uint64_t first, struct part *p_r)
{
    char name[JOURNAL_NAME_MAX];
    struct stat st;
    struct frame last;
    struct journal_tail *t = journal_tail_open(dir, first);
    if (!t)
        return false;
    bool any = journal_tail_last(t, &last) == 1 && last.number >= first;
    journal_tail_close(&t);
    journal_name(name, first, ".open");
    if (!any)
        return false;
    *p_r = (struct part){first, last.number, last.time_us, 0, true};
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        p_r->bytes = (uint64_t)st.st_size;
    return true;
}

static bool part_of_sealed(const struct manifest *m, uint64_t first, struct part *p_r)
{
    const struct manifest_entry *e = manifest_find(m, first);
    if (!e || e->removed)
        return false;
    *p_r = (struct part){e->first, e->last, e->last_us, e->bytes, false};
    return true;
}

/* 0 or VOUCH_E_IO with errno. */
static int each_part(int dir, part_fn each, void *arg)
{
    struct manifest m;
    struct journal_list list;
    bool more = true;
    int rc = manifest_read(dir, &m, NULL, NULL);
    if (rc != 0 && !(rc == VOUCH_E_IO && errno == ENOENT))
        rc = rc == VOUCH_E_IO ? rc : 0; /* what it does say is used */
    else
        rc = 0;
    if (rc == 0)
        rc = journal_list_read(dir, &list) == 0 ? 0 : VOUCH_E_IO;
    else
        list = (struct journal_list){.count = 0};
    for (size_t i = 0; rc == 0 && more && i < list.count; i++) {
        const struct journal_item *item = &list.items[i];
        struct part p;
        if ((item->sealed && part_of_sealed(&m, item->first, &p)) ||
            (item->open && part_of_open(dir, item->first, &p)))
            more = each(arg, &p);
    }
    int error = errno;
    journal_list_clear(&list);
    manifest_clear(&m);
    errno = error;
    return rc;
}

static int each_part_of(const char *path, part_fn each, void *arg)
{
    int dir = journal_dir_open(path);
    if (dir < 0)
        return VOUCH_E_IO;
    int rc = each_part(dir, each, arg);
    int error = errno;
    close(dir);
    errno = error;
    return rc;
}

struct counting {
    uint64_t number, count;
};

static bool count_part(void *arg, const struct part *p)
{
    struct counting *c = arg;
    if (p->last > c->number)
        c->count += p->last - (c->number >= p->first ? c->number : p->first - 1);
    return true;
}

uint64_t journal_count_after(const char *path, uint64_t number)
{
    struct counting c = {number, 0};
    each_part_of(path, count_part, &c);
    return c.count;
}

static bool first_part(void *arg, const struct part *p)
{
    uint64_t *first = arg;
    *first = p->first;
    return false;
}

uint64_t journal_first(const char *path)
{
    uint64_t first = 0;
    each_part_of(path, first_part, &first);
    return first;
}

struct searching {
    int64_t time_us;
    uint64_t before;
};

/* What an open segment holds besides its last record is not known: it may be the time wanted. */
static bool part_before(void *arg, const struct part *p)
{
    struct searching *s = arg;
    if (p->open || p->last_us >= s->time_us)
        return false;
    s->before = p->last;
    return true;
}

uint64_t journal_before_time(const char *path, int64_t time_us)
{
    struct searching s = {time_us, 0};
    each_part_of(path, part_before, &s);
    return s.before;
}

static bool sum_part(void *arg, const struct part *p)
{
    struct journal_writer_info *info = arg;
    if (info->segments++ == 0)
        info->first = p->first;
    info->last = p->last;
    info->last_time_us = p->last_us;
    info->bytes += p->bytes;
    return true;
}

static bool has_writer(const char *dir, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s/writer", dir, name);
    return access(path, F_OK) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int visible(const struct dirent *e)
{
    return journal_home_name_ok(e->d_name);
}

static int tell_writer(const char *path, int (*each)(void *, const struct journal_writer_info *),
                       void *arg, char *error_r, size_t size)
{
    char writer[JOURNAL_WRITER_ID];
    struct journal_writer_info info = {.path = path, .writer = writer};
    int dir = journal_dir_open(path);
    int rc = dir < 0 ? VOUCH_E_IO : journal_home_writer(dir, writer);
    if (rc == 0)
        rc = each_part(dir, sum_part, &info);
    int error = errno;
    if (dir >= 0)
        close(dir);
    if (rc == VOUCH_E_SYNTAX)
        snprintf(error_r, size, "%s/writer does not name a writer", path);
    else if (rc != 0)
        snprintf(error_r, size, "%s: %s", path, strerror(error));
    return rc == 0 ? each(arg, &info) : VOUCH_E_IO;
}

int journal_writers(const char *dir, int (*each)(void *, const struct journal_writer_info *),
                    void *arg, char *error_r, size_t size)
{
    char path[4096];
    struct dirent **names;
    int rc = 0, n = scandir(dir, &names, visible, by_name);
    if (n < 0) {
        snprintf(error_r, size, "%s: %s%s", dir, strerror(errno),
                 errno == EACCES ? " (it belongs to the user that vouch-milter runs as)" : "");
        return VOUCH_E_IO;
    }
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
        if (rc == 0 && has_writer(dir, names[i]->d_name))
            rc = tell_writer(path, each, arg, error_r, size);
        free(names[i]);
    }
    free(names);
    return rc;
}
