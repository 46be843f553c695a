#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vouch check as a person uses it: verdicts, forms of input and output, bad input, exit status.

setup() {
    S=$VOUCH_SRCDIR/tests/scenario
    T=$(mktemp -d "${TMPDIR:-/tmp}/vouch-check.XXXXXX")
    NOW=2026-01-31T12:00:00Z
}

teardown() {
    rm -rf "$T"
}

check() {
    run "$VOUCH_BUILDDIR/vouch" check --zone "$S/zone" --store "memory:$S/model.jsonl" --at "$NOW" "$@"
}

json() { # KEY: of the last line of output
    /usr/bin/python3 -c '
import json, sys
value = json.loads(sys.argv[1].splitlines()[-1])
for key in sys.argv[2].split("."):
    value = value[int(key)] if isinstance(value, list) else value[key]
print(json.dumps(value) if isinstance(value, (list, dict)) or value is None else value)' "$output" "$1"
}

# An error is one line on standard error, with nothing on standard output.
fails_with() { # STATUS PATTERN
    echo "$output"
    [ "$status" -eq "$1" ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "${lines[0]}" =~ $2 ]]
}

@test "a known sender from where it always comes is trusted: 0" {
    check --json "$S/good.eml"
    [ "$status" -eq 0 ]
    [ "$(json class)" = trusted ]
    [ "$(json auth.spf.result)" = pass ]
    [ "$(json auth.dmarc.result)" = pass ]
    [ "$(json client.ip)" = 198.51.100.7 ]
    [ "$(json path.0.trusted)" = True ]
    [ "$(json auth.spf.scope)" = mailfrom ]
}

@test "a sender of whom nothing is known is suspicious and tagged: 1" {
    check --json "$S/unknown.eml"
    [ "$status" -eq 1 ]
    [ "$(json class)" = suspicious ]
}

@test "a field of ours is forged if it came from outside, not if we wrote it on the way within our hosts" {
    printf 'internal = [ "203.0.113.0/24" ];\nauthserv_id = "mx.example.com";\n' >"$T/vouch.conf"
    for ip in 203.0.113.9 198.51.100.9; do
        printf '%s\n' "Received: from a.example.org (a.example.org [$ip]) by mx.example.com; Sat, 31 Jan 2026 11:00:00 +0000" \
            "Authentication-Results: mx.example.com; spf=pass" "From: a@stranger.example" "" "Here." >"$T/$ip"
        check --json --config "$T/vouch.conf" "$T/$ip"
        json flags >>"$T/flags"
    done
    [ "$(cat "$T/flags")" = $'[]\n["forged_authres"]' ]
}

@test "a forged author with history is untrusted and quarantined: 2" {
    check --json "$S/forged.eml"
    [ "$status" -eq 2 ]
    [ "$(json class)" = untrusted ]
    [ "$(json auth.dmarc.result)" = fail ]
    [ "$(json flags)" = '["forged_author"]' ]
}

@test "a client that says many names is shown to" {
    $VOUCH_BUILDDIR/tests/lib/model_window "lmdb:$T/model" ip:198.51.100.0/24 w:h:198.51.100.7 1769860000 50 40 1
    run "$VOUCH_BUILDDIR/vouch" check --zone "$S/zone" --store "lmdb:$T/model" --at "$NOW" --json "$S/good.eml"
    echo "$output"
    [ "$(json class)" = suspicious ]
    [[ $output == *'"name":"helo_many","subject":"198.51.100.7","weight":-0.8,'*'"note":"'*' HELO names in 24 hours"'* ]]
}

@test "with no model every ordinary message is suspicious" {
    for m in good unknown; do
        run "$VOUCH_BUILDDIR/vouch" check --zone "$S/zone" --store none --at "$NOW" --json "$S/$m.eml"
        [ "$status" -eq 1 ]
        [ "$(json class)" = suspicious ]
    done
}

@test "several messages: the highest status counts, one object a line" {
    check --json "$S/good.eml" "$S/forged.eml" "$S/unknown.eml"
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 3 ]
}

@test "standard input, with and without '-'" {
    check --json - <"$S/good.eml"
    [ "$status" -eq 0 ]
    check --json <"$S/forged.eml"
    [ "$status" -eq 2 ]
}

