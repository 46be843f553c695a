/* SPDX-License-Identifier: BSD-2-Clause */
/* What names a record: its id, its time, its kind, and the message that a label is about. Its forms are
 * record_json.c's, record_avro.c's and record_brief.c's. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "record.h"

#define SUBJECT_SUM_BYTES 16 /* of SHA-256: nobody finds two messages of one sum */

bool record_is_judgement(const struct record *r)
{
    return r->kind == RECORD_DECISION && !(r->flags & FLAG_RELEASED);
}

void record_id(char id_r[RECORD_ID_TEXT], int64_t time_us, const uint8_t random[10])
{
    uint64_t ms = (uint64_t)(time_us > 0 ? time_us / 1000 : 0);
    uint8_t b[16];
    for (int i = 0; i < 6; i++)
        b[i] = (uint8_t)(ms >> (40 - 8 * i));
    memcpy(b + 6, random, 10);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x70); /* version 7 */
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80); /* RFC 9562 variant */
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *id_r++ = '-';
        *id_r++ = "0123456789abcdef"[b[i] >> 4];
        *id_r++ = "0123456789abcdef"[b[i] & 15];
    }
    *id_r = '\0';
}

void record_time(int64_t time_us, char text_r[32])
{
    int64_t us = ((time_us % 1000000) + 1000000) % 1000000;
    time_t t = (time_t)((time_us - us) / 1000000);
    struct tm tm;
    char date[24] = "";
    if (!gmtime_r(&t, &tm) || strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        date[0] = '\0';
    snprintf(text_r, 32, "%s.%06dZ", date, (int)us);
}

const char *record_kind_name(enum record_kind kind)
{
    static const char *const names[] = {"decision", "label", "erasure"};
    return (unsigned)kind < RECORD_KIND_COUNT ? names[kind] : NULL;
}

const char *record_subject(struct arena *arena, const struct message *m)
{
    uint8_t sum[EVP_MAX_MD_SIZE];
    char hex[2 * SUBJECT_SUM_BYTES + 1];
    struct span id = span_of(m->message_id);
    const char *text =
        id.len ? m->message_id
               : arena_printf(arena, "%s\n%lld\n%s", m->author ? m->author->address : "",
                              (long long)m->date, m->subject ? m->subject : "");
    if (!text || EVP_Digest(text, strlen(text), sum, NULL, EVP_sha256(), NULL) != 1)
        return NULL;
    for (int i = 0; i < SUBJECT_SUM_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    return arena_printf(arena, "mid:%s", hex);
}
