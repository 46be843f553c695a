/* SPDX-License-Identifier: BSD-2-Clause */
#include "record_avro.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <avro.h>
#include <cmocka.h>
#include <jansson.h>
#include "errors.h"
#include "nomem.h"
#include "record_fixture.h"

static int allocations_left = -1; /* negative: never out of memory */

bool nomem_fails(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

static struct sbuf encode(const struct record *r)
{
    struct sbuf out;
    sbuf_init(&out, RECORD_BYTES_MAX);
    assert_int_equal(record_encode(&out, r), 0);
    assert_int_equal(record_datum_length(sbuf_span(&out)), out.len);
    return out;
}

static const struct record *decode(struct arena *arena, struct span datum)
{
    const struct record *r = NULL;
    assert_int_equal(record_decode(arena, datum, &r), 0);
    assert_non_null(r);
    return r;
}

/* both are from malloc */
static void assert_same_text(const char *name, char *was, char *is)
{
    assert_non_null(was);
    assert_non_null(is);
    if (strcmp(was, is) != 0)
        fail_msg("%s:\n%s\n%s", name, was, is);
    free(was);
    free(is);
}

static void all_that_a_record_says_survives(void **state)
{
    (void)state;
    for (size_t i = 0; i < made_count; i++) {
        struct made made;
        made_init(&made, i);
        struct arena *arena = arena_new(1 << 24);
        struct sbuf out = encode(&made.r);
        const struct record *r = decode(arena, sbuf_span(&out));
        assert_int_equal(r->kind, made.r.kind);
        assert_same_text(made.name, record_json(&made.r), record_json(r));
        struct sbuf again = encode(r);
        assert_same_text(made.name, record_json(&made.r), record_datum_json(sbuf_span(&out)));
        assert_true(span_eq(sbuf_span(&out), sbuf_span(&again)));
        sbuf_clear(&out);
        sbuf_clear(&again);
        arena_free(&arena);
        made_clear(&made);
    }
}

/* The same by way of JSON, which the quarantine keeps with a message. */
static void a_record_comes_back_from_its_json(void **state)
{
    static const char *const broken[] = {"",
                                         "{",
                                         "[]",
                                         "{}",
                                         "{\"id\":1}",
                                         "{\"id\":\"a\"}",
                                         "{\"id\":\"a\",\"kind\":\"none\"}",
                                         "{\"id\":\"a\",\"kind\":\"decision\",\"path\":[1]}"};
    const struct record *r;
    (void)state;
    for (size_t i = 0; i < made_count; i++) {
        struct made made;
        made_init(&made, i);
        struct arena *arena = arena_new(1 << 24);
        char *json = record_json(&made.r);
        assert_int_equal(record_parse_json(arena, json, &r), 0);
        assert_same_text(made.name, json, record_json(r));
        assert_string_equal(made_lessons(&made.r), made_lessons(r));
        arena_free(&arena);
        made_clear(&made);
    }
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct arena *arena = arena_new(1 << 24);
        assert_int_equal(record_parse_json(arena, broken[i], &r), VOUCH_E_SYNTAX);
        arena_free(&arena);
    }
}

/* The learner makes of the record what it would have made of the message. */
static void a_record_teaches_what_its_message_did(void **state)
{
    (void)state;
    for (size_t i = 0; i < made_count; i++) {
        struct made made;
        made_init(&made, i);
        struct arena *arena = arena_new(1 << 24);
        struct sbuf out = encode(&made.r);
        const struct record *r = decode(arena, sbuf_span(&out));
        const char *was = made_lessons(&made.r), *is = made_lessons(r);
        if (strcmp(was, is) != 0)
            fail_msg("%s:\n%s\n%s", made.name, was, is);
        if (i == 0)
            assert_non_null(strstr(was, "rfc5322.from|alice@news.example.org|dom:example.org|"
                                        "a:alice@news.example.org|-1 taught"));
        if (made.r.message) {
            const struct message_client a = message_client(made.r.message),
                                        b = message_client(r->message);
            assert_true(ipaddr_eq(&a.ip, &b.ip));
        }
        sbuf_clear(&out);
        arena_free(&arena);
        made_clear(&made);
    }
}

