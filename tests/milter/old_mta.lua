-- SPDX-License-Identifier: BSD-2-Clause
-- MTAs that offer little: version 2 of the protocol, few actions, no space at the beginning of values.

-- version 2: replies to everything, no LEADSPC: values come and go without their space
conn = connect(0x1f, 0x7f, 2)
check("no step is asked for", not mt.test_option(conn, SMFIP_NR_HDR))
check("conninfo", mt.conninfo(conn, "client.example.net", "198.51.100.7") == nil)
check("replies to connect", mt.getreply(conn) == SMFIR_CONTINUE)
check("helo", mt.helo(conn, "client.example.net") == nil)
check("mail", mt.mailfrom(conn, "<sender@example.net>") == nil)
check("replies to mail", mt.getreply(conn) == SMFIR_CONTINUE)
check("rcpt", mt.rcptto(conn, "<tag@example.org>") == nil)
check("from", mt.header(conn, "From", "Sender <sender@example.net>") == nil)
check("replies to fields", mt.getreply(conn) == SMFIR_CONTINUE)
check("subject", mt.header(conn, "Subject", "hello") == nil)
check("eoh", mt.eoh(conn) == nil)
goes_on(conn, finish(conn))
check("values without space", mt.eom_check(conn, MT_HDRCHANGE, "Subject", "[suspicious] hello"))
check("X-Vouch without space", string.sub(mt.getheader(conn, "X-Vouch", 0), 1, 3) == "id=")

-- it cannot quarantine: on_failure (accept) speaks, and the message goes on
goes_on(conn, message(conn, {"hold@example.org"}))
mt.disconnect(conn)

-- no recipients may be changed: hold instead of redirect
conn = connect(SMFIF_ADDHDRS + SMFIF_CHGHDRS + SMFIF_QUARANTINE)
client(conn)
goes_on(conn, message(conn, {"redirect@example.org"}))
check("held", mt.eom_check(conn, MT_QUARANTINE))
check("nobody is added", not mt.eom_check(conn, MT_RCPTADD, "quarantine@example.org"))
mt.disconnect(conn)

-- only fields may be added: forged ones stay, and it is said in the log
conn = connect(SMFIF_ADDHDRS)
client(conn)
goes_on(conn, message(conn, {"tag@example.org"}, {{"X-Vouch", " class=trusted"}}))
check("nothing is changed", not mt.eom_check(conn, MT_HDRCHANGE))
mt.disconnect(conn)

-- nothing at all: still no error
conn = connect(SMFIF_CHGBODY)
client(conn)
reply = message(conn, {"reject@example.org"})
check("rejects", reply == SMFIR_REPLYCODE)
reply = message(conn, {"tag@example.org"})
check("goes on", reply == SMFIR_CONTINUE or reply == SMFIR_ACCEPT)
mt.disconnect(conn)
