/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom the model must forget: the list and its codec. Which keys are whose is erasure_key.c's.
 *
 * Bytes: VALUE_ERASURE, then for each subject, in order: time (8, big-endian, seconds), length (2),
 * subject. */
#include "erasure.h"
#include <stdlib.h>
#include <string.h>
#include "domain.h"
#include "erasure_private.h"
#include "errors.h"
#include "identity.h"
#include "value.h"

#define SCRATCH 16384 /* of one address in UTF-8 */

enum { TIME_BYTES = 8, LENGTH_BYTES = 2, ITEM_BYTES = TIME_BYTES + LENGTH_BYTES };

static int copy_subject(const char *text, char subject_r[ERASURE_SUBJECT_MAX + 1])
{
    size_t len = strlen(text);
    if (len > ERASURE_SUBJECT_MAX)
        return VOUCH_E_RANGE;
    memcpy(subject_r, text, len + 1);
    return 0;
}

static int address_subject(struct span text, char subject_r[ERASURE_SUBJECT_MAX + 1])
{
    const char *address;
    struct arena *arena = arena_new(SCRATCH);
    if (!arena)
        return VOUCH_E_NOMEM;
    int rc = identity_address(arena, text, &address);
    if (rc == 0)
        rc = copy_subject(address, subject_r);
    arena_free(&arena);
    return rc;
}

/* A mistyped IP address would pass for a domain: none has a top-level name of digits (RFC 3696 s2). */
static bool is_digits(const char *domain)
{
    const char *last = strrchr(domain, '.');
    last = last ? last + 1 : domain;
    return last[strspn(last, "0123456789")] == '\0';
}

const char *erasure_network(const struct ipnet *net, char text_r[IPNET_TEXT])
{
    if (net->prefix == (net->addr.family == IP_V4 ? 32 : 128))
        return ipaddr_format(&net->addr, text_r);
    return ipnet_format(net, text_r);
}

int erasure_subject(struct span text, char subject_r[ERASURE_SUBJECT_MAX + 1])
{
    struct ipnet net;
    char domain[DOMAIN_MAX + 1], network[IPNET_TEXT];
    text = span_trim(text);
    if (text.len > ERASURE_SUBJECT_MAX)
        return VOUCH_E_RANGE;
    int rc = ipnet_parse(text, &net);
    if (rc == 0)
        return copy_subject(erasure_network(&net, network), subject_r);
    if (rc == VOUCH_E_RANGE)
        return rc;
    if (span_index(text, '@', 0) >= 0)
        return address_subject(text, subject_r);
    rc = domain_normalize(text, domain);
    if (rc == 0 && is_digits(domain))
        rc = VOUCH_E_SYNTAX;
    return rc != 0 ? rc : copy_subject(domain, subject_r);
}

enum erasure_kind erasure_kind(const char *subject, struct ipnet *net_r)
{
    if (strchr(subject, '@'))
        return ERASURE_ADDRESS;
    return ipnet_parse(span_of(subject), net_r) == 0 ? ERASURE_NETWORK : ERASURE_DOMAIN;
}

struct erasure_list *erasure_list_new(void)
{
    return calloc(1, sizeof(struct erasure_list));
}

void erasure_list_free(struct erasure_list **lp)
{
    struct erasure_list *l = *lp;
    if (!l)
        return;
    for (size_t i = 0; i < l->count; i++)
        free(l->items[i].subject);
    free(l->items);
    free(l);
    *lp = NULL;
}

/* <0, 0, >0 as strcmp; subject may not hold a NUL */
static int compare(struct span a, const char *b)
{
    size_t b_len = strlen(b);
    int order = memcmp(a.p, b, a.len < b_len ? a.len : b_len);
    return order ? order : (a.len > b_len) - (a.len < b_len);
}

/* Where subject stands or would stand. */
static size_t place(const struct erasure_list *l, struct span subject, bool *found_r)
{
    size_t from = 0, to = l->count;
    *found_r = false;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = compare(subject, l->items[middle].subject);
        if (order == 0) {
            *found_r = true;
            return middle;
        }
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return from;
}

int64_t erasure_find(const struct erasure_list *l, struct span subject)
{
    bool found;
    size_t at = subject.len ? place(l, subject, &found) : 0;
    return subject.len && found ? l->items[at].time : ERASURE_NONE;
}

