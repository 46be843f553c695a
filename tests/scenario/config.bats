#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vouch config check and show as a person uses them.

setup() {
    T=$(mktemp -d "${TMPDIR:-/tmp}/vouch-config.XXXXXX")
}

teardown() {
    rm -rf "$T"
}

config() {
    run "$VOUCH_BUILDDIR/vouch" config "$@"
    echo "$output"
}

@test "a good file is ok: 0" {
    config check "$VOUCH_SRCDIR/contrib/vouch.conf"
    [ "$status" -eq 0 ]
    [ "$output" = "$VOUCH_SRCDIR/contrib/vouch.conf: ok" ]
}

@test "every mistake is reported with file, line and what would be accepted: 78" {
    cat >"$T/vouch.conf" <<'CONF'
mode = "enforced";
treshold: { trusted = 0.8; };

internal = [ "198.51.100.7/24" ];
CONF
    config check "$T/vouch.conf"
    [ "$status" -eq 78 ]
    [ "${#lines[@]}" -eq 3 ]
    [ "${lines[0]}" = "$T/vouch.conf:1: 'mode' must be \"enforce\" or \"observe\", not \"enforced\"" ]
    [ "${lines[1]}" = "$T/vouch.conf:2: unknown key 'treshold' (did you mean 'thresholds'?)" ]
    [[ "${lines[2]}" == "$T/vouch.conf:4: "*'did you mean "198.51.100.0/24"?' ]]
}

@test "a key of the quarantine that vouch-milter would not take is a mistake: 78" {
    echo "quarantine: { key = \"$T/key\"; };" >"$T/vouch.conf"
    config check "$T/vouch.conf"
    [ "$status" -eq 78 ]
    [[ "$output" == "$T/vouch.conf: quarantine.key: "*"$T/key: No such file or directory; 'openssl rand -hex 32' makes a key"* ]]
    echo 0123456789 >"$T/key"
    config check "$T/vouch.conf"
    [ "$status" -eq 78 ]
    [[ "$output" == *"$T/key:1: not a key: expected 64 hexadecimal digits on a line"* ]]
    printf '%064d\n' 1 >"$T/key"
    chmod 644 "$T/key"
    config check "$T/vouch.conf"
    [ "$status" -eq 78 ]
    [[ "$output" == *"$T/key is open to every user of this host: 'chmod o= $T/key'" ]]
    chmod 640 "$T/key"
    config check "$T/vouch.conf"
    [ "$status" -eq 0 ]
    [ "$output" = "$T/vouch.conf: ok" ]
}

@test "other commands report the same mistakes and do nothing: 78" {
    echo 'mode = "enforced";' >"$T/vouch.conf"
    run "$VOUCH_BUILDDIR/vouch" check --config "$T/vouch.conf" /dev/null
    [ "$status" -eq 78 ]
    [[ "$output" == "$T/vouch.conf:1: 'mode' must be "* ]]
    config show "$T/vouch.conf"
    [ "$status" -eq 78 ]
    [[ "$output" == "$T/vouch.conf:1: 'mode' must be "* ]]
}

@test "a file that cannot be read is one line: 66" {
    config check "$T/none.conf"
    [ "$status" -eq 66 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *"$T/none.conf: No such file or directory" ]]
    config check "$T"
    [ "$status" -eq 66 ]
}

@test "binary data is one line, not a page: 78" {
    head -c 2000 "$VOUCH_BUILDDIR/vouch" >"$T/vouch.conf"
    config check "$T/vouch.conf"
    [ "$status" -eq 78 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *"this is not a text file" ]]
}

@test "show prints all settings as a file that says the same" {
    echo 'thresholds: { trusted = 0.8; }; limits: { body = "2048K"; };' >"$T/vouch.conf"
    "$VOUCH_BUILDDIR/vouch" config show "$T/vouch.conf" >"$T/one.conf"
    grep -q '^    trusted = 0.8;$' "$T/one.conf"
    grep -q '^    body = "2M";$' "$T/one.conf"
    "$VOUCH_BUILDDIR/vouch" config show "$T/one.conf" >"$T/two.conf"
    diff <(tail -n +2 "$T/one.conf") <(tail -n +2 "$T/two.conf")
}

@test "show that cannot write says so: 74" {
    [ -c /dev/full ] || skip "no /dev/full"
    run bash -c '"$VOUCH_BUILDDIR/vouch" config show "$VOUCH_SRCDIR/contrib/vouch.conf" 2>&1 >/dev/full'
    echo "$output"
    [ "$status" -eq 74 ]
    [ "${#lines[@]}" -eq 1 ]
}

@test "usage errors: 64" {
    config
    [ "$status" -eq 64 ]
    config frobnicate
    [ "$status" -eq 64 ]
    config check a b
    [ "$status" -eq 64 ]
    config --frob
    [ "$status" -eq 64 ]
    [ "${#lines[@]}" -eq 2 ]
}
