/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_digest.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Sums made by another program: Python's hashlib. */
#define ONE     "3ea7859f03ad97e80ff9a1b4ea2f90d300ce9fdfcf35c2ca7c0483b89b363b35"
#define HUNDRED "f1fc1d92355ea9a1b13f8bdcb07c06417053f5f0f8327d62d0c0173ee32f2eb0"
#define NOTHING "0000000000000000000000000000000000000000000000000000000000000000"

static const struct store_key key = {"dom:example.org", "*"};
static const struct span value = {"\2abc", 4};

static void assert_digest(struct model_digest **d, const char *want)
{
    char text[MODEL_DIGEST_TEXT];
    assert_string_equal(model_digest_text(*d, text), want);
    model_digest_free(d);
    assert_null(*d);
}

static int add_number(struct model_digest *d, int i)
{
    char group[32], bytes[32];
    snprintf(group, sizeof group, "dom:d%d.example", i);
    snprintf(bytes, sizeof bytes, "\2value%d", i);
    return model_digest_add(d, &(struct store_key){group, "*"}, span_of(bytes), true);
}

static void it_is_a_sum_of_hashes(void **state)
{
    (void)state;
    struct model_digest *d = model_digest_new(false);
    assert_digest(&d, NOTHING);
    d = model_digest_new(false);
    assert_int_equal(model_digest_add(d, &key, value, true), 1);
    assert_digest(&d, ONE);
    model_digest_free(&d);
}

static void order_does_not_matter(void **state)
{
    (void)state;
    struct model_digest *up = model_digest_new(false), *down = model_digest_new(true);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(add_number(up, i), 1);
        assert_int_equal(add_number(down, 99 - i), 1);
    }
    assert_digest(&up, HUNDRED);
    assert_digest(&down, HUNDRED);
}

static void what_does_not_count_is_left_out(void **state)
{
    (void)state;
    for (int may_repeat = 0; may_repeat < 2; may_repeat++) {
        struct model_digest *d = model_digest_new(may_repeat);
        assert_int_equal(model_digest_add(d, &(struct store_key){"mark:1", "a"}, value, false), 1);
        assert_int_equal(model_digest_add(d, &key, value, true), 1);
        assert_digest(&d, ONE);
    }
}

/* More than the table begins with, all of them twice. */
static void what_comes_again_counts_once(void **state)
{
    (void)state;
    struct model_digest *d = model_digest_new(true), *once = model_digest_new(false);
    char text[MODEL_DIGEST_TEXT];
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(add_number(d, i), 1);
        assert_int_equal(add_number(once, i), 1);
        if (i % 3 == 0)
            assert_int_equal(add_number(d, i / 2), 0);
    }
    for (int i = 0; i < 10000; i++)
        assert_int_equal(add_number(d, i), 0);
    model_digest_text(once, text);
    assert_digest(&d, text);
    model_digest_free(&once);
}

static void names_and_values_do_not_run_together(void **state)
{
    (void)state;
    static const struct {
        struct store_key key;
        const char *value;
    } all[] = {
        {{"ab", "c"}, "d"},
        {{"a", "bc"}, "d"},
        {{"a", "b"}, "cd"},
        {{"abc", "d"}, ""},
    };
    char text[4][MODEL_DIGEST_TEXT];
    for (int i = 0; i < 4; i++) {
        struct model_digest *d = model_digest_new(false);
        assert_int_equal(model_digest_add(d, &all[i].key, span_of(all[i].value), true), 1);
        model_digest_text(d, text[i]);
        model_digest_free(&d);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(text[k], text[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_a_sum_of_hashes),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(what_does_not_count_is_left_out),
        cmocka_unit_test(what_comes_again_counts_once),
        cmocka_unit_test(names_and_values_do_not_run_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