static int make_room(struct erasure_list *l)
{
    if (l->count >= ERASURE_MAX)
        return VOUCH_E_LIMIT;
    if (l->count < l->cap)
        return 0;
    size_t cap = l->cap ? 2 * l->cap : 8;
    struct erasure *items = realloc(l->items, cap * sizeof *items);
    if (!items)
        return VOUCH_E_NOMEM;
    l->items = items;
    l->cap = cap;
    return 0;
}

static int insert(struct erasure_list *l, size_t at, struct span subject, int64_t time)
{
    struct ipnet net;
    int rc = make_room(l);
    if (rc != 0)
        return rc;
    char *copy = malloc(subject.len + 1);
    if (!copy)
        return VOUCH_E_NOMEM;
    memcpy(copy, subject.p, subject.len);
    copy[subject.len] = '\0';
    memmove(l->items + at + 1, l->items + at, (l->count - at) * sizeof *l->items);
    l->items[at] = (struct erasure){copy, time};
    l->count++;
    if (erasure_kind(copy, &net) == ERASURE_NETWORK)
        (net.addr.family == IP_V4 ? l->v4 : l->v6)[net.prefix] = true;
    return 0;
}

int erasure_add(struct erasure_list *l, struct span subject, int64_t time)
{
    char text[ERASURE_SUBJECT_MAX + 1];
    bool found;
    int rc = erasure_subject(subject, text);
    if (rc != 0)
        return rc;
    if (time < 0)
        time = 0;
    size_t at = place(l, span_of(text), &found);
    if (!found)
        return insert(l, at, span_of(text), time);
    if (time > l->items[at].time)
        l->items[at].time = time;
    return 0;
}

bool erasure_has(const struct erasure_list *l, struct span subject, int64_t time)
{
    char text[ERASURE_SUBJECT_MAX + 1];
    return erasure_subject(subject, text) == 0 && erasure_find(l, span_of(text)) >= time;
}

const struct erasure *erasure_items(const struct erasure_list *l, size_t *count_r)
{
    *count_r = l->count;
    return l->items;
}

static void put_uint(struct sbuf *out, uint64_t value, int bytes)
{
    while (bytes-- > 0)
        sbuf_addc(out, (char)(value >> (8 * bytes)));
}

static uint64_t get_uint(const uint8_t *p, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return value;
}

void erasure_encode(const struct erasure_list *l, struct sbuf *out)
{
    sbuf_addc(out, VALUE_ERASURE);
    for (size_t i = 0; i < l->count; i++) {
        struct span subject = span_of(l->items[i].subject);
        put_uint(out, (uint64_t)l->items[i].time, TIME_BYTES);
        put_uint(out, subject.len, LENGTH_BYTES);
        sbuf_addspan(out, subject);
    }
}

/* One item off the front of *data, to the end of the list. */
static int decode_item(struct erasure_list *l, struct span *data)
{
    const uint8_t *p = (const uint8_t *)data->p;
    bool found;
    if (data->len < ITEM_BYTES)
        return VOUCH_E_SYNTAX;
    uint64_t time = get_uint(p, TIME_BYTES);
    size_t len = (size_t)get_uint(p + TIME_BYTES, LENGTH_BYTES);
    struct span subject = span_slice(*data, ITEM_BYTES, ITEM_BYTES + len);
    if (time > INT64_MAX || len == 0 || len > ERASURE_SUBJECT_MAX || subject.len != len ||
        memchr(subject.p, '\0', len) || place(l, subject, &found) != l->count)
        return VOUCH_E_SYNTAX; /* an item that is not behind all others is none of ours */
    *data = span_slice(*data, ITEM_BYTES + len, data->len);
    int rc = insert(l, l->count, subject, (int64_t)time);
    return rc == VOUCH_E_LIMIT ? VOUCH_E_SYNTAX : rc;
}

int erasure_decode(const void *bytes, size_t len, struct erasure_list **l_r)
{
    struct span data = span_make(bytes, len);
    if (len == 0 || *(const uint8_t *)bytes != VALUE_ERASURE)
        return VOUCH_E_SYNTAX;
    struct erasure_list *l = erasure_list_new();
    if (!l)
        return VOUCH_E_NOMEM;
    int rc = 0;
    for (data = span_slice(data, 1, len); rc == 0 && data.len > 0;)
        rc = decode_item(l, &data);
    if (rc != 0) {
        erasure_list_free(&l);
        return rc;
    }
    *l_r = l;
    return 0;
}
