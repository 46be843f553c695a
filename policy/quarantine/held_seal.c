/* SPDX-License-Identifier: BSD-2-Clause */
#include "held_seal.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "errors.h"

#define NONCE  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define CHECK  crypto_aead_xchacha20poly1305_ietf_ABYTES
#define BASE64 sodium_base64_VARIANT_ORIGINAL
#define KEY_ID (PSEUDONYM_ID_TEXT - 1)

static const unsigned char *bytes_of(const char *text)
{
    return (const unsigned char *)text;
}

int held_seal(const struct pseudonym_key *key, const char *id, struct span text, struct sbuf *out)
{
    size_t len = NONCE + text.len + CHECK, room = sodium_base64_ENCODED_LEN(len, BASE64);
    unsigned char *sealed = malloc(len);
    char *encoded = malloc(room);
    if (sealed && encoded) {
        randombytes_buf(sealed, NONCE);
        crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE, NULL, bytes_of(text.p), text.len,
                                                   bytes_of(id), strlen(id), NULL, sealed,
                                                   key->bytes);
        sbuf_addf(out, "%s ", key->id);
        sbuf_adds(out, sodium_bin2base64(encoded, room, sealed, len, BASE64));
        sbuf_addc(out, '\n');
    }
    bool ok = sealed && encoded && !out->failed;
    free(sealed);
    free(encoded);
    return ok ? 0 : VOUCH_E_NOMEM;
}

static const struct pseudonym_key *find_key(const struct pseudonym_keys *keys, struct span line)
{
    for (size_t i = 0; keys && i < keys->count; i++)
        if (memcmp(keys->list[i].id, line.p, KEY_ID) == 0)
            return &keys->list[i];
    return NULL;
}

/* sealed, plain: room for the line's bytes */
static int open_line(const struct pseudonym_keys *keys, const char *id, struct span line,
                     unsigned char *sealed, unsigned char *plain, struct sbuf *out)
{
    size_t len = 0;
    unsigned long long n = 0;
    const struct pseudonym_key *key = find_key(keys, line);
    if (sodium_base642bin(sealed, line.len, line.p + KEY_ID + 1, line.len - KEY_ID - 1, NULL, &len,
                          NULL, BASE64) != 0 ||
        len < NONCE + CHECK)
        return VOUCH_E_SYNTAX;
    if (!key)
        return VOUCH_E_CONFIG;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &n, NULL, sealed + NONCE, len - NONCE,
                                                   bytes_of(id), strlen(id), sealed,
                                                   key->bytes) != 0)
        return VOUCH_E_SYNTAX;
    sbuf_add(out, plain, (size_t)n);
    return out->failed ? VOUCH_E_NOMEM : 0;
}

int held_unseal(const struct pseudonym_keys *keys, const char *id, struct span line,
                struct sbuf *out)
{
    if (line.len <= KEY_ID || line.p[KEY_ID] != ' ')
        return VOUCH_E_SYNTAX;
    unsigned char *sealed = malloc(line.len), *plain = malloc(line.len);
    int rc = sealed && plain ? open_line(keys, id, line, sealed, plain, out) : VOUCH_E_NOMEM;
    free(sealed);
    free(plain);
    return rc;
}
