/* SPDX-License-Identifier: BSD-2-Clause */
/* DKIM verification against signatures made here (tests/lib/dkim_sign.h), so that every odd field
 * can carry a true signature: what is refused is refused for what it says, not for a wrong hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "dkim.h"
#include "dkim_sign.h"
#include "dkim_signature.h"
#include "errors.h"
#include "fake_dns.h"
#include "rfc5322.h"

#define NOW      1700000000
#define KEY_NAME "s1._domainkey.example.com"

static struct dkim_signer *rsa, *short_rsa, *ed25519;
static struct dkim_verifier *lib;

/* The message that is signed, and its canonical forms written out by hand. */
static const struct field fields[] = {
    {{"From", 4}, {" Ada <ada@example.com>", 22}},
    {{"To", 2}, {" bob@example.net", 16}},
    {{"Subject", 7}, {" hello\n\tfolded  text ", 21}},
    {{"X-Empty", 7}, {"", 0}},
};
#define FIELD_COUNT (sizeof fields / sizeof fields[0])
#define SIMPLE_FIELDS                                                                              \
    "From: Ada <ada@example.com>\r\nTo: bob@example.net\r\nSubject: hello\r\n\tfolded  text \r\n"  \
    "X-Empty:\r\n"
#define RELAXED_FIELDS                                                                             \
    "from:Ada <ada@example.com>\r\nto:bob@example.net\r\nsubject:hello folded "                    \
    "text\r\nx-empty:\r\n"
#define BODY         "Hello  there \r\n\r\n \t\r\nlast\tline\r\n\r\n \r\n\r\n"
#define SIMPLE_BODY  "Hello  there \r\n\r\n \t\r\nlast\tline\r\n\r\n \r\n"
#define RELAXED_BODY "Hello there\r\n\r\n\r\nlast line\r\n"

#define HEAD        "v=1; a=rsa-sha256; "
#define WHO         "d=example.com; s=s1; "
#define WHAT        "h=From:To:Subject:X-Empty"
#define SIMPLE      HEAD "c=simple/simple; " WHO WHAT
#define RELAXED     HEAD "c=relaxed/relaxed; " WHO WHAT
#define RSA_KEY     "v=DKIM1; k=rsa; p=$"
#define ED25519_KEY "v=DKIM1; k=ed25519; p=$"

struct run {
    struct arena *arena;
    struct dns_batch *dns;
    struct dkim_check *check;
    struct dkim_result *results;
    size_t count, skipped;
};

static void run_begin(struct run *r, unsigned max, int64_t now)
{
    *r = (struct run){.arena = arena_new(1 << 20), .dns = fake_dns_new(NULL, NULL, true)};
    r->check = dkim_check_new(lib, r->arena, r->dns, max, now);
    assert_non_null(r->check);
}

static void run_field(struct run *r, const char *name, const char *value)
{
    assert_int_equal(dkim_check_field(r->check, span_of(name), span_of(value)), 0);
}

static void run_fields(struct run *r)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        assert_int_equal(dkim_check_field(r->check, fields[i].name, fields[i].value), 0);
}

static void run_finish(struct run *r, struct span body, bool complete)
{
    assert_int_equal(dkim_check_eoh(r->check), 0);
    dkim_check_body(r->check, body);
    assert_int_equal(dkim_check_finish(r->check, complete, &r->results, &r->count, &r->skipped), 0);
}

static void run_end(struct run *r)
{
    dkim_check_free(&r->check);
    dns_batch_free(&r->dns);
    arena_free(&r->arena);
}

static void publish_at(struct run *r, const char *name, const char *record)
{
    fake_txt(fake_dns_reply(r->dns, name, DNS_TXT), record, strlen(record));
}

/* Publishes a key record in which "$" stands for the signer's key. */
static void publish(struct run *r, const char *record, const struct dkim_signer *signer)
{
    char text[8192 + 2048];
    const char *at = strchr(record, '$');
    if (at)
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - record), record,
                 dkim_signer_public(signer), at + 1);
    publish_at(r, KEY_NAME, at ? text : record);
}

static char *sign(const struct dkim_signer *signer, const char *tags)
{
    const char *body = strstr(tags, "/relaxed") ? RELAXED_BODY : SIMPLE_BODY;
    struct span part = span_of(body);
    const char *length = strstr(tags, "; l=");
    if (length)
        part = span_slice(part, 0, strtoul(length + 4, NULL, 10));
    return dkim_signer_sign(signer, tags,
                            strstr(tags, "c=relaxed") ? RELAXED_FIELDS : SIMPLE_FIELDS, part);
}

enum { RSA, SHORT, ED };

struct kase {
    const char *name;
    const char *tags;
    const char *key; /* NULL: RSA_KEY */
    enum auth_result result;
    const char *reason; /* part of it; NULL: none */
    unsigned flags;
    int signer;
    int64_t now;      /* 0: NOW */
    const char *body; /* NULL: BODY */
};

static const struct kase good[] = {
    {"simple/simple", SIMPLE, NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"relaxed/relaxed", RELAXED, NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"simple/relaxed", HEAD "c=simple/relaxed; " WHO WHAT, NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"relaxed/simple", HEAD "c=relaxed/simple; " WHO WHAT, NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"relaxed alone is relaxed/simple", HEAD "c=relaxed; " WHO WHAT, NULL, AUTH_PASS, NULL, 0, RSA,
     0, NULL},
    {"no c= is simple/simple", HEAD WHO WHAT, NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"ed25519, simple", "v=1; a=ed25519-sha256; " WHO WHAT, ED25519_KEY, AUTH_PASS, NULL, 0, ED, 0,
     NULL},
    {"ed25519, relaxed", "v=1; a=ed25519-sha256; c=relaxed/relaxed; " WHO WHAT, ED25519_KEY,
     AUTH_PASS, NULL, 0, ED, 0, NULL},
    {"i= is d=", SIMPLE "; i=ada@example.com", NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"i= without local-part", SIMPLE "; i=@Example.COM", NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"i= below d=", SIMPLE "; i=@mail.example.com", NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"i= quoted-printable", SIMPLE "; i=a=3Db@example.com", NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"q=dns/txt", SIMPLE "; q=dns/txt", NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"q= with an unknown one", SIMPLE "; q=carrier/pigeon:dns/txt", NULL, AUTH_PASS, NULL, 0, RSA,
     0, NULL},
    {"unknown tags", SIMPLE "; zz=top; r_2=d2", NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"d= in capitals", HEAD "d=EXAMPLE.com; s=S1; " WHAT, NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"h= covers a field that is absent", HEAD WHO WHAT ":Cc:From", NULL, AUTH_PASS, NULL, 0, RSA, 0,
     NULL},
    {"key without v= and k=", SIMPLE, "p=$", AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"key with all tags", SIMPLE,
     "v=DKIM1; h=sha1:sha256; k=rsa; n=for=20people; s=email; t=s; x_y=z; p=$;", AUTH_PASS, NULL, 0,
     RSA, 0, NULL},
    {"key for every service", SIMPLE, "v=DKIM1; s=tlsrpt:*; p=$", AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"key in test mode", SIMPLE, "v=DKIM1; t=y; p=$", AUTH_PASS, NULL, DKIM_FLAG_TEST_MODE, RSA, 0,
     NULL},
    {"key in test mode, strict", SIMPLE "; i=@example.com", "v=DKIM1; t=s:y; p=$", AUTH_PASS, NULL,
     DKIM_FLAG_TEST_MODE, RSA, 0, NULL},
};

