#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: /usr/bin/python3
# vouch-milter and peers that are no MTA: whatever they say, it goes on judging messages.

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    mta_dns /dev/null
    sed "s/PORT/$DNS_PORT/" "$VOUCH_SRCDIR/tests/milter/protocol.conf" >"$MTA/vouch.conf"
    mta_milter
}

teardown_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_end
}

rss_kib() {
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$MILTER_PID/status"
}

noise() {
    run timeout 120 /usr/bin/python3 "$VOUCH_SRCDIR/tests/milter/fuzz.py" "$1" "$2"
    echo "$output"
    [ "$status" -eq 0 ]
    kill -0 "$MILTER_PID"
}

@test "random noise" { noise 500 1; }

@test "more of it takes no more memory" {
    [ -r "/proc/$MILTER_PID/status" ] || skip "no /proc"
    nm "$VOUCH_BUILDDIR/vouch-milter" 2>/dev/null | grep -qE '__(a|t)san_init' && skip "sanitizers keep what is freed"
    before=$(rss_kib)
    noise 500 2
    [ "$(rss_kib)" -lt $((before + 4096)) ]
}
