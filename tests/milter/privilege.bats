#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root /usr/bin/python3 setpriv
# What a vouch-milter that root started can still do, and who can reach what it makes.

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    [ "$(uname -s)" = Linux ] || skip "/proc is Linux's"
    mkdir "$MTA/state"
    chown nobody "$MTA/state" "$MTA/run"
    cat >"$MTA/vouch.conf" <<EOF
authserv_id = "mx.example.org";
milter: { user = "nobody"; socket_group = "daemon"; pid_file = "$MTA/vouch.pid"; };
store = "lmdb:$MTA/state/model"; learn = true;
journal: { directory = "$MTA/state/journal"; interval = "10ms"; };
quarantine: { method = "store"; directory = "$MTA/state/quarantine"; };
metrics: { listen = "unix:$MTA/run/metrics.sock"; };
actions: { trusted = "quarantine"; suspicious = "quarantine"; untrusted = "quarantine"; };
on_failure = "quarantine";
dns: { servers = [ "127.0.0.1@9" ]; };
deadlines: { message = "200ms"; dns = "100ms"; store = "50ms"; };
log: { to = "stderr"; level = "debug"; };
EOF
}

teardown() {
    mta_end
}

message() {
    $PYTHON - "$MILTER_SOCKET" <<EOF
import sys
sys.path.insert(0, "$LIB")
from milterclient import Client
c = Client(sys.argv[1])
c.connect(); c.envelope(); c.header(); c.body()
print(c.end()[0])
EOF
}

# all_are FIELD VALUE: so says every thread's status; one that ends meanwhile has none
all_are() {
    run sh -c "sed -n 's/^$1:[[:space:]]*//p' /proc/$MILTER_PID/task/*/status 2>/dev/null | tr '\t' ' ' | sed 's/ *$//' | sort -u"
    echo "$1: $output, not $2"
    [ "$output" = "$2" ]
}

# nothing is left of root, nor of what root was given
powerless() {
    local uid gid field
    uid=$(id -u nobody) gid=$(id -g nobody)
    all_are Uid "$uid $uid $uid $uid"
    all_are Gid "$gid $gid $gid $gid"
    all_are Groups "$(id -G nobody)"
    for field in CapInh CapPrm CapEff CapAmb; do
        all_are $field 0000000000000000
    done
}

# owned PATH USER:GROUP:MODE
owned() {
    run stat -c %U:%G:%a "$1"
    echo "$1: $output, not $2"
    [ "$output" = "$2" ]
}

@test "root's rights are gone, in every thread" {
    mta_milter
    message
    powerless
    all_are Umask 0027
    if grep -q '^#define HAVE_SECCOMP 1' "$VOUCH_BUILDDIR/config.h" && ! grep -q 'going on without' "$MTA/milter.log"; then
        all_are NoNewPrivs 1
    fi
}

@test "capabilities that it was started with are gone, too" {
    local all=-all,+net_bind_service,+dac_override
    sed -i 's/user = "nobody"; socket_group = "daemon"; pid_file.*/user = "nobody"; };/' "$MTA/vouch.conf"
    setpriv --reuid="$(id -u nobody)" --regid="$(id -g nobody)" --clear-groups --inh-caps="$all" --ambient-caps="$all" \
        "$VOUCH_BUILDDIR/vouch-milter" -f -c "$MTA/vouch.conf" -s "unix:$MILTER_SOCKET" 2>>"$MTA/milter.log" 3>&- </dev/null &
    MILTER_PID=$!
    echo $MILTER_PID >"$MTA/milter.pid"
    LISTENED=0
    mta_until milter_listens
    for field in CapInh CapPrm CapEff CapAmb; do
        all_are $field 0000000000000000
    done
}

@test "it does not go on where root's rights could be taken back" {
    run setpriv --securebits=+no_setuid_fixup "$VOUCH_BUILDDIR/vouch-milter" -f -c "$MTA/vouch.conf" -s "unix:$MILTER_SOCKET"
    echo "$output"
    [ "$status" -eq 70 ]
    [[ "$output" == *"root's rights could be taken back: not going on"* ]]
}

@test "what it makes is its own, and closed to others, whatever the umask" {
    umask 0
    mta_milter
    message
    mta_until test -s "$MTA/state/model"
    owned "$MILTER_SOCKET" nobody:daemon:660
    owned "$MTA/run/metrics.sock" "nobody:$(id -gn nobody):660"
    owned "$MTA/vouch.pid" root:root:644
    [ "$(cat "$MTA/vouch.pid")" = "$MILTER_PID" ]
    for dir in journal journal/* quarantine; do
        owned "$(echo "$MTA/state"/$dir)" "nobody:$(id -gn nobody):750"
    done
    find "$MTA/state/quarantine" -type f | grep .
    find "$MTA/state/journal" -name '*.open' | grep .
    run find "$MTA/state" -mindepth 1 ! -type l \( ! -user nobody -o -perm /027 \) -ls
    echo "$output"
    [ -z "$output" ]
}
