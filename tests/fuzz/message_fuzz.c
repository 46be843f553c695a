/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole raw message: fields, then the scan, as the milter and the tool do it. The first byte says
 * whether the SMTP client is known. */
#include <stdlib.h>
#include <string.h>
#include "message.h"
#include "utf8.h"

#define MEMORY (16 << 20) /* must do for any input under the default limits */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check(const struct message *m)
{
    must(m->client_hop >= -1 && m->client_hop < (ptrdiff_t)m->hop_count);
    must(m->hop_count <= m->limits.hops && m->field_count <= m->limits.fields);
    must(!m->author || (m->author->valid && m->author_org && m->author_count > 0));
    must(!m->subject ||
         (utf8_valid(span_of(m->subject)) && strlen(m->subject) <= MESSAGE_MAX_SUBJECT));
    must(!m->message_id || utf8_valid(span_of(m->message_id)));
    must(!m->in_reply_to || utf8_valid(span_of(m->in_reply_to)));
    message_client(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ipnet trusted[] = {{{IP_V4, {192, 0, 2}}, 24}};
    struct message m;
    struct field f;
    if (size == 0)
        return 0;
    struct arena *arena = arena_new(MEMORY);
    struct span rest = span_make(data + 1, size - 1);
    must(arena != NULL);
    message_init(&m, arena, NULL);
    if (data[0] & 1)
        m.env.ip = trusted[0].addr;
    m.env.sender = data[0] & 2 ? "a@example.com" : "";
    while (rfc5322_next_field(&rest, &f) == 1)
        must(message_add_field(&m, f.name, f.value) == 0);
    must(message_scan(&m, NULL, trusted, 1) == 0);
    check(&m);
    arena_free(&arena);
    return 0;
}
