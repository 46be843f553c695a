#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: /usr/bin/python3 curl
# The daemon's numbers by HTTP: that they add up, say what is wrong, and that no client of theirs harms the mail.

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    settings
}

teardown() {
    mta_end
}

# settings [LINE]...: nothing here asks DNS anything that matters
settings() {
    mkdir -p "$MTA/model"
    grep -q '^metrics' <<<"$*" || set -- "$@" "metrics: { listen = \"unix:$MTA/run/metrics.sock\"; };"
    grep -q '^store' <<<"$*" || set -- "$@" "store = \"lmdb:$MTA/model\";"
    cat >"$MTA/vouch.conf" <<EOF
authserv_id = "mx.example.org"; learn = true;
journal: { directory = "$MTA/journal"; writer = "mx1"; };
dns: { servers = [ "127.0.0.1@9" ]; };
deadlines: { message = "3s"; dns = "100ms"; store = "2s"; };
log: { to = "stderr"; level = "debug"; };
policies = ( { name = "refused"; recipients = [ "reject@example.org" ]; actions: { suspicious = "reject"; }; } );
EOF
    for line in "$@"; do
        echo "$line" >>"$MTA/vouch.conf"
    done
}

page() { # PATH [CURL-OPTION]...
    local path=$1
    shift
    curl -sS --max-time 20 --unix-socket "$MTA/run/metrics.sock" "$@" "http://vouch$path"
}

is() { # NAME[{LABELS}] VALUE
    page /metrics >"$MTA/page" && grep -qxF "$1 $2" "$MTA/page"
}

hostile() { # CASE
    $PYTHON "$VOUCH_SRCDIR/tests/milter/metrics.py" "$1" "$MTA/run/metrics.sock"
}

mail() { # COUNT RECIPIENT [BODY-CHUNKS]
    $PYTHON - "$MILTER_SOCKET" "$1" "$2" "${3:-1}" <<EOF
import sys
sys.path.insert(0, "$LIB")
from milterclient import Client
c = Client(sys.argv[1])
c.connect()
for i in range(int(sys.argv[2])):
    c.envelope(rcpts=[sys.argv[3].encode()])
    c.header()
    for chunk in range(int(sys.argv[4])):
        c.body(bytes(60000) if chunk else b"hello\r\n")
    c.end()
EOF
}

@test "the four pages, and no other" {
    mta_milter
    [[ "$(page / -w '%{http_code}')" == *"/metrics"*"/healthz"*"/readyz"*200 ]]
    [ "$(page /healthz)" = ok ]
    [[ "$(page /readyz)" == "ready"*"settings: in force"*"journal: written"*"model: asked: "* ]]
    [ "$(page /metrics/x -o /dev/null -w '%{http_code}')" = 404 ]
    [ "$(page /metrics -d x -o /dev/null -w '%{http_code}')" = 405 ]
    page /metrics -I | grep -q '^Content-Type: text/plain; version=0.0.4'
    [ "$(stat -c %a "$MTA/run/metrics.sock")" = 660 ]
    mta_stop milter
    [ ! -e "$MTA/run/metrics.sock" ]
}

@test "an independent parser reads all of it" {
    $PYTHON -c 'import prometheus_client' 2>/dev/null || skip "python3-prometheus-client is not installed"
    mta_milter
    mail 3 '<accept@example.org>'
    page /metrics >"$MTA/metrics"
    $PYTHON - "$MTA/metrics" <<'EOF'
import sys
from prometheus_client.parser import text_string_to_metric_families
seen = {}
for f in text_string_to_metric_families(open(sys.argv[1]).read()):
    assert f.documentation and f.type in ("counter", "gauge", "histogram"), f
    for s in f.samples:
        key = s.name, tuple(sorted(s.labels.items()))
        assert key not in seen, key
        seen[key] = s.value
assert seen["vouch_messages_total", ()] == 3, seen
assert seen["vouch_stage_seconds_count", (("stage", "total"),)] == 3
assert seen["vouch_stage_seconds_bucket", (("le", "+Inf"), ("stage", "total"))] == 3
assert seen["process_resident_memory_bytes", ()] > 1e6
assert 5 < seen["process_open_fds", ()] < seen["process_max_fds", ()]
assert 3 < seen["process_threads", ()] < 100
EOF
    if command -v promtool >/dev/null; then
        promtool check metrics <"$MTA/metrics"
    fi
}

