/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of vouch.conf's keys. A new key is a row here, a paragraph of man/vouch.conf.5 and a
 * line of contrib/vouch.conf; tests/sync/conf_test holds the three together. */
#include "schema.h"
#include <string.h>
#include "arena.h"
#include "errors.h"

#define AT(struct_type, member)                                                                    \
    offsetof(struct struct_type, member), sizeof(((struct struct_type *)0)->member)
#define S(member)          AT(settings, member), 0
#define P(member)          AT(policy, member), 0
#define S_LIST(list, size) AT(settings, list), offsetof(struct settings, size)
#define P_LIST(list, size) AT(policy, list), offsetof(struct policy, size)

#define PLAIN(kind, at)                        kind, at, 0, 0, false, NULL, NULL
#define RANGE(kind, at, min, max)              kind, at, min, max, false, NULL, NULL
#define RANGE_OR_0(kind, at, min, max)         kind, at, min, max, true, NULL, NULL
#define CHECKED(kind, at, max, accepts, check) kind, at, 0, max, false, accepts, check

#define ANY_ACTION  "accept|tag|quarantine|tempfail|reject|discard"
#define DURATION    "duration", "ms, s, m, h, d"
#define SIZE        "size", "B, K, M, G"
#define PROBABILITY "number", "probability"
#define SECOND      1000.0
#define DAY         86400000.0
#define KIB         1024.0
#define MIB         1048576.0
#define GIB         1073741824.0

#define A_PATTERN_LIST "list of patterns"
#define A_STORE                                                                                    \
    "\"lmdb:DIRECTORY\", \"redis://HOST:PORT/DB\", \"redis+unix:PATH\", \"memory:\" or \"none\" "  \
    "(no user or password: see 'redis')"
#define A_PATH "an absolute path, such as \"/etc/vouch/file\""
#define A_FILTER                                                                                   \
    "a list such as [ \"Field-Name: pattern\", \"X-Spam-Flag: YES*\" ], of fields that are not "   \
    "vouch's own"
#define AN_ACCOUNT "a name of letters, digits, '_', '-' and '.'"

