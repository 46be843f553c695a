#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""sign.py DOMAIN SELECTOR KEYFILE: writes the message on standard input with a DKIM-Signature (dkimpy, relaxed/relaxed)."""
import sys

import dkim


def sign(text, domain, selector, keyfile):
    """text: the message as bytes with CRLF; the same with a signature"""
    with open(keyfile, "rb") as key:
        signature = dkim.sign(text, selector.encode(), domain.encode(), key.read(),
                              canonicalize=(b"relaxed", b"relaxed"), include_headers=[b"from", b"to", b"subject"])
    return signature + text


if __name__ == "__main__":
    message = sys.stdin.buffer.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    sys.stdout.buffer.write(sign(message, *sys.argv[1:]).replace(b"\r\n", b"\n"))
