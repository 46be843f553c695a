/* SPDX-License-Identifier: BSD-2-Clause */
/* A file of cases: the grammar and the checks of vouch.conf, with a schema of its own. */
#include "cases.h"
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "ascii.h"
#include "settings_private.h"
#include "syntax.h"
#include "utf8.h"

#define CASES_MAX_MEMORY (256u * 1024 * 1024)
#define TEXT_BYTES       2000 /* of one value */
#define COUNT_MAX        1e6  /* messages */

/* in the order of enum auth_result, from AUTH_NONE on */
#define ANY_RESULT "none|pass|fail|softfail|neutral|policy|temperror|permerror"
#define ANY_ACTION "accept|tag|quarantine|tempfail|reject|discard"
#define ANY_CLASS  "untrusted|suspicious|trusted"

static bool check_ip(struct arena *arena, const char *value, const char **value_r)
{
    struct ipaddr ip;
    (void)arena;
    *value_r = value;
    return ipaddr_parse(span_of(value), &ip) == 0;
}

/* What can stand in a header field: UTF-8, but for what would end it. */
static bool check_line(struct arena *arena, const char *value, const char **value_r)
{
    (void)arena;
    *value_r = value;
    for (const char *p = value; *p; p++)
        if (ascii_is_control(*p) && *p != '\t')
            return false;
    return utf8_valid(span_of(value));
}

static bool check_field(struct arena *arena, const char *value, const char **value_r)
{
    size_t n = 0;
    while (value[n] != ':' && ascii_is_visible(value[n]))
        n++;
    return n > 0 && value[n] == ':' && check_line(arena, value, value_r);
}

static bool check_flag(struct arena *arena, const char *value, const char **value_r)
{
    (void)arena;
    *value_r = value;
    for (unsigned bit = 1; message_flag_name(bit); bit <<= 1)
        if (strcmp(message_flag_name(bit), value + (*value == '!')) == 0)
            return true;
    return false;
}

#define AT(struct_type, member)                                                                    \
    offsetof(struct struct_type, member), sizeof(((struct struct_type *)0)->member)
#define IN(s, path, type, kind, member, count, ...)                                                \
    {                                                                                              \
        {path, type, NULL, NULL, NULL}, kind, AT(s, member), count, __VA_ARGS__                    \
    }
#define CASE "cases[]."
#define TEXT(s, path, member, accepts, check)                                                      \
    IN(s, path, "text", SCHEMA_TEXT, member, 0, 0, TEXT_BYTES, false, accepts, check)
#define LIST(path, member, size, accepts, check)                                                   \
    IN(policy_case, path, "list", SCHEMA_STRINGS, member, offsetof(struct policy_case, size), 0,   \
       TEXT_BYTES, false, accepts, check)
#define WORD(s, path, words, member)                                                               \
    IN(s, path, words, SCHEMA_WORD, member, 0, 0, 0, false, NULL, NULL)
#define ACTION(s, path, member)                                                                    \
    IN(s, path, ANY_ACTION, SCHEMA_ACTION, member, 0, 0, 0, false, NULL, NULL)
#define NUMBER(path, member)                                                                       \
    IN(case_count, path, "number", SCHEMA_NUMBER, member, 0, 0, COUNT_MAX, false, NULL, NULL)
#define GROUPS(s, path, member, size)                                                              \
    IN(s, path, "list of groups", SCHEMA_POLICIES, member, offsetof(struct s, size), 0, 0, false,  \
       NULL, NULL)

#define A_TEXT     "text in quotes"
#define AN_IP      "an IPv4 or IPv6 address in quotes"
#define A_LINE     "text in quotes, in one line"
#define AN_ADDRESS "an address, such as \"user@example.com\""
#define A_DOMAIN   "a domain, such as \"example.com\""
#define A_RESULT   "a list of domains, such as ( \"example.com\" )"
#define A_FIELD    "a list of header fields, such as ( \"Reply-To: user@example.com\" )"
#define A_FLAG                                                                                     \
    "a list of names that 'vouch check --json' has in flags, such as ( \"forged_author\", "        \
    "\"!over_limit\" )"

