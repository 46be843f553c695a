#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root postfix openssl /usr/bin/python3
# Mail that vouch-milter keeps, looked at, and on to its recipients through a real Postfix: exactly once, whoever asks for it
# how often and whatever is killed when, byte for byte.

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    export REINJECT
    REINJECT=$(mta_free_port)
    cat >"$MTA/zone" <<EOF
\$TTL 60
good.example. TXT "v=spf1 ip4:192.0.2.0/24 -all"
s1._domainkey.good.example. TXT $(dkim_key good)
mail.good.example. A 192.0.2.10
10.2.0.192.in-addr.arpa. PTR mail.good.example.
EOF
    mta_dns "$MTA/zone"
    mta_conf 'store = "none"; milter: { socket_group = "postfix"; };' \
        'actions: { trusted = "quarantine"; suspicious = "quarantine"; untrusted = "quarantine"; };' \
        "quarantine: { method = \"store\"; directory = \"$MTA/quarantine\"; release = \"smtp://127.0.0.1:$REINJECT\"; };"
    mta_milter
    mta_postfix
    : >"$MTA/refused"
    cat >>"$MTA/etc/master.cf" <<EOF
127.0.0.1:$REINJECT inet n - n - 100 smtpd
  -o smtpd_milters= -o local_header_rewrite_clients=
  -o { smtpd_recipient_restrictions = check_recipient_access texthash:$MTA/refused }
EOF
    printf '#!/bin/sh\nexec /usr/sbin/sendmail -C "%s" "$@"\n' "$MTA/etc" >"$MTA/sendmail"
    chmod 755 "$MTA/sendmail"
    postfix_reload
    mta_until reinject_greets
}

postfix_reload() {
    postfix -c "$MTA/etc" reload 2>/dev/null
}

reinject_greets() {
    (exec 3<>"/dev/tcp/127.0.0.1/$REINJECT" && read -r -t 5 line <&3 && [[ $line == 220* ]]) 2>/dev/null
}

teardown_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    umount "$MTA/full" 2>/dev/null || true
    mta_end
}

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    . "$VOUCH_SRCDIR/tests/lib/quarantine.bash"
    sink_clear
    rm -rf "$MTA"/quarantine/2*
}

@test "what is kept is listed and explained" {
    letter "=?utf-8?Q?Gr=C3=BC=C3=9Fe?="
    keep "$MTA/in" bob@example.org carol@example.org
    delivered_is 0
    quarantine list
    [ "$status" -eq 0 ]
    [[ "$output" == "$ID  "*"  waits  "*"alice@good.example -> bob@example.org (+1)  Grüße" ]]
    quarantine list --json
    [[ "$output" == *'"subject":"Gr\u00FC\u00DFe"'* ]]
    quarantine show "$ID"
    [ "$status" -eq 0 ]
    [[ "$output" == *"Subject   Grüße"* && "$output" == *"= sum; trust"* && "$output" == *".hidden dot"* ]]
    "$VOUCH" quarantine show --config "$MTA/vouch.conf" --raw "$ID" >"$MTA/raw"
    $PYTHON - "$MTA/in" "$MTA/raw" <<'EOF'
import sys
sent, raw = (open(name, "rb").read() for name in sys.argv[1:])
assert raw == sent.replace(b"\n", b"\r\n"), raw
EOF
}

@test "list has filters" {
    letter one
    keep "$MTA/in"
    for none in --sender=bob@example.org --recipient=carol@example.org --author=example.org --client=198.51.100.0/24 \
        --class=trusted --state=released --until=@1000 --since=2100-01-01 --queue-id=none; do
        quarantine list "$none"
        [ "$status" -eq 0 ] && [ -z "$output" ] || { echo "$none: $output" >&2; return 1; }
    done
    quarantine list --json
    queue_id=$(sed 's/.*"queue_id":"\([^"]*\)".*/\1/' <<<"$output")
    for it in --sender=good.example --recipient=example.org --author=alice@good.example --client=192.0.2.0/24 --state=waits \
        --since=@1000 --since=1h "--queue-id=$queue_id"; do
        quarantine list "$it"
        [[ "$output" == "$ID"* ]] || { echo "$it: $output" >&2; return 1; }
    done
    quarantine list --state=lost
    [ "$status" -eq 64 ]
}

