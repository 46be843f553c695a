/* SPDX-License-Identifier: BSD-2-Clause */
/* A file of cases: any bytes give cases or mistakes, never both, and libconfig never sees what it
 * cannot read. */
#include <stdlib.h>
#include <string.h>
#include "cases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings_error *errors = NULL;
    size_t count = 0;
    struct policy_cases *cases = cases_parse((const char *)data, size, &errors, &count);
    if (!cases == !count) /* memory is there */
        abort();
    for (size_t i = 0; i < count; i++)
        if (!errors[i].text[0] || strncmp(errors[i].text, "libconfig", 9) == 0)
            abort();
    for (size_t i = 0; cases && i < cases->count; i++) {
        const struct policy_case *c = &cases->list[i];
        if ((c->recipient_count && !c->recipients) || (c->model_count && !c->model[0].id))
            abort();
    }
    settings_errors_free(&errors, count);
    cases_free(&cases);
    return 0;
}
