#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Kills vouch-milter, a second learner and redis-server at random moments while mail comes in, and then checks that
nothing was lost or counted twice.

    crash.py BUILDDIR LIBDIR lmdb|redis ROUNDS [SEED]

In each round mail comes in over several connections; after a random while one of the processes is killed (SIGKILL) and
started again. Every 25 rounds, and at the end: each record that was acknowledged (its message got its answer) stands
in the journal exactly once, no record stands there twice, `vouch journal verify` finds nothing wrong, and the model
that was learnt live has the same digest as one that is built anew from the journal. Prints what it found; exit status
0 if all of that held."""
import collections
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

CLIENTS = 4
CHECK_EVERY = 25
ZONE = """$TTL 300
$ORIGIN example.net.
@ TXT "v=spf1 ip4:198.51.100.0/24 -all"
@ A 198.51.100.1
_dmarc TXT "v=DMARC1; p=none"
$ORIGIN 100.51.198.in-addr.arpa.
* PTR client.example.net.
"""


def until(what, seconds, test):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if test():
            return
        time.sleep(0.005)
    raise SystemExit(f"waited {seconds} s in vain for {what}")


class World:
    """The processes and files of one run."""

    def __init__(self, build, lib, store):
        sys.path.insert(0, lib)
        self.build, self.lib, self.kind = build, lib, store
        self.dir = tempfile.mkdtemp(prefix="vouch-crash.", dir="/tmp")
        self.socket = f"{self.dir}/vouch.sock"
        self.processes = {}
        self.redis_port = 0
        open(f"{self.dir}/zone", "w").write(ZONE)

    def start(self, name, *command):
        log = open(f"{self.dir}/{name}.log", "ab")
        self.processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir)

    def kill(self, name, how=signal.SIGKILL):
        process = self.processes.pop(name, None)
        if process:
            process.send_signal(how)
            process.wait()

    def start_dns(self):
        self.start("dns", "/usr/bin/python3", f"{self.lib}/dnsd.py", "--stay", "--port-file", f"{self.dir}/dns.port",
                   f"{self.dir}/zone")
        until("the DNS server", 10, lambda: os.path.exists(f"{self.dir}/dns.port") and open(f"{self.dir}/dns.port").read().strip())
        self.dns_port = int(open(f"{self.dir}/dns.port").read())

    def start_redis(self):
        if not self.redis_port:
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                self.redis_port = s.getsockname()[1]
        self.start("redis", "redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", self.dir,
                   "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no")
        until("redis-server", 20, lambda: self.redis("PING") == "PONG")

    def redis(self, *command):
        return subprocess.run(["redis-cli", "-p", str(self.redis_port), *command], capture_output=True, text=True).stdout.strip()

    def configure(self):
        self.store = f"lmdb:{self.dir}/model" if self.kind == "lmdb" else f"redis://127.0.0.1:{self.redis_port}/0"
        open(f"{self.dir}/vouch.conf", "w").write(f"""
