/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions over the real assess, with an MTA that writes down what it is asked. Nothing is asked of
 * the network but one refused loopback port. Each allocation that a message makes is made to fail
 * once, and then all from there on. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "journal_reader.h"
#include "load.h"
#include "nomem.h"
#include "quarantine.h"
#include "record_avro.h"
#include "session.h"

/* Allocations of this thread, counted while a message is under way; the fail_at-th fails, or all
 * from it on. */
static _Thread_local struct {
    bool counting, sticky;
    size_t count, fail_at;
} alloc;

bool nomem_fails(void)
{
    if (!alloc.counting)
        return false;
    alloc.count++;
    return alloc.sticky ? alloc.count >= alloc.fail_at : alloc.count == alloc.fail_at;
}

struct seen {
    unsigned fields_added, forged_deleted, added, deleted, held;
    char code[8];
};

static int insert_field(void *engine, const char *name, const char *value)
{
    struct seen *seen = engine;
    seen->fields_added +=
        strcmp(name, "X-Vouch") == 0 || strcmp(name, "Authentication-Results") == 0;
    return value ? 0 : -1;
}

static int change_field(void *engine, const char *name, unsigned index, const char *value)
{
    struct seen *seen = engine;
    seen->forged_deleted += strcmp(name, "X-Vouch") == 0 && index == 1 && !value;
    return 0;
}

static int add_rcpt(void *engine, const char *rcpt)
{
    struct seen *seen = engine;
    seen->added++;
    return rcpt ? 0 : -1;
}

static int delete_rcpt(void *engine, const char *rcpt)
{
    struct seen *seen = engine;
    seen->deleted++;
    return rcpt ? 0 : -1;
}

static int hold(void *engine, const char *reason)
{
    struct seen *seen = engine;
    seen->held++;
    return reason ? 0 : -1;
}

static int set_reply(void *engine, const char *code, const char *enhanced, const char *text)
{
    struct seen *seen = engine;
    snprintf(seen->code, sizeof seen->code, "%s", code);
    return enhanced && text ? 0 : -1;
}

struct fixture {
    struct log *log;
    struct daemon *daemon;
    char dir[64];
    uint64_t read; /* records of the journal that were looked at */
};

static const char settings_format[] =
    "authserv_id = \"mx.example.org\";\n"
    "store = \"memory:\";\n"
    "internal = [ \"192.0.2.0/24\" ];\n"
    "trusted_relays = [ \"203.0.113.25\" ];\n"
    "journal: { directory = \"%s/journal\"; writer = \"w\"; };\n"
    "labels: { traps = [ \"trap@example.org\" ]; };\n"
    "on_failure = \"tempfail\";\n"
    "dns: { servers = [ \"127.0.0.1@9\" ]; };\n"
    "deadlines: { message = \"100ms\"; dns = \"20ms\"; };\n"
    "subject_prefix = \"[x]\";\n"
    "policies = ( { name = \"cfo\";\n"
    "    recipients = [ \"cfo@example.org\" ];\n"
    "    quarantine: { method = \"redirect\";\n"
    "        mailbox = \"q@example.org\"; };\n"
    "    actions: { suspicious = \"quarantine\"; }; },\n"
    "  { name = \"kept\"; recipients = [ \"kept@example.org\" ];\n"
    "    quarantine: { method = \"store\"; };\n"
    "    actions: { suspicious = \"quarantine\"; }; } );\n"
    "quarantine: { directory = \"%s/quarantine\";\n"
    "    memory = \"64K\"; };\n";

