/* SPDX-License-Identifier: BSD-2-Clause */
/* DKIM verification: RFC 6376, RFC 8301, RFC 8463. dkim_signature judges what a field shows by
 * itself, dkim_key what DNS answered; libopendkim canonicalizes, hashes and verifies what is left.
 * Each signature is judged on its own; libopendkim's opinion of the message as a whole is not
 * asked. One message costs one pass over the body for each canonicalization (dkim_hash), and one
 * verification for each signature; the key's parsed form is kept (key_cache). Only a body of which
 * l= signs a part goes through libopendkim.
 *
 * libopendkim (2.11.0~beta2) is guarded against, beyond what dkim_signature withholds:
 * - h= that uses up every field of the message and names one more: it writes one pointer past an
 *   array with room for each field. A last field that h= cannot name is always added.
 * - x= and t= are held against the clock, not against now: its clock drift is set so wide that it
 *   takes any time after DKIM_EPOCH, and dkim_signature judges alone.
 * - a From it cannot parse, or a body without a last line end, ends the judging of all signatures.
 * - a published key record: it only sees the type and the key.
 * - LF folds and NUL in fields.
 * A CR alone in the body vanishes in its relaxed form where l= is used; that is left as it is.
 *
 * Not here: ARC (RFC 8617), ADSP, ATPS, reports, UTF-8 in signatures (RFC 8616). */
#include <opendkim/dkim.h>
#include "dkim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "dkim_field.h"
#include "dkim_hash.h"
#include "dkim_key.h"
#include "dkim_library.h"
#include "dkim_stream.h"
#include "errors.h"
#include "key_cache.h"
#include "resolver.h"
#include "sbuf.h"

/* White space inside, so no item of h= (which has none) equals it. */
#define NAMELESS_FIELD "X No h= names this:"

struct item {
    struct dkim_signature sig;
    int index;                /* in libopendkim's list; -1: not there */
    DKIM_SIGINFO *info;       /* from end of header on */
    struct dns_question *key; /* NULL if none was asked */
    const char *record;       /* key record for libopendkim; NULL before it is known */
};

struct dkim_verifier {
    DKIM_LIB *lib;
    struct key_cache *keys;
};

struct dkim_check {
    struct dkim_verifier *verifier;
    DKIM *dkim;
    struct arena *library; /* what libopendkim allocates for it */
    struct arena *arena;
    struct dns_batch *dns;
    int64_t now;
    struct item *items;
    const char **domains;
    size_t count, max, skipped;
    int listed; /* signatures libopendkim was shown */
    bool from;  /* there is a From field */
    bool withheld, header_cut, body_cut;
    struct sbuf text;
    struct dkim_stream body;
    struct dkim_hash simple, relaxed; /* of the body; not begun if l= is held against it */
};

static bool pending(const struct item *item)
{
    return item->sig.result.result == AUTH_UNKNOWN;
}

static bool any_pending(const struct dkim_check *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (pending(&c->items[i]))
            return true;
    return false;
}

static void judge_all(struct dkim_check *c, enum auth_result result, const char *reason)
{
    for (size_t i = 0; i < c->count; i++)
        dkim_signature_judge(&c->items[i].sig, result, reason);
}

/* libopendkim asks for a key: all were fetched before. */
static DKIM_CBSTAT give_key(DKIM *dkim, DKIM_SIGINFO *info, unsigned char *buf, size_t size)
{
    const struct dkim_check *c = dkim_get_user_context(dkim);
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].info == info && c->items[i].record) {
            int n = snprintf((char *)buf, size, "%s", c->items[i].record);
            return n > 0 && (size_t)n < size ? DKIM_CBSTAT_CONTINUE : DKIM_CBSTAT_ERROR;
        }
    return DKIM_CBSTAT_ERROR;
}

struct dkim_verifier *dkim_verifier_new(char *error_r, size_t size)
{
    struct dkim_verifier *v = calloc(1, sizeof *v);
    snprintf(error_r, size, "out of memory");
    if (v && (v->keys = key_cache_new()) && (v->lib = dkim_library_open(give_key, error_r, size)))
        return v;
    dkim_verifier_free(&v);
    return NULL;
}

