/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SESSION_H
#define VOUCH_SESSION_H

#include "assess.h"
#include "daemon.h"
#include "mta.h"

/* One connection of the MTA's, and the message under way in it. Calls come in SMTP's order but from any thread, one at a time;
 * none but session_end waits. Strings are copied; NULL where not known. Whatever goes wrong on the way, nothing is returned
 * before session_end, which then answers as on_failure says. */

struct session;

/* can: enum mta_can. NULL: out of memory. */
struct session *session_new(struct daemon *d, unsigned can);
void session_free(struct session **sp);
unsigned session_can(const struct session *s);

void session_connect(struct session *s, const struct ipaddr *ip, const char *name);
void session_helo(struct session *s, const char *helo);
/* Begins a message; one that was under way is forgotten. sender, rcpt: as SMTP gave them, "<>" and all. resolved: the address that
 * the MTA takes it for. */
void session_mail(struct session *s, const char *sender, const char *resolved, const char *user,
                  const char *tls);
/* What else MAIL said: ESMTP parameters, up to NULL. */
void session_esmtp(struct session *s, char *const *parameters);
/* False: too much is under way, and on_overload wants this recipient to be deferred. */
bool session_rcpt(struct session *s, const char *rcpt, const char *resolved);
/* The MTA refused a recipient that does not exist. */
void session_rcpt_unknown(struct session *s);
void session_field(struct session *s, struct span name, struct span value);
void session_eoh(struct session *s, const char *queue_id);
/* true: no more of the body is needed */
bool session_body(struct session *s, struct span chunk);
/* What was decided is in the journal when it returns. */
enum mta_answer session_end(struct session *s, const char *queue_id, const struct mta *mta);
void session_abort(struct session *s);

#endif
