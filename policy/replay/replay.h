/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REPLAY_H
#define VOUCH_REPLAY_H

#include "assess.h"
#include "corpus.h"

/* A labelled corpus judged again, in order of time, as a site would have judged it that starts with an
 * empty model: each message is first judged by the same assess as in the milter, then, and not before,
 * its label is learnt by the same lesson as from a journal. The model is in memory. What is believed of
 * a message are its sender's and his network's marks alone: labels that the settings would draw from
 * fields of other filters are not drawn, and nothing reads the results that a receiver wrote into it. */

enum replay_refit { REPLAY_FIXED, REPLAY_DAILY };

struct replay_options {
    struct settings *settings; /* borrowed */
    const char *zone_file; /* DNS answers; NULL: every DNS answer is absent, none is asked for */
    double label_share; /* 0..1: so many labels are learnt, drawn by seed; the rest is seen only */
    uint64_t seed;
    int64_t label_delay;     /* seconds after the message until its label is learnt */
    enum replay_refit refit; /* weights fitted anew at each day's end from the labels so far */
    void (*progress)(void *arg, size_t done, size_t all); /* NULL: none */
    void *progress_arg;
};

/* One message, judged. All is borrowed until the callback returns. */
struct replay_judged {
    const struct corpus_item *item;
    size_t place;                /* of the item in the corpus */
    const struct record *record; /* trust, class, evidence, as it would be in the journal */
    bool first_contact;          /* as SCORE_FIRST_CONTACT */
    /* Of its client's address, from 0 in order of appearance: the same for the same; SIZE_MAX: nobody
     * knows it. */
    size_t client;
};
/* Anything but 0 ends the replay, which returns it. */
typedef int replay_see(void *arg, const struct replay_judged *j);

/* 0, what see returned, or VOUCH_E_* with one line in error_r. *unread_r: messages that are none
 * (feed_check); they are passed over. */
int replay_run(struct corpus *corpus, const struct replay_options *options, replay_see *see,
               void *arg, size_t *unread_r, char *error_r, size_t size);

#endif
