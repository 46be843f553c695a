/* SPDX-License-Identifier: BSD-2-Clause */
#include "erasure.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "identity.h"
#include "message.h"
#include "nomem.h"
#include "value.h"

#define T 1700000000

static long countdown; /* the allocation that makes it 0 fails */

bool nomem_fails(void)
{
    return --countdown == 0;
}

static struct erasure_list *list_of(const char *subject)
{
    struct erasure_list *l = erasure_list_new();
    assert_non_null(l);
    assert_int_equal(erasure_add(l, span_of(subject), T), 0);
    return l;
}

static const struct {
    const char *text, *subject; /* NULL: refused with error */
    int error;
} subjects[] = {
    {"Alice@Example.ORG", "alice@example.org", 0},
    {" alice@example.org\n", "alice@example.org", 0},
    {"a@b@example.org", "a@b@example.org", 0},
    {"Example.ORG.", "example.org", 0},
    {"b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example", 0},
    {"localhost", "localhost", 0},
    {"192.0.2.1", "192.0.2.1", 0},
    {"[192.0.2.1]", "192.0.2.1", 0},
    {"192.0.2.1/32", "192.0.2.1", 0},
    {"192.0.2.0/24", "192.0.2.0/24", 0},
    {"::ffff:192.0.2.1", "192.0.2.1", 0},
    {"2001:DB8::1", "2001:db8::1", 0},
    {"2001:db8::/32", "2001:db8::/32", 0},
    {"192.0.2.1/24", NULL, VOUCH_E_RANGE},
    {"192.0.2.0/33", NULL, VOUCH_E_RANGE},
    {"192.0.2.300", NULL, VOUCH_E_SYNTAX},
    {"192.0.2", NULL, VOUCH_E_SYNTAX},
    {"a@[192.0.2.1]", NULL, VOUCH_E_SYNTAX},
    {"@example.org", NULL, VOUCH_E_SYNTAX},
    {"alice@", NULL, VOUCH_E_SYNTAX},
    {"", NULL, VOUCH_E_SYNTAX},
    {"two words", NULL, VOUCH_E_SYNTAX},
    {"example.org/24", NULL, VOUCH_E_SYNTAX},
    {"*", NULL, VOUCH_E_SYNTAX},
};

static void a_subject_has_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        char subject[ERASURE_SUBJECT_MAX + 1] = "";
        int rc = erasure_subject(span_of(subjects[i].text), subject);
        if (rc != subjects[i].error || (rc == 0 && strcmp(subject, subjects[i].subject) != 0))
            fail_msg("'%s': %d '%s'", subjects[i].text, rc, subject);
    }
    char text[600];
    memset(text, 'a', sizeof text);
    assert_int_equal(
        erasure_subject(span_make(text, sizeof text), (char[ERASURE_SUBJECT_MAX + 1]){0}),
        VOUCH_E_RANGE);
}

/* A message that has an identity of every kind, each name of its own. */
static const struct identity *every_identity(struct arena *arena, struct message *m,
                                             size_t *count_r)
{
    static const char header[] =
        "From: Alice <Alice@News.Example.Org>\n"
        "Received: from [203.0.113.9] (unknown [203.0.113.9]) by mx.example.org; Tue, 14 Nov 2023 "
        "22:13:20 +0000\n";
    static const char *const dkim[] = {"mail.dkim.example"};
    struct message_limits limits = MESSAGE_LIMITS_DEFAULT;
    struct span rest = SPAN_LIT(header);
    struct identity *list;
    struct field field;
    message_init(m, arena, &limits);
    assert_int_equal(ipaddr_parse(span_of("192.0.2.1"), &m->env.ip), 0);
    m->env.name = "host.ptr.example";
    m->env.helo = "mx.helo.example";
    m->env.sender = "Sender@Env.Mf.Example";
    assert_int_equal(message_add_rcpt(m, "Bob@rcpt.example"), 0);
    while (rfc5322_next_field(&rest, &field) == 1)
        assert_int_equal(message_add_field(m, field.name, field.value), 0);
    assert_int_equal(message_scan(m, NULL, NULL, 0), 0);
    assert_int_equal(identity_list(arena, m, NULL, dkim, 1, NULL, &list, count_r), 0);
    bool seen[ID_KIND_COUNT] = {false};
    for (size_t i = 0; i < *count_r; i++)
        seen[list[i].kind] = true;
    for (int kind = 0; kind < ID_KIND_COUNT; kind++)
        if (!seen[kind])
            fail_msg("no %s", identity_kind_name(kind));
    return list;
}

