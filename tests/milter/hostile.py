#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""hostile.py CASE: one kind of message that nobody sends in good faith, to vouch-milter at the socket $MILTER_SOCKET, $HOSTILE_TIMES (10) times.

Prints what it cost: CPU of the daemon, and how much more memory is resident afterwards. The message
must be judged, and so must an ordinary one after it. Bounds are generous: what they catch is something that grows with the
square of what a sender writes, or stays."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["VOUCH_SRCDIR"], "tests", "lib"))
from milterclient import Client, inserted  # noqa: E402

PATH, PID = os.environ["MILTER_SOCKET"], int(os.environ["MILTER_PID"])
TIMES = int(os.environ.get("HOSTILE_TIMES", "10"))
CPU_MAX = float(os.environ.get("HOSTILE_CPU_MAX", "20"))  # seconds for all of them
GROWTH_MAX = int(os.environ.get("HOSTILE_GROWTH_MAX", "24576"))  # KiB
STACK_KIB = 512  # process.c
STACK_MAX = int(os.environ.get("HOSTILE_STACK_MAX", STACK_KIB // 2))
CHUNK = 65535

SIGNATURE = (b" v=1; a=rsa-sha256; c=%s; d=example.net; s=s%d; h=from:subject; l=%d;\n\tbh=%s=;\n\tb=%s")
FROM = (b"From", b" sender@example.net")


def signatures(n):
    """All with keys of their own, and hashes of nearly all of any body."""
    return [(b"DKIM-Signature", SIGNATURE % ((b"relaxed/relaxed", b"simple/simple")[i % 2], i, 1000000000 + i, b"A" * 43, b"QUJD" * 86))
            for i in range(n)]


def lines(total, line=b"x" * 76 + b"\r\n"):
    return line * (total // len(line))


def mime(depth):
    text = b""
    for i in range(depth):
        text += b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1)
    return text


# name: makes (header fields, body); some are large
CASES = {
    "10000-fields": lambda: ([FROM] + [(b"X-Filler-%d" % i, b" value") for i in range(10000)], b"x\r\n"),
    "10000-equal-fields": lambda: ([FROM] + [(b"X", b"")] * 10000, b"x\r\n"),
    "1MB-field": lambda: ([FROM, (b"X-Large", b" " + b"x" * 65000)] + [(b"X-Large", b" " + b"y" * 65000)] * 16, b"x\r\n"),
    "1MB-folds": lambda: ([FROM] + [(b"Subject", b"\n\t" * 32000)] * 16, b"x\r\n"),
    "1000-signatures": lambda: ([FROM] + signatures(1000), lines(100000)),
    "signatures-and-a-huge-body": lambda: ([FROM] + signatures(8), lines(48 << 20)),
    "500-hops": lambda: ([(b"Received", b" from h%d.example (h%d.example [192.0.2.%d])\n\tby h%d.example with ESMTP id %d;\n\tThu, 1 Jan 2026 00:00:%02d +0000"
                   % (i, i, i % 250 + 1, i + 1, i, i % 60)) for i in range(500)] + [FROM], b"x\r\n"),
    "brackets": lambda: ([FROM, (b"Received", b" from " + b"(" * 60000), (b"To", b" " + b"(" * 60000), (b"Cc", b" " + b"\"" * 60001)], b"x\r\n"),
    "addresses": lambda: ([(b"From", b" " + b"a@example.org, " * 4000), (b"To", b" " + b"\"x\" <b@example.org>, " * 3000)], b"x\r\n"),
    "encoded-words": lambda: ([FROM] + [(b"Subject", b" " + b"=?UTF-8?Q?=C3=A9?= " * 3000), (b"From", b" " + b"=?utf-7?B?QUJD?=" * 3000)], b"x\r\n"),
    "bare-CR-and-LF": lambda: ([FROM, (b"X-CR", b" a\rb\r\rc\n\td"), (b"Subject", b" \r\rX-Vouch: forged")], b"\r\n.\r\n\n\r" * 50000),
    "8-bit-and-controls": lambda: ([(b"From", bytes(range(1, 256)) + b"@example.net"), (b"Subject", bytes(range(1, 256)) * 200),
                            (bytes(range(33, 58)) + b"\xff", b" x")], bytes(range(256)) * 4000),
    "NULs": lambda: ([FROM, (b"X-Nul", b" a")], b"\0" * 2000000),
    "endless-line": lambda: ([FROM] + signatures(2), b"x" * (16 << 20)),
    "spaces": lambda: ([FROM] + signatures(2), b" " * (8 << 20)),
    "empty-lines": lambda: ([FROM] + signatures(2), b"\r\n" * (4 << 20)),
    "deep-MIME": lambda: ([FROM, (b"Content-Type", b" multipart/mixed; boundary=b0")], mime(20000)),
    "huge-body": lambda: ([FROM], lines(96 << 20)),
    "forged-fields": lambda: ([FROM] + [(b"X-Vouch-%d" % i, b" x") for i in range(900)] + [(b"Authentication-Results", b" mx.example.org; x")] * 90, b"x\r\n"),
    "30000-recipients": lambda: ([FROM], b"x\r\n"),
}


def say(c, name, fields, body):
    rcpts = [b"<accept+%d@example.org>" % i for i in range(30000 if name == "30000-recipients" else 1)]
    c.envelope(b"<sender@example.net>", rcpts)
    c.header(fields)
    for at in range(0, len(body), CHUNK):
        if c.body(body[at:at + CHUNK]) == b"s":
            break
    command, data, edits = c.end()
    assert command in b"cay", (name, command, data)
    assert inserted(edits, b"X-Vouch"), (name, edits[:3])


def usage():
    with open("/proc/%d/stat" % PID) as f:
        fields = f.read().rpartition(")")[2].split()
    with open("/proc/%d/status" % PID) as f:
        rss, = [int(line.split()[1]) for line in f if line.startswith("VmRSS:")]
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), rss


def deepest_stack():
    """KiB resident of the thread stack with most: a mapping without a name and of a stack's size."""
    most, size, named = 0, 0, True
    with open("/proc/%d/smaps" % PID) as f:
        for line in f:
            head = line.split()
            if not head[0].endswith(":"):
                low, high = (int(x, 16) for x in head[0].split("-"))
                size, named = (high - low) // 1024, len(head) > 5
            elif head[0] == "Rss:" and not named and size == STACK_KIB:
                most = max(most, int(head[1]))
    return most


def main(name):
    c = Client(PATH)
    c.connect(b"client.example.net", b"198.51.100.7")
    message = CASES[name]()
    say(c, name, *message)  # what is made once is made
    cpu, rss = usage()
    for _ in range(TIMES):
        say(c, name, *message)
    spent, after = usage()
    print("%-28s %8.1f ms of CPU a message, %6d KiB more after %d of them, stack %d KiB"
          % (name, 1000 * (spent - cpu) / TIMES, after - rss, TIMES, deepest_stack()))
    assert spent - cpu < CPU_MAX, spent - cpu
    assert after - rss < GROWTH_MAX, (rss, after)
    assert deepest_stack() <= STACK_MAX, deepest_stack()
    other = Client(PATH)
    other.connect()
    other.envelope()
    other.header()
    other.body()
    command, data, edits = other.end()
    assert command in b"ca" and "trust=" in inserted(edits, b"X-Vouch"), (command, edits)


if __name__ == "__main__":
    for each in CASES if sys.argv[1] == "all" else sys.argv[1:]:
        main(each)
