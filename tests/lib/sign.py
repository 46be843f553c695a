#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""sign.py DOMAIN SELECTOR KEYFILE: writes the message on standard input with a DKIM-Signature (dkimpy, relaxed/relaxed)."""
import sys

import dkim

domain, selector, key = sys.argv[1:]
text = sys.stdin.buffer.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
signature = dkim.sign(text, selector.encode(), domain.encode(), open(key, "rb").read(),
                      canonicalize=(b"relaxed", b"relaxed"), include_headers=[b"from", b"to", b"subject"])
sys.stdout.buffer.write((signature + text).replace(b"\r\n", b"\n"))
