/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what a DNS response answers: the records of one name and type after CNAMEs, with compressed
 * names expanded (RFC 1035 s4.1.4). A response is whatever came over the network: every offset is
 * checked, a compression pointer must point backwards, and all that is malformed is DNS_FAILED.
 * Sections after the answer are not looked at. */
#include "dnswire.h"
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "ascii.h"
#include "ipaddr.h"

#define HEADER 12 /* octets, RFC 1035 s4.1.1 */
#define FIXED  10 /* type, class, TTL, RDLENGTH of a record */

static uint8_t byte_at(struct span s, size_t i)
{
    return (uint8_t)s.p[i];
}

static uint16_t u16_at(struct span s, size_t i)
{
    return (uint16_t)(byte_at(s, i) << 8 | byte_at(s, i + 1));
}

/* One character of a presentation name; *textp is moved past it. -1: a malformed escape. */
static int unescape(const char **textp)
{
    const char *t = *textp;
    if (*t != '\\') {
        *textp = t + 1;
        return (uint8_t)*t;
    }
    if (!ascii_is_digit(t[1])) {
        *textp = t + 2;
        return t[1] ? (uint8_t)t[1] : -1;
    }
    if (!ascii_is_digit(t[2]) || !ascii_is_digit(t[3]))
        return -1;
    int value = (t[1] - '0') * 100 + (t[2] - '0') * 10 + (t[3] - '0');
    *textp = t + 4;
    return value <= 255 ? value : -1;
}

size_t dnswire_name(const char *text, uint8_t name_r[DNS_WIRE_NAME])
{
    size_t label = 0, n = 1; /* where the current label's length goes; bytes so far */
    while (*text) {
        if (*text == '.') {
            if (n == label + 1 || n == DNS_WIRE_NAME)
                return 0;
            name_r[label] = (uint8_t)(n - label - 1);
            label = n++;
            text++;
            continue;
        }
        int c = unescape(&text);
        if (c < 0 || n - label > 63 || n == DNS_WIRE_NAME)
            return 0;
        name_r[n++] = (uint8_t)ascii_lower((char)c);
    }
    if (n > label + 1) {
        if (n == DNS_WIRE_NAME)
            return 0;
        name_r[label] = (uint8_t)(n - label - 1);
        label = n++;
    }
    name_r[label] = 0;
    return n > 1 ? n : 0;
}

size_t dnswire_name_length(struct span s)
{
    size_t n = 0;
    while (n < s.len && n < DNS_WIRE_NAME) {
        uint8_t label = byte_at(s, n);
        if (label > 63)
            return 0;
        n += 1 + (size_t)label;
        if (label == 0)
            return n <= DNS_WIRE_NAME ? n : 0;
    }
    return 0;
}

/* Expands the name at *atp into name_r and moves *atp past it. Its length, or 0. */
static size_t expand(struct span packet, size_t *atp, uint8_t name_r[DNS_WIRE_NAME])
{
    size_t at = *atp, n = 0;
    bool jumped = false;
    for (;;) {
        if (at >= packet.len)
            return 0;
        uint8_t label = byte_at(packet, at);
        if (label >= 0xc0) {
            if (at + 1 >= packet.len)
                return 0;
            size_t target = u16_at(packet, at) & 0x3fff;
            if (target >= at)
                return 0;
            if (!jumped)
                *atp = at + 2;
            jumped = true;
            at = target;
            continue;
        }
        if (label > 63 || packet.len - at < 1 + (size_t)label || n + 1 + label > DNS_WIRE_NAME)
            return 0;
        name_r[n++] = label;
        for (size_t i = 1; i <= label; i++)
            name_r[n++] = (uint8_t)ascii_lower(packet.p[at + i]);
        at += 1 + (size_t)label;
        if (label == 0)
            break;
    }
    if (!jumped)
        *atp = at;
    return n;
}

