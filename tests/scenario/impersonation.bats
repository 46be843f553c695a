#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A finance director whom others pose as, end to end: what is told, what happens, and who is left alone.

setup() {
    S=$VOUCH_SRCDIR/tests/scenario
    T=$(mktemp -d "${TMPDIR:-/tmp}/vouch-impersonation.XXXXXX")
    cat >"$T/conf" <<EOF
local_domains = [ ".example.com" ];
protected: {
    senders = [ "Alice Liddell <alice@example.org>", "Bob Roe", "example.org" ];
    well_known = "$VOUCH_SRCDIR/contrib/well-known";
};
EOF
}

teardown() {
    rm -rf "$T"
}

# The message comes from a host of example.org, or from the user USER_SAID.
message() { # FIELDS
    printf '%s\n' 'Return-Path: <x@example.org>' \
        'Received: from mx.example.org (mx.example.org [198.51.100.7]) by mx.example.com; Sat, 31 Jan 2026 11:59:58 +0000' \
        "$1" 'To: carol@example.com' 'Date: Sat, 31 Jan 2026 11:59:57 +0000' '' 'Please pay.' >"$T/message"
    run "$VOUCH_BUILDDIR/vouch" check --config "$T/conf" --zone "$S/zone" --store "${STORE:-none}" \
        --at 2026-01-31T12:00:00Z ${USER_SAID:+--ip 198.51.100.7 --user "$USER_SAID"} --explain "$T/message"
    echo "$output"
}

flagged() {
    [[ "$output" =~ Flags\ +impersonation || "$output" =~ $'\n            impersonation' ]]
}

# told of as evidence, flagged, quarantined
posed_as() { # WHO FIELDS
    message "$2"
    [[ "$output" =~ impersonation\ +$1: ]]
    flagged
    [[ "$output" =~ "Action    quarantine" ]]
    [[ "$output" =~ "poses as a protected sender" || "$output" =~ "untrusted mail is quarantined" ]]
}

left_alone() { # FIELDS
    message "$1"
    ! flagged
    [[ ! "$output" =~ "protected_sender" ]]
}

@test "her name with a foreign address" {
    posed_as "Alice Liddell" 'From: Alice Liddell <director@other.example>'
}

@test "her name in another order, with initials, with a title" {
    posed_as "Alice Liddell" 'From: "Liddell, Alice" <director@other.example>'
    posed_as "Alice Liddell" 'From: "A. Liddell" <director@other.example>'
    posed_as "Alice Liddell" 'From: "Dr. Alice P. Liddell (CFO)" <director@other.example>'
}

@test "her name in letters of another script, invisible characters, right to left" {
    posed_as "Alice Liddell" 'From: =?utf-8?q?=D0=90li=D1=81e_Lidd=D0=B5ll?= <director@other.example>'
    posed_as "Alice Liddell" 'From: =?utf-8?q?Al=E2=80=8Bice_Lid=C2=ADdell?= <director@other.example>'
    posed_as "Alice Liddell" 'From: =?utf-8?q?=E2=80=AElleddiL_ecilA?= <director@other.example>'
}

@test "her name with a free mailbox, or in its address" {
    posed_as "Alice Liddell" 'From: Alice Liddell <alice.liddell.77@gmail.com>'
    posed_as "Alice Liddell" 'From: alice.liddell@gmail.com'
    [[ "$output" =~ "free mailbox" ]]
}

@test "her address in the display name" {
    message 'From: "alice@example.org" <director@other.example>'
    flagged
    [[ "$output" =~ "Action    quarantine" ]]
}

@test "a domain that looks like ours or a protected one" {
    posed_as "example\.(org|com)" 'From: Alice <alice@exarnple.org>'
    posed_as "example.com" 'From: Bob <bob@exmaple.com>'
    posed_as "example.com" 'From: Bob <bob@login-example.com>'
    posed_as "example.com" 'From: Bob <bob@example.com.evil.example>'
    posed_as "example\.(org|com)" 'From: Bob <bob@xn--xample-2of.org>'
}

@test "answers that go elsewhere" {
    message $'From: Alice Liddell <alice@example.org>\nReply-To: alice.liddell.77@gmail.com'
    flagged
    [[ "$output" =~ "answers go to a free mailbox" ]]
}

@test "her own mail is hers" {
    STORE="memory:$S/model.jsonl" left_alone 'From: Alice Liddell <alice@example.org>'
    left_alone 'From: "Liddell, Alice" <alice@example.org>'
    left_alone 'From: Bob Roe <bob@mail.example.com>'
}

@test "a namesake on a list, a list that writes From anew, a service that writes for her" {
    left_alone $'From: Alice Liddell <aliddell@other.example>\nList-Id: Cooks <cooks.lists.example>'
    [[ "$output" =~ impersonation\ +"Alice Liddell" ]] # mentioned
    left_alone $'From: Alice Liddell via Cooks <cooks@lists.example>\nList-Id: Cooks <cooks.lists.example>'
    left_alone $'From: "Alice Liddell (via Papers)" <no-reply@papers.example>'
    left_alone $'From: Alice Liddell <no-reply@papers.example>\nReply-To: alice@example.org'
}

@test "others of her name or ours are left alone" {
    left_alone 'From: Alice Smith <asmith@other.example>'
    left_alone 'From: Liddell Transport <info@liddell.example>'
    left_alone 'From: Chase Smith <chase@gmail.com>'
}

@test "a well-known organisation: flagged, judged more severely, not quarantined for that" {
    message 'From: PayPal <service@other.example>'
    flagged
    [[ "$output" =~ impersonation\ +PayPal ]]
    [[ ! "$output" =~ "poses as a protected sender" ]]
    message 'From: PayPal <service@paypal.com>'
    ! flagged
    sed -i 's/well_known = .*/well_known = "";/' "$T/conf"
    message 'From: PayPal <service@other.example>'
    ! flagged
}

@test "outbound mail poses as nobody" {
    USER_SAID=carol left_alone 'From: Alice Liddell <director@other.example>'
}

@test "mistakes in the settings and in the file are told" {
    echo 'protected: { senders = [ "Alice Liddell" ]; };' >"$T/conf"
    run "$VOUCH_BUILDDIR/vouch" config check "$T/conf"
    [ "$status" -eq 78 ]
    [[ "$output" =~ "nobody may bear the name \"Alice Liddell\"" ]]
    printf 'PayPal: paypal.com\nnot a line\n' >"$T/known"
    echo "protected: { well_known = \"$T/known\"; };" >"$T/conf"
    run "$VOUCH_BUILDDIR/vouch" config check "$T/conf"
    [ "$status" -eq 78 ]
    [[ "$output" =~ "$T/known:2: expected \"Name, other name: domain domain ...\"" ]]
    echo "protected: { well_known = \"$T/absent\"; };" >"$T/conf"
    run "$VOUCH_BUILDDIR/vouch" config check "$T/conf"
    [ "$status" -eq 78 ]
    [[ "$output" =~ "$T/absent: No such file" ]]
}
