/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers with a unit. A bare number is refused: whether "5" means seconds or milliseconds is the
 * sort of thing that is guessed wrong once and noticed a year later. */
#include "units.h"
#include <inttypes.h>
#include <stdio.h>
#include "ascii.h"

const struct unit units_duration[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};
const struct unit units_size[] = {
    {"B", 1}, {"K", 1024}, {"M", 1048576}, {"G", 1073741824}, {NULL, 0},
};

const char *units_parse(const struct unit *units, struct span text, uint64_t *value_r)
{
    size_t digits = 0;
    uint64_t value;
    while (digits < text.len && ascii_is_digit(text.p[digits]))
        digits++;
    if (digits == 0)
        return "does not begin with a whole number";
    if (digits == text.len)
        return "has no unit";
    struct span unit = span_slice(text, digits, text.len);
    for (; units->name; units++) {
        if (!span_eq(unit, span_of(units->name)))
            continue;
        if (span_uint(span_slice(text, 0, digits), UINT64_MAX / units->factor, &value) != 0)
            return "is too large";
        *value_r = value * units->factor;
        return NULL;
    }
    return "has a unit that is not known";
}

const char *units_format(const struct unit *units, uint64_t value, char text_r[UNITS_TEXT])
{
    const struct unit *best = units;
    for (const struct unit *u = units; u->name && value > 0; u++)
        if (value % u->factor == 0)
            best = u;
    snprintf(text_r, UNITS_TEXT, "%" PRIu64 "%s", value / best->factor, best->name);
    return text_r;
}
