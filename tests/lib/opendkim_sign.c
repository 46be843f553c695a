/* SPDX-License-Identifier: BSD-2-Clause */
/* Signs a message with libopendkim, for test vectors: a signer that is not the verifier under test.
 *     opendkim_sign KEYFILE SELECTOR DOMAIN rsa-sha256|ed25519-sha256 simple|relaxed simple|relaxed
 * Reads a message in wire form (CRLF), writes the DKIM-Signature field for it, and nothing else. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <opendkim/dkim.h>

#define MESSAGE_MAX 1048576

static unsigned char *slurp(FILE *f, size_t *len_r)
{
    unsigned char *text = calloc(1, MESSAGE_MAX + 1);
    *len_r = f && text ? fread(text, 1, MESSAGE_MAX, f) : 0;
    return text;
}

static dkim_canon_t canon(const char *word)
{
    return strcmp(word, "relaxed") == 0 ? DKIM_CANON_RELAXED : DKIM_CANON_SIMPLE;
}

/* Chunks as dkim_chunk wants them end with an empty one. */
static int sign(DKIM *dkim, unsigned char *message, size_t len)
{
    unsigned char *field;
    size_t n;
    if (dkim_chunk(dkim, message, len) != DKIM_STAT_OK ||
        dkim_chunk(dkim, NULL, 0) != DKIM_STAT_OK || dkim_eom(dkim, NULL) != DKIM_STAT_OK ||
        dkim_getsighdr_d(dkim, strlen("DKIM-Signature: "), &field, &n) != DKIM_STAT_OK)
        return 1;
    printf("DKIM-Signature: %.*s\r\n", (int)n, (const char *)field);
    return fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
    size_t key_len, len;
    DKIM_STAT status = DKIM_STAT_INVALID;
    if (argc != 7)
        return 64;
    bool ed25519 = strcmp(argv[4], "ed25519-sha256") == 0;
    FILE *f = fopen(argv[1], "r");
    unsigned char *key = slurp(f, &key_len), *message = slurp(stdin, &len);
    DKIM_LIB *lib = dkim_init(NULL, NULL);
    DKIM *dkim = dkim_sign(lib, (unsigned char *)argv[0], NULL, key, (unsigned char *)argv[2],
                           (unsigned char *)argv[3], canon(argv[5]), canon(argv[6]),
                           ed25519 ? DKIM_SIGN_ED25519SHA256 : DKIM_SIGN_RSASHA256, -1, &status);
    /* its folds of a short b= come out otherwise than it signed them; seen by dkimpy too */
    if (dkim && ed25519)
        dkim_set_margin(dkim, 0);
    int rc = key_len && len && dkim ? sign(dkim, message, len) : 1;
    if (rc != 0)
        fprintf(stderr, "%s: %s %s\n", argv[0], dkim_getresultstr(status),
                dkim && dkim_geterror(dkim) ? dkim_geterror(dkim) : "");
    if (dkim)
        dkim_free(dkim);
    dkim_close(lib);
    free(key);
    free(message);
    if (f)
        fclose(f);
    return rc;
}