@test "show drives no terminal, and fetches nothing" {
    {
        printf 'From: "\033]0;owned\007" <alice@good.example>\nSubject: =?utf-8?Q?=1B[31m=E2=80=AEfdp.exe?=\n'
        printf 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n\n'
        printf '<a href="http://example.com/pay">your bank</a><img src="http://example.com/track.gif">&#27;[2J\n'
        printf -- '--x\nContent-Type: application/octet-stream; name="\033[7minvoice.pdf"\nContent-Transfer-Encoding: base64\n\n'
        printf 'aGVsbG8=\n--x\nContent-Type: text/plain; charset=utf-8\n\n\033[2Jraw \302\233 \342\200\256 end\n--x--\n'
    } >"$MTA/in"
    keep "$MTA/in"
    quarantine show "$ID"
    [ "$status" -eq 0 ]
    [ "$(printf '%s' "$output" | LC_ALL=C tr -d '\n\040-\176\200-\377' | wc -c)" -eq 0 ]
    [[ "$output" != *$'\u202e'* && "$output" != *$'\u009b'* ]]
    [[ "$output" == *"your bank <http://example.com/pay>"* && "$output" == *"[image: http://example.com/track.gif]"* ]]
    [[ "$output" == *"application/octet-stream, 5 bytes"* ]]
    [[ "$output" == *"sha256 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"* ]]
    quarantine list
    [ "$(printf '%s' "$output" | LC_ALL=C tr -d '\n\040-\176\200-\377' | wc -c)" -eq 0 ]
    quarantine show --raw --full
    [ "$status" -eq 64 ]
}

@test "release delivers the message as it was, once, and teaches that it was good" {
    letter
    $PYTHON "$LIB/sign.py" good.example s1 "$MTA/good.key" <"$MTA/in" >"$MTA/signed"
    keep "$MTA/signed"
    quarantine release --why "ticket 7" --who carol "$ID"
    [ "$status" -eq 0 ] || { echo "$output" >&2; return 1; }
    [[ "$output" == "$ID: bob@example.org: released: 250 "*"queued as"* ]]
    sink_one
    [ "$(envelope)" = "alice@good.example -> bob@example.org" ]
    $PYTHON - "$MTA/signed" "$MSG" "$ID" <<'EOF'
import sys
sent, got = (open(name, "rb").read() for name in sys.argv[1:3])
sent = sent.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
assert got.endswith(sent), got
trace = got[:-len(sent)].decode()
assert all(line.startswith(("Received:", " ", "\t")) for line in trace.splitlines()), trace
assert "from mail.good.example (mail.good.example [192.0.2.10])" in trace and "id " + sys.argv[3] in trace, trace
EOF
    recheck --ip 192.0.2.10
    [ "$(record auth.dkim.0.result)" = pass ]
    [ "$(labels)" = "good release released by carol: ticket 7" ]
    [ "$(state)" = released ]
    quarantine release "$ID"
    [ "$status" -eq 0 ]
    [ "$output" = "$ID: bob@example.org: was released before" ]
    delivered_is 1
    [ "$(labels | wc -l)" -eq 1 ]
    quarantine show "$ID"
    [[ "$output" == *"released by carol for <bob@example.org>: ticket 7; the MTA: 250 "* ]]
    quarantine release --undo --who dave "$ID"
    [ "$status" -eq 0 ]
    [ "$(labels | tail -1)" = "none release released by dave" ]
    quarantine release --undo "$ID"
    [ "$status" -eq 65 ]
    delivered_is 1
}

@test "release to some, then to the others" {
    letter
    keep "$MTA/in" bob@example.org carol@example.org dave@example.org
    quarantine release --to carol@example.org "$ID"
    [ "$status" -eq 0 ]
    [ "$(state)" = part ]
    sink_one
    [ "$(envelope)" = "alice@good.example -> carol@example.org" ]
    quarantine release --to erin@example.org "$ID"
    [ "$status" -eq 67 ]
    sink_clear
    quarantine release "$ID"
    [ "$status" -eq 0 ]
    sink_one
    [ "$(envelope)" = "alice@good.example -> bob@example.org dave@example.org" ]
    [ "$(state)" = released ]
}

