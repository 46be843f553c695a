#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root postfix openssl /usr/bin/python3
# quarantine.method = "store" behind a real Postfix: what is kept is what the client sent, byte for byte; what cannot be kept is held.

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    {
        echo 'stranger.example. 60 IN TXT "v=spf1 ip4:198.51.100.20 -all"'
        echo "s._domainkey.stranger.example. 60 IN TXT $(dkim_key dkim)"
    } >"$MTA/zone"
    mta_dns "$MTA/zone"
    mkdir "$MTA/disk"
    mount -t tmpfs -o size=2M tmpfs "$MTA/disk" 2>/dev/null && touch "$MTA/mounted"
    chown nobody "$MTA/disk"
    openssl rand -hex 32 >"$MTA/quarantine.key"
    chown nobody "$MTA/quarantine.key"
    chmod 600 "$MTA/quarantine.key"
    sed -e "s/PORT/$DNS_PORT/" -e '/^quarantine:/d' -e 's/^policies = (/&\
    { name = "store"; recipients = [ "store@example.org", "store2@example.org" ]; quarantine: { method = "store"; };\
      actions: { trusted = "quarantine"; suspicious = "quarantine"; untrusted = "quarantine"; }; },/' \
        "$VOUCH_SRCDIR/tests/milter/protocol.conf" >"$MTA/vouch.conf"
    cat >>"$MTA/vouch.conf" <<EOF
quarantine: { mailbox = "quarantine@example.org"; directory = "$MTA/disk/q"; key = "$MTA/quarantine.key"; memory = "64K"; };
milter: { user = "nobody"; };
EOF
    mkdir "$MTA/queue"
    install -d -o nobody -g postfix -m 2750 "$MTA/queue/vouch"
    export MILTER_SOCKET=$MTA/queue/vouch/vouch.sock
    mta_milter
    mta_postfix
}

teardown_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_stop milter
    [ ! -f "$MTA/mounted" ] || umount "$MTA/disk"
    mta_end
}

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    sink_clear
    find "$MTA/disk/q" -mindepth 1 -delete
}

# send RCPT...: $MTA/in
send() {
    local arguments=() rcpt
    for rcpt in "$@"; do
        arguments+=(--rcpt "$rcpt@example.org")
    done
    inject --ip 198.51.100.20 --helo mx.stranger.example --sender new@stranger.example "${arguments[@]}" "$MTA/in"
}

short() {
    printf '%s\r\n' "From: new@stranger.example" "Date: Thu, 1 Jan 2026 12:00:00 +0000" "Message-ID: <1@stranger.example>" "Subject: the minutes" "" "Here." >"$MTA/in"
}

# held: writes the messages to $MTA/held, and sets KEPT to one line for each
held() {
    KEPT=$("$VOUCH_BUILDDIR/tests/lib/held_cat" "$MTA/disk/q" "$MTA/quarantine.key" 2>&1 >"$MTA/held")
    echo "$KEPT"
}

in_hold() {
    postqueue -c "$MTA/etc" -j | grep '"queue_name": "hold"' | grep -q "\"$(queue_id)\""
}

@test "store: what was signed is kept byte by byte, and nobody gets it" {
    $PYTHON - "$MTA" <<'EOF'
import sys, dkim
top = sys.argv[1]
head = (b"From: New <new@stranger.example>\r\nTo:store@example.org\r\nSubject:  two  spaces \t\r\n\tand a tab \r\n"
        b"X-Empty:\r\nDate: Thu, 1 Jan 2026 12:00:00 +0000\r\nMessage-ID: <2@stranger.example>\r\nX-8bit: gr\xc3\xbc\xc3\x9fe, \xff\r\nMIME-Version: 1.0\r\n\r\n")
body = b"one\r\n.\r\n..two \t\r\n\r\n\x80\xff\r\n" + b"x" * 5000 + b"\r\n" + b"line of some length\r\n" * 20000 + b"end\r\n\r\n\r\n"
with open(top + "/dkim.key", "rb") as key:
    signature = dkim.sign(head + body, b"s", b"stranger.example", key.read(), canonicalize=(b"simple", b"simple"),
                          include_headers=[b"from", b"to", b"subject", b"x-empty"])
with open(top + "/in", "wb") as out:
    out.write(signature + head + body)
EOF
    send store
    [ "$status" -eq 0 ]
    held
    [[ "$KEPT" == *" <new@stranger.example> <store@example.org>" ]]
    cmp "$MTA/in" "$MTA/held"
    nothing_arrives
    ! in_hold
    {
        printf 'Return-Path: <new@stranger.example>\r\n'
        cat "$MTA/held"
    } >"$MTA/received.eml"
    run "$VOUCH" check --json --config "$MTA/vouch.conf" "$MTA/received.eml"
    [ "$(record auth.dkim.0.result)" = pass ]
    id=${KEPT%% *}
    grep -q "id=$id .*action=quarantine .*policy=store quarantine=store" "$MTA/milter.log"
    day=$(ls "$MTA/disk/q")
    [ "$(stat -c '%U %a' "$MTA/disk/q/$day" "$MTA/disk/q/$day/$id.held" | tr '\n' ,)" = "nobody 750,nobody 640," ]
    ! grep -q stranger "$MTA/disk/q/$day/$id.held"
    run "$VOUCH" journal cat --json --config "$MTA/vouch.conf"
    grep -q "\"id\":\"$id\".*\"quarantine\":\"store\"" <<<"$output"
}

