/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "settings.h"

/* One mistake in a file: where it is seen, and what of its text matters. */
struct mistake_case {
    const char *name, *text;
    int line;
    const char *says;
};

/* The file has this mistake and no other. */
static void one_mistake(const struct mistake_case *t)
{
    struct settings_error *errors = NULL;
    size_t count = 0;
    struct settings *s = settings_parse(t->text, strlen(t->text), "test", &errors, &count);
    print_message("# %s\n", t->name);
    for (size_t i = 0; i < count; i++)
        print_message("#   %d: %s\n", errors[i].line, errors[i].text);
    assert_null(s);
    assert_int_equal(count, 1);
    assert_int_equal(errors[0].line, t->line);
    if (!strstr(errors[0].text, t->says))
        fail_msg("does not say: %s", t->says);
    settings_errors_free(&errors, count);
    assert_null(errors);
}

#define ALL(table)                                                                                 \
    for (size_t i_ = 0; i_ < sizeof(table) / sizeof *(table); i_++)                                \
    one_mistake(&(table)[i_])

static struct settings *good(const char *text)
{
    struct settings_error *errors = NULL;
    size_t count = 0;
    struct settings *s = settings_parse(text, strlen(text), "test", &errors, &count);
    for (size_t i = 0; i < count; i++)
        print_message("#   %d: %s\n", errors[i].line, errors[i].text);
    assert_non_null(s);
    assert_null(errors);
    assert_int_equal(count, 0);
    return s;
}

static void syntax(void **state)
{
    (void)state;
    static const struct mistake_case table[] = {
        {"word without quotes", "mode = observe;", 1, "'observe' must be in quotes, as"},
        {"duration without quotes", "\nhalf_life = 90d;", 2, "'90d' must be in quotes"},
        {"network without quotes", "internal = [ 192.0.2.0/24 ];", 1, "'192.0.2.0/24' must be in"},
        {"yes", "learn = yes;", 1, "'yes' must be true or false, or in quotes"},
        {"key with its group", "milter.socket = \"inet:8891@127.0.0.1\";", 1,
         "'milter.socket' is no key: a key of a group is written as group: { key = ...; };"},
        {"no closing quote", "mode = \"observe;\non_failure = \"accept\";", 1, "no closing quote"},
        {"no closing quote at the end", "mode = \"observe", 1, "no closing quote"},
        {"escaped closing quote", "mode = \"observe\\\";\n", 1, "no closing quote"},
        {"no escape", "subject_prefix = \"a\\d\";", 1, "'\\d' is not an escape"},
        {"no hex escape", "subject_prefix = \"\\x4\";", 1, "'\\x' is not an escape"},
        {"no equals sign", "mode \"observe\";", 1, "'=' is missing after 'mode'"},
        {"nothing after the key", "mode", 1, "'=' is missing after 'mode'"},
        {"no value", "mode = ;", 1, "'mode' has no value"},
        {"the file ends in place of a value", "mode =\n\n", 1, "the file ends where a value is"},
        {"bracket in place of a value", "mode = };", 1, "a value is expected here, not '}'"},
        {"string in place of a key", "\"mode\" = \"observe\";", 1, "a key is expected here"},
        {"number in place of a key", "12 = 3;", 1, "a key is expected here, not '12'"},
        {"second semicolon", "mode = \"observe\";;", 1, "a key is expected here, not ';'"},
        {"group never closed", "\nthresholds: {\n trusted = 0.9;\n", 2, "this '{' is never closed"},
        {"list never closed", "internal = [ \"192.0.2.0/24\"", 1, "this '[' is never closed"},
        {"empty list never closed", "internal = [", 1, "this '[' is never closed"},
        {"bracket that closes nothing", "mode = \"observe\";\n}\n", 2, "not '}'"},
        {"wrong bracket", "policies = (\n { name = \"a\"; )\n;", 2,
         "')' is found before the '{' of line 2 is closed"},
        {"no comma between strings", "local_domains = [ \"example.com\"\n \"example.net\" ];", 2,
         "a comma is missing before '\"example.net\"'"},
        {"no comma between groups", "policies = ( { name = \"a\"; }\n { name = \"b\"; } );", 2,
         "a comma is missing before '{'"},
        {"groups in brackets", "policies = [ { name = \"a\"; } ];", 1, "write '( )' around groups"},
        {"values of two types", "internal = [ \"192.0.2.0/24\", 5 ];", 1, "must be of one type"},
        {"comment never closed", "mode = \"observe\";\n/* what\n\n", 2, "comment is not closed"},
        {"number too large", "limits: { hops = 99999999999; };", 1, "is too large a number"},
        {"include", "@include \"other.conf\"\n", 1, "'@include' is not supported"},
        {"include in a group", "thresholds: {\n  @include \"other.conf\"\n};", 2,
         "'@include' is not"},
        {"set twice", "mode = \"observe\";\n\nmode = \"enforce\";", 3,
         "'mode' is set twice (first on line 1)"},
        {"group set twice", "log: { to = \"stderr\"; };\nlog: { level = \"debug\"; };", 2,
         "'log' is set twice (first on line 1): put the keys of both into one"},
        {"set twice in a group", "log: { to = \"stderr\"; to = \"syslog\"; };", 1,
         "'to' is set twice"},
        {"stray byte", "mode = \"observe\" ?\n", 1, "'?' cannot stand here"},
        {"typographic quotes", "mode = \xe2\x80\x9cobserve\xe2\x80\x9d;", 1, "is a quotation mark"},
        {"nested too deep", "a = ((((((((( 1 )))))))));", 1, "more than 8 groups and lists"},
        {"control character in a string", "reject_text = \"a\tb\";", 1, "printable ASCII"},
    };
    ALL(table);
}