authserv_id = "mx.example.org";
store = "{self.store}";
dns: {{ servers = [ "127.0.0.1@{self.dns_port}" ]; }};
deadlines: {{ message = "2s"; dns = "1s"; store = "100ms"; }};
journal: {{ directory = "{self.dir}/journal"; segment_size = "64K"; interval = "20ms"; writer = "mx"; }};
labels: {{ traps = [ "trap@example.org" ]; filter_good = [ "X-Spam-Flag: NO" ]; }};
log: {{ to = "stderr"; level = "warning"; }};
""")

    def start_milter(self):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.start("milter", f"{self.build}/vouch-milter", "-f", "-c", f"{self.dir}/vouch.conf", "-s", f"unix:{self.socket}")
        until("vouch-milter", 20, self.milter_answers)

    def milter_answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(self.socket)
            return True
        except OSError:
            return False

    def start_learner(self):
        self.start("learner", f"{self.build}/vouch", "model", "learn", "--follow", "--config", f"{self.dir}/vouch.conf")

    def vouch(self, *arguments):
        done = subprocess.run([f"{self.build}/vouch", *arguments], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"vouch {' '.join(arguments)}: exit status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def end(self, keep):
        for name in list(self.processes):
            self.kill(name)
        if not keep:
            shutil.rmtree(self.dir)


class Load:
    """Connections that send mail until they are told to stop, and remember what was acknowledged."""

    def __init__(self, world, random_):
        self.world, self.random = world, random_
        self.acknowledged = []
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(random.Random(random_.random()),)) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def run(self, chance):
        from milterclient import Client
        while not self.stop.is_set():
            try:
                client = Client(self.world.socket)
                for _ in range(20):
                    if self.stop.is_set():
                        break
                    self.send(client, chance)
                client.close()
            except (OSError, EOFError):
                time.sleep(0.01)

    def send(self, client, chance):
        from milterclient import inserted
        sender = f"user{chance.randrange(40)}@example.net".encode()
        rcpts = [f"<r{chance.randrange(20)}@example.org>".encode()]
        if chance.random() < 0.1:
            rcpts.append(b"<trap@example.org>")
        fields = [(b"From", b" " + sender), (b"Message-ID", b" <%d@example.net>" % chance.getrandbits(60))]
        if chance.random() < 0.2:
            fields.append((b"X-Spam-Flag", b" NO"))
        client.connect(ip=b"198.51.100.%d" % chance.randrange(1, 30))
        client.envelope(b"<" + sender + b">", rcpts)
        client.header(fields)
        client.body()
        _, _, edits = client.end(b"Q%x" % chance.getrandbits(30))
        value = inserted(edits, b"X-Vouch")
        with self.lock:
            self.acknowledged.append(value.strip()[3:39])

    def finish(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def check(world, acknowledged, round_):
    """What must hold whatever was killed."""
    world.kill("learner")
    config = f"{world.dir}/vouch.conf"
    records = collections.Counter()
    for line in world.vouch("journal", "cat", "--config", config).splitlines():
        records[json.loads(line)["id"]] += 1
    missing = [i for i in acknowledged if records[i] == 0]
    double = [i for i, n in records.items() if n > 1]
    world.vouch("journal", "verify", "--config", config, "--quiet")
    world.vouch("model", "learn", "--once", "--config", config)
    rebuilt = f"lmdb:{world.dir}/rebuilt"
    shutil.rmtree(f"{world.dir}/rebuilt", ignore_errors=True)
    world.vouch("model", "build", "--config", config, "--store", rebuilt)
    live = json.loads(world.vouch("model", "verify", "--json", "--config", config))
    anew = json.loads(world.vouch("model", "verify", "--json", "--config", config, "--store", rebuilt))
    ok = not missing and not double and live["digest"] == anew["digest"]
    print(f"# round {round_}: {len(acknowledged)} acknowledged, {len(records)} records, {len(missing)} lost, {len(double)} double, "
          f"{live['keys']} keys, models {'equal' if live['digest'] == anew['digest'] else 'DIFFER'}", flush=True)
    return ok


def main():
    build, lib, store, rounds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else random.randrange(1 << 32)
    chance = random.Random(seed)
    world = World(os.path.abspath(build), os.path.abspath(lib), store)
    acknowledged, ok, kills = [], True, collections.Counter()
    try:
        world.start_dns()
        if store == "redis":
            world.start_redis()
        world.configure()
        world.start_milter()
        world.start_learner()
        for round_ in range(1, rounds + 1):
            victim = chance.choice(["milter", "milter", "learner"] + (["redis", "redis"] if store == "redis" else []))
            load = Load(world, chance)
            time.sleep(chance.uniform(0.02, 0.3))
            world.kill(victim)
            kills[victim] += 1
            if victim != "milter":
                time.sleep(chance.uniform(0, 0.05))
            else:
                load.stop.set()
            load.finish()
            acknowledged += load.acknowledged
            getattr(world, f"start_{victim}")()
            if round_ % CHECK_EVERY == 0 or round_ == rounds:
                ok = check(world, acknowledged, round_) and ok
                if not ok:
                    break
                world.start_learner()
    finally:
        world.end(keep=not ok)
    print(f"# seed {seed}: killed {dict(kills)}" + ("" if ok else f"; what is left: {world.dir}"))
    return 0 if ok and acknowledged else 1


if __name__ == "__main__":
    sys.exit(main())
