#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root mta openssl /usr/bin/python3
# Each class of message through a real MTA: what arrived, where, with which fields; and the tool, given the message as it
# was received, says the same.

setup_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_begin
    cat >"$MTA/zone" <<EOF
\$TTL 60
good.example. TXT "v=spf1 ip4:192.0.2.0/24 -all"
good.example. MX 10 mail.good.example.
_dmarc.good.example. TXT "v=DMARC1; p=reject"
s1._domainkey.good.example. TXT $(dkim_key good)
mail.good.example. A 192.0.2.10
10.2.0.192.in-addr.arpa. PTR mail.good.example.
stranger.example. TXT "v=spf1 ip4:198.51.100.20 -all"
mx.stranger.example. A 198.51.100.20
20.100.51.198.in-addr.arpa. PTR mx.stranger.example.
EOF
    mta_dns "$MTA/zone"
    now=$(date +%s)
    model_line() { # GROUP FIELD GOOD BAD
        printf '{"group":"%s","field":"%s","good":%s,"bad":%s,"seen":%s,"first":%s,"last":%s}\n' \
            "$1" "$2" "$3" "$4" "$(($3 + $4))" "$((now - 8640000))" "$((now - 3600))"
    }
    {
        model_line dom:good.example '*' 200 0
        model_line dom:good.example a:alice@good.example 50 0
        model_line dom:good.example dkim:good.example 200 0
        model_line dom:good.example p:dkim:good.example 200 0
        model_line dom:good.example p:net:192.0.2.0/24 200 0
        model_line ip:192.0.2.0/24 '*' 200 0
        model_line ip:203.0.113.0/24 '*' 0 200
        model_line ip:203.0.113.0/24 h:203.0.113.77 0 100
    } >"$MTA/model"
    mta_conf "store = \"memory:$MTA/model\";"
    mta_as_nobody
    mta_milter
    mta_start
}

teardown_file() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    mta_end
}

setup() {
    . "$VOUCH_SRCDIR/tests/lib/mta.bash"
    sink_clear
}

# letter FROM [FIELD]...
letter() {
    local from=$1
    shift
    printf '%s\n' "$@" "From: $from" "To: bob@example.org" "Subject: the minutes" \
        "Date: $(date -R)" "Message-ID: <$RANDOM.$RANDOM@client.invalid>" "" "Here they are." "" ".dots are kept"
}

fields_are_on_top() {
    [[ "$(field_names)" == "Authentication-Results X-Vouch Received "* ]]
    [ "$(field X-Vouch | wc -l)" -eq 1 ]
}

same_class() {
    recheck "$@"
    [ "$(record class)" = "$(vouch_word class)" ]
    [ "$(record action)" = "$(vouch_word action)" ]
}

@test "signed and known good: trusted, delivered untouched" {
    letter alice@good.example | $PYTHON "$LIB/sign.py" good.example s1 "$MTA/good.key" >"$MTA/in"
    inject --ip 192.0.2.10 --name mail.good.example --helo mail.good.example \
        --sender alice@good.example --rcpt bob@example.org "$MTA/in"
    [ "$status" -eq 0 ]
    sink_one
    [ "$(envelope)" = "alice@good.example -> bob@example.org" ]
    fields_are_on_top
    [ "$(vouch_word class)" = trusted ]
    [ "$(vouch_word action)" = accept ]
    [[ "$(field Authentication-Results)" == "mx.example.org; "*"spf=pass "*"dkim=pass "*"dmarc=pass "*"iprev=pass "* ]]
    [ "$(field Subject)" = "the minutes" ]
    same_class
    [ "$(record auth.dkim.0.result)" = pass ]
    [ "$(record client.ip)" = 192.0.2.10 ]
}

@test "unknown: suspicious, tagged and delivered" {
    letter new@stranger.example >"$MTA/in"
    inject --ip 198.51.100.20 --name mx.stranger.example --helo mx.stranger.example \
        --sender new@stranger.example --rcpt bob@example.org "$MTA/in"
    [ "$status" -eq 0 ]
    sink_one
    fields_are_on_top
    [ "$(vouch_word class)" = suspicious ]
    [ "$(vouch_word action)" = tag ]
    [[ "$(field Authentication-Results)" == *"spf=pass "*"dkim=none"*"dmarc=none"* ]]
    same_class
}

@test "author forged for a domain with history: untrusted, held" {
    letter alice@good.example >"$MTA/in"
    inject --ip 198.51.100.66 --helo mail.good.example --sender alice@good.example --rcpt bob@example.org "$MTA/in"
    [ "$status" -eq 0 ]
    nothing_arrives
    id=$(queue_id)
    mta_held "$id"
    mta_held_fields "$id" | grep -q "X-Vouch: .*class=untrusted"

    release "$id"
    sink_one
    fields_are_on_top
    [ "$(vouch_word class)" = untrusted ]
    [ "$(vouch_word action)" = quarantine ]
    [[ "$(vouch_word flags)" == *forged_author* ]]
    [[ "$(field Authentication-Results)" == *"spf=fail "*"dkim=none"*"dmarc=fail "* ]]
    same_class
}

@test "path through a known bad relay: untrusted, held" {
    letter new@stranger.example \
        "Received: from bad.example (bad.example [203.0.113.77])" \
        "	by mx.stranger.example (Postfix) with ESMTP id 4ABCDE" \
        "	for <bob@example.org>; $(date -R -d '-1 minute')" >"$MTA/in"
    inject --ip 198.51.100.20 --name mx.stranger.example --helo mx.stranger.example \
        --sender new@stranger.example --rcpt bob@example.org "$MTA/in"
    [ "$status" -eq 0 ]
    nothing_arrives
    release "$(queue_id)"
    sink_one
    [ "$(vouch_word class)" = untrusted ]
    [[ "$(vouch_word flags)" == *bad_relay* ]]
    same_class
    [ "$(record path.1.ip)" = 203.0.113.77 ]
}

