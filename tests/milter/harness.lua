-- SPDX-License-Identifier: BSD-2-Clause
-- What the scripts of miltertest share; runs the one that $SCRIPT names. A script fails by error().

socket = "unix:" .. os.getenv("MILTER_SOCKET")
ALL_ACTIONS = 0x1ff
ALL_STEPS = 0x1fffff
HDR_LEADSPC = 0x100000
NR_BODY = 0x80000

function check(what, ok)
    if not ok then
        error(what, 2)
    end
end

-- A connection of an MTA that offers these actions and steps (all, if none are given).
function connect(actions, steps, version)
    local conn = mt.connect(socket, 20, 0.1)
    check("connects", conn ~= nil)
    -- the steps come before the actions, whatever miltertest's page says
    local failure = mt.negotiate(conn, version or 6, steps or ALL_STEPS, actions or ALL_ACTIONS)
    check("negotiates: " .. tostring(failure), failure == nil)
    return conn
end

function client(conn, host, ip, helo)
    check("conninfo", mt.conninfo(conn, host or "client.example.net", ip or "198.51.100.7") == nil)
    check("helo", mt.helo(conn, helo or "client.example.net") == nil)
end

-- The envelope and header of a message to rcpts (a list); extra: more fields, {name, value} each. Values have their leading space.
function header(conn, rcpts, extra)
    check("mail", mt.mailfrom(conn, "<sender@example.net>") == nil)
    for _, rcpt in ipairs(rcpts) do
        check("rcpt", mt.rcptto(conn, "<" .. rcpt .. ">") == nil)
    end
    check("from", mt.header(conn, "From", " Sender <sender@example.net>") == nil)
    check("subject", mt.header(conn, "Subject", " hello") == nil)
    for _, field in ipairs(extra or {}) do
        check(field[1], mt.header(conn, field[1], field[2]) == nil)
    end
    check("eoh", mt.eoh(conn) == nil)
end

function finish(conn)
    check("body", mt.bodystring(conn, "hello\r\n") == nil)
    check("eom", mt.eom(conn) == nil)
    return mt.getreply(conn)
end

function message(conn, rcpts, extra)
    header(conn, rcpts, extra)
    return finish(conn)
end

-- the word after key= in the X-Vouch field that was inserted
function verdict(conn, key)
    local value = mt.getheader(conn, "X-Vouch", 0)
    check("an X-Vouch field was inserted", value ~= nil)
    return string.match(value, key .. "=([^;%s]+)")
end

-- what every message that goes on must have
function goes_on(conn, reply)
    check("goes on, not " .. string.char(reply), reply == SMFIR_CONTINUE or reply == SMFIR_ACCEPT)
    check("Authentication-Results", mt.eom_check(conn, MT_HDRINSERT, "Authentication-Results"))
    check("X-Vouch", mt.eom_check(conn, MT_HDRINSERT, "X-Vouch"))
end

-- miltertest does not print why a script fails.
local fine, why = xpcall(dofile, debug.traceback, os.getenv("SCRIPT"))
if not fine then
    mt.echo(tostring(why))
    error("failed")
end
