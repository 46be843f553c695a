/* SPDX-License-Identifier: BSD-2-Clause */
/* Authentication-Results (RFC 8601): writing ours, in this order: spf, dkim for each signature,
 * dmarc, iprev. What was not evaluated is left out. Values come from the message and from DNS,
 * so each goes through one of the writers below: a token or an address as it is, anything else
 * as a quoted-string of visible ASCII, cut at VALUE_MAX. Which fields are forged is
 * authres_claims.c's. */
#include "authres.h"
#include <stdio.h>
#include <string.h>
#include "ascii.h"
#include "sbuf.h"

#define FIELD_NAME "Authentication-Results: "
#define LINE_MAX   77 /* RFC 5322 s2.1.1: 78; a ";" may follow */
#define TAB_WIDTH  8
#define VALUE_MAX  255   /* bytes of one value; longer ones are cut */
#define FIELD_MAX  65536 /* bytes; ten signatures need about 3000 */

/* The field as it grows: words are parted by a blank, or by a new line where they would not fit. */
struct writer {
    struct sbuf out;
    size_t column;
    struct sbuf word;
};

static void put_word(struct writer *w)
{
    bool fits = w->column + 1 + w->word.len <= LINE_MAX;
    sbuf_adds(&w->out, fits ? " " : "\n\t");
    w->column = (fits ? w->column + 1 : TAB_WIDTH) + w->word.len;
    sbuf_addspan(&w->out, sbuf_span(&w->word));
    sbuf_reset(&w->word);
}

static bool is_token_char(char c)
{
    return ascii_is_visible(c) && !strchr("()<>@,;:\\\"/[]?=", c);
}

static bool is_token(const char *s)
{
    size_t n = 0;
    while (is_token_char(s[n]))
        n++;
    return n > 0 && n <= VALUE_MAX && s[n] == '\0';
}

/* [local-part] "@" domain, the local-part a dot-atom without what could end a value (RFC 5322
 * s3.2.3) */
static bool is_plain_address(const char *s)
{
    const char *at = strchr(s, '@');
    if (!at || !is_token(at + 1) || strlen(s) > VALUE_MAX)
        return false;
    for (const char *c = s; c < at; c++)
        if (!is_token_char(*c))
            return false;
    return true;
}

static char visible(char c)
{
    return ascii_is_visible(c) || c == ' ' ? c : '?';
}

static void add_value(struct sbuf *b, const char *s)
{
    if (is_token(s) || is_plain_address(s)) {
        sbuf_adds(b, s);
        return;
    }
    sbuf_addc(b, '"');
    for (size_t i = 0; s[i] && i < VALUE_MAX; i++) {
        if (s[i] == '"' || s[i] == '\\')
            sbuf_addc(b, '\\');
        sbuf_addc(b, visible(s[i]));
    }
    sbuf_addc(b, '"');
}

static void add_comment(struct sbuf *b, const char *s)
{
    sbuf_addc(b, '(');
    for (size_t i = 0; s[i] && i < VALUE_MAX; i++)
        sbuf_addc(b, strchr("()\\", s[i]) ? '?' : visible(s[i]));
    sbuf_addc(b, ')');
}

static void put_comment(struct writer *w, const char *s)
{
    add_comment(&w->word, s);
    put_word(w);
}

/* name=value; nothing if there is no value */
static void put_value(struct writer *w, const char *name, const char *s)
{
    if (!s)
        return;
    sbuf_adds(&w->word, name);
    sbuf_addc(&w->word, '=');
    add_value(&w->word, s);
    put_word(w);
}

/* A method and its result, on a line of its own. */
static void put_method(struct writer *w, const char *method, enum auth_result result,
                       const char *comment)
{
    sbuf_adds(&w->out, ";\n\t");
    w->column = TAB_WIDTH;
    const size_t from = w->out.len;
    sbuf_adds(&w->out, method);
    sbuf_addc(&w->out, '=');
    sbuf_adds(&w->out, auth_result_name(result));
    w->column += w->out.len - from;
    if (comment)
        put_comment(w, comment);
}

