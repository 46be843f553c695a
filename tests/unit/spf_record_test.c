/* SPDX-License-Identifier: BSD-2-Clause */
/* SPF records: the grammar of RFC 7208 s12, and what libspf2 is shown in a record's place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "sbuf.h"
#include "spf_record.h"

/* The rewritten record, or NULL and what is wrong with it. */
static const char *rewritten(const char *text, size_t len, const char *client, struct sbuf *out,
                             const char **what_r)
{
    struct ipaddr ip;
    struct spf_record record;
    struct span near;
    assert_int_equal(ipaddr_parse(span_of(client), &ip), 0);
    char *exact = malloc(len); /* so that a sanitizer sees a read past the end */
    assert_non_null(exact);
    memcpy(exact, text, len);
    int rc = spf_record_parse(span_make(exact, len), &ip, &record, what_r, &near);
    sbuf_reset(out);
    if (rc == 0) {
        spf_record_rewrite(&record, 7, &ip, out);
        assert_false(out->failed);
    } else {
        assert_int_equal(rc, VOUCH_E_SYNTAX);
        assert_true(near.p >= exact && near.p + near.len <= exact + len);
    }
    free(exact);
    return rc == 0 ? sbuf_str(out) : NULL;
}

static void selection(void **state)
{
    static const struct {
        const char *text;
        bool selected;
    } cases[] = {
        {"v=spf1", true},        {"v=spf1 ", true},  {"V=SPF1 -all", true},
        {"v=spf1  -all", true},  {"v=spf10", false}, {"v=spf1-all", false},
        {"v=spf1\t-all", false}, {" v=spf1", false}, {"v=spf2.0/mfrom", false},
        {"v=spf", false},        {"", false},        {"spf2.0/pra", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("# \"%s\"\n", cases[i].text);
        assert_int_equal(spf_record_selected(span_of(cases[i].text)), cases[i].selected);
    }
    assert_false(spf_record_selected(SPAN_LIT("v=spf1\0 -all")));
}

static void good_records(void **state)
{
    static const struct {
        const char *text, *v4, *v6; /* for 192.0.2.1 and 2001:db8::1 */
    } cases[] = {
        {"v=spf1", "v=spf1", "v=spf1"},
        {"v=spf1   ", "v=spf1", "v=spf1"},
        {"V=SpF1 -ALL", "v=spf1 -all", "v=spf1 -all"},
        {"v=spf1 all", "v=spf1 +all", "v=spf1 +all"},
        {"v=spf1 ~all ?all", "v=spf1 ~all", "v=spf1 ~all"},
        /* ip4 and ip6 are decided */
        {"v=spf1 ip4:192.0.2.1 -all", "v=spf1 +all", "v=spf1 -all"},
        {"v=spf1 ip4:192.0.2.2 -all", "v=spf1 -all", "v=spf1 -all"},
        {"v=spf1 ip4:192.0.2.99/24 -all", "v=spf1 +all", "v=spf1 -all"},
        {"v=spf1 ?ip4:192.0.2.0/31 -all", "v=spf1 ?all", "v=spf1 -all"},
        {"v=spf1 ip4:0.0.0.0/0 -all", "v=spf1 +all", "v=spf1 -all"},
        {"v=spf1 ip6:::/0 -all", "v=spf1 -all", "v=spf1 +all"},
        {"v=spf1 ip6:2001:DB8::/32 -all", "v=spf1 -all", "v=spf1 +all"},
        {"v=spf1 ip6:2001:db8::2/127 -all", "v=spf1 -all", "v=spf1 -all"},
        {"v=spf1 ip6:2001:db8::2/126 -all", "v=spf1 -all", "v=spf1 +all"},
        {"v=spf1 ip6:::ffff:192.0.2.1 -all", "v=spf1 -all", "v=spf1 -all"},
        {"v=spf1 a ip4:192.0.2.1 mx ~all", "v=spf1 +a:7.0.t +all",
         "v=spf1 +a:7.0.t +mx:7.1.t ~all"},
        /* names become numbers */
        {"v=spf1 a mx ptr exists:%{i}.example.com include:example.net",
         "v=spf1 +a:7.0.t +mx:7.1.t +exists:7.2.t +exists:7.3.t +include:7.4.t",
         "v=spf1 +a:7.0.t +mx:7.1.t +exists:7.2.t +exists:7.3.t +include:7.4.t"},
        {"v=spf1 -A:example.com ~Mx:example.com ?PTR:example.com +Include:example.net",
         "v=spf1 -a:7.0.t ~mx:7.1.t ?exists:7.2.t +include:7.3.t",
         "v=spf1 -a:7.0.t ~mx:7.1.t ?exists:7.2.t +include:7.3.t"},
        /* prefix lengths of the client's family */
        {"v=spf1 a/24//64 mx/24 a//64", "v=spf1 +a:7.0.t/24 +mx:7.1.t/24 +a:7.2.t",
         "v=spf1 +a:7.0.t//64 +mx:7.1.t +a:7.2.t//64"},
        {"v=spf1 a:example.com/0 mx:example.com//0", "v=spf1 +a:7.0.t +mx:7.1.t",
         "v=spf1 +a:7.0.t +mx:7.1.t"},
        {"v=spf1 a/32//128", "v=spf1 +a:7.0.t", "v=spf1 +a:7.0.t"},
        {"v=spf1 a:%{d}/24", "v=spf1 +a:7.0.t/24", "v=spf1 +a:7.0.t"},
        {"v=spf1 a:foo/8.example.com/24", "v=spf1 +a:7.0.t/24", "v=spf1 +a:7.0.t"},
        /* redirect= comes last, or not at all (s6.1) */
        {"v=spf1 redirect=example.net a", "v=spf1 +a:7.0.t redirect=7.1.t",
         "v=spf1 +a:7.0.t redirect=7.1.t"},
        {"v=spf1 redirect=example.net -all", "v=spf1 -all", "v=spf1 -all"},
        {"v=spf1 ip4:192.0.2.1 redirect=example.net", "v=spf1 +all", "v=spf1 redirect=7.0.t"},
        /* modifiers that nobody knows go, and exp= */
        {"v=spf1 foo=bar moo.x-y_z=%{d} x= exp=why.example.com -all", "v=spf1 -all", "v=spf1 -all"},
        {"v=spf1 default=deny ra=1 rp=100 rr=all", "v=spf1", "v=spf1"},
        /* what follows the eleventh look-up is out of reach; its grammar counts all the same */
        {"v=spf1 a a a a a a a a a a a mx -all redirect=example.net",
         "v=spf1 +a:7.0.t +a:7.1.t +a:7.2.t +a:7.3.t +a:7.4.t +a:7.5.t +a:7.6.t +a:7.7.t +a:7.8.t "
         "+a:7.9.t +a:7.10.t -all",
         "v=spf1 +a:7.0.t +a:7.1.t +a:7.2.t +a:7.3.t +a:7.4.t +a:7.5.t +a:7.6.t +a:7.7.t +a:7.8.t "
         "+a:7.9.t +a:7.10.t -all"},
    };
    struct sbuf out;
    (void)state;
    sbuf_init(&out, SPF_REWRITTEN_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text, *what;
        print_message("# \"%s\"\n", text);
        assert_string_equal(rewritten(text, strlen(text), "192.0.2.1", &out, &what), cases[i].v4);
        assert_string_equal(rewritten(text, strlen(text), "2001:db8::1", &out, &what), cases[i].v6);
    }
    sbuf_clear(&out);
}

static void bad_records(void **state)
{
    static const struct {
        struct span text;
        const char *what;
    } cases[] = {
        {SPAN_LIT("v=spf1 moo"), "unknown mechanism"},
        {SPAN_LIT("v=spf1 -"), "unknown mechanism"},
        {SPAN_LIT("v=spf1 =x"), "unknown mechanism"},
        {SPAN_LIT("v=spf1 ipv4:192.0.2.1"), "unknown mechanism"},
        {SPAN_LIT("v=spf1 -all."), "all takes no argument"},
        {SPAN_LIT("v=spf1 -all:example.com"), "all takes no argument"},
        {SPAN_LIT("v=spf1 all/8"), "all takes no argument"},
        {SPAN_LIT("v=spf1 -all moo"), "unknown mechanism"}, /* s4.6: all of it is checked first */
        {SPAN_LIT("v=spf1 --all"), "unknown mechanism"},
        {SPAN_LIT("v=spf1 -exp=example.com"), "unknown mechanism"},
        {SPAN_LIT("v=spf1 ip4"), "no address"},
        {SPAN_LIT("v=spf1 ip4:"), "no address"},
        {SPAN_LIT("v=spf1 ip4/24"), "no address"},
        {SPAN_LIT("v=spf1 ip4:192.0.2"), "invalid address"},
        {SPAN_LIT("v=spf1 ip4:192.0.2.256"), "invalid address"},
        {SPAN_LIT("v=spf1 ip4:192.0.2.1:25"), "invalid address"},
        {SPAN_LIT("v=spf1 ip4:[192.0.2.1]"), "invalid address"},
        {SPAN_LIT("v=spf1 ip4:2001:db8::1"), "invalid address"},
        {SPAN_LIT("v=spf1 ip4:192.0.2.1/33"), "invalid prefix length"},
        {SPAN_LIT("v=spf1 ip4:192.0.2.1/032"), "invalid prefix length"},
        {SPAN_LIT("v=spf1 ip4:192.0.2.1/00"), "invalid prefix length"},
        {SPAN_LIT("v=spf1 ip4:192.0.2.1/"), "invalid prefix length"},
        {SPAN_LIT("v=spf1 ip4:192.0.2.1/-1"), "invalid address"},
        {SPAN_LIT("v=spf1 ip4:192.0.2.1//32"), "invalid address"},
        {SPAN_LIT("v=spf1 ip4:192.0.2.1/4294967328"), "invalid prefix length"},
        {SPAN_LIT("v=spf1 ip6:2001:db8::1/129"), "invalid prefix length"},
        {SPAN_LIT("v=spf1 ip6:2001:db8:::1"), "invalid address"},
        {SPAN_LIT("v=spf1 ip6:192.0.2.1"), "invalid address"},
        {SPAN_LIT("v=spf1 ip6:IPv6:2001:db8::1"), "invalid address"},
        {SPAN_LIT("v=spf1 a/33"), "invalid prefix length"},
        {SPAN_LIT("v=spf1 a//129"), "invalid prefix length"},
        {SPAN_LIT("v=spf1 a/01"), "invalid prefix length"},
        {SPAN_LIT("v=spf1 a/24/32"), "invalid domain"},
        {SPAN_LIT("v=spf1 a//64/24"), "invalid domain"},
        {SPAN_LIT("v=spf1 a/"), "invalid prefix length"},
        {SPAN_LIT("v=spf1 a//"), "invalid prefix length"},
        {SPAN_LIT("v=spf1 a:"), "invalid domain"},
        {SPAN_LIT("v=spf1 a:/24"), "invalid domain"},
        {SPAN_LIT("v=spf1 a=example.com a"), ""}, /* an unknown modifier, and a */
        {SPAN_LIT("v=spf1 a:museum"), "invalid domain"},
        {SPAN_LIT("v=spf1 a:192.0.2.1"), "invalid domain"},
        {SPAN_LIT("v=spf1 a:%{x}.example.com"), "invalid domain"},
        {SPAN_LIT("v=spf1 mx:%{c}.example.com"), "invalid domain"},
        {SPAN_LIT("v=spf1 ptr/24"), "invalid domain"},
        {SPAN_LIT("v=spf1 ptr:"), "invalid domain"},
        {SPAN_LIT("v=spf1 include"), "no domain"},
        {SPAN_LIT("v=spf1 include:"), "invalid domain"},
        {SPAN_LIT("v=spf1 include:example.com/24"), "invalid domain"},
        {SPAN_LIT("v=spf1 exists"), "no domain"},
        {SPAN_LIT("v=spf1 exists/24"), "invalid domain"},
        {SPAN_LIT("v=spf1 redirect:example.com"), "unknown mechanism"},
        {SPAN_LIT("v=spf1 redirect="), "invalid domain"},
        {SPAN_LIT("v=spf1 redirect=a.example redirect=b.example"), "given twice"},
        {SPAN_LIT("v=spf1 exp=a.example exp=a.example"), "given twice"},
        {SPAN_LIT("v=spf1 exp="), "invalid domain"},
        {SPAN_LIT("v=spf1 foo=%abc"), "invalid modifier"},
        {SPAN_LIT("v=spf1 foo=%{c}"), "invalid modifier"},
        {SPAN_LIT("v=spf1 a\tmx"), "character that no record may have"},
        {SPAN_LIT("v=spf1 a:caf\xc3\xa9.example"), "character that no record may have"},
        {SPAN_LIT("v=spf1 a\0 -all"), "character that no record may have"},
        {SPAN_LIT("v=spf1 -all\r"), "character that no record may have"},
    };
    struct sbuf out;
    (void)state;
    sbuf_init(&out, SPF_REWRITTEN_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *what = NULL;
        print_message("# \"%.*s\"\n", SPAN_ARGS(cases[i].text));
        const char *text = rewritten(cases[i].text.p, cases[i].text.len, "192.0.2.1", &out, &what);
        if (*cases[i].what)
            assert_string_equal(what, cases[i].what);
        assert_int_equal(text == NULL, *cases[i].what != '\0');
    }
    sbuf_clear(&out);
}

/* What is too large is refused as a whole; what is large and allowed still fits libspf2. */
static void sizes(void **state)
{
    static const struct {
        const char *head, *repeated, *tail;
        size_t count;
        const char *v4; /* NULL: refused */
    } cases[] = {
        {"v=spf1", " ip4:198.51.100.1", " -all", 450, "v=spf1 -all"},
        {"v=spf1", " ip6:2001:db8:1::1", " ~all", 400, "v=spf1 ~all"},
        {"v=spf1", " ip4:198.51.100.1", " -all", 500, NULL},
        {"v=spf1", " ", "-all", 8180, "v=spf1 -all"},
        {"v=spf1", " ", "-all", 8190, NULL},
        {"v=spf1 exists:", "%{i}", ".example.com -all", 125, "v=spf1 +exists:7.0.t -all"},
        {"v=spf1 exists:", "%{i}", ".example.com -all", 126, NULL},
        {"v=spf1 exists:", "A", ".example.com -all", 3700, NULL},
        {"v=spf1 exp=", "%{i}", ".example.com -all", 200, NULL},
        {"v=spf1", " foo=%{i}%{i}%{i}%{i}", " -all", 300, "v=spf1 -all"},
    };
    struct sbuf out, text;
    (void)state;
    sbuf_init(&out, SPF_REWRITTEN_MAX);
    sbuf_init(&text, 65536);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *what;
        sbuf_reset(&text);
        sbuf_adds(&text, cases[i].head);
        for (size_t n = 0; n < cases[i].count; n++)
            sbuf_adds(&text, cases[i].repeated);
        sbuf_adds(&text, cases[i].tail);
        print_message("# %zu times \"%s\"\n", cases[i].count, cases[i].repeated);
        const char *got = rewritten(text.p, text.len, "192.0.2.1", &out, &what);
        if (cases[i].v4)
            assert_string_equal(got ? got : what, cases[i].v4);
        else
            assert_null(got);
    }
    sbuf_clear(&out);
    sbuf_clear(&text);
}

static void explanations(void **state)
{
    struct ipaddr ip = {.family = IP_V4, .bytes = {192, 0, 2, 1}};
    struct spf_record record;
    const char *what;
    struct span near;
    (void)state;
    assert_int_equal(
        spf_record_parse(SPAN_LIT("v=spf1 exp=%{l}.example.com a"), &ip, &record, &what, &near), 0);
    assert_true(span_ieq_cstr(record.explanation, "%{l}.example.com"));
    assert_int_equal(spf_record_parse(SPAN_LIT("v=spf1 a"), &ip, &record, &what, &near), 0);
    assert_null(record.explanation.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selection), cmocka_unit_test(good_records), cmocka_unit_test(bad_records),
        cmocka_unit_test(sizes),     cmocka_unit_test(explanations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
