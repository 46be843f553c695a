# SPDX-License-Identifier: BSD-2-Clause
"""The MTA's side of the milter protocol, for tests: it can say what no MTA would.

A Client is one connection. What it sends it does not check; what comes back is a list of (command, bytes)."""
import socket
import struct

ADDHDRS, CHGHDRS, ADDRCPT, DELRCPT, QUARANTINE = 1, 0x10, 4, 8, 0x20
ALL_ACTIONS, ALL_STEPS = 0x1FF, 0x1FFFFF
NR_RCPT, NR_BODY, SKIP = 0x8000, 0x80000, 0x400
FINAL = b"acrtdyfs4"  # accept, continue, reject, tempfail, discard, reply code, conn_fail, skip, shutdown


class Client:
    def __init__(self, path, actions=ALL_ACTIONS, steps=ALL_STEPS, version=6):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.steps = 0
        if version:
            self.send(b"O", struct.pack("!III", version, actions, steps))
            command, data = self.read()
            assert command == b"O", command
            self.actions, self.steps = struct.unpack("!II", data[4:12])

    def close(self):
        self.socket.close()

    def send(self, command, data=b""):
        self.socket.sendall(struct.pack("!I", len(data) + 1) + command + data)

    def bytes(self, n):
        got = b""
        while len(got) < n:
            part = self.socket.recv(n - len(got))
            if not part:
                raise EOFError("vouch-milter closed the connection")
            got += part
        return got

    def read(self):
        (n,) = struct.unpack("!I", self.bytes(4))
        packet = self.bytes(n)
        return packet[:1], packet[1:]

    def connect(self, name=b"client.example.net", ip=b"198.51.100.7", family=b"4", port=1234):
        rest = struct.pack("!H", port) + ip + b"\0" if family in (b"4", b"6", b"L") else b""
        self.send(b"C", name + b"\0" + family + rest)
        self.send(b"H", name + b"\0")

    def macro(self, stage, *pairs):
        self.send(b"D", stage + b"".join(p + b"\0" for p in pairs))

    def envelope(self, sender=b"<sender@example.net>", rcpts=(b"<accept@example.org>",)):
        self.send(b"M", sender + b"\0")
        for at in range(0, len(rcpts), 100):  # not each on its own: on a busy host a turn is long in coming
            some = rcpts[at:at + 100]
            for rcpt in some:
                self.send(b"R", rcpt + b"\0")
            if not self.steps & NR_RCPT:
                assert all(self.read()[0] == b"c" for _ in some)

    def header(self, fields=((b"From", b" sender@example.net"), (b"Subject", b" hello"))):
        for name, value in fields:
            self.send(b"L", name + b"\0" + value + b"\0")
        self.send(b"N")

    def body(self, chunk=b"hello\r\n"):
        self.send(b"B", chunk)
        return b"c" if self.steps & NR_BODY else self.read()[0]

    def end(self, queue_id=None):
        """Ends the message; returns (final command, its bytes, the edits before it)."""
        if queue_id:
            self.macro(b"E", b"i", queue_id)
        self.send(b"E")
        return self.answer()

    def answer(self):
        edits = []
        while True:
            command, data = self.read()
            if command in [bytes([c]) for c in FINAL]:
                return command, data, edits
            edits.append((command, data))


class Script(Client):
    """What a Client would send, to be sent in other pieces: in .sent. Nothing is answered."""
    def __init__(self):
        self.sent, self.steps = b"", NR_RCPT | NR_BODY

    def send(self, command, data=b""):
        self.sent += struct.pack("!I", len(data) + 1) + command + data


def inserted(edits, name):
    """The value of the field of that name that was inserted, or None."""
    for command, data in edits:
        if command == b"i":
            field, value = data[4:].split(b"\0")[:2]
            if field == name:
                return value.decode()
    return None


def deleted(edits):
    """(name, index) of each field that was deleted, in order."""
    gone = []
    for command, data in edits:
        if command == b"m":
            name, value = data[4:].split(b"\0")[:2]
            if not value:
                gone.append((name.decode(), struct.unpack("!I", data[:4])[0]))
    return gone
