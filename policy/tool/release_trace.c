/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "release_trace.h"
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "ascii.h"
#include "record.h"

#define MAX_NAME 200

bool release_mark(char mark_r[HELD_MARK_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[(HELD_MARK_TEXT - 1) / 2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return false;
    for (size_t i = 0; i < sizeof random; i++) {
        mark_r[2 * i] = digits[random[i] >> 4];
        mark_r[2 * i + 1] = digits[random[i] & 15];
    }
    mark_r[HELD_MARK_TEXT - 1] = '\0';
    return true;
}

/* A name as a client may choose it, if it can be none but a name. */
static const char *name_or(const char *name, const char *otherwise)
{
    size_t n = 0;
    while (name && n < MAX_NAME &&
           (ascii_is_alnum(name[n]) || (name[n] && strchr(".-_:[]", name[n]))))
        n++;
    return n > 0 && name[n] == '\0' ? name : otherwise;
}

/* RFC 5322 s3.3, whatever the locale */
static void date(int64_t time_us, char text_r[40])
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t t = (time_t)(time_us / 1000000);
    struct tm tm;
    gmtime_r(&t, &tm);
    snprintf(text_r, 40, "%s, %d %s %d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday,
             months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

const char *release_trace(struct arena *arena, const struct record *r, const char *host,
                          const char *mark)
{
    const struct envelope *e = &r->message->env;
    struct message_client c = message_client(r->message);
    char ip[IPADDR_TEXT] = "unknown", when[40];
    if (e->ip.family != IP_NONE)
        c = (struct message_client){e->ip, e->name, e->helo};
    if (c.ip.family != IP_NONE)
        ipaddr_format(&c.ip, ip);
    date(r->time_us, when);
    return arena_printf(arena,
                        "Received: from %s (%s [%s])\r\n"
                        "\tby %s " HELD_RETURN_COMMENT "%s)\r\n"
                        "\tid %s; %s\r\n",
                        name_or(c.helo, "unknown"), name_or(c.name, "unknown"), ip,
                        name_or(host, "localhost"), mark, r->id, when);
}
