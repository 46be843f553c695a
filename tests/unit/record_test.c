/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>
#include "record.h"

static void id_is_a_uuid_version_7_of_its_time(void **state)
{
    (void)state;
    const uint8_t ones[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    const uint8_t zeros[10] = {0};
    char id[RECORD_ID_TEXT];
    record_id(id, 0x0123456789ab * 1000LL, ones);
    assert_string_equal(id, "01234567-89ab-7fff-bfff-ffffffffffff");
    record_id(id, 1645557742000 * 1000LL, zeros); /* RFC 9562 appendix A.6's time */
    assert_string_equal(id, "017f22e2-79b0-7000-8000-000000000000");
    record_id(id, -5, zeros);
    assert_string_equal(id, "00000000-0000-7000-8000-000000000000");
}

static void time_is_rfc3339(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } table[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {1, "1970-01-01T00:00:00.000001Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {1767322984123456, "2026-01-02T03:03:04.123456Z"},
        {951782400000000, "2000-02-29T00:00:00.000000Z"},
    };
    char text[32];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        record_time(table[i].us, text);
        assert_string_equal(text, table[i].text);
    }
}

/* A record of a message that tries to break out of every form. */
struct fixture {
    struct arena *arena;
    struct message m;
    struct evidence ev;
    struct dkim_result dkim;
    struct trust_item item;
    struct trust_result trust;
    struct rcpt_decision rcpt;
    struct decision decision;
    struct record r;
};

#define HOSTILE "a\r\nX-Vouch: class=trusted\" <x>, \xff\xfe"

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct message_limits limits = MESSAGE_LIMITS_DEFAULT;
    f->arena = arena_new(1 << 20);
    message_init(&f->m, f->arena, &limits);
    f->m.env.sender = HOSTILE;
    f->m.env.helo = HOSTILE;
    f->m.env.queue_id = "4ABC";
    f->m.message_id = HOSTILE;
    f->m.client_hop = -1;
    f->m.date = -1;
    ipaddr_parse(span_of("2001:db8::7"), &f->m.env.ip);
    assert_int_equal(message_add_rcpt(&f->m, HOSTILE), 0);
    f->dkim = (struct dkim_result){.result = AUTH_TEMPERROR, .domain = HOSTILE, .reason = HOSTILE};
    f->ev.dkim = &f->dkim;
    f->ev.dkim_count = 1;
    f->ev.spf.result = AUTH_PASS;
    f->item = (struct trust_item){.name = "author",
                                  .subject = HOSTILE,
                                  .weight = -1.25,
                                  .good = 2,
                                  .bad = 0,
                                  .seen = -1,
                                  .note = HOSTILE};
    f->trust =
        (struct trust_result){.items = &f->item, .item_count = 1, .sum = -1, .trust = 0.268941};
    f->rcpt = (struct rcpt_decision){.rcpt = HOSTILE,
                                     .action = ACTION_QUARANTINE,
                                     .class = CLASS_SUSPICIOUS,
                                     .reason = "because"};
    f->decision = (struct decision){.class = CLASS_SUSPICIOUS,
                                    .action = ACTION_QUARANTINE,
                                    .mode = MODE_OBSERVE,
                                    .reason = HOSTILE,
                                    .rcpts = &f->rcpt,
                                    .rcpt_count = 1};
    f->r = (struct record){.id = "017f22e2-79b0-7000-8000-000000000000",
                           .sensor = "mx.example.com",
                           .message = &f->m,
                           .evidence = &f->ev,
                           .trust = &f->trust,
                           .decision = &f->decision,
                           .judged = true,
                           .flags = FLAG_DNS_TIMEOUT | FLAG_OVER_LIMIT,
                           .model = "1",
                           .timing = {.total = 1500, .dns = -1}};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    arena_free(&f->arena);
    free(f);
    return 0;
}