/* Which identities of that message go with a subject: their fields, " " between. */
static const struct {
    const char *subject, *gone;
} owners[] = {
    {"alice@news.example.org",
     "pn:alice@news.example.org:192.0.2.0/24 ph:alice@news.example.org:helo.example "
     "po:alice@news.example.org:203.0.0.0/16 "
     "a:alice@news.example.org ua:alice@news.example.org w:a:alice@news.example.org "
     "r:alice@news.example.org:bob@rcpt.example"},
    {"lice@news.example.org", ""},
    {"alice@example.org", ""},
    {"sender@env.mf.example", "mf:sender@env.mf.example umf:sender@env.mf.example"},
    {"bob@rcpt.example", "r:alice@news.example.org:bob@rcpt.example"},
    {"ob@rcpt.example", ""},
    {"rcpt.example", "r:alice@news.example.org:bob@rcpt.example"},
    {"t.example", ""},
    {"news.example.org", "d:news.example.org ud:news.example.org a:alice@news.example.org "
                         "pn:alice@news.example.org:192.0.2.0/24 "
                         "ph:alice@news.example.org:helo.example "
                         "po:alice@news.example.org:203.0.0.0/16 "
                         "ua:alice@news.example.org w:a:alice@news.example.org "
                         "r:alice@news.example.org:bob@rcpt.example"},
    {"ws.example.org", ""},
    {"example.org", "* u d:news.example.org ud:news.example.org a:alice@news.example.org "
                    "ua:alice@news.example.org p:helo:helo.example "
                    "pn:alice@news.example.org:192.0.2.0/24 "
                    "ph:alice@news.example.org:helo.example "
                    "po:alice@news.example.org:203.0.0.0/16 "
                    "w:a:alice@news.example.org p:dkim:dkim.example "
                    "p:net:192.0.2.0/24 p:origin:203.0.113.0/24 p:mf:mf.example p:ptr:ptr.example "
                    "r:alice@news.example.org:bob@rcpt.example"},
    {"notexample.org", ""},
    {"ample.org", ""},
    {"xexample.org", ""},
    {"helo.example", "helo helo:mx.helo.example uhelo:mx.helo.example p:helo:helo.example "
                     "ph:alice@news.example.org:helo.example"},
    {"mx.helo.example", "helo:mx.helo.example uhelo:mx.helo.example"},
    {"ptr.example", "ptr p:ptr:ptr.example"},
    {"mf.example", "mf umf mfd:env.mf.example mf:sender@env.mf.example umf:sender@env.mf.example "
                   "p:mf:mf.example"},
    {"env.mf.example", "mfd:env.mf.example mf:sender@env.mf.example umf:sender@env.mf.example"},
    {"dkim.example", "dkim:mail.dkim.example p:dkim:dkim.example"},
    {"mail.dkim.example", "dkim:mail.dkim.example"},
    {"192.0.2.1", "h:192.0.2.1 w:h:192.0.2.1"},
    {"192.0.2.10", ""},
    {"192.0.2.0/30", "h:192.0.2.1 w:h:192.0.2.1"},
    {"192.0.2.4/30", ""},
    {"192.0.2.0/24", "h:192.0.2.1 * w:h:192.0.2.1 p:net:192.0.2.0/24 "
                     "pn:alice@news.example.org:192.0.2.0/24"},
    {"192.0.0.0/16", "h:192.0.2.1 * * w:h:192.0.2.1 p:net:192.0.2.0/24 "
                     "pn:alice@news.example.org:192.0.2.0/24 via:203.0.0.0/16"},
    {"192.1.0.0/16", ""},
    {"203.0.113.9", ""}, /* only its network is kept */
    {"203.0.113.0/24", "hop * p:origin:203.0.113.0/24"},
    {"203.0.0.0/16", "hop hop * via:203.0.0.0/16 p:origin:203.0.113.0/24 "
                     "po:alice@news.example.org:203.0.0.0/16"},
    {"2001:db8::/32", ""},
    {"::/0", ""},
};

