#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hands one message to an SMTP server, as the client that --ip says, and prints how it went.

    inject.py --port N [--direct] [--ip ADDR] [--name NAME] [--helo NAME] [--login USER] [--sender A] [--rcpt A]... [--count N]
              [--abort STAGE] [--times] [FILE]

Who the client is, the server is told by XCLIENT. With --direct it sees for itself: the client comes from --ip and logs in
by AUTH; --name is the server's to find.

FILE (or standard input) is the message; its line ends become CRLF. Prints the last reply to each message, one
a line; with --times the seconds that the reply to the end of data took stand before it. --count repeats the message on the
same connection, with "%N" in it replaced by its number. --abort leaves after connect, mail, rcpt or data. Exit status: 0 if
each was accepted, 1 if one was not, 2 if the server went away."""
import argparse
import base64
import socket
import sys
import time


class Client:
    def __init__(self, port, ip):
        host = "::1" if ip and ":" in ip else "127.0.0.1"
        self.socket = socket.create_connection((host, port), timeout=60, source_address=(ip, 0) if ip else None)
        self.file = self.socket.makefile("rb")

    def reply(self):
        lines = []
        while True:
            line = self.file.readline().decode("latin-1").rstrip("\r\n")
            if not line:
                print("connection lost")
                sys.exit(2)
            lines.append(line)
            if line[3:4] != "-":
                return " / ".join(lines)

    def ask(self, line):
        self.socket.sendall(line.encode("latin-1") + b"\r\n")
        return self.reply()


def wire(text):
    text = text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if not text.endswith(b"\r\n"):
        text += b"\r\n"
    return (b"\r\n" + text).replace(b"\r\n.", b"\r\n..")[2:]


def login(client, user):
    plain = base64.b64encode(b"\0%s\0secret" % user.encode()).decode()
    reply = client.ask("AUTH PLAIN " + plain)
    if not reply.startswith("235"):
        sys.exit("AUTH: " + reply)


def become(client, args):
    attributes = []
    if args.ip:
        attributes.append("ADDR=" + ("IPV6:" if ":" in args.ip else "") + args.ip)
        attributes.append("NAME=" + (args.name or "[UNAVAILABLE]"))
    if args.login:
        attributes.append("LOGIN=" + args.login)
    if attributes:
        reply = client.ask("XCLIENT " + " ".join(attributes))
        if not reply.startswith("220"):
            sys.exit("XCLIENT: " + reply)
        client.ask("EHLO " + args.helo)


def send(client, args, text, number):
    reply = client.ask("MAIL FROM:<%s>" % args.sender)
    if args.abort == "mail" or not reply.startswith("2"):
        return reply
    replies = [client.ask("RCPT TO:<%s>" % rcpt) for rcpt in args.rcpt or ["someone@example.org"]]
    if args.abort == "rcpt":
        return replies[-1]
    if not any(r.startswith("2") for r in replies):
        client.ask("RSET")
        return replies[-1]
    client.ask("DATA")
    body = wire(text.replace(b"%N", str(number).encode()))
    if args.abort == "data":
        client.socket.sendall(body)
        sys.exit(0)
    start = time.monotonic()
    client.socket.sendall(body + b".\r\n")
    reply = client.reply()
    return "%.3f %s" % (time.monotonic() - start, reply) if args.times else reply


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("--ip")
    parser.add_argument("--name")
    parser.add_argument("--helo", default="client.example.net")
    parser.add_argument("--login")
    parser.add_argument("--sender", default="sender@example.net")
    parser.add_argument("--rcpt", action="append")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--abort", choices=["connect", "mail", "rcpt", "data"])
    parser.add_argument("--times", action="store_true")
    parser.add_argument("file", nargs="?")
    args = parser.parse_args()
    text = open(args.file, "rb").read() if args.file else sys.stdin.buffer.read()
    client = Client(args.port, args.ip if args.direct else None)
    if args.abort == "connect":
        return
    client.reply()
    client.ask("EHLO " + args.helo)
    if not args.direct:
        become(client, args)
    elif args.login:
        login(client, args.login)
    accepted = True
    for number in range(1, args.count + 1):
        reply = send(client, args, text, number)
        print(reply)
        accepted = accepted and (reply.split(" ")[1 if args.times else 0])[0] == "2"
        if args.abort:
            return
    client.ask("QUIT")
    sys.exit(0 if accepted else 1)


main()