/* more: settings */
static int start(struct fixture *f, const char *more)
{
    struct settings_error *errors = NULL;
    size_t count = 0;
    char error[512] = "";
    char text[2000];
    snprintf(f->dir, sizeof f->dir, "/tmp/session_test.XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    int len = snprintf(text, sizeof text, settings_format, f->dir, f->dir);
    snprintf(text + len, sizeof text - (size_t)len, "%s", more);
    struct settings *s = settings_parse(text, strlen(text), "test.conf", &errors, &count);
    for (size_t i = 0; i < count; i++)
        print_message("# line %d: %s\n", errors[i].line, errors[i].text);
    settings_errors_free(&errors, count);
    f->log = log_new(false, 0);
    f->daemon = s ? daemon_new(s, NULL, f->log) : NULL;
    if (!f->daemon || daemon_open(f->daemon, error, sizeof error) != 0) {
        print_message("# %s\n", error);
        return -1;
    }
    return 0;
}

static int set_up(void **state)
{
    static struct fixture f;
    *state = &f;
    return start(&f, "");
}

/* What messages took they have given back, on whichever way. */
static void expect_nothing_under_way(const struct fixture *f)
{
    assert_int_equal(daemon_messages(f->daemon), 0);
    assert_int_equal(load_held(daemon_load(f->daemon)), 0);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[100];
    expect_nothing_under_way(f);
    daemon_free(&f->daemon);
    log_free(&f->log);
    snprintf(command, sizeof command, "rm -r %s", f->dir);
    return system(command);
}

/* The next record in the journal, in the arena; NULL: there is none. */
static const struct record *next_record(struct fixture *f, struct arena *arena)
{
    char path[100], error[300];
    struct journal_entry entry;
    const struct record *r = NULL;
    snprintf(path, sizeof path, "%s/journal/w", f->dir);
    struct journal_reader *reader = journal_reader_open(path, f->read, error, sizeof error);
    assert_non_null(reader);
    int rc = journal_reader_next(reader, &entry);
    if (rc == 1) {
        f->read = entry.number;
        const char *datum = arena_span(arena, entry.datum);
        assert_int_equal(record_decode(arena, span_make(datum, entry.datum.len), &r), 0);
    } else {
        assert_int_equal(rc, 0);
    }
    journal_reader_close(&reader);
    return r;
}

static void expect_no_record(struct fixture *f)
{
    struct arena *arena = arena_new(1 << 20);
    assert_null(next_record(f, arena));
    arena_free(&arena);
}

static void pass_records(struct fixture *f)
{
    struct arena *arena = arena_new(16 << 20);
    while (next_record(f, arena))
        ;
    arena_free(&arena);
}

/* One message with a forged field, up to its end. */
static void bring_message(struct session *s)
{
    session_mail(s, "<a@example.net>", NULL, NULL, NULL);
    session_rcpt(s, "<b@example.org>", NULL);
    session_rcpt(s, "not a path", NULL);
    session_field(s, SPAN_LIT("From"), SPAN_LIT(" a@example.net"));
    session_field(s, SPAN_LIT("Subject"), SPAN_LIT(" hello"));
    session_field(s, SPAN_LIT("X-Vouch"), SPAN_LIT(" class=trusted"));
    session_eoh(s, "QID");
    session_body(s, SPAN_LIT("hello\r\n"));
}

static enum mta_answer end_message(struct session *s, struct seen *seen)
{
    *seen = (struct seen){0};
    struct mta mta = {MTA_ALL,  seen,        insert_field, change_field,
                      add_rcpt, delete_rcpt, hold,         set_reply};
    return session_end(s, "QID", &mta);
}

static struct session *begin_session_from(struct fixture *f, const char *client)
{
    struct ipaddr ip;
    assert_int_equal(ipaddr_parse(span_of(client), &ip), 0);
    struct session *s = session_new(f->daemon, MTA_ALL);
    if (s) {
        session_connect(s, &ip, "client.example.net");
        session_helo(s, "client.example.net");
    }
    return s;
}

static struct session *begin_session(struct fixture *f)
{
    return begin_session_from(f, "198.51.100.7");
}

static void expect_good(struct session *s)
{
    struct seen seen;
    bring_message(s);
    assert_int_equal(end_message(s, &seen), MTA_CONTINUE);
    assert_int_equal(seen.fields_added, 2);
    assert_int_equal(seen.forged_deleted, 1);
}

static void messages_come_and_go(void **state)
{
    struct fixture *f = *state;
    struct seen seen;
    struct session *s = begin_session(f);
    assert_int_equal(session_can(s), MTA_ALL);
    assert_int_equal(daemon_messages(f->daemon), 0);
    assert_int_equal(end_message(s, &seen), MTA_CONTINUE); /* there is none */
    assert_true(session_body(s, SPAN_LIT("x")));
    session_field(s, SPAN_LIT("From"), SPAN_LIT(" x"));
    session_rcpt(s, "<b@example.org>", NULL);

    bring_message(s);
    assert_int_equal(daemon_messages(f->daemon), 1);
    session_abort(s);
    session_abort(s);
    assert_int_equal(daemon_messages(f->daemon), 0);

    bring_message(s); /* no abort comes before the next one */
    expect_good(s);
    expect_good(s);
    bring_message(s);
    session_free(&s);
    session_free(&s);
    assert_int_equal(daemon_messages(f->daemon), 0);
}

static void what_was_decided_is_in_the_journal(void **state)
{
    struct fixture *f = *state;
    struct seen seen;
    struct arena *arena = arena_new(4 << 20);
    struct session *s = begin_session(f);
    pass_records(f);
    bring_message(s);
    session_abort(s);
    expect_no_record(f);

    bring_message(s);
    assert_int_equal(end_message(s, &seen), MTA_CONTINUE);
    const struct record *r = next_record(f, arena);
    assert_non_null(r);
    assert_int_equal(r->kind, RECORD_DECISION);
    assert_string_equal(r->message->env.sender, "a@example.net");
    assert_string_equal(r->message->env.queue_id, "QID");
    assert_int_equal(r->message->env.rcpt_count, 2);
    assert_int_equal(r->label_count, 0);
    expect_no_record(f);

    session_mail(s, "<a@example.net>", NULL, NULL, NULL); /* a trap, and recipients unknown */
    session_rcpt_unknown(s);
    session_rcpt_unknown(s);
    session_rcpt(s, "<trap@example.org>", NULL);
    session_eoh(s, NULL);
    assert_int_equal(end_message(s, &seen), MTA_CONTINUE);
    r = next_record(f, arena);
    assert_int_equal(r->message->env.rejected, 2);
    assert_int_equal(r->label_count, 2);
    assert_int_equal(r->labels[0].source, LABEL_TRAP);
    assert_int_equal(r->labels[1].source, LABEL_UNKNOWN_RECIPIENT);
    session_free(&s);
    expect_no_record(f);
    arena_free(&arena);
}

static void harvests_are_in_the_journal(void **state)
{
    static const struct {
        const char *name, *client, *sender, *user;
        unsigned unknown, known;
        bool kept;
    } table[] = {
        {"harvest", "198.51.100.7", "<a@example.net>", NULL, 3, 0, true},
        {"one", "2001:db8::7", "<a@example.net>", NULL, 1, 0, true},
        {"none", "198.51.100.7", "<a@example.net>", NULL, 0, 0, false},
        {"a message was still to come", "198.51.100.7", "<a@example.net>", NULL, 3, 1, false},
        {"bounce", "198.51.100.7", "<>", NULL, 3, 0, false},
        {"from our own", "192.0.2.1", "<a@example.net>", NULL, 3, 0, false},
        {"from a user", "198.51.100.7", "<a@example.net>", "user", 3, 0, false},
        {"by a relay", "203.0.113.25", "<a@example.net>", NULL, 3, 0, false},
    };
    struct fixture *f = *state;
    pass_records(f);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena *arena = arena_new(4 << 20);
        struct session *s = begin_session_from(f, table[i].client);
        char ip[IPADDR_TEXT];
        print_message("# %s\n", table[i].name);
        session_mail(s, table[i].sender, NULL, table[i].user, NULL);
        for (unsigned n = 0; n < table[i].unknown; n++)
            session_rcpt_unknown(s);
        for (unsigned n = 0; n < table[i].known; n++)
            session_rcpt(s, "<b@example.org>", NULL);
        session_abort(s);
        session_free(&s);
        const struct record *r = next_record(f, arena);
        assert_int_equal(r != NULL, table[i].kept);
        if (r) {
            assert_int_equal(r->kind, RECORD_LABEL);
            assert_int_equal(r->label_count, 1);
            assert_int_equal(r->labels->source, LABEL_UNKNOWN_RECIPIENT);
            assert_int_equal(r->labels->verdict, LABEL_BAD);
            assert_string_equal(r->subject, r->id);
            assert_true(r->subject_unseen && r->subject_time_us == r->time_us);
            assert_string_equal(ipaddr_format(&r->message->env.ip, ip), table[i].client);
            assert_string_equal(r->message->env.sender, "a@example.net");
            assert_string_equal(r->message->env.helo, "client.example.net");
        }
        expect_no_record(f);
        arena_free(&arena);
    }
}