static const struct kase times[] = {
    {"t= now", SIMPLE "; t=1700000000", NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"t= within the skew", SIMPLE "; t=1700000300", NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"t= beyond the skew", SIMPLE "; t=1700000301", NULL, AUTH_POLICY, "future", 0, RSA, 0, NULL},
    {"t= infinite", SIMPLE "; t=9999999999999", NULL, AUTH_POLICY, "future", 0, RSA, 0, NULL},
    {"t= no number", SIMPLE "; t=soon", NULL, AUTH_PERMERROR, "t= is not", 0, RSA, 0, NULL},
    {"t= empty", SIMPLE "; t=", NULL, AUTH_PERMERROR, "t= is not", 0, RSA, 0, NULL},
    {"t= negative", SIMPLE "; t=-1", NULL, AUTH_PERMERROR, "t= is not", 0, RSA, 0, NULL},
    {"t= in 1970", SIMPLE "; t=1", NULL, AUTH_POLICY, "before DKIM", 0, RSA, 0, NULL},
    {"x= to come", SIMPLE "; x=1700000001", NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"x= within the skew", SIMPLE "; x=1699999701", NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"x= past", SIMPLE "; x=1699999700", NULL, AUTH_POLICY, "expired", 0, RSA, 0, NULL},
    {"x= infinite", SIMPLE "; t=1699999999; x=999999999999", NULL, AUTH_PASS, NULL, 0, RSA, 0,
     NULL},
    {"x= beyond 64 bits", SIMPLE "; x=99999999999999999999999", NULL, AUTH_PERMERROR, "malformed",
     0, RSA, 0, NULL},
    {"x= before t=", SIMPLE "; t=1700000000; x=1699999999", NULL, AUTH_PERMERROR, "x= is not after",
     0, RSA, 0, NULL},
    /* a message at rest is judged at its own time, whatever the clock says */
    {"expired since, judged in 2006", SIMPLE "; t=1145000000; x=1146000000", NULL, AUTH_PASS, NULL,
     0, RSA, 1145500000, NULL},
    {"expired even in 2006", SIMPLE "; t=1145000000; x=1145100000", NULL, AUTH_POLICY, "expired", 0,
     RSA, 1145500000, NULL},
    {"signed today, judged in 2006", SIMPLE "; t=1700000000", NULL, AUTH_POLICY, "future", 0, RSA,
     1145500000, NULL},
    {"signed in 2040, judged then", SIMPLE "; t=2208988800; x=2209000000", NULL, AUTH_PASS, NULL, 0,
     RSA, 2208990000, NULL},
};

static const struct kase bad_fields[] = {
    {"rsa-sha1", "v=1; a=rsa-sha1; " WHO WHAT, NULL, AUTH_PERMERROR, "rsa-sha1", 0, RSA, 0, NULL},
    {"unknown algorithm", "v=1; a=dsa-sha256; " WHO WHAT, NULL, AUTH_PERMERROR, "a= names", 0, RSA,
     0, NULL},
    {"v=2", "v=2; a=rsa-sha256; " WHO WHAT, NULL, AUTH_PERMERROR, "v= is not", 0, RSA, 0, NULL},
    {"no v=", "a=rsa-sha256; " WHO WHAT, NULL, AUTH_PERMERROR, "v= is missing", 0, RSA, 0, NULL},
    {"no d=", HEAD "s=s1; " WHAT, NULL, AUTH_PERMERROR, "d= is missing", 0, RSA, 0, NULL},
    {"no s=", HEAD "d=example.com; " WHAT, NULL, AUTH_PERMERROR, "s= is missing", 0, RSA, 0, NULL},
    {"no h=", HEAD WHO "z=1", NULL, AUTH_PERMERROR, "h= is missing", 0, RSA, 0, NULL},
    {"empty d=", HEAD "d=; s=s1; " WHAT, NULL, AUTH_PERMERROR, "d= is missing", 0, RSA, 0, NULL},
    {"d= no domain", HEAD "d=exa mple.com; s=s1; " WHAT, NULL, AUTH_PERMERROR, "d= is not", 0, RSA,
     0, NULL},
    {"d= with an empty label", HEAD "d=example..com; s=s1; " WHAT, NULL, AUTH_PERMERROR,
     "d= is not", 0, RSA, 0, NULL},
    {"s= no selector", HEAD "d=example.com; s=s1..a; " WHAT, NULL, AUTH_PERMERROR, "s= is not", 0,
     RSA, 0, NULL},
    {"h= without From", HEAD WHO "h=To:Subject", NULL, AUTH_PERMERROR, "From", 0, RSA, 0, NULL},
    {"c= unknown", HEAD "c=nofws/simple; " WHO WHAT, NULL, AUTH_PERMERROR, "c= names", 0, RSA, 0,
     NULL},
    {"c= of three", HEAD "c=simple/simple/simple; " WHO WHAT, NULL, AUTH_PERMERROR, "c= names", 0,
     RSA, 0, NULL},
    {"q= unknown", SIMPLE "; q=carrier/pigeon", NULL, AUTH_PERMERROR, "q= names", 0, RSA, 0, NULL},
    {"i= elsewhere", SIMPLE "; i=ada@example.net", NULL, AUTH_PERMERROR, "i= is not in", 0, RSA, 0,
     NULL},
    {"i= above d=", SIMPLE "; i=ada@com", NULL, AUTH_PERMERROR, "i= is not in", 0, RSA, 0, NULL},
    {"i= looks below", SIMPLE "; i=ada@notexample.com", NULL, AUTH_PERMERROR, "i= is not in", 0,
     RSA, 0, NULL},
    {"i= without @", SIMPLE "; i=example.com", NULL, AUTH_PERMERROR, "i= is not in", 0, RSA, 0,
     NULL},
    {"i= ends in =", SIMPLE "; i=ada@example.com=", NULL, AUTH_PERMERROR, "i= is malformed", 0, RSA,
     0, NULL},
    {"i= ends in half a byte", SIMPLE "; i=ada@example.com=4", NULL, AUTH_PERMERROR,
     "i= is malformed", 0, RSA, 0, NULL},
    {"d= twice", HEAD "d=example.net; " WHO WHAT, NULL, AUTH_POLICY, "twice",
     DKIM_FLAG_DUPLICATE_TAG, RSA, 0, NULL},
    {"d= twice, in capitals", SIMPLE "; D=example.net", NULL, AUTH_POLICY, "twice",
     DKIM_FLAG_DUPLICATE_TAG, RSA, 0, NULL},
    {"l= no number", SIMPLE "; l=5x", NULL, AUTH_PERMERROR, "l= is not", 0, RSA, 0, NULL},
    {"l= empty", SIMPLE "; l=", NULL, AUTH_PERMERROR, "l= is not", 0, RSA, 0, NULL},
    {"l= with a sign", SIMPLE "; l=+5", NULL, AUTH_PERMERROR, "l= is not", 0, RSA, 0, NULL},
    {"l= of 64 bits", SIMPLE "; l=9223372036854775808", NULL, AUTH_PERMERROR, "larger", 0, RSA, 0,
     NULL},
};

