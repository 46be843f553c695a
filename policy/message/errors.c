/* SPDX-License-Identifier: BSD-2-Clause */
/* The words for vouch's error codes. */
#include "errors.h"

const char *vouch_strerror(int code)
{
    switch (code) {
    case 0:
        return "no error";
    case VOUCH_E_NOMEM:
        return "out of memory";
    case VOUCH_E_RANGE:
        return "value out of range";
    case VOUCH_E_SYNTAX:
        return "syntax error";
    case VOUCH_E_LIMIT:
        return "larger than the limit";
    case VOUCH_E_IO:
        return "input/output error";
    case VOUCH_E_TEMP:
        return "temporary failure";
    case VOUCH_E_CONFIG:
        return "configuration error";
    default:
        return "unknown error";
    }
}
