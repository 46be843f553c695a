# SPDX-License-Identifier: BSD-2-Clause
# For bats files: a private MTA before vouch-milter, a sink behind it, and what else a message needs. Everything lives in
# $MTA, on loopback ports and unix sockets, and is stopped by process id. The MTA is $VOUCH_MTA: postfix, unless
# tests/mta/before_sendmail.sh says sendmail. A file that uses it has a line "# needs: root mta openssl /usr/bin/python3" (see
# run-bats).
#
#   mta_begin             makes $MTA
#   mta_dns ZONE          starts a DNS server on ZONE: $DNS_PORT
#   mta_milter            starts vouch-milter with $MTA/vouch.conf: $MILTER_SOCKET, $MILTER_PID; its journal is in
#                         $MTA/journal, and it does not learn, unless vouch.conf says otherwise
#   mta_redis [OPTION]... starts a Redis at $REDIS_SOCKET, and again after `mta_stop redis`: what it saved is in $MTA
#   mta_ask_redis COMMAND...
#   mta_conf [LINE]...    writes $MTA/vouch.conf: a name, mta_dns's server, a log in which all stands, and LINEs
#   mta_end               stops all of it
#
#   mta_start [LINE]...   starts the MTA, which relays mail for example.org and example.com to the sink: $SMTP_PORT. LINEs are
#                         added to its configuration
#
# mta_start also reads: $MTA_KNOWN, the recipients of example.org that exist (empty: all); $MTA_REFUSED, lines "ADDRESS
# REPLY" of recipients that are refused; $MTA_AWAY, accept or tempfail, what is to happen while vouch-milter is away;
# $SINK_NOTES, see FILE in sink.py.
#
# postfix.bash and sendmail.bash know the MTA, each by the same functions:
#
#   mta_postfix, mta_sendmail [LINE]...   as mta_start
#   mta_halt              stops it
#   queue_empty           true if all that is not held has been delivered
#   mta_held [ID]         true if that message, or the one of the last reply, is in the MTA's quarantine
#   mta_held_fields ID    the header of a held message
#   release ID            delivers a held message
#   $INJECT_OPTIONS       how inject.py becomes another client
#   $MTA_GROUP            the group that may use the socket, if it is not root

PYTHON=/usr/bin/python3
LIB=$VOUCH_SRCDIR/tests/lib
VOUCH=$VOUCH_BUILDDIR/vouch
VOUCH_MTA=${VOUCH_MTA:-postfix}
. "$LIB/$VOUCH_MTA.bash"

mta_begin() {
    MTA=$(mktemp -d "${MTA_PARENT:-/tmp}/vouch-mta.XXXXXX")
    chmod 755 "$MTA"
    MILTER_SOCKET=$MTA/run/vouch.sock
    mkdir "$MTA/run" "$MTA/sink" "$MTA/journal"
    chmod 1777 "$MTA/journal"
    export MTA MILTER_SOCKET
}

# mta_until COMMAND...: waits, 15 s at most, for COMMAND to succeed
mta_until() {
    local i # COMMAND may wait, too
    for ((i = 0; i < 300; i++)); do
        "$@" && return 0
        sleep 0.05
    done
    echo "waited in vain for: $*" >&2
    return 1
}

# mta_server NAME COMMAND...: starts COMMAND, which prints "port N": sets REPLY to N
mta_server() {
    local name=$1
    shift
    rm -f "$MTA/$name.out" # of one that ran before: its port is not this one's
    "$@" >"$MTA/$name.out" 2>"$MTA/$name.err" 3>&- </dev/null &
    echo $! >"$MTA/$name.pid"
    mta_until grep -qs '^port ' "$MTA/$name.out" || return 1
    REPLY=$(sed -n 's/^port //p' "$MTA/$name.out")
}

# mta_free_port: a port that nobody listens on now
mta_free_port() {
    $PYTHON "$LIB/free_port.py"
}

mta_dns() {
    mta_server dns $PYTHON "$LIB/dnsd.py" --stay --port "${MTA_DNS_PORT:-0}" --log "$MTA/dns.log" "$1" || return 1
    export DNS_PORT=$REPLY
}

