/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch model build: a new version from all journals, beside the live one.
 *
 * What a build has made is complete only when it says so (MODEL_BUILD_DONE): what a crash or Ctrl-C
 * left of one is removed by the next. What is written to the journals meanwhile need not be waited
 * for. The new version has watermarks of its own, so when it has become active the daemon's learner
 * goes on from there. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libpsl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "erasure.h"
#include "model.h"
#include "model_check.h"
#include "model_fit.h"
#include "model_teach.h"
#include "model_versions.h"
#include "tool.h"

/* Records in one step: in LMDB, where a step is one write to the disk, and costs some 10 KiB of memory
 * a record where every name is new. Redis takes the learner's own: it serves nobody else meanwhile. */
#define BUILD_BATCH 8192

static const char usage[] =
    "Usage: vouch model build [OPTION]...\n"
    "Makes a new version of the model from every record of every journal, checks it, and makes it\n"
    "the active one in one step. Look-ups go on with the old version until then, and it is kept\n"
    "for 'vouch model rollback'. What messages teach meanwhile is not lost: vouch-milter teaches "
    "it\n"
    "to the new version when that is active. A build that is stopped changes nothing.\n\n"
    "  --config FILE   settings to find journal and store in\n"
    "  --journal DIR   the tree of journals\n"
    "  --store URL     the store: lmdb:DIR, redis://HOST:PORT/DB, redis+unix:PATH\n"
    "  --fit           fit the weights of the evidence to the labels in the journals; if they "
    "judge\n"
    "                  the latest messages worse than those in force, nothing is activated\n"
    "  --holdout SHARE of the labelled messages, the latest, that the fit is judged by (0.2)\n"
    "  --no-activate   make and check the version only\n"
    "  --keep N        versions to keep beside the active one; older ones are removed (1)\n"
    "  --help          this text\n\n"
    "Exit status: 0 done; 1 the fitted weights are worse than those in force; 64 usage, 65 "
    "something\n"
    "in the journals cannot be read: the version is made but not activated, 66 there is no "
    "journal,\n"
    "69 the store cannot be reached, 75 another build runs, 78 configuration.\n";

struct build {
    struct model_options o;
    struct settings *settings;
    struct psl_ctx_st *psl;
    const char *dir, *url;
    int lock; /* of the tree */
    struct teach teach;
    struct model_versions versions; /* before */
    bool fitted;                    /* there are weights for the new version: */
    struct trust_fit fit;           /* the active version's, or new ones */
    enum model_fit done;
    char version[STORE_VERSION_MAX + 1];
};

static bool is_redis(const struct build *b)
{
    return strncmp(b->url, "redis", 5) == 0;
}

/* Two builds at once would take each other's versions for what a crash left. */
static int lock_tree(struct build *b)
{
    b->lock = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (b->lock < 0)
        return tool_error(EX_NOINPUT, "%s: %s; --journal names the tree of journals", b->dir,
                          strerror(errno));
    if (flock(b->lock, LOCK_EX | LOCK_NB) != 0)
        return tool_error(EX_TEMPFAIL, "%s: another 'vouch model build' is reading it", b->dir);
    return 0;
}

/* How far the active version has learnt a journal. One that is not here is another host's. */
static int note_known(void *arg, const char *writer, uint64_t watermark)
{
    struct build *b = arg;
    for (size_t i = 0; i < b->teach.count; i++)
        if (strcmp(b->teach.sources[i].writer, writer) == 0) {
            b->teach.sources[i].known = watermark;
            return 0;
        }
    fputs("vouch model build: the journal of ", stderr);
    tool_print_safe(stderr, writer);
    fprintf(stderr,
            " (%" PRIu64 " records learnt) is not in %s: the new version learns it from its host "
            "when it is active, as far as it is still there\n",
            watermark, b->dir);
    return 0;
}

/* Those of the active version stay in force if nothing better comes. Damage there must not keep a build from
 * putting things right. */
