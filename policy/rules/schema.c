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

#define ANY_ACTION  "accept|tag|quarantine|tempfail|reject|discard"
#define DURATION    "duration", "ms, s, m, h, d"
#define SIZE        "size", "B, K, M, G"
#define PROBABILITY "number", "probability"
#define CLOSED_UNIT 0.001, 0.999 /* 0 and 1 are never reached by a logistic function */
#define SECOND      1000.0
#define DAY         86400000.0
#define KIB         1024.0
#define MIB         1048576.0
#define GIB         1073741824.0

#define A_PATTERN_LIST "list of patterns"
#define A_PATH         "an absolute path, such as \"/etc/vouch/file\""
#define AN_ACCOUNT     "a name of letters, digits, '_', '-' and '.'"

static const struct schema_row fixed_rows[] = {
    {{"mode", "enforce|observe", NULL, "\"enforce\"",
      "observe judges, records and adds fields, but never acts on a message"},
     SCHEMA_WORD,
     S(mode),
     0,
     0,
     NULL,
     NULL},

    {{"authserv_id", "domain", NULL, NULL,
      "this site's name in Authentication-Results; without it, the host's name"},
     SCHEMA_TEXT,
     S(authserv_id),
     0,
     DOMAIN_MAX,
     "a domain, such as \"mx.example.com\"",
     schema_check_domain},
    {{"local_domains", "list of domains", NULL, "[ ]",
      "names that are ours: a client from outside that says HELO with one of them lies"},
     SCHEMA_DOMAINS,
     S(local_domains),
     0,
     0,
     NULL,
     NULL},
    {{"trusted_relays", "list of networks", NULL, "[ ]",
      "relays whose Received fields are believed: the client is who handed mail to them"},
     SCHEMA_NETWORKS,
     S_LIST(trusted_relays, trusted_relay_count),
     0,
     0,
     NULL,
     NULL},
    {{"internal", "list of networks", NULL, "[ ]",
      "our own hosts: what they send is outbound mail"},
     SCHEMA_NETWORKS,
     S_LIST(internal, internal_count),
     0,
     0,
     NULL,
     NULL},

    {{"thresholds.trusted", PROBABILITY, "0.9",
      "a message is trusted from this probability of being good on"},
     SCHEMA_NUMBER,
     S(trusted),
     CLOSED_UNIT,
     NULL,
     NULL},
    {{"thresholds.untrusted", PROBABILITY, "0.1",
      "a message is untrusted below this probability of being good"},
     SCHEMA_NUMBER,
     S(untrusted),
     CLOSED_UNIT,
     NULL,
     NULL},

    {{"actions.trusted", ANY_ACTION, NULL, "\"accept\"", "what happens to trusted mail"},
     SCHEMA_ACTION,
     S(actions[CLASS_TRUSTED]),
     0,
     0,
     NULL,
     NULL},
    {{"actions.suspicious", ANY_ACTION, NULL, "\"tag\"", "what happens to suspicious mail"},
     SCHEMA_ACTION,
     S(actions[CLASS_SUSPICIOUS]),
     0,
     0,
     NULL,
     NULL},
    {{"actions.untrusted", ANY_ACTION, NULL, "\"quarantine\"", "what happens to untrusted mail"},
     SCHEMA_ACTION,
     S(actions[CLASS_UNTRUSTED]),
     0,
     0,
     NULL,
     NULL},
    {{"on_failure", "accept|tempfail|quarantine", NULL, "\"accept\"",
      "what happens to a message that could not be judged"},
     SCHEMA_ACTION,
     S(on_failure),
     0,
     0,
     NULL,
     NULL},

    {{"quarantine.method", "hold|redirect", NULL, "\"hold\"",
      "hold leaves the message in the MTA's hold queue, redirect sends it to quarantine.mailbox"},
     SCHEMA_WORD,
     S(quarantine),
     0,
     0,
     NULL,
     NULL},
    {{"quarantine.mailbox", "address", NULL, NULL, "where redirect sends quarantined mail"},
     SCHEMA_TEXT,
     S(quarantine_mailbox),
     0,
     320,
     "an address, such as \"quarantine@example.com\"",
     schema_check_mailbox},
    {{"subject_prefix", "text", NULL, "\"\"", "put before the Subject of mail that is tagged"},
     SCHEMA_TEXT,
     S(subject_prefix),
     0,
     100,
     "at most 100 bytes of printable ASCII",
     schema_check_text},
    {{"reject_text", "text", NULL, "\"message refused by local policy\"",
      "the text of the SMTP reply when mail is rejected"},
     SCHEMA_TEXT,
     S(reject_text),
     0,
     200,
     "at most 200 bytes of printable ASCII",
     schema_check_text},

    {{"protected.senders", A_PATTERN_LIST, NULL, "[ ]",
      "authors that others like to impersonate: mail that claims one must prove it"},
     SCHEMA_PATTERNS,
     S(protected_senders),
     0,
     0,
     NULL,
     NULL},
    {{"protected.recipients", A_PATTERN_LIST, NULL, "[ ]",
      "recipients that others like to deceive: mail to them must be trusted"},
     SCHEMA_PATTERNS,
     S(protected_recipients),
     0,
     0,
     NULL,
     NULL},
    {{"protected.action", "tag|quarantine|tempfail|reject|discard", NULL, "\"quarantine\"",
      "the least that happens to mail that is not trusted and touches one of the two"},
     SCHEMA_ACTION,
     S(protected_action),
     0,
     0,
     NULL,
     NULL},

    {{"policies", "list of groups", NULL, "( )",
      "exceptions for some mail; the first that matches a recipient decides"},
     SCHEMA_POLICIES,
     S_LIST(policies, policy_count),
     0,
     0,
     NULL,
     NULL},
    {{"policies[].name", "text", NULL, NULL, "names the policy in records and logs; required"},
     SCHEMA_TEXT,
     P(name),
     0,
     64,
     "a name of letters, digits, '_', '-' and '.'",
     schema_check_name},
    {{"policies[].recipients", A_PATTERN_LIST, NULL, NULL,
      "matches these recipients; without it, all"},
     SCHEMA_PATTERNS,
     P(recipients),
     0,
     0,
     NULL,
     NULL},
    {{"policies[].senders", A_PATTERN_LIST, NULL, NULL,
      "matches these envelope senders or authors; without it, all"},
     SCHEMA_PATTERNS,
     P(senders),
     0,
     0,
     NULL,
     NULL},
    {{"policies[].clients", "list of networks", NULL, NULL,
      "matches mail from these clients; without it, all"},
     SCHEMA_NETWORKS,
     P_LIST(clients, client_count),
     0,
     0,
     NULL,
     NULL},
    {{"policies[].direction", "inbound|outbound|any", NULL, "\"inbound\"",
      "which mail the policy is for"},
     SCHEMA_WORD,
     P(direction),
     0,
     0,
     NULL,
     NULL},
    {{"policies[].mode", "enforce|observe", NULL, NULL, "as mode, for this policy"},
     SCHEMA_WORD,
     P(mode),
     0,
     0,
     NULL,
     NULL},
    {{"policies[].thresholds.trusted", PROBABILITY, NULL, "as thresholds.trusted"},
     SCHEMA_NUMBER,
     P(trusted),
     CLOSED_UNIT,
     NULL,
     NULL},
    {{"policies[].thresholds.untrusted", PROBABILITY, NULL, "as thresholds.untrusted"},
     SCHEMA_NUMBER,
     P(untrusted),
     CLOSED_UNIT,
     NULL,
     NULL},
    {{"policies[].actions.trusted", ANY_ACTION, NULL, NULL, "as actions.trusted"},
     SCHEMA_ACTION,
     P(actions[CLASS_TRUSTED]),
     0,
     0,
     NULL,
     NULL},
    {{"policies[].actions.suspicious", ANY_ACTION, NULL, NULL, "as actions.suspicious"},
     SCHEMA_ACTION,
     P(actions[CLASS_SUSPICIOUS]),
     0,
     0,
     NULL,
     NULL},
    {{"policies[].actions.untrusted", ANY_ACTION, NULL, NULL, "as actions.untrusted"},
     SCHEMA_ACTION,
     P(actions[CLASS_UNTRUSTED]),
     0,
     0,
     NULL,
     NULL},
    {{"policies[].quarantine.method", "hold|redirect", NULL, NULL, "as quarantine.method"},
     SCHEMA_WORD,
     P(quarantine),
     0,
     0,
     NULL,
     NULL},
    {{"policies[].quarantine.mailbox", "address", NULL, NULL, "as quarantine.mailbox"},
     SCHEMA_TEXT,
     P(quarantine_mailbox),
     0,
     320,
     "an address, such as \"quarantine@example.com\"",
     schema_check_mailbox},
    {{"policies[].subject_prefix", "text", NULL, NULL, "as subject_prefix"},
     SCHEMA_TEXT,
     P(subject_prefix),
     0,
     100,
     "at most 100 bytes of printable ASCII",
     schema_check_text},

    {{"store", "text", NULL, "\"lmdb:/var/lib/vouch/model\"", "where the model is kept"},
     SCHEMA_TEXT,
     S(store),
     0,
     500,
     "\"lmdb:DIRECTORY\", \"redis://HOST:PORT/DB\", \"redis+unix:PATH\", \"memory:\" or \"none\" "
     "(no user or password: see 'redis')",
     schema_check_store},
    {{"redis.user", "text", NULL, NULL, "Redis user (ACL)"},
     SCHEMA_TEXT,
     S(store_user),
     0,
     64,
     AN_ACCOUNT,
     schema_check_account},
    {{"redis.password_file", "path", NULL, NULL, "file whose first line is that user's password"},
     SCHEMA_TEXT,
     S(store_password_file),
     0,
     500,
     A_PATH,
     schema_check_path},

    {{"dns.servers", "list of addresses", NULL, "[ ]",
      "resolvers to ask, \"ADDRESS\" or \"ADDRESS@PORT\"; without any, those of resolv.conf"},
     SCHEMA_STRINGS,
     S_LIST(dns_servers, dns_server_count),
     0,
     64,
     "an address, such as \"192.0.2.53\" or \"2001:db8::53@5353\"",
     schema_check_dns_server},
    {{"dns.trust_anchor", "path", NULL, NULL,
      "file with the root's DNSSEC key; without it answers are not validated"},
     SCHEMA_TEXT,
     S(dns_trust_anchor),
     0,
     500,
     A_PATH,
     schema_check_path},
    {{"public_suffix_list", "path", NULL, NULL,
      "public suffix list (DAFSA or text); without it, the one vouch was built with"},
     SCHEMA_TEXT,
     S(public_suffix_list),
     0,
     500,
     A_PATH,
     schema_check_path},

    {{"deadlines.message", DURATION, "\"5s\"", "longest wait for answers about one message"},
     SCHEMA_MILLISECONDS,
     S(message_deadline_ms),
     100,
     300 * SECOND,
     NULL,
     NULL},
    {{"deadlines.dns", DURATION, "\"4s\"", "of which for DNS"},
     SCHEMA_MILLISECONDS,
     S(dns_deadline_ms),
     10,
     300 * SECOND,
     NULL,
     NULL},
    {{"deadlines.store", DURATION, "\"200ms\"", "of which for the model"},
     SCHEMA_MILLISECONDS,
     S(store_deadline_ms),
     1,
     300 * SECOND,
     NULL,
     NULL},

    {{"limits.header_fields", "whole number", "fields", "1000",
      "header fields of a message that are looked at"},
     SCHEMA_COUNT,
     S(limits.fields),
     10,
     100000,
     NULL,
     NULL},
    {{"limits.header_bytes", SIZE, "\"256K\"", "bytes of header that are looked at"},
     SCHEMA_SIZE,
     S(limits.header_bytes),
     4 * KIB,
     64 * MIB,
     NULL,
     NULL},
    {{"limits.hops", "whole number", "fields", "50", "Received fields that are looked at"},
     SCHEMA_COUNT,
     S(limits.hops),
     1,
     RECEIVED_MAX_HOPS,
     NULL,
     NULL},
    {{"limits.recipients", "whole number", "recipients", "1000",
      "recipients of a message that policies are looked up for"},
     SCHEMA_COUNT,
     S(limits.recipients),
     1,
     50000,
     NULL,
     NULL},
    {{"limits.body", SIZE, "\"10M\"",
      "bytes of body that are verified; the signatures of a longer message do not count"},
     SCHEMA_SIZE,
     S(max_body),
     4 * KIB,
     2 * GIB,
     NULL,
     NULL},
    {{"limits.signatures", "whole number", "signatures", "8",
      "DKIM signatures of a message that are verified"},
     SCHEMA_COUNT,
     S(max_signatures),
     1,
     100,
     NULL,
     NULL},
    {{"limits.dns_queries", "whole number", "queries", "200",
      "DNS queries that one message may cause"},
     SCHEMA_COUNT,
     S(max_queries),
     20,
     10000,
     NULL,
     NULL},

    {{"half_life", DURATION, NULL, "time after which what was learnt counts half"},
     SCHEMA_SECONDS,
     S(trust.half_life),
     3600 * SECOND,
     3650 * DAY,
     NULL,
     NULL},
    {{"prior", "number", "messages", NULL,
      "doubt: how many messages it takes to move a subject half of the way"},
     SCHEMA_NUMBER,
     S(trust.prior),
     0.01,
     1000,
     NULL,
     NULL},
    {{"weights.bias", "number", "log-odds", NULL,
      "the sum that a message begins with of which nothing is known"},
     SCHEMA_NUMBER,
     S(trust.bias),
     -20,
     20,
     NULL,
     NULL},

    {{"milter.socket", "text", NULL, "\"unix:/run/vouch/vouch.sock\"",
      "where the MTA finds vouch-milter"},
     SCHEMA_TEXT,
     S(socket),
     0,
     500,
     "\"unix:PATH\", \"inet:PORT@ADDRESS\" or \"inet6:PORT@ADDRESS\"",
     schema_check_socket},
    {{"milter.socket_mode", "text", "octal", "\"0660\"", "permissions of a unix socket"},
     SCHEMA_OCTAL,
     S(socket_mode),
     0600,
     0770,
     NULL,
     NULL},
    {{"milter.socket_group", "text", NULL, NULL, "group of a unix socket"},
     SCHEMA_TEXT,
     S(socket_group),
     0,
     32,
     AN_ACCOUNT,
     schema_check_account},
    {{"milter.user", "text", NULL, NULL, "user to run as when started by root"},
     SCHEMA_TEXT,
     S(user),
     0,
     32,
     AN_ACCOUNT,
     schema_check_account},
    {{"milter.pid_file", "path", NULL, NULL, "file for the daemon's process id"},
     SCHEMA_TEXT,
     S(pid_file),
     0,
     500,
     A_PATH,
     schema_check_path},
    {{"log.to", "syslog|stderr", NULL, "\"syslog\"", "where vouch-milter logs"},
     SCHEMA_TEXT,
     S(log),
     0,
     8,
     "\"syslog\" or \"stderr\"",
     schema_check_log},
    {{"log.level", "error|warning|info|debug", NULL, "\"info\"",
      "the least important that is logged; info has one line a message"},
     SCHEMA_WORD,
     S(log_level),
     0,
     0,
     NULL,
     NULL},
};
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
        .min = -20,
        .max = 20,
    };
    number_text(arena, value, &row->key.def);
    return row->key.path && row->key.def ? 0 : VOUCH_E_NOMEM;
}

/* The weights follow their bias, so that the groups are in one piece. */
int schema_init(struct schema *schema, struct arena *arena)
{
    struct trust_params params;
    int rc = 0;
    trust_params_default(&params);
    schema->count = 0;
    schema->rows = arena_array(arena, FIXED + TW_COUNT, sizeof *schema->rows);
    if (!schema->rows)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < FIXED; i++) {
        schema->rows[schema->count++] = fixed_rows[i];
        if (strcmp(fixed_rows[i].key.path, "weights.bias") != 0)
            continue;
        for (int w = 0; w < TW_COUNT && rc == 0; w++)
            rc = add_weight(schema, arena, (enum trust_weight)w, params.w[w]);
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
