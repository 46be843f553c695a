#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Kills `vouch quarantine release`, or the sendmail(1) that it runs, and looks at what is left. The ids of messages that wait are on standard input, a line each.

    release_kill.py steps VOUCH CONF              at each step of SMTP, before a server of its own
    release_kill.py random VOUCH CONF SINK ETC    at random moments, before a real Postfix, whose mail ends in SINK
    release_kill.py sendmail VOUCH CONF SINK ETC SENDMAIL   sendmail(1), at each step and at random moments; SENDMAIL hands
                                                            mail to that Postfix

Whatever was killed when: what waits was not delivered, what is released was, and what is in doubt is not sent again before a
person has said so. In the end each was delivered once."""
import glob
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

mode, vouch, conf = sys.argv[1:4]
ids = sys.stdin.read().split()


def command(what, *arguments):
    return [vouch, "quarantine", what, "--config", conf, *arguments]


def state(id):
    lines = subprocess.run(command("list", "--json"), check=True, stdout=subprocess.PIPE).stdout.splitlines()
    return next(m["state"] for m in map(json.loads, lines) if m["id"] == id)


def release(id, *arguments):
    return subprocess.run(command("release", *arguments, id), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Server:
    """Takes one message, and kills its client at a step."""
    def __init__(self, step):
        self.step, self.taken, self.client = step, 0, None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.known = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def start(self, id, *arguments):
        self.client = subprocess.Popen(command("release", "--via", "smtp://127.0.0.1:%d" % self.port, *arguments, id),
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.known.set()
        output = self.client.communicate(timeout=30)[0]
        self.listener.close()
        self.thread.join(30)
        return output

    def at(self, step):
        if step == self.step:
            self.client.kill()

    def run(self):
        connection, _ = self.listener.accept()
        self.known.wait()
        stream = connection.makefile("rwb")
        try:
            self.serve(stream)
        except OSError:
            pass
        connection.close()

    def say(self, stream, text):
        stream.write(text.encode() + b"\r\n")
        stream.flush()

    def serve(self, stream):
        self.at("connect")
        self.say(stream, "220 here")
        for line in stream:
            verb = line[:4].upper().decode()
            self.at(verb)
            if verb == "DATA":
                self.say(stream, "354 go on")
                self.take(stream)
            else:
                self.say(stream, "250-here\r\n250 8BITMIME" if verb == "EHLO" else "250 ok")

    def take(self, stream):
        first = True
        for line in stream:
            if line == b".\r\n":
                self.at("dot")  # it had the dot, and died before it took the message
                if self.step != "dot":
                    self.taken += 1
                self.at("taken")
                self.say(stream, "250 taken")
                self.at("answered")
                return
            if first:
                self.at("middle")
            first = False


def again(id, *arguments):
    """Released once more, before a server that kills nobody."""
    server = Server("never")
    output = server.start(id, *arguments)
    assert server.client.returncode == 0, output
    return server.taken


def steps():
    # what comes after the kill may have come just before it
    expected = {"DATA": {"waits"}, "middle": {"waits", "in-doubt"}, "dot": {"in-doubt"}, "taken": {"in-doubt"},
                "answered": {"in-doubt", "released"}}
    for step, id in zip(("connect", "EHLO", "MAIL", "RCPT", "DATA", "middle", "dot", "taken", "answered"), ids):
        server = Server(step)
        server.start(id)
        found, taken = state(id), server.taken
        print("# %s: %s, taken %d" % (step, found, taken))
        assert found in expected.get(step, {"waits"}), (step, found)
        assert found != "waits" or taken == 0
        assert found != "released" or taken == 1
        if found == "in-doubt":
            refused = release(id)
            assert refused.returncode == 75 and b"in doubt" in refused.stdout, refused
            assert state(id) == "in-doubt"
            if taken:
                assert release(id, "--done").returncode == 0
            else:
                taken += again(id, "--again")
        elif found == "waits":
            taken += again(id)
        assert state(id) == "released" and taken == 1, (id, found, taken)


def delivered(sink, id):
    return sum(("id " + id).encode() in open(name, "rb").read() for name in glob.glob(os.path.join(sink, "*.msg")))


def settle(etc):
    """Until Postfix has nothing left to do for what was killed."""
    deadline = time.monotonic() + 30
    empty = 0
    while empty < 3:
        queue = subprocess.run(["postqueue", "-c", etc, "-j"], stdout=subprocess.PIPE).stdout
        empty = 0 if queue.strip() else empty + 1
        assert time.monotonic() < deadline, "the queue does not get empty"
        time.sleep(0.05)


def at_random(sink, etc):
    counts = {"waits": 0, "in-doubt": 0, "released": 0}
    took = []
    for id in ids[:3]:
        start = time.monotonic()
        assert release(id).returncode == 0
        took.append(time.monotonic() - start)
    longest = sorted(took)[1] * 1.2
    for id in ids[3:]:
        client = subprocess.Popen(command("release", id), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, longest))
        client.send_signal(signal.SIGKILL)
        client.wait()
        settle(etc)
        found = state(id)
        counts[found] += 1
        taken = delivered(sink, id)
        assert found != "waits" or taken == 0, (id, "waits, but was delivered")
        assert found != "released" or taken == 1, (id, "released, but not delivered")
        if found == "in-doubt":
            assert release(id).returncode == 75
            assert release(id, "--done" if taken else "--again").returncode == 0
        else:
            assert release(id).returncode == 0
    settle(etc)
    for id in ids:
        assert state(id) == "released"
        assert delivered(sink, id) == 1, (id, delivered(sink, id))
    print("# %d killed within %.0f ms: %s" % (len(ids) - 3, longest * 1000, counts))


def by_sendmail(sink, etc, sendmail):
    script, pid_file = sendmail + ".kill", sendmail + ".pid"

    def check(id, name, kill, expected):
        """Released by a sendmail(1) that dies; returns what is known then."""
        open(script, "w").write("#!/bin/sh\n" + kill)
        os.chmod(script, 0o755)
        client = subprocess.Popen(command("release", "--via", "sendmail:" + script, id), stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        if name == "random":
            kill_at_random(pid_file)
        output = client.communicate(timeout=30)[0]
        settle(etc)
        found, taken = state(id), delivered(sink, id)
        assert found in expected, (name, found, output)
        assert client.returncode == (75 if found == "in-doubt" else 0), (name, client.returncode, output)
        assert found != "released" or taken == 1, (name, taken)
        if found == "in-doubt":
            assert b"in doubt" in output, output
            assert release(id).returncode == 75
            assert delivered(sink, id) == taken, "sent again without asking"
            assert release(id, "--done" if taken else "--again", "--via", "sendmail:" + sendmail).returncode == 0
        settle(etc)
        assert state(id) == "released" and delivered(sink, id) == 1, (name, delivered(sink, id))
        return found, taken

    steps = {"at its start": ("kill -9 $$\n", 0), "while it reads": ("head -c 100 >/dev/null; kill -9 $$\n", 0),
             "when it has taken the message": ('"%s" "$@"; kill -9 $$\n' % sendmail, 1)}
    for (name, (kill, wanted)), id in zip(steps.items(), ids):
        found, taken = check(id, name, kill, {"in-doubt"})
        print("# %s: %s, taken %d" % (name, found, taken))
        assert taken == wanted, (name, taken)
    counts = {}
    for id in ids[len(steps):]:
        found = check(id, "random", 'echo $$ >"%s.new"; mv "%s.new" "%s"; exec "%s" "$@"\n' % ((pid_file,) * 3 + (sendmail,)),
                      {"in-doubt", "released"})
        counts[found] = counts.get(found, 0) + 1
    print("# %d killed at random, as (state, taken): %s" % (len(ids) - len(steps), counts))


def kill_at_random(pid_file):
    deadline = time.monotonic() + 30
    while not os.path.exists(pid_file):
        assert time.monotonic() < deadline, "sendmail is not run"
        time.sleep(0.001)
    pid = int(open(pid_file).read())
    os.remove(pid_file)
    time.sleep(random.uniform(0, 0.1))
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


if mode == "steps":
    steps()
elif mode == "sendmail":
    by_sendmail(*sys.argv[4:])
else:
    at_random(*sys.argv[4:])
