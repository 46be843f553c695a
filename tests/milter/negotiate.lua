-- SPDX-License-Identifier: BSD-2-Clause
-- What is asked of an MTA: never more than it offers, no step that is not used, no replies that are not needed.

conn = connect()
for _, action in ipairs({SMFIF_ADDHDRS, SMFIF_CHGHDRS, SMFIF_ADDRCPT, SMFIF_DELRCPT, SMFIF_QUARANTINE}) do
    check("asks action " .. action, mt.test_action(conn, action))
end
check("leaves bodies alone", not mt.test_action(conn, SMFIF_CHGBODY))
check("leaves senders alone", not mt.test_action(conn, SMFIF_CHGFROM))
for _, step in ipairs({SMFIP_NR_CONN, SMFIP_NR_HELO, SMFIP_NR_MAIL, SMFIP_NR_HDR, SMFIP_NR_EOH,
                       SMFIP_NODATA, SMFIP_NOUNKNOWN, SMFIP_SKIP, SMFIP_RCPT_REJ, SMFIP_HDR_LEADSPC}) do
    check("asks step " .. step, mt.test_option(conn, step))
end
check("replies to recipients", not mt.test_option(conn, SMFIP_NR_RCPT))
check("replies to bodies", not mt.test_option(conn, SMFIP_NR_BODY))
mt.disconnect(conn)

conn = connect(ALL_ACTIONS, ALL_STEPS - SMFIP_SKIP)
check("without skip no reply to bodies", mt.test_option(conn, SMFIP_NR_BODY))
check("skip was not offered", not mt.test_option(conn, SMFIP_SKIP))
client(conn)
goes_on(conn, message(conn, {"accept@example.org"}))
mt.disconnect(conn)

-- of each bit alone, no more than that one is asked for
for bit = 0, 20 do
    local step = 2 ^ bit
    conn = connect(SMFIF_ADDHDRS, step)
    for other = 0, 20 do
        if other ~= bit then
            check("step " .. other .. " of " .. bit, not mt.test_option(conn, 2 ^ other))
        end
    end
    mt.disconnect(conn)
end