void dkim_verifier_free(struct dkim_verifier **vp)
{
    struct dkim_verifier *v = *vp;
    *vp = NULL;
    if (!v)
        return;
    if (v->lib)
        dkim_close(v->lib);
    key_cache_free(&v->keys);
    free(v);
}

struct dkim_check *dkim_check_new(struct dkim_verifier *verifier, struct arena *arena,
                                  struct dns_batch *dns, unsigned max_signatures, int64_t now)
{
    DKIM_STAT status;
    struct dkim_check *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->arena = arena;
    c->dns = dns;
    c->max = max_signatures;
    c->now = now;
    sbuf_init(&c->text, SIZE_MAX);
    c->verifier = verifier;
    c->library = arena_new(SIZE_MAX);
    if (c->library)
        c->dkim = dkim_verify(verifier->lib, (const unsigned char *)"-", c->library, &status);
    if (!c->dkim || dkim_set_user_context(c->dkim, c) != DKIM_STAT_OK)
        dkim_check_free(&c);
    return c;
}

void dkim_check_free(struct dkim_check **cp)
{
    struct dkim_check *c = *cp;
    *cp = NULL;
    if (!c)
        return;
    if (c->dkim)
        dkim_free(c->dkim);
    arena_free(&c->library);
    dkim_hash_clear(&c->simple);
    dkim_hash_clear(&c->relaxed);
    sbuf_clear(&c->text);
    free(c);
}

size_t dkim_check_memory(const struct dkim_check *c)
{
    return c ? sizeof *c + arena_held(c->library) : 0;
}

static int show(struct dkim_check *c, struct span field, DKIM_STAT *status_r)
{
    /* the library does not write to it */
    *status_r = dkim_header(c->dkim, (unsigned char *)(uintptr_t)field.p, field.len);
    return *status_r == DKIM_STAT_NORESOURCE || *status_r == DKIM_STAT_INTERNAL ? VOUCH_E_NOMEM : 0;
}

/* Reads one more signature and asks for its key; *item_r is NULL if it is one too many. */
static int add_signature(struct dkim_check *c, struct span value, struct item **item_r)
{
    *item_r = NULL;
    if (c->count >= c->max) {
        c->skipped++;
        return 0;
    }
    if (!c->items) {
        c->items = arena_array(c->arena, c->max, sizeof *c->items);
        c->domains = arena_array(c->arena, c->max, sizeof *c->domains);
        if (!c->items || !c->domains)
            return VOUCH_E_NOMEM;
    }
    struct item *item = &c->items[c->count];
    item->index = -1;
    if (dkim_signature_parse(c->arena, value, c->now, &item->sig) != 0)
        return VOUCH_E_NOMEM;
    if (pending(item)) {
        item->key = dns_ask(c->dns, item->sig.key_name, DNS_TXT);
        if (!item->key)
            return VOUCH_E_NOMEM;
    }
    c->body.measured |= item->sig.has_length;
    c->domains[c->count++] = item->sig.result.domain;
    *item_r = item;
    return 0;
}

int dkim_check_field(struct dkim_check *c, struct span name, struct span value)
{
    struct span bare = dkim_field_name(name);
    struct item *item = NULL;
    DKIM_STAT status;
    c->from |= span_ieq_cstr(bare, "From");
    if (!bare.p)
        return 0;
    if (span_ieq_cstr(bare, "DKIM-Signature")) {
        if (add_signature(c, value, &item) != 0)
            return VOUCH_E_NOMEM;
        if (!item || item->sig.withheld) {
            c->withheld = true;
            return 0;
        }
    }
    if (dkim_field_text(&c->text, name, value) != 0 || show(c, sbuf_span(&c->text), &status) != 0)
        return VOUCH_E_NOMEM;
    if (item)
        item->index = c->listed++;
    if (item && status != DKIM_STAT_OK)
        dkim_signature_judge(&item->sig, AUTH_PERMERROR, "the field is malformed");
    return 0;
}

void dkim_check_header_cut(struct dkim_check *c)
{
    c->header_cut = true;
}

