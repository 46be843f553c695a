/* SPDX-License-Identifier: BSD-2-Clause */
/* A master file (RFC 1035 s5, read by libldns) that answers questions as an authoritative server
 * would: CNAMEs followed, wildcards by their closest encloser (RFC 4592 s3.3.1), empty
 * non-terminals kept apart from names that do not exist. The file is no zone of its own: it may
 * hold names of any domain, needs no SOA, and what it does not hold does not exist. No $INCLUDE, no
 * DNAME, no delegation.
 *
 * Records stand sorted by owner and type. Every name above an owner has a record of type 0, so that
 * a name exists if and only if some record has it as owner. */
#include "zonefile.h"
#include <errno.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "arena.h"
#include "ascii.h"
#include "dnswire.h"
#include "errors.h"

#define TYPE_NONE 0 /* the name exists: says nothing of types */

struct record {
    const uint8_t *owner; /* lower-case wire form */
    const uint8_t *rdata;
    size_t serial; /* order in the file */
    uint16_t owner_length, rdata_length;
    uint16_t type;
};

struct zonefile {
    struct arena *arena;
    struct record *records;
    size_t count, capacity;
};

static int compare_key(const struct record *a, const struct record *b)
{
    if (a->owner_length != b->owner_length)
        return a->owner_length < b->owner_length ? -1 : 1;
    int c = memcmp(a->owner, b->owner, a->owner_length);
    return c ? c : (a->type > b->type) - (a->type < b->type);
}

static int compare(const void *va, const void *vb)
{
    const struct record *a = va, *b = vb;
    int c = compare_key(a, b);
    return c ? c : (a->serial > b->serial) - (a->serial < b->serial);
}

/* Loading. */

static int add_record(struct zonefile *z, const struct record *r)
{
    int rc =
        arena_grow(z->arena, &z->records, z->count, &z->capacity, sizeof *r, ZONEFILE_MAX_RECORDS);
    if (rc == 0) {
        z->records[z->count] = *r;
        z->records[z->count].serial = z->count;
        z->count++;
    }
    return rc;
}

/* The names above r's owner. */
static int add_parents(struct zonefile *z, const struct record *r)
{
    size_t at = 0;
    int rc = 0;
    while (rc == 0 && r->owner[at] != 0) {
        at += 1 + (size_t)r->owner[at];
        struct record parent = {.owner = r->owner + at,
                                .owner_length = (uint16_t)(r->owner_length - at),
                                .type = TYPE_NONE};
        rc = add_record(z, &parent);
    }
    return rc;
}

static bool kept_type(uint16_t type)
{
    return type == DNS_A || type == DNS_PTR || type == DNS_MX || type == DNS_TXT ||
           type == DNS_AAAA || type == DNS_TYPE_CNAME;
}

/* The rdata fields one after the other; ldns keeps each in wire format. NULL: out of memory. */
static const uint8_t *copy_rdata(struct arena *arena, const ldns_rr *rr, size_t *length_r)
{
    size_t length = 0, at = 0;
    for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
        length += ldns_rdf_size(ldns_rr_rdf(rr, i));
    uint8_t *rdata = arena_alloc(arena, length + 1);
    for (size_t i = 0; rdata && i < ldns_rr_rd_count(rr); i++) {
        const ldns_rdf *field = ldns_rr_rdf(rr, i);
        memcpy(rdata + at, ldns_rdf_data(field), ldns_rdf_size(field));
        at += ldns_rdf_size(field);
    }
    *length_r = length;
    return rdata;
}

static int add_rr(struct zonefile *z, ldns_rr *rr)
{
    size_t length = 0;
    ldns_dname2canonical(ldns_rr_owner(rr));
    struct span owner =
        span_make(ldns_rdf_data(ldns_rr_owner(rr)), ldns_rdf_size(ldns_rr_owner(rr)));
    uint8_t *name = arena_alloc(z->arena, owner.len);
    if (!name)
        return VOUCH_E_NOMEM;
    memcpy(name, owner.p, owner.len);
    struct record r = {.owner = name, .owner_length = (uint16_t)owner.len};
    r.type = (uint16_t)ldns_rr_get_type(rr);
    r.rdata = kept_type(r.type) ? copy_rdata(z->arena, rr, &length) : name;
    if (!r.rdata)
        return VOUCH_E_NOMEM;
    if (length > UINT16_MAX || !dnswire_rdata_valid(r.type, span_make(r.rdata, length)))
        return VOUCH_E_SYNTAX;
    r.rdata_length = (uint16_t)length;
    int rc = add_record(z, &r);
    return rc == 0 ? add_parents(z, &r) : rc;
}

