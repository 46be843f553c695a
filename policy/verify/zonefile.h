/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_ZONEFILE_H
#define VOUCH_ZONEFILE_H

#include <stddef.h>
#include <stdint.h>

struct dns_answer;

/* Records of a master file (RFC 1035 s5) in memory: answers without a network. Immutable once
 * loaded, so shared by threads. */
struct zonefile;

#define ZONEFILE_MAX_RECORDS 4000000           /* names without records count too */
#define ZONEFILE_MAX_BYTES   ((size_t)1 << 30) /* of names and data */

/* A resolver reaches it by this, so that a program that never reads a zone file need not have libldns. */
struct zonefile_ops {
    /* NULL on error: "FILE:LINE: what" in error_r. */
    struct zonefile *(*load)(const char *path, char *error_r, size_t size);
    void (*free)(struct zonefile **zp);
    /* qname in lower-case wire form. CNAMEs are followed, wildcards are RFC 4592's; a name that is not
     * there is DNS_NXDOMAIN. NULL: out of memory. To be freed with free(). */
    struct dns_answer *(*answer)(const struct zonefile *z, const uint8_t *qname, uint16_t qtype);
};
extern const struct zonefile_ops zonefile_ops;

#endif
