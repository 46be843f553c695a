/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch forget: an erasure record for each subject in the journal that commands write to, which is
 * then learnt at once: so the model forgets, and so does every later build. Versions of the model
 * that are not active are cleaned as well. */
#include "config.h"
#include <inttypes.h>
#include <libpsl.h>
#include <string.h>
#include "clock.h"
#include "forget_names.h"
#include "learn.h"
#include "model.h"
#include "model_check.h"
#include "model_versions.h"
#include "tool.h"
#include "tool_journal.h"

static const char usage[] =
    "Usage: vouch forget [OPTION]... ADDRESS|DOMAIN|IP...\n"
    "Makes the model forget a mail address, a domain with everything below it, or an IP address "
    "or\n"
    "network: as sender, as recipient, as host, and as the other side of pairs. Writes that to "
    "the\n"
    "journal, so that a model built anew does not know it either. What comes later is learnt "
    "again.\n"
    "The records of the past stay in the journal until retention removes them; see\n"
    "vouch-journal(7).\n\n"
    "  --config FILE   settings to find journal and store in\n"
    "  --journal DIR   the tree of journals\n"
    "  --store URL     the store: lmdb:DIR, redis://HOST:PORT/DB, redis+unix:PATH\n"
    "  --dry-run       change nothing; show every key of the model that would go\n"
    "  --help          this text\n\n"
    "Exit status: 0 done; 64 usage, 65 a subject is none, 69 the store cannot be reached (it is\n"
    "forgotten when the store is back), 73 or 77 the journal cannot be written, 78 "
    "configuration.\n";

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'}, {"journal", required_argument, NULL, 'J'},
    {"store", required_argument, NULL, 's'},  {"dry-run", no_argument, NULL, 'n'},
    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};

struct forget {
    const char *config, *dir, *url;
    bool dry_run;
    struct settings *settings;
    struct psl_ctx_st *psl;
    struct forget_names names;
    struct tool_journal journal;
    struct store *store; /* the active version */
};

static int set_option(void *arg, int option, const char *value)
{
    struct forget *f = arg;
    if (option == 'c')
        f->config = value;
    else if (option == 'J')
        f->dir = value;
    else if (option == 's')
        f->url = value;
    else
        f->dry_run = true;
    return 0;
}

/* 0: go on; otherwise *status_r is the exit status. */
static int parse_options(struct forget *f, int argc, char **argv, int *status_r)
{
    if (tool_options(argc, argv, options, usage, set_option, f, status_r) != 0)
        return -1;
    if (optind < argc)
        return 0;
    *status_r = tool_usage_error("whom? an address, a domain, an IP address or a network");
    return -1;
}

/* --- what is there --- */

static void show_key(void *arg, const struct forget_name *name, const struct store_key *key,
                     struct span value)
{
    enum model_kind kind = MODEL_TALLY;
    (void)arg;
    const char *why = model_value_check(key, value, &kind);
    printf("would go for ");
    tool_print_safe(stdout, name->text);
    printf(": ");
    tool_print_safe(stdout, key->group);
    putchar(' ');
    tool_print_safe(stdout, key->field);
    printf(" (%s)\n", why ? why : model_kind_name(kind));
}

/* The keys of the subject that names[i] is the first name of; *next_r: behind its last one. */
static uint64_t keys_of(const struct forget_names *names, size_t i, size_t *next_r)
{
    uint64_t keys = 0;
    const char *text = names->list[i].text;
    for (*next_r = i; *next_r < names->count && names->list[*next_r].text == text; ++*next_r)
        keys += names->list[*next_r].keys;
    return keys;
}

static void print_counts(const struct forget_names *names, const char *what)
{
    for (size_t i = 0, next; i < names->count; i = next) {
        uint64_t keys = keys_of(names, i, &next);
        tool_print_safe(stdout, names->list[i].text);
        printf(": %" PRIu64 " key%s %s\n", keys, keys == 1 ? "" : "s", what);
    }
}

static int dry_run(struct forget *f)
{
    int status = 0;
    f->store = tool_store(f->settings, f->url, true, &status);
    if (!f->store)
        return status;
    int rc = forget_names_count(&f->names, f->store, show_key, NULL);
    if (rc != 0)
        return model_store_error(f->store, "the model could not be read to its end", rc);
    print_counts(&f->names, "would go");
    return 0;
}

/* --- forgetting --- */

/* known: the model was asked. 0 or an exit status. */
static int write_records(struct forget *f, bool known)
{
    int status = 0;
    for (size_t i = 0; i < f->names.count && status == 0; i++) {
        const struct forget_name *name = &f->names.list[i];
        struct record r = {.kind = RECORD_ERASURE, .erased = name->subject};
        if (!name->only_if_known || (known && name->keys > 0))
            status = tool_journal_append(&f->journal, &r);
    }
    return status;
}