@test "a refused recipient is told, waits, and can be tried again" {
    letter
    echo "carol@example.org REJECT no" >"$MTA/refused"
    postfix_reload
    keep "$MTA/in" bob@example.org carol@example.org
    quarantine release "$ID"
    [ "$status" -eq 69 ]
    [[ "$output" == *"carol@example.org: refused: 554 "* && "$output" == *"bob@example.org: released: 250"* ]]
    [ "$(state)" = part ]
    sink_one
    [ "$(envelope)" = "alice@good.example -> bob@example.org" ]
    quarantine release "$ID"
    [ "$status" -eq 69 ]
    : >"$MTA/refused"
    postfix_reload
    sink_clear
    quarantine release "$ID"
    [ "$status" -eq 0 ] || { echo "$output" >&2; return 1; }
    sink_one
    [ "$(envelope)" = "alice@good.example -> carol@example.org" ]
}

@test "two operators, two releases of one message: one delivery, with eight at once" {
    letter
    keep "$MTA/in"
    local i
    for i in 1 2 3 4 5 6 7 8; do
        "$VOUCH" quarantine release --config "$MTA/vouch.conf" "$ID" >"$MTA/release.$i" 2>&1 3>&- &
        echo $! >"$MTA/release.$i.id"
    done
    for i in 1 2 3 4 5 6 7 8; do
        wait "$(cat "$MTA/release.$i.id")" || { cat "$MTA/release.$i" >&2; return 1; }
    done
    [ "$(cat "$MTA"/release.? | grep -c ': released: ')" -eq 1 ]
    [ "$(cat "$MTA"/release.? | grep -c ': was released before')" -eq 7 ]
    delivered_is 1
    [ "$(labels | wc -l)" -eq 1 ]
}

@test "many who write lessons at once: none is lost or doubled, and who waits for an MTA keeps nobody waiting" {
    local n
    letter
    for ((n = 0; n < 24; n++)); do keep "$MTA/in"; done
    letter "another" # for vouch learn
    ids | $PYTHON "$LIB/release_race.py" "$VOUCH" "$MTA/vouch.conf" "$MTA/sink" "$MTA/etc" "$MTA/in" >&3
}

@test "undo holds, though the clock went back since" {
    letter
    keep "$MTA/in"
    quarantine release "$ID"
    [ "$status" -eq 0 ]
    local log
    log=$(ls "$MTA"/quarantine/2*/"$ID.log")
    $PYTHON - "$log" <<'EOF'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
lines[-1]["time_us"] += 3600 * 1000000
open(sys.argv[1], "w").writelines(json.dumps(line) + "\n" for line in lines)
EOF
    quarantine release --undo "$ID"
    [ "$status" -eq 0 ]
    "$VOUCH" journal cat --config "$MTA/vouch.conf" --kind label --id "$ID" | $PYTHON -c '
import datetime, json, sys
times = [datetime.datetime.fromisoformat(json.loads(line)["time"].rstrip("Z")) for line in sys.stdin]
assert len(times) == 2 and (times[1] - times[0]).total_seconds() > 3500, times'
}

@test "what only waits is not noted as released" {
    letter
    keep "$MTA/in"
    quarantine release --done "$ID"
    [ "$status" -eq 65 ]
    [[ "$output" == *"$ID: waits: no release of it is in doubt"* ]]
    [ "$(state)" = waits ]
}

@test "run with nothing open, as by a careless script" {
    local log
    letter
    keep "$MTA/in"
    "$VOUCH" quarantine release --config "$MTA/vouch.conf" "$ID" <&- >&- 2>&- || [ $? -eq 74 ]
    sink_one
    ends_as_sent "$MTA/in"
    log=$(ls "$MTA"/quarantine/2*/"$ID.log")
    $PYTHON -c 'import json, sys; assert [json.loads(l)["event"] for l in open(sys.argv[1])] == ["began", "released", "learnt"]' "$log"
    sink_clear
    keep "$MTA/in"
    "$VOUCH" quarantine release --config "$MTA/vouch.conf" --via "sendmail:$MTA/sendmail" "$ID" <&- >&- 2>&- || [ $? -eq 74 ]
    sink_one
    ends_as_sent "$MTA/in"
    [ "$(state)" = released ]
    "$VOUCH" quarantine list --config "$MTA/vouch.conf" >&- 2>"$MTA/said" || [ $? -eq 74 ]
    grep -q "standard output: Bad file descriptor" "$MTA/said"
}

