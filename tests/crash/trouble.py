#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What befalls the learning and what must hold all the same, one scenario at a time:

    trouble.py BUILDDIR LIBDIR lmdb|redis SCENARIO [SEED]

In each, mail comes in over several connections through real daemons, and every answer is remembered. At the end
(`equal`) each message that was answered stands in the journal, once, and the model that was learnt live has the same
digest as one that is built anew from the journals. Exit status 0 if all of that held, 77 if this host cannot do it."""
import collections
import json
import os
import random
import re
import signal
import subprocess
import sys

from world import Disk, Load, World, until

SLOW = 10 if os.environ.get("VOUCH_SANITIZED") else 1
STORE_S = 0.1  # deadlines.store as world.py has it
KEPT = "Records are kept in memory until this is mended"
PAUSE_S = 0.005 * SLOW  # where commands read what comes meanwhile: it must not come faster than they read
ANSWER_S = (STORE_S + 4.9) * SLOW  # a busy host, four connections; who waits for the message's deadline takes 10 s


def must(holds, what):
    if not holds:
        raise SystemExit(f"not so: {what}")


def learnt(world, daemon="milter", writer=""):
    done = world.run("stats", "--json", daemon=daemon)
    return done.returncode == 0 and all(j["lag_records"] == 0 for j in json.loads(done.stdout)["journals"]
                                        if j["writer"].startswith(writer))


def flags(fields):
    return sum("model_unavailable" in field for field in fields)


def in_journal(world, load, daemon="milter"):
    """all that were answered, once"""
    there = collections.Counter(r["id"] for r in world.records("--kind", "decision", daemon=daemon))
    must(all(n == 1 for n in there.values()), "each record stands in the journal once")
    missing = [i for i in load.acknowledged if not there[i]]
    must(not missing, f"every message that was answered is in the journal: {len(missing)} are not")


def equal(world, load, caught_up=60):
    """nothing was lost; the daemon learns all of it by itself; and that is what a build comes to"""
    must(load.broken == 0, "no connection broke")
    until("the last answers to be in the journal", 30 * SLOW, lambda: not waiting(world, load))
    until("the learner to catch up", caught_up * SLOW, lambda: learnt(world))
    in_journal(world, load)
    world.vouch("journal", "verify", "--quiet")
    live, anew = world.digest(), world.built_anew()
    must(live == anew, "the model that was learnt live equals one that is built from its journal")
    print(f"# {len(load.acknowledged)} messages, slowest {load.slowest * 1000:.0f} ms, models equal", flush=True)


def quick(load):
    must(load.slowest < ANSWER_S, f"every answer came in {ANSWER_S} s: one took {load.slowest:.2f} s")


# --- the model is away ----------------------------------------------------------------------------


def store_stopped(world, chance):
    """Redis ends, and is started again later."""
    world.start_milter()
    load = Load(world, chance)
    load.wait(100)
    world.kill("redis", signal.SIGTERM)
    load.wait(200)
    until("the log to say so", 20 * SLOW, lambda: "nothing is lost" in world.log())
    world.start_redis()
    load.wait(100)
    load.finish()
    must(flags(load.fields) > 0, "messages were judged without the model")
    quick(load)
    equal(world, load)


def store_frozen(world, chance):
    """Redis takes connections and answers nothing."""
    world.start_milter()
    load = Load(world, chance)
    load.wait(100)
    world.processes["redis"].send_signal(signal.SIGSTOP)
    load.wait(60)
    world.processes["redis"].send_signal(signal.SIGCONT)
    load.wait(100)
    load.finish()
    must(flags(load.fields) > 0, "messages were judged without the model")
    quick(load)
    equal(world, load)


def model_full(world, chance):
    """The disk of the embedded model is full for a while."""
    disk = Disk(f"{world.dir}/model", 16384)
    try:
        world.start_milter()
        load = Load(world, chance)
        load.wait(100)
        disk.fill()
        until("the log to say so", 30 * SLOW, lambda: "No space left" in world.log())
        load.wait(50)
        disk.free()
        load.wait(50)
        load.finish()
        quick(load)
        equal(world, load)
        world.kill("milter", signal.SIGTERM)
    finally:
        disk.end()


# --- several daemons, one model -------------------------------------------------------------------


def two_sensors(world, chance, second):
    for name, journal in ("milter", "journal"), ("other", second):
        world.configure(name, journal)
        world.start_milter(name)
    load = Load(world, chance, ("milter", "other"))
    load.wait(500)
    load.finish()
    for name in "milter", "other":
        until("both to be learnt", 60 * SLOW, lambda: learnt(world, name))
    if second != "journal":  # one tree, for the build
        world.kill("other", signal.SIGTERM)
        os.rename(f"{world.dir}/{second}/other", f"{world.dir}/journal/other")
    equal(world, load)


def two_trees(world, chance):
    """Two daemons, each with a journal of its own."""
    two_sensors(world, chance, "second")


def one_tree(world, chance):
    """Two daemons that write to one tree of journals; either learns both."""
    two_sensors(world, chance, "journal")


# --- versions come and go -------------------------------------------------------------------------


def versions(world):
    return {json.loads(line)["version"] for line in world.vouch("model", "list", "--json").splitlines()}


def activation(world, chance):
    """Versions are built, activated and rolled back while mail comes in."""
    world.configure(store_ms=1000)  # that the host is busy shall not pass for a model that is away
    world.start_milter()
    load = Load(world, chance, pause=PAUSE_S)
    load.wait(100)
    existed = versions(world)
    for _ in range(3):
        world.vouch("model", "build", "--keep", "9")
        load.wait(20)
        world.vouch("model", "rollback")
        load.wait(20)
        existed |= versions(world)
    world.vouch("model", "build", "--keep", "9")
    load.wait(20)
    load.finish()
    existed |= versions(world)
    asked = collections.Counter(re.search(r"model=([^;\s]+)", field)[1] for field in load.fields)
    print(f"# asked: {dict(asked)}; there were {sorted(existed)}")
    must(flags(load.fields) == 0, "no message was judged without the model")
    must(set(asked) <= existed, "each message names a version that existed")
    must(len(asked) > 2, "versions changed while mail came in")
    equal(world, load)


# --- what people and servers say ------------------------------------------------------------------

LETTER = """Received: from client.example.net (client.example.net [198.51.100.%d]) by mx.example.org
From: writer%d@example.net
Message-ID: <said-%d@example.net>
X-Vouch:%s