/* Finds each signature in libopendkim's list, and takes over what that found wrong with it. */
static void link_signatures(struct dkim_check *c)
{
    DKIM_SIGINFO **list = NULL;
    int count = 0;
    if (dkim_getsiglist(c->dkim, &list, &count) != DKIM_STAT_OK || count != c->listed) {
        judge_all(c, AUTH_PERMERROR, "libopendkim does not list the signatures");
        return;
    }
    for (size_t i = 0; i < c->count; i++) {
        struct item *item = &c->items[i];
        if (item->index < 0)
            continue;
        item->info = list[item->index];
        int error = dkim_sig_geterror(item->info);
        const char *words = dkim_sig_geterrorstr(error);
        if (error != DKIM_SIGERROR_UNKNOWN)
            dkim_signature_judge(&item->sig, AUTH_PERMERROR, words ? words : "cannot be verified");
    }
}

static struct dkim_hash *hash_for(struct dkim_check *c, const struct item *item)
{
    return item->sig.relaxed_body ? &c->relaxed : &c->simple;
}

/* The body is hashed here, unless a signature has l=: then libopendkim does it for all. */
static int begin_hashes(struct dkim_check *c)
{
    for (size_t i = 0; i < c->count && !c->body.measured; i++) {
        struct dkim_hash *hash = hash_for(c, &c->items[i]);
        if (pending(&c->items[i]) && !hash->sha256 &&
            dkim_hash_begin(hash, c->items[i].sig.relaxed_body) != 0)
            return VOUCH_E_NOMEM;
    }
    return 0;
}

int dkim_check_eoh(struct dkim_check *c)
{
    DKIM_STAT status;
    if (c->header_cut)
        judge_all(c, AUTH_POLICY, "the header is over a limit");
    if (!c->from)
        judge_all(c, AUTH_PERMERROR, "the message has no From");
    if (!any_pending(c))
        return 0;
    if (show(c, SPAN_LIT(NAMELESS_FIELD), &status) != 0)
        return VOUCH_E_NOMEM;
    status = dkim_eoh(c->dkim);
    if (status == DKIM_STAT_NORESOURCE)
        return VOUCH_E_NOMEM;
    if (status != DKIM_STAT_OK)
        judge_all(c, AUTH_PERMERROR, "libopendkim refuses the header");
    else
        link_signatures(c);
    return begin_hashes(c);
}

static bool needs_body(const struct dkim_check *c, const struct dkim_signature *sig)
{
    const struct dkim_length *n = sig->relaxed_body ? &c->body.relaxed : &c->body.simple;
    return !sig->has_length || n->len <= sig->length;
}

static bool wants_more(const struct dkim_check *c)
{
    for (size_t i = 0; i < c->count && !c->body_cut; i++)
        if (pending(&c->items[i]) && needs_body(c, &c->items[i].sig))
            return true;
    return false;
}

/* False if the body is over a limit from here on. */
static bool hash_body(struct dkim_check *c, struct span chunk)
{
    if (!dkim_stream_add(&c->body, chunk))
        return false;
    if (c->body.measured) /* the library does not write to it */
        dkim_body(c->dkim, (unsigned char *)(uintptr_t)chunk.p, chunk.len);
    if (c->simple.sha256)
        dkim_hash_add(&c->simple, chunk);
    if (c->relaxed.sha256)
        dkim_hash_add(&c->relaxed, chunk);
    return true;
}

bool dkim_check_body(struct dkim_check *c, struct span chunk)
{
    if (!wants_more(c))
        return true;
    if (chunk.len == 0)
        return false;
    c->body_cut = !hash_body(c, chunk);
    return !wants_more(c);
}

void dkim_check_give_up(struct dkim_check *c)
{
    judge_all(c, AUTH_TEMPERROR, "no time was left to verify it");
}

const char *const *dkim_check_domains(const struct dkim_check *c, size_t *count_r)
{
    *count_r = c->count;
    return c->domains;
}

static int take_keys(struct dkim_check *c)
{
    for (size_t i = 0; i < c->count; i++) {
        struct item *item = &c->items[i];
        if (pending(item) &&
            dkim_key_choose(c->arena, dns_wait(item->key), &item->sig, &item->record) != 0)
            return VOUCH_E_NOMEM;
        if (!pending(item) && item->info)
            dkim_sig_ignore(item->info);
    }
    return 0;
}

