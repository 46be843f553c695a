/* SPDX-License-Identifier: BSD-2-Clause */
/* DKIM key records: RFC 6376 s3.6.1 and s6.1.2, RFC 8463 s4. Which of the published records is the
 * key, and whether it may vouch for this signature. The key itself is not decoded here. */
#include "dkim_key.h"
#include <string.h>
#include "arena.h"
#include "errors.h"
#include "resolver.h"
#include "taglist.h"

enum record { RECORD_OTHER, RECORD_MALFORMED, RECORD_KEY };

/* What a TXT record is: a key, something that was meant to be one, or none of our business. */
static enum record classify(struct span text, struct taglist *tags)
{
    int rc = text.len <= DKIM_MAX_KEY_RECORD ? taglist_parse(text, tags) : VOUCH_E_LIMIT;
    if (rc != 0 || tags->duplicates)
        return span_istarts(text, "v=DKIM1") ? RECORD_MALFORMED : RECORD_OTHER;
    struct span v = taglist_get(tags, "v");
    if (v.p && !span_eq(v, SPAN_LIT("DKIM1")))
        return RECORD_OTHER;
    if (v.p && !span_ieq_cstr(tags->tags[0].name, "v"))
        return RECORD_MALFORMED;
    if (!taglist_get(tags, "p").p)
        return v.p ? RECORD_MALFORMED : RECORD_OTHER;
    return RECORD_KEY;
}

/* The one key among the records, in *tags_r. Their order means nothing, so two different keys are
 * none: *reason_r says why there is none. 0 or VOUCH_E_NOMEM. */
static int find_key(struct arena *arena, const struct dns_answer *answer, struct taglist *tags_r,
                    const char **reason_r)
{
    struct span key = SPAN_NONE;
    *reason_r = "no key is published";
    for (size_t i = 0; i < answer->count; i++) {
        struct taglist tags;
        size_t len;
        const char *text = dns_txt_join(arena, answer->rdata[i], &len);
        if (!text)
            return VOUCH_E_NOMEM;
        struct span record = span_make(text, len);
        enum record kind = classify(record, &tags);
        if (kind == RECORD_MALFORMED && !key.p)
            *reason_r = "the key record is malformed";
        if (kind != RECORD_KEY)
            continue;
        if (key.p && !span_eq(key, record)) {
            *reason_r = "two different keys are published";
            return 0;
        }
        key = record;
        *tags_r = tags;
        *reason_r = NULL;
    }
    return 0;
}

static bool is_base64(const char *s)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    s += strspn(s, alphabet);
    return s[strspn(s, "=")] == '\0';
}

/* Why this key cannot vouch for sig; NULL if it can. */
static const char *unfit(const struct taglist *tags, const struct dkim_signature *sig,
                         const char *p)
{
    struct span k = taglist_get(tags, "k"), h = taglist_get(tags, "h");
    struct span s = taglist_get(tags, "s"), t = taglist_get(tags, "t");
    if (h.p && !taglist_lists(h, "sha256"))
        return "the key is not for sha256 (h=)";
    if (s.p && !taglist_lists(s, "email") && !taglist_lists(s, "*"))
        return "the key is not for e-mail (s=)";
    if (!span_ieq_cstr(k.p ? k : SPAN_LIT("rsa"), sig->ed25519 ? "ed25519" : "rsa"))
        return "the key is of another type than the signature (k=)";
    if (!*p)
        return "the key is revoked";
    if (taglist_lists(t, "s") && sig->below)
        return "the key allows no subdomain in i= (t=s)";
    if (!is_base64(p))
        return "the key record is malformed";
    return NULL;
}

int dkim_key_choose(struct arena *arena, const struct dns_answer *answer,
                    struct dkim_signature *sig, const char **record_r)
{
    struct taglist tags;
    const char *reason;
    *record_r = NULL;
    if (answer->status == DNS_FAILED || answer->status == DNS_PENDING) {
        reason = arena_printf(arena, "the key could not be looked up: %s",
                              answer->why ? answer->why : "no answer");
        dkim_signature_judge(sig, answer->over_limit ? AUTH_POLICY : AUTH_TEMPERROR, reason);
        return reason ? 0 : VOUCH_E_NOMEM;
    }
    if (find_key(arena, answer, &tags, &reason) != 0)
        return VOUCH_E_NOMEM;
    if (reason) {
        dkim_signature_judge(sig, AUTH_PERMERROR, reason);
        return 0;
    }
    const char *p = taglist_squeeze(arena, taglist_get(&tags, "p"));
    if (!p)
        return VOUCH_E_NOMEM;
    if (taglist_lists(taglist_get(&tags, "t"), "y"))
        sig->result.flags |= DKIM_FLAG_TEST_MODE;
    if ((reason = unfit(&tags, sig, p)) != NULL)
        dkim_signature_judge(sig, AUTH_PERMERROR, reason);
    else if (strlen(p) > DKIM_MAX_KEY_TEXT)
        dkim_signature_judge(sig, AUTH_POLICY, "the key is longer than is looked at");
    if (sig->result.result != AUTH_UNKNOWN)
        return 0;
    *record_r = arena_join(arena, sig->ed25519 ? "k=ed25519" : "k=rsa", "; p=", p);
    return *record_r ? 0 : VOUCH_E_NOMEM;
}