static void a_subject_is_found_wherever_it_stands(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    struct message m;
    size_t count;
    const struct identity *list = every_identity(arena, &m, &count);
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        struct erasure_list *l = list_of(owners[i].subject);
        char gone[2000] = "", want[2000];
        for (size_t k = 0; k < count; k++) {
            int64_t until = erasure_until(l, list[k].group, list[k].field);
            assert_true(until == T || until == ERASURE_NONE);
            size_t at = strlen(gone);
            if (until == T)
                snprintf(gone + at, sizeof gone - at, " %s ", list[k].field);
        }
        snprintf(want, sizeof want, "%s", owners[i].gone);
        char *last = NULL;
        for (char *w = want; (w = *w ? w : NULL); w = last) {
            char field[300];
            size_t n = strcspn(w, " ");
            last = w + n + (w[n] == ' ');
            snprintf(field, sizeof field, " %.*s ", (int)n, w);
            char *found = strstr(gone, field);
            if (!found)
                fail_msg("%s: %s stays", owners[i].subject, field);
            else
                memset(found, ' ', strlen(field));
        }
        if (gone[strspn(gone, " ")])
            fail_msg("%s: goes as well: %s", owners[i].subject, gone);
        erasure_list_free(&l);
    }
    arena_free(&arena);
}

static const struct {
    const char *subject, *group, *field;
    bool goes;
} keys[] = {
    {"alice@example.org", "dom:example.org", "w:a:alice@example.org", true},
    {"alice@example.org", "dom:example.org", "w:a:malice@example.org", false},
    {"example.org", "dom:example.org", "w:a:alice@example.org", true},
    {"192.0.2.1", "ip:192.0.2.0/24", "w:h:192.0.2.1", true},
    {"192.0.2.1", "ip:192.0.2.0/24", "w:h:192.0.2.10", false},
    {"2001:db8:1::1", "ip:2001:db8:1::/48", "h:2001:db8:1::1", true},
    {"2001:db8:1::1", "ip:2001:db8:1::/48", "h:2001:db8:1::10", false},
    {"2001:db8::/32", "ip:2001:db8:1::/48", "hop", true},
    {"2001:db8::/32", "dom:example.org", "p:net:2001:db8:1::/48", true},
    {"2001:db8:2::/48", "dom:example.org", "p:net:2001:db8:1::/48", false},
    {"2001:db8::/32", "dom:example.org", "pn:alice@example.org:2001:db8:1::/48", true},
    {"2001:db8:2::/48", "dom:example.org", "pn:alice@example.org:2001:db8:1::/48", false},
    {"alice@example.org", "dom:example.org", "po:alice@example.org:-", true},
    {"192.0.2.0/24", "ip:192.0.0.0/16", "via:-", false},
    {"192.0.0.0/16", "ip:192.0.0.0/16", "via:-", true},
    {"0.0.0.0/0", "ip:192.0.2.0/24", "*", true},
    {"org", "dom:example.org", "*", true},
    /* a recipient's own domain is where its author's keys are, not its relationships */
    {"bob@example.com", "dom:example.org", "r:alice@example.org:bob@example.com", true},
    {"bob@example.com", "dom:example.org", "r:alice@example.org:bob@example.com.example", false},
    {"bob@example.com", "dom:example.org", "r:bob@example.com.example.org:a@b.example", false},
    {"alice@example.org", "dom:example.org", "r:alice@example.org.uk:a@b.example", false},
    /* colons and at signs in a local-part */
    {"a:b@example.org", "dom:example.org", "r:a:b@example.org:bob@example.com", true},
    {"bob@example.com", "dom:example.org", "r:a:b@example.org:bob@example.com", true},
    {"x:bob@example.com", "dom:example.org", "r:a@example.org:x:bob@example.com", true},
    {"a@b@example.org", "dom:example.org", "r:a@b@example.org:bob@example.com", true},
    /* not ours, or of nobody */
    {"example.org", "mark:example.org", "*", false},
    {"example.org", "dom:example.com", "later:example.org", false},
    {"example.org", "ip:nonsense", "h:nonsense", false},
    {"example.org", "", "", false},
    {"example.org", "dom:", "a:", false},
};

static void keys_that_are_written_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct erasure_list *l = list_of(keys[i].subject);
        if ((erasure_until(l, keys[i].group, keys[i].field) == T) != keys[i].goes)
            fail_msg("%s: %s %s", keys[i].subject, keys[i].group, keys[i].field);
        erasure_list_free(&l);
    }
}

/* prefix, n letters, rest: cut as a key is */
static const char *cut(char text[1000], const char *prefix, char letter, int n, const char *rest)
{
    char letters[800];
    memset(letters, letter, (size_t)n);
    snprintf(text, 1000, "%s%.*s%s", prefix, n, letters, rest);
    identity_shorten(text);
    return text;
}

static bool goes(const char *subject, const char *group, const char *field)
{
    struct erasure_list *l = list_of(subject);
    bool gone = erasure_until(l, group, field) == T;
    erasure_list_free(&l);
    return gone;
}

