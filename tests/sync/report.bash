# SPDX-License-Identifier: BSD-2-Clause
# TAP for the scripts beside this one: one line for what was looked at, well if no problem was found.
n=0

report() { # NAME PROBLEMS
    n=$((n + 1))
    if [ -z "$2" ]; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        printf '%s\n' "$2" | sed 's/^/# /'
    fi
}
