/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "decision.h"

#define MAX_RCPTS 5

/* One message under one file. What is NULL or 0 is not given, or not looked at. */
struct decision_case {
    const char *name;
    const char *conf;
    double trust;
    const char *rcpts[MAX_RCPTS];
    const char *sender; /* default a@example.net */
    const char *author; /* default as the sender */
    const char *ip;     /* default 203.0.113.5 */
    const char *user;
    unsigned flags;
    bool not_judged;
    /* what is expected */
    enum action action;
    const char *policy; /* NULL: none */
    const char *says;   /* in the reason */
    bool observe, mixed;
    enum action rcpt_actions[MAX_RCPTS]; /* looked at if says_each */
    enum rcpt_effect effects[MAX_RCPTS];
    bool each;
};

static struct settings *parse(const char *conf)
{
    struct settings_error *errors = NULL;
    size_t count = 0;
    struct settings *s = settings_parse(conf, strlen(conf), "test", &errors, &count);
    for (size_t i = 0; i < count; i++)
        print_message("#   %d: %s\n", errors[i].line, errors[i].text);
    settings_errors_free(&errors, count);
    assert_non_null(s);
    return s;
}

static void fill_message(struct message *m, struct arena *arena, const struct decision_case *t)
{
    static const struct message_limits limits = {100, 10000, 10, 100};
    const char *sender = t->sender ? t->sender : "a@example.net";
    const char *author = t->author ? t->author : sender;
    const char *ip = t->ip ? t->ip : "203.0.113.5";
    message_init(m, arena, &limits);
    assert_int_equal(ipaddr_parse(span_of(ip), &m->env.ip), 0);
    m->env.sender = sender;
    m->env.user = t->user;
    for (size_t i = 0; i < MAX_RCPTS && t->rcpts[i]; i++)
        assert_int_equal(message_add_rcpt(m, t->rcpts[i]), 0);
    assert_int_equal(message_add_field(m, SPAN_LIT("From"), span_of(author)), 0);
    assert_int_equal(message_scan(m, NULL, NULL, 0), 0);
}

static void one_case(const struct decision_case *t)
{
    struct settings *s = parse(t->conf);
    struct arena *arena = arena_new(1 << 20);
    struct message m;
    struct decision d;
    struct trust_result trust = {.trust = t->trust, .flags = t->flags};
    fill_message(&m, arena, t);
    print_message("# %s\n", t->name);
    assert_int_equal(decide(arena, s, &m, &trust, !t->not_judged, &d), 0);
    print_message("#   %s: %s\n", action_name(d.action), d.reason);
    assert_string_equal(action_name(d.action), action_name(t->action));
    assert_string_equal(d.policy ? d.policy->name : "none", t->policy ? t->policy : "none");
    assert_int_equal(d.mode, t->observe ? MODE_OBSERVE : MODE_ENFORCE);
    assert_int_equal(d.mixed, t->mixed);
    assert_int_equal(d.rcpt_count, m.env.rcpt_count);
    assert_null(decision_trusted_if(arena, s, &trust, &d)); /* nothing was summed */
    if (t->says && !strstr(d.reason, t->says))
        fail_msg("does not say: %s", t->says);
    for (size_t i = 0; i < d.rcpt_count; i++) {
        assert_string_equal(d.rcpts[i].rcpt, t->rcpts[i]);
        assert_non_null(d.rcpts[i].reason);
        if (!t->each)
            continue;
        assert_string_equal(action_name(d.rcpts[i].action), action_name(t->rcpt_actions[i]));
        assert_int_equal(d.rcpts[i].effect, t->effects[i]);
    }
    arena_free(&arena);
    settings_unref(&s);
}

#define ALL(table)                                                                                 \
    for (size_t i_ = 0; i_ < sizeof(table) / sizeof *(table); i_++)                                \
    one_case(&(table)[i_])

#define ONE                                                                                        \
    {                                                                                              \
        "u@example.com"                                                                            \
    }
#define CFO                                                                                        \
    {                                                                                              \
        "cfo@example.com"                                                                          \
    }
#define BOTH                                                                                       \
    {                                                                                              \
        "u@example.com", "cfo@example.com"                                                         \
    }

