/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_FEED_H
#define VOUCH_FEED_H

#include <time.h>
#include "ipaddr.h"

struct assess;

/* A message at rest, handed to assess as if it came in by SMTP. */

/* What SMTP said, as far as somebody tells. NULL or IP_NONE is not told; sender and recipients are
 * then what delivery kept: Return-Path, and X-Original-To or Delivered-To. */
struct feed_envelope {
    struct ipaddr ip;
    const char *hostname, *helo, *sender, *user;
    const char *const *rcpts;
    size_t rcpt_count; /* 0: not told */
};

/* Whether text can be a message: begins with a header, and was not cut off inside it. 0, or
 * VOUCH_E_SYNTAX and what is wrong, to be put behind its name and a colon ("3: ends in ..."). */
int feed_check(struct span text, char *error_r, size_t size);
/* The date of the topmost Received field, seconds since the epoch; -1 if there is none. */
time_t feed_received(struct span text);
/* When it came: the date of the topmost Received field that has one, else that of the Date field; -1 if
 * there is none either. */
time_t feed_time(struct span text);
/* From assess_connect to the end of the body. text has LF or CRLF; assess gets CRLF. 0 or
 * VOUCH_E_NOMEM. */
int feed_message(struct assess *a, const struct feed_envelope *envelope, struct span text);

#endif
