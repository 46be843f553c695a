/* SPDX-License-Identifier: BSD-2-Clause */
/* What apply asks of an MTA, in order, for each kind of decision; the MTA is a list of what it was
 * asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "apply.h"

/* An MTA that writes down what it is asked, and refuses what begins with refuse. */
struct fake {
    char did[4096];
    const char *refuse;
};

static int note(struct fake *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int note(struct fake *f, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    size_t used = strlen(f->did);
    snprintf(f->did + used, sizeof f->did - used, "%s|", line);
    return f->refuse && strncmp(line, f->refuse, strlen(f->refuse)) == 0 ? -1 : 0;
}

static int insert_field(void *engine, const char *name, const char *value)
{
    return note(engine, "ins %s: %s", name, value);
}

static int change_field(void *engine, const char *name, unsigned index, const char *value)
{
    return value ? note(engine, "chg %s %u: %s", name, index, value)
                 : note(engine, "del %s %u", name, index);
}

static int add_rcpt(void *engine, const char *rcpt)
{
    return note(engine, "add %s", rcpt);
}

static int delete_rcpt(void *engine, const char *rcpt)
{
    return note(engine, "rem %s", rcpt);
}

static int hold(void *engine, const char *reason)
{
    return note(engine, "hold %s", reason);
}

static int set_reply(void *engine, const char *code, const char *enhanced, const char *text)
{
    return note(engine, "%s %s %s", code, enhanced, text);
}

/* apply's store */
static int keep(void *fake, const char *const *rcpts, size_t count, char *error_r, size_t size)
{
    char list[200] = "";
    for (size_t i = 0; i < count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), " %s", rcpts[i]);
    snprintf(error_r, size, "disk full");
    return note(fake, "store%s", list);
}

#define MAILBOX "q@example.org"
#define FIELDS  "ins X-Vouch: V|ins Authentication-Results: A|"

/* what becomes of up to three recipients: a(ccepted), t(agged), r(edirected), s(tored), h(eld), x (removed),
 * o: a policy that only observes would tag; -: none */
struct apply_case {
    const char *name;
    enum action whole;
    const char *rcpts;
    const char *did;
    enum mta_answer answer;
    bool observe, forged, lost, flooded, odd;
    enum action on_failure;
    unsigned cannot; /* enum mta_can */
    const char *refuse;
};

