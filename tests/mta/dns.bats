#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root postfix /usr/bin/python3
# DNS that is late, fails, truncates or lies: temperror, never fail, and no message waits longer than the deadline; and
# a domain whose DNS never answers delays nobody else's mail.

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    {
        echo '$TTL 60'
        for name in late servfail refused formerr tc tcgarbage tctimeout cut rdlength counts garbage wrongid wrongname drop never; do
            echo "$name.example. TXT \"v=spf1 ip4:198.51.100.0/24 -all\""
            echo "_dmarc.$name.example. TXT \"v=DMARC1; p=reject\""
        done
        cat <<'EOF'
good.example. TXT "v=spf1 ip4:192.0.2.10 -all"
;! late.example. TXT late 700
;! servfail.example. TXT servfail
;! refused.example. TXT refused
;! formerr.example. TXT formerr
;! tc.example. TXT tc
;! tcgarbage.example. TXT tc-garbage
;! tctimeout.example. TXT tc-timeout
;! cut.example. TXT cut
;! rdlength.example. TXT rdlength 300
;! counts.example. TXT counts 40
;! garbage.example. TXT garbage
;! wrongid.example. TXT wrongid
;! wrongname.example. TXT wrongname
;! drop.example. TXT drop 1
;! never.example. ANY timeout
;! *.never.example. ANY timeout
;! _dmarc.never.example. ANY timeout
EOF
    } >"$MTA/zone"
    mta_dns "$MTA/zone"
    mta_conf 'store = "memory:"; milter: { socket_group = "postfix"; };' 'deadlines: { message = "4s"; dns = "3s"; };'
    mta_milter
    mta_postfix
}

teardown_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_end
}

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    sink_clear
}

# from NAME...: a message of each domain NAME.example, all at once, from 198.51.100.20
from() {
    local name pids
    for name; do
        printf '%s\n' "From: a@$name.example" "Subject: hello" "" "Here." >"$MTA/in.$name"
        $PYTHON "$LIB/inject.py" --port "$SMTP_PORT" --ip 198.51.100.20 --sender "a@$name.example" --times \
            "$MTA/in.$name" >"$MTA/out.$name" 3>&- &
        pids="$pids $!"
    done
    for pid in $pids; do
        wait "$pid"
    done
    mta_until arrived $#
}

# result NAME: what became of it; sets SPF, CLASS; fails if it took longer than the deadline
result() {
    local env=$(grep -l "\"a@$1.example\"" "$MTA"/sink/*.env)
    MSG=${env%.env}.msg
    SPF=$(field Authentication-Results | grep -o 'spf=[a-z]*' | head -1 | cut -d= -f2)
    CLASS=$(vouch_word class)
    echo "$1: $(cat "$MTA/out.$1") spf=$SPF class=$CLASS"
    awk '{ exit !($1 < 5 && $2 == 250) }' "$MTA/out.$1" # 3 s, and Postfix under load; the resolver gives up after 6
}

@test "answers that never come well: temperror, suspicious, within the deadline" {
    names="servfail refused formerr tcgarbage tctimeout garbage wrongid wrongname never"
    from $names
    for name in $names; do
        result $name
        [ "$SPF" = temperror ]
        [ "$CLASS" = suspicious ]
    done
}

@test "packets that lie about their size: temperror or the truth, never fail" {
    from cut rdlength counts
    for name in cut rdlength counts; do
        result $name
        [ "$SPF" = temperror ] || [ "$SPF" = pass ]
        [ "$CLASS" = suspicious ]
    done
}

@test "late, truncated or dropped once, but within the deadline: the truth" {
    from late tc drop
    for name in late tc drop; do
        result $name
        [ "$SPF" = pass ]
    done
}

@test "thirty messages of a domain whose DNS never answers delay nobody else" {
    printf '%s\n' "From: a@never.example" "Subject: slow" "" "Here." >"$MTA/slow"
    printf '%s\n' "From: a@good.example" "Subject: quick" "" "Here." >"$MTA/quick"
    inject --ip 192.0.2.10 --sender a@good.example "$MTA/quick" # its answers are known from now on
    for i in $(seq 30); do
        $PYTHON "$LIB/inject.py" --port "$SMTP_PORT" --ip 198.51.100.20 --sender "a$i@never.example" --times \
            "$MTA/slow" >"$MTA/slow$i" 3>&- &
        pids="$pids $!"
    done
    sleep 1 # they are at their end and wait
    for i in 1 2 3; do
        inject --ip 192.0.2.10 --sender a@good.example --count 10 --times "$MTA/quick"
        [ "$status" -eq 0 ]
        echo "$output"
        echo "$output" | awk '$1 > 1.5 { exit 1 }' # half of what the others wait
    done
    for pid in $pids; do
        wait "$pid"
    done
    cat "$MTA"/slow[0-9]*
    [ "$(cat "$MTA"/slow[0-9]* | grep -c '^[0-9.]* 250 ')" -eq 30 ]
    cat "$MTA"/slow[0-9]* | awk '$1 > 5 { exit 1 }' # the deadline, 3 s, and Postfix under load
}
