/* SPDX-License-Identifier: BSD-2-Clause */
/* What the subcommands of vouch share: errors, settings, time, colours. */
#include "config.h"
#include <errno.h>
#include <libpsl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ascii.h"
#include "clock.h"
#include "errors.h"
#include "params.h"
#include "rfc3339.h"
#include "settings_load.h"
#include "store.h"
#include "tool.h"
#include "units.h"
#include "utf8.h"

#define ERROR_BYTES 8192 /* of one message; a path is at most half of that */

/* Set once by main before anything else runs. */
static const char *tool_name = "";

void tool_set_name(const char *name)
{
    tool_name = name;
}

__attribute__((format(printf, 1, 0))) static void print_error(const char *format, va_list ap)
{
    char text[ERROR_BYTES];
    vsnprintf(text, sizeof text, format, ap);
    fprintf(stderr, "vouch%s%s: ", *tool_name ? " " : "", tool_name);
    tool_print_safe(stderr, text); /* names of files, say, may be anybody's choice */
    fputc('\n', stderr);
}

int tool_error(int status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    print_error(format, ap);
    va_end(ap);
    return status;
}

int tool_usage_error(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    print_error(format, ap);
    va_end(ap);
    fprintf(stderr, "Try 'vouch %s --help'.\n", tool_name);
    return EX_USAGE;
}

int tool_option_error(int answer, const char *argument)
{
    return answer == ':' ? tool_usage_error("%s: a value is missing", argument)
                         : tool_usage_error("%s: there is no such option", argument);
}

int tool_options(int argc, char **argv, const struct option *options, const char *usage,
                 int (*set)(void *arg, int option, const char *value), void *arg, int *status_r)
{
    *status_r = 0;
    optind = 1;
    for (int o; (o = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (o == 'h') {
            fputs(usage, stdout);
            return -1;
        }
        *status_r =
            o == '?' || o == ':' ? tool_option_error(o, argv[optind - 1]) : set(arg, o, optarg);
        if (*status_r != 0)
            return -1;
    }
    return 0;
}

int tool_no_arguments(int argc, char **argv, int *status_r)
{
    if (optind == argc)
        return 0;
    *status_r = tool_usage_error("'%s': no arguments are taken", argv[optind]);
    return -1;
}

void tool_print_mistakes(FILE *out, const char *path, const struct settings_error *errors,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (errors[i].line > 0)
            fprintf(out, "%s:%d: %s\n", path, errors[i].line, errors[i].text);
        else
            fprintf(out, "%s: %s\n", path, errors[i].text);
    }
}

static struct settings *defaults(int *status_r)
{
    struct settings *s = NULL;
    struct settings_error *errors = NULL;
    size_t count = 0;
    int rc = settings_load(NULL, &s, &errors, &count);
    if (rc != 0)
        *status_r = tool_error(rc == VOUCH_E_CONFIG ? EX_CONFIG : EX_OSERR, "%s",
                               count > 0 ? errors[0].text : vouch_strerror(rc));
    settings_errors_free(&errors, count);
    return s;
}

struct settings *tool_settings(const char *file, int *status_r)
{
    struct settings *s = NULL;
    struct settings_error *errors = NULL;
    size_t count = 0;
    const char *path = file ? file : SETTINGS_DEFAULT_FILE;
    int rc = settings_load(path, &s, &errors, &count);
    if (rc == 0)
        return s;
    if (rc == VOUCH_E_IO && !file && errno == ENOENT)
        return defaults(status_r);
    *status_r = EX_CONFIG;
    if (rc == VOUCH_E_CONFIG) {
        tool_print_mistakes(stderr, path, errors, count);
        settings_errors_free(&errors, count);
    } else {
        tool_error(0, "%s: %s", path, rc == VOUCH_E_IO ? strerror(errno) : vouch_strerror(rc));
    }
    return NULL;
}

struct store *tool_store(const struct settings *s, const char *url, bool read_only, int *status_r)
{
    return tool_store_version(s, url, NULL, read_only, status_r);
}

struct store *tool_store_version(const struct settings *s, const char *url, const char *version,
                                 bool read_only, int *status_r)
{
    char error[512];
    struct store_options options = {
        .user = s->store_user,
        .password_file = s->store_password_file,
        .connect_timeout_ms = 2000,
        .read_only = read_only,
        .half_life = s->trust.half_life,
        .version = version,
    };
    struct store *store = store_open(url ? url : s->store, &options, error, sizeof error);
    if (!store)
        *status_r = tool_error(errno == EINVAL    ? (url ? EX_USAGE : EX_CONFIG)
                               : errno == EBADMSG ? EX_DATAERR
                                                  : EX_UNAVAILABLE,
                               "%s", error);
    return store;
}

void tool_wait_for_model(struct store *s)
{
    struct trust_fit fit;
    (void)store_weights(s, &fit);
}

struct psl_ctx_st *tool_psl(const struct settings *s)
{
    const char *path = s->public_suffix_list ? s->public_suffix_list : PUBLIC_SUFFIX_LIST;
    psl_ctx_t *psl = psl_load_file(path);
    if (!psl)
        tool_error(0,
                   "%s: cannot read the public suffix list; Organizational Domains are taken "
                   "to have two labels (install the publicsuffix package)",
                   path);
    return psl;
}

