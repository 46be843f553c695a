/* SPDX-License-Identifier: BSD-2-Clause */
#include "identity.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"

/* A message as it arrives: NULL where nothing is said. */
struct letter {
    const char *ip, *name, *helo, *sender, *rcpts[12];
    const char *header;
    const char *dkim[12];
};

struct listed {
    struct arena *arena;
    struct message m;
    struct identity *list;
    size_t count;
};

static void scan(struct listed *l, const struct letter *letter)
{
    struct message_limits limits = MESSAGE_LIMITS_DEFAULT;
    struct span rest = span_of(letter->header);
    struct field field;
    l->arena = arena_new(1 << 20);
    assert_non_null(l->arena);
    message_init(&l->m, l->arena, &limits);
    if (letter->ip)
        assert_int_equal(ipaddr_parse(span_of(letter->ip), &l->m.env.ip), 0);
    l->m.env.name = letter->name;
    l->m.env.helo = letter->helo;
    l->m.env.sender = letter->sender;
    for (int i = 0; letter->rcpts[i]; i++)
        assert_int_equal(message_add_rcpt(&l->m, letter->rcpts[i]), 0);
    while (rfc5322_next_field(&rest, &field) == 1)
        assert_int_equal(message_add_field(&l->m, field.name, field.value), 0);
    assert_int_equal(message_scan(&l->m, NULL, NULL, 0), 0);
}

static void list(struct listed *l, const struct letter *letter)
{
    size_t dkim = 0;
    while (letter->dkim[dkim])
        dkim++;
    scan(l, letter);
    assert_int_equal(
        identity_list(l->arena, &l->m, NULL, letter->dkim, dkim, NULL, &l->list, &l->count), 0);
    assert_true(l->count <= IDENTITY_MAX);
}

/* The site and its habits: in every list, and no names. */
static bool is_habit(enum identity_kind kind)
{
    return kind == ID_SITE || kind == ID_NEW || kind == ID_SITUATION || kind == ID_TRAIT;
}

/* One line an identity that is a name: kind, subject, group, field, index. */
static const char *print(struct listed *l)
{
    char *text = arena_strdup(l->arena, "");
    for (size_t i = 0; i < l->count; i++) {
        const struct identity *id = &l->list[i];
        if (is_habit(id->kind))
            continue;
        text = arena_printf(l->arena, "%s%s|%s|%s|%s|%d\n", text, identity_kind_name(id->kind),
                            id->subject, id->group, id->field, id->index);
        assert_non_null(text);
    }
    return text;
}