hello
"""


def send(world, n, ip=b"198.51.100.99", sender=b"writer%d@example.net", rcpt=b"<r@example.org>", user=None, more=()):
    """one message, of nobody and from nowhere that a Load's are; its X-Vouch"""
    from milterclient import Client, inserted
    client = Client(world.socket())
    client.connect(ip=ip)
    if user:
        client.macro(b"M", b"{auth_authen}", user)
    sender = sender % n if b"%d" in sender else sender
    client.envelope(b"<" + sender + b">", (rcpt,))
    client.header(((b"From", b" " + sender), (b"Message-ID", b" <said-%d@example.net>" % (n if not user else 1000 + n)), *more))
    client.body()
    _, _, edits = client.end(b"Q%x" % n)
    client.close()
    return inserted(edits, b"X-Vouch")


def labels(world):
    said = collections.Counter()
    for r in world.records("--kind", "label"):
        said[r["labels"][0]["verdict"], r["labels"][0]["source"]] += 1
    return said


def said(world, chance):
    """Good, bad and taken back; replies, traps, another filter, delivery; and somebody is forgotten."""
    maker = f"{world.build}/tests/lib/journal_maker"
    if not os.access(maker, os.X_OK):
        print("# built without cmocka")
        sys.exit(77)
    subprocess.run([maker, "many", f"{world.dir}/journal", "milter", "40", "10"], check=True)  # long delivered
    world.configure(labels='delivery_after = "1d";')
    world.start_milter()
    load = Load(world, chance, pause=PAUSE_S)
    for n in range(8):
        text = LETTER % (99, n, n, send(world, n))
        letter = f"{world.dir}/letter{n}.eml"
        open(letter, "w").write(text)
        for word in [("bad",), ("good",), ("bad", "good"), ("bad", "none")][n % 4]:
            world.vouch("learn", word, letter)
    for n in range(4):  # a local user answers
        send(world, n, ip=b"203.0.113.5", sender=b"bob@example.org", rcpt=b"<writer%d@example.net>" % n, user=b"bob",
             more=((b"In-Reply-To", b" <said-%d@example.net>" % n),))
    world.vouch("forget", "writer3@example.net")
    world.vouch("forget", "198.51.100.99")
    until("both to be forgotten", 60 * SLOW, lambda: learnt(world, writer="milter-tool"))  # what comes before goes too
    for n in range(8, 12):  # is learnt again
        send(world, n % 4)
    load.wait(50)
    load.finish()
    wanted = {("good", "person"), ("bad", "person"), ("none", "person"), ("good", "reply"), ("good", "delivery")}
    until("all labels", 30 * SLOW, lambda: wanted <= set(labels(world)))
    until("the deliveries", 30 * SLOW, lambda: labels(world)["good", "delivery"] == 40)
    until("the learner to catch up", 60 * SLOW, lambda: learnt(world))
    print(f"# {dict(labels(world))}")
    equal(world, load)


# --- the journal's disk ---------------------------------------------------------------------------


