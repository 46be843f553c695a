#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: avrocat
# Files of our records as a program of others reads them.

setup() {
    T=$(mktemp -d "${TMPDIR:-/tmp}/vouch-record.XXXXXX")
    R=$VOUCH_BUILDDIR/tests/scenario/record_file
    [ -x "$R" ] || skip "cmocka is not installed"
}

teardown() {
    rm -rf "$T"
}

@test "avrocat reads in a file what the records say" {
    "$R" write "$T/a.avro" null
    avrocat "$T/a.avro" >"$T/a.json"
    run "$R" compare <"$T/a.json"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *" records" ]]
}

@test "and in a compressed one" {
    "$R" write "$T/a.avro" deflate
    avrocat "$T/a.avro" >"$T/a.json"
    run "$R" compare <"$T/a.json"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "a changed byte is seen by the comparison" {
    "$R" write "$T/a.avro" null
    avrocat "$T/a.avro" | sed '1s/inbound/outbound/' >"$T/a.json"
    run "$R" compare <"$T/a.json"
    echo "$output"
    [ "$status" -eq 1 ]
}