static const struct kase keys[] = {
    {"revoked", SIMPLE, "v=DKIM1; p=", AUTH_PERMERROR, "revoked", 0, RSA, 0, NULL},
    {"revoked in test mode", SIMPLE, "v=DKIM1; t=y; p=", AUTH_PERMERROR, "revoked",
     DKIM_FLAG_TEST_MODE, RSA, 0, NULL},
    {"too short", SIMPLE, RSA_KEY, AUTH_PERMERROR, "too short: 512", 0, SHORT, 0, NULL},
    {"another key", SIMPLE, RSA_KEY, AUTH_FAIL, "signature was changed", 0, -1, 0, NULL},
    {"not base64", SIMPLE, "v=DKIM1; p=#$", AUTH_PERMERROR, "malformed", 0, RSA, 0, NULL},
    {"not a key", SIMPLE, "v=DKIM1; p=QUJD", AUTH_PERMERROR, "decoded", 0, RSA, 0, NULL},
    {"no p=", SIMPLE, "v=DKIM1; k=rsa", AUTH_PERMERROR, "malformed", 0, RSA, 0, NULL},
    {"no tag list", SIMPLE, "v=DKIM1; p", AUTH_PERMERROR, "malformed", 0, RSA, 0, NULL},
    {"p= twice", SIMPLE, "v=DKIM1; p=$; p=", AUTH_PERMERROR, "malformed", 0, RSA, 0, NULL},
    {"v= not first", SIMPLE, "p=$; v=DKIM1", AUTH_PERMERROR, "malformed", 0, RSA, 0, NULL},
    {"another version", SIMPLE, "v=DKIM2; p=$", AUTH_PERMERROR, "no key", 0, RSA, 0, NULL},
    {"another record", SIMPLE, "v=spf1 -all", AUTH_PERMERROR, "no key", 0, RSA, 0, NULL},
    {"empty record", SIMPLE, "", AUTH_PERMERROR, "no key", 0, RSA, 0, NULL},
    {"8-bit", SIMPLE, "v=DKIM1; n=\303\244; p=$", AUTH_PERMERROR, "malformed", 0, RSA, 0, NULL},
    {"another service", SIMPLE, "v=DKIM1; s=tlsrpt; p=$", AUTH_PERMERROR, "not for e-mail", 0, RSA,
     0, NULL},
    {"another hash", SIMPLE, "v=DKIM1; h=sha1; p=$", AUTH_PERMERROR, "not for sha256", 0, RSA, 0,
     NULL},
    {"another type", SIMPLE, "v=DKIM1; k=ed25519; p=$", AUTH_PERMERROR, "another type", 0, RSA, 0,
     NULL},
    {"rsa key for ed25519", "v=1; a=ed25519-sha256; " WHO WHAT, RSA_KEY, AUTH_PERMERROR,
     "another type", 0, ED, 0, NULL},
    {"unknown type", SIMPLE, "v=DKIM1; k=elgamal; p=$", AUTH_PERMERROR, "another type", 0, RSA, 0,
     NULL},
    {"ed25519 key of the wrong size", "v=1; a=ed25519-sha256; " WHO WHAT, "k=ed25519; p=QUJD",
     AUTH_PERMERROR, "decoded", 0, ED, 0, NULL},
    {"strict, i= below", SIMPLE "; i=@mail.example.com", "v=DKIM1; t=s; p=$", AUTH_PERMERROR,
     "no subdomain", 0, RSA, 0, NULL},
};

