/* SPDX-License-Identifier: BSD-2-Clause */
/* Skeletons after Unicode TR39 s4: NFKC, confusables, case folding, confusables again (a capital and
 * its small letter resemble different things), without marks and what is invisible. The table of
 * confusables is ICU's. On top of it, what only letter case or a mail program's font hides: i, l and
 * 1 are one, so are 0 and o; small capitals are letters. Text after a right-to-left override is
 * turned to what a reader sees.
 *
 * Costs 0.1 us for a name in ASCII, which asks ICU nothing, and 3 to 5 us otherwise; a spoof checker is
 * opened each time (0.6 us), so nothing is shared between threads. ICU's pages that are touched are
 * some 4 MiB of the daemon's resident memory, nearly all of it shared and backed by files.
 *
 * Not done: names in capitals of Greek, where capital and small letter resemble different Latin ones,
 * differ from the same name in small letters. */
#include "skeleton.h"
#include <idn2.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>
#include "ascii.h"
#include "domain.h"
#include "utf8.h"

#define UNITS 1024 /* UTF-16 units of a text under way; confusables can make it longer */

#define RTL_OVERRIDE 0x202e
#define POP          0x202c
#define LTR_FIRST    0x202a /* embeddings and overrides: from here to RTL_OVERRIDE */

static void add(struct skeleton *s, const char *bytes, size_t n)
{
    if (s->len + n > SKELETON_MAX)
        return;
    memcpy(s->text + s->len, bytes, n);
    s->len += n;
}

static void end_word(struct skeleton *s)
{
    if (s->len > 0 && s->text[s->len - 1] != ' ')
        add(s, " ", 1);
}

/* Letters that look alike in some font, or look like two. */
static void add_ascii(struct skeleton *s, char c)
{
    c = ascii_lower(c);
    if (c == 'm')
        add(s, "rn", 2);
    else if (c == 'w')
        add(s, "vv", 2);
    else if (c == 'i' || c == '1')
        add(s, "l", 1);
    else
        add(s, c == '0' ? "o" : &c, 1);
}

/* The capital that a small one stands for, and kra, which resembles a small k; 0: neither. */
static char small_capital(UChar32 c)
{
    static const struct {
        UChar32 from;
        char to;
    } table[] = {
        {0x0138, 'k'}, {0x0262, 'g'}, {0x026a, 'i'}, {0x0274, 'n'}, {0x0280, 'r'},
        {0x028f, 'y'}, {0x0299, 'b'}, {0x029c, 'h'}, {0x029f, 'l'}, {0x1d00, 'a'},
        {0x1d04, 'c'}, {0x1d05, 'd'}, {0x1d07, 'e'}, {0x1d0a, 'j'}, {0x1d0b, 'k'},
        {0x1d0d, 'm'}, {0x1d0f, 'o'}, {0x1d18, 'p'}, {0x1d1b, 't'}, {0x1d1c, 'u'},
        {0x1d20, 'v'}, {0x1d21, 'w'}, {0x1d22, 'z'}, {0xa730, 'f'}, {0xa731, 's'},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].from == c)
            return table[i].to;
    return '\0';
}

static void add_char(struct skeleton *s, UChar32 c)
{
    char utf8[U8_MAX_LENGTH];
    int32_t n = 0;
    UBool bad = false;
    char small = c < 0x80 ? (char)c : small_capital(c);
    if (c == '\'' || c == 0x2019)
        return; /* O'Neil is one word */
    if (small && ascii_is_alnum(small)) {
        add_ascii(s, small);
    } else if (u_isalnum(c)) {
        U8_APPEND((uint8_t *)utf8, n, U8_MAX_LENGTH, c, bad);
        add(s, utf8, bad ? 0 : (size_t)n);
    } else if (u_charType(c) != U_NON_SPACING_MARK && u_charType(c) != U_ENCLOSING_MARK) {
        end_word(s);
    }
}

static bool is_invisible(UChar32 c)
{
    return u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
           u_charType(c) == U_FORMAT_CHAR;
}

