/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose a model is: the daemon's user, also when root imports into it or is the first to look. */
#include "lmdb_owner.h"
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory that path is in. */
static void parent(const char *path, char parent_r[PATH_MAX])
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    while (len > 0 && path[len - 1] != '/')
        len--;
    while (len > 1 && path[len - 1] == '/')
        len--;
    snprintf(parent_r, PATH_MAX, "%.*s", len > 0 ? (int)len : 1, len > 0 ? path : ".");
}

void lmdb_owner_become(const char *dir, struct lmdb_owner *saved_r)
{
    char above[PATH_MAX];
    struct stat st;
    *saved_r = (struct lmdb_owner){0, getegid()};
    if (geteuid() != 0)
        return;
    parent(dir, above);
    if (stat(dir, &st) != 0 && (errno != ENOENT || stat(above, &st) != 0))
        return;
    if (st.st_uid == 0 || setegid(st.st_gid) != 0)
        return;
    if (seteuid(st.st_uid) == 0)
        saved_r->uid = st.st_uid;
    else
        lmdb_owner_resume(&(struct lmdb_owner){st.st_uid, saved_r->gid});
}

void lmdb_owner_resume(const struct lmdb_owner *saved)
{
    if (saved->uid == 0)
        return;
    int error = errno;
    if (seteuid(0) != 0 || setegid(saved->gid) != 0)
        errno = error; /* less than root is left: what needed it will say so */
    errno = error;
}

static const char *user_name(uid_t uid, char number[16])
{
    const struct passwd *pw = getpwuid(uid);
    if (pw)
        return pw->pw_name;
    snprintf(number, 16, "%lu", (unsigned long)uid);
    return number;
}

void lmdb_owner_explain(const char *dir, char *text_r, size_t size)
{
    char paths[4][PATH_MAX], me[64], number[16];
    struct stat st;
    snprintf(paths[0], PATH_MAX, "%s/data.mdb", dir);
    snprintf(paths[1], PATH_MAX, "%s/lock.mdb", dir);
    snprintf(paths[2], PATH_MAX, "%s", dir);
    parent(dir, paths[3]);
    snprintf(text_r, size, "%s", "");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (stat(paths[i], &st) == 0 && st.st_uid != geteuid()) {
            snprintf(me, sizeof me, "%s", user_name(geteuid(), number));
            snprintf(text_r, size, " (this is user '%s', and %s belongs to user '%s')", me,
                     paths[i], user_name(st.st_uid, number));
            return;
        }
}
