/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_SHOW_MESSAGE_H
#define VOUCH_TOOL_SHOW_MESSAGE_H

#include <stdio.h>
#include "span.h"

/* A message for one who wants to see what it is without opening it: its texts, HTML as text, each other part by name, type, size and
 * SHA-256. Nothing of it reaches the terminal but letters; nothing is fetched. */

#define SHOW_LINES 100 /* of each text */
#define SHOW_BYTES 16384

/* all: texts to their ends. false: out of memory. */
bool show_message(FILE *out, struct span message, bool all);

#endif
