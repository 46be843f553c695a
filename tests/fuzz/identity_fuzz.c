/* SPDX-License-Identifier: BSD-2-Clause */
/* Identities from a person's text, or from a message's header if the first byte is a line end: few,
 * with keys that are short, valid UTF-8 and of the model's spaces. */
#include <stdlib.h>
#include <string.h>
#include "errors.h"
#include "identity.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int from_header(struct arena *arena, struct span header, struct identity **list,
                       size_t *count)
{
    static const char *const signers[] = {"example.org", NULL, "lists.example.com"};
    struct message_limits limits = MESSAGE_LIMITS_DEFAULT;
    struct message m;
    struct field field;
    message_init(&m, arena, &limits);
    m.env.sender = m.env.helo = arena_span(arena, span_slice(header, 0, 40));
    message_add_rcpt(&m, m.env.sender ? m.env.sender : "");
    while (rfc5322_next_field(&header, &field) == 1)
        if (message_add_field(&m, field.name, field.value) != 0)
            return VOUCH_E_NOMEM;
    if (message_scan(&m, NULL, NULL, 0) != 0)
        return VOUCH_E_NOMEM;
    return identity_list(arena, &m, NULL, signers, 3, m.env.helo, list, count);
}

static void check_key(const char *key)
{
    if (strlen(key) > IDENTITY_KEY_MAX || !utf8_valid(span_of(key)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_make(data, size);
    struct arena *arena = arena_new(4 << 20);
    struct identity *list = NULL;
    size_t count = 0;
    if (!arena)
        return 0;
    if (size > 0 && data[0] == '\n') {
        from_header(arena, span_slice(input, 1, size), &list, &count);
    } else {
        const char *text = arena_span(arena, input);
        int rc = text ? identity_parse(arena, NULL, NULL, text, &list, &count) : VOUCH_E_NOMEM;
        if (rc == 0 ? count == 0 : count != 0)
            abort();
    }
    if (count > IDENTITY_MAX)
        abort();
    for (size_t i = 0; i < count; i++) {
        check_key(list[i].group);
        check_key(list[i].field);
        if (strncmp(list[i].group, "ip:", 3) != 0 && strncmp(list[i].group, "dom:", 4) != 0 &&
            strcmp(list[i].group, "site") != 0)
            abort();
    }
    arena_free(&arena);
    return 0;
}
