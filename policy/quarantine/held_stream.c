/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of blocks, encrypted or not. */
#include "config.h"
#include "held_stream.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "held_dir.h"
#include "disk.h"

#define MAGIC     "vouch-held-1 "
#define NO_KEY    "----"
#define TITLE     (sizeof MAGIC - 1 + PSEUDONYM_ID_TEXT) /* with the line's end */
#define LENGTH    4
#define LAST      0x80 /* in the first byte of a length */
#define CHECK     16
#define SEALED    crypto_secretstream_xchacha20poly1305_ABYTES
#define HEADER    crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define TAG(last) ((last) ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0)

_Static_assert(PSEUDONYM_KEY_BYTES == crypto_secretstream_xchacha20poly1305_KEYBYTES,
               "a key is a key");

int held_out_begin(struct held_out *o, int fd, const struct pseudonym_key *key)
{
    char title[TITLE + 1];
    uint8_t header[HEADER];
    *o = (struct held_out){.fd = fd, .encrypted = key};
    int n = snprintf(title, sizeof title, MAGIC "%s\n", key ? key->id : NO_KEY);
    if (disk_write_all(fd, title, (size_t)n) != 0)
        return VOUCH_E_IO;
    if (!key)
        return 0;
    crypto_secretstream_xchacha20poly1305_init_push(&o->state, header, key->bytes);
    return disk_write_all(fd, header, sizeof header) == 0 ? 0 : VOUCH_E_IO;
}

static void chain(uint8_t sum[32], const uint8_t length[LENGTH], const void *p, size_t len)
{
    crypto_generichash_state c;
    crypto_generichash_init(&c, NULL, 0, 32);
    crypto_generichash_update(&c, sum, 32);
    crypto_generichash_update(&c, length, LENGTH);
    crypto_generichash_update(&c, p, len);
    crypto_generichash_final(&c, sum, 32);
}

int held_out_block(struct held_out *o, const void *p, size_t len, bool last)
{
    size_t whole = LENGTH + len + (o->encrypted ? SEALED : CHECK);
    uint8_t *block = malloc(whole);
    if (!block)
        return VOUCH_E_NOMEM;
    block[0] = (uint8_t)(len >> 24 | (last ? LAST : 0));
    block[1] = (uint8_t)(len >> 16);
    block[2] = (uint8_t)(len >> 8);
    block[3] = (uint8_t)len;
    if (o->encrypted) {
        crypto_secretstream_xchacha20poly1305_push(&o->state, block + LENGTH, NULL, p, len, block,
                                                   LENGTH, TAG(last));
    } else {
        chain(o->chain, block, p, len);
        if (len)
            memcpy(block + LENGTH, p, len);
        memcpy(block + LENGTH + len, o->chain, CHECK);
    }
    int rc = disk_write_all(o->fd, block, whole) == 0 ? 0 : VOUCH_E_IO, error = errno;
    free(block);
    errno = error;
    return rc;
}

/* All of it, or VOUCH_E_SYNTAX where the file ends before. */
static int take(struct held_in *in, void *p, size_t len)
{
    for (size_t got = 0; got < len;) {
        ssize_t n = pread(in->fd, (char *)p + got, len - got, (off_t)in->at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? VOUCH_E_IO : VOUCH_E_SYNTAX;
        got += (size_t)n;
        in->at += (uint64_t)n;
    }
    return 0;
}

static const struct pseudonym_key *find_key(const struct pseudonym_keys *keys, const char *id)
{
    for (size_t i = 0; keys && i < keys->count; i++)
        if (strcmp(keys->list[i].id, id) == 0)
            return &keys->list[i];
    return NULL;
}

int held_in_begin(struct held_in *in, int fd, const struct pseudonym_keys *keys,
                  char key_id_r[PSEUDONYM_ID_TEXT])
{
    char title[TITLE];
    uint8_t header[HEADER];
    *in = (struct held_in){.fd = fd};
    int rc = take(in, title, sizeof title);
    if (rc != 0)
        return rc;
    if (memcmp(title, MAGIC, sizeof MAGIC - 1) != 0 || title[TITLE - 1] != '\n')
        return VOUCH_E_SYNTAX;
    memcpy(key_id_r, title + sizeof MAGIC - 1, PSEUDONYM_ID_TEXT - 1);
    key_id_r[PSEUDONYM_ID_TEXT - 1] = '\0';
    if (strcmp(key_id_r, NO_KEY) == 0)
        return 0;
    for (const char *c = key_id_r; *c; c++) /* it is shown to a person */
        if (*c < 'a' || *c > 'p')
            return VOUCH_E_SYNTAX;
    const struct pseudonym_key *key = find_key(keys, key_id_r);
    if (!key)
        return VOUCH_E_CONFIG;
    if ((rc = take(in, header, sizeof header)) != 0)
        return rc;
    in->encrypted = true;
    crypto_secretstream_xchacha20poly1305_init_pull(&in->state, header, key->bytes);
    return 0;
}

/* Checks the block, and makes of it what was written. false: damaged. */
static bool open_block(struct held_in *in, const uint8_t length[LENGTH], uint8_t *bytes, size_t len)
{
    unsigned char tag = 0;
    if (!in->encrypted) {
        chain(in->chain, length, bytes, len);
        return memcmp(in->chain, bytes + len, CHECK) == 0;
    }
    /* in its place: the encrypted tag stands before the bytes */
    if (crypto_secretstream_xchacha20poly1305_pull(&in->state, bytes + 1, NULL, &tag, bytes,
                                                   len + SEALED, length, LENGTH) != 0)
        return false;
    memmove(bytes, bytes + 1, len);
    return tag == TAG(length[0] & LAST);
}

/* Nothing follows the last block. */
static bool at_end(const struct held_in *in)
{
    char c;
    return pread(in->fd, &c, 1, (off_t)in->at) == 0;
}

int held_in_block(struct held_in *in, size_t max, char **bytes_r, size_t *len_r)
{
    uint8_t length[LENGTH];
    struct stat st;
    int rc = in->ended ? VOUCH_E_SYNTAX : take(in, length, sizeof length);
    if (rc != 0)
        return rc;
    size_t len = (size_t)(length[0] & ~LAST) << 24 | (size_t)length[1] << 16 |
                 (size_t)length[2] << 8 | length[3];
    size_t whole = len + (in->encrypted ? SEALED : CHECK);
    if (fstat(in->fd, &st) != 0)
        return VOUCH_E_IO;
    if (len > max || (uint64_t)st.st_size < in->at + whole)
        return VOUCH_E_SYNTAX; /* before memory is asked for as much as damage says */
    uint8_t *bytes = malloc(whole + 1);
    if (!bytes)
        return VOUCH_E_NOMEM;
    in->ended = length[0] & LAST;
    if ((rc = take(in, bytes, whole)) == 0 &&
        (!open_block(in, length, bytes, len) || (in->ended && !at_end(in))))
        rc = VOUCH_E_SYNTAX;
    if (rc != 0) {
        int error = errno;
        free(bytes);
        errno = error;
        return rc;
    }
    bytes[len] = '\0';
    *bytes_r = (char *)bytes;
    *len_r = len;
    return 0;
}
