/* SPDX-License-Identifier: BSD-2-Clause */
/* Date and time (RFC 5322 s3.3, obsolete forms of s4.3). Also taken, because mail has it: a missing
 * comma or zone, fractions of a second, "GMT+0100". The day of the week is not compared. */
#include "rfc5322.h"
#include "ascii.h"
#include "errors.h"
#include "rfc5322_lexer.h"

struct date {
    unsigned year, month, day, hour, minute, second;
    int zone; /* minutes east of Greenwich */
};

/* Three-letter name (or a longer one that begins with it) in a string of such; -1 if absent. */
static int name_index(struct span s, const char *names)
{
    if (s.len < 3)
        return -1;
    ptrdiff_t at = span_ifind(span_of(names), (char[]){s.p[0], s.p[1], s.p[2], '\0'});
    return at >= 0 && at % 3 == 0 ? (int)(at / 3) : -1;
}

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in(unsigned month, unsigned year)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

static int64_t days_since_epoch(unsigned year, unsigned month, unsigned day)
{
    static const unsigned short before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = (int64_t)year - 1;
    int64_t days = y * 365 + y / 4 - y / 100 + y / 400 + before[month - 1] + day;
    return days + (month > 2 && is_leap(year)) - 719163; /* 1970-01-01 */
}

static bool number(struct token token, unsigned max, unsigned *value_r)
{
    uint64_t value;
    if (token.type != TOKEN_ATOM || span_uint(token.raw, max, &value))
        return false;
    *value_r = (unsigned)value;
    return true;
}

/* RFC 5322 s4.3: two digits, or three in mail of the year 2000's first days */
static bool year(struct token token, unsigned *year_r)
{
    if (token.raw.len < 2 || !number(token, 9999, year_r))
        return false;
    if (token.raw.len == 2)
        *year_r += *year_r < 50 ? 2000 : 1900;
    else if (token.raw.len == 3)
        *year_r += 1900;
    return *year_r >= 1900;
}

static bool time_of_day(struct rfc5322_lexer *lex, struct date *d)
{
    if (!number(rfc5322_lexer_next(lex), 23, &d->hour) || rfc5322_lexer_next(lex).type != ':' ||
        !number(rfc5322_lexer_next(lex), 59, &d->minute))
        return false;
    d->second = 0;
    if (rfc5322_lexer_peek(lex).type != ':')
        return true;
    rfc5322_lexer_next(lex);
    if (!number(rfc5322_lexer_next(lex), 60, &d->second))
        return false;
    if (rfc5322_lexer_peek(lex).type == '.') {
        rfc5322_lexer_next(lex);
        rfc5322_lexer_next(lex);
    }
    return true;
}

/* "+hhmm" or "-hhmm" */
static bool offset(struct span s, int *zone_r)
{
    uint64_t value;
    if (s.len != 5 || (s.p[0] != '+' && s.p[0] != '-') ||
        span_uint(span_slice(s, 1, 5), 9959, &value) || value % 100 > 59)
        return false;
    int minutes = (int)(value / 100 * 60 + value % 100);
    *zone_r = s.p[0] == '-' ? -minutes : minutes;
    return true;
}

/* s4.3: the North American names; all others, military ones too, say nothing certain: "-0000". */
static bool zone(struct token token, int *zone_r)
{
    static const char names[] = "ESTEDTCSTCDTMSTMDTPSTPDT";
    static const signed char hours[] = {-5, -4, -6, -5, -7, -6, -8, -7};
    struct span s = token.raw;
    *zone_r = 0;
    if (token.type != TOKEN_ATOM)
        return token.type == TOKEN_END || token.type == ';';
    if (offset(s, zone_r))
        return true;
    if (s.len == 8 && (span_istarts(s, "GMT") || span_istarts(s, "UTC")))
        return offset(span_slice(s, 3, 8), zone_r);
    if (!ascii_is_alpha(s.p[0]))
        return false;
    int at = s.len == 3 ? name_index(s, names) : -1;
    if (at >= 0)
        *zone_r = hours[at] * 60;
    return true;
}

int rfc5322_date(struct span value, time_t *time_r)
{
    struct rfc5322_lexer lex;
    struct date d;
    rfc5322_lexer_init(&lex, value);
    struct token token = rfc5322_lexer_next(&lex);
    if (token.type == TOKEN_ATOM && name_index(token.raw, "MonTueWedThuFriSatSun") >= 0)
        token = rfc5322_lexer_next(&lex);
    if (token.type == ',')
        token = rfc5322_lexer_next(&lex);
    if (!number(token, 31, &d.day) || d.day == 0)
        return VOUCH_E_SYNTAX;
    int month = name_index(rfc5322_lexer_next(&lex).raw, "JanFebMarAprMayJunJulAugSepOctNovDec");
    d.month = (unsigned)(month + 1);
    if (month < 0 || !year(rfc5322_lexer_next(&lex), &d.year) || d.day > days_in(d.month, d.year) ||
        !time_of_day(&lex, &d) || !zone(rfc5322_lexer_next(&lex), &d.zone))
        return VOUCH_E_SYNTAX;
    int64_t t = days_since_epoch(d.year, d.month, d.day) * 86400;
    *time_r = (time_t)(t + d.hour * 3600 + d.minute * 60 + d.second - d.zone * 60);
    return 0;
}
