#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root mta /usr/bin/python3
# What vouch-milter writes into its journal, end to end through a real MTA: every decision once, and what others say of a
# message (traps, another filter, recipients that do not exist); when it is killed, and when the disk is of no use.

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    echo 'stranger.example. 60 IN TXT "v=spf1 ip4:198.51.100.20 -all"' >"$MTA/zone"
    mta_dns "$MTA/zone"
    {
        sed "s/PORT/$DNS_PORT/" "$VOUCH_SRCDIR/tests/milter/protocol.conf"
        cat <<EOF2
journal: { directory = "$MTA/journal"; writer = "w"; };
labels: { traps = [ "trap@example.org" ]; filter_bad = [ "X-Spam-Flag: YES*" ];
  filter_good = [ "X-Spam-Status: No,*autolearn=ham*" ]; };
EOF2
    } >"$MTA/vouch.conf"
    mta_as_nobody
    mta_milter
    MTA_KNOWN="accept tag hold redirect reject tempfail discard trap moved grey policy"
    MTA_REFUSED="grey@example.org 450 4.2.0 Greylisted, come back
moved@example.org 550 5.1.6 Has moved
policy@example.org 550 5.7.1 Not from you"
    mta_start
}

teardown_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mountpoint -q "$MTA/small" && umount "$MTA/small"
    mta_end
}

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    sink_clear
    BEFORE=$(count)
}

records() {
    "$VOUCH" journal cat --config "$MTA/vouch.conf" --journal "${JOURNAL:-$MTA/journal}"
}

count() {
    records | wc -l
}

# new_records N: waits for the Nth record of this test; $output is the last one
new_records() {
    mta_until has "$1" || { records | tail -n 3; return 1; }
    output=$(records | tail -n 1)
}

has() {
    [ "$(count)" -eq $((BEFORE + $1)) ]
}

# labels: "source verdict" of the labels in $output
labels() {
    $PYTHON -c '
import json, sys
print(*(label["source"] + " " + label["verdict"] for label in json.loads(sys.argv[1])["labels"]), sep=", ")' "$output"
}

# send [--OPTION VALUE]... RCPT...: a message with the fields of $fields
send() {
    local arguments=()
    while [ $# -gt 0 ]; do
        case $1 in
        --*)
            arguments+=("$1" "$2")
            shift 2
            ;;
        *)
            arguments+=(--rcpt "$1@example.org")
            shift
            ;;
        esac
    done
    printf '%s\n' "From: new@stranger.example" "${fields:-Subject: the minutes}" "Message-ID: <%N@stranger.example>" "" "Here." \
        >"$MTA/in"
    inject --ip 198.51.100.20 --helo mx.stranger.example --sender new@stranger.example "${arguments[@]}" "$MTA/in"
}

@test "one record for a message, with the id of its field and of the log line" {
    send accept
    sink_one
    new_records 1
    [ "$(record id)" = "$(vouch_word id)" ]
    [ "$(record kind)" = decision ]
    [ "$(record client.ip) $(record sender) $(record recipients)" = \
        "198.51.100.20 new@stranger.example accept@example.org" ]
    [ "$(record auth.spf.result)" = pass ]
    [ "$(record labels)" = "" ]
    grep -q "$(record queue_id): id=$(record id) " "$MTA/milter.log"
    [ "$("$VOUCH" journal cat --queue-id "$(record queue_id)" --config "$MTA/vouch.conf")" = "$output" ]
}

@test "whatever becomes of it" {
    local n=0
    for action in accept tag quarantine reject tempfail discard; do
        send "${action/quarantine/hold}"
        new_records $((++n))
        [ "$(record action)" = "$action" ]
    done
    send redirect
    new_records 7
    [ "$(record action)" = quarantine ]
}

@test "several messages in one connection" {
    send --count 5 accept
    new_records 5
    [ "$(record message_id)" = "5@stranger.example" ]
    [ "$(records | tail -n 5 | $PYTHON -c 'import json, sys; print(len({json.loads(x)["id"] for x in sys.stdin}))')" = 5 ]
}

@test "a trap" {
    send accept trap
    new_records 1
    [ "$(labels)" = "trap bad" ]
}

