#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: /usr/bin/python3
# What befalls model, journal and disks under load, and what is learnt all the same: see trouble.py.

scenario() { # NAME STORE
    if [ "$2" = redis ]; then
        command -v redis-server >/dev/null || skip "redis-server is not installed"
    fi
    run /usr/bin/python3 "$VOUCH_SRCDIR/tests/crash/trouble.py" "$VOUCH_BUILDDIR" "$VOUCH_SRCDIR/tests/lib" "$2" "$1"
    echo "$output"
    [ "$status" != 77 ] || skip "${lines[0]#\# }"
    [ "$status" = 0 ]
}

@test "Redis is stopped for a while: mail does not wait, and what it missed is learnt" {
    scenario store_stopped redis
}

@test "Redis does not answer for a while: no message waits longer than deadlines.store" {
    scenario store_frozen redis
}

@test "the disk of the embedded model is full for a while" {
    scenario model_full lmdb
}

@test "two daemons with a journal each learn into one Redis: as one build over both" {
    scenario two_trees redis
}

@test "two daemons in one tree of journals learn into one Redis, each of them both" {
    scenario one_tree redis
}

@test "versions are built, activated and rolled back under load: each message asks one that exists" {
    scenario activation lmdb
}

@test "versions are built, activated and rolled back under load, in Redis" {
    scenario activation redis
}

@test "reports, replies, deliveries and a forgotten sender: learnt live as built anew" {
    scenario said lmdb
}

@test "reports, replies, deliveries and a forgotten sender, in Redis" {
    scenario said redis
}

@test "the journal's disk is full for a while: mail flows, nothing is lost" {
    scenario full_disk lmdb
}

@test "the journal cannot be written at the start: mail flows, nothing is lost" {
    scenario read_only lmdb
}

@test "a damaged sealed segment is named, and nothing built without it is activated" {
    scenario damaged_segment lmdb
}

@test "a segment with a foreign schema is named, and nothing built without it is activated" {
    scenario foreign_schema lmdb
}
