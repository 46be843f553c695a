/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch quarantine delete, and purge: messages go for good. */
#include "config.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "clock.h"
#include "journal_query.h"
#include "quarantine_command.h"
#include "quarantine_item.h"
#include "tool.h"
#include "units.h"

static const char delete_usage[] =
    "Usage: vouch quarantine delete [OPTION]... ID...\n"
    "Removes messages that are kept, for good: nobody will get them.\n\n"
    "  --dry-run            only say what would go\n" QUARANTINE_PLACE_HELP "\n"
    "Exit status: 0 done; 64 usage, 66 there is no message of that id, 74 it cannot be removed, 75 "
    "it is\n"
    "being released at this moment, 77 not allowed, 78 configuration.\n";

static const char purge_usage[] =
    "Usage: vouch quarantine purge --older-than AGE | --beyond SIZE [OPTION]...\n"
    "Removes messages that are kept, for good, the oldest first, whether or not they were "
    "released.\n"
    "Those that are being released at this moment stay.\n\n"
    "  --older-than AGE     what came longer ago than this: 30d, 12h\n"
    "  --beyond SIZE        the oldest, while all together have more bytes than this: 10G, 500M\n"
    "  --dry-run            only say what would go\n" QUARANTINE_PLACE_HELP "\n"
    "Exit status: 0 done; 64 usage, 66 there is no quarantine, 74 something cannot be removed, 77 "
    "not\n"
    "allowed, 78 configuration.\n";

struct removal {
    struct quarantine_place place;
    bool dry_run, aged, sized;
    int64_t before_us;  /* INT64_MIN: none is too old */
    uint64_t beyond;    /* 0: no limit */
    uint64_t all, gone; /* bytes: of all that is there; of what would go */
    unsigned count;
};

static int set_units(const char *option, const struct unit *units, const char *text,
                     uint64_t *value_r)
{
    const char *wrong = units_parse(units, span_of(text), value_r);
    if (!wrong && *value_r == 0)
        wrong = "is nothing: 'delete' removes a message, this would remove all of them";
    return wrong ? tool_usage_error("--%s '%s' %s", option, text, wrong) : 0;
}

static int set_option(void *arg, int option, const char *value)
{
    struct removal *r = arg;
    uint64_t ms = 0;
    int status = 0;
    switch (option) {
    case 'o':
        status = set_units("older-than", units_duration, value, &ms);
        r->before_us = clock_wall_us() - (int64_t)(ms < INT64_MAX / 2000 ? ms : 0) * 1000;
        r->aged = true;
        return status;
    case 'b':
        r->sized = true;
        return set_units("beyond", units_size, value, &r->beyond);
    case 'y':
        r->dry_run = true;
        return 0;
    case 'd':
        r->place.dir = value;
        return 0;
    default:
        r->place.config = value;
        return 0;
    }
}

#define BOTH_OPTIONS                                                                               \
    {"dry-run", no_argument, NULL, 'y'}, {"directory", required_argument, NULL, 'd'},              \
        {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'},                \
    {                                                                                              \
        NULL, 0, NULL, 0                                                                           \
    }

static void tell(const struct quarantine_item *item, const char *what)
{
    const struct held_envelope *e = held_envelope(item->held);
    const char *sender = quarantine_address(item->arena, e->sender);
    printf("%s: %s, from ", item->id, what);
    tool_print_safe(stdout, sender ? sender : "?");
    fputs(": ", stdout);
    tool_print_safe(stdout, item->subject);
    putchar('\n');
}

static int delete_one(const struct removal *r, const char *id)
{
    struct quarantine_item item;
    int status = quarantine_item_open(&r->place, id, false, &item);
    bool readable = status == 0;
    if (!readable && status != EX_DATAERR && status != EX_NOPERM)
        return status;
    /* what is damaged can go as well: that was said */
    if (!r->dry_run && quarantine_delete(r->place.q, id) != 0)
        status = errno == EBUSY ? tool_error(EX_TEMPFAIL, "%s: is being released: try again", id)
                 : errno == ENOENT
                     ? tool_error(EX_NOINPUT, "%s: somebody else has just removed it", id)
                     : tool_error(EX_IOERR, "%s: cannot be removed: %s", id, strerror(errno));
    else if (!readable)
        printf("%s: %s\n", id, r->dry_run ? "would go" : "removed");
    else
        tell(&item, r->dry_run ? "would go" : "removed");
    if (readable)
        quarantine_item_close(&item);
    return status == EX_DATAERR || status == EX_NOPERM ? 0 : status;
}

int quarantine_remove(int argc, char **argv)
{
    static const struct option options[] = {BOTH_OPTIONS};
    struct removal r = {0};
    int status = 0;
    if (tool_options(argc, argv, options, delete_usage, set_option, &r, &status) != 0)
        return status;
    int first = optind;
    if (first == argc)
        return tool_usage_error("which one? 'vouch quarantine list' has the ids");
    status = quarantine_place_open(&r.place);
    for (int i = first; i < argc && status == 0; i++)
        status = delete_one(&r, argv[i]);
    return quarantine_place_finish(&r.place, status);
}

static int add_bytes(void *arg, const char *id, uint64_t bytes)
{
    struct removal *r = arg;
    (void)id;
    r->all += bytes;
    return 0;
}

/* Says what quarantine_purge would remove. */
static int would_go(void *arg, const char *id, uint64_t bytes)
{
    struct removal *r = arg;
    bool old = journal_query_id_time(id) < r->before_us;
    if (!old && !(r->beyond > 0 && r->all - r->gone > r->beyond))
        return 1;
    printf("%s: would go, %" PRIu64 " bytes\n", id, bytes);
    r->gone += bytes;
    r->count++;
    return 0;
}

static int purge(struct removal *r)
{
    struct quarantine_purged purged;
    int rc;
    if (r->dry_run) {
        rc = quarantine_each(r->place.q, add_bytes, r);
        if (rc == 0)
            rc = quarantine_each(r->place.q, would_go, r);
    } else {
        rc = quarantine_purge(r->place.q, r->before_us, r->beyond, &purged);
        r->count = purged.removed;
    }
    printf("%u message%s %s\n", r->count, r->count == 1 ? "" : "s",
           r->dry_run ? "would go" : "removed");
    return rc < 0 ? tool_error(EX_IOERR, "not all could be removed: %s",
                               rc == VOUCH_E_IO ? strerror(errno) : vouch_strerror(rc))
                  : 0;
}

int quarantine_clean(int argc, char **argv)
{
    static const struct option options[] = {{"older-than", required_argument, NULL, 'o'},
                                            {"beyond", required_argument, NULL, 'b'},
                                            BOTH_OPTIONS};
    struct removal r = {.before_us = INT64_MIN};
    int status = 0;
    if (tool_options(argc, argv, options, purge_usage, set_option, &r, &status) != 0)
        return status;
    if (optind < argc)
        return tool_usage_error("'%s': purge takes no ids; 'delete' does", argv[optind]);
    if (!r.aged && !r.sized)
        return tool_usage_error("what? --older-than 30d, --beyond 10G, or both");
    status = quarantine_place_open(&r.place);
    return quarantine_place_finish(&r.place, status ? status : purge(&r));
}
