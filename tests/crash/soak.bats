#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root postfix openssl redis-server redis-cli /usr/bin/python3
# Mail through a real Postfix while everything else fails in turn: see soak.py. VOUCH_SOAK_MESSAGES sets how much:
#
#   make check TESTS=tests/crash/soak.bats VOUCH_SOAK_MESSAGES=200000 VOUCH_TEST_TIMEOUT=7200

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    SINK_NOTES=$MTA/notes
    mta_postfix "smtpd_client_message_rate_limit = 0"
    SINK_PORT=$(sed -n 's/^port //p' "$MTA/sink.out")
}

teardown() {
    mta_end
}

messages() {
    if [ -n "${VOUCH_SOAK_MESSAGES:-}" ]; then
        echo "$VOUCH_SOAK_MESSAGES"
    elif [ -n "${VOUCH_SANITIZED:-}" ]; then
        echo 500
    else
        echo 3000
    fi
}

@test "soak: every message once, whatever fails around it" {
    run "$PYTHON" "$VOUCH_SRCDIR/tests/crash/soak.py" "$VOUCH_BUILDDIR" "$LIB" "$(messages)" "$MTA" "$SMTP_PORT" "$SINK_PORT"
    echo "$output"
    [ -z "$VOUCH_KEEP" ] || echo "$output" >&3
    [ "$status" = 0 ]
}