static void syntax_that_is_taken(void **state)
{
    (void)state;
    static const char *const table[] = {
        "",
        "# only a comment, no line end",
        "mode=\"observe\"",
        "mode : \"observe\",",
        "mode = \"obs\" \"erve\"; // strings in a row are one",
        "mode = \"\\x6fbserve\";\r\n/* a\r\n b */ on_failure = \"accept\";\r\n",
        "internal = [ \"192.0.2.0/24\", ];",
        "internal = ( \"192.0.2.0/24\", \"2001:db8::/32\" );",
        "internal = [ ]; policies = ( );",
        "log: { };",
        "thresholds = { trusted = 9e-1 untrusted = .5 }",
        "weights: { bias = -1; host = 2.; };",
        "subject_prefix = \"#no // comment /* here */\";",
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        print_message("# %s\n", table[i]);
        struct settings *s = good(table[i]);
        settings_unref(&s);
        assert_null(s);
    }
}

static void unknown_keys(void **state)
{
    (void)state;
    static const struct mistake_case table[] = {
        {"near", "treshold: { trusted = 0.9; };", 1, "(did you mean 'thresholds'?)"},
        {"two letters swapped", "mdoe = \"observe\";", 1, "(did you mean 'mode'?)"},
        {"case", "Mode = \"observe\";", 1, "(did you mean 'mode'?)"},
        {"dash for underscore", "on-failure = \"accept\";", 1, "(did you mean 'on_failure'?)"},
        {"its other group, by its type", "trusted = 0.9;", 1,
         "(did you mean 'thresholds.trusted'?)"},
        {"its other group, other type", "trusted = \"tag\";", 1,
         "(did you mean 'actions.trusted'?)"},
        {"the group in the name", "log_level = \"debug\";", 1, "(did you mean 'log.level'?)"},
        {"two that may be meant", "user = \"vouch\";", 1,
         "(did you mean 'redis.user' or 'milter.user'?)"},
        {"in a group", "milter: { sokcet = \"unix:/x\"; };", 1, "(did you mean 'milter.socket'?)"},
        {"out of its group", "thresholds: { mode = \"observe\"; };", 1, "(did you mean 'mode'"},
        {"a weight", "weights: { spf_fial = -1; };", 1, "(did you mean 'weights.spf_fail'?)"},
        {"in a policy", "policies = ( { name = \"a\";\n recipient = [ \"*\" ]; } );", 2,
         "'policies[].recipient' (did you mean 'policies[].recipients'?)"},
        {"nothing near", "zzz = 1;", 1, "unknown key 'zzz'"},
        {"longer than any key",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aa"
         " = 1;",
         1, "unknown key 'aaa"},
    };
    ALL(table);
}

