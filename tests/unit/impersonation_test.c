/* SPDX-License-Identifier: BSD-2-Clause */
/* Who a message shows and whose address it has: tables of senders who are who they show, and of those
 * who pose. */
#include "impersonation.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "errors.h"
#include "nomem.h"

static const char well_known[] =
    "# comment\n\n"
    "words: account team support service customer security alert dept com online\n"
    "free: freemail.example gratis.example\n"
    "PayPal: paypal.com paypal.*\n"
    "Bank of Wonderland, BoW Bank: bow.example\n"
    "=Chase, Chase Bank: chase.example\n"
    "DHL: dhl.example\r\n"
    "FreeMail: freemail.example\n"
    "Samsung: samsung.example\n";

static const struct guarded_sender senders[] = {
    {"Alice Liddell", "alice@example.org"},
    {"Alice Liddell", "liddell@gratis.example"},
    {"Bob Roe", NULL},
    {"Jos\xc3\xa9 Mar\xc3\xad"
     "a Garc\xc3\xad"
     "a",
     "jose@example.org"},
    {"Payroll", NULL},
    {NULL, "bank.example"},
    {NULL, "ceo@example.org"},
    {NULL, "*"},
};

static long allocations = -1; /* until they fail; negative: never */

bool nomem_fails(void)
{
    return allocations >= 0 && allocations-- == 0;
}

static int judge(struct arena *arena, const char *header, struct impersonations *found_r)
{
    static const char *const local[] = {".example.org"};
    const struct guarded_source source = {senders, sizeof senders / sizeof *senders, local, 1,
                                          span_of(well_known)};
    const struct guarded *g;
    struct message m;
    struct field field;
    struct span rest = span_of(header);
    int line, rc = guarded_new(arena, &source, &g, &line);
    if (rc != 0)
        return rc;
    message_init(&m, arena, NULL);
    while (rc == 0 && rfc5322_next_field(&rest, &field) == 1)
        rc = message_add_field(&m, field.name, field.value);
    if (rc == 0)
        rc = message_add_rcpt(&m, "victim@example.com");
    if (rc == 0)
        rc = message_scan(&m, NULL, NULL, 0);
    return rc ? rc : impersonation_find(arena, &m, g, NULL, found_r);
}

/* Senders who show nothing but themselves, or whom lists and services write so. */
static void nobody_is_posed_as(void **state)
{
    (void)state;
    static const char *const table[] = {
        "From: Alice Liddell <alice@example.org>\n",
        "From: Alice Liddell <ALICE@Example.ORG>\n",
        "From: \"Liddell, Alice\" <liddell@gratis.example>\n",
        "From: Alice Liddell <alice.liddell@mail.example.org>\n",
        "From: Bob Roe <bob@example.org>\n",
        "From: Bob Roe <bob@bank.example>\n",
        "From: Jose Garcia <jose@example.org>\n",
        "From: Alice Smith <asmith@freemail.example>\n",
        "From: Liddell Transport <info@liddell.example>\n",
        "From: Alice in Wonderland with Bob Liddell and others <x@y.example>\n",
        "From: B. Smith <x@y.example>\n",
        "From: Payroll of another company <x@y.example>\n",
        "From: x@y.example\n",
        "From: <>\n",
        "Subject: no From at all\n",
        /* lists and services */
        "From: Alice Liddell via Cooks <cooks@lists.example>\nList-Id: <cooks.lists.example>\n",
        "From: 'alice@example.org' via Cooks <cooks@lists.example>\nList-Id: "
        "<cooks.lists.example>\n",
        "From: Alice Liddell <aliddell@freemail.example>\nList-Post: "
        "<mailto:cooks@lists.example>\n",
        "From: \"Alice Liddell (via Papers)\" <noreply@papers.example>\n",
        "From: Alice Liddell via Papers <noreply@papers.example>\n",
        "From: Alice Liddell <noreply@papers.example>\nReply-To: alice@example.org\n",
        "From: \"alice@example.org\" <noreply@papers.example>\nReply-To: alice@example.org\n",
        /* addresses in display names */
        "From: \"x@y.example\" <x@y.example>\n",
        "From: \"x@sub.y.example\" <z@y.example>\n",
        "From: \"carol@freemail.example\" <carol@gratis.example>\n",
        "From: \"Carol @ Home\" <carol@gratis.example>\n",
        "From: \"@carol\" <carol@gratis.example>\n",
        /* well-known organisations */
        "From: PayPal <service@paypal.com>\n",
        "From: FreeMail <service@accounts.freemail.example>\n",
        "From: PayPal <service@mail.paypal.com>\n",
        "From: PayPal <service@paypal.de>\n",
        "From: PayPal <service@paypal.co.uk>\n",
        "From: Chase Smith <chase@freemail.example>\n",
        "From: Smith Chase <x@y.example>\n",
        "From: Sam Sung <x@y.example>\n",
        "From: Paypalooza <x@y.example>\n",
        "From: \"Jane Roe (PayPal)\" <jane@freemail.example>\n",
        "From: Dhi <dhi@y.example>\n",
        "From: Adhl <x@y.example>\n",
        "From: PayPal developers via PayPal <x@lists.paypal.com>\n",
        /* answers */
        "From: Bob <bob@example.org>\nReply-To: bob@bank.example\n",
        "From: Carol <carol@y.example>\nReply-To: carol@freemail.example\n",
        "From: Carol <carol@freemail.example>\nReply-To: carol@gratis.example\n",
        "From: Cooks <cooks@example.org>\nReply-To: x@freemail.example\nList-Id: <c.example.org>\n",
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena *arena = arena_new(1 << 20);
        struct impersonations found;
        assert_int_equal(judge(arena, table[i], &found), 0);
        if (found.count > 0 && found.found[0].strength >= IMPERSONATION_FLAGGED)
            fail_msg("%s%s: %s", table[i], found.found[0].subject, found.found[0].note);
        arena_free(&arena);
    }
}

