/* SPDX-License-Identifier: BSD-2-Clause */
/* Fitted weights as bytes: VALUE_WEIGHTS, then for each number its name's length in a byte, the name,
 * and the number as an IEEE 754 double, lowest byte first. What is said of the fit begins with "@". */
#include "params.h"
#include <math.h>
#include <string.h>
#include "errors.h"
#include "value.h"

#define NUMBER_BYTES 8

static void add(struct sbuf *out, const char *name, double number)
{
    uint64_t bits;
    uint8_t bytes[NUMBER_BYTES];
    memcpy(&bits, &number, sizeof bits);
    for (int i = 0; i < NUMBER_BYTES; i++)
        bytes[i] = (uint8_t)(bits >> 8 * i);
    sbuf_addc(out, (char)strlen(name));
    sbuf_adds(out, name);
    sbuf_addspan(out, span_make(bytes, sizeof bytes));
}

double params_number(const struct trust_fit *fit, int i, const char **name_r)
{
    const struct {
        const char *name;
        double number;
    } first[PARAMS_NUMBERS - TW_COUNT] = {
        {"@time", (double)fit->time},
        {"@rows", (double)fit->rows},
        {"@log_loss_before", fit->log_loss_before},
        {"@log_loss_after", fit->log_loss_after},
        {"bias", fit->params.bias},
        {"most_for", fit->params.most_for},
    };
    const int w = i - (int)(sizeof first / sizeof *first);
    *name_r = w < 0 ? first[i].name : trust_weight_name((enum trust_weight)w);
    return w < 0 ? first[i].number : fit->params.w[w];
}

void params_encode(const struct trust_fit *fit, struct sbuf *out)
{
    sbuf_addc(out, VALUE_WEIGHTS);
    for (int i = 0; i < PARAMS_NUMBERS; i++) {
        const char *name;
        double number = params_number(fit, i, &name);
        add(out, name, number);
    }
}

static bool take(double number, double least, double most, double *to)
{
    *to = number;
    return number >= least && number <= most;
}

/* *next: the weight that the last one makes likely; names mostly come in order. */
static bool take_weight(struct span name, double number, struct trust_fit *fit, int *next)
{
    for (int tries = 0; tries < TW_COUNT; tries++) {
        int w = (*next + tries) % TW_COUNT;
        if (!span_eq(name, span_of(trust_weight_name((enum trust_weight)w))))
            continue;
        *next = w + 1;
        return take(number, -TRUST_WEIGHT_MAX, TRUST_WEIGHT_MAX, &fit->params.w[w]);
    }
    return isfinite(number); /* a newer program's */
}

static bool take_whole(double number, double most, double *to)
{
    return take(number, 0, most, to) && number == floor(number);
}

static bool take_number(struct span name, double number, struct trust_fit *fit, int *next)
{
    double whole;
    if (span_eq(name, SPAN_LIT("bias")))
        return take(number, -TRUST_WEIGHT_MAX, TRUST_WEIGHT_MAX, &fit->params.bias);
    if (span_eq(name, SPAN_LIT("most_for")))
        return take(number, TRUST_MOST_FOR_MIN, TRUST_MOST_FOR_MAX, &fit->params.most_for);
    if (span_eq(name, SPAN_LIT("@log_loss_before")))
        return take(number, 0, 1e9, &fit->log_loss_before);
    if (span_eq(name, SPAN_LIT("@log_loss_after")))
        return take(number, 0, 1e9, &fit->log_loss_after);
    if (span_eq(name, SPAN_LIT("@time"))) {
        bool good = take_whole(number, 0x1p40, &whole);
        fit->time = good ? (int64_t)whole : 0;
        return good;
    }
    if (span_eq(name, SPAN_LIT("@rows"))) {
        bool good = take_whole(number, 0x1p53, &whole);
        fit->rows = good ? (uint64_t)whole : 0;
        return good;
    }
    return take_weight(name, number, fit, next);
}

bool params_take(struct trust_fit *fit, const char *name, double number)
{
    int next = 0;
    return take_number(span_of(name), number, fit, &next);
}

static double number_of(const uint8_t *bytes)
{
    uint64_t bits = 0;
    double number;
    for (int i = 0; i < NUMBER_BYTES; i++)
        bits |= (uint64_t)bytes[i] << 8 * i;
    memcpy(&number, &bits, sizeof number);
    return number;
}

int params_decode(const void *bytes, size_t len, struct trust_fit *fit_r)
{
    const uint8_t *p = bytes;
    struct trust_fit fit = *fit_r;
    int next = 0;
    if (len < 1 || len > PARAMS_BYTES_MAX || p[0] != VALUE_WEIGHTS)
        return VOUCH_E_SYNTAX;
    for (size_t at = 1; at < len;) {
        size_t name = p[at++];
        if (name == 0 || len - at < name + NUMBER_BYTES ||
            !take_number(span_make(p + at, name), number_of(p + at + name), &fit, &next))
            return VOUCH_E_SYNTAX;
        at += name + NUMBER_BYTES;
    }
    *fit_r = fit;
    return 0;
}
