/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole judgements without DNS and store: a message as it came, what its checks said, what the
 * model knows; and between which classes it may fall under the default weights and thresholds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "trust.h"

#define NOW       INT64_C(1700000000)
#define TRUSTED   0.9 /* vouch.conf's defaults */
#define UNTRUSTED 0.1

enum class { U, S, T }; /* untrusted, suspicious, trusted */

struct scenario {
    const char *name;
    const char *ip, *ptr, *helo, *sender, *rcpt, *header;
    const char *checks; /* "spf=pass/example.org dkim=fail/example.org dmarc=fail/reject" */
    const char *model; /* "<identity> <good> <bad>; ..." as `vouch lookup` names them; NULL: away */
    enum class least, most;
    unsigned flags; /* exactly these */
};

#define OWN_SERVER "192.0.2.7", "mx.example.org", "mx.example.org"
#define ALICE      "From: Alice <alice@example.org>\nSubject: minutes\n"
#define ALL_PASS                                                                                   \
    "spf=pass/example.org dkim=pass/example.org dmarc=pass/reject iprev=pass/mx.example.org"
#define NO_RECORDS "spf=none/example.org dmarc=none iprev=pass/mx.example.org"
#define KNOWN_ALICE                                                                                \
    "rfc5322.from.org:example.org 40 0; rfc5322.from:alice@example.org 25 0; "                     \
    "dkim:example.org 40 0; pair.network:example.org,192.0.2.0/24 40 0; "                          \
    "pair.helo:example.org,example.org 40 0; "                                                     \
    "person.network:alice@example.org,192.0.2.0/24 25 0; "                                         \
    "person.helo:alice@example.org,example.org 25 0; site 1000 1000"
#define SHARED "203.0.113.25", "out1.mail.example", "out1.mail.example"
#define SHARED_PASS                                                                                \
    "spf=pass/mail.example dkim=pass/mail.example dmarc=pass/none iprev=pass/out1.mail.example"
#define SHARED_KNOWN                                                                               \
    "ip.network:203.0.113.0/24 3000 400; ip:203.0.113.25 900 100; iprev:mail.example 3000 400; "   \
    "rfc5322.from.org:mail.example 3000 400; rfc5321.mailfrom.org:mail.example 3000 400; "         \
    "dkim:mail.example 3000 400; pair.network:mail.example,203.0.113.0/24 3000 400; "              \
    "pair.dkim:mail.example,mail.example 3000 400"
#define LIST "198.51.100.20", "lists.example.net", "lists.example.net", "bounces@lists.example.net"
#define LIST_CHECKS                                                                                \
    "spf=pass/lists.example.net dkim=fail/example.org dkim=pass/lists.example.net "                \
    "dmarc=fail/reject iprev=pass/lists.example.net"
#define LIST_KNOWN                                                                                 \
    "ip.network:198.51.100.0/24 300 0; ip:198.51.100.20 300 0; dkim:lists.example.net 300 0; "     \
    "rfc5321.mailfrom.org:example.net 300 0; iprev:example.net 300 0; "                            \
    "pair.dkim:example.org,lists.example.net 30 0; pair.mailfrom:example.org,example.net 30 0; "   \
    "pair.network:example.org,198.51.100.0/24 30 0; pair.helo:example.org,example.net 30 0; "      \
    "person.network:alice@example.org,198.51.100.0/24 30 0; "                                      \
    "person.helo:alice@example.org,example.net 30 0; rfc5322.from.org.unproven:example.org 30 0; " \
    "rfc5322.from.unproven:alice@example.org 30 0"
#define SERVER_KNOWN                                                                               \
    "ip.network:192.0.2.0/24 300 0; ip:192.0.2.7 300 0; dkim:example.org 300 0; "                  \
    "rfc5321.mailfrom.org:example.org 300 0; iprev:example.org 300 0"
