/* SPDX-License-Identifier: BSD-2-Clause */
/* A journal checked from end to end: the manifest's chain, every sealed file against its line, every
 * record of it, every frame of open segments, and that no number is missing between them.
 *
 * It may run beside the writer: files that are sealed or removed meanwhile are no findings. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "journal_manifest.h"
#include "journal_reader.h"
#include "journal_seal.h"
#include "journal_sealed.h"
#include "journal_tail.h"

#define LOOKS   20 /* at an end that is not whole: its writer may be at work */
#define LOOK_MS 20

struct check {
    const char *path;
    int dir;
    void (*tell)(void *, const struct journal_finding *);
    void *arg;
    int wrong;
    uint64_t records;
    uint64_t last; /* number of the last record seen */
    uint64_t done; /* segments up to this one are checked */
};

static void finding(struct check *c, bool wrong, const char *file, const char *text)
{
    c->wrong += wrong;
    c->tell(c->arg, &(struct journal_finding){wrong, file, text});
}

static void finding_of(struct check *c, bool wrong, uint64_t first, const char *extension,
                       const char *text)
{
    char name[JOURNAL_NAME_MAX];
    journal_name(name, first, extension);
    finding(c, wrong, name, text);
}

static void wrong_line(void *arg, size_t line, const char *text)
{
    char with_line[300];
    snprintf(with_line, sizeof with_line, "line %zu: %s", line, text);
    finding(arg, true, "manifest", with_line);
}

/* 0; 1: there is none that can be used; VOUCH_E_IO, VOUCH_E_NOMEM. */
static int check_manifest(struct check *c, struct manifest *m)
{
    char writer[JOURNAL_WRITER_ID];
    if (c->done > 0) /* it has grown since it was checked */
        return manifest_read(c->dir, m, NULL, NULL);
    int rc = manifest_read(c->dir, m, wrong_line, c);
    if (rc == VOUCH_E_SYNTAX) {
        finding(c, true, "manifest", "its first line is not that of a manifest");
        return 0;
    }
    if (rc == VOUCH_E_IO && errno == ENOENT) {
        finding(c, true, "manifest", "is missing: no sealed segment can be checked against it");
        return 0;
    }
    if (rc != 0)
        return rc;
    if (m->torn > 0)
        finding(c, false, "manifest",
                "its last line is not whole: a crash left that, and the writer cuts it off");
    rc = journal_home_writer(c->dir, writer);
    if (rc != 0)
        finding(c, true, "writer", "does not name the writer");
    else if (strcmp(writer, m->writer) != 0)
        finding(c, true, "writer", "names another writer than the manifest");
    return 0;
}

/* The numbers from c->last to first - 1: skipped on purpose (previous says so), or missing. */
static void check_gap(struct check *c, uint64_t first, uint64_t previous, const char *extension)
{
    char text[200];
    if (previous + 1 < first) {
        snprintf(text, sizeof text,
                 "numbers %" PRIu64 " to %" PRIu64 " were skipped, after a crash of the machine or "
                 "for damage; this was declared when it happened",
                 previous + 1, first - 1);
        finding_of(c, false, first, extension, text);
    }
    if (c->last < previous) {
        snprintf(text, sizeof text, "records %" PRIu64 " to %" PRIu64 " before it are missing",
                 c->last + 1, previous);
        finding_of(c, true, first, extension, text);
    } else if (c->last >= first) {
        snprintf(text, sizeof text,
                 "its records are numbered from %" PRIu64 " on, which others are", first);
        finding_of(c, true, first, extension, text);
    }
}

/* Whether retention has taken the segment since the manifest was read. */
static bool removed_since(struct check *c, uint64_t first)
{
    struct manifest now;
    int rc = manifest_read(c->dir, &now, NULL, NULL);
    const struct manifest_entry *e = rc == 0 ? manifest_find(&now, first) : NULL;
    bool removed = e && e->removed;
    manifest_clear(&now);
    return removed;
}