static const struct {
    const char *name;
    struct letter letter;
    const char *identities;
} letters[] = {
    {"an ordinary letter",
     {"192.0.2.7",
      "mx.example.org",
      "MX.example.org",
      "Bounce@Example.ORG",
      {"bob@example.net"},
      "From: Alice <Alice@News.Example.Org>\n"
      "Received: from [203.0.113.9] (unknown [203.0.113.9]) by mx.example.org; Tue, 14 Nov 2023 "
      "22:13:20 +0000\n",
      {"example.org", "lists.example.com"}},
     "ip|192.0.2.7|ip:192.0.2.0/24|h:192.0.2.7|-1\n"
     "ip.network|192.0.2.0/24|ip:192.0.2.0/24|*|-1\n"
     "ip.wide|192.0.0.0/16|ip:192.0.0.0/16|*|-1\n"
     "window.client|192.0.2.7|ip:192.0.2.0/24|w:h:192.0.2.7|-1\n"
     "rfc5321.helo.org|example.org|dom:example.org|helo|-1\n"
     "rfc5321.helo|mx.example.org|dom:example.org|helo:mx.example.org|-1\n"
     "rfc5321.helo.unproven|mx.example.org|dom:example.org|uhelo:mx.example.org|-1\n"
     "iprev|example.org|dom:example.org|ptr|-1\n"
     "rfc5321.mailfrom.org|example.org|dom:example.org|mf|-1\n"
     "rfc5321.mailfrom.org.unproven|example.org|dom:example.org|umf|-1\n"
     "rfc5321.mailfrom|bounce@example.org|dom:example.org|mf:bounce@example.org|-1\n"
     "rfc5321.mailfrom.unproven|bounce@example.org|dom:example.org|umf:bounce@example.org|-1\n"
     "rfc5322.from.org|example.org|dom:example.org|*|-1\n"
     "rfc5322.from.org.unproven|example.org|dom:example.org|u|-1\n"
     "rfc5322.from.domain|news.example.org|dom:example.org|d:news.example.org|-1\n"
     "rfc5322.from.domain.unproven|news.example.org|dom:example.org|ud:news.example.org|-1\n"
     "rfc5322.from|alice@news.example.org|dom:example.org|a:alice@news.example.org|-1\n"
     "rfc5322.from.unproven|alice@news.example.org|dom:example.org|ua:alice@news.example.org|-1\n"
     "window.author|alice@news.example.org|dom:example.org|w:a:alice@news.example.org|-1\n"
     "dkim|example.org|dom:example.org|dkim:example.org|0\n"
     "dkim|lists.example.com|dom:example.com|dkim:lists.example.com|1\n"
     "pair.dkim|example.org signed by example.org|dom:example.org|p:dkim:example.org|0\n"
     "pair.dkim|example.org signed by example.com|dom:example.org|p:dkim:example.com|1\n"
     "hop|203.0.113.0/24|ip:203.0.113.0/24|hop|0\n"
     "hop.network|203.0.113.0/24|ip:203.0.113.0/24|*|0\n"
     "origin.wide|203.0.0.0/16|ip:203.0.0.0/16|hop|-1\n"
     "route|192.0.0.0/16 from 203.0.0.0/16|ip:192.0.0.0/16|via:203.0.0.0/16|-1\n"
     "pair.network|example.org via 192.0.2.0/24|dom:example.org|p:net:192.0.2.0/24|-1\n"
     "person.network|alice@news.example.org via 192.0.2.0/24|dom:example.org|"
     "pn:alice@news.example.org:192.0.2.0/24|-1\n"
     "person.helo|alice@news.example.org from hosts called example.org|dom:example.org|"
     "ph:alice@news.example.org:example.org|-1\n"
     "person.origin|alice@news.example.org written in 203.0.0.0/16|dom:example.org|"
     "po:alice@news.example.org:203.0.0.0/16|-1\n"
     "pair.origin|example.org written in "
     "203.0.113.0/24|dom:example.org|p:origin:203.0.113.0/24|-1\n"
     "pair.mailfrom|example.org with envelope of example.org|dom:example.org|p:mf:example.org|-1\n"
     "pair.ptr|example.org from hosts of example.org|dom:example.org|p:ptr:example.org|-1\n"
     "pair.helo|example.org from hosts called example.org|dom:example.org|p:helo:example.org|-1\n"
     "pair.rcpt|alice@news.example.org to bob@example.net|dom:example.org|"
     "r:alice@news.example.org:bob@example.net|-1\n"},
    {"nothing at all", {.header = "Subject: x\n"}, ""},
    {"IPv6, null sender, no author",
     {.ip = "2001:db8:1:2::3", .sender = "", .header = "Subject: x\n"},
     "ip|2001:db8:1:2::3|ip:2001:db8:1::/48|h:2001:db8:1:2::3|-1\n"
     "ip.network|2001:db8:1::/48|ip:2001:db8:1::/48|*|-1\n"
     "ip.wide|2001:db8::/32|ip:2001:db8::/32|*|-1\n"
     "window.client|2001:db8:1:2::3|ip:2001:db8:1::/48|w:h:2001:db8:1:2::3|-1\n"
     "route|2001:db8::/32 from -|ip:2001:db8::/32|via:-|-1\n"},
    {"an address that is nobody's on the Internet",
     {.ip = "10.1.2.3", .header = "Subject: x\n"},
     ""},
    {"IPv4-mapped is IPv4",
     {.ip = "::ffff:192.0.2.1", .header = "Subject: x\n"},
     "ip|192.0.2.1|ip:192.0.2.0/24|h:192.0.2.1|-1\n"
     "ip.network|192.0.2.0/24|ip:192.0.2.0/24|*|-1\n"
     "ip.wide|192.0.0.0/16|ip:192.0.0.0/16|*|-1\n"
     "window.client|192.0.2.1|ip:192.0.2.0/24|w:h:192.0.2.1|-1\n"
     "route|192.0.0.0/16 from -|ip:192.0.0.0/16|via:-|-1\n"},
    {"HELO that is no name", {.helo = "[192.0.2.1]", .header = "Subject: x\n"}, ""},
    {"HELO that is a bare address", {.helo = "192.0.2.1", .header = "Subject: x\n"}, ""},
    {"HELO with what cannot stand in a name", {.helo = "a b|c", .header = "Subject: x\n"}, ""},
    {"HELO of one label",
     {.helo = "laptop", .header = "Subject: x\n"},
     "rfc5321.helo.org|laptop|dom:laptop|helo|-1\n"
     "rfc5321.helo|laptop|dom:laptop|helo:laptop|-1\n"
     "rfc5321.helo.unproven|laptop|dom:laptop|uhelo:laptop|-1\n"},
    {"envelope made for one recipient",
     {.sender = "bounce-bob=example.net@lists.example.com", .header = "Subject: x\n"},
     "rfc5321.mailfrom.org|example.com|dom:example.com|mf|-1\n"
     "rfc5321.mailfrom.org.unproven|example.com|dom:example.com|umf|-1\n"
     "rfc5321.mailfrom.domain|lists.example.com|dom:example.com|mfd:lists.example.com|-1\n"},
    {"envelope with a bounce number",
     {.sender = "b123456@example.com", .header = "Subject: x\n"},
     "rfc5321.mailfrom.org|example.com|dom:example.com|mf|-1\n"
     "rfc5321.mailfrom.org.unproven|example.com|dom:example.com|umf|-1\n"},
    {"author at an address literal", {.header = "From: a@[192.0.2.1]\n"}, ""},
    {"author in UTF-8",
     {.header = "From: J\xc3\xb6rg@b\xc3\xbc"
                "cher.example\n"},
     "rfc5322.from.org|xn--bcher-kva.example|dom:xn--bcher-kva.example|*|-1\n"
     "rfc5322.from.org.unproven|xn--bcher-kva.example|dom:xn--bcher-kva.example|u|-1\n"
     "rfc5322.from|j\xc3\xb6rg@xn--bcher-kva.example|dom:xn--bcher-kva.example|"
     "a:j\xc3\xb6rg@xn--bcher-kva.example|-1\n"
     "rfc5322.from.unproven|j\xc3\xb6rg@xn--bcher-kva.example|dom:xn--bcher-kva.example|"
     "ua:j\xc3\xb6rg@xn--bcher-kva.example|-1\n"
     "window.author|j\xc3\xb6rg@xn--bcher-kva.example|dom:xn--bcher-kva.example|"
     "w:a:j\xc3\xb6rg@xn--bcher-kva.example|-1\n"
     "person.origin|j\xc3\xb6rg@xn--bcher-kva.example written in -|dom:xn--bcher-kva.example|"
     "po:j\xc3\xb6rg@xn--bcher-kva.example:-|-1\n"},
    {"one signer twice, and fields without d=",
     {.header = "Subject: x\n", .dkim = {"example.com", "example.com"}},
     "dkim|example.com|dom:example.com|dkim:example.com|0\n"},
};