@test "an mbox, quoted lines and all" {
    for m in good unknown forged; do
        echo "From x@example.org Sat Jan 31 12:00:00 2026"
        cat "$S/$m.eml"
        printf '>From here on\n\n'
    done >"$T/box"
    check --json "$T/box"
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 3 ]
    [ "$(json class)" = untrusted ]
}

@test "a Maildir" {
    mkdir -p "$T/Maildir/new" "$T/Maildir/cur" "$T/Maildir/tmp"
    cp "$S/good.eml" "$T/Maildir/new/1.M1.mx"
    cp "$S/unknown.eml" "$T/Maildir/cur/2.M2.mx:2,S"
    touch "$T/Maildir/cur/.hidden"
    check --json "$T/Maildir"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 2 ]
}

@test "CRLF and LF line ends judge alike" {
    sed 's/$/\r/' "$S/good.eml" >"$T/crlf.eml"
    check --json "$T/crlf.eml"
    [ "$status" -eq 0 ]
    [ "$(json class)" = trusted ]
}

@test "what SMTP said goes before what the path says" {
    check --json --ip 192.0.2.66 --helo mx.example.org --sender alice@example.org --rcpt bob@example.com "$S/good.eml"
    [ "$status" -eq 2 ]
    [ "$(json client.ip)" = 192.0.2.66 ]
    [ "$(json recipients)" = '["bob@example.com"]' ]
    [ "$(json path.0.trusted)" = False ]
}

@test "an authenticated client makes the message outbound, and it is not judged by inbound rules" {
    check --json --ip 192.0.2.66 --user alice "$S/forged.eml"
    [ "$status" -eq 0 ]
    [ "$(json direction)" = outbound ]
    [ "$(json client.user)" = alice ]
    [ "$(json auth.spf.result)" = null ]
}

@test "the null sender is judged by its HELO" {
    check --json --ip 198.51.100.7 --helo mx.example.org --sender '' "$S/good.eml"
    [ "$(json sender)" = "" ]
    [ "$(json auth.spf.scope)" = helo ]
}

@test "the explanation says evidence, counts, sum, class, rule, and what would have changed it" {
    check --explain "$S/unknown.eml"
    [ "$status" -eq 1 ]
    [[ "$output" == *"read from the path"* ]]
    [[ "$output" == *"starting point"* ]]
    [[ "$output" == *"suspicious mail is tagged"* ]]
    [[ "$output" == *"trusted if "* ]]
    check "$S/forged.eml"
    [[ "$output" == *"forgery"* ]]
    [[ "$output" == *"59.7"* ]]
}

@test "no colours in a pipe; colours on a terminal, but for NO_COLOR" {
    check "$S/good.eml"
    [[ "$output" != *$'\033'* ]]
    command -v script >/dev/null || skip "script(1) is not installed"
    local line="'$VOUCH_BUILDDIR/vouch' check --zone '$S/zone' --store 'memory:$S/model.jsonl' --at $NOW '$S/good.eml'"
    TERM=xterm run script -qec "$line" /dev/null
    [[ "$output" == *$'\033['* ]]
    TERM=xterm NO_COLOR=1 run script -qec "$line" /dev/null
    [[ "$output" != *$'\033['* ]]
}

@test "a message cannot drive the terminal" {
    sed $'s/^Subject: .*/Subject: \033]0;owned\a\u202e\x9b31m/; s/^From: .*/From: "\033[2J" <alice@example.org>/' \
        "$S/good.eml" >"$T/esc.eml"
    check "$T/esc.eml"
    [[ "$output" != *$'\033'* ]]
    [[ "$output" != *$'\a'* ]]
    [[ "$output" != *$'\u202e'* ]]
    [[ "$output" == *']0;owned'*'\xe2\x80\xae'* ]]
}

@test "--at received takes each message's own time" {
    run "$VOUCH_BUILDDIR/vouch" check --zone "$S/zone" --store none --at received --json "$S/good.eml"
    [[ "$(json time)" == 2026-01-31T11:59:58* ]]
    check --at received "$S/good.eml"
    sed '/^Received/,/^From:/{/^From:/!d}' "$S/good.eml" >"$T/none.eml"
    run "$VOUCH_BUILDDIR/vouch" check --zone "$S/zone" --store none --at received "$T/none.eml"
    fails_with 65 'none.eml: --at received: '
}

