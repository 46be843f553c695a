/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DKIM_FILES_H
#define VOUCH_DKIM_FILES_H

/* Judges signatures of stored messages against a table, with keys from a zone file. */
struct dkim_files {
    const char *messages; /* directory, one file a message; LF or CRLF */
    const char *zone;     /* master file with the keys */
    const char *expected; /* lines of: file, index of the signature from 0, anything, result */
};

struct dkim_tally {
    unsigned lines;
    unsigned passed;
    unsigned lost;     /* expected to pass, and did not */
    unsigned accepted; /* expected not to pass, and did */
    unsigned other;    /* expected not to pass, and the result is another word than expected */
};

/* Each message is judged at the time of its topmost Received field, without one at now. What
 * differs is told on stdout as TAP comments. 0, or -1: a file cannot be read, or another failure
 * that is told on stdout. */
int dkim_files_judge(const struct dkim_files *files, long long now, struct dkim_tally *tally_r);

#endif
