/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux's /proc (proc(5)); other systems tell the rest. */
#include "process_usage.h"
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The files under which this process stands there, but the one that counts them. */
static int64_t count_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int64_t count = -1; /* the directory's own */
    if (!dir)
        return -1;
    for (struct dirent *e; (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void read_stat(struct process_usage *u)
{
    char line[1024] = "";
    int64_t threads, pages;
    FILE *f = fopen("/proc/self/stat", "re");
    if (!f)
        return;
    /* the name in parentheses may hold anything */
    char *rest = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
    if (rest && sscanf(rest,
                       ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
                       "%" SCNd64 " %*d %*u %*u %" SCNd64,
                       &threads, &pages) == 2) {
        u->threads = threads;
        u->resident_bytes = pages * sysconf(_SC_PAGESIZE);
    }
    fclose(f);
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

void process_usage(struct process_usage *usage_r)
{
    struct rlimit files;
    struct rusage used;
    *usage_r = (struct process_usage){-1, -1, -1, -1, -1};
    read_stat(usage_r);
    usage_r->open_files = count_files();
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY)
        usage_r->max_files = (int64_t)files.rlim_cur;
    if (getrusage(RUSAGE_SELF, &used) == 0)
        usage_r->cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
}
