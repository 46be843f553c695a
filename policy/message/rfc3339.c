/* SPDX-License-Identifier: BSD-2-Clause */
/* Date and time as RFC 3339 writes them. */
#include "config.h"
#include "rfc3339.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "ascii.h"
#include "errors.h"

/* "Z", "+hh:mm" or "-hh:mm"; seconds east of UTC. */
static int parse_offset(const char *s, long *offset_r)
{
    unsigned h, m;
    int end = 0;
    if ((s[0] == 'Z' || s[0] == 'z') && s[1] == '\0') {
        *offset_r = 0;
        return 0;
    }
    if ((s[0] != '+' && s[0] != '-') || sscanf(s + 1, "%2u:%2u%n", &h, &m, &end) != 2 ||
        s[1 + end] != '\0' || h > 23 || m > 59)
        return VOUCH_E_SYNTAX;
    *offset_r = (s[0] == '-' ? -1L : 1L) * (long)(h * 3600 + m * 60);
    return 0;
}

int rfc3339_parse(const char *s, int64_t *time_us_r)
{
    struct tm tm = {0};
    char t;
    int end = 0;
    if (sscanf(s, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &t,
               &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) != 7 ||
        !strchr("Tt ", t))
        return VOUCH_E_SYNTAX;
    s += end;
    int64_t us = 0;
    if (*s == '.') {
        int64_t unit = 100000;
        for (s++; ascii_is_digit(*s); s++, unit /= 10)
            us += (*s - '0') * unit;
    }
    long offset;
    if (parse_offset(s, &offset) != 0 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
        tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return VOUCH_E_SYNTAX;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *time_us_r = ((int64_t)timegm(&tm) - offset) * 1000000 + us;
    return 0;
}