/* A reason is for what did not pass. */
static void put_reason(struct writer *w, enum auth_result result, const char *reason)
{
    if (result != AUTH_PASS && result != AUTH_NONE)
        put_value(w, "reason", reason);
}

static void put_spf(struct writer *w, const struct spf_result *spf, const char *mailfrom,
                    const char *helo)
{
    if (spf->result == AUTH_UNKNOWN)
        return;
    put_method(w, "spf", spf->result, NULL);
    put_reason(w, spf->result, spf->reason);
    if (spf->scope == SPF_SCOPE_HELO)
        put_value(w, "smtp.helo", spf->domain ? spf->domain : helo);
    else
        put_value(w, "smtp.mailfrom",
                  mailfrom && is_plain_address(mailfrom) ? mailfrom : spf->domain);
}

static void put_dkim(struct writer *w, const struct dkim_result *sig)
{
    char comment[64] = "";
    if (sig->result == AUTH_UNKNOWN)
        return;
    if (sig->key_bits)
        snprintf(comment, sizeof comment, "%u-bit key%s", sig->key_bits,
                 sig->flags & DKIM_FLAG_TEST_MODE ? "; test mode" : "");
    else if (sig->flags & DKIM_FLAG_TEST_MODE)
        snprintf(comment, sizeof comment, "test mode");
    put_method(w, "dkim", sig->result, comment[0] ? comment : NULL);
    put_reason(w, sig->result, sig->reason);
    put_value(w, "header.d", sig->domain);
    put_value(w, "header.s", sig->selector);
    put_value(w, "header.a", sig->algorithm);
    put_value(w, "header.i", sig->identity);
    put_value(w, "header.b", sig->b_prefix);
}

static void put_dmarc(struct writer *w, const struct dmarc_result *dmarc)
{
    char comment[32];
    const char *published = dmarc_policy_name(dmarc->published);
    if (dmarc->result == AUTH_UNKNOWN)
        return;
    if (published)
        snprintf(comment, sizeof comment, "p=%s", published);
    put_method(w, "dmarc", dmarc->result, published ? comment : NULL);
    put_reason(w, dmarc->result, dmarc->reason);
    put_value(w, "header.from", dmarc->domain);
    put_value(w, "policy.dmarc", dmarc_policy_name(dmarc->policy));
}

static void put_iprev(struct writer *w, const struct iprev_result *iprev, const struct ipaddr *ip)
{
    char text[IPADDR_TEXT];
    if (iprev->result == AUTH_UNKNOWN)
        return;
    put_method(w, "iprev", iprev->result, iprev->name);
    put_reason(w, iprev->result, iprev->reason);
    if (ip->family == IP_NONE)
        return;
    ipaddr_format(ip, text);
    put_value(w, "policy.iprev", text);
    put_value(w, "smtp.remote-ip", text);
}

static void put_results(struct writer *w, const struct message *m, const struct evidence *ev)
{
    struct message_client client = message_client(m);
    size_t start = w->out.len;
    put_spf(w, &ev->spf, m->env.sender, client.helo);
    if (ev->spf.scope != SPF_SCOPE_HELO)
        put_spf(w, &ev->spf_helo, NULL, client.helo);
    for (size_t i = 0; i < ev->dkim_count; i++)
        put_dkim(w, &ev->dkim[i]);
    if (ev->dkim_count == 0 && ev->dmarc.result != AUTH_UNKNOWN)
        put_method(w, "dkim", AUTH_NONE, NULL);
    put_dmarc(w, &ev->dmarc);
    put_iprev(w, &ev->iprev, &client.ip);
    if (w->out.len == start)
        sbuf_adds(&w->out, "; none");
}

char *authres_format(struct arena *arena, const char *authserv_id, const struct message *m,
                     const struct evidence *ev)
{
    struct writer w = {0};
    sbuf_init(&w.out, FIELD_MAX);
    sbuf_init(&w.word, FIELD_MAX);
    add_value(&w.out, authserv_id);
    w.column = strlen(FIELD_NAME) + w.out.len;
    put_results(&w, m, ev);
    w.out.failed |= w.word.failed;
    sbuf_clear(&w.word);
    return sbuf_to_arena(&w.out, arena);
}