/* What is wrong with a record that ldns could not or we would not take; NULL: nothing. */
static const char *take(struct zonefile *z, ldns_status status, ldns_rr *rr)
{
    int rc = 0;
    switch (status) {
    case LDNS_STATUS_OK:
        if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
            return "only class IN is known here";
        rc = add_rr(z, rr);
        return rc == 0                ? NULL
               : rc == VOUCH_E_SYNTAX ? "data that does not fit its type"
               : rc == VOUCH_E_LIMIT  ? "too many records"
                                      : vouch_strerror(rc);
    case LDNS_STATUS_SYNTAX_EMPTY:
    case LDNS_STATUS_SYNTAX_TTL:
    case LDNS_STATUS_SYNTAX_ORIGIN:
        return NULL;
    case LDNS_STATUS_SYNTAX_INCLUDE:
    case LDNS_STATUS_SYNTAX_INCLUDE_ERR_NOTIMPL:
        return "$INCLUDE is not supported: put all records into one file";
    case LDNS_STATUS_SYNTAX_TTL_ERR:
    case LDNS_STATUS_SYNTAX_TYPE_ERR:
        return "after the name a TTL, a class or a record type was expected";
    case LDNS_STATUS_PACKET_OVERFLOW:
        return "the record's data does not fit: a quoted string holds at most 255 bytes";
    case LDNS_STATUS_SYNTAX_RDATA_ERR:
        return "a record type that is not known, or data that does not fit its type";
    default:
        return ldns_get_errorstr_by_id(status);
    }
}

/* Where a reading of the text by its bytes stands. */
struct lexer {
    int line, opened; /* opened: line of the last "(" */
    unsigned depth;
    bool quoted, comment, escaped;
};

/* NULL, or what is wrong with c at this place. */
static const char *lex(struct lexer *l, char c)
{
    const char *wrong = NULL;
    bool plain = !l->quoted && !l->comment && !l->escaped;
    if (c == '\0')
        wrong = "a NUL byte: this is not a zone file";
    else if (c == '\n' && l->quoted)
        wrong = "a quotation mark is not closed";
    else if (c == ')' && plain && l->depth == 0)
        wrong = "a bracket is closed that was not opened";
    else if (c == '"' && !l->comment && !l->escaped)
        l->quoted = !l->quoted;
    else if (c == '(' && plain)
        l->depth++, l->opened = l->line;
    else if (c == ')' && plain)
        l->depth--;
    l->escaped = c == '\\' && !l->comment && !l->escaped;
    l->comment = c != '\n' && (l->comment || (c == ';' && plain));
    l->line += c == '\n' && !wrong;
    return wrong;
}

/* Finds what libldns takes without a word. NULL: nothing; else *line_r is where. */
static const char *check_text(FILE *f, int *line_r)
{
    struct lexer l = {.line = 1};
    const char *wrong = NULL;
    int c;
    while (!wrong && (c = getc(f)) != EOF)
        wrong = lex(&l, (char)c);
    *line_r = l.line;
    if (!wrong && l.quoted)
        wrong = "a quotation mark is not closed";
    if (!wrong && l.depth > 0) {
        wrong = "a bracket is not closed";
        *line_r = l.opened;
    }
    rewind(f);
    return wrong;
}

static int read_records(struct zonefile *z, FILE *f, const char *path, char *error_r, size_t size)
{
    uint32_t ttl = 3600;
    ldns_rdf *origin = NULL, *previous = NULL;
    int line = 0;
    const char *wrong = check_text(f, &line);
    line = wrong ? line : 0;
    while (!wrong && !feof(f) && !ferror(f)) {
        ldns_rr *rr = NULL;
        ldns_status status = ldns_rr_new_frm_fp_l(&rr, f, &ttl, &origin, &previous, &line);
        wrong = take(z, status, rr);
        ldns_rr_free(rr);
    }
    if (ferror(f))
        snprintf(error_r, size, "%s: cannot be read: %s", path, strerror(errno));
    else if (wrong)
        snprintf(error_r, size, "%s:%d: %s", path, line, wrong);
    int rc = wrong || ferror(f) ? VOUCH_E_SYNTAX : 0;
    ldns_rdf_deep_free(origin);
    ldns_rdf_deep_free(previous);
    return rc;
}

/* Names above many owners were noted many times. */
static void drop_duplicates(struct zonefile *z)
{
    size_t kept = 0;
    for (size_t i = 0; i < z->count; i++) {
        const struct record *r = &z->records[i];
        if (kept && r->type == TYPE_NONE && compare_key(r, &z->records[kept - 1]) == 0)
            continue;
        z->records[kept++] = *r;
    }
    z->count = kept;
}

static void zone_free(struct zonefile **zp)
{
    if (!*zp)
        return;
    arena_free(&(*zp)->arena);
    free(*zp);
    *zp = NULL;
}

