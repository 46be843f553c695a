/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch config check: every mistake of a vouch.conf. vouch config show: the settings in force. */
#include "config.h"
#include <errno.h>
#include <string.h>
#include "errors.h"
#include "quarantine.h"
#include "settings_load.h"
#include "tool.h"

static void usage(FILE *out)
{
    fputs("Usage: vouch config check [FILE]\n"
          "       vouch config show [FILE]\n"
          "check reports every mistake in FILE with its line and what would be accepted; show "
          "prints\n"
          "all settings in force, defaults included, as a configuration file. FILE "
          "is\n" SETTINGS_DEFAULT_FILE " unless it is given.\n\n"
          "Exit status: 0 the file is good; 64 usage, 66 the file cannot be read, 78 mistakes.\n",
          out);
}

/* What vouch-milter does not start without, beyond what everybody who reads the settings may read. */
static int check_files(const char *path, struct settings **sp)
{
    char error[1200];
    int rc = quarantine_check_key((*sp)->quarantine_key, error, sizeof error);
    settings_unref(sp);
    printf("%s: %s%s\n", path, rc == 0 ? "ok" : "quarantine.key: ", rc == 0 ? "" : error);
    return rc == 0 ? 0 : EX_CONFIG;
}

static int check(const char *path)
{
    struct settings *s = NULL;
    struct settings_error *errors = NULL;
    size_t count = 0;
    int rc = settings_load(path, &s, &errors, &count);
    if (rc == 0)
        return check_files(path, &s);
    if (rc == VOUCH_E_CONFIG) {
        tool_print_mistakes(stdout, path, errors, count);
        settings_errors_free(&errors, count);
        return EX_CONFIG;
    }
    if (rc == VOUCH_E_IO && errno == ENOENT && strcmp(path, SETTINGS_DEFAULT_FILE) == 0)
        return tool_error(
            EX_NOINPUT, "there is no %s: the built-in settings are in force ('vouch config show')",
            path);
    if (rc == VOUCH_E_IO)
        return tool_error(EX_NOINPUT, "%s: %s", path, strerror(errno));
    return tool_error(rc == VOUCH_E_NOMEM ? EX_OSERR : EX_CONFIG, "%s: %s", path,
                      vouch_strerror(rc));
}

/* file: NULL for the default one, which need not exist. */
static int show(const char *file)
{
    int status = 0;
    struct settings *s = tool_settings(file, &status);
    if (!s)
        return status;
    printf("# %s\n", s->file);
    if (settings_write(s, stdout) != 0)
        status = tool_error(EX_IOERR, "the settings could not be written");
    settings_unref(&s);
    return status;
}

int tool_config(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (option != 'h')
            return tool_usage_error(
                "no options here: name the file, as in 'vouch config check FILE'");
        usage(stdout);
        return 0;
    }
    const char *what = optind < argc ? argv[optind] : "";
    const char *file = optind + 1 < argc ? argv[optind + 1] : NULL;
    if (argc - optind > 2)
        return tool_usage_error("more than one file");
    if (strcmp(what, "check") == 0)
        return check(file ? file : SETTINGS_DEFAULT_FILE);
    if (strcmp(what, "show") == 0)
        return show(file);
    return tool_usage_error("say 'config check' or 'config show'");
}