@test "they add up" {
    mta_milter
    mail 5 '<accept@example.org>'
    mail 2 '<reject@example.org>'
    $PYTHON - "$MILTER_SOCKET" <<EOF
import socket, sys
sys.path.insert(0, "$LIB")
from milterclient import Client
socket.socket(socket.AF_UNIX).connect(sys.argv[1])  # a probe
c = Client(sys.argv[1])
c.connect()
c.envelope()
c.close()
EOF
    mta_until is vouch_messages_in_flight 0
    mta_until is vouch_messages_aborted_total 1
    is vouch_messages_total 8
    is vouch_connections_total 3
    mta_until is vouch_connections_open 0
    is 'vouch_decisions_total{class="suspicious",action="tag",policy="",direction="inbound"}' 5
    is 'vouch_decisions_total{class="suspicious",action="reject",policy="refused",direction="inbound"}' 2
    is vouch_journal_last_record 7
    is vouch_journal_failing 0
    is vouch_messages_unjudged_total 0
    mta_until is vouch_learner_lag_records 0
}

@test "what is stored, what it takes, and what goes" {
    settings 'quarantine: { method = "store"; directory = "'"$MTA/q"'"; max_size = "1300K"; };' \
        'actions: { suspicious = "quarantine"; };'
    mta_milter
    is vouch_messages_in_flight_max_bytes $((256 << 20))
    mta_until is vouch_quarantine_messages 0
    mail 4 '<accept@example.org>' 8 # of 420 KB: one more than it may hold
    is vouch_quarantine_stored_total 3
    is vouch_quarantine_failures_total 1
    kill -USR1 "$MILTER_PID" # looks at once
    mta_until is vouch_quarantine_messages 3
    [ "$(sed -n 's/^vouch_quarantine_bytes //p' "$MTA/page")" -gt 1260000 ]
    is vouch_quarantine_expired_total 0
    sed -i 's/^quarantine: {/& keep_size = "1M"; /' "$MTA/vouch.conf"
    kill -USR1 "$MILTER_PID"
    mta_until is vouch_quarantine_expired_total 1
    is vouch_quarantine_messages 2
    is vouch_messages_in_flight_bytes 0
}

@test "a reload, one with mistakes, and a policy that goes" {
    mta_milter
    mail 1 '<reject@example.org>'
    echo 'nonsense = 1;' >>"$MTA/vouch.conf"
    kill -USR1 "$MILTER_PID"
    mta_until is 'vouch_reloads_total{result="failure"}' 1
    is vouch_config_last_reload_successful 0
    [[ "$(page /readyz)" == "ready"*"older than the file"* ]]
    sed -i '/^nonsense/d; /^policies/d' "$MTA/vouch.conf"
    kill -USR1 "$MILTER_PID"
    mta_until is 'vouch_reloads_total{result="success"}' 1
    is vouch_config_last_reload_successful 1
    is 'vouch_decisions_total{class="suspicious",action="reject",policy="refused",direction="inbound"}' 1
}

@test "the model is away: it shows, and the daemon is ready" {
    command -v redis-server >/dev/null || skip "redis-server is not installed"
    settings "store = \"redis+unix:$MTA/redis.sock\";"
    mta_redis
    mta_milter
    mta_until is 'vouch_store_breaker{state="closed"}' 1
    mail 1 '<accept@example.org>'
    mta_until is vouch_learner_lag_records 0
    is vouch_store_errors_total 0
    mta_stop redis
    mta_until is 'vouch_store_breaker{state="open"}' 1
    mail 2 '<accept@example.org>'
    is vouch_store_errors_total 2
    behind() { # 3 where the first was not learnt in time
        is vouch_learner_lag_records 2 || is vouch_learner_lag_records 3
    }
    mta_until behind
    [[ "$(page /readyz -w '%{http_code}')" == "ready"*"model: not asked: away for "*200 ]]
}