/* clang-format off: a table */
static const struct schema_row rows[] = {
    GROUPS(policy_cases, "cases", list, count),
    TEXT(policy_case, CASE "name", name, A_LINE, check_line),
    TEXT(policy_case, CASE "at", at, A_TEXT, schema_check_text),
    TEXT(policy_case, CASE "client.ip", ip, AN_IP, check_ip),
    TEXT(policy_case, CASE "client.name", hostname, A_DOMAIN, schema_check_text),
    TEXT(policy_case, CASE "client.helo", helo, A_TEXT, schema_check_text),
    TEXT(policy_case, CASE "user", user, A_TEXT, schema_check_text),
    TEXT(policy_case, CASE "sender", sender, AN_ADDRESS ", or \"\"", check_line),
    LIST(CASE "recipients", recipients, recipient_count,
         "a list of addresses, such as ( \"user@example.com\" )", check_line),
    TEXT(policy_case, CASE "message", message, "the name of a file", check_line),
    TEXT(policy_case, CASE "from", from, A_LINE, check_line),
    TEXT(policy_case, CASE "subject", subject, A_LINE, check_line),
    LIST(CASE "header", header, header_count, A_FIELD, check_field),
    WORD(policy_case, CASE "auth.spf", ANY_RESULT, spf),
    TEXT(policy_case, CASE "auth.spf_domain", spf_domain, A_DOMAIN, schema_check_domain),
    LIST(CASE "auth.dkim", dkim, dkim_count, A_RESULT, schema_check_domain),
    LIST(CASE "auth.dkim_failed", dkim_failed, dkim_failed_count, A_RESULT, schema_check_domain),
    WORD(policy_case, CASE "auth.dmarc", ANY_RESULT, dmarc),
    WORD(policy_case, CASE "auth.dmarc_policy", "none|quarantine|reject", dmarc_policy),
    WORD(policy_case, CASE "auth.iprev", ANY_RESULT, iprev),
    GROUPS(policy_case, CASE "model", model, model_count),
    TEXT(case_count, CASE "model[].id", id,
         "what 'vouch lookup' takes, such as \"user@example.com\"", check_line),
    NUMBER(CASE "model[].good", good),
    NUMBER(CASE "model[].bad", bad),
    NUMBER(CASE "model[].seen", seen),
    WORD(policy_case, CASE "expect.class", ANY_CLASS, expect.class),
    ACTION(policy_case, CASE "expect.action", expect.action),
    WORD(policy_case, CASE "expect.mode", "enforce|observe", expect.mode),
    TEXT(policy_case, CASE "expect.policy", expect.policy, "a policy's name, or \"\"", check_line),
    TEXT(policy_case, CASE "expect.reason", expect.reason, A_LINE, check_line),
    LIST(CASE "expect.flags", expect.flags, expect.flag_count, A_FLAG, check_flag),
    GROUPS(policy_case, CASE "expect.recipients", expect.recipients, expect.recipient_count),
    TEXT(case_rcpt, CASE "expect.recipients[].recipient", recipient, AN_ADDRESS, check_line),
    WORD(case_rcpt, CASE "expect.recipients[].class", ANY_CLASS, class),
    ACTION(case_rcpt, CASE "expect.recipients[].action", action),
    WORD(case_rcpt, CASE "expect.recipients[].quarantine", "hold|redirect|store", quarantine),
    TEXT(case_rcpt, CASE "expect.recipients[].policy", policy, "a policy's name, or \"\"",
         check_line),
};
/* clang-format on */

struct reader {
    struct schema schema;
    struct mistakes *mistakes;
    struct arena *arena, *scratch;
};

