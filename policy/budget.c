/* SPDX-License-Identifier: BSD-2-Clause */
#include "budget.h"
#include "settings.h"

struct budget budget_make(const struct settings *s, int64_t spent_us, int64_t now_ms)
{
    unsigned whole = s->message_deadline_ms;
    unsigned store_ms = s->store_deadline_ms < whole / 4 ? s->store_deadline_ms : whole / 4;
    struct budget b = {.end_ms = now_ms + whole - spent_us / 1000};
    b.dkim_end_ms = b.end_ms - store_ms;
    b.dns_end_ms = b.dkim_end_ms - whole / 8;
    if (b.dns_end_ms > now_ms + s->dns_deadline_ms)
        b.dns_end_ms = now_ms + s->dns_deadline_ms;
    return b;
}
