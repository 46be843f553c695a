#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# vouch check under valgrind: no error, no leak, from DNS by zone file and by a server, with and without a signature.
set -u
if [ -n "${VOUCH_SANITIZED:-}" ]; then
    echo "1..0 # SKIP valgrind does not go with sanitizers"
    exit 0
fi
if ! command -v valgrind >/dev/null; then
    echo "1..0 # SKIP valgrind is not installed"
    exit 0
fi
scenario=$VOUCH_SRCDIR/tests/scenario
dkim=$VOUCH_SRCDIR/tests/unit/data/dkim
log=$(mktemp "${TMPDIR:-/tmp}/vouch-valgrind.XXXXXX")
trap 'rm -f "$log"; [ -z "${dns:-}" ] || kill "$dns"' EXIT
n=0

clean() { # NAME ARGUMENT...
    local name=$1
    shift
    n=$((n + 1))
    valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
        --log-file="$log" "$VOUCH_BUILDDIR/vouch" check --store "memory:$scenario/model.jsonl" "$@" >/dev/null 2>&1
    if [ $? -lt 6 ] && [ ! -s "$log" ]; then
        echo "ok $n - $name"
    else
        echo "not ok $n - $name"
        sed 's/^/# /' "$log"
    fi
}

echo "1..4"
clean "messages, explained" --zone "$scenario/zone" "$scenario"/{good,unknown,forged}.eml
clean "messages, JSON" --zone "$scenario/zone" --json "$scenario"/{good,unknown,forged}.eml
clean "signed messages" --zone "$dkim/keys.zone" "$dkim"/{dkimpy-plain,opendkim-plain,dkimpy-length,opendkim-sha1}.eml
coproc DNS { /usr/bin/python3 "$VOUCH_SRCDIR/tests/lib/dnsd.py" "$scenario/zone"; }
dns=$DNS_PID
read -r _ port <&"${DNS[0]}"
clean "a DNS server" --dns "127.0.0.1@$port" "$scenario"/{good,unknown,forged}.eml
