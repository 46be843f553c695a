#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Nothing waits for ever for a test: tests/lib/deadline ends it with all it started, and says what it was doing.
set -u
src=${VOUCH_SRCDIR:-.}
. "$src/tests/sync/report.bash"
deadline=$src/tests/lib/deadline
[ -x /usr/bin/python3 ] || { echo "1..0 # SKIP /usr/bin/python3 is not installed"; exit 0; }

unless() { # TEST...: a problem, unless it holds
    [ "$@" ] || echo "not so: $*"
}

said=$("$deadline" 60 quick sh -c 'echo well; exit 7')
report "a test that ends: its output and its exit status" "$(unless $? = 7; unless "${said%%# quick took *}" = "well
")"

# a daemon that has left its process group and keeps the output open
said=$("$deadline" 1 slow sh -c 'echo begun; setsid sleep 1001 & exec sleep 1002')
status=$?
report "a test that does not end, and its daemon, are ended" "$(
    unless $status = 124
    for seconds in 1001 1002; do
        pid=$(printf '%s\n' "$said" | sed -n "s/^# process \([0-9]*\), parent [0-9]*: sleep $seconds$/\1/p")
        unless -n "$pid"
        unless ! -d "/proc/${pid:-none}"
    done
)"
report "and its output says so" "$(
    unless "$(printf '%s\n' "$said" | grep -c -e '^begun$' -e '^Bail out! slow did not end within 1 s$')" = 2
)"
echo "1..$n"