static void values(void **state)
{
    (void)state;
    static const struct mistake_case table[] = {
        {"word", "mode = \"on\";", 1, "must be \"enforce\" or \"observe\", not \"on\""},
        {"word of another type", "mode = true;", 1, "must be \"enforce\" or \"observe\", not true"},
        {"action", "actions: { untrusted = \"hold\"; };", 1,
         "\"reject\" or \"discard\", not \"hold\""},
        {"action of others", "on_failure = \"reject\";", 1,
         "must be \"accept\", \"tempfail\" or \"quarantine\", not \"reject\""},
        {"accept protects nobody", "protected: { action = \"accept\"; };", 1, "'protected.action'"},
        {"group that is none", "thresholds = 0.9;", 1, "'thresholds' must be a group"},
        {"value that is a group", "mode: { };", 1, "not a group"},
        {"value that is a list", "mode = [ \"observe\" ];", 1, "not a list"},
        {"threshold 1", "thresholds: { trusted = 1; };", 1, "a number from 0.001 to 0.999, not 1"},
        {"threshold too small", "thresholds: { untrusted = 0.0; };", 1, "not 0.0"},
        {"threshold as text", "thresholds: { trusted = \"0.9\"; };", 1, "not \"0.9\""},
        {"threshold infinite", "thresholds: { trusted = 1e999; };", 1, "not inf"},
        {"weight", "weights: { spf_fail = -20.5; };", 1, "from -20 to 20, not -20.5"},
        {"thresholds crossed", "thresholds: {\n trusted = 0.2;\n untrusted = 0.5;\n};", 3,
         "(0.5) must not be above 'thresholds.trusted' (0.2)"},
        {"threshold crosses a default", "thresholds: {\n trusted = 0.05;\n};", 2,
         "must not be above"},
        {"count as a fraction", "limits: { hops = 5.0; };", 1,
         "a whole number from 1 to 100, not 5.0"},
        {"count too large", "limits: { hops = 101; };", 1, "from 1 to 100, not 101"},
        {"count 0", "limits: { signatures = 0; };", 1, "from 1 to 100, not 0"},
        {"count negative", "limits: { recipients = -1; };", 1, "not -1"},
        {"bare duration", "deadlines: { store = 200; };", 1, "with its unit (ms, s, m, h, d)"},
        {"duration without unit", "deadlines: { store = \"200\"; };", 1, "\"200\" has no unit"},
        {"unknown unit", "half_life = \"3 months\";", 1,
         "\"3 months\" has a unit that is not known"},
        {"duration too long", "deadlines: { message = \"1h\"; };", 1, "to \"5m\", not \"1h\""},
        {"DNS longer than all", "deadlines: {\n message = \"3s\";\n dns = \"4s\";\n};", 3,
         "'deadlines.dns' (4000 ms) must not be longer than 'deadlines.message' (3000 ms)"},
        {"bare size", "limits: { body = 10000000; };", 1, "has no unit"},
        {"size of another unit", "limits: { body = \"10MB\"; };", 1, "unit that is not known"},
        {"size too small", "limits: { header_bytes = \"1K\"; };", 1, "from \"4K\" to \"16M\""},
        {"list that is none", "internal = \"192.0.2.0/24\";", 1, "must be a list of networks"},
        {"server that is no list", "dns: { servers = \"192.0.2.53\"; };", 1,
         "must be a list of addr"},
        {"list of numbers", "internal = [ 1 ];", 1, "value 1: 1 is not a string"},
        {"host bits", "internal = [ \"192.0.2.0/24\",\n \"198.51.100.7/24\" ];", 2,
         "'internal', value 2: \"198.51.100.7/24\" has host bits; did you mean "
         "\"198.51.100.0/24\"?"},
        {"host bits, IPv6", "internal = [ \"2001:db8::1/64\" ];", 1,
         "did you mean \"2001:db8::/64\"?"},
        {"no network", "trusted_relays = [ \"mx.example.com\" ];", 1, "is not a network"},
        {"prefix too long", "internal = [ \"192.0.2.0/33\" ];", 1, "from 0 to 32"},
        {"prefix too long, IPv6", "internal = [ \"2001:db8::/129\" ];", 1, "from 0 to 128"},
        {"prefix that is none", "internal = [ \"192.0.2.0/x\" ];", 1, "from 0 to 32"},
        {"everyone", "internal = [ \"0.0.0.0/0\" ];", 1, "is the whole Internet"},
        {"everyone, IPv6", "trusted_relays = [ \"::/0\" ];", 1, "is the whole Internet"},
        {"pattern", "protected: { senders = [ \"ceo@example.com\", \"@example.com\" ]; };", 1,
         "'protected.senders', value 2: \"@example.com\" is not a pattern: write \"example.com\""},
        {"name of nobody", "protected: { senders = [ \"Alice Liddell\" ]; };", 1,
         "nobody may bear the name \"Alice Liddell\": write \"Alice Liddell <address>\""},
        {"name and no address", "protected: { senders = [ \"Alice <>\" ]; };", 1,
         "must name whose the name is"},
        {"name and anything", "protected: { senders = [ \"Alice <*>\" ]; };", 1,
         "must name whose the name is"},
        {"name and half an address", "protected: { senders = [ \"Alice <a@example.com\" ]; };", 1,
         "must end with the address in \"<>\""},
        {"name and a bad address", "protected: { senders = [ \"Alice <a@b..example>\" ]; };", 1,
         "is not a domain or address"},
        {"no letter in a name", "protected: { senders = [ \"-- <a@example.com>\" ]; };", 1,
         "is not a name that a mail program could show"},
        {"empty sender", "protected: { senders = [ \"\" ]; };", 1, "is empty"},
        {"well-known, relative", "protected: { well_known = \"known\"; };", 1,
         "must be an absolute path, or \"\" for none"},
        {"local domain with user", "local_domains = [ \"a@example.com\" ];", 1, "is not a domain"},
        {"authserv_id", "authserv_id = \"mx one\";", 1, "must be a domain"},
        {"store", "store = \"mysql:/x\";", 1, "\"lmdb:DIRECTORY\""},
        {"store without a directory", "store = \"lmdb:\";", 1, "\"lmdb:DIRECTORY\""},
        {"store in a relative directory", "store = \"lmdb:model\";", 1, "\"lmdb:DIRECTORY\""},
        {"password in the store", "store = \"redis://u:p@192.0.2.1/0\";", 1,
         "(no user or password: see 'redis'), not a URL with a password"},
        {"no boolean", "learn = \"yes\";", 1, "true or false, without quotes, not \"yes\""},
        {"boolean as a number", "learn = 1;", 1, "true or false, without quotes, not 1"},
        {"journal in a relative directory", "journal: { directory = \"journal\"; };", 1,
         "an absolute path, or \"\" for no journal, not \"journal\""},
        {"writer that is a path", "journal: { writer = \"../mx\"; };", 1, "a name of letters"},
        {"writer above its directory", "journal: { writer = \"..\"; };", 1, "a name of letters"},
        {"writer without a name", "journal: { writer = \"\"; };", 1, "a name of letters"},
        {"sync", "journal: { sync = \"never\"; };", 1, "must be \"interval\" or \"always\""},
        {"keeps nothing", "journal: { keep_age = \"1h\"; };", 1,
         "must be 0 (with its unit), or a duration with its unit (ms, s, m, h, d), from \"1d\" to "
         "\"3650d\", not \"1h\""},
        {"fraction of a second", "journal: { segment_age = \"1500ms\"; };", 1,
         "is no whole number of seconds"},
        {"size not 0 and too small", "journal: { keep_size = \"1K\"; };", 1,
         "must be 0 (with its unit), or a size"},
        {"filter without pattern", "labels: { filter_bad = [ \"X-Spam-Flag:\" ]; };", 1,
         "'labels.filter_bad' must be a list such as [ \"Field-Name"},
        {"filter without name", "labels: { filter_bad = [ \": YES\" ]; };", 1, "Field-Name"},
        {"filter without colon", "labels: { filter_good = [ \"X-Spam-Flag YES\" ]; };", 1,
         "'labels.filter_good' must be"},
        {"filter that is no field", "labels: { filter_bad = [ \"X Spam: YES\" ]; };", 1,
         "Field-Name"},
        {"filter that is vouch", "labels: { filter_bad = [ \"x-vouch: *class=untrusted*\" ]; };", 1,
         "that are not vouch's own"},
        {"label's weight", "labels: { weights: { person = 101; }; };", 1, "from 0 to 100, not 101"},
        {"source of no label", "labels: { weights: { user = 1; }; };", 1,
         "unknown key 'labels.weights.user'"},
        {"relative path", "redis: { password_file = \"secret\"; };", 1, "an absolute path"},
        {"socket", "milter: { socket = \"/run/vouch.sock\"; };", 1, "\"unix:/PATH\""},
        {"socket without port", "milter: { socket = \"inet:127.0.0.1\"; };", 1, "\"inet:PORT@"},
        {"socket, port 0", "milter: { socket = \"inet:0@127.0.0.1\"; };", 1, "\"inet:PORT@"},
        {"socket for everyone", "milter: { socket_mode = \"0666\"; };", 1, "none for others"},
        {"socket mode as a number", "milter: { socket_mode = 0660; };", 1, "octal permissions in"},
        {"socket mode not octal", "milter: { socket_mode = \"0680\"; };", 1, "octal permissions"},
        {"user", "milter: { user = \"v o\"; };", 1, "a name of letters"},
        {"DNS server", "dns: { servers = [ \"dns.example.com\" ]; };", 1, "must be a list of addr"},
        {"DNS server's port", "dns: { servers = [ \"192.0.2.1@0\" ]; };", 1,
         "must be a list of addr"},
        {"metrics without a port", "metrics: { listen = \"127.0.0.1\"; };", 1, "\"[::1]:9117\""},
        {"metrics by name", "metrics: { listen = \"localhost:9117\"; };", 1, "\"[::1]:9117\""},
        {"metrics, no brackets", "metrics: { listen = \"::1:9117\"; };", 1, "\"[::1]:9117\""},
        {"metrics, relative path", "metrics: { listen = \"unix:m\"; };", 1, "\"unix:/PATH\""},
        {"metrics for all", "metrics: { listen = \"[2001:db8::1]:9117\"; };", 1,
         "other hosts can reach [2001:db8::1]:9117"},
        {"log", "log: { to = \"/var/log/vouch\"; };", 1, "must be \"syslog\" or \"stderr\""},
        {"log level", "log: { level = \"verbose\"; };", 1, "\"error\", \"warning\", \"info\" or"},
        {"prefix too long for a Subject",
         "subject_prefix = "
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\";",
         1, "at most 100 bytes"},
        {"prefix that breaks the line", "subject_prefix = \"a\\r\\nBcc: b\";", 1,
         "printable ASCII"},
        {"redirect to nowhere", "quarantine: {\n method = \"redirect\"; };", 2,
         "needs 'quarantine.mailbox'"},
        {"redirect to no address", "quarantine: { method = \"redirect\"; mailbox = \"q\"; };", 1,
         "'quarantine.mailbox' must be an address"},
        {"redirect to two", "quarantine: { mailbox = \"a@example.com,b@example.com\"; };", 1,
         "must be an address"},
    };
    ALL(table);
}

