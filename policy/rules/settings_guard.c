/* SPDX-License-Identifier: BSD-2-Clause */
/* What settings say of impersonation, made ready to be looked for. */
#include "arena.h"
#include "errors.h"
#include "settings.h"

int settings_guard(struct settings *s, struct span well_known, int *line_r)
{
    const struct guarded_source source = {
        .senders = s->protected_list,
        .sender_count = s->protected_count,
        .local = s->local_domains.patterns,
        .local_count = s->local_domains.count,
        .well_known = well_known,
    };
    struct pattern_list *list = &s->protected_senders;
    list->count = 0;
    list->patterns = arena_array(s->arena, s->protected_count, sizeof *list->patterns);
    if (!list->patterns)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < s->protected_count; i++)
        if (s->protected_list[i].own)
            list->patterns[list->count++] = s->protected_list[i].own;
    return guarded_new(s->arena, &source, &s->guarded, line_r);
}
