/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_METRICS_TEXT_H
#define VOUCH_METRICS_TEXT_H

#include "gauges.h"
#include "metrics.h"
#include "sbuf.h"

#define METRICS_TEXT_MAX                                                                           \
    (16u << 20) /* bytes, with as many policies as are counted, in all they may do */

/* Appends all numbers in Prometheus' text format 0.0.4. What is not known is left out. Their names are those of vouch-milter(8). */
void metrics_text(const struct metrics *m, const struct gauges *g, struct sbuf *out);

#endif
