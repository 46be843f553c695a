# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark's mail: signed messages of ordinary shape, a DNS zone in which all of them pass SPF, DKIM, DMARC and
iprev, and a model that knows most of their senders."""
import base64
import email.utils
import json
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from sign import sign

SIZES = [2500, 4000, 6000, 8000, 11000, 13000, 16000, 22000, 32000, 60000]  # bytes; a mailbox's usual spread
PER_DOMAIN = 3
STRANGERS = 3  # domains that the model does not know
# name, SPF record; {net} is the sender's network
DOMAINS = [
    ("alpha.example", "v=spf1 ip4:{net} -all"),
    ("bravo.example", "v=spf1 include:_spf.bravo.example ~all"),
    ("charlie.example", "v=spf1 mx a:mail.charlie.example -all"),
    ("delta.example", "v=spf1 include:_spf.sender.example include:_spf.delta.example -all"),
    ("echo.example", "v=spf1 a mx include:_spf.echo.example ?all"),
    ("foxtrot.example", "v=spf1 include:_spf.sender.example ip4:{net} ~all"),
    ("golf.example", "v=spf1 redirect=_spf.golf.example"),
    ("hotel.example", "v=spf1 exists:%{{i}}._spf.hotel.example include:_spf.hotel.example -all"),
    ("india.example", "v=spf1 ip4:203.0.113.240/29 include:_spf.sender.example include:_spf.india.example -all"),
    ("juliet.example", "v=spf1 a:mail.juliet.example -all"),
]
WORDS = """the of and to in that for it as was with be by on not this have from which one would all will there their
account invoice project meeting please regards update release schedule report budget customer delivery order
payment support service policy conference registration""".split()


def key_record(path):
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", path, "2048"], check=True, stderr=subprocess.DEVNULL)
    der = subprocess.run(["openssl", "rsa", "-in", path, "-pubout", "-outform", "DER"], check=True,
                         capture_output=True).stdout
    text = "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()
    return f'"{text[:200]}" "{text[200:]}"'


def zone_of(number, domain, spf, key):
    net, host = f"192.0.2.{16 * number}/28", f"192.0.2.{16 * number + 4}"
    reverse = ".".join(reversed(host.split(".")))
    return f"""
{domain}. TXT "{spf.format(net=net)}"
{domain}. TXT "site-verification={number:032x}"
{domain}. MX 10 mail.{domain}.
{domain}. A {host}
_spf.{domain}. TXT "v=spf1 ip4:{net} -all"
{host}._spf.{domain}. A 127.0.0.2
_dmarc.{domain}. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{domain}"
mail.{domain}. A {host}
mail.{domain}. TXT "v=spf1 a -all"
s1._domainkey.{domain}. TXT {key}
{reverse}.in-addr.arpa. PTR mail.{domain}.
"""


def body(rnd, size):
    lines = ["This is a multi-part message in MIME format.", "", "--b", "Content-Type: text/html", ""]
    while size > 0:
        words = " ".join(rnd.choice(WORDS) for _ in range(8))
        lines.append(f'<p style="margin:0;font-size:15px">{words}</p>'[:76])
        size -= len(lines[-1]) + 2
    return "\r\n".join(lines + ["--b--", ""])


def message(rnd, number, domain, size):
    now = time.time() - 600 + number
    fields = [
        f"Received: from app.{domain} (app.{domain} [10.2.3.{number % 250}])\r\n"
        f"\tby mail.{domain} (Postfix) with ESMTPS id {rnd.getrandbits(40):010X}\r\n"
        f"\tfor <robin@example.org>; {email.utils.formatdate(now)}",
        f"Received: by app.{domain} (Postfix, from userid 33)\r\n\tid {rnd.getrandbits(40):010X};"
        f" {email.utils.formatdate(now - 1)}",
        f'From: "Support Team" <sender{number % 5}@{domain}>',
        'To: "Robin Receiver" <robin@example.org>',
        "Subject: " + " ".join(rnd.choice(WORDS) for _ in range(6)),
        f"Date: {email.utils.formatdate(now)}",
        f"Message-ID: <{rnd.getrandbits(64):x}@{domain}>",
        "MIME-Version: 1.0",
        'Content-Type: multipart/alternative;\r\n\tboundary="b"',
        f"Reply-To: reply@{domain}",
        f"List-Unsubscribe: <https://{domain}/u/{rnd.getrandbits(128):x}>,\r\n <mailto:unsubscribe@{domain}>",
        f"List-Id: <list.{domain}>",
        "Precedence: bulk",
        "X-Mailer: BenchMailer 7.1",
        f"X-Campaign-Id: {rnd.getrandbits(160):x}",
        f"X-Report-Abuse: Please report abuse to abuse@{domain}",
        f"Feedback-ID: {number:06x}:{rnd.getrandbits(24):x}:{domain}",
    ]
    return ("\r\n".join(fields) + "\r\n\r\n" + body(rnd, size)).encode()


def model_of(number, domain):
    now = int(time.time())
    keys = [(f"dom:{domain}", "*"), (f"dom:{domain}", f"dkim:{domain}"), (f"dom:{domain}", f"p:dkim:{domain}"),
            (f"dom:{domain}", f"p:net:192.0.2.0/24"), (f"dom:{domain}", f"a:sender{number % 5}@{domain}"),
            ("ip:192.0.2.0/24", "*"), ("ip:192.0.2.0/24", f"h:192.0.2.{16 * number + 4}")]
    return [json.dumps({"group": group, "field": field, "good": 100, "bad": 1, "seen": 101,
                        "first": now - 8640000, "last": now - 3600}) for group, field in keys]


def make(directory):
    """Writes zone, model, envelopes and the messages into directory."""
    rnd = random.Random(7208)
    zone = ["$TTL 86400", '_spf.sender.example. TXT "v=spf1 ip4:198.51.100.0/26 ip6:2001:db8:e::/48 ~all"']
    envelopes, model = [], []
    for number, (domain, spf) in enumerate(DOMAINS):
        key = os.path.join(directory, domain + ".key")
        zone.append(zone_of(number, domain, spf, key_record(key)))
        if number >= STRANGERS:
            model += model_of(number, domain)
    for number in range(PER_DOMAIN * len(DOMAINS)):
        domain = DOMAINS[number % len(DOMAINS)][0]
        size = SIZES[(number + number // len(DOMAINS)) % len(SIZES)]
        path = os.path.join(directory, f"{number:02}.eml")
        with open(path, "wb") as out:
            out.write(sign(message(rnd, number, domain, size), domain, "s1", os.path.join(directory, domain + ".key")))
        second = " sandy@example.org" if number % 4 == 0 else ""
        envelopes.append(f"{path} 192.0.2.{16 * (number % len(DOMAINS)) + 4} mail.{domain} mail.{domain} "
                         f"bounce@{domain} robin@example.org{second}")
    for name, lines in ("zone", zone), ("envelopes", envelopes), ("model", sorted(set(model))):
        with open(os.path.join(directory, name), "w") as out:
            out.write("\n".join(lines) + "\n")