/* clang-format off: a row is easier to read in two lines than in ten */
static const struct schema_row fixed_rows[] = {
    {{"mode", "enforce|observe", NULL, "\"enforce\"",
      "observe judges, records and adds fields, but never acts on a message"},
     PLAIN(SCHEMA_WORD, S(mode))},
    {{"authserv_id", "domain", NULL, NULL,
      "this site's name in Authentication-Results; without it, the host's name"},
     CHECKED(SCHEMA_TEXT, S(authserv_id), DOMAIN_MAX, "a domain, such as \"mx.example.com\"",
             schema_check_domain)},
    {{"local_domains", "list of domains", NULL, "[ ]",
      "domains that are ours: a client from outside that says HELO with one lies; none may look "
      "like one"},
     PLAIN(SCHEMA_DOMAINS, S(local_domains))},
    {{"trusted_relays", "list of networks", NULL, "[ ]",
      "relays whose Received fields are believed: the client is who handed mail to them"},
     PLAIN(SCHEMA_NETWORKS, S_LIST(trusted_relays, trusted_relay_count))},
    {{"internal", "list of networks", NULL, "[ ]",
      "our own hosts: what they send is outbound mail"},
     PLAIN(SCHEMA_NETWORKS, S_LIST(internal, internal_count))},
    {{"thresholds.trusted", PROBABILITY, "0.9",
      "a message is trusted from this probability of being good on"},
     RANGE(SCHEMA_NUMBER, S(trusted), 0.001, 0.999)},
    {{"thresholds.untrusted", PROBABILITY, "0.1",
      "a message is untrusted below this probability of being good"},
     RANGE(SCHEMA_NUMBER, S(untrusted), 0.001, 0.999)},
    {{"actions.trusted", ANY_ACTION, NULL, "\"accept\"", "what happens to trusted mail"},
     PLAIN(SCHEMA_ACTION, S(actions[CLASS_TRUSTED]))},
    {{"actions.suspicious", ANY_ACTION, NULL, "\"tag\"", "what happens to suspicious mail"},
     PLAIN(SCHEMA_ACTION, S(actions[CLASS_SUSPICIOUS]))},
    {{"actions.untrusted", ANY_ACTION, NULL, "\"quarantine\"", "what happens to untrusted mail"},
     PLAIN(SCHEMA_ACTION, S(actions[CLASS_UNTRUSTED]))},
    {{"on_failure", "accept|tempfail|quarantine", NULL, "\"accept\"",
      "what happens to a message that could not be judged"},
     PLAIN(SCHEMA_ACTION, S(on_failure))},
    {{"on_overload", "accept|tempfail", NULL, "\"accept\"",
      "what happens to a message beyond limits.messages, limits.connections or limits.memory"},
     PLAIN(SCHEMA_ACTION, S(on_overload))},
    {{"quarantine.method", "hold|redirect|store", NULL, "\"hold\"",
      "hold leaves the message in the MTA's hold queue, redirect sends it to quarantine.mailbox, "
      "store keeps it in quarantine.directory"},
     PLAIN(SCHEMA_WORD, S(quarantine))},
    {{"quarantine.mailbox", "address", NULL, NULL, "where redirect sends quarantined mail"},
     CHECKED(SCHEMA_TEXT, S(quarantine_mailbox), 320,
             "an address, such as \"quarantine@example.com\"", schema_check_mailbox)},
    {{"quarantine.directory", "path", NULL, "\"/var/lib/vouch/quarantine\"",
      "where store keeps messages"},
     CHECKED(SCHEMA_TEXT, S(quarantine_dir), 500, A_PATH, schema_check_path)},
    {{"quarantine.key", "path", NULL, NULL,
      "file with a key; with it, stored messages are encrypted"},
     CHECKED(SCHEMA_TEXT, S(quarantine_key), 500, A_PATH, schema_check_path)},
    {{"quarantine.max_size", SIZE, "\"10G\"",
      "size of all stored messages beyond which mail is held instead; \"0B\" for no limit"},
     RANGE_OR_0(SCHEMA_SIZE, S(quarantine_max_bytes), MIB, 1024 * 1024 * GIB)},
    {{"quarantine.keep_age", DURATION, "\"30d\"",
      "age at which a stored message is removed; \"0s\" for never"},
     RANGE_OR_0(SCHEMA_WHOLE_SECONDS, S(quarantine_keep_age_s), 60 * SECOND, 3650 * DAY)},
    {{"quarantine.keep_size", SIZE, "\"0B\"",
      "size of all stored messages from which on the oldest are removed; \"0B\" for no limit"},
     RANGE_OR_0(SCHEMA_SIZE, S(quarantine_keep_bytes), MIB, 1024 * 1024 * GIB)},
    {{"quarantine.memory", SIZE, "\"256K\"",
      "of a message that may be stored, how much waits for its end in memory; the rest in a file"},
     RANGE(SCHEMA_SIZE, S(quarantine_memory), 64 * KIB, 64 * MIB)},
    {{"quarantine.release", "sendmail:/PATH or smtp://HOST:PORT", NULL,
      "\"sendmail:/usr/sbin/sendmail\"",
      "how 'vouch quarantine release' hands stored messages to the MTA; must lead past "
      "vouch-milter"},
     CHECKED(SCHEMA_TEXT, S(quarantine_release), 500, "\"sendmail:/PATH\" or \"smtp://HOST:PORT\"",
             schema_check_release)},
    {{"subject_prefix", "text", NULL, "\"\"", "put before the Subject of mail that is tagged"},
     CHECKED(SCHEMA_TEXT, S(subject_prefix), 100, "at most 100 bytes of printable ASCII",
             schema_check_text)},
    {{"reject_text", "text", NULL, "\"message refused by local policy\"",
      "the text of the SMTP reply when mail is rejected"},
     CHECKED(SCHEMA_TEXT, S(reject_text), 200, "at most 200 bytes of printable ASCII",
             schema_check_text)},
    {{"protected.senders", "list of names and patterns", NULL, "[ ]",
      "authors that others like to impersonate: mail that claims one must prove it"},
     PLAIN(SCHEMA_SENDERS, S_LIST(protected_list, protected_count))},
    {{"protected.well_known", "path", NULL, NULL,
      "file of organisations that are impersonated everywhere; \"\" for none; without it, the one "
      "installed with vouch"},
     CHECKED(SCHEMA_TEXT, S(well_known), 500, "an absolute path, or \"\" for none",
             schema_check_directory)},
    {{"protected.recipients", A_PATTERN_LIST, NULL, "[ ]",
      "recipients that others like to deceive: mail to them must be trusted"},
     PLAIN(SCHEMA_PATTERNS, S(protected_recipients))},
    {{"protected.action", "tag|quarantine|tempfail|reject|discard", NULL, "\"quarantine\"",
      "the least that happens to mail that is not trusted and touches one of the two"},
     PLAIN(SCHEMA_ACTION, S(protected_action))},
    {{"policies", "list of groups", NULL, "( )",
      "exceptions for some mail; the first that matches a recipient decides"},
     PLAIN(SCHEMA_POLICIES, S_LIST(policies, policy_count))},
    {{"policies[].name", "text", NULL, NULL, "names the policy in records and logs; required"},
     CHECKED(SCHEMA_TEXT, P(name), 64, "a name of letters, digits, '_', '-' and '.'",
             schema_check_name)},
    {{"policies[].recipients", A_PATTERN_LIST, NULL, NULL,
      "matches these recipients; without it, all"},
     PLAIN(SCHEMA_PATTERNS, P(recipients))},
    {{"policies[].senders", A_PATTERN_LIST, NULL, NULL,
      "matches these envelope senders or authors; without it, all"},
     PLAIN(SCHEMA_PATTERNS, P(senders))},
    {{"policies[].clients", "list of networks", NULL, NULL,
      "matches mail from these clients; without it, all"},
     PLAIN(SCHEMA_NETWORKS, P_LIST(clients, client_count))},
    {{"policies[].direction", "inbound|outbound|any", NULL, "\"inbound\"",
      "which mail the policy is for"},
     PLAIN(SCHEMA_WORD, P(direction))},
    {{"policies[].mode", "enforce|observe", NULL, NULL, "as mode, for this policy"},
     PLAIN(SCHEMA_WORD, P(mode))},
    {{"policies[].thresholds.trusted", PROBABILITY, NULL, "as thresholds.trusted"},
     RANGE(SCHEMA_NUMBER, P(trusted), 0.001, 0.999)},
    {{"policies[].thresholds.untrusted", PROBABILITY, NULL, "as thresholds.untrusted"},
     RANGE(SCHEMA_NUMBER, P(untrusted), 0.001, 0.999)},
    {{"policies[].actions.trusted", ANY_ACTION, NULL, NULL, "as actions.trusted"},
     PLAIN(SCHEMA_ACTION, P(actions[CLASS_TRUSTED]))},
    {{"policies[].actions.suspicious", ANY_ACTION, NULL, NULL, "as actions.suspicious"},
     PLAIN(SCHEMA_ACTION, P(actions[CLASS_SUSPICIOUS]))},
    {{"policies[].actions.untrusted", ANY_ACTION, NULL, NULL, "as actions.untrusted"},
     PLAIN(SCHEMA_ACTION, P(actions[CLASS_UNTRUSTED]))},
    {{"policies[].quarantine.method", "hold|redirect|store", NULL, NULL, "as quarantine.method"},
     PLAIN(SCHEMA_WORD, P(quarantine))},
    {{"policies[].quarantine.mailbox", "address", NULL, NULL, "as quarantine.mailbox"},
     CHECKED(SCHEMA_TEXT, P(quarantine_mailbox), 320,
             "an address, such as \"quarantine@example.com\"", schema_check_mailbox)},
    {{"policies[].subject_prefix", "text", NULL, NULL, "as subject_prefix"},
     CHECKED(SCHEMA_TEXT, P(subject_prefix), 100, "at most 100 bytes of printable ASCII",
             schema_check_text)},
    {{"shadow", "path", NULL, NULL,
      "another vouch.conf by which mail is judged too, for the record only"},
     CHECKED(SCHEMA_TEXT, S(shadow_file), 500, A_PATH, schema_check_path)},
    {{"store", "text", NULL, "\"lmdb:/var/lib/vouch/model\"", "where the model is kept"},
     CHECKED(SCHEMA_TEXT, S(store), 500, A_STORE, schema_check_store)},
    {{"redis.user", "text", NULL, NULL, "Redis user (ACL)"},
     CHECKED(SCHEMA_TEXT, S(store_user), 64, AN_ACCOUNT, schema_check_account)},
    {{"redis.password_file", "path", NULL, NULL, "file whose first line is that user's password"},
     CHECKED(SCHEMA_TEXT, S(store_password_file), 500, A_PATH, schema_check_path)},
    {{"dns.servers", "list of addresses", NULL, "[ ]",
      "resolvers to ask, \"ADDRESS\" or \"ADDRESS@PORT\"; without any, those of resolv.conf"},
     CHECKED(SCHEMA_STRINGS, S_LIST(dns_servers, dns_server_count), 64,
             "a list of addresses, such as [ \"192.0.2.53\", \"2001:db8::53@5353\" ]",
             schema_check_dns_server)},
    {{"dns.trust_anchor", "path", NULL, NULL,
      "file with the root's DNSSEC key; without it answers are not validated"},
     CHECKED(SCHEMA_TEXT, S(dns_trust_anchor), 500, A_PATH, schema_check_path)},
    {{"public_suffix_list", "path", NULL, NULL,
      "public suffix list (DAFSA or text); without it, the one vouch was built with"},
     CHECKED(SCHEMA_TEXT, S(public_suffix_list), 500, A_PATH, schema_check_path)},
    {{"learn", "true|false", NULL, "true", "vouch-milter learns from its journal while it runs"},
     PLAIN(SCHEMA_BOOL, S(learn))},
    {{"journal.directory", "path", NULL, "\"/var/lib/vouch/journal\"",
      "where the journal is kept; \"\" for none, and then nothing is learnt"},
     CHECKED(SCHEMA_TEXT, S(journal_dir), 500, "an absolute path, or \"\" for no journal",
             schema_check_directory)},
    {{"journal.writer", "text", NULL, NULL,
      "this daemon's directory below journal.directory; without it, the host's name"},
     CHECKED(SCHEMA_TEXT, S(journal_writer), 64, AN_ACCOUNT, schema_check_writer)},
    {{"journal.sync", "interval|always", NULL, "\"interval\"",
      "always has each record on the disk before the MTA gets its answer"},
     PLAIN(SCHEMA_WORD, S(journal_sync))},
    {{"journal.interval", DURATION, "\"100ms\"",
      "how often the disk is told to keep what was written"},
     RANGE(SCHEMA_MILLISECONDS, S(journal_interval_ms), 1, 60 * SECOND)},
    {{"journal.segment_size", SIZE, "\"64M\"",
      "size at which a file of the journal is closed and sealed"},
     RANGE(SCHEMA_SIZE, S(journal_segment_bytes), 64 * KIB, GIB)},
    {{"journal.segment_age", DURATION, "\"1d\"", "age at which it is, whatever its size"},
     RANGE(SCHEMA_WHOLE_SECONDS, S(journal_segment_age_s), SECOND, 30 * DAY)},
    {{"journal.keep_age", DURATION, "\"400d\"",
      "age at which what was learnt is removed from the journal; \"0s\" for never"},
     RANGE_OR_0(SCHEMA_WHOLE_SECONDS, S(journal_keep_age_s), DAY, 3650 * DAY)},
    {{"journal.keep_size", SIZE, "\"10G\"",
      "size of the journal from which on its oldest part is removed; \"0B\" for no limit"},
     RANGE_OR_0(SCHEMA_SIZE, S(journal_keep_bytes), MIB, 1024 * 1024 * GIB)},
    {{"journal.memory", SIZE, "\"8M\"", "records that are kept in memory while the disk fails"},
     RANGE(SCHEMA_SIZE, S(journal_memory), 64 * KIB, GIB)},
    {{"journal.pseudonym_key", "path", NULL, NULL,
      "file with a key; with it, addresses stand in journal and model under pseudonyms"},
     CHECKED(SCHEMA_TEXT, S(pseudonym_key), 500, A_PATH, schema_check_path)},
    {{"labels.traps", A_PATTERN_LIST, NULL, "[ ]",
      "recipients that only spammers write to: mail to one is bad"},
     PLAIN(SCHEMA_PATTERNS, S(traps))},
    {{"labels.filter_good", "list of fields", NULL, "[ ]",
      "header fields by which another filter that you trust calls mail good"},
     CHECKED(SCHEMA_STRINGS, S_LIST(filter_good, filter_good_count), 200, A_FILTER,
             schema_check_filter)},
    {{"labels.filter_bad", "list of fields", NULL, "[ ]", "the same for bad mail"},
     CHECKED(SCHEMA_STRINGS, S_LIST(filter_bad, filter_bad_count), 200, A_FILTER,
             schema_check_filter)},
    {{"labels.delivery_after", DURATION, "\"7d\"",
      "mail that was delivered and of which nobody complained for so long is good; \"0s\" for "
      "never"},
     RANGE_OR_0(SCHEMA_WHOLE_SECONDS, S(delivery_after_s), 60 * SECOND, 365 * DAY)},
    {{"deadlines.message", DURATION, "\"5s\"", "longest wait for answers about one message"},
     RANGE(SCHEMA_MILLISECONDS, S(message_deadline_ms), 100, 300 * SECOND)},
    {{"deadlines.dns", DURATION, "\"4s\"", "of which for DNS"},
     RANGE(SCHEMA_MILLISECONDS, S(dns_deadline_ms), 10, 300 * SECOND)},
    {{"deadlines.store", DURATION, "\"200ms\"", "of which for the model"},
     RANGE(SCHEMA_MILLISECONDS, S(store_deadline_ms), 1, 300 * SECOND)},
    {{"limits.header_fields", "whole number", "fields", "1000",
      "header fields of a message that are looked at"},
     RANGE(SCHEMA_COUNT, S(limits.fields), 10, 100000)},
    {{"limits.header_bytes", SIZE, "\"256K\"", "bytes of header that are looked at"},
     RANGE(SCHEMA_SIZE, S(limits.header_bytes), 4 * KIB, 16 * MIB)},
    {{"limits.hops", "whole number", "fields", "50", "Received fields that are looked at"},
     RANGE(SCHEMA_COUNT, S(limits.hops), 1, RECEIVED_MAX_HOPS)},
    {{"limits.recipients", "whole number", "recipients", "1000",
      "recipients of a message that policies are looked up for"},
     RANGE(SCHEMA_COUNT, S(limits.recipients), 1, 50000)},
    {{"limits.body", SIZE, "\"64M\"",
      "bytes of body that are verified; the signatures of a longer message prove nothing"},
     RANGE(SCHEMA_SIZE, S(max_body), 4 * KIB, 2 * GIB)},
    {{"limits.signatures", "whole number", "signatures", "8",
      "DKIM signatures of a message that are verified"},
     RANGE(SCHEMA_COUNT, S(max_signatures), 1, 100)},
    {{"limits.dns_queries", "whole number", "queries", "200",
      "DNS queries that one message may cause"},
     RANGE(SCHEMA_COUNT, S(max_queries), 20, 10000)},
    {{"limits.connections", "whole number", "connections", "5000",
      "connections of MTAs at a time whose messages are judged"},
     RANGE(SCHEMA_COUNT, S(max_connections), 1, 1000000)},
    {{"limits.messages", "whole number", "messages", "1000",
      "messages under way at a time that are judged"},
     RANGE(SCHEMA_COUNT, S(max_messages), 1, 1000000)},
    {{"limits.memory", SIZE, "\"256M\"", "memory that all messages under way may hold together"},
     RANGE(SCHEMA_SIZE, S(max_memory), MIB, 1024 * GIB)},
    {{"half_life", DURATION, NULL, "time after which what was learnt counts half"},
     RANGE(SCHEMA_SECONDS, S(trust.half_life), 3600 * SECOND, 3650 * DAY)},
    {{"prior", "number", "messages", NULL,
      "doubt: how many messages it takes to move a subject half of the way"},
     RANGE(SCHEMA_NUMBER, S(trust.prior), 0.01, 1000)},
    {{"most_for", "number", "log-odds", NULL,
      "all that speaks for a message together comes to this at most, however much it is"},
     RANGE(SCHEMA_NUMBER, S(trust.most_for), TRUST_MOST_FOR_MIN, TRUST_MOST_FOR_MAX)},
    {{"weights.bias", "number", "log-odds", NULL,
      "the sum that a message begins with of which nothing is known"},
     RANGE(SCHEMA_NUMBER, S(trust.bias), -TRUST_WEIGHT_MAX, TRUST_WEIGHT_MAX)},
    {{"milter.socket", "text", NULL, "\"unix:/run/vouch/vouch.sock\"",
      "where the MTA finds vouch-milter"},
     CHECKED(SCHEMA_TEXT, S(socket), 500,
             "\"unix:/PATH\", \"inet:PORT@ADDRESS\" or \"inet6:PORT@ADDRESS\"",
             schema_check_socket)},
    {{"milter.socket_mode", "text", "octal", "\"0660\"", "permissions of a unix socket"},
     RANGE(SCHEMA_OCTAL, S(socket_mode), 0600, 0770)},
    {{"milter.socket_group", "text", NULL, NULL, "group of a unix socket"},
     CHECKED(SCHEMA_TEXT, S(socket_group), 32, AN_ACCOUNT, schema_check_account)},
    {{"milter.user", "text", NULL, NULL, "user to run as when started by root"},
     CHECKED(SCHEMA_TEXT, S(user), 32, AN_ACCOUNT, schema_check_account)},
    {{"milter.seccomp", "true|false", NULL, "true",
      "the kernel refuses vouch-milter all that serving mail does not need"},
     PLAIN(SCHEMA_BOOL, S(seccomp))},
    {{"milter.pid_file", "path", NULL, NULL, "file for the daemon's process id"},
     CHECKED(SCHEMA_TEXT, S(pid_file), 500, A_PATH, schema_check_path)},
    {{"milter.packet_timeout", DURATION, "\"1m\"",
      "longest time that one packet of the MTA's, or its taking one of ours, may last"},
     RANGE(SCHEMA_MILLISECONDS, S(packet_timeout_ms), 100, 3600 * SECOND)},
    {{"milter.idle_timeout", DURATION, "\"2h\"",
      "longest silence of an MTA, and longest time that one message may last"},
     RANGE(SCHEMA_MILLISECONDS, S(idle_timeout_ms), 100, DAY)},
    {{"metrics.listen", "text", NULL, NULL,
      "where vouch-milter tells its numbers by HTTP; without it, nowhere"},
     CHECKED(SCHEMA_TEXT, S(metrics_listen), 200,
             "\"127.0.0.1:9117\", \"[::1]:9117\" or \"unix:/PATH\"", schema_check_http)},
    {{"metrics.allow_remote", "true|false", NULL, "false",
      "metrics.listen may be an address that other hosts reach"},
     PLAIN(SCHEMA_BOOL, S(metrics_allow_remote))},
    {{"log.to", "syslog|stderr", NULL, "\"syslog\"", "where vouch-milter logs"},
     CHECKED(SCHEMA_TEXT, S(log), 8, "\"syslog\" or \"stderr\"", schema_check_log)},
    {{"log.level", "error|warning|info|debug", NULL, "\"info\"",
      "the least important that is logged; info has one line a message"},
     PLAIN(SCHEMA_WORD, S(log_level))},
};
/* clang-format on */
#define FIXED (sizeof fixed_rows / sizeof *fixed_rows)

