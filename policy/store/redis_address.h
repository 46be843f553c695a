/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REDIS_ADDRESS_H
#define VOUCH_REDIS_ADDRESS_H

#include <stddef.h>

#define REDIS_PATH_MAX 107 /* bytes; sockaddr_un on Linux */
#define REDIS_HOST_MAX 255 /* RFC 1035 s2.3.4 */
#define REDIS_DB_MAX   99999

/* Where a Redis is: host and port, or the path of a unix socket. */
struct redis_address {
    char host[REDIS_HOST_MAX + 1]; /* "" for a unix socket */
    char port[6];
    char path[REDIS_PATH_MAX + 1];
    unsigned db;
};

/* "HOST[:PORT][/DB]", "[2001:db8::1]:6379/0"; port 6379 and database 0 unless given. 0, or
 * VOUCH_E_SYNTAX with one phrase in error_r. */
int redis_address_tcp(const char *text, struct redis_address *a_r, char *error_r, size_t size);
/* "PATH[?db=N]", likewise */
int redis_address_unix(const char *text, struct redis_address *a_r, char *error_r, size_t size);

#endif
