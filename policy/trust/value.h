/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_VALUE_H
#define VOUCH_VALUE_H

/* The first byte of every value a model keeps says what it is and in which version of its codec. */
enum value_kind {
    VALUE_NONE = 0,
    VALUE_TALLY = 2,    /* tally.h */
    VALUE_WINDOW = 3,   /* window.h */
    VALUE_MARK = 4,     /* mark.h */
    VALUE_ERASURE = 5,  /* erasure.h */
    VALUE_POSITION = 6, /* learn_position.h */
    VALUE_WEIGHTS = 7   /* params.h */
};

#endif