static const struct apply_case cases[] = {
    {"accept", ACTION_ACCEPT, "a", FIELDS, MTA_CONTINUE, .observe = false},
    {"no recipients", ACTION_ACCEPT, "", FIELDS, MTA_CONTINUE, .observe = false},
    {"tag", ACTION_TAG, "t", "chg Subject 1: [x] hi|" FIELDS, MTA_CONTINUE, .observe = false},
    {"tag for one of two", ACTION_TAG, "at", "chg Subject 1: [x] hi|" FIELDS, MTA_CONTINUE,
     .observe = false},
    {"reject", ACTION_REJECT, "a", "550 5.7.1 100% no (ID)|", MTA_REJECT, .observe = false},
    {"reject although no reply is taken", ACTION_REJECT, "a", "550 5.7.1 100% no (ID)|", MTA_REJECT,
     .refuse = "550"},
    {"tempfail", ACTION_TEMPFAIL, "a",
     "451 4.7.1 The message is not accepted now, try again later (ID)|", MTA_TEMPFAIL,
     .observe = false},
    {"discard", ACTION_DISCARD, "a", "", MTA_DISCARD, .observe = false},
    {"forged fields go first, from the last", ACTION_ACCEPT, "a",
     "del Authentication-Results 3|del X-Vouch 1|del Authentication-Results 1|" FIELDS,
     MTA_CONTINUE, .forged = true},
    {"hold", ACTION_QUARANTINE, "h", FIELDS "hold because (ID)|", MTA_CONTINUE, .observe = false},
    {"hold with no recipients", ACTION_QUARANTINE, "", FIELDS "hold because (ID)|", MTA_CONTINUE,
     .observe = false},
    {"redirect", ACTION_QUARANTINE, "rr",
     "ins X-Vouch-Original-Recipient: two@example.org|"
     "ins X-Vouch-Original-Recipient: one@example.org|" FIELDS "add " MAILBOX
     "|rem <One@example.org>|rem <two@example.org>|",
     MTA_CONTINUE, .observe = false},
    {"redirect takes only its own; blind ones are not named", ACTION_QUARANTINE, "ar",
     FIELDS "add " MAILBOX "|rem <two@example.org>|", MTA_CONTINUE, .observe = false},
    {"redirect names whom the message names", ACTION_QUARANTINE, "ra",
     "ins X-Vouch-Original-Recipient: one@example.org|" FIELDS "add " MAILBOX
     "|rem <One@example.org>|",
     MTA_CONTINUE, .observe = false},
    {"the mailbox itself is not taken out, nor added again", ACTION_QUARANTINE, "--r", FIELDS,
     MTA_CONTINUE, .observe = false},
    {"the mailbox stays though it would be removed", ACTION_QUARANTINE, "r-x",
     "ins X-Vouch-Original-Recipient: one@example.org|" FIELDS "rem <One@example.org>|",
     MTA_CONTINUE, .observe = false},
    {"hold and redirect", ACTION_QUARANTINE, "hr",
     FIELDS "add " MAILBOX "|rem <two@example.org>|hold because (ID)|", MTA_CONTINUE,
     .observe = false},
    {"discard for one of two", ACTION_ACCEPT, "ax", FIELDS "rem <two@example.org>|", MTA_CONTINUE,
     .observe = false},
    {"discard and redirect", ACTION_QUARANTINE, "rx",
     "ins X-Vouch-Original-Recipient: one@example.org|" FIELDS "add " MAILBOX
     "|rem <One@example.org>|rem <two@example.org>|",
     MTA_CONTINUE, .observe = false},
    {"one only observes: its tag is not put", ACTION_ACCEPT, "ao", FIELDS, MTA_CONTINUE,
     .observe = false},
    {"discard for one, MTA removes none, on_failure tempfail", ACTION_ACCEPT, "ax",
     "451 4.7.1 The message cannot be checked now, try again later (QID)|", MTA_TEMPFAIL,
     .cannot = MTA_DELETE_RCPT, .on_failure = ACTION_TEMPFAIL},
    {"observe: reject", ACTION_REJECT, "a", FIELDS, MTA_CONTINUE, .observe = true},
    {"observe: discard", ACTION_DISCARD, "a", FIELDS, MTA_CONTINUE, .observe = true},
    {"observe: redirect", ACTION_QUARANTINE, "rx", FIELDS, MTA_CONTINUE, .observe = true},
    {"observe: forged fields still go", ACTION_QUARANTINE, "h",
     "del Authentication-Results 3|del X-Vouch 1|del Authentication-Results 1|" FIELDS,
     MTA_CONTINUE, .observe = true, .forged = true},
    {"redirect, recipients lost: held", ACTION_QUARANTINE, "rr", FIELDS "hold because (ID)|",
     MTA_CONTINUE, .lost = true},
    {"redirect, one in an odd form: held", ACTION_QUARANTINE, "rr", FIELDS "hold because (ID)|",
     MTA_CONTINUE, .odd = true},
    {"discard for one in an odd form: held", ACTION_ACCEPT, "xa", FIELDS "hold because (ID)|",
     MTA_CONTINUE, .odd = true},
    {"discard for one, another in an odd form", ACTION_ACCEPT, "ax",
     FIELDS "rem <two@example.org>|", MTA_CONTINUE, .odd = true},
    {"redirect, MTA adds none: held", ACTION_QUARANTINE, "r", FIELDS "hold because (ID)|",
     MTA_CONTINUE, .cannot = MTA_ADD_RCPT},
    {"redirect, MTA removes none: held", ACTION_QUARANTINE, "r", FIELDS "hold because (ID)|",
     MTA_CONTINUE, .cannot = MTA_DELETE_RCPT},
    {"store for all: the MTA's own copy goes", ACTION_QUARANTINE, "ss",
     "store <One@example.org> <two@example.org>|", MTA_DISCARD, .observe = false},
    {"store and discard", ACTION_QUARANTINE, "sx", "store <One@example.org>|", MTA_DISCARD,
     .observe = false},
    {"store takes only its own out", ACTION_QUARANTINE, "as",
     "store <two@example.org>|" FIELDS "rem <two@example.org>|", MTA_CONTINUE, .observe = false},
    {"store and redirect", ACTION_QUARANTINE, "sr",
     "store <One@example.org>|ins X-Vouch-Original-Recipient: two@example.org|" FIELDS
     "add " MAILBOX "|rem <One@example.org>|rem <two@example.org>|",
     MTA_CONTINUE, .observe = false},
    {"store and hold", ACTION_QUARANTINE, "sh",
     "store <One@example.org>|" FIELDS "rem <One@example.org>|hold because (ID)|", MTA_CONTINUE,
     .observe = false},
    {"store for all, MTA removes none", ACTION_QUARANTINE, "s", "store <One@example.org>|",
     MTA_DISCARD, .cannot = MTA_DELETE_RCPT},
    {"store for one, MTA removes none: held", ACTION_QUARANTINE, "as", FIELDS "hold because (ID)|",
     MTA_CONTINUE, .cannot = MTA_DELETE_RCPT},
    {"store, one in an odd form: held", ACTION_QUARANTINE, "ss", FIELDS "hold because (ID)|",
     MTA_CONTINUE, .odd = true},
    {"store, recipients lost: held", ACTION_QUARANTINE, "ss", FIELDS "hold because (ID)|",
     MTA_CONTINUE, .lost = true},
    {"observe: store", ACTION_QUARANTINE, "ss", FIELDS, MTA_CONTINUE, .observe = true},
    {"cannot be stored: held for all", ACTION_QUARANTINE, "as",
     "store <two@example.org>|" FIELDS "hold because (ID)|", MTA_CONTINUE, .refuse = "store"},
    {"cannot be stored: discarded for the other, held", ACTION_QUARANTINE, "sx",
     "store <One@example.org>|" FIELDS "rem <two@example.org>|hold because (ID)|", MTA_CONTINUE,
     .refuse = "store"},
    {"cannot be stored, nor held, on_failure tempfail", ACTION_QUARANTINE, "ss",
     "store <One@example.org> <two@example.org>|"
     "451 4.7.1 The message cannot be checked now, try again later (QID)|",
     MTA_TEMPFAIL, .refuse = "store", .cannot = MTA_HOLD, .on_failure = ACTION_TEMPFAIL},
    {"cannot be stored, nor held, on_failure accept", ACTION_QUARANTINE, "sx",
     "store <One@example.org>|" FIELDS, MTA_CONTINUE, .refuse = "store", .cannot = MTA_HOLD},
    {"store, forged fields stay, on_failure tempfail: nothing is stored", ACTION_QUARANTINE, "ss",
     "451 4.7.1 The message cannot be checked now, try again later (QID)|", MTA_TEMPFAIL,
     .forged = true, .cannot = MTA_CHANGE_FIELD, .on_failure = ACTION_TEMPFAIL},
    {"hold, MTA holds none, on_failure accept", ACTION_QUARANTINE, "h", FIELDS, MTA_CONTINUE,
     .cannot = MTA_HOLD},
    {"hold, MTA holds none, on_failure tempfail", ACTION_QUARANTINE, "h",
     "451 4.7.1 The message cannot be checked now, try again later (QID)|", MTA_TEMPFAIL,
     .cannot = MTA_HOLD, .on_failure = ACTION_TEMPFAIL},
    {"hold, MTA holds none, on_failure quarantine", ACTION_QUARANTINE, "h",
     "451 4.7.1 The message cannot be checked now, try again later (QID)|", MTA_TEMPFAIL,
     .cannot = MTA_HOLD, .on_failure = ACTION_QUARANTINE},
    {"forged, MTA removes none, on_failure accept", ACTION_ACCEPT, "a", FIELDS, MTA_CONTINUE,
     .forged = true, .cannot = MTA_CHANGE_FIELD},
    {"forged, MTA removes none, on_failure quarantine", ACTION_ACCEPT, "a",
     "hold the MTA lets no filter remove forged fields|" FIELDS, MTA_CONTINUE, .forged = true,
     .cannot = MTA_CHANGE_FIELD, .on_failure = ACTION_QUARANTINE},
    {"forged, MTA removes none: what is held stays held", ACTION_QUARANTINE, "h",
     FIELDS "hold because (ID)|", MTA_CONTINUE, .forged = true, .cannot = MTA_CHANGE_FIELD},
    {"more forged fields than can be removed", ACTION_ACCEPT, "a",
     "550 5.7.1 too many forged fields (ID)|", MTA_REJECT, .forged = true, .flooded = true},
    {"observe: more forged fields than can be removed", ACTION_ACCEPT, "a",
     "del Authentication-Results 3|del X-Vouch 1|del Authentication-Results 1|" FIELDS,
     MTA_CONTINUE, .observe = true, .forged = true, .flooded = true},
    {"tag, MTA changes no fields", ACTION_TAG, "t", FIELDS, MTA_CONTINUE,
     .cannot = MTA_CHANGE_FIELD},
    {"MTA adds no fields", ACTION_TAG, "t", "chg Subject 1: [x] hi|", MTA_CONTINUE,
     .cannot = MTA_ADD_FIELD},
    {"an edit is lost, on_failure tempfail", ACTION_QUARANTINE, "r",
     "ins X-Vouch-Original-Recipient: one@example.org|" FIELDS "add " MAILBOX
     "|451 4.7.1 The message cannot be checked now, try again later (QID)|",
     MTA_TEMPFAIL, .refuse = "add", .on_failure = ACTION_TEMPFAIL},
    {"an edit is lost, on_failure accept: nobody is taken out", ACTION_QUARANTINE, "r",
     "ins X-Vouch-Original-Recipient: one@example.org|" FIELDS "add " MAILBOX "|", MTA_CONTINUE,
     .refuse = "add"},
};