#define VIA_RELAY                                                                                  \
    "Received: from evil (unknown [203.0.113.66]) by mx.example.org; Tue, 14 Nov 2023 22:13:20 "   \
    "+0000\n"

static const struct scenario scenarios[] = {
    {"known author, proven, on the usual way", OWN_SERVER, "alice@example.org", "bob@example.com",
     ALICE, ALL_PASS, KNOWN_ALICE, T, T, 0},
    {"a new colleague of a known author", OWN_SERVER, "carol@example.org", "bob@example.com",
     "From: carol@example.org\n", ALL_PASS, KNOWN_ALICE, T, T, 0},
    {"known author, forwarded: SPF fails, the signature holds", "198.51.100.9", "fwd.example.net",
     "fwd.example.net", "alice@example.org", "bob@example.com", ALICE,
     "spf=fail/example.org dkim=pass/example.org dmarc=pass/reject iprev=pass/fwd.example.net",
     KNOWN_ALICE, T, T, 0},
    {"unknown, everything passes", OWN_SERVER, "alice@example.org", "bob@example.com", ALICE,
     ALL_PASS, "", S, S, 0},
    {"unknown, nothing published", OWN_SERVER, "alice@example.org", "bob@example.com", ALICE,
     NO_RECORDS, "", S, S, 0},
    {"unknown, no client name, HELO a literal", "192.0.2.7", NULL, "[192.0.2.7]",
     "alice@example.org", "bob@example.com", ALICE, "spf=none dmarc=none iprev=permerror", "", S, S,
     0},
    {"known author forged from elsewhere, nothing published", "203.0.113.99", "host.example.com",
     "host.example.com", "alice@example.org", "bob@example.com", ALICE,
     "spf=none/example.org dmarc=none iprev=pass/host.example.com", KNOWN_ALICE, U, U,
     FLAG_FORGED_AUTHOR},
    {"known author forged under an envelope that passes SPF", "203.0.113.99", "host.example.com",
     "host.example.com", "x@example.com", "bob@example.com", ALICE,
     "spf=pass/example.com dkim=pass/example.com dmarc=fail/none iprev=pass/host.example.com",
     KNOWN_ALICE, U, U, FLAG_FORGED_AUTHOR},
    {"known author, and DNS is down", OWN_SERVER, "alice@example.org", "bob@example.com", ALICE,
     "spf=temperror/example.org dkim=temperror/example.org dmarc=temperror iprev=temperror",
     KNOWN_ALICE, S, T, 0},
    {"known author's name from elsewhere, and DNS is down", "203.0.113.99", NULL,
     "host.example.com", "alice@example.org", "bob@example.com", ALICE,
     "spf=temperror/example.org dkim=temperror/example.org dmarc=temperror iprev=temperror",
     KNOWN_ALICE, U, S, 0},
    {"known author moves house: new addresses, proven", "203.0.113.99", "mx.example.org",
     "mx.example.org", "alice@example.org", "bob@example.com", ALICE, ALL_PASS, KNOWN_ALICE, T, T,
     0},
    {"known author forged through a server that he shares with half the world", SHARED,
     "mallory@mail.example", "bob@example.com", ALICE,
     "spf=pass/mail.example dkim=pass/mail.example dmarc=fail/none iprev=pass/out1.mail.example",
     KNOWN_ALICE "; pair.network:example.org,203.0.113.0/24 40 0; " SHARED_KNOWN, U, U,
     FLAG_FORGED_AUTHOR},
    {"look-alike that proves itself", "203.0.113.99", "mx.examp1e.com", "mx.examp1e.com",
     "alice@examp1e.com", "bob@example.com", "From: Alice <alice@examp1e.com>\n",
     "spf=pass/examp1e.com dkim=pass/examp1e.com dmarc=pass/reject iprev=pass/mx.examp1e.com",
     KNOWN_ALICE, S, S, 0},
    {"a stranger at a shared service", SHARED, "mallory@mail.example", "bob@example.com",
     "From: mallory@mail.example\n", SHARED_PASS, SHARED_KNOWN, S, S, 0},
    {"a friend at a shared service", SHARED, "dora@mail.example", "bob@example.com",
     "From: dora@mail.example\n", SHARED_PASS,
     SHARED_KNOWN "; rfc5322.from:dora@mail.example 12 0; "
                  "pair.rcpt:dora@mail.example,bob@example.com 12 0",
     T, T, 0},
    {"a swindler at a shared service", SHARED, "eve@mail.example", "bob@example.com",
     "From: eve@mail.example\n", SHARED_PASS, SHARED_KNOWN "; rfc5322.from:eve@mail.example 0 15",
     U, S, 0},
    {"known list that breaks signatures", LIST, "bob@example.com", ALICE, LIST_CHECKS,
     KNOWN_ALICE "; " LIST_KNOWN, S, T, 0},
    {"a stranger's name through a list known to be good", LIST, "bob@example.com",
     "From: ceo@bank.example\n",
     "spf=pass/lists.example.net dkim=pass/lists.example.net dmarc=fail/reject "
     "iprev=pass/lists.example.net",
     LIST_KNOWN, S, S, 0},
    {"a stranger's name from a server known to be good", OWN_SERVER, "www@example.org",
     "bob@example.com", "From: ceo@bank.example\n",
     "spf=pass/example.org dkim=pass/example.org dmarc=none iprev=pass/mx.example.org",
     SERVER_KNOWN, S, S, 0},
    {"a stranger who has come that way before", OWN_SERVER, "www@example.org", "bob@example.com",
     "From: bob@club.example\n",
     "spf=pass/example.org dkim=pass/example.org dmarc=none iprev=pass/mx.example.org",
     SERVER_KNOWN "; pair.mailfrom:club.example,example.org 10 0; "
                  "rfc5322.from.org.unproven:club.example 10 0",
     T, T, 0},
    {"a stranger beside the one who has", OWN_SERVER, "www@example.org", "bob@example.com",
     "From: bob@club.example, ceo@bank.example\n",
     "spf=pass/example.org dkim=pass/example.org dmarc=none iprev=pass/mx.example.org",
     SERVER_KNOWN "; pair.mailfrom:club.example,example.org 10 0", S, S, 0},
    {"unknown list that breaks signatures of an unknown author", LIST, "bob@example.com", ALICE,
     LIST_CHECKS, "", S, S, 0},
    {"unknown author in a bad network", OWN_SERVER, "alice@example.org", "bob@example.com", ALICE,
     ALL_PASS, "ip.network:192.0.2.0/24 0 30", U, U, 0},
    {"known author in a network gone bad", OWN_SERVER, "alice@example.org", "bob@example.com",
     ALICE, ALL_PASS, KNOWN_ALICE "; ip.network:192.0.2.0/24 0 30", S, T, 0},
    {"good host in a bad network", OWN_SERVER, "alice@example.org", "bob@example.com", ALICE,
     NO_RECORDS, "ip.network:192.0.2.0/24 50 30; ip:192.0.2.7 50 0", S, S, 0},
    {"unknown author through a bad relay", OWN_SERVER, "alice@example.org", "bob@example.com",
     VIA_RELAY ALICE, ALL_PASS, "ip.network:203.0.113.0/24 0 25", U, U, FLAG_BAD_RELAY},
    {"known author through a bad relay", OWN_SERVER, "alice@example.org", "bob@example.com",
     VIA_RELAY ALICE, ALL_PASS, KNOWN_ALICE "; hop:203.0.113.0/24 0 25", S, T, FLAG_BAD_RELAY},
    {"a name seen once through a bad relay", OWN_SERVER, "alice@example.org", "bob@example.com",
     VIA_RELAY ALICE, ALL_PASS,
     "rfc5322.from.org:example.org 1 0; site 1000 1000; hop:203.0.113.0/24 0 25", U, S,
     FLAG_BAD_RELAY},
    {"two From fields, the first one known and proven", OWN_SERVER, "alice@example.org",
     "bob@example.com", ALICE "From: Ceo <ceo@example.com>\n", ALL_PASS, KNOWN_ALICE, U, S,
     FLAG_MULTIPLE_FROM},
    {"no author at all", OWN_SERVER, "alice@example.org", "bob@example.com", "Subject: x\n",
     ALL_PASS, KNOWN_ALICE, S, S, FLAG_NO_AUTHOR},
    {"signed by a known author with l=, and more appended", "203.0.113.99", "host.example.com",
     "host.example.com", "x@example.com", "bob@example.com", ALICE,
     "spf=pass/example.com dkim=pass/example.org/appended dmarc=pass/reject "
     "iprev=pass/host.example.com",
     KNOWN_ALICE, U, S, FLAG_BODY_APPENDED | FLAG_FORGED_AUTHOR},
    {"bounce of a known server", OWN_SERVER, "", "bob@example.com",
     "From: Mail Delivery System <mailer-daemon@mx.example.org>\n",
     "spf=pass/mx.example.org/helo dmarc=none iprev=pass/mx.example.org", KNOWN_ALICE, S, T, 0},
    {"everything fails, policy reject", "203.0.113.99", NULL, "203.0.113.5", "alice@example.org",
     "bob@example.com", ALICE,
     "spf=fail/example.org dkim=fail/example.org dmarc=fail/reject iprev=permerror", "", U, U, 0},
    {"known author, and the model is away", OWN_SERVER, "alice@example.org", "bob@example.com",
     ALICE, ALL_PASS, NULL, S, S, FLAG_MODEL_UNAVAILABLE},
};