static void classes(void **state)
{
    (void)state;
    static const struct decision_case table[] = {
        {"trusted", "", 0.95, ONE, .action = ACTION_ACCEPT,
         .says = "trusted (0.950): trusted mail is"},
        {"at the threshold", "", 0.9, ONE, .action = ACTION_ACCEPT},
        {"below it", "", 0.899, ONE, .action = ACTION_TAG,
         .says = "suspicious (0.899): suspicious"},
        {"at the lower threshold", "", 0.1, ONE, .action = ACTION_TAG},
        {"below that", "", 0.0999, ONE, .action = ACTION_QUARANTINE, .says = "untrusted (0.100)"},
        {"one threshold for both", "thresholds: { trusted = 0.5; untrusted = 0.5; };", 0.4999, ONE,
         .action = ACTION_QUARANTINE},
        {"the file's thresholds", "thresholds: { trusted = 0.4; untrusted = 0.2; };", 0.4, ONE,
         .action = ACTION_ACCEPT},
        {"the file's actions", "actions: { untrusted = \"reject\"; };", 0.01, ONE,
         .action = ACTION_REJECT, .says = "untrusted mail is rejected"},
        {"observe", "mode = \"observe\";", 0.01, ONE, .action = ACTION_QUARANTINE, .observe = true},
        {"null sender", "", 0.5, ONE, .sender = "", .author = "mailer-daemon@example.net",
         .action = ACTION_TAG},
        {"no recipients", "", 0.01, {0}, .action = ACTION_QUARANTINE},
        {"no author", "", 0.5, ONE, .author = "nobody", .action = ACTION_TAG},
    };
    ALL(table);
}

static void not_judged(void **state)
{
    (void)state;
    static const struct decision_case table[] = {
        {"accept", "", 0, ONE, .not_judged = true, .action = ACTION_ACCEPT,
         .says = "could not be judged: on_failure accepts it"},
        {"tempfail", "on_failure = \"tempfail\";", 0, ONE, .not_judged = true,
         .action = ACTION_TEMPFAIL, .says = "on_failure defers it"},
        {"quarantine", "on_failure = \"quarantine\";", 0, ONE, .not_judged = true,
         .action = ACTION_QUARANTINE},
        {"a policy's actions do not count",
         "policies = ( { name = \"p\"; actions: { suspicious ="
         "\"reject\"; untrusted = \"reject\"; }; } );",
         0, ONE, .not_judged = true, .action = ACTION_ACCEPT, .policy = "p"},
        {"a policy's mode does",
         "on_failure = \"tempfail\"; policies = ( { name = \"p\"; mode ="
         "\"observe\"; } );",
         0, ONE, .not_judged = true, .action = ACTION_TEMPFAIL, .policy = "p", .observe = true},
        {"nobody is protected", "protected: { recipients = [ \"*\" ]; };", 0, ONE,
         .not_judged = true, .action = ACTION_ACCEPT},
        {"outbound", "on_failure = \"tempfail\";", 0, ONE, .user = "u", .not_judged = true,
         .action = ACTION_ACCEPT, .says = "outbound"},
    };
    ALL(table);
}

#define POLICY(matches)                                                                            \
    "policies = ( { name = \"p\"; " matches                                                        \
    " actions: { trusted = \"reject\"; suspicious = \"reject\"; untrusted = \"reject\"; }; } );"
#define HIT  .action = ACTION_REJECT, .policy = "p"
#define MISS .action = ACTION_TAG

