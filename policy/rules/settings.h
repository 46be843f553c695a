/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SETTINGS_H
#define VOUCH_SETTINGS_H

#include <stdio.h>
#include "label.h"
#include "message.h"
#include "pattern.h"
#include "sender.h"
#include "trust.h"

/* vouch.conf as an immutable, reference-counted snapshot. Parsing is pure: the caller reads the
 * file. */

enum trust_class { CLASS_UNTRUSTED, CLASS_SUSPICIOUS, CLASS_TRUSTED, CLASS_COUNT };
/* The word for it in vouch.conf; this and those below: static, never NULL. */
const char *trust_class_name(enum trust_class c);

/* In order of strictness: of two answers for one message the later one wins where only one can be
 * given. */
enum action {
    ACTION_NONE = -1, /* not set: inherit */
    ACTION_ACCEPT,
    ACTION_TAG,
    ACTION_QUARANTINE,
    ACTION_TEMPFAIL,
    ACTION_REJECT,
    ACTION_DISCARD,
    ACTION_COUNT
};
const char *action_name(enum action a);

enum mode { MODE_ENFORCE, MODE_OBSERVE };
enum quarantine_method { QUARANTINE_HOLD, QUARANTINE_REDIRECT, QUARANTINE_STORE, QUARANTINE_COUNT };
enum direction { DIRECTION_INBOUND, DIRECTION_OUTBOUND, DIRECTION_ANY };
const char *mode_name(enum mode m);
const char *quarantine_method_name(enum quarantine_method q);
const char *direction_name(enum direction d);

struct policy {
    const char *name;
    int line;                       /* in the file */
    struct pattern_list recipients; /* empty matches all */
    struct pattern_list senders;    /* of envelope sender or author; empty matches all */
    struct ipnet *clients;
    size_t client_count;      /* 0 matches all; the client that is judged (message_client) */
    enum direction direction; /* DIRECTION_INBOUND unless the file says otherwise */
    enum action actions[CLASS_COUNT]; /* ACTION_NONE: as the file's own (outbound: accept) */
    double trusted, untrusted;        /* thresholds; NaN: as the file's own */
    int mode;                         /* enum mode, -1: as the file's own */
    int quarantine;                   /* enum quarantine_method, -1: as the file's own */
    const char *quarantine_mailbox;   /* NULL: as the file's own */
    const char *subject_prefix;       /* NULL: as the file's own */
};

struct settings {
    struct arena *arena; /* owns everything here */
    const char *file;    /* for messages; "built-in defaults" without a file */

    /* identity of this site */
    const char *authserv_id;           /* NULL: the host's name, filled in by the program */
    struct pattern_list local_domains; /* ours: a client that says HELO with one of them lies */
    struct ipnet *trusted_relays;      /* whose Received fields are believed */
    size_t trusted_relay_count;
    struct ipnet *internal; /* whose mail is outbound */
    size_t internal_count;

    /* judgement: all that a shadow has of its own, from here ... */
    enum mode mode;
    double trusted, untrusted; /* thresholds on trust, 0 < untrusted <= trusted < 1 */
    enum action actions[CLASS_COUNT];
    enum action on_failure; /* accept, tempfail or quarantine: a message that could not be judged */
    enum quarantine_method quarantine;
    const char *quarantine_mailbox;        /* for redirect */
    const char *subject_prefix;            /* for tag; "" for none */
    const char *reject_text;               /* SMTP reply text */
    struct guarded_sender *protected_list; /* names and patterns of senders */
    size_t protected_count;
    const char *well_known; /* file; NULL: the one installed with vouch; "": none */
    struct pattern_list protected_recipients;
    /* Made of these by settings_guard: the patterns of protected_list, and all that mail may not
     * show unless it is its own. */
    struct pattern_list protected_senders;
    const struct guarded *guarded;
    /* At least this for mail that is not trusted and claims a protected sender unproven, poses as
     * one, or goes to a protected recipient. */
    enum action protected_action;
    struct policy *policies; /* in file order; the first that matches decides */
    size_t policy_count;
    /* By place among trust's numbers: the file sets it, so no model's fitted one counts. */
    bool trust_set[sizeof(struct trust_params) / sizeof(double)];
    struct trust_params trust;
    /* ... to here */

    /* Another vouch.conf, by which each message is judged a second time, and nothing is done about it;
     * NULL: none. And what settings_load found in it (settings_set_shadow). */
    const char *shadow_file;
    struct settings *shadow;

    /* where things are */
    const char *store;                            /* a URL as store_open takes it */
    const char *store_user, *store_password_file; /* NULL if none */
    const char *public_suffix_list;               /* NULL: the built-in path */
    const char **dns_servers;                     /* "ADDR" or "ADDR@PORT"; none: resolv.conf */
    size_t dns_server_count;
    const char *dns_trust_anchor; /* file; NULL: no DNSSEC validation */

    /* the journal and what is learnt from it */
    bool learn;                 /* the daemon applies its journal to the model */
    const char *journal_dir;    /* the tree; "" for no journal */
    const char *journal_writer; /* NULL: the host's name */
    int journal_sync;           /* enum journal_sync */
    unsigned journal_interval_ms;
    uint64_t journal_segment_bytes;
    uint64_t journal_segment_age_s;
    uint64_t journal_keep_age_s; /* 0: for ever */
    uint64_t journal_keep_bytes; /* 0: no limit */
    uint64_t journal_memory;     /* bytes kept while the disk fails */
    const char *pseudonym_key;   /* file; NULL: names stand in journal and model as they are */
    const struct pseudonym_keys *pseudonyms;  /* what settings_load found in it; NULL: as above */
    double label_weights[LABEL_SOURCE_COUNT]; /* messages that a label counts as, 0..100 */
    struct pattern_list traps;                /* recipients that nobody writes to but spammers */
    const char **filter_good, **filter_bad; /* "Field-Name: pattern" of a filter that is trusted */
    size_t filter_good_count, filter_bad_count;
    uint64_t delivery_after_s; /* delivered and no complaint for so long: good, weakly; 0: never */

