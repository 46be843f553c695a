/* SPDX-License-Identifier: BSD-2-Clause */
/* How far a model has learnt a journal: a number, most significant byte first. */
#include "learn_position.h"
#include "value.h"

void learn_position_encode(uint64_t number, uint8_t bytes_r[LEARN_POSITION_BYTES])
{
    bytes_r[0] = VALUE_POSITION;
    for (int i = 0; i < 8; i++)
        bytes_r[1 + i] = (uint8_t)(number >> (56 - 8 * i));
}

uint64_t learn_position_decode(struct span value)
{
    uint64_t number = 0;
    if (value.len != LEARN_POSITION_BYTES || (uint8_t)value.p[0] != VALUE_POSITION)
        return 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | (uint8_t)value.p[1 + i];
    return number;
}
