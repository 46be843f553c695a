/* SPDX-License-Identifier: BSD-2-Clause */
/* Skeletons after Unicode TR39 s4: without what is invisible, decomposed (NFKD), confusables mapped and case folded, without
 * marks. On top of that, what only letter case or a mail program's font hides: i, l and 1 are one, so are 0 and o; small
 * capitals are letters. Text after a right-to-left override is turned to what a reader sees.
 *
 * Not done: names in capitals of Greek, where capital and small letter resemble different Latin ones,
 * differ from the same name in small letters. */
#include "skeleton.h"
#include <idn2.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>
#include "ascii.h"
#include "confusables.h"
#include "domain.h"
#include "utf8.h"

#define DECOMPOSED 1024 /* characters; what decomposes to more is put on the heap */

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
static char small_capital(ucs4_t c)
{
    static const struct {
        ucs4_t from;
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

static bool is_one_of(ucs4_t c, uint32_t categories)
{
    return uc_is_general_category_withtable(c, categories);
}

static void add_char(struct skeleton *s, ucs4_t c)
{
    uint8_t utf8[4];
    char small = c < 0x80 ? (char)c : small_capital(c);
    if (c == '\'' || c == 0x2019)
        return; /* O'Neil is one word */
    if (small && ascii_is_alnum(small)) {
        add_ascii(s, small);
    } else if (is_one_of(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_Nd)) {
        int n = u8_uctomb(utf8, c, sizeof utf8);
        add(s, (const char *)utf8, n > 0 ? (size_t)n : 0);
    } else if (!is_one_of(c, UC_CATEGORY_MASK_Mn | UC_CATEGORY_MASK_Me)) {
        end_word(s);
    }
}

/* c: decomposed. */
static void add_likeness(struct skeleton *s, ucs4_t c)
{
    const uint8_t *to = (const uint8_t *)confusable_to(c);
    if (!to)
        add_char(s, c);
    while (to && (to = u8_next(&c, to)))
        add_char(s, c);
}

static bool is_invisible(ucs4_t c)
{
    return uc_is_property_default_ignorable_code_point(c) || is_one_of(c, UC_CATEGORY_MASK_Cf);
}

static void reverse(ucs4_t *text, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        ucs4_t c = text[i];
        text[i] = text[n - 1 - i];
        text[n - 1 - i] = c;
    }
}

/* Takes out what nobody sees, and turns what stands behind an override. Bytes that are no UTF-8 become U+FFFD. Returns the
 * number of characters. */
static size_t read_visible(struct span text, ucs4_t out[SKELETON_INPUT])
{
    const size_t none = SIZE_MAX;
    size_t n = 0, turned = none;
    for (size_t i = 0; i < text.len;) {
        ucs4_t c;
        i += (size_t)u8_mbtouc(&c, (const uint8_t *)text.p + i, text.len - i);
        if (c >= LTR_FIRST && c <= RTL_OVERRIDE && turned != none) {
            reverse(out + turned, n - turned);
            turned = none;
        }
        if (c == RTL_OVERRIDE)
            turned = n;
        if (!is_invisible(c))
            out[n++] = c;
    }
    if (turned != none)
        reverse(out + turned, n - turned);
    return n;
}

/* 0 characters if there is no memory. */
static void make_unicode(struct span text, struct skeleton *s)
{
    ucs4_t visible[SKELETON_INPUT], room[DECOMPOSED];
    size_t n = DECOMPOSED;
    ucs4_t *decomposed =
        u32_normalize(UNINORM_NFKD, visible, read_visible(text, visible), room, &n);
    for (size_t i = 0; decomposed && i < n; i++)
        add_likeness(s, decomposed[i]);
    if (decomposed != room)
        free(decomposed);
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