static void number_text(struct arena *arena, double value, const char **text_r)
{
    *text_r = arena_printf(arena, "%.10g", value);
}

/* Defaults that trust_params_default knows. */
static int add_trust_defaults(struct schema *schema, struct arena *arena,
                              const struct trust_params *params)
{
    char text[UNITS_TEXT];
    for (size_t i = 0; i < schema->count; i++) {
        struct settings_key *key = &schema->rows[i].key;
        if (strcmp(key->path, "weights.bias") == 0)
            number_text(arena, params->bias, &key->def);
        else if (strcmp(key->path, "prior") == 0)
            number_text(arena, params->prior, &key->def);
        else if (strcmp(key->path, "most_for") == 0)
            number_text(arena, params->most_for, &key->def);
        else if (strcmp(key->path, "half_life") == 0)
            key->def = arena_printf(
                arena, "\"%s\"",
                units_format(units_duration, (uint64_t)(params->half_life * SECOND), text));
        else
            continue;
        if (!key->def)
            return VOUCH_E_NOMEM;
    }
    return 0;
}

static int add_weight(struct schema *schema, struct arena *arena, enum trust_weight w, double value)
{
    struct schema_row *row = &schema->rows[schema->count++];
    *row = (struct schema_row){
        .key = {.path = arena_printf(arena, "weights.%s", trust_weight_name(w)),
                .type = "number",
                .unit = "log-odds",
                .help = trust_weight_help(w)},
        .kind = SCHEMA_NUMBER,
        .offset = offsetof(struct settings, trust.w) + (size_t)w * sizeof(double),
        .size = sizeof(double),
        .min = -TRUST_WEIGHT_MAX,
        .max = TRUST_WEIGHT_MAX,
    };
    number_text(arena, value, &row->key.def);
    return row->key.path && row->key.def ? 0 : VOUCH_E_NOMEM;
}