    /* mail that vouch keeps itself (quarantine.method = "store") */
    const char *quarantine_dir;
    const char *quarantine_key;     /* file; NULL: not encrypted */
    uint64_t quarantine_max_bytes;  /* beyond it nothing more is stored; 0: no limit */
    uint64_t quarantine_keep_age_s; /* 0: for ever */
    uint64_t quarantine_keep_bytes; /* 0: no limit */
    const char *quarantine_release; /* where a release goes: mail_sender.h */
    uint64_t quarantine_memory;     /* bytes of a message that wait for its end in memory */

    /* time and size; milliseconds and bytes */
    unsigned message_deadline_ms, dns_deadline_ms, store_deadline_ms;
    struct message_limits limits;
    uint64_t max_body; /* bytes of body verified; a longer message's signatures are "policy" */
    unsigned max_signatures;
    unsigned max_queries; /* DNS questions for one message */

    /* load: what is beyond is not judged, but on_overload decides: accept or tempfail */
    enum action on_overload;
    unsigned max_connections, max_messages; /* at a time */
    uint64_t max_memory;                    /* bytes that all messages under way hold */

    /* the daemon */
    const char *socket;       /* "unix:/run/vouch/vouch.sock", "inet:8891@127.0.0.1", "inet6:..." */
    unsigned socket_mode;     /* 0660 */
    const char *socket_group; /* NULL: the daemon's own */
    const char *user;         /* NULL: do not change */
    const char *pid_file;     /* NULL: none */
    bool seccomp;             /* a filter of system calls, where there is one */
    unsigned packet_timeout_ms, idle_timeout_ms;
    const char *metrics_listen; /* where they are told by HTTP; NULL: nowhere */
    bool metrics_allow_remote;  /* also to other hosts */
    const char *log;            /* "syslog" or "stderr" */
    unsigned log_level;         /* 0 error .. 3 debug */
};

/* One mistake in the file. */
struct settings_error {
    int line;   /* 0: the file as a whole */
    char *text; /* what is wrong, and what would be accepted */
};

#define SETTINGS_MAX_ERRORS   50 /* mistakes told of one file; one more says that there were more */
#define SETTINGS_MAX_BYTES    (1024 * 1024) /* of a file; written by hand, so some KiB */
#define SETTINGS_MAX_POLICIES 1000
#define SETTINGS_MAX_LIST     10000 /* values of one list */

/* text: the file's content; file: its name for messages. Returns a snapshot with one reference, or
 * NULL; every mistake in the file (not only the first) is then in *errors_r (from malloc, the
 * caller frees with settings_errors_free). NULL and no mistakes: out of memory. */
struct settings *settings_parse(const char *text, size_t len, const char *file,
                                struct settings_error **errors_r, size_t *error_count_r);
/* Makes what of the settings tells impersonation: settings_parse has done it without a file of
 * well-known organisations; again with its text, before anybody else has the snapshot. Errors of
 * guarded_new. */
int settings_guard(struct settings *s, struct span well_known, int *line_r);
/* The built-in defaults, with one reference; NULL: out of memory. */
struct settings *settings_default(void);
void settings_errors_free(struct settings_error **errorsp, size_t count);
/* Before s is shared: takes shadow, of which nobody else knows, as s's shadow, and puts in it all but the judgement as
 * s has it. Half-life is the model's, and so s's, too. What settings_guard makes of both is for the caller. */
void settings_set_shadow(struct settings *s, struct settings *shadow);
/* What a message is judged by: s's own, but for bias, most_for and weights, which are the model's where the file does
 * not set them. fitted: NULL: the model has none. */
struct trust_params settings_trust(const struct settings *s, const struct trust_params *fitted);
/* Whether any mail may be stored by these settings. */
bool settings_may_store(const struct settings *s);
/* Both from any thread; NULL is let through. */
struct settings *settings_ref(struct settings *s);
void settings_unref(struct settings **sp);

/* The schema, for `vouch config show`, vouch.conf(5) and the sync test. */
struct settings_key {
    const char *path; /* "thresholds.trusted"; "policies[].recipients" */
    const char *type; /* "text", "list of networks", "duration", "accept|tag|..." */
    const char *unit; /* NULL if none */
    const char *def;  /* default as it would be written; NULL: none */
    const char *help; /* one line */
};
/* All keys in the order of the man page, in the arena. 0 or VOUCH_E_NOMEM. */
int settings_keys(struct arena *arena, const struct settings_key **keys_r, size_t *count_r);
/* Writes all settings in force in the file's own syntax, readable back to the same snapshot; what
 * is not set stands there as a comment. 0, VOUCH_E_NOMEM (nothing was written) or VOUCH_E_IO. */
int settings_write(const struct settings *s, FILE *out);
struct sbuf;
/* Appends a line "path = value" for each setting in force that is not the built-in default; of policies
 * how many there are. 0 or VOUCH_E_NOMEM. */
int settings_changed(const struct settings *s, struct sbuf *out);

#endif
