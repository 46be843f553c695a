#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: /usr/bin/python3
# kill -9 at random moments under load: see crash.py. VOUCH_CRASH_ROUNDS sets how often.

rounds() { # sanitizers are slow: they run what matters to them, a few of each
    if [ -n "${VOUCH_CRASH_ROUNDS:-}" ]; then
        echo "$VOUCH_CRASH_ROUNDS"
    elif [ -n "${VOUCH_SANITIZED:-}" ]; then
        echo 10
    else
        echo 50
    fi
}

crash() { # STORE
    run /usr/bin/python3 "$VOUCH_SRCDIR/tests/crash/crash.py" "$VOUCH_BUILDDIR" "$VOUCH_SRCDIR/tests/lib" "$1" "$(rounds)"
    echo "$output"
    [ "$status" = 0 ]
}

@test "LMDB: the milter and a second learner are killed under load: nothing is lost or doubled" {
    crash lmdb
}

@test "Redis: the milter, a second learner and redis-server are killed under load: nothing is lost or doubled" {
    command -v redis-server >/dev/null || skip "redis-server is not installed"
    crash redis
}
