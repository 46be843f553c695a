#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root postfix redis-server redis-cli /usr/bin/python3
# What vouch promises for when things fail, one test for each promise, by its name (two releases of one message:
# release.bats); the other files of this directory and tests/crash go further into each.

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    cat >"$MTA/zone" <<'EOF'
$TTL 60
good.example. TXT "v=spf1 ip4:192.0.2.0/24 -all"
slow.example. TXT "v=spf1 ip4:198.51.100.0/24 -all"
_dmarc.slow.example. TXT "v=DMARC1; p=reject"
down.example. TXT "v=spf1 ip4:198.51.100.0/24 -all"
_dmarc.down.example. TXT "v=DMARC1; p=reject"
;! *.slow.example. ANY late 3000
;! slow.example. ANY late 3000
;! *.down.example. ANY servfail
;! down.example. ANY servfail
EOF
    mta_dns "$MTA/zone"
    redis
    mta_conf "store = \"redis+unix:$REDIS_SOCKET\"; milter: { socket_group = \"postfix\"; };" \
        "journal: { directory = \"$MTA/journal\"; interval = \"20ms\"; }; learn = true;" \
        'labels: { traps = [ "trap@example.org" ]; };' \
        'deadlines: { message = "2s"; dns = "1s"; store = "200ms"; };' \
        'actions: { trusted = "accept"; suspicious = "tag"; untrusted = "tag"; };'
    printf '%s\n' "From: alice@good.example" "Subject: number %N" "Message-ID: <%N@good.example>" "" "Here." >"$MTA/in"
    start_milter
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

start_milter() {
    : >"$MTA/milter.log"
    mta_milter
}

redis() {
    mta_redis --appendonly yes
}

# mail [OPTION]...: one message, taken at its first try; $MSG
mail() {
    sink_clear
    inject --ip 192.0.2.10 --sender alice@good.example --rcpt bob@example.org --times "$@" "$MTA/in"
    echo "$output"
    [ "$status" -eq 0 ]
    sink_one
}

# model =|!= [OPTION]...: a message is judged without it, or with it
model() {
    local is=$1
    shift
    mail "$@" && [ "$(vouch_word model)" "$is" unavailable ]
}

# in_journal ID: how many records of that id there are
in_journal() {
    "$VOUCH" journal cat --config "$MTA/vouch.conf" --id "$1" | wc -l
}

all_learnt() {
    [ "$("$VOUCH" stats --json --config "$MTA/vouch.conf" |
        $PYTHON -c 'import json, sys; print(sum(j["lag_records"] or 0 for j in json.load(sys.stdin)["journals"]))')" = 0 ]
}

@test "store down, slow or full: judged without it, the header says so; what was missed is learnt later" {
    mta_until model !=
    kill -STOP "$(cat "$MTA/redis.pid")"
    model =
    kill -CONT "$(cat "$MTA/redis.pid")"
    mta_until model !=
    mta_stop redis KILL
    model =
    redis
    mta_until model !=
    mta_until all_learnt
    mta_ask_redis config set maxmemory 1 >/dev/null
    mail --rcpt trap@example.org
    mta_until grep -q 'the model cannot be changed' "$MTA/milter.log"
    ! all_learnt
    mail
    mta_ask_redis config set maxmemory 0 >/dev/null
    mta_until all_learnt
}

@test "DNS slow or down: temporary failures within the deadline, never a permanent verdict from one" {
    for domain in slow down; do
        sed "s/good.example/$domain.example/" "$MTA/in" >"$MTA/in.$domain"
        sink_clear
        inject --ip 198.51.100.7 --sender "alice@$domain.example" --rcpt bob@example.org --times "$MTA/in.$domain"
        [ "$status" -eq 0 ]
        sink_one
        field Authentication-Results | grep 'spf=temperror'
        field Authentication-Results | grep 'dmarc=temperror'
        [ "$(vouch_word class)" = suspicious ]
    done
}

@test "vouch-milter crashes or restarts: the MTA's default action, and no acknowledged record is lost" {
    mail
    local id
    id=$(vouch_word id)
    mta_stop milter KILL
    inject --sender alice@good.example --rcpt bob@example.org "$MTA/in"
    [[ "$status" -ne 0 && "$output" == *"451 4.7.1 Service unavailable"* ]]
    begun=$(date +%s%N)
    start_milter
    echo "# serves again after $((($(date +%s%N) - begun) / 1000000)) ms" >&3
    mail
    [ "$(in_journal "$id")" = 1 ]
    [ "$(in_journal "$(vouch_word id)")" = 1 ]
    "$VOUCH" journal verify --quiet --config "$MTA/vouch.conf"
}

