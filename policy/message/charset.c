/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of a charset as UTF-8, by iconv. */
#include "charset.h"
#include <iconv.h>
#include "sbuf.h"
#include "utf8.h"

/* What a label means to iconv: as readers take it (a label for a subset means its superset). The
 * table also keeps a sender from choosing which converter code we load. */
static const struct {
    const char *label, *iconv;
} charsets[] = {
    {"iso-8859-1", "WINDOWS-1252"},
    {"latin1", "WINDOWS-1252"},
    {"windows-1252", "WINDOWS-1252"},
    {"cp1252", "WINDOWS-1252"},
    {"iso-8859-2", "ISO-8859-2"},
    {"iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "ISO-8859-4"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-8", "ISO-8859-8"},
    {"iso-8859-8-i", "ISO-8859-8"},
    {"iso-8859-9", "WINDOWS-1254"},
    {"iso-8859-10", "ISO-8859-10"},
    {"iso-8859-11", "CP874"},
    {"iso-8859-13", "ISO-8859-13"},
    {"iso-8859-14", "ISO-8859-14"},
    {"iso-8859-15", "ISO-8859-15"},
    {"iso-8859-16", "ISO-8859-16"},
    {"windows-1250", "WINDOWS-1250"},
    {"windows-1251", "WINDOWS-1251"},
    {"cp1251", "WINDOWS-1251"},
    {"windows-1253", "WINDOWS-1253"},
    {"windows-1254", "WINDOWS-1254"},
    {"windows-1255", "WINDOWS-1255"},
    {"windows-1256", "WINDOWS-1256"},
    {"windows-1257", "WINDOWS-1257"},
    {"windows-1258", "WINDOWS-1258"},
    {"windows-874", "CP874"},
    {"tis-620", "CP874"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"cp866", "CP866"},
    {"ibm866", "CP866"},
    {"macintosh", "MACINTOSH"},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"cp936", "GB18030"},
    {"gb18030", "GB18030"},
    {"hz-gb-2312", "HZ"},
    {"big5", "BIG5-HKSCS"},
    {"big5-hkscs", "BIG5-HKSCS"},
    {"iso-2022-jp", "ISO-2022-JP-2"},
    {"shift_jis", "CP932"},
    {"windows-31j", "CP932"},
    {"cp932", "CP932"},
    {"euc-jp", "EUC-JP"},
    {"euc-kr", "CP949"},
    {"ks_c_5601-1987", "CP949"},
    {"iso-2022-kr", "ISO-2022-KR"},
    {"utf-7", "UTF-7"},
};

static const char *iconv_name(struct span charset)
{
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        if (span_ieq_cstr(charset, charsets[i].label))
            return charsets[i].iconv;
    return NULL;
}

/* Appends s as UTF-8; a byte that means nothing in the charset becomes U+FFFD. */
static void convert(iconv_t cd, struct span s, struct sbuf *out)
{
    char *in = (char *)(uintptr_t)s.p; /* iconv takes char ** but does not write there */
    char piece[512], *to;
    size_t left = s.len, room;
    while (left && !out->failed) {
        size_t before = left;
        to = piece;
        room = sizeof piece;
        size_t rc = iconv(cd, &in, &left, &to, &room);
        utf8_append(out, span_make(piece, (size_t)(to - piece)));
        if (rc == (size_t)-1 && left == before && room == sizeof piece) {
            utf8_append(out, SPAN_LIT("\xff"));
            in++;
            left--;
        }
    }
    to = piece;
    room = sizeof piece;
    iconv(cd, NULL, NULL, &to, &room); /* a character that was held back for its accent */
    utf8_append(out, span_make(piece, (size_t)(to - piece)));
}

void charset_decode(struct span bytes, struct span charset, struct sbuf *out)
{
    const char *name = iconv_name(charset);
    iconv_t cd = name ? iconv_open("UTF-8", name) : (iconv_t)-1;
    if (cd == (iconv_t)-1) {
        utf8_append(out, bytes);
        return;
    }
    convert(cd, bytes, out);
    iconv_close(cd);
}
