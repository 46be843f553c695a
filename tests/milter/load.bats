#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: /usr/bin/python3
# More than vouch-milter takes, and peers that are slow or silent: what is too much is told, costs nothing that stays, and
# keeps nobody else from being judged.

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    mta_dns /dev/null
}

teardown() {
    mta_end
}

# daemon [LINE]...: one with these settings
daemon() {
    cat >"$MTA/vouch.conf" <<EOF
authserv_id = "mx.example.org"; store = "memory:";
dns: { servers = [ "127.0.0.1@$DNS_PORT" ]; };
log: { to = "stderr"; level = "info"; };
EOF
    printf '%s\n' "$@" >>"$MTA/vouch.conf"
    mta_milter
}

# python CODE: runs it with what a peer does, and a few words for it
python() {
    run timeout 120 $PYTHON - <<EOF
import os, select, socket, sys, time
sys.path.insert(0, "$LIB")
from milterclient import Client, deleted, inserted
PATH = os.environ["MILTER_SOCKET"]

def open_message(fields=((b"From", b" sender@example.net"), (b"X-Vouch", b" class=trusted"))):
    c = Client(PATH)
    c.connect()
    c.envelope()
    for name, value in fields:
        c.send(b"L", name + b"\0" + value + b"\0")
    return c

def end(c):
    c.send(b"N")
    c.body()
    command, data, edits = c.end()
    return command, inserted(edits, b"X-Vouch"), deleted(edits)

def judged(c):
    command, field, gone = end(c)
    assert command in b"ca" and "trust=" in field, (command, field)

def unjudged(c):
    command, field, gone = end(c)
    assert command in b"ca" and field == " class=unjudged; action=accept; reason=overload", (command, field)
    assert gone == [("X-Vouch", 1)], gone

def closed(c):
    """The other side ends the connection."""
    s = c.socket if isinstance(c, Client) else c
    s.settimeout(60)
    try:
        while s.recv(65536):
            pass
    except ConnectionError:
        pass

def status(name):
    for line in open("/proc/$MILTER_PID/status"):
        if line.startswith(name + ":"):
            return int(line.split()[1])
$1
EOF
    echo "$output"
    cat "$MTA/milter.log"
    [ "$status" -eq 0 ]
}

log_says() {
    grep -q -- "$1" "$MTA/milter.log"
}

@test "beyond limits.messages mail is accepted unjudged, says so, and bears nothing forged" {
    daemon 'limits: { messages = 3; };'
    python '
first = [open_message() for _ in range(3)]
second = [open_message() for _ in range(20)]
for c in second:
    unjudged(c)
for c in first:
    judged(c)
for c in second:  # on the same connection, and again: nothing is lost by and by
    c.envelope()
    judged(c)
'
    log_says 'overload: .* accepted unjudged'
    local told
    told=$(grep -c overload: "$MTA/milter.log")
    [ "$told" -ge 10 ] && [ "$told" -lt 20 ] # and 10 more are told of in a minute
}

@test "on_overload = tempfail defers each recipient" {
    daemon 'limits: { messages = 1; };' 'on_overload = "tempfail";'
    python '
first = open_message()
for _ in range(3):
    c = Client(PATH)
    c.connect()
    c.send(b"M", b"<sender@example.net>\0")
    for rcpt in (b"<a@example.org>", b"<b@example.org>"):
        c.send(b"R", rcpt + b"\0")
        command, data = c.read()
        assert command == b"y" and data.startswith(b"451 4.3.2 "), (command, data)
    c.send(b"A")
judged(first)
c.envelope()
judged(c)
'
    log_says 'overload: .* deferred unjudged'
}

@test "beyond limits.connections too" {
    daemon 'limits: { connections = 3; };'
    python '
idle = [open_message() for _ in range(3)]
c = Client(PATH)
c.connect()
c.envelope()
c.send(b"L", b"X-Vouch\0 forged\0")
unjudged(c)
idle.pop().close()
end_at = time.monotonic() + 30
while True:
    c.envelope()
    command, field, gone = end(c)
    if "trust=" in field:
        break
    assert time.monotonic() < end_at
'
}