struct judged {
    struct arena *arena;
    struct message m;
    struct evidence ev;
    struct dkim_result dkim[4];
    struct trust_input in;
    struct trust_known *known;
    struct trust_result r;
};

static void receive(struct judged *j, const struct scenario *s)
{
    struct message_limits limits = MESSAGE_LIMITS_DEFAULT;
    struct span rest = span_of(s->header);
    struct field field;
    message_init(&j->m, j->arena, &limits);
    assert_int_equal(ipaddr_parse(span_of(s->ip), &j->m.env.ip), 0);
    j->m.env.name = s->ptr;
    j->m.env.helo = s->helo;
    j->m.env.sender = s->sender;
    assert_int_equal(message_add_rcpt(&j->m, s->rcpt), 0);
    while (rfc5322_next_field(&rest, &field) == 1)
        assert_int_equal(message_add_field(&j->m, field.name, field.value), 0);
    assert_int_equal(message_scan(&j->m, NULL, NULL, 0), 0);
}

/* "spf=pass/example.org": method, result, what it is about, and a word more; any but the first two
 * may miss */
static void check(struct judged *j, char *text)
{
    const char *method = strsep(&text, "="), *word = strsep(&text, "/");
    const char *about = strsep(&text, "/"), *more = strsep(&text, "/");
    enum auth_result result = AUTH_UNKNOWN;
    while (++result < AUTH_RESULT_COUNT)
        if (strcmp(word, auth_result_name(result)) == 0)
            break;
    assert_true(result < AUTH_RESULT_COUNT);
    if (strcmp(method, "spf") == 0) {
        j->ev.spf = (struct spf_result){.result = result, .domain = about};
        j->ev.spf.scope = more ? SPF_SCOPE_HELO : SPF_SCOPE_MAILFROM;
    } else if (strcmp(method, "iprev") == 0) {
        j->ev.iprev = (struct iprev_result){.result = result, .name = about};
    } else if (strcmp(method, "dmarc") == 0) {
        j->ev.dmarc.result = result;
        for (int p = DMARC_NONE; about && p <= DMARC_REJECT; p++)
            if (strcmp(about, dmarc_policy_name((enum dmarc_policy)p)) == 0)
                j->ev.dmarc.policy = (enum dmarc_policy)p;
    } else {
        assert_string_equal(method, "dkim");
        j->dkim[j->ev.dkim_count++] = (struct dkim_result){
            .result = result, .domain = about, .flags = more ? DKIM_FLAG_BODY_APPENDED : 0};
    }
}

