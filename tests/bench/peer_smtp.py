# SPDX-License-Identifier: BSD-2-Clause
"""Full SMTP: a private Postfix that discards what it takes, fed by smtp-source. It has a port for each chain of milters, so that
they can take turns after a few hundred messages each, and nothing is reloaded or started in between."""
import os
import resource
import shutil
import subprocess
import time
from peer_set import cpu, until

CLIENT, SERVER, PORT = "192.0.2.4", "198.51.100.25", 2525  # in a network of our own: what SPF of alpha.example permits
MAIN = """compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = {dir}/maillog
maillog_file_prefixes = /tmp
myhostname = mx.example.org
mydestination =
relay_domains = example.org
relay_transport = discard:
default_transport = discard:
local_transport = discard:
alias_maps =
local_recipient_maps =
inet_interfaces = all
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
default_process_limit = 200
in_flow_delay = 0
milter_default_action = tempfail
milter_protocol = 6
"""
MASTER = """cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
SMTPD = "{port} inet n - n - - smtpd -o {{ smtpd_milters = {milters} }}\n"
NEEDS = ["postfix", "smtp-source"]


def own_cpu():
    """Seconds that our children spent which have ended: of those, smtp-source."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Postfix:
    def __init__(self, directory, chains, dns):
        """chains: lists of peers. dns: the process of the server that all ask."""
        self.directory, self.chains, self.dns = f"{directory}/postfix", chains, dns
        for part in "etc", "queue", "data":
            os.makedirs(f"{self.directory}/{part}")
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", f"{self.directory}/queue"], check=True)
        shutil.chown(f"{self.directory}/data", "postfix")
        for address in CLIENT, SERVER:
            subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
        subprocess.run(["ip", "route", "replace", "local", SERVER, "dev", "lo", "src", CLIENT, "table", "local"], check=True)
        with open(f"{self.directory}/etc/master.cf", "w") as out:
            out.write(MASTER)
            for i, chain in enumerate(chains):
                out.write(SMTPD.format(port=PORT + i, milters=" ".join(f"unix:{peer.socket}" for peer in chain)))
        with open(f"{self.directory}/etc/main.cf", "w") as out:
            out.write(MAIN.format(dir=self.directory))
        self.message = f"{self.directory}/message"
        with open(f"{directory}/00.eml") as signed, open(self.message, "w") as out:
            out.write(signed.read().replace("\r\n", "\n"))
        self.command("start")
        time.sleep(1)
        for number in range(len(chains)):
            self.send(number, 100)

    def command(self, word):
        subprocess.run(["postfix", "-c", f"{self.directory}/etc", word], check=True, capture_output=True)

    def spent(self, number):
        """Seconds of CPU: of Postfix, of the milters of a chain with their Redis, of all that takes part."""
        postfix = cpu(int(self.pid()))
        milters = sum(cpu(process.pid) for peer in self.chains[number] for process in (peer.process, peer.redis) if process)
        return postfix, milters, postfix + milters + cpu(self.dns.pid) + own_cpu()

    def measure(self, number, messages):
        """Messages a second of 8 clients, until none is left in the queue, and what each costs in us of CPU."""
        before, started = self.spent(number), time.monotonic()
        self.send(number, messages)
        took = time.monotonic() - started
        postfix, milters, everything = [(b - a) * 1e6 / messages for a, b in zip(before, self.spent(number))]
        return {"rate": messages / took, "postfix": postfix, "milters": milters, "cpu": everything}

    def send(self, number, messages):
        subprocess.run(["smtp-source", "-s", "8", "-m", str(messages), "-f", "bounce@alpha.example", "-t",
                        "robin@example.org", "-M", "mail.alpha.example", "-F", self.message, f"inet:{SERVER}:{PORT + number}"],
                       check=True)
        queues = [f"{self.directory}/queue/{name}" for name in ("maildrop", "incoming", "active")]
        until("messages stay in the queue", lambda: not any(map(os.listdir, queues)), 0.005)

    def stop(self):
        self.command("stop")
        until("postfix does not stop", lambda: not os.path.exists(f"/proc/{self.pid()}"))

    def pid(self):
        return open(f"{self.directory}/queue/pid/master.pid").read().strip()
