/* SPDX-License-Identifier: BSD-2-Clause */
/* What the quarantine reads: by the first byte a line of a log ("l"), the head of a held file ("h"), or a whole file ("f"), the top of a
 * message that claims to come from there ("c"), or an encrypted line ("s"). What is
 * taken is written and read back as the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "held_head.h"
#include "held_line.h"
#include "held_return.h"
#include "held_seal.h"
#include "held_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool true_)
{
    if (!true_)
        abort();
}

static void same(const char *a, const char *b)
{
    expect(a && b ? strcmp(a, b) == 0 : a == b);
}

static void line(struct span text)
{
    struct held_line a, b;
    struct sbuf out;
    if (held_line_parse(text, &a) != 0)
        return;
    sbuf_init(&out, SIZE_MAX);
    int rc = held_line_write(&a, &out);
    expect(rc == 0 || rc == VOUCH_E_LIMIT);
    expect(span_index(sbuf_span(&out), '\n', 0) == (ptrdiff_t)out.len - 1);
    if (rc == 0) {
        expect(held_line_parse(span_make(out.p, out.len - 1), &b) == 0);
        expect(a.event == b.event && a.time_us == b.time_us && a.rcpt_count == b.rcpt_count);
        same(a.who, b.who);
        same(a.note, b.note);
        for (size_t i = 0; i < a.rcpt_count; i++)
            same(a.rcpts[i], b.rcpts[i]);
        held_line_clear(&b);
    }
    held_line_clear(&a);
    sbuf_clear(&out);
}

static void head(struct span text)
{
    struct held_head a, b;
    struct sbuf out;
    char *copy = calloc(1, text.len + 1);
    expect(copy);
    memcpy(copy, text.p, text.len);
    sbuf_init(&out, SIZE_MAX);
    if (held_head_parse(copy, text.len, &a) == 0) {
        if (held_head_write(&a, &out)) { /* not, if it is no UTF-8 */
            expect(held_head_parse(out.p, out.len, &b) == 0);
            expect(a.size == b.size && a.envelope.rcpt_count == b.envelope.rcpt_count);
            expect(a.envelope.utf8 == b.envelope.utf8);
            same(a.envelope.sender, b.envelope.sender);
            same(a.envelope.body, b.envelope.body);
            same(a.record, b.record);
            held_head_clear(&b);
        }
        held_head_clear(&a);
    }
    sbuf_clear(&out);
    free(copy);
}

static void file(struct span bytes)
{
    struct pseudonym_keys keys = {.count = 1};
    struct held_in in;
    char id[PSEUDONYM_ID_TEXT], *block;
    size_t len;
    FILE *f = tmpfile();
    if (!f)
        return;
    memcpy(keys.list[0].id, "aaaa", 5);
    fwrite(bytes.p, 1, bytes.len, f);
    fflush(f);
    int rc = held_in_begin(&in, fileno(f), &keys, id);
    while (rc == 0 && !in.ended) {
        rc = held_in_block(&in, HELD_BLOCK, &block, &len);
        if (rc == 0) {
            expect(len <= bytes.len && block[len] == '\0');
            free(block);
        }
    }
    expect(rc <= 0);
    fclose(f);
}

static void claim(struct span top)
{
    struct held_claim c;
    if (held_claim_parse(top, &c))
        expect(c.length <= top.len && strlen(c.mark) == HELD_MARK_TEXT - 1 && held_id_ok(c.id));
}

static void seal(struct span text)
{
    struct pseudonym_keys keys = {.count = 1};
    struct sbuf sealed, opened;
    memcpy(keys.list[0].id, "aaaa", 5);
    sbuf_init(&sealed, SIZE_MAX);
    sbuf_init(&opened, SIZE_MAX);
    expect(held_unseal(&keys, "id", text, &opened) <= 0); /* it may be the one of the corpus */
    sbuf_reset(&opened);
    expect(held_seal(keys.list, "id", text, &sealed) == 0);
    struct span line = span_make(sealed.p, sealed.len - 1);
    expect(span_index(line, '\n', 0) < 0);
    expect(held_unseal(&keys, "id", line, &opened) == 0);
    expect(span_eq(sbuf_span(&opened), text));
    expect(held_unseal(&keys, "ie", line, &opened) == VOUCH_E_SYNTAX);
    expect(held_unseal(NULL, "id", line, &opened) == VOUCH_E_CONFIG);
    sbuf_clear(&sealed);
    sbuf_clear(&opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_make(data + 1, size - 1);
    if (size == 0)
        return 0;
    if (data[0] == 'l')
        line(rest);
    else if (data[0] == 'h')
        head(rest);
    else if (data[0] == 'f')
        file(rest);
    else if (data[0] == 'c')
        claim(rest);
    else if (data[0] == 's')
        seal(rest);
    return 0;
}