static struct rcpt_decision rcpt_decision(size_t i, char want)
{
    static const char *const rcpts[] = {"one@example.org", "two@example.org", MAILBOX};
    struct rcpt_decision r = {.rcpt = rcpts[i], .action = ACTION_ACCEPT, .subject_prefix = "[x]"};
    if (want == 't' || want == 'o')
        r.action = ACTION_TAG;
    if (want == 'h' || want == 'r' || want == 's')
        r.action = ACTION_QUARANTINE;
    if (want == 'r') {
        r.effect = RCPT_REDIRECTED;
        r.quarantine = QUARANTINE_REDIRECT;
        r.quarantine_mailbox = MAILBOX;
    }
    if (want == 's') {
        r.effect = RCPT_STORED;
        r.quarantine = QUARANTINE_STORE;
    }
    if (want == 'x') {
        r.effect = RCPT_REMOVED;
        r.action = ACTION_DISCARD;
    }
    r.mode = want == 'o' ? MODE_OBSERVE : MODE_ENFORCE;
    return r;
}

static enum mta_answer run_case(const struct apply_case *c, struct fake *fake)
{
    const char *raw[] = {c->odd ? NULL : "<One@example.org>", "<two@example.org>",
                         "<Q@example.org>"};
    static const struct assess_forged forged[] = {
        {"Authentication-Results", 1, 0},
        {"X-Vouch", 1, 1},
        {"Authentication-Results", 3, 4},
    };
    struct field fields[] = {
        {SPAN_LIT("To"), SPAN_LIT(" One <one@example.org>")},
        {SPAN_LIT("Subject"), SPAN_LIT(" hi")},
    };
    struct message message = {
        .arena = arena_new(1000), .fields = fields, .field_count = 2, .env.queue_id = "QID"};
    struct rcpt_decision rcpts[3];
    struct decision decision = {.action = c->whole, .reason = "because", .rcpts = rcpts};
    struct settings settings = {.reject_text = "100% no", .on_failure = c->on_failure};
    struct record record = {.id = "ID", .message = &message, .decision = &decision};
    decision.mode = c->observe ? MODE_OBSERVE : MODE_ENFORCE;
    decision.rcpt_count = strlen(c->rcpts);
    for (size_t i = 0; i < decision.rcpt_count; i++)
        rcpts[i] = rcpt_decision(i, c->rcpts[i]);
    struct apply a = {
        .record = &record,
        .settings = &settings,
        .rcpts = raw,
        .rcpt_count = decision.rcpt_count,
        .rcpts_lost = c->lost,
        .forged = forged,
        .forged_count = c->forged ? 3 : 0,
        .forged_lost = c->flooded,
        .store = keep,
        .store_arg = fake,
        .authres = "A",
        .header = "V",
    };
    struct mta mta = {MTA_ALL & ~c->cannot, fake, insert_field, change_field, add_rcpt,
                      delete_rcpt,          hold, set_reply};
    struct log *log = log_new(false, 0);
    enum mta_answer answer = apply(&a, &mta, log);
    arena_free(&message.arena);
    log_free(&log);
    return answer;
}

