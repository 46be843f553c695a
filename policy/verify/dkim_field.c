/* SPDX-License-Identifier: BSD-2-Clause */
#include "dkim_field.h"
#include <string.h>
#include "ascii.h"
#include "errors.h"

struct span dkim_field_name(struct span name)
{
    while (name.len && name.p[name.len - 1] == ' ')
        name.len--;
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_visible(name.p[i]) || name.p[i] == ';')
            return SPAN_NONE;
    return name.len ? name : SPAN_NONE;
}

int dkim_field_text(struct sbuf *text, struct span name, struct span value)
{
    struct span line;
    while (value.len && (value.p[value.len - 1] == '\n' || value.p[value.len - 1] == '\r'))
        value.len--;
    sbuf_reset(text);
    sbuf_addspan(text, name);
    sbuf_addc(text, ':');
    size_t nul = text->len;
    while (span_split(&value, '\n', &line)) {
        sbuf_addspan(text, line);
        if (value.p)
            sbuf_adds(text, line.len && line.p[line.len - 1] == '\r' ? "\n" : "\r\n");
    }
    while (!text->failed && (nul += strlen(text->p + nul)) < text->len)
        text->p[nul] = '\177';
    return text->failed ? VOUCH_E_NOMEM : 0;
}
