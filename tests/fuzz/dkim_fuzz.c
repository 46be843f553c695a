/* SPDX-License-Identifier: BSD-2-Clause */
/* DKIM verification of a hostile message with a hostile key. Input: the key record that every name
 * has, NUL, the message. The first byte's top bit: the key cannot be looked up. The record's length
 * decides how the body is cut into chunks. libopendkim's handle is kept, as a daemon keeps it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "dkim.h"
#include "fake_dns.h"
#include "rfc5322.h"

#define SIGNATURES 10
#define NOW        1750000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int ok)
{
    if (!ok)
        abort();
}

static void feed_body(struct dkim_check *c, struct span body, size_t step)
{
    for (size_t at = 0; at < body.len; at += step)
        if (dkim_check_body(c, span_slice(body, at, at + step)))
            break;
}

/* One record for whatever is asked. */
static void answer(void *arg, const char *name, enum dns_type type, struct fake_reply *reply)
{
    const struct span *record = arg;
    (void)name, (void)type;
    if (record->len && record->p[0] & 0x80)
        fake_status(reply, DNS_FAILED);
    else
        fake_txt(reply, record->p, record->len);
}

static void verify(struct dkim_verifier *lib, struct dns_batch *dns, struct span message,
                   size_t step)
{
    struct arena *arena = arena_new(1 << 22);
    struct dkim_check *c = dkim_check_new(lib, arena, dns, SIGNATURES, NOW);
    struct dkim_result *results;
    struct field field;
    size_t count, skipped, domains;
    require(arena && c);
    while (rfc5322_next_field(&message, &field) == 1)
        require(dkim_check_field(c, field.name, field.value) == 0);
    require(dkim_check_eoh(c) == 0);
    feed_body(c, message, step);
    require(dkim_check_finish(c, message.len % 7 != 0, &results, &count, &skipped) == 0);
    dkim_check_domains(c, &domains);
    require(count <= SIGNATURES && domains == count);
    for (size_t i = 0; i < count; i++) {
        require(results[i].result != AUTH_UNKNOWN);
        require((results[i].result == AUTH_PASS) == !results[i].reason);
        require(results[i].result != AUTH_PASS || results[i].domain);
    }
    dkim_check_free(&c);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dkim_verifier *lib; /* the one thing that lives as long as the program */
    char error[200];
    const uint8_t *nul = size ? memchr(data, '\0', size) : NULL;
    if (!nul)
        return 0;
    if (!lib)
        lib = dkim_verifier_new(error, sizeof error);
    require(lib != NULL);
    size_t length = (size_t)(nul - data);
    struct span record = span_make(data, length);
    struct dns_batch *dns = fake_dns_new(answer, &record, true);
    verify(lib, dns, span_make(nul + 1, size - length - 1), length % 97 + 1);
    dns_batch_free(&dns);
    return 0;
}
