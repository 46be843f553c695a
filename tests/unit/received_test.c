/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "errors.h"
#include "received.h"
#include "sbuf.h"

#define DATE " ; Sat, 21 Nov 2020 02:27:00 +0000 (UTC)"
#define THEN 1605925620

/* "" stands for what the field does not say */
static const struct {
    const char *mta, *text;
    const char *ip, *name, *helo, *by, *with, *id, *rcpt;
    const char *flags; /* t: TLS, a: authenticated, i: internal, u: undated */
} cases[] = {
    /* Postfix */
    {"Postfix",
     "from mail.example.com (mail.example.com [192.0.2.1])\n\tby mx.example.net (Postfix) with "
     "ESMTP id 4ABCD12345\n\tfor <user@example.net>" DATE,
     "192.0.2.1", "mail.example.com", "mail.example.com", "mx.example.net", "ESMTP", "4ABCD12345",
     "user@example.net", ""},
    {"Postfix, no name",
     "from MAIL (unknown [192.0.2.1]) by mx.example.net (Postfix) with SMTP id 4A" DATE,
     "192.0.2.1", "", "mail", "mx.example.net", "SMTP", "4A", "", ""},
    {"Postfix, IPv6",
     "from mail.example.com (mail.example.com [IPv6:2001:db8::1]) by mx.example.net (Postfix) with "
     "ESMTPS id 4A" DATE,
     "2001:db8::1", "mail.example.com", "mail.example.com", "mx.example.net", "ESMTPS", "4A", "",
     "t"},
    {"Postfix, TLS",
     "from mail.example.com (mail.example.com [192.0.2.1])\n\t(using TLSv1.3 with cipher "
     "TLS_AES_256_GCM_SHA384 (256/256 bits)\n\t key-exchange X25519 server-signature RSA-PSS (2048 "
     "bits) server-digest SHA256)\n\t(No client certificate requested)\n\tby mx.example.net "
     "(Postfix) with ESMTPS id 4A\n\tfor <user@example.net>" DATE,
     "192.0.2.1", "mail.example.com", "mail.example.com", "mx.example.net", "ESMTPS", "4A",
     "user@example.net", "t"},
    {"Postfix, TLS, old protocol word",
     "from mail.example.com (mail.example.com [192.0.2.1]) (using TLSv1 with cipher AES256-SHA "
     "(256/256 bits)) (Client CN \"mail.example.com\", Issuer \"Example CA\" (not verified)) by "
     "mx.example.net (Postfix) with ESMTP id 4A" DATE,
     "192.0.2.1", "mail.example.com", "mail.example.com", "mx.example.net", "ESMTP", "4A", "", "t"},
    {"Postfix, submission",
     "from [10.1.2.3] (host.example.com [192.0.2.1])\n\t(using TLSv1.2 with cipher "
     "ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits))\n\t(No client certificate "
     "requested)\n\t(Authenticated sender: joe@example.net)\n\tby mx.example.net (Postfix) with "
     "ESMTPSA id 4A" DATE,
     "192.0.2.1", "host.example.com", "[10.1.2.3]", "mx.example.net", "ESMTPSA", "4A", "", "ta"},
    {"Postfix, authenticated by the comment alone",
     "from pc (unknown [192.0.2.1]) (Authenticated sender: joe) by mx.example.net (Postfix) with "
     "ESMTP id 4A" DATE,
     "192.0.2.1", "", "pc", "mx.example.net", "ESMTP", "4A", "", "a"},
    {"Postfix, pickup", "by mail.example.com (Postfix, from userid 0)\n\tid 4ABC" DATE, "", "", "",
     "mail.example.com", "", "4ABC", "", "i"},
    {"Postfix, content filter",
     "from localhost (localhost [127.0.0.1])\n\tby mail.example.com (Postfix) with ESMTP id "
     "4A" DATE,
     "127.0.0.1", "localhost", "localhost", "mail.example.com", "ESMTP", "4A", "", ""},
    {"Postfix behind a proxy",
     "from mail.example.com (unknown [192.0.2.1])\n\tby proxy.example.net (Postfix) with SMTP id "
     "4A" DATE,
     "192.0.2.1", "", "mail.example.com", "proxy.example.net", "SMTP", "4A", "", ""},
    {"Postfix, helo is a bare address",
     "from 198.51.100.9 (unknown [192.0.2.1]) by mx.example.net (Postfix) with SMTP id 4A" DATE,
     "192.0.2.1", "", "198.51.100.9", "mx.example.net", "SMTP", "4A", "", ""},
    {"Postfix, helo is a keyword",
     "from by (by.example.com [192.0.2.1]) by mx.example.net (Postfix) with SMTP id 4A" DATE,
     "192.0.2.1", "by.example.com", "by", "mx.example.net", "SMTP", "4A", "", ""},
    {"Postfix, helo pretends to be another's address",
     "from [198.51.100.9] (evil.example [192.0.2.1]) by mx.example.net (Postfix) with SMTP id "
     "4A" DATE,
     "192.0.2.1", "evil.example", "[198.51.100.9]", "mx.example.net", "SMTP", "4A", "", ""},
    {"Postfix, SMTPUTF8",
     "from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.net (Postfix) with "
     "UTF8SMTPS id 4A for <\xc3\xb6@example.net>" DATE,
     "192.0.2.1", "mail.example.com", "mail.example.com", "mx.example.net", "UTF8SMTPS", "4A",
     "\xc3\xb6@example.net", "t"},
    {"Postfix, LMTP",
     "from mail.example.com (localhost [127.0.0.1]) by mail.example.com (Postfix) with LMTP id "
     "4A" DATE,
     "127.0.0.1", "localhost", "mail.example.com", "mail.example.com", "LMTP", "4A", "", "i"},
    /* content filters and stores */
    {"amavis",
     "from mail.example.com ([127.0.0.1])\n\tby localhost (mail.example.com [127.0.0.1]) "
     "(amavisd-new, port 10024)\n\twith ESMTP id aBcDeFgHiJkL for <user@example.com>" DATE,
     "127.0.0.1", "", "mail.example.com", "localhost", "ESMTP", "aBcDeFgHiJkL", "user@example.com",
     ""},
    {"Dovecot LMTP",
     "from mx.example.net ([192.0.2.9])\n\tby store.example.net with LMTP\n\tid "
     "aBcD+eF\n\t(envelope-from <a@example.com>)\n\tfor <user@example.net>" DATE,
     "192.0.2.9", "", "mx.example.net", "store.example.net", "LMTP", "aBcD+eF", "user@example.net",
     "i"},
    {"Dovecot LMTP with TLS",
     "from mx.example.net ([192.0.2.9]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 "
     "bits)) by store.example.net with LMTPS id a" DATE,
     "192.0.2.9", "", "mx.example.net", "store.example.net", "LMTPS", "a", "", "ti"},
    {"Cyrus",
     "from mx.example.net (mx.example.net [192.0.2.9])\n\t by store.example.net (Cyrus 3.2.6) with "
     "LMTPA" DATE,
     "192.0.2.9", "mx.example.net", "mx.example.net", "store.example.net", "LMTPA", "", "", "ai"},
    {"Zimbra",
     "from localhost (localhost.localdomain [127.0.0.1]) by zimbra.example.com (Postfix) with "
     "ESMTP id 4A" DATE,
     "127.0.0.1", "localhost.localdomain", "localhost", "zimbra.example.com", "ESMTP", "4A", "",
     ""},
    {"Zimbra, mailbox",
     "from zimbra.example.com (LHLO zimbra.example.com) (192.0.2.9) by zimbra.example.com with "
     "LMTP" DATE,
     "192.0.2.9", "", "zimbra.example.com", "zimbra.example.com", "LMTP", "", "", "i"},
    /* Sendmail */
    {"Sendmail",
     "from mail.example.com (mail.example.com [192.0.2.1])\n\tby mx.example.net (8.17.1/8.17.1) "
     "with ESMTPS id 0AL2R0ab012345\n\t(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256 "
     "verify=NO)\n\tfor <user@example.net>" DATE,
     "192.0.2.1", "mail.example.com", "mail.example.com", "mx.example.net", "ESMTPS",
     "0AL2R0ab012345", "user@example.net", "t"},
    {"Sendmail, no name",
     "from mail.example.com ([192.0.2.1]) by mx.example.net (8.17.1/8.17.1) with ESMTP id 0A" DATE,
     "192.0.2.1", "", "mail.example.com", "mx.example.net", "ESMTP", "0A", "", ""},
    {"Sendmail, may be forged",
     "from mail.example.com (host.example.org [192.0.2.1] (may be forged)) by mx.example.net "
     "(8.17.1/8.17.1) with ESMTP id 0A" DATE,
     "192.0.2.1", "", "mail.example.com", "mx.example.net", "ESMTP", "0A", "", ""},
    {"Sendmail, ident",
     "from mail.example.com (IDENT:joe@host.example.com [192.0.2.1]) by mx.example.net "
     "(8.11.6/8.11.6) with ESMTP id 0A" DATE,
     "192.0.2.1", "host.example.com", "mail.example.com", "mx.example.net", "ESMTP", "0A", "", ""},
    {"Sendmail, ident with an address in it",
     "from x (IDENT:a 198.51.100.9 b@evil.example [192.0.2.1]) by mx.example.net (8.11.6/8.11.6) "
     "with SMTP id 0A" DATE,
     "192.0.2.1", "evil.example", "x", "mx.example.net", "SMTP", "0A", "", ""},
    {"Sendmail, hostile ident",
     "from x (IDENT:a@[198.51.100.9]@evil.example [192.0.2.1]) by mx.example.net (8.11.6/8.11.6) "
     "with SMTP id 0A" DATE,
     "192.0.2.1", "evil.example", "x", "mx.example.net", "SMTP", "0A", "", ""},
    {"Sendmail, authenticated",
     "from pc.example.com (pc.example.com [192.0.2.1])\n\t(authenticated bits=0)\n\tby "
     "mx.example.net (8.17.1/8.17.1) with ESMTPSA id 0A" DATE,
     "192.0.2.1", "pc.example.com", "pc.example.com", "mx.example.net", "ESMTPSA", "0A", "", "ta"},
    {"Sendmail, authenticated, old",
     "from pc (pc.example.com [192.0.2.1]) (authenticated bits=0) by mx.example.net "
     "(8.12.1/8.12.1) with ESMTP id 0A (version=TLSv1/SSLv3 cipher=AES256-SHA bits=256 "
     "verify=NOT)" DATE,
     "192.0.2.1", "pc.example.com", "pc", "mx.example.net", "ESMTP", "0A", "", "ta"},
    {"Sendmail, IPv6",
     "from mail.example.com (mail.example.com [IPv6:2001:db8:0:0:0:0:0:1]) by mx.example.net "
     "(8.17.1/8.17.1) with ESMTP id 0A" DATE,
     "2001:db8::1", "mail.example.com", "mail.example.com", "mx.example.net", "ESMTP", "0A", "",
     ""},
    {"Sendmail, local",
     "(from root@localhost)\n\tby mail.example.com (8.17.1/8.17.1/Submit) id 0A" DATE, "", "", "",
     "mail.example.com", "", "0A", "", "i"},
    {"Sendmail, submission to itself",
     "from mail.example.com (localhost [127.0.0.1]) by mail.example.com (8.17.1/8.17.1) with ESMTP "
     "id 0A" DATE,
     "127.0.0.1", "localhost", "mail.example.com", "mail.example.com", "ESMTP", "0A", "", ""},
    {"Sendmail, UUCP",
     "from uuhost.example (uucp@localhost) by mail.example.com (8.9.3/8.9.3) with UUCP id 0A" DATE,
     "", "", "uuhost.example", "mail.example.com", "UUCP", "0A", "", ""},
    /* Exim */
    {"Exim, name is the helo",
     "from mail.example.com ([192.0.2.1])\n\tby mx.example.net with esmtps  (TLS1.3) tls "
     "TLS_AES_256_GCM_SHA384\n\t(Exim 4.96)\n\t(envelope-from <a@example.com>)\n\tid "
     "1oxABC-0001AB-2c\n\tfor user@example.net" DATE,
     "192.0.2.1", "mail.example.com", "mail.example.com", "mx.example.net", "ESMTPS",
     "1oxABC-0001AB-2c", "user@example.net", "t"},
    {"Exim, helo differs",
     "from host.example.com ([192.0.2.1] helo=MAIL.example.com)\n\tby mx.example.net with esmtp "
     "(Exim 4.96)\n\tid 1a for user@example.net" DATE,
     "192.0.2.1", "host.example.com", "mail.example.com", "mx.example.net", "ESMTP", "1a",
     "user@example.net", ""},
    {"Exim, no name",
     "from [192.0.2.1] (helo=mail.example.com)\n\tby mx.example.net with esmtp (Exim 4.96)\n\tid "
     "1a" DATE,
     "192.0.2.1", "", "mail.example.com", "mx.example.net", "ESMTP", "1a", "", ""},
    {"Exim, no name, no helo",
     "from [192.0.2.1] by mx.example.net with smtp (Exim 4.96) id 1a" DATE, "192.0.2.1", "", "",
     "mx.example.net", "SMTP", "1a", "", ""},
    {"Exim, port",
     "from host.example.com ([192.0.2.1]:48122 helo=mail.example.com) by mx.example.net with "
     "esmtpsa (TLS1.2:ECDHE_RSA_AES_256_GCM_SHA384:256) (Exim 4.80) id 1a" DATE,
     "192.0.2.1", "host.example.com", "mail.example.com", "mx.example.net", "ESMTPSA", "1a", "",
     "ta"},
    {"Exim, port, no name",
     "from [192.0.2.1]:48122 (helo=[10.0.0.1]) by mx.example.net with esmtp (Exim 4.96) id 1a" DATE,
     "192.0.2.1", "", "[10.0.0.1]", "mx.example.net", "ESMTP", "1a", "", ""},
    {"Exim, IPv6, ident",
     "from host.example.com ([2001:db8::1]:25 helo=x.example.com ident=joe) by mx.example.net with "
     "esmtp (Exim 4.96) id 1a" DATE,
     "2001:db8::1", "host.example.com", "x.example.com", "mx.example.net", "ESMTP", "1a", "", ""},
    {"Exim without a name, hostile ident",
     "from [192.0.2.1] (helo=x ident=a [198.51.100.9]) by mx.example.net with esmtp (Exim 4.96) "
     "id 1a" DATE,
     "192.0.2.1", "", "x", "mx.example.net", "ESMTP", "1a", "", ""},
    {"Exim, hostile ident",
     "from evil.example ([192.0.2.1] helo=x ident=[198.51.100.9]) by mx.example.net with esmtp "
     "(Exim 4.96) id 1a" DATE,
     "192.0.2.1", "evil.example", "x", "mx.example.net", "ESMTP", "1a", "", ""},
    {"Exim, asmtp",
     "from host.example.com ([192.0.2.1]) by mx.example.net with asmtp (Exim 4.10) id 1a" DATE,
     "192.0.2.1", "host.example.com", "host.example.com", "mx.example.net", "ASMTP", "1a", "", "a"},
    {"Exim, local",
     "from root by mail.example.com with local (Exim 4.96)\n\t(envelope-from "
     "<root@mail.example.com>)\n\tid 1a" DATE,
     "", "", "root", "mail.example.com", "LOCAL", "1a", "", "i"},
    /* Exchange and Microsoft 365 */
    {"Microsoft 365",
     "from A1.prod.example.com\n (2001:db8:1::1) by B1.prod.example.com\n (2001:db8:2::1) with "
     "Microsoft SMTP Server (version=TLS1_2,\n cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id "
     "15.20.3589.20" DATE,
     "2001:db8:1::1", "", "a1.prod.example.com", "b1.prod.example.com", "SMTP", "15.20.3589.20", "",
     "t"},
    {"Microsoft 365, frontend",
     "from mail.example.org (192.0.2.1) by\n C1.mail.example.com (10.1.1.1) with Microsoft SMTP\n "
     "Server (version=TLS1_2, cipher=TLS_X) id 15.20.3589.20 via Frontend\n Transport" DATE,
     "192.0.2.1", "", "mail.example.org", "c1.mail.example.com", "SMTP", "15.20.3589.20", "", "t"},
    {"Microsoft 365, delivery",
     "from A1.prod.example.com (2001:db8::1) by\n B1.prod.example.com with HTTPS" DATE,
     "2001:db8::1", "", "a1.prod.example.com", "b1.prod.example.com", "HTTPS", "", "", "i"},
    {"Microsoft 365, mapi",
     "from A1.prod.example.com\n ([fe80::1]) by A1.prod.example.com\n ([fe80::1%12]) with mapi id "
     "15.20.3589.021" DATE,
     "fe80::1", "", "a1.prod.example.com", "a1.prod.example.com", "MAPI", "15.20.3589.021", "",
     "i"},
    {"Exchange 2016",
     "from EX1.example.com (192.0.2.5) by EX2.example.com (192.0.2.6) with Microsoft SMTP Server "
     "(version=TLS1_2, cipher=X) id 15.1.2106.2 via Mailbox Transport" DATE,
     "192.0.2.5", "", "ex1.example.com", "ex2.example.com", "SMTP", "15.1.2106.2", "", "t"},
    {"Exchange, zone",
     "from EX1 (fe80::abcd%4) by ex2.example.com with Microsoft SMTP Server id 14.3.1" DATE,
     "fe80::abcd", "", "ex1", "ex2.example.com", "SMTP", "14.3.1", "", ""},
    {"IIS",
     "from mail.example.com ([192.0.2.1]) by iis.example.net with Microsoft "
     "SMTPSVC(8.5.9600.16384);\n\t Sat, 21 Nov 2020 02:27:00 +0000",
     "192.0.2.1", "", "mail.example.com", "iis.example.net", "SMTPSVC", "", "", ""},
    /* Google */
    {"Gmail, inside",
     "by 2002:a05:6a10:1234:0:0:0:0 with SMTP id ab12csp1234pxb;\n        Fri, 20 Nov 2020 "
     "18:27:00 -0800 (PST)",
     "", "", "", "2002:a05:6a10:1234::", "SMTP", "ab12csp1234pxb", "", "i"},
    {"Gmail, MX",
     "from mail.example.com (mail.example.com. [192.0.2.1])\n        by mx.example.net with ESMTPS "
     "id a1si1234pgb.1.2020.11.20.18.27.00\n        for <user@example.net>\n        "
     "(version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);\n        Fri, 20 Nov 2020 "
     "18:27:00 -0800 (PST)",
     "192.0.2.1", "mail.example.com", "mail.example.com", "mx.example.net", "ESMTPS",
     "a1si1234pgb.1.2020.11.20.18.27.00", "user@example.net", "t"},
    {"Gmail, MX, IPv6",
     "from mail.example.com (mail.example.com. [2001:db8::1]) by mx.example.net with ESMTPS id "
     "a" DATE,
     "2001:db8::1", "mail.example.com", "mail.example.com", "mx.example.net", "ESMTPS", "a", "",
     "t"},
    {"Gmail, MX, no name",
     "from mail.example.com ([192.0.2.1]) by mx.example.net with ESMTP id a" DATE, "192.0.2.1", "",
     "mail.example.com", "mx.example.net", "ESMTP", "a", "", ""},
    {"Gmail, submission",
     "from [192.168.1.5] (host.example.com. [192.0.2.1])\n        by smtp.example.net with ESMTPSA "
     "id a1sm1234pgb.1" DATE,
     "192.0.2.1", "host.example.com", "[192.168.1.5]", "smtp.example.net", "ESMTPSA",
     "a1sm1234pgb.1", "", "ta"},
    {"Gmail, sort",
     "from mail-sor-f41.example.net (mail-sor-f41.example.net. [192.0.2.41]) by mx.example.net "
     "with SMTPS id a1sor12345pgb.1 for <user@example.net> (Example Transport Security)" DATE,
     "192.0.2.41", "mail-sor-f41.example.net", "mail-sor-f41.example.net", "mx.example.net",
     "SMTPS", "a1sor12345pgb.1", "user@example.net", "t"},
    {"Gmail, API", "from 123456789 named unknown by api.example.net with HTTPREST" DATE, "", "",
     "123456789", "api.example.net", "HTTPREST", "", "", "i"},
    /* qmail */
    {"qmail",
     "from mail.example.com (192.0.2.1)\n  by mx.example.net with SMTP; 21 Nov 2020 02:27:00 -0000",
     "192.0.2.1", "", "mail.example.com", "mx.example.net", "SMTP", "", "", ""},
    {"qmail, unknown",
     "from unknown (HELO mail.example.com) (192.0.2.1)\n  by mx.example.net with SMTP; 21 Nov 2020 "
     "02:27:00 -0000",
     "192.0.2.1", "", "mail.example.com", "mx.example.net", "SMTP", "", "", ""},
    {"qmail, helo differs",
     "from host.example.com (HELO mail.example.com) (192.0.2.1) by mx.example.net with SMTP; 21 "
     "Nov 2020 02:27:00 -0000",
     "192.0.2.1", "host.example.com", "mail.example.com", "mx.example.net", "SMTP", "", "", ""},
    {"qmail, ident",
     "from host.example.com (HELO mail) (joe@192.0.2.1) by mx.example.net with SMTP; 21 Nov 2020 "
     "02:27:00 -0000",
     "192.0.2.1", "host.example.com", "mail", "mx.example.net", "SMTP", "", "", ""},
    {"qmail, ident, brackets",
     "from unknown (HELO mail) (joe@[192.0.2.1]) by mx.example.net with SMTP; 21 Nov 2020 02:27:00 "
     "-0000",
     "192.0.2.1", "", "mail", "mx.example.net", "SMTP", "", "", ""},
    {"qmail, TLS",
     "from host.example.com (HELO mail) (192.0.2.1) by mx.example.net with (AES256-SHA encrypted) "
     "SMTP; 21 Nov 2020 02:27:00 -0000",
     "192.0.2.1", "host.example.com", "mail", "mx.example.net", "SMTP", "", "", "t"},
    {"qmail, queue", "(qmail 12345 invoked from network); 21 Nov 2020 02:27:00 -0000", "", "", "",
     "", "", "", "", "i"},
    {"qmail, user", "(qmail 12345 invoked by uid 89); 21 Nov 2020 02:27:00 -0000", "", "", "", "",
     "", "", "", "i"},
    {"qmail, its version in a comment",
     "from unknown (HELO mail) (192.0.2.1) by mx.example.net (qmail 1.08) with SMTP" DATE,
     "192.0.2.1", "", "mail", "mx.example.net", "SMTP", "", "", ""},
    {"qmail-scanner",
     "from 192.0.2.1 by mx.example.net (envelope-from <a@example.com>, uid 89) with "
     "qmail-scanner-2.08" DATE,
     "192.0.2.1", "", "", "mx.example.net", "QMAIL-SCANNER-2.08", "", "", ""},
    /* others */
    {"Amazon SES",
     "from mail.example.com (mail.example.com [192.0.2.1])\n by inbound-smtp.region.example.net "
     "with SMTP id abcdefgh123\n for user@example.net" DATE,
     "192.0.2.1", "mail.example.com", "mail.example.com", "inbound-smtp.region.example.net", "SMTP",
     "abcdefgh123", "user@example.net", ""},
    {"Courier",
     "from mail.example.com (mail.example.com [::ffff:192.0.2.1])\n  (TLS: "
     "TLSv1/SSLv3,256bits,AES256-SHA)\n  by mx.example.net with ESMTPS; Sat, 21 Nov 2020 02:27:00 "
     "+0000\n  id 00000000000A.000000005FB87.0001",
     "192.0.2.1", "mail.example.com", "mail.example.com", "mx.example.net", "ESMTPS", "", "", "t"},
    {"Courier, authenticated",
     "from [192.168.0.2] ([192.0.2.1]) (AUTH: LOGIN joe) by mx.example.net with ESMTPA" DATE,
     "192.0.2.1", "", "[192.168.0.2]", "mx.example.net", "ESMTPA", "", "", "a"},
    {"MDaemon",
     "from mail.example.com by mx.example.net (MDaemon PRO v10.1.0)\n\twith ESMTP id "
     "md50001234567.msg\n\tfor <user@example.net>" DATE,
     "", "", "mail.example.com", "mx.example.net", "ESMTP", "md50001234567.msg", "user@example.net",
     ""},
    {"MDaemon, address",
     "from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.net (192.0.2.7) (MDaemon "
     "PRO v20.0.1) with ESMTPS id md5001.msg" DATE,
     "192.0.2.1", "mail.example.com", "mail.example.com", "mx.example.net", "ESMTPS", "md5001.msg",
     "", "t"},
    {"CommuniGate",
     "from [192.0.2.1] (HELO mail.example.com)\n  by mx.example.net (CommuniGate Pro SMTP 6.2.1)\n "
     " with ESMTPS id 1234567 for user@example.net" DATE,
     "192.0.2.1", "", "mail.example.com", "mx.example.net", "ESMTPS", "1234567", "user@example.net",
     "t"},
    {"CommuniGate, account",
     "from [192.0.2.1] (account joe@example.net HELO pc.example.net) by mx.example.net "
     "(CommuniGate Pro SMTP 6.2.1) with ESMTPSA id 12" DATE,
     "192.0.2.1", "", "pc.example.net", "mx.example.net", "ESMTPSA", "12", "", "ta"},
    {"Yahoo",
     "from 127.0.0.1  (EHLO mail.example.com) (192.0.2.1)\n  by mta1.example.net with SMTPS" DATE,
     "192.0.2.1", "", "mail.example.com", "mta1.example.net", "SMTPS", "", "", "t"},
    {"fetchmail",
     "from pop.example.com [192.0.2.1]\n\tby localhost with POP3 (fetchmail-6.4.16)\n\tfor "
     "<joe@localhost> (single-drop)" DATE,
     "192.0.2.1", "", "pop.example.com", "localhost", "POP3", "", "joe@localhost", "i"},
    {"getmail",
     "from imap.example.com by host.example.com with IMAP4 getmail6 (6.18.4) msgid:123/45" DATE, "",
     "", "imap.example.com", "host.example.com", "IMAP4", "", "", "i"},
    {"webmail", "from [192.0.2.1] by webmail.example.com with HTTP" DATE, "192.0.2.1", "", "",
     "webmail.example.com", "HTTP", "", "", "i"},
    {"PowerMTA",
     "by mta.example.com id h1a2b3 for <user@example.net>; Sat, 21 Nov 2020 02:27:00 +0000 "
     "(envelope-from <a@example.com>)",
     "", "", "", "mta.example.com", "", "h1a2b3", "user@example.net", "i"},
    {"IronPort",
     "from mail.example.com ([192.0.2.1])\n  by mx.example.net with "
     "ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384; 21 Nov 2020 02:27:00 +0000",
     "192.0.2.1", "", "mail.example.com", "mx.example.net", "ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384",
     "", "", "t"},
    {"Halon",
     "from mail.example.com (unknown [192.0.2.1])\n\tby mx.example.net (Halon) with ESMTPS\n\tid "
     "12345678-2b9f-11eb-8f1a-0123456789ab" DATE,
     "192.0.2.1", "", "mail.example.com", "mx.example.net", "ESMTPS",
     "12345678-2b9f-11eb-8f1a-0123456789ab", "", "t"},
    {"OpenSMTPD",
     "from mail.example.com (mail.example.com [192.0.2.1])\n\tby mx.example.net (OpenSMTPD) with "
     "ESMTPS id 1a2b3c4d (TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO)\n\tfor <user@example.net>" DATE,
     "192.0.2.1", "mail.example.com", "mail.example.com", "mx.example.net", "ESMTPS", "1a2b3c4d",
     "user@example.net", "t"},
    {"OpenSMTPD, local",
     "from localhost (mail.example.com [local])\n\tby mail.example.com (OpenSMTPD) with ESMTPA id "
     "1a for <root@mail.example.com>" DATE,
     "", "", "localhost", "mail.example.com", "ESMTPA", "1a", "root@mail.example.com", "ai"},
    {"Haraka",
     "from mail.example.com (host.example.com [192.0.2.1])\n\tby mx.example.net (Haraka/2.8.27) "
     "with ESMTPS id A1B2.1\n\tenvelope-from <a@example.com>\n\ttls TLS_AES_256_GCM_SHA384 "
     "(authenticated bits=0)" DATE,
     "192.0.2.1", "host.example.com", "mail.example.com", "mx.example.net", "ESMTPS", "A1B2.1", "",
     "ta"},
    {"RFC 5321, TCP-info alone",
     "from mail.example.com ([192.0.2.1]) by mx.example.net via TCP with ESMTP id 1 for "
     "<user@example.net>" DATE,
     "192.0.2.1", "", "mail.example.com", "mx.example.net", "ESMTP", "1", "user@example.net", ""},
    {"RFC 5321, literal, TCP-info",
     "from [192.0.2.1] (mail.example.com [192.0.2.1]) by [192.0.2.9] with SMTP" DATE, "192.0.2.1",
     "mail.example.com", "[192.0.2.1]", "192.0.2.9", "SMTP", "", "", ""},
    {"RFC 822",
     "from mail.example.com by mx.example.net via TCP with SMTP id AA00123; Sat, 21 Nov 20 02:27 "
     "UT",
     "", "", "mail.example.com", "mx.example.net", "SMTP", "AA00123", "", ""},
    {"Internationalised",
     "from B\xc3\xbc"
     "cher.example (b\xc3\xbc"
     "cher.example [192.0.2.1]) by mx.b\xc3\xbc"
     "cher.example with UTF8SMTP" DATE,
     "192.0.2.1", "xn--bcher-kva.example",
     "b\xc3\xbc"
     "cher.example",
     "mx.xn--bcher-kva.example", "UTF8SMTP", "", "", ""},
    /* broken and hostile */
    {"no date",
     "from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.net with SMTP id 1",
     "192.0.2.1", "mail.example.com", "mail.example.com", "mx.example.net", "SMTP", "1", "", "u"},
    {"nonsense date",
     "from mail.example.com ([192.0.2.1]) by mx.example.net with SMTP id 1; yesterday", "192.0.2.1",
     "", "mail.example.com", "mx.example.net", "SMTP", "1", "", "u"},
    {"two semicolons", "from x ([192.0.2.1]) by mx.example.net (a; b) with SMTP; x" DATE,
     "192.0.2.1", "", "x", "mx.example.net", "SMTP", "", "", ""},
    {"only a date", DATE, "", "", "", "", "", "", "", "i"},
    {"only from", "from x", "", "", "x", "", "", "", "", "u"},
    {"comment not closed", "from x (mail.example.com [192.0.2.1] by mx.example.net" DATE,
     "192.0.2.1", "mail.example.com", "x", "", "", "", "", ""},
    {"closed too often", "from x (mail.example.com [192.0.2.1])) by mx.example.net" DATE,
     "192.0.2.1", "mail.example.com", "x", "mx.example.net", "", "", "", ""},
    {"second address is ignored",
     "from x (a.example.com [192.0.2.1] [198.51.100.9]) (b.example [198.51.100.9]) by "
     "mx.example.net" DATE,
     "192.0.2.1", "a.example.com", "x", "mx.example.net", "", "", "", ""},
    {"second from is ignored",
     "from x (a.example.com [192.0.2.1]) by mx.example.net from y ([198.51.100.9])" DATE,
     "192.0.2.1", "a.example.com", "x", "mx.example.net", "", "", "", ""},
    {"a name that looks like a remark",
     "from x (tls.example.com [192.0.2.1]) by mx.example.net with SMTP" DATE, "192.0.2.1",
     "tls.example.com", "x", "mx.example.net", "SMTP", "", "", ""},
    {"a helo that looks like a remark",
     "from authenticated (unknown [192.0.2.1]) by mx.example.net with SMTP" DATE, "192.0.2.1", "",
     "authenticated", "mx.example.net", "SMTP", "", "", ""},
    {"bad address", "from x (y.example [192.0.2.256]) by mx.example.net" DATE, "", "", "x",
     "mx.example.net", "", "", "", ""},
    {"bare CR", "from x (y.example [192.0.2.1])\r by mx.example.net\rwith SMTP" DATE, "192.0.2.1",
     "y.example", "x", "mx.example.net", "SMTP", "", "", ""},
    {"8-bit", "from \xff\xfe (\xff.example [192.0.2.1]) by \xff.example" DATE, "192.0.2.1", "",
     "\xef\xbf\xbd\xef\xbf\xbd", "", "", "", "", ""},
    {"backslashes", "from x\\ (a\\) [192.0.2.1]) by mx.example.net \\" DATE, "192.0.2.1", "", "x\\",
     "mx.example.net", "", "", "", ""},
    {"bad recipient", "from x ([192.0.2.1]) by mx.example.net for <a@b@c>" DATE, "192.0.2.1", "",
     "x", "mx.example.net", "", "", "", ""},
    {"null recipient", "from x ([192.0.2.1]) by mx.example.net for <>" DATE, "192.0.2.1", "", "x",
     "mx.example.net", "", "", "", ""},
};