static void policies(void **state)
{
    (void)state;
    static const struct mistake_case table[] = {
        {"no list", "policies: { name = \"a\"; };", 1, "must be a list of groups"},
        {"no group", "policies = ( \"a\" );", 1, "'policies', value 1 is not a group"},
        {"no name", "policies = (\n { mode = \"observe\"; }\n);", 2, "this policy has no name"},
        {"bad name", "policies = ( { name = \"a b\"; } );", 1, "a name of letters"},
        {"empty name", "policies = ( { name = \"\"; } );", 1, "a name of letters"},
        {"two of one name",
         "policies = (\n { name = \"a\"; senders = [ \"example.com\" ]; },\n { name = \"a\"; }\n);",
         3, "policy 'a' has the name of the policy in line 2"},
        {"empty list", "policies = ( { name = \"a\"; recipients = [ ]; } );", 1,
         "leave it out to match all"},
        {"hidden by one for all", "policies = ( { name = \"a\"; },\n { name = \"b\"; } );", 2,
         "policy 'b' can never match: policy 'a' in line 1"},
        {"hidden by a wider domain",
         "policies = ( { name = \"a\"; recipients = [ \".example.com\" ]; },\n"
         "{ name = \"b\"; recipients = [ \"x@mail.example.com\" ]; senders = [ \"example.net\" ]; "
         "} );",
         2, "can never match"},
        {"hidden by a wider network",
         "policies = ( { name = \"a\"; clients = [ \"192.0.2.0/24\", \"2001:db8::/32\" ]; },\n"
         "{ name = \"b\"; clients = [ \"192.0.2.128/25\" ]; } );",
         2, "can never match"},
        {"hidden by any direction",
         "policies = ( { name = \"a\"; direction = \"any\"; },\n"
         "{ name = \"b\"; direction = \"outbound\"; } );",
         2, "can never match"},
        {"hidden by a star",
         "policies = ( { name = \"a\"; recipients = [ \"*\" ]; },\n{ name = \"b\"; } );", 2,
         "can never match"},
        {"thresholds crossed",
         "policies = ( { name = \"a\";\n thresholds: { untrusted = 0.95; }; } );", 2,
         "'policies[].thresholds.untrusted' (0.95) must not be above 'thresholds.trusted' (0.9)"},
        {"redirect to nowhere",
         "policies = ( { name = \"a\";\n quarantine: { method = \"redirect\"; }; } );", 2,
         "needs 'quarantine.mailbox'"},
        {"a value's line", "policies = ( { name = \"a\";\n recipients = [ \"a@\" ]; } );", 2,
         "'policies[].recipients', value 1: \"a@\" has no domain"},
    };
    ALL(table);
}

static void policies_that_are_taken(void **state)
{
    (void)state;
    static const char *const table[] = {
        /* none of these hides the other */
        "policies = ( { name = \"a\"; }, { name = \"b\"; direction = \"outbound\"; } );",
        "policies = ( { name = \"a\"; recipients = [ \"example.com\" ]; }, { name = \"b\"; } );",
        "policies = ( { name = \"a\"; clients = [ \"192.0.2.0/25\" ]; },"
        "{ name = \"b\"; clients = [ \"192.0.2.0/24\" ]; } );",
        "policies = ( { name = \"a\"; clients = [ \"192.0.2.0/24\" ]; },"
        "{ name = \"b\"; clients = [ \"192.0.2.0/24\", \"2001:db8::/32\" ]; } );",
        "policies = ( { name = \"a\"; recipients = [ \"*\" ]; senders = [ \"example.net\" ]; },"
        "{ name = \"b\"; recipients = [ \"x@example.com\" ]; } );",
        /* a mailbox of its own, and the file's */
        "policies = ( { name = \"a\"; quarantine: { method = \"redirect\"; mailbox = "
        "\"q@example.com\";"
        "}; } );",
        "quarantine: { mailbox = \"q@example.com\"; };"
        "policies = ( { name = \"a\"; quarantine: { method = \"redirect\"; }; } );",
        /* read before what it inherits */
        "policies = ( { name = \"a\"; thresholds: { trusted = 0.05; }; } );"
        "thresholds: { untrusted = 0.01; };",
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        print_message("# %s\n", table[i]);
        struct settings *s = good(table[i]);
        settings_unref(&s);
    }
}

