/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "authres.h"

#define ID "mx.example.com"

/* The field for a message with this envelope. */
static const char *format(struct arena *arena, const char *sender, const char *helo,
                          const struct evidence *ev)
{
    struct message m = {.client_hop = -1};
    m.env.ip = ipaddr_make(IP_V4, "\xc6\x33\x64\x07");
    m.env.sender = sender;
    m.env.helo = helo;
    const char *field = authres_format(arena, ID, &m, ev);
    assert_non_null(field);
    return field;
}

static void complete(void **state)
{
    struct arena *arena = *state;
    struct dkim_result dkim[] = {{.result = AUTH_PASS,
                                  .domain = "example.org",
                                  .selector = "s1",
                                  .identity = "@example.org",
                                  .algorithm = "rsa-sha256",
                                  .b_prefix = "dzdVyOfA",
                                  .key_bits = 2048},
                                 {.result = AUTH_FAIL,
                                  .domain = "list.example.net",
                                  .selector = "k",
                                  .algorithm = "ed25519-sha256",
                                  .b_prefix = "ab/d+f==",
                                  .flags = DKIM_FLAG_TEST_MODE,
                                  .reason = "body hash did not verify"}};
    struct evidence ev = {
        .spf = {.result = AUTH_PASS, .domain = "example.org"},
        .spf_helo = {.result = AUTH_NONE, .scope = SPF_SCOPE_HELO, .domain = "m.example.org"},
        .dkim = dkim,
        .dkim_count = 2,
        .dmarc = {.result = AUTH_FAIL,
                  .domain = "example.org",
                  .published = DMARC_REJECT,
                  .policy = DMARC_QUARANTINE,
                  .reason = "no aligned identifier passed"},
        .iprev = {.result = AUTH_PASS, .name = "m.example.org"}};
    assert_string_equal(format(arena, "bob@example.org", "m.example.org", &ev),
                        ID ";\n"
                           "\tspf=pass smtp.mailfrom=bob@example.org;\n"
                           "\tspf=none smtp.helo=m.example.org;\n"
                           "\tdkim=pass (2048-bit key) header.d=example.org header.s=s1\n"
                           "\theader.a=rsa-sha256 header.i=@example.org header.b=dzdVyOfA;\n"
                           "\tdkim=fail (test mode) reason=\"body hash did not verify\"\n"
                           "\theader.d=list.example.net header.s=k header.a=ed25519-sha256\n"
                           "\theader.b=\"ab/d+f==\";\n"
                           "\tdmarc=fail (p=reject) reason=\"no aligned identifier passed\"\n"
                           "\theader.from=example.org policy.dmarc=quarantine;\n"
                           "\tiprev=pass (m.example.org) policy.iprev=198.51.100.7\n"
                           "\tsmtp.remote-ip=198.51.100.7");
}

static void parts_that_are_missing(void **state)
{
    struct arena *arena = *state;
    struct evidence nothing = {0};
    assert_string_equal(format(arena, NULL, NULL, &nothing), ID "; none");
    struct evidence helo = {
        .spf = {.result = AUTH_TEMPERROR, .scope = SPF_SCOPE_HELO, .reason = "no answer in time"},
        .spf_helo = {.result = AUTH_TEMPERROR, .scope = SPF_SCOPE_HELO},
    };
    assert_string_equal(format(arena, "", "h.example.org", &helo),
                        ID ";\n\tspf=temperror reason=\"no answer in time\" "
                           "smtp.helo=h.example.org");
    struct evidence none = {.dmarc = {.result = AUTH_NONE, .domain = "example.org"}};
    assert_string_equal(format(arena, "", NULL, &none),
                        ID ";\n\tdkim=none;\n\tdmarc=none header.from=example.org");
}

static void ipv6(void **state)
{
    struct arena *arena = *state;
    struct message m = {.client_hop = -1};
    struct evidence ev = {.iprev = {.result = AUTH_PERMERROR}};
    assert_int_equal(ipaddr_parse(SPAN_LIT("2001:db8::1"), &m.env.ip), 0);
    assert_string_equal(authres_format(arena, ID, &m, &ev),
                        ID ";\n\tiprev=permerror policy.iprev=\"2001:db8::1\"\n"
                           "\tsmtp.remote-ip=\"2001:db8::1\"");
}