static void a_message_asserts_its_identities(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        struct listed l = {0};
        list(&l, &letters[i].letter);
        if (strcmp(print(&l), letters[i].identities) != 0)
            fail_msg("%s:\n%s", letters[i].name, print(&l));
        arena_free(&l.arena);
    }
}

static size_t count_kind(const struct listed *l, enum identity_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++)
        n += l->list[i].kind == kind;
    return n;
}

static const struct identity *last_of(const struct listed *l, enum identity_kind kind)
{
    const struct identity *found = NULL;
    for (size_t i = 0; i < l->count; i++)
        if (l->list[i].kind == kind)
            found = &l->list[i];
    return found;
}

/* Far more of everything than anybody sends: bounded, and the origin is kept. */
static void hostile_numbers_are_bounded(void **state)
{
    (void)state;
    char header[8000];
    size_t at = (size_t)snprintf(header, sizeof header, "From: alice@example.org\n");
    for (int i = 1; i <= 40; i++)
        at += (size_t)snprintf(header + at, sizeof header - at,
                               "Received: from x (x [198.51.%d.1]) by y.example; "
                               "Tue, 14 Nov 2023 22:13:20 +0000\n",
                               i);
    assert_true(at < sizeof header);
    struct letter letter = {
        "192.0.2.7",
        "mx.example.org",
        "mx.example.org",
        "bounce@mail.example.com",
        {"a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example", "f@x.example",
         "g@x.example", "h@x.example", "i@x.example", "j@x.example", "k@x.example"},
        header,
        {"a.example", "b.example", "c.example", "d.example", "e.example", "f.example", "g.example",
         "h.example", "i.example", "j.example", "k.example"}};
    struct listed l = {0};
    list(&l, &letter);
    assert_int_equal(count_kind(&l, ID_HOP), 6);
    assert_int_equal(count_kind(&l, ID_HOP_NETWORK), 6);
    assert_int_equal(count_kind(&l, ID_DKIM), 8);
    assert_int_equal(count_kind(&l, ID_PAIR_DKIM), 8);
    assert_int_equal(count_kind(&l, ID_PAIR_RCPT), 8);
    assert_true(l.count < IDENTITY_MAX); /* nothing was left out */
    assert_string_equal(last_of(&l, ID_HOP)->subject, "198.51.40.0/24");
    assert_int_equal(last_of(&l, ID_HOP)->index, 39);
    assert_string_equal(last_of(&l, ID_PAIR_ORIGIN)->field, "p:origin:198.51.40.0/24");
    arena_free(&l.arena);
}

