/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch check --explain. Every value of a message goes through tool_print_safe. */
#include <math.h>
#include <string.h>
#include "explain.h"
#include "tool.h"

struct page {
    FILE *out;
    const struct record *r;
    const struct tool_style *style;
};

static void label(const struct page *p, const char *name)
{
    fprintf(p->out, "  %s%-10s%s", p->style->dim, name, p->style->reset);
}

static void line(const struct page *p, const char *name, const char *value)
{
    if (!value)
        return;
    label(p, name);
    tool_print_safe(p->out, *value ? value : "<>");
    fputc('\n', p->out);
}

static const char *class_colour(const struct page *p, enum trust_class c)
{
    return c == CLASS_TRUSTED      ? p->style->green
           : c == CLASS_SUSPICIOUS ? p->style->yellow
                                   : p->style->red;
}

static void author(const struct page *p)
{
    const struct mailbox *a = p->r->message->author;
    label(p, "From");
    if (!a)
        fputs("no author that can be read", p->out);
    else if (a->display) {
        tool_print_safe(p->out, a->display);
        fputs(" <", p->out);
        tool_print_safe(p->out, a->address);
        fputc('>', p->out);
    } else {
        tool_print_safe(p->out, a->address);
    }
    fputc('\n', p->out);
}

static void client(const struct page *p)
{
    struct message_client c = message_client(p->r->message);
    char ip[IPADDR_TEXT];
    label(p, "Client");
    if (c.ip.family == IP_NONE) {
        fputs("not known: neither given nor told by the path\n", p->out);
        return;
    }
    fprintf(p->out, "%s (", ipaddr_format(&c.ip, ip));
    tool_print_safe(p->out, c.name ? c.name : "no name");
    fputs("), HELO ", p->out);
    tool_print_safe(p->out, c.helo ? c.helo : "not known");
    if (p->r->client_inferred)
        fprintf(p->out, "; read from the path, Received field %td of %zu",
                p->r->message->client_hop + 1, p->r->message->hop_count);
    fputc('\n', p->out);
    if (p->r->message->env.user)
        line(p, "User", p->r->message->env.user);
}

static void result(const struct page *p, const char *method, enum auth_result result,
                   const char *subject, const char *reason)
{
    const char *name = auth_result_name(result);
    const char *colour = result == AUTH_PASS   ? p->style->green
                         : result == AUTH_FAIL ? p->style->red
                                               : p->style->yellow;
    label(p, method);
    fprintf(p->out, "%s%s%s", name ? colour : "", name ? name : "not evaluated", p->style->reset);
    if (subject) {
        fputs("  ", p->out);
        tool_print_safe(p->out, subject);
    }
    if (reason) {
        fputs("  (", p->out);
        tool_print_safe(p->out, reason);
        fputc(')', p->out);
    }
    fputc('\n', p->out);
}

static void results(const struct page *p)
{
    const struct evidence *ev = p->r->evidence;
    result(p, "iprev", ev->iprev.result, ev->iprev.name, ev->iprev.reason);
    result(p, "SPF", ev->spf.result, ev->spf.domain, ev->spf.reason);
    for (size_t i = 0; i < ev->dkim_count; i++)
        result(p, "DKIM", ev->dkim[i].result, ev->dkim[i].domain, ev->dkim[i].reason);
    if (ev->dkim_count == 0)
        line(p, "DKIM", "no signature");
    if (ev->dkim_skipped)
        fprintf(p->out, "            %zu more signatures, not looked at\n", ev->dkim_skipped);
    result(p, "DMARC", ev->dmarc.result, ev->dmarc.domain, ev->dmarc.reason);
}

static void mass(FILE *out, double x)
{
    if (x < 0)
        fprintf(out, " %7s", "");
    else
        fprintf(out, " %7.1f", x);
}

