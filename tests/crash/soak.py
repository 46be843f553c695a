#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Mail through a real Postfix while everything around vouch-milter fails in turn, and then the accounts.

    soak.py BUILDDIR LIBDIR MESSAGES MTA-DIRECTORY SMTP-PORT SINK-PORT [SEED]

Eight clients send MESSAGES messages. Meanwhile one fault after another comes for a while: Redis killed, hung, slow; DNS that is
killed, silent, late, fails, lies; the disks of journal and quarantine full; the clock stepped back and forward (with libfaketime, where it is
installed); and all the time the settings are read again every second. Some of the mail is for somebody whose mail is kept. At the
end that is released; then every message was taken at its first try and
arrived exactly once for each recipient, its record stands in the journal once, the model is the one that the journal gives,
and memory and descriptors are what they were. MILTER_SOCKET names the milter's socket. Prints what it found; exit status 0 if all of
that held."""
import collections
import json
import os
import random
import resource
import signal
import smtplib
import subprocess
import sys
import threading
import time

from world import Disk, World, until

CLIENTS = 8
PER_CONNECTION = 20
KEPT = 1 / 32  # of all mail
TEMPLATES = 16
SANITIZED = bool(os.environ.get("VOUCH_SANITIZED"))
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


class SoakWorld(World):
    """Redis, DNS, a journal on a disk of its own, and a daemon at the socket that Postfix knows."""

    def __init__(self, build, lib):
        super().__init__(build, lib, "redis")
        self.disks = [Disk(f"{self.dir}/journal", 1 << 20), Disk(f"{self.dir}/kept", 1 << 18)]
        self.clock = f"{self.dir}/clock"
        self.step(0)

    def socket(self, name="milter"):
        return os.environ["MILTER_SOCKET"]

    def step(self, seconds):
        with open(self.clock + ".new", "w") as f:
            f.write(f"{seconds:+d}s\n")
        os.rename(self.clock + ".new", self.clock)

    def can_step(self):
        return os.path.exists(FAKETIME) and not SANITIZED

    def start_milter(self, name="milter"):
        if self.can_step():
            os.environ.update(LD_PRELOAD=FAKETIME, FAKETIME_TIMESTAMP_FILE=self.clock, FAKETIME_NO_CACHE="1",
                              FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1")
        super().start_milter(name)
        os.environ.pop("LD_PRELOAD", None)

    def start_dns(self, *options):
        """on the port that it had, or that nobody else is given"""
        from free_port import free_port
        port = getattr(self, "dns_port", None) or free_port()
        if os.path.exists(f"{self.dir}/dns.port"):
            os.unlink(f"{self.dir}/dns.port")
        self.start("dns", "/usr/bin/python3", f"{self.lib}/dnsd.py", "--stay", "--port", str(port), "--port-file",
                   f"{self.dir}/dns.port", *options, f"{self.dir}/zone")
        until("the DNS server", 20, lambda: os.path.exists(f"{self.dir}/dns.port") and open(f"{self.dir}/dns.port").read().strip())
        self.dns_port = int(open(f"{self.dir}/dns.port").read())

    def end(self, keep):
        for name in list(self.processes):
            self.processes[name].send_signal(signal.SIGCONT)
            self.kill(name)
        for disk in self.disks:
            disk.end()
        super().end(keep)


class Mail:
    """What is sent: a few signed messages, each time under another Message-ID."""

    def __init__(self, world):
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", f"{world.dir}/key", "2048"], check=True, capture_output=True)
        key = subprocess.run(f"openssl rsa -in {world.dir}/key -pubout -outform DER | base64 -w0", shell=True, check=True,
                             capture_output=True, text=True).stdout
        with open(f"{world.dir}/zone", "a") as zone:
            zone.write(f'$ORIGIN _domainkey.example.net.\nkey TXT "v=DKIM1; k=rsa; p={key[:200]}" "{key[200:]}"\n')
        from sign import sign
        chance = random.Random(1)
        self.templates = []
        for i in range(TEMPLATES):
            body = "".join(f"line {chance.getrandbits(200):x}\r\n" for _ in range(chance.randrange(5, 300)))
            text = f"From: user{i}@example.net\r\nTo: r@example.org\r\nSubject: number {i}\r\n\r\n{body}".encode()
            self.templates.append(sign(text, "example.net", "key", f"{world.dir}/key") if i % 4 else text)

    def message(self, name, i):
        return b"Message-ID: <%s>\r\n" % name.encode() + self.templates[i]


class Clients:
    def __init__(self, mail, port, count, chance):
        self.mail, self.port, self.count = mail, port, count
        self.lock = threading.Lock()
        self.next, self.sent, self.refused, self.slowest = 0, {}, [], 0.0
        self.threads = [threading.Thread(target=self.run, args=(random.Random(chance.random()),), daemon=True) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def take(self):
        with self.lock:
            self.next += 1
            return self.next if self.next <= self.count else None

    def run(self, chance):
        number = self.take()
        while number:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=120) as client:
                client.ehlo("client.example.net")
                client.docmd("XCLIENT", f"ADDR=198.51.100.{chance.randrange(1, 250)} NAME=client.example.net")
                client.ehlo("client.example.net")
                for _ in range(PER_CONNECTION):
                    self.send(client, chance, number)
                    number = self.take()
                    if not number:
                        break

    def send(self, client, chance, number):
        i = chance.randrange(TEMPLATES)
        name = f"{number}.{chance.getrandbits(32):x}@example.net"
        rcpts = [f"r{chance.randrange(50)}@example.org"] + (["second@example.org"] if chance.random() < 0.1 else [])
        if chance.random() < KEPT:
            rcpts = ["kept@example.org"]
        begin = time.monotonic()
        try:
            refused = client.sendmail(f"user{i}@example.net", rcpts, self.mail.message(name, i), ["BODY=8BITMIME"])
        except (smtplib.SMTPException, OSError) as e:
            refused = repr(e)
        with self.lock:
            self.slowest = max(self.slowest, time.monotonic() - begin)
            if refused:
                self.refused.append((name, refused))
            else:
                self.sent[f"<{name}>"] = sorted(rcpts)


# The faults: each begins, lasts for as long as its caller sleeps, and ends.

def redis_killed(world):
    world.kill("redis")
    yield
    world.start_redis()


def redis_hung(world):
    world.processes["redis"].send_signal(signal.SIGSTOP)
    yield
    world.processes["redis"].send_signal(signal.SIGCONT)


def redis_slow(world):
    process, stop = world.processes["redis"], threading.Event()

    def pulse():
        while not stop.is_set():
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.06)
            process.send_signal(signal.SIGCONT)
            time.sleep(0.01)
    thread = threading.Thread(target=pulse)
    thread.start()
    yield
    stop.set()
    thread.join()


def dns_killed(world):
    world.kill("dns")
    yield
    world.start_dns()


def dns_that(behaviour):
    def fault(world):
        world.kill("dns")
        world.start_dns("--all", behaviour)
        yield
        world.kill("dns")
        world.start_dns()
    fault.__name__ = "dns_" + behaviour.replace(" ", "_")
    return fault


def disk_full(world):
    for disk in world.disks:
        disk.fill()
    yield
    for disk in world.disks:
        disk.free()


def clock_stepped(seconds):
    def fault(world):
        world.step(seconds)
        yield
        world.step(0)
    fault.__name__ = f"clock_stepped_by_{seconds}_s"
    return fault


FAULTS = [redis_killed, redis_hung, redis_slow, dns_killed, disk_full] + [
    dns_that(b) for b in ("timeout", "late 700", "servfail", "garbage", "wrongid", "wrongname", "cut", "tc-timeout")]
# Not further forward than libmilter's timeout (7210 s): it would take every session for one that was idle for so long.
STEPS = [clock_stepped(-3600), clock_stepped(3600)]


class Watch(threading.Thread):
    """Reads the settings again every second, and notes what the daemon holds."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.process, self.stop, self.samples, self.reloads = world.processes["milter"], threading.Event(), [], 0
        self.start()

    def run(self):
        while not self.stop.wait(1):
            self.samples.append(self.now())
            self.process.send_signal(signal.SIGHUP)
            self.reloads += 1

    def now(self):
        pid = self.process.pid
        status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
        return int(status["VmRSS"].split()[0]) / 1024, len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"])


