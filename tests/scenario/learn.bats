#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: /usr/bin/python3
# What a person says of a message, from vouch learn to the verdict; and the journal as vouch journal shows it.

setup() {
    S=$VOUCH_SRCDIR/tests/scenario
    T=$(mktemp -d "${TMPDIR:-/tmp}/vouch-learn.XXXXXX")
    VOUCH=$VOUCH_BUILDDIR/vouch
    for name in good forged unknown; do # labels that come half a year late teach nothing
        sed "s/; [A-Z][a-z][a-z], [^(]*/; $(date -R) /" "$S/$name.eml" >"$T/$name.eml"
    done
    settings
}

teardown() {
    rm -rf "$T"
}

settings() { # [LINE]...
    printf 'store = "lmdb:%s/model";\nlog = { to = "stderr"; };\n' "$T" >"$T/vouch.conf"
    printf 'journal = { directory = "%s/journal"; writer = "mx"; %s };\n' "$T" "$*" >>"$T/vouch.conf"
}

learn() {
    run "$VOUCH" learn "$1" --config "$T/vouch.conf" --zone "$S/zone" "${@:2}"
    echo "$output"
}

apply() {
    "$VOUCH" model learn --once --config "$T/vouch.conf"
}

journal() {
    "$VOUCH" journal "$@" --config "$T/vouch.conf"
}

field() { # PYTHON-EXPRESSION over r, for each record on standard input
    /usr/bin/python3 -c '
import json, sys
for line in sys.stdin:
    r = json.loads(line)
    print(eval(sys.argv[1]))' "$1"
}

# counts ID: good and bad of the first identity with that kind
counts() { # KIND ID
    "$VOUCH" lookup --json --config "$T/vouch.conf" "$1:$2" |
        field '"%g %g" % (round(r["good"] or 0, 2), round(r["bad"] or 0, 2))'
}

@test "a label teaches who is proven, once however often it is given" {
    learn good "$T/good.eml"
    [ "$status" -eq 0 ]
    [[ "$output" == *"good.eml: good (no decision known: judged by what the message shows)" ]]
    learn good "$T/good.eml"
    [[ "$output" == *"good (as before)" ]]
    apply
    [ "$(counts rfc5322.from alice@example.org)" = "1 0" ]
    [ "$(counts ip 198.51.100.7)" = "1 0" ]
}

@test "good after bad takes the bad back, and none takes all back" {
    learn bad "$T/good.eml"
    apply
    [ "$(counts rfc5322.from alice@example.org)" = "0 1" ]
    learn good "$T/good.eml"
    [[ "$output" == *"good (labelled before: mid:"* ]]
    apply
    [ "$(counts rfc5322.from alice@example.org)" = "1 0" ]
    learn none "$T/good.eml"
    apply
    [ "$(counts rfc5322.from alice@example.org)" = "0 0" ]
}

@test "a forgery teaches the name it forges nothing" {
    learn bad "$T/forged.eml"
    apply
    run counts rfc5322.from alice@example.org
    [ "$output" = "0 0" ]
}

@test "other sources weigh what vouch.conf says, and stand below people" {
    printf 'labels = { weights = { filter = 0.25; }; };\n' >>"$T/vouch.conf"
    learn bad --source filter "$T/good.eml"
    apply
    [ "$(counts rfc5322.from alice@example.org)" = "0 0.25" ]
    learn good "$T/good.eml"
    learn bad --source filter "$T/good.eml"
    apply
    [ "$(counts rfc5322.from alice@example.org)" = "1 0" ]
}

@test "an archive may be as old as it is: what is in it has decayed" {
    learn good "$S/good.eml"
    apply
    run counts rfc5322.from alice@example.org
    echo "$output"
    [[ "$output" == "0."*" 0" ]]
}

@test "a dry run writes nothing" {
    learn bad --dry-run "$T/good.eml"
    [ "$status" -eq 0 ]
    [[ "$output" == *"would be bad"* ]]
    [ ! -e "$T/journal" ]
}

@test "bad arguments and bad input say what to do" {
    run "$VOUCH" learn maybe "$T/good.eml"
    [ "$status" -eq 64 ]
    [[ "${lines[0]}" == *"say 'learn good', 'learn bad' or 'learn none'"* ]]
    learn good --source rumour "$T/good.eml"
    [ "$status" -eq 64 ]
    learn good "$T/nothing"
    [ "$status" -eq 66 ]
    printf 'not a message' >"$T/text"
    learn good "$T/text"
    [ "$status" -eq 65 ]
    printf 'journal = { directory = ""; };\n' >"$T/vouch.conf"
    learn good "$T/good.eml"
    [ "$status" -eq 78 ]
    [[ "$output" == *"journal.directory"* ]]
}

