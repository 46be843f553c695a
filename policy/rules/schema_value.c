/* SPDX-License-Identifier: BSD-2-Clause */
/* From a value of the file to a member of struct settings or struct policy: type, range and form
 * are checked, and what is wrong is said together with what would be accepted. */
#include "schema.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"

static_assert(sizeof(enum mode) == sizeof(int) && sizeof(enum action) == sizeof(int),
              "words are kept as int");

/* The text of a value for messages. */
static const char *shown(struct arena *arena, const config_setting_t *value)
{
    const char *text = NULL, *word;
    double number;
    switch (config_setting_type(value)) {
    case CONFIG_TYPE_GROUP:
        return "a group";
    case CONFIG_TYPE_ARRAY:
    case CONFIG_TYPE_LIST:
        return "a list";
    case CONFIG_TYPE_BOOL:
        return config_setting_get_bool(value) ? "true" : "false";
    case CONFIG_TYPE_INT:
        text = arena_printf(arena, "%d", config_setting_get_int(value));
        break;
    case CONFIG_TYPE_FLOAT:
        number = config_setting_get_float(value);
        text = arena_printf(arena, number == floor(number) ? "%.1f" : "%.10g", number);
        break;
    case CONFIG_TYPE_STRING:
        word = config_setting_get_string(value);
        if (strstr(word, "://") && strchr(word, '@'))
            return "a URL with a password"; /* this text may go to a log */
        text = arena_printf(arena, "\"%.80s\"", word);
        break;
    }
    return text ? text : "this";
}

static int line_of(const config_setting_t *value)
{
    return (int)config_setting_source_line(value);
}

/* "'key' must be ..., not ...". Returns false. */
static bool refuse(const struct schema_target *t, const struct schema_row *row,
                   const config_setting_t *value)
{
    const char *expected = schema_expected(row, t->arena);
    mistakes_add(t->mistakes, line_of(value), "'%s' must be %s, not %s", row->key.path,
                 expected ? expected : row->key.type, shown(t->arena, value));
    return false;
}

/* The same with what is wrong with a string. */
static bool refuse_because(const struct schema_target *t, const struct schema_row *row,
                           const config_setting_t *value, const char *why)
{
    const char *expected = schema_expected(row, t->arena);
    mistakes_add(t->mistakes, line_of(value), "'%s' must be %s: %s %s", row->key.path,
                 expected ? expected : row->key.type, shown(t->arena, value), why);
    return false;
}

static bool no_memory(const struct schema_target *t)
{
    t->mistakes->failed = true;
    return false;
}

static bool keep(const struct schema_target *t, const struct schema_row *row, const void *value)
{
    memcpy((char *)t->base + row->offset, value, row->size);
    return true;
}

static bool keep_unsigned(const struct schema_target *t, const struct schema_row *row,
                          uint64_t value)
{
    unsigned small = (unsigned)value;
    uint64_t large = value;
    return keep(t, row, row->size == sizeof small ? (void *)&small : (void *)&large);
}

static bool keep_list(const struct schema_target *t, const struct schema_row *row, void *list,
                      size_t count)
{
    memcpy((char *)t->base + row->count, &count, sizeof count);
    return keep(t, row, &list);
}

/* Index of word among type's words "a|b|c", or -1. */
static int word_index(const char *type, const char *word)
{
    struct span rest = span_of(type), part;
    for (int i = 0; span_split(&rest, '|', &part); i++)
        if (span_eq(part, span_of(word)))
            return i;
    return -1;
}

static int action_parse(const char *word)
{
    for (int a = 0; a < ACTION_COUNT; a++)
        if (strcmp(action_name((enum action)a), word) == 0)
            return a;
    return ACTION_NONE;
}

static bool set_bool(const struct schema_target *t, const struct schema_row *row,
                     const config_setting_t *value)
{
    if (config_setting_type(value) != CONFIG_TYPE_BOOL)
        return refuse(t, row, value);
    bool yes = config_setting_get_bool(value) == CONFIG_TRUE;
    return keep(t, row, &yes);
}

static bool set_word(const struct schema_target *t, const struct schema_row *row,
                     const config_setting_t *value)
{
    const char *word = config_setting_get_string(value);
    int i = word ? word_index(row->key.type, word) : -1;
    if (i < 0)
        return refuse(t, row, value);
    if (row->kind == SCHEMA_ACTION)
        i = action_parse(word);
    return keep(t, row, &i);
}