@test "a directory that is not there is none, and is not made" {
    quarantine list --directory "$MTA/quarantin"
    [ "$status" -eq 66 ] && [[ "$output" == *"there is no quarantine $MTA/quarantin: No such file or directory" ]]
    [ ! -e "$MTA/quarantin" ]
}

@test "on a full disk nothing is sent" {
    letter
    keep "$MTA/in"
    mkdir "$MTA/full"
    mount -t tmpfs -o size=256k,mode=755 tmpfs "$MTA/full" 2>/dev/null || skip "nothing may be mounted here"
    cp -a "$MTA/quarantine/." "$MTA/full"
    dd if=/dev/zero of="$MTA/full/filler" bs=4k 2>/dev/null || true
    quarantine release --directory "$MTA/full" "$ID"
    [ "$status" -eq 74 ]
    [[ "$output" == *"No space left on device"*"$ID: not released: nothing was sent"* ]]
    delivered_is 0
    rm "$MTA/full/filler"
    quarantine release --directory "$MTA/full" "$ID"
    [ "$status" -eq 0 ]
    sink_one
}

# by_sendmail SCRIPT RCPT...: a message that is released by that sendmail(1)
by_sendmail() {
    local script=$1
    shift
    printf '#!/bin/sh\n%s\n' "$script" >"$MTA/sendmail.odd"
    chmod 755 "$MTA/sendmail.odd"
    sink_clear
    letter
    keep "$MTA/in" "$@"
    quarantine release --via "sendmail:$MTA/sendmail.odd" "$ID"
}

@test "a sendmail(1) that takes a message for some recipients, or queues it, and says so by its status: in doubt, never sent twice" {
    local status_of
    for status_of in 64 67 69; do # as Sendmail's, of a recipient that it does not know
        by_sendmail "\"$MTA/sendmail\" \"\$@\"; exit $status_of" bob@example.org carol@example.org
        [ "$status" -eq 75 ] || { echo "$status_of: $output" >&2; return 1; }
        quarantine release --via "sendmail:$MTA/sendmail" "$ID"
        [ "$status" -eq 75 ]
        delivered_is 1
    done
    by_sendmail "\"$MTA/sendmail\" \"\$@\"; exit 75" bob@example.org
    [ "$status" -eq 75 ]
    delivered_is 1
    for status_of in 70 71 73 78 127; do # of its own trouble
        by_sendmail "exit $status_of" bob@example.org carol@example.org
        [ "$status" -eq 69 ] && [ "$(state)" = waits ] || { echo "$status_of: $output" >&2; return 1; }
    done
    by_sendmail "exit 67" bob@example.org
    [ "$status" -eq 69 ] && [ "$(state)" = waits ]
}

@test "release by sendmail(1)" {
    letter
    keep "$MTA/in" bob@example.org carol@example.org
    quarantine release --via "sendmail:$MTA/sendmail" "$ID"
    [ "$status" -eq 0 ] || { echo "$output" >&2; return 1; }
    sink_one
    [ "$(envelope)" = "alice@good.example -> bob@example.org carol@example.org" ]
    $PYTHON - "$MTA/in" "$MSG" <<'EOF'
import sys
sent, got = (open(name, "rb").read() for name in sys.argv[1:])
assert got.endswith(sent.replace(b"\n", b"\r\n")), got
EOF
    sink_clear
    letter
    keep "$MTA/in"
    quarantine release --via "sendmail:/bin/false" "$ID"
    [ "$status" -eq 69 ]
    [ "$(state)" = waits ]
    quarantine release --via "sendmail:$MTA/missing" "$ID"
    [ "$status" -eq 69 ]
    delivered_is 0
}