@test "forged Authentication-Results: removed at every position, flagged; another site's stay" {
    letter new@stranger.example \
        "Authentication-Results: mx.example.org; dkim=pass header.d=good.example" \
        "Authentication-Results: other.example; spf=pass" \
        "X-Vouch: id=1; trust=0.999; class=trusted; action=accept" \
        "authentication-results: MX.EXAMPLE.ORG 1;" "	dmarc=pass" \
        "X-Vouch-Original-Recipient: boss@example.org" >"$MTA/in"
    inject --ip 198.51.100.20 --name mx.stranger.example --helo mx.stranger.example \
        --sender new@stranger.example --rcpt bob@example.org "$MTA/in"
    [ "$status" -eq 0 ]
    sink_one
    fields_are_on_top
    [ "$(field Authentication-Results | wc -l)" -eq 2 ]
    [ "$(field Authentication-Results | sed -n 2p)" = "other.example; spf=pass" ]
    ! grep -q "0.999\|boss@example" "$MSG"
    [ "$(vouch_word class)" = suspicious ]
    [[ "$(vouch_word flags)" == *forged_authres* ]]
}

@test "many forged fields between others: each goes, and no other" {
    local i lines=()
    for i in 1 2 3 4 5 6; do
        lines+=("Authentication-Results: other.example; spf=pass; x=$i" "X-Vouch: class=trusted; forged=$i" "X-Other: $i"
            "Authentication-Results: mx.example.org; dkim=pass; forged=$i" "X-Vouch-Extra: forged=$i")
    done
    letter new@stranger.example "${lines[@]}" >"$MTA/in"
    inject --ip 198.51.100.20 --name mx.stranger.example --helo mx.stranger.example \
        --sender new@stranger.example --rcpt bob@example.org "$MTA/in"
    [ "$status" -eq 0 ]
    sink_one
    fields_are_on_top
    ! grep "forged=" "$MSG"
    [ "$(field Authentication-Results | sed -n 's/.*x=//p' | tr '\n' ' ')" = "1 2 3 4 5 6 " ]
    [ "$(field X-Other | tr '\n' ' ')" = "1 2 3 4 5 6 " ]
}

@test "long and folded fields: what is delivered still bears a good signature" {
    {
        printf 'X-Long: %s\n' "$(printf 'x%.0s' {1..900})"
        printf 'To: bob@example.org,\n\t"Carol, of \\"sales\\"" <carol@example.org>,\n   dave@example.org (Dave)\n'
        printf 'Subject:   a  subject\n\twith tabs,\n  folded =?UTF-8?Q?f=C3=BCr?=\n =?UTF-8?Q?_dich?=\n'
        printf 'From: "Alice A." <alice@good.example>\nDate: %s\nX-Empty:\nX-Folded:\n\n. dot\n' "$(date -R)"
        printf '..dots\n\xfcber 8 bit\n\n\n'
    } | $PYTHON "$LIB/sign.py" good.example s1 "$MTA/good.key" >"$MTA/in"
    inject --ip 192.0.2.10 --name mail.good.example --helo mail.good.example \
        --sender alice@good.example --rcpt bob@example.org "$MTA/in"
    [ "$status" -eq 0 ]
    sink_one
    [[ "$(field Authentication-Results)" == *"dkim=pass "* ]]
    [ "$(field X-Long | wc -c)" -eq 901 ]
    same_class
    [ "$(record auth.dkim.0.result)" = pass ]
}

@test "our own fields, seen again, are no forgery to the tool" {
    letter new@stranger.example >"$MTA/in"
    inject --ip 198.51.100.20 --name mx.stranger.example --helo mx.stranger.example \
        --sender new@stranger.example --rcpt bob@example.org "$MTA/in"
    sink_one
    recheck
    [ "$(record flags)" = "" ]
}

@test "authenticated outbound: accepted, whoever it claims to be" {
    letter alice@good.example >"$MTA/in"
    inject --ip 198.51.100.99 --login alice --sender alice@good.example --rcpt bob@example.org --rcpt eve@stranger.example "$MTA/in"
    [ "$status" -eq 0 ]
    sink_one
    [ "$(vouch_word action)" = accept ]
    grep -q " direction=outbound .*user=alice" "$MTA/milter.log"
    recheck --user alice --ip 198.51.100.99
    [ "$(record direction)" = outbound ]
    [ "$(record class)" = "$(vouch_word class)" ]
}

@test "a relay that we trust: the client is who handed it the message" {
    sed 's/^dns:/trusted_relays = [ "198.51.100.128\/25" ];\n&/' -i "$MTA/vouch.conf"
    kill -USR1 "$MILTER_PID"
    mta_until grep -q "is in force for new messages" "$MTA/milter.log"
    letter alice@good.example | $PYTHON "$LIB/sign.py" good.example s1 "$MTA/good.key" >"$MTA/signed"
    {
        echo "Received: from mail.good.example (mail.good.example [192.0.2.10])"
        echo "	by relay.example.org (Postfix) with ESMTP id 4ABCDE"
        echo "	for <bob@example.org>; $(date -R)"
        cat "$MTA/signed"
    } >"$MTA/in"
    inject --ip 198.51.100.130 --helo relay.example.org --sender alice@good.example --rcpt bob@example.org "$MTA/in"
    [ "$status" -eq 0 ]
    sink_one
    [ "$(vouch_word class)" = trusted ]
    [[ "$(field Authentication-Results)" == *"spf=pass "* ]]
    same_class
    [ "$(record client.ip)" = 192.0.2.10 ]
}