bool dnswire_rdata_valid(uint16_t type, struct span rdata)
{
    size_t at = 0;
    switch (type) {
    case DNS_A:
        return rdata.len == 4;
    case DNS_AAAA:
        return rdata.len == 16;
    case DNS_PTR:
    case DNS_TYPE_CNAME:
        return rdata.len > 0 && dnswire_name_length(rdata) == rdata.len;
    case DNS_MX:
        return rdata.len > 2 &&
               dnswire_name_length(span_slice(rdata, 2, rdata.len)) == rdata.len - 2;
    case DNS_TXT:
        while (at < rdata.len)
            at += 1 + (size_t)byte_at(rdata, at);
        return at == rdata.len; /* none at all is illegal, but openspf's suites want it borne */
    default:
        return true;
    }
}

struct dns_answer *dnswire_answer_new(enum dns_status status, size_t count, size_t bytes)
{
    struct dns_answer *a = calloc(1, sizeof *a + count * sizeof *a->rdata + bytes);
    if (!a)
        return NULL;
    a->status = status;
    a->count = count;
    if (count) {
        a->rdata = (struct span *)(a + 1);
        a->rdata[0].p = (const char *)(a->rdata + count);
    }
    return a;
}

struct dns_answer *dnswire_failure(const char *why)
{
    size_t n = strlen(why) + 1;
    struct dns_answer *a = dnswire_answer_new(DNS_FAILED, 0, n);
    if (a)
        a->why = memcpy(a + 1, why, n);
    return a;
}

/* Where the records that answer go: counted in a first walk, copied in a second. */
struct sink {
    size_t count, bytes;
    struct span *rdata; /* NULL: only count */
    char *to;
};

static bool put(struct sink *sink, const void *p, size_t n)
{
    if (n > DNS_MAX_ANSWER - sink->bytes)
        return false;
    if (sink->rdata)
        memcpy(sink->to + sink->bytes, p, n);
    sink->bytes += n;
    return true;
}

/* One record's rdata, uncompressed. */
static bool put_rdata(struct sink *sink, struct span packet, size_t at, size_t length,
                      uint16_t type)
{
    size_t start = sink->bytes, end = at + length;
    uint8_t name[DNS_WIRE_NAME];
    if (sink->count == DNS_MAX_RECORDS)
        return false;
    if (type == DNS_PTR || type == DNS_MX) {
        size_t head = type == DNS_MX ? 2 : 0;
        if (length < head || !put(sink, packet.p + at, head))
            return false;
        at += head;
        size_t n = expand(packet, &at, name);
        if (n == 0 || at != end || !put(sink, name, n))
            return false;
    } else if (!dnswire_rdata_valid(type, span_slice(packet, at, end)) ||
               !put(sink, packet.p + at, length)) {
        return false;
    }
    if (sink->rdata)
        sink->rdata[sink->count] = span_make(sink->to + start, sink->bytes - start);
    sink->count++;
    return true;
}

/* Moves *atp past a record and tells what it is. False if the packet ends before it does. */
static bool next_record(struct span packet, size_t *atp, uint8_t owner_r[DNS_WIRE_NAME],
                        size_t *owner_length_r, uint16_t *type_r, size_t *rdata_r, size_t *length_r)
{
    size_t at = *atp;
    *owner_length_r = expand(packet, &at, owner_r);
    if (*owner_length_r == 0 || packet.len - at < FIXED)
        return false;
    *type_r = u16_at(packet, at);
    *length_r = u16_at(packet, at + 8);
    *rdata_r = at + FIXED;
    *atp = *rdata_r + *length_r;
    return *atp <= packet.len;
}

/* The records of qtype at qname or at the end of its CNAMEs, which stand in order. */
static bool walk(struct span packet, const uint8_t *qname, uint16_t qtype, struct sink *sink)
{
    uint8_t current[DNS_WIRE_NAME], owner[DNS_WIRE_NAME];
    size_t at = HEADER, current_length = dnswire_name_length(span_make(qname, DNS_WIRE_NAME));
    size_t links = 0, owner_length, rdata, length;
    uint16_t type;
    memcpy(current, qname, current_length);
    for (unsigned questions = u16_at(packet, 4); questions > 0; questions--) {
        if (!expand(packet, &at, owner) || packet.len - at < 4)
            return false;
        at += 4;
    }
    for (unsigned records = u16_at(packet, 6); records > 0; records--) {
        if (!next_record(packet, &at, owner, &owner_length, &type, &rdata, &length))
            return false;
        if (owner_length != current_length || memcmp(owner, current, owner_length) != 0)
            continue;
        if (type == qtype && !put_rdata(sink, packet, rdata, length, qtype))
            return false;
        if (type != DNS_TYPE_CNAME || qtype == DNS_TYPE_CNAME)
            continue;
        current_length = expand(packet, &rdata, current);
        if (current_length == 0 || ++links > DNS_MAX_CNAMES)
            return false;
    }
    return true;
}

