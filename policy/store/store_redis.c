/* SPDX-License-Identifier: BSD-2-Clause */
/* The model in Redis: to come. */
#include <errno.h>
#include <stdio.h>
#include "store_ops.h"

struct store *store_redis_tcp_open(const char *rest, const struct store_options *options,
                                   char *error_r, size_t size)
{
    (void)options;
    snprintf(error_r, size, "store 'redis://%s': not supported yet", rest);
    errno = EINVAL;
    return NULL;
}

struct store *store_redis_unix_open(const char *rest, const struct store_options *options,
                                    char *error_r, size_t size)
{
    (void)options;
    snprintf(error_r, size, "store 'redis+unix:%s': not supported yet", rest);
    errno = EINVAL;
    return NULL;
}
