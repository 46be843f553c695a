/* SPDX-License-Identifier: BSD-2-Clause */
/* Labels: their words, and which of two holds. */
#include "label.h"
#include <stddef.h>
#include <string.h>

static const char *const verdict_names[] = {"bad", "none", "good"};

static const struct {
    const char *name;
    unsigned rank; /* what somebody looked at stands above what a machine inferred */
} sources[LABEL_SOURCE_COUNT] = {
    [LABEL_PERSON] = {"person", 6},     [LABEL_RELEASE] = {"release", 6},
    [LABEL_REPLY] = {"reply", 5},       [LABEL_TRAP] = {"trap", 4},
    [LABEL_FILTER] = {"filter", 3},     [LABEL_UNKNOWN_RECIPIENT] = {"unknown_recipient", 2},
    [LABEL_DELIVERY] = {"delivery", 1},
};

const char *label_verdict_name(enum label_verdict verdict)
{
    return verdict_names[verdict + 1];
}

const char *label_source_name(enum label_source source)
{
    return source < LABEL_SOURCE_COUNT ? sources[source].name : NULL;
}

int label_verdict_parse(const char *name)
{
    for (int v = LABEL_BAD; v <= LABEL_GOOD; v++)
        if (strcmp(verdict_names[v + 1], name) == 0)
            return v;
    return -2;
}

int label_source_parse(const char *name)
{
    for (int s = 0; s < LABEL_SOURCE_COUNT; s++)
        if (strcmp(sources[s].name, name) == 0)
            return s;
    return -1;
}

unsigned label_rank(enum label_source source)
{
    return source < LABEL_SOURCE_COUNT ? sources[source].rank : 0;
}