/* What a sender can put into the values. */
static const char *const hostile[] = {
    "a\r\nX-Evil: 1",
    "a\nX-Evil: 1",
    "a; dkim=pass header.d=bank.example",
    "a\"; dkim=pass header.d=bank.example; x=\"",
    "a\\\"; dkim=pass",
    "a\\",
    "(",
    ")",
    "a) dkim=pass (",
    "\\) dkim=pass",
    "caf\xc3\xa9",
    "\x01\x7f\x1b[2J",
    "",
    "a b",
    "@",
    "a@b@c",
    "a,b@c;d",
    "\"a b\"@example.org",
};

/* Outside quotes and comments there is only what we wrote: each ";" begins a new line with one of
 * our methods. */
static void check_field(const char *field, unsigned methods)
{
    bool quoted = false, comment = false;
    unsigned count = 0;
    for (const char *c = field; *c; c++) {
        if (*c == '\n' && (c[1] != '\t' || quoted || comment))
            fail_msg("broken line: %s", field);
        if (*c != '\n' && *c != '\t' && (*c < ' ' || *c > '~'))
            fail_msg("byte %02x: %s", (unsigned char)*c, field);
        if (quoted || comment) {
            if (*c == '\\' && quoted)
                c++;
            else if (quoted && *c == '"')
                quoted = false;
            else if (comment && *c == ')')
                comment = false;
            else if (comment)
                assert_true(*c != '(' && *c != '\\');
            continue;
        }
        quoted = *c == '"';
        comment = *c == '(';
        assert_true(*c != ')' && *c != '\\');
        if (*c == ';') {
            count++;
            assert_true(strncmp(c, ";\n\tspf=", 7) == 0 || strncmp(c, ";\n\tdkim=", 8) == 0 ||
                        strncmp(c, ";\n\tdmarc=", 9) == 0 || strncmp(c, ";\n\tiprev=", 9) == 0);
        }
    }
    assert_false(quoted || comment);
    if (count != methods)
        fail_msg("%u methods: %s", count, field);
}

static void hostile_values(void **state)
{
    struct arena *arena = *state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        const char *h = hostile[i];
        struct dkim_result dkim = {AUTH_FAIL, h, h, h, h, h, 2048, 0, h};
        struct evidence ev = {.spf = {AUTH_FAIL, SPF_SCOPE_MAILFROM, h, h, h},
                              .spf_helo = {AUTH_FAIL, SPF_SCOPE_HELO, NULL, h, h},
                              .dkim = &dkim,
                              .dkim_count = 1,
                              .dmarc = {.result = AUTH_FAIL, .domain = h, .reason = h},
                              .iprev = {AUTH_FAIL, h, h}};
        check_field(format(arena, h, h, &ev), 5);
    }
}

static void long_values(void **state)
{
    struct arena *arena = *state;
    static char text[100001];
    struct dkim_result dkim[10];
    memset(text, '"', sizeof text - 1);
    for (size_t i = 0; i < 10; i++)
        dkim[i] = (struct dkim_result){AUTH_FAIL, text, text, text, text, text, 1024, 0, text};
    struct evidence ev = {.spf = {AUTH_FAIL, SPF_SCOPE_MAILFROM, text, text, text},
                          .dkim = dkim,
                          .dkim_count = 10,
                          .iprev = {AUTH_FAIL, text, text}};
    const char *field = format(arena, text, text, &ev);
    check_field(field, 12);
    assert_in_range(strlen(field), 1000, 65536);
}

/* Ordinary values make no line over 78 columns. */
static void folding(void **state)
{
    struct arena *arena = *state;
    char d[64] = "";
    for (size_t n = 1; n < 56; n++) {
        memset(d, 'a', n);
        struct dkim_result dkim = {AUTH_FAIL, d, d, d, d, d, 2048, 0, d};
        struct evidence ev = {
            .spf = {AUTH_FAIL, SPF_SCOPE_MAILFROM, d, NULL, d}, .dkim = &dkim, .dkim_count = 1};
        const char *field = format(arena, NULL, NULL, &ev);
        size_t column = strlen("Authentication-Results: ");
        for (const char *c = field; *c; c++) {
            column = *c == '\n' ? 0 : *c == '\t' ? column + 8 : column + 1;
            if (column > 78)
                fail_msg("%zu: %s", n, field);
        }
    }
}