static void policies_match(void **state)
{
    (void)state;
    static const struct decision_case table[] = {
        {"all", POLICY(""), 0.5, ONE, HIT,
         .says = "policy 'p' rejects suspicious mail to u@example.com"},
        {"recipient", POLICY("recipients = [ \"U@example.com\" ];"), 0.5, ONE, HIT},
        {"other recipient", POLICY("recipients = [ \"v@example.com\" ];"), 0.5, ONE, MISS},
        {"recipient's domain", POLICY("recipients = [ \"v@example.com\", \"example.com\" ];"), 0.5,
         ONE, HIT},
        {"envelope sender", POLICY("senders = [ \"example.net\" ];"), 0.5, ONE,
         .author = "x@example.org", HIT},
        {"author", POLICY("senders = [ \"example.org\" ];"), 0.5, ONE, .author = "x@example.org",
         HIT},
        {"neither", POLICY("senders = [ \"example.com\" ];"), 0.5, ONE, .author = "x@example.org",
         MISS},
        {"null sender", POLICY("senders = [ \"<>\" ];"), 0.5, ONE, .sender = "",
         .author = "m@example.net", HIT},
        {"not the null sender", POLICY("senders = [ \"<>\" ];"), 0.5, ONE, MISS},
        {"star and null sender", POLICY("senders = [ \"*\" ];"), 0.5, ONE, .sender = "",
         .author = "nobody", HIT},
        {"client", POLICY("clients = [ \"203.0.113.0/24\" ];"), 0.5, ONE, HIT},
        {"other client", POLICY("clients = [ \"198.51.100.0/24\" ];"), 0.5, ONE, MISS},
        {"client, IPv6", POLICY("clients = [ \"2001:db8::/32\" ];"), 0.5, ONE, .ip = "2001:db8::5",
         HIT},
        {"all three",
         POLICY("recipients = [ \"*\" ]; senders = [ \"example.net\" ]; clients ="
                "[ \"203.0.113.5\" ];"),
         0.5, ONE, HIT},
        {"all three but one",
         POLICY("recipients = [ \"*\" ]; senders = [ \"example.net\" ]; clients ="
                "[ \"203.0.113.6\" ];"),
         0.5, ONE, MISS},
        {"no recipients and a policy for all",
         POLICY(""),
         0.5,
         {0},
         HIT,
         .says = "rejects suspicious mail"},
        {"no recipients and a policy for some",
         POLICY("recipients = [ \"example.com\" ];"),
         0.5,
         {0},
         MISS},
        {"recipient with quotes",
         POLICY("recipients = [ \"\\\"a b\\\"@example.com\" ];"),
         0.5,
         {"\"A b\"@example.com"},
         HIT},
        {"recipient with IDN",
         POLICY("recipients = [ \"b\xc3\xbc"
                "cher.example\" ];"),
         0.5,
         {"a@xn--bcher-kva.example"},
         HIT},
        {"outbound only", POLICY("direction = \"outbound\";"), 0.5, ONE, MISS},
        {"any direction", POLICY("direction = \"any\";"), 0.5, ONE, HIT},
    };
    ALL(table);
}

static void policies_decide(void **state)
{
    (void)state;
    static const struct decision_case table[] = {
        {"the first that matches",
         "policies = ( { name = \"a\"; recipients = [ \"u@example.com\" ]; actions: { suspicious ="
         "\"reject\"; }; }, { name = \"b\"; actions: { suspicious = \"discard\"; }; } );",
         0.5, ONE, .action = ACTION_REJECT, .policy = "a"},
        {"not the second although the first is silent",
         "policies = ( { name = \"a\"; recipients = [ \"u@example.com\" ]; actions: { untrusted ="
         "\"reject\"; }; }, { name = \"b\"; actions: { suspicious = \"discard\"; }; } );",
         0.5, ONE, .action = ACTION_TAG, .policy = "a",
         .says = "policy 'a' does not say otherwise"},
        {"its thresholds", "policies = ( { name = \"p\"; thresholds: { trusted = 0.3; }; } );", 0.5,
         ONE, .action = ACTION_ACCEPT, .policy = "p"},
        {"its lower threshold",
         "policies = ( { name = \"p\"; thresholds: { untrusted = 0.6; }; } );", 0.5, ONE,
         .action = ACTION_QUARANTINE, .policy = "p", .says = "untrusted (0.500)"},
        {"its mode", "policies = ( { name = \"p\"; mode = \"observe\"; } );", 0.01, ONE,
         .action = ACTION_QUARANTINE, .policy = "p", .observe = true},
        {"its mode against the file's",
         "mode = \"observe\"; policies = ( { name = \"p\"; mode = \"enforce\"; } );", 0.01, ONE,
         .action = ACTION_QUARANTINE, .policy = "p"},
        {"more lenient than the file",
         "policies = ( { name = \"p\"; actions: { untrusted ="
         "\"accept\"; }; } );",
         0.01, ONE, .action = ACTION_ACCEPT, .policy = "p",
         .says = "policy 'p' accepts untrusted mail to u@example.com"},
    };
    ALL(table);
}

