/* SPDX-License-Identifier: BSD-2-Clause */
/* A header, or after a first line end a file of well-known organisations: whatever they are, few
 * findings, ordered, with subjects and notes. */
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "errors.h"
#include "impersonation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct guarded *guard(struct arena *arena, struct span well_known)
{
    static const struct guarded_sender senders[] = {
        {"Alice Liddell", "alice@example.org"}, {"Bob", NULL}, {NULL, "bank.example"}};
    static const char *const local[] = {".example.org", "mail.example.com"};
    const struct guarded_source source = {senders, 3, local, 2, well_known};
    const struct guarded *g;
    int line;
    int rc = guarded_new(arena, &source, &g, &line);
    if (rc != 0 && (rc != VOUCH_E_SYNTAX || line < 1))
        if (rc != VOUCH_E_NOMEM && rc != VOUCH_E_LIMIT)
            abort();
    return rc == 0 ? g : NULL;
}

static void judge(struct arena *arena, const struct guarded *g, struct span header)
{
    struct message m;
    struct field field;
    struct impersonations found;
    message_init(&m, arena, NULL);
    while (rfc5322_next_field(&header, &field) == 1)
        if (message_add_field(&m, field.name, field.value) != 0)
            return;
    if (message_scan(&m, NULL, NULL, 0) != 0 || impersonation_find(arena, &m, g, NULL, &found) != 0)
        return;
    if (found.count > IMPERSONATION_MAX)
        abort();
    for (size_t i = 0; i < found.count; i++) {
        const struct impersonation *f = &found.found[i];
        if (!f->subject || !f->note || !(f->strength > 0 && f->strength <= 1) ||
            (i > 0 && f->strength > found.found[i - 1].strength))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char file[] = "words: team\nfree: freemail.example\nPayPal: paypal.com paypal.*\n"
                               "=Chase, Chase Bank: chase.example\n";
    struct span input = span_make(data, size);
    struct arena *arena = arena_new(4 << 20);
    if (!arena)
        return 0;
    bool is_file = size > 0 && data[0] == '\n';
    const struct guarded *g = guard(arena, is_file ? input : SPAN_LIT(file));
    judge(arena, g, is_file ? SPAN_LIT("From: PayPal <x@y.example>\n") : input);
    arena_free(&arena);
    return 0;
}