/* A recipient is known in whatever form an MTA takes it, and gets no message that is to be redirected, also where its form is
 * such that the MTA may not find it again to take it out. */
static void recipients_are_known_in_any_form(void **state)
{
    static const struct {
        const char *path, *resolved;
        bool taken_out; /* or held */
    } forms[] = {
        {"<cfo@example.org>", NULL, true},
        {"cfo@example.org", NULL, true},
        {"<CFO@Example.Org>", NULL, true},
        {"<cfo@example.org.>", NULL, true},
        {"<cfo>", "cfo@example.org", true},
        {"<other@example.org>", "cfo@example.org", true},
        {"<@x.example:cfo@example.org>", NULL, false},
        {"<@x.example,@y.example:cfo@example.org>", NULL, false},
        {"<<cfo@example.org>>", NULL, false},
        {"<cfo@example.org>>", NULL, false},
        {"<(x)cfo@example.org>", NULL, false},
        {"<cfo@example.org(x)>", NULL, false},
        {"<cfo @ example.org>", NULL, false},
        {"<\"cfo\"@example.org>", NULL, false},
        {"<\\cfo@example.org>", "cfo@example.org", false},
        {"<\\cfo@example.org>", NULL, false},
        {"<c\\f\\o@example.org>", NULL, false},
        {"<\"c\\fo\"@example.org>", NULL, false},
        {"<grp:cfo@example.org;>", NULL, false},
    };
    struct fixture *f = *state;
    struct seen seen;
    struct session *s = begin_session(f);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        session_mail(s, "<a@example.net>", NULL, NULL, NULL);
        session_rcpt(s, forms[i].path, forms[i].resolved);
        session_field(s, SPAN_LIT("From"), SPAN_LIT(" a@example.net"));
        session_eoh(s, "QID");
        assert_int_equal(end_message(s, &seen), MTA_CONTINUE);
        bool out = seen.added == 1 && seen.deleted == 1 && !seen.held;
        bool held = !seen.added && !seen.deleted && seen.held == 1;
        if (forms[i].taken_out ? !out : !held)
            fail_msg("%s: added %u, deleted %u, held %u", forms[i].path, seen.added, seen.deleted,
                     seen.held);
    }
    session_free(&s);
}