@test "journal cat: filters" {
    learn good "$T/good.eml"
    learn bad --note "ticket 7" "$T/unknown.eml"
    [ "$(journal cat | wc -l)" -eq 2 ]
    [ "$(journal cat --kind decision | wc -l)" -eq 0 ]
    [ "$(journal cat --message-id good-1@example.org | field 'r["labels"][0]["verdict"]')" = good ]
    [ "$(journal cat --sender alice@example.org | field 'r["message_id"]')" = good-1@example.org ]
    [ "$(journal cat --sender example.org | wc -l)" -eq 1 ]
    [ "$(journal cat --client 198.51.100.0/24 | wc -l)" -eq 1 ]
    [ "$(journal cat --client 192.0.2.200 | wc -l)" -eq 0 ]
    [ "$(journal cat --since 2001-01-01T00:00:00Z --until 2002-01-01T00:00:00Z | wc -l)" -eq 0 ]
    [ "$(journal cat --since 2001-01-01T00:00:00Z | wc -l)" -eq 2 ]
    for time in 2001-01-01 '2001-01-01 00:00' '2001-01-01 00:00:00' 2001-01-01T00:00 1d @1; do
        [ "$(journal cat --since "$time" --until now | wc -l)" -eq 2 ]
        [ "$(journal cat --until "$time" | wc -l)" -eq 0 ]
    done
    [ "$(journal cat --queue-id 4ABC | wc -l)" -eq 0 ]
    for time in yesterday 2001-13-01 '2001-01-01 00' 2x 999999999d; do
        run journal cat --since "$time"
        [ "$status" -eq 64 ]
        [[ "$output" == *"--since '$time': not a time: write 2026-01-31, '2026-01-31 12:00' (UTC), 2h"* ]]
    done
    [ "$(journal cat | field 'r["labels"][0]["note"]' | tail -n 1)" = "ticket 7" ]
    id=$(journal cat --message-id good-1@example.org | field 'r["id"]')
    [ "$(journal cat --id "$id" | wc -l)" -eq 1 ]
    [ "$(journal cat mx-tool | wc -l)" -eq 2 ]
    run journal cat nobody
    [ "$status" -eq 66 ]
    run journal cat --class splendid
    [ "$status" -eq 64 ]
    [[ "$output" == *"--class 'splendid': write "* ]]
    run journal cat --journal "$T/none"
    [ "$status" -eq 66 ]
}

@test "journal tail: the last ones, and what comes" {
    for n in 1 2 3; do
        sed "s/good-1/good-$n/" "$T/good.eml" >"$T/$n.eml"
        learn good "$T/$n.eml"
    done
    [ "$(journal tail -n 2 | field 'r["message_id"]' | tr '\n' ' ')" = "good-2@example.org good-3@example.org " ]
    [ "$(journal tail --lines 0 | wc -l)" -eq 0 ]
    "$VOUCH" journal tail -f -n 1 --config "$T/vouch.conf" >"$T/followed" 3>&- &
    follower=$!
    for ((i = 0; i < 200; i++)); do
        [ "$(wc -l <"$T/followed")" -ge 1 ] && break
        sleep 0.05
    done
    learn bad "$T/unknown.eml"
    for ((i = 0; i < 200; i++)); do
        [ "$(wc -l <"$T/followed")" -ge 2 ] && break
        sleep 0.05
    done
    kill "$follower"
    [ "$(field 'r["labels"][0]["verdict"]' <"$T/followed" | tr '\n' ' ')" = "good bad " ]
}

@test "journal verify finds a byte that was changed" {
    learn good "$T/good.eml"
    run journal verify
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"1 record in 1 segment, ok" ]]
    open=$(echo "$T"/journal/mx-tool/*.open)
    /usr/bin/python3 - "$open" <<'EOF'
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
data[-40] ^= 1
open(sys.argv[1], 'wb').write(data)
EOF
    run journal verify --quiet
    echo "$output"
    [ "$status" -eq 65 ]
    [[ "$output" == *WRONG* ]]
}

@test "under pseudonyms no address stands in journal or model, and each is found by who has the key" {
    printf '%064d\n' 1 >"$T/key"
    settings "pseudonym_key = \"$T/key\";"
    learn good "$T/good.eml"
    [ "$status" -eq 0 ]
    apply
    ! grep -raq -e 'alice@' -e 'bob@' -e 'Alice Example' "$T/journal" "$T/model"
    [ "$(counts rfc5322.from alice@example.org)" = "1 0" ]
    [ "$(journal cat --sender alice@example.org | wc -l)" -eq 1 ]
    [ "$(journal cat --sender carol@example.org | wc -l)" -eq 0 ]
    learn bad "$T/good.eml"
    apply
    [ "$(counts rfc5322.from alice@example.org)" = "0 1" ]
    # another key: what was written before is found, what is new bears other names
    { printf '%064d\n' 2 && cat "$T/key"; } >"$T/keys"
    settings "pseudonym_key = \"$T/keys\";"
    [ "$(journal cat --sender alice@example.org | wc -l)" -eq 2 ]
    sed 's/good-1/good-2/' "$T/good.eml" >"$T/2.eml"
    learn good "$T/2.eml"
    apply
    [ "$(counts rfc5322.from alice@example.org)" = "1 0" ]
    [ "$(journal cat --sender alice@example.org | wc -l)" -eq 3 ]
    run "$VOUCH" forget alice@example.org --config "$T/vouch.conf"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(counts rfc5322.from alice@example.org)" = "0 0" ]
    settings "pseudonym_key = \"$T/key\";"
    [ "$(counts rfc5322.from alice@example.org)" = "0 0" ]
}

@test "a key file that is wrong is said, with its line" {
    printf 'abc\n' >"$T/key"
    settings "pseudonym_key = \"$T/key\";"
    learn good "$T/good.eml"
    [ "$status" -eq 78 ]
    [[ "$output" == *"$T/key:1: not a key"* ]]
    run "$VOUCH" config check "$T/vouch.conf"
    [ "$status" -eq 78 ]
    settings "pseudonym_key = \"$T/none\";"
    learn good "$T/good.eml"
    [ "$status" -eq 78 ]
    [[ "$output" == *"$T/none: No such file"* ]]
    [ ! -e "$T/journal" ]
}