@test "the null sender" {
    letter
    inject --ip 192.0.2.10 --sender "" --rcpt bob@example.org "$MTA/in"
    ID=$(ids)
    quarantine release "$ID"
    [ "$status" -eq 0 ]
    sink_one
    [ "$(envelope)" = " -> bob@example.org" ]
    sink_clear
    inject --ip 192.0.2.10 --sender "" --rcpt bob@example.org "$MTA/in"
    ID=$(ids | tail -1)
    quarantine release --via "sendmail:$MTA/sendmail" "$ID"
    [ "$status" -eq 0 ]
    sink_one
    [ "$(envelope)" = " -> bob@example.org" ]
}

@test "no MTA: nothing is lost, and it says what to do" {
    letter
    keep "$MTA/in"
    quarantine release --via "smtp://127.0.0.1:$(mta_free_port)" "$ID"
    [ "$status" -eq 69 ]
    [[ "$output" == *"cannot connect to "*"does the MTA listen there?"* ]]
    [ "$(state)" = waits ]
    quarantine release --via http://127.0.0.1/ "$ID"
    [ "$status" -eq 64 ]
    quarantine release 00000000-0000-7000-8000-000000000000
    [ "$status" -eq 66 ]
}

@test "a release that comes by vouch-milter again is delivered as it was, and teaches nothing once more" {
    letter
    $PYTHON "$LIB/sign.py" good.example s1 "$MTA/good.key" <"$MTA/in" >"$MTA/signed"
    keep "$MTA/signed" bob@example.org carol@example.org
    before=$(passed | wc -l)
    quarantine release --who dave --to carol@example.org --via "smtp://127.0.0.1:$SMTP_PORT" "$ID"
    [ "$status" -eq 0 ] || { echo "$output" >&2; return 1; }
    sink_one
    [ "$(envelope)" = "alice@good.example -> carol@example.org" ]
    ends_as_sent "$MTA/signed"
    [ "$(vouch_word action)" = accept ] && [ "$(vouch_word flags)" = released ]
    [[ "$(field Authentication-Results)" == "mx.example.org; none"* ]]
    [ "$(passed | wc -l)" -eq $((before + 1)) ]
    [ "$(passed | tail -1)" = "released from quarantine by dave, item $ID | accept trusted None" ]
    grep -q ": released from quarantine by dave, item $ID$" "$MTA/milter.log"
    [ "$(ids)" = "$ID" ]
    [ "$(labels)" = "good release released by dave" ]
    recheck --ip 192.0.2.10
    [ "$(record auth.dkim.0.result)" = pass ]
}

@test "a release by sendmail(1) comes by vouch-milter as one of non_smtpd_milters" {
    letter
    head -c 700000 /dev/zero | tr '\0' 'a' | fold -w 70 >>"$MTA/in" && echo >>"$MTA/in" # more than quarantine.memory
    keep "$MTA/in"
    postconf -c "$MTA/etc" -e "non_smtpd_milters = unix:$MILTER_SOCKET"
    postfix_reload
    quarantine release --who dave --via "sendmail:$MTA/sendmail" "$ID"
    [ "$status" -eq 0 ] || { echo "$output" >&2; return 1; }
    sink_one
    postconf -c "$MTA/etc" -X non_smtpd_milters
    postfix_reload
    ends_as_sent "$MTA/in"
    [ "$(passed | tail -1)" = "released from quarantine by dave, item $ID | accept trusted None" ]
    [ "$(ids)" = "$ID" ]
}

# again SENDER RCPT: $MTA/again comes in from outside, and is kept as any message is
again() {
    local before
    before=$(ids | wc -l)
    sink_clear
    inject --ip 192.0.2.10 --sender "$1" --rcpt "$2" "$MTA/again"
    [ "$status" -eq 0 ] && [ "$(ids | wc -l)" -eq $((before + 1)) ] || { echo "$output" >&2; return 1; }
    delivered_is 0
}

