/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch journal verify: whether every record that was sealed is still there, as it was. */
#include "config.h"
#include <inttypes.h>
#include <string.h>
#include "journal_command.h"
#include "journal_reader.h"
#include "tool.h"

static const char usage[] =
    "Usage: vouch journal verify [OPTION]... [WRITER]...\n"
    "Checks every segment of the journal against its manifest: SHA-256, the chain of the "
    "manifest,\n"
    "the numbers of the records, checksums and schema. Prints what is wrong, and a line for each\n"
    "journal.\n\n"
    "  --journal DIR   the journal's directory [as the settings say]\n"
    "  --config FILE   settings [" SYSCONFDIR "/vouch/vouch.conf]\n"
    "  --quiet         print only what is wrong\n"
    "  --help          this text\n\n"
    "Exit status: 0 all is well; 64 usage, 65 something is damaged, changed or missing, 66 there "
    "is\n"
    "no journal, 78 configuration.\n";

struct check {
    const char *config, *dir;
    bool quiet;
    char *const *writers;
    size_t writer_count;
    uint64_t journals;
    uint64_t wrong;
    int status;
};

static void tell(void *arg, const struct journal_finding *f)
{
    struct check *c = arg;
    if (f->wrong || !c->quiet)
        printf("%s: %s%s\n", f->file, f->wrong ? "WRONG: " : "", f->text);
}

static bool is_wanted(const struct check *c, const char *writer)
{
    size_t n = strcspn(writer, "@");
    for (size_t i = 0; i < c->writer_count; i++)
        if (strlen(c->writers[i]) == n && strncmp(c->writers[i], writer, n) == 0)
            return true;
    return c->writer_count == 0;
}

static int check_one(void *arg, const struct journal_writer_info *w)
{
    struct check *c = arg;
    uint64_t records = 0;
    char error[512];
    if (!is_wanted(c, w->writer))
        return 0;
    c->journals++;
    int wrong = journal_verify(w->path, tell, c, &records, error, sizeof error);
    if (wrong < 0) {
        c->status = tool_error(EX_DATAERR, "%s", error);
        return 0;
    }
    c->wrong += (uint64_t)wrong;
    if (!c->quiet || wrong)
        printf("%s: %" PRIu64 " record%s in %" PRIu64 " segment%s, %s\n", w->writer, records,
               records == 1 ? "" : "s", w->segments, w->segments == 1 ? "" : "s",
               wrong ? "NOT AS THEY WERE WRITTEN" : "ok");
    return 0;
}

/* 0: go on; otherwise *status_r is the exit status. */
static int parse_options(struct check *c, int argc, char **argv, int *status_r)
{
    static const struct option options[] = {{"journal", required_argument, NULL, 'd'},
                                            {"config", required_argument, NULL, 'c'},
                                            {"quiet", no_argument, NULL, 'q'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    optind = 1;
    for (int o; (o = getopt_long(argc, argv, ":hq", options, NULL)) != -1;) {
        if (o == 'd') {
            c->dir = optarg;
        } else if (o == 'c') {
            c->config = optarg;
        } else if (o == 'q') {
            c->quiet = true;
        } else if (o == 'h') {
            fputs(usage, stdout);
            *status_r = 0;
            return -1;
        } else {
            *status_r = tool_option_error(o, argv[optind - 1]);
            return -1;
        }
    }
    c->writers = argv + optind;
    c->writer_count = (size_t)(argc - optind);
    return 0;
}

static int run(struct check *c)
{
    char error[512];
    if (!*c->dir)
        return tool_error(EX_CONFIG,
                          "no journal is kept: journal.directory is empty; --journal DIR "
                          "names one");
    if (journal_writers(c->dir, check_one, c, error, sizeof error) < 0)
        return tool_error(EX_NOINPUT, "%s", error);
    if (c->journals == 0)
        return tool_error(EX_NOINPUT, "%s: there is no journal%s", c->dir,
                          c->writer_count ? " of that name" : "");
    return c->wrong ? EX_DATAERR : c->status;
}

int journal_check(int argc, char **argv)
{
    struct check c = {0};
    int status = 0;
    if (parse_options(&c, argc, argv, &status) != 0)
        return status;
    struct settings *settings = tool_settings(c.config, &status);
    if (!settings)
        return status;
    if (!c.dir)
        c.dir = settings->journal_dir;
    status = run(&c);
    settings_unref(&settings);
    return status;
}