static void reverse(UChar *text, int32_t n)
{
    for (int32_t i = 0; i < n / 2; i++) {
        UChar c = text[i];
        text[i] = text[n - 1 - i];
        text[n - 1 - i] = c;
    }
}

/* Takes out what nobody sees, and turns what stands behind an override (the Basic Multilingual Plane
 * is enough: whoever overrides wants to be read). Returns the new length. */
static int32_t drop_invisible(const UChar *in, int32_t len, UChar *out)
{
    int32_t n = 0, turned = -1;
    for (int32_t i = 0; i < len;) {
        UChar32 c;
        U16_NEXT(in, i, len, c);
        if (c >= LTR_FIRST && c <= RTL_OVERRIDE && turned >= 0) {
            reverse(out + turned, n - turned);
            turned = -1;
        }
        if (c == RTL_OVERRIDE)
            turned = n;
        if (!is_invisible(c))
            U16_APPEND_UNSAFE(out, n, c); /* no more than came in */
    }
    if (turned >= 0)
        reverse(out + turned, n - turned);
    return n;
}

/* 0 characters if ICU cannot: it is then out of memory or without its data. */
static void make_unicode(struct span text, struct skeleton *s)
{
    UChar a[UNITS], b[UNITS];
    UErrorCode rc = U_ZERO_ERROR;
    int32_t n = 0;
    u_strFromUTF8WithSub(a, UNITS, &n, text.p, (int32_t)text.len, 0xfffd, NULL, &rc);
    n = drop_invisible(a, n, b);
    n = unorm2_normalize(unorm2_getNFKCInstance(&rc), b, n, a, UNITS, &rc);
    USpoofChecker *checker = uspoof_open(&rc);
    n = uspoof_getSkeleton(checker, 0, a, n, b, UNITS, &rc);
    n = u_strFoldCase(a, UNITS, b, n, U_FOLD_CASE_DEFAULT, &rc);
    n = uspoof_getSkeleton(checker, 0, a, n, b, UNITS, &rc);
    uspoof_close(checker);
    for (int32_t i = 0; U_SUCCESS(rc) && i < n;) {
        UChar32 c;
        U16_NEXT(b, i, n, c);
        add_char(s, c);
    }
}

static bool make_ascii(struct span text, struct skeleton *s)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.p[i] >= 0x80)
            return false;
        if (ascii_is_alnum(text.p[i]))
            add_ascii(s, text.p[i]);
        else if (text.p[i] != '\'')
            end_word(s);
    }
    return true;
}

static void find_words(struct skeleton *s)
{
    struct span rest, word;
    if (s->len > 0 && s->text[s->len - 1] == ' ')
        s->len--;
    s->text[s->len] = '\0';
    rest = span_make(s->text, s->len);
    while (s->len > 0 && s->word_count < SKELETON_WORDS && span_split(&rest, ' ', &word))
        s->words[s->word_count++] = word;
}

void skeleton_make(struct span text, struct skeleton *out_r)
{
    text = utf8_cut(text, SKELETON_INPUT);
    out_r->len = out_r->word_count = 0;
    if (!make_ascii(text, out_r)) {
        out_r->len = 0;
        make_unicode(text, out_r);
    }
    find_words(out_r);
}

void skeleton_label(struct span label, struct skeleton *out_r)
{
    char text[DOMAIN_LABEL + 1];
    char *unicode = NULL;
    if (!span_istarts(label, "xn--") || label.len > DOMAIN_LABEL) {
        skeleton_make(label, out_r);
        return;
    }
    memcpy(text, label.p, label.len);
    text[label.len] = '\0';
    int rc = idn2_to_unicode_8z8z(text, &unicode, 0);
    skeleton_make(rc == IDN2_OK ? span_of(unicode) : label, out_r);
    if (rc == IDN2_OK)
        idn2_free(unicode);
}

struct span skeleton_join(const struct skeleton *s, size_t from, size_t count, char *joined_r)
{
    size_t n = 0;
    for (size_t i = from; i < from + count && i < s->word_count; i++) {
        memcpy(joined_r + n, s->words[i].p, s->words[i].len);
        n += s->words[i].len;
    }
    return span_make(joined_r, n);
}
