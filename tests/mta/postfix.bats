#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root postfix /usr/bin/python3
# What only Postfix does, set up as contrib/postfix says. What every MTA does is in actions.bats, classes.bats and journal.bats.

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    : >"$MTA/zone"
    mta_dns "$MTA/zone"
    sed "s/PORT/$DNS_PORT/" "$VOUCH_SRCDIR/tests/milter/protocol.conf" >"$MTA/vouch.conf"
    echo 'milter: { user = "nobody"; };' >>"$MTA/vouch.conf"
    mkdir "$MTA/queue"
    install -d -o nobody -g postfix -m 2750 "$MTA/queue/vouch"
    MILTER_SOCKET=$MTA/queue/vouch/vouch.sock
    mta_milter
    mta_postfix "$(grep -v '^#' "$VOUCH_SRCDIR/contrib/postfix/main.cf")"
}

teardown_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_end
}

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    sink_clear
    printf '%s\n' "From: root@example.org" "To: accept@example.org" "Subject: local" "" "Here." >"$MTA/in"
}

@test "the example for main.cf is what Postfix understands" {
    run postconf -c "$MTA/etc" -n
    [[ "$output" == *"smtpd_milters = { unix:vouch/vouch.sock, "* ]]
    [[ "$output" != *"unused parameter"* ]]
    [ "$(stat -c '%U %G %a' "$MILTER_SOCKET")" = "nobody postfix 660" ]
}

@test "mail handed in on this host" {
    sendmail -C "$MTA/etc" -f root@example.org accept@example.org <"$MTA/in"
    sink_one
    [ "$(field X-Vouch | wc -l)" -eq 1 ]
    grep -q 'client=localhost\[127.0.0.1\]' "$MTA/milter.log"
}

@test "recipients need not be named, as in contrib/quickstart/demo" {
    run bash -uc '. "$VOUCH_SRCDIR/tests/lib/mta.bash" && postfix_known && postfix_refused'
    [ "$output" = $'relay_recipient_maps = \nsmtpd_recipient_restrictions = ' ]
}