static bool differs(const char *case_name, const char *what, const char *got, const char *want)
{
    if (strcmp(got ? got : "", want) == 0)
        return false;
    print_error("%s: %s is \"%s\", not \"%s\"\n", case_name, what, got ? got : "", want);
    return true;
}

static void table(void **state)
{
    bool failed = false;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *arena = arena_new(10000);
        struct hop hop;
        char ip[IPADDR_TEXT];
        const char *mta = cases[i].mta;
        assert_int_equal(received_parse(arena, span_of(cases[i].text), &hop), 0);
        const char *flags =
            arena_printf(arena, "%s%s%s%s", hop.tls ? "t" : "", hop.authenticated ? "a" : "",
                         hop.internal ? "i" : "", hop.time == -1 ? "u" : "");
        failed |= differs(mta, "ip", ipaddr_format(&hop.ip, ip), cases[i].ip);
        failed |= differs(mta, "name", hop.name, cases[i].name);
        failed |= differs(mta, "helo", hop.helo, cases[i].helo);
        failed |= differs(mta, "by", hop.by, cases[i].by);
        failed |= differs(mta, "with", hop.with, cases[i].with);
        failed |= differs(mta, "id", hop.id, cases[i].id);
        failed |= differs(mta, "rcpt", hop.rcpt, cases[i].rcpt);
        failed |= differs(mta, "flags", flags, cases[i].flags);
        if (hop.time != -1)
            assert_int_equal(hop.time, THEN);
        arena_free(&arena);
    }
    assert_false(failed);
}