static int line_of(const config_setting_t *setting)
{
    return (int)config_setting_source_line(setting);
}

static void read_group(struct reader *r, const config_setting_t *group, const char *prefix,
                       void *base);

static void init_case(void *item, int line)
{
    *(struct policy_case *)item = (struct policy_case){
        .line = line,
        .spf = CASE_NOT_SET,
        .dmarc = CASE_NOT_SET,
        .iprev = CASE_NOT_SET,
        .dmarc_policy = CASE_NOT_SET,
        .expect = {.class = CASE_NOT_SET, .action = CASE_NOT_SET, .mode = CASE_NOT_SET}};
}

static void init_count(void *item, int line)
{
    *(struct case_count *)item = (struct case_count){.line = line, .seen = -1};
}

static void init_rcpt(void *item, int line)
{
    *(struct case_rcpt *)item = (struct case_rcpt){
        .line = line, .class = CASE_NOT_SET, .action = CASE_NOT_SET, .quarantine = CASE_NOT_SET};
}

/* From the index among a row's words to the enum. */
static void finish_case(struct reader *r, struct policy_case *c)
{
    int *results[] = {&c->spf, &c->dmarc, &c->iprev};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (*results[i] != CASE_NOT_SET)
            *results[i] += AUTH_NONE;
    if (c->dmarc_policy != CASE_NOT_SET)
        c->dmarc_policy += DMARC_NONE;
    if (c->message && (c->from || c->subject || c->header_count))
        mistakes_add(r->mistakes, c->line,
                     "this case has a message and single header fields: one of the two");
}

static void finish_count(struct reader *r, struct case_count *c)
{
    if (!c->id)
        mistakes_add(r->mistakes, c->line, "of whom is this known? Add id = \"user@example.com\";");
}

static void finish_rcpt(struct reader *r, struct case_rcpt *c)
{
    if (!c->recipient)
        mistakes_add(r->mistakes, c->line,
                     "for whom is this expected? Add recipient = \"user@example.com\";");
}

/* A list of groups, each of size bytes. */
static void read_groups(struct reader *r, const struct schema_row *row,
                        const config_setting_t *list, void *base)
{
    const char *path = row->key.path;
    bool cases = strcmp(path, "cases") == 0, model = !cases && strcmp(path, CASE "model") == 0;
    size_t size = cases   ? sizeof(struct policy_case)
                  : model ? sizeof(struct case_count)
                          : sizeof(struct case_rcpt);
    size_t count = (size_t)config_setting_length(list);
    const char *prefix = arena_printf(r->scratch, "%s[]", path);
    if (count > CASES_MAX) {
        mistakes_add(r->mistakes, line_of(list), "'%s' has more than %d values", path, CASES_MAX);
        return;
    }
    char *items = arena_array(r->arena, count ? count : 1, size), *item = items;
    r->mistakes->failed |= !items || !prefix;
    for (size_t i = 0; items && prefix && i < count; i++, item += size) {
        const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
        (cases ? init_case : model ? init_count : init_rcpt)(item, line_of(group));
        if (config_setting_type(group) != CONFIG_TYPE_GROUP) {
            mistakes_add(r->mistakes, line_of(group), "'%s', value %zu is not a group: { ... }",
                         path, i + 1);
            continue;
        }
        read_group(r, group, prefix, item);
        if (cases)
            finish_case(r, (struct policy_case *)(void *)item);
        else if (model)
            finish_count(r, (struct case_count *)(void *)item);
        else
            finish_rcpt(r, (struct case_rcpt *)(void *)item);
    }
    memcpy((char *)base + row->offset, &items, sizeof items);
    memcpy((char *)base + row->count, &count, sizeof count);
}

static void read_value(struct reader *r, const struct schema_row *row,
                       const config_setting_t *setting, void *base)
{
    const struct schema_target target = {r->arena, r->mistakes, base};
    if (row->kind == SCHEMA_POLICIES && config_setting_type(setting) == CONFIG_TYPE_LIST)
        read_groups(r, row, setting, base);
    else
        schema_set(&target, row, setting);
}

