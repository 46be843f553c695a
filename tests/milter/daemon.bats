#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: /usr/bin/python3
# vouch-milter as a daemon: options, mistakes, sockets, users, reload, stop.

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    MILTER=$VOUCH_BUILDDIR/vouch-milter
    CONF=$MTA/vouch.conf
    settings
}

teardown() {
    mta_end
}

# settings [LINE]...: nothing here asks DNS anything that matters
settings() {
    cat >"$CONF" <<EOF
authserv_id = "mx.example.org"; learn = false; journal: { directory = "$MTA/journal"; };
store = "memory:";
dns: { servers = [ "127.0.0.1@9" ]; };
deadlines: { message = "200ms"; dns = "100ms"; store = "50ms"; };
log: { to = "stderr"; level = "debug"; };
EOF
    printf '%s\n' "$@" >>"$CONF"
}

# client CODE: runs Python CODE with c, a negotiated connection
client() {
    run $PYTHON - "$MILTER_SOCKET" <<EOF
import sys, time
sys.path.insert(0, "$LIB")
from milterclient import Client, inserted

def until(holds):
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)

c = Client(sys.argv[1])
c.connect()
$1
EOF
    echo "$output"
    [ "$status" -eq 0 ]
}

log_says() {
    grep -q -- "$1" "$MTA/milter.log"
}

@test "--help, --version and usage errors" {
    run "$MILTER" --help
    [ "$status" -eq 0 ]
    [[ "$output" == "Usage: vouch-milter "* ]]
    run "$MILTER" -V
    [[ "$status" -eq 0 && "$output" =~ ^vouch-milter\ [0-9.]+$ ]]
    run "$MILTER" --nonsense
    [ "$status" -eq 64 ]
    run "$MILTER" stray
    [ "$status" -eq 64 ]
    [[ "$output" == *"unexpected argument 'stray'"* ]]
}

@test "-t: every mistake with file and line" {
    run "$MILTER" -t -c "$CONF"
    [ "$status" -eq 0 ]
    [ "$output" = "$CONF: no mistakes found" ]
    settings 'treshold = 3;' 'subject_prefix = 5;'
    run "$MILTER" -t -c "$CONF"
    [ "$status" -eq 78 ]
    [[ "$output" == *"vouch-milter: $CONF:6: "*"vouch-milter: $CONF:7: "* ]]
    run "$MILTER" -t -c "$MTA/absent"
    [ "$status" -eq 78 ]
    [ "$output" = "vouch-milter: $MTA/absent: No such file or directory" ]
    settings
    run "$MILTER" -t -c "$CONF" -s nonsense
    [ "$status" -eq 78 ]
    [[ "$output" == *"socket 'nonsense': expected unix:/PATH"* ]]
}

@test "a daemon that cannot start says why, and its status too" {
    settings 'milter: { user = "no-such-user"; };'
    run "$MILTER" -c "$CONF" -s "unix:$MILTER_SOCKET"
    [ "$status" -eq 67 ]
    [[ "$output" == *"user 'no-such-user' (milter.user) does not exist"* ]]
    settings
    run "$MILTER" -c "$CONF" -s "unix:$MTA/absent/sock"
    [ "$status" -eq 69 ]
    [[ "$output" == *"cannot listen on unix:$MTA/absent/sock: there is no directory $MTA/absent: make it"* ]]
    echo "not a socket" >"$MTA/file"
    run "$MILTER" -c "$CONF" -s "unix:$MTA/file"
    [ "$status" -eq 69 ]
    [ -f "$MTA/file" ]
    settings 'public_suffix_list = "/etc/passwd";'
    run "$MILTER" -c "$CONF" -s "unix:$MILTER_SOCKET"
    [ "$status" -eq 78 ]
    [[ "$output" == *"/etc/passwd: is not the public suffix list, "* ]]
    settings 'public_suffix_list = "/nonexistent/list";'
    run "$MILTER" -c "$CONF" -s "unix:$MILTER_SOCKET"
    [ "$status" -eq 78 ]
    [[ "$output" == *"/nonexistent/list"* ]]
    [ ! -e "$MILTER_SOCKET" ]
}

