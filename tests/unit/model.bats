#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vouch model import and export, vouch lookup: what they write, what they refuse, how they exit.

setup() {
    . "$VOUCH_SRCDIR/tests/lib/model.bash"
    vouch=$VOUCH_BUILDDIR/vouch
    d=$(mktemp -d)
    : >"$d/empty.conf"
    cat >"$d/m.jsonl" <<'END'
{"group":"dom:example.org","field":"*","good":12.5,"bad":0,"seen":20,"first":1700000000,"last":1700086400}

{"last":1700086400,"group":"ip:198.51.100.0/24","field":"*","good":1e3,"bad":0.25,"seen":1200.125,"first":1600000000}
END
}

teardown() {
    model_end
}

import() {
    run "$vouch" model import --config "$d/empty.conf" "$@"
}

export_() {
    run "$vouch" model export --config "$d/empty.conf" "$@"
}

lookup() {
    run "$vouch" lookup --config "$d/empty.conf" "$@"
}

@test "what is imported is exported, from a file and from a pipe" {
    import --store "lmdb:$d/a" "$d/m.jsonl"
    [ "$status" -eq 0 ]
    [ "$output" = "imported 2 keys" ]
    "$vouch" model import --config "$d/empty.conf" --store "lmdb:$d/b" <"$d/m.jsonl"
    cat "$d/m.jsonl" | "$vouch" model import --config "$d/empty.conf" --store "lmdb:$d/c" -
    export_ --store "lmdb:$d/a" "$d/a.jsonl"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    for s in b c; do
        "$vouch" model export --config "$d/empty.conf" --store "lmdb:$d/$s" | cmp - "$d/a.jsonl"
    done
    # and once more around
    "$vouch" model import --config "$d/empty.conf" --store "lmdb:$d/e" "$d/a.jsonl"
    "$vouch" model export --config "$d/empty.conf" --store "lmdb:$d/e" | cmp - "$d/a.jsonl"
    [ "$(stat -c %a "$d/a" "$d/a.jsonl" | tr '\n' ' ')" = "700 600 " ]
}

@test "a wrong line is named, and nothing is written" {
    cases=(
        '{"group":"a"}|"field" is missing'
        '{}|"group" is missing'
        '[]|not a JSON object'
        'nonsense|not JSON'
        '{"group":"dom:example.org","field":"*","good":-1,"bad":0,"seen":2,"first":1,"last":2}|"good" must be'
        '{"group":"dom:example.org","field":"*","good":"1","bad":0,"seen":2,"first":1,"last":2}|"good" must be'
        '{"group":"dom:example.org","field":"*","good":1e99,"bad":0,"seen":2,"first":1,"last":2}|"good" must be'
        '{"group":"dom:example.org","field":"*","good":1,"bad":0,"seen":2,"first":3,"last":2}|"first" is after'
        '{"group":"dom:example.org","field":"*","good":1,"bad":0,"seen":2,"first":1.5,"last":2}|"first" must be'
        '{"group":"dom:example.org","field":"*","good":1,"bad":0,"seen":2,"first":1,"last":4294967296}|"last" must be'
        '{"group":"dom:example.org","field":"","good":1,"bad":0,"seen":2,"first":1,"last":2}|"field" must be'
        '{"group":"a","field":"*","good":1,"bad":0,"seen":2,"first":1,"last":2,"colour":"red"}|unknown member "colour"'
        '{"group":"a","group":"b","field":"*","good":1,"bad":0,"seen":2,"first":1,"last":2}|duplicate'
        '{"group":"a\u0000b","field":"*","good":1,"bad":0,"seen":2,"first":1,"last":2}|NUL'
    )
    for c in "${cases[@]}"; do
        { cat "$d/m.jsonl"; printf '%s\n' "${c%%|*}"; } >"$d/bad.jsonl"
        import --store "lmdb:$d/x" "$d/bad.jsonl"
        echo "$c: $status: $output"
        [ "$status" -eq 65 ]
        [[ $output == *"$d/bad.jsonl:4: "*"${c#*|}"* ]]
        [ "${#lines[@]}" -eq 1 ]
        [ ! -e "$d/x" ]
    done
}

