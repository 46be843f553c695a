#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vouch policy test and diff as a person uses them.

setup() {
    vouch=$VOUCH_BUILDDIR/vouch
    src=$VOUCH_SRCDIR/tests/scenario
    T=$(mktemp -d "${TMPDIR:-/tmp}/vouch-policy.XXXXXX")
    : >"$T/vouch.conf"
}

teardown() {
    rm -rf "$T"
}

# policy SUBCOMMAND ARGUMENT...
policy() {
    run "$vouch" policy "$@"
    echo "$output"
}

# cases FILE <TEXT: a file of cases
cases() {
    { echo 'cases = ('; cat; echo ');'; } >"$T/$1"
}

field() { # EXPRESSION: of the JSON lines in $output
    /usr/bin/python3 -c "import json, sys; print(*[($1) for r in map(json.loads, sys.stdin)])" <<<"$output"
}

@test "the example that is installed runs on the settings that are installed: 0" {
    policy test --config "$VOUCH_SRCDIR/contrib/vouch.conf" "$VOUCH_SRCDIR/contrib/policy-cases.conf"
    [ "$status" -eq 0 ]
    [[ "$output" == *"4 cases, 4 as expected, 0 not" ]]
    [ "$(grep -c '^ok      ' <<<"$output")" -eq 4 ]
}

@test "what is not as expected is told with its reason: 1" {
    cases c.conf <<'CONF'
    { name = "wrong";
      model = ( { id = "192.0.2.1"; bad = 100; } );
      expect = { class = "trusted"; action = "accept"; policy = "finance"; mode = "observe"; reason = "no such words";
          flags = ( "over_limit", "!no_author" );
          recipients = ( { recipient = "recipient@example.com"; action = "reject"; class = "trusted"; policy = "x"; },
              { recipient = "other@example.com"; } ); }; },
    { name = "right"; expect = { class = "suspicious"; }; }
CONF
    policy test --config "$T/vouch.conf" "$T/c.conf"
    [ "$status" -eq 1 ]
    [ "${lines[0]}" = "FAILED  wrong ($T/c.conf:2)" ]
    [[ "$output" == *"class is untrusted, not trusted"*"action is quarantine, not accept"*"mode is enforce, not observe"*"policy is none, not finance"* ]]
    [[ "$output" == *'the reason does not say "no such words"'*"flag over_limit is not there"* ]]
    [[ "$output" == *"for recipient@example.com: class is untrusted, not trusted"*"for recipient@example.com: action is quarantine, not reject"* ]]
    [[ "$output" == *"other@example.com is no recipient of it"*"because untrusted (0."*"host 192.0.2.1 (0 good, 100 bad)"* ]]
    [[ "$output" == *"ok      right"*"2 cases, 1 as expected, 1 not" ]]
}

@test "--tap and --json" {
    cases c.conf <<'CONF'
    { name = "wrong"; expect = { action = "reject"; }; }, { expect = { action = "tag"; }; }
CONF
    policy test --tap --config "$T/vouch.conf" "$T/c.conf" "$T/c.conf"
    [ "$status" -eq 1 ]
    [ "${lines[0]}" = "1..4" ]
    [[ "${lines[1]}" == "not ok 1 - wrong "* ]]
    [ "${lines[2]}" = "# action is tag, not reject" ]
    [ "$(grep -c '^ok [24] - ' <<<"$output")" -eq 2 ]
    policy test --json --config "$T/vouch.conf" "$T/c.conf"
    [ "$status" -eq 1 ]
    [ "$(field 'r["ok"], r["line"], r["name"], r["wrong"], r["record"]["action"]')" = "(False, 2, 'wrong', ['action is tag, not reject'], 'tag') (True, 2, None, [], 'tag')" ]
}

@test "policies, protected senders, users: the rules of the settings" {
    cat >"$T/vouch.conf" <<'CONF'
protected: { senders = [ "ceo@example.com" ]; };
internal = [ "198.51.100.0/24" ];
policies = ( { name = "finance"; recipients = [ "cfo@example.com" ]; actions: { suspicious = "discard"; }; },
             { name = "out"; direction = "outbound"; senders = [ "intern@example.com" ]; actions: { suspicious = "reject"; }; } );
CONF
    cases c.conf <<'CONF'
    { recipients = ( "cfo@example.com", "bob@example.com" );
      expect = { action = "tag"; recipients = ( { recipient = "cfo@example.com"; action = "discard"; policy = "finance"; },
          { recipient = "bob@example.com"; action = "tag"; policy = ""; } ); }; },
    { from = "CEO <ceo@example.com>"; expect = { action = "quarantine"; flags = ( "protected_sender" ); }; },
    { from = "CEO <ceo@example.com>"; sender = "ceo@example.com"; auth = { spf = "pass"; dmarc = "pass"; };
      expect = { action = "tag"; flags = ( "!protected_sender" ); }; },
    { client = { ip = "198.51.100.7"; }; expect = { action = "accept"; }; },
    { user = "intern"; sender = "intern@example.com"; expect = { action = "reject"; policy = "out"; }; },
    { sender = ""; header = ( "Subject: x", "From: a@example.org", "From: b@example.org", "Auto-Submitted: auto-replied" );
      recipients = ( "bob@example.com" ); expect = { flags = ( "multiple_from" ); }; }
CONF
    policy test --config "$T/vouch.conf" "$T/c.conf"
    [ "$status" -eq 0 ]
}