/* What vouch may learn from, and how much: people, replies and traps know; other filters err now and
 * then; an unknown recipient may be a typing error; and of silence little follows. */
static const struct {
    double weight;
    const char *help;
} labels[LABEL_SOURCE_COUNT] = {
    [LABEL_PERSON] = {1, "somebody reported the message"},
    [LABEL_RELEASE] = {1, "somebody released it from quarantine"},
    [LABEL_REPLY] = {1, "a local user answered it, or wrote to its author"},
    [LABEL_TRAP] = {1, "it was sent to a trap"},
    [LABEL_FILTER] = {0.5, "another filter says so"},
    [LABEL_UNKNOWN_RECIPIENT] = {0.3, "it was sent to addresses that do not exist"},
    [LABEL_DELIVERY] = {0.1, "it was delivered, and nobody complained"},
};

static int add_label(struct schema *schema, struct arena *arena, enum label_source source)
{
    struct schema_row *row = &schema->rows[schema->count++];
    *row = (struct schema_row){
        .key = {.path = arena_printf(arena, "labels.weights.%s", label_source_name(source)),
                .type = "number",
                .unit = "messages",
                .help = labels[source].help},
        .kind = SCHEMA_NUMBER,
        .offset = offsetof(struct settings, label_weights) + (size_t)source * sizeof(double),
        .size = sizeof(double),
        .max = 100,
    };
    number_text(arena, labels[source].weight, &row->key.def);
    return row->key.path && row->key.def ? 0 : VOUCH_E_NOMEM;
}

