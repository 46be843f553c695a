/* SPDX-License-Identifier: BSD-2-Clause */
/* Data of any schema as data of ours. */
#include "journal_datum.h"
#include "errors.h"

int journal_datum_init(struct journal_datum *d, struct span schema, char *error_r, size_t size)
{
    *d = (struct journal_datum){.resolver = NULL};
    sbuf_init(&d->resolved, RECORD_BYTES_MAX);
    error_r[0] = '\0';
    if (span_eq(schema, span_make(record_schema, record_schema_len)))
        return 0;
    d->resolver = record_resolver_new(schema, error_r, size);
    return d->resolver || error_r[0] == '\0' ? 0 : VOUCH_E_SYNTAX;
}

void journal_datum_clear(struct journal_datum *d)
{
    record_resolver_free(&d->resolver);
    sbuf_clear(&d->resolved);
}

int journal_datum_take(struct journal_datum *d, struct span *rest, struct span *datum_r)
{
    if (!d->resolver) {
        size_t len = record_datum_length(*rest);
        if (len == 0)
            return VOUCH_E_SYNTAX;
        *datum_r = span_slice(*rest, 0, len);
        *rest = span_slice(*rest, len, rest->len);
        return 0;
    }
    sbuf_reset(&d->resolved);
    int rc = record_resolve(d->resolver, rest, &d->resolved);
    *datum_r = sbuf_span(&d->resolved);
    return rc;
}
