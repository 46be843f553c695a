/* SPDX-License-Identifier: BSD-2-Clause */
/* The weights: names, defaults and the reason for each; and the names of flags. */
#include <string.h>
#include "trust.h"

#define DAY 86400.0

/* Weights of what corpora of real mail show are fitted to them (tests/bench/fit-weights, with forgeries made by
 * tests/bench/forge; every label, a tenth of them, and all a day late), the bias held at 0;
 * the others are reasoned: what only DNS or an operator can tell, and what is too rare in them. Reasons:
 *   - nothing known: no pass of a check reaches trusted (+2.2), no one failed check reaches
 *     untrusted (-2.2);
 *   - a proven author's good history makes most of his trust.
 * Terms from one message's names are far from independent, so most count a fraction of what they
 * would alone. */
static const struct {
    const char *name;
    double w;
    const char *help;
} table[TW_COUNT] = {
    [TW_WIDE] = {"wide", 0.1, "client's /16 or /32: its provider"},
    [TW_NETWORK] = {"network", 0.61, "client's /24 or /48, beyond what the wider network says"},
    [TW_HOST] = {"host", 0.63, "client address, beyond what its network says; proven by TCP"},
    [TW_HELO] = {"helo", 0.1, "HELO's organisation and name"},
    [TW_PTR] = {"ptr", 0.1, "organisation of the client's confirmed name"},
    [TW_MAILFROM] =
        {"mailfrom", 0.25,
         "envelope sender, its domain and organisation, on SPF pass; often only a mail service"},
    [TW_AUTHOR] =
        {"author", 1.0,
         "author's address, domain and organisation, when proven: what the message is trusted for"},
    [TW_DKIM] = {"dkim", 0.25, "domain of a verified signature; often that of the author again"},
    [TW_CLAIM_MAILFROM] = {"claim_mailfrom", 0.1, "envelope sender that is only claimed"},
    [TW_CLAIM_DOMAIN] = {"claim_domain", 0.34,
                         "author's domain and organisation, where only claimed"},
    [TW_CLAIM_AUTHOR] = {"claim_author", 0.44, "author's address beyond that, where only claimed"},
    [TW_HOP] = {"hop", 0.56, "worst network beyond the client"},
    [TW_ORIGIN] = {"origin", 0.22, "network that the message was first handed over in: a claim"},
    [TW_ROUTE] =
        {"route", 0.69,
         "from that provider's network to this client's: how mail on this route turned out"},
    [TW_WAY_NETWORK] = {"way_network", 0.29,
                        "whether the author's organisation writes from this network"},
    [TW_WAY_HELO] =
        {"way_helo", 0.31,
         "whether the author's organisation writes from hosts of this HELO organisation"},
    [TW_WAY_ORIGIN] =
        {"way_origin", 0.14,
         "whether the author's organisation writes in this network; a claim, so less"},
    [TW_WAY_PERSON] = {"way_person", 0.51,
                       "whether the author himself writes from that provider's network"},
    [TW_PAIR_NETWORK] = {"pair_network", 0.19,
                         "how mail of the author's organisation from this network turned out"},
    [TW_PAIR_HELO] =
        {"pair_helo", 0.14,
         "how mail of the author's organisation with this HELO organisation turned out"},
    [TW_PAIR_PTR] =
        {"pair_ptr", 0.1,
         "how mail of the author's organisation from hosts of this organisation turned out"},
    [TW_PAIR_MAILFROM] =
        {"pair_mailfrom", 0.1,
         "how mail of the author's organisation with this organisation's envelope turned out"},
    [TW_PAIR_ORIGIN] = {"pair_origin", 0.36,
                        "how mail of the author's organisation written in this network turned out; "
                        "a claim, so less"},
    [TW_PAIR_DKIM] = {"pair_dkim", 0.2,
                      "how mail of the author's organisation signed by this domain turned out"},
    [TW_PERSON_NETWORK] = {"person_network", 0.21,
                           "how mail of the author himself from this network turned out"},
    [TW_PERSON_HELO] = {"person_helo", 0.3,
                        "how mail of the author himself with this HELO organisation turned out"},
    [TW_PERSON_ORIGIN] =
        {"person_origin", 0.46,
         "how mail of the author himself written in that provider's network turned out"},
    [TW_STRANGE] = {"strange", 0.83,
                    "the author is known, and never came this way; not if he is proven"},
    [TW_STRANGE_ORG] = {"strange_org", 0.1, "the same of his organisation"},
    [TW_FORGERY] = {"forgery", -1.1,
                    "author's organisation is known to prove itself and this message does not"},
    [TW_RELATIONSHIP] = {"relationship", 0.3, "proven author has written to this recipient before"},
    [TW_SITE] = {"site", 0.51, "share of good mail among all that comes here"},
    [TW_SITUATION] = {"situation", 0.44,
                      "how mail turned out of which just these names were known before"},
    [TW_TRAIT_HELO] = {"trait_helo", 0.39, "how mail with such a HELO turned out here"},
    [TW_TRAIT_HOST] = {"trait_host", 0.18,
                       "how mail from a client with such a name turned out here"},
    [TW_TRAIT_ORIGIN] = {"trait_origin", 0.12,
                         "how mail first handed over by such a host turned out here"},
    [TW_TRAIT_MESSAGE_ID] =
        {"trait_message_id", 0.71,
         "how mail turned out here whose Message-ID was made by author, way or neither"},
    [TW_TRAIT_DATE] = {"trait_date", 0.83, "how mail dated so long before it came turned out here"},
    [TW_TRAIT_REPLY_TO] = {"trait_reply_to", 0.16,
                           "how mail turned out here whose answers go elsewhere, or not"},
    [TW_TRAIT_DISPLAY] =
        {"trait_display", 0.54,
         "how mail turned out here that shows a name, none, or another address as its author"},
    [TW_IPREV_FAIL] =
        {"iprev_fail", -0.4,
         "client has no name, or one that does not point back: rare among mail servers"},
    [TW_SPF_FAIL] = {"spf_fail", -0.8,
                     "envelope domain says this client is not its own; forwarding does it too"},
    [TW_SPF_SOFTFAIL] = {"spf_softfail", -0.4, "the same, said with less certainty"},
    [TW_DKIM_FAIL] = {"dkim_fail", -0.2,
                      "signed, but nothing verifies: mailing lists do that every day"},
    [TW_DMARC_FAIL] =
        {"dmarc_fail", -1.2,
         "author's domain disowns it with p=reject; 0.7 of it for quarantine, 0.3 for none"},
    [TW_DMARC_PASS] = {"dmarc_pass", 0.2,
                       "author is proven: no verdict, a quarter of bad mail passes"},
    [TW_HELO_LITERAL] = {"helo_literal", -1,
                         "HELO is the client's address: careless servers, and bots"},
    [TW_HELO_FORGED] = {"helo_forged", -1.5,
                        "HELO is somebody else's address or one of our own names: a lie"},
    [TW_HELO_MANY] =
        {"helo_many", -0.8,
         "client says many HELO names in a day: none up to 3, all from 24 on; a server "
         "has one, infected hosts behind one address have many"},
    [TW_DOMAINS_MANY] = {"domains_many", -0.6,
                         "client sends for many domains in an hour: none up to 5, all from 80 on; "
                         "good history of client or network excuses it"},
    [TW_BURST] =
        {"burst", -0.8,
         "proven author writes in an hour to more people than in a usual month, all from 8 "
         "times on: an account taken over"},
    [TW_MULTIPLE_FROM] = {"multiple_from", -1.5,
                          "more than one From field: what is shown may not be what was checked"},
    [TW_NO_AUTHOR] = {"no_author", -2, "no valid author: nobody to hold it against"},
    [TW_BODY_APPENDED] = {"body_appended", -0.5,
                          "body goes on behind what was signed: some lists do it, replays do it"},
    [TW_TIME_DISORDER] =
        {"time_disorder", -0.5,
         "Received fields run backwards by more than an hour: forged, or a bad clock"},
    [TW_PROTECTED] = {"protected", -1.5, "claims a protected sender and does not prove it"},
    [TW_IMPERSONATION] =
        {"impersonation", -1.5,
         "shows a name, an address or a domain that is not its author's; times 0.2 to 1, by how "
         "sure that is"},
};

