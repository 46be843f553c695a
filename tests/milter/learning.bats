#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: /usr/bin/python3
# vouch-milter learns its journal while it runs; vouch model learn and vouch stats do what it left.

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    settings true
}

teardown() {
    mta_end
}

# settings LEARN [STORE]
settings() {
    mkdir -p "$MTA/store"
    cat >"$MTA/vouch.conf" <<EOF
authserv_id = "mx.example.org"; learn = $1;
journal: { directory = "$MTA/journal"; writer = "mx1"; };
store = "${2:-lmdb:$MTA/store}";
dns: { servers = [ "127.0.0.1@9" ]; };
deadlines: { message = "200ms"; dns = "100ms"; store = "50ms"; };
log: { to = "stderr"; level = "debug"; };
EOF
}

# mail COUNT: as many messages, one connection
mail() {
    $PYTHON - "$MILTER_SOCKET" "$1" <<EOF
import sys
sys.path.insert(0, "$LIB")
from milterclient import Client
c = Client(sys.argv[1])
c.connect()
for i in range(int(sys.argv[2])):
    c.envelope()
    c.header()
    c.body()
    c.end()
EOF
}

# vouch ARGUMENT...: sets output and status; errors are in $MTA/vouch.err
vouch() {
    run sh -c '"$0" "$@" 2>"$MTA/vouch.err"' "$VOUCH" "$@" --config "$MTA/vouch.conf"
    echo "$output"
    cat "$MTA/vouch.err"
}

# stat KEY: of the only journal
stat() {
    "$VOUCH" stats --json --config "$MTA/vouch.conf" |
        $PYTHON -c "import json, sys; print(json.load(sys.stdin)['journals'][0]['$1'])"
}

has() { # KEY VALUE
    [ "$(stat "$1")" = "$2" ]
}

# lags: the model is a second or more behind, and no year
lags() {
    local seconds
    seconds=$(stat lag_seconds)
    [ "$seconds" -ge 1 ] && [ "$seconds" -lt 10000 ]
}

# seen_client: how many messages the model has seen of the client
seen_client() {
    "$VOUCH" lookup --json --config "$MTA/vouch.conf" ip:198.51.100.7 |
        $PYTHON -c "import json, sys; print(round(json.loads(sys.stdin.readline())['seen'] or 0))"
}

@test "what the daemon decided is learnt while it runs" {
    mta_milter
    mail 3
    mta_until has records 3
    mta_until has lag_records 0
    [ "$(seen_client)" = 3 ]
    mail 2
    mta_until has records 5
    mta_until has lag_records 0
    [ "$(seen_client)" = 5 ]
    mta_stop milter
    vouch stats
    [ "$status" -eq 0 ]
    [[ "$output" == *"journal mx1@"*": 5 records"*"all learnt"* ]]
}

@test "with learn = false it is left to vouch model learn" {
    settings false
    mta_milter
    mail 4
    mta_stop milter
    has lag_records 4
    mta_until lags
    vouch stats
    [ "$status" -eq 0 ]
    [[ "$output" == *"4 not learnt"* ]]
    vouch model learn
    [ "$status" -eq 0 ]
    [ "$output" = "4 records learnt" ]
    has lag_records 0
    [ "$(seen_client)" = 4 ]
    vouch model learn --once
    [ "$output" = "0 records learnt" ]
    [ "$(seen_client)" = 4 ]
}

@test "both may learn at once" {
    mta_milter
    for _ in 1 2 3 4 5; do
        mail 10
        "$VOUCH" model learn --config "$MTA/vouch.conf"
    done
    mta_until has lag_records 0
    [ "$(seen_client)" = 50 ]
}

@test "--follow learns until it is stopped" {
    settings false
    mta_milter
    "$VOUCH" model learn --follow --config "$MTA/vouch.conf" >"$MTA/follow.out" 2>"$MTA/follow.err" 3>&- &
    echo $! >"$MTA/follow.pid"
    mail 2
    mta_until has records 2
    mta_until has lag_records 0
    pid=$(cat "$MTA/follow.pid")
    kill "$pid"
    mta_until process_gone "$pid"
    [ "$(cat "$MTA/follow.out")" = "2 records learnt" ]
    [ ! -s "$MTA/follow.err" ]
}