@test "store takes only its own recipients out; one file for all of them" {
    short
    send store accept store2
    [ "$status" -eq 0 ]
    sink_one
    [ "$(envelope)" = "new@stranger.example -> accept@example.org" ]
    held
    [[ "$KEPT" == *" <new@stranger.example> <store@example.org> <store2@example.org>" ]]
    cmp "$MTA/in" "$MTA/held"
}

@test "store beside redirect, discard, hold and reject" {
    short
    send store redirect discard
    [ "$status" -eq 0 ]
    sink_one
    [ "$(envelope)" = "new@stranger.example -> quarantine@example.org" ]
    held
    [[ "$KEPT" == *" <store@example.org>" ]]
    sink_clear
    find "$MTA/disk/q" -mindepth 1 -delete
    send store hold
    in_hold
    held
    [[ "$KEPT" == *" <store@example.org>" ]]
    release "$(queue_id)"
    sink_one
    [ "$(envelope)" = "new@stranger.example -> hold@example.org" ]
    find "$MTA/disk/q" -mindepth 1 -delete
    send store reject
    [ "$status" -eq 1 ]
    [[ "$output" == *"100% refused"* ]]
    held
    [ -z "$KEPT" ]
}

@test "the MTA says how the body is encoded, and that is kept" {
    short
    $PYTHON - "$SMTP_PORT" "$MTA/in" <<'EOF'
import smtplib, sys
client = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
client.ehlo("mx.stranger.example")
client.sendmail("new@stranger.example", ["store@example.org"], open(sys.argv[2], "rb").read(), ["BODY=8BITMIME", "SIZE=100"])
client.quit()
EOF
    held
    [[ "$KEPT" == *" <store@example.org> BODY=8BITMIME" ]]
}

@test "on a full disk it is held, and stored again when there is room" {
    [ -f "$MTA/mounted" ] || skip "nothing may be mounted here"
    short
    dd if=/dev/zero of="$MTA/disk/filler" bs=4k 2>/dev/null || true
    send store accept
    [ "$status" -eq 0 ]
    in_hold
    grep -q "cannot be stored, is to be held instead: cannot write to the quarantine .*No space left on device" "$MTA/milter.log"
    held
    [ -z "$KEPT" ]
    release "$(queue_id)"
    sink_one
    [ "$(envelope)" = "new@stranger.example -> accept@example.org store@example.org" ]
    rm "$MTA/disk/filler"
    sink_clear
    yes "a line of a large message" | head -c 3000000 >>"$MTA/in" || true # more than the disk
    send store
    in_hold
    short
    send store
    ! in_hold
    held
    [[ "$KEPT" == *" <store@example.org>" ]]
    [ -z "$(find "$MTA/disk/q" -name '*.tmp')" ]
}

left() {
    [ "$(find "$MTA/disk/q" -name '*.held' | wc -l)" -eq "$1" ]
}

@test "the oldest go beyond keep_size; a reload puts it in force" {
    short
    yes "a line of a message" | head -c 450000 >>"$MTA/in" || true
    for _ in 1 2 3; do
        send store
    done
    left 3
    oldest=$(find "$MTA/disk/q" -name '*.held' | sort | head -1)
    sed -i 's/^quarantine: {/& keep_size = "1M";/' "$MTA/vouch.conf"
    kill -USR1 "$(cat "$MTA/milter.pid")"
    mta_until left 2
    [ ! -e "$oldest" ]
    grep -q "quarantine: 1 messages removed" "$MTA/milter.log"
    sed -i 's/ keep_size = "1M";//' "$MTA/vouch.conf"
    kill -USR1 "$(cat "$MTA/milter.pid")"
}

@test "a directory that may not be written: held" {
    short
    chmod 500 "$MTA/disk/q"
    send store
    chmod 750 "$MTA/disk/q"
    [ "$status" -eq 0 ]
    in_hold
    grep -q "cannot be stored, is to be held instead: .*Permission denied" "$MTA/milter.log"
}

@test "killed while it stores: what is there is whole, and it stores again" {
    short
    yes "a line of a message" | head -c 200000 >>"$MTA/in" || true
    for i in 1 2 3 4 5; do
        send store &
        sending=$!
        [ $((i % 2)) -eq 0 ] || mta_until something_begun || true
        mta_stop milter KILL
        wait $sending || true
        : >"$MTA/milter.log"
        mta_milter
    done
    send store
    [ "$status" -eq 0 ]
    held
    [ "$(grep -c ' <store@example.org>$' <<<"$KEPT")" -eq "$(wc -l <<<"$KEPT")" ]
    [ "$(wc -l <<<"$KEPT")" -ge 1 ]
    [ -z "$(find "$MTA/disk/q" -name '*.tmp')" ]
}

something_begun() {
    [ -n "$(find "$MTA/disk/q" -type f)" ]
}