def trouble(world, clients, chance):
    """One fault after another until all is sent; how often each came"""
    came = collections.Counter()
    faults = FAULTS + (STEPS if world.can_step() else [])
    while any(t.is_alive() for t in clients.threads):
        for fault in chance.sample(faults, len(faults)):
            if not any(t.is_alive() for t in clients.threads):
                break
            under_way = fault(world)
            next(under_way)
            time.sleep(chance.uniform(0.5, 2))
            next(under_way, None)
            came[fault.__name__] += 1
            time.sleep(chance.uniform(0.3, 1))
    return came


def arrived(notes):
    messages = collections.defaultdict(list)
    for line in open(notes):
        note = json.loads(line)
        messages[note["id"]].append(note)
    return messages


def release_all(world, mta):
    """What is kept goes on to its recipients: the ids of what vouch-milter has kept, and how many Postfix holds."""
    kept = [json.loads(line)["id"] for line in world.vouch("quarantine", "list", "--json").splitlines()]
    for i in range(0, len(kept), 200):
        world.vouch("quarantine", "release", *kept[i:i + 200])
    held = len(os.listdir(f"{mta}/queue/hold"))
    for command in (["postsuper", "-H", "ALL"], ["postqueue", "-f"]):
        subprocess.run([command[0], "-c", f"{mta}/etc", *command[1:]], check=True, capture_output=True)
    return kept, held


