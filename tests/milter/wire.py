#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""wire.py CASE: one case of what miltertest cannot say to vouch-milter, at the socket $MILTER_SOCKET."""
import os
import random
import re
import select
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.environ["VOUCH_SRCDIR"], "tests", "lib"))
from milterclient import ADDHDRS, ALL_ACTIONS, ALL_STEPS, SKIP, Client, Script, deleted, inserted  # noqa: E402

PATH = os.environ["MILTER_SOCKET"]


def goes_on(result):
    command, data, edits = result
    assert command in (b"c", b"a"), (command, data)
    assert inserted(edits, b"X-Vouch") and inserted(edits, b"Authentication-Results"), edits
    return edits


def order_of_edits():
    """Forged fields go from the highest index down, before anything is added; Authentication-Results comes topmost."""
    c = Client(PATH)
    c.connect()
    c.envelope()
    ours, theirs = b" mx.example.org; spf=pass", b" other.example; spf=pass"
    c.header([(b"Authentication-Results", ours), (b"X-Vouch", b" id=1"), (b"From", b" sender@example.net"),
              (b"Authentication-Results", theirs), (b"authentication-results", ours), (b"X-Vouch", b" id=2"),
              (b"Authentication-Results", b"\n\tmx.example.org 1;\n\tspf=pass")])
    c.body()
    edits = goes_on(c.end())
    gone = deleted(edits)
    by_name = {}
    for name, index in gone:
        by_name.setdefault(name.lower(), []).append(index)
    assert by_name == {"authentication-results": [4, 3, 1], "x-vouch": [2, 1]}, gone
    kinds = "".join(command.decode() for command, _ in edits)
    assert re.fullmatch("m+i+", kinds), kinds
    last = [data for command, data in edits if command == b"i"][-1]
    assert last.startswith(struct.pack("!I", 0) + b"Authentication-Results\0 mx.example.org"), last


def replies():
    c = Client(PATH)
    c.connect()
    c.envelope(rcpts=[b"<reject@example.org>"])
    c.header()
    c.body()
    command, data, edits = c.end()
    assert command == b"y" and not edits, (command, edits)
    assert re.fullmatch(rb"550 5\.7\.1 100%% refused \([0-9a-f-]{36}\)\0", data), data
    c.envelope(rcpts=[b"<tempfail@example.org>"])
    c.header()
    c.body()
    command, data, edits = c.end()
    assert command == b"y" and data.startswith(b"451 4.7.1 "), (command, data)


def huge_fields():
    c = Client(PATH)
    c.connect()
    many = [(b"X-Filler", b" %d" % i) for i in range(5000)]
    for fields in (
        [(b"X-Huge", b" " + b"x" * 60000)] * 20,
        [(b"X-Empty", b"")] * 10,
        [(b"X-Bytes", bytes(range(1, 256)))],
        [(b"X-Folded", b"\n\t" * 30000)],
        [(b"Received", b" from a (" + b"(" * 60000)],
        [(b"To", b" " + b"a@example.org, " * 4000)],
        [(b"From", b" " + b"a@example.org, " * 4000)],
        [(b"Subject", b" =?UTF-8?B?" + b"QUJD" * 15000 + b"?=")],
        [(b"DKIM-Signature", b" v=1; a=rsa-sha256; d=example.net; s=s; h=" + b"from:" * 12000 + b"; b=x; bh=x")] * 20,
        [(b"N" * 1000, b" x")],
        [(b"X-Vouch-" + b"N" * 900, b" x")],
        many,
    ):
        c.envelope()
        c.header([(b"From", b" sender@example.net")] + list(fields))
        c.body()
        goes_on(c.end())


