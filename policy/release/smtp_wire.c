/* SPDX-License-Identifier: BSD-2-Clause */
#include "smtp_wire.h"
#include <string.h>
#include "ascii.h"
#include "errors.h"
#include "sbuf.h"

/* Of a line's first three letters; 0: they are none. */
static int code_of(struct span line)
{
    if (line.len < 3 || line.p[0] < '2' || line.p[0] > '5' || !ascii_is_digit(line.p[1]) ||
        !ascii_is_digit(line.p[2]))
        return 0;
    return (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + (line.p[2] - '0');
}

int smtp_wire_reply(struct span in, struct smtp_reply *reply_r)
{
    int code = 0;
    for (size_t at = 0;;) {
        ptrdiff_t lf = span_index(in, '\n', at);
        if (lf < 0 || lf >= SMTP_MAX_REPLY)
            return in.len >= SMTP_MAX_REPLY ? VOUCH_E_SYNTAX : 0;
        struct span line = span_trim(span_slice(in, at, (size_t)lf));
        int this = code_of(line);
        char next = line.len > 3 ? line.p[3] : ' ';
        if (this == 0 || (code && this != code) || (next != '-' && next != ' '))
            return VOUCH_E_SYNTAX;
        code = this;
        at = (size_t)lf + 1;
        if (next == ' ') {
            *reply_r = (struct smtp_reply){code, span_slice(in, 0, at), at};
            return 1;
        }
    }
}

bool smtp_wire_line(struct span *rest, struct span *line_r)
{
    if (rest->len == 0)
        return false;
    ptrdiff_t lf = span_index(*rest, '\n', 0);
    size_t end = lf < 0 ? rest->len : (size_t)lf + 1;
    *line_r = span_trim(span_slice(*rest, 4, end));
    *rest = span_slice(*rest, end, rest->len);
    return true;
}

void smtp_wire_stuff(struct smtp_stuffing *st, struct span bytes, struct sbuf *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        char c = bytes.p[i];
        if (c == '.' && (st->last == '\0' || st->last == '\n' || st->last == '\r'))
            sbuf_addc(out, '.');
        sbuf_addc(out, c);
        st->before_last = st->last;
        st->last = c == '\0' ? ' ' : c;
    }
}

const char *smtp_wire_end(const struct smtp_stuffing *st)
{
    bool ended = st->last == '\0' || (st->before_last == '\r' && st->last == '\n');
    return ended ? ".\r\n" : "\r\n.\r\n";
}
