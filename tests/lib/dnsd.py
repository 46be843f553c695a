#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A small DNS server for tests: UDP and TCP on one loopback port; standard library only.

    dnsd.py [--port N] [--port-file FILE] [--log FILE] [--all BEHAVIOUR] [--stay] [FILE...]

prints "port N" on standard output, answers until standard input closes or SIGTERM comes (--stay:
SIGTERM only, for shells whose background jobs have no standard input), then exits 0.

FILE is a zone in master format (RFC 1035 s5: $ORIGIN, $TTL, parentheses, quotes, \\DDD; types A AAAA
CNAME MX NS PTR SOA SPF TXT and TYPEnnn with \\# data; RRSIGs, TYPE46, go with what they sign to
those who set the DO bit), or, ending in .json, the `zonedata' object of
the openspf suites: {"name": [{"TXT": "text" or ["part", "part"]}, {"MX": [10, "host"]}, "TIMEOUT"]}. There
an SPF record stands for a TXT record too unless the name has TXT of its own ("NONE": none), a bare
"TIMEOUT" is every type that the name does not list, and {"TXT": "TIMEOUT"} that type.

A name that lies below no name of the zone is NXDOMAIN; a name with other types or with names below it
is NODATA. CNAMEs are followed, wildcards follow RFC 4592. Answers over the size the client takes
are truncated.

How a name misbehaves is said in comments, so that the file stays a zone file; NAME may be a wildcard
"*.x." (any name below x.), TYPE may be ANY:

    ;! NAME TYPE BEHAVIOUR

    late MS        the answer comes MS milliseconds late
    timeout        no answer, ever
    drop N         the first N questions get no answer
    servfail  refused  formerr  notimp  nxdomain  nodata
    tc             truncated by UDP, whole by TCP
    tc-close       truncated by UDP; TCP closes without an answer
    tc-garbage     truncated by UDP; TCP answers noise
    tc-timeout     truncated by UDP; TCP never answers
    cut            the packet ends in the middle of its last record, with no TC bit
    rdlength N     the last record's RDLENGTH is N too large
    counts N       ANCOUNT is N too large
    garbage        the right id and then noise
    wrongid        an id that was not asked
    wrongname      answers another question

--all BEHAVIOUR does it to every name. Lines on standard input, each answered by one line (list: more):

    count [NAME [TYPE]]         "count N": questions so far
    list                        "NAME TYPE udp|tcp" for each question since the last reset, then "end"
    reset                       forget them: "ok"
    behave NAME TYPE BEHAVIOUR  "ok"
    load FILE                   the zone is now this: "ok"
"""
import argparse
import heapq
import ipaddress
import json
import os
import re
import selectors
import signal
import socket
import struct
import sys
import threading
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28,
         "SPF": 99, "ANY": 255}
NAMES = {number: name for name, number in TYPES.items()}
RCODES = {"formerr": 1, "servfail": 2, "nxdomain": 3, "notimp": 4, "refused": 5}
TTL = 300


class ZoneError(Exception):
    pass


def type_number(text):
    text = text.upper()
    if text in TYPES:
        return TYPES[text]
    match = re.fullmatch(r"TYPE(\d+)", text)
    if not match:
        raise ZoneError(f"unknown type {text}")
    return int(match[1])


def labels_of(text):
    """The labels of a name in presentation form, as lower-case bytes."""
    labels, label = [], bytearray()
    text = text.encode("latin-1", "replace") if isinstance(text, str) else text
    i = 1 if text == b"." else 0
    while i < len(text):
        c = text[i:i + 1]
        if c == b"\\" and text[i + 1:i + 4].isdigit():
            label.append(int(text[i + 1:i + 4]) & 255)
            i += 3
        elif c == b"\\":
            label += text[i + 1:i + 2]
            i += 1
        elif c == b".":
            labels.append(bytes(label).lower())
            label = bytearray()
        else:
            label += c
        i += 1
    if label:
        labels.append(bytes(label).lower())
    return tuple(labels)


def wire_name(labels):
    return b"".join(bytes([min(len(x), 63)]) + x[:63] for x in labels) + b"\0"


def text_name(labels):
    return b".".join(labels).decode("latin-1") + "."


def unescape(token):
    out, i = bytearray(), 0
    data = token.encode("latin-1", "replace") if isinstance(token, str) else token
    while i < len(data):
        if data[i] == 0x5c and data[i + 1:i + 4].isdigit():
            out.append(int(data[i + 1:i + 4]) & 255)
            i += 4
            continue
        if data[i] == 0x5c:
            i += 1
        out += data[i:i + 1]
        i += 1
    return bytes(out)


def strings(parts):
    """character-strings; a part over 255 bytes becomes several"""
    out = bytearray()
    for part in parts:
        for i in range(0, max(len(part), 1), 255):
            piece = part[i:i + 255]
            out += bytes([len(piece)]) + piece
    return bytes(out)


class Zone:
    def __init__(self):
        self.records = {}       # labels -> {type: [(ttl, rdata)]}
        self.exists = {()}      # every name with records at or below it
        self.behaviours = {}    # (labels, type) -> [word, argument]

    def add(self, labels, rtype, rdata, ttl=TTL):
        rrset = self.records.setdefault(labels, {}).setdefault(rtype, [])
        if rdata is not None:
            rrset.append((ttl, rdata))
        for i in range(len(labels) + 1):
            self.exists.add(labels[i:])

    def behave(self, name, rtype, words):
        if not words:
            raise ZoneError(f"{name}: no behaviour given")
        word, argument = words[0], int(words[1]) if len(words) > 1 else 0
        self.behaviours[(labels_of(name), type_number(rtype))] = [word, argument]

    def behaviour(self, labels, rtype):
        for i in range(len(labels) + 1):
            name = labels if i == 0 else (b"*",) + labels[i:]
            for t in (rtype, 255):
                if (name, t) in self.behaviours:
                    return self.behaviours[(name, t)]
        return None

    def load(self, path):
        if path.endswith(".json"):
            with open(path, encoding="utf-8") as f:
                self.load_openspf(json.load(f))
        else:
            with open(path, encoding="latin-1") as f:
                self.load_master(path, f.read())
        return self

    # openspf form

    def load_openspf(self, data):
        for name, entries in data.items():
            labels = labels_of(name)
            types = {t for e in entries if isinstance(e, dict) for t in e}
            silent = {t for e in entries if isinstance(e, dict) for t in e if e[t] == "NONE"}
            for entry in entries:
                if entry == "TIMEOUT":
                    self.behaviours[(labels, 255)] = ["timeout", 0]
                    for t in (types | ({"TXT"} if "SPF" in types else set())) - silent:
                        self.behaviours.setdefault((labels, TYPES[t]), ["answer", 0])
                    self.add(labels, 255, None)
                    continue
                for rtype, value in entry.items():
                    for t in [rtype, "TXT"] if rtype == "SPF" and "TXT" not in types else [rtype]:
                        self.add_openspf(labels, t, value)

    def add_openspf(self, labels, rtype, value):
        if value == "TIMEOUT":
            self.behaviours[(labels, TYPES[rtype])] = ["timeout", 0]
            self.add(labels, 255, None)
        elif value == "NONE":
            self.add(labels, 255, None)
        elif rtype in ("TXT", "SPF"):
            parts = value if isinstance(value, list) else [value]
            self.add(labels, TYPES[rtype], strings([p.encode("utf-8") for p in parts]))
        elif rtype == "MX":
            self.add(labels, 15, struct.pack("!H", int(value[0])) + wire_name(labels_of(value[1])))
        elif rtype in ("A", "AAAA"):
            self.add(labels, TYPES[rtype], ipaddress.ip_address(value).packed)
        else:
            self.add(labels, TYPES[rtype], wire_name(labels_of(value)))

    # master format

    def load_master(self, path, text):
        origin, ttl, owner = (), TTL, None
        for number, blank, tokens in master_lines(text):
            try:
                if tokens[0] == ";!":
                    self.behave(tokens[1], tokens[2], tokens[3:])
                elif tokens[0].upper() == "$ORIGIN":
                    origin = labels_of(tokens[1])
                elif tokens[0].upper() == "$TTL":
                    ttl = int(tokens[1])
                else:
                    owner = self.record(tokens, blank, owner, origin, ttl)
            except (ZoneError, ValueError, IndexError) as e:
                raise ZoneError(f"{path}:{number}: {e}") from e

    def record(self, tokens, blank, owner, origin, ttl):
        def absolute(t):
            if t == "@":
                return origin
            return labels_of(t) if t.endswith(".") else labels_of(t) + origin

        if not blank:
            owner = absolute(tokens.pop(0))
        while tokens[0].isdigit() or tokens[0].upper() == "IN":
            word = tokens.pop(0)
            ttl = int(word) if word.isdigit() else ttl
        rtype, *rest = tokens
        number = type_number(rtype)
        if rest and rest[0] == "\\#":
            rdata = bytes.fromhex("".join(rest[2:]))
        elif number in (1, 28):
            rdata = ipaddress.ip_address(rest[0]).packed
        elif number in (2, 5, 12):
            rdata = wire_name(absolute(rest[0]))
        elif number == 15:
            rdata = struct.pack("!H", int(rest[0])) + wire_name(absolute(rest[1]))
        elif number in (16, 99):
            rdata = strings([unescape(t) for t in rest])
        elif number == 6:
            rdata = (wire_name(absolute(rest[0])) + wire_name(absolute(rest[1])) +
                     struct.pack("!5L", *map(int, rest[2:7])))
        else:
            raise ZoneError(f"type {rtype} needs \\# data")
        self.add(owner, number, rdata, ttl)
        return owner

    # answering

    def find(self, labels):
        """The rrsets that answer for a name, by RFC 4592; None: NXDOMAIN."""
        if labels in self.exists:
            return self.records.get(labels, {})
        for i in range(1, len(labels) + 1):
            if labels[i:] in self.exists:
                return self.records.get((b"*",) + labels[i:])
        return None

    def resolve(self, labels, rtype, signed):
        """(rcode, [(owner, type, ttl, rdata)])"""
        answer = []
        for _ in range(32):
            rrsets = self.find(labels)
            if rrsets is None:
                return 3, answer
            found = 5 if 5 in rrsets and rtype != 5 else rtype
            answer += [(labels, found, ttl, rdata) for ttl, rdata in rrsets.get(found, [])]
            if signed and rtype != 46:
                answer += [(labels, 46, ttl, rdata) for ttl, rdata in rrsets.get(46, [])
                           if rdata[:2] == struct.pack("!H", found)]
            if found == rtype:
                break
            labels = wire_labels(rrsets[5][0][1])
        return 0, answer


def wire_labels(data):
    labels, i = [], 0
    while data[i]:
        labels.append(bytes(data[i + 1:i + 1 + data[i]]).lower())
        i += 1 + data[i]
    return tuple(labels)


def master_lines(text):
    """(line number, owner is blank, tokens) for each entry; ";!" comments are entries too."""
    tokens, depth, start, blank = [], 0, 0, False
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped.startswith(";!"):
            yield number, False, [";!"] + stripped[2:].split()
            continue
        if not tokens:
            start, blank = number, line[:1] in (" ", "\t")
        for quoted, plain, paren, comment in re.findall(
                r'"((?:[^"\\]|\\.)*)"|((?:[^\s"();\\]|\\.)+)|([()])|(;.*)', line):
            if comment:
                break
            if paren:
                depth += 1 if paren == "(" else -1
            else:
                tokens.append(plain or quoted)
        if tokens and depth <= 0:
            yield start, blank, tokens
            tokens, depth = [], 0


class Server:
    def __init__(self, zone, everything, log):
        self.zone, self.all, self.log = zone, everything, log
        self.lock = threading.Lock()
        self.asked = []
        self.later = []         # heap of (time, sequence, packet, address)
        self.sequence = 0

    def note(self, labels, rtype, how):
        line = f"{text_name(labels)} {NAMES.get(rtype, 'TYPE%d' % rtype)} {how}"
        with self.lock:
            self.asked.append(line)
            if self.log:
                print(line, file=self.log, flush=True)

    def answer(self, query, tcp):
        """(packet or None, delay in seconds, behaviour word)"""
        if len(query) < 17 or query[2] & 0x80:
            return None, 0, ""
        qid, _, qd, _, _, ar = struct.unpack("!6H", query[:12])
        try:
            labels = wire_labels(query[12:])
            end = 12 + len(wire_name(labels)) + 4
            rtype, _ = struct.unpack("!2H", query[end - 4:end])
        except (IndexError, struct.error):
            return None, 0, ""
        self.note(labels, rtype, "tcp" if tcp else "udp")
        behaviour = self.all or self.zone.behaviour(labels, rtype) or ["answer", 0]
        word, argument = behaviour
        if word == "timeout":
            return None, 0, word
        if word == "drop" and argument > 0:
            behaviour[1] -= 1
            return None, 0, word
        edns = ar > 0 and query[end:end + 3] == b"\0\0\x29"
        signed = edns and len(query) > end + 7 and bool(query[end + 7] & 0x80)
        rcode, records = self.zone.resolve(labels, rtype, signed)
        if word in RCODES:
            rcode, records = RCODES[word], []
        elif word == "nodata":
            rcode, records = 0, []
        limit = 65535
        if not tcp:
            limit = 512
            if edns:
                limit = max(512, struct.unpack("!H", query[end + 3:end + 5])[0])
        truncated = not tcp and word.startswith("tc")
        packet = build(query, qid, end, rcode, records, labels, edns, signed, truncated)
        if len(packet) > limit:
            packet = build(query, qid, end, rcode, [], labels, edns, signed, True)
        packet = spoil(packet, word, argument, end, records, tcp)
        return packet, argument / 1000 if word == "late" else 0, word

    # UDP: one loop, late answers in a heap

    def serve_udp(self, sock):
        selector = selectors.DefaultSelector()
        selector.register(sock, selectors.EVENT_READ)
        while True:
            wait = max(0, self.later[0][0] - time.monotonic()) if self.later else None
            if selector.select(wait):
                for _ in range(64):
                    try:
                        query, address = sock.recvfrom(65535)
                    except BlockingIOError:
                        break
                    packet, delay, _ = self.answer(query, False)
                    if packet and delay:
                        self.sequence += 1
                        heapq.heappush(self.later, (time.monotonic() + delay, self.sequence,
                                                    packet, address))
                    elif packet:
                        send(sock, packet, address)
            while self.later and self.later[0][0] <= time.monotonic():
                _, _, packet, address = heapq.heappop(self.later)
                send(sock, packet, address)

    # TCP: one thread for each connection

    def serve_tcp(self, sock):
        while True:
            connection, _ = sock.accept()
            threading.Thread(target=self.connection, args=(connection,), daemon=True).start()

    def connection(self, sock):
        with sock:
            sock.settimeout(60)
            try:
                while True:
                    head = read_exactly(sock, 2)
                    query = read_exactly(sock, struct.unpack("!H", head)[0])
                    packet, delay, word = self.answer(query, True)
                    if word == "tc-close":
                        return
                    if word == "tc-timeout" or packet is None:
                        continue
                    time.sleep(delay)
                    sock.sendall(struct.pack("!H", len(packet)) + packet)
            except (OSError, EOFError):
                return

    # standard input

    def command(self, line):
        words = line.split()
        if words[0] == "count":
            name = text_name(labels_of(words[1])) if len(words) > 1 else None
            rtype = words[2].upper() if len(words) > 2 else None
            with self.lock:
                rows = [row.split(" ") for row in self.asked]
            return "count %d" % sum((name is None or row[0] == name) and
                                    (rtype is None or row[1] == rtype) for row in rows)
        if words[0] == "list":
            with self.lock:
                return "\n".join(self.asked + ["end"])
        if words[0] == "reset":
            with self.lock:
                self.asked = []
        elif words[0] == "behave":
            self.zone.behave(words[1], words[2], words[3:])
        elif words[0] == "load":
            self.zone = Zone().load(words[1])
        else:
            return "error: unknown command " + words[0]
        return "ok"


def build(query, qid, end, rcode, records, labels, edns, signed, truncated):
    if truncated:
        records = []
    out = bytearray(query[12:end])
    for owner, rtype, ttl, rdata in records:
        name = b"\xc0\x0c" if owner == labels else wire_name(owner)
        out += name + struct.pack("!2HLH", rtype, 1, ttl, len(rdata)) + rdata
    authority = 0
    if not truncated and rcode in (0, 3) and not any(r[1] != 5 for r in records):
        authority = 1           # a SOA, so that resolvers may keep the negative answer
        soa = b"\0\0" + struct.pack("!5L", 1, 3600, 600, 86400, TTL)
        out += wire_name(labels[-2:]) + struct.pack("!2HLH", 6, 1, TTL, len(soa)) + soa
    if edns:
        out += b"\0" + struct.pack("!2HLH", 41, 4096, 0x8000 if signed else 0, 0)
    flags = 0x8180 | rcode | (0x0200 if truncated else 0)
    return bytearray(struct.pack("!6H", qid, flags, 1, len(records), authority,
                                 1 if edns else 0) + out)


def spoil(packet, word, argument, end, records, tcp):
    if word == "wrongid":
        packet[0] ^= 0x55
    elif word == "garbage" or (word == "tc-garbage" and tcp):
        packet[2:] = bytes((i * 151 + 77) & 255 for i in range(200))
        packet[2] |= 0x80
    elif word == "counts":
        packet[6:8] = struct.pack("!H", struct.unpack("!H", packet[6:8])[0] + argument)
    elif word == "wrongname":
        packet[13] ^= 1
    elif word in ("rdlength", "cut") and records:
        at = packet.rfind(records[-1][3])
        if word == "rdlength":
            packet[at - 2:at] = struct.pack("!H", len(records[-1][3]) + argument)
        else:
            del packet[at + len(records[-1][3]) // 2:]
    return bytes(packet)


def send(sock, packet, address):
    try:
        sock.sendto(packet, address)
    except OSError:
        pass


def read_exactly(sock, n):
    data = b""
    while len(data) < n:
        piece = sock.recv(n - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def bind(port):
    for _ in range(100):
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind(("127.0.0.1", port))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
            if port:
                raise
            continue
        tcp.listen(128)
        udp.setblocking(False)
        return udp, tcp
    raise OSError("no port is free for both UDP and TCP")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file")
    parser.add_argument("--log")
    parser.add_argument("--all")
    parser.add_argument("--stay", action="store_true")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as SIGTERM: a handler of Python's runs only once pause() is over
    zone = Zone()
    everything = None
    try:
        for path in options.files:
            zone.load(path)
        if options.all:
            zone.behave(".", "ANY", options.all.split())
            everything = zone.behaviours.pop(((), 255))
        udp, tcp = bind(options.port)
    except (ZoneError, OSError, ValueError) as e:
        sys.exit(f"dnsd.py: {e}")
    log = open(options.log, "a", encoding="latin-1") if options.log else None
    server = Server(zone, everything, log)
    threading.Thread(target=server.serve_udp, args=(udp,), daemon=True).start()
    threading.Thread(target=server.serve_tcp, args=(tcp,), daemon=True).start()
    port = udp.getsockname()[1]
    if options.port_file:
        with open(options.port_file + ".new", "w", encoding="ascii") as f:
            f.write(f"{port}\n")
        os.rename(options.port_file + ".new", options.port_file)
    print(f"port {port}", flush=True)
    if options.stay:
        while True:
            signal.pause()
    for line in sys.stdin:
        if line.strip():
            try:
                print(server.command(line), flush=True)
            except (ZoneError, OSError, ValueError, IndexError) as e:
                print(f"error: {e}", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
