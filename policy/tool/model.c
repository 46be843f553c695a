/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch model: import and export. */
#include "config.h"
#include <string.h>
#include "model.h"
#include "store.h"
#include "tool.h"

static const char usage[] =
    "Usage: vouch model import [OPTION]... [FILE]\n"
    "       vouch model export [OPTION]... [FILE]\n"
    "Read or write the model as JSON lines, one subject a line. 'vouch model import --help' tells\n"
    "more of one.\n";

int model_options(int argc, char **argv, const char *help, struct model_options *o_r, int *status_r)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"store", required_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    *o_r = (struct model_options){0};
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (option == 'c') {
            o_r->config = optarg;
        } else if (option == 's') {
            o_r->store = optarg;
        } else if (option == 'h') {
            fputs(help, stdout);
            *status_r = 0;
            return -1;
        } else {
            *status_r = tool_option_error(option, argv[optind - 1]);
            return -1;
        }
    }
    if (argc - optind > 1) {
        *status_r = tool_usage_error("one FILE at most");
        return -1;
    }
    if (optind < argc && strcmp(argv[optind], "-") != 0)
        o_r->file = argv[optind];
    return 0;
}

int model_store_error(struct store *s, const char *what, int code)
{
    char state[300];
    if (code == VOUCH_E_NOMEM)
        return tool_error(EX_OSERR, "%s: out of memory", what);
    store_state(s, state, sizeof state);
    return tool_error(EX_UNAVAILABLE, "%s (%s)", what, state);
}

int tool_model(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "import") == 0) {
        tool_set_name("model import");
        return model_import(argc - 1, argv + 1);
    }
    if (strcmp(what, "export") == 0) {
        tool_set_name("model export");
        return model_export(argc - 1, argv + 1);
    }
    if (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    return tool_usage_error("say 'model import' or 'model export'");
}