static void what_was_cut_is_found_by_its_digest(void **state)
{
    (void)state;
    char field[1000], subject[1000];
    static const char *const addresses[] = {"a:", "mf:", "w:a:"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        cut(field, addresses[i], 'x', 400, "@mail.example.org");
        assert_true(identity_is_short(span_of(field)));
        memset(subject, 'x', 400);
        snprintf(subject + 400, sizeof subject - 400, "@mail.example.org");
        assert_true(goes(subject, "dom:example.org", field));
        subject[0] = 'y';
        assert_false(goes(subject, "dom:example.org", field));
        subject[0] = 'x';
        subject[399] = 'y';
        assert_false(goes(subject, "dom:example.org", field));
        assert_true(goes("example.org", "dom:example.org", field));
        assert_true(goes("mail.example.org", "dom:example.org", field)); /* may be, so it is */
        assert_false(goes("example.com", "dom:example.org", field));
        assert_false(goes("192.0.2.0/24", "dom:example.org", field));
        assert_false(goes("x@mail.example.org", "dom:example.org", field));
    }
    /* the recipient is cut */
    cut(field, "r:alice@example.org:", 'x', 300, "@example.com");
    memset(subject, 'x', 300);
    snprintf(subject + 300, sizeof subject - 300, "@example.com");
    assert_true(goes(subject, "dom:example.org", field));
    assert_true(goes("alice@example.org", "dom:example.org", field));
    assert_false(goes("bob@example.org", "dom:example.org", field));
    assert_true(goes("example.com", "dom:example.org", field));
    /* the author is: who the recipient is cannot be told */
    cut(field, "r:", 'x', 300, "@example.org:bob@example.com");
    assert_true(goes("bob@example.com", "dom:example.org", field));
    assert_true(goes("example.com", "dom:example.org", field));
    assert_false(goes("192.0.2.1", "dom:example.org", field));
    /* so it is of the place that he wrote from */
    cut(field, "pn:", 'x', 300, "@example.org:192.0.2.0/24");
    assert_true(goes("192.0.2.0/24", "dom:example.org", field));
    assert_false(goes("example.com", "ip:192.0.2.0/24", "*"));
}

static void the_latest_time_holds(void **state)
{
    (void)state;
    static const char key[] = "dom:example.org", field[] = "a:alice@example.org";
    struct erasure_list *l = list_of("alice@example.org");
    size_t count;
    assert_int_equal(erasure_until(l, key, "*"), ERASURE_NONE);
    assert_int_equal(erasure_add(l, span_of("ALICE@example.org"), T - 5), 0);
    assert_int_equal(erasure_until(l, key, field), T);
    assert_int_equal(erasure_add(l, span_of("alice@example.org"), T + 5), 0);
    assert_int_equal(erasure_until(l, key, field), T + 5);
    assert_true(erasure_has(l, span_of("alice@Example.org"), T + 5));
    assert_false(erasure_has(l, span_of("alice@example.org"), T + 6));
    assert_false(erasure_has(l, span_of("example.org"), 0));
    assert_false(erasure_has(l, span_of("*"), 0));
    assert_int_equal(erasure_add(l, span_of("example.org"), T + 9), 0);
    assert_int_equal(erasure_until(l, key, field), T + 9);
    assert_int_equal(erasure_add(l, span_of("192.0.2.1"), -1), 0);
    assert_int_equal(erasure_until(l, "ip:192.0.2.0/24", "h:192.0.2.1"), 0);
    const struct erasure *items = erasure_items(l, &count);
    assert_int_equal(count, 3);
    assert_string_equal(items[0].subject, "192.0.2.1");
    assert_string_equal(items[2].subject, "example.org");
    assert_int_equal(erasure_add(l, span_of("nobody at all"), T), VOUCH_E_SYNTAX);
    erasure_list_free(&l);
    erasure_list_free(&l);
}