static const struct kase bodies[] = {
    {"changed", SIMPLE, NULL, AUTH_FAIL, "body", 0, RSA, 0, "Hello  there \r\n"},
    {"empty", RELAXED, NULL, AUTH_FAIL, "body", 0, RSA, 0, ""},
    {"without last line end", SIMPLE, NULL, AUTH_PASS, NULL, 0, RSA, 0,
     "Hello  there \r\n\r\n \t\r\nlast\tline\r\n\r\n "},
    {"ends in CR", SIMPLE, NULL, AUTH_PASS, NULL, 0, RSA, 0,
     "Hello  there \r\n\r\n \t\r\nlast\tline\r\n\r\n \r"},
    {"relaxed without last line end", RELAXED, NULL, AUTH_PASS, NULL, 0, RSA, 0,
     "Hello \t there\r\n\r\n\r\nlast line"},
    {"relaxed ends in white space", RELAXED, NULL, AUTH_PASS, NULL, 0, RSA, 0,
     "Hello \t there\r\n\r\n\r\nlast line \t"},
    {"relaxed, a CR alone is text", RELAXED, NULL, AUTH_FAIL, "body", 0, RSA, 0,
     "Hello \t there\r\n\r\n\r\nlast\r line"},
    {"relaxed, white space in all places", RELAXED, NULL, AUTH_PASS, NULL, 0, RSA, 0,
     "Hello\tthere \t\r\n \r\n\t\t\r\nlast  line \r\n \r\n\r\n\t"},
    {"relaxed, LF alone is text", RELAXED, NULL, AUTH_FAIL, "body", 0, RSA, 0,
     "Hello there\r\n\n\r\n\r\nlast line"},
    {"simple: white space counts", SIMPLE, NULL, AUTH_FAIL, "body", 0, RSA, 0, RELAXED_BODY},
    {"l= all, simple", SIMPLE "; l=37", NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"l= all, relaxed", RELAXED "; l=28", NULL, AUTH_PASS, NULL, 0, RSA, 0, NULL},
    {"l= all, then empty lines", RELAXED "; l=28", NULL, AUTH_PASS, NULL, 0, RSA, 0,
     RELAXED_BODY " \r\n\r\n\t \r\n"},
    {"l= all, no last line end", RELAXED "; l=28", NULL, AUTH_PASS, NULL, 0, RSA, 0,
     "Hello there\r\n\r\n\r\nlast line"},
    {"l= less", RELAXED "; l=11", NULL, AUTH_POLICY, "text follows", DKIM_FLAG_BODY_APPENDED, RSA,
     0, NULL},
    {"l=0", RELAXED "; l=0", NULL, AUTH_POLICY, "text follows", DKIM_FLAG_BODY_APPENDED, RSA, 0,
     NULL},
    {"l=0 of nothing", RELAXED "; l=0", NULL, AUTH_PASS, NULL, 0, RSA, 0, ""},
    {"l= and appended text", SIMPLE "; l=37", NULL, AUTH_POLICY, "text follows",
     DKIM_FLAG_BODY_APPENDED, RSA, 0, SIMPLE_BODY "BUY\r\n"},
    {"l= and one appended byte", RELAXED "; l=28", NULL, AUTH_POLICY, "text follows",
     DKIM_FLAG_BODY_APPENDED, RSA, 0, RELAXED_BODY "!"},
    {"l= and appended in the line", RELAXED "; l=26", NULL, AUTH_POLICY, "text follows",
     DKIM_FLAG_BODY_APPENDED, RSA, 0, "Hello there\r\n\r\n\r\nlast line!"},
    {"l= appended, and a changed body", RELAXED "; l=28", NULL, AUTH_FAIL, "body",
     DKIM_FLAG_BODY_APPENDED, RSA, 0, "Hallo there\r\n\r\n\r\nlast line\r\nBUY\r\n"},
    {"l= more than there is", RELAXED "; l=28", NULL, AUTH_PERMERROR, "larger", 0, RSA, 0,
     "Hello there\r\n"},
};

static void check(const struct kase *k, const struct dkim_result *r)
{
    if (r->result != k->result || r->flags != k->flags || !r->reason != !k->reason ||
        (k->reason && !strstr(r->reason, k->reason)))
        fail_msg("%s: result %d flags %u reason \"%s\"", k->name, r->result, r->flags,
                 r->reason ? r->reason : "");
}

static void run_kase(const struct kase *k)
{
    struct dkim_signer *const signers[] = {rsa, short_rsa, ed25519};
    const struct dkim_signer *signer = signers[k->signer < 0 ? RSA : k->signer];
    struct dkim_signer *other = k->signer < 0 ? dkim_signer_new(SIGNER_RSA, 1024) : NULL;
    char *value = sign(signer, k->tags);
    struct run r;
    run_begin(&r, 5, k->now ? k->now : NOW);
    publish(&r, k->key ? k->key : RSA_KEY, other ? other : signer);
    run_field(&r, "DKIM-Signature", value);
    run_fields(&r);
    run_finish(&r, span_of(k->body ? k->body : BODY), true);
    assert_int_equal(r.count, 1);
    check(k, r.results);
    run_end(&r);
    free(value);
    dkim_signer_free(&other);
}

#define TABLE_TEST(table)                                                                          \
    static void table##_table(void **state)                                                        \
    {                                                                                              \
        (void)state;                                                                               \
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)                                \
            run_kase(&table[i]);                                                                   \
    }
TABLE_TEST(good)
TABLE_TEST(times)
TABLE_TEST(bad_fields)
TABLE_TEST(keys)
TABLE_TEST(bodies)

/* What Authentication-Results needs (RFC 8601 s2.7.1, RFC 6008). */
static void describes_the_signature(void **state)
{
    (void)state;
    char *value = sign(rsa, HEAD "d=EXAMPLE.com; s=S1; i=Ada@Example.com; " WHAT);
    struct run r;
    size_t count;
    run_begin(&r, 5, NOW);
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", value);
    assert_int_equal(fake_dns_asked(r.dns), 1); /* the key is asked for while the header comes in */
    assert_string_equal(fake_dns_name(r.dns), "s1._domainkey.example.com");
    run_fields(&r);
    run_finish(&r, SPAN_LIT(BODY), true);
    assert_int_equal(r.results->result, AUTH_PASS);
    assert_string_equal(r.results->domain, "example.com");
    assert_string_equal(r.results->selector, "S1");
    assert_string_equal(r.results->identity, "Ada@Example.com");
    assert_string_equal(r.results->algorithm, "rsa-sha256");
    assert_int_equal(r.results->key_bits, 2048);
    assert_int_equal(strlen(r.results->b_prefix), 8);
    assert_int_equal(strncmp(r.results->b_prefix, strstr(value, "; b=") + 4, 8), 0);
    assert_string_equal(dkim_check_domains(r.check, &count)[0], "example.com");
    assert_int_equal(count, 1);
    run_end(&r);
    free(value);
}