@test "a message out of a file, DNS out of a zone, a model of its own" {
    mkdir "$T/mail"
    cp "$src/good.eml" "$T/mail/"
    cases c.conf <<'CONF'
    { message = "mail/good.eml"; at = "2026-01-31T12:00:00Z"; client = { ip = "198.51.100.7"; helo = "mx.example.org"; };
      sender = "alice@example.org"; recipients = ( "bob@example.com" );
      expect = { reason = ""; }; }
CONF
    policy test --json --config "$T/vouch.conf" --zone "$src/zone" --store "memory:$src/model.jsonl" "$T/c.conf"
    [ "$status" -eq 0 ]
    # the same as vouch check says
    theirs=$(field 'r["record"]["trust"], r["record"]["auth"]["spf"]["result"], r["record"]["auth"]["dmarc"]["result"], r["record"]["evidence"]')
    run "$vouch" check --json --config "$T/vouch.conf" --zone "$src/zone" --store "memory:$src/model.jsonl" --at 2026-01-31T12:00:00Z \
        --ip 198.51.100.7 --helo mx.example.org --sender alice@example.org --rcpt bob@example.com "$src/good.eml"
    [ "$theirs" = "$(field 'r["trust"], r["auth"]["spf"]["result"], r["auth"]["dmarc"]["result"], r["evidence"]')" ]
    [[ "$theirs" == *"'pass', 'pass'"* ]]
}

@test "mistakes in cases: 65; no file: 66; settings: 78; usage: 64" {
    printf 'cases = ( {\n expekt = 1;\n} );\n' >"$T/c.conf"
    policy test --config "$T/vouch.conf" "$T/c.conf"
    [ "$status" -eq 65 ]
    [ "$output" = "$T/c.conf:2: unknown key 'cases[].expekt' (did you mean 'cases[].expect'?)" ]
    cases c.conf <<<'{ model = ( { id = "not a thing"; } ); }'
    policy test --config "$T/vouch.conf" "$T/c.conf"
    [ "$status" -eq 65 ]
    [[ "$output" == *"c.conf:2: 'not a thing' is not an address"* ]]
    cases c.conf <<<'{ message = "none.eml"; }'
    policy test --config "$T/vouch.conf" "$T/c.conf"
    [ "$status" -eq 66 ]
    cases c.conf <<<'{ at = "noon"; }'
    policy test --config "$T/vouch.conf" "$T/c.conf"
    [ "$status" -eq 65 ]
    policy test --config "$T/vouch.conf" "$T/none"
    [ "$status" -eq 66 ]
    policy test "$T/c.conf" --config "$T/none"
    [ "$status" -eq 78 ]
    policy test
    [ "$status" -eq 64 ]
    policy nonsense
    [ "$status" -eq 64 ]
}

# journal: 1000 random records, a model of them, and settings a.conf and b.conf
journal() {
    maker=$VOUCH_BUILDDIR/tests/lib/journal_maker
    [ -x "$maker" ] || skip "built without cmocka"
    "$maker" write "$T/journal" mx1 7 1000
    printf 'journal: { directory = "%s"; };\nstore = "lmdb:%s";\n' "$T/journal" "$T/model" >"$T/a.conf"
    { cat "$T/a.conf"; echo 'actions: { suspicious = "reject"; };'; } >"$T/b.conf"
    "$vouch" model build --config "$T/a.conf" >/dev/null
}