static void who_is_posed_as(void **state)
{
    (void)state;
    static const struct {
        const char *header, *subject;
        enum impersonation_kind kind;
        bool operators;
    } table[] = {
        /* names of people */
        {"From: Alice Liddell <x@y.example>\n", "Alice Liddell", IMPERSONATION_NAME, true},
        {"From: Alice Liddell <alice@freemail.example>\n", "Alice Liddell", IMPERSONATION_NAME,
         true},
        {"From: \"Liddell, Alice\" <x@y.example>\n", "Alice Liddell", IMPERSONATION_NAME, true},
        {"From: LIDDELL Alice <x@y.example>\n", "Alice Liddell", IMPERSONATION_NAME, true},
        {"From: A. Liddell <x@y.example>\n", "Alice Liddell", IMPERSONATION_NAME, true},
        {"From: \"Liddell A.\" <x@y.example>\n", "Alice Liddell", IMPERSONATION_NAME, true},
        {"From: \"Dr. Alice Liddell, CFO\" <x@y.example>\n", "Alice Liddell", IMPERSONATION_NAME,
         true},
        {"From: Alice Pleasance Liddell <x@y.example>\n", "Alice Liddell", IMPERSONATION_NAME,
         true},
        {"From: AliceLiddell <x@y.example>\n", "Alice Liddell", IMPERSONATION_NAME, true},
        {"From: \"A l i c e L i d d e l l\" <x@y.example>\n", "Alice Liddell", IMPERSONATION_NAME,
         true},
        {"From: \"Big Holding (Alice Liddell)\" <x@y.example>\n", "Alice Liddell",
         IMPERSONATION_NAME, true},
        {"From: alice.liddell <x@y.example>\n", "Alice Liddell", IMPERSONATION_NAME, true},
        {"From: =?utf-8?q?=D0=90lice_Liddell?= <x@y.example>\n", "Alice Liddell",
         IMPERSONATION_NAME, true},
        {"From: =?utf-8?q?Ali=E2=80=8Bce_L=C4=B1ddell?= <x@y.example>\n", "Alice Liddell",
         IMPERSONATION_NAME, true},
        {"From: =?utf-8?q?=E2=80=AElleddiL_ecilA?= <x@y.example>\n", "Alice Liddell",
         IMPERSONATION_NAME, true},
        {"From: Liddell, Alice <x@y.example>\n", "Alice Liddell", IMPERSONATION_NAME, true},
        {"From: x@y.example (Alice Liddell)\n", "Alice Liddell", IMPERSONATION_NAME, true},
        {"From: Alice Liddell via Docs <x@y.example>\n", "Alice Liddell", IMPERSONATION_NAME, true},
        {"From: alice.liddell@freemail.example\n", "Alice Liddell", IMPERSONATION_NAME, true},
        {"From: Boss <aliceliddell@freemail.example>\n", "Alice Liddell", IMPERSONATION_NAME, true},
        {"From: Bob Roe <x@y.example>\n", "Bob Roe", IMPERSONATION_NAME, true},
        {"From: Payroll <x@y.example>\n", "Payroll", IMPERSONATION_NAME, true},
        {"From: Payroll Team <x@y.example>\n", "Payroll", IMPERSONATION_NAME, true},
        {"From: Jose Garcia <x@y.example>\n",
         "Jos\xc3\xa9 Mar\xc3\xad"
         "a Garc\xc3\xad"
         "a",
         IMPERSONATION_NAME, true},
        /* addresses */
        {"From: \"alice@example.org\" <x@y.example>\n", "alice@example.org", IMPERSONATION_ADDRESS,
         true},
        {"From: \"Alice (alice@example.org)\" <x@y.example>\n", "alice@example.org",
         IMPERSONATION_ADDRESS, true},
        {"From: \"carol@corp.example.net\" <x@y.example>\n", "carol@corp.example.net",
         IMPERSONATION_ADDRESS, false},
        {"From: \"victim@example.com\" <victim@y.example>\n", "victim@example.com",
         IMPERSONATION_ADDRESS, false},
        /* domains */
        {"From: x@exarnple.org\n", "example.org", IMPERSONATION_DOMAIN, true},
        {"From: x@exmaple.org\n", "example.org", IMPERSONATION_DOMAIN, true},
        {"From: x@example.org.evil.example\n", "example.org", IMPERSONATION_DOMAIN, true},
        {"From: x@service-example.com\n", "example.org", IMPERSONATION_DOMAIN, true},
        {"From: x@paypal-security.example\n", "paypal.com", IMPERSONATION_DOMAIN, false},
        /* well-known organisations */
        {"From: PayPal <x@y.example>\n", "PayPal", IMPERSONATION_NAME, false},
        {"From: PayPal pay pal <x@y.example>\n", "PayPal", IMPERSONATION_NAME, false},
        {"From: PAYPAI <x@y.example>\n", "PayPal", IMPERSONATION_NAME, false},
        {"From: PayPal.com <x@y.example>\n", "PayPal", IMPERSONATION_NAME, false},
        {"From: \"P a y P a l\" <x@y.example>\n", "PayPal", IMPERSONATION_NAME, false},
        {"From: Your PayPal was limited <x@y.example>\n", "PayPal", IMPERSONATION_NAME, false},
        {"From: PayPal <x@paypal.top>\n", "PayPal", IMPERSONATION_NAME, false},
        {"From: Chase Security Alert <x@y.example>\n", "Chase", IMPERSONATION_NAME, false},
        {"From: Bank of Wonderland <x@y.example>\n", "Bank of Wonderland", IMPERSONATION_NAME,
         false},
        {"From: DHL Service <x@y.example>\n", "DHL", IMPERSONATION_NAME, false},
        {"From: \"Support (PayPal)\" <x@y.example>\n", "PayPal", IMPERSONATION_NAME, false},
        {"From: paypal.service@freemail.example\n", "PayPal", IMPERSONATION_NAME, false},
        {"From: FreeMail Service <x@freemail.example>\n", "FreeMail", IMPERSONATION_NAME, false},
        {"From: Alice Liddell at FreeMail <x@freemail.example>\n", "Alice Liddell",
         IMPERSONATION_NAME, true},
        /* answers */
        {"From: Bob <bob@example.org>\nReply-To: bob@freemail.example\n", "bob@freemail.example",
         IMPERSONATION_REPLY_TO, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena *arena = arena_new(1 << 20);
        struct impersonations found;
        assert_int_equal(judge(arena, table[i].header, &found), 0);
        const struct impersonation *first = &found.found[0];
        if (found.count == 0 || first->strength < IMPERSONATION_FLAGGED ||
            strcmp(first->subject, table[i].subject) != 0 || first->kind != table[i].kind ||
            first->operators != table[i].operators)
            fail_msg("%s%s %.1f", table[i].header, found.count ? first->subject : "nobody",
                     found.count ? first->strength : 0);
        arena_free(&arena);
    }
}

static void few_findings_are_kept_the_strongest_first(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    struct impersonations found;
    assert_int_equal(judge(arena,
                           "From: \"a@b.example c@d.example\" <x@exarnple.org>,\n"
                           " Alice Liddell, Bob Roe <b@c.example>, DHL, PayPal <q@r.example>\n",
                           &found),
                     0);
    assert_int_equal(found.count, IMPERSONATION_MAX);
    for (size_t i = 1; i < found.count; i++)
        assert_true(found.found[i - 1].strength >= found.found[i].strength);
    assert_true(found.found[0].strength == 1);
    arena_free(&arena);
}

static void without_a_list_only_addresses_are_seen(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    struct impersonations found;
    struct message m;
    message_init(&m, arena, NULL);
    message_add_field(&m, SPAN_LIT("From"), SPAN_LIT("\"PayPal a@b.example\" <x@y.example>"));
    assert_int_equal(message_scan(&m, NULL, NULL, 0), 0);
    assert_int_equal(impersonation_find(arena, &m, NULL, NULL, &found), 0);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.found[0].subject, "a@b.example");
    arena_free(&arena);
}