static void read_weights(struct build *b, struct store *s)
{
    int outcome = store_weights(s, &b->fit);
    b->fitted = outcome == LOOKUP_FOUND;
    if (outcome < 0)
        tool_error(0,
                   "the fitted weights of the active version cannot be read: the new version has "
                   "none, so those of vouch.conf hold");
}

/* Drops what builds left unfinished, and chooses the new name. */
static int choose_version(struct build *b)
{
    int status = 0;
    struct store *s = tool_store(b->settings, b->url, false, &status);
    if (!s)
        return status;
    status = model_versions_read(s, &b->versions);
    for (size_t i = 0; status == 0 && i < b->versions.count; i++) {
        struct model_version *v = &b->versions.list[i];
        status = model_versions_marks(b->settings, b->url, v, v->active ? note_known : NULL, b);
        if (status == 0 && !v->active && v->unfinished && store_drop(s, v->name) == 0)
            printf("version %s, which an earlier build left unfinished, is removed\n", v->name);
    }
    model_versions_next(&b->versions, b->version);
    if (status == 0)
        read_weights(b, s);
    store_close(&s);
    return status;
}

static int keep_all(void *arg, const struct span *now, struct span *new_r)
{
    (void)arg, (void)now, (void)new_r;
    return 0;
}

static void tell_damaged(void *arg, const struct store_key *key, const char *why)
{
    (void)arg;
    fputs("vouch model build: damaged: ", stderr);
    tool_print_safe(stderr, key->group);
    fputc(' ', stderr);
    tool_print_safe(stderr, key->field);
    fprintf(stderr, ": %s\n", why);
}

static int check_version(struct build *b, struct store *s)
{
    struct model_check c = {.damaged = tell_damaged, .may_repeat = is_redis(b)};
    struct progress progress;
    int status = teach_confirm(&b->teach, s);
    if (status != 0)
        return status;
    progress_start(&progress, stderr, "verifying", "keys", 0);
    int rc = model_check(s, &c, &progress);
    progress_end(&progress);
    if (rc != 0)
        return model_store_error(s, "the new version could not be read to its end", rc);
    if (c.wrong > 0)
        return tool_error(EX_SOFTWARE,
                          "%" PRIu64 " values of the new version are damaged: it is not "
                          "used",
                          c.wrong);
    printf("version %s: %" PRIu64 " records of %zu journal%s, %" PRIu64 " keys, %" PRIu64
           " erasure%s, digest %s\n",
           b->version, b->teach.records, b->teach.count, b->teach.count == 1 ? "" : "s", c.keys,
           b->teach.erasures, b->teach.erasures == 1 ? "" : "s", c.digest);
    return 0;
}

static int write_weights(struct build *b, const struct learn_options *options)
{
    int status = 0;
    if (b->o.fit)
        status = model_fit(&b->teach, options, b->o.holdout, b->fitted ? &b->fit : NULL, &b->fit,
                           &b->done);
    if (status != 0 || !(b->fitted || b->done != MODEL_FIT_FEW))
        return status;
    int rc = store_put_weights(options->store, &b->fit);
    return rc == 0 ? 0
                   : model_store_error(options->store,
                                       "the weights of the new version cannot be "
                                       "written",
                                       rc);
}

static int make_version(struct build *b)
{
    static const struct store_key list = {ERASURE_GROUP, ERASURE_FIELD};
    int status = 0;
    struct store *s = tool_store_version(b->settings, b->url, b->version, false, &status);
    if (!s)
        return status;
    struct learn_options options = {.store = s,
                                    .settings = b->settings,
                                    .psl = b->psl,
                                    .batch = is_redis(b) ? 0 : BUILD_BATCH,
                                    .now = learn_now_wall};
    status = teach_erasures(&b->teach, s, MODEL_BUILD_WRITER, MODEL_BUILD_BEGUN);
    if (status == 0)
        status = teach_records(&b->teach, &options);
    if (status == 0)
        status = write_weights(b, &options);
    if (status == 0)
        status = check_version(b, s);
    if (status == 0) {
        int rc = store_change(s, &list, 1, keep_all, NULL, MODEL_BUILD_WRITER, MODEL_BUILD_DONE);
        if (rc != 0)
            status = model_store_error(s, "the new version cannot be finished", rc);
    }
    store_close(&s);
    return status;
}

