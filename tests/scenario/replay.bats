#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vouch replay as a person uses it, on a small corpus that is made here: four good senders and four bad ones, 200
# messages a quarter of an hour apart.

bats_require_minimum_version 1.5.0

setup_file() {
    export CORPUS=$(mktemp -d "${TMPDIR:-/tmp}/vouch-replay.XXXXXX")
    mkdir "$CORPUS/good" "$CORPUS/bad"
    python3 - "$CORPUS" <<'PY'
import email.utils, sys
top = sys.argv[1]
with open(top + '/index', 'w') as index:
    for i in range(200):
        who = i % 8
        kind = 'good' if who < 4 else 'bad'
        net = '198.51.100' if who in (0, 1, 4) else '203.0.113'
        host = 20 if i % 16 in (3, 7) else 10 + who # one host sends both
        when = email.utils.formatdate(1769860800 + 900 * i)
        with open(f'{top}/{kind}/{i}', 'w') as f:
            f.write(f'Received: from mx{who}.example.net (mx{who}.example.net [{net}.{host}])\n'
                    f'\tby mx.example.com with ESMTP id 4Q; {when}\n'
                    f'From: Sender <s{who}@sender{who}.example>\nSubject: number {i}\n'
                    f'Message-ID: <{i}@sender{who}.example>\n\nhello\n')
        index.write(f"{'ham' if kind == 'good' else 'spam'} {kind}/{i}\n")
PY
}

teardown_file() {
    rm -rf "$CORPUS"
}

setup() {
    T=$(mktemp -d "${TMPDIR:-/tmp}/vouch-replay.XXXXXX")
    echo >"$T/vouch.conf"
}

teardown() {
    rm -rf "$T"
}

replay() {
    run --separate-stderr "$VOUCH_BUILDDIR/vouch" replay --config "$T/vouch.conf" "$@"
    echo "$output"
    echo "$stderr"
}

figure() { # PATH: of the JSON on standard output
    /usr/bin/python3 -c '
import json, sys
value = json.loads(sys.argv[1])
for key in sys.argv[2].split("/"):
    value = value[int(key)] if isinstance(value, list) else value[key]
print(json.dumps(value))' "$output" "$1"
}

fails_with() { # STATUS PATTERN
    [ "$status" -eq "$1" ]
    [ -z "$output" ]
    [[ "${stderr_lines[0]}" =~ $2 ]]
}

@test "an index: what was judged, how well, how fast" {
    replay "$CORPUS/index"
    [ "$status" -eq 0 ]
    [[ "${lines[0]}" =~ ^"200 messages, 0 of them without a client outside; left out: 0 without any date, 0 " ]]
    [[ "$output" =~ "1-ROCA " ]]
    [[ "$output" =~ "first contact" ]]
    [[ "$stderr" =~ "200 messages in "[0-9.]+" s: "[0-9]+" messages/s" ]]
}

@test "the same as directories; figures as JSON" {
    replay --json "$CORPUS/index"
    [ "$status" -eq 0 ]
    [ "$(figure figures/all/good)" = 100 ]
    [ "$(figure figures/all/bad)" = 100 ]
    [ "$(figure figures/first_contact/good)" = 2 ]
    [ "$(figure figures/mixed_source/good)" = 13 ]
    [ "$(figure figures/mixed_source/bad)" = 13 ]
    [ "$(figure figures/last_80/good)" = 80 ]
    index=$output
    replay --json --good "$CORPUS/good" --bad "$CORPUS/bad"
    [ "$output" = "$index" ]
}

@test "features: names, then a line a message in order of time; records as JSON" {
    replay --features "$T/features" --out "$T/out" "$CORPUS/index"
    [ "$status" -eq 0 ]
    [ "$(wc -l <"$T/features")" -eq 201 ]
    [ "$(wc -l <"$T/out")" -eq 200 ]
    [[ "$(head -1 "$T/features")" =~ ^good$'\t'time$'\t'sum$'\t'trust$'\t' ]]
    [ "$(awk -F '\t' 'NR > 2 && $2 < last {print "back"} {last = $2}' "$T/features")" = "" ]
    [ "$(awk -F '\t' 'NR > 1 {n += $1} END {print n}' "$T/features")" = 100 ]
    head -1 "$T/out" | python3 -c '
import json, sys
r = json.loads(sys.stdin.read())
assert r["class"] == "suspicious" and r["labels"][0]["verdict"] == "good", r
assert r["timing_us"]["total"] is None'
    mv "$T/out" "$T/before"
    replay --out "$T/out" "$CORPUS/index"
    cmp "$T/out" "$T/before"
}