@test "a bad key of the quarantine: it does not start, and no reload takes it" {
    settings "quarantine: { key = \"$MTA/key\"; };"
    for option in -t -f; do
        run timeout 20 "$MILTER" "$option" -c "$CONF" -s "unix:$MILTER_SOCKET"
        [ "$status" -eq 78 ]
        [[ "$output" == *"key file $MTA/key: No such file or directory; 'openssl rand -hex 32' makes a key"* ]]
    done
    settings
    mta_milter
    settings "quarantine: { key = \"$MTA/key\"; };"
    kill -USR1 "$MILTER_PID"
    mta_until log_says "reload: the settings stay as they were"
    log_says "key file $MTA/key: No such file"
    printf '%064d\n' 1 >"$MTA/key"
    chmod 600 "$MTA/key"
    kill -USR1 "$MILTER_PID"
    mta_until log_says "the quarantine has changed: that needs a restart"
}

@test "in the background: returns once it listens; one per pid file and per socket" {
    settings "milter: { pid_file = \"$MTA/vouch.pid\"; };"
    "$MILTER" -c "$CONF" -s "unix:$MILTER_SOCKET" 3>&-
    cp "$MTA/vouch.pid" "$MTA/background.pid"
    pid=$(cat "$MTA/vouch.pid")
    client 'c.envelope(); c.header(); c.body(); assert c.end()[0] == b"c"'
    run "$MILTER" -c "$CONF" -s "unix:$MTA/other.sock"
    [ "$status" -eq 75 ]
    [[ "$output" == *"another vouch-milter runs, process $pid"* ]]
    settings
    run "$MILTER" -c "$CONF" -s "unix:$MILTER_SOCKET"
    [ "$status" -eq 69 ]
    [[ "$output" == *"another process listens there"* ]]
    kill -0 "$pid"
    kill "$pid"
    mta_until process_gone "$pid"
    [ ! -e "$MILTER_SOCKET" ]
    [ ! -s "$MTA/vouch.pid" ]
}

