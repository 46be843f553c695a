/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_ASCII_H
#define VOUCH_ASCII_H

#include <stdbool.h>

/* Classes of bytes in mail and DNS, which mean ASCII whatever the locale; a byte above 127 is in
 * none of them. */

/* SP and HTAB: WSP of RFC 5234 */
static inline bool ascii_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* the same, and CR and LF: what folding white space is made of (RFC 5322 s3.2.2) */
static inline bool ascii_is_space(char c)
{
    return ascii_is_blank(c) || c == '\r' || c == '\n';
}

/* CTL of RFC 5234 */
static inline bool ascii_is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

/* VCHAR of RFC 5234: what prints and is no blank */
static inline bool ascii_is_visible(char c)
{
    return c > ' ' && c < 0x7f;
}

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_is_alnum(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c);
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* 0 to 15, or -1 for what is no hexadecimal digit */
static inline int ascii_hex(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
