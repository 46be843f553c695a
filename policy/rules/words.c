/* SPDX-License-Identifier: BSD-2-Clause */
/* The words that vouch.conf, the record and the log use for classes, actions and modes. */
#include "settings.h"

#define WORD(words, i)                                                                             \
    ((i) >= 0 && (size_t)(i) < sizeof(words) / sizeof *(words) ? (words)[i] : "unknown")

const char *trust_class_name(enum trust_class c)
{
    static const char *const words[] = {"untrusted", "suspicious", "trusted"};
    return WORD(words, (int)c);
}

const char *action_name(enum action a)
{
    static const char *const words[] = {"accept",   "tag",    "quarantine",
                                        "tempfail", "reject", "discard"};
    return WORD(words, (int)a);
}

const char *mode_name(enum mode m)
{
    static const char *const words[] = {"enforce", "observe"};
    return WORD(words, (int)m);
}

const char *quarantine_method_name(enum quarantine_method q)
{
    static const char *const words[] = {"hold", "redirect", "store"};
    return WORD(words, (int)q);
}

const char *direction_name(enum direction d)
{
    static const char *const words[] = {"inbound", "outbound", "any"};
    return WORD(words, (int)d);
}
