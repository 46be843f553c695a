/* SPDX-License-Identifier: BSD-2-Clause */
/* See dkim_sign.h. */
#include "dkim_sign.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

struct dkim_signer {
    EVP_PKEY *key;
    enum signer_kind kind;
    char *public;
};

static void must(int ok)
{
    if (!ok)
        abort();
}

static char *base64(const unsigned char *p, size_t n)
{
    char *text = malloc(n / 3 * 4 + 8);
    must(text != NULL);
    EVP_EncodeBlock((unsigned char *)text, p, (int)n);
    return text;
}

struct dkim_signer *dkim_signer_new(enum signer_kind kind, unsigned bits)
{
    struct dkim_signer *s = calloc(1, sizeof *s);
    unsigned char raw[32], *der = NULL;
    size_t len = sizeof raw;
    must(s != NULL);
    s->kind = kind;
    s->key = kind == SIGNER_RSA ? EVP_RSA_gen(bits) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    must(s->key != NULL);
    if (kind == SIGNER_RSA) {
        int n = i2d_PUBKEY(s->key, &der);
        must(n > 0);
        s->public = base64(der, (size_t)n);
        OPENSSL_free(der);
    } else {
        must(EVP_PKEY_get_raw_public_key(s->key, raw, &len) == 1);
        s->public = base64(raw, len);
    }
    return s;
}

void dkim_signer_free(struct dkim_signer **sp)
{
    if (*sp) {
        EVP_PKEY_free((*sp)->key);
        free((*sp)->public);
        free(*sp);
    }
    *sp = NULL;
}

const char *dkim_signer_public(const struct dkim_signer *s)
{
    return s->public;
}

static char *sign(const struct dkim_signer *s, const EVP_MD *md, const char *text)
{
    unsigned char digest[EVP_MAX_MD_SIZE], sig[1024];
    unsigned n = 0;
    size_t len = sizeof sig;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(EVP_Digest(text, strlen(text), digest, &n, md, NULL) == 1);
    if (s->kind == SIGNER_RSA) /* RFC 6376 s3.3: signs the text's hash */
        must(EVP_DigestSignInit(ctx, NULL, md, NULL, s->key) == 1 &&
             EVP_DigestSign(ctx, sig, &len, (const unsigned char *)text, strlen(text)) == 1);
    else /* RFC 8463 s3: signs the hash as a message */
        must(EVP_DigestSignInit(ctx, NULL, NULL, NULL, s->key) == 1 &&
             EVP_DigestSign(ctx, sig, &len, digest, n) == 1);
    EVP_MD_CTX_free(ctx);
    return base64(sig, len);
}

char *dkim_signer_sign(const struct dkim_signer *s, const char *tags, const char *fields,
                       struct span body)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    const EVP_MD *md = strstr(tags, "sha1") ? EVP_sha1() : EVP_sha256();
    bool relaxed = strstr(tags, "c=relaxed") != NULL;
    size_t room = strlen(tags) + strlen(fields) + 2048;
    char *text = malloc(room), *value = malloc(room);
    must(text && value);
    must(EVP_Digest(body.p, body.len, digest, &n, md, NULL) == 1);
    char *bh = base64(digest, n);
    snprintf(text, room, "%s%s%s; bh=%s; b=", fields,
             relaxed ? "dkim-signature:" : "DKIM-Signature: ", tags, bh);
    char *b = sign(s, md, text);
    snprintf(value, room, " %s; bh=%s; b=%s", tags, bh, b);
    free(bh);
    free(b);
    free(text);
    return value;
}
