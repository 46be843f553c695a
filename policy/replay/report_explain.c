/* SPDX-License-Identifier: BSD-2-Clause */
/* One judged message for the report, as `vouch check --explain` tells it. Every text of it goes through
 * html_text. */
#include <math.h>
#include <stdlib.h>
#include "html.h"
#include "report_private.h"

#define MAX_ITEMS      20 /* pieces of evidence, the weightiest first */
#define MAX_SIGNATURES 5
#define MAX_PATH       1024

/* Directions of their own: a name that is written from right to left leaves what stands beside it. */
static void put_text(struct sbuf *out, const char *text)
{
    sbuf_adds(out, "<bdi>");
    html_text(out, span_of(text), REPORT_TEXT_BYTES);
    sbuf_adds(out, "</bdi>");
}

static void put_or(struct sbuf *out, const char *text, const char *without)
{
    if (text && *text)
        put_text(out, text);
    else
        sbuf_adds(out, without);
}

static void begin_row(struct sbuf *out, const char *name)
{
    sbuf_addf(out, "<dt>%s</dt><dd>", name);
}

static void put_file(struct sbuf *out, const struct corpus_item *item)
{
    begin_row(out, "File");
    html_text(out, span_of(item->path), MAX_PATH);
    if (item->number)
        sbuf_addf(out, ", message %u, from byte %llu", item->number,
                  (unsigned long long)item->offset);
    sbuf_adds(out, "</dd>");
}

static void put_author(struct sbuf *out, const struct mailbox *a)
{
    begin_row(out, "From");
    if (a && a->display)
        put_text(out, a->display);
    sbuf_adds(out, a && a->display ? " &lt;" : "");
    put_or(out, a ? a->address : NULL, "no author that can be read");
    sbuf_adds(out, a && a->display ? "&gt;</dd>" : "</dd>");
}

static void put_client(struct sbuf *out, const struct message *m)
{
    struct message_client c = message_client(m);
    char ip[IPADDR_TEXT];
    begin_row(out, "Client");
    if (c.ip.family == IP_NONE) {
        sbuf_adds(out, "not known</dd>");
        return;
    }
    sbuf_addf(out, "%s (", ipaddr_format(&c.ip, ip));
    put_or(out, c.name, "no name");
    sbuf_adds(out, "), HELO ");
    put_or(out, c.helo, "not known");
    sbuf_adds(out, "</dd>");
}

static void put_result(struct sbuf *out, const char *method, enum auth_result result,
                       const char *subject)
{
    if (result == AUTH_UNKNOWN)
        return;
    sbuf_addf(out, "%s=%s", method, auth_result_name(result));
    if (subject) {
        sbuf_adds(out, " (");
        put_text(out, subject);
        sbuf_addc(out, ')');
    }
    sbuf_adds(out, " ");
}

static void put_results(struct sbuf *out, const struct evidence *ev)
{
    begin_row(out, "Proof");
    size_t before = out->len;
    put_result(out, "spf", ev->spf.result, ev->spf.domain);
    for (size_t i = 0; i < ev->dkim_count && i < MAX_SIGNATURES; i++)
        put_result(out, "dkim", ev->dkim[i].result, ev->dkim[i].domain);
    put_result(out, "dmarc", ev->dmarc.result, ev->dmarc.domain);
    put_result(out, "iprev", ev->iprev.result, ev->iprev.name);
    if (out->len == before)
        sbuf_adds(out, "nothing was looked at");
    sbuf_adds(out, "</dd>");
}

static void put_flags(struct sbuf *out, unsigned flags)
{
    if (!flags)
        return;
    begin_row(out, "Flags");
    for (const char *between = ""; flags; flags &= flags - 1, between = ", ")
        sbuf_addf(out, "%s%s", between, message_flag_name(flags));
    sbuf_adds(out, "</dd>");
}

static void put_mass(struct sbuf *out, double mass)
{
    sbuf_adds(out, "<td>");
    if (mass >= 0)
        sbuf_addf(out, "%.1f", mass);
    sbuf_adds(out, "</td>");
}

