#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What building needs is named in three places: contrib/quickstart installs it, README.md lists it, and the Debian package
# depends on it.
set -u
src=${VOUCH_SRCDIR:-.}
. "$src/tests/sync/report.bash"
. "$src/contrib/quickstart/lib.sh"

wanted=$(printf '%s\n' $packages_build | sort)
report "README.md lists what quickstart installs to build" "$(
    diff <(sed -n '/^## Build and install/,/^    autoreconf/p' "$src/README.md" | grep -v autoreconf | tr -s ' \\' '\n' |
        grep -vxE 'apt-get|install|##|Build|and|' | sort) <(echo "$wanted" | grep -vx libc6-dev)
)"
report "the Debian package is built with the same libraries" "$(
    diff <(sed -n '/^Build-Depends:/,/^[A-Z].*: [^d]/p' "$src/contrib/debian/control" | grep -v '<!nocheck>' |
        grep -oE '^ [a-z0-9.-]+' | tr -d ' ' | sort) \
        <(echo "$wanted" | grep -vxE 'gcc|libc6-dev|make|autoconf|automake')
)"
echo "1..$n"
