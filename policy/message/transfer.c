/* SPDX-License-Identifier: BSD-2-Clause */
/* Content transfer encodings (RFC 2045 s6.7 and s6.8), decoded. */
#include "transfer.h"
#include "ascii.h"
#include "sbuf.h"

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding ends a group, not the text: some encoders join what they encoded in parts. */
void transfer_base64(struct span text, struct sbuf *out)
{
    unsigned bits = 0, count = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = base64_value(text.p[i]);
        if (text.p[i] == '=')
            bits = count = 0;
        if (value < 0)
            continue;
        bits = (bits << 6 | (unsigned)value) & 0xffff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            sbuf_addc(out, (char)(bits >> count));
        }
    }
}

/* Behind the blanks and the line end that follow s.p[at]; 0: something else does. */
static size_t behind_line(struct span s, size_t at)
{
    while (at < s.len && ascii_is_blank(s.p[at]))
        at++;
    if (at < s.len && s.p[at] == '\r')
        at++;
    if (at == s.len)
        return at;
    return s.p[at] == '\n' ? at + 1 : 0;
}

void transfer_quoted_printable(struct span text, struct sbuf *out)
{
    for (size_t i = 0; i < text.len;) {
        char c = text.p[i];
        if (c != '=') {
            sbuf_addc(out, c);
            i++;
            continue;
        }
        int high = i + 2 < text.len ? ascii_hex(text.p[i + 1]) : -1;
        int low = high >= 0 ? ascii_hex(text.p[i + 2]) : -1;
        size_t soft = low < 0 ? behind_line(text, i + 1) : 0;
        if (low >= 0) {
            sbuf_addc(out, (char)(high * 16 + low));
            i += 3;
        } else if (soft > 0) {
            i = soft;
        } else {
            sbuf_addc(out, c);
            i++;
        }
    }
}
