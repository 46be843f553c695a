/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "dnswire.h"

#define L63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-123456789"

static const struct {
    const char *text;
    size_t length;     /* 0: cannot be asked */
    const char *again; /* as dns_name_text gives it back */
} names[] = {
    {"example.com", 13, "example.com"},
    {"EXAMPLE.com.", 13, "example.com"},
    {"a", 3, "a"},
    {"_dmarc.x", 10, "_dmarc.x"},
    {"a\\.b.c", 7, "a\\.b.c"},
    {"\\097.c", 5, "a.c"},
    {"\\000.c", 5, "\\000.c"},
    {"a b.c", 7, "a\\032b.c"},
    {"\xff.c", 5, "\\255.c"},
    {"a\\\\.c", 6, "a\\\\.c"},
    {"*.c", 5, "*.c"},
    {L63 ".c", 67, L63 ".c"},
    {L63 "." L63 "." L63 "."
         "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-1234567",
     255,
     L63 "." L63 "." L63 "."
         "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-1234567"},
    {L63 "." L63 "." L63 "."
         "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-12345678",
     0, ""},
    {L63 "." L63 "." L63 "."
         "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-1234567.",
     255,
     L63 "." L63 "." L63 "."
         "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-1234567"},
    {L63 "." L63 "." L63 "." L63 "." L63, 0, ""},
    {L63 "x.c", 0, ""},
    {"", 0, ""},
    {".", 0, ""},
    {"..", 0, ""},
    {".a", 0, ""},
    {"a..b", 0, ""},
    {"a.b..", 0, ""},
    {"a\\", 0, ""},
    {"a\\25", 0, ""},
    {"a\\256", 0, ""},
};

static void presentation_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint8_t wire[DNS_WIRE_NAME];
        char text[254 * 4];
        size_t n = dnswire_name(names[i].text, wire);
        if (n != names[i].length)
            fail_msg("%s: %zu", names[i].text, n);
        if (n == 0)
            continue;
        assert_int_equal(dnswire_name_length(span_make(wire, sizeof wire)), n);
        assert_true(dns_name_text(span_make(wire, n), 0, text));
        assert_string_equal(text, names[i].again);
    }
}

static void wire_names(void **state)
{
    (void)state;
    char text[254 * 4];
    assert_true(dns_name_text(SPAN_LIT("\x00\x0a\x02MX\x01x\x00"), 2, text));
    assert_string_equal(text, "mx.x");
    assert_true(dns_name_text(SPAN_LIT("\x00"), 0, text));
    assert_string_equal(text, "");
    assert_false(dns_name_text(SPAN_LIT("\x02MX"), 0, text));
    assert_false(dns_name_text(SPAN_LIT("\x02MX\x01"), 0, text));
    assert_false(dns_name_text(SPAN_LIT("\xc0\x00"), 0, text));
    assert_false(dns_name_text(SPAN_LIT("\x01x\x00"), 3, text));
    assert_false(dns_name_text(SPAN_LIT("\x01x\x00"), 99, text));
    assert_false(dns_name_text(SPAN_NONE, 0, text));
    /* the longest text: 255 octets, all escaped */
    char longest[255];
    memset(longest, 1, sizeof longest);
    longest[0] = longest[64] = longest[128] = 63;
    longest[192] = 61;
    longest[254] = 0;
    assert_true(dns_name_text(span_make(longest, 255), 0, text));
    assert_int_equal(strlen(text), 250 * 4 + 3);
}

static void txt_records(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    size_t n;
    assert_string_equal(dns_txt_join(arena,
                                     SPAN_LIT("\x03"
                                              "abc"
                                              "\x00"
                                              "\x02"
                                              "de"),
                                     &n),
                        "abcde");
    assert_int_equal(n, 5);
    assert_string_equal(dns_txt_join(arena, SPAN_LIT("\x00"), &n), "");
    assert_memory_equal(dns_txt_join(arena,
                                     SPAN_LIT("\x03"
                                              "a\0b"),
                                     &n),
                        "a\0b", 4);
    assert_int_equal(n, 3);
    assert_string_equal(dns_txt_join(arena,
                                     SPAN_LIT("\x09"
                                              "abc"),
                                     &n),
                        "abc");
    arena_free(&arena);
}