static const char *checked_text(const struct schema_target *t, const struct schema_row *row,
                                const config_setting_t *value)
{
    const char *text = config_setting_get_string(value), *final;
    if (!text || strlen(text) > row->max || !row->check(t->arena, text, &final)) {
        refuse(t, row, value);
        return NULL;
    }
    final = arena_strdup(t->arena, final);
    if (!final)
        no_memory(t);
    return final;
}

static bool set_text(const struct schema_target *t, const struct schema_row *row,
                     const config_setting_t *value)
{
    const char *text = checked_text(t, row, value);
    return text && keep(t, row, &text);
}

static bool set_number(const struct schema_target *t, const struct schema_row *row,
                       const config_setting_t *value)
{
    double n = config_setting_type(value) == CONFIG_TYPE_INT ? config_setting_get_int(value)
                                                             : config_setting_get_float(value);
    if ((config_setting_type(value) != CONFIG_TYPE_INT &&
         config_setting_type(value) != CONFIG_TYPE_FLOAT) ||
        !(n >= row->min && n <= row->max))
        return refuse(t, row, value);
    return keep(t, row, &n);
}

static bool set_count(const struct schema_target *t, const struct schema_row *row,
                      const config_setting_t *value)
{
    int n = config_setting_get_int(value);
    if (config_setting_type(value) != CONFIG_TYPE_INT || n < row->min || n > row->max)
        return refuse(t, row, value);
    return keep_unsigned(t, row, (uint64_t)n);
}

static bool set_units(const struct schema_target *t, const struct schema_row *row,
                      const config_setting_t *value)
{
    const char *text = config_setting_get_string(value);
    uint64_t n;
    if (config_setting_type(value) == CONFIG_TYPE_INT)
        return refuse_because(t, row, value, "has no unit");
    if (!text)
        return refuse(t, row, value);
    const char *why =
        units_parse(row->kind == SCHEMA_SIZE ? units_size : units_duration, span_of(text), &n);
    if (why)
        return refuse_because(t, row, value, why);
    bool zero = row->zero && n == 0;
    if (!zero && ((double)n < row->min || (double)n > row->max))
        return refuse(t, row, value);
    if (row->kind == SCHEMA_WHOLE_SECONDS && n % 1000 != 0)
        return refuse_because(t, row, value, "is no whole number of seconds");
    if (row->kind == SCHEMA_WHOLE_SECONDS)
        return keep_unsigned(t, row, n / 1000);
    double seconds = (double)n / 1000;
    return row->kind == SCHEMA_SECONDS ? keep(t, row, &seconds) : keep_unsigned(t, row, n);
}

static bool set_octal(const struct schema_target *t, const struct schema_row *row,
                      const config_setting_t *value)
{
    const char *text = config_setting_get_string(value);
    size_t len = text ? strlen(text) : 0;
    if (len < 3 || len > 4 || strspn(text, "01234567") != len)
        return refuse(t, row, value);
    unsigned n = (unsigned)strtoul(text, NULL, 8);
    if (n < row->min || n > row->max || (n & 7))
        return refuse(t, row, value);
    return keep(t, row, &n);
}

/* Says what is wrong with one value of a list. Returns false. */
static bool refuse_value(const struct schema_target *t, const struct schema_row *row, unsigned i,
                         const config_setting_t *value, const char *why)
{
    mistakes_add(t->mistakes, line_of(value), "'%s', value %u: %s %s", row->key.path, i + 1,
                 shown(t->arena, value), why);
    return false;
}

static bool set_pattern(const struct schema_target *t, const struct schema_row *row, unsigned i,
                        const config_setting_t *value, void *item)
{
    const char *pattern;
    const char *why = pattern_parse(t->arena, span_of(config_setting_get_string(value)),
                                    row->kind == SCHEMA_DOMAINS, &pattern);
    if (!pattern)
        return refuse_value(t, row, i, value, why ? why : "could not be kept: out of memory");
    memcpy(item, &pattern, sizeof pattern);
    return true;
}

static bool set_sender(const struct schema_target *t, const struct schema_row *row, unsigned i,
                       const config_setting_t *value, void *item)
{
    struct guarded_sender *sender = item;
    const char *why = sender_parse(t->arena, span_of(config_setting_get_string(value)), sender);
    if (why || (!sender->name && !sender->own))
        return refuse_value(t, row, i, value, why ? why : "could not be kept: out of memory");
    return true;
}

static bool set_string(const struct schema_target *t, const struct schema_row *row, unsigned i,
                       const config_setting_t *value, void *item)
{
    (void)i;
    const char *text = checked_text(t, row, value);
    memcpy(item, &text, sizeof text);
    return text != NULL;
}

