#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root mta /usr/bin/python3
# Every action, end to end through a real MTA; the policies choose it by recipient.

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    echo 'stranger.example. 60 IN TXT "v=spf1 ip4:198.51.100.20 -all"' >"$MTA/zone"
    mta_dns "$MTA/zone"
    sed "s/PORT/$DNS_PORT/" "$VOUCH_SRCDIR/tests/milter/protocol.conf" >"$MTA/vouch.conf"
    mta_as_nobody
    mta_milter
    mta_start
}

teardown_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_end
}

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    sink_clear
}

# send RCPT... with the fields of $fields
send() {
    local arguments=() rcpt
    for rcpt in "$@"; do
        arguments+=(--rcpt "$rcpt@example.org")
    done
    printf '%s\n' "From: new@stranger.example" "To: redirect@example.org" "${fields:-Subject: the minutes}" "" "Here." >"$MTA/in"
    inject --ip 198.51.100.20 --helo mx.stranger.example --sender new@stranger.example "${arguments[@]}" "$MTA/in"
}

@test "accept" {
    send accept
    [ "$status" -eq 0 ]
    sink_one
    [ "$(envelope)" = "new@stranger.example -> accept@example.org" ]
    [ "$(field Subject)" = "the minutes" ]
}

@test "tag: the subject, encoded or not, folded or missing" {
    fields='Subject: =?UTF-8?Q?f=C3=BCr_dich?=' send tag
    [ "$status" -eq 0 ]
    sink_one
    grep -qx $'Subject: \[suspicious\] =?UTF-8?Q?f=C3=BCr_dich?=\r' "$MSG"
    sink_clear
    fields=$'Subject: one\n two' send tag
    sink_one
    [ "$(field Subject)" = "[suspicious] one two" ]
    sink_clear
    fields='X-No: subject' send tag
    sink_one
    [ "$(field Subject)" = "[suspicious]" ]
    sink_clear
    fields='Subject: [suspicious] again' send tag
    sink_one
    [ "$(field Subject)" = "[suspicious] again" ]
}

@test "hold: kept in the MTA's own quarantine, and released from it" {
    send hold
    [ "$status" -eq 0 ]
    mta_held
    ! arrived 1
    release "$(queue_id)"
    sink_one
    [ "$(vouch_word action)" = quarantine ]
    [ "$(vouch_word policy)" = hold ]
}

@test "redirect: the mailbox gets it, with the recipients in fields" {
    send redirect
    [ "$status" -eq 0 ]
    sink_one
    [ "$(envelope)" = "new@stranger.example -> quarantine@example.org" ]
    [ "$(field X-Vouch-Original-Recipient)" = "redirect@example.org" ]
}

@test "redirect takes only its own recipients out, and names no blind copies" {
    send redirect accept
    [ "$status" -eq 0 ]
    sink_one
    [ "$(envelope)" = "new@stranger.example -> accept@example.org quarantine@example.org" ]
    [ "$(field X-Vouch-Original-Recipient)" = "redirect@example.org" ] # To: names it
    sink_clear
    send REDIRECT tag
    sink_one
    [ "$(envelope)" = "new@stranger.example -> quarantine@example.org tag@example.org" ]
    [ "$(field Subject)" = "[suspicious] the minutes" ]
}

@test "redirect cannot be escaped by the form of a recipient" {
    for rcpt in "@x.example:redirect" "<redirect" "(x)redirect" '"redirect"' "\\redirect" "grp:redirect"; do
        sink_clear
        end=
        [[ $rcpt == "<"* ]] && end=">"
        [[ $rcpt == grp* ]] && end=";"
        printf '%s\n' "From: new@stranger.example" "Subject: the minutes" "" "Here." >"$MTA/in"
        inject --ip 198.51.100.20 --helo mx.stranger.example --sender new@stranger.example \
            --rcpt "$rcpt@example.org$end" "$MTA/in"
        echo "$rcpt: $output"
        [ "$status" -eq 0 ]
        mta_held
        nothing_arrives
    done
}

@test "redirect of mail to the mailbox itself keeps it" {
    send redirect quarantine
    sink_one
    [ "$(envelope)" = "new@stranger.example -> quarantine@example.org" ]
}