@test "many messages with large headers hold no more than limits.memory, and small ones are judged all the while" {
    [ -r /proc/self/status ] || skip "no /proc"
    nm "$VOUCH_BUILDDIR/vouch-milter" 2>/dev/null | grep -qE '__(a|t)san_init' && skip "sanitizers use memory of their own"
    daemon 'limits: { memory = "8M"; messages = 2000; };'
    python '
small = [open_message() for _ in range(20)]
before = status("VmRSS")
large = [open_message([(b"X-Large-%d" % i, b" " + b"x" * 8000) for i in range(30)]) for _ in range(300)]
for c in large:  # the daemon has read all that was sent when it answers
    c.send(b"N")
    c.body()
after = status("VmRSS")
print("300 headers of 240 KB: %d KiB resident before, %d KiB with them" % (before, after))
assert after - before < 40 * 1024, (before, after)
for c in small:
    judged(c)
fates = [inserted(c.end()[2], b"X-Vouch") for c in large]
lost = sum("overload" in f for f in fates)
print("%d of them unjudged" % lost)
assert 0 < lost < 300
judged(open_message())
'
    log_says 'overload:'
}

@test "real load: 300 clients at once, each with ten messages, and a cap of 100: each is answered" {
    daemon 'limits: { messages = 100; };'
    python '
import threading
fates, lock = {}, threading.Lock()
def work():
    c = Client(PATH)
    c.connect()
    for _ in range(10):
        c.envelope()
        c.send(b"L", b"X-Vouch\0 forged\0")
        command, field, gone = end(c)
        assert command in b"ca" and gone == [("X-Vouch", 1)], (command, gone)
        with lock:
            fates["trust=" in field] = fates.get("trust=" in field, 0) + 1
    c.close()
threads = [threading.Thread(target=work) for _ in range(300)]
for t in threads: t.start()
for t in threads: t.join()
print(fates)
assert sum(fates.values()) == 3000 and fates.get(True, 0) >= 100
judged(open_message())
'
}

@test "half a packet, and one that comes byte by byte, end with milter.packet_timeout" {
    daemon 'milter: { packet_timeout = "500ms"; };'
    python '
import struct, threading
def begun(text):
    c = Client(PATH)
    c.connect()
    c.socket.sendall(text)
    return c
half = [begun(b"\0\0"), begun(struct.pack("!I", 100) + b"M<a@exa"), begun(struct.pack("!I", 65000))]
drip = begun(struct.pack("!I", 60000) + b"M")
stop = threading.Event()
def trickle():
    while not stop.wait(0.05):
        try:
            drip.socket.sendall(b"x")
        except OSError:
            return
t = threading.Thread(target=trickle)
t.start()
for c in half + [drip]:
    closed(c)
stop.set()
t.join()
judged(open_message())
'
    [ "$(grep -c 'a packet is not complete' "$MTA/milter.log")" -ge 4 ]
}

@test "one that does not take our answers ends too" {
    daemon 'milter: { packet_timeout = "500ms"; };'
    python '
c = Client(PATH)
c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
c.connect()
c.send(b"M", b"<a@example.net>\0")
fields = b"".join(b"\0\0\0\x0bLX-Vouch\0x\0" for _ in range(900))
c.socket.settimeout(60)
try:
    while True:  # each message has 900 edits for an answer, which nobody reads
        c.socket.sendall(b"\0\0\0\x05M<>\0\0" + b"\0\0\0\x05R<>\0\0" + fields + b"\0\0\0\x01N\0\0\0\x01E")
except ConnectionError:
    pass
judged(open_message())
'
    log_says 'not taken, in time'
}

@test "a silent connection, one that never said anything, and a message without end, end with milter.idle_timeout" {
    daemon 'milter: { idle_timeout = "3s"; };'
    python '
never = socket.socket(socket.AF_UNIX)
never.connect(PATH)
silent = Client(PATH)
silent.connect()
held = open_message()
endless = open_message()
try:
    while True:
        endless.send(b"L", b"X-More\0 and more\0")
        time.sleep(0.05)
except OSError:
    pass
for c in (never, silent, held):
    closed(c)
judged(open_message())
'
    log_says 'it is silent'
    log_says 'its message does not end'
}

@test "a pause between packets ends nothing; a reload's timeouts hold for connections that are open" {
    daemon 'milter: { packet_timeout = "500ms"; };' 'metrics: { listen = "unix:'"$MTA/run/metrics.sock"'"; };'
    python '
import signal
c = Client(PATH)
silent = Client(PATH)
silent.connect()
for step in c.connect, c.envelope, c.header, c.body:
    step()
    time.sleep(0.7)  # longer than a packet may take
assert c.end()[0] in b"ca"
conf = "'"$MTA"'/vouch.conf"
text = open(conf).read().replace("500ms\";", "500ms\"; idle_timeout = \"1s\";")
open(conf, "w").write(text)
os.kill('"$MILTER_PID"', signal.SIGUSR1)
for s in silent, c:
    closed(s)
http = socket.socket(socket.AF_UNIX)
http.connect("'"$MTA"'/run/metrics.sock")
http.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
page = b"".join(iter(lambda: http.recv(65536), b""))
assert int(page.split(b"\nvouch_connection_timeouts_total ")[1].split()[0]) == 2, page  # not those that told of no client
'
}