def full_disk(world, chance):
    """The disk of the journal is full for a while."""
    disk = Disk(f"{world.dir}/journal", 8192)
    try:
        world.start_milter()
        load = Load(world, chance)
        load.wait(50)
        disk.fill(leave=16384)
        until("the log to say so", 30 * SLOW, lambda: KEPT in world.log())
        load.wait(100)
        disk.free()
        until("the log to say that it is over", 30 * SLOW, lambda: "well again" in world.log())
        load.wait(50)
        load.finish()
        must(world.log().count(KEPT) == 1, "the log says it once:\n" + world.log())
        quick(load)
        equal(world, load)
        in_order(world, load)
        world.kill("milter", signal.SIGTERM)
    finally:
        disk.end()


def waiting(world, load):
    there = {r["id"] for r in world.records("--kind", "decision")}
    return any(i not in there for i in load.acknowledged)


def in_order(world, load):
    """A client's records stand in the order of its messages."""
    at = {r["id"]: i for i, r in enumerate(world.records("--kind", "decision"))}
    for ids in load.of_client.values():
        stand = [at[i] for i in ids]
        must(stand == sorted(stand), f"records are written in order: {stand}")


def read_only(world, chance):
    """The directory of the journal cannot be written when the daemon starts."""
    disk = Disk(f"{world.dir}/journal", 8192)
    try:
        disk.writable(False)
        world.start_milter()
        load = Load(world, chance)
        load.wait(100)
        until("the log to say so", 30 * SLOW, lambda: "Read-only file system" in world.log())
        disk.writable(True)
        load.wait(50)
        load.finish()
        until("the kept records to be written", 30 * SLOW, lambda: not waiting(world, load))
        must(world.log().count(KEPT) == 1, "the log says it once:\n" + world.log())
        quick(load)
        equal(world, load)
        world.kill("milter", signal.SIGTERM)
    finally:
        disk.end()


def sealed(world):
    directory = f"{world.dir}/journal/milter"
    return sorted(f"{directory}/{name}" for name in os.listdir(directory) if name.endswith(".avro"))


def spoil(world, chance, change):
    """A sealed segment is changed on the disk: which one is said, and nothing is activated; mail flows."""
    world.start_milter()
    load = Load(world, chance)
    until("two sealed segments", 60 * SLOW, lambda: os.path.isdir(f"{world.dir}/journal/milter") and len(sealed(world)) > 1)
    load.finish()
    until("the learner to catch up", 60 * SLOW, lambda: learnt(world))
    live = world.digest()
    victim = sealed(world)[0]
    data = open(victim, "rb").read()
    os.chmod(victim, 0o600)
    open(victim, "wb").write(change(data))
    before = world.vouch("model", "list")
    done = world.run("journal", "verify")
    print(f"# {done.stdout.strip()[:300]}")
    must(done.returncode == 65 and os.path.basename(victim) in done.stdout + done.stderr, "vouch journal verify names the file")
    done = world.run("model", "build")
    print(f"# {(done.stdout + done.stderr).strip()[:400]}")
    must(done.returncode == 65, f"vouch model build says that its input is bad: {done.returncode}")
    must(os.path.basename(victim) in done.stdout + done.stderr, "vouch model build names the file")
    must("is not activated" in done.stdout + done.stderr, "the version is not activated")
    must([l for l in before.splitlines() if "active" in l][0] in world.vouch("model", "list"), "the old version is active")
    must(world.digest() == live, "and as it was")
    load = Load(world, chance)
    load.wait(20)
    load.finish()
    quick(load)
    open(victim, "wb").write(data)
    equal(world, load)


def damaged_segment(world, chance):
    """One bit, in the records."""
    spoil(world, chance, lambda data: data[:-100] + bytes([data[-100] ^ 1]) + data[-99:])


def foreign_schema(world, chance):
    """A file of other records stands where a segment was."""
    def other(data):
        changed = re.sub(rb'("name": ?)"Record"', rb'\1"Letter"', data, count=1)
        must(changed != data, "the schema stands in the segment")
        return changed
    spoil(world, chance, other)


SCENARIOS = (store_stopped, store_frozen, model_full, two_trees, one_tree, activation, said, full_disk, read_only,
             damaged_segment, foreign_schema)


def main():
    build, lib, store, name = sys.argv[1:5]
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else random.randrange(1 << 32)
    world = World(os.path.abspath(build), os.path.abspath(lib), store)
    keep = True
    try:
        world.start_dns()
        if store == "redis":
            world.start_redis()
        world.configure()
        {s.__name__: s for s in SCENARIOS}[name](world, random.Random(seed))
        keep = False
    except SystemExit as e:
        keep = e.code != 77
        raise
    finally:
        world.end(keep)
        if keep:
            print(f"# seed {seed}; what is left: {world.dir}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