/* Why text is no network, as far as it can be told. */
static const char *network_fault(struct arena *arena, const char *text)
{
    struct span rest = span_of(text), addr;
    struct ipaddr ip;
    uint64_t prefix;
    char form[IPNET_TEXT];
    bool parsed = span_split(&rest, '/', &addr) && ipaddr_parse(addr, &ip) == 0;
    const char *why = "is not a network, such as \"192.0.2.0/24\" or \"2001:db8::/32\"";
    if (!parsed || !rest.p)
        return why;
    unsigned bits = ip.family == IP_V4 ? 32 : 128;
    if (span_uint(rest, bits, &prefix) != 0)
        return bits == 32 ? "must end with a prefix length from 0 to 32"
                          : "must end with a prefix length from 0 to 128";
    struct ipnet net = ipnet_of(&ip, (unsigned)prefix);
    const char *hint =
        arena_printf(arena, "has host bits; did you mean \"%s\"?", ipnet_format(&net, form));
    return hint ? hint : why;
}

static bool set_network(const struct schema_target *t, const struct schema_row *row, unsigned i,
                        const config_setting_t *value, void *item)
{
    struct ipnet *net = item;
    const char *text = config_setting_get_string(value);
    if (ipnet_parse(span_of(text), net) != 0)
        return refuse_value(t, row, i, value, network_fault(t->arena, text));
    if (net->prefix == 0)
        return refuse_value(t, row, i, value, "is the whole Internet: name the networks");
    return true;
}

typedef bool set_item_fn(const struct schema_target *t, const struct schema_row *row, unsigned i,
                         const config_setting_t *value, void *item);

/* A list of strings: set_item makes an item of item_size bytes of each. */
static bool set_list(const struct schema_target *t, const struct schema_row *row,
                     const config_setting_t *value, set_item_fn *set_item, size_t item_size)
{
    int type = config_setting_type(value);
    if (type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST)
        return refuse(t, row, value);
    unsigned count = (unsigned)config_setting_length(value);
    if (count > SETTINGS_MAX_LIST) {
        mistakes_add(t->mistakes, line_of(value), "'%s' has more than %d values", row->key.path,
                     SETTINGS_MAX_LIST);
        return false;
    }
    char *items = arena_array(t->arena, count, item_size);
    if (!items)
        return no_memory(t);
    bool good = true;
    for (unsigned i = 0; i < count; i++) {
        const config_setting_t *item = config_setting_get_elem(value, i);
        if (config_setting_type(item) != CONFIG_TYPE_STRING)
            good = refuse_value(t, row, i, item, "is not a string in quotes");
        else if (!set_item(t, row, i, item, items + i * item_size))
            good = false;
    }
    if (!good)
        return false;
    if (row->kind != SCHEMA_PATTERNS && row->kind != SCHEMA_DOMAINS)
        return keep_list(t, row, items, count);
    struct pattern_list list = {(const char **)(void *)items, count};
    return keep(t, row, &list);
}

bool schema_set(const struct schema_target *target, const struct schema_row *row,
                const config_setting_t *value)
{
    switch (row->kind) {
    case SCHEMA_BOOL:
        return set_bool(target, row, value);
    case SCHEMA_WORD:
    case SCHEMA_ACTION:
        return set_word(target, row, value);
    case SCHEMA_TEXT:
        return set_text(target, row, value);
    case SCHEMA_NUMBER:
        return set_number(target, row, value);
    case SCHEMA_COUNT:
        return set_count(target, row, value);
    case SCHEMA_MILLISECONDS:
    case SCHEMA_SECONDS:
    case SCHEMA_WHOLE_SECONDS:
    case SCHEMA_SIZE:
        return set_units(target, row, value);
    case SCHEMA_OCTAL:
        return set_octal(target, row, value);
    case SCHEMA_PATTERNS:
    case SCHEMA_DOMAINS:
        return set_list(target, row, value, set_pattern, sizeof(char *));
    case SCHEMA_STRINGS:
        return set_list(target, row, value, set_string, sizeof(char *));
    case SCHEMA_SENDERS:
        return set_list(target, row, value, set_sender, sizeof(struct guarded_sender));
    case SCHEMA_NETWORKS:
        return set_list(target, row, value, set_network, sizeof(struct ipnet));
    case SCHEMA_POLICIES:
        return refuse(target, row, value); /* the reader walks into a proper list */
    }
    return false;
}