def huge_envelopes():
    c = Client(PATH)
    c.connect()
    for rcpts in ([b"<accept+%s%d@example.org>" % (b"x" * 1900, i) for i in range(20)],
                  [b"<accept+%s%d@example.org>" % (b"x" * 200, i) for i in range(30000)],
                  [b"<\"" + b"\\\"" * 950 + b"\"@example.org>"] * 20):
        c.envelope(b"<" + b"s" * 2000 + b"@example.net>", rcpts)
        c.header()
        c.body()
        goes_on(c.end())


def client_families():
    for family, ip in ((b"L", b"/var/run/somewhere"), (b"U", b""), (b"6", b"IPv6:2001:db8::1"), (b"6", b"2001:db8::1"),
                       (b"6", b"::ffff:198.51.100.7")):
        c = Client(PATH)
        c.connect(b"localhost", ip, family)
        c.envelope()
        c.header()
        c.body()
        goes_on(c.end())
        c.close()


def out_of_order():
    """No recipient, no header, no body; a message without any; commands where none belong; a new connection on the old one."""
    c = Client(PATH)
    c.connect()
    c.envelope(rcpts=[])
    c.send(b"E")  # libmilter ignores an end that follows MAIL at once
    c.envelope()
    goes_on(c.end())
    c.envelope()
    c.header([])
    goes_on(c.end())
    c.send(b"A")
    c.send(b"A")
    c.send(b"U", b"NONSENSE\0")
    assert c.read()[0] == b"c"
    c.send(b"H", b"again.example.net\0")
    c.envelope()
    c.envelope(rcpts=[b"<reject@example.org>"])  # a second MAIL without an abort
    c.header()
    c.body()
    assert c.end()[0] == b"y"
    c.send(b"K")  # quit, and a new SMTP connection on this one, without negotiation
    c.connect()
    c.envelope()
    c.header()
    c.body()
    goes_on(c.end())
    c.close()
    c = Client(PATH, version=0)  # nothing negotiated
    c.send(b"M", b"<a@example.net>\0")
    c.close()
    for noise in (b"\xff\xff\xff\xff" * 10, b"\0\0\0\0", b"GET / HTTP/1.0\r\n\r\n"):
        c = Client(PATH, version=0)
        c.socket.sendall(noise)
        c.close()


def scripted(*bodies):
    """SMTP connections that follow each other on one to vouch-milter, each with a message."""
    script = Script()
    for number, body in enumerate(bodies):
        if number:
            script.send(b"K")
        script.connect(ip=b"198.51.100.%d" % (number + 1))
        script.envelope()
        script.header([(b"From", b" sender@example.net"), (b"X-Vouch", b" forged"), (b"X-Number", b" %d" % number)])
        for at in range(0, len(body), 65535):
            script.body(body[at:at + 65535])
        script.send(b"E")
    return script.sent


def judged_in_pieces(sent, messages, sizes):
    c = Client(PATH, steps=ALL_STEPS & ~SKIP)
    at = 0
    while at < len(sent):
        n = next(sizes)
        c.socket.sendall(sent[at:at + n])
        at += n
    for number in range(messages):
        assert c.read()[0] == b"c"  # the recipient
        edits = goes_on(c.answer())
        assert deleted(edits) == [("X-Vouch", 1)], (number, edits)
        address = "smtp.remote-ip=198.51.100.%d" % (number + 1)
        assert address in inserted(edits, b"Authentication-Results"), (address, edits)
    c.close()


def pieces():
    """However the MTA's bytes are cut, the packets are the same."""
    def always(n):
        while True:
            yield n

    def odd(seed):
        chance = random.Random(seed)
        while True:
            yield chance.choice((1, 2, 4, 5, 6, 100, 4096, 8191, 8192, 8193, 70000))

    bodies = [b"hello\r\n", b"x" * 100000 + b"\r\n", b"", b"y" * 8192]
    sent = scripted(*bodies)
    for sizes in [always(len(sent)), always(4096), always(8192)] + [odd(seed) for seed in range(20)]:
        judged_in_pieces(sent, len(bodies), sizes)
    judged_in_pieces(scripted(b"hello\r\n", b""), 2, always(1))
    for n in range(7700, 7960):  # ends of packets come to lie everywhere around the buffer's
        judged_in_pieces(scripted(b"z" * n, b"hello\r\n"), 2, always(1 << 20))


