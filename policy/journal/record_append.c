/* SPDX-License-Identifier: BSD-2-Clause */
#include "record_append.h"
#include "record_avro.h"

int record_append(struct journal *j, const struct record *r, uint64_t *number_r)
{
    struct sbuf datum;
    const char *message_id = r->message ? r->message->message_id : NULL;
    sbuf_init(&datum, RECORD_BYTES_MAX);
    int rc = record_encode(&datum, r);
    if (rc == 0)
        rc = journal_append(j, sbuf_span(&datum), span_of(r->id), span_of(message_id), r->time_us,
                            number_r);
    sbuf_clear(&datum);
    return rc;
}