static struct zonefile *zone_load(const char *path, char *error_r, size_t size)
{
    int rc = VOUCH_E_NOMEM;
    struct stat st;
    struct zonefile *z = calloc(1, sizeof *z);
    FILE *f = fopen(path, "re");
    if (!f || fstat(fileno(f), &st) != 0 || S_ISDIR(st.st_mode)) {
        snprintf(error_r, size, "%s: cannot be read: %s", path, strerror(f ? EISDIR : errno));
        goto out;
    }
    snprintf(error_r, size, "%s: %s", path, vouch_strerror(VOUCH_E_NOMEM));
    if (!z || !(z->arena = arena_new(ZONEFILE_MAX_BYTES)))
        goto out;
    rc = read_records(z, f, path, error_r, size);
    if (rc != 0)
        goto out;
    if (z->count)
        qsort(z->records, z->count, sizeof *z->records, compare);
    drop_duplicates(z);
    error_r[0] = '\0';
out:
    if (f)
        fclose(f);
    if (rc != 0)
        zone_free(&z);
    return z;
}

/* Answering. */

/* The first record of owner with at least this type, or NULL. */
static const struct record *find(const struct zonefile *z, const uint8_t *owner,
                                 size_t owner_length, uint16_t type)
{
    struct record key = {.owner = owner, .owner_length = (uint16_t)owner_length, .type = type};
    size_t low = 0, high = z->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_key(&z->records[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct record *r = low < z->count ? &z->records[low] : NULL;
    if (!r || r->owner_length != owner_length || memcmp(r->owner, owner, owner_length) != 0)
        return NULL;
    return r;
}

/* The owner whose records answer for name: itself, or the wildcard of its closest encloser. False:
 * it does not exist. */
static bool find_owner(const struct zonefile *z, const uint8_t *name, size_t length,
                       uint8_t owner_r[DNS_WIRE_NAME], size_t *length_r)
{
    size_t at = 0;
    memcpy(owner_r, name, length);
    *length_r = length;
    if (find(z, name, length, TYPE_NONE))
        return true;
    while (name[at] != 0) {
        at += 1 + (size_t)name[at];
        if (find(z, name + at, length - at, TYPE_NONE) || name[at] == 0)
            break;
    }
    *length_r = length - at + 2;
    owner_r[0] = 1;
    owner_r[1] = '*';
    memcpy(owner_r + 2, name + at, length - at);
    return find(z, owner_r, *length_r, TYPE_NONE) != NULL;
}

/* The set that starts at r. NULL: out of memory. */
static struct dns_answer *answer_set(const struct zonefile *z, const struct record *r)
{
    const struct record *end = z->records + z->count;
    size_t count = 0, bytes = 0;
    for (const struct record *s = r; s < end && compare_key(s, r) == 0; s++) {
        bytes += s->rdata_length;
        count++;
    }
    if (count > DNS_MAX_RECORDS || bytes > DNS_MAX_ANSWER)
        return dnswire_failure("answer too large");
    struct dns_answer *a = dnswire_answer_new(DNS_FOUND, count, bytes);
    if (!a)
        return NULL;
    char *to = (char *)(a->rdata + count);
    for (size_t i = 0; i < count; i++) {
        memcpy(to, r[i].rdata, r[i].rdata_length);
        a->rdata[i] = span_make(to, r[i].rdata_length);
        to += r[i].rdata_length;
    }
    return a;
}

static struct dns_answer *zone_answer(const struct zonefile *z, const uint8_t *qname,
                                      uint16_t qtype)
{
    uint8_t name[DNS_WIRE_NAME], owner[DNS_WIRE_NAME];
    size_t length = dnswire_name_length(span_make(qname, DNS_WIRE_NAME)), owner_length;
    memcpy(name, qname, length);
    for (unsigned links = 0; links <= DNS_MAX_CNAMES; links++) {
        if (!find_owner(z, name, length, owner, &owner_length))
            return dnswire_answer_new(DNS_NXDOMAIN, 0, 0);
        const struct record *r = find(z, owner, owner_length, qtype);
        if (r && r->type == qtype)
            return answer_set(z, r);
        r = find(z, owner, owner_length, DNS_TYPE_CNAME);
        if (!r || r->type != DNS_TYPE_CNAME)
            return dnswire_answer_new(DNS_NODATA, 0, 0);
        length = r->rdata_length;
        for (size_t i = 0; i < length; i++) /* length bytes are below 'A' */
            name[i] = (uint8_t)ascii_lower((char)r->rdata[i]);
    }
    return dnswire_failure("too many CNAMEs");
}

const struct zonefile_ops zonefile_ops = {zone_load, zone_free, zone_answer};
