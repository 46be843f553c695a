/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_PROCESS_USAGE_H
#define VOUCH_PROCESS_USAGE_H

#include <stdint.h>

/* What this process uses; -1 where the system does not tell. */
struct process_usage {
    int64_t resident_bytes, open_files, max_files, threads;
    double cpu_seconds;
};
void process_usage(struct process_usage *usage_r);

#endif