/* The rows that are made follow the last of their group, so that it is in one piece. */
static int add_made(struct schema *schema, struct arena *arena, const char *last,
                    const struct trust_params *params)
{
    int rc = 0;
    if (strcmp(last, "weights.bias") == 0)
        for (int w = 0; w < TW_COUNT && rc == 0; w++)
            rc = add_weight(schema, arena, (enum trust_weight)w, params->w[w]);
    else if (strcmp(last, "labels.delivery_after") == 0)
        for (int l = 0; l < LABEL_SOURCE_COUNT && rc == 0; l++)
            rc = add_label(schema, arena, (enum label_source)l);
    return rc;
}

int schema_init(struct schema *schema, struct arena *arena)
{
    struct trust_params params;
    int rc = 0;
    trust_params_default(&params);
    schema->count = 0;
    schema->rows = arena_array(arena, FIXED + TW_COUNT + LABEL_SOURCE_COUNT, sizeof *schema->rows);
    if (!schema->rows)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < FIXED && rc == 0; i++) {
        schema->rows[schema->count++] = fixed_rows[i];
        rc = add_made(schema, arena, fixed_rows[i].key.path, &params);
    }
    return rc ? rc : add_trust_defaults(schema, arena, &params);
}

/* What follows "group." in path; NULL if it lies elsewhere. */
static const char *below(const char *path, const char *group)
{
    size_t n = strlen(group);
    if (n == 0)
        return path;
    return strncmp(path, group, n) == 0 && path[n] == '.' ? path + n + 1 : NULL;
}

const struct schema_row *schema_find(const struct schema *schema, const char *group,
                                     const char *name)
{
    for (size_t i = 0; i < schema->count; i++) {
        const char *rest = below(schema->rows[i].key.path, group);
        if (rest && strcmp(rest, name) == 0)
            return &schema->rows[i];
    }
    return NULL;
}

bool schema_is_group(const struct schema *schema, const char *group, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < schema->count; i++) {
        const char *rest = below(schema->rows[i].key.path, group);
        if (rest && strncmp(rest, name, n) == 0 && rest[n] == '.')
            return true;
    }
    return false;
}

int settings_keys(struct arena *arena, const struct settings_key **keys_r, size_t *count_r)
{
    struct schema schema;
    int rc = schema_init(&schema, arena);
    struct settings_key *keys = rc ? NULL : arena_array(arena, schema.count, sizeof *keys);
    if (!keys)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < schema.count; i++)
        keys[i] = schema.rows[i].key;
    *keys_r = keys;
    *count_r = schema.count;
    return 0;
}
