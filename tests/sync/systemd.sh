#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The unit: systemd takes all that is in it, and finds the service as closed as the unit says.
set -u
src=${VOUCH_SRCDIR:-.} build=${VOUCH_BUILDDIR:-.}
. "$src/tests/sync/report.bash"

skip() { # REASON
    echo "1..0 # SKIP $1"
    exit
}
version=$(systemd-analyze --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
[ -n "$version" ] || skip "systemd-analyze is not installed"
[ "$version" -ge 252 ] || skip "systemd-analyze of $version cannot look at a file"

unit=$src/contrib/systemd/vouch-milter.service
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
sed "s|=/usr/sbin/|=$(realpath "$build")/|" "$unit" >"$dir/vouch-milter.service"
report "systemd-analyze verify has nothing to say" "$(
    systemd-analyze verify --man=no --recursive-errors=no "$dir/vouch-milter.service" 2>&1 || echo "status $?"
)"

# later ones look at more, and weigh it otherwise
stated=$(sed -n "s/^# \"systemd-analyze security --offline=yes\" ($version) gives \([0-9.]*\);.*/\1/p" "$unit")
if [ -z "$stated" ]; then
    n=$((n + 1))
    echo "ok $n - the exposure is what the unit states # SKIP it states none for systemd $version"
else
    is=$(systemd-analyze security --offline=yes --no-pager "$dir/vouch-milter.service" 2>&1)
    report "the exposure is what the unit states, or less: $stated" "$(
        sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p' <<<"$is" |
            awk -v stated="$stated" '$1 <= stated { well = 1 } END { exit !well }' || grep -v '^✓' <<<"$is"
    )"
fi
echo "1..$n"
