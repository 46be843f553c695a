/* SPDX-License-Identifier: BSD-2-Clause */
/* A progress bar with rate and time left. */
#include "config.h"
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "clock.h"
#include "progress.h"

#define REDRAW_MS 100
#define FIRST_MS  300 /* what is over sooner needs no bar */
#define BAR_MIN   10
#define BAR_MAX   40

static unsigned columns_of(FILE *out)
{
    struct winsize w;
    return ioctl(fileno(out), TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

void progress_start(struct progress *p, FILE *out, const char *label, const char *unit,
                    uint64_t total)
{
    int64_t now = clock_ms();
    *p = (struct progress){.out = out,
                           .label = label,
                           .unit = unit,
                           .total = total,
                           .began_ms = now,
                           .drawn_ms = now + FIRST_MS - REDRAW_MS,
                           .on = isatty(fileno(out)) == 1};
}

/* "[#####.....] " */
static void draw_bar(char *bar, unsigned width, double part)
{
    memset(bar + 1, '.', width);
    memset(bar + 1, '#', (unsigned)(part * width));
    bar[0] = '[';
    memcpy(bar + 1 + width, "] ", 3);
}

const char *progress_line(const struct progress *p, uint64_t done, uint64_t items, int64_t ms,
                          unsigned columns, char *line_r, size_t size)
{
    double rate = ms > 0 ? (double)items * 1000 / (double)ms : 0;
    char bar[BAR_MAX + 4] = "", percent[8] = "", left[32] = "", count[80];
    snprintf(count, sizeof count, "%" PRIu64 " %s, %.0f/s", items, p->unit, rate);
    if (p->total > 0) {
        double part = done < p->total ? (double)done / (double)p->total : 1;
        int64_t seconds = part > 0 ? (int64_t)((double)ms * (1 - part) / part / 1000) : 0;
        snprintf(percent, sizeof percent, "%3.0f%% ", part * 100);
        if (part > 0)
            snprintf(left, sizeof left, ", %" PRId64 ":%02d left", seconds / 60,
                     (int)(seconds % 60));
        size_t taken = strlen(p->label) + strlen(percent) + strlen(count) + strlen(left) + 5;
        if (columns >= taken + BAR_MIN)
            draw_bar(bar, columns - taken < BAR_MAX ? columns - (unsigned)taken : BAR_MAX, part);
    }
    snprintf(line_r, size < columns ? size : columns, "%s %s%s%s%s", p->label, bar, percent, count,
             left);
    return line_r;
}

void progress_set(struct progress *p, uint64_t done, uint64_t items)
{
    char line[256];
    if (!p->on)
        return;
    int64_t now = clock_ms();
    if (now - p->drawn_ms < REDRAW_MS)
        return;
    p->drawn_ms = now;
    fprintf(
        p->out, "\r%s\033[K",
        progress_line(p, done, items, now - p->began_ms, columns_of(p->out), line, sizeof line));
    fflush(p->out);
}

void progress_end(struct progress *p)
{
    if (p->on)
        fputs("\r\033[K", p->out);
    p->on = false;
}