static void decisions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake fake = {.refuse = cases[i].refuse};
        enum mta_answer answer = run_case(&cases[i], &fake);
        if (answer != cases[i].answer || strcmp(fake.did, cases[i].did) != 0)
            fail_msg("%s: answer %d, did '%s'", cases[i].name, answer, fake.did);
    }
}

static void every_subject_is_tagged(void **state)
{
    (void)state;
    struct field fields[] = {
        {SPAN_LIT("Subject"), SPAN_LIT(" one")},
        {SPAN_LIT("SUBJECT"), SPAN_LIT(" [x] two")},
        {SPAN_LIT("subject"), SPAN_LIT(" three\r\n four")},
    };
    struct rcpt_decision rcpt = rcpt_decision(0, 't');
    struct decision decision = {.action = ACTION_TAG, .rcpts = &rcpt, .rcpt_count = 1};
    struct message message = {.fields = fields, .field_count = 3};
    struct settings settings = {.on_failure = ACTION_ACCEPT};
    struct record record = {.message = &message, .decision = &decision};
    const char *raw = "<one@example.org>";
    struct apply a = {.record = &record,
                      .settings = &settings,
                      .rcpts = &raw,
                      .rcpt_count = 1,
                      .authres = "A",
                      .header = "V"};
    struct fake fake = {.refuse = NULL};
    struct mta mta = {MTA_ALL,  &fake,       insert_field, change_field,
                      add_rcpt, delete_rcpt, hold,         set_reply};
    struct log *log = log_new(false, 0);
    assert_int_equal(apply(&a, &mta, log), MTA_CONTINUE);
    assert_string_equal(fake.did, "chg Subject 1: [x] one|chg Subject 3: [x] three\n four|" FIELDS);

    message.field_count = 0; /* and one is made where there is none */
    fake.did[0] = '\0';
    assert_int_equal(apply(&a, &mta, log), MTA_CONTINUE);
    assert_string_equal(fake.did, "ins Subject: [x]|" FIELDS);
    log_free(&log);
}