@test "reload: a new snapshot for new messages; a bad file changes nothing and is reported" {
    cp "$MTA/vouch.conf" "$MTA/was"
    echo 'actions: { }; nonsense = 1;' >>"$MTA/vouch.conf"
    kill -HUP "$(cat "$MTA/milter.pid")"
    mta_until grep -q 'vouch.conf:[0-9]*: .*nonsense' "$MTA/milter.log"
    grep -q 'the settings stay as they were' "$MTA/milter.log"
    mail
    sed '/^actions/s/"tag"\|"accept"/"reject"/g' "$MTA/was" >"$MTA/vouch.conf"
    kill -HUP "$(cat "$MTA/milter.pid")"
    mta_until grep -q 'is in force for new messages' "$MTA/milter.log"
    inject --ip 192.0.2.10 --sender alice@good.example --rcpt bob@example.org "$MTA/in"
    [[ "$status" -ne 0 && "$output" == 550* ]]
    : >"$MTA/milter.log"
    cp "$MTA/was" "$MTA/vouch.conf"
    kill -HUP "$(cat "$MTA/milter.pid")"
    mta_until grep -q 'is in force for new messages' "$MTA/milter.log"
    mail
}

@test "hostile message: bounded memory and time" {
    $PYTHON - >"$MTA/hostile" <<'EOF'
import sys
out = sys.stdout
out.write("From: alice@good.example\nSubject: hostile\n")
for i in range(1500):
    out.write("DKIM-Signature: v=1; a=rsa-sha256; d=d%d.good.example; s=s; h=from; bh=AAAA; b=BBBB\n" % i)
for i in range(45): # Postfix takes 50
    out.write("Received: from h%d (h%d [198.51.100.%d]) by h%d; Mon, 1 Jan 2024 00:00:%02d +0000\n" % (i, i, i % 250, i + 1, i % 60))
for i in range(8000):
    out.write("X-%d: %s\n" % (i, "\xe9\x01(" * 20))
out.write("\n" + ("x" * 900 + "\r\n") * 100)
EOF
    before=$(awk '/VmRSS/ { print $2 }' "/proc/$(cat "$MTA/milter.pid")/status")
    for i in 1 2 3; do
        inject --ip 192.0.2.10 --sender alice@good.example --rcpt bob@example.org --times "$MTA/hostile"
        echo "$output"
        [ "$status" -eq 0 ]
    done
    after=$(awk '/VmRSS/ { print $2 }' "/proc/$(cat "$MTA/milter.pid")/status")
    echo "# ${output%% *} s, $((after - before)) KiB more" >&3
    # sanitizers keep what is freed
    [ -n "${VOUCH_SANITIZED:-}" ] || [ "$((after - before))" -lt 10000 ]
    mail
}

@test "clock steps back: decays are clamped, ids stay unique" {
    local faketime=/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1 first
    [ -z "${VOUCH_SANITIZED:-}" ] || skip "libfaketime does not go with sanitizers"
    [ -f "$faketime" ] || skip "libfaketime is not installed"
    mta_stop milter
    echo +0s >"$MTA/clock"
    LD_PRELOAD=$faketime FAKETIME_TIMESTAMP_FILE=$MTA/clock FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 start_milter
    mail
    first=$(vouch_word id)
    echo -86400s >"$MTA/clock.new"
    mv "$MTA/clock.new" "$MTA/clock"
    for i in 1 2 3; do
        mta_until model != --rcpt trap@example.org # a busy host may be too late for the store's deadline
    done
    [ "$(vouch_word id)" \< "$first" ] # its time is the clock's
    mta_stop milter
    start_milter
    mta_until all_learnt
    "$VOUCH" journal cat --config "$MTA/vouch.conf" | $PYTHON -c '
import json, sys
ids = [json.loads(line)["id"] for line in sys.stdin]
assert len(set(ids)) == len(ids), "an id twice"'
    "$VOUCH" model verify --config "$MTA/vouch.conf"
}