/* Versions beyond those to keep go, oldest first; the previous one never does. */
static int drop_old(const struct build *b, struct store *s)
{
    struct model_versions now;
    int status = model_versions_read(s, &now);
    size_t spare = now.count > b->o.keep + 1 ? now.count - b->o.keep - 1 : 0;
    for (size_t i = 0; status == 0 && i < now.count && spare > 0; i++) {
        const struct model_version *v = &now.list[i];
        if (v->active || (v->previous && b->o.keep > 0))
            continue;
        int rc = store_drop(s, v->name);
        if (rc != 0)
            return model_store_error(s, "an old version cannot be removed", rc);
        printf("version %s is removed\n", v->name);
        spare--;
    }
    return status;
}

/* Exit status 1. The version goes, unless it was wanted for itself. */
static int refuse(const struct build *b)
{
    int status = 0;
    if (!b->o.no_activate) {
        struct store *s = tool_store(b->settings, b->url, false, &status);
        int rc = s ? store_drop(s, b->version) : 0;
        if (rc != 0)
            status = model_store_error(s, "the new version cannot be removed", rc);
        store_close(&s);
    }
    return status != 0
               ? status
               : tool_error(
                     1,
                     "the fitted weights judge the messages that were held out worse than those "
                     "in force (log loss %.4f, by %.4f more than %.4f), so version %s is %s and "
                     "nothing has changed; without --fit the weights in force are kept. Are the "
                     "latest labels right?",
                     b->fit.log_loss_after, b->fit.log_loss_after - b->fit.log_loss_before,
                     b->fit.log_loss_before, b->version,
                     b->o.no_activate ? "not activated" : "removed");
}

static int activate(const struct build *b)
{
    int status = 0;
    if (b->done == MODEL_FIT_REFUSED)
        return refuse(b);
    if (b->teach.unread > 0)
        return tool_error(
            EX_DATAERR,
            "parts of the journals could not be read, so version %s is not activated "
            "('vouch journal verify' shows the damage; 'vouch model activate %s' uses "
            "it as it is)",
            b->version, b->version);
    if (b->o.no_activate)
        return 0;
    struct store *s = tool_store(b->settings, b->url, false, &status);
    if (!s)
        return status;
    int rc = store_activate(s, b->version);
    if (rc != 0) {
        status = model_store_error(s, "the new version cannot be activated", rc);
    } else {
        printf("version %s is active\n", b->version);
        status = drop_old(b, s);
    }
    store_close(&s);
    return status;
}

static int build(struct build *b)
{
    b->dir = b->o.journal ? b->o.journal : b->settings->journal_dir;
    b->url = b->o.store ? b->o.store : b->settings->store;
    if (!*b->dir)
        return tool_error(EX_CONFIG,
                          "%s: journal.directory is empty: there is nothing to build from",
                          b->settings->file);
    int status = lock_tree(b);
    if (status == 0)
        status = teach_find(&b->teach, b->dir);
    if (status == 0)
        status = choose_version(b);
    if (status == 0)
        status = make_version(b);
    if (status == 0)
        status = activate(b);
    if (fflush(stdout) != 0 && status == 0)
        status = tool_error(EX_IOERR, "standard output could not be written");
    return status;
}

int model_build(int argc, char **argv)
{
    struct build b = {.lock = -1, .done = MODEL_FIT_FEW};
    int status = 0;
    if (model_options(argc, argv, "csJnkfH", 0, usage, &b.o, &status) != 0)
        return status;
    b.settings = tool_settings(b.o.config, &status);
    if (!b.settings)
        return status;
    b.psl = tool_psl(b.settings);
    status = build(&b);
    teach_clear(&b.teach);
    if (b.lock >= 0)
        close(b.lock);
    if (b.psl)
        psl_free(b.psl);
    settings_unref(&b.settings);
    return status;
}