static const struct {
    const char *value;
    bool ours;
} claims[] = {
    {" mx.example.com; spf=pass", true},
    {" mx.example.com 1; spf=pass", true},
    {" mx.example.com/1; spf=pass", true},
    {" mx.example.com; none", true},
    {"mx.example.com", true},
    {"MX.Example.COM;", true},
    {"mx.example.com.;", true},
    {"\r\n\tmx.example.com;\r\n\tspf=pass", true},
    {"\n mx.example.com\n 1;", true},
    {" (c) mx.example.com (c) 1 (c);", true},
    {" (a (nested \\) b) c) mx.example.com;", true},
    {" mx.example.com(c);", true},
    {" mx.example.com(c)1;", true},
    {" mx.example.com(c) 1;", true},
    {" mx(c).example.com;", true},
    {" mx . example . com;", true},
    {" mx.example.\r\n com;", true},
    {" \"mx.example.com\";", true},
    {" \"mx.example.com\" 1;", true},
    {" \"mx\\.example.com\";", true},
    {" \"mx\".example.com;", true},
    {" m\"x.example\".com;", true},
    {" mx.exam\x01ple.com;", true},
    {" mx.example.com\x7f;", true},
    {" mx.example.com; mx.example.org", true},
    {" (unclosed mx.example.com;", false},
    {" mx.example.com)", true},
    {" \"mx.example.com", true},
    {" \"mx.example.com\"evil.example;", false},
    {" mx.example.com.evil.example; spf=pass", false},
    {" evil.mx.example.com;", false},
    {" example.com; spf=pass", false},
    {" mx.example.comm;", false},
    {" mx-example.com;", false},
    {" other mx.example.com;", false},
    {" ; mx.example.com;", false},
    {" i=1; mx.example.com; spf=pass", false}, /* ARC-Authentication-Results' form */
    {" spf=pass smtp.mailfrom=mx.example.com;", false},
    {"", false},
    {" ", false},
    {";", false},
    {" (mx.example.com)", false},
    {" \"\"", false},
    {" \\mx.example.com;", false},
};

static void claimed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        if (authres_claims(span_of(claims[i].value), ID) != claims[i].ours)
            fail_msg("%s: not %d", claims[i].value, claims[i].ours);
    assert_false(authres_claims(SPAN_NONE, ID));
    assert_true(authres_claims(SPAN_LIT(" mx.exam\0ple.com; x"), ID));
    assert_true(authres_claims(SPAN_LIT(" mx.example.com;"), "MX.EXAMPLE.COM."));
}

static void claimed_in_unicode(void **state)
{
    (void)state;
    const char *const ids[] = {"mx.b\xc3\xbc"
                               "cher.example",
                               "MX.XN--BCHER-KVA.example",
                               "mx.bu\xcc\x88"
                               "cher.example"};
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++)
            assert_true(authres_claims(span_of(ids[i]), ids[k]));
    /* an id that is no domain is compared as it is */
    assert_true(authres_claims(SPAN_LIT(" front!end; none"), "Front!End"));
    assert_false(authres_claims(SPAN_LIT(" front!end2; none"), "front!end"));
    assert_false(authres_claims(SPAN_LIT(" \xff\xfe; none"), ID));
}

static void claimed_long(void **state)
{
    (void)state;
    static char text[200000];
    memset(text, 'a', sizeof text);
    assert_false(authres_claims(span_make(text, sizeof text), ID));
    memset(text, '(', sizeof text);
    assert_false(authres_claims(span_make(text, sizeof text), ID));
    for (size_t i = 0; i + 3 < sizeof text; i += 4)
        memcpy(text + i, "a(x)", 4);
    assert_false(authres_claims(span_make(text, sizeof text), ID));
}

/* What we write, we claim. */
static void claims_own(void **state)
{
    struct evidence nothing = {0};
    assert_true(authres_claims(span_of(format(*state, NULL, NULL, &nothing)), ID));
}

static int set_up(void **state)
{
    *state = arena_new(16 << 20);
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete),     cmocka_unit_test(parts_that_are_missing),
        cmocka_unit_test(ipv6),         cmocka_unit_test(hostile_values),
        cmocka_unit_test(long_values),  cmocka_unit_test(folding),
        cmocka_unit_test(claimed),      cmocka_unit_test(claimed_in_unicode),
        cmocka_unit_test(claimed_long), cmocka_unit_test(claims_own),
    };
    return cmocka_run_group_tests_name("authres", tests, set_up, tear_down);
}
