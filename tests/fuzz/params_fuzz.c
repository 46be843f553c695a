/* SPDX-License-Identifier: BSD-2-Clause */
/* Fitted weights of any bytes: within vouch.conf's ranges, and read back as they were. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void insist(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trust_fit fit = {0}, again = {0};
    struct sbuf out;
    trust_params_default(&fit.params);
    if (params_decode(data, size, &fit) != 0)
        return 0;
    insist(fit.params.bias >= -TRUST_WEIGHT_MAX && fit.params.bias <= TRUST_WEIGHT_MAX);
    insist(fit.params.most_for >= TRUST_MOST_FOR_MIN);
    insist(fit.params.most_for <= TRUST_MOST_FOR_MAX);
    for (int w = 0; w < TW_COUNT; w++)
        insist(fit.params.w[w] >= -TRUST_WEIGHT_MAX && fit.params.w[w] <= TRUST_WEIGHT_MAX);
    sbuf_init(&out, PARAMS_BYTES_MAX);
    params_encode(&fit, &out);
    struct span bytes = sbuf_span(&out);
    insist(!out.failed && params_decode(bytes.p, bytes.len, &again) == 0);
    insist(again.time == fit.time && again.rows == fit.rows);
    for (int w = 0; w < TW_COUNT; w++)
        insist(again.params.w[w] == fit.params.w[w]);
    sbuf_clear(&out);
    return 0;
}
