#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Nothing is learnt from what vouch itself made of a message: journals that differ in nothing else give the same model.

setup() {
    vouch=$VOUCH_BUILDDIR/vouch
    maker=$VOUCH_BUILDDIR/tests/lib/journal_maker
    [ -x "$maker" ] || skip "built without cmocka"
    d=$(mktemp -d)
    for how in write judge relabel; do
        mkdir "$d/$how"
        "$maker" "$how" "$d/$how" mx1 7 2000
        printf 'journal: { directory = "%s/%s"; };\nstore = "lmdb:%s/%s.model";\n' "$d" "$how" "$d" "$how" >"$d/$how.conf"
        "$vouch" model build --config "$d/$how.conf"
        "$vouch" model export --config "$d/$how.conf" >"$d/$how.jsonl"
        "$vouch" model verify --config "$d/$how.conf" | grep '^digest' >"$d/$how.digest"
    done
}

teardown() {
    rm -rf "$d"
}

@test "other verdicts, the same model; another label, another model" {
    "$vouch" journal cat --config "$d/write.conf" >"$d/write.said"
    "$vouch" journal cat --config "$d/judge.conf" >"$d/judge.said"
    [ "$(wc -l <"$d/write.said")" -eq 2000 ]
    [ "$(wc -l <"$d/judge.said")" -eq 2000 ]
    [ "$(comm -12 <(grep '"kind":"decision"' "$d/write.said" | sort) <(sort "$d/judge.said") | wc -l)" -lt 20 ]
    [ -s "$d/write.jsonl" ]
    cmp "$d/write.jsonl" "$d/judge.jsonl"
    cmp "$d/write.digest" "$d/judge.digest"
    ! cmp "$d/write.digest" "$d/relabel.digest"
    ! cmp -s "$d/write.jsonl" "$d/relabel.jsonl"
}
