/* SPDX-License-Identifier: BSD-2-Clause */
/* A writer's directory: made, locked, and known again after the machine came up.
 *
 * Files here: "writer", who it is; "lock", held with flock(2) while somebody writes, its text the
 * process id; "boot", the boot of the machine that last wrote here, the lowest number that it may
 * give, and the last one that was given when the journal was last closed. */
#include "config.h"
#include "journal_home.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "ascii.h"
#include "clock.h"
#include "journal_manifest.h"
#include "disk.h"

#define DIR_MODE      0750
#define FILE_MODE     0640
#define LOCK_POLL_MS  20
#define UUID_TEXT     37         /* with NUL */
#define BOOT_GAP      (1u << 20) /* more records than one sync can be about */
#define BOOT_UNKNOWN  "-" /* no boot id here: every start may follow a crash of the machine */
#define BOOT_LINE_MAX 128

bool journal_home_name_ok(const char *writer)
{
    size_t len = strlen(writer);
    for (size_t i = 0; i < len; i++)
        if (!ascii_is_alnum(writer[i]) && !strchr("._-", writer[i]))
            return false;
    return len > 0 && len <= JOURNAL_WRITER_MAX && writer[0] != '.';
}

/* A UUID of version 4 (RFC 9562); false: there is no randomness to be had. */
static bool new_uuid(char text_r[UUID_TEXT])
{
    uint8_t b[16];
    char hex[33];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        return false;
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", b[i]);
    snprintf(text_r, UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
    return true;
}

int journal_home_writer(int dir, char writer_r[JOURNAL_WRITER_ID])
{
    struct sbuf text;
    int rc = VOUCH_E_IO;
    sbuf_init(&text, JOURNAL_WRITER_ID);
    if (journal_file_get(dir, "writer", &text) == 0) {
        struct span line = span_trim(sbuf_span(&text));
        ptrdiff_t at = span_index(line, '@', 0);
        rc = VOUCH_E_SYNTAX;
        if (at > 0 && at <= JOURNAL_WRITER_MAX && line.len == (size_t)at + UUID_TEXT) {
            snprintf(writer_r, JOURNAL_WRITER_ID, "%.*s", SPAN_ARGS(line));
            rc = 0;
        }
    } else if (errno == EFBIG) {
        rc = VOUCH_E_SYNTAX;
    }
    sbuf_clear(&text);
    return rc;
}

/* The directory's descriptor; it is made where it is missing. -1: one line in error_r. */
static int make(const char *tree, const char *writer, char *error_r, size_t size)
{
    int above = -1;
    bool made = mkdir(tree, DIR_MODE) == 0;
    if (!made && errno != EEXIST)
        goto fail;
    above = journal_dir_open(tree);
    if (above < 0 || (made && journal_dir_inherit(above) != 0))
        goto fail;
    int dir = openat(above, writer, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (dir < 0 && errno == ENOENT && journal_dir_make(above, writer, DIR_MODE) == 0 &&
        journal_dir_sync(above) == 0)
        dir = openat(above, writer, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (dir < 0)
        goto fail;
    close(above);
    return dir;
fail:
    snprintf(error_r, size, "cannot use the journal directory %s%s%s: %s", tree,
             above < 0 ? "" : "/", above < 0 ? "" : writer, strerror(errno));
    if (above >= 0)
        close(above);
    return -1;
}

/* Another process has the lock: names it, as far as it is known. */
static void explain_lock(int lock, const char *path, char *error_r, size_t size)
{
    char pid[24];
    ssize_t n = journal_read_at(lock, pid, sizeof pid - 1, 0);
    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    snprintf(error_r, size,
             "another process%s%s writes the journal %s: stop it, or give this one another name",
             *pid ? " with id " : "", pid, path);
}

static int take_lock(struct journal_home *home, const char *path, unsigned wait_ms, char *error_r,
                     size_t size)
{
    int64_t deadline = clock_ms() + wait_ms;
    char pid[24];
    home->lock = disk_file_open(home->dir, "lock", O_RDWR | O_CREAT, FILE_MODE);
    if (home->lock < 0) {
        snprintf(error_r, size, "cannot open %s/lock: %s", path, strerror(errno));
        return VOUCH_E_IO;
    }
    while (flock(home->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            snprintf(error_r, size, "cannot lock %s/lock: %s", path, strerror(errno));
            return VOUCH_E_IO;
        }
        if (clock_ms() >= deadline) {
            explain_lock(home->lock, path, error_r, size);
            return VOUCH_E_CONFIG;
        }
        nanosleep(&(struct timespec){.tv_nsec = LOCK_POLL_MS * 1000000}, NULL);
    }
    /* the text only helps whoever finds it locked: a full disk is no reason to stop */
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(home->lock, 0) != 0 || pwrite(home->lock, pid, (size_t)len, 0) != len)
        errno = 0;
    return 0;
}

/* The line of a file that is not there. It is new for a new directory only: under another name, all
 * that is in this one would be learnt a second time. 0; VOUCH_E_CONFIG: the manifest, which is only
 * made when there is a name, does not tell it; VOUCH_E_IO with errno. */
static int name_writer(int dir, const char *writer, char line_r[JOURNAL_WRITER_ID + 1])
{
    struct manifest m;
    char uuid[UUID_TEXT];
    int rc = manifest_read(dir, &m, NULL, NULL);
    int error = errno;
    if (rc == 0)
        snprintf(line_r, JOURNAL_WRITER_ID + 1, "%s\n", m.writer);
    manifest_clear(&m);
    if (rc == 0)
        return 0;
    if (rc != VOUCH_E_IO)
        return VOUCH_E_CONFIG;
    errno = error;
    if (error != ENOENT)
        return rc;
    errno = EIO;
    if (!new_uuid(uuid))
        return VOUCH_E_IO;
    snprintf(line_r, JOURNAL_WRITER_ID + 1, "%s@%s\n", writer, uuid);
    return 0;
}

/* Reads who this is, or decides it once and for all. */
static int know_writer(struct journal_home *home, const char *path, const char *writer,
                       char *error_r, size_t size)
{
    char line[JOURNAL_WRITER_ID + 1];
    int rc = journal_home_writer(home->dir, home->writer);
    size_t len = strlen(writer);
    if (rc == VOUCH_E_IO && errno == ENOENT) {
        rc = name_writer(home->dir, writer, line);
        if (rc == 0 && journal_file_put(home->dir, "writer", FILE_MODE, true, span_of(line)) != 0)
            rc = VOUCH_E_IO;
        if (rc == 0)
            rc = journal_home_writer(home->dir, home->writer);
    }
    if (rc == VOUCH_E_IO) {
        snprintf(error_r, size, "%s/writer: %s", path, strerror(errno));
        return rc;
    }
    if (rc == 0 && strncmp(home->writer, writer, len) == 0 && home->writer[len] == '@')
        return 0;
    snprintf(
        error_r, size,
        "%s/writer names %s, not this writer: was the directory copied or renamed? Give it its "
        "own name back, or move it away",
        path, rc == 0 ? home->writer : "nobody");
    return VOUCH_E_CONFIG;
}

int journal_home_enter(struct journal_home *home_r, const char *tree, const char *writer,
                       unsigned wait_ms, char *error_r, size_t size)
{
    char path[4096];
    *home_r = (struct journal_home){-1, -1, ""};
    if (!journal_home_name_ok(writer)) {
        snprintf(error_r, size,
                 "\"%.80s\" cannot be a writer's name: at most %d letters, digits, '.', '_', '-', "
                 "and no '.' in front",
                 writer, JOURNAL_WRITER_MAX);
        return VOUCH_E_CONFIG;
    }
    snprintf(path, sizeof path, "%s/%s", tree, writer);
    home_r->dir = make(tree, writer, error_r, size);
    int rc = home_r->dir < 0 ? VOUCH_E_IO : take_lock(home_r, path, wait_ms, error_r, size);
    if (rc == 0)
        rc = know_writer(home_r, path, writer, error_r, size);
    if (rc != 0)
        journal_home_leave(home_r);
    return rc;
}

void journal_home_leave(struct journal_home *home)
{
    if (home->lock >= 0)
        close(home->lock);
    if (home->dir >= 0)
        close(home->dir);
    home->lock = home->dir = -1;
}

static void boot_id(char text_r[UUID_TEXT])
{
    ssize_t n = 0;
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, text_r, UUID_TEXT - 1);
        close(fd);
    }
    if (n == UUID_TEXT - 1)
        text_r[n] = '\0';
    else
        snprintf(text_r, UUID_TEXT, "%s", BOOT_UNKNOWN);
}