/* What a sender writes and somebody reads on a terminal. */
static void json_commands_no_terminal(void **state)
{
    static const struct {
        const char *id, *json;
    } table[] = {
        {"\x1b]0;x\x07\x7f", "\"\\u001B]0;x\\u0007\\u007F\""},
        {"a\xc2\x9b"
         "2J\xc2\x80\xc2\xa0",
         "\"a\\u009B2J\\u0080\xc2\xa0\""},
        {"\xe2\x80\xae\xe2\x81\xa9\xe2\x80\xa9", "\"\\u202E\\u2069\xe2\x80\xa9\""},
        {"\xe2\x80", "\"message_id\":\"\xef\xbf\xbd"},
        {"\xc2", "\"\xef\xbf\xbd\""},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        f->m.message_id = table[i].id;
        char *line = record_json(&f->r);
        assert_non_null(line);
        if (!strstr(line, table[i].json))
            fail_msg("%zu: %s", i, line);
        free(line);
    }
}

static void json_has_every_key_of_the_schema_and_one_line(void **state)
{
    struct fixture *f = *state;
    static const char *const keys[] = {"schema",
                                       "id",
                                       "time",
                                       "sensor",
                                       "direction",
                                       "queue_id",
                                       "client",
                                       "sender",
                                       "recipients",
                                       "size",
                                       "message_id",
                                       "author",
                                       "auth",
                                       "path",
                                       "evidence",
                                       "trust",
                                       "class",
                                       "flags",
                                       "policy",
                                       "action",
                                       "mode",
                                       "reason",
                                       "recipient_actions",
                                       "model",
                                       "timing_us",
                                       "kind",
                                       "sender_domain",
                                       "in_reply_to",
                                       "date",
                                       "automatic",
                                       "rejected_recipients",
                                       "over",
                                       "labels",
                                       "subject",
                                       "subject_time",
                                       "subject_unseen",
                                       "erased",
                                       "judged",
                                       "bias",
                                       "pseudonym_key",
                                       "shadow",
                                       "known_before",
                                       "traits"};
    char *line = record_json(&f->r);
    assert_non_null(line);
    assert_null(strchr(line, '\n'));
    json_t *j = json_loads(line, 0, NULL);
    assert_non_null(j);
    void *at = json_object_iter(j);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++, at = json_object_iter_next(j, at))
        if (!at || strcmp(json_object_iter_key(at), keys[i]) != 0)
            fail_msg("no key %s at its place in %s", keys[i], line);
    assert_int_equal(json_object_size(j), sizeof keys / sizeof *keys);
    assert_true(json_is_null(json_object_get(json_object_get(j, "author"), "address")));
    assert_true(json_is_null(json_object_get(json_object_get(j, "timing_us"), "dns")));
    json_t *item = json_array_get(json_object_get(j, "evidence"), 0);
    assert_true(json_is_null(json_object_get(item, "seen")));
    assert_true(json_real_value(json_object_get(item, "weight")) == -1.25);
    json_t *auth = json_object_get(j, "auth");
    assert_string_equal(json_string_value(json_object_get(json_object_get(auth, "spf"), "result")),
                        "pass");
    assert_true(json_is_null(json_object_get(json_object_get(auth, "dmarc"), "result")));
    assert_int_equal(json_array_size(json_object_get(j, "flags")), 2);
    json_decref(j);
    free(line);
}

static void header_cannot_be_broken_out_of(void **state)
{
    struct fixture *f = *state;
    const char *value = record_header(f->arena, &f->r);
    assert_non_null(value);
    assert_non_null(strstr(value, "class=suspicious"));
    assert_non_null(strstr(value, "mode=observe"));
    assert_non_null(strstr(value, "flags=over_limit,dns_timeout"));
    assert_null(strchr(value, '\r'));
    for (const char *p = strchr(value, '\n'); p; p = strchr(p + 1, '\n'))
        assert_int_equal(p[1], '\t');
    assert_null(strstr(value, "X-Vouch: class=trusted"));
}

