/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_MTA_H
#define VOUCH_MTA_H

/* What an MTA lets a filter do, in words of our own: the rest of the adapter knows no milter library.
 *
 * Postfix and Sendmail differ (vouch-milter(8) says how it looks to an operator); who calls does what is right for both:
 * fields are deleted from the highest index down, for after a deletion Postfix counts anew and Sendmail does not; they
 * are changed before any is inserted; recipients are deleted by the words of RCPT, which Sendmail parses again as it did
 * then; the reason of a hold stands in a field, for Postfix forgets it. What only one of them says (the address that it
 * takes a recipient for, why it refused one) milter.c asks by macros and does without where it does not come. */

/* what this MTA takes of us, as negotiated */
enum mta_can {
    MTA_ADD_FIELD = 1,
    MTA_CHANGE_FIELD = 2,
    MTA_ADD_RCPT = 4,
    MTA_DELETE_RCPT = 8,
    MTA_HOLD = 16,
    MTA_LEADING_SPACE = 32, /* field values come with the space after the colon */
    MTA_SKIP = 64,          /* the rest of a body may be skipped */
};
#define MTA_ALL 127

/* how a message ends */
enum mta_answer { MTA_CONTINUE, MTA_REJECT, MTA_TEMPFAIL, MTA_DISCARD };

/* One message's MTA at its end: all edits are asked here. Each function returns 0, or -1 if the MTA could not be told. */
struct mta {
    unsigned can; /* enum mta_can */
    void *engine; /* first argument of all below */
    /* at the top of the header; value without leading space, folded with "\n\t" */
    int (*insert_field)(void *engine, const char *name, const char *value);
    /* index: 1-based among fields of that name; value NULL deletes */
    int (*change_field)(void *engine, const char *name, unsigned index, const char *value);
    int (*add_rcpt)(void *engine, const char *rcpt);
    int (*delete_rcpt)(void *engine, const char *rcpt); /* as RCPT gave it */
    int (*hold)(void *engine, const char *reason);
    /* the reply that goes with MTA_REJECT or MTA_TEMPFAIL: text is one line of printable ASCII */
    int (*set_reply)(void *engine, const char *code, const char *enhanced, const char *text);
};

#endif
