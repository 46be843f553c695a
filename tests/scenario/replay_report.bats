#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vouch replay --report: the page of a corpus whose senders would like to write it themselves. It is read by a strict XML
# parser, and has nothing in it that a browser would load or run.

bats_require_minimum_version 1.5.0

setup_file() {
    export CORPUS=$(mktemp -d "${TMPDIR:-/tmp}/vouch-report.XXXXXX")
    mkdir "$CORPUS/good" "$CORPUS/bad"
    python3 - "$CORPUS" <<'PY'
import email.utils, sys
top = sys.argv[1].encode()
hostile = [b'<script>alert(1)</script>', b'"><img src=http://example.org/x onerror=alert(1)>', b"'&amp;<!--",
           b']]><![CDATA[', '\u202egnp.exe\u2066'.encode(), b'\x1b[31m\x07', b'\xff\xfe\xc0\xbc', b'<' * 65536,
           '\u200b\ufeff\uffff\u2028'.encode(), b'</td></table></main></style></svg>']
with open(top + b'/index', 'wb') as index:
    for i in range(120):
        kind = b'good' if i % 3 else b'bad'
        text = hostile[i % len(hostile)]
        when = email.utils.formatdate(1769860800 + 900 * i).encode()
        name = b'%s/%d<b>&' % (kind, i)
        with open(top + b'/' + name, 'wb') as f:
            f.write(b'Received: from %s (%s [203.0.113.%d]) by mx.example.com; %s\n'
                    b'From: "%s" <"%s"@sender%d.example>\nSubject: %s\n\nhello\n'
                    % (text[:200], text[:200], i % 7, when, text.replace(b'"', b'\\"'), text.replace(b'"', b''), i % 5, text))
        index.write(b'%s %s\n' % (b'ham' if i % 3 else b'spam', name))
PY
}

teardown_file() {
    rm -rf "$CORPUS"
}

setup() {
    T=$(mktemp -d "${TMPDIR:-/tmp}/vouch-report.XXXXXX")
    echo 'thresholds: { trusted = 0.99; };' >"$T/vouch.conf"
}

teardown() {
    rm -rf "$T"
}

replay() {
    run --separate-stderr "$VOUCH_BUILDDIR/vouch" replay --config "$T/vouch.conf" "$@"
    echo "$output"
    echo "$stderr"
}

is_harmless() { # FILE
    python3 - "$1" <<'PY'
import re, sys, unicodedata, xml.etree.ElementTree as tree
text = open(sys.argv[1], encoding='utf-8').read() # strict
allowed = set('''html head meta title style body main header section h1 h2 p dl dt dd div table thead tbody tr th td b bdi
span br details summary figure figcaption svg path rect circle text'''.split())
attributes = set('''lang charset http-equiv content name class scope colspan style viewBox role d x y cx cy r width height
fill-opacity text-anchor'''.split())
for element in tree.fromstring(text).iter():
    assert element.tag in allowed, element.tag
    for name, value in element.attrib.items():
        assert name in attributes, name
        assert 'url(' not in value and '//' not in value, value
    assert element.tag != 'style' or not re.search(r'url|@import|//', element.text)
bad = {c for c in text if c != '\n' and (unicodedata.category(c) in ('Cc', 'Cf', 'Cs', 'Co', 'Cn', 'Zl', 'Zp'))}
assert not bad, bad
PY
}

@test "the page of a hostile corpus is well-formed, loads nothing and runs nothing" {
    replay "$CORPUS/index" --report "$T/report.html"
    [ "$status" -eq 0 ]
    is_harmless "$T/report.html"
    grep -q "120 messages judged in order of time, .* 80 good, 40 bad; 2026-01-31 to 2026-02-01" "$T/report.html"
    grep -q '&lt;script&gt;alert(1)&lt;/script&gt;' "$T/report.html"
    [ "$(wc -c <"$T/report.html")" -lt 1000000 ]
}

@test "the page says what was replayed, and its figures are those on the terminal" {
    replay "$CORPUS/index" --labels 0.5 --seed 7 --ablate --report "$T/report.html"
    [ "$status" -eq 0 ]
    is_harmless "$T/report.html"
    grep -q '<th scope="row">Labels learnt</th><td>50 % of them, drawn by seed 7, each at once after its message' "$T/report.html"
    grep -q 'thresholds.trusted = 0.99<br/>' "$T/report.html"
    grep -q 'labels 0.5 --seed 7 --ablate --report' "$T/report.html"
    grep -q '<h2>Without each kind of evidence</h2>' "$T/report.html"
    loss=$(sed -n 's/^log loss *\([0-9.]*\) .*/\1/p' <<<"$output")
    [ -n "$loss" ]
    grep -q "<th scope=\"row\">log loss</th><td>$loss</td>" "$T/report.html"
}

@test "the same corpus gives the same page" {
    replay "$CORPUS/index" --report "$T/report.html"
    mv "$T/report.html" "$T/first.html"
    replay "$CORPUS/index" --report "$T/report.html"
    cmp "$T/first.html" "$T/report.html"
}

@test "a page that cannot be written is said before anything is judged" {
    replay "$CORPUS/index" --report "$T/none/report.html"
    [ "$status" -eq 73 ]
    [ -z "$output" ]
    [ "$stderr" = "vouch replay: $T/none/report.html: No such file or directory" ]
}
