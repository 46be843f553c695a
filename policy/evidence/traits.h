/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TRAITS_H
#define VOUCH_TRAITS_H

#include "message.h"

struct psl_ctx_st;

/* What a message shows by itself of how it was sent, each as one word of a few. None is good or bad as
 * such: the model keeps how mail with that trait turned out at this site (identity.h, ID_TRAIT). What a
 * receiver's own hosts write is not among them. */
enum trait {
    TRAIT_HELO,   /* none, literal, forged (another host's address), plain (no dot), host (of the
                       * organisation of the client's name), author (of the author's), other */
    TRAIT_HOST,   /* client's name: none, dynamic (made of its address), author, other */
    TRAIT_ORIGIN, /* host that first handed it over: none, unnamed, dynamic, lies (HELO of another
                       * organisation than its name), named */
    TRAIT_MESSAGE_ID, /* made by: none, author, sender (envelope), path (a host on the way), other */
    TRAIT_DATE, /* Date, from when it came: none, near (6 h), day, month, far, future (over 6 h) */
    TRAIT_REPLY_TO, /* none, same (organisation as the author's), other */
    TRAIT_DISPLAY,  /* name beside the author's address: none, address (another one), plain */
    TRAIT_COUNT
};
const char *trait_name(enum trait t); /* "helo", "host", ...; static */

/* The trait of that name and its word, from "name=word" as records have it; -1: no such trait, or what
 * cannot be a word. The word is the text's own. */
#define TRAIT_WORD_MAX 16
int trait_parse(const char *text, const char **word_r);

/* The word of each, static: m->traits' if it has them. client_name: as identity_list's ptr_name. */
void traits_of(const struct message *m, const struct psl_ctx_st *psl, const char *client_name,
               const char *words_r[TRAIT_COUNT]);

#endif
