/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RESOLVER_H
#define VOUCH_RESOLVER_H

#include "span.h"

/* The one way to DNS. One resolver serves all threads of a process (libunbound has state that
 * contexts share, so there should be one); one dns_batch belongs to one message, asks each question
 * once, and has one deadline. */

enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };

enum dns_status {
    DNS_PENDING = 0,
    DNS_FOUND,    /* at least one record of the type */
    DNS_NODATA,   /* the name exists, the type does not */
    DNS_NXDOMAIN, /* also for names that cannot be asked (empty or long labels) */
    /* SERVFAIL, bogus, refused, malformed, over the batch's limit, or no answer by the deadline */
    DNS_FAILED
};

/* Records of the question's type after CNAMEs. Borrowed: valid as long as the batch. */
struct dns_answer {
    enum dns_status status;
    const char *why; /* why DNS_FAILED: "no answer in time", "SERVFAIL", "DNSSEC: ..."; else NULL */
    bool timed_out;  /* DNS_FAILED by the deadline */
    bool over_limit; /* DNS_FAILED: the message has asked too much, which is its own doing */
    bool secure;     /* validated by DNSSEC */
    /* In wire format without the length, names uncompressed; TXT: character-strings with their
     * length bytes. */
    struct span *rdata;
    size_t count;
};

#define DNS_RESERVE 8 /* questions: DMARC's need two */

struct resolver;
struct dns_batch;
struct dns_question;

struct zonefile_ops;

struct resolver_options {
    const char *const *servers; /* "ADDR" or "ADDR@PORT"; none: resolv.conf's */
    size_t server_count;
    const char *zone_file; /* NULL: the network; else this master file alone answers */
    const struct zonefile_ops *zone_ops; /* where there is a zone_file: zonefile.h's */
    const char *trust_anchor;            /* file; NULL: no validation */
    /* NULL: /etc/resolv.conf. One that is not there or names no server is an error only when
     * something is asked. */
    const char *resolv_conf;
};

/* Starts a thread unless there is a zone file: a daemon forks before. As many questions may be
 * under way at a time as half of the descriptors that the process may open (RLIMIT_NOFILE now),
 * 2000 at most; further ones are DNS_FAILED at once. On error NULL, and one line that says what is
 * wrong and where ("FILE:LINE: ...") in error_r (size bytes). */
struct resolver *resolver_new(const struct resolver_options *options, char *error_r, size_t size);
/* No batch may be open. */
void resolver_free(struct resolver **rp);

/* What all batches together asked since the start; a zone file's answers are not counted. */
enum dns_trouble {
    DNS_TROUBLE_SERVFAIL, /* also: no server answers */
    DNS_TROUBLE_REFUSED,
    DNS_TROUBLE_BOGUS, /* DNSSEC */
    DNS_TROUBLE_BUSY,  /* too many questions under way: not asked */
    DNS_TROUBLE_COUNT
};
struct resolver_state {
    uint64_t questions; /* those that the cache answered among them */
    uint64_t troubles[DNS_TROUBLE_COUNT];
    unsigned under_way;
};
void resolver_state(struct resolver *r, struct resolver_state *state_r);
/* How long its thread has been at work without a pause; milliseconds, 0: it waits. Takes no lock. */
int64_t resolver_busy_ms(const struct resolver *r);

/* No server has answered anything for a while: then nobody waits for long (DNS_SILENT_PATIENCE_MS for all questions of a
 * batch together), until one answers. Questions are asked all the same. */
bool resolver_silent(struct resolver *r);
#define DNS_SILENT_PATIENCE_MS 50

/* deadline_ms: as clock_ms() (clock.h) counts. max_questions: further ones are answered DNS_FAILED.
 * NULL: out of memory. */
struct dns_batch *dns_batch_new(struct resolver *r, int64_t deadline_ms, unsigned max_questions);
/* Moves the deadline: a message's questions are asked while the client is still sending, and its
 * waiting time begins when it has sent all. */
void dns_batch_set_deadline(struct dns_batch *b, int64_t deadline_ms);
/* What is still under way is waited for by nobody; its answers feed the cache. */
void dns_batch_free(struct dns_batch **bp);
/* Asks, without waiting; the same question in one batch is asked once. name: any case, with or
 * without final dot. Never NULL but when out of memory. Questions belong to the batch. */
struct dns_question *dns_ask(struct dns_batch *b, const char *name, enum dns_type type);
/* The same, a few questions (DNS_RESERVE) beyond max_questions too: for what a sender must not be
 * able to crowd out. */
struct dns_question *dns_ask_reserved(struct dns_batch *b, const char *name, enum dns_type type);
/* The answer so far; status DNS_PENDING if there is none yet. Does not wait. */
const struct dns_answer *dns_peek(struct dns_question *q);
/* Waits for the answer or the batch's deadline; never DNS_PENDING. */
const struct dns_answer *dns_wait(struct dns_question *q);
/* Number of answers that have come: while it stays the same, so does what is pending. */
unsigned dns_batch_answers(const struct dns_batch *b);
/* Waits until more than seen have come. False: the batch's deadline came first. */
bool dns_wait_more(struct dns_batch *b, unsigned seen);
/* Called once, before the first wait of the batch that really has to sleep. */
void dns_batch_before_wait(struct dns_batch *b, void (*call)(void *), void *arg);
unsigned dns_batch_questions(const struct dns_batch *b); /* asked so far */
bool dns_batch_timed_out(const struct dns_batch *b);     /* any answer cut by the deadline */
int64_t dns_batch_wait_us(const struct dns_batch *b);    /* time slept in dns_wait */

/* The type that asks for addresses of ip's family, and whether an answer to it holds ip. */
struct ipaddr;
enum dns_type dns_address_type(const struct ipaddr *ip);
bool dns_has_address(const struct dns_answer *answer, const struct ipaddr *ip);
/* Text of one TXT record: character-strings joined. NULL: out of memory. */
struct arena;
char *dns_txt_join(struct arena *arena, struct span rdata, size_t *len_r);
#define DNS_NAME_TEXT (254 * 4) /* every octet of the longest name as \DDD, and a NUL */
/* Presentation form (RFC 1035 s5.1) of an uncompressed wire name in rdata at offset; lower case, no
 * final dot; false if malformed. */
bool dns_name_text(struct span rdata, size_t offset, char name_r[DNS_NAME_TEXT]);

#endif
