/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch model: finds the subcommand, and reads the options that they share. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "model.h"
#include "model_fit.h"
#include "span.h"
#include "store.h"
#include "tool.h"

static const struct tool_command commands[] = {
    {"model list", "show the versions, and how far each has learnt", model_list},
    {"model build", "make a new version from the journals", model_build},
    {"model activate", "ask another version from now on", model_activate},
    {"model rollback", "return to the version before", model_rollback},
    {"model drop", "remove a version", model_drop},
    {"model verify", "decode everything, and sum it up in a line", model_verify},
    {"model weights", "show by which weights messages are judged", model_weights},
    {"model import", "set counts from JSON lines", model_import},
    {"model export", "write all counts as JSON lines", model_export},
    {"model learn", "learn what the journals hold", model_learn},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

/* Every option of every subcommand, by its letter. */
static const struct option all_options[] = {{"config", required_argument, NULL, 'c'},
                                            {"store", required_argument, NULL, 's'},
                                            {"model", required_argument, NULL, 'm'},
                                            {"journal", required_argument, NULL, 'J'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"no-activate", no_argument, NULL, 'n'},
                                            {"keep", required_argument, NULL, 'k'},
                                            {"fit", no_argument, NULL, 'f'},
                                            {"holdout", required_argument, NULL, 'H'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};

static int take_keep(struct model_options *o)
{
    uint64_t keep;
    if (span_uint(span_of(optarg), MODEL_KEEP_MAX, &keep) != 0)
        return tool_usage_error("--keep %s: not a number from 0 to %d", optarg, MODEL_KEEP_MAX);
    o->keep = (unsigned)keep;
    return 0;
}

static int take_holdout(struct model_options *o)
{
    char *end;
    o->holdout = strtod(optarg, &end);
    if (end == optarg || *end || !(o->holdout >= 0.05 && o->holdout <= 0.5))
        return tool_usage_error("--holdout %s: not a share from 0.05 to 0.5", optarg);
    return 0;
}

/* 0 or an exit status */
static int take_option(struct model_options *o, int option)
{
    switch (option) {
    case 'c':
        o->config = optarg;
        break;
    case 's':
        o->store = optarg;
        break;
    case 'm':
        o->model = optarg;
        break;
    case 'J':
        o->journal = optarg;
        break;
    case 'j':
        o->json = true;
        break;
    case 'n':
        o->no_activate = true;
        break;
    case 'f':
        o->fit = true;
        break;
    case 'H':
        return take_holdout(o);
    default:
        return take_keep(o);
    }
    return 0;
}

int model_options(int argc, char **argv, const char *letters, int most, const char *usage,
                  struct model_options *o_r, int *status_r)
{
    int index = 0;
    *o_r = (struct model_options){.keep = MODEL_KEEP, .holdout = MODEL_FIT_HOLDOUT};
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, ":h", all_options, &index)) != -1;) {
        if (option == 'h') {
            fputs(usage, stdout);
            *status_r = 0;
            return -1;
        }
        if (option == '?' || option == ':')
            *status_r = tool_option_error(option, argv[optind - 1]);
        else if (!strchr(letters, option))
            *status_r = tool_usage_error("--%s: there is no such option", all_options[index].name);
        else
            *status_r = take_option(o_r, option);
        if (*status_r != 0)
            return -1;
    }
    o_r->args = argv + optind;
    o_r->arg_count = argc - optind;
    if (o_r->arg_count <= most)
        return 0;
    *status_r = tool_usage_error("'%s': one argument too many", o_r->args[most]);
    return -1;
}

const char *model_file(const struct model_options *o)
{
    return o->arg_count > 0 && strcmp(o->args[0], "-") != 0 ? o->args[0] : NULL;
}

int model_store_error(struct store *s, const char *what, int code)
{
    char state[300];
    if (code == VOUCH_E_NOMEM)
        return tool_error(EX_OSERR, "%s: out of memory", what);
    store_state(s, state, sizeof state);
    return tool_error(EX_UNAVAILABLE, "%s (%s)", what, state);
}

static void print_usage(FILE *out)
{
    fputs("Usage: vouch model COMMAND [OPTION]... [ARGUMENT]...\n"
          "The model: what is known of senders and servers. The commands:\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-16s %s\n", commands[i].name, commands[i].summary);
    fputs("\n'vouch model COMMAND --help' tells more of one.\n", out);
}

int tool_model(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0) {
        print_usage(stdout);
        return 0;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(what, commands[i].name + strlen("model ")) == 0) {
            tool_set_name(commands[i].name);
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    if (*what)
        return tool_usage_error("there is no command 'model %s'", what);
    print_usage(stderr);
    return EX_USAGE;
}
