#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: /usr/bin/python3
# The shadow: what other settings would have decided is in the record and the log, and nothing is done about it.

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    settings "shadow = \"$MTA/trial.conf\";"
}

teardown() {
    mta_end
}

# settings [LINE]...
settings() {
    cat >"$MTA/vouch.conf" <<EOF
authserv_id = "mx.example.org"; learn = true;
journal: { directory = "$MTA/journal"; writer = "mx1"; };
store = "lmdb:$MTA/store";
dns: { servers = [ "127.0.0.1@9" ]; };
deadlines: { message = "2s"; dns = "100ms"; store = "50ms"; };
log: { to = "stderr"; level = "debug"; };
EOF
    mkdir -p "$MTA/store"
    printf '%s\n' "$@" >>"$MTA/vouch.conf"
}

trial() { # LINE...
    printf '%s\n' "$@" >"$MTA/trial.conf"
}

# mail COUNT [corp]: messages, four at a time, from somebody, or from who looks like example-corp.com; prints each answer
mail() {
    $PYTHON - "$MILTER_SOCKET" "$@" <<EOF
import sys
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, "$LIB")
from milterclient import Client, inserted
def one(_):
    c = Client(sys.argv[1])
    c.connect()
    c.envelope()
    c.header(((b"From", b" Boss <boss@example-corp.co>"), (b"Subject", b" hello")) if "corp" in sys.argv[2:] else ((b"From", b" sender@example.net"),))
    c.body()
    answer, _, edits = c.end()
    c.close()
    return answer.decode() + " " + inserted(edits, b"X-Vouch")
with ThreadPoolExecutor(4) as pool:
    for line in pool.map(one, range(int(sys.argv[2]))):
        print(line.replace("\n", "").replace("\t", " "))
EOF
}

records() { # OPTION...
    "$VOUCH" journal cat --config "$MTA/vouch.conf" --kind decision "$@"
}

log_says() {
    grep -q -- "$1" "$MTA/milter.log"
}

lines_are() { # COUNT COMMAND...
    local count=$1
    shift
    [ "$("$@" | wc -l)" -eq "$count" ]
}

@test "it is recorded and logged, and never done" {
    trial 'actions: { suspicious = "reject"; };' 'weights: { bias = -9; };' 'store = "none"; milter: { user = "nobody"; };'
    mta_milter
    run mail 3
    [ "$status" -eq 0 ]
    [ "$(grep -c '^[ac] .*class=suspicious; *action=tag' <<<"$output")" -eq 3 ]
    ! grep -q shadow <<<"$output"
    mta_until lines_are 3 records
    [ "$(records --shadow-differs | grep -c '"shadow":{"trust":[0-9.e-]*,"class":"untrusted","policy":null,"action":"quarantine","reason":"class suspicious -> untrusted because of bias, action tag -> quarantine"}')" -eq 3 ]
    [ "$(grep -c 'action=tag .* shadow=quarantine client=' "$MTA/milter.log")" -eq 3 ]
    run "$VOUCH" policy diff --shadow --config "$MTA/vouch.conf"
    [ "$status" -eq 1 ]
    [[ "$output" == *"3 messages, 3 judged otherwise by B (100.00 %)"*"  3  class suspicious -> untrusted because of bias, action tag -> quarantine"* ]]
}

@test "what it would decide alike is no difference" {
    trial 'policies = ( { name = "other"; recipients = [ "nobody@example.org" ]; } );' 'shadow = "/nonexistent/of/its/own";'
    mta_milter
    mail 2
    mta_until lines_are 2 records
    lines_are 0 records --shadow-differs
    [ "$(records | grep -c '"shadow":{"trust":[0-9.]*,"class":"suspicious","policy":null,"action":"tag","reason":null}')" -eq 2 ]
    ! log_says ' shadow='
}

@test "without one there is none" {
    settings
    mta_milter
    mail 1
    mta_until lines_are 1 records
    [ "$(records | grep -c '"shadow":null')" -eq 1 ]
}

@test "the judgement is its own, the site is not" {
    settings "shadow = \"$MTA/trial.conf\";" 'internal = [ "203.0.113.0/24" ];'
    trial 'internal = [ "198.51.100.0/24" ];' \
        'policies = ( { name = "finance"; recipients = [ "accept@example.org" ]; actions: { suspicious = "discard"; }; } );'
    mta_milter
    mail 1
    mta_until lines_are 1 records --shadow-differs
    records | grep -q '"direction":"inbound".*"shadow":{[^}]*"policy":"finance","action":"discard","reason":"policy finance now decides, action tag -> discard"}'
}

@test "it knows our domains, though only the other settings say them" {
    settings "shadow = \"$MTA/trial.conf\";" 'local_domains = [ "example-corp.com" ];'
    trial ''
    mta_milter
    mail 1 corp
    mta_until lines_are 1 records
    records | grep -q '"flags":\[[^]]*"impersonation"'
    [ "$(records | $PYTHON -c 'import json, sys; r = json.load(sys.stdin); print(r["trust"] == r["shadow"]["trust"], r["shadow"]["reason"])')" = "True None" ]
}

@test "a reload reads it; a bad one is reported and changes nothing" {
    trial 'actions: { suspicious = "reject"; };'
    mta_milter
    trial 'actions: { suspicious = "rejekt"; };' 'modus = "x";'
    kill -USR1 "$MILTER_PID"
    mta_until log_says 'reload: the settings stay as they were'
    log_says "vouch.conf: shadow: $MTA/trial.conf:1: 'actions.suspicious' must be"
    log_says "vouch.conf: shadow: $MTA/trial.conf:2: unknown key 'modus'"
    mail 1
    mta_until lines_are 1 grep ' shadow=reject ' "$MTA/milter.log"
    trial 'actions: { suspicious = "tempfail"; };'
    kill -USR1 "$MILTER_PID"
    mta_until log_says 'is in force for new messages'
    mail 1
    mta_until lines_are 1 grep ' shadow=tempfail ' "$MTA/milter.log"
}

@test "reloads while mail comes" {
    trial 'actions: { suspicious = "reject"; };'
    mta_milter
    for ((n = 1; n <= 20; n++)); do
        kill -USR1 "$MILTER_PID"
        mta_until lines_are "$n" grep 'is in force for new messages' "$MTA/milter.log"
    done &
    mail 60
    wait $!
    mta_until lines_are 60 records --shadow-differs
}

@test "at start a bad one, or none where one should be, is an error" {
    run "$VOUCH_BUILDDIR/vouch-milter" -t -c "$MTA/vouch.conf"
    [ "$status" -eq 78 ]
    [[ "$output" == *"vouch.conf: shadow: $MTA/trial.conf: No such file"* ]]
    trial 'mode = "often";'
    run "$VOUCH" config check "$MTA/vouch.conf"
    [ "$status" -eq 78 ]
    [[ "$output" == *"shadow: $MTA/trial.conf:1: 'mode' must be"* ]]
}
