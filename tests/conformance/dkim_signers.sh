#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Messages signed just now by dkimpy, libopendkim and opendkim-testmsg, verified by dkim_vectors_test.
if ! /usr/bin/python3 -c 'import dkim, nacl' 2>/dev/null || ! command -v openssl >/dev/null; then
    echo "1..0 # SKIP needs python3-dkim, python3-nacl and openssl"
    exit 0
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
echo "1..2"
# libopendkim leaks when it signs
if ASAN_OPTIONS=detect_leaks=0 /usr/bin/python3 "$VOUCH_SRCDIR/tests/lib/dkim-vectors" "$dir" "$VOUCH_BUILDDIR/tests/lib/opendkim_sign" \
    >"$dir/log" 2>&1; then
    echo "ok 1 - every signer signs"
else
    echo "not ok 1 - every signer signs"
    sed 's/^/# /' "$dir/log"
fi
if VOUCH_DKIM_VECTORS=$dir "$VOUCH_BUILDDIR/tests/unit/dkim_vectors_test" >"$dir/log" 2>&1; then
    echo "ok 2 - every signature is judged as expected"
else
    echo "not ok 2 - every signature is judged as expected"
fi
sed -n 's/^#* */# /p' "$dir/log"
