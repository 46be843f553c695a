#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Many who write lessons at once. The ids of 24 messages that wait are on standard input, a line each.

    release_race.py VOUCH CONF SINK ETC MESSAGE

They are released before a real Postfix, whose mail ends in SINK; MESSAGE is one that `vouch learn` is told of. Whoever comes first:
each is delivered once, and each lesson is there once."""
import collections
import fcntl
import glob
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

vouch, conf, sink, etc, message = sys.argv[1:6]
ids = sys.stdin.read().split()
assert len(ids) == 24, len(ids)


def start(*command):
    return subprocess.Popen([vouch, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def release(*arguments):
    return start("quarantine", "release", "--config", conf, *arguments)


def learn(verdict):
    return start("learn", verdict, "--config", conf, message)


def finish(process, *expected):
    output = process.communicate(timeout=300)[0].decode()
    assert process.returncode in (expected or (0,)), (process.args, process.returncode, output)
    return output


def until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def records(*arguments):
    return [json.loads(line) for line in finish(start(*arguments, "--config", conf)).splitlines()]


def states():
    return {m["id"]: m["state"] for m in records("quarantine", "list", "--json")}


def lessons(id):
    """What was said of it, in order."""
    return [l["verdict"] for r in records("journal", "cat", "--kind", "label", "--id", id) for l in r["labels"]]


def queue_is_empty():
    return not subprocess.run(["postqueue", "-c", etc, "-j"], stdout=subprocess.PIPE).stdout.strip()


def check(some, *expected):
    until(queue_is_empty)
    mail = [open(name, "rb").read() for name in glob.glob(os.path.join(sink, "*.msg"))]
    found = states()
    for id in some:
        assert sum(("id " + id).encode() in m for m in mail) == 1, id
        assert found[id] == "released", (id, found[id])
        assert lessons(id) == list(expected), (id, lessons(id))


def many(some):
    """Each by a process of its own, most twice, and other commands that write."""
    processes = [release(id) for id in some + some[2:]] + [learn(v) for v in ("good", "bad", "none")]
    for p in processes:
        finish(p)
    check(some, "good")
    told = collections.Counter(id for p in [release("--undo", id) for id in some + some[2:]] if not finish_undo(p) for id in p.args[-1:])
    assert told == collections.Counter(some), told
    check(some, "good", "none")


def finish_undo(process):
    finish(process, 0, 65)  # 65: the other one has taken it back
    return process.returncode


def take_one(listener):
    """One message, as an MTA takes it."""
    connection, _ = listener.accept()
    with connection, connection.makefile("rwb", 0) as stream:
        stream.write(b"220 here\r\n")
        for line in iter(stream.readline, b"QUIT\r\n"):
            stream.write(b"354 go on\r\n" if line == b"DATA\r\n" else b"250 ok\r\n")
            while line == b"DATA\r\n" and stream.readline() != b".\r\n":
                pass
            if line == b"DATA\r\n":
                stream.write(b"250 taken\r\n")


def slow(first, second, other):
    """Who has written one lesson waits for an MTA that does not answer: it keeps nobody from writing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        waiting = release("--via", "smtp://127.0.0.1:%d" % listener.getsockname()[1], first, second)
        take_one(listener)
        connection, _ = listener.accept()
        finish(release(other))
        finish(learn("good"))
        assert waiting.poll() is None
        connection.close()
        finish(waiting, 69)
    assert lessons(first) == ["good"], lessons(first)
    finish(release(second))
    check([second, other], "good")


def locked(some):
    """Another process has the journal, and is killed: who waited goes on."""
    lock = glob.glob(os.path.join(os.path.dirname(conf), "journal", "*-tool", "lock"))[0]
    holder = os.fork()
    if holder == 0:
        fcntl.flock(os.open(lock, os.O_RDWR), fcntl.LOCK_EX)
        os.kill(os.getpid(), signal.SIGSTOP)
    os.waitpid(holder, os.WUNTRACED)
    processes = [release(id) for id in some] + [learn("bad")]
    until(lambda: all(states()[id] == "released" for id in some))
    assert all(p.poll() is None for p in processes) and not any(lessons(id) for id in some)
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    for p in processes:
        finish(p)
    check(some, "good")


def killed(some):
    """Half of those at work are killed at any moment."""
    processes = {id: release(id) for id in some}
    began = time.monotonic()
    victims = some[::2]
    for id in victims:
        time.sleep(random.uniform(0, 0.1))
        processes[id].kill()
    for id in some:
        processes[id].communicate(timeout=300)
        assert id in victims or processes[id].returncode == 0, id
    until(queue_is_empty)
    mail = [open(name, "rb").read() for name in glob.glob(os.path.join(sink, "*.msg"))]
    for id in victims:
        taken = sum(("id " + id).encode() in m for m in mail)
        assert taken <= 1, id
        in_doubt = states()[id] == "in-doubt"
        finish(release(*([("--done" if taken else "--again")] if in_doubt else []), id))
    for id in some:
        # one that was killed between the journal and the message's log has written it twice, which counts once
        said = lessons(id)
        assert said == ["good"] or (id in victims and said == ["good", "good"]), (id, said)
    verified = finish(start("journal", "verify", "--config", conf))
    print("# killed %d of %d within %.0f ms" % (len(victims), len(some), (time.monotonic() - began) * 1000))
    assert "damage" not in verified, verified


def removed(some):
    """Released, deleted and purged at once: sent or not, but never half."""
    releases = {id: release(id) for id in some}
    others = [start("quarantine", "delete", "--config", conf, id) for id in some[::2]]
    others += [start("quarantine", "purge", "--beyond", "1B", "--config", conf) for _ in range(3)]
    states()  # what goes meanwhile is not missed
    for p in others:
        finish(p, 0, 66, 75)
    for id, p in releases.items():
        finish(p, 0, 66)
    until(queue_is_empty)
    mail = [open(name, "rb").read() for name in glob.glob(os.path.join(sink, "*.msg"))]
    for id, p in releases.items():
        taken = sum(("id " + id).encode() in m for m in mail)
        said = lessons(id)
        assert taken == (p.returncode == 0) and said == ["good"] * taken, (id, p.returncode, taken, said)
    finish(start("quarantine", "purge", "--beyond", "1B", "--config", conf))
    assert not states(), states()


many(ids[:6])
slow(*ids[6:9])
locked(ids[9:12])
killed(ids[12:18])
removed(ids[18:])