/* Reads every record of a sealed segment. */
static int check_records(struct check *c, const struct manifest_entry *e)
{
    char text[400];
    struct span datum;
    uint64_t number, count = 0;
    struct journal_sealed *s = journal_sealed_open(c->dir, e->first, text, sizeof text);
    int rc;
    if (!s) {
        if (!removed_since(c, e->first))
            finding_of(c, true, e->first, ".avro", text);
        return 0;
    }
    while ((rc = journal_sealed_next(s, e->first, e->last, &number, &datum)) == 1 ||
           rc == VOUCH_E_SYNTAX) {
        if (rc == 1)
            count++;
        else
            finding_of(c, true, e->first, ".avro", journal_sealed_error(s));
    }
    snprintf(text, sizeof text, "%s", journal_sealed_error(s));
    journal_sealed_close(&s);
    if (rc == VOUCH_E_NOMEM)
        return rc;
    if (rc == VOUCH_E_IO)
        finding_of(c, true, e->first, ".avro", text);
    c->records += count;
    if (count != e->last - e->first + 1) {
        snprintf(text, sizeof text, "has %" PRIu64 " records that can be read, not %" PRIu64, count,
                 e->last - e->first + 1);
        finding_of(c, true, e->first, ".avro", text);
    }
    return 0;
}

static int check_sealed(struct check *c, const struct manifest_entry *e)
{
    char text[300], name[JOURNAL_NAME_MAX];
    struct manifest_entry is = {.first = e->first};
    check_gap(c, e->first, e->previous, ".avro");
    c->last = e->last;
    if (journal_seal_hash(c->dir, &is, text, sizeof text) != 0) {
        bool absent = errno == ENOENT;
        if (!removed_since(c, e->first))
            finding_of(c, true, e->first, ".avro",
                       absent ? "is missing, though the manifest has it" : text);
        return 0;
    }
    if (is.bytes != e->bytes || memcmp(is.sha256, e->sha256, MANIFEST_HASH) != 0)
        finding_of(c, true, e->first, ".avro",
                   "is not what was sealed: its SHA-256 is not the manifest's");
    journal_name(name, e->first, ".index");
    if (faccessat(c->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        finding_of(c, false, e->first, ".index", "is missing: searching takes longer without it");
    return check_records(c, e);
}

/* Every frame of an open segment: 0, VOUCH_E_IO, VOUCH_E_NOMEM. */
static int check_frames(struct check *c, struct journal_tail *t, uint64_t first, bool newest)
{
    char text[200], error[200];
    struct journal_datum d;
    struct frame f;
    struct span datum;
    uint64_t at;
    int64_t passed = 0;
    int rc = 0;
    if (journal_datum_init(&d, journal_tail_head(t)->schema, error, sizeof error) != 0)
        finding_of(c, true, first, ".open", error);
    for (int looks = 0; passed >= 0;) {
        while ((rc = journal_tail_next(t, &f)) == 1) {
            looks = 0;
            snprintf(text, sizeof text, "record %" PRIu64 " follows record %" PRIu64, f.number,
                     c->last);
            if (f.number != c->last + 1 && f.number != first)
                finding_of(c, true, first, ".open", text);
            c->last = f.number;
            c->records++;
            struct span rest = f.datum;
            snprintf(text, sizeof text, "record %" PRIu64 " is not of the schema", f.number);
            if (error[0] == '\0' && (journal_datum_take(&d, &rest, &datum) != 0 || rest.len > 0))
                finding_of(c, true, first, ".open", text);
        }
        if (rc < 0)
            break;
        if (journal_tail_left(t) == 0)
            break;
        if (newest && looks++ < LOOKS) {
            nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000}, NULL);
            continue;
        }
        passed = journal_tail_pass(t, &at);
        snprintf(text, sizeof text,
                 "%" PRId64 " bytes from offset %" PRIu64
                 " on are no whole record: damaged, or cut off",
                 passed, at);
        if (passed > 0)
            finding_of(c, true, first, ".open", text);
    }
    journal_datum_clear(&d);
    return rc < 0 ? rc : passed < 0 ? (int)passed : 0;
}

