#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vouch model list, activate, rollback, drop, verify: the versions of a model.

setup() {
    vouch=$VOUCH_BUILDDIR/vouch
    d=$(mktemp -d)
    : >"$d/empty.conf"
    line='{"group":"dom:%s","field":"*","good":%d,"bad":0,"seen":20,"first":1700000000,"last":1700086400}\n'
    printf "$line" example.org 5 example.com 6 >"$d/one.jsonl"
    printf "$line" example.com 6 example.org 5 example.net 7 >"$d/two.jsonl"
}

teardown() {
    rm -rf "$d"
}

# COMMAND [ARGUMENT]...: of vouch model, on the store at hand
model() {
    run "$vouch" model "$1" --config "$d/empty.conf" --store "${store:-lmdb:$d/m}" "${@:2}"
}

@test "an imported version is looked up once it is activated, and rolled back" {
    model import "$d/one.jsonl"
    model import --model 2 "$d/two.jsonl"
    [ "$output" = "imported 3 keys" ]
    model list
    [[ ${lines[0]} == "1 "*"active "*"2 keys" ]]
    [[ ${lines[1]} == "2 "*"- "*"3 keys" ]]
    model export
    [ "${#lines[@]}" -eq 2 ]
    model export --model 2
    [ "${#lines[@]}" -eq 3 ]
    model activate 2
    [ "$status" -eq 0 ]
    [ "$output" = "version 2 is active (it was 1)" ]
    model export
    [ "${#lines[@]}" -eq 3 ]
    model list --json
    [ "${lines[0]}" = '{"active":false,"keys":2,"learnt":{},"previous":true,"unfinished":false,"version":"1","weights":null}' ]
    [ "${lines[1]}" = '{"active":true,"keys":3,"learnt":{},"previous":false,"unfinished":false,"version":"2","weights":null}' ]
    model rollback
    [ "$output" = "version 1 is active (it was 2)" ]
    model drop 2
    [ "$output" = "version 2 is removed" ]
    model list
    [ "${#lines[@]}" -eq 1 ]
}

@test "two models that know the same have one digest, in any order and version" {
    model import "$d/one.jsonl"
    head -2 "$d/two.jsonl" | "$vouch" model import --config "$d/empty.conf" --store "lmdb:$d/m" --model other
    model verify
    [ "$status" -eq 0 ]
    digest=$(grep ^digest <<<"$output")
    [[ $digest =~ ^digest\ +[0-9a-f]{64}$ ]]
    model verify other
    [ "$(grep ^digest <<<"$output")" = "$digest" ]
    [[ ${lines[0]} == "version "*" other" ]]
    model import --model other "$d/two.jsonl"
    model verify other
    [ "$(grep ^digest <<<"$output")" != "$digest" ]
    model verify --json other
    [[ $output == '{"version":"other","active":false,"keys":3,"kinds":{"tally":3,'*'"damaged":0,"damaged_keys":[],"digest":"'*'","weights":null}' ]]
}

@test "what is damaged or foreign is named" {
    command -v python3 >/dev/null || skip "no python3 on this host"
    model import "$d/one.jsonl"
    # the first byte of a value says what it is: the tally of example.com becomes something else
    python3 - "$d/m/data.mdb" <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
start = 0
while (at := data.find(b"dom:example.com", start)) >= 0:
    value = data.index(b"\x02", at)
    data[value] = 99
    start = at + 1
open(sys.argv[1], "wb").write(data)
END
    model verify
    echo "$output"
    [ "$status" -eq 65 ]
    [[ ${lines[0]} == "damaged: dom:example.com *: "* ]]
    [[ $output == *$'\n'"damaged     1"$'\n'* ]]
    [[ $output == *"1 of 2 values are damaged"* ]]
    model verify --json
    [ "$status" -eq 65 ]
    [[ $output == *'"damaged_keys":[{"group":"dom:example.com","field":"*","why":"'* ]]
}

@test "each mistake has its exit status and one line" {
    check() {
        want=$1
        part=$2
        shift 2
        model "$@"
        echo "model $*: $status: $output"
        [ "$status" -eq "$want" ]
        [[ $output == *"$part"* ]]
    }
    model import "$d/one.jsonl"
    check 64 "which VERSION" activate
    check 64 "one argument too many" activate 1 2
    check 64 "one argument too many" list 1
    check 64 "no such option" rollback --json
    check 64 "no such option" list --model 1
    check 65 "activate another first" drop 1
    check 66 "no version '7' of the model; there are: 1" activate 7
    check 66 "no version '7'" drop 7
    check 66 "no version '7'" verify 7
    check 66 "no version '7'" export --model 7
    check 66 "no previous version" rollback
    store=lmdb:$d/none
    check 69 "no model at" list
    check 69 "no model at" verify
    [ ! -e "$d/none" ]
    store=fail:
    check 69 "cannot be read" list
    check 69 "cannot be read" rollback
    store=redis+unix:$d/none.sock
    check 69 "cannot be read" list
    check 69 "cannot be read" activate 1
}

@test "look-ups go on while versions are switched, and see whole ones only" {
    model import "$d/one.jsonl"
    model import --model 2 "$d/two.jsonl"
    for _ in $(seq 20); do
        "$vouch" model rollback --config "$d/empty.conf" --store "lmdb:$d/m" ||
            "$vouch" model activate --config "$d/empty.conf" --store "lmdb:$d/m" 2
    done >"$d/switched" 2>&1 &
    pid=$!
    for _ in $(seq 20); do
        keys=$("$vouch" model export --config "$d/empty.conf" --store "lmdb:$d/m" | wc -l)
        echo "$keys"
        [ "$keys" -eq 2 ] || [ "$keys" -eq 3 ]
    done
    wait "$pid"
}
