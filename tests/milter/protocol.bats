#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: /usr/bin/python3
# vouch-milter without an MTA: what MTAs rarely do, by miltertest's scripts and by wire.py.

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    cat >"$MTA/zone" <<'EOF'
$TTL 60
example.net. IN TXT "v=spf1 -all"
;! never.example.net. ANY timeout
;! *.never.example.net. ANY timeout
;! 10.113.0.203.in-addr.arpa. ANY timeout
_dmarc.victim.example. IN TXT "v=DMARC1; p=reject"
victim.example. IN TXT "v=spf1 include:a.victim.example -all"
a.victim.example. IN TXT "v=spf1 include:b.victim.example ?all"
b.victim.example. IN TXT "v=spf1 include:c.victim.example ?all"
c.victim.example. IN TXT "v=spf1 ip4:192.0.2.1 ?all"
;! a.victim.example. TXT late 50
;! b.victim.example. TXT late 50
;! c.victim.example. TXT late 50
EOF
    mta_dns "$MTA/zone"
    sed "s/PORT/$DNS_PORT/" "$VOUCH_SRCDIR/tests/milter/protocol.conf" >"$MTA/vouch.conf"
    mta_milter
}

teardown_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_end
}

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
}

script() {
    command -v miltertest >/dev/null || skip "miltertest is not installed"
    export SCRIPT=$VOUCH_SRCDIR/tests/milter/$1.lua
    run miltertest -s "$VOUCH_SRCDIR/tests/milter/harness.lua"
    echo "$output"
    [ "$status" -eq 0 ]
    kill -0 "$MILTER_PID"
}

wire() {
    run $PYTHON "$VOUCH_SRCDIR/tests/milter/wire.py" "$1"
    echo "$output"
    [ "$status" -eq 0 ]
    kill -0 "$MILTER_PID"
}

@test "negotiation asks for no more than is offered" { script negotiate; }
@test "each action, alone and mixed" { script actions; }
@test "MTAs that offer little" { script old_mta; }
@test "connections and messages end anywhere" { script sessions; }
@test "refused recipients, and too many" { script recipients; }
@test "forged fields, skipped bodies" { script fields; }
@test "of every step offered alone, only that one is asked for" { wire steps_offered_alone; }
@test "the order of edits" { wire order_of_edits; }
@test "replies, with percent signs" { wire replies; }
@test "huge fields" { wire huge_fields; }
@test "huge envelopes" { wire huge_envelopes; }
@test "clients of other address families" { wire client_families; }
@test "commands out of order, noise" { wire out_of_order; }
@test "packets in pieces, and many in one" { wire pieces; }
@test "a connection that breaks off leaves nothing to the next" { wire broken_off; }
@test "a client without reverse DNS does not keep the forged domain's policy from being read" { wire slow_client; }
@test "a domain whose DNS never answers delays nobody else" { wire slow_names; }

@test "what an MTA does not offer is said in the log" {
    grep -q "this MTA does not let us hold messages in quarantine" "$MTA/milter.log"
    grep -q "cannot be redirected, is to be held instead" "$MTA/milter.log"
    grep -q "on_failure: accept" "$MTA/milter.log"
}

@test "the library complains of nothing" {
    run grep -E 'vouch-milter\[[0-9]+\]' "$MTA/milter.log"
    echo "$output" | grep -vE 'mi_rd_cmd|st_optionneg' | (! grep .)
}