static void little_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int rc = VOUCH_E_NOMEM;
        for (size_t max = 0; rc; max++) {
            struct arena *arena = arena_new(max);
            struct hop hop;
            rc = received_parse(arena, span_of(cases[i].text), &hop);
            assert_true(rc == 0 || rc == VOUCH_E_NOMEM);
            arena_free(&arena);
        }
    }
}

static void no_trace_field(void **state)
{
    static const char *const texts[] = {"",          "from",           "by ", " ", "nonsense",
                                        "(comment)", "with SMTP id 1", ";",   "("};
    struct arena *arena = arena_new(10000);
    struct hop hop;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (received_parse(arena, span_of(texts[i]), &hop) != VOUCH_E_SYNTAX)
            fail_msg("taken: \"%s\"", texts[i]);
    assert_int_equal(received_parse(arena, SPAN_NONE, &hop), VOUCH_E_SYNTAX);
    struct span nul = SPAN_LIT("from a\0b (c\0d [192.0.2.1]) by e\0f with g\0h");
    assert_int_equal(received_parse(arena, nul, &hop), 0);
    assert_string_equal(hop.helo, "a\xef\xbf\xbd"
                                  "b");
    assert_null(hop.name);
    assert_null(hop.by);
    arena_free(&arena);
}

/* A megabyte of each must take linear time and little memory. */
static void bombs(void **state)
{
    static const char *const units[] = {"(",
                                        ")",
                                        "()",
                                        "(()",
                                        "from ",
                                        "x",
                                        ";",
                                        "from x ",
                                        "(a [192.0.2.1]) ",
                                        "by x (",
                                        "\\",
                                        "\"",
                                        "[",
                                        "@",
                                        " ",
                                        "\xff",
                                        "; 1 Jan 2020 00:00 "};
    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        struct arena *arena = arena_new(4096);
        struct sbuf b;
        struct hop hop;
        sbuf_init(&b, 2 << 20);
        sbuf_adds(&b, "from x (");
        while (b.len < 1 << 20)
            sbuf_adds(&b, units[i]);
        assert_int_equal(received_parse(arena, sbuf_span(&b), &hop), 0);
        assert_int_equal(
            received_parse(arena, span_slice(sbuf_span(&b), 7, b.len), &hop) == VOUCH_E_NOMEM, 0);
        sbuf_clear(&b);
        arena_free(&arena);
    }
}

