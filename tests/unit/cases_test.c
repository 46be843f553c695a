/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "cases.h"

static const struct {
    const char *name, *text;
    int line;
    const char *mistake; /* its beginning */
} mistakes[] = {
    {"nothing", "", 0, "there are no cases in it"},
    {"no case", "cases = ( );", 0, "there are no cases in it"},
    {"not a list", "cases = 1;", 1, "'cases' must be a list of groups"},
    {"not a group", "cases = ( 1 );", 1, "'cases', value 1 is not a group"},
    {"no such key", "cases = (\n{ sendr = \"a@example.org\"; } );", 2,
     "unknown key 'cases[].sendr' (did you mean 'cases[].sender'?)"},
    {"no such key in a group", "cases = ( { auth = { spff = \"pass\"; }; } );", 1,
     "unknown key 'cases[].auth.spff' (did you mean 'cases[].auth.spf'?)"},
    {"no such key at the top", "case = ( );", 1, "unknown key 'case'"},
    {"a group that is none", "cases = ( { auth = 1; } );", 1, "'auth' must be a group"},
    {"grammar", "cases = ( { name = ; } );", 1, "'name' has no value"},
    {"no such class", "cases = ( { expect = {\n class = \"good\"; }; } );", 2,
     "'cases[].expect.class' must be \"untrusted\", \"suspicious\" or \"trusted\", not \"good\""},
    {"no such action", "cases = ( { expect = { action = \"hold\"; }; } );", 1,
     "'cases[].expect.action' must be \"accept\""},
    {"no such result", "cases = ( { auth = { spf = \"ok\"; }; } );", 1,
     "'cases[].auth.spf' must be \"none\""},
    {"no such flag", "cases = ( { expect = { flags = ( \"forged\" ); }; } );", 1,
     "'cases[].expect.flags' must be a list of names"},
    {"no address", "cases = ( { client = { ip = \"mx\"; }; } );", 1,
     "'cases[].client.ip' must be an IPv4 or IPv6 address"},
    {"no field", "cases = ( { header = ( \"nothing\" ); } );", 1,
     "'cases[].header' must be a list of header fields"},
    {"two fields in one", "cases = ( { header = ( \"A: b\\nC: d\" ); } );", 1,
     "'cases[].header' must be a list of header fields"},
    {"two lines", "cases = ( { from = \"a@example.org\\nB: c\"; } );", 1,
     "'cases[].from' must be text in quotes, in one line"},
    {"a message and fields", "cases = (\n { message = \"m\"; from = \"x\"; } );", 2,
     "this case has a message and single header fields"},
    {"of whom", "cases = ( { model = ( { good = 1; } ); } );", 1, "of whom is this known?"},
    {"how many", "cases = ( { model = ( { id = \"x\"; good = -1; } ); } );", 1,
     "'cases[].model[].good' must be a number from 0 to 1000000"},
    {"for whom", "cases = ( { expect = { recipients = ( { action = \"tag\"; } ); }; } );", 1,
     "for whom is this expected?"},
    {"a NUL", NULL, 1, "a NUL byte"},
};

static void mistakes_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct settings_error *errors = NULL;
        size_t count = 0;
        const char *text = mistakes[i].text ? mistakes[i].text : "a\0b";
        size_t len = mistakes[i].text ? strlen(text) : 3;
        struct policy_cases *cases = cases_parse(text, len, &errors, &count);
        if (cases || count != 1 || errors[0].line != mistakes[i].line ||
            strncmp(errors[0].text, mistakes[i].mistake, strlen(mistakes[i].mistake)) != 0)
            fail_msg("%s: %zu mistakes, %d: %s", mistakes[i].name, count,
                     count ? errors[0].line : 0, count ? errors[0].text : "");
        settings_errors_free(&errors, count);
    }
}

