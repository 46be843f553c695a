-- SPDX-License-Identifier: BSD-2-Clause
-- How connections and messages begin and end.

-- leaves at each point, politely and not
for _, polite in ipairs({true, false}) do
    conn = mt.connect(socket)
    mt.disconnect(conn, polite)
    conn = connect()
    mt.disconnect(conn, polite)
    conn = connect()
    client(conn)
    mt.disconnect(conn, polite)
    conn = connect()
    client(conn)
    header(conn, {"accept@example.org"})
    mt.disconnect(conn, polite)
end

-- an aborted message leaves nothing behind: its recipient would have been rejected
conn = connect()
client(conn)
header(conn, {"reject@example.org"})
check("body", mt.bodystring(conn, "half of it") == nil)
check("abort", mt.abort(conn) == nil)
goes_on(conn, message(conn, {"accept@example.org"}))

-- an abort without a message, and a second HELO
check("abort of nothing", mt.abort(conn) == nil)
check("helo again", mt.helo(conn, "other.example.net") == nil)
goes_on(conn, message(conn, {"accept@example.org"}))

-- many messages in one connection, each judged for itself: no abort comes between
ids = {}
for i = 1, 50 do
    if i % 2 == 0 then
        check("rejected " .. i, message(conn, {"reject@example.org"}) == SMFIR_REPLYCODE)
    else
        goes_on(conn, message(conn, {"accept@example.org"}, i % 3 == 0 and {{"X-Vouch", " forged"}} or {}))
        check("forged of this one only " .. i, mt.eom_check(conn, MT_HDRDELETE, "X-Vouch") == (i % 3 == 0))
        id = verdict(conn, "id")
        check("an id of its own", id ~= nil and ids[id] == nil)
        ids[id] = true
    end
end

-- the null sender
check("mail", mt.mailfrom(conn, "<>") == nil)
check("rcpt", mt.rcptto(conn, "<accept@example.org>") == nil)
check("from", mt.header(conn, "From", " MAILER-DAEMON <>") == nil)
check("eoh", mt.eoh(conn) == nil)
goes_on(conn, finish(conn))
mt.disconnect(conn)

-- a client of no family that we know
conn = connect()
check("conninfo", mt.conninfo(conn, "localhost", "unspec") == nil)
check("helo", mt.helo(conn, "localhost") == nil)
goes_on(conn, message(conn, {"accept@example.org"}))
mt.disconnect(conn)

-- IPv6
conn = connect()
client(conn, "client.example.net", "2001:db8::7")
goes_on(conn, message(conn, {"accept@example.org"}))
mt.disconnect(conn)