@test "who has seen the mark of a release can pass nothing else with it, and nothing later" {
    letter
    keep "$MTA/in"
    quarantine release --via "smtp://127.0.0.1:$SMTP_PORT" "$ID"
    [ "$status" -eq 0 ] || { echo "$output" >&2; return 1; }
    sink_one
    $PYTHON - "$MSG" "$MTA/marked" <<'EOF'
import sys
got = open(sys.argv[1], "rb").read()
mark = got.index(b"(vouch quarantine, release ")
open(sys.argv[2], "wb").write(got[got.rindex(b"Received:", 0, mark):])
EOF
    sed 's/Hello/Pay me/' "$MTA/marked" >"$MTA/again"
    again alice@good.example bob@example.org
    { echo "Subject: urgent"; cat "$MTA/marked"; } >"$MTA/again"
    again alice@good.example bob@example.org
    { cat "$MTA/marked"; echo "more"; } >"$MTA/again"
    again alice@good.example bob@example.org
    sed "s/release ...../release 00000/" "$MTA/marked" >"$MTA/again"
    again alice@good.example bob@example.org
    cp "$MTA/marked" "$MTA/again"
    again alice@good.example carol@example.org
    again mallory@good.example bob@example.org
    sink_clear
    inject --ip 192.0.2.10 --sender alice@good.example --rcpt bob@example.org "$MTA/marked" # as it was: for an hour
    sink_one
    $PYTHON - "$MTA"/quarantine/2*/"$ID.log" <<'EOF'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
for line in lines:
    line["time_us"] -= 3600 * 1000000
open(sys.argv[1], "w").writelines(json.dumps(line) + "\n" for line in lines)
EOF
    again alice@good.example bob@example.org
}

@test "killed at each step of SMTP: known for certain but in one window, which is told" {
    local n
    letter
    for n in 1 2 3 4 5 6 7 8 9; do keep "$MTA/in"; done
    ids | $PYTHON "$LIB/release_kill.py" steps "$VOUCH" "$MTA/vouch.conf" >&3
}

@test "killed at any moment before a real Postfix: neither lost nor doubled" {
    local n kills=${VOUCH_SANITIZED:+8}
    kills=${VOUCH_KILLS:-${kills:-30}}
    for ((n = 0; n < kills; n++)); do
        letter "number $n"
        keep "$MTA/in"
    done
    ids | $PYTHON "$LIB/release_kill.py" random "$VOUCH" "$MTA/vouch.conf" "$MTA/sink" "$MTA/etc" >&3
}

@test "sendmail(1) is killed before, while or after it takes the message: in doubt, and a person decides" {
    local n
    for ((n = 0; n < 3 + ${VOUCH_KILLS:-30} / 3; n++)); do
        letter "number $n"
        keep "$MTA/in"
    done
    ids | $PYTHON "$LIB/release_kill.py" sendmail "$VOUCH" "$MTA/vouch.conf" "$MTA/sink" "$MTA/etc" "$MTA/sendmail" >&3
}

@test "a message whose log is damaged is not released, and can go" {
    letter
    keep "$MTA/in"
    echo damaged >"$(ls "$MTA"/quarantine/2*/"$ID.held" | sed 's/held$/log/')"
    quarantine release "$ID"
    [ "$status" -eq 65 ] && [[ "$output" == *"line 1 of the log of message $ID"*"is damaged"* ]]
    delivered_is 0
    quarantine delete "$ID"
    [ "$status" -eq 0 ] && [ -z "$(ids)" ]
}

@test "delete and purge" {
    letter
    keep "$MTA/in"
    local first=$ID
    keep "$MTA/in"
    quarantine delete --dry-run "$first"
    [ "$status" -eq 0 ] && [[ "$output" == "$first: would go, from alice@good.example: hello" ]]
    quarantine delete "$first"
    [ "$status" -eq 0 ] && [[ "$output" == "$first: removed, "* ]]
    [ "$(ids)" = "$ID" ]
    quarantine delete "$first"
    [ "$status" -eq 66 ]
    quarantine purge
    [ "$status" -eq 64 ]
    quarantine purge --older-than 1d
    [ "$output" = "0 messages removed" ]
    quarantine purge --dry-run --beyond 1B
    [[ "$output" == "$ID: would go, "*$'\n'"1 message would go" ]]
    [ "$(ids)" = "$ID" ]
    quarantine purge --beyond 1B
    [ "$output" = "1 message removed" ]
    [ -z "$(ids)" ]
}
