/* SPDX-License-Identifier: BSD-2-Clause */
#include "score.h"

const char *score_subset_name(enum score_subset subset)
{
    switch (subset) {
    case SCORE_ALL:
        return "all";
    case SCORE_FIRST_CONTACT:
        return "first contact";
    case SCORE_MIXED_SOURCE:
        return "mixed source";
    case SCORE_LAST_80:
        return "last 80 %";
    default:
        return "?";
    }
}