static void a_bad_file_is_told_by_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line;
    } table[] = {
        {"PayPal: paypal.com\nno colon\n", 2},
        {"PayPal:\n", 1},
        {"\n\nPayPal: pay pal..com\n", 3},
        {": paypal.com\n", 1},
        {"PayPal, : paypal.com\n", 1},
        {"free: gratis..example\n", 1},
        {"PayPal: .*\n", 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena *arena = arena_new(1 << 20);
        const struct guarded_source source = {.well_known = span_of(table[i].text)};
        const struct guarded *g;
        int line = 0;
        assert_int_equal(guarded_new(arena, &source, &g, &line), VOUCH_E_SYNTAX);
        assert_int_equal(line, table[i].line);
        arena_free(&arena);
    }
}

/* The file that is installed can be read, and its first organisations are found. */
static void the_shipped_file_is_good(void **state)
{
    (void)state;
    static char text[200000];
    char path[2048];
    const char *src = getenv("VOUCH_SRCDIR");
    snprintf(path, sizeof path, "%s/contrib/well-known", src ? src : ".");
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    assert_true(n > 0 && n < sizeof text);
    struct arena *arena = arena_new(4 << 20);
    const struct guarded_source source = {.well_known = span_make(text, n)};
    const struct guarded *g;
    int line = 0;
    int rc = guarded_new(arena, &source, &g, &line);
    if (rc != 0)
        fail_msg("%s:%d: %s", path, line, vouch_strerror(rc));
    assert_true(g->name_count > 300);
    arena_free(&arena);
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    int rc = VOUCH_E_NOMEM;
    for (long n = 0; rc != 0; n++) {
        struct impersonations found;
        allocations = n;
        struct arena *arena = arena_new(1 << 20);
        rc = arena ? judge(arena, "From: \"a@b.example\" <x@exarnple.org>\n", &found)
                   : VOUCH_E_NOMEM;
        allocations = -1;
        assert_true(rc == 0 || rc == VOUCH_E_NOMEM);
        arena_free(&arena);
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_posed_as),
        cmocka_unit_test(who_is_posed_as),
        cmocka_unit_test(few_findings_are_kept_the_strongest_first),
        cmocka_unit_test(without_a_list_only_addresses_are_seen),
        cmocka_unit_test(a_bad_file_is_told_by_line),
        cmocka_unit_test(the_shipped_file_is_good),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
