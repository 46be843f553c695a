/* SPDX-License-Identifier: BSD-2-Clause */
/* Mistakes that no single value shows. A key whose own value was refused is left out of these, so
 * that one mistake is reported once. */
#include <math.h>
#include <string.h>
#include "http_address.h"
#include "settings_private.h"

#define COVER_MAX 100000 /* comparisons spent on one pair of policies' lists */

static const struct settings_seen *seen(const struct settings_file *f, const char *path)
{
    return &f->seen[schema_find(f->schema, "", path) - f->schema->rows];
}

static bool refused(const struct settings_seen *key)
{
    return key->line > 0 && !key->good;
}

static int later(const struct settings_seen *a, const struct settings_seen *b)
{
    return a->line > b->line ? a->line : b->line;
}

static void check_thresholds(struct settings_file *f, const char *group, double trusted,
                             double untrusted, const struct settings_seen *t,
                             const struct settings_seen *u)
{
    if (!refused(t) && !refused(u) && later(t, u) > 0 && untrusted > trusted)
        mistakes_add(f->mistakes, later(t, u),
                     "'%sthresholds.untrusted' (%.10g) must not be above 'thresholds.trusted' "
                     "(%.10g)",
                     group, untrusted, trusted);
}

/* A part that is not set in the file follows a shorter whole; one that is must fit. */
static void check_deadline(struct settings_file *f, const char *path, unsigned *part_ms)
{
    const struct settings_seen *part = seen(f, path), *whole = seen(f, "deadlines.message");
    unsigned whole_ms = f->settings->message_deadline_ms;
    if (refused(part) || refused(whole) || *part_ms <= whole_ms)
        return;
    if (part->line > 0)
        mistakes_add(f->mistakes, part->line,
                     "'%s' (%u ms) must not be longer than 'deadlines.message' (%u ms)", path,
                     *part_ms, whole_ms);
    else
        *part_ms = whole_ms;
}

static void need_mailbox(struct settings_file *f, int line)
{
    mistakes_add(f->mistakes, line,
                 "quarantine method \"redirect\" needs 'quarantine.mailbox': the address that "
                 "gets quarantined mail");
}

/* A name alone is for those of our domains: there must be some. */
static void check_bearer(struct settings_file *f, const struct guarded_sender *sender)
{
    const struct settings *s = f->settings;
    bool domains = s->local_domains.count > 0 || refused(seen(f, "local_domains"));
    for (size_t i = 0; !domains && i < s->protected_count; i++)
        domains = !s->protected_list[i].name && !strchr(s->protected_list[i].own, '@');
    if (!sender->own && !domains)
        mistakes_add(f->mistakes, seen(f, "protected.senders")->line,
                     "'protected.senders': nobody may bear the name \"%.80s\": write \"%.80s "
                     "<address>\", or say in 'local_domains' which domains are yours",
                     sender->name, sender->name);
}

/* Who reads the numbers learns how much mail of which kind this site gets. */
static void check_metrics(struct settings_file *f)
{
    const struct settings *s = f->settings;
    struct http_address address;
    if (!s->metrics_listen || s->metrics_allow_remote || refused(seen(f, "metrics.allow_remote")) ||
        http_address_parse(s->metrics_listen, &address) != 0 || http_address_is_local(&address))
        return;
    mistakes_add(f->mistakes, seen(f, "metrics.listen")->line,
                 "'metrics.listen': other hosts can reach %s: take \"127.0.0.1:9117\", or set "
                 "'metrics.allow_remote' = true if they are to",
                 s->metrics_listen);
}

void settings_check(struct settings_file *f)
{
    struct settings *s = f->settings;
    check_thresholds(f, "", s->trusted, s->untrusted, seen(f, "thresholds.trusted"),
                     seen(f, "thresholds.untrusted"));
    check_deadline(f, "deadlines.dns", &s->dns_deadline_ms);
    check_deadline(f, "deadlines.store", &s->store_deadline_ms);
    check_metrics(f);
    for (size_t i = 0; i < s->protected_count; i++)
        check_bearer(f, &s->protected_list[i]);
    if (s->quarantine == QUARANTINE_REDIRECT && seen(f, "quarantine.mailbox")->line == 0)
        need_mailbox(f, seen(f, "quarantine.method")->line);
}

