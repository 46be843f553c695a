/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "observed.h"

static const char conf[] =
    "internal = [ \"127.0.0.1\" ];\n"
    "labels: { traps = [ \"trap@example.com\", \".trap.example.com\" ];\n"
    "  filter_good = [ \"X-Spam-Flag: NO\", \"X-Spam-Status: No,*autolearn=ham*\" ];\n"
    "  filter_bad = [ \"X-Spam-Flag: YES*\", \"X-Spamd-Result:  *:  True *\" ]; };\n";

static struct settings *settings_of(const char *text)
{
    struct settings_error *errors = NULL;
    size_t count = 0;
    struct settings *s = settings_parse(text, strlen(text), "test", &errors, &count);
    assert_non_null(s);
    settings_errors_free(&errors, count);
    return s;
}

static struct arena *message_of(struct message *m, const char *sender, const char *rcpts,
                                unsigned rejected, const char *header)
{
    struct arena *arena = arena_new(1 << 20);
    struct span rest = span_of(header), list = span_of(rcpts), rcpt;
    struct field f;
    message_init(m, arena, NULL);
    m->env.live = true;
    assert_int_equal(ipaddr_parse(SPAN_LIT("192.0.2.1"), &m->env.ip), 0);
    m->env.sender = sender;
    m->env.rejected = rejected;
    while (list.len && span_split(&list, ' ', &rcpt))
        assert_int_equal(message_add_rcpt(m, arena_span(arena, rcpt)), 0);
    while (rfc5322_next_field(&rest, &f) == 1)
        assert_int_equal(message_add_field(m, f.name, f.value), 0);
    return arena;
}

#define USER "user@example.com"
#define FROM "a@example.org"

static void what_is_observed(void **state)
{
    static const struct {
        const char *name, *sender, *rcpts;
        unsigned rejected;
        const char *header;
        const char *expected; /* "source verdict note; ..." */
    } table[] = {
        {"nothing", FROM, USER, 0, "X-Spam-Flag: maybe\r\n", ""},
        {"no field", FROM, USER, 0, "", ""},
        {"a trap", FROM, "trap@example.com", 0, "", "trap bad trap@example.com; "},
        {"a trap among others", FROM, USER " Trap@EXAMPLE.com", 0, "",
         "trap bad trap@example.com; "},
        {"a domain of traps", FROM, "any@a.trap.example.com", 0, "",
         "trap bad .trap.example.com; "},
        {"bounce to a trap", "", "trap@example.com", 0, "", "trap bad trap@example.com; "},
        {"bad", FROM, USER, 0, "X-Spam-Flag: YES\r\n", "filter bad X-Spam-Flag: YES*; "},
        {"bad, in other cases", FROM, USER, 0, "x-spam-FLAG:yes, very\r\n",
         "filter bad X-Spam-Flag: YES*; "},
        {"good", FROM, USER, 0, "X-Spam-Flag:  NO \r\n", "filter good X-Spam-Flag: NO; "},
        {"the whole value", FROM, USER, 0, "X-Spam-Flag: NOT\r\n", ""},
        {"and its beginning", FROM, USER, 0, "X-Spam-Flag: was YES\r\n", ""},
        {"an empty value", FROM, USER, 0, "X-Spam-Flag:\r\n", ""},
        {"folded", FROM, USER, 0,
         "X-Spam-Status: No, score=-1\r\n\ttests=A,\r\n B\r\n\tautolearn=ham version=4\r\n",
         "filter good X-Spam-Status: No,*autolearn=ham*; "},
        {"white space", FROM, USER, 0, "X-Spamd-Result: default:\r\n\t True\r\n  [15.0 / 15.0]\r\n",
         "filter bad X-Spamd-Result: *:  True *; "},
        {"a second try behind a star", FROM, USER, 0, "X-Spamd-Result: a: b: False: True x\r\n",
         "filter bad X-Spamd-Result: *:  True *; "},
        {"the topmost counts", FROM, USER, 0, "X-Spam-Flag: YES\r\nX-Spam-Flag: NO\r\n",
         "filter bad X-Spam-Flag: YES*; "},
        {"the topmost counts, good", FROM, USER, 0, "X-Spam-Flag: NO\r\nX-Spam-Flag: YES\r\n",
         "filter good X-Spam-Flag: NO; "},
        {"the topmost counts, neither", FROM, USER, 0, "X-Spam-Flag: ?\r\nX-Spam-Flag: NO\r\n", ""},
        {"two filters, one says bad", FROM, USER, 0,
         "X-Spam-Flag: NO\r\nX-Spamd-Result: x: True y\r\n",
         "filter bad X-Spamd-Result: *:  True *; "},
        {"unknown recipients", FROM, "", 3, "", "unknown_recipient bad -; "},
        {"more unknown than known", FROM, USER, 2, "", "unknown_recipient bad -; "},
        {"a typing error", FROM, USER, 1, "", ""},
        {"bounces", "", USER, 20, "", ""},
        {"all of them", FROM, "trap@example.com", 2, "X-Spam-Flag: NO\r\n",
         "trap bad trap@example.com; filter good X-Spam-Flag: NO; unknown_recipient bad -; "},
        {"vouch itself", FROM, USER, 0,
         "X-Vouch: id=1; trust=0.001; class=untrusted; action=reject\r\n", ""},
    };
    struct settings *s = settings_of(conf);
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct message m;
        const struct label *labels;
        size_t count;
        char said[300] = "";
        struct arena *arena =
            message_of(&m, table[i].sender, table[i].rcpts, table[i].rejected, table[i].header);
        print_message("# %s\n", table[i].name);
        assert_int_equal(observed_labels(arena, s, &m, &labels, &count), 0);
        assert_true(count <= OBSERVED_MAX);
        for (size_t k = 0; k < count; k++) {
            size_t n = strlen(said);
            snprintf(said + n, sizeof said - n, "%s %s %s; ", label_source_name(labels[k].source),
                     label_verdict_name(labels[k].verdict), labels[k].note ? labels[k].note : "-");
        }
        assert_string_equal(said, table[i].expected);
        arena_free(&arena);
    }
    settings_unref(&s);
}

