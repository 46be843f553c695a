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
import os
import random
import sys
import time

from world import Load, World

CHECK_EVERY = 25


def check(world, acknowledged, round_):
    """What must hold whatever was killed."""
    world.kill("learner")
    records = collections.Counter(r["id"] for r in world.records())
    missing = [i for i in acknowledged if records[i] == 0]
    double = [i for i, n in records.items() if n > 1]
    world.vouch("journal", "verify", "--quiet")
    world.vouch("model", "learn", "--once")
    live, anew = world.digest(), world.built_anew()
    ok = not missing and not double and live == anew
    print(f"# round {round_}: {len(acknowledged)} acknowledged, {len(records)} records, {len(missing)} lost, {len(double)} double, "
          f"models {'equal' if live == anew else 'DIFFER'}", flush=True)
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
            if round_ % 2:
                load.wait(1)  # a busy host may come to none in the while below
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