@test "another filter" {
    fields=$'X-Spam-Flag: YES\nSubject: x' send accept
    new_records 1
    [ "$(labels)" = "filter bad" ]
    fields=$'X-Spam-Status: No, score=-2\n\ttests=X autolearn=ham version=4\nSubject: x' send accept
    new_records 2
    [ "$(labels)" = "filter good" ]
    fields=$'X-Spam-Flag: NO\nX-Vouch: class=untrusted; action=reject\nSubject: x' send accept
    new_records 3
    [ "$(labels)" = "" ]
}

@test "recipients that do not exist, beside one that does" {
    send a b accept
    new_records 1
    [ "$(labels)" = "unknown_recipient bad" ]
    [ "$(record recipients)" = "accept@example.org" ]
    send a accept
    new_records 2
    [ "$(labels)" = "" ]
}

@test "only recipients that do not exist: a label" {
    send a b c
    [[ "$output" == *"5.1.1 "* ]]
    new_records 1
    [ "$(record kind) $(labels)" = "label unknown_recipient bad" ]
    [ "$(record client.ip) $(record sender) $(record client.helo)" = \
        "198.51.100.20 new@stranger.example mx.stranger.example" ]
    [ "$(record subject)" = "$(record id)" ]
    send --count 2 a
    new_records 3
    send accept
    new_records 4
}

@test "recipients refused for other reasons say nothing" {
    send grey
    [[ "$output" == *"4.2.0 "* ]]
    send policy
    [[ "$output" == *"5.7.1 "* ]]
    send moved
    [[ "$output" == *"5.1.6 "* ]]
    send --rcpt x@elsewhere.example
    [[ "$output" == *"5.7.1 "*elay*" denied"* ]]
    inject --ip 198.51.100.20 --sender "" --rcpt a@example.org "$MTA/in"
    [[ "$output" == *"5.1.1 "* ]]
    inject --sender user@example.org --rcpt a@example.org --login user "$MTA/in"
    [[ "$output" == *"5.1.1 "* ]]
    send accept
    new_records 1
    [ "$(record kind)" = decision ]
}

@test "a message that does not come to its end leaves nothing" {
    local stage
    for stage in connect mail rcpt data; do
        send --abort "$stage" accept
    done
    send accept
    new_records 1
}

@test "kill -9 after the reply: the record is there" {
    send --count 20 accept
    mta_stop milter KILL
    [ "$(count)" -eq $((BEFORE + 20)) ]
    mta_milter
    send accept
    new_records 21
}

# restart with CONF-EDIT...: sed expressions on vouch.conf
restart() {
    local edit
    mta_stop milter
    for edit in "$@"; do
        sed -i "$edit" "$MTA/vouch.conf"
    done
    : >"$MTA/milter.log"
    mta_milter
}

@test "journal.sync = always" {
    restart 's/writer = "w";/& sync = "always";/'
    send --count 3 accept
    new_records 3
}

@test "an unwritable directory: mail flows, and the log says so" {
    install -d -m 755 "$MTA/locked"
    restart "s|directory = \"[^\"]*\"|directory = \"$MTA/locked/journal\"|"
    grep -q "journal: .*$MTA/locked/journal.*kept in memory" "$MTA/milter.log"
    send accept
    [[ "$output" == 250* ]]
    sink_one
    [ -n "$(vouch_word id)" ]
    chmod 1777 "$MTA/locked"
    JOURNAL=$MTA/locked/journal
    BEFORE=0
    mta_until [ -d "$JOURNAL/w" ] # it is tried again, and nothing is lost
    new_records 1
    [ "$(record id)" = "$(vouch_word id)" ]
}

@test "no journal: mail flows, and the log says so" {
    restart 's|directory = "[^"]*"|directory = ""|'
    grep -q 'no journal (journal.directory is "")' "$MTA/milter.log"
    send accept
    [[ "$output" == 250* ]]
}

@test "a full disk: mail flows, the log says so, and nothing is lost" {
    mkdir "$MTA/small"
    mount -t tmpfs -o size=512k,mode=1777 tmpfs "$MTA/small" 2>/dev/null || skip "nothing can be mounted here"
    restart "s|directory = \"[^\"]*\"|directory = \"$MTA/small/journal\"|"
    JOURNAL=$MTA/small/journal
    BEFORE=0
    send accept
    new_records 1
    dd if=/dev/zero of="$MTA/small/filler" bs=1k 2>/dev/null || true
    send --count 40 accept
    [ "$(grep -c '^250 ' <<<"$output")" = 40 ]
    mta_until grep -q 'journal: .*No space left' "$MTA/milter.log"
    rm "$MTA/small/filler"
    new_records 41
    mta_stop milter
}
