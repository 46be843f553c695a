#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""spf_suite.py SUITE CASES: a test suite of openspf (rfc7208 or rfc4408; as many cases as it is known
to have) against the spf module, through the real resolver and a DNS server of its own. TAP, one line
a case.

The suites are not part of this tree: they are looked for where a checkout beside this one has them,
and where Debian's python3-spf puts them.
"""
import gzip
import json
import os
import subprocess
import sys
import tempfile

SRC, BUILD = os.environ["VOUCH_SRCDIR"], os.environ["VOUCH_BUILDDIR"]
DEADLINE_MS = "4000"    # for what never answers; loopback needs a thousandth of it


def skip(reason):
    print("1..0 # SKIP " + reason)
    sys.exit(0)


def load(suite):
    try:
        import yaml
    except ImportError:
        skip("needs python3-yaml")
    for path, opener in (f"{SRC}/../shared/data/spf/{suite}-tests.yml", open), \
            (f"/usr/share/doc/python3-spf/{suite}-tests.yml", open), \
            (f"/usr/share/doc/python3-spf/{suite}-tests.yml.gz", gzip.open):
        if os.path.exists(path):
            with opener(path, "rb") as f:
                return [s for s in yaml.safe_load_all(f) if s]
    return skip(f"{suite}-tests.yml is not at hand (Debian: python3-spf)")


class Server:
    """dnsd.py with one scenario's zone at a time"""

    def __init__(self, folder):
        self.path = os.path.join(folder, "zone.json")
        self.process = subprocess.Popen(
            ["/usr/bin/python3", f"{SRC}/tests/lib/dnsd.py"], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = self.process.stdout.readline().split()[1]

    def load(self, zone):
        with open(self.path, "w", encoding="utf-8") as f:
            json.dump({str(name): rows for name, rows in zone.items()}, f)
        answer = self.command("load " + self.path)
        if answer != "ok":
            sys.exit("Bail out! dnsd.py: " + answer)

    def command(self, line):
        print(line, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def judge(port, cases):
    """[result, terms, voids, queries, explanation, reason] of each"""
    def hexed(text):
        return (text or "").encode("utf-8", "surrogateescape").hex() or "-"
    lines = "".join(f"{c['host']} {hexed(c.get('helo'))} {hexed(c.get('mailfrom'))}\n" for c in cases)
    run = subprocess.run([f"{BUILD}/tests/conformance/spf_judge", f"127.0.0.1@{port}", DEADLINE_MS],
                         input=lines, stdout=subprocess.PIPE, text=True, check=False)
    rows = [line.split("\t") for line in run.stdout.splitlines()]
    if run.returncode or len(rows) != len(cases):
        print(f"# spf_judge ended with {run.returncode}")
        return [["failed", "0", "0", "0", "", ""]] * len(cases)
    return rows


def same_text(expected, got):
    # RFC 7208 s7.4 writes the nibbles of %{i} in lower case, the suites in upper case
    return expected is None or expected.lower() == got.lower()


def within_limits(terms, voids, queries):
    return terms <= 11 and voids <= 3 and queries <= 123    # the one too many is what ends it


def main():
    suite, known = sys.argv[1], int(sys.argv[2])
    scenarios = load(suite)
    total = sum(len(s["tests"]) for s in scenarios)
    print(f"1..{total + 1}")
    print(f"{'ok' if total >= known else 'not ok'} 1 - the suite has {total} cases of {known}")
    number, right = 1, 0
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        for scenario in scenarios:
            server.load(scenario["zonedata"])
            names, cases = list(scenario["tests"]), list(scenario["tests"].values())
            for name, case, row in zip(names, cases, judge(server.port, cases)):
                result, terms, voids, queries, explanation, reason = row
                results = case["result"]
                results = results if isinstance(results, list) else [results]
                good = (result in results and same_text(case.get("explanation"), explanation) and
                        within_limits(int(terms), int(voids), int(queries)))
                number, right = number + 1, right + good
                print(f"{'ok' if good else 'not ok'} {number} - {name}: {result}")
                if not good:
                    print(f"# of: {scenario['description']}\n# wanted: {' or '.join(results)}, "
                          f"{case.get('explanation')!r}\n# got: {result}, {explanation!r} ({reason}), "
                          f"{terms} terms, {voids} voids, {queries} queries", flush=True)
        server.stop()
    print(f"# {suite}: {right} of {total} right")
    sys.exit(right != total or total < known)


if __name__ == "__main__":
    main()
