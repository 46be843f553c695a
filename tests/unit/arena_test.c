/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "arena.h"

static void memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    const size_t max = 1 + 7 * 199 * 200 / 2; /* all of these, an empty one counted as 1 */
    struct arena *arena = arena_new(max);
    for (size_t n = 0; n < 200; n++) {
        unsigned char *p = arena_alloc(arena, n * 7);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n * 7; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xa5, n * 7);
    }
    assert_null(arena_alloc(arena, 1));
    arena_reset(arena);
    unsigned char *again = arena_alloc(arena, max);
    for (size_t i = 0; i < max; i++)
        assert_int_equal(again[i], 0);
    arena_free(&arena);
    assert_null(arena);
    arena_free(&arena);
}

static void maximum_holds(void **state)
{
    (void)state;
    struct arena *arena = arena_new(100);
    assert_null(arena_alloc(arena, 101));
    assert_null(arena_alloc(arena, SIZE_MAX));
    assert_non_null(arena_alloc(arena, 60));
    assert_null(arena_alloc(arena, 41));
    assert_non_null(arena_alloc(arena, 40));
    assert_null(arena_alloc(arena, 1));
    assert_null(arena_alloc(arena, 0));
    arena_reset(arena);
    assert_non_null(arena_alloc(arena, 100));
    arena_free(&arena);
}

static void large_requests_and_products(void **state)
{
    (void)state;
    struct arena *arena = arena_new(SIZE_MAX);
    char *small = arena_strdup(arena, "small");
    assert_non_null(arena_alloc(arena, 100000));
    char *next = arena_strdup(arena, "next");
    assert_string_equal(small, "small");
    assert_string_equal(next, "next");
    assert_null(arena_array(arena, SIZE_MAX / 2, 3));
    assert_null(arena_alloc(arena, SIZE_MAX - 200000));
    assert_non_null(arena_array(arena, 3, 5));
    arena_reset(arena);
    assert_non_null(arena_alloc(arena, 100000)); /* first and large */
    arena_reset(arena);
    arena_free(&arena);
}

static void strings(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1000);
    assert_null(arena_strdup(arena, NULL));
    assert_string_equal(arena_strdup(arena, ""), "");
    assert_string_equal(arena_span(arena, SPAN_NONE), "");
    assert_memory_equal(arena_span(arena, SPAN_LIT("a\0b")), "a\0b", 4);
    assert_string_equal(arena_printf(arena, "%s=%d", "x", 42), "x=42");
    assert_null(arena_printf(arena, "%2000d", 1));
    arena_free(&arena);
}

static void arrays_grow(void **state)
{
    (void)state;
    struct arena *arena = arena_new(100000);
    int *items = NULL;
    size_t cap = 0;
    for (size_t count = 0; count < 100; count++) {
        assert_int_equal(arena_grow(arena, &items, count, &cap, sizeof *items, 100), 0);
        assert_true(cap > count && cap <= 100);
        items[count] = (int)count;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(items[i], i);
    assert_int_equal(arena_grow(arena, &items, 100, &cap, sizeof *items, 100), VOUCH_E_LIMIT);
    assert_int_equal(arena_grow(arena, &items, 0, &cap, sizeof *items, 0), VOUCH_E_LIMIT);
    arena_free(&arena);

    arena = arena_new(10);
    items = NULL;
    cap = 0;
    assert_int_equal(arena_grow(arena, &items, 0, &cap, sizeof *items, 9), VOUCH_E_NOMEM);
    assert_null(items);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(maximum_holds),
        cmocka_unit_test(large_requests_and_products),
        cmocka_unit_test(strings),
        cmocka_unit_test(arrays_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