static void verify(struct judged *j, const struct scenario *s)
{
    char *text = arena_strdup(j->arena, s->checks);
    assert_non_null(text);
    j->ev.dkim = j->dkim;
    while (text)
        check(j, strsep(&text, " "));
}

/* Every identity that the line names, whether the message asserts it or not, as a model would have
 * it. */
static void know(struct judged *j, char *line)
{
    char text[200];
    double good, bad;
    struct identity *ids;
    size_t count;
    assert_int_equal(sscanf(line, " %199s %lf %lf", text, &good, &bad), 3);
    assert_int_equal(identity_parse(j->arena, NULL, NULL, text, &ids, &count), 0);
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < j->in.identity_count; i++)
            if (strcmp(ids[k].group, j->in.identities[i].group) == 0 &&
                strcmp(ids[k].field, j->in.identities[i].field) == 0)
                j->known[i] = (struct trust_known){
                    .outcome = LOOKUP_FOUND,
                    .counts = {
                        .good = good, .bad = bad, .first = NOW - 864000, .last = NOW - 3600}};
}

static void look_up(struct judged *j, const struct scenario *s)
{
    const char *domains[4];
    struct identity *ids;
    size_t count;
    for (size_t i = 0; i < j->ev.dkim_count; i++)
        domains[i] = j->dkim[i].domain;
    assert_int_equal(
        identity_list(j->arena, &j->m, NULL, domains, j->ev.dkim_count, NULL, &ids, &count), 0);
    j->known = arena_array(j->arena, count, sizeof *j->known);
    assert_non_null(j->known);
    j->in = (struct trust_input){.message = &j->m,
                                 .evidence = &j->ev,
                                 .identities = ids,
                                 .known = j->known,
                                 .identity_count = count,
                                 .now = NOW};
    for (size_t i = 0; !s->model && i < count; i++)
        j->known[i].outcome = LOOKUP_FAILED;
    char *text = s->model && *s->model ? arena_strdup(j->arena, s->model) : NULL;
    while (text)
        know(j, strsep(&text, ";"));
}