@test "a line without end is read, a line too long is not" {
    printf '%s' "$(head -1 "$d/m.jsonl")" >"$d/one.jsonl"
    import --store "lmdb:$d/a" "$d/one.jsonl"
    [ "$output" = "imported 1 keys" ]
    head -c 100000 /dev/zero | tr '\0' ' ' >"$d/long.jsonl"
    import --store "lmdb:$d/b" "$d/long.jsonl"
    [ "$status" -eq 65 ]
    [[ $output == *":1: longer than 8192 bytes" ]]
}

@test "a large model goes through in batches" {
    awk 'BEGIN { for (i = 0; i < 5001; i++)
        printf "{\"group\":\"dom:d%d.example\",\"field\":\"*\",\"good\":%d.5,\"bad\":0,\"seen\":%d,\"first\":1,\"last\":1700000000}\n", i / 3, i, i }' \
        >"$d/large.jsonl"
    import --store "lmdb:$d/a" "$d/large.jsonl"
    [ "$output" = "imported 5001 keys" ]
    export_ --store "lmdb:$d/a" "$d/out.jsonl"
    [ "$(wc -l <"$d/out.jsonl")" -eq 1667 ] # three lines a key: the last one counts
    grep -q '"group":"dom:d1666.example","field":"\*","good":5000.5' "$d/out.jsonl"
}

@test "each mistake has its exit status and one line" {
    check() {
        want=$1
        part=$2
        shift 2
        run "$vouch" "$@"
        echo "vouch $*: $status: $output"
        [ "$status" -eq "$want" ]
        [[ $output == *"$part"* ]]
    }
    c=(--config "$d/empty.conf")
    check 64 "model import" model
    check 64 "Try 'vouch model --help'" model frobnicate
    check 64 "one argument too many" model import "${c[@]}" a b
    check 64 "vouch model import: --frobnicate: there is no such option" model import --frobnicate
    check 64 "vouch lookup: --at: a value is missing" lookup --at
    check 64 "vouch check: --dns mx: not an address" check --dns mx
    check 66 "No such file" model import "${c[@]}" --store "lmdb:$d/x" "$d/nofile"
    check 66 "Is a directory" model import "${c[@]}" --store "lmdb:$d/x" "$d"
    check 64 "accepted: lmdb:DIR" model import "${c[@]}" --store nonsense "$d/m.jsonl"
    check 69 "keeps nothing" model import "${c[@]}" --store none "$d/m.jsonl"
    check 69 "0 of 2 keys" model import "${c[@]}" --store "redis+unix:$d/none.sock" "$d/m.jsonl"
    check 69 "no model at $d/x" model export "${c[@]}" --store "lmdb:$d/x"
    check 69 "Not a directory" model export "${c[@]}" --store "lmdb:$d/m.jsonl"
    check 78 "nofile.conf" model export --config "$d/nofile.conf"
    echo '{"group":"a"}' >"$d/m2.jsonl"
    check 65 "m2.jsonl:1" lookup "${c[@]}" --store "memory:$d/m2.jsonl" example.org
    check 64 "no ID" lookup "${c[@]}" --store none
    check 64 "not an address" lookup "${c[@]}" --store none 198.51.100.0/23
    check 64 "not a time" lookup "${c[@]}" --store none --at yesterday example.org
    check 69 "cannot be asked" lookup "${c[@]}" --store fail: example.org
    check 69 "No such file" lookup "${c[@]}" --store "redis+unix:$d/none.sock" example.org
    mkdir "$d/other" && echo "not a model" >"$d/other/data.mdb"
    check 69 "not a vouch model" lookup "${c[@]}" --store "lmdb:$d/other" example.org
    [ ! -e "$d/x" ]
}

@test "an export that cannot be written leaves nothing behind" {
    import --store "lmdb:$d/a" "$d/m.jsonl"
    run bash -c "'$vouch' model export --config '$d/empty.conf' --store 'lmdb:$d/a' >/dev/full"
    [ "$status" -eq 74 ]
    [[ $output == *"No space left"* ]]
    export_ --store "lmdb:$d/a" "$d/nodir/out.jsonl"
    [ "$status" -eq 73 ]
    mkdir "$d/out"
    export_ --store "fail:" "$d/out/o.jsonl"
    [ "$status" -eq 69 ]
    [ -z "$(ls -A "$d/out")" ]
}

