/* SPDX-License-Identifier: BSD-2-Clause */
/* Pseudonyms of mail addresses: keys and their keyed hash. Which addresses get one is the affair of
 * who writes them down. */
#include "pseudonym.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>
#include "domain.h"
#include "errors.h"

#define LOCAL_MAX                                                                                  \
    512            /* bytes of a local-part that are hashed as they are; a longer one by digest */
#define LETTERS 24 /* 96 bits: no two addresses of a site meet */

/* Letters only, so that no pseudonym looks like a number made for one message. */
static void letters(const uint8_t *bytes, size_t count, char *text_r)
{
    for (size_t i = 0; i < count; i++)
        text_r[i] = (char)('a' + ((i % 2 ? bytes[i / 2] : bytes[i / 2] >> 4) & 15));
    text_r[count] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static int parse_key(struct span line, struct pseudonym_key *key_r)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    if (line.len != 2 * PSEUDONYM_KEY_BYTES)
        return VOUCH_E_SYNTAX;
    for (size_t i = 0; i < line.len; i += 2) {
        int high = hex_digit(line.p[i]), low = hex_digit(line.p[i + 1]);
        if (high < 0 || low < 0)
            return VOUCH_E_SYNTAX;
        key_r->bytes[i / 2] = (uint8_t)(high << 4 | low);
    }
    SHA256(key_r->bytes, sizeof key_r->bytes, digest);
    letters(digest, PSEUDONYM_ID_TEXT - 1, key_r->id);
    return 0;
}

int pseudonym_keys_parse(struct span text, struct pseudonym_keys *keys_r, int *line_r)
{
    struct span line;
    keys_r->count = 0;
    for (*line_r = 1; span_split(&text, '\n', &line); ++*line_r) {
        line = span_trim(line);
        if (line.len == 0 || line.p[0] == '#')
            continue;
        if (keys_r->count == PSEUDONYM_MAX_KEYS)
            return VOUCH_E_LIMIT;
        if (parse_key(line, &keys_r->list[keys_r->count]) != 0)
            return VOUCH_E_SYNTAX;
        keys_r->count++;
    }
    *line_r = 0;
    return keys_r->count > 0 ? 0 : VOUCH_E_SYNTAX;
}

void pseudonym_local(const struct pseudonym_key *key, struct span local, const char *domain,
                     bool single_use, char text_r[PSEUDONYM_TEXT])
{
    uint8_t address[LOCAL_MAX + 1 + DOMAIN_MAX + 1], digest[EVP_MAX_MD_SIZE] = {0};
    size_t n = strlen(domain);
    if (local.len > LOCAL_MAX) {
        SHA256((const unsigned char *)local.p, local.len, address);
        local.len = SHA256_DIGEST_LENGTH;
    } else if (local.len) {
        memcpy(address, local.p, local.len);
    }
    address[local.len] = '@';
    if (n > DOMAIN_MAX)
        n = DOMAIN_MAX;
    memcpy(address + local.len + 1, domain, n);
    HMAC(EVP_sha256(), key->bytes, sizeof key->bytes, address, local.len + 1 + n, digest, NULL);
    memcpy(text_r, key->id, PSEUDONYM_ID_TEXT - 1);
    text_r[PSEUDONYM_ID_TEXT - 1] = single_use ? '=' : '~';
    letters(digest, LETTERS, text_r + PSEUDONYM_ID_TEXT);
}