mta_redis() {
    export REDIS_SOCKET=$MTA/redis.sock
    redis-server --port 0 --unixsocket "$REDIS_SOCKET" --save '' --dir "$MTA" "$@" >>"$MTA/redis.log" 2>&1 3>&- </dev/null &
    echo $! >"$MTA/redis.pid"
    mta_until redis_answers
}

mta_ask_redis() {
    redis-cli -s "$REDIS_SOCKET" "$@"
}

redis_answers() {
    [ "$(mta_ask_redis ping 2>/dev/null)" = PONG ]
}

mta_conf() {
    cat >"$MTA/vouch.conf" <<EOF
authserv_id = "mx.example.org";
dns: { servers = [ "127.0.0.1@$DNS_PORT" ]; };
log: { to = "stderr"; level = "debug"; };
EOF
    printf '%s\n' "$@" >>"$MTA/vouch.conf"
}

# mta_own_journal: no test writes to the journal of this host
mta_own_journal() {
    grep -q '\bjournal:' "$MTA/vouch.conf" ||
        echo "journal: { directory = \"$MTA/journal\"; };" >>"$MTA/vouch.conf"
    grep -q '\blearn =' "$MTA/vouch.conf" || echo 'learn = false;' >>"$MTA/vouch.conf"
}

# mta_as_nobody: as the daemon should run, with a socket that the MTA can reach
mta_as_nobody() {
    echo "milter: { user = \"nobody\"; ${MTA_GROUP:+socket_group = \"$MTA_GROUP\";} };" >>"$MTA/vouch.conf"
    chown nobody "$MTA/run"
}

mta_milter() {
    mta_own_journal
    LISTENED=$(times_listened)
    "$VOUCH_BUILDDIR/vouch-milter" -f -c "$MTA/vouch.conf" -s "unix:$MILTER_SOCKET" \
        2>>"$MTA/milter.log" 3>&- </dev/null &
    MILTER_PID=$!
    echo $MILTER_PID >"$MTA/milter.pid"
    export MILTER_PID
    mta_until milter_listens || { cat "$MTA/milter.log" >&2; return 1; }
}

times_listened() {
    cat "$MTA/milter.log" 2>/dev/null | grep -c ' listens on ' || true
}

# The one that was just started does: one that was killed leaves its socket behind, and its line in the log.
milter_listens() {
    [ -S "$MILTER_SOCKET" ] && [ "$(times_listened)" -gt "$LISTENED" ]
}

# mta_stop NAME [SIGNAL]: ends what runs under that name, after a SIGSTOP too, and waits for it. SIGCONT comes first: it takes away a
# SIGSTOP that is under way, and by such a one a sanitizer's search for leaks stops the process that ends.
mta_stop() {
    local pid
    [ -f "$MTA/$1.pid" ] || return 0
    pid=$(cat "$MTA/$1.pid")
    rm -f "$MTA/$1.pid"
    kill -CONT "$pid" 2>/dev/null || return 0
    kill "-${2:-TERM}" "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || mta_until process_gone "$pid"
}

process_gone() {
    ! kill -0 "$1" 2>/dev/null
}

mta_start() {
    "mta_$VOUCH_MTA" "$@"
}

# mta_ports: a sink and a port for the MTA: sets REPLY to the sink's
mta_ports() {
    mta_stop sink
    mta_server sink $PYTHON "$LIB/sink.py" "$MTA/sink" ${SINK_NOTES:+"$SINK_NOTES"} || return 1
    SMTP_PORT=$(mta_free_port)
    export SMTP_PORT
}

mta_greets() {
    (exec 3<>"/dev/tcp/127.0.0.1/$SMTP_PORT" && read -r -t 5 line <&3 && [[ $line == 220* ]]) 2>/dev/null
}