@test "an export writes through a symbolic link" {
    import --store "lmdb:$d/a" "$d/m.jsonl"
    : >"$d/target"
    ln -s target "$d/link"
    export_ --store "lmdb:$d/a" "$d/link"
    [ "$status" -eq 0 ]
    [ -L "$d/link" ]
    [ "$(wc -l <"$d/target")" -eq 2 ]
}

@test "lookup shows every identity an ID may be, and unknown plainly" {
    lookup --store "memory:$d/m.jsonl" --at @1700086400 example.org 198.51.100.7
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"rfc5322.from.org"*"good 12.5, bad 0, seen 20, log-odds +"*"first 2023-11-14, last 2023-11-15"* ]]
    [[ $output == *"dkim"*"example.org: unknown"* ]]
    [[ $output == *"ip.network"*"198.51.100.0/24: good 1000, bad 0.25"* ]]
    sed -i s/1200.125/250000/ "$d/m.jsonl"
    lookup --store "memory:$d/m.jsonl" --at @1700086400 198.51.100.7
    [[ $output == *"seen 250000,"* ]]
    lookup --store none example.org
    [ "$status" -eq 0 ]
    [[ $output != *"good"* ]]
}

@test "lookup decays to the time asked for" {
    good() {
        "$vouch" lookup --config "$d/empty.conf" --store "memory:$d/m.jsonl" --json --at "$1" \
            198.51.100.0/24 | sed -n 's/.*"kind":"ip.network".*"good":\([0-9.e-]*\).*/\1/p'
    }
    [ "$(good @1700086400)" = 1000.0 ]
    [ "$(good @1600000000)" = 1000.0 ] # before the last: as it is
    awk -v a="$(good @1705000000)" 'BEGIN { exit !(a > 1 && a < 999) }'
}

@test "lookup --json: one object a line, null for what is not known" {
    lookup --store "memory:$d/m.jsonl" --json --at 2023-11-15T22:13:20Z dkim:example.org
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == '{"id":"dkim:example.org","kind":"dkim",'*'"known":false,"good":null,"bad":null,"seen":null,"log_odds":null,"first":null,"last":null}' ]]
}

@test "lookup shows what a client and an author did lately" {
    window=$VOUCH_BUILDDIR/tests/lib/model_window
    "$window" "lmdb:$d/a" ip:198.51.100.0/24 w:h:198.51.100.7 1700000000 12 1 4
    "$window" "lmdb:$d/a" dom:example.org w:a:alice@example.org 1700000000 1 20 0
    lookup --store "lmdb:$d/a" --at @1700000060 198.51.100.7 alice@example.org
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"window.client            198.51.100.7: last hour: 12 messages, 1 HELO name, 4 sender domains; last 24 hours: 12 "*"; last 2023-11-14T22:13:20Z"* ]]
    [[ $output == *"window.author            alice@example.org: last hour: 1 message, 20 recipients; "* ]]
    lookup --store "lmdb:$d/a" --at @1700003600 --json window.client:198.51.100.7
    [[ $output == *'"known":true,"hour":{"messages":0,"helo_names":0,"sender_domains":0},"day":{"messages":12,"helo_names":1,"sender_domains":4},"last":"2023-11-14T22:13:20Z"}' ]]
    lookup --store "lmdb:$d/a" --json window.author:bob@example.org
    [[ $output == *'"known":false,"hour":null,"day":null,"last":null}' ]]
}

@test "no progress bar and no colour in a pipe" {
    import --store "lmdb:$d/a" "$d/m.jsonl"
    [[ $output != *$'\r'* && $output != *$'\033'* ]]
    TERM=xterm lookup --store "lmdb:$d/a" example.org
    [[ $output != *$'\033'* ]]
}

@test "a model moves to Redis and back" {
    start_redis
    import --store "redis+unix:$d/r.sock" "$d/m.jsonl"
    moved=$output
    "$vouch" model export --config "$d/empty.conf" --store "redis+unix:$d/r.sock" | sort >"$d/redis"
    lookup --store "redis+unix:$d/r.sock" example.org
    known=$output
    [ "$moved" = "imported 2 keys" ]
    [[ $known == *"rfc5322.from.org"*"good"* ]]
    "$vouch" model export --config "$d/empty.conf" --store "memory:$d/m.jsonl" | sort | cmp - "$d/redis"
}
