/* SPDX-License-Identifier: BSD-2-Clause */
/* The digest of a model. What was added is remembered, if it may come again, by the first 64 bits of
 * its own SHA-256, in an open hash table: that two keys agree in these has a chance of 1 in 10^7 in a
 * model of a million keys, and nobody can arrange for it. */
#include "config.h"
#include "model_digest.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS       4 /* of 64 bits, the lowest first */
#define SLOTS_FIRST 4096

struct model_digest {
    EVP_MD_CTX *ctx;
    uint64_t sum[WORDS];
    bool may_repeat;
    uint64_t *slots; /* 0: free */
    size_t slot_count, used;
};

struct model_digest *model_digest_new(bool may_repeat)
{
    struct model_digest *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->may_repeat = may_repeat;
    d->ctx = EVP_MD_CTX_new();
    if (!d->ctx)
        model_digest_free(&d);
    return d;
}

void model_digest_free(struct model_digest **dp)
{
    if (!*dp)
        return;
    EVP_MD_CTX_free((*dp)->ctx);
    free((*dp)->slots);
    free(*dp);
    *dp = NULL;
}

/* Names hold no NUL, so theirs set them apart. */
static int hash(struct model_digest *d, const struct store_key *key, struct span value,
                uint64_t words_r[WORDS])
{
    uint8_t bytes[EVP_MAX_MD_SIZE];
    if (EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) != 1 ||
        EVP_DigestUpdate(d->ctx, key->group, strlen(key->group) + 1) != 1 ||
        EVP_DigestUpdate(d->ctx, key->field, strlen(key->field) + 1) != 1 ||
        EVP_DigestUpdate(d->ctx, value.p, value.len) != 1 ||
        EVP_DigestFinal_ex(d->ctx, bytes, NULL) != 1)
        return VOUCH_E_NOMEM;
    for (int w = 0; w < WORDS; w++) {
        words_r[w] = 0;
        for (int i = 0; i < 8; i++)
            words_r[w] = words_r[w] << 8 | bytes[8 * (WORDS - 1 - w) + i];
    }
    return 0;
}

static size_t slot_of(const uint64_t *slots, size_t count, uint64_t mark)
{
    size_t at = (size_t)mark & (count - 1);
    while (slots[at] != 0 && slots[at] != mark)
        at = (at + 1) & (count - 1);
    return at;
}

static int grow(struct model_digest *d)
{
    size_t count = d->slot_count ? 2 * d->slot_count : SLOTS_FIRST;
    uint64_t *slots = calloc(count, sizeof *slots);
    if (!slots)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < d->slot_count; i++)
        if (d->slots[i] != 0)
            slots[slot_of(slots, count, d->slots[i])] = d->slots[i];
    free(d->slots);
    d->slots = slots;
    d->slot_count = count;
    return 0;
}

/* 1: it is new; 0: it was there; VOUCH_E_NOMEM */
static int remember(struct model_digest *d, uint64_t mark)
{
    mark |= mark == 0;
    if (2 * d->used >= d->slot_count && grow(d) != 0)
        return VOUCH_E_NOMEM;
    size_t at = slot_of(d->slots, d->slot_count, mark);
    if (d->slots[at] == mark)
        return 0;
    d->slots[at] = mark;
    d->used++;
    return 1;
}

int model_digest_add(struct model_digest *d, const struct store_key *key, struct span value,
                     bool counts)
{
    uint64_t words[WORDS], carry = 0;
    if (!counts && !d->may_repeat)
        return 1;
    int rc = hash(d, key, value, words);
    if (rc == 0)
        rc = d->may_repeat ? remember(d, words[WORDS - 1]) : 1;
    for (int w = 0; w < WORDS && rc == 1 && counts; w++) {
        uint64_t sum = d->sum[w] + words[w];
        uint64_t over = sum < words[w];
        d->sum[w] = sum + carry;
        carry = over | (d->sum[w] < carry);
    }
    return rc;
}

const char *model_digest_text(const struct model_digest *d, char text_r[MODEL_DIGEST_TEXT])
{
    for (int w = 0; w < WORDS; w++)
        for (int i = 0; i < 16; i++)
            text_r[16 * (WORDS - 1 - w) + i] = "0123456789abcdef"[d->sum[w] >> (4 * (15 - i)) & 15];
    text_r[MODEL_DIGEST_TEXT - 1] = '\0';
    return text_r;
}
