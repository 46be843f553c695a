#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vouch model build: a version from the journals is the one that was learnt live, to the last bit;
# nothing that stops a build, and nothing that goes on meanwhile, changes that.

setup() {
    . "$VOUCH_SRCDIR/tests/lib/model.bash"
    model_begin
}

teardown() {
    model_end
}

# "1previous 2active "
versions() {
    model list | awk '/ keys$/ { print $1 $2 }' | tr '\n' ' '
}

@test "a build is what was learnt live, whatever the batches and the order of journals" {
    "$maker" write "$d/j" mx1 1 1500
    "$maker" write "$d/j" mx2 2 800
    [ "$("$maker" learn "$d/j" "$store" 7)" = 2300 ]
    "$maker" write "$d/j" mx1 3 200
    [ "$("$maker" learn "$d/j" "$store" 64)" = 200 ]
    live=$(digest)
    run model build
    echo "$output"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "version 2: 2500 records of 2 journals, "*" 0 erasures, digest $live" ]]
    [ "${lines[1]}" = "version 2 is active" ]
    [ "$(digest 1)" = "$live" ]
    [ "$(digest 2)" = "$live" ]
    # nothing is left to learn, and what is learnt next goes on from there
    [ "$("$maker" learn "$d/j" "$store" 64)" = 0 ]
    "$maker" write "$d/j" mx2 4 300
    [ "$("$maker" learn "$d/j" "$store" 64)" = 300 ]
    [ "$(digest 1)" = "$live" ]
    live=$(digest)
    run model build
    [[ ${lines[0]} == "version 3: 2800 records of 2 journals, "*", digest $live" ]]
}

@test "Redis and the embedded store come to the same" {
    start_redis
    "$maker" write "$d/j" mx1 1 1000
    "$maker" learn "$d/j" "$store" 100
    live=$(digest)
    store=redis+unix:$d/r.sock
    run model build
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"digest $live"* ]]
    [ "$(digest)" = "$live" ]
    [ "$("$maker" learn "$d/j" "$store" 100)" = 0 ]
    "$maker" write "$d/j" mx1 2 100
    [ "$("$maker" learn "$d/j" "$store" 10)" = 100 ]
    live=$(digest)
    run model build
    [[ $output == *"digest $live"* ]]
    model rollback
}

@test "the previous version stays, and as many as --keep says" {
    "$maker" write "$d/j" mx1 1 50
    model build
    model build
    [ "$(versions)" = "2previous 3active " ]
    model rollback
    [ "$(active)" = 2 ]
    model build --no-activate
    [ "$(active)" = 2 ]
    [ "$(versions)" = "2active 3previous 4- " ]
    model build --keep 5
    [ "$(versions)" = "2previous 3- 4- 5active " ]
    model build --keep 0
    [ "$(versions)" = "6active " ]
    run model rollback
    [ "$status" -eq 66 ]
}

@test "what is learnt after a rollback is what was not learnt yet" {
    "$maker" write "$d/j" mx1 1 300
    "$maker" learn "$d/j" "$store" 50
    model build
    "$maker" write "$d/j" mx1 2 100
    "$maker" learn "$d/j" "$store" 50
    live=$(digest)
    model rollback
    [ "$(digest)" != "$live" ]
    [ "$("$maker" learn "$d/j" "$store" 50)" = 100 ]
    [ "$(digest)" = "$live" ]
}

meanwhile() {
    "$maker" write "$d/j" mx1 1 500
    for i in 2 3 4 5 6; do
        "$maker" write "$d/j" mx1 "$i" 200
        "$maker" learn "$d/j" "$store" 20
    done >"$d/learnt" &
    pid=$!
    for _ in 1 2 3; do
        model build >/dev/null
    done
    wait "$pid"
    "$maker" learn "$d/j" "$store" 20
    live=$(digest)
    run model build
    echo "$output"
    [[ $output == *": 1500 records of 1 journal, "*"digest $live"* ]]
}

@test "records that come while a version is built are learnt once" {
    meanwhile
}

@test "... and in Redis" {
    start_redis
    store=redis+unix:$d/r.sock
    meanwhile
}