/* Forms in which one and the same message reaches us. */
static void fields_in_every_form(void **state)
{
    (void)state;
    static const struct {
        const char *tags, *name, *value;
        enum auth_result result;
    } cases[] = {
        {SIMPLE, "Subject", " hello\n\tfolded  text ", AUTH_PASS},       /* as libmilter gives it */
        {SIMPLE, "Subject", " hello\r\n\tfolded  text ", AUTH_PASS},     /* as on the wire */
        {SIMPLE, "Subject", " hello\r\n\tfolded  text \r\n", AUTH_PASS}, /* with its line end */
        {SIMPLE, "Subject", " hello\n\tfolded  text \n", AUTH_PASS},     /* likewise */
        {SIMPLE, "Subject", "hello\n\tfolded  text ", AUTH_FAIL},        /* the space is signed */
        {SIMPLE, "subject", " hello\n\tfolded  text ", AUTH_FAIL},       /* so is the name */
        {SIMPLE, "Subject", " hello\n\tfolded  text \001", AUTH_FAIL},   /* a changed value */
        {RELAXED, "SUBJECT", "hello\n \n\tfolded text", AUTH_PASS},      /* none of it is */
        {RELAXED, "Subject ", " hello\r\n\tfolded\ttext\t", AUTH_PASS},  /* obsolete "Subject :" */
        {RELAXED, "Subject", " hello\n\tfoldedtext", AUTH_FAIL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *value = sign(rsa, cases[i].tags);
        struct run r;
        run_begin(&r, 5, NOW);
        publish(&r, RSA_KEY, rsa);
        run_field(&r, "From", " Ada <ada@example.com>");
        run_field(&r, "To", " bob@example.net");
        run_field(&r, cases[i].name, cases[i].value);
        run_field(&r, "X-Empty", "");
        run_field(&r, "DKIM-Signature", value); /* its place does not matter */
        run_finish(&r, SPAN_LIT(BODY), true);
        if (r.results->result != cases[i].result)
            fail_msg("case %zu: %d %s", i, r.results->result, r.results->reason);
        run_end(&r);
        free(value);
    }
}

/* A NUL ends the field for libopendkim; what stood after it would not be covered. */
static void nul_in_a_field(void **state)
{
    (void)state;
    char *value = sign(rsa, RELAXED);
    struct run r;
    run_begin(&r, 5, NOW);
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", value);
    run_field(&r, "From", " Ada <ada@example.com>");
    run_field(&r, "To", " bob@example.net");
    assert_int_equal(
        dkim_check_field(r.check, SPAN_LIT("Subject"), SPAN_LIT(" hello folded text\0 and more")),
        0);
    run_field(&r, "X-Empty", "");
    run_finish(&r, SPAN_LIT(BODY), true);
    assert_int_equal(r.results->result, AUTH_FAIL);
    run_end(&r);
    free(value);
}

/* Fields that no h= can name are nothing to DKIM, and hurt nothing. */
static void odd_field_names(void **state)
{
    (void)state;
    char *value = sign(rsa, SIMPLE);
    struct run r;
    run_begin(&r, 5, NOW);
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", value);
    run_field(&r, "", " x");
    run_field(&r, "X\303\244", " x");
    run_field(&r, "X Y", " x");
    run_field(&r, "X;Y", " x");
    run_field(&r, "From\t", " eve@example.org");
    run_field(&r, "DKIM-Signature\n", " v=1");
    run_field(&r, "X\177", " x");
    assert_int_equal(dkim_check_field(r.check, SPAN_LIT("X\0Y"), SPAN_LIT(" x")), 0);
    run_fields(&r);
    run_finish(&r, SPAN_LIT(BODY), true);
    assert_int_equal(r.results->result, AUTH_PASS);
    run_end(&r);
    free(value);
}

/* The body may be cut anywhere: between CR and LF too. */
static void body_in_chunks(void **state)
{
    (void)state;
    static const char *const tags[] = {SIMPLE, RELAXED};
    const struct span body = SPAN_LIT(BODY);
    for (size_t t = 0; t < 2; t++) {
        char *value = sign(rsa, tags[t]);
        for (size_t cut = 0; cut <= body.len; cut++) {
            struct run r;
            run_begin(&r, 5, NOW);
            publish(&r, RSA_KEY, rsa);
            run_field(&r, "DKIM-Signature", value);
            run_fields(&r);
            assert_int_equal(dkim_check_eoh(r.check), 0);
            for (size_t i = 0; cut == 0 && i < body.len; i++)
                assert_false(dkim_check_body(r.check, span_slice(body, i, i + 1)));
            if (cut) {
                assert_false(dkim_check_body(r.check, span_slice(body, 0, cut)));
                assert_false(dkim_check_body(r.check, span_slice(body, cut, body.len)));
            }
            assert_int_equal(dkim_check_finish(r.check, true, &r.results, &r.count, &r.skipped), 0);
            if (r.results->result != AUTH_PASS)
                fail_msg("cut at %zu: %s", cut, r.results->reason);
            run_end(&r);
        }
        free(value);
    }
}

static void says_when_the_body_is_enough(void **state)
{
    (void)state;
    char *partly = sign(rsa, RELAXED "; l=11"), *whole = sign(rsa, RELAXED);
    char *expired = sign(rsa, RELAXED "; x=1600000000");
    struct run r;

    run_begin(&r, 5, NOW); /* no signature */
    run_fields(&r);
    assert_int_equal(dkim_check_eoh(r.check), 0);
    assert_true(dkim_check_body(r.check, SPAN_LIT("a")));
    assert_int_equal(dkim_check_finish(r.check, true, &r.results, &r.count, &r.skipped), 0);
    assert_int_equal(r.count, 0);
    run_end(&r);

    run_begin(&r, 5, NOW); /* none that can pass: no key is asked for either */
    run_field(&r, "DKIM-Signature", expired);
    run_fields(&r);
    assert_int_equal(fake_dns_asked(r.dns), 0);
    assert_int_equal(dkim_check_eoh(r.check), 0);
    assert_true(dkim_check_body(r.check, SPAN_LIT("a")));
    run_end(&r);

    run_begin(&r, 5, NOW); /* l= is reached, and something follows */
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", partly);
    run_fields(&r);
    assert_int_equal(dkim_check_eoh(r.check), 0);
    assert_false(dkim_check_body(r.check, SPAN_LIT("Hello there")));
    assert_true(dkim_check_body(r.check, SPAN_LIT(", you")));
    assert_true(dkim_check_body(r.check, SPAN_LIT("no more is looked at")));
    assert_int_equal(dkim_check_finish(r.check, true, &r.results, &r.count, &r.skipped), 0);
    assert_int_equal(r.results->result, AUTH_POLICY);
    assert_int_equal(r.results->flags, DKIM_FLAG_BODY_APPENDED);
    run_end(&r);

    run_begin(&r, 5, NOW); /* another one needs it all */
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", partly);
    run_field(&r, "DKIM-Signature", whole);
    run_fields(&r);
    assert_int_equal(dkim_check_eoh(r.check), 0);
    assert_false(dkim_check_body(r.check, SPAN_LIT(BODY)));
    assert_int_equal(dkim_check_finish(r.check, true, &r.results, &r.count, &r.skipped), 0);
    assert_int_equal(r.results[0].result, AUTH_POLICY);
    assert_int_equal(r.results[1].result, AUTH_PASS);
    run_end(&r);
    free(partly);
    free(whole);
    free(expired);
}

/* What was not seen is not judged. */
static void message_over_a_limit(void **state)
{
    (void)state;
    char *partly = sign(rsa, RELAXED "; l=11"), *whole = sign(rsa, RELAXED);
    char *word = malloc(DKIM_MAX_WORD);
    struct run r;

    run_begin(&r, 5, NOW); /* body cut: only l= that was passed can be judged */
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", partly);
    run_field(&r, "DKIM-Signature", whole);
    run_fields(&r);
    run_finish(&r, SPAN_LIT("Hello there, you"), false);
    assert_string_equal(r.results[0].reason, "text follows what l= covers");
    assert_int_equal(r.results[1].result, AUTH_POLICY);
    assert_string_equal(r.results[1].reason, "the body is over a limit");
    run_end(&r);

    run_begin(&r, 5, NOW); /* cut where l= ends: nobody knows what follows */
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", partly);
    run_fields(&r);
    run_finish(&r, SPAN_LIT("Hello there"), false);
    assert_string_equal(r.results[0].reason, "the body is over a limit");
    run_end(&r);

    run_begin(&r, 5, NOW); /* fields left out */
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", whole);
    run_fields(&r);
    dkim_check_header_cut(r.check);
    run_finish(&r, SPAN_LIT(BODY), true);
    assert_int_equal(r.results[0].result, AUTH_POLICY);
    assert_string_equal(r.results[0].reason, "the header is over a limit");
    run_end(&r);

    assert_non_null(word); /* a line without end */
    memset(word, 'x', DKIM_MAX_WORD);
    run_begin(&r, 5, NOW);
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", whole);
    run_fields(&r);
    assert_int_equal(dkim_check_eoh(r.check), 0);
    assert_false(dkim_check_body(r.check, SPAN_LIT("a\r\nb")));
    assert_false(dkim_check_body(r.check, span_make(word, DKIM_MAX_WORD - 1)));
    assert_true(dkim_check_body(r.check, SPAN_LIT("x")));
    assert_int_equal(dkim_check_finish(r.check, true, &r.results, &r.count, &r.skipped), 0);
    assert_string_equal(r.results[0].reason, "the body is over a limit");
    run_end(&r);

    run_begin(&r, 5, NOW); /* LF alone ends no line; CRLF does, over chunks too */
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", whole);
    run_fields(&r);
    assert_int_equal(dkim_check_eoh(r.check), 0);
    for (size_t i = 0; i + 1 < DKIM_MAX_WORD; i += 2)
        word[i] = '\n';
    word[DKIM_MAX_WORD - 1] = '\r';
    assert_false(dkim_check_body(r.check, span_make(word, DKIM_MAX_WORD)));
    assert_false(dkim_check_body(r.check, SPAN_LIT("\n")));
    assert_false(dkim_check_body(r.check, span_make(word, DKIM_MAX_WORD)));
    assert_true(dkim_check_body(r.check, SPAN_LIT("x")));
    run_end(&r);
    free(word);
    free(partly);
    free(whole);
}

/* A transaction may be given up anywhere; whoever asks all the same gets no judgement. */
static void header_without_end(void **state)
{
    (void)state;
    char *value = sign(rsa, SIMPLE);
    struct run r;
    run_begin(&r, 5, NOW);
    run_field(&r, "DKIM-Signature", value);
    run_end(&r);
    run_begin(&r, 5, NOW);
    run_field(&r, "DKIM-Signature", value);
    assert_int_equal(dkim_check_finish(r.check, true, &r.results, &r.count, &r.skipped), 0);
    assert_int_equal(r.results->result, AUTH_PERMERROR);
    run_end(&r);
    free(value);
}

static void several_signatures(void **state)
{
    (void)state;
    char *simple = sign(rsa, SIMPLE), *relaxed = sign(rsa, RELAXED),
         *wrong = sign(short_rsa, RELAXED);
    char *sha1 = sign(rsa, "v=1; a=rsa-sha1; " WHO WHAT);
    char *lost = sign(rsa, HEAD "d=example.net; s=s1; " WHAT);
    struct run r;
    size_t count;
    run_begin(&r, 6, NOW);
    publish(&r, RSA_KEY, rsa);
    fake_status(fake_dns_reply(r.dns, "s1._domainkey.example.net", DNS_TXT), DNS_FAILED);
    run_field(&r, "DKIM-Signature", " v=1; this is none");
    run_field(&r, "DKIM-Signature", sha1);
    run_field(&r, "DKIM-Signature", simple);
    run_field(&r, "DKIM-Signature", lost);
    run_field(&r, "DKIM-Signature", wrong);
    run_field(&r, "DKIM-Signature", relaxed);
    run_field(&r, "DKIM-Signature", simple);
    run_field(&r, "DKIM-Signature", "");
    run_fields(&r);
    run_finish(&r, SPAN_LIT(BODY), true);
    assert_int_equal(r.count, 6);
    assert_int_equal(r.skipped, 2);
    assert_int_equal(r.results[0].result, AUTH_PERMERROR);
    assert_int_equal(r.results[1].result, AUTH_PERMERROR);
    assert_int_equal(r.results[2].result, AUTH_PASS);
    assert_int_equal(r.results[3].result, AUTH_TEMPERROR);
    assert_string_equal(r.results[3].reason, "the key could not be looked up: SERVFAIL");
    assert_int_equal(r.results[4].result, AUTH_FAIL);
    assert_int_equal(r.results[5].result, AUTH_PASS);
    const char *const *domains = dkim_check_domains(r.check, &count);
    assert_int_equal(count, 6);
    assert_null(domains[0]);
    assert_string_equal(domains[3], "example.net");
    assert_int_equal(fake_dns_asked(r.dns), 2);
    run_end(&r);

    run_begin(&r, 0, NOW); /* none at all are wanted */
    run_field(&r, "DKIM-Signature", simple);
    run_fields(&r);
    run_finish(&r, SPAN_LIT(BODY), true);
    assert_int_equal(r.count, 0);
    assert_int_equal(r.skipped, 1);
    run_end(&r);
    free(simple);
    free(relaxed);
    free(wrong);
    free(sha1);
    free(lost);
}

static void several_records(void **state)
{
    (void)state;
    static const struct {
        const char *records[3];
        enum auth_result result;
        const char *reason;
    } cases[] = {
        {{"v=spf1 -all", "some text", RSA_KEY}, AUTH_PASS, NULL},
        {{RSA_KEY, "v=DKIM1; broken", "v=spf1 -all"}, AUTH_PASS, NULL},
        {{RSA_KEY, RSA_KEY, NULL}, AUTH_PASS, NULL},
        {{RSA_KEY, "v=DKIM1; p=QUJD", NULL}, AUTH_PERMERROR, "two different keys are published"},
        {{"v=DKIM1; p=QUJD", RSA_KEY, NULL}, AUTH_PERMERROR, "two different keys are published"},
        {{"v=spf1 -all", "v=DKIM1; broken", NULL}, AUTH_PERMERROR, "the key record is malformed"},
        {{NULL}, AUTH_PERMERROR, "no key is published"},
    };
    char *value = sign(rsa, SIMPLE);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct run r;
        run_begin(&r, 5, NOW);
        for (size_t k = 0; k < 3 && cases[i].records[k]; k++)
            publish(&r, cases[i].records[k], rsa);
        run_field(&r, "DKIM-Signature", value);
        run_fields(&r);
        run_finish(&r, SPAN_LIT(BODY), true);
        if (r.results->result != cases[i].result)
            fail_msg("case %zu: %d %s", i, r.results->result, r.results->reason);
        if (cases[i].reason)
            assert_string_equal(r.results->reason, cases[i].reason);
        run_end(&r);
    }
    free(value);
}

