#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The published attacks on libspf2, through the real resolver: records that smash the stack of its
macro compiler (CVE-2023-42118), and includes that multiply (597,871 questions about one mail when
the library counts). TAP.
"""
import tempfile
from spf_suite import Server, judge

SMASHER = "%{i}" * 127 + "A" * 3700
BOMB = "v=spf1 " + " ".join(f"include:{i}.%{{d}}" for i in range(1, 10)) + " ?all"
ZONE = {
    "mechanism.example.com": [{"TXT": f"v=spf1 exists:{SMASHER}.example.com -all"}],
    "modifier.example.com": [{"TXT": f"v=spf1 exp={SMASHER}.example.com -all"}],
    "explained.example.com": [{"TXT": "v=spf1 -all exp=why.example.com"}],
    "why.example.com": [{"TXT": SMASHER}],
    "bomb.example.com": [{"TXT": BOMB}],
    "*.bomb.example.com": [{"TXT": BOMB}],
}
CASES = (  # domain, result, most questions the DNS server may see (a large answer is asked for twice)
    ("mechanism.example.com", "permerror", 2),
    ("modifier.example.com", "permerror", 2),
    ("explained.example.com", "fail", 3),
    ("bomb.example.com", "permerror", 11),
)


def main():
    print(f"1..{len(CASES)}")
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        server.load(ZONE)
        for number, (domain, expected, most) in enumerate(CASES, 1):
            server.command("reset")
            case = {"host": "192.0.2.1", "helo": "mail.example.com", "mailfrom": "user@" + domain}
            result, _, _, _, explanation, reason = judge(server.port, [case])[0]
            asked = int(server.command("count").split()[1])
            good = result == expected and explanation == "DEFAULT" and 0 < asked <= most
            wrong += not good
            print(f"{'ok' if good else 'not ok'} {number} - {domain}: {result} after {asked} questions")
            if not good:
                print(f"# wanted {expected} after at most {most} questions; got: {explanation!r}, {reason}")
        server.stop()
    raise SystemExit(wrong != 0)


if __name__ == "__main__":
    main()