static void nothing_of_our_own_mail(void **state)
{
    struct settings *s = settings_of(conf);
    (void)state;
    for (int authenticated = 0; authenticated <= 1; authenticated++) {
        struct message m;
        const struct label *labels;
        size_t count;
        struct arena *arena = message_of(&m, FROM, "trap@example.com", 5, "X-Spam-Flag: YES\r\n");
        if (authenticated)
            m.env.user = "somebody";
        else
            assert_int_equal(ipaddr_parse(SPAN_LIT("127.0.0.1"), &m.env.ip), 0);
        assert_int_equal(observed_labels(arena, s, &m, &labels, &count), 0);
        assert_int_equal(count, 0);
        arena_free(&arena);
    }
    settings_unref(&s);
}

/* A pattern of stars against what a sender can make of a header: bounded, and cut. */
static void hostile_values(void **state)
{
    static char value[100000];
    struct settings *s = settings_of(
        "labels: { filter_bad = [ \"X-Spam: *a*a*a*a*a*a*a*a*a*a*a*a*a*b\", \"X-Spam: *a\" ]; };");
    (void)state;
    memset(value, 'a', sizeof value);
    for (size_t n = 1; n <= sizeof value; n *= 10) {
        struct message m;
        const struct label *labels;
        size_t count;
        struct arena *arena = message_of(&m, FROM, USER, 0, "");
        assert_int_equal(message_add_field(&m, SPAN_LIT("X-Spam"), span_make(value, n)), 0);
        assert_int_equal(observed_labels(arena, s, &m, &labels, &count), 0);
        assert_int_equal(count, n <= 16384);
        arena_free(&arena);
    }
    settings_unref(&s);
}

static void little_memory(void **state)
{
    struct settings *s = settings_of(conf);
    struct arena *none = arena_new(0);
    struct message m;
    const struct label *labels;
    size_t count;
    struct arena *arena = message_of(&m, FROM, "trap@example.com", 0, "");
    (void)state;
    assert_int_equal(observed_labels(none, s, &m, &labels, &count), VOUCH_E_NOMEM);
    assert_int_equal(count, 0);
    arena_free(&none);
    arena_free(&arena);
    settings_unref(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_observed),
        cmocka_unit_test(nothing_of_our_own_mail),
        cmocka_unit_test(hostile_values),
        cmocka_unit_test(little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
