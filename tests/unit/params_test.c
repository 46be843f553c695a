/* SPDX-License-Identifier: BSD-2-Clause */
#include "params.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "value.h"

static struct trust_fit some_fit(void)
{
    struct trust_fit fit = {
        .time = 1700000000, .rows = 4711, .log_loss_before = 0.31, .log_loss_after = 0.17};
    trust_params_default(&fit.params);
    fit.params.bias = -0.25;
    fit.params.most_for = 4.5;
    for (int w = 0; w < TW_COUNT; w++)
        fit.params.w[w] *= 1.5 + w / 100.0;
    return fit;
}

static void reads_back_what_it_writes(void **state)
{
    (void)state;
    struct trust_fit fit = some_fit(), again = {.params = {.half_life = 7, .prior = 5}};
    struct sbuf out;
    sbuf_init(&out, PARAMS_BYTES_MAX);
    params_encode(&fit, &out);
    assert_false(out.failed);
    struct span bytes = sbuf_span(&out);
    assert_int_equal(bytes.p[0], VALUE_WEIGHTS);
    assert_int_equal(params_decode(bytes.p, bytes.len, &again), 0);
    assert_int_equal(again.time, fit.time);
    assert_int_equal(again.rows, fit.rows);
    assert_true(again.log_loss_before == fit.log_loss_before);
    assert_true(again.log_loss_after == fit.log_loss_after);
    assert_true(again.params.bias == fit.params.bias);
    assert_true(again.params.most_for == fit.params.most_for);
    assert_memory_equal(again.params.w, fit.params.w, sizeof fit.params.w);
    assert_true(again.params.half_life == 7 && again.params.prior == 5);
    for (size_t len = 0; len < bytes.len; len++) { /* cut anywhere but between numbers it is none */
        int rc = params_decode(bytes.p, len, &again);
        assert_true(rc == VOUCH_E_SYNTAX || (rc == 0 && len > 0));
    }
    sbuf_clear(&out);
}

static int decode_one(const char *name, double number, struct trust_fit *fit)
{
    char bytes[100] = {VALUE_WEIGHTS, (char)strlen(name)};
    size_t n = strlen(name);
    uint64_t bits;
    memcpy(bytes + 2, name, n);
    memcpy(&bits, &number, sizeof bits);
    for (int i = 0; i < 8; i++)
        bytes[2 + n + (size_t)i] = (char)(bits >> 8 * i);
    return params_decode(bytes, n + 10, fit);
}

static const struct {
    const char *name;
    double number;
    bool taken;
} numbers[] = {
    {"host", 0.5, true},
    {"host", -20, true},
    {"host", 20.1, false},
    {"host", NAN, false},
    {"host", -INFINITY, false},
    {"bias", -20.1, false},
    {"bias", 3, true},
    {"most_for", 0, false},
    {"most_for", 51, false},
    {"most_for", 8, true},
    {"of_the_future", 1000, true},
    {"of_the_future", NAN, false},
    {"@rows", 1.5, false},
    {"@rows", -1, false},
    {"@rows", 1e300, false},
    {"@time", 1700000000, true},
    {"@log_loss_before", -0.1, false},
    {"", 1, false},
};

static void takes_what_vouch_conf_would(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct trust_fit fit = some_fit(), before = fit;
        int rc = decode_one(numbers[i].name, numbers[i].number, &fit);
        if (rc != (numbers[i].taken ? 0 : VOUCH_E_SYNTAX))
            fail_msg("%s = %g: %d", numbers[i].name, numbers[i].number, rc);
        if (rc != 0)
            assert_memory_equal(&fit, &before, sizeof fit);
    }
    struct trust_fit fit = some_fit();
    assert_int_equal(decode_one("host", 0.5, &fit), 0);
    assert_true(fit.params.w[TW_HOST] == 0.5);
    assert_true(fit.params.w[TW_NETWORK] == some_fit().params.w[TW_NETWORK]);
    assert_int_equal(params_decode("\x02", 1, &fit), VOUCH_E_SYNTAX);
    assert_int_equal(params_decode("", 0, &fit), VOUCH_E_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_it_writes),
        cmocka_unit_test(takes_what_vouch_conf_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