@test "look-ups see one version or the other, never a mixture" {
    "$maker" write "$d/j" mx1 1 400
    "$maker" learn "$d/j" "$store" 100
    model export | sort >"$d/before"
    "$maker" write "$d/j" mx1 2 400
    { model build && model rollback && model build && model rollback && model build; } >"$d/out" 2>&1 &
    pid=$!
    n=0
    while kill -0 "$pid" 2>/dev/null; do
        model export | sort >"$d/seen$((n++))"
    done
    wait "$pid"
    model export | sort >"$d/after"
    ! cmp -s "$d/before" "$d/after"
    for ((i = 0; i < n; i++)); do
        cmp -s "$d/seen$i" "$d/before" || cmp "$d/seen$i" "$d/after"
    done
}

@test "a build that is killed changes nothing, and the next one removes it" {
    "$maker" write "$d/j" mx1 1 300
    "$maker" learn "$d/j" "$store" 100
    live=$(digest)
    many=${VOUCH_SANITIZED:+8000}
    many=${many:-40000} # time enough to kill it
    "$maker" many "$d/j" mx2 "$many" 20000
    "$vouch" model build --config "$d/vouch.conf" --store "$store" &
    pid=$!
    for _ in $(seq 1000); do
        [[ $(model list) == *unfinished* ]] && break
        kill -0 "$pid" || break
    done
    kill -9 "$pid"
    wait "$pid" || true
    model list
    [[ $(model list) == *unfinished* ]]
    [ "$(active)" = 1 ]
    [ "$(digest)" = "$live" ]
    run model activate 2
    [ "$status" -eq 65 ]
    [[ $output == *"version 2 is unfinished"* ]]
    run model build
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "version 2, which an earlier build left unfinished, is removed" ]
    [[ ${lines[1]} == "version "*": $((many + 300)) records of 2 journals, "* ]]
    [[ $(model list) != *unfinished* ]]
}

@test "a damaged journal is built from, but the version is not activated" {
    "$maker" write "$d/j" mx1 1 300
    "$maker" learn "$d/j" "$store" 100
    printf 'garbage garbage garbage' | dd of="$(ls "$d"/j/mx1/*.open)" bs=1 seek=20000 conv=notrunc status=none
    run model build
    echo "$output"
    [ "$status" -eq 65 ]
    [[ $output == *"$d/j/mx1: "* ]]
    [[ $output == *"version 2 is not activated"* ]]
    [ "$(active)" = 1 ]
}

@test "what retention removed is said, and the rest is built and activated" {
    "$maker" many "$d/j" mx1 6000 100
    ls "$d/j/mx1"
    first=$(ls "$d/j/mx1" | grep avro | head -1)
    next=$(ls "$d/j/mx1" | grep -E 'avro|open' | sed -n 2p)
    "$maker" learn "$d/j" "$store" 500
    rm "$d/j/mx1/${first%.avro}".*
    run model build
    echo "$output"
    [ "$status" -eq 0 ]
    gone=$((10#${next%.*} - 1))
    [ "${lines[0]}" = "vouch model build: $d/j/mx1: records 1 to $gone are no longer there: what they taught is not in the new version" ]
    [[ ${lines[1]} == "version 2: $((6000 - gone)) records of 1 journal, "* ]]
    [ "${lines[2]}" = "version 2 is active" ]
    [ "$("$maker" learn "$d/j" "$store" 500)" = 0 ]
}

@test "each trouble has its exit status, and says where it is" {
    check() {
        want=$1
        part=$2
        shift 2
        run model build "$@"
        echo "model build $*: $status: $output"
        [ "$status" -eq "$want" ]
        [[ $output == *"$part"* ]]
    }
    check 66 "$d/j: there is no journal in it"
    check 66 "$d/none: No such file" --journal "$d/none"
    check 64 "not a number" --keep many
    check 64 "one argument too many" 7
    "$maker" write "$d/j" mx1 1 10
    store=redis+unix:$d/none.sock
    check 69 "cannot be read" # (No such file or directory)
    store=none
    check 69 "keeps nothing"
    store=lmdb:$d/m
    echo 'journal: { directory = ""; };' >"$d/vouch.conf"
    check 78 "journal.directory is empty"
    check 0 "version 2 is active" --journal "$d/j"
    if command -v flock >/dev/null; then
        exec 9<"$d/j"
        flock 9
        check 75 "another 'vouch model build'" --journal "$d/j"
    fi
}
