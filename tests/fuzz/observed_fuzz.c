/* SPDX-License-Identifier: BSD-2-Clause */
/* A header against patterns of another filter's fields: at most one label of each source, and none of a
 * message that has no such field. The first byte is the number of recipients that do not exist. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "observed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY (64u << 20)

static const char conf[] =
    "labels: { traps = [ \"trap@example.com\" ];\n"
    "  filter_good = [ \"X-Spam-Flag: NO\", \"X-Spam-Status: No,*autolearn=ham*\" ];\n"
    "  filter_bad = [ \"X-Spam-Flag: *Y*E*S*\", \"X-Spamd-Result:  *:  True *\" ]; };\n";

static void must(bool condition)
{
    if (!condition)
        abort();
}

static bool has_filter_field(const struct message *m)
{
    for (size_t i = 0; i < m->field_count; i++)
        if (span_istarts(m->fields[i].name, "X-Spam"))
            return true;
    return false;
}

static void check(const struct label *labels, size_t count, const struct message *m)
{
    unsigned seen = 0;
    must(count <= OBSERVED_MAX);
    for (size_t i = 0; i < count; i++) {
        must(!(seen & 1u << labels[i].source));
        seen |= 1u << labels[i].source;
    }
    must(!(seen & 1u << LABEL_FILTER) || has_filter_field(m));
    must(!(seen & 1u << LABEL_UNKNOWN_RECIPIENT) == !observed_harvest(m));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings_error *errors;
    const struct label *labels;
    struct message m;
    struct field f;
    size_t count;
    if (size == 0)
        return 0;
    struct settings *s = settings_parse(conf, strlen(conf), "fuzz", &errors, &count);
    struct arena *arena = arena_new(MEMORY);
    struct span rest = span_make(data + 1, size - 1);
    must(s && arena);
    message_init(&m, arena, NULL);
    m.env.live = true;
    m.env.sender = "a@example.org";
    m.env.rejected = data[0];
    while (rfc5322_next_field(&rest, &f) == 1)
        must(message_add_field(&m, f.name, f.value) == 0);
    must(observed_labels(arena, s, &m, &labels, &count) == 0);
    check(labels, count, &m);
    arena_free(&arena);
    settings_unref(&s);
    return 0;
}