static void unknown_key(struct reader *r, const char *group, const config_setting_t *setting)
{
    const char *name = config_setting_name(setting);
    bool full = r->mistakes->count == SETTINGS_MAX_ERRORS;
    const char *meant = full ? NULL : schema_suggest(&r->schema, r->scratch, group, name, setting);
    mistakes_add(r->mistakes, line_of(setting), "unknown key '%s%s%.80s'%s%s%s", group,
                 *group ? "." : "", name, meant ? " (did you mean " : "", meant ? meant : "",
                 meant ? "?)" : "");
}

static void read_group(struct reader *r, const config_setting_t *group, const char *prefix,
                       void *base)
{
    unsigned count = (unsigned)config_setting_length(group);
    for (unsigned i = 0; i < count; i++) {
        const config_setting_t *setting = config_setting_get_elem(group, i);
        const char *name = config_setting_name(setting);
        const struct schema_row *row = schema_find(&r->schema, prefix, name);
        if (row) {
            read_value(r, row, setting, base);
        } else if (!schema_is_group(&r->schema, prefix, name)) {
            unknown_key(r, prefix, setting);
        } else if (config_setting_type(setting) != CONFIG_TYPE_GROUP) {
            mistakes_add(r->mistakes, line_of(setting), "'%s' must be a group: %s: { ... }", name,
                         name);
        } else {
            const char *path = arena_printf(r->scratch, "%s%s%s", prefix, *prefix ? "." : "", name);
            r->mistakes->failed |= !path;
            if (path)
                read_group(r, setting, path, base);
            if (path && strcmp(path, CASE "auth") == 0)
                ((struct policy_case *)base)->auth = true;
        }
    }
}

static void read_text(struct reader *r, char *text, size_t len, struct policy_cases *cases)
{
    config_t config;
    syntax_check(text, len, r->mistakes);
    config_init(&config);
    if (!config_read_string(&config, text))
        mistakes_add(r->mistakes, config_error_line(&config), "libconfig: %s",
                     config_error_text(&config));
    read_group(r, config_root_setting(&config), "", cases);
    config_destroy(&config);
    if (cases->count == 0 && !mistakes_any(r->mistakes))
        mistakes_add(r->mistakes, 0, "there are no cases in it: cases = ( { ... }, ... );");
}

struct policy_cases *cases_parse(const char *text, size_t len, struct settings_error **errors_r,
                                 size_t *error_count_r)
{
    struct mistakes mistakes = {0};
    struct reader r = {.schema = {(struct schema_row *)(uintptr_t)rows, sizeof rows / sizeof *rows},
                       .mistakes = &mistakes,
                       .arena = arena_new(CASES_MAX_MEMORY),
                       .scratch = arena_new(CASES_MAX_MEMORY)};
    struct policy_cases *cases = r.arena ? arena_alloc(r.arena, sizeof *cases) : NULL;
    char *copy = settings_copy_text(text, len, "a file of cases", &mistakes);
    mistakes.failed |= !cases || !r.scratch;
    if (copy && !mistakes.failed) {
        cases->arena = r.arena;
        read_text(&r, copy, len + 1, cases);
    }
    free(copy);
    arena_free(&r.scratch);
    if (mistakes_any(&mistakes)) {
        arena_free(&r.arena);
        cases = NULL;
    }
    if (mistakes.failed)
        mistakes_clear(&mistakes);
    mistakes_finish(&mistakes);
    *errors_r = mistakes.list;
    *error_count_r = mistakes.count;
    return cases;
}

void cases_free(struct policy_cases **cp)
{
    struct arena *arena = *cp ? (*cp)->arena : NULL;
    *cp = NULL;
    arena_free(&arena);
}