#define BODY_BLOCKS 3000 /* more than waits in memory */
static const char body_block[] = "bare \n and \r, \0 and .\r\n.\r\n";

/* What a held message is: byte by byte what was received. */
static void expect_held(struct fixture *f, const char *id, const char *rcpts)
{
    char error[300], part[5000];
    struct held *h = held_open(daemon_quarantine(f->daemon), id, error, sizeof error);
    if (!h)
        fail_msg("%s", error);
    const struct held_envelope *e = held_envelope(h);
    assert_string_equal(e->sender, "<A@example.net>");
    assert_int_equal(e->rcpt_count, 1);
    assert_string_equal(e->rcpts[0], rcpts);
    assert_string_equal(e->body, "8BITMIME");
    assert_true(e->utf8);
    assert_non_null(strstr(held_record(h), id));
    assert_non_null(strstr(held_record(h), "\"quarantine\":\"store\""));
    struct sbuf all, wanted;
    sbuf_init(&all, SIZE_MAX);
    sbuf_init(&wanted, SIZE_MAX);
    for (ptrdiff_t n; (n = held_read(h, part, sizeof part)) != 0;) {
        assert_true(n > 0);
        sbuf_add(&all, part, (size_t)n);
    }
    sbuf_adds(&wanted, "From: a@example.net\r\nSubject:one\r\n two\r\n\tthree\r\nEmpty:\r\n\r\n");
    for (int i = 0; i < BODY_BLOCKS; i++)
        sbuf_add(&wanted, body_block, sizeof body_block - 1);
    assert_int_equal(all.len, wanted.len);
    assert_memory_equal(all.p, wanted.p, all.len);
    assert_int_equal(held_size(h), all.len);
    sbuf_clear(&all);
    sbuf_clear(&wanted);
    held_close(&h);
}