static void private_internal_and_own_hops_are_passed_over(void **state)
{
    (void)state;
    struct letter letter = {
        .ip = "192.0.2.7",
        .header = "Received: from a (a [192.0.2.9]) by b; Tue, 14 Nov 2023 22:13:20 +0000\n"
                  "Received: from a (a [10.0.0.1]) by b; Tue, 14 Nov 2023 22:13:20 +0000\n"
                  "Received: from a (a [198.51.100.1]) by b; Tue, 14 Nov 2023 22:13:20 +0000\n"
                  "Received: from a (a [198.51.100.2]) by b; Tue, 14 Nov 2023 22:13:20 +0000\n"
                  "Received: from a (a [127.0.0.1]) by b; Tue, 14 Nov 2023 22:13:20 +0000\n"};
    struct listed l = {0};
    list(&l, &letter);
    assert_int_equal(count_kind(&l, ID_HOP), 1);
    assert_string_equal(last_of(&l, ID_HOP)->subject, "198.51.100.0/24");
    arena_free(&l.arena);
}

static bool is_utf8_tail(const char *s)
{
    return ((unsigned char)*s & 0xc0) == 0x80;
}

static void long_keys_are_cut_and_told_apart(void **state)
{
    (void)state;
    char header[2][1200];
    struct listed l[2] = {0};
    for (int i = 0; i < 2; i++) {
        size_t at = (size_t)snprintf(header[i], sizeof header[i], "From: ");
        for (int k = 0; k < 330; k++) /* two bytes each */
            at += (size_t)snprintf(header[i] + at, sizeof header[i] - at, "\xc3\xa4");
        snprintf(header[i] + at, sizeof header[i] - at, "%c@example.org\n", 'a' + i);
        struct letter letter = {.header = header[i]};
        list(&l[i], &letter);
        const struct identity *id = last_of(&l[i], ID_AUTHOR);
        assert_non_null(id);
        assert_true(strlen(id->field) <= IDENTITY_KEY_MAX);
        assert_true(strlen(id->field) > IDENTITY_KEY_MAX - 4);
        assert_false(is_utf8_tail(strrchr(id->field, '~') - 2)); /* cut between characters */
        assert_int_equal(strlen(strrchr(id->field, '~')), 33);
    }
    assert_string_not_equal(last_of(&l[0], ID_AUTHOR)->field, last_of(&l[1], ID_AUTHOR)->field);
    /* the sum is part of the model's format: it may not change */
    assert_string_equal(strrchr(last_of(&l[0], ID_AUTHOR)->field, '~'),
                        "~53c816d9754973b3d56ae6aa2a9da201");
    arena_free(&l[0].arena);
    arena_free(&l[1].arena);
}