static void outbound(void **state)
{
    (void)state;
    static const struct decision_case table[] = {
        {"authenticated", "", 0.01, ONE, .user = "alice", .action = ACTION_ACCEPT,
         .says = "outbound mail is accepted: alice is authenticated"},
        {"internal", "internal = [ \"203.0.113.0/24\" ];", 0.01, ONE, .action = ACTION_ACCEPT,
         .says = "203.0.113.5 is in 'internal'"},
        {"no name is no authentication", "", 0.01, ONE, .user = "", .action = ACTION_QUARANTINE},
        {"not by an inbound policy", POLICY(""), 0.01, ONE, .user = "alice",
         .action = ACTION_ACCEPT},
        {"not by protection", "protected: { recipients = [ \"*\" ]; };", 0.01, ONE, .user = "alice",
         .flags = FLAG_PROTECTED_SENDER, .action = ACTION_ACCEPT},
        {"by an outbound policy", POLICY("direction = \"outbound\";"), 0.5, ONE, .user = "alice",
         HIT, .says = "outbound, suspicious (0.500): policy 'p' rejects"},
        {"by a policy for any", POLICY("direction = \"any\";"), 0.5, ONE, .user = "alice", HIT},
        {"a policy without an action does not take the file's",
         "policies = ( { name = \"p\"; direction = \"any\"; } );", 0.01, ONE, .user = "alice",
         .action = ACTION_ACCEPT, .policy = "p"},
    };
    ALL(table);
}

#define PROTECT                                                                                    \
    "protected: { senders = [ \"ceo@example.com\" ]; recipients = [ \"cfo@example.com\" ]; };"

static void protected_addresses(void **state)
{
    (void)state;
    static const struct decision_case table[] = {
        {"sender, not proven", PROTECT, 0.5, ONE, .author = "ceo@example.com",
         .flags = FLAG_PROTECTED_SENDER, .action = ACTION_QUARANTINE,
         .says = "does not prove the protected sender ceo@example.com and is quarantined"},
        {"sender, only shown", PROTECT, 0.5, ONE, .author = "x@example.net",
         .flags = FLAG_PROTECTED_SENDER, .action = ACTION_QUARANTINE,
         .says = "From shows a protected sender beside its author, and it is quarantined"},
        {"sender, proven", PROTECT, 0.5, ONE, .author = "ceo@example.com", .action = ACTION_TAG},
        {"sender, trusted all the same", PROTECT, 0.95, ONE, .author = "ceo@example.com",
         .flags = FLAG_PROTECTED_SENDER, .action = ACTION_ACCEPT},
        {"recipient", PROTECT, 0.5, CFO, .action = ACTION_QUARANTINE,
         .says = "is for the protected recipient cfo@example.com and is quarantined"},
        {"recipient, trusted", PROTECT, 0.95, CFO, .action = ACTION_ACCEPT},
        {"other recipient", PROTECT, 0.5, ONE, .action = ACTION_TAG},
        {"one of two recipients", PROTECT, 0.5, BOTH, .action = ACTION_QUARANTINE, .mixed = true,
         .each = true, .rcpt_actions = {ACTION_TAG, ACTION_QUARANTINE}},
        {"at least, not at most", PROTECT "actions: { untrusted = \"reject\"; };", 0.01, CFO,
         .action = ACTION_REJECT, .says = "untrusted mail is rejected"},
        {"stands above a lenient policy",
         PROTECT "policies = ( { name = \"p\"; actions: { suspicious = \"accept\"; }; } );", 0.5,
         CFO, .action = ACTION_QUARANTINE, .policy = "p", .says = "protected recipient"},
        {"another action",
         "protected: { recipients = [ \"example.com\" ]; action = \"tempfail\"; };", 0.5, CFO,
         .action = ACTION_TEMPFAIL, .says = "and is deferred"},
        {"no recipients", PROTECT, 0.5, {0}, .action = ACTION_TAG},
    };
    ALL(table);
}

