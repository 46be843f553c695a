/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch quarantine show: why a message was kept, what has happened to it since, and what is in it. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "explain.h"
#include "quarantine_command.h"
#include "quarantine_item.h"
#include "show_message.h"
#include "tool.h"

#define MAX_SHOWN (UINT64_C(1) << 30) /* bytes of a message that is taken apart */

static const char usage[] = "Usage: vouch quarantine show [OPTION]... ID...\n"
                            "Shows a message that is kept so that looking at it is safe: why it "
                            "was kept, as 'vouch check --explain'\n"
                            "does, what has happened to it since, and what is in it. HTML is shown "
                            "as text with the links spelled\n"
                            "out, an attachment by name, type, size and SHA-256. Control "
                            "characters are shown, not sent to the\n"
                            "terminal, and nothing is fetched.\n\n"
                            "  --full               texts to their ends, however long\n"
                            "  --raw                the message as it was received, byte for byte; "
                            "not to a terminal\n" QUARANTINE_PLACE_HELP "\n"
                            "Exit status: 0 done; 64 usage, 65 damaged, 66 there is no message of "
                            "that id, 77 not allowed,\n"
                            "78 configuration.\n";

struct showing {
    struct quarantine_place place;
    bool full, raw;
};

static int set_option(void *arg, int option, const char *value)
{
    struct showing *s = arg;
    switch (option) {
    case 'f':
        s->full = true;
        return 0;
    case 'r':
        s->raw = true;
        return 0;
    case 'd':
        s->place.dir = value;
        return 0;
    default:
        s->place.config = value;
        return 0;
    }
}

/* 0: go on; otherwise *status_r is the exit status. */
static int parse_options(struct showing *s, int argc, char **argv, int *status_r)
{
    static const struct option options[] = {{"full", no_argument, NULL, 'f'},
                                            {"raw", no_argument, NULL, 'r'},
                                            {"directory", required_argument, NULL, 'd'},
                                            {"config", required_argument, NULL, 'c'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    if (tool_options(argc, argv, options, usage, set_option, s, status_r) != 0)
        return -1;
    *status_r = optind == argc ? tool_usage_error("which one? 'vouch quarantine list' has the ids")
                : s->raw && isatty(STDOUT_FILENO)
                    ? tool_usage_error("--raw writes what the message holds, also what would drive "
                                       "the terminal: send it to a file or a pipe")
                    : 0;
    return *status_r ? -1 : 0;
}

static int damaged(const char *id, ptrdiff_t rc)
{
    return rc == VOUCH_E_SYNTAX
               ? tool_error(EX_DATAERR, "%s: is damaged from here on", id)
               : tool_error(EX_IOERR, "%s: cannot be read to its end: %s", id, strerror(errno));
}

/* 0 or an exit status */
static int write_raw(const struct quarantine_item *item)
{
    char bytes[65536];
    ptrdiff_t n;
    while ((n = held_read(item->held, bytes, sizeof bytes)) > 0)
        if (fwrite(bytes, 1, (size_t)n, stdout) != (size_t)n)
            return tool_error(EX_IOERR, "standard output: %s", strerror(errno));
    return n < 0 ? damaged(item->id, n) : 0;
}

static void print_time(int64_t time_us)
{
    char when[32];
    record_time(time_us, when);
    when[10] = ' ';
    printf("  %.19s", when);
}

static void print_said(const char *before, const char *text)
{
    if (!text)
        return;
    fputs(before, stdout);
    tool_print_safe(stdout, text);
}

/* What happened to it, a line each. */
static void print_history(const struct quarantine_item *item)
{
    size_t count;
    const struct held_line *lines = held_log_lines(item->log, &count);
    printf("State       %s\n", quarantine_state_name(quarantine_state_of(item->held, item->log)));
    for (size_t i = 0; i < count; i++) {
        print_time(lines[i].time_us);
        printf(" %s", held_event_name(lines[i].event));
        print_said(" by ", lines[i].who);
        for (size_t k = 0; k < lines[i].rcpt_count; k++)
            print_said(k == 0 ? " for " : ", ", lines[i].rcpts[k]);
        print_said(": ", lines[i].why);
        print_said("; the MTA: ", lines[i].note);
        print_said("; release ", lines[i].mark);
        putchar('\n');
    }
    putchar('\n');
}

static int print_message(const struct showing *s, const struct quarantine_item *item)
{
    uint64_t size = held_size(item->held);
    size_t len = 0;
    ptrdiff_t n = 0;
    char *bytes = size <= MAX_SHOWN ? malloc((size_t)size + 1) : NULL;
    if (!bytes)
        return tool_error(EX_OSERR, "%s: too large to be taken apart: --raw writes it", item->id);
    while (len < size && (n = held_read(item->held, bytes + len, (size_t)size - len)) > 0)
        len += (size_t)n;
    int status = show_message(stdout, span_make(bytes, len), s->full)
                     ? 0
                     : tool_error(EX_OSERR, "out of memory");
    free(bytes);
    return n < 0 ? damaged(item->id, n) : status;
}

static int show(const struct showing *s, const char *id)
{
    struct quarantine_item item;
    int status = quarantine_item_open(&s->place, id, false, &item);
    if (status != 0)
        return status;
    if (s->raw) {
        status = write_raw(&item);
    } else {
        explain_write(stdout, id, item.record, s->place.settings);
        print_history(&item);
        status = print_message(s, &item);
    }
    quarantine_item_close(&item);
    return status;
}

int quarantine_show(int argc, char **argv)
{
    struct showing s = {0};
    int status = 0;
    if (parse_options(&s, argc, argv, &status) != 0)
        return status;
    int first = optind;
    status = quarantine_place_open(&s.place);
    for (int i = first; i < argc && status == 0; i++)
        status = show(&s, argv[i]);
    return quarantine_place_finish(&s.place, status);
}