static const char *rcode_phrase(unsigned rcode)
{
    static const char *const phrases[] = {
        [1] = "FORMERR", [2] = "SERVFAIL", [4] = "NOTIMP", [5] = "REFUSED"};
    const char *phrase = rcode < sizeof phrases / sizeof phrases[0] ? phrases[rcode] : NULL;
    return phrase ? phrase : "the server answered with an error";
}

struct dns_answer *dnswire_answer(struct span packet, const uint8_t *qname, uint16_t qtype)
{
    struct sink sink = {0};
    if (packet.len < HEADER)
        return dnswire_failure("malformed answer");
    unsigned rcode = byte_at(packet, 3) & 15;
    if (rcode == 3)
        return dnswire_answer_new(DNS_NXDOMAIN, 0, 0);
    if (rcode != 0)
        return dnswire_failure(rcode_phrase(rcode));
    if (byte_at(packet, 2) & 2)
        return dnswire_failure("answer too large");
    if (!walk(packet, qname, qtype, &sink))
        return dnswire_failure("malformed answer");
    if (sink.count == 0)
        return dnswire_answer_new(DNS_NODATA, 0, 0);
    struct dns_answer *a = dnswire_answer_new(DNS_FOUND, sink.count, sink.bytes);
    if (!a)
        return NULL;
    sink = (struct sink){.rdata = a->rdata, .to = (char *)(a->rdata + a->count)};
    walk(packet, qname, qtype, &sink);
    return a;
}

enum dns_type dns_address_type(const struct ipaddr *ip)
{
    return ip->family == IP_V6 ? DNS_AAAA : DNS_A;
}

bool dns_has_address(const struct dns_answer *answer, const struct ipaddr *ip)
{
    struct span wanted = span_make(ip->bytes, ip->family == IP_V6 ? 16 : 4);
    for (size_t i = 0; i < answer->count; i++)
        if (span_eq(answer->rdata[i], wanted))
            return true;
    return false;
}

char *dns_txt_join(struct arena *arena, struct span rdata, size_t *len_r)
{
    char *text = arena_alloc(arena, rdata.len + 1);
    size_t n = 0, at = 0;
    if (!text)
        return NULL;
    while (at < rdata.len) {
        size_t length = byte_at(rdata, at++);
        if (length > rdata.len - at)
            length = rdata.len - at;
        memcpy(text + n, rdata.p + at, length);
        n += length;
        at += length;
    }
    *len_r = n;
    return text;
}

/* c in presentation form (RFC 1035 s5.1, RFC 4343 s2.1) */
static char *put_char(char *to, uint8_t c)
{
    if (!ascii_is_visible((char)c)) {
        *to++ = '\\';
        *to++ = (char)('0' + c / 100);
        *to++ = (char)('0' + c / 10 % 10);
        *to++ = (char)('0' + c % 10);
        return to;
    }
    if (strchr(".\\\"();@$", c))
        *to++ = '\\';
    *to++ = ascii_lower((char)c);
    return to;
}

bool dns_name_text(struct span rdata, size_t offset, char name_r[DNS_NAME_TEXT])
{
    struct span s = span_slice(rdata, offset, rdata.len);
    char *to = name_r;
    name_r[0] = '\0';
    if (dnswire_name_length(s) == 0)
        return false;
    for (size_t at = 0; byte_at(s, at) != 0; at += 1 + (size_t)byte_at(s, at)) {
        if (at > 0)
            *to++ = '.';
        for (size_t i = 1; i <= byte_at(s, at); i++)
            to = put_char(to, byte_at(s, at + i));
    }
    *to = '\0';
    return true;
}