/* Recipients a@ ... f@ get the action their name says; "h" holds, "r" redirects. */
#define SEVERAL                                                                                    \
    "quarantine: { mailbox = \"q@example.com\"; };"                                                \
    "policies = ("                                                                                 \
    "{ name = \"accept\"; recipients = [ \"accept@example.com\" ]; actions: { suspicious ="        \
    "\"accept\"; }; },"                                                                            \
    "{ name = \"hold\"; recipients = [ \"hold@example.com\" ]; actions: { suspicious ="            \
    "\"quarantine\"; }; },"                                                                        \
    "{ name = \"redirect\"; recipients = [ \"redirect@example.com\" ]; actions: { suspicious ="    \
    "\"quarantine\"; }; quarantine: { method = \"redirect\"; }; },"                                \
    "{ name = \"other\"; recipients = [ \"other@example.com\" ]; actions: { suspicious ="          \
    "\"quarantine\"; }; quarantine: { method = \"redirect\"; mailbox = \"o@example.com\"; }; },"   \
    "{ name = \"store\"; recipients = [ \"store@example.com\" ]; actions: { suspicious ="          \
    "\"quarantine\"; }; quarantine: { method = \"store\"; }; },"                                   \
    "{ name = \"tempfail\"; recipients = [ \"tempfail@example.com\" ]; actions: { suspicious ="    \
    "\"tempfail\"; }; },"                                                                          \
    "{ name = \"reject\"; recipients = [ \"reject@example.com\" ]; actions: { suspicious ="        \
    "\"reject\"; }; },"                                                                            \
    "{ name = \"discard\"; recipients = [ \"discard@example.com\" ]; actions: { suspicious ="      \
    "\"discard\"; }; },"                                                                           \
    "{ name = \"observe\"; recipients = [ \"observe@example.com\" ]; mode = \"observe\"; actions:" \
    "{ suspicious = \"reject\"; }; } );"

static void several_recipients(void **state)
{
    (void)state;
    static const struct decision_case table[] = {
        {"alike", SEVERAL, 0.5, {"u@example.com", "v@example.com"}, .action = ACTION_TAG},
        {"tag applies to all",
         SEVERAL,
         0.5,
         {"accept@example.com", "u@example.com"},
         .action = ACTION_TAG,
         .mixed = true,
         .says = "; other recipients differ",
         .each = true,
         .rcpt_actions = {ACTION_ACCEPT, ACTION_TAG}},
        {"hold applies to all",
         SEVERAL,
         0.5,
         {"accept@example.com", "hold@example.com"},
         .action = ACTION_QUARANTINE,
         .policy = "hold",
         .mixed = true,
         .each = true,
         .rcpt_actions = {ACTION_ACCEPT, ACTION_QUARANTINE}},
        {"reject is stricter than tempfail and hold",
         SEVERAL,
         0.5,
         {"hold@example.com", "reject@example.com", "tempfail@example.com"},
         .action = ACTION_REJECT,
         .policy = "reject",
         .mixed = true},
        {"tempfail is stricter than hold",
         SEVERAL,
         0.5,
         {"hold@example.com", "tempfail@example.com"},
         .action = ACTION_TEMPFAIL,
         .policy = "tempfail",
         .mixed = true},
        {"redirect takes out its own",
         SEVERAL,
         0.5,
         {"redirect@example.com", "accept@example.com"},
         .action = ACTION_ACCEPT,
         .policy = "accept",
         .mixed = true,
         .each = true,
         .rcpt_actions = {ACTION_QUARANTINE, ACTION_ACCEPT},
         .effects = {RCPT_REDIRECTED, RCPT_STAYS}},
        {"redirect alone",
         SEVERAL,
         0.5,
         {"redirect@example.com"},
         .action = ACTION_QUARANTINE,
         .policy = "redirect",
         .each = true,
         .rcpt_actions = {ACTION_QUARANTINE},
         .effects = {RCPT_REDIRECTED}},
        {"store takes out its own",
         SEVERAL,
         0.5,
         {"store@example.com", "accept@example.com"},
         .action = ACTION_ACCEPT,
         .policy = "accept",
         .mixed = true,
         .each = true,
         .rcpt_actions = {ACTION_QUARANTINE, ACTION_ACCEPT},
         .effects = {RCPT_STORED, RCPT_STAYS}},
        {"store and redirect",
         SEVERAL,
         0.5,
         {"store@example.com", "redirect@example.com"},
         .action = ACTION_QUARANTINE,
         .policy = "store",
         .mixed = true,
         .each = true,
         .rcpt_actions = {ACTION_QUARANTINE, ACTION_QUARANTINE},
         .effects = {RCPT_STORED, RCPT_REDIRECTED}},
        {"store beside reject",
         SEVERAL,
         0.5,
         {"store@example.com", "reject@example.com"},
         .action = ACTION_REJECT,
         .policy = "reject",
         .mixed = true},
        {"redirects to two mailboxes",
         SEVERAL,
         0.5,
         {"redirect@example.com", "other@example.com"},
         .action = ACTION_QUARANTINE,
         .policy = "redirect",
         .mixed = true,
         .each = true,
         .rcpt_actions = {ACTION_QUARANTINE, ACTION_QUARANTINE},
         .effects = {RCPT_REDIRECTED, RCPT_REDIRECTED}},
        {"redirect beside hold",
         SEVERAL,
         0.5,
         {"redirect@example.com", "hold@example.com"},
         .action = ACTION_QUARANTINE,
         .policy = "hold",
         .mixed = true,
         .each = true,
         .rcpt_actions = {ACTION_QUARANTINE, ACTION_QUARANTINE},
         .effects = {RCPT_REDIRECTED, RCPT_STAYS}},
        {"discard all",
         SEVERAL,
         0.5,
         {"discard@example.com"},
         .action = ACTION_DISCARD,
         .policy = "discard",
         .each = true,
         .rcpt_actions = {ACTION_DISCARD},
         .effects = {RCPT_REMOVED}},
        {"discard removes its own",
         SEVERAL,
         0.5,
         {"discard@example.com", "u@example.com"},
         .action = ACTION_TAG,
         .mixed = true,
         .each = true,
         .rcpt_actions = {ACTION_DISCARD, ACTION_TAG},
         .effects = {RCPT_REMOVED, RCPT_STAYS}},
        {"discard does not swallow a reject",
         SEVERAL,
         0.5,
         {"discard@example.com", "reject@example.com"},
         .action = ACTION_REJECT,
         .policy = "reject",
         .mixed = true},
        {"discard and redirect",
         SEVERAL,
         0.5,
         {"discard@example.com", "redirect@example.com"},
         .action = ACTION_QUARANTINE,
         .policy = "redirect",
         .mixed = true,
         .each = true,
         .rcpt_actions = {ACTION_DISCARD, ACTION_QUARANTINE},
         .effects = {RCPT_REMOVED, RCPT_REDIRECTED}},
        {"who only observes does not count",
         SEVERAL,
         0.5,
         {"observe@example.com", "u@example.com"},
         .action = ACTION_TAG,
         .mixed = true,
         .each = true,
         .rcpt_actions = {ACTION_REJECT, ACTION_TAG}},
        {"but stays",
         SEVERAL,
         0.5,
         {"observe@example.com", "discard@example.com"},
         .action = ACTION_ACCEPT,
         .policy = "discard",
         .mixed = true,
         .each = true,
         .rcpt_actions = {ACTION_REJECT, ACTION_DISCARD},
         .effects = {RCPT_STAYS, RCPT_REMOVED}},
        {"observe alone",
         SEVERAL,
         0.5,
         {"observe@example.com"},
         .action = ACTION_REJECT,
         .policy = "observe",
         .observe = true},
        {"all observe: what would have been",
         "mode = \"observe\";" SEVERAL,
         0.5,
         {"redirect@example.com", "reject@example.com"},
         .action = ACTION_REJECT,
         .policy = "reject",
         .observe = true,
         .mixed = true,
         .each = true,
         .rcpt_actions = {ACTION_QUARANTINE, ACTION_REJECT},
         .effects = {RCPT_REDIRECTED, RCPT_STAYS}},
    };
    ALL(table);
}