const char *trust_weight_name(enum trust_weight w)
{
    return w < TW_COUNT ? table[w].name : NULL;
}

const char *trust_weight_help(enum trust_weight w)
{
    return w < TW_COUNT ? table[w].help : NULL;
}

void trust_params_default(struct trust_params *params_r)
{
    memset(params_r, 0, sizeof *params_r);
    params_r->bias = 0; /* undecided, so that an empty model calls nothing good or bad */
    params_r->half_life = 90 * DAY; /* senders of a monthly letter stay known, last year's fade */
    params_r->prior = 0.5;  /* one good message makes three to one; the weights do the rest */
    params_r->most_for = 9; /* trust 0.9999 at most: nobody is beyond doubt */
    for (int w = 0; w < TW_COUNT; w++)
        params_r->w[w] = table[w].w;
}

static const char *const flag_names[] = {
    "multiple_from",  "no_author",     "body_appended",     "forged_author", "protected_sender",
    "forged_authres", "over_limit",    "model_unavailable", "dns_timeout",   "bad_relay",
    "time_disorder",  "impersonation", "out_of_time",       "released",
};

const char *message_flag_name(unsigned flag)
{
    for (size_t bit = 0; bit < sizeof flag_names / sizeof *flag_names; bit++)
        if (flag >> bit & 1)
            return flag_names[bit];
    return NULL;
}