/* One run tells all, in the order of lines, whatever kind they are of. */
static void all_mistakes_at_once(void **state)
{
    (void)state;
    static const char text[] = "mode = observe;\n"                               /* 1 */
                               "treshold: { };\n"                                /* 2 */
                               "thresholds: { trusted = 2; untrusted = 0.95 ;\n" /* 3 */
                               "};\n"
                               "internal = [ \"192.0.2.1/24\", \"x\" ];\n" /* 5, 5 */
                               "policies = (\n"
                               "  { name = \"a\"; recipients = [ \"example.com\" ]; },\n"
                               "  { mode = \"enforced\"; },\n" /* 8, 8 */
                               "  { name = \"c\"; recipients = [ \"a@example.com\" ]; }\n" /* 9 */
                               ");\n"
                               "on_failure = \"reject\"\n"           /* 11 */
                               "reject_text = \"unfinished;\n"       /* 12 */
                               "log: { to = \"syslog\"; to = 5; }\n" /* 13 */
                               "store = \"none\"\n"
                               "store = \"memory:\"\n"     /* 15 */
                               "deadlines { dns = 5; }\n"; /* 16 */
    static const int lines[] = {1, 2, 3, 5, 5, 8, 8, 9, 11, 12, 13, 15, 16};
    struct settings_error *errors = NULL;
    size_t count = 0;
    assert_null(settings_parse(text, sizeof text - 1, "test", &errors, &count));
    for (size_t i = 0; i < count; i++)
        print_message("#   %d: %s\n", errors[i].line, errors[i].text);
    assert_int_equal(count, sizeof lines / sizeof *lines);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(errors[i].line, lines[i]);
    settings_errors_free(&errors, count);
}

static void hostile_files(void **state)
{
    (void)state;
    struct settings_error *errors = NULL;
    size_t count = 0, len = SETTINGS_MAX_BYTES + 1;
    char *text = malloc(len + 1);
    assert_non_null(text);

    memset(text, ' ', len);
    assert_null(settings_parse(text, len, "test", &errors, &count));
    assert_int_equal(count, 1);
    assert_non_null(strstr(errors[0].text, "larger than"));
    settings_errors_free(&errors, count);

    struct settings *s = settings_parse(text, len - 1, "test", &errors, &count);
    assert_non_null(s);
    settings_unref(&s);

    assert_null(settings_parse("mode\n=\0x", 8, "test", &errors, &count));
    assert_int_equal(count, 1);
    assert_int_equal(errors[0].line, 2);
    settings_errors_free(&errors, count);

    memset(text, '(', len); /* nesting */
    memcpy(text, "policies =", 10);
    assert_null(settings_parse(text, len - 1, "test", &errors, &count));
    assert_int_equal(count, 1);
    settings_errors_free(&errors, count);

    for (size_t i = 0; i + 4 < len; i += 4) /* a mistake on every line */
        memcpy(text + i, "a?\n ", 4);
    assert_null(settings_parse(text, len - 1, "test", &errors, &count));
    assert_int_equal(count, SETTINGS_MAX_ERRORS + 1);
    assert_non_null(strstr(errors[SETTINGS_MAX_ERRORS].text, "more mistakes"));
    settings_errors_free(&errors, count);

    for (size_t i = 0; i + 8 < len; i += 8) /* very many keys */
        snprintf(text + i, 9, "k%04zx=1\n", (i / 8) & 0xffff);
    assert_null(settings_parse(text, len - 1, "test", &errors, &count));
    assert_true(count > 0);
    settings_errors_free(&errors, count);
    free(text);
}

/* count times item, a number and end between before and after: a file with exactly one mistake. */
static void too_many(const char *before, const char *item, const char *end, size_t count,
                     const char *after, const char *says)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    fputs(before, out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%zu%s", item, i, end);
    fputs(after, out);
    fclose(out);
    one_mistake(&(struct mistake_case){"too many", text, 1, says});
    free(text);
}

static void limits(void **state)
{
    (void)state;
    too_many("policies = ( ", "{ name = \"p", "\"; },", SETTINGS_MAX_POLICIES + 1, " );",
             "more than 1000 policies");
    too_many("local_domains = [ ", "\"d", ".example\",", SETTINGS_MAX_LIST + 1, " ];",
             "'local_domains' has more than 10000 values");
    too_many("weights: { bias = 1; ", "bias", " = 1; ", 100, " };",
             "more than 100 keys in one group");
}

static void defaults(void **state)
{
    (void)state;
    struct settings *s = settings_default();
    struct trust_params trust;
    trust_params_default(&trust);
    assert_non_null(s);
    assert_string_equal(s->file, "built-in defaults");
    assert_int_equal(s->mode, MODE_ENFORCE);
    assert_null(s->authserv_id);
    assert_true(s->trusted == 0.9 && s->untrusted == 0.1);
    assert_int_equal(s->actions[CLASS_TRUSTED], ACTION_ACCEPT);
    assert_int_equal(s->actions[CLASS_SUSPICIOUS], ACTION_TAG);
    assert_int_equal(s->actions[CLASS_UNTRUSTED], ACTION_QUARANTINE);
    assert_int_equal(s->on_failure, ACTION_ACCEPT);
    assert_int_equal(s->quarantine, QUARANTINE_HOLD);
    assert_null(s->quarantine_mailbox);
    assert_string_equal(s->quarantine_dir, "/var/lib/vouch/quarantine");
    assert_null(s->quarantine_key);
    assert_int_equal(s->quarantine_keep_age_s, 30 * 86400);
    assert_string_equal(s->subject_prefix, "");
    assert_int_equal(s->protected_action, ACTION_QUARANTINE);
    assert_int_equal(s->policy_count, 0);
    assert_string_equal(s->store, "lmdb:/var/lib/vouch/model");
    assert_int_equal(s->message_deadline_ms, 5000);
    assert_int_equal(s->dns_deadline_ms, 4000);
    assert_int_equal(s->store_deadline_ms, 200);
    assert_memory_equal(&s->limits, &MESSAGE_LIMITS_DEFAULT, sizeof s->limits);
    assert_int_equal(s->max_body, 64 * 1024 * 1024);
    assert_int_equal(s->socket_mode, 0660);
    assert_true(s->seccomp);
    assert_int_equal(s->log_level, 2);
    assert_true(s->learn);
    assert_string_equal(s->journal_dir, "/var/lib/vouch/journal");
    assert_null(s->journal_writer);
    assert_int_equal(s->journal_sync, 0);
    assert_int_equal(s->journal_interval_ms, 100);
    assert_int_equal(s->journal_segment_bytes, 64 << 20);
    assert_int_equal(s->journal_segment_age_s, 86400);
    assert_int_equal(s->journal_keep_age_s, 400 * 86400);
    assert_int_equal(s->journal_keep_bytes, 10ull << 30);
    assert_int_equal(s->journal_memory, 8 << 20);
    assert_null(s->pseudonym_key);
    assert_int_equal(s->traps.count + s->filter_good_count + s->filter_bad_count, 0);
    assert_int_equal(s->delivery_after_s, 7 * 86400);
    for (int l = 0; l < LABEL_SOURCE_COUNT; l++)
        assert_true(s->label_weights[l] > 0 && s->label_weights[l] <= 1);
    assert_true(s->label_weights[LABEL_FILTER] == 0.5);
    for (int w = 0; w < TW_COUNT; w++)
        assert_true(s->trust.w[w] == trust.w[w]);
    assert_true(s->trust.half_life == trust.half_life && s->trust.prior == trust.prior);
    settings_unref(&s);
}

