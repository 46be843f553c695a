#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root postfix redis-server redis-cli /usr/bin/python3
# Redis stopped, hung and restarted in mid-traffic: no message is lost, tempfailed, or delayed by more than the store's
# deadline; the header says when the model was not asked.

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    cat >"$MTA/zone" <<'EOF'
$TTL 60
good.example. TXT "v=spf1 ip4:192.0.2.0/24 -all"
mail.good.example. A 192.0.2.10
10.2.0.192.in-addr.arpa. PTR mail.good.example.
EOF
    mta_dns "$MTA/zone"
    redis
    now=$(date +%s)
    for key in dom:good.example ip:192.0.2.0/24; do
        printf '{"group":"%s","field":"*","good":500,"bad":0,"seen":500,"first":%s,"last":%s}\n' $key $now $now
    done >"$MTA/model"
    "$VOUCH" model import --store "redis+unix:$REDIS_SOCKET" "$MTA/model"
    mta_conf "store = \"redis+unix:$REDIS_SOCKET\"; milter: { socket_group = \"postfix\"; };" \
        'deadlines: { store = "200ms"; };' 'actions: { trusted = "accept"; suspicious = "tag"; untrusted = "tag"; };'
    printf '%s\n' "From: alice@good.example" "Subject: number %N" "" "Here." >"$MTA/in"
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

redis() {
    mta_redis --dbfilename model.rdb
}

# traffic N: N messages on one connection; $output has "SECONDS REPLY" lines
traffic() {
    inject --ip 192.0.2.10 --name mail.good.example --helo mail.good.example --sender alice@good.example \
        --rcpt bob@example.org --count "$1" --times "$MTA/in"
    [ "$status" -eq 0 ]
}

# in_time: no message waited for the store as long as it may take in all (5 s); it should be 0.2 s, and a host may be busy
in_time() {
    echo "$output" | awk '$1 > 3 { print "slow: " $0; bad = 1 } END { exit bad }'
}

# models: how many of the messages in the sink were judged with and without the model
models() {
    local all without
    all=$(ls "$MTA"/sink/*.msg | wc -l)
    without=$(grep -l '[ 	]model=unavailable' "$MTA"/sink/*.msg | wc -l)
    echo "with $((all - without)) without $without"
}

model_is_back() {
    sink_clear
    traffic 1 && sink_one && [ "$(vouch_word model)" != unavailable ]
}

three_with_the_model() {
    sink_clear
    traffic 3
    mta_until arrived 3
    [ "$(models)" = "with 3 without 0" ]
}

@test "with the model: trusted" {
    mta_until three_with_the_model # a busy host may be too late for its deadline
    sink_one
    [ "$(vouch_word class)" = trusted ]
}

@test "hung: each message waits no longer than the store's deadline" {
    : >"$MTA/milter.log"
    kill -STOP "$(cat "$MTA/redis.pid")"
    traffic 10
    echo "$output"
    in_time
    mta_until arrived 10
    [ "$(models)" = "with 0 without 10" ]
    sink_one
    [ "$(vouch_word class)" = suspicious ]
    [[ "$(vouch_word flags)" == *model_unavailable* ]]
    [ "$(grep -c 'no answer from the model (' "$MTA/milter.log")" = 1 ]
}

@test "running again: asked again" {
    kill -CONT "$(cat "$MTA/redis.pid")"
    mta_until model_is_back
    grep -q 'the model answers again' "$MTA/milter.log"
}

@test "stopped: judged without" {
    mta_ask_redis save
    mta_stop redis
    traffic 10
    in_time
    mta_until arrived 10
    [ "$(models)" = "with 0 without 10" ]
    grep -q 'no answer from the model (.*: ' "$MTA/milter.log"
}

@test "started again: asked again, and the model is what it was" {
    redis
    mta_until model_is_back
    [ "$(vouch_word class)" = trusted ]
}

@test "hung, stopped and started under three clients' traffic: every message arrives, in time" {
    for client in 1 2 3; do
        $PYTHON "$LIB/inject.py" --port "$SMTP_PORT" --ip 192.0.2.10 --sender alice@good.example \
            --rcpt "bob$client@example.org" --count 100 --times "$MTA/in" >"$MTA/client$client" 3>&- &
        pids="$pids $!"
    done
    sleep 0.3
    kill -STOP "$(cat "$MTA/redis.pid")"
    sleep 0.6
    kill -CONT "$(cat "$MTA/redis.pid")"
    sleep 0.3
    mta_ask_redis save
    mta_stop redis
    sleep 0.5
    redis
    for pid in $pids; do
        wait "$pid"
    done
    output=$(cat "$MTA"/client[123])
    [ "$(echo "$output" | grep -c '^[0-9.]* 250 ')" -eq 300 ]
    in_time
    mta_until arrived 300
    models
    [[ "$(models)" != "with 0 "* && "$(models)" != *" without 0" ]]
    kill -0 "$MILTER_PID"
    mta_until model_is_back
}