def differences(clients, messages, records):
    """Everything that is not as it should be, by its name. records: the ids of those of each Message-ID."""
    wrong = collections.defaultdict(list)
    wrong["refused"] = clients.refused
    for name, rcpts in clients.sent.items():
        got = sorted(r for note in messages[name] for r in note["rcpts"])
        if got != rcpts:
            wrong["lost" if len(got) < len(rcpts) else "doubled"].append((name, rcpts, got))
        ids = {note["vouch"] for note in messages[name]} - {None}  # what is released is as it was received
        if len(records[name]) != 1 or ids - set(records[name]):
            wrong["not in the journal once"].append((name, messages[name], records[name]))
    return {what: found for what, found in wrong.items() if found}


def main():
    build, lib, count, mta, port, sink = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]), sys.argv[6]
    notes = f"{mta}/notes"
    seed = int(sys.argv[7]) if len(sys.argv) > 7 else random.randrange(1 << 32)
    chance, ok = random.Random(seed), False
    world = SoakWorld(os.path.abspath(build), os.path.abspath(lib))
    try:
        mail = Mail(world)
        world.start_dns()
        world.start_redis()
        world.configure(segment="1M", more='milter: { socket_group = "postfix"; };\n'
                             'actions: { trusted = "accept"; suspicious = "tag"; untrusted = "tag"; };\n'
                             'policies = ( { name = "keep"; recipients = [ "kept@example.org" ]; actions: { trusted = "quarantine"; '
                             'suspicious = "quarantine"; untrusted = "quarantine"; }; } );\n'
                             f'quarantine: {{ method = "store"; directory = "{world.dir}/kept"; '
                             f'release = "smtp://127.0.0.1:{sink}"; }};')
        world.start_milter()
        watch = Watch(world)
        begin = time.monotonic()
        clients = Clients(mail, port, count, chance)
        came = trouble(world, clients, chance)
        seconds = time.monotonic() - begin
        watch.stop.set()
        watch.join()
        kept, held = release_all(world, mta)
        until("all mail to arrive", 120, lambda: sum(map(len, arrived(notes).values())) >= len(clients.sent))
        n = len(watch.samples)  # the first may be of a daemon that Postfix has not found yet
        before = min(fds for _, fds, _ in watch.samples[n // 4:n // 2] or [watch.now()])
        end = time.monotonic() + 60  # questions to a DNS server that was away have sockets for a while yet
        while (now := watch.now())[1] > before + 10 and time.monotonic() < end:
            time.sleep(0.5)
        _, fds, threads = now
        stopped = world.processes["milter"]
        world.kill("milter", signal.SIGTERM)
        records = collections.defaultdict(list)
        for r in world.records():
            if r["kind"] == "decision":
                records[f"<{r['message_id']}>"].append(r["id"])
        wrong = differences(clients, arrived(notes), records)
        world.vouch("journal", "verify", "--quiet")
        world.vouch("model", "learn", "--once")
        same = world.digest() == world.built_anew()
        megabytes = [m for m, _, _ in watch.samples] or [0]
        late = megabytes[len(megabytes) * 3 // 4:]
        early = megabytes[len(megabytes) // 4:len(megabytes) // 2] or late
        print(f"# {count} messages in {seconds:.0f} s, {count / seconds:.0f} a second, slowest {clients.slowest:.1f} s; "
              f"{watch.reloads} reloads; faults: {dict(came)}")
        print(f"# kept by vouch-milter and released: {len(kept)}, held by Postfix while the disk was full: {held}")
        print(f"# resident, MiB: most {max(megabytes):.1f}; second quarter {max(early):.1f}, last quarter {max(late):.1f}; "
              f"descriptors: least in the second quarter {before}, at the end {fds}; threads: {threads}; children's CPU "
              f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime:.0f} s")
        for what, found in wrong.items():
            print(f"# {what}: {len(found)}, such as {found[:3]}")
        if not same:
            print("# the model differs from one that is built from the journal")
        if stopped.returncode:
            print(f"# vouch-milter ended with {stopped.returncode}: {world.log()[-3000:]}")
        flat = max(late) <= max(early) * 1.25 + 8 or SANITIZED
        if not flat or fds > before + 10:
            print("# it grows")
        ok = not wrong and same and flat and fds <= before + 10 and stopped.returncode == 0
    finally:
        world.end(keep=not ok)
    print(f"# seed {seed}" + ("" if ok else f"; what is left: {world.dir}"))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
