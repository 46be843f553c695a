#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A mail sink for tests: takes every message by SMTP on a loopback port and keeps it.

    sink.py DIR [FILE]

prints "port N"; each message becomes DIR/N.msg (as it came, without dot-stuffing) and DIR/N.env (JSON: sender,
rcpts), the latter last, so that whoever sees it finds both. With FILE it keeps no
messages but a line for each in FILE (JSON: id and vouch, the Message-ID and the id in X-Vouch, null where there is none; rcpts).
Ends with SIGTERM."""
import itertools
import json
import os
import re
import socketserver
import sys
import threading

numbers = itertools.count(1)


def path_of(line):
    start, end = line.find("<"), line.rfind(">")
    return line[start + 1:end]


class Session(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def take(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)
        return None

    def note(self, text, rcpts):
        header = text.partition(b"\r\n\r\n")[0]
        found = [re.search(pattern, header, re.M | re.I) for pattern in (rb"^Message-ID: *(\S+)", rb"^X-Vouch: *id=([0-9a-f-]+)")]
        line = dict(zip(("id", "vouch"), (m and m[1].decode() for m in found)), rcpts=rcpts)
        with self.server.lock:
            self.server.notes.write(json.dumps(line) + "\n")
            self.server.notes.flush()

    def keep(self, text, sender, rcpts):
        if self.server.notes:
            return self.note(text, rcpts)
        name = os.path.join(self.server.directory, str(next(numbers)))
        with open(name + ".msg", "wb") as f:
            f.write(text)
        with open(name + ".tmp", "w") as f:
            json.dump({"sender": sender, "rcpts": rcpts}, f)
        os.rename(name + ".tmp", name + ".env")

    def handle(self):
        sender, rcpts = "", []
        self.say("220 sink ESMTP")
        for raw in self.rfile:
            line = raw.decode("latin-1").strip()
            verb = line.split(" ")[0].split(":")[0].upper()
            if verb == "QUIT":
                self.say("221 bye")
                return
            if verb == "EHLO":
                self.say("250-sink")
                self.say("250-8BITMIME")
                self.say("250 SMTPUTF8")
            elif verb == "MAIL":
                sender, rcpts = path_of(line), []
                self.say("250 ok")
            elif verb == "RCPT":
                rcpts.append(path_of(line))
                self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                text = self.take()
                if text is None:
                    return
                self.keep(text, sender, rcpts)
                self.say("250 kept")
            else:
                self.say("250 ok")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


with Server(("127.0.0.1", 0), Session) as server:
    server.directory = sys.argv[1]
    server.notes = open(sys.argv[2], "w") if len(sys.argv) > 2 else None
    server.lock = threading.Lock()
    print("port %d" % server.server_address[1], flush=True)
    server.serve_forever()
