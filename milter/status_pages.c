/* SPDX-License-Identifier: BSD-2-Clause */
/* The pages of the daemon's endpoint. */
#include "status_pages.h"
#include "config.h"
#include <string.h>
#include "daemon.h"
#include "metrics_text.h"

enum { OK = 200, NOT_FOUND = 404, UNAVAILABLE = 503 };

static unsigned overview(struct daemon *d, struct sbuf *text)
{
    (void)d;
    sbuf_adds(text, "vouch-milter " PACKAGE_VERSION "\n\n"
                    "/metrics  numbers for Prometheus\n"
                    "/healthz  200 while the process works, else what is stuck\n"
                    "/readyz   200 while it should be given mail, and why not\n\n"
                    "The manual is vouch-milter(8), METRICS.\n");
    return OK;
}

static unsigned metrics(struct daemon *d, struct sbuf *text)
{
    struct gauges g;
    gauges_read(d, &g);
    metrics_text(daemon_metrics(d), &g, text);
    return OK;
}

static unsigned healthz(struct daemon *d, struct sbuf *text)
{
    const char *stuck = daemon_stuck(d);
    sbuf_addf(text, "%s%s\n", stuck ? "stuck: " : "ok", stuck ? stuck : "");
    return stuck ? UNAVAILABLE : OK;
}

/* Not ready is what another daemon in this one's place could do better. A journal that cannot be written is this host's trouble. A
 * model that is away is everybody's: mail is judged without it, as the settings want, and to refuse work would make of a
 * weaker verdict none at all. */
static unsigned readyz(struct daemon *d, struct sbuf *text)
{
    static const char *const breaker[] = {"asked", "connecting", "not asked"};
    struct gauges g;
    gauges_read(d, &g);
    bool ready = !g.journal.failing;
    sbuf_addf(text, "%s\n", ready ? "ready" : "not ready");
    sbuf_addf(text, "settings: %s\n",
              g.reload_refused ? "in force, but older than the file, which has mistakes"
                               : "in force");
    if (g.journal.failing)
        sbuf_addf(text, "journal: failing: %s\n", g.journal.trouble);
    else
        sbuf_addf(text, "journal: %s\n", g.has_journal ? "written" : "none");
    sbuf_addf(text, "model: %s: %s\n", breaker[g.breaker], g.store);
    return ready ? OK : UNAVAILABLE;
}

unsigned status_page(void *arg, const char *path, struct sbuf *text)
{
    static const struct {
        const char *path;
        unsigned (*page)(struct daemon *d, struct sbuf *text);
    } pages[] = {
        {"/", overview}, {"/metrics", metrics}, {"/healthz", healthz}, {"/readyz", readyz}};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(path, pages[i].path) == 0)
            return pages[i].page(arg, text);
    sbuf_adds(text, "There are /, /metrics, /healthz and /readyz.\n");
    return NOT_FOUND;
}
