# SPDX-License-Identifier: BSD-2-Clause
"""Daemons, a model and mail for the tests of this directory."""
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
PATIENCE = 300  # s: longer than any command takes
ZONE = """$TTL 300
$ORIGIN example.net.
@ TXT "v=spf1 ip4:198.51.100.0/24 -all"
@ A 198.51.100.1
_dmarc TXT "v=DMARC1; p=none"
$ORIGIN 100.51.198.in-addr.arpa.
* PTR client.example.net.
"""


def until(what, seconds, test):
    deadline, pause = time.monotonic() + seconds, 0.005
    while time.monotonic() < deadline:
        if test():
            return
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)  # a test may be a command, and those take their time under sanitizers
    raise SystemExit(f"waited {seconds} s in vain for {what}")


class Disk:
    """A small file system, to be filled."""

    def __init__(self, path, kilobytes):
        self.path, self.ballast = path, f"{path}/ballast"
        os.makedirs(path, exist_ok=True)
        if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=755", "vouch", path],
                                              capture_output=True).returncode:
            print("# only root can make a small file system")
            sys.exit(77)

    def fill(self, leave=0):
        with open(self.ballast, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass
        os.truncate(self.ballast, max(0, os.path.getsize(self.ballast) - leave))

    def free(self):
        os.unlink(self.ballast)

    def writable(self, yes):
        subprocess.run(["mount", "-o", "remount," + ("rw" if yes else "ro"), self.path], check=True)

    def end(self):
        subprocess.run(["umount", "-l", self.path], check=True)


class World:
    """The processes and files of one run. A daemon's name is that of its process, its writer, its settings and its
    socket."""

    def __init__(self, build, lib, store):
        sys.path.insert(0, lib)
        self.build, self.lib, self.kind = build, lib, store
        self.dir = tempfile.mkdtemp(prefix="vouch-crash.", dir="/tmp")
        self.processes = {}
        self.redis_port = 0
        open(f"{self.dir}/zone", "w").write(ZONE)

    def config(self, name="milter"):
        return f"{self.dir}/{name}.conf"

    def socket(self, name="milter"):
        return f"{self.dir}/{name}.sock"

    def log(self, name="milter"):
        return open(f"{self.dir}/{name}.log", errors="replace").read()

    def start(self, name, *command):
        log = open(f"{self.dir}/{name}.log", "ab")
        self.processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir)

    def kill(self, name, how=signal.SIGKILL):
        process = self.processes.pop(name, None)
        if process:
            process.send_signal(how)
            process.wait(PATIENCE)

    def start_dns(self):
        self.start("dns", "/usr/bin/python3", f"{self.lib}/dnsd.py", "--stay", "--port-file", f"{self.dir}/dns.port",
                   f"{self.dir}/zone")
        until("the DNS server", 10, lambda: os.path.exists(f"{self.dir}/dns.port") and open(f"{self.dir}/dns.port").read().strip())
        self.dns_port = int(open(f"{self.dir}/dns.port").read())

    def start_redis(self):
        from free_port import free_port
        self.redis_port = self.redis_port or free_port()
        self.start("redis", "redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", self.dir,
                   "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no")
        until("redis-server", 20, lambda: self.redis("PING") == "PONG")

    def redis(self, *command):
        return subprocess.run(["redis-cli", "-p", str(self.redis_port), *command], capture_output=True, text=True,
                              timeout=PATIENCE).stdout.strip()

    def store_url(self):
        return f"lmdb:{self.dir}/model" if self.kind == "lmdb" else f"redis://127.0.0.1:{self.redis_port}/0"

    def configure(self, name="milter", journal="journal", labels="", store_ms=100, more="", segment="64K"):
        open(self.config(name), "w").write(f"""
authserv_id = "mx.example.org";
store = "{self.store_url()}";
dns: {{ servers = [ "127.0.0.1@{self.dns_port}" ]; }};
deadlines: {{ message = "10s"; dns = "1s"; store = "{store_ms}ms"; }};
journal: {{ directory = "{self.dir}/{journal}"; segment_size = "{segment}"; interval = "20ms"; writer = "{name}"; }};
labels: {{ traps = [ "trap@example.org" ]; filter_good = [ "X-Spam-Flag: NO" ]; {labels} }};
log: {{ to = "stderr"; level = "warning"; }};
{more}
""")

    def start_milter(self, name="milter"):
        if os.path.exists(self.socket(name)):
            os.unlink(self.socket(name))
        self.start(name, f"{self.build}/vouch-milter", "-f", "-c", self.config(name), "-s", f"unix:{self.socket(name)}")
        until("vouch-milter", 20, lambda: self.answers(name))

    def answers(self, name):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(self.socket(name))
            return True
        except OSError:
            return False

    def start_learner(self):
        self.start("learner", f"{self.build}/vouch", "model", "learn", "--follow", "--config", self.config())

    def run(self, *arguments, daemon="milter"):
        """vouch with the settings of that daemon, whatever comes of it"""
        return subprocess.run([f"{self.build}/vouch", *arguments, "--config", self.config(daemon)], capture_output=True, text=True,
                              timeout=PATIENCE)

    def vouch(self, *arguments, daemon="milter"):
        done = self.run(*arguments, daemon=daemon)
        if done.returncode:
            raise SystemExit(f"vouch {' '.join(arguments)}: exit status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def records(self, *arguments, daemon="milter"):
        return [json.loads(line) for line in self.vouch("journal", "cat", *arguments, daemon=daemon).splitlines()]

    def digest(self, *arguments, daemon="milter"):
        return json.loads(self.vouch("model", "verify", "--json", *arguments, daemon=daemon))["digest"]

    def built_anew(self, *arguments, daemon="milter"):
        """the digest of a model that is built from the journals"""
        shutil.rmtree(f"{self.dir}/rebuilt", ignore_errors=True)
        anew = ("--store", f"lmdb:{self.dir}/rebuilt")
        self.vouch("model", "build", *anew, *arguments, daemon=daemon)
        return self.digest(*anew, daemon=daemon)

    def end(self, keep):
        for name in list(self.processes):
            self.kill(name)
        if not keep:
            shutil.rmtree(self.dir)


class Load:
    """Connections that send mail to the daemons of these names until they are told to stop, and remember what was
    acknowledged: the ids in the order of the answers, each X-Vouch, the slowest answer, and connections that broke.
    Each waits for `pause` seconds between two messages."""

    def __init__(self, world, random_, names=("milter",), pause=0):
        self.world, self.random, self.pause = world, random_, pause
        self.acknowledged, self.fields, self.slowest, self.broken = [], [], 0.0, 0
        self.of_client = collections.defaultdict(list)  # ids
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(names[i % len(names)], random.Random(random_.random())),
                                         daemon=True)
                        for i in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def run(self, name, chance):
        from milterclient import Client
        while not self.stop.is_set():
            try:
                client = Client(self.world.socket(name))
                for _ in range(20):
                    if self.stop.is_set():
                        break
                    self.send(client, chance)
                    time.sleep(self.pause)
                client.close()
            except (OSError, EOFError):
                with self.lock:
                    self.broken += 1
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
        begin = time.monotonic()
        client.connect(ip=b"198.51.100.%d" % chance.randrange(1, 30))
        client.envelope(b"<" + sender + b">", rcpts)
        client.header(fields)
        client.body()
        _, _, edits = client.end(b"Q%x" % chance.getrandbits(30))
        value = inserted(edits, b"X-Vouch")
        seconds = time.monotonic() - begin
        with self.lock:
            self.acknowledged.append(value.strip()[3:39])
            self.of_client[threading.get_ident()].append(self.acknowledged[-1])
            self.fields.append(value)
            self.slowest = max(self.slowest, seconds)

    def wait(self, more):
        """until so many more messages had their answers"""
        there = len(self.acknowledged) + more
        until(f"{more} answers", 60, lambda: len(self.acknowledged) >= there)

    def finish(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()