@test "diff: what other settings would make of the journal, by reason; nothing is written" {
    journal
    before=$("$vouch" model verify --config "$T/a.conf" | grep digest)
    policy diff --json "$T/a.conf" "$T/b.conf"
    [ "$status" -eq 1 ]
    [ "$(field 'r["differ"] > 100 and r["differ"] == sum(c["count"] for c in r["changes"])')" = True ]
    [ "$(field '[c["reason"] for c in r["changes"]]')" = "['action tag -> reject']" ]
    # of both kinds more are stopped; B stops all that A stops
    [ "$(field 'r["stopped_good"]["a"] < r["stopped_good"]["b"] <= r["labelled"]["good"] and r["passed_bad"]["b"] < r["passed_bad"]["a"] <= r["labelled"]["bad"]')" = True ]
    [ "$(field 'len(r["changes"][0]["examples"])')" = 3 ]
    policy diff "$T/a.conf" "$T/b.conf"
    [[ "$output" == *"action tag -> reject (labelled: "*"... (--verbose lists all)"* ]]
    policy diff --json --verbose "$T/a.conf" "$T/b.conf"
    [ "$(field 'len(r["changes"][0]["examples"]) == r["differ"]')" = True ]
    [ "$before" = "$("$vouch" model verify --config "$T/a.conf" | grep digest)" ]
    [ "$("$vouch" journal cat --config "$T/a.conf" | wc -l)" -eq 1000 ]
}

@test "diff: the same settings judge the same: 0" {
    journal
    policy diff "$T/a.conf" "$T/a.conf"
    [ "$status" -eq 0 ]
    [[ "$output" == *" 0 judged otherwise by B"* ]]
}

@test "diff: --since and --until take a part" {
    journal
    policy diff --json "$T/a.conf" "$T/b.conf"
    all=$(field 'r["messages"]')
    middle=$("$vouch" journal cat --config "$T/a.conf" --kind decision | sed -n 200p | sed 's/.*"time":"\([^"]*\)".*/\1/')
    policy diff --json --until "$middle" "$T/a.conf" "$T/b.conf"
    first=$(field 'r["messages"]')
    policy diff --json --since "$middle" "$T/a.conf" "$T/b.conf"
    [ "$first" -gt 100 ]
    [ "$((first + $(field 'r["messages"]')))" -eq "$all" ]
}

@test "diff: two models, and two versions of one" {
    journal
    policy diff --json --config "$T/a.conf" none "lmdb:$T/model"
    [ "$status" -eq 1 ]
    [ "$(field 'all("because of" in c["reason"] for c in r["changes"])')" = True ]
    policy diff --json --config "$T/a.conf" 1 2
    [ "$status" -eq 1 ]
    policy diff --config "$T/a.conf" 2 2
    [ "$status" -eq 0 ]
    policy diff --config "$T/a.conf" 2 "$T/a.conf"
    [ "$status" -eq 64 ]
}

@test "diff: a model that is not there, a journal that is not there, usage" {
    journal
    policy diff --store fail: "$T/a.conf" "$T/b.conf"
    [ "$status" -eq 69 ]
    policy diff --journal "$T/none" "$T/a.conf" "$T/b.conf"
    [ "$status" -eq 66 ]
    policy diff "$T/a.conf"
    [ "$status" -eq 64 ]
    policy diff --shadow "$T/a.conf"
    [ "$status" -eq 64 ]
    policy diff "$T/a.conf" "$T/none.conf"
    [ "$status" -eq 78 ]
}

@test "diff: a corpus, replayed under both" {
    mkdir "$T/good" "$T/bad"
    for i in 1 2 3 4 5 6 7 8; do
        for kind in good bad; do
            printf 'Received: from %s.example.org ([198.51.100.%d]) by mx.example.com; Sat, 31 Jan 2026 12:%02d:00 +0000\n' \
                $kind $([ $kind = good ] && echo 1 || echo 200) $i >"$T/$kind/$i"
            printf 'From: <%s@%s.example>\nMessage-ID: <%s-%d@example.org>\nSubject: x\n\nx\n' $kind $kind $kind $i >>"$T/$kind/$i"
        done
    done
    echo 'thresholds: { trusted = 0.6; untrusted = 0.45; }; actions: { untrusted = "reject"; };' >"$T/b.conf"
    policy diff --json --verbose --good "$T/good" --bad "$T/bad" "$T/vouch.conf" "$T/b.conf"
    [ "$status" -eq 1 ]
    [ "$(field 'r["messages"], r["labelled"]')" = "(16, {'good': 8, 'bad': 8})" ]
    [ "$(field 'r["stopped_good"]["b"], r["passed_bad"]["b"] < r["passed_bad"]["a"] or r["passed_bad"]["a"] < 8')" = "(0, True)" ]
    [ "$(field 'sorted({e["message_id"].split("-")[0] for c in r["changes"] for e in c["examples"]})[0]')" = bad ]
    policy diff --good "$T/good" --bad "$T/bad" none memory:
    [ "$status" -eq 64 ]
}
