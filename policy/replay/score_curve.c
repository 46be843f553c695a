/* SPDX-License-Identifier: BSD-2-Clause */
/* The ROC curve, thinned for a drawing: whether its false positive axis is plain or logarithmic, no
 * piece of it is much coarser than the rest. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include "errors.h"
#include "score_private.h"

/* False positives fall into cells of equal width on a logarithmic axis from a single good message (1)
 * to all (cells - 1); cell 0 is none at all. */
static size_t cell_of(size_t false_positives, size_t good, size_t cells)
{
    if (false_positives == 0)
        return 0;
    if (good == 1)
        return cells - 1;
    return 1 + (size_t)(log((double)false_positives) / log((double)good) * (double)(cells - 2));
}

int score_curve(const struct score *s, enum score_subset subset, size_t max,
                struct score_point **points_r, size_t *count_r)
{
    struct score_step *steps = NULL, all;
    struct score_point *points = NULL;
    size_t count, kept = 1, cells = (max - 1) / 2;
    int rc;
    assert(max >= 7);
    rc = score_steps(s, subset, &steps, &count);
    if (rc < 0)
        return rc;
    points = calloc(max, sizeof *points);
    if (!points) {
        free(steps);
        return VOUCH_E_NOMEM;
    }
    all = count ? steps[count - 1] : (struct score_step){0, 0};
    if (all.good == 0 || all.bad == 0)
        count = kept = 0; /* there is no such curve */
    /* Of each cell its first point and its last. */
    for (size_t i = 0, last = 0; i < count; i++) {
        size_t cell = cell_of(steps[i].good, all.good, cells);
        bool first = cell != last || kept == 1;
        bool end = i + 1 == count || cell_of(steps[i + 1].good, all.good, cells) != cell;
        if (first || end)
            points[kept++] = (struct score_point){(double)steps[i].good / (double)all.good,
                                                  (double)steps[i].bad / (double)all.bad};
        last = cell;
    }
    assert(kept <= max);
    free(steps);
    *points_r = points;
    *count_r = kept;
    return 0;
}
