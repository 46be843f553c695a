/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_ERRORS_H
#define VOUCH_ERRORS_H

/* The one negative error space of vouch. Functions that can fail return 0 or one of these.
 * Look-ups return LOOKUP_*; the two ranges do not overlap. */
enum vouch_error {
    VOUCH_E_NOMEM = -10,  /* allocation failed, or a declared maximum of memory was reached */
    VOUCH_E_RANGE = -11,  /* an argument is out of its documented range */
    VOUCH_E_SYNTAX = -12, /* input does not follow its grammar */
    VOUCH_E_LIMIT = -13,  /* input is larger than a declared limit */
    VOUCH_E_IO = -14,     /* the operating system refused; errno says why */
    VOUCH_E_TEMP = -15,   /* trouble in the world (timeout, server away): may be retried */
    VOUCH_E_CONFIG = -16  /* the configuration cannot be used */
};

enum lookup_outcome {
    LOOKUP_FOUND = 1,
    LOOKUP_ABSENT = 0,
    LOOKUP_FAILED = -1,   /* could not ask; says nothing about whether it exists */
    LOOKUP_UNCERTAIN = -2 /* asked, and the answer did not arrive in time */
};

/* A short English phrase for code ("out of memory"); never NULL, static. */
const char *vouch_strerror(int code);

#endif