# service CASE: see service.py
service() {
    run $PYTHON "$VOUCH_SRCDIR/tests/milter/service.py" "$1" "$MILTER" "$CONF" "$MTA"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" != SKIP* ]] || skip "${output#SKIP }"
}

@test "a service manager is told, once, that it listens, and when it stops" {
    service ready
}

@test "a service manager is told of a reload, and of its end" {
    service reload
}

@test "the watchdog hears nothing while the milter library is stuck, and again when it is not" {
    service watchdog
}

@test "/healthz says what is stuck, the main thread too, and that it is over" {
    service healthz
}

@test "a socket left behind by a crash is replaced" {
    mta_milter
    kill -KILL "$MILTER_PID"
    mta_until process_gone "$MILTER_PID"
    [ -S "$MILTER_SOCKET" ]
    : >"$MTA/milter.log"
    mta_milter
    client 'c.envelope(); c.header(); c.body(); assert c.end()[0] == b"c"'
}

@test "inet and inet6 sockets" {
    for spec in "inet:PORT@127.0.0.1" "inet6:PORT@::1"; do
        port=$(mta_free_port)
        : >"$MTA/milter.log"
        "$MILTER" -f -c "$CONF" -s "${spec/PORT/$port}" 2>>"$MTA/milter.log" 3>&- &
        echo $! >"$MTA/milter.pid"
        mta_until log_says " listens on "
        kill -0 "$(cat "$MTA/milter.pid")"
        (exec 4<>"/dev/tcp/${spec#*@}/$port")
        mta_stop milter
    done
}

@test "the socket's mode and group; root's rights are gone" {
    [ "$(id -u)" = 0 ] || skip "only root can start it as another user"
    settings 'milter: { user = "nobody"; socket_group = "daemon"; socket_mode = "0620"; };'
    chown nobody "$MTA/run"
    mta_milter
    [ "$(stat -c '%U %G %a' "$MILTER_SOCKET")" = "nobody daemon 620" ]
    [ "$(sed -n 's/^Uid:\t//p' "/proc/$MILTER_PID/status" | tr '\t' '\n' | sort -u)" = "$(id -u nobody)" ]
    [ "$(sed -n 's/^Gid:\t//p' "/proc/$MILTER_PID/status" | tr '\t' '\n' | sort -u)" = "$(id -g nobody)" ]
    [ "$(sed -n 's/^Groups:\t//p' "/proc/$MILTER_PID/status" | tr -d ' ')" = "$(id -G nobody | tr -d ' ')" ]
}

@test "every thread is under the filter of system calls, unless it is switched off" {
    grep -q '^#define HAVE_SECCOMP 1' "$VOUCH_BUILDDIR/config.h" || skip "built without libseccomp"
    grep -q '^Seccomp:' /proc/self/status || skip "/proc does not show it"
    mta_milter
    client 'c.envelope(); c.header(); c.body(); assert c.end()[0] == b"c"'
    grep -q 'milter.seccomp: the kernel' "$MTA/milter.log" && skip "this kernel takes no filter"
    [ "$(sed -n 's/^Seccomp:\t//p' /proc/"$MILTER_PID"/task/*/status | sort -u)" = 2 ]
    [ "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$MILTER_PID/status")" = 1 ]
    mta_stop milter
    settings 'milter: { seccomp = false; };'
    : >"$MTA/milter.log"
    mta_milter
    [ "$(sed -n 's/^Seccomp:\t//p' "/proc/$MILTER_PID/status")" = "$(sed -n 's/^Seccomp:\t//p' /proc/self/status)" ]
}

@test "only root may name another user" {
    [ "$(id -u)" != 0 ] || command -v setpriv >/dev/null || skip "setpriv is not installed"
    settings 'milter: { user = "daemon"; };'
    run setpriv --reuid=65534 --regid=65534 --clear-groups "$MILTER" -f -c "$CONF" -s "unix:$MILTER_SOCKET"
    [ "$status" -eq 77 ]
    [[ "$output" == *"only root can start vouch-milter as user 'daemon'"* ]]
}

@test "reload: new settings for new messages; a bad file changes nothing" {
    mta_milter
    client '
c.envelope(); c.header(); c.body()
before = c.end()[0]
assert before == b"c", before'
    settings 'actions: { trusted = "reject"; suspicious = "reject"; untrusted = "reject"; };' \
        'on_failure = "tempfail";'
    kill -USR1 "$MILTER_PID"
    mta_until log_says "is in force for new messages"
    client 'c.envelope(); c.header(); c.body(); assert c.end()[0] == b"y"'

    settings 'actions: { trusted = "accept" };' 'mod = "enforce";' 'nonsense'
    kill -USR1 "$MILTER_PID"
    mta_until log_says "reload: the settings stay as they were"
    log_says "$CONF:7: "
    log_says "$CONF:8: "
    client 'c.envelope(); c.header(); c.body(); assert c.end()[0] == b"y"'

    rm "$CONF"
    : >"$MTA/milter.log"
    kill -USR1 "$MILTER_PID"
    mta_until log_says "$CONF: No such file"
    settings 'milter: { socket_mode = "0600"; };' 'store = "none";'
    sed -i '/memory:/d; s|/journal"|/other"|' "$CONF"
    kill -USR1 "$MILTER_PID"
    mta_until log_says "the socket has changed: that needs a restart"
    log_says "the model store has changed"
    log_says "the journal has changed"
}

@test "reload every 50 ms under load: no connection is lost, each message is judged by one snapshot" {
    settings 'actions: { trusted = "reject"; suspicious = "reject"; untrusted = "reject"; };' \
        'on_failure = "tempfail"; reject_text = "one";'
    cp "$CONF" "$MTA/one.conf"
    sed 's/"one"/"two"/' "$MTA/one.conf" >"$MTA/two.conf"
    mta_milter
    client "
import os, signal, threading
answers, wrong = [], []
def load():
    try:
        c = Client(sys.argv[1])
        c.connect()
        for i in range(40):
            c.envelope(); c.header(); c.body()
            answers.append(c.end()[:2])
    except Exception as e:
        wrong.append(repr(e))
threads = [threading.Thread(target=load) for _ in range(4)]
for t in threads: t.start()
n = 0
while any(t.is_alive() for t in threads):
    n += 1
    open('$MTA/next', 'w').write(open('$MTA/' + ('two', 'one')[n % 2] + '.conf').read())
    os.replace('$MTA/next', '$CONF')
    os.kill($MILTER_PID, signal.SIGHUP)
    time.sleep(0.05)
assert not wrong, wrong
assert len(answers) == 160 and n > 2, (len(answers), n)
for command, data in answers:
    assert command == b'y' and data.startswith(b'550 ') and (b'one' in data) != (b'two' in data), (command, data)"
    ! log_says "stay as they were"
}

@test "a message under way keeps the settings it began with" {
    mta_milter
    client "
import os, signal
c.envelope(); c.header(); c.body()  # which is answered: the message is under way
open('$CONF', 'a').write('actions: { trusted = \"reject\"; suspicious = \"reject\"; untrusted = \"reject\"; };\non_failure = \"tempfail\";\n')
os.kill($MILTER_PID, signal.SIGHUP)
until(lambda: 'is in force' in open('$MTA/milter.log').read())
answer = c.end()
assert answer[0] == b'c', answer
c.envelope(); c.header(); c.body()
answer = c.end()
assert answer[0] == b'y', answer"
}

@test "stop: a message under way ends, a new connection is refused" {
    mta_milter
    client "
import os, signal, socket
idle = Client(sys.argv[1])
idle.connect()
c.envelope(); c.header()
os.kill($MILTER_PID, signal.SIGTERM)
until(lambda: not os.path.exists(sys.argv[1]))
try:
    Client(sys.argv[1])
    assert False, 'still listens'
except OSError:
    pass
c.body()
assert c.end()[0] == b'c'
try:
    idle.read()
    assert False, 'still serves'
except (EOFError, OSError):
    pass"
    mta_until process_gone "$MILTER_PID"
    log_says stopping
    ! log_says "messages under way"
}

@test "stop: idle connections do not hold it up; a second signal ends the wait" {
    mta_milter
    client "
import os, signal
os.kill($MILTER_PID, signal.SIGTERM)
begun = time.monotonic()
try:
    while c.read():
        pass
except (EOFError, OSError):
    pass
assert time.monotonic() - begun < 3, 'slow' # the wait would take ten"
    : >"$MTA/milter.log"
    mta_milter
    client "
import os, signal
c.envelope()
time.sleep(0.2)
os.kill($MILTER_PID, signal.SIGINT)
time.sleep(0.3)
os.kill($MILTER_PID, 0)
os.kill($MILTER_PID, signal.SIGTERM)
try:
    while c.read():
        pass
except (EOFError, OSError):
    pass"
    mta_until process_gone "$MILTER_PID"
    log_says "stopping with 1 messages under way"
}

@test "no probes, no log: connections that only come and go" {
    mta_milter
    for i in 1 2 3 4 5; do
        $PYTHON -c 'import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])' "$MILTER_SOCKET"
    done
    client 'c.envelope(); c.header(); c.body(); assert c.end()[0] == b"c"'
    grep -v 'runs as root\|the journal is in\|system calls\|milter.seccomp\|listens on\|NOQUEUE: id=' "$MTA/milter.log" | (! grep .)
}

@test "a sender's slow names do not make a message unjudged when the model is away" {
    cat >"$MTA/zone" <<'EOF2'
$TTL 60
_dmarc.victim.example. IN TXT "v=DMARC1; p=reject"
;! never.example. ANY timeout
;! 7.100.51.198.in-addr.arpa. ANY timeout
EOF2
    mta_dns "$MTA/zone"
    sed -i "s/@9/@$DNS_PORT/; s/memory:/fail:/" "$CONF"
    echo 'protected: { senders = [ "victim.example" ]; action = "reject"; };' >>"$CONF"
    mta_milter
    client '
c.envelope(b"<x@never.example>")
c.header([(b"From", b" ceo@victim.example")])
c.body()
command, data, edits = c.end()
assert command == b"y" and data.startswith(b"550 "), (command, data, edits)
c.envelope(b"<x@never.example>")  # and where nothing answers, on_failure has its say
c.header([(b"From", b" x@never.example")])
c.body()
command, data, edits = c.end()
assert command in b"ca", (command, data)'
    log_says "flags=protected_sender,model_unavailable,dns_timeout"
    log_says "why=nothing-known"
}
