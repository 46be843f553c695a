/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch model activate, rollback, drop: which version look-ups ask, and which there are. */
#include "config.h"
#include <string.h>
#include "model.h"
#include "model_versions.h"
#include "tool.h"

static const char activate_usage[] =
    "Usage: vouch model activate [OPTION]... VERSION\n"
    "Makes VERSION the one that look-ups ask, in one step, for every vouch on this store. The one\n"
    "that was active is kept: 'vouch model rollback' returns to it. What the journals hold that\n"
    "VERSION has not learnt yet, vouch-milter teaches it at once.\n\n"
    "  --config FILE   settings to find the store in\n"
    "  --store URL     the store: lmdb:DIR, redis://HOST:PORT/DB, redis+unix:PATH\n"
    "  --help          this text\n\n"
    "Exit status: 0 done; 64 usage, 65 VERSION is unfinished, 66 there is no such version, 69 the\n"
    "store cannot be reached, 78 configuration.\n";

static const char rollback_usage[] =
    "Usage: vouch model rollback [OPTION]...\n"
    "Makes the version active that was active before the present one ('vouch model list' shows\n"
    "it). A second rollback undoes the first.\n\n"
    "  --config FILE   settings to find the store in\n"
    "  --store URL     the store: lmdb:DIR, redis://HOST:PORT/DB, redis+unix:PATH\n"
    "  --help          this text\n\n"
    "Exit status: 0 done; 64 usage, 66 there is no previous version, 69 the store cannot be\n"
    "reached, 78 configuration.\n";

static const char drop_usage[] =
    "Usage: vouch model drop [OPTION]... VERSION\n"
    "Removes VERSION, which must not be the active one.\n\n"
    "  --config FILE   settings to find the store in\n"
    "  --store URL     the store: lmdb:DIR, redis://HOST:PORT/DB, redis+unix:PATH\n"
    "  --help          this text\n\n"
    "Exit status: 0 done; 64 usage, 65 VERSION is the active one, 66 there is no such version, 69\n"
    "the store cannot be reached, 78 configuration.\n";

struct context {
    struct model_options o;
    struct settings *settings;
    struct store *store;
    struct model_versions versions;
};

/* Everything up to the list of versions. 0: go on; then, and else, end it. */
static int begin(struct context *c, int argc, char **argv, int args, const char *usage,
                 int *status_r)
{
    *status_r = 0;
    if (model_options(argc, argv, "cs", args, usage, &c->o, status_r) != 0)
        return -1;
    if (c->o.arg_count < args) {
        *status_r = tool_usage_error("which VERSION? ('vouch model list' shows them)");
        return -1;
    }
    c->settings = tool_settings(c->o.config, status_r);
    if (c->settings)
        c->store = tool_store(c->settings, c->o.store, false, status_r);
    if (c->store)
        *status_r = model_versions_read(c->store, &c->versions);
    return c->store && *status_r == 0 ? 0 : -1;
}

static void end(struct context *c)
{
    store_close(&c->store);
    settings_unref(&c->settings);
}

static int activate(struct context *c, const struct model_version *v)
{
    const struct model_version *was = model_versions_active(&c->versions);
    int rc = store_activate(c->store, v->name);
    if (rc == VOUCH_E_RANGE) /* it went just now */
        return model_versions_unknown(&c->versions, v->name);
    if (rc != 0)
        return model_store_error(c->store, "the version cannot be activated", rc);
    if (was && was != v)
        printf("version %s is active (it was %s)\n", v->name, was->name);
    else
        printf("version %s is active\n", v->name);
    return 0;
}

int model_activate(int argc, char **argv)
{
    struct context c = {0};
    int status;
    if (begin(&c, argc, argv, 1, activate_usage, &status) == 0) {
        const struct model_version *v = model_versions_find(&c.versions, c.o.args[0]);
        struct model_version checked = v ? *v : (struct model_version){0};
        if (!v)
            status = model_versions_unknown(&c.versions, c.o.args[0]);
        else
            status = model_versions_marks(c.settings, c.o.store, &checked, NULL, NULL);
        if (status == 0 && checked.unfinished)
            status =
                tool_error(EX_DATAERR,
                           "version %s is unfinished: 'vouch model build' was stopped while it "
                           "made it, or still runs",
                           v->name);
        if (status == 0)
            status = activate(&c, v);
    }
    end(&c);
    return status;
}

int model_rollback(int argc, char **argv)
{
    struct context c = {0};
    int status;
    if (begin(&c, argc, argv, 0, rollback_usage, &status) == 0) {
        const struct model_version *v = model_versions_previous(&c.versions);
        status = v ? activate(&c, v)
                   : tool_error(EX_NOINPUT, "there is no previous version to return to ('vouch "
                                            "model list' shows those that there are)");
    }
    end(&c);
    return status;
}

int model_drop(int argc, char **argv)
{
    struct context c = {0};
    int status;
    if (begin(&c, argc, argv, 1, drop_usage, &status) == 0) {
        const struct model_version *v = model_versions_find(&c.versions, c.o.args[0]);
        int rc = 0;
        if (!v)
            status = model_versions_unknown(&c.versions, c.o.args[0]);
        else if (v->active)
            status = tool_error(EX_DATAERR, "version %s is the active one: activate another first",
                                v->name);
        else if ((rc = store_drop(c.store, v->name)) != 0)
            status = model_store_error(c.store, "the version cannot be removed", rc);
        else
            printf("version %s is removed\n", v->name);
    }
    end(&c);
    return status;
}