@test "reject: the client is told, with the id" {
    send reject
    [ "$status" -eq 1 ]
    [[ "$output" =~ ^550\ 5\.7\.1\ 100%\ refused\ \([0-9a-f-]{36}\)$ ]]
    id=${output#*(}
    grep -q "id=${id%)} .*action=reject" "$MTA/milter.log"
    nothing_arrives
}

@test "tempfail: the client is told to try again" {
    send tempfail
    [ "$status" -eq 1 ]
    [[ "$output" == "451 4.7.1 "* ]]
    nothing_arrives
}

@test "discard: all seems well, and nothing arrives" {
    send discard
    [ "$status" -eq 0 ]
    nothing_arrives
    grep -q 'action=discard' "$MTA/milter.log"
}

@test "several answers for one message" {
    send accept discard
    [ "$status" -eq 0 ]
    sink_one
    [ "$(envelope)" = "new@stranger.example -> accept@example.org" ]
    sink_clear
    send accept tag reject
    [ "$status" -eq 1 ]
    [[ "$output" == "550 5.7.1 "* ]]
    send discard redirect
    [ "$status" -eq 0 ]
    sink_one
    [ "$(envelope)" = "new@stranger.example -> quarantine@example.org" ]
    sink_clear
    send hold accept
    mta_held
    nothing_arrives
}

@test "observe: fields, and nothing else" {
    send observe
    [ "$status" -eq 0 ]
    sink_one
    [ "$(envelope)" = "new@stranger.example -> observe@example.org" ]
    [ "$(vouch_word action)" = reject ]
    [ "$(vouch_word mode)" = observe ]
}

@test "many messages in one connection, each with its own verdict" {
    printf '%s\n' "From: new@stranger.example" "Subject: number %N" "" "Here." >"$MTA/in"
    inject --ip 198.51.100.20 --count 20 --sender "" --rcpt accept@example.org "$MTA/in"
    [ "$status" -eq 0 ]
    mta_until arrived 20
    ids=$(for f in "$MTA"/sink/*.msg; do vouch_word id "$f"; done | sort -u | wc -l)
    [ "$ids" -eq 20 ]
}

@test "clients that leave at any point leave nothing behind" {
    for stage in connect mail rcpt data; do
        echo | inject --abort $stage --rcpt reject@example.org
    done
    send accept
    [ "$status" -eq 0 ]
    sink_one
    kill -0 "$MILTER_PID"
}

@test "a large message, to many recipients" {
    { printf '%s\n' "From: new@stranger.example" "Subject: large" ""; yes "a line of text" | head -c 3000000; } >"$MTA/in"
    inject --ip 198.51.100.20 --sender new@stranger.example $(seq -f '--rcpt r%g@example.org' 15) "$MTA/in"
    [ "$status" -eq 0 ]
    sink_one
    [ "$(wc -c <"$MSG")" -gt 3000000 ]
}

@test "the log line has the queue identifier that the client was told" {
    send accept
    sink_one
    [ -n "$(queue_id)" ]
    grep -q "$(queue_id): id=$(vouch_word id) " "$MTA/milter.log"
}

@test "a client by IPv6" {
    [ -e /proc/net/if_inet6 ] || skip "this kernel has no IPv6"
    printf '%s\n' "From: new@stranger.example" "Subject: six" "" "Here." >"$MTA/in"
    inject --ip 2001:db8::77 --sender new@stranger.example --rcpt accept@example.org "$MTA/in"
    [ "$status" -eq 0 ]
    sink_one
    [[ "$(field Authentication-Results)" == *"spf=fail "*"smtp.remote-ip=\"2001:db8::77\""* ]]
}

@test "this MTA offers all that is needed" {
    ! grep "does not let us" "$MTA/milter.log"
}

@test "vouch-milter goes away and comes back" {
    mta_stop milter
    send accept
    [ "$status" -eq 1 ]
    [[ "$output" == 4* ]]
    nothing_arrives
    mta_milter
    send accept
    [ "$status" -eq 0 ]
    sink_one
    [ "$(field X-Vouch | wc -l)" -eq 1 ]
}

@test "while it is away, mail may flow unjudged" {
    mta_halt
    MTA_AWAY=accept mta_start
    mta_stop milter
    send accept
    [ "$status" -eq 0 ]
    sink_one
    [ "$(field X-Vouch | wc -l)" -eq 0 ]
    mta_milter
    sink_clear
    send accept
    sink_one
    [ "$(field X-Vouch | wc -l)" -eq 1 ]
}
