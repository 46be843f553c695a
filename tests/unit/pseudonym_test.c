/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "errors.h"
#include "pseudonym.h"

#define K1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define K2 "ffeeddccbbaa99887766554433221100FFEEDDCCBBAA99887766554433221100"

static void test_key_files(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        int rc;
        size_t keys;
        int line;
    } table[] = {
        {"one", K1 "\n", 0, 1, 0},
        {"no line end", K1, 0, 1, 0},
        {"CRLF, comments, empty lines", "# current\r\n" K1 "\r\n\r\n# before\r\n" K2 "\r\n", 0, 2,
         0},
        {"nothing", "", VOUCH_E_SYNTAX, 0, 0},
        {"only comments", "# key\n", VOUCH_E_SYNTAX, 0, 0},
        {"too short", K1 "\nabcdef\n", VOUCH_E_SYNTAX, 1, 2},
        {"too long", K1 "0\n", VOUCH_E_SYNTAX, 0, 1},
        {"no hexadecimal digit", "g" K1 "\n", VOUCH_E_SYNTAX, 0, 1},
        {"words of one length",
         "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", VOUCH_E_SYNTAX, 0,
         1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct pseudonym_keys keys;
        int line = -1, rc = pseudonym_keys_parse(span_of(table[i].text), &keys, &line);
        if (rc != table[i].rc || line != table[i].line || keys.count != table[i].keys)
            fail_msg("%s: %d, line %d, %zu keys", table[i].name, rc, line, keys.count);
    }
}

static void test_too_many_keys(void **state)
{
    (void)state;
    char text[(PSEUDONYM_MAX_KEYS + 1) * (sizeof K1) + 1] = "";
    struct pseudonym_keys keys;
    int line;
    for (int i = 0; i <= PSEUDONYM_MAX_KEYS; i++)
        snprintf(text + i * sizeof K1, sizeof K1 + 1, "%s\n", K1);
    assert_int_equal(pseudonym_keys_parse(span_of(text), &keys, &line), VOUCH_E_LIMIT);
    assert_int_equal(line, PSEUDONYM_MAX_KEYS + 1);
}

static void load(const char *text, struct pseudonym_keys *keys)
{
    int line;
    assert_int_equal(pseudonym_keys_parse(span_of(text), keys, &line), 0);
}

static void test_pseudonyms(void **state)
{
    (void)state;
    struct pseudonym_keys keys;
    char a[PSEUDONYM_TEXT], b[PSEUDONYM_TEXT];
    load(K1 "\n" K2, &keys);
    pseudonym_local(&keys.list[0], span_of("alice"), "example.org", false, a);
    assert_int_equal(strlen(a), PSEUDONYM_TEXT - 1);
    assert_memory_equal(a, keys.list[0].id, 4);
    assert_int_equal(a[4], '~');
    assert_int_equal(strspn(a + 5, "abcdefghijklmnop"), 24);

    pseudonym_local(&keys.list[0], span_of("alice"), "example.org", false, b);
    assert_string_equal(a, b);
    pseudonym_local(&keys.list[0], span_of("alice"), "example.org", true, b);
    assert_int_equal(b[4], '=');
    assert_string_equal(a + 5, b + 5);

    pseudonym_local(&keys.list[0], span_of("bob"), "example.org", false, b);
    assert_string_not_equal(a + 5, b + 5);
    pseudonym_local(&keys.list[0], span_of("alice"), "example.com", false, b);
    assert_string_not_equal(a + 5, b + 5);
    pseudonym_local(&keys.list[1], span_of("alice"), "example.org", false, b);
    assert_string_not_equal(a + 5, b + 5);
    assert_memory_not_equal(a, b, 4);
}

/* printf '%s' alice@example.org | openssl dgst -sha256 -mac HMAC -macopt hexkey:<the key> */
static void test_hash_is_hmac_sha256(void **state)
{
    (void)state;
    struct pseudonym_keys keys;
    char a[PSEUDONYM_TEXT];
    load(K1, &keys);
    pseudonym_local(&keys.list[0], span_of("alice"), "example.org", false, a);
    assert_string_equal(a, "gdan~adkcmmoopjfpmbldmfhfhpgf");
}

static void test_long_local_parts(void **state)
{
    (void)state;
    struct pseudonym_keys keys;
    char local[2000], a[PSEUDONYM_TEXT], b[PSEUDONYM_TEXT];
    load(K1, &keys);
    memset(local, 'x', sizeof local);
    for (size_t n = 510; n < 515; n++) {
        pseudonym_local(&keys.list[0], span_make(local, n), "example.org", false, a);
        pseudonym_local(&keys.list[0], span_make(local, n + 1), "example.org", false, b);
        assert_string_not_equal(a, b);
    }
    pseudonym_local(&keys.list[0], span_make(local, 0), "", false, a);
    assert_int_equal(strlen(a), PSEUDONYM_TEXT - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_files),        cmocka_unit_test(test_too_many_keys),
        cmocka_unit_test(test_pseudonyms),       cmocka_unit_test(test_hash_is_hmac_sha256),
        cmocka_unit_test(test_long_local_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
