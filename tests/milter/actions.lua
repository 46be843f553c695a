-- SPDX-License-Identifier: BSD-2-Clause
-- Each action, as the policies of protocol.conf choose it by recipient.

conn = connect()
client(conn)

goes_on(conn, message(conn, {"accept@example.org"}))
check("not tagged", not mt.eom_check(conn, MT_HDRCHANGE, "Subject"))
check("nobody is added", not mt.eom_check(conn, MT_RCPTADD, "quarantine@example.org"))
check("no hold", not mt.eom_check(conn, MT_QUARANTINE))
check("action=accept", verdict(conn, "action") == "accept")
check("leading space", string.sub(mt.getheader(conn, "X-Vouch", 0), 1, 4) == " id=")

goes_on(conn, message(conn, {"tag@example.org"}))
check("tagged", mt.eom_check(conn, MT_HDRCHANGE, "Subject", " [suspicious] hello"))

goes_on(conn, message(conn, {"hold@example.org"}))
check("hold", mt.eom_check(conn, MT_QUARANTINE))
check("action=quarantine", verdict(conn, "action") == "quarantine")

goes_on(conn, message(conn, {"redirect@example.org"}))
check("mailbox", mt.eom_check(conn, MT_RCPTADD, "quarantine@example.org"))
check("recipient out", mt.eom_check(conn, MT_RCPTDELETE, "<redirect@example.org>"))
check("original recipient",
      mt.eom_check(conn, MT_HDRINSERT, "X-Vouch-Original-Recipient", " redirect@example.org"))

reply = message(conn, {"reject@example.org"})
check("reject replies", reply == SMFIR_REPLYCODE)

reply = message(conn, {"tempfail@example.org"})
check("tempfail replies", reply == SMFIR_REPLYCODE)

check("discard", message(conn, {"discard@example.org"}) == SMFIR_DISCARD)

goes_on(conn, message(conn, {"observe@example.org"}))
check("mode=observe", verdict(conn, "mode") == "observe")
check("action=reject", verdict(conn, "action") == "reject")

-- several recipients, several answers
goes_on(conn, message(conn, {"accept@example.org", "redirect@example.org", "discard@example.org"}))
check("mailbox, too", mt.eom_check(conn, MT_RCPTADD, "quarantine@example.org"))
check("redirected one out", mt.eom_check(conn, MT_RCPTDELETE, "<redirect@example.org>"))
check("discarded one out", mt.eom_check(conn, MT_RCPTDELETE, "<discard@example.org>"))
check("accepted one stays", not mt.eom_check(conn, MT_RCPTDELETE, "<accept@example.org>"))
check("the others are not named", not mt.eom_check(conn, MT_HDRINSERT, "X-Vouch-Original-Recipient"))
check("strictest wins", message(conn, {"accept@example.org", "reject@example.org"}) == SMFIR_REPLYCODE)

mt.disconnect(conn)