static bool body_matches(struct dkim_check *c, const struct item *item)
{
    struct dkim_hash *hash = hash_for(c, item);
    if (hash->sha256)
        return dkim_hash_equals(hash, item->sig.body_hash);
    return dkim_sig_getbh(item->info) == DKIM_SIGBH_MATCH;
}

/* Reads libopendkim's finding of one signature. */
static int judge(struct dkim_check *c, struct item *item)
{
    struct dkim_signature *sig = &item->sig;
    int error = dkim_sig_geterror(item->info);
    unsigned flags = dkim_sig_getflags(item->info);
    bool appended = sig->has_length && !needs_body(c, sig);
    /* of a body that it was not shown it finds the hash wrong */
    if (error == DKIM_SIGERROR_BADSIG && (flags & DKIM_SIGFLAG_PASSED) && hash_for(c, item)->sha256)
        error = DKIM_SIGERROR_OK;
    if (!sig->ed25519 && dkim_sig_getkeysize(item->info, &sig->result.key_bits) != DKIM_STAT_OK)
        sig->result.key_bits = 0;
    if (appended)
        sig->result.flags |= DKIM_FLAG_BODY_APPENDED;
    if (sig->result.key_bits && sig->result.key_bits < DKIM_MIN_RSA_BITS) {
        const char *reason = arena_printf(c->arena, "the key is too short: %u bits (RFC 8301)",
                                          sig->result.key_bits);
        dkim_signature_judge(sig, AUTH_PERMERROR, reason);
        return reason ? 0 : VOUCH_E_NOMEM;
    }
    if (error == DKIM_SIGERROR_KEYDECODE)
        dkim_signature_judge(sig, AUTH_PERMERROR, "the key cannot be decoded");
    else if (error == DKIM_SIGERROR_TOOLARGE_L)
        dkim_signature_judge(sig, AUTH_PERMERROR, "l= is larger than the body");
    else if (!(flags & DKIM_SIGFLAG_PROCESSED))
        dkim_signature_judge(sig, AUTH_TEMPERROR, "libopendkim could not verify it");
    else if (!(flags & DKIM_SIGFLAG_PASSED) && c->withheld && sig->covers_signatures)
        dkim_signature_judge(sig, AUTH_POLICY, "covers signatures that were not looked at");
    else if (!(flags & DKIM_SIGFLAG_PASSED))
        dkim_signature_judge(sig, AUTH_FAIL, "the header or the signature was changed");
    else if (!body_matches(c, item))
        dkim_signature_judge(sig, AUTH_FAIL, "the body was changed");
    else if (error != DKIM_SIGERROR_OK)
        dkim_signature_judge(sig, AUTH_PERMERROR, dkim_sig_geterrorstr(error));
    else
        dkim_signature_judge(sig, appended ? AUTH_POLICY : AUTH_PASS,
                             appended ? "text follows what l= covers" : NULL);
    return 0;
}

int dkim_check_finish(struct dkim_check *c, bool body_complete, struct dkim_result **results_r,
                      size_t *count_r, size_t *skipped_r)
{
    struct dkim_result *results = arena_array(c->arena, c->count, sizeof *results);
    if (!results)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < c->count; i++) {
        if (!c->items[i].info)
            dkim_signature_judge(&c->items[i].sig, AUTH_PERMERROR, "the header does not end");
        if ((!body_complete || c->body_cut) && needs_body(c, &c->items[i].sig))
            dkim_signature_judge(&c->items[i].sig, AUTH_POLICY, "the body is over a limit");
    }
    struct span missing = dkim_stream_missing(&c->body);
    if (missing.len) /* also where the body was cut */
        hash_body(c, missing);
    if (take_keys(c) != 0)
        return VOUCH_E_NOMEM;
    if (any_pending(c)) {
        key_cache_use(c->verifier->keys);
        dkim_eom(c->dkim, NULL);
        key_cache_use(NULL);
    }
    for (size_t i = 0; i < c->count; i++) {
        if (pending(&c->items[i]) && judge(c, &c->items[i]) != 0)
            return VOUCH_E_NOMEM;
        results[i] = c->items[i].sig.result;
    }
    *results_r = results;
    *count_r = c->count;
    *skipped_r = c->skipped;
    return 0;
}
