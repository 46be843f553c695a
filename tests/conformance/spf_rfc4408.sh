#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
exec /usr/bin/python3 "$VOUCH_SRCDIR/tests/conformance/spf_suite.py" rfc4408 191