@test "mail and a stop do not wait for a store that is away" {
    settings true "redis+unix:$MTA/nobody.sock"
    mta_milter
    mail 3
    mta_until grep -q 'learner: .*nothing is lost' "$MTA/milter.log"
    mta_stop milter
    [ "$(grep -c 'learner: ' "$MTA/milter.log")" -eq 1 ]
    vouch stats
    [ "$status" -eq 69 ]
    [[ "$output" == *"3 records"*"not known"* ]]
    vouch model learn
    [ "$status" -eq 69 ]
    settings true # another model, later
    vouch model learn
    [ "$output" = "3 records learnt" ]
}

redis() {
    mta_redis --appendonly yes
}

@test "a Redis that was away is caught up with" {
    command -v redis-server >/dev/null || skip "redis-server is not installed"
    settings true "redis+unix:$MTA/redis.sock"
    mta_milter
    mail 3
    mta_until grep -q 'learner: .*nothing is lost' "$MTA/milter.log"
    redis
    mta_until grep -q 'learner: the model learns again' "$MTA/milter.log"
    mta_until has lag_records 0
    mta_stop redis KILL
    mail 2
    mta_until has records 5
    redis
    mta_until has lag_records 0
    [ "$(seen_client)" = 5 ]
    mta_stop milter
    mta_stop redis
}

@test "a reload turns learning off and on" {
    mta_milter
    settings false
    kill -USR1 "$MILTER_PID"
    mta_until grep -q 'is in force' "$MTA/milter.log"
    mail 1
    mta_until has records 1
    has lag_records 1
    settings true
    kill -USR1 "$MILTER_PID"
    mta_until has lag_records 0
}

@test "options that are wrong, and journals that are not there" {
    vouch model learn stray
    [ "$status" -eq 64 ]
    vouch stats --nonsense
    [ "$status" -eq 64 ]
    mkdir "$MTA/none"
    vouch stats --journal "$MTA/none"
    [ "$status" -eq 69 ] # there is no model yet
    vouch model learn --journal "$MTA/none"
    [ "$status" -eq 0 ]
    vouch stats --journal "$MTA/none"
    [ "$status" -eq 0 ]
    [[ "$output" == "model 1: 0 keys"* ]]
    vouch stats --journal "$MTA/absent"
    [ "$status" -eq 74 ]
    grep -q "$MTA/absent" "$MTA/vouch.err"
    vouch model learn --journal "$MTA/absent"
    [ "$status" -eq 74 ]
}

# labels: "verdict source" of each label in the journal
labels() {
    "$VOUCH" journal cat --kind label --config "$MTA/vouch.conf" |
        $PYTHON -c 'import json, sys
for line in sys.stdin:
    r = json.loads(line)
    print(r["labels"][0]["verdict"], r["labels"][0]["source"], r["subject"])'
}

labels_are() {
    [ "$(labels)" = "$1" ]
}

@test "a message that a local user answers was good" {
    mta_milter
    first=$($PYTHON - "$MILTER_SOCKET" <<EOF
import sys
sys.path.insert(0, "$LIB")
from milterclient import Client, inserted
c = Client(sys.argv[1])
c.connect()
c.envelope()
c.header(((b"From", b" alice@example.net"), (b"Message-ID", b" <1@example.net>")))
c.body()
print(inserted(c.end()[2], b"X-Vouch").strip()[3:39])
c.connect(ip=b"203.0.113.5")
c.macro(b"M", b"{auth_authen}", b"bob")
c.envelope(b"<bob@example.org>", (b"<alice@example.net>",))
c.header(((b"From", b" bob@example.org"), (b"In-Reply-To", b" <1@example.net>")))
c.body()
c.end()
EOF
)
    mta_until labels_are "good reply $first"
}
