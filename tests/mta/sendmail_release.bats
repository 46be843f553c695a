#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root mta openssl /usr/bin/python3
# Mail that vouch-milter keeps, on to its recipients through a real Sendmail that has vouch-milter in the way: it is recognised, and
# arrives byte for byte. before_sendmail.sh runs it; release.bats has the same, and all else of releases, before Postfix.

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    cat >"$MTA/zone" <<EOF
\$TTL 60
good.example. TXT "v=spf1 ip4:192.0.2.0/24 -all"
s1._domainkey.good.example. TXT $(dkim_key good)
mail.good.example. A 192.0.2.10
10.2.0.192.in-addr.arpa. PTR mail.good.example.
EOF
    mta_dns "$MTA/zone"
    mta_conf 'store = "none";' \
        'actions: { trusted = "quarantine"; suspicious = "quarantine"; untrusted = "quarantine"; };' \
        "quarantine: { method = \"store\"; directory = \"$MTA/quarantine\"; };"
    mkdir -m 750 "$MTA/quarantine"
    chown nobody "$MTA/quarantine" # and as nobody its mail is released: whom Sendmail does not trust
    mta_as_nobody
    mta_milter
    mta_start
    sendmail_submit
}

teardown_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_end
}

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    . "$VOUCH_SRCDIR/tests/lib/quarantine.bash"
    sink_clear
    rm -rf "$MTA"/quarantine/2*
}

# keep_again: as keep; $BEFORE releases have come by again
keep_again() {
    setup
    keep "$@"
    BEFORE=$(passed | wc -l)
}

# let_pass: what has just been released for carol was recognised
let_pass() {
    [ "$status" -eq 0 ] || { echo "$output" >&2; return 1; }
    sink_one
    [ "$(envelope)" = "alice@good.example -> carol@example.org" ]
    [ "$(vouch_word action)" = accept ] && [ "$(vouch_word flags)" = released ]
    [ "$(passed | wc -l)" -eq $((BEFORE + 1)) ]
    [ "$(passed | tail -1)" = "released from quarantine by dave, item $ID | accept trusted None" ]
    [ "$(ids)" = "$ID" ]
    [ "$(labels)" = "good release released by dave" ]
    [ "$(state)" = part ]
}

# each_way [COMMAND]...: $MTA/in is kept, released by SMTP and by sendmail(1), recognised, and arrives as it was; then COMMAND
each_way() {
    local via
    for via in "smtp://127.0.0.1:$SMTP_PORT" "sendmail:$MTA/sendmail"; do
        keep_again "$MTA/in" bob@example.org carol@example.org
        quarantine release --who dave --to carol@example.org --via "$via" "$ID"
        let_pass
        ends_as_sent "$MTA/in"
        "$@"
    done
}

# verified: the signature of the message in the sink holds
verified() {
    recheck --ip 192.0.2.10
    [ "$(record auth.dkim.0.result)" = pass ]
}

@test "a release that comes by vouch-milter again is recognised, and its signature holds" {
    letter
    $PYTHON "$LIB/sign.py" good.example s1 "$MTA/good.key" <"$MTA/in" >"$MTA/signed"
    mv "$MTA/signed" "$MTA/in"
    each_way verified
    grep -q "^X-Authentication-Warning: mx.example.org: nobody set sender to <alice@good.example> using -f" "$MSG"
}

@test "8-bit, folded, odd and large messages are recognised too" {
    letter "$(printf 'Gr\303\274\303\237e  \n\tfolded   \n  twice\nX-Empty:\nX-NoSpace:value\nX-Tab:\tvalue  ')"
    printf 'From here on \303\274\n..\n.\n>From\n\0NUL  \n\n\n' >>"$MTA/in"
    each_way true
    letter
    head -c 700000 /dev/zero | tr '\0' 'a' | fold -w 70 >>"$MTA/in" && echo >>"$MTA/in" # more than quarantine.memory
    each_way true
}

@test "a message that Sendmail completes is recognised by SMTP; its sendmail(1) changes it before, and it is judged as any other" {
    letter
    sed -i '/^Date:\|^Message-ID:/d' "$MTA/in"
    keep_again "$MTA/in" bob@example.org carol@example.org
    quarantine release --who dave --to carol@example.org --via "smtp://127.0.0.1:$SMTP_PORT" "$ID"
    let_pass
    keep_again "$MTA/in"
    quarantine release --via "sendmail:$MTA/sendmail" "$ID"
    [ "$status" -eq 0 ]
    mta_until kept_once_more
    delivered_is 0
    [ "$(passed | wc -l)" -eq "$BEFORE" ]
}

kept_once_more() {
    [ "$(ids | wc -l)" -eq 2 ]
}