/* Responses: header, question "a.b" (at 12), answer records. */
#define HEAD(flags, answers) "\x00\x00\x80" flags "\x00\x01\x00" answers "\x00\x00\x00\x00"
#define ASKS(type)                                                                                 \
    "\x01"                                                                                         \
    "a\x01"                                                                                        \
    "b\x00\x00" type "\x00\x01"
#define RR(name, type, length, data) name "\x00" type "\x00\x01\x00\x00\x00\x3c\x00" length data
#define AB                           "\xc0\x0c" /* a.b */
#define B                            "\xc0\x0e" /* b */

static const struct {
    const char *name;
    struct span packet;
    uint16_t type;
    enum dns_status status;
    size_t count;
} packets[] = {
    {"one address",
     SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x01") RR(AB, "\x01", "\x04", "\xc0\0\2\1")), DNS_A,
     DNS_FOUND, 1},
    {"another name",
     SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x01") RR(B, "\x01", "\x04", "\xc0\0\2\1")), DNS_A,
     DNS_NODATA, 0},
    {"upper case",
     SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x01") RR("\x01"
                                                   "A\x01"
                                                   "B\x00",
                                                   "\x01", "\x04", "\xc0\0\2\1")),
     DNS_A, DNS_FOUND, 1},
    {"no record", SPAN_LIT(HEAD("\x00", "\x00") ASKS("\x01")), DNS_A, DNS_NODATA, 0},
    {"no such name", SPAN_LIT(HEAD("\x03", "\x00") ASKS("\x01")), DNS_A, DNS_NXDOMAIN, 0},
    {"SERVFAIL", SPAN_LIT(HEAD("\x02", "\x00") ASKS("\x01")), DNS_A, DNS_FAILED, 0},
    {"rcode 11", SPAN_LIT(HEAD("\x0b", "\x00") ASKS("\x01")), DNS_A, DNS_FAILED, 0},
    {"truncated", SPAN_LIT("\0\0\x82\0\0\1\0\0\0\0\0\0" ASKS("\x01")), DNS_A, DNS_FAILED, 0},
    {"alias",
     SPAN_LIT(HEAD("\x00", "\x02") ASKS("\x01") RR(AB, "\x05", "\x02", B)
                  RR(B, "\x01", "\x04", "\xc0\0\2\1")),
     DNS_A, DNS_FOUND, 1},
    {"alias to nothing", SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x01") RR(AB, "\x05", "\x02", B)),
     DNS_A, DNS_NODATA, 0},
    {"alias without a name", SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x01") RR(AB, "\x05", "\x00", "")),
     DNS_A, DNS_FAILED, 0},
    {"text", SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x10") RR(AB, "\x10", "\x03", "\x02hi")), DNS_TXT,
     DNS_FOUND, 1},
    {"text of strings",
     SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x10") RR(AB, "\x10", "\x03", "\x01h\x00")), DNS_TXT,
     DNS_FOUND, 1},
    {"text over its end",
     SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x10") RR(AB, "\x10", "\x03", "\x03hi")), DNS_TXT,
     DNS_FAILED, 0},
    {"no text at all is borne",
     SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x10") RR(AB, "\x10", "\x00", "")), DNS_TXT, DNS_FOUND, 1},
    {"exchange", SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x0f") RR(AB, "\x0f", "\x04", "\x00\x0a" B)),
     DNS_MX, DNS_FOUND, 1},
    {"exchange without a name",
     SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x0f") RR(AB, "\x0f", "\x02", "\x00\x0a")), DNS_MX,
     DNS_FAILED, 0},
    {"exchange and more",
     SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x0f") RR(AB, "\x0f", "\x05", "\x00\x0a" B "x")), DNS_MX,
     DNS_FAILED, 0},
    {"address of five bytes",
     SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x01") RR(AB, "\x01", "\x05", "12345")), DNS_A, DNS_FAILED,
     0},
    {"IPv6 of four bytes",
     SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x1c") RR(AB, "\x1c", "\x04", "1234")), DNS_AAAA,
     DNS_FAILED, 0},
    {"pointer to itself",
     SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x0c") RR(AB, "\x0c", "\x02", "\xc0\x21")), DNS_PTR,
     DNS_FAILED, 0},
    {"pointer forward",
     SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x0c") RR(AB, "\x0c", "\x02", "\xc0\x30")), DNS_PTR,
     DNS_FAILED, 0},
    {"label type 01",
     SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x0c") RR(AB, "\x0c", "\x02",
                                                   "\x41"
                                                   "a")),
     DNS_PTR, DNS_FAILED, 0},
    {"record cut", SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x01") "\xc0\x0c\x00\x01\x00\x01\x00"),
     DNS_A, DNS_FAILED, 0},
    {"rdata cut", SPAN_LIT(HEAD("\x00", "\x01") ASKS("\x01") RR(AB, "\x01", "\x04", "\xc0\0")),
     DNS_A, DNS_FAILED, 0},
    {"count too large",
     SPAN_LIT(HEAD("\x00", "\x02") ASKS("\x01") RR(AB, "\x01", "\x04", "\xc0\0\2\1")), DNS_A,
     DNS_FAILED, 0},
    {"question cut",
     SPAN_LIT(HEAD("\x00", "\x00") "\x01"
                                   "a\x01"
                                   "b"),
     DNS_A, DNS_FAILED, 0},
    {"header cut", SPAN_LIT("\0\0\x80\0\0\1\0\0\0\0\0"), DNS_A, DNS_FAILED, 0},
    {"empty", SPAN_LIT(""), DNS_A, DNS_FAILED, 0},
};