/* Every key, with a value that is not its default. */
static const char everything[] =
    "mode = \"observe\";\n"
    "authserv_id = \"MX.Example.com\";\n"
    "local_domains = [ \"example.com\", \".example.net\" ];\n"
    "trusted_relays = [ \"192.0.2.25\", \"2001:db8:1::/48\" ];\n"
    "internal = [ \"127.0.0.0/8\", \"::1\" ];\n"
    "thresholds: { trusted = 0.8; untrusted = 0.2; };\n"
    "actions: { trusted = \"tag\"; suspicious = \"quarantine\"; untrusted = \"reject\"; };\n"
    "on_failure = \"tempfail\";\n"
    "quarantine: { method = \"redirect\"; mailbox = \"Quarantine@b\xc3\xbc"
    "cher.example\"; };\n"
    "subject_prefix = \"[\\\"suspicious\\\" \\\\o/]\";\n"
    "reject_text = \"no\";\n"
    "protected: { senders = [ \"CEO@example.com\", \" Alice \\\"A\\\" Liddell<Alice@Example.org> "
    "\", "
    "\"Bob\", \".example.net\" ]; well_known = \"/etc/known\"; recipients = [ \"cfo@example.com\", "
    "\"<>\" "
    "];\n"
    "  action = \"reject\"; };\n"
    "policies = (\n"
    "  { name = \"finance\"; recipients = [ \"cfo@example.com\" ]; senders = [ \".example.org\" "
    "];\n"
    "    clients = [ \"198.51.100.0/24\" ]; direction = \"any\"; mode = \"enforce\";\n"
    "    thresholds: { trusted = 0.95; untrusted = 0.5; };\n"
    "    actions: { trusted = \"accept\"; suspicious = \"tag\"; untrusted = \"discard\"; };\n"
    "    quarantine: { method = \"hold\"; mailbox = \"q@example.com\"; };\n"
    "    subject_prefix = \"[finance]\"; },\n"
    "  { name = \"rest\"; }\n"
    ");\n"
    "store = \"redis://127.0.0.1:6379/0\";\n"
    "redis: { user = \"vouch\"; password_file = \"/etc/vouch/redis\"; };\n"
    "dns: { servers = [ \"192.0.2.53\", \"2001:DB8::53@5353\" ]; trust_anchor = \"/etc/key\"; };\n"
    "public_suffix_list = \"/etc/psl\";\n"
    "learn = false;\n"
    "journal: { directory = \"\"; writer = \"mx1.example.com\"; sync = \"always\"; interval = "
    "\"1s\";\n"
    "  segment_size = \"1M\"; segment_age = \"90s\"; keep_age = \"0s\"; keep_size = \"0B\";\n"
    "  memory = \"1M\"; pseudonym_key = \"/etc/vouch/key\"; };\n"
    "labels: { traps = [ \"Trap@example.com\" ]; filter_good = [ \"X-Spam-Flag:no\" ];\n"
    "  filter_bad = [ \"X-Spam-Flag:  YES* \", \"X-Spamd-Result: *: True *\" ];\n"
    "  delivery_after = \"0s\"; weights: { person = 2; delivery = 0; }; };\n"
    "deadlines: { message = \"3s\"; dns = \"2s\"; store = \"150ms\"; };\n"
    "limits: { header_fields = 500; header_bytes = \"100000B\"; hops = 30; recipients = 100;\n"
    "  body = \"1M\"; signatures = 3; dns_queries = 99; };\n"
    "half_life = \"30d\"; prior = 2.5;\n"
    "weights: { bias = 1; host = 0.1234567890123; network = 2; };\n"
    "milter: { socket = \"inet:8891@127.0.0.1\"; socket_mode = \"0600\"; socket_group = "
    "\"postfix\";\n"
    "  user = \"vouch\"; pid_file = \"/run/vouch.pid\"; seccomp = false; };\n"
    "metrics: { listen = \"[2001:db8::25]:9117\"; allow_remote = true; };\n"
    "log: { to = \"stderr\"; level = \"debug\"; };\n";

