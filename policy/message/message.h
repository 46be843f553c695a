/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_MESSAGE_H
#define VOUCH_MESSAGE_H

#include "arena.h"
#include "pseudonym.h"
#include "received.h"
#include "rfc5322.h"

#define MESSAGE_MAX_FROM 10 /* From fields whose addresses are read; 1 is lawful */
#define MESSAGE_MAX_FROM_BYTES                                                                     \
    16384 /* a longer From is not known to its end: MTAs hand on only the start of it */
#define MESSAGE_MAX_SUBJECT                                                                        \
    (998 * 4) /* bytes kept of a subject: RFC 5322 s2.1.1's line, in UTF-8 */

/* Limits on what one message may make us keep. 0 is not allowed anywhere. */
struct message_limits {
    size_t fields;       /* most header fields kept */
    size_t header_bytes; /* most bytes of header kept */
    size_t hops;         /* most Received fields parsed */
    size_t recipients;   /* most recipients kept */
};
#define MESSAGE_LIMITS_DEFAULT ((struct message_limits){1000, 262144, 50, 1000})

/* What SMTP said. Strings live in the message's arena. NULL means "not known"; "" is a value of its
 * own (the null sender). */
struct envelope {
    struct ipaddr ip;   /* the client; IP_NONE if not known (local submission) */
    bool live;          /* SMTP is under way: the header is not asked whom SMTP does not know */
    const char *name;   /* the client's name as the MTA verified it; NULL if none */
    const char *helo;   /* as given, lower case */
    const char *sender; /* reverse-path without "<>"; "" for the null sender */
    const char **rcpts; /* accepted recipients, without "<>" */
    size_t rcpt_count;
    unsigned rejected;    /* recipients that the MTA refused because they do not exist */
    const char *user;     /* SASL login; NULL if not authenticated */
    const char *tls;      /* TLS version; NULL if the session was in the clear */
    const char *queue_id; /* the MTA's; NULL if not known */
};

/* What a message over a limit lost: such a message is judged on what was kept. */
enum message_over {
    MESSAGE_OVER_FIELDS = 1,
    MESSAGE_OVER_HEADER = 2,
    MESSAGE_OVER_HOPS = 4,
    MESSAGE_OVER_RECIPIENTS = 8,
};

/* One message while it is judged: envelope, header fields in order, and what message_scan reads
 * from them. Owns nothing but through the arena. */
struct message {
    struct arena *arena;
    /* Makes the pseudonyms under which the model and the journal know addresses; borrowed. NULL: they
     * know them as they are. */
    const struct pseudonym_key *alias;
    struct message_limits limits;
    struct envelope env;
    struct field *fields;
    size_t field_count, field_cap;
    size_t header_bytes; /* all that came, kept or not */
    size_t kept_bytes;   /* of header_bytes */
    uint64_t size;       /* header_bytes; the caller adds the body's */
    unsigned over;       /* enum message_over bits */
    size_t rcpt_cap;
    size_t from_lost; /* From fields over a limit */

    /* filled by message_scan */
    struct hop *hops; /* topmost first */
    size_t hop_count, hop_cap;
    /* Index into hops of the field that tells of the client. -1: none does; the client is the SMTP
     * client itself, and every hop is its claim, or, behind a relay, nobody knows who it is. */
    ptrdiff_t client_hop;
    struct {
        const struct mailbox *list;
        size_t count;
    } from[MESSAGE_MAX_FROM]; /* the mailboxes of each From that is read */
    size_t from_read;
    bool relayed;      /* the SMTP client is a relay that is believed, so never itself the client */
    size_t from_count; /* From fields, kept or not; 1 in a proper message */
    const struct mailbox *author; /* first valid mailbox of the first From; NULL if none */
    /* Mailboxes with an "@" in all From fields (MESSAGE_MAX_FROM are read); a bare phrase, as an
     * unquoted comma leaves it, is no author. One more for each From that could not be read to its
     * end: whom else it names is not known. */
    size_t author_count;
    const char *subject;     /* decoded UTF-8; NULL if none */
    const char *message_id;  /* without "<>"; NULL if none */
    const char *in_reply_to; /* first message-id of In-Reply-To, without "<>"; NULL if none */
    const struct mailbox *reply_to; /* first valid mailbox of Reply-To; NULL if none */
    bool list;                      /* came through a mailing list: has List-Id or List-Post */
    bool automatic; /* Auto-Submitted other than "no" (RFC 3834), Precedence bulk, junk or list */
    time_t date;    /* Date field; -1 if none or invalid */
    const char *author_org; /* Organizational Domain of author->domain; NULL without author */
    /* The words of evidence/traits.h, by enum trait, once they were read; NULL before. A message out of a
     * record has no others: its header is not there. */
    const char *const *traits;
    const char *sender_domain; /* domain of env.sender, "" for the null sender, NULL if not known */
};

struct psl_ctx_st;

/* arena is borrowed and must outlive the message. limits: copied; NULL for the defaults. */
void message_init(struct message *m, struct arena *arena, const struct message_limits *limits);
/* Copies name and value into the arena; over a limit: sets m->over, returns 0. 0 or
 * VOUCH_E_NOMEM. */
int message_add_field(struct message *m, struct span name, struct span value);
/* The same for a recipient, as rfc5322_path writes it. */
int message_add_rcpt(struct message *m, const char *rcpt);
/* Reads what the fields say, once, at end of header. trusted: networks whose Received fields are
 * believed (our own and the operator's relays). If env.ip is known it is the client unless it is
 * trusted; then the path is read on. 0 or VOUCH_E_NOMEM. */
int message_scan(struct message *m, const struct psl_ctx_st *psl, const struct ipnet *trusted,
                 size_t trusted_count);
/* The client that is judged: env.ip/name/helo, or those of the client hop, or nothing that is
 * known. Strings as in struct envelope. */
struct message_client {
    struct ipaddr ip;
    const char *name;
    const char *helo;
};
struct message_client message_client(const struct message *m);

#endif