/* "2026-01-31", "2026-01-31 12:00" or "2026-01-31 12:00:00", as lists print it: UTC. */
static int plain_time(const char *text, int64_t *time_us_r)
{
    char full[] = "0000-00-00T00:00:00Z";
    size_t len = strlen(text);
    if (len != 10 && len != 16 && len != 19)
        return VOUCH_E_SYNTAX;
    memcpy(full, text, len);
    if (full[10] == ' ')
        full[10] = 'T';
    return rfc3339_parse(full, time_us_r);
}

int tool_time(const char *text, int64_t *time_us_r)
{
    time_t t;
    uint64_t epoch, ago_ms;
    if (strcmp(text, "now") == 0) {
        *time_us_r = clock_wall_us();
        return 0;
    }
    if (text[0] == '@') {
        if (span_uint(span_of(text + 1), UINT32_MAX, &epoch) != 0)
            return VOUCH_E_SYNTAX;
        *time_us_r = (int64_t)epoch * 1000000;
        return 0;
    }
    if (!units_parse(units_duration, span_of(text), &ago_ms)) {
        int64_t now_us = clock_wall_us();
        if (ago_ms > (uint64_t)now_us / 1000)
            return VOUCH_E_SYNTAX;
        *time_us_r = now_us - (int64_t)ago_ms * 1000;
        return 0;
    }
    if (rfc3339_parse(text, time_us_r) == 0 || plain_time(text, time_us_r) == 0)
        return 0;
    if (rfc5322_date(span_of(text), &t) != 0)
        return VOUCH_E_SYNTAX;
    *time_us_r = (int64_t)t * 1000000;
    return 0;
}

int tool_time_option(const char *option, const char *text, int64_t *time_us_r)
{
    if (tool_time(text, time_us_r) == 0)
        return 0;
    return tool_usage_error("--%s '%s': not a time: write 2026-01-31, '2026-01-31 12:00' (UTC), "
                            "2h (so long ago), @EPOCH or now",
                            option, text);
}

const char *tool_time_text(int64_t seconds, char text_r[TOOL_TIME_TEXT])
{
    time_t t = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || strftime(text_r, TOOL_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(text_r, TOOL_TIME_TEXT, "@%lld", (long long)seconds);
    return text_r;
}

const char *tool_count_text(double count, char text_r[TOOL_COUNT_TEXT])
{
    snprintf(text_r, TOOL_COUNT_TEXT, count < 9999.5 ? "%.4g" : "%.0f", count);
    return text_r;
}

int tool_word_option(const char *option, const char *word, const char *(*name)(int), int count,
                     int *index_r)
{
    char words[200] = "";
    for (int i = 0; i < count; i++) {
        if (strcmp(word, name(i)) == 0) {
            *index_r = i;
            return 0;
        }
        size_t len = strlen(words);
        snprintf(words + len, sizeof words - len, "%s%s",
                 i == 0           ? ""
                 : i + 1 == count ? " or "
                                  : ", ",
                 name(i));
    }
    return tool_usage_error("--%s '%s': write %s", option, word, words);
}

const struct tool_style *tool_style_for(FILE *out)
{
    static const struct tool_style plain = {"", "", "", "", "", ""};
    static const struct tool_style colour = {"\033[1m",  "\033[2m",  "\033[31m",
                                             "\033[33m", "\033[32m", "\033[0m"};
    const char *term = getenv("TERM");
    const char *no_colour = getenv("NO_COLOR");
    if (!isatty(fileno(out)) || !term || strcmp(term, "dumb") == 0 || (no_colour && *no_colour))
        return &plain;
    return &colour;
}

/* One UTF-8 sequence of n bytes. */
static bool is_safe(const char *p, size_t n)
{
    static const char *const unsafe[][2] = {
        {"\xc2\x80", "\xc2\x9f"},         /* C1 controls */
        {"\xd8\x9c", "\xd8\x9c"},         /* U+061C, U+200B to U+200F: marks of direction, */
        {"\xe2\x80\x8b", "\xe2\x80\x8f"}, /* and what has no width */
        {"\xe2\x80\xa8", "\xe2\x80\xae"}, /* U+2028, U+2029 end the line, U+202A to U+202E */
        {"\xe2\x81\xa0", "\xe2\x81\xaf"}, /* turn it around, and so do U+2066 to U+2069 */
        {"\xef\xbb\xbf", "\xef\xbb\xbf"}, /* U+FEFF */
        {"\xef\xbf\xb9", "\xef\xbf\xbb"}, /* U+FFF9 to U+FFFB hide what is between them */
        {"\xf3\xa0\x80\x80", "\xf3\xa0\x81\xbf"}, /* U+E0000 to U+E007F: letters nobody sees */
    };
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
        if (strncmp(p, unsafe[i][0], n) >= 0 && strncmp(p, unsafe[i][1], n) <= 0)
            return false;
    return !ascii_is_control(*p);
}

void tool_print_safe(FILE *out, const char *text)
{
    struct span s = span_of(text);
    for (size_t at = 0; at < s.len;) {
        size_t n = utf8_length(s, at);
        if (n > 0 && is_safe(s.p + at, n)) {
            fwrite(s.p + at, 1, n, out);
            at += n;
        } else {
            fprintf(out, "\\x%02x", (unsigned char)s.p[at++]);
        }
    }
}