static void every_key(void **state)
{
    (void)state;
    struct settings *s = good(everything);
    assert_int_equal(s->mode, MODE_OBSERVE);
    assert_string_equal(s->authserv_id, "mx.example.com");
    assert_int_equal(s->local_domains.count, 2);
    assert_int_equal(s->trusted_relay_count, 2);
    assert_int_equal(s->trusted_relays[0].prefix, 32);
    assert_int_equal(s->internal_count, 2);
    assert_true(s->trusted == 0.8 && s->untrusted == 0.2);
    assert_int_equal(s->actions[CLASS_UNTRUSTED], ACTION_REJECT);
    assert_int_equal(s->on_failure, ACTION_TEMPFAIL);
    assert_int_equal(s->quarantine, QUARANTINE_REDIRECT);
    assert_string_equal(s->quarantine_mailbox, "Quarantine@xn--bcher-kva.example");
    assert_string_equal(s->subject_prefix, "[\"suspicious\" \\o/]");
    assert_int_equal(s->protected_senders.count, 3);
    assert_string_equal(s->protected_senders.patterns[0], "ceo@example.com");
    assert_string_equal(s->protected_senders.patterns[1], "alice@example.org");
    assert_int_equal(s->protected_count, 4);
    assert_string_equal(s->protected_list[1].name, "Alice \"A\" Liddell");
    assert_string_equal(s->protected_list[2].name, "Bob");
    assert_null(s->protected_list[2].own);
    assert_string_equal(s->well_known, "/etc/known");
    assert_int_equal(s->guarded->name_count, 2);
    assert_int_equal(s->protected_recipients.count, 2);
    assert_int_equal(s->protected_action, ACTION_REJECT);

    assert_int_equal(s->policy_count, 2);
    const struct policy *p = &s->policies[0];
    assert_string_equal(p->name, "finance");
    assert_int_equal(p->line, 15);
    assert_int_equal(p->recipients.count, 1);
    assert_int_equal(p->client_count, 1);
    assert_int_equal(p->direction, DIRECTION_ANY);
    assert_int_equal(p->mode, MODE_ENFORCE);
    assert_true(p->trusted == 0.95 && p->untrusted == 0.5);
    assert_int_equal(p->actions[CLASS_UNTRUSTED], ACTION_DISCARD);
    assert_int_equal(p->quarantine, QUARANTINE_HOLD);
    assert_string_equal(p->quarantine_mailbox, "q@example.com");
    assert_string_equal(p->subject_prefix, "[finance]");
    p++;
    assert_int_equal(p->recipients.count + p->senders.count + p->client_count, 0);
    assert_int_equal(p->direction, DIRECTION_INBOUND);
    assert_int_equal(p->mode, -1);
    assert_true(isnan(p->trusted) && isnan(p->untrusted));
    assert_int_equal(p->actions[CLASS_TRUSTED], ACTION_NONE);
    assert_int_equal(p->quarantine, -1);
    assert_null(p->quarantine_mailbox);
    assert_null(p->subject_prefix);

    assert_string_equal(s->store, "redis://127.0.0.1:6379/0");
    assert_string_equal(s->store_user, "vouch");
    assert_string_equal(s->store_password_file, "/etc/vouch/redis");
    assert_int_equal(s->dns_server_count, 2);
    assert_string_equal(s->dns_servers[1], "2001:db8::53@5353");
    assert_string_equal(s->dns_trust_anchor, "/etc/key");
    assert_string_equal(s->public_suffix_list, "/etc/psl");
    assert_false(s->learn);
    assert_string_equal(s->journal_dir, "");
    assert_string_equal(s->journal_writer, "mx1.example.com");
    assert_int_equal(s->journal_sync, 1);
    assert_int_equal(s->journal_interval_ms, 1000);
    assert_int_equal(s->journal_segment_bytes, 1 << 20);
    assert_int_equal(s->journal_segment_age_s, 90);
    assert_int_equal(s->journal_keep_age_s + s->journal_keep_bytes, 0);
    assert_int_equal(s->journal_memory, 1 << 20);
    assert_string_equal(s->pseudonym_key, "/etc/vouch/key");
    assert_string_equal(s->traps.patterns[0], "trap@example.com");
    assert_int_equal(s->filter_good_count, 1);
    assert_string_equal(s->filter_good[0], "X-Spam-Flag: no");
    assert_int_equal(s->filter_bad_count, 2);
    assert_string_equal(s->filter_bad[0], "X-Spam-Flag: YES*");
    assert_int_equal(s->delivery_after_s, 0);
    assert_true(s->label_weights[LABEL_PERSON] == 2 && s->label_weights[LABEL_DELIVERY] == 0);
    assert_int_equal(s->store_deadline_ms, 150);
    assert_int_equal(s->limits.fields, 500);
    assert_int_equal(s->limits.header_bytes, 100000);
    assert_int_equal(s->limits.hops, 30);
    assert_int_equal(s->limits.recipients, 100);
    assert_int_equal(s->max_body, 1048576);
    assert_int_equal(s->max_signatures, 3);
    assert_int_equal(s->max_queries, 99);
    assert_true(s->trust.half_life == 30 * 86400.0 && s->trust.prior == 2.5);
    assert_true(s->trust.bias == 1 && s->trust.w[TW_HOST] == 0.1234567890123);
    assert_string_equal(s->socket, "inet:8891@127.0.0.1");
    assert_int_equal(s->socket_mode, 0600);
    assert_string_equal(s->socket_group, "postfix");
    assert_string_equal(s->user, "vouch");
    assert_string_equal(s->pid_file, "/run/vouch.pid");
    assert_false(s->seccomp);
    assert_string_equal(s->metrics_listen, "[2001:db8::25]:9117");
    assert_true(s->metrics_allow_remote);
    assert_string_equal(s->log, "stderr");
    assert_int_equal(s->log_level, 3);
    settings_unref(&s);
}

static void shorter_whole_shortens_its_parts(void **state)
{
    (void)state;
    struct settings *s = good("deadlines: { message = \"150ms\"; };");
    assert_int_equal(s->message_deadline_ms, 150);
    assert_int_equal(s->dns_deadline_ms, 150);
    assert_int_equal(s->store_deadline_ms, 150);
    settings_unref(&s);
}

static char *write_text(const struct settings *s)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    assert_int_equal(settings_write(s, out), 0);
    fclose(out);
    return text;
}

/* What `vouch config show` prints is a file that means the same. */
static void written_reads_back(void **state)
{
    (void)state;
    static const char *const table[] = {"", everything};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct settings *s = good(table[i]);
        char *text = write_text(s);
        struct settings *again = good(text);
        char *again_text = write_text(again);
        assert_string_equal(text, again_text);
        assert_int_equal(s->policy_count, again->policy_count);
        assert_true(s->trust.w[TW_HOST] == again->trust.w[TW_HOST]);
        free(text);
        free(again_text);
        settings_unref(&again);
        settings_unref(&s);
    }
}

/* A model's fitted weights count where the file sets none of its own; half-life and prior are the file's. */
static void fitted_weights_give_way(void **state)
{
    (void)state;
    struct settings *s = good("most_for = 6; weights: { host = 1.1; };");
    struct trust_params fitted = {.bias = 1, .half_life = 1, .prior = 99, .most_for = 9};
    for (int w = 0; w < TW_COUNT; w++)
        fitted.w[w] = 0.125;
    struct trust_params p = settings_trust(s, &fitted), own = settings_trust(s, NULL);
    assert_memory_equal(&own, &s->trust, sizeof own);
    assert_true(p.bias == 1 && p.most_for == 6);
    assert_true(p.w[TW_HOST] == 1.1 && p.w[TW_NETWORK] == 0.125);
    assert_true(p.w[TW_COUNT - 1] == 0.125);
    assert_true(p.half_life == s->trust.half_life && p.prior == s->trust.prior);
    char *text = write_text(s);
    struct settings *again = good(text);
    assert_memory_equal(again->trust_set, s->trust_set, sizeof s->trust_set);
    free(text);
    settings_unref(&again);
    settings_unref(&s);
}