/* VOUCH_E_TEMP: it was sealed meanwhile. */
static int check_open(struct check *c, uint64_t first, bool newest)
{
    struct journal_tail *t = journal_tail_open(c->dir, first);
    if (!t && errno == ENOENT)
        return VOUCH_E_TEMP;
    if (!t && errno == ENODATA) {
        finding_of(c, !newest, first, ".open", "has no whole head: there is no record in it");
        return 0;
    }
    if (!t && errno == EBADMSG) {
        finding_of(c, true, first, ".open", "its head is damaged: nothing in it can be read");
        return 0;
    }
    if (!t)
        return VOUCH_E_IO;
    check_gap(c, first, journal_tail_head(t)->previous, ".open");
    int rc = check_frames(c, t, first, newest);
    journal_tail_close(&t);
    return rc;
}

/* All segments not checked yet that are in the list, against the manifest, which was read after it.
 * VOUCH_E_TEMP: an open one was sealed meanwhile, look again. */
static int check_segments(struct check *c, const struct journal_list *list,
                          const struct manifest *m)
{
    int rc = 0;
    uint64_t before = c->done;
    for (size_t i = 0; rc == 0 && i < m->count; i++) {
        if (m->entries[i].first <= before)
            continue;
        if (m->entries[i].removed)
            c->last = m->entries[i].last;
        else
            rc = check_sealed(c, &m->entries[i]);
        c->done = m->entries[i].first > c->done ? m->entries[i].first : c->done;
    }
    for (size_t i = 0; rc == 0 && i < list->count; i++) {
        const struct journal_item *item = &list->items[i];
        const struct manifest_entry *e = manifest_find(m, item->first);
        if (e || item->first <= before)
            continue;
        if (item->sealed && !item->open)
            finding_of(
                c, true, item->first, ".avro",
                "is in no line of the manifest: the line was taken out, or the file put here");
        if (item->open)
            rc = check_open(c, item->first, i + 1 == list->count);
        if (rc == 0 && item->first > c->done)
            c->done = item->first;
    }
    return rc;
}

static int check_all(struct check *c)
{
    int rc;
    do {
        struct journal_list list;
        struct manifest m = {.count = 0};
        rc = journal_list_read(c->dir, &list) == 0 ? 0 : VOUCH_E_IO;
        if (rc == 0)
            rc = check_manifest(c, &m);
        if (rc == 0)
            rc = check_segments(c, &list, &m);
        int error = errno;
        manifest_clear(&m);
        journal_list_clear(&list);
        errno = error;
    } while (rc == VOUCH_E_TEMP);
    uint64_t left = journal_home_last_left(c->dir);
    if (rc == 0 && left > c->last) {
        char text[200];
        snprintf(text, sizeof text,
                 "records %" PRIu64 " to %" PRIu64
                 " were there when the journal was last closed, and "
                 "are missing",
                 c->last + 1, left);
        finding(c, true, "boot", text);
    }
    return rc;
}

int journal_verify(const char *path, void (*tell)(void *, const struct journal_finding *),
                   void *arg, uint64_t *records_r, char *error_r, size_t size)
{
    struct check c = {.path = path, .tell = tell, .arg = arg};
    c.dir = journal_dir_open(path);
    int rc = c.dir < 0 ? VOUCH_E_IO : check_all(&c);
    if (rc != 0)
        snprintf(error_r, size, "%s: %s", path,
                 rc == VOUCH_E_IO ? strerror(errno) : vouch_strerror(rc));
    if (c.dir >= 0)
        close(c.dir);
    *records_r = c.records;
    return rc != 0 ? VOUCH_E_IO : c.wrong;
}