static void check_not_empty(struct settings_file *f, const char *path, size_t count)
{
    const struct settings_seen *key = seen(f, path);
    if (key->line > 0 && key->good && count == 0)
        mistakes_add(f->mistakes, key->line,
                     "'%s' is empty and would match nothing: leave it out to match all", path);
}

void settings_check_policy(struct settings_file *f, const struct policy *p)
{
    const struct settings *s = f->settings;
    const struct settings_seen *method = seen(f, SCHEMA_POLICY ".quarantine.method");
    if (seen(f, SCHEMA_POLICY ".name")->line == 0)
        mistakes_add(f->mistakes, p->line, "this policy has no name: add name = \"...\";");
    check_not_empty(f, SCHEMA_POLICY ".recipients", p->recipients.count);
    check_not_empty(f, SCHEMA_POLICY ".senders", p->senders.count);
    check_not_empty(f, SCHEMA_POLICY ".clients", p->client_count);
    check_thresholds(f, SCHEMA_POLICY ".", isnan(p->trusted) ? s->trusted : p->trusted,
                     isnan(p->untrusted) ? s->untrusted : p->untrusted,
                     seen(f, SCHEMA_POLICY ".thresholds.trusted"),
                     seen(f, SCHEMA_POLICY ".thresholds.untrusted"));
    if (p->quarantine == QUARANTINE_REDIRECT &&
        seen(f, SCHEMA_POLICY ".quarantine.mailbox")->line == 0 &&
        seen(f, "quarantine.mailbox")->line == 0)
        need_mailbox(f, method->line);
}

/* Whatever b's list matches, a's does; an empty list matches all. */
static bool patterns_cover(const struct pattern_list *a, const struct pattern_list *b)
{
    static const char *const all = "*";
    const char *star = all;
    const struct pattern_list everything = {&star, 1};
    if (a->count == 0)
        return true;
    if (b->count == 0)
        return pattern_list_covers(a, &everything);
    return a->count <= COVER_MAX / b->count && pattern_list_covers(a, b);
}

static bool networks_cover(const struct policy *a, const struct policy *b)
{
    if (a->client_count == 0)
        return true;
    if (b->client_count == 0 || a->client_count > COVER_MAX / b->client_count)
        return false;
    for (size_t i = 0; i < b->client_count; i++) {
        bool covered = false;
        for (size_t j = 0; j < a->client_count && !covered; j++)
            covered = a->clients[j].prefix <= b->clients[i].prefix &&
                      ipnet_contains(&a->clients[j], &b->clients[i].addr);
        if (!covered)
            return false;
    }
    return true;
}

static bool policy_covers(const struct policy *a, const struct policy *b)
{
    return (a->direction == DIRECTION_ANY || a->direction == b->direction) &&
           patterns_cover(&a->recipients, &b->recipients) &&
           patterns_cover(&a->senders, &b->senders) && networks_cover(a, b);
}

/* The first mistake of policies[i] against those before it. */
static void check_against_earlier(struct settings_file *f, size_t i)
{
    const struct policy *b = &f->settings->policies[i];
    for (size_t j = 0; j < i; j++) {
        const struct policy *a = &f->settings->policies[j];
        if (a->name && b->name && strcmp(a->name, b->name) == 0) {
            mistakes_add(f->mistakes, b->line,
                         "policy '%s' has the name of the policy in line %d: names must differ",
                         b->name, a->line);
            return;
        }
        if (!f->broken[i] && !f->broken[j] && policy_covers(a, b)) {
            mistakes_add(f->mistakes, b->line,
                         "policy '%s' can never match: policy '%s' in line %d stands first and "
                         "matches all that it would",
                         b->name, a->name, a->line);
            return;
        }
    }
}

void settings_check_order(struct settings_file *f)
{
    for (size_t i = 1; i < f->settings->policy_count; i++)
        check_against_earlier(f, i);
}
