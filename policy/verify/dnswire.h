/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DNSWIRE_H
#define VOUCH_DNSWIRE_H

#include "resolver.h"

/* DNS names and answers in wire format (RFC 1035 s3, s4): no I/O. */

#define DNS_WIRE_NAME   255 /* RFC 1035 s2.3.4, with length bytes and the root */
#define DNS_TYPE_CNAME  5
#define DNS_MAX_CNAMES  16    /* links of one chain; libunbound follows 11 */
#define DNS_MAX_RECORDS 256   /* of one answer; no honest set of TXT, MX or PTR is larger */
#define DNS_MAX_ANSWER  65536 /* bytes of rdata of one answer, names expanded */

/* Presentation form (with \DDD and \X escapes, with or without the final dot) to lower-case wire
 * form. Returns its length, or 0 for a name that cannot be asked: empty, an empty label, a label
 * over 63 or a name over 255 octets. */
size_t dnswire_name(const char *text, uint8_t name_r[DNS_WIRE_NAME]);
/* Length of the uncompressed name at the start of s, with its final 0; 0 if there is none. */
size_t dnswire_name_length(struct span s);
/* Whether rdata is well-formed for its type, names uncompressed. Types that are neither in enum
 * dns_type nor CNAME are taken as they are. */
bool dnswire_rdata_valid(uint16_t type, struct span rdata);

/* One allocation with room for count records of bytes in all: rdata[0].p is where the first one's
 * bytes go, the caller sets each span. NULL: out of memory. To be freed with free(). */
struct dns_answer *dnswire_answer_new(enum dns_status status, size_t count, size_t bytes);
/* What a response (a whole DNS message) answers to the question; qname in lower-case wire form.
 * NULL: out of memory. */
struct dns_answer *dnswire_answer(struct span packet, const uint8_t *qname, uint16_t qtype);
/* A failure as an answer; why is copied. */
struct dns_answer *dnswire_failure(const char *why);

#endif
