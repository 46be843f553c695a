#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
exec /usr/bin/python3 -B "$VOUCH_SRCDIR/tests/conformance/spf_suite.py" rfc4408 191