/* What order and how often things were added in does not show. */
static void the_bytes_are_those_of_a_set(void **state)
{
    (void)state;
    static const char *const names[] = {"example.org", "alice@example.org", "192.0.2.0/24",
                                        "2001:db8::/32", "example.com"};
    enum { N = sizeof names / sizeof *names };
    struct erasure_list *l = erasure_list_new(), *other = erasure_list_new(), *again;
    struct sbuf a, b;
    size_t count;
    sbuf_init(&a, ERASURE_BYTES_MAX);
    sbuf_init(&b, ERASURE_BYTES_MAX);
    erasure_encode(l, &a);
    assert_int_equal(a.len, 1);
    assert_int_equal(a.p[0], VALUE_ERASURE);
    sbuf_reset(&a);
    for (int i = 0; i < N; i++) {
        assert_int_equal(erasure_add(l, span_of(names[i]), T + i), 0);
        assert_int_equal(erasure_add(other, span_of(names[N - 1 - i]), T + N - 1 - i), 0);
        assert_int_equal(erasure_add(other, span_of(names[i]), i), 0);
    }
    erasure_encode(l, &a);
    erasure_encode(other, &b);
    assert_true(span_eq(sbuf_span(&a), sbuf_span(&b)));
    assert_int_equal(erasure_decode(a.p, a.len, &again), 0);
    assert_int_equal(erasure_until(again, "ip:192.0.2.0/24", "*"), T + 2);
    assert_int_equal(erasure_items(again, &count)[0].time, T + 2);
    assert_int_equal(count, N);
    erasure_list_free(&again);
    for (size_t len = 0; len < a.len; len++) {
        int rc = erasure_decode(a.p, len, &again);
        if (rc == 0)
            erasure_list_free(&again); /* cut between two items */
        else
            assert_int_equal(rc, VOUCH_E_SYNTAX);
    }
    sbuf_clear(&a);
    sbuf_clear(&b);
    erasure_list_free(&l);
    erasure_list_free(&other);
}

#define ITEM(n) "\0\0\0\0\0\0\0\1\0" n

static void damaged_bytes_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct span bytes;
    } bad[] = {
        {"nothing", {"", 0}},
        {"another kind", SPAN_LIT("\2")},
        {"half an item", SPAN_LIT("\5\0\0\0")},
        {"empty subject", SPAN_LIT("\5" ITEM("\0"))},
        {"length beyond the end", SPAN_LIT("\5" ITEM("\2") "a")},
        {"wrong order", SPAN_LIT("\5" ITEM("\1") "b" ITEM("\1") "a")},
        {"one twice", SPAN_LIT("\5" ITEM("\1") "a" ITEM("\1") "a")},
        {"a time before the epoch", SPAN_LIT("\5\200\0\0\0\0\0\0\1\0\1"
                                             "a")},
        {"a NUL", SPAN_LIT("\5" ITEM("\2") "a\0")},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct erasure_list *l;
        if (erasure_decode(bad[i].bytes.p, bad[i].bytes.len, &l) != VOUCH_E_SYNTAX)
            fail_msg("%s", bad[i].name);
    }
}

static void a_full_list_says_so(void **state)
{
    (void)state;
    struct erasure_list *l = erasure_list_new(), *again;
    struct sbuf out;
    char name[40];
    for (int i = 0; i < ERASURE_MAX; i++) {
        snprintf(name, sizeof name, "d%d.example", i);
        assert_int_equal(erasure_add(l, span_of(name), T), 0);
    }
    assert_int_equal(erasure_add(l, span_of("one.more.example"), T), VOUCH_E_LIMIT);
    assert_int_equal(erasure_add(l, span_of("d77.example"), T + 1), 0);
    assert_int_equal(erasure_until(l, "dom:d77.example", "*"), T + 1);
    assert_int_equal(erasure_until(l, "dom:d9999.example", "*"), T);
    assert_int_equal(erasure_until(l, "dom:d10000.example", "*"), ERASURE_NONE);
    sbuf_init(&out, ERASURE_BYTES_MAX);
    erasure_encode(l, &out);
    assert_false(out.failed);
    assert_int_equal(erasure_decode(out.p, out.len, &again), 0);
    erasure_list_free(&again);
    sbuf_clear(&out);
    erasure_list_free(&l);
}

static void out_of_memory_is_said(void **state)
{
    (void)state;
    static const char bytes[] = "\5" ITEM("\1") "a" ITEM("\1") "b";
    for (long n = 1, rc = VOUCH_E_NOMEM; rc != 0; n++) {
        struct erasure_list *l = NULL;
        countdown = n;
        rc = erasure_decode(bytes, sizeof bytes - 1, &l);
        if (rc == 0)
            rc = erasure_add(l, span_of("alice@example.org"), T);
        countdown = 0;
        assert_true(rc == 0 || rc == VOUCH_E_NOMEM);
        erasure_list_free(&l);
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subject_has_one_form),
        cmocka_unit_test(a_subject_is_found_wherever_it_stands),
        cmocka_unit_test(keys_that_are_written_by_hand),
        cmocka_unit_test(what_was_cut_is_found_by_its_digest),
        cmocka_unit_test(the_latest_time_holds),
        cmocka_unit_test(the_bytes_are_those_of_a_set),
        cmocka_unit_test(damaged_bytes_are_refused),
        cmocka_unit_test(a_full_list_says_so),
        cmocka_unit_test(out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
