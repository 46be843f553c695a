-- SPDX-License-Identifier: BSD-2-Clause
-- Recipients that the MTA refused, and more of them than are kept.

conn = connect()
client(conn)

check("mail", mt.mailfrom(conn, "<sender@example.net>") == nil)
mt.macro(conn, SMFIC_RCPT, "{rcpt_mailer}", "error", "{rcpt_host}", "5.1.1", "{rcpt_addr}", "User unknown")
check("rcpt", mt.rcptto(conn, "<reject@example.org>") == nil)
mt.macro(conn, SMFIC_RCPT, "{rcpt_mailer}", "relay", "{rcpt_host}", "example.org", "{rcpt_addr}", "accept@example.org")
check("rcpt", mt.rcptto(conn, "<accept@example.org>") == nil)
check("from", mt.header(conn, "From", " sender@example.net") == nil)
check("eoh", mt.eoh(conn) == nil)
goes_on(conn, finish(conn))
check("the refused one does not count", verdict(conn, "action") == "accept")

-- no recipient is left
check("mail", mt.mailfrom(conn, "<sender@example.net>") == nil)
mt.macro(conn, SMFIC_RCPT, "{rcpt_mailer}", "error", "{rcpt_host}", "5.1.1", "{rcpt_addr}", "User unknown")
check("rcpt", mt.rcptto(conn, "<reject@example.org>") == nil)
check("from", mt.header(conn, "From", " sender@example.net") == nil)
check("eoh", mt.eoh(conn) == nil)
goes_on(conn, finish(conn))

-- more than limits.recipients (20 here): what cannot be taken out by name is held
many = {}
for i = 1, 30 do
    many[i] = "redirect@example.org"
end
goes_on(conn, message(conn, many))
check("held", mt.eom_check(conn, MT_QUARANTINE))
check("not redirected", not mt.eom_check(conn, MT_RCPTADD, "quarantine@example.org"))

-- addresses that are none
goes_on(conn, message(conn, {"accept@example.org", "", "no at sign", "@@", string.rep("x", 400)}))
mt.disconnect(conn)