static void explain(const struct judged *j)
{
    for (size_t i = 0; i < j->r.item_count; i++) {
        const struct trust_item *t = &j->r.items[i];
        print_message("# %+5.2f %-13s %s (%s)\n", t->weight, t->name, t->subject ? t->subject : "",
                      t->note ? t->note : "");
    }
}

static void run(void **state)
{
    const struct scenario *s = *state;
    struct trust_params params;
    struct judged j = {.arena = arena_new(1 << 20)};
    assert_non_null(j.arena);
    trust_params_default(&params);
    receive(&j, s);
    verify(&j, s);
    look_up(&j, s);
    assert_int_equal(trust_sum(j.arena, &params, &j.in, &j.r), 0);
    enum class class = j.r.trust >= TRUSTED ? T : j.r.trust < UNTRUSTED ? U : S;
    if (class < s->least || class > s->most || j.r.flags != s->flags) {
        explain(&j);
        fail_msg("%s: trust %.3f, flags %#x", s->name, j.r.trust, j.r.flags);
    }
    arena_free(&j.arena);
}

int main(void)
{
    enum { COUNT = sizeof scenarios / sizeof *scenarios };
    struct CMUnitTest tests[COUNT] = {0};
    for (size_t i = 0; i < COUNT; i++) {
        struct scenario *s = malloc(sizeof *s);
        if (!s)
            return 1;
        *s = scenarios[i];
        tests[i] = (struct CMUnitTest){.name = s->name, .test_func = run, .initial_state = s};
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < COUNT; i++)
        free(tests[i].initial_state);
    return failed;
}