/* Under pseudonyms no address is written, and the same is learnt. */
static void pseudonyms_are_what_is_written(void **state)
{
    (void)state;
    const struct pseudonym_key key = {.id = "abcd", .bytes = {1, 2, 3}};
    static const char *const secrets[] = {"alice", "Alice", "bob", "carol", "trap@", "news@"};
    for (size_t i = 0; i < made_count; i++) {
        struct made made;
        made_init(&made, i);
        if (!made.r.message) {
            made_clear(&made);
            continue;
        }
        made.m.alias = &key;
        made.m.message_id = NULL;
        struct arena *arena = arena_new(1 << 24);
        struct sbuf out = encode(&made.r);
        const struct record *r = decode(arena, sbuf_span(&out));
        assert_string_equal(r->pseudonym_key, "abcd");
        char *json = record_json(r);
        for (size_t k = 0; k < sizeof secrets / sizeof *secrets; k++)
            if (strstr(json, secrets[k]))
                fail_msg("%s: %s", secrets[k], json);
        assert_string_equal(made_lessons(&made.r), made_lessons(r));
        free(json);
        sbuf_clear(&out);
        arena_free(&arena);
        made_clear(&made);
    }
}

static char *long_text(struct arena *arena, size_t n, const char *end)
{
    char *text = arena_alloc(arena, n + strlen(end) + 1);
    assert_non_null(text);
    memset(text, '\xff', n);
    memcpy(text + n, end, strlen(end) + 1);
    return text;
}

/* Whatever a message holds, its record is written, is not too large, and says what was lost. */
static void a_hostile_message_is_cut(void **state)
{
    (void)state;
    struct made made;
    made_init(&made, 3);
    struct message *m = &made.m;
    struct trust_item many[IDENTITY_MAX + TW_COUNT];
    const char *huge = long_text(made.arena, 300000, "@example.org");
    char *local = long_text(made.arena, 16000, "");
    struct mailbox author = {.local = local,
                             .domain = "example.org",
                             .address = arena_printf(made.arena, "%s@example.org", local),
                             .display = huge,
                             .valid = true};
    m->author = &author;
    m->env.sender = m->env.helo = m->env.name = m->env.user = m->message_id = m->in_reply_to = huge;
    m->sender_domain = huge;
    m->limits.recipients = 50000;
    for (int i = 0; i < 20000; i++)
        assert_int_equal(message_add_rcpt(m, i < 5000 ? author.address + 15000 : "b@example.net"),
                         0);
    m->hops = arena_array(made.arena, RECEIVED_MAX_HOPS, sizeof *m->hops);
    for (m->hop_count = 0; m->hop_count < RECEIVED_MAX_HOPS; m->hop_count++)
        m->hops[m->hop_count] = (struct hop){
            .ip = m->env.ip, .name = huge, .helo = huge, .by = huge, .with = huge, .time = 1};
    made.ev.dkim = arena_array(made.arena, 100, sizeof *made.ev.dkim);
    for (made.ev.dkim_count = 0; made.ev.dkim_count < 100; made.ev.dkim_count++)
        made.ev.dkim[made.ev.dkim_count] =
            (struct dkim_result){AUTH_FAIL, huge, huge, huge, huge, huge, 1024, 7, huge};
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        many[i] = (struct trust_item){huge, huge, 1, 1, 1, 1, huge};
    made.trust.items = many;
    made.trust.item_count = sizeof many / sizeof *many;
    made.decision.rcpt_count = m->env.rcpt_count;
    made.decision.reason = huge;
    made.decision.rcpts = arena_array(made.arena, m->env.rcpt_count, sizeof *made.decision.rcpts);
    for (size_t i = 0; i < m->env.rcpt_count; i++)
        made.decision.rcpts[i] = (struct rcpt_decision){.rcpt = m->env.rcpts[i], .reason = huge};
    struct sbuf out = encode(&made.r);
    assert_true(out.len > RECORD_BYTES_MAX / 4);
    struct arena *arena = arena_new(1 << 26);
    const struct record *r = decode(arena, sbuf_span(&out));
    assert_int_equal(r->message->hop_count, RECEIVED_MAX_HOPS);
    assert_int_equal(r->evidence->dkim_count, 100);
    assert_true(r->trust->item_count > 100); /* the largest; no sum has as many */
    assert_int_equal(r->message->over, MESSAGE_OVER_RECIPIENTS);
    assert_true(r->message->env.rcpt_count > 8 && r->message->env.rcpt_count < 20000);
    assert_string_equal(r->message->author->domain, "example.org");
    assert_int_equal(strlen(r->message->author->local), 3 * 16000);
    sbuf_clear(&out);
    arena_free(&arena);
    made_clear(&made);
}

