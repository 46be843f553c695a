/* SPDX-License-Identifier: BSD-2-Clause */
/* held_cat DIR [KEYFILE]: for each message of a quarantine a line "ID FROM TO... [BODY=...] [SMTPUTF8]" on standard error, and its bytes
 * on standard output. */
#include <stdio.h>
#include "quarantine.h"

static int cat(void *quarantine, const char *id, uint64_t bytes)
{
    char error[500], part[4096];
    ptrdiff_t n;
    struct held *h = held_open(quarantine, id, error, sizeof error);
    (void)bytes;
    if (!h) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    const struct held_envelope *e = held_envelope(h);
    fprintf(stderr, "%s %s", id, e->sender);
    for (size_t i = 0; i < e->rcpt_count; i++)
        fprintf(stderr, " %s", e->rcpts[i]);
    fprintf(stderr, "%s%s%s\n", e->body ? " BODY=" : "", e->body ? e->body : "",
            e->utf8 ? " SMTPUTF8" : "");
    while ((n = held_read(h, part, sizeof part)) > 0)
        fwrite(part, 1, (size_t)n, stdout);
    held_close(&h);
    return n < 0;
}

int main(int argc, char **argv)
{
    char error[500];
    if (argc < 2)
        return 64;
    const struct quarantine_options o = {.dir = argv[1], .key_file = argv[2]};
    struct quarantine *q = quarantine_open(&o, error, sizeof error);
    if (!q) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    int rc = quarantine_each(q, cat, q);
    quarantine_close(&q);
    return rc != 0;
}
