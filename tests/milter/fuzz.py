#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""fuzz.py [SESSIONS [SEED]]: what no MTA says, at random, to vouch-milter at the socket $MILTER_SOCKET.

A session is a list of packets that an MTA could send, spoiled in a few places: left out, doubled, moved, of another
command, cut, grown, with a length that is not theirs, ended anywhere. Between them, and at the end, a proper message must be
judged as ever, also while connections stand open that never finish their packet. The same SEED says the same; only where a
session is cut because nobody reads it depends on how busy the machine is.

One thing is left out: macros without a value. libmilter 8.17 reads on behind the list of them (smfi_getsymval), and no filter
can know: it sees no list."""
import os
import random
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.environ["VOUCH_SRCDIR"], "tests", "lib"))
from milterclient import ALL_ACTIONS, ALL_STEPS, Client, inserted  # noqa: E402

PATH = os.environ["MILTER_SOCKET"]
COMMANDS = b"OCDHMRTLNBEAQKU\0\xff"
BURSTS = 25  # sessions between two proper messages
STALLED = 20  # connections that stand open in the middle of a packet


def packet(command, data=b""):
    return struct.pack("!I", len(data) + 1) + command + data


def bits(r, most):
    """Mostly what an MTA offers, sometimes anything."""
    return r.choice([most, most, most, 0, r.getrandbits(32), r.getrandbits(32) & most])


def noise(r, longest=200):
    return bytes(r.choice(b"\0\0\xff<>@;:,=\"'%\\[](). \r\n\tA1.") for _ in range(r.randrange(longest)))


def macros(r, stage):
    """Names and values, at times without braces, or with noise for names."""
    names = [b"i", b"{auth_authen}", b"{client_resolve}", b"{rcpt_mailer}", b"{tls_version}", b"", b"{", b"j", b"{x}" * 300]
    pairs = b"".join(r.choice(names) + b"\0" + r.choice([b"", b"error", b"4ABC", noise(r)]) + b"\0" for _ in range(r.randrange(5)))
    text = pairs if r.random() < 0.7 else pairs + noise(r, 9)
    return packet(b"D", stage + text + b"\0" * (text.count(0) % 2))


def address(r):
    return r.choice([b"<a@example.net>", b"<>", b"", b"<accept@example.org>", b"<reject@example.org>", b"<redirect@example.org>",
                     b"<hold@example.org>", b"<" + b"x" * r.randrange(3000) + b"@example.org>", noise(r)])


def header_field(r):
    name = r.choice([b"From", b"From ", b"Subject", b"Received", b"DKIM-Signature", b"X-Vouch", b"Authentication-Results", b"", noise(r, 20)])
    value = r.choice([b" a@example.net", b" mx.example.org; spf=pass", b" v=1; a=rsa-sha256; d=example.net; s=s; h=from; bh=; b=",
                      b" from a (b [192.0.2.1]) by c; 1 Jan 2026 00:00:00 +0000", noise(r), noise(r, 20) * r.randrange(2000)])
    return packet(b"L", r.choice([name + b"\0" + value + b"\0"] * 4 + [name + b"\0" + value, name + value, name, b"", b"\0", b"\0\0\0"]))


def connect(r):
    family = r.choice([b"4", b"4", b"6", b"L", b"U", b"?", b""])
    ip = r.choice([b"198.51.100.7", b"2001:db8::1", b"IPv6:::1", b"/run/x", b"", noise(r, 60)])
    return packet(b"C", b"client.example.net\0" + family + r.choice([struct.pack("!H", 25), b"", b"\0"]) + ip + r.choice([b"\0", b""]))


def proper(r):
    """The packets of a connection with one or two messages."""
    out = [packet(b"O", struct.pack("!III", r.choice([6, 6, 6, 2, 0, 7, 99]), bits(r, ALL_ACTIONS), bits(r, ALL_STEPS)))]
    out += [macros(r, b"C"), connect(r), packet(b"H", r.choice([b"client.example.net\0", noise(r), b""]))]
    for _ in range(r.randrange(1, 3)):
        out += [macros(r, b"M"), packet(b"M", address(r) + b"\0" + r.choice([b"", b"SIZE=1\0", b"BODY"]))]
        for _ in range(r.choice([0, 1, 2, 30])):
            out += [macros(r, b"R"), packet(b"R", address(r) + b"\0")]
        out.append(packet(b"T"))
        out += [header_field(r) for _ in range(r.choice([0, 1, 5, 150]))]
        out.append(packet(b"N"))
        out += [packet(b"B", noise(r) * r.choice([1, 1, 300])) for _ in range(r.randrange(4))]
        out += [macros(r, b"E"), packet(b"E", r.choice([b"", b"", b"the last bytes\r\n"]))]
    return out + [packet(r.choice([b"Q", b"K", b"A"]))]


def spoil(r, packets):
    for _ in range(r.randrange(5)):
        packets = [p for p in packets if len(p) > 4] or [packet(b"A")]
        i = r.randrange(len(packets))
        p = packets[i]
        how = r.randrange(8)
        if how == 0:
            del packets[i:i + r.randrange(1, 4)]
        elif how == 1:
            packets.insert(r.randrange(len(packets)), p)
        elif how == 2:
            packets[i] = p[:4] + bytes([r.choice(COMMANDS)]) + p[5:]
        elif how == 3:
            packets[i] = p[:r.randrange(len(p))]
        elif how == 4:
            packets[i] = struct.pack("!I", r.choice([0, 1, len(p), 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1])) + p[4:]
        elif how == 5:
            packets[i] = packet(p[4:5], p[5:] + noise(r) * r.choice([1, 200]))
        elif how == 6:
            packets.insert(i, packet(b"A"))
        else:
            at = r.randrange(4, len(p))
            packets[i] = p[:at] + bytes([r.randrange(256)]) + p[at + 1:]
    return packets


def taken_apart(text):
    """Commands and their data as libmilter finds them: a length is signed, and one below 1 is no error but a bare command."""
    at = 0
    while len(text) - at >= 5:
        n = max(1, struct.unpack_from("!i", text, at)[0])
        if n > 65536:
            return
        yield text[at + 4:at + 5], text[at + 5:at + 4 + n]
        at += 4 + n


def macros_have_values(text):
    """Whether libmilter finds a value for each macro in text, and so in each beginning of it."""
    return not any(command == b"D" and data[1:].count(0) % 2 for command, data in taken_apart(text))


def hostile(r):
    """One spoiled connection; what comes back is read now and then and means nothing."""
    packets = spoil(r, proper(r))
    while not macros_have_values(b"".join(packets)):
        packets = spoil(r, proper(r))
    to_its_end = r.random() < 0.5  # drawn here: how far sending comes must not change what is said next
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(0.02)
    s.connect(PATH)
    try:
        for p in packets:
            s.sendall(p)
        if to_its_end:
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
    except (BrokenPipeError, ConnectionResetError, TimeoutError):
        pass
    return s


def stall(r):
    """A connection that stops in the middle of a packet, and stays."""
    s = socket.socket(socket.AF_UNIX)
    s.connect(PATH)
    text = b"".join(proper(r))
    s.sendall(text[:r.randrange(1, 60)])
    return s


def judged():
    c = Client(PATH)
    c.connect()
    c.envelope()
    c.header()
    c.body()
    command, data, edits = c.end()
    assert command in b"ca", (command, data)
    assert inserted(edits, b"X-Vouch") and inserted(edits, b"Authentication-Results"), edits
    c.close()


def main():
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20260131
    r = random.Random(seed)
    stalled = [stall(r) for _ in range(STALLED)]
    for first in range(0, sessions, BURSTS):
        try:
            for s in [hostile(r) for _ in range(BURSTS)]:
                s.close()
            judged()
        except Exception:
            print(f"fuzz.py: seed {seed}, sessions {first} to {first + BURSTS - 1}:", file=sys.stderr)
            raise
    for s in stalled:
        s.close()
    judged()


main()