/* Every proper part of a datum, and every datum with a byte changed, is refused or is one. */
static void damage_is_seen_or_harmless(void **state)
{
    (void)state;
    struct made made;
    made_init(&made, 5);
    struct sbuf out = encode(&made.r);
    const struct record *r;
    for (size_t n = 0; n <= out.len; n++) {
        char *part = malloc(n ? n : 1); /* exact, for sanitizers */
        struct arena *arena = arena_new(1 << 20);
        memcpy(part, out.p, n);
        int rc = record_decode(arena, span_make(part, n), &r);
        assert_int_equal(rc, n == out.len ? 0 : VOUCH_E_SYNTAX);
        assert_int_equal(record_datum_length(span_make(part, n)), n == out.len ? n : 0);
        for (int bit = 0; n < out.len && bit < 8; bit++) {
            arena_reset(arena);
            out.p[n] ^= (char)(1 << bit);
            rc = record_decode(arena, sbuf_span(&out), &r);
            assert_true(rc == 0 || rc == VOUCH_E_SYNTAX || rc == VOUCH_E_NOMEM);
            out.p[n] ^= (char)(1 << bit);
        }
        arena_free(&arena);
        free(part);
    }
    assert_int_equal(record_decode(made.arena, SPAN_NONE, &r), VOUCH_E_SYNTAX);
    assert_int_equal(record_datum_length(SPAN_NONE), 0);
    sbuf_addc(&out, 'x');
    assert_int_equal(record_decode(made.arena, sbuf_span(&out), &r), VOUCH_E_SYNTAX);
    assert_int_equal(record_datum_length(sbuf_span(&out)), out.len - 1);
    sbuf_clear(&out);
    made_clear(&made);
}

static void what_is_no_record_is_refused(void **state)
{
    (void)state;
    struct made made;
    const struct record *r;
    for (size_t i = 0; i < made_count; i++) {
        made_init(&made, i);
        if (made.r.kind == RECORD_LABEL)
            made.r.label_count = i % 2 ? 0 : 2;
        else if (made.r.kind == RECORD_ERASURE)
            made.r.erased = NULL;
        struct sbuf out = encode(&made.r);
        assert_int_equal(record_decode(made.arena, sbuf_span(&out), &r),
                         made.r.kind == RECORD_DECISION ? 0 : VOUCH_E_SYNTAX);
        sbuf_clear(&out);
        made_clear(&made);
    }
}

static void running_out_of_memory_is_said(void **state)
{
    (void)state;
    struct made made;
    const struct record *r;
    made_init(&made, 13); /* text has to be cleaned */
    struct sbuf whole = encode(&made.r), out;
    int rc = VOUCH_E_NOMEM, failed = 0;
    for (int n = 0; rc != 0; n++) {
        sbuf_init(&out, RECORD_BYTES_MAX);
        allocations_left = n;
        rc = record_encode(&out, &made.r);
        allocations_left = -1;
        assert_true(rc == 0 || rc == VOUCH_E_NOMEM);
        assert_int_equal(out.len, rc == 0 ? whole.len : 0);
        failed += rc != 0;
        sbuf_clear(&out);
    }
    assert_true(failed > 5);
    failed = 0;
    rc = VOUCH_E_NOMEM;
    for (size_t max = 0; rc != 0; max += 64) {
        struct arena *arena = arena_new(max);
        rc = record_decode(arena, sbuf_span(&whole), &r);
        assert_true(rc == 0 || rc == VOUCH_E_NOMEM);
        failed += rc != 0;
        arena_free(&arena);
    }
    assert_true(failed > 10);
    char *line = NULL;
    for (int n = 0; !line; n++) {
        allocations_left = n;
        line = record_json(&made.r);
        allocations_left = -1;
        assert_true(n < 10000);
    }
    free(line);
    sbuf_clear(&whole);
    made_clear(&made);
}

/* A buffer that is too small: nothing of the record stays in it. */
static void a_full_buffer_is_said(void **state)
{
    (void)state;
    struct made made;
    struct sbuf out;
    made_init(&made, 0);
    sbuf_init(&out, 100);
    sbuf_adds(&out, "before");
    assert_int_equal(record_encode(&out, &made.r), VOUCH_E_NOMEM);
    assert_string_equal(sbuf_str(&out), "before");
    sbuf_clear(&out);
    made_clear(&made);
}

/* ---- the schema and the code in step ---- */

static json_t *load_schema(void)
{
    json_t *schema = json_loadb(record_schema, record_schema_len, 0, NULL);
    assert_non_null(schema);
    return schema;
}