/* The file "boot": "<boot id> <floor> <left>". */
struct boot {
    char id[UUID_TEXT];
    uint64_t floor; /* the lowest number that may be given */
    uint64_t left;  /* the last one given when the journal was last closed; 0: not known */
};

/* 0; VOUCH_E_SYNTAX: there is no such file, or it is damaged: nothing is known; VOUCH_E_IO. */
static int read_boot(int dir, struct boot *b_r)
{
    struct span rest, id, floor;
    struct sbuf text;
    int rc = VOUCH_E_SYNTAX;
    *b_r = (struct boot){.floor = 1};
    sbuf_init(&text, BOOT_LINE_MAX);
    if (journal_file_get(dir, "boot", &text) == 0) {
        rest = span_trim(sbuf_span(&text));
        if (span_split(&rest, ' ', &id) && id.len < UUID_TEXT && span_split(&rest, ' ', &floor) &&
            span_uint(floor, UINT64_MAX, &b_r->floor) == 0 &&
            (!rest.p || span_uint(rest, UINT64_MAX, &b_r->left) == 0)) {
            snprintf(b_r->id, sizeof b_r->id, "%.*s", SPAN_ARGS(id));
            rc = 0;
        }
    } else if (errno != ENOENT && errno != EFBIG) {
        rc = VOUCH_E_IO;
    }
    sbuf_clear(&text);
    return rc;
}