static void what_a_recipient_inherits(void **state)
{
    (void)state;
    static const char conf[] =
        "quarantine: { method = \"redirect\"; mailbox = \"q@example.com\"; }; subject_prefix = "
        "\"[f]\";"
        "policies = ("
        "{ name = \"own\"; recipients = [ \"a@example.com\" ]; subject_prefix = \"[p]\";"
        "  quarantine: { mailbox = \"p@example.com\"; }; },"
        "{ name = \"hold\"; recipients = [ \"b@example.com\" ]; quarantine: { method = \"hold\"; };"
        "  subject_prefix = \"\"; thresholds: { untrusted = 0.6; }; } );";
    static const struct decision_case t = {
        .rcpts = {"a@example.com", "b@example.com", "c@example.com"}, .trust = 0.5};
    struct settings *s = parse(conf);
    struct arena *arena = arena_new(1 << 20);
    struct message m;
    struct decision d;
    struct trust_result trust = {.trust = t.trust};
    fill_message(&m, arena, &t);
    assert_int_equal(decide(arena, s, &m, &trust, true, &d), 0);
    assert_string_equal(d.rcpts[0].quarantine_mailbox, "p@example.com");
    assert_string_equal(d.rcpts[0].subject_prefix, "[p]");
    assert_int_equal(d.rcpts[0].class, CLASS_SUSPICIOUS);
    assert_int_equal(d.rcpts[1].quarantine, QUARANTINE_HOLD);
    assert_null(d.rcpts[1].quarantine_mailbox);
    assert_string_equal(d.rcpts[1].subject_prefix, "");
    assert_int_equal(d.rcpts[1].class, CLASS_UNTRUSTED);
    assert_int_equal(d.rcpts[2].quarantine, QUARANTINE_REDIRECT);
    assert_string_equal(d.rcpts[2].quarantine_mailbox, "q@example.com");
    assert_string_equal(d.rcpts[2].subject_prefix, "[f]");
    assert_int_equal(d.class, CLASS_UNTRUSTED); /* the strictest */
    arena_free(&arena);
    settings_unref(&s);
}

