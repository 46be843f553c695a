/* SPDX-License-Identifier: BSD-2-Clause */
/* Normalising is idempotent, and what it gives is a name. */
#include <stdlib.h>
#include <string.h>
#include "domain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[DOMAIN_MAX + 1], again[DOMAIN_MAX + 1];
    if (domain_normalize(span_make(data, size), name))
        return 0;
    size_t n = strlen(name);
    if (n == 0 || n > DOMAIN_MAX || name[n - 1] == '.' || strstr(name, ".."))
        abort();
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != n)
        abort();
    if (domain_normalize(span_of(name), again) || strcmp(name, again) != 0)
        abort();
    const char *org = domain_org(NULL, name);
    if (org < name || !domain_is_below(name, org) || domain_org(NULL, org) != org)
        abort();
    return 0;
}