static void responses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
        char *exact = malloc(packets[i].packet.len + 1);
        memcpy(exact, packets[i].packet.p, packets[i].packet.len);
        struct dns_answer *a = dnswire_answer(span_make(exact, packets[i].packet.len),
                                              (const uint8_t *)"\1a\1b", packets[i].type);
        free(exact);
        assert_non_null(a);
        if (a->status != packets[i].status || a->count != packets[i].count)
            fail_msg("%s: status %d, %zu records", packets[i].name, a->status, a->count);
        assert_true((a->why != NULL) == (a->status == DNS_FAILED));
        for (size_t k = 0; k < a->count; k++)
            assert_true(dnswire_rdata_valid(packets[i].type, a->rdata[k]));
        free(a);
    }
}

/* Aliases that go round, and more records than any answer needs. */
static void bounds(void **state)
{
    (void)state;
    static const char loop[] = RR(AB, "\x05", "\x02", AB),
                      address[] = RR(AB, "\x01", "\x04", "1234");
    static const char head[] = "\x00\x00\x80\x00\x00\x01\x01\x01\x00\x00\x00\x00" ASKS("\x01");
    char packet[8192];
    for (int what = 0; what < 2; what++) {
        const char *record = what ? loop : address;
        size_t length = (what ? sizeof loop : sizeof address) - 1, n = sizeof head - 1;
        memcpy(packet, head, n);
        for (int i = 0; i < 257; i++, n += length)
            memcpy(packet + n, record, length);
        struct dns_answer *a =
            dnswire_answer(span_make(packet, n), (const uint8_t *)"\1a\1b", DNS_A);
        assert_int_equal(a->status, DNS_FAILED);
        free(a);
    }
    packet[6] = 1;
    packet[7] = 0; /* 256 addresses */
    memcpy(packet, head, 6);
    size_t n = sizeof head - 1;
    for (int i = 0; i < 256; i++, n += sizeof address - 1)
        memcpy(packet + n, address, sizeof address - 1);
    struct dns_answer *a = dnswire_answer(span_make(packet, n), (const uint8_t *)"\1a\1b", DNS_A);
    assert_int_equal(a->status, DNS_FOUND);
    assert_int_equal(a->count, DNS_MAX_RECORDS);
    free(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(presentation_names),
        cmocka_unit_test(wire_names),
        cmocka_unit_test(txt_records),
        cmocka_unit_test(responses),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests_name("dnswire", tests, NULL, NULL);
}
