/* SPDX-License-Identifier: BSD-2-Clause */
/* A writer's directory taken up: what a crash left is made whole, and the next number found. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clock.h"
#include "journal_private.h"
#include "journal_seal.h"

/* What is found, until all of it is known to be right. */
struct attachment {
    struct journal *j;
    struct journal_home home;
    struct manifest manifest;
    struct journal_list list;
    struct segment *oldest, *newest;
    uint64_t last;
};

static void drop(struct attachment *a)
{
    while (a->oldest) {
        struct segment *s = a->oldest;
        a->oldest = s->next;
        segment_free(&s);
    }
    manifest_clear(&a->manifest);
    journal_home_leave(&a->home);
}

/* Reports something about the file of that segment. */
static void tell(const struct attachment *a, bool trouble, uint64_t first, const char *extension,
                 const char *text)
{
    char name[JOURNAL_NAME_MAX];
    journal_name(name, first, extension);
    journal_tell(a->j, trouble, "%s/%s/%s: %s", a->j->options.dir, a->j->options.writer, name,
                 text);
}

static void wrong_line(void *arg, size_t line, const char *text)
{
    const struct attachment *a = arg;
    journal_tell(a->j, true, "%s/%s/manifest:%zu: %s; see vouch journal verify", a->j->options.dir,
                 a->j->options.writer, line, text);
}

/* 0; VOUCH_E_CONFIG: it is no manifest, or another writer's; VOUCH_E_IO, VOUCH_E_NOMEM. */
static int take_manifest(struct attachment *a)
{
    int rc = manifest_read(a->home.dir, &a->manifest, wrong_line, a);
    if (rc == VOUCH_E_IO && errno == ENOENT)
        return manifest_create(a->home.dir, a->home.writer, &a->manifest) == 0 ? 0 : VOUCH_E_IO;
    if (rc == VOUCH_E_SYNTAX || (rc == 0 && strcmp(a->manifest.writer, a->home.writer) != 0))
        return VOUCH_E_CONFIG;
    if (rc == 0 && manifest_mend(a->home.dir, &a->manifest) != 0)
        return VOUCH_E_IO;
    return rc;
}

static const struct journal_item *find(const struct journal_list *list, uint64_t first)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].first == first)
            return &list->items[i];
    return NULL;
}

/* A segment that the manifest does not know and that no open one will become again: its line was lost.
 * Told, and entered anew, so that its numbers are not used again. */
static int adopt(struct attachment *a, uint64_t first)
{
    struct manifest_entry e = {.first = first, .previous = a->manifest.last};
    char error[200];
    if (journal_seal_measure(a->home.dir, &e, error, sizeof error) != 0) {
        tell(a, true, first, ".avro", error);
        return 0;
    }
    tell(a, true, first, ".avro", "was not in the manifest, and is entered anew");
    return manifest_seal(a->home.dir, &a->manifest, &e, 1);
}

/* What the sealed files and the manifest say of each other. */
static int take_sealed(struct attachment *a)
{
    char name[JOURNAL_NAME_MAX];
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->list.count; i++) {
        const struct journal_item *item = &a->list.items[i];
        const struct manifest_entry *e = manifest_find(&a->manifest, item->first);
        if (item->sealed && !item->open && !e && item->first > a->manifest.last)
            rc = adopt(a, item->first);
        if (item->sealed && e && e->removed) { /* a crash came between the line and this */
            journal_name(name, item->first, ".avro");
            rc = unlinkat(a->home.dir, name, 0);
            journal_name(name, item->first, ".index");
            unlinkat(a->home.dir, name, 0);
        }
    }
    for (size_t i = 0; rc == 0 && i < a->manifest.count; i++) {
        const struct manifest_entry *e = &a->manifest.entries[i];
        const struct journal_item *item = e->removed ? NULL : find(&a->list, e->first);
        if (!e->removed && (!item || !item->sealed))
            tell(a, true, e->first, ".avro", "is gone, though the manifest has it");
    }
    return rc;
}

static void add_segment(struct attachment *a, struct segment *s)
{
    if (a->newest) {
        a->newest->full = true; /* one behind it: it was, or could not be written to */
        a->newest->next = s;
    } else {
        a->oldest = s;
    }
    a->newest = s;
    a->last = s->last > a->last ? s->last : a->last;
}

/* A segment whose head is damaged: put aside, since nothing says what is in it, and no number that it
 * can have used is used again. */