static void keys_are_the_schema(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    const struct settings_key *keys;
    size_t count;
    assert_int_equal(settings_keys(arena, &keys, &count), 0);
    struct settings *s = settings_default();
    char *text = write_text(s);
    for (size_t i = 0; i < count; i++) {
        const struct settings_key *k = &keys[i];
        assert_non_null(k->type);
        assert_non_null(k->help);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(k->path, keys[j].path);
        /* what it calls the default is what is in force without a file */
        const char *dot = strrchr(k->path, '.');
        char line[300];
        snprintf(line, sizeof line, "%s = %s;\n", dot ? dot + 1 : k->path, k->def ? k->def : "");
        if (k->def && strncmp(k->path, "policies[]", 10) != 0 && !strstr(text, line))
            fail_msg("not in force: %s", line);
    }
    assert_true(count > 60);
    free(text);
    settings_unref(&s);
    arena_free(&arena);
    arena = arena_new(100);
    assert_int_not_equal(settings_keys(arena, &keys, &count), 0);
    arena_free(&arena);
}

static void references(void **state)
{
    (void)state;
    struct settings *s = settings_default(), *other = settings_ref(s);
    assert_ptr_equal(s, other);
    settings_unref(&s);
    assert_null(s);
    assert_int_equal(other->mode, MODE_ENFORCE);
    settings_unref(&other);
    settings_unref(&other);
    assert_null(settings_ref(NULL));
}

/* A shadow judges by its own rules, and finds everything where the other has it. */
static void a_shadow_has_only_its_judgement(void **state)
{
    (void)state;
    struct settings *s = good("authserv_id = \"mx.example.com\"; internal = [ \"192.0.2.0/24\" ]; "
                              "store = \"memory:\"; half_life = \"10d\"; most_for = 3; "
                              "journal: { directory = \"/j\"; };");
    struct settings *shadow =
        good("internal = [ \"198.51.100.0/24\" ]; store = \"none\"; half_life = \"20d\"; "
             "mode = \"observe\"; thresholds: { trusted = 0.8; }; weights: { bias = 2; }; "
             "protected: { recipients = [ \"a@example.com\" ]; }; shadow = \"/none\"; "
             "policies = ( { name = \"p\"; } );");
    settings_set_shadow(s, shadow);
    assert_ptr_equal(s->shadow, shadow);
    assert_int_equal(shadow->mode, MODE_OBSERVE);
    assert_true(shadow->trusted == 0.8 && s->trusted == 0.9);
    assert_true(shadow->trust.bias == 2 && shadow->trust.most_for != 3);
    assert_true(shadow->trust.half_life == s->trust.half_life);
    assert_int_equal(shadow->policy_count, 1);
    assert_int_equal(shadow->protected_recipients.count, 1);
    assert_string_equal(shadow->authserv_id, "mx.example.com");
    assert_ptr_equal(shadow->internal, s->internal);
    assert_string_equal(shadow->store, "memory:");
    assert_string_equal(shadow->journal_dir, "/j");
    assert_null(shadow->shadow_file);
    assert_null(shadow->shadow);
    settings_unref(&s); /* and the shadow with it */
}

/* Mail is collected where it may be stored, and nowhere else. */
static void what_may_store(void **state)
{
    static const struct {
        const char *text;
        bool may;
    } table[] = {
        {"", false},
        {"quarantine: { method = \"store\"; };", true},
        {"mode = \"observe\"; quarantine: { method = \"store\"; };", false},
        {"policies = ( { name = \"a\"; quarantine: { method = \"store\"; }; } );", true},
        {"policies = ( { name = \"a\"; mode = \"observe\";"
         " quarantine: { method = \"store\"; }; } );",
         false},
        {"mode = \"observe\"; quarantine: { method = \"store\"; };"
         "policies = ( { name = \"a\"; mode = \"enforce\"; } );",
         true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct settings_error *errors = NULL;
        size_t count = 0;
        struct settings *s =
            settings_parse(table[i].text, strlen(table[i].text), "test.conf", &errors, &count);
        assert_non_null(s);
        if (settings_may_store(s) != table[i].may)
            fail_msg("%s", table[i].text);
        settings_unref(&s);
    }
}

static void words(void **state)
{
    (void)state;
    assert_string_equal(trust_class_name(CLASS_SUSPICIOUS), "suspicious");
    assert_string_equal(action_name(ACTION_DISCARD), "discard");
    assert_string_equal(action_name(ACTION_NONE), "unknown");
    assert_string_equal(action_name(ACTION_COUNT), "unknown");
    assert_string_equal(mode_name(MODE_OBSERVE), "observe");
    assert_string_equal(quarantine_method_name(QUARANTINE_REDIRECT), "redirect");
    assert_string_equal(quarantine_method_name(QUARANTINE_STORE), "store");
    assert_string_equal(direction_name(DIRECTION_ANY), "any");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syntax),
        cmocka_unit_test(syntax_that_is_taken),
        cmocka_unit_test(unknown_keys),
        cmocka_unit_test(values),
        cmocka_unit_test(policies),
        cmocka_unit_test(policies_that_are_taken),
        cmocka_unit_test(all_mistakes_at_once),
        cmocka_unit_test(hostile_files),
        cmocka_unit_test(limits),
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_key),
        cmocka_unit_test(shorter_whole_shortens_its_parts),
        cmocka_unit_test(written_reads_back),
        cmocka_unit_test(fitted_weights_give_way),
        cmocka_unit_test(keys_are_the_schema),
        cmocka_unit_test(references),
        cmocka_unit_test(a_shadow_has_only_its_judgement),
        cmocka_unit_test(what_may_store),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