mta_end() {
    [ -n "$MTA" ] || return 0
    mta_halt
    local f
    for f in "$MTA"/*.pid; do
        [ -f "$f" ] && mta_stop "$(basename "$f" .pid)"
    done
    local complaints
    complaints=$(grep -A20 'Sanitizer' "$MTA/milter.log" 2>/dev/null)
    if [ -n "$VOUCH_KEEP" ]; then
        echo "# kept: $MTA" >&3
    else
        rm -rf "$MTA"
    fi
    [ -z "$complaints" ] || { echo "$complaints" >&2; return 1; }
}

# inject ARGUMENTS...: see inject.py; $output is the last reply
inject() {
    # shellcheck disable=SC2086
    run $PYTHON "$LIB/inject.py" --port "$SMTP_PORT" $INJECT_OPTIONS "$@"
}

# arrived N: true once N messages are in the sink
arrived() {
    [ "$(ls "$MTA/sink" | grep -c '\.env$')" -ge "$1" ]
}

sink_clear() {
    rm -f "$MTA"/sink/*
}

# sink_one: waits for a message, sets MSG to its file and ENV to its envelope
sink_one() {
    mta_until arrived 1 || { tail -n 5 "$MTA/milter.log" "$MTA/maillog" >&2; return 1; }
    ENV=$(ls "$MTA"/sink/*.env | head -1)
    MSG=${ENV%.env}.msg
}

# nothing_arrives: after the queue is empty, the sink is too
nothing_arrives() {
    mta_until queue_empty && ! arrived 1
}

# field NAME [FILE]: the values of that field, unfolded, one a line, in order
field() {
    $PYTHON - "$1" "${2:-$MSG}" <<'EOF'
import email, email.policy, sys
message = email.message_from_binary_file(open(sys.argv[2], "rb"), policy=email.policy.compat32)
for value in message.get_all(sys.argv[1], []):
    print(" ".join(str(value).split()))
EOF
}

# field_names [FILE]: the names in order
field_names() {
    $PYTHON - "${1:-$MSG}" <<'EOF'
import email, sys
print(" ".join(email.message_from_binary_file(open(sys.argv[1], "rb")).keys()))
EOF
}

# envelope: "SENDER -> RCPT RCPT", recipients sorted
envelope() {
    $PYTHON -c 'import json, sys; e = json.load(open(sys.argv[1])); print(e["sender"], "->", *sorted(e["rcpts"]))' "${1:-$ENV}"
}

# vouch_word NAME [FILE]: the word after NAME= in X-Vouch
vouch_word() {
    field X-Vouch "${2:-$MSG}" | tr ';' '\n' | sed -n "s/^ *$1=//p"
}

# dkim_key NAME: makes $MTA/NAME.key; prints the TXT record's text in parts for a zone file
dkim_key() {
    openssl genrsa -traditional -out "$MTA/$1.key" 2048 2>/dev/null
    local p
    p=$(openssl rsa -in "$MTA/$1.key" -pubout -outform DER 2>/dev/null | base64 -w0)
    printf '"v=DKIM1; k=rsa; p=%s" "%s"' "${p:0:200}" "${p:200}"
}

# recheck [OPTION]...: judges the message in the sink as it was received, by the tool; $output is the record
recheck() {
    local rcpt
    rcpt=$($PYTHON -c 'import json, sys; print(json.load(open(sys.argv[1]))["rcpts"][0])' "$ENV")
    {
        printf 'Return-Path: <%s>\r\n' "$($PYTHON -c 'import json, sys; print(json.load(open(sys.argv[1]))["sender"])' "$ENV")"
        printf 'Delivered-To: %s\r\n' "$rcpt"
        cat "$MSG"
    } >"$MTA/received.eml"
    run "$VOUCH" check --json --config "$MTA/vouch.conf" "$@" "$MTA/received.eml"
    [ "$status" -le 5 ] || { echo "$output" >&2; return 1; }
}

# record PATH: that member of the record in $output ("auth.spf.result")
record() {
    $PYTHON -c '
import json, sys
value = json.loads(sys.argv[2])
for name in sys.argv[1].split("."):
    value = value[int(name)] if isinstance(value, list) else value[name]
print(value if not isinstance(value, list) else " ".join(value))' "$1" "$output"
}

# queue_id: the queue identifier in the last reply
queue_id() {
    echo "$output" | sed -n -e 's/.*queued as \([0-9A-Za-z]*\).*/\1/p' \
        -e 's/.* \([0-9A-Za-z]*\) Message accepted for delivery.*/\1/p' | tail -1
}