static void case_and_invalid_bytes_do_not_make_new_people(void **state)
{
    (void)state;
    struct letter a = {.header = "From: ALICE@EXAMPLE.ORG\n",
                       .rcpts = {"B\xff"
                                 "b@Example.NET"}};
    struct letter b = {.header = "From: alice@example.org\n",
                       .rcpts = {"b\xfe"
                                 "B@example.net"}};
    struct listed la = {0}, lb = {0};
    list(&la, &a);
    list(&lb, &b);
    assert_string_equal(print(&la), print(&lb));
    assert_string_equal(last_of(&la, ID_PAIR_RCPT)->field, "r:alice@example.org:b\xef\xbf\xbd"
                                                           "b@example.net");
    arena_free(&la.arena);
    arena_free(&lb.arena);
}

static void kinds_have_names(void **state)
{
    (void)state;
    for (int kind = 0; kind < ID_KIND_COUNT; kind++)
        assert_int_equal(identity_kind_parse(identity_kind_name((enum identity_kind)kind)), kind);
    assert_int_equal(identity_kind_parse("ipv6"), ID_HOST);
    assert_int_equal(identity_kind_parse(""), -1);
    assert_int_equal(identity_kind_parse("IP"), -1);
    assert_null(identity_kind_name(ID_KIND_COUNT));
}

