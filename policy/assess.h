/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_ASSESS_H
#define VOUCH_ASSESS_H

#include "record.h"

/* The one path from a message to a decision. vouch-milter calls it as SMTP happens, `vouch check`
 * with a message at rest.
 *
 *   assess_new -> assess_connect -> assess_helo -> assess_mail -> assess_rcpt*
 *     -> assess_field* -> assess_eoh -> assess_body* -> assess_finish -> assess_free
 *
 * Every call but assess_finish returns at once: questions are asked as soon as a name is known, and
 * assess_finish waits for all of them together. */

struct assess;
struct resolver;
struct zonefile_ops;
struct assess_context; /* resolver, store, DKIM library, suffix list: shared by all threads */

struct assess_options {
    const char *dns_server;              /* --dns; NULL: as the settings say */
    const char *zone_file;               /* --zone; NULL: the network */
    const struct zonefile_ops *zone_ops; /* to read it: zonefile.h's */
    bool
        no_dns; /* nothing is verified: all that DNS would tell is AUTH_UNKNOWN, as if never asked */
    const char *store;   /* --store; NULL: as the settings say */
    const char *version; /* of it; NULL: the active one */
    bool read_only;      /* never write to the model */
    const char *sensor;  /* this host's name; authserv-id unless the settings name one */
};

/* settings: used for where things are (store, DNS, suffix list). NULL on error: one line in
 * error_r. exit_r: what a command should exit with (sysexits.h). */
struct assess_context *assess_context_new(const struct settings *settings,
                                          const struct assess_options *options, char *error_r,
                                          size_t size, int *exit_r);
/* All messages must have been freed. */
void assess_context_free(struct assess_context **cp);
/* borrowed */
struct store *assess_context_store(struct assess_context *c);
struct resolver *assess_context_resolver(struct assess_context *c); /* NULL: no_dns */
/* No DNS server has answered for a while (resolver_silent). */
bool assess_context_dns_silent(struct assess_context *c);
const char *assess_context_sensor(const struct assess_context *c);
const struct psl_ctx_st *assess_context_psl(const struct assess_context *c);
/* the settings' name for this site, else the sensor; borrowed from either */
const char *assess_context_authserv_id(const struct assess_context *c, const struct settings *s);

/* settings: takes a reference. now_us: since the epoch; the time everything is judged at. NULL: out
 * of memory. */
struct assess *assess_new(struct assess_context *context, struct settings *settings,
                          int64_t now_us);
void assess_free(struct assess **ap);
/* The random part of the record's id, for who wants the same ids again; else they are drawn. */
void assess_number(struct assess *a, const uint8_t random[10]);
/* Called once before assess_finish really has to sleep. */
void assess_before_wait(struct assess *a, void (*call)(void *), void *arg);

/* Before assess_connect: what DNS and the signatures say, instead of asking them. Outbound mail is not verified,
 * whatever is assumed. What evidence points to is borrowed until assess_free. */
void assess_assume(struct assess *a, const struct evidence *evidence);

/* What SMTP says, as it says it. All strings are copied; NULL where not known. 0 or VOUCH_E_NOMEM,
 * after which the calls go on but the message is not judged. ip: NULL for a message at rest, whose
 * client is looked for in its path; IP_NONE where SMTP does not know it. */
int assess_connect(struct assess *a, const struct ipaddr *ip, const char *name);
int assess_helo(struct assess *a, const char *helo);
int assess_mail(struct assess *a, const char *sender, const char *user, const char *tls);
int assess_rcpt(struct assess *a, const char *rcpt);
/* A recipient that the MTA refused because it does not exist. */
void assess_rcpt_unknown(struct assess *a);
int assess_field(struct assess *a, struct span name, struct span value);
int assess_eoh(struct assess *a, const char *queue_id);
/* In wire form (CRLF), cut anywhere. true: no more of the body is needed. */
bool assess_body(struct assess *a, struct span chunk);
/* Before assess_finish, which then neither waits nor judges: the message is `item` of the quarantine, which `who` has released. It
 * is accepted, and its record, flagged so, teaches nothing. 0 or VOUCH_E_NOMEM. */
int assess_released(struct assess *a, const char *item, const char *who);
/* Waits, judges and fills the record, which a owns. queue_id: NULL if it was said before, or is not
 * known. 0 or VOUCH_E_NOMEM. */
int assess_finish(struct assess *a, const char *queue_id, const struct record **record_r);
/* Which identities the message asserts, after assess_finish; a owns them. */
const struct identity *assess_identities(const struct assess *a, size_t *count_r);
/* In place of all calls from assess_connect on: judges the message of a decision that was made before, by the settings and the
 * model of now, as of when it came (assess_new). What was verified then stands. decision must live until assess_free. As assess_finish. */
int assess_again(struct assess *a, const struct record *decision, const struct record **record_r);
/* In place of assess_finish, when the transaction ends without a message; does not wait. true: that says
 * something about its sender, and the record, which a owns, is a label. */
bool assess_abandon(struct assess *a, const struct record **record_r);
/* Bytes that a holds now, what libraries hold for it estimated. */
size_t assess_memory(const struct assess *a);
/* Lets all go that a holds but what assess_forged says; of the other calls only assess_field may follow, and finds more
 * of them. */
void assess_give_up(struct assess *a);
/* The fields of the message that only we may write: to be removed. In order of appearance; from end
 * of header on; a owns them. */
struct assess_forged {
    const char *name;
    unsigned index;  /* from 1, among fields of that name */
    size_t position; /* from 0, among all fields */
};
/* *lost_r: there were more than anybody could remove */
const struct assess_forged *assess_forged(const struct assess *a, size_t *count_r, bool *lost_r);
/* The values to add, folded with "\n\t": of Authentication-Results and of X-Vouch, after
 * assess_finish; a owns them. NULL: out of memory. */
const char *assess_authres(struct assess *a);
const char *assess_header(struct assess *a);

#endif
