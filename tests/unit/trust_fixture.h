/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TRUST_FIXTURE_H
#define VOUCH_TRUST_FIXTURE_H

#include "trust.h"

/* One ordinary letter to change: alice@news.example.org, sent by mx.example.org [192.0.2.7] for
 * bounce@example.org to bob@example.net, one hop beyond the client [203.0.113.9], signed by
 * example.org. Nothing is verified and nothing known. */
struct fixture {
    struct arena *arena;
    struct message m;
    struct mailbox author;
    struct hop hops[8];
    const char *rcpts[12];
    struct evidence ev;
    struct dkim_result dkim[4];
    struct identity *identities;
    struct trust_known *known;
    struct trust_params params;
    struct trust_input in;
    struct trust_result r;
};

#define FIXTURE_NOW INT64_C(1700000000)

void fixture_init(struct fixture *f);
void fixture_clear(struct fixture *f);
/* SPF, DKIM, DMARC and iprev pass */
void fixture_prove(struct fixture *f);
/* They were asked, and nothing is published; the client has a confirmed name. */
void fixture_unpublished(struct fixture *f);
/* address: "Bob@Example.org" as normalised; sets author and its organisation */
void fixture_author(struct fixture *f, const char *local, const char *domain);
/* Makes the identities anew from the message; counts are forgotten. */
void fixture_list(struct fixture *f);
/* all identities of that kind */
void fixture_know(struct fixture *f, enum identity_kind kind, double good, double bad);
/* what so many messages like this one would have taught */
void fixture_teach(struct fixture *f, double good, double bad);
/* Sums; the result is also in f->r. */
double fixture_trust(struct fixture *f);
/* first item of that name, or NULL */
const struct trust_item *fixture_item(const struct fixture *f, const char *name);
double fixture_weight(const struct fixture *f, const char *name); /* of all items of that name */

#endif