/* The client that policies mean is the one that is judged: beyond our own relays. */
static void client_beyond_a_relay(void **state)
{
    (void)state;
    static const struct decision_case t = {.rcpts = {"u@example.com"}, .ip = "192.0.2.25"};
    struct settings *s =
        parse("trusted_relays = [ \"192.0.2.25\" ];" POLICY("clients = [ \"198.51.100.0/24\" ];"));
    struct arena *arena = arena_new(1 << 20);
    struct message m;
    struct decision d;
    struct trust_result trust = {.trust = 0.5};
    fill_message(&m, arena, &t);
    assert_int_equal(
        message_add_field(
            &m, SPAN_LIT("Received"),
            SPAN_LIT(" from mx.example.org (mx.example.org [198.51.100.7])\n\tby "
                     "relay.example.com (Postfix) with ESMTPS id 4XyZ; Mon, 5 Jan 2026 "
                     "10:00:00 +0000")),
        0);
    assert_int_equal(message_scan(&m, NULL, s->trusted_relays, s->trusted_relay_count), 0);
    assert_int_equal(decide(arena, s, &m, &trust, true, &d), 0);
    assert_int_equal(d.action, ACTION_REJECT);
    arena_free(&arena);
    settings_unref(&s);
}

/* A message whose SPF failed, under weights by which that alone made the difference. */
static void what_would_have_made_it_trusted(void **state)
{
    (void)state;
    static const struct decision_case t = {.rcpts = {"u@example.com"}};
    struct settings *s = parse("weights: { bias = 3; spf_fail = -8; };");
    struct arena *arena = arena_new(1 << 20);
    struct message m;
    struct decision d;
    struct evidence evidence = {.spf = {.result = AUTH_FAIL, .domain = "example.net"}};
    struct trust_result trust;
    fill_message(&m, arena, &t);
    struct trust_input input = {.message = &m, .evidence = &evidence, .now = 1767322984};
    assert_int_equal(trust_sum(arena, &s->trust, &input, &trust), 0);
    assert_int_equal(decide(arena, s, &m, &trust, true, &d), 0);
    assert_int_not_equal(d.class, CLASS_TRUSTED);
    const char *otherwise = decision_trusted_if(arena, s, &trust, &d);
    assert_string_equal(otherwise, "trusted if SPF had not failed");
    arena_free(&arena);
    settings_unref(&s);
}

/* Whatever allocation fails, decide says so. */
static void no_memory(void **state)
{
    (void)state;
    static const struct decision_case t = {.rcpts = BOTH};
    struct settings *s = parse(PROTECT);
    struct arena *message_arena = arena_new(1 << 20);
    struct trust_result trust = {.trust = 0.5};
    struct message m;
    fill_message(&m, message_arena, &t);
    bool done = false;
    for (size_t max = 0; !done && max < 10000; max++) {
        struct arena *arena = arena_new(max);
        struct decision d;
        int rc = decide(arena, s, &m, &trust, true, &d);
        done = rc == 0 && d.reason && d.rcpts[0].reason && d.rcpts[1].reason;
        assert_true(done || rc < 0);
        arena_free(&arena);
    }
    assert_true(done);
    arena_free(&message_arena);
    settings_unref(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes),
        cmocka_unit_test(not_judged),
        cmocka_unit_test(policies_match),
        cmocka_unit_test(policies_decide),
        cmocka_unit_test(outbound),
        cmocka_unit_test(protected_addresses),
        cmocka_unit_test(several_recipients),
        cmocka_unit_test(what_a_recipient_inherits),
        cmocka_unit_test(client_beyond_a_relay),
        cmocka_unit_test(what_would_have_made_it_trusted),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
