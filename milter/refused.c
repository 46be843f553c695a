/* SPDX-License-Identifier: BSD-2-Clause */
/* Enhanced status codes (RFC 3463) of recipients that were refused. */
#include "refused.h"
#include "span.h"

static bool is_unknown(struct span status)
{
    return span_eq(status, SPAN_LIT("5.1.1")) || span_eq(status, SPAN_LIT("5.1.10")) ||
           span_ieq(status, SPAN_LIT("nouser"));
}

bool refused_as_unknown(const char *status, const char *text)
{
    struct span said = span_trim(span_of(status)), rest = span_trim(span_of(text)), first;
    if (said.len > 0)
        return is_unknown(said);
    return span_split(&rest, ' ', &first) && is_unknown(first);
}