static int put_aside(struct attachment *a, uint64_t first)
{
    char name[JOURNAL_NAME_MAX], aside[JOURNAL_NAME_MAX];
    struct stat st;
    journal_name(name, first, ".open");
    journal_name(aside, first, ".damaged");
    if (fstatat(a->home.dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        renameat(a->home.dir, name, a->home.dir, aside) != 0)
        return -1;
    a->last = first + (uint64_t)st.st_size / FRAME_BYTES;
    tell(a, true, first, ".open",
         "its head is damaged, is the disk failing? It is put aside as .damaged: its records are "
         "lost to vouch");
    return 0;
}

/* Takes up one open segment, or removes it when there is nothing in it. */
static int recover(struct attachment *a, uint64_t first)
{
    char name[JOURNAL_NAME_MAX], text[200];
    uint64_t cut, lost;
    journal_name(name, first, ".open");
    struct segment *s = segment_recover(a->home.dir, first, a->j->schema, &cut, &lost);
    if (!s && errno == ENODATA)
        return unlinkat(a->home.dir, name, 0);
    if (!s && errno == EBADMSG)
        return put_aside(a, first);
    if (!s)
        return -1;
    snprintf(text, sizeof text, "the last %llu bytes are no whole record and were cut off",
             (unsigned long long)cut);
    if (cut > 0)
        tell(a, false, first, ".open", text);
    if (lost > 0)
        journal_tell_damage(a->j, first, lost);
    add_segment(a, s);
    return 0;
}

/* Whether the open segment has become sealed ones: the manifest is written last. */
static bool is_sealed(const struct attachment *a, uint64_t first)
{
    for (size_t i = a->manifest.count; i > 0 && first <= a->manifest.last; i--) {
        const struct manifest_entry *e = &a->manifest.entries[i - 1];
        const struct journal_item *item = find(&a->list, e->first);
        if (e->first >= first && (e->removed || (item && item->sealed)))
            return true;
    }
    return false;
}

static int take_open(struct attachment *a)
{
    char name[JOURNAL_NAME_MAX];
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->list.count; i++) {
        const struct journal_item *item = &a->list.items[i];
        journal_name(name, item->first, ".open");
        if (item->open)
            rc = is_sealed(a, item->first) ? unlinkat(a->home.dir, name, 0)
                                           : recover(a, item->first);
    }
    return rc;
}

/* All that is in the directory. 0, VOUCH_E_CONFIG, VOUCH_E_IO with errno, VOUCH_E_NOMEM. */
static int take_all(struct attachment *a)
{
    int rc = take_manifest(a);
    if (rc != 0)
        return rc;
    rc = journal_list_read(a->home.dir, &a->list);
    if (rc == 0)
        rc = take_sealed(a);
    a->last = a->manifest.last;
    if (rc == 0)
        rc = take_open(a);
    int error = errno;
    journal_list_clear(&a->list);
    errno = error;
    return rc == 0 ? 0 : error == ENOMEM ? VOUCH_E_NOMEM : VOUCH_E_IO;
}

static int install(struct journal *j, struct attachment *a, uint64_t floor)
{
    struct journal_name *name = malloc(sizeof *name);
    if (!name)
        return VOUCH_E_NOMEM;
    pthread_mutex_lock(&j->lock);
    name->next = j->names;
    memcpy(name->writer, a->home.writer, sizeof name->writer);
    j->names = name;
    j->home = a->home;
    j->manifest = a->manifest;
    j->oldest = a->oldest;
    j->newest = a->newest;
    j->last = a->last;
    j->next = a->last + 1 > floor ? a->last + 1 : floor;
    struct segment *s = j->newest;
    if (s) { /* numbers in a segment have no gap */
        s->full |= j->next > s->last + 1 || s->size - s->head >= j->options.segment_bytes;
        j->dirty_ms = clock_ms();
    }
    j->attached = true;
    pthread_cond_signal(&j->keeper_work);
    pthread_mutex_unlock(&j->lock);
    return 0;
}

bool journal_is_gone(const struct journal *j)
{
    struct stat st;
    return j->attached && fstat(j->home.dir, &st) == 0 && st.st_nlink == 0;
}

void journal_detach(struct journal *j)
{
    while (j->keeping || j->syncing)
        pthread_cond_wait(&j->sync_done, &j->lock);
    while (j->oldest) {
        struct segment *s = j->oldest;
        j->oldest = s->next;
        segment_free(&s);
    }
    j->newest = NULL;
    manifest_clear(&j->manifest);
    journal_home_leave(&j->home);
    j->attached = j->sync_failed = false;
    j->last = j->synced = j->learnt = 0;
    j->dirty_ms = 0;
}

int journal_attach(struct journal *j, unsigned wait_ms, char *error_r, size_t size)
{
    const struct journal_options *o = &j->options;
    struct attachment a = {.j = j, .home = {-1, -1, ""}};
    uint64_t floor, left;
    int rc = journal_home_enter(&a.home, o->dir, o->writer, wait_ms, error_r, size);
    if (rc != 0)
        return rc;
    rc = take_all(&a);
    if (rc == VOUCH_E_CONFIG)
        snprintf(
            error_r, size,
            "%s/%s/manifest is not the manifest of %s: put the right one in its place, or move "
            "the directory away",
            o->dir, o->writer, a.home.writer);
    else if (rc != 0)
        snprintf(error_r, size, "cannot recover the journal %s/%s: %s", o->dir, o->writer,
                 strerror(errno));
    else
        rc = journal_home_floor(&a.home, a.last, &floor, &left, error_r, size);
    if (rc == 0 && left > a.last)
        journal_tell(j, true,
                     "%s/%s: records %llu to %llu, which were there when this was last closed, are "
                     "gone: was something removed or restored?",
                     o->dir, o->writer, (unsigned long long)a.last + 1, (unsigned long long)left);
    if (rc == 0)
        rc = install(j, &a, floor);
    if (rc != 0)
        drop(&a);
    return rc;
}