# what a thousand probes of all kinds leave behind at one of the daemon's sockets: address is (family, where)
PROBES='
import struct
def files():
    return len(os.listdir("/proc/%d/fd" % PID))
def probe(how):
    s = socket.socket(address[0])
    s.connect(address[1])
    if how == 1:  # has read the end of it
        s.shutdown(socket.SHUT_WR)
        s.recv(1)
    elif how == 2:  # by a reset
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif how == 3:
        s.sendall(b"OPTIONS / HTTP/1.0\r\n\r\n")
    elif how == 4:
        s.sendall(b"\r\n")
    return s
probe(0).close()
before = files()
held = [probe(0) for _ in range(50)]  # more than limits.connections: they are none
for i in range(1000):
    probe(i % 5).close()
def nothing_stays():
    for s in held:
        s.close()
    end_at = time.monotonic() + 30
    while files() > before + 5:  # the journal, DNS
        assert time.monotonic() < end_at, (before, files())
        time.sleep(0.01)
'

@test "a probe is no error, and takes no place of limits.connections" {
    daemon 'limits: { connections = 1; };'
    python "PID = $MILTER_PID
address = socket.AF_UNIX, PATH
$PROBES"'
held += [Client(PATH).socket for _ in range(5)]  # these say what they can, and no more
judged(open_message())
nothing_stays()
'
    [ "$(sed '1,/ listens on /d' "$MTA/milter.log" | grep -vc NOQUEUE)" -eq 0 ]
}

@test "nor is one by TCP" {
    daemon
    mta_stop milter
    port=$(mta_free_port)
    "$VOUCH_BUILDDIR/vouch-milter" -f -c "$MTA/vouch.conf" -s "inet:$port@127.0.0.1" \
        2>"$MTA/milter.log" 3>&- </dev/null &
    echo $! >"$MTA/milter.pid"
    mta_until log_says ' listens on '
    python "PID = $(cat "$MTA/milter.pid")
address = socket.AF_INET, ('127.0.0.1', $port)
$PROBES
nothing_stays()"
    [ "$(sed '1,/ listens on /d' "$MTA/milter.log" | grep -c .)" -eq 0 ]
}

@test "while no DNS server answers nobody waits long, and when one does again it is believed" {
    DNS_PORT=$(mta_free_port)
    daemon 'deadlines: { message = "10s"; dns = "8s"; };'
    python '
import struct, threading
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(os.environ["DNS_PORT"])))  # and says nothing
c = Client(PATH)
c.connect(b"client.example.net", b"203.0.113.9")
def one(i):
    c.envelope(b"<a@d%d.example.net>" % i)
    return end(c)[1]
def log_says(text):
    return text in open(os.environ["MTA"] + "/milter.log").read()
i = 0
while not log_says("no DNS server answers"):
    one(i)
    i += 1
    assert i < 50
began = time.monotonic()
for _ in range(20):  # would wait for 160 seconds
    i += 1
    one(i)
assert time.monotonic() - began < 60
def answer():
    while True:
        question, peer = server.recvfrom(4096)
        server.sendto(question[:2] + b"\x81\x83" + question[4:6] + bytes(6) + question[12:].split(b"\0\0\x29")[0], peer)
threading.Thread(target=answer, daemon=True).start()
end_at = time.monotonic() + 60
while not log_says("DNS answers again"):
    i += 1
    one(i)
    assert time.monotonic() < end_at
'
}

@test "hashes of a huge body take half of deadlines.message at most: the signatures left are temperror, the message is judged" {
    daemon 'deadlines: { message = "100ms"; };'
    python '
sys.path.insert(0, os.path.join(os.environ["VOUCH_SRCDIR"], "tests", "milter"))
from hostile import CASES, CHUNK
fields, body = CASES["signatures-and-a-huge-body"]()
c = Client(PATH)
c.connect()
c.envelope()
c.header(fields)
sent = 0
for at in range(0, len(body), CHUNK):
    sent += 1
    if c.body(body[at:at + CHUNK]) == b"s":
        break
print("%d of %d chunks were wanted" % (sent, len(body) // CHUNK))
assert sent < len(body) // CHUNK
results = inserted(c.end()[2], b"Authentication-Results")
assert "dkim=temperror" in results and "no time was left" in results, results
'
}