/* A key's parsed form is kept; what is published now counts all the same. */
static void key_replaced(void **state)
{
    (void)state;
    struct dkim_signer *other = dkim_signer_new(SIGNER_RSA, 2048);
    const struct {
        const struct dkim_signer *published;
        enum auth_result result;
    } turns[] = {{rsa, AUTH_PASS}, {other, AUTH_FAIL}, {rsa, AUTH_PASS}, {other, AUTH_FAIL}};
    char *value = sign(rsa, SIMPLE);
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        struct run r;
        run_begin(&r, 1, NOW);
        publish(&r, RSA_KEY, turns[i].published);
        run_field(&r, "DKIM-Signature", value);
        run_fields(&r);
        run_finish(&r, SPAN_LIT(BODY), true);
        assert_int_equal(r.results->result, turns[i].result);
        assert_int_equal(r.results->key_bits, 2048);
        run_end(&r);
    }
    free(value);
    dkim_signer_free(&other);
}

/* Two From fields: only the last is covered. Said elsewhere (message.from_count); here it
 * passes. */
static void from_fields(void **state)
{
    (void)state;
    char *value = sign(rsa, SIMPLE);
    struct run r;
    run_begin(&r, 5, NOW);
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "From", " eve@example.org");
    run_field(&r, "DKIM-Signature", value);
    run_fields(&r);
    run_finish(&r, SPAN_LIT(BODY), true);
    assert_int_equal(r.results->result, AUTH_PASS);
    run_end(&r);

    run_begin(&r, 5, NOW);
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", value);
    run_field(&r, "To", " bob@example.net");
    run_finish(&r, SPAN_LIT(BODY), true);
    assert_int_equal(r.results->result, AUTH_PERMERROR);
    assert_string_equal(r.results->reason, "the message has no From");
    run_end(&r);
    free(value);

    /* one that libopendkim cannot parse is as good as any other */
    value = dkim_signer_sign(rsa, HEAD WHO "h=From", "From: not an address\r\n", SPAN_LIT("\r\n"));
    run_begin(&r, 5, NOW);
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", value);
    run_field(&r, "From", " not an address");
    run_finish(&r, SPAN_LIT(""), true);
    assert_int_equal(r.results->result, AUTH_PASS);
    run_end(&r);
    free(value);
}