static const struct {
    const char *text;
    const char *identities; /* "kind field" each; NULL: syntax error */
} texts[] = {
    {"198.51.100.7", "ip.wide *, origin.wide hop, ip h:198.51.100.7, ip.network *, hop hop, "
                     "window.client w:h:198.51.100.7"},
    {" 198.51.100.0/24 ", "ip.network *, hop hop"},
    {"198.51.100.7/32", "ip.wide *, origin.wide hop, ip h:198.51.100.7, ip.network *, hop hop, "
                        "window.client w:h:198.51.100.7"},
    {"2001:db8::1", "ip.wide *, origin.wide hop, ip h:2001:db8::1, ip.network *, hop hop, "
                    "window.client w:h:2001:db8::1"},
    {"2001:db8::/48", "ip.network *, hop hop"},
    {"ip.network:198.51.100.7", "ip.network *"},
    {"ipv6:2001:db8::1", "ip h:2001:db8::1"},
    {"Example.ORG", "rfc5322.from.org *, rfc5322.from.org.unproven u, rfc5321.mailfrom.org mf, "
                    "rfc5321.mailfrom.org.unproven umf, dkim dkim:example.org, "
                    "rfc5321.helo.org helo, rfc5321.helo helo:example.org, rfc5321.helo.unproven "
                    "uhelo:example.org, iprev ptr"},
    {"mail.example.org",
     "rfc5322.from.org *, rfc5322.from.org.unproven u, rfc5322.from.domain d:mail.example.org, "
     "rfc5322.from.domain.unproven ud:mail.example.org, "
     "rfc5321.mailfrom.org mf, rfc5321.mailfrom.org.unproven umf, "
     "rfc5321.mailfrom.domain mfd:mail.example.org, dkim dkim:mail.example.org, "
     "rfc5321.helo.org helo, rfc5321.helo helo:mail.example.org, "
     "rfc5321.helo.unproven uhelo:mail.example.org, iprev ptr"},
    {"Alice@Example.org",
     "rfc5322.from a:alice@example.org, rfc5322.from.unproven ua:alice@example.org, "
     "rfc5321.mailfrom mf:alice@example.org, rfc5321.mailfrom.unproven umf:alice@example.org, "
     "window.author w:a:alice@example.org"},
    {"window.author:alice@example.org", "window.author w:a:alice@example.org"},
    {"window.client:198.51.100.7", "window.client w:h:198.51.100.7"},
    {"rfc5322.from:alice@example.org", "rfc5322.from a:alice@example.org"},
    {"dkim: mail.example.org", "dkim dkim:mail.example.org"},
    {"pair.network:example.org,198.51.100.0/24", "pair.network p:net:198.51.100.0/24"},
    {"pair.network:mail.example.org, 198.51.100.7", "pair.network p:net:198.51.100.0/24"},
    {"pair.origin:example.org,2001:db8::/48", "pair.origin p:origin:2001:db8::/48"},
    {"pair.dkim:example.org,lists.example.com", "pair.dkim p:dkim:example.com"},
    {"pair.mailfrom:example.org,example.com", "pair.mailfrom p:mf:example.com"},
    {"pair.ptr:example.org,mx.example.com", "pair.ptr p:ptr:example.com"},
    {"pair.rcpt:Alice@example.org,Bob@example.net",
     "pair.rcpt r:alice@example.org:bob@example.net"},
    {"198.51.0.0/16", "ip.wide *, origin.wide hop"},
    {"This site", "site *"},
    {"pair.helo:example.org,mx.example.com", "pair.helo p:helo:example.com"},
    {"person.network:Alice@example.org, 198.51.100.7",
     "person.network pn:alice@example.org:198.51.100.0/24"},
    {"person.helo:alice@example.org,mx.example.com",
     "person.helo ph:alice@example.org:example.com"},
    {"person.origin:alice@example.org,2001:db8::1",
     "person.origin po:alice@example.org:2001:db8::/32"},
    {"person.origin:alice@example.org,-", "person.origin po:alice@example.org:-"},
    {"route:198.51.100.7,203.0.113.9", "route via:203.0.0.0/16"},
    {"route:198.51.0.0/16,-", "route via:-"},
    {"", NULL},
    {"   ", NULL},
    {"198.51.100.0/25", NULL}, /* nothing is kept of it */
    {"198.51.100.7/24", NULL}, /* host bits */
    {"@example.org", NULL},
    {"alice@", NULL},
    {"alice@[192.0.2.1]", NULL},
    {"a..example", NULL},
    {"two words", NULL},
    {"dkim:alice@example.org", NULL},      /* no such identity of that kind */
    {"hop.network:198.51.100.0/24", NULL}, /* it is ip.network */
    {"nonsense:example.org", NULL},
    {"pair.network:example.org", NULL},
    {"pair.network:example.org,example.com", NULL},
    {"pair.dkim:,example.com", NULL},
    {"pair.rcpt:example.org,bob@example.net", NULL},
    {"pair.rcpt:alice@example.org,bob", NULL},
    {"rfc5322.from:", NULL},
    {"person.network:example.org,198.51.100.7", NULL},
    {"person.network:alice@example.org,-", NULL},
    {"person.helo:alice@example.org,198.51.100.7/24", NULL},
    {"route:example.org,-", NULL},
    {"route:198.51.100.7,example.org", NULL},
    {"new:known_author", NULL}, /* no name */
};

static void text_names_identities(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct arena *arena = arena_new(1 << 16);
        struct identity *ids = NULL;
        size_t count = 0;
        char got[500] = "";
        assert_non_null(arena);
        int rc = identity_parse(arena, NULL, NULL, texts[i].text, &ids, &count);
        for (size_t k = 0; k < count; k++) {
            size_t at = strlen(got);
            snprintf(got + at, sizeof got - at, "%s%s %s", k ? ", " : "",
                     identity_kind_name(ids[k].kind), ids[k].field);
        }
        if (rc != (texts[i].identities ? 0 : VOUCH_E_SYNTAX) ||
            (texts[i].identities && strcmp(got, texts[i].identities) != 0))
            fail_msg("%s: %d %s", texts[i].text, rc, got);
        arena_free(&arena);
    }
}