static int write_boot(int dir, const struct boot *b)
{
    char line[BOOT_LINE_MAX];
    snprintf(line, sizeof line, "%s %" PRIu64 " %" PRIu64 "\n", b->id, b->floor, b->left);
    return journal_file_put(dir, "boot", FILE_MODE, true, span_of(line));
}

int journal_home_floor(const struct journal_home *home, uint64_t last, uint64_t *floor_r,
                       uint64_t *left_r, char *error_r, size_t size)
{
    char now[UUID_TEXT];
    struct boot b;
    int rc = read_boot(home->dir, &b);
    if (rc == VOUCH_E_IO) {
        snprintf(error_r, size, "cannot read the journal's file boot: %s", strerror(errno));
        return rc;
    }
    boot_id(now);
    *left_r = b.left;
    uint64_t most = b.left > last ? b.left + 1 : last + 1;
    most = most > b.floor ? most : b.floor;
    *floor_r = most;
    if (strcmp(b.id, now) == 0 && strcmp(now, BOOT_UNKNOWN) != 0)
        return 0;
    if (rc == 0 || last > 0)
        *floor_r = (most / BOOT_GAP + 1) * BOOT_GAP;
    b.floor = *floor_r;
    memcpy(b.id, now, sizeof b.id);
    if (write_boot(home->dir, &b) == 0)
        return 0;
    snprintf(error_r, size, "cannot write the journal's file boot: %s", strerror(errno));
    return VOUCH_E_IO;
}

void journal_home_left(const struct journal_home *home, uint64_t last)
{
    struct boot b;
    if (read_boot(home->dir, &b) == 0 && b.left < last) {
        b.left = last;
        (void)write_boot(home->dir, &b); /* without it, less is noticed when records disappear */
    }
}

uint64_t journal_home_last_left(int dir)
{
    struct boot b;
    return read_boot(dir, &b) == 0 ? b.left : 0;
}
