/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsed keys that are kept: the same bytes give the same key, others another, what is no key gives
 * none, and what is kept has an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include "key_cache.h"
#include "rounds.h"

#define MANY    2000 /* more than are kept */
#define THREADS 4
#define ROUNDS  4000 /* rounds.h */

/* An Ed25519 key, quickly made: RFC 8410 s4. Any 32 bytes are one. */
struct der {
    unsigned char bytes[44];
};

static struct der make(unsigned number)
{
    struct der d = {{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}};
    memcpy(d.bytes + 12, &number, sizeof number);
    return d;
}

static EVP_PKEY *read_key(const void *bytes, size_t len)
{
    BIO *in = BIO_new_mem_buf(bytes, (int)len);
    EVP_PKEY *key = d2i_PUBKEY_bio(in, NULL);
    BIO_free(in);
    return key;
}

/* compares what is in them */
static bool is_number(const EVP_PKEY *key, unsigned number)
{
    unsigned char raw[32];
    size_t len = sizeof raw;
    return EVP_PKEY_get_raw_public_key(key, raw, &len) == 1 &&
           memcmp(raw, &number, sizeof number) == 0;
}

static void same_bytes_same_key(void **state)
{
    (void)state;
    struct key_cache *c = key_cache_new();
    struct der one = make(1), two = make(2);
    EVP_PKEY *keys[4];
    key_cache_use(c);
    keys[0] = read_key(&one, sizeof one);
    keys[1] = read_key(&one, sizeof one);
    keys[2] = read_key(&two, sizeof two);
    key_cache_use(NULL);
    keys[3] = read_key(&one, sizeof one);
    assert_ptr_equal(keys[0], keys[1]);
    assert_ptr_not_equal(keys[0], keys[2]);
    assert_ptr_not_equal(keys[0], keys[3]);
    key_cache_free(&c);
    for (size_t i = 0; i < 4; i++) {
        assert_true(is_number(keys[i], i == 2 ? 2 : 1)); /* they outlive the cache */
        EVP_PKEY_free(keys[i]);
    }
}

static void no_key(void **state)
{
    (void)state;
    struct key_cache *c = key_cache_new();
    static const unsigned char large[4000] = {0x30, 0x82, 0x0f, 0x9c};
    struct der one = make(1);
    key_cache_use(c);
    for (int i = 0; i < 3; i++) {
        assert_null(read_key("no key", 6));
        assert_null(read_key(&one, sizeof one - 1));
        assert_null(read_key("", 0));
        assert_null(read_key(large, sizeof large));
    }
    key_cache_use(NULL);
    key_cache_free(&c);
}

static void bounded(void **state)
{
    (void)state;
    struct key_cache *c = key_cache_new();
    static EVP_PKEY *keys[MANY];
    unsigned kept = 0;
    key_cache_use(c);
    for (unsigned i = 0; i < MANY; i++) {
        struct der d = make(i);
        keys[i] = read_key(&d, sizeof d);
        assert_true(is_number(keys[i], i));
    }
    for (unsigned i = MANY;
         i-- > 0;) { /* the last first: asking for those that went drives out others */
        struct der d = make(i);
        EVP_PKEY *again = read_key(&d, sizeof d);
        assert_true(is_number(again, i));
        kept += again == keys[i];
        EVP_PKEY_free(again);
        EVP_PKEY_free(keys[i]);
    }
    assert_in_range(kept, 400, 512);
    key_cache_use(NULL);
    key_cache_free(&c);
}

static void *hammer(void *arg)
{
    size_t wrong = 0;
    key_cache_use(arg);
    for (unsigned i = 0, n = rounds(ROUNDS); i < n; i++) {
        struct der d = make(i % 700);
        EVP_PKEY *key = read_key(&d, sizeof d);
        wrong += !key || !is_number(key, i % 700);
        EVP_PKEY_free(key);
    }
    key_cache_use(NULL);
    return wrong ? arg : NULL;
}

static void many_threads(void **state)
{
    (void)state;
    struct key_cache *c = key_cache_new();
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, c), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    key_cache_free(&c);
    key_cache_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_same_key),
        cmocka_unit_test(no_key),
        cmocka_unit_test(bounded),
        cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
