/* SPDX-License-Identifier: BSD-2-Clause */
/* DMARC records: what is accepted has a policy and a percentage in range. */
#include <stdlib.h>
#include "dmarc.h"
#include "errors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dmarc_record r;
    int rc = dmarc_record_parse(span_make(data, size), &r);
    if (rc == 1 ? r.p == DMARC_NO_POLICY || r.p > DMARC_REJECT || r.pct > 100
                : rc != 0 && rc != VOUCH_E_SYNTAX)
        abort();
    return 0;
}