static void evidence_row(const struct page *p, const struct trust_item *t)
{
    const char *colour = t->weight > 0 ? p->style->green : t->weight < 0 ? p->style->red : "";
    fprintf(p->out, "    %s%+7.2f%s ", colour, t->weight, p->style->reset);
    mass(p->out, t->good);
    mass(p->out, t->bad);
    mass(p->out, t->seen);
    fprintf(p->out, "  %-14s ", t->name);
    if (t->subject)
        tool_print_safe(p->out, t->subject);
    if (t->note) {
        fputs(t->subject ? ": " : "", p->out);
        tool_print_safe(p->out, t->note);
    }
    fputc('\n', p->out);
}

static void sum(const struct page *p, const struct settings *s)
{
    const struct decision *d = p->r->decision;
    const struct trust_result *t = p->r->trust;
    const struct policy *policy = d->policy;
    double trusted = policy && !isnan(policy->trusted) ? policy->trusted : s->trusted;
    double untrusted = policy && !isnan(policy->untrusted) ? policy->untrusted : s->untrusted;
    fprintf(p->out, "\n    %sweight    good     bad    seen  evidence%s\n", p->style->dim,
            p->style->reset);
    for (size_t i = 0; i < t->item_count; i++)
        evidence_row(p, &t->items[i]);
    if (t->item_count == 0)
        fputs("                                     nothing is known of this message\n", p->out);
    fprintf(p->out, "    %+7.2f %26s starting point of every message\n", p->r->bias, "");
    fprintf(p->out, "    %s%+7.2f%s = sum; trust %.3f: %s%s%s", p->style->bold, t->sum,
            p->style->reset, t->trust, class_colour(p, d->class), trust_class_name(d->class),
            p->style->reset);
    fprintf(p->out, " (trusted from %.3g, untrusted below %.3g)\n\n", trusted, untrusted);
}

static void recipients(const struct page *p)
{
    const struct decision *d = p->r->decision;
    for (size_t i = 0; d->mixed && i < d->rcpt_count; i++) {
        const struct rcpt_decision *rcpt = &d->rcpts[i];
        fprintf(p->out, "            %s for ", action_name(rcpt->action));
        tool_print_safe(p->out, rcpt->rcpt);
        fputs(": ", p->out);
        tool_print_safe(p->out, rcpt->reason);
        fputc('\n', p->out);
    }
}

static void verdict(const struct page *p, const struct settings *s)
{
    const struct decision *d = p->r->decision;
    const char *otherwise =
        p->r->judged ? decision_trusted_if(p->r->message->arena, s, p->r->trust, d) : NULL;
    label(p, "Action");
    fprintf(p->out, "%s%s%s%s: ", p->style->bold, action_name(d->action), p->style->reset,
            d->mode == MODE_OBSERVE ? " (mode is observe: nothing would be done)" : "");
    tool_print_safe(p->out, d->reason);
    fputc('\n', p->out);
    recipients(p);
    for (unsigned bits = p->r->flags; bits != 0; bits &= bits - 1)
        line(p, bits == p->r->flags ? "Flags" : "", message_flag_name(bits));
    if (otherwise)
        line(p, "Otherwise", otherwise);
    if (p->r->shadow)
        line(p, "Shadow", p->r->shadow->reason ? p->r->shadow->reason : "would decide the same");
    line(p, "Model", p->r->model ? p->r->model : "not asked");
    line(p, "Id", p->r->id);
}

void explain_write(FILE *out, const char *name, const struct record *r, const struct settings *s)
{
    struct page p = {out, r, tool_style_for(out)};
    fprintf(out, "%s", p.style->bold);
    tool_print_safe(out, name);
    fprintf(out, "%s\n", p.style->reset);
    author(&p);
    line(&p, "Subject", r->message->subject);
    client(&p);
    line(&p, "Sender", r->message->env.sender ? r->message->env.sender : "not known");
    for (size_t i = 0; i < r->message->env.rcpt_count; i++)
        line(&p, i == 0 ? "To" : "", r->message->env.rcpts[i]);
    line(&p, "Direction", direction_name(r->decision->direction));
    results(&p);
    sum(&p, s);
    verdict(&p, s);
    fputc('\n', out);
}
