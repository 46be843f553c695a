/* SPDX-License-Identifier: BSD-2-Clause */
/* SPF records: what libspf2 would be shown of any record is a few terms of our own making, and
 * small; whether a record is valid does not hang on the client; what is taken for a name can be
 * expanded. */
#include <stdlib.h>
#include <string.h>
#include "errors.h"
#include "sbuf.h"
#include "spf_macro.h"
#include "spf_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct spf_macro_values values = {
    .ip = {IP_V6, {0x20, 1, 0xd, 0xb8, [15] = 1}},
    .sender = "a.b-c+d@x.example",
    .local = "a.b-c+d/,_=..",
    .sender_domain = "x.example",
    .domain = "",
    .helo = "\xff%{d} \n",
};

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* Takes word off *s if it begins with it. */
static bool take(struct span *s, const char *word)
{
    size_t n = strlen(word);
    if (s->len < n || memcmp(s->p, word, n) != 0)
        return false;
    *s = span_slice(*s, n, s->len);
    return true;
}

static void take_number(struct span *s, uint64_t max)
{
    size_t n = 0;
    uint64_t value;
    while (n < s->len && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    must(span_uint(span_slice(*s, 0, n), max, &value) == 0);
    *s = span_slice(*s, n, s->len);
}

/* One term of a rewritten record; true if it is the last that may be. */
static bool check_term(struct span s, uint64_t width)
{
    bool redirect = take(&s, "redirect=");
    if (!redirect) {
        must(take(&s, "+") || take(&s, "-") || take(&s, "~") || take(&s, "?"));
        if (take(&s, "all")) {
            must(s.len == 0);
            return true;
        }
        must(take(&s, "a:") || take(&s, "mx:") || take(&s, "exists:") || take(&s, "include:"));
    }
    take_number(&s, SPF_MAX_TERMS);
    must(take(&s, "."));
    take_number(&s, SPF_MAX_TERMS);
    must(take(&s, ".t"));
    if (s.len) {
        must(take(&s, width == 32 ? "/" : "//"));
        take_number(&s, width - 1);
    }
    must(s.len == 0);
    return redirect;
}

static void check_rewritten(struct span text, uint64_t width)
{
    unsigned terms = 0;
    bool last = false;
    struct span term;
    must(text.len <= SPF_REWRITTEN_MAX && take(&text, "v=spf1"));
    if (!take(&text, " "))
        return must(text.len == 0);
    while (span_split(&text, ' ', &term)) {
        must(!last && ++terms <= SPF_MAX_TERMS + 2);
        last = check_term(term, width);
    }
}

static void expand(struct span spec)
{
    static const size_t sizes[] = {1, 2, 30, 300, 4096};
    must(spf_macro_is_domain_spec(spec) && spec.len <= SPF_MAX_SPEC);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = malloc(sizes[i]);
        must(text != NULL);
        size_t n = spf_macro_expand(spec, &values, text, sizes[i]);
        must(n == sizes[i] || n == strlen(text) || spf_macro_uses(spec, 'h'));
        free(text);
    }
}

static int one_client(struct span text, const struct ipaddr *client)
{
    struct spf_record record;
    struct span near;
    const char *what;
    struct sbuf out;
    int rc = spf_record_parse(text, client, &record, &what, &near);
    must(rc == 0 || (rc == VOUCH_E_SYNTAX && what && near.p >= text.p &&
                     near.p + near.len <= text.p + text.len));
    if (rc)
        return rc;
    for (unsigned i = 0; i < record.count; i++)
        if (record.terms[i].target.p)
            expand(record.terms[i].target);
    if (record.explanation.p)
        expand(record.explanation);
    sbuf_init(&out, 65536);
    spf_record_rewrite(&record, SPF_MAX_TERMS, client, &out);
    check_rewritten(sbuf_span(&out), client->family == IP_V6 ? 128 : 32);
    sbuf_clear(&out);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ipaddr v4 = {IP_V4, {192, 0, 2, 1}};
    struct span text = span_make(data, size);
    if (spf_macro_valid(text, SPF_MACRO_EXPLANATION)) {
        char out[100];
        must(spf_macro_expand(text, &values, out, sizeof out) <= sizeof out);
    }
    if (spf_record_selected(text))
        must(one_client(text, &v4) == one_client(text, &values.ip));
    return 0;
}