def broken_off():
    """A connection that ends with packets not looked at leaves nothing to the next one, which has its descriptor."""
    for nonsense in (b"\0\0\0\1?", b"\0\0\0\1Q"):
        for _ in range(20):
            c = Client(PATH)
            c.socket.sendall(nonsense + scripted(b"left over\r\n", b"and more"))
            try:
                while c.socket.recv(4096):
                    pass
            except ConnectionError:
                pass
            c.close()
            judged_in_pieces(scripted(b"hello\r\n"), 1, iter([1 << 20]))


DNS_DEADLINE = 1.5  # protocol.conf's; on a busy host anything may take a second


def end_all(clients):
    """Ends all messages at once; returns the seconds until each was answered."""
    started = time.monotonic()
    for c in clients:
        c.send(b"E")
    waiting = {c.socket: c for c in clients}
    took = {}
    while waiting:
        ready, _, _ = select.select(list(waiting), [], [], 10)
        assert ready, "no answer"
        for s in ready:
            command, data = waiting[s].read()
            if command in b"acrtdy":
                assert command in b"ca", (command, data)
                took[waiting.pop(s)] = time.monotonic() - started
            if b"Authentication-Results\0" in data:
                expected = b"spf=temperror" if b"never.example.net" in data else b"spf=fail"
                assert expected in data, data
    return took


def slow_names():
    """Messages of a domain whose DNS never answers come to their end together with others, in bursts. A pool of threads
    that starts a new one only when something arrives would let some of them wait for another's deadline."""
    slow = [Client(PATH) for _ in range(20)]
    quick = [Client(PATH) for _ in range(10)]
    for c in slow + quick:
        c.connect(b"client.example.net", b"203.0.113.9")
    worst_slow, worst_quick = [], []
    for _ in range(4):
        for c in slow:
            c.envelope(sender=b"<a@never.example.net>")
            c.header([(b"From", b" a@never.example.net")])
            c.body()
        for c in quick:
            c.envelope()
            c.header()
            c.body()
        took = end_all([c for pair in zip(slow, quick) for c in pair] + slow[len(quick):])
        worst_slow.append(max(took[c] for c in slow))
        worst_quick.append(max(took[c] for c in quick))
    print("slow ones ended within", *("%.3f" % s for s in worst_slow), "s, the others within", *("%.3f" % s for s in worst_quick), "s")
    typical = 1 if os.environ.get("VOUCH_SANITIZED") else 2  # and now and then longer
    assert sorted(worst_quick)[typical] < 0.9 * DNS_DEADLINE  # waiting for one other would take a whole one
    assert sorted(worst_slow)[typical] < 1.9 * DNS_DEADLINE


def slow_client():
    c = Client(PATH)
    c.connect(b"client.example.net", b"203.0.113.10")
    c.envelope(sender=b"<ceo@victim.example>")
    c.header([(b"From", b" ceo@victim.example")])
    c.body()
    results = inserted(goes_on(c.end()), b"Authentication-Results")
    assert "spf=fail" in results and "dmarc=fail" in results and "iprev=temperror" in results, results


def steps_offered_alone():
    for bit in range(21):
        c = Client(PATH, ADDHDRS, 1 << bit)
        assert c.steps & ~(1 << bit) == 0 and c.actions & ~ADDHDRS == 0, (bit, c.steps, c.actions)
        c.close()
    c = Client(PATH, ALL_ACTIONS, ALL_STEPS)
    assert c.actions & 0xC2 == 0, c.actions  # no CHGBODY, CHGFROM, ADDRCPT_PAR


globals()[sys.argv[1]]()