static const char everything[] =
    "cases = ( {\n"
    "  name = \"n\"; at = \"@1\"; user = \"u\"; sender = \"\"; recipients = [ \"a@example.com\", "
    "\"b@example.com\" ];\n"
    "  client = { ip = \"2001:db8::1\"; name = \"mx\"; helo = \"h\"; };\n"
    "  from = \"J\xc3\xb6rg <j@example.org>\"; subject = \"s\"; header = ( \"X: y\" );\n"
    "  auth = { spf = \"permerror\"; spf_domain = \"Example.ORG\"; dkim = ( \"example.org\" );\n"
    "    dkim_failed = ( \"example.net\", \"example.com\" ); dmarc = \"none\"; dmarc_policy = "
    "\"reject\"; iprev = \"policy\"; };\n"
    "  model = ( { id = \"x\"; good = 1; bad = 2.5; }, { id = \"y\"; seen = 7; } );\n"
    "  expect = { class = \"trusted\"; action = \"discard\"; mode = \"observe\"; policy = \"p\"; "
    "reason = \"r\";\n"
    "    flags = ( \"!forged_author\", \"dns_timeout\" );\n"
    "    recipients = ( { recipient = \"a@example.com\"; class = \"untrusted\"; action = "
    "\"accept\"; quarantine = \"redirect\"; policy = \"\"; } ); };\n"
    "}, { message = \"m.eml\"; } );\n";

static void every_key_is_read(void **state)
{
    (void)state;
    struct settings_error *errors = NULL;
    size_t count = 0;
    struct policy_cases *cases = cases_parse(everything, sizeof everything - 1, &errors, &count);
    if (!cases)
        fail_msg("%d: %s", errors[0].line, errors[0].text);
    assert_int_equal(cases->count, 2);
    const struct policy_case *c = &cases->list[0];
    assert_int_equal(c->line, 1);
    assert_string_equal(c->name, "n");
    assert_string_equal(c->at, "@1");
    assert_string_equal(c->ip, "2001:db8::1");
    assert_string_equal(c->hostname, "mx");
    assert_string_equal(c->helo, "h");
    assert_string_equal(c->user, "u");
    assert_string_equal(c->sender, "");
    assert_int_equal(c->recipient_count, 2);
    assert_string_equal(c->recipients[1], "b@example.com");
    assert_null(c->message);
    assert_string_equal(c->from, "J\xc3\xb6rg <j@example.org>");
    assert_string_equal(c->subject, "s");
    assert_int_equal(c->header_count, 1);
    assert_true(c->auth);
    assert_int_equal(c->spf, AUTH_PERMERROR);
    assert_string_equal(c->spf_domain, "example.org");
    assert_int_equal(c->dkim_count, 1);
    assert_int_equal(c->dkim_failed_count, 2);
    assert_int_equal(c->dmarc, AUTH_NONE);
    assert_int_equal(c->dmarc_policy, DMARC_REJECT);
    assert_int_equal(c->iprev, AUTH_POLICY);
    assert_int_equal(c->model_count, 2);
    assert_true(c->model[0].good == 1 && c->model[0].bad == 2.5 && c->model[0].seen < 0);
    assert_true(c->model[1].good == 0 && c->model[1].seen == 7);
    assert_int_equal(c->expect.class, CLASS_TRUSTED);
    assert_int_equal(c->expect.action, ACTION_DISCARD);
    assert_int_equal(c->expect.mode, MODE_OBSERVE);
    assert_string_equal(c->expect.policy, "p");
    assert_string_equal(c->expect.reason, "r");
    assert_int_equal(c->expect.flag_count, 2);
    assert_int_equal(c->expect.recipient_count, 1);
    assert_int_equal(c->expect.recipients[0].class, CLASS_UNTRUSTED);
    assert_int_equal(c->expect.recipients[0].action, ACTION_ACCEPT);
    assert_int_equal(c->expect.recipients[0].quarantine, QUARANTINE_REDIRECT);
    assert_string_equal(c->expect.recipients[0].policy, "");
    c = &cases->list[1];
    assert_int_equal(c->line, 11);
    assert_string_equal(c->message, "m.eml");
    assert_false(c->auth);
    assert_int_equal(c->spf, CASE_NOT_SET);
    assert_int_equal(c->expect.action, CASE_NOT_SET);
    assert_null(c->sender);
    cases_free(&cases);
    assert_null(cases);
    cases_free(&cases);
}

/* All mistakes of a file at once, by line. */
static void all_mistakes_at_once(void **state)
{
    (void)state;
    static const char text[] =
        "cases = ( {\n naem = \"x\";\n expect = { class = 1; };\n}, {\n at = 7;\n} );\n";
    struct settings_error *errors = NULL;
    size_t count = 0;
    assert_null(cases_parse(text, sizeof text - 1, &errors, &count));
    assert_int_equal(count, 3);
    assert_int_equal(errors[0].line, 2);
    assert_int_equal(errors[1].line, 3);
    assert_int_equal(errors[2].line, 5);
    settings_errors_free(&errors, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(all_mistakes_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