static struct hop hop_of(const char *ip, bool internal)
{
    struct hop hop = {.internal = internal};
    if (*ip)
        assert_int_equal(ipaddr_parse(span_of(ip), &hop.ip), 0);
    return hop;
}

static void client(void **state)
{
    struct ipnet trusted[2];
    (void)state;
    assert_int_equal(ipnet_parse(SPAN_LIT("192.0.2.0/24"), &trusted[0]), 0);
    assert_int_equal(ipnet_parse(SPAN_LIT("2001:db8:1::/48"), &trusted[1]), 0);
    struct hop hops[] = {hop_of("", true),
                         hop_of("192.0.2.1", false),
                         hop_of("", true),
                         hop_of("2001:db8:1::5", false),
                         hop_of("198.51.100.7", false),
                         hop_of("192.0.2.1", false),
                         hop_of("203.0.113.5", false)};
    assert_int_equal(received_client(hops, 7, trusted, 2), 4);
    assert_int_equal(received_client(hops, 4, trusted, 2), -1);
    assert_int_equal(received_client(hops, 7, trusted, 1), 3);
    assert_int_equal(received_client(hops, 7, NULL, 0), 1);
    assert_int_equal(received_client(hops, 0, trusted, 2), -1);
    assert_int_equal(received_client(hops + 5, 2, trusted, 2), 1);

    /* a filter on the relay itself */
    hops[3] = hop_of("127.0.0.1", false);
    assert_int_equal(received_client(hops, 7, trusted, 1), 4);
    hops[3] = hop_of("2001:db8:1::5", false);

    /* beyond a hop whose sender is not known nothing is believed */
    hops[1] = hop_of("", false);
    assert_int_equal(received_client(hops, 7, trusted, 2), -1);
    /* a hand-over inside a host says nothing of a client, even if it names an address */
    hops[1] = hop_of("198.51.100.9", true);
    assert_int_equal(received_client(hops, 7, trusted, 2), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table), cmocka_unit_test(little_memory), cmocka_unit_test(no_trace_field),
        cmocka_unit_test(bombs), cmocka_unit_test(client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