@test "bad input: no such file" {
    check "$T/absent.eml"
    fails_with 66 'absent.eml: No such file'
}

@test "bad input: a directory that is no Maildir" {
    check "$T"
    fails_with 66 'Maildir'
}

@test "bad input: an empty file" {
    : >"$T/empty"
    check "$T/empty"
    fails_with 65 'empty: is empty'
}

@test "bad input: no message" {
    echo 'hello world, no header here' >"$T/text"
    check "$T/text"
    fails_with 65 'text:1: .*expected a header field'
    head -c 2000 "$VOUCH_BUILDDIR/vouch" >"$T/binary"
    check "$T/binary"
    fails_with 65 'binary'
}

@test "bad input: a message cut off in its header" {
    head -c 310 "$S/good.eml" >"$T/cut.eml"
    check "$T/cut.eml"
    fails_with 65 'cut.eml:[0-9]+: ends in the middle of the header'
}

@test "bad input: a broken zone file" {
    printf '$TTL 300\nexample.org. IN TXT "v=spf1 -all"\nexample.org. IN A not-an-address\n' >"$T/zone"
    run "$VOUCH_BUILDDIR/vouch" check --zone "$T/zone" --store none "$S/good.eml"
    fails_with 65 'zone:3: '
    run "$VOUCH_BUILDDIR/vouch" check --zone "$T/nozone" --store none "$S/good.eml"
    fails_with 66 'nozone'
}

@test "bad input: an address that is none" {
    check --ip 198.51.100.300 "$S/good.eml"
    [ "$status" -eq 64 ]
    [[ "${lines[0]}" == *"198.51.100.300"* ]]
    check --at yesterday "$S/good.eml"
    [ "$status" -eq 64 ]
    check --frobnicate "$S/good.eml"
    [ "$status" -eq 64 ]
}

@test "bad input: a store that cannot be reached" {
    run "$VOUCH_BUILDDIR/vouch" check --zone "$S/zone" --store "redis+unix:$T/none.sock" "$S/good.eml"
    fails_with 69 'none.sock'
    run "$VOUCH_BUILDDIR/vouch" check --zone "$S/zone" --store "lmdb:$T/none" "$S/good.eml"
    fails_with 69 'none'
    run "$VOUCH_BUILDDIR/vouch" check --zone "$S/zone" --store "oracle:x" "$S/good.eml"
    [ "$status" -eq 69 ] || [ "$status" -eq 64 ]
    [[ "$output" == *"redis://"* ]]
}

@test "bad input: no DNS server answers" {
    run "$VOUCH_BUILDDIR/vouch" check --dns 127.0.0.1@1 --store none --config <(echo 'deadlines: { dns = "500ms"; };') "$S/good.eml"
    fails_with 69 'no DNS server answers'
}

@test "bad input: vouch.conf with mistakes reports every one" {
    printf 'mode = "enforc";\ntreshold = 3;\n' >"$T/conf"
    run "$VOUCH_BUILDDIR/vouch" check --config "$T/conf" "$S/good.eml"
    [ "$status" -eq 78 ]
    [[ "$output" == *"conf:1: "* ]]
    [[ "$output" == *"conf:2: "* ]]
    [[ "$output" == *"enforce"* ]]
}

@test "a full disk is an error, not a verdict" {
    [ -e /dev/full ] || skip "no /dev/full"
    run bash -c "'$VOUCH_BUILDDIR/vouch' check --zone '$S/zone' --store none --json '$S/good.eml' >/dev/full"
    [ "$status" -eq 74 ]
}

@test "what others say of a message is in its record" {
    echo 'labels: { traps = [ "bob@example.com" ]; filter_bad = [ "X-Spam-Flag: YES*" ]; };' >"$T/conf"
    sed 's/^Subject:/X-Spam-Flag: YES\n&/' "$S/unknown.eml" >"$T/m.eml"
    check --json --config "$T/conf" --rcpt bob@example.com "$T/m.eml"
    [ "$(json labels.0.source) $(json labels.0.verdict)" = "trap bad" ]
    [ "$(json labels.1.source) $(json labels.1.verdict)" = "filter bad" ]
    check --json --rcpt bob@example.com "$T/m.eml"
    [ "$(json labels)" = "[]" ]
}