/* Signatures that cover other signatures: those refused are shown to libopendkim, those withheld
 * are not, and then no difference is held against the signer. */
static void covers_other_signatures(void **state)
{
    (void)state;
    char *value = dkim_signer_sign(rsa, HEAD WHO "h=From:DKIM-Signature",
                                   "From: ada@example.com\r\nDKIM-Signature: v=1; a=rsa-sha1\r\n",
                                   SPAN_LIT("\r\n"));
    struct run r;
    run_begin(&r, 5, NOW);
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", value);
    run_field(&r, "DKIM-Signature", " v=1; a=rsa-sha1");
    run_field(&r, "From", " ada@example.com");
    run_finish(&r, SPAN_LIT(""), true);
    assert_int_equal(r.results[0].result, AUTH_PASS);
    run_end(&r);

    run_begin(&r, 1, NOW);
    publish(&r, RSA_KEY, rsa);
    run_field(&r, "DKIM-Signature", value);
    run_field(&r, "DKIM-Signature", " v=1; a=rsa-sha1");
    run_field(&r, "From", " ada@example.com");
    run_finish(&r, SPAN_LIT(""), true);
    assert_int_equal(r.results[0].result, AUTH_POLICY);
    run_end(&r);
    free(value);
}

/* Every limit is met by a value just within it and one just over. */
static void limits_of_a_field(void **state)
{
    (void)state;
    static const struct {
        const char *name, *before, *unit;
        size_t within; /* bytes or units */
        const char *reason;
    } cases[] = {
        {"names of h=", HEAD WHO WHAT, ":X", DKIM_MAX_H_NAMES - 4, "h= is longer"},
        {"length of h=", HEAD WHO WHAT ":", "x", DKIM_MAX_H_TAG - 1 - 24, "h= is longer"},
        {"length of i=", SIMPLE "; i=@", "x.", (DKIM_MAX_I_TAG - 12) / 2, "i= is longer"},
        {"length of the field", SIMPLE "; zz=", "x", DKIM_MAX_FIELD - sizeof SIMPLE - 80,
         "the field is longer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t over = 0; over < 2; over++) {
            char text[DKIM_MAX_FIELD * 2];
            size_t n = (size_t)snprintf(text, sizeof text, " %s", cases[i].before);
            for (size_t k = 0; k < cases[i].within + over * 80; k++)
                n += (size_t)snprintf(text + n, sizeof text - n, "%s", cases[i].unit);
            if (strstr(cases[i].before, "i="))
                n += (size_t)snprintf(text + n, sizeof text - n, "example.com");
            snprintf(text + n, sizeof text - n, "; bh=AAAA; b=BBBB");
            struct dkim_signature sig;
            struct arena *arena = arena_new(1 << 20);
            assert_int_equal(dkim_signature_parse(arena, span_of(text), NOW, &sig), 0);
            if (over) {
                assert_int_equal(sig.result.result, AUTH_POLICY);
                assert_true(sig.withheld);
                assert_non_null(strstr(sig.result.reason, cases[i].reason));
            } else if (sig.result.result != AUTH_UNKNOWN || sig.withheld) {
                fail_msg("%s: %s", cases[i].name, sig.result.reason);
            }
            arena_free(&arena);
        }
    }
}

/* 20 signatures, each with 4000 names in h=, over 1000 fields: none reaches libopendkim, no key is
 * asked for, and the true one beside them is judged. */
