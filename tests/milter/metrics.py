#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""metrics.py CASE SOCKET: clients that nobody wishes for, at vouch-milter's HTTP endpoint."""
import random
import socket
import sys
import time

PATH = sys.argv[2]
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(PATH)
    return s


def ask(request):
    """All that is answered, until the other side closes."""
    s = connect()
    got = b""
    try:
        s.sendall(request)
        while part := s.recv(65536):
            got += part
    except OSError:
        pass  # closed while we still talk
    s.close()
    return got


def status(request):
    words = ask(request).split(b" ", 2)
    return int(words[1]) if len(words) > 1 else 0


def works():
    assert ask(GET).endswith(b"\r\n\r\nok\n")


def garbage():
    rng = random.Random(1)
    for n in range(200):
        s = connect()
        try:
            s.sendall(bytes(rng.randrange(256) for _ in range(n)) + b"\r\n\r\n")
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
        except OSError:
            pass
        s.close()
    for request in (b"\0" * 5000, b"\r\n" * 5000 + GET, GET.replace(b"\r\n", b"\n"), b"GET\r\n\r\n",
                    b"GET /metrics\0x HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
                    b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", b"GET http://x/ HTTP/9.9\r\n\r\n"):
        s = connect()
        s.sendall(request)
        s.close()
    works()


def huge():
    refused = (0, 400, 413, 414, 431)
    assert status(b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n") in refused
    assert status(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100000 + b"\r\n\r\n") in refused
    assert status(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 50000 + b"\r\n") in refused
    works()


def methods():
    for method in b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"BREW":
        code = status(method + b" /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        assert code == 405, (method, code)
    # a body that is announced is not waited for
    began = time.monotonic()
    assert status(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n") == 200
    assert time.monotonic() - began < 5
    works()


def many():
    """Connections that say nothing, hundreds at a time: who comes last is answered."""
    idle = []
    for n in range(400):
        idle.append(connect())
        if n % 50 == 49:
            works()
    for s in idle:
        s.close()
    works()


def slow():
    """A byte now and then from as many as there is room for, none of which is silent for long."""
    peers = [connect() for _ in range(16)]
    for byte in GET[:20]:
        for s in peers:
            try:
                s.send(bytes([byte]))
            except OSError:
                pass  # pushed out
        works()
    for s in peers:
        s.close()


def scrape():
    for _ in range(2000):
        assert b"vouch_build_info" in ask(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")


if __name__ == "__main__":
    {f.__name__: f for f in (garbage, huge, methods, many, slow, scrape)}[sys.argv[1]]()