static void failure_removes_what_is_forged(void **state)
{
    (void)state;
    static const struct assess_forged forged = {"X-Vouch", 1, 0};
    struct settings settings = {.mode = MODE_ENFORCE, .on_failure = ACTION_ACCEPT};
    struct apply a = {.settings = &settings, .forged = &forged, .forged_count = 1};
    struct fake fake = {.refuse = NULL};
    struct mta mta = {MTA_ALL,  &fake,       insert_field, change_field,
                      add_rcpt, delete_rcpt, hold,         set_reply};
    struct log *log = log_new(false, 0);
    assert_int_equal(apply_on_failure(&a, &mta, "no memory", "QID", log), MTA_CONTINUE);
    assert_string_equal(fake.did, "del X-Vouch 1|");
    settings.on_failure = ACTION_TEMPFAIL;
    assert_int_equal(apply_on_failure(&a, &mta, "no memory", "QID", log), MTA_TEMPFAIL);
    a.forged_lost = true;
    assert_int_equal(apply_on_failure(&a, &mta, "no memory", "QID", log), MTA_REJECT);
    log_free(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions),
        cmocka_unit_test(every_subject_is_tagged),
        cmocka_unit_test(failure_removes_what_is_forged),
    };
    return cmocka_run_group_tests_name("apply", tests, NULL, NULL);
}