static void put_item(struct sbuf *out, const struct trust_item *t)
{
    sbuf_addf(out, "<tr><td class=\"%s\">%+.2f</td>",
              t->weight > 0   ? "good"
              : t->weight < 0 ? "bad"
                              : "",
              t->weight);
    put_mass(out, t->good);
    put_mass(out, t->bad);
    put_mass(out, t->seen);
    sbuf_adds(out, "<th scope=\"row\">");
    html_text(out, span_of(t->name), REPORT_TEXT_BYTES);
    sbuf_adds(out, "</th><td>");
    if (t->subject)
        put_text(out, t->subject);
    if (t->subject && t->note)
        sbuf_adds(out, ": ");
    if (t->note)
        put_text(out, t->note);
    sbuf_adds(out, "</td></tr>\n");
}

static void put_sum(struct sbuf *out, const struct record *r)
{
    const struct trust_result *t = r->trust;
    sbuf_adds(out,
              "<div class=\"scroll\"><table class=\"evidence\"><thead><tr>"
              "<th scope=\"col\">weight</th><th scope=\"col\">good</th>"
              "<th scope=\"col\">bad</th><th scope=\"col\">seen</th>"
              "<th scope=\"col\">evidence</th><th scope=\"col\">of</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < t->item_count && i < MAX_ITEMS; i++)
        put_item(out, &t->items[i]);
    if (t->item_count > MAX_ITEMS)
        sbuf_addf(out, "<tr><td colspan=\"6\">and %zu more, which weigh less</td></tr>\n",
                  t->item_count - MAX_ITEMS);
    sbuf_addf(out,
              "<tr><td>%+.2f</td><td colspan=\"5\">starting point of every message</td></tr>\n"
              "<tr class=\"sum\"><td>%+.2f</td><td colspan=\"5\">sum: trust %.3f, %s</td></tr>"
              "</tbody></table></div>\n",
              r->bias, t->sum, t->trust, trust_class_name(r->decision->class));
}

static void put_summary(struct sbuf *out, const struct replay_judged *j)
{
    const struct record *r = j->record;
    const struct mailbox *a = r->message->author;
    sbuf_addf(out, "<details><summary><b class=\"%s\">%.3f</b> %s <span class=\"who\">",
              j->item->good ? "good" : "bad", r->trust->trust,
              trust_class_name(r->decision->class));
    put_or(out, a ? a->address : NULL, "no author that can be read");
    sbuf_adds(out, "</span> <span class=\"when\">");
    report_time(out, j->item->time, 10);
    sbuf_adds(out, "</span></summary>\n");
}

char *report_explain(const struct replay_judged *j, const struct settings *settings)
{
    const struct record *r = j->record;
    const char *otherwise =
        r->judged ? decision_trusted_if(r->message->arena, settings, r->trust, r->decision) : NULL;
    struct sbuf out;
    sbuf_init(&out, REPORT_ONE_BYTES);
    put_summary(&out, j);
    sbuf_adds(&out, "<dl>");
    put_file(&out, j->item);
    begin_row(&out, "Time");
    report_time(&out, j->item->time, 16);
    sbuf_adds(&out, " UTC</dd>");
    put_author(&out, r->message->author);
    put_client(&out, r->message);
    begin_row(&out, "Sender");
    put_or(&out, r->message->env.sender, r->message->env.sender ? "&lt;&gt;" : "not known");
    sbuf_adds(&out, "</dd>");
    put_results(&out, r->evidence);
    put_flags(&out, r->flags);
    if (otherwise) {
        begin_row(&out, "Otherwise");
        put_text(&out, otherwise);
        sbuf_adds(&out, "</dd>");
    }
    sbuf_adds(&out, "</dl>\n");
    put_sum(&out, r);
    sbuf_adds(&out, "</details>\n");
    if (out.failed) {
        sbuf_clear(&out);
        return NULL;
    }
    return out.p; /* nothing else of it was allocated */
}
