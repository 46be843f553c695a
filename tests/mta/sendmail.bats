#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root mta /usr/bin/python3
# What only Sendmail does, as vouch-milter(8) says; before_sendmail.sh runs it. What every MTA does is in actions.bats,
# classes.bats and journal.bats.

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    cat >"$MTA/zone" <<'EOF'
$TTL 60
stranger.example. TXT "v=spf1 ip4:198.51.100.20 -all"
mx.stranger.example. A 198.51.100.20
20.100.51.198.in-addr.arpa. PTR mx.stranger.example.
66.100.51.198.in-addr.arpa. PTR mx.stranger.example.
EOF
    mta_dns "$MTA/zone"
    sed "s/PORT/$DNS_PORT/" "$VOUCH_SRCDIR/tests/milter/protocol.conf" >"$MTA/vouch.conf"
    mta_as_nobody
    mta_milter
    MTA_KNOWN="accept tag hold redirect quarantine grey"
    MTA_REFUSED="grey@example.org 550 5.1.1 User unknown"
    mta_start
}

teardown_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_end
}

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    sink_clear
    printf '%s\n' "From: new@stranger.example" "To: someone@example.org" "Subject: the minutes" "" "Here." >"$MTA/in"
}

# send RCPT...
send() {
    inject --ip "${ip:-198.51.100.20}" --helo mx.stranger.example --sender new@stranger.example \
        $(printf -- '--rcpt %s@example.org ' "$@") "$MTA/in"
}

labels() {
    "$VOUCH" journal cat --config "$MTA/vouch.conf" --kind label | wc -l
}

@test "the example for sendmail.mc is what Sendmail understands" {
    grep -q "^Xvouch, S=local:$MILTER_SOCKET, F=T, T=C:10s;S:10s;R:30s;E:1m$" "$MTA/etc/sendmail.cf"
}

@test "quarantine: mailq -qQ shows the reason; sendmail -Q -qQ -qI releases" {
    send hold
    [ "$status" -eq 0 ]
    id=$(queue_id)
    run sendmail_run -bp -qQ
    [[ "$output" == *"$id"*"QUARANTINE: suspicious (0.500): policy 'hold' quarantines suspicious"* ]]
    sed -n 's/^q//p' "$MTA/queue/hf$id" | grep -q "suspicious mail .*([0-9a-f-]*)$"
    run sendmail_run -bp
    [[ "$output" != *"$id"* ]]
    sendmail_run -Q -qQ -qI"$id"
    [ ! -e "$MTA/queue/hf$id" ]
    [ -e "$MTA/queue/qf$id" ]
    ! arrived 1 # before the next queue run
    sendmail_run -qI"$id"
    sink_one
}

@test "a recipient that virtusertable rewrites is judged, and taken out, by the address that the client gave" {
    send redirect tag
    [ "$status" -eq 0 ]
    sink_one
    [ "$(envelope)" = "new@stranger.example -> quarantine@example.com tag@example.com" ]
    [ "$(field Subject)" = "[suspicious] the minutes" ]
}

@test "of refused recipients it tells only of accounts that it does not find" {
    before=$(labels)
    send nobody # virtusertable leads to an account that is not there
    [[ "$output" == "550 5.1.1 "* ]]
    [ "$(labels)" -eq $((before + 1)) ]
    send grey # the access map says the same
    [[ "$output" == "550 5.1.1 "* ]]
    inject --ip 198.51.100.20 --sender new@stranger.example --rcpt x@elsewhere.example "$MTA/in"
    [[ "$output" == "550 5.7.1 "* ]]
    [ "$(labels)" -eq $((before + 1)) ]
}

@test "a client whose name leads elsewhere has none" {
    ip=198.51.100.66 send accept
    [ "$status" -eq 0 ]
    sink_one
    [[ "$(field Received)" == *"may be forged"* ]]
    grep "$(queue_id): " "$MTA/milter.log" | grep -q 'client=[^m ]*\[198\.51\.100\.66\]'
    [[ "$(field Authentication-Results)" == *"iprev=fail "* ]]
}

@test "it may be started before vouch-milter" {
    mta_stop milter
    rm -f "$MILTER_SOCKET"
    mta_halt
    : >"$MTA/maillog"
    mta_start
    grep -q "vouch.sock missing" "$MTA/maillog"
    send accept
    [[ "$output" == "451 4.3.2 "* ]]
    mta_milter
    send accept
    [[ "$output" == "250 "* ]]
}

@test "it does not start with a socket in a directory that others may write to" {
    mta_halt
    chmod 777 "$MTA/run"
    run timeout 10 "$SENDMAIL" -C "$MTA/etc/sendmail.cf" -bD
    [ "$status" -ne 0 ]
    [ "$status" -ne 124 ]
    [[ "$output" == *"vouch.sock unsafe: World writable directory"* ]]
}