static const char *get(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

static void schema_is_the_file_in_the_tree(void **state)
{
    (void)state;
    char path[1000];
    const char *src = getenv("VOUCH_SRCDIR");
    snprintf(path, sizeof path, "%s/policy/journal/vouch-record.avsc", src ? src : ".");
    FILE *f = fopen(path, "r");
    if (!f)
        skip();
    char *text = calloc(1, record_schema_len + 2);
    assert_int_equal(fread(text, 1, record_schema_len + 1, f), record_schema_len);
    assert_string_equal(text, record_schema);
    free(text);
    fclose(f);
}

static void check_type(const json_t *type);

/* Every field is explained, and has a default unless it was needed from the first day. */
static void check_field(const json_t *field)
{
    const json_t *type = json_object_get(field, "type"), *def = json_object_get(field, "default");
    const char *name = get(field, "name");
    if (!*get(field, "doc"))
        fail_msg("%s has no doc", name);
    if (json_is_array(type))
        assert_true(json_array_size(type) == 2 && json_is_null(def) &&
                    strcmp(json_string_value(json_array_get(type, 0)), "null") == 0);
    else if (strcmp(get(type, "type"), "array") == 0)
        assert_true(json_is_array(def) && json_array_size(def) == 0);
    else if (def)
        fail_msg("%s: a default of a kind that record_resolver does not fill in", name);
    check_type(json_is_array(type) ? json_array_get(type, 1) : type);
}

static void check_type(const json_t *type)
{
    size_t i;
    const json_t *field;
    if (strcmp(get(type, "type"), "array") == 0)
        check_type(json_object_get(type, "items"));
    else if (strcmp(get(type, "type"), "record") == 0)
        json_array_foreach(json_object_get(type, "fields"), i, field) check_field(field);
}

static void every_field_is_explained(void **state)
{
    (void)state;
    json_t *schema = load_schema();
    check_type(schema);
    json_decref(schema);
}

static void compare(const char *name, const json_t *type, avro_value_t *value, const json_t *json);

static void compare_parts(const json_t *type, avro_value_t *value, json_t *json)
{
    const json_t *fields = json_object_get(type, "fields");
    void *at = json_object_iter(json);
    size_t count = 0;
    avro_value_get_size(value, &count);
    assert_int_equal(count, json_array_size(fields));
    assert_int_equal(count, json_object_size(json));
    for (size_t i = 0; i < count; i++, at = json_object_iter_next(json, at)) {
        const json_t *field = json_array_get(fields, i);
        avro_value_t child;
        const char *name;
        assert_int_equal(avro_value_get_by_index(value, i, &child, &name), 0);
        assert_string_equal(name, get(field, "name"));
        assert_string_equal(name, json_object_iter_key(at)); /* the same order */
        compare(name, json_object_get(field, "type"), &child, json_object_iter_value(at));
    }
}

static void compare_items(const char *name, const json_t *type, avro_value_t *value,
                          const json_t *json)
{
    size_t count = 0;
    assert_true(json_is_array(json));
    avro_value_get_size(value, &count);
    assert_int_equal(count, json_array_size(json));
    for (size_t i = 0; i < count; i++) {
        avro_value_t child;
        assert_int_equal(avro_value_get_by_index(value, i, &child, NULL), 0);
        compare(name, json_object_get(type, "items"), &child, json_array_get(json, i));
    }
}

static void compare_number(const char *name, const json_t *type, const char *word,
                           avro_value_t *value, const json_t *json)
{
    int64_t n = 0;
    int32_t small = 0;
    double x = 0;
    if (strcmp(word, "double") == 0) {
        assert_int_equal(avro_value_get_double(value, &x), 0);
        assert_true(fabs(x - json_real_value(json)) < 1e-6);
        return;
    }
    if (strcmp(word, "int") == 0) {
        assert_int_equal(avro_value_get_int(value, &small), 0);
        assert_int_equal(small, json_integer_value(json));
        return;
    }
    if (strcmp(word, "long") != 0)
        fail_msg("%s: type %s", name, word);
    assert_int_equal(avro_value_get_long(value, &n), 0);
    if (strcmp(get(type, "logicalType"), "timestamp-micros") == 0) {
        char text[32];
        record_time(n, text);
        assert_string_equal(text, json_string_value(json));
    } else {
        assert_int_equal(n, json_integer_value(json));
    }
}

/* Whether what libavro reads by the schema is what the JSON says. */
static void compare(const char *name, const json_t *type, avro_value_t *value, const json_t *json)
{
    const char *word = json_is_string(type) ? json_string_value(type) : get(type, "type");
    if (json_is_array(type)) {
        int branch = -1;
        avro_value_t child;
        assert_int_equal(avro_value_get_discriminant(value, &branch), 0);
        if ((branch == 0) != json_is_null(json))
            fail_msg("%s is null in one of them", name);
        assert_int_equal(avro_value_get_current_branch(value, &child), 0);
        if (branch == 1)
            compare(name, json_array_get(type, 1), &child, json);
    } else if (strcmp(word, "record") == 0) {
        compare_parts(type, value, (json_t *)(uintptr_t)json);
    } else if (strcmp(word, "array") == 0) {
        compare_items(name, type, value, json);
    } else if (strcmp(word, "string") == 0) {
        const char *text;
        size_t len;
        assert_int_equal(avro_value_get_string(value, &text, &len), 0);
        assert_string_equal(text, json_string_value(json));
    } else if (strcmp(word, "boolean") == 0) {
        int bit;
        assert_int_equal(avro_value_get_boolean(value, &bit), 0);
        assert_int_equal(bit, json_is_true(json));
    } else {
        compare_number(name, type, word, value, json);
    }
}

static void libavro_reads_what_json_says(void **state)
{
    (void)state;
    json_t *schema = load_schema();
    avro_schema_t avro;
    assert_int_equal(avro_schema_from_json_length(record_schema, record_schema_len, &avro), 0);
    avro_value_iface_t *class = avro_generic_class_from_schema(avro);
    for (size_t i = 0; i < made_count; i++) {
        struct made made;
        avro_value_t value;
        made_init(&made, i);
        struct sbuf out = encode(&made.r);
        avro_reader_t reader = avro_reader_memory(out.p, (int64_t)out.len);
        avro_generic_value_new(class, &value);
        assert_int_equal(avro_value_read(reader, &value), 0);
        char *line = record_json(&made.r);
        json_t *json = json_loads(line, 0, NULL);
        compare(made.name, schema, &value, json);
        json_decref(json);
        free(line);
        avro_value_decref(&value);
        avro_reader_free(reader);
        sbuf_clear(&out);
        made_clear(&made);
    }
    avro_value_iface_decref(class);
    avro_schema_decref(avro);
    json_decref(schema);
}

/* ---- what names a record ---- */

static void subjects_tell_messages_apart(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "Message-ID: <1@example.org>\r\nFrom: a@example.org\r\n",
        "Message-ID: <2@example.org>\r\nFrom: a@example.org\r\n",
        "From: a@example.org\r\n",
        "From: a@example.org\r\nSubject: x\r\n",
        "From: a@example.org\r\nSubject: x\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n",
        "From: b@example.org\r\n",
    };
    enum { COUNT = sizeof headers / sizeof *headers };
    struct arena *arena = arena_new(1 << 20);
    const char *subjects[COUNT];
    for (int i = 0; i < COUNT; i++) {
        struct message m;
        struct span rest = span_of(headers[i]);
        struct field field;
        message_init(&m, arena, NULL);
        while (rfc5322_next_field(&rest, &field) == 1)
            assert_int_equal(message_add_field(&m, field.name, field.value), 0);
        assert_int_equal(message_scan(&m, NULL, NULL, 0), 0);
        subjects[i] = record_subject(arena, &m);
        assert_non_null(subjects[i]);
        assert_int_equal(strlen(subjects[i]), 36);
        assert_string_equal(subjects[i], record_subject(arena, &m));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(subjects[i], subjects[k]);
    }
    /* written into journals: it may not change */
    assert_string_equal(subjects[0], "mid:ab6f5b02dde3469748ca29bc688479df");
    arena_free(&arena);
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(record_kind_name(RECORD_DECISION), "decision");
    assert_string_equal(record_kind_name(RECORD_LABEL), "label");
    assert_string_equal(record_kind_name(RECORD_ERASURE), "erasure");
    assert_null(record_kind_name(RECORD_KIND_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_a_record_says_survives),
        cmocka_unit_test(a_record_comes_back_from_its_json),
        cmocka_unit_test(a_record_teaches_what_its_message_did),
        cmocka_unit_test(pseudonyms_are_what_is_written),
        cmocka_unit_test(a_hostile_message_is_cut),
        cmocka_unit_test(damage_is_seen_or_harmless),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(running_out_of_memory_is_said),
        cmocka_unit_test(a_full_buffer_is_said),
        cmocka_unit_test(schema_is_the_file_in_the_tree),
        cmocka_unit_test(every_field_is_explained),
        cmocka_unit_test(libavro_reads_what_json_says),
        cmocka_unit_test(subjects_tell_messages_apart),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
