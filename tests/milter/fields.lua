-- SPDX-License-Identifier: BSD-2-Clause
-- Forged fields, bodies that nobody needs. (Huge fields are wire.py's: miltertest takes none.)

conn = connect()
client(conn)

-- ours go, others' stay; beyond the limit of fields (100 here), too
goes_on(conn, message(conn, {"accept@example.org"}, {{"Authentication-Results", " other.example; spf=pass"}}))
check("another site's stays", not mt.eom_check(conn, MT_HDRDELETE))
goes_on(conn, message(conn, {"accept@example.org"}, {{"authentication-results", " MX.Example.ORG; dkim=pass"}}))
check("ours goes", mt.eom_check(conn, MT_HDRDELETE, "authentication-results"))
goes_on(conn, message(conn, {"accept@example.org"}, {{"X-VOUCH-Original-Recipient", " boss@example.org"}}))
check("every X-Vouch goes", mt.eom_check(conn, MT_HDRDELETE, "X-VOUCH-Original-Recipient"))
extra = {}
for i = 1, 3000 do
    extra[i] = {"X-Filler", " " .. i}
end
extra[3001] = {"X-Vouch", " class=trusted"}
goes_on(conn, message(conn, {"accept@example.org"}, extra))
check("beyond the limit too", mt.eom_check(conn, MT_HDRDELETE, "X-Vouch"))
check("over_limit is said, not " .. tostring(verdict(conn, "flags")), verdict(conn, "flags") == "over_limit")

-- a body without signatures is not needed; the MTA may skip it
header(conn, {"accept@example.org"})
check("body", mt.bodyrandom(conn, 200000) == nil)
skipped = mt.getreply(conn) == SMFIR_SKIP
check("eom", mt.eom(conn) == nil)
goes_on(conn, mt.getreply(conn))
check("skips the rest of a body", skipped)
mt.disconnect(conn)