@test "a journal that cannot be written is not ready" {
    [ "$(id -u)" != 0 ] || skip "root may write anywhere"
    chmod 500 "$MTA/journal"
    mta_milter
    is vouch_journal_failing 1
    [[ "$(page /readyz -w '%{http_code}')" == "not ready"*"journal: failing: "*503 ]]
    chmod 700 "$MTA/journal"
}

@test "other hosts only where they are meant; a port that is taken costs no mail" {
    settings 'metrics: { listen = "0.0.0.0:9117"; };'
    run "$VOUCH_BUILDDIR/vouch-milter" -t -c "$MTA/vouch.conf"
    [[ "$status" -eq 78 && "$output" == *"other hosts can reach 0.0.0.0:9117"*"metrics.allow_remote"* ]]
    settings 'metrics: { listen = "127.0.0.1:0"; };'
    mta_milter
    url=$(sed -n 's/.*metrics are at //p' "$MTA/milter.log")
    [ "$(curl -sS "${url}healthz")" = ok ]
    sed "s|127.0.0.1:0|${url:7:-1}|; s|$MTA/journal|$MTA/journal2|; s|$MTA/model|$MTA/model2|" \
        "$MTA/vouch.conf" >"$MTA/second.conf"
    mkdir "$MTA/model2"
    "$VOUCH_BUILDDIR/vouch-milter" -f -c "$MTA/second.conf" -s "unix:$MTA/run/second.sock" \
        2>"$MTA/second.log" 3>&- </dev/null &
    echo $! >"$MTA/second.pid"
    mta_until grep -q 'listens on' "$MTA/second.log" || cat "$MTA/second.log"
    grep -q 'metrics: cannot listen on .*: something else listens there' "$MTA/second.log"
    mta_stop second
}

@test "hostile clients: garbage, huge heads, bodies, hundreds at once, slow" {
    mta_milter
    mail 1 '<accept@example.org>' # which opens files of the journal
    mta_until is vouch_learner_lag_records 0
    files=$(ls "/proc/$MILTER_PID/fd" | wc -l)
    for case in garbage huge methods many slow; do
        echo "# $case"
        hostile "$case"
        [ "$(page /healthz)" = ok ]
        mail 1 '<accept@example.org>'
    done
    settled() {
        [ "$(ls "/proc/$MILTER_PID/fd" | wc -l)" -le $((files + 2)) ] # DNS has sockets of its own
    }
    mta_until settled
    is vouch_messages_total 6
}

@test "scrapes in parallel under load: nothing is lost, and memory stays" {
    mta_milter
    page /metrics >/dev/null
    for i in 1 2 3; do
        (for ((n = 0; n < 50; n++)); do page /metrics || exit 1; done) >"$MTA/scrapes.$i" 3>&- &
        pids[i]=$!
    done
    mail 50 '<accept@example.org>' 3>&- &
    other=$!
    mail 50 '<accept@example.org>'
    wait "$other" "${pids[@]}"
    [ "$(cat "$MTA"/scrapes.* | grep -c '^vouch_build_info')" = 150 ]
    is vouch_messages_total 100
    is vouch_journal_last_record 100
    [ -z "$VOUCH_SANITIZED" ] || skip "memory is not measured under a sanitizer"
    rss() {
        awk '/VmRSS/ { print $2 }' "/proc/$MILTER_PID/status"
    }
    before=$(rss)
    hostile scrape
    after=$(rss)
    echo "$before KiB; after 2000 scrapes $after KiB"
    [ $((after - before)) -lt 1024 ]
}
