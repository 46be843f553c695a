#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: /usr/bin/python3
# Messages that nobody sends in good faith: they are judged, in bounded time and memory, which is printed (hostile.py).

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    mta_dns /dev/null
    sed "s/PORT/$DNS_PORT/" "$VOUCH_SRCDIR/tests/milter/protocol.conf" >"$MTA/vouch.conf"
    sed -i 's/^limits:.*//; s/^deadlines:.*/deadlines: { message = "5s"; dns = "1s"; };/' "$MTA/vouch.conf"
    mta_milter
}

teardown_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_end
}

# hostile CASE...: sanitizers keep what is freed, take their time, and have mappings that look like our stacks
hostile() {
    [ -r "/proc/$MILTER_PID/stat" ] || skip "no /proc"
    if nm "$VOUCH_BUILDDIR/vouch-milter" 2>/dev/null | grep -q __tsan_init; then
        skip "one message at a time: nothing for ThreadSanitizer"
    fi
    if nm "$VOUCH_BUILDDIR/vouch-milter" 2>/dev/null | grep -q __asan_init; then
        export HOSTILE_CPU_MAX=400 HOSTILE_GROWTH_MAX=1048576 HOSTILE_STACK_MAX=512 HOSTILE_TIMES=2
    fi
    run timeout 500 /usr/bin/python3 "$VOUCH_SRCDIR/tests/milter/hostile.py" "$@"
    echo "$output"
    printf '%s\n' "$output" | sed 's/^/# /' >&3
    [ "$status" -eq 0 ]
    kill -0 "$MILTER_PID"
}

@test "headers: 10,000 fields, 1 MB, folds" { hostile 10000-fields 10000-equal-fields 1MB-field 1MB-folds; }
@test "1,000 signatures" { hostile 1000-signatures; }
@test "signatures and a huge body" { HOSTILE_TIMES=2 hostile signatures-and-a-huge-body; }
@test "500 hops" { hostile 500-hops; }
@test "grammar: brackets, addresses, encoded words" { hostile brackets addresses encoded-words; }
@test "bytes: bare CR and LF, 8-bit, controls, NULs" { hostile bare-CR-and-LF 8-bit-and-controls NULs; }
@test "bodies: an endless line, spaces, empty lines, deep MIME, huge" { hostile endless-line spaces empty-lines deep-MIME huge-body; }
@test "forged fields" { hostile forged-fields; }
@test "30,000 recipients" { HOSTILE_TIMES=2 hostile 30000-recipients; }
