/* SPDX-License-Identifier: BSD-2-Clause */
/* The body hash of a DKIM signature. libopendkim could make it, but goes through the body byte by
 * byte at five times the cost of the hash itself; here what stays as it is goes to the hash in runs
 * as long as they come. */
#include "dkim_hash.h"
#include <string.h>
#include "ascii.h"
#include "errors.h"

#define SHA256_BYTES  32
#define SHA256_BASE64 (DKIM_HASH_BASE64 - 2) /* without the padding */

int dkim_hash_begin(struct dkim_hash *h, bool relaxed)
{
    h->relaxed = relaxed;
    h->sha256 = EVP_MD_CTX_new();
    if (h->sha256 && EVP_DigestInit_ex(h->sha256, EVP_sha256(), NULL) == 1)
        return 0;
    dkim_hash_clear(h);
    return VOUCH_E_NOMEM;
}

void dkim_hash_clear(struct dkim_hash *h)
{
    EVP_MD_CTX_free(h->sha256);
    h->sha256 = NULL;
}

static void hash(struct dkim_hash *h, const char *p, size_t n)
{
    h->failed |= EVP_DigestUpdate(h->sha256, p, n) != 1;
}

static void put(struct dkim_hash *h, const char *p, size_t n)
{
    if (n > sizeof h->out - h->held) {
        hash(h, h->out, h->held);
        h->held = 0;
    }
    if (n > sizeof h->out) {
        hash(h, p, n);
        return;
    }
    memcpy(h->out + h->held, p, n);
    h->held += n;
}

static void text(struct dkim_hash *h, const char *p, size_t n)
{
    for (; h->empty; h->empty--)
        put(h, "\r\n", 2);
    if (h->space)
        put(h, " ", 1);
    put(h, p, n);
    h->space = false;
    h->any = true;
}

#define STRIDE 16 /* bytes that are looked at together */
#define AHEAD  2  /* bytes after one that tell whether it stays as it is */

/* Not 0 if p[0], among text, stands otherwise in relaxed form than here: white space that shrinks,
 * a CR that does not part two lines of text. Without branch or bool, so that compilers make vectors
 * of it. */
static inline unsigned char changes(const char *p)
{
    unsigned char c = (unsigned char)p[0], next = (unsigned char)p[1], third = (unsigned char)p[2];
    unsigned char shrinks = (next == ' ') | (next == '\t') | (next == '\r');
    unsigned char ends = (next != '\n') | (third == ' ') | (third == '\t') | (third == '\r');
    return (c == '\t') | ((c == ' ') & shrinks) | ((c == '\r') & ends);
}

static unsigned char stride_changes(const char *p)
{
    unsigned char any = 0;
    for (size_t i = 0; i < STRIDE; i++)
        any |= changes(p + i);
    return any;
}

/* How much of s, which begins with text, stands in canonical form as it stands here. */
static size_t relaxed_run(struct span s)
{
    size_t n = 0;
    while (n + STRIDE + AHEAD <= s.len && !stride_changes(s.p + n))
        n += STRIDE;
    while (n + AHEAD < s.len && !changes(s.p + n))
        n++;
    return n > 0 ? n : 1;
}

static size_t simple_run(struct span s)
{
    const char *cr = memchr(s.p, '\r', s.len);
    while (cr && s.p + s.len - cr > AHEAD && cr[1] == '\n' && cr[2] != '\r')
        cr = memchr(cr + AHEAD, '\r', (size_t)(s.p + s.len - cr) - AHEAD);
    return cr ? (size_t)(cr - s.p) : s.len;
}

void dkim_hash_add(struct dkim_hash *h, struct span chunk)
{
    size_t run;
    for (size_t i = 0; i < chunk.len; i += run) {
        char c = chunk.p[i];
        run = 1;
        if (c == '\n' && h->cr) {
            h->empty++;
            h->cr = h->space = false;
            continue;
        }
        if (h->cr)
            text(h, "\r", 1); /* alone it is text */
        h->cr = c == '\r';
        if (h->cr)
            continue;
        if (h->relaxed && ascii_is_blank(c)) {
            h->space = true;
            continue;
        }
        struct span rest = span_slice(chunk, i, chunk.len);
        run = h->relaxed ? relaxed_run(rest) : simple_run(rest);
        text(h, chunk.p + i, run);
    }
}

static void finish(struct dkim_hash *h)
{
    unsigned char digest[SHA256_BYTES] = {0};
    if (h->any || !h->relaxed)
        put(h, "\r\n", 2);
    hash(h, h->out, h->held);
    h->failed |= EVP_DigestFinal_ex(h->sha256, digest, NULL) != 1;
    EVP_EncodeBlock((unsigned char *)h->base64, digest, sizeof digest);
}

bool dkim_hash_equals(struct dkim_hash *h, const char *base64)
{
    if (!h->base64[0])
        finish(h);
    return !h->failed && strncmp(h->base64, base64, SHA256_BASE64) == 0 &&
           base64[SHA256_BASE64 + strspn(base64 + SHA256_BASE64, "=")] == '\0';
}