/* What a message asserts can be looked up by hand under the same keys. */
static void what_is_listed_is_found_by_hand(void **state)
{
    (void)state;
    struct listed l = {0};
    list(&l, &letters[0].letter);
    for (size_t i = 0; i < l.count; i++) {
        const enum identity_kind kind = l.list[i].kind;
        if (kind >= ID_PAIR_NETWORK || kind == ID_HOP_NETWORK)
            continue; /* pairs have a syntax of their own; the other is "ip.network" again */
        if (is_habit(kind) && kind != ID_SITE)
            continue; /* no names */
        struct identity *ids;
        size_t count, found = 0;
        char text[200];
        snprintf(text, sizeof text, "%s:%s", identity_kind_name(kind), l.list[i].subject);
        assert_int_equal(identity_parse(l.arena, NULL, NULL, text, &ids, &count), 0);
        for (size_t k = 0; k < count; k++)
            found += strcmp(ids[k].group, l.list[i].group) == 0 &&
                     strcmp(ids[k].field, l.list[i].field) == 0;
        if (found != 1)
            fail_msg("%s", text);
    }
    arena_free(&l.arena);
}

/* What is written down under pseudonyms asserts the same identities as the message did. */
static void pseudonyms_stand_for_their_addresses(void **state)
{
    (void)state;
    static const struct letter letter = {
        "192.0.2.7",
        "mx.example.org",
        "mx.example.org",
        "Alice@Example.ORG",
        {"bob@example.com", "\"odd one\"@example.com", "postmaster"},
        "From: Alice <Alice@mail.example.org>\r\n",
        {"example.org"},
    };
    static const char *const senders[] = {"Alice@Example.ORG", "bounce-123456@example.org", "",
                                          "prvs=a@example.org", "a@[192.0.2.1]"};
    const struct pseudonym_key key = {.id = "abcd", .bytes = {1, 2, 3}};
    for (size_t i = 0; i < sizeof senders / sizeof *senders; i++) {
        struct letter one = letter;
        struct listed live = {0}, kept = {0};
        one.sender = senders[i];
        scan(&live, &one);
        live.m.alias = &key;
        scan(&kept, &one);
        kept.m.env.sender = identity_pseudonym(kept.arena, &key, senders[i]);
        for (size_t k = 0; k < kept.m.env.rcpt_count; k++)
            kept.m.env.rcpts[k] = identity_pseudonym(kept.arena, &key, kept.m.env.rcpts[k]);
        struct mailbox author = *kept.m.author;
        author.address = identity_pseudonym(kept.arena, &key, author.address);
        author.local =
            arena_span(kept.arena, span_make(author.address, strcspn(author.address, "@")));
        kept.m.author = &author;
        struct listed *both[] = {&live, &kept};
        for (int b = 0; b < 2; b++)
            assert_int_equal(identity_list(both[b]->arena, &both[b]->m, NULL, one.dkim, 1, NULL,
                                           &both[b]->list, &both[b]->count),
                             0);
        const char *text = print(&live);
        assert_string_equal(text, print(&kept));
        assert_null(strstr(text, "alice"));
        assert_null(strstr(text, "bob"));
        arena_free(&live.arena);
        arena_free(&kept.arena);
    }
}

static void out_of_memory_is_said(void **state)
{
    (void)state;
    struct listed l = {0};
    int failed = 0, rc = VOUCH_E_NOMEM;
    list(&l, &letters[0].letter);
    for (size_t max = 0; rc != 0; max += 48) {
        struct arena *small = arena_new(max);
        struct identity *ids;
        size_t count;
        assert_non_null(small);
        rc = identity_list(small, &l.m, NULL, letters[0].letter.dkim, 2, NULL, &ids, &count);
        assert_true(rc == 0 || rc == VOUCH_E_NOMEM);
        assert_true(rc != 0 || count == l.count);
        failed += rc != 0;
        arena_free(&small);
    }
    assert_true(failed > 10);
    arena_free(&l.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_asserts_its_identities),
        cmocka_unit_test(hostile_numbers_are_bounded),
        cmocka_unit_test(private_internal_and_own_hops_are_passed_over),
        cmocka_unit_test(long_keys_are_cut_and_told_apart),
        cmocka_unit_test(case_and_invalid_bytes_do_not_make_new_people),
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(text_names_identities),
        cmocka_unit_test(what_is_listed_is_found_by_hand),
        cmocka_unit_test(pseudonyms_stand_for_their_addresses),
        cmocka_unit_test(out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
