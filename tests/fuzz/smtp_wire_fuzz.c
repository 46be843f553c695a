/* SPDX-License-Identifier: BSD-2-Clause */
/* What an SMTP server says, and what a message is on the wire: nowhere in it does a line begin with one dot alone but at its end, and
 * taking the dots off again gives the message. */
#include <stdlib.h>
#include <string.h>
#include "sbuf.h"
#include "smtp_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool at_start(struct span s, size_t at)
{
    return at == 0 || s.p[at - 1] == '\r' || s.p[at - 1] == '\n';
}

static void check_dots(struct span message)
{
    struct smtp_stuffing st = {0};
    struct sbuf wire;
    size_t k = 0;
    sbuf_init(&wire, 2 * message.len + 1);
    smtp_wire_stuff(&st, message, &wire);
    struct span s = sbuf_span(&wire);
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '.' && at_start(s, i)) {
            if (i + 1 >= s.len || s.p[i + 1] != '.')
                abort();
            i++;
        }
        if (k >= message.len || s.p[i] != message.p[k++])
            abort();
    }
    if (k != message.len || wire.failed)
        abort();
    sbuf_clear(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct smtp_reply r;
    struct span in = span_make(data, size), line;
    if (smtp_wire_reply(in, &r) == 1) {
        if (r.used > size || r.code < 200 || r.code > 599)
            abort();
        while (smtp_wire_line(&r.text, &line))
            if (line.p && (line.p < in.p || line.p + line.len > in.p + in.len))
                abort();
    }
    check_dots(in);
    return 0;
}