/* The journal that was just written to, to its end. 0 or an exit status. */
static int learn_records(struct forget *f)
{
    struct learn_options o = {.store = f->store, .settings = f->settings, .psl = f->psl};
    struct learner *l = learner_new(&o, f->journal.path, journal_writer(f->journal.journal));
    tool_journal_close(&f->journal); /* others wait for it */
    int rc = l ? 1 : VOUCH_E_NOMEM;
    while (rc > 0 || rc == VOUCH_E_SYNTAX) {
        rc = learner_step(l);
        if (rc == VOUCH_E_SYNTAX)
            tool_error(0, "%s", learner_error(l));
    }
    int status = 0;
    if (rc == VOUCH_E_TEMP)
        status = tool_error(EX_UNAVAILABLE,
                            "%s; the journal has it: it is forgotten when vouch-milter next "
                            "learns",
                            learner_error(l));
    else if (rc != 0)
        status = tool_error(rc == VOUCH_E_NOMEM ? EX_OSERR : EX_IOERR, "%s",
                            l ? learner_error(l) : "out of memory");
    learner_free(&l);
    return status;
}

/* What a rollback would bring back. */
static int clean_version(struct forget *f, const struct model_version *v)
{
    int status = 0;
    uint64_t removed = 0;
    struct store *s = tool_store_version(f->settings, f->url, v->name, false, &status);
    if (!s)
        return status;
    int rc = store_remove(s, forget_names_match, &f->names, &removed);
    if (rc != 0)
        status = model_store_error(s, "an older version of the model cannot be changed", rc);
    else if (removed > 0)
        printf("version %s%s: %" PRIu64 " key%s removed\n", v->name,
               v->active ? "" : ", which is not active", removed, removed == 1 ? "" : "s");
    store_close(&s);
    return status;
}

static int clean_versions(struct forget *f, bool active_too)
{
    struct model_versions versions;
    int status = model_versions_read(f->store, &versions);
    for (size_t i = 0; i < versions.count && status == 0; i++)
        if (active_too || !versions.list[i].active)
            status = clean_version(f, &versions.list[i]);
    return status;
}

/* Says what went, and what is still there. */
static int report(struct forget *f)
{
    uint64_t left = 0;
    print_counts(&f->names, "removed from the model");
    int rc = forget_names_count(&f->names, f->store, NULL, NULL);
    if (rc != 0)
        return model_store_error(f->store, "whether all is gone cannot be read", rc);
    for (size_t i = 0; i < f->names.count; i++)
        left += f->names.list[i].keys;
    if (left > 0)
        printf("%" PRIu64 " key%s learnt again already, from messages that came since\n", left,
               left == 1 ? " was" : "s were");
    return 0;
}

static void tell_what_stays(const struct forget *f)
{
    printf("%s: what was written before stays there ", f->dir ? f->dir : f->settings->journal_dir);
    if (f->settings->journal_keep_age_s > 0)
        printf("for %" PRIu64 " days (journal.keep_age); ",
               f->settings->journal_keep_age_s / 86400);
    else
        printf("(journal.keep_age sets no limit); ");
    puts("see vouch-journal(7)");
}

/* With a journal: it is the truth, and the model follows. */
static int forget_by_journal(struct forget *f)
{
    int status = 0;
    if (tool_journal_open(f->settings, f->dir, &f->journal, &status) != 0)
        return status;
    tool_journal_close(&f->journal); /* it can be written: by others too, while the model is read */
    f->store = tool_store(f->settings, f->url, false, &status);
    if (!f->store)
        return status;
    bool known = forget_names_count(&f->names, f->store, NULL, NULL) == 0;
    if (tool_journal_open(f->settings, f->dir, &f->journal, &status) != 0)
        return status;
    status = write_records(f, known);
    if (status == 0)
        status = learn_records(f);
    if (status == 0)
        status = clean_versions(f, false);
    if (status == 0)
        status = report(f);
    if (status == 0)
        tell_what_stays(f);
    return status;
}

static int forget_in_model(struct forget *f)
{
    int status = 0;
    f->store = tool_store(f->settings, f->url, false, &status);
    if (!f->store)
        return status;
    int rc = forget_names_count(&f->names, f->store, NULL, NULL);
    if (rc != 0)
        return model_store_error(f->store, "the model could not be read to its end", rc);
    print_counts(&f->names, "in the model");
    return clean_versions(f, true);
}

int tool_forget(int argc, char **argv)
{
    struct forget f = {0};
    int status = 0;
    if (parse_options(&f, argc, argv, &status) != 0)
        return status;
    f.settings = tool_settings(f.config, &status);
    if (!f.settings)
        return status;
    f.psl = tool_psl(f.settings);
    status = forget_names_parse(&f.names, f.settings, f.psl, argv + optind, argc - optind);
    if (status == 0 && f.dry_run)
        status = dry_run(&f);
    else if (status == 0 && !f.dir && !*f.settings->journal_dir)
        status = forget_in_model(&f);
    else if (status == 0)
        status = forget_by_journal(&f);
    if (fflush(stdout) != 0 && status == 0)
        status = tool_error(EX_IOERR, "standard output could not be written");
    store_close(&f.store);
    tool_journal_close(&f.journal);
    forget_names_clear(&f.names);
    if (f.psl)
        psl_free(f.psl);
    settings_unref(&f.settings);
    return status;
}