static void stored_as_received(void **state)
{
    struct fixture *f = *state;
    struct seen seen;
    char body[] = "BODY=8BITMIME", size[] = "SIZE=5", utf8[] = "smtputf8";
    char *esmtp[] = {size, body, utf8, NULL};
    for (int mixed = 0; mixed < 2; mixed++) {
        struct arena *arena = arena_new(4 << 20);
        struct session *s = begin_session(f);
        pass_records(f);
        session_mail(s, "<A@example.net>", NULL, NULL, NULL);
        session_esmtp(s, esmtp);
        if (mixed)
            session_rcpt(s, "<b@example.org>", NULL);
        session_rcpt(s, "<Kept@example.org>", NULL);
        session_field(s, SPAN_LIT("From"), SPAN_LIT(" a@example.net"));
        session_field(s, SPAN_LIT("Subject"), SPAN_LIT("one\n two\r\n\tthree"));
        session_field(s, SPAN_LIT("Empty"), SPAN_LIT(""));
        session_eoh(s, "QID");
        for (int i = 0; i < BODY_BLOCKS; i++)
            assert_false(session_body(s, SPAN_LIT(body_block)));
        assert_int_equal(end_message(s, &seen), mixed ? MTA_CONTINUE : MTA_DISCARD);
        assert_int_equal(seen.deleted, mixed);
        assert_int_equal(seen.held, 0);
        const struct record *r = next_record(f, arena);
        assert_non_null(r);
        expect_held(f, r->id, "<Kept@example.org>");
        session_free(&s);
        arena_free(&arena);
    }
}

/* Lets the n-th allocation of a whole session fail. Returns false once n is beyond the last one. */
static bool fail_at(struct fixture *f, size_t n, bool sticky)
{
    struct seen seen;
    enum mta_answer answer = MTA_TEMPFAIL;
    alloc.count = 0;
    alloc.fail_at = n;
    alloc.sticky = sticky;
    alloc.counting = true;
    struct session *s = begin_session(f);
    if (s) {
        bring_message(s);
        answer = end_message(s, &seen);
    }
    alloc.counting = false;
    if (s && answer == MTA_CONTINUE)
        assert_int_equal(seen.forged_deleted, 1); /* whatever else is missing */
    else
        assert_int_equal(answer, MTA_TEMPFAIL);
    if (s && !sticky && n > 3)
        expect_good(s); /* the next one in the same connection */
    session_free(&s);
    assert_int_equal(daemon_messages(f->daemon), 0);
    return alloc.count >= n;
}

static void no_allocation_is_relied_on(void **state)
{
    struct fixture *f = *state;
    size_t n = 1;
    while (fail_at(f, n, false))
        n++;
    print_message("# %zu allocations\n", n - 1);
    assert_true(n > 10);
    for (size_t i = 1; i < n; i++)
        fail_at(f, i, true);
}

/* Messages that are refused, or given up as they grow, are ended in each way that there is. */
static void too_much_is_given_back(void **state)
{
    static const enum { END, ABORT, NEXT, CLOSE, WAYS } ways[] = {END, ABORT, NEXT, CLOSE};
    char large[8000];
    struct seen seen;
    struct fixture f = {0};
    (void)state;
    memset(large, 'x', sizeof large);
    assert_int_equal(
        start(&f, "limits: { messages = 1; memory = \"1M\"; header_bytes = \"4M\"; };\n"), 0);
    for (unsigned i = 0; i < 2 * WAYS; i++) {
        struct session *first = begin_session(&f), *s = i < WAYS ? begin_session(&f) : first;
        bring_message(first);
        assert_int_equal(daemon_messages(f.daemon), 1);
        if (i < WAYS)
            bring_message(s);
        else /* alone, and more than all may hold */
            for (int n = 0; n < 200; n++)
                session_field(s, SPAN_LIT("X-Large"), span_make(large, sizeof large));
        assert_int_equal(daemon_messages(f.daemon), i < WAYS);
        if (ways[i % WAYS] == END)
            assert_int_equal(end_message(s, &seen), MTA_CONTINUE);
        else if (ways[i % WAYS] == ABORT)
            session_abort(s);
        else if (ways[i % WAYS] == NEXT)
            bring_message(s);
        if (i < WAYS)
            session_free(&s);
        assert_int_equal(daemon_messages(f.daemon), i < WAYS || ways[i % WAYS] == NEXT);
        session_free(&first);
        expect_nothing_under_way(&f);
    }
    void *fixture = &f;
    assert_int_equal(tear_down(&fixture), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_and_go),
        cmocka_unit_test(what_was_decided_is_in_the_journal),
        cmocka_unit_test(harvests_are_in_the_journal),
        cmocka_unit_test(recipients_are_known_in_any_form),
        cmocka_unit_test(stored_as_received),
        cmocka_unit_test(no_allocation_is_relied_on),
        cmocka_unit_test(too_much_is_given_back),
    };
    return cmocka_run_group_tests_name("session", tests, set_up, tear_down);
}