static void many_names_in_many_signatures(void **state)
{
    (void)state;
    char text[16000];
    char *value = sign(rsa, SIMPLE);
    struct run r;
    size_t n = (size_t)snprintf(text, sizeof text, " " HEAD WHO "bh=AAAA; b=BBBB; h=from");
    for (int i = 0; i < 4000; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, ":X");
    run_begin(&r, 10, NOW);
    publish(&r, RSA_KEY, rsa);
    for (int i = 0; i < 9; i++)
        run_field(&r, "DKIM-Signature", text);
    assert_int_equal(fake_dns_asked(r.dns), 0);
    run_field(&r, "DKIM-Signature", value);
    for (int i = 0; i < 10; i++)
        run_field(&r, "DKIM-Signature", text);
    for (int i = 0; i < 1000; i++)
        run_field(&r, "X", " x");
    run_fields(&r);
    run_finish(&r, SPAN_LIT(BODY), true);
    assert_int_equal(r.count, 10);
    assert_int_equal(r.skipped, 10);
    for (int i = 0; i < 9; i++)
        assert_int_equal(r.results[i].result, AUTH_POLICY);
    assert_int_equal(r.results[9].result, AUTH_PASS);
    assert_int_equal(fake_dns_asked(r.dns), 1);
    run_end(&r);
    free(value);
}

/* h= that names every field there is, and more: libopendkim writes past its array without our guard
 * (seen with valgrind). */
static void h_uses_up_every_field(void **state)
{
    (void)state;
    for (size_t fill = 1; fill < 40; fill++) {
        char text[1024];
        size_t n = (size_t)snprintf(text, sizeof text,
                                    " " HEAD WHO "bh=AAAA; b=BBBB; h=from:dkim-signature");
        for (size_t i = 0; i < fill + 20; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, ":X");
        struct run r;
        run_begin(&r, 5, NOW);
        publish(&r, RSA_KEY, rsa);
        run_field(&r, "From", " ada@example.com");
        for (size_t i = 0; i < fill; i++)
            run_field(&r, "X", " x");
        run_field(&r, "DKIM-Signature", text);
        run_finish(&r, SPAN_LIT("x\r\n"), true);
        assert_int_equal(r.results->result, AUTH_FAIL);
        run_end(&r);
    }
}

/* RFC 8463 appendix A: one message, two signatures, keys of the RFC. */
static void rfc8463_example(void **state)
{
    (void)state;
    struct run r;
    run_begin(&r, 5, 1528637909);
    publish_at(&r, "brisbane._domainkey.football.example.com",
               "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    publish_at(&r, "test._domainkey.football.example.com",
               "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6N"
               "pP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8"
               "uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/"
               "K4w3QIDAQAB");
    run_field(&r, "DKIM-Signature",
              " v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
              " d=football.example.com; i=@football.example.com;\r\n"
              " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
              " subject : date : message-id : from : subject : date;\r\n"
              " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
              " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
              " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==");
    run_field(&r, "DKIM-Signature",
              " v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
              " d=football.example.com; i=@football.example.com;\r\n"
              " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
              " date : message-id : from : subject : date;\r\n"
              " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
              " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
              " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
              " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=");
    run_field(&r, "From", " Joe SixPack <joe@football.example.com>");
    run_field(&r, "To", " Suzie Q <suzie@shopping.example.net>");
    run_field(&r, "Subject", " Is dinner ready?");
    run_field(&r, "Date", " Fri, 11 Jul 2003 21:00:37 -0700 (PDT)");
    run_field(&r, "Message-ID", " <20030712040037.46341.5F8J@football.example.com>");
    run_finish(&r, SPAN_LIT("Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"),
               true);
    assert_int_equal(r.count, 2);
    assert_int_equal(r.results[0].result, AUTH_PASS);
    assert_string_equal(r.results[0].algorithm, "ed25519-sha256");
    assert_int_equal(r.results[0].key_bits, 0);
    assert_int_equal(r.results[1].result, AUTH_PASS);
    assert_int_equal(r.results[1].key_bits, 1024);
    run_end(&r);
}

/* Every arena that is too small ends in VOUCH_E_NOMEM, never in a result. */
static void out_of_memory(void **state)
{
    (void)state;
    char *value = sign(rsa, SIMPLE "; i=@example.com");
    int done = 0;
    for (size_t max = 0; !done && max < 100000; max += 16) {
        struct run r;
        run_begin(&r, 2, NOW);
        dkim_check_free(&r.check);
        arena_free(&r.arena);
        r.arena = arena_new(max);
        r.check = dkim_check_new(lib, r.arena, r.dns, 2, NOW);
        publish(&r, RSA_KEY, rsa);
        int rc = dkim_check_field(r.check, SPAN_LIT("DKIM-Signature"), span_of(value));
        if (rc == 0) {
            run_fields(&r);
            assert_int_equal(dkim_check_eoh(r.check), 0);
            dkim_check_body(r.check, SPAN_LIT(BODY));
            rc = dkim_check_finish(r.check, true, &r.results, &r.count, &r.skipped);
        }
        assert_true(rc == 0 || rc == VOUCH_E_NOMEM);
        if (rc == 0)
            assert_int_equal(r.results->result, AUTH_PASS);
        done = rc == 0;
        run_end(&r);
    }
    assert_true(done);
    free(value);
}

static int set_up(void **state)
{
    (void)state;
    char error[200];
    lib = dkim_verifier_new(error, sizeof error);
    rsa = dkim_signer_new(SIGNER_RSA, 2048);
    short_rsa = dkim_signer_new(SIGNER_RSA, 512);
    ed25519 = dkim_signer_new(SIGNER_ED25519, 0);
    return lib ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    dkim_signer_free(&rsa);
    dkim_signer_free(&short_rsa);
    dkim_signer_free(&ed25519);
    dkim_verifier_free(&lib);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_table),
        cmocka_unit_test(times_table),
        cmocka_unit_test(bad_fields_table),
        cmocka_unit_test(keys_table),
        cmocka_unit_test(bodies_table),
        cmocka_unit_test(describes_the_signature),
        cmocka_unit_test(fields_in_every_form),
        cmocka_unit_test(nul_in_a_field),
        cmocka_unit_test(odd_field_names),
        cmocka_unit_test(body_in_chunks),
        cmocka_unit_test(says_when_the_body_is_enough),
        cmocka_unit_test(message_over_a_limit),
        cmocka_unit_test(header_without_end),
        cmocka_unit_test(several_signatures),
        cmocka_unit_test(several_records),
        cmocka_unit_test(key_replaced),
        cmocka_unit_test(from_fields),
        cmocka_unit_test(covers_other_signatures),
        cmocka_unit_test(limits_of_a_field),
        cmocka_unit_test(many_names_in_many_signatures),
        cmocka_unit_test(h_uses_up_every_field),
        cmocka_unit_test(rfc8463_example),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