static void log_line_is_one_line_of_graphic_ascii(void **state)
{
    struct fixture *f = *state;
    const char *line = record_log(f->arena, &f->r);
    assert_non_null(line);
    assert_int_equal(strncmp(line, "4ABC: ", 6), 0);
    for (const char *p = line; *p; p++)
        assert_in_range((unsigned char)*p, ' ', '~');
    assert_non_null(strstr(line, "client=unknown[2001:db8::7]"));
    assert_non_null(
        strstr(line, " from=<a%0D%0AX-Vouch:%20class=trusted%22%20%3Cx%3E%2C%20%FF%FE>"));
}

/* Whatever a message says, the line is words of the form key=value, each key once, in brackets what is an address. */
static void log_line_is_keys_and_values(void **state)
{
    static const char *const keys[] = {"id",    "direction", "action", "class",      "trust",
                                       "mode",  "client",    "user",   "from",       "to",
                                       "nrcpt", "size",      "author", "message-id", "spf",
                                       "dkim",  "flags",     "why",    "model",      "us"};
    struct fixture *f = *state;
    struct mailbox author = {.address = HOSTILE};
    struct dkim_result two[] = {f->dkim, {.result = AUTH_PASS, .domain = HOSTILE}};
    f->m.author = &author;
    f->m.env.user = HOSTILE;
    f->m.env.name = HOSTILE;
    f->ev.dkim = two;
    f->ev.dkim_count = 2;
    assert_int_equal(message_add_rcpt(&f->m, "b@example.com"), 0);
    char *line = arena_strdup(f->arena, record_log(f->arena, &f->r)), *rest = NULL;
    assert_string_equal(strtok_r(line, " ", &rest), "4ABC:");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *word = strtok_r(NULL, " ", &rest);
        assert_non_null(word);
        size_t n = strlen(keys[i]);
        print_message("# %s\n", word);
        assert_memory_equal(word, keys[i], n);
        assert_int_equal(word[n], '=');
        assert_true(word[n + 1] != '\0');
        if (strcmp(keys[i], "to") == 0)
            assert_non_null(strstr(word, ">,<b@example.com>"));
        if (strcmp(keys[i], "dkim") == 0)
            assert_non_null(strstr(word, ",pass:"));
    }
    assert_null(strtok_r(NULL, " ", &rest));
}

/* Another decision of the shadow's is told, the same one is not. */
static void a_shadow_that_differs_is_in_the_log(void **state)
{
    struct fixture *f = *state;
    struct record_shadow shadow = {.trust = 0.01, .action = ACTION_REJECT};
    f->r.shadow = &shadow;
    assert_null(strstr(record_log(f->arena, &f->r), "shadow"));
    shadow.reason = "action tag -> reject";
    assert_non_null(strstr(record_log(f->arena, &f->r), " mode=observe shadow=reject client="));
    assert_null(strstr(record_header(f->arena, &f->r), "shadow"));
}

static void model_that_was_not_asked_is_said(void **state)
{
    struct fixture *f = *state;
    f->r.model = NULL;
    f->r.flags = FLAG_MODEL_UNAVAILABLE;
    assert_non_null(strstr(record_header(f->arena, &f->r), "model=unavailable"));
    assert_non_null(strstr(record_log(f->arena, &f->r), "model=unavailable"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_is_a_uuid_version_7_of_its_time),
        cmocka_unit_test(time_is_rfc3339),
        cmocka_unit_test_setup_teardown(json_commands_no_terminal, setup, teardown),
        cmocka_unit_test_setup_teardown(json_has_every_key_of_the_schema_and_one_line, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(header_cannot_be_broken_out_of, setup, teardown),
        cmocka_unit_test_setup_teardown(log_line_is_one_line_of_graphic_ascii, setup, teardown),
        cmocka_unit_test_setup_teardown(log_line_is_keys_and_values, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shadow_that_differs_is_in_the_log, setup, teardown),
        cmocka_unit_test_setup_teardown(model_that_was_not_asked_is_said, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