@test "labels: none, some by seed, late" {
    replay --json --labels 0 "$CORPUS/index"
    [ "$(figure figures/all/coverage)" = 0 ]
    replay --json --labels 0.3 --seed 7 "$CORPUS/index"
    some=$output
    replay --json --labels 0.3 --seed 7 "$CORPUS/index"
    [ "$output" = "$some" ]
    replay --json --labels 0.3 --seed 8 "$CORPUS/index"
    [ "$output" != "$some" ]
    replay --json --labels delay 1d "$CORPUS/index"
    late=$output
    replay --json --labels "delay 24h" "$CORPUS/index"
    [ "$output" = "$late" ]
    replay --json "$CORPUS/index"
    [ "$output" != "$late" ]
}

@test "each kind of evidence left out in turn, however many at a time" {
    replay --ablate --jobs 1 "$CORPUS/index"
    [ "$status" -eq 0 ]
    [[ "$output" =~ "without " ]]
    [[ "$output" =~ "(nothing) " ]]
    [[ "$output" =~ $'\n'"site " ]]
    one=$output
    replay --ablate --jobs 3 "$CORPUS/index"
    [ "$output" = "$one" ]
    replay --json --ablate "$CORPUS/index"
    name=$(figure ablate/0/without)
    without=$(figure ablate/0/one_less_auc)
    replay --json --without "${name//\"/}" "$CORPUS/index"
    python3 -c "assert abs($(figure figures/all/one_less_auc) - $without) < 1e-5"
}

@test "seeds: mean and spread, however many at a time" {
    replay --json --labels 0.2 --seeds 3 --jobs 1 "$CORPUS/index"
    [ "$status" -eq 0 ]
    [ "$(figure spread/seeds)" = 3 ]
    one=$output
    replay --json --labels 0.2 --seeds 3 --jobs 2 "$CORPUS/index"
    [ "$output" = "$one" ]
}

@test "weights fitted at each day's end" {
    replay --json --refit daily "$CORPUS/index"
    [ "$status" -eq 0 ]
    daily=$output
    replay --json "$CORPUS/index"
    [ "$output" != "$daily" ]
}

@test "a relay of the receiving site is not the client" {
    sed -i '1i Received: from mx.example.com (mx.example.com [192.0.2.1]) by in.example.com; Sat, 31 Jan 2026 12:00:00 +0000' \
        "$CORPUS/good/0"
    replay --features "$T/features" "$CORPUS/index"
    [ "$(sed -n 2p "$T/features" | cut -f 7)" = 192.0.2.1 ]
    replay --features "$T/features" --trusted-relay 192.0.2.0/24 "$CORPUS/index"
    [ "$(sed -n 2p "$T/features" | cut -f 7)" = 198.51.100.10 ]
    sed -i 1d "$CORPUS/good/0"
}

@test "messages without a date, and files that are no messages, are told of" {
    echo "From: <a@example.com>" >"$T/untimed"
    printf 'Date: Sat, 31 Jan 2026 12:00:00 +0000\nSubject: cut' >"$T/cut"
    replay --good "$T/untimed" --good "$T/cut" "$CORPUS/index"
    [ "$status" -eq 0 ]
    [[ "${lines[0]}" =~ "left out: 1 without any date, 1 that are no messages" ]]
    replay --good "$T/untimed"
    fails_with 65 "none of the 1 messages has a date"
}

@test "what cannot be done is told by file and line" {
    replay
    fails_with 64 "no messages to judge"
    replay "$T/nowhere"
    fails_with 66 "$T/nowhere: No such file"
    printf 'ham x\n' >"$T/index"
    replay "$T/index"
    fails_with 66 "$T/index:1: $T/x: No such file"
    printf '\nmaybe x\n' >"$T/index"
    replay "$T/index"
    fails_with 65 "$T/index:2: expected 'ham PATH' or 'spam PATH'"
    for bad in "--labels 2" "--labels some" "--labels delay" "--seed x" "--seeds 0" "--jobs 0" "--refit hourly" \
        "--only nonsense" "--without host,x" "--trusted-relay 192.0.2.1/24" "--nonsense"; do
        replay $bad
        fails_with 64 "${bad%% *}"
    done
    replay --features "$T/no/where" "$CORPUS/index"
    fails_with 73 "$T/no/where: No such file"
    replay --config "$T/no.conf" "$CORPUS/index"
    fails_with 78 "$T/no.conf"
}
