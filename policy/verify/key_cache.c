/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenSSL 3 takes about 0.1 ms to parse a public key, six times what it takes to verify with it, and
 * libopendkim parses the key anew for every signature, by d2i_PUBKEY_bio(), and has no hook for a
 * parsed one. So that function stands here: the dynamic linker finds the program's before
 * libcrypto's. Where it does not, keys are parsed each time, and no more is lost.
 *
 * A key is known by all the bytes of its DER form: another key in DNS is another key here, and
 * nothing has to expire. What cannot be parsed is not kept. Each set of slots holds the keys of one
 * hash, the last used first; the last one goes. Who is given a key shares it: an EVP_PKEY counts its
 * references, and what OpenSSL adds to a parsed one it adds under that one's lock. */
#include "key_cache.h"
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "dkim_key.h"
#include "span.h"

/* 512 keys: about 2 MiB */
#define SETS    128
#define WAYS    4
#define DER_MAX (DKIM_MAX_KEY_TEXT / 4 * 3)

struct slot {
    unsigned char *der; /* NULL: free */
    size_t len;
    EVP_PKEY *key;
};

struct key_cache {
    pthread_mutex_t lock;
    struct slot slots[SETS][WAYS];
};

static _Thread_local struct key_cache *in_use;

struct key_cache *key_cache_new(void)
{
    struct key_cache *c = calloc(1, sizeof *c);
    if (c && pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c);
        return NULL;
    }
    return c;
}

static void empty(struct slot *s)
{
    EVP_PKEY_free(s->key);
    free(s->der);
    *s = (struct slot){0};
}

void key_cache_free(struct key_cache **cp)
{
    struct key_cache *c = *cp;
    *cp = NULL;
    if (!c)
        return;
    for (size_t i = 0; i < SETS; i++)
        for (size_t j = 0; j < WAYS; j++)
            empty(&c->slots[i][j]);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void key_cache_use(struct key_cache *c)
{
    in_use = c;
}

static struct slot *set_of(struct key_cache *c, struct span der)
{
    return c->slots[span_fnv1a(der, SPAN_FNV1A) % SETS];
}

/* NULL: not known. Else with a reference of the caller's own. */
static EVP_PKEY *find(struct key_cache *c, struct span der)
{
    struct slot *set = set_of(c, der);
    EVP_PKEY *key = NULL;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < WAYS && set[i].der && !key; i++) {
        struct slot found = set[i];
        if (!span_eq(span_make(found.der, found.len), der) || EVP_PKEY_up_ref(found.key) != 1)
            continue;
        memmove(&set[1], &set[0], i * sizeof *set);
        set[0] = found;
        key = found.key;
    }
    pthread_mutex_unlock(&c->lock);
    return key;
}

/* Without memory it is not kept. Two threads may have parsed the same one: it is kept twice, for a
 * while. */
static void keep(struct key_cache *c, struct span der, EVP_PKEY *key)
{
    struct slot *set = set_of(c, der), last;
    struct slot new = {malloc(der.len), der.len, key};
    if (!new.der || EVP_PKEY_up_ref(key) != 1) {
        free(new.der);
        return;
    }
    memcpy(new.der, der.p, der.len);
    pthread_mutex_lock(&c->lock);
    last = set[WAYS - 1];
    memmove(&set[1], &set[0], (WAYS - 1) * sizeof *set);
    set[0] = new;
    pthread_mutex_unlock(&c->lock);
    empty(&last);
}

/* as libcrypto's own */
static EVP_PKEY *parse(BIO *in, EVP_PKEY **out)
{
    return ASN1_d2i_bio_of(EVP_PKEY, EVP_PKEY_new, d2i_PUBKEY, in, out);
}

EVP_PKEY *d2i_PUBKEY_bio(BIO *in, EVP_PKEY **out)
{
    struct key_cache *c = in_use;
    char *bytes = NULL;
    long len = c && !out && BIO_method_type(in) == BIO_TYPE_MEM ? BIO_get_mem_data(in, &bytes) : 0;
    if (len <= 0 || len > DER_MAX)
        return parse(in, out);
    const struct span der = span_make(bytes, (size_t)len);
    EVP_PKEY *key = find(c, der);
    if (!key && (key = parse(in, out)))
        keep(c, der, key);
    return key;
}
