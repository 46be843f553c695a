# SPDX-License-Identifier: BSD-2-Clause
"""The milters that tests/bench/peers compares: their configuration, their processes, what these cost. All are told of one
DNS server on 127.0.0.1 and listen on a unix socket in the benchmark's directory."""
import os
import shutil
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("VOUCH_BUILDDIR", os.getcwd())
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

VOUCH = """authserv_id = "mx.example.org";
store = "{store}";
dns: {{ servers = [ "127.0.0.1" ]; }};
log: {{ to = "stderr"; }};
learn = {learn};
journal: {{ directory = "{dir}/{name}.journal"; }};
"""
OPENDKIM = """Syslog no
Mode v
Socket local:{dir}/opendkim.sock
PidFile {dir}/opendkim.pid
UMask 000
Nameservers 127.0.0.1
AuthservID mx.example.org
AlwaysAddARHeader yes
OversignHeaders From
"""
OPENDMARC = """Syslog false
Socket local:{dir}/opendmarc.sock
PidFile {dir}/opendmarc.pid
UMask 000
AuthservID mx.example.org
TrustedAuthservIDs mx.example.org
PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat
SPFSelfValidate true
SPFIgnoreResults true
"""
PYSPF = """debugLevel = 0
TestOnly = 0
HELO_reject = Fail
Mail_From_reject = Fail
PermError_reject = False
TempError_Defer = False
skip_addresses = 127.0.0.0/8,::1
InternalHosts = 127.0.0.1
Header_Type = AR
Authserv_Id = mx.example.org
Socket = local:{dir}/pyspf.sock
PidFile = {dir}/pyspf.pid
UserID = root
"""
RSPAMD = """options {{
  filters = "dkim";
  pidfile = "{dir}/rspamd/pid"; tempdir = "{dir}/rspamd";
  cache_file = "{dir}/rspamd/cache"; hs_cache_dir = "{dir}/rspamd/"; dynamic_conf = "{dir}/rspamd/dynamic";
  control_socket = "{dir}/rspamd/control mode=0600";
  url_tld = "/usr/share/rspamd/effective_tld_names.dat";
  dns {{ nameserver = ["127.0.0.1"]; timeout = 1s; }}
}}
logging {{ type = "file"; filename = "{dir}/rspamd/log"; level = "warning"; }}
worker "rspamd_proxy" {{
  bind_socket = "{dir}/rspamd.sock mode=0666"; milter = yes; timeout = 120s; count = {cores};
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
actions {{ reject = 15; add_header = 6; }}
redis {{ servers = "{dir}/rspamd.redis"; }}
spf {{ }} dkim {{ }} dmarc {{ }}
milter_headers {{ use = ["authentication-results"]; }}
reputation {{ rules {{
  ip {{ selector "ip" {{ }} backend "redis" {{ servers = "{dir}/rspamd.redis"; }} symbol = "IP_REPUTATION"; }}
  spf {{ selector "spf" {{ }} backend "redis" {{ servers = "{dir}/rspamd.redis"; }} symbol = "SPF_REPUTATION"; }}
  dkim {{ selector "dkim" {{ }} backend "redis" {{ servers = "{dir}/rspamd.redis"; }} symbol = "DKIM_REPUTATION"; }}
}} }}
group "policies" {{ symbols {{
  R_SPF_ALLOW {{ weight = -0.2; }} R_DKIM_ALLOW {{ weight = -0.2; }} DMARC_POLICY_ALLOW {{ weight = -0.5; }}
  IP_REPUTATION {{ weight = 1; }} SPF_REPUTATION {{ weight = 1; }} DKIM_REPUTATION {{ weight = 1; }}
}} }}
modules {{ path = "/usr/share/rspamd/plugins"; }}
"""

# program; package; its configuration; command; what a field it adds says when all is well; a Redis server of its own
DAEMON = ["{build}/vouch-milter", "-f", "-c", "{dir}/{name}.conf", "-s", "unix:{dir}/{name}.sock"]
PEERS = {
    "null": ("", "", "", ["{build}/tests/bench/null_milter", "{dir}/null.sock"], "none", False),
    "vouch": ("", "", VOUCH, DAEMON, "dkim=pass", True),
    "vouch+learning": ("", "", VOUCH, DAEMON, "dkim=pass", True),
    "vouch-lmdb": ("", "", VOUCH, DAEMON, "dkim=pass", False),
    "opendkim": ("opendkim", "opendkim", OPENDKIM, ["opendkim", "-f", "-x", "{dir}/{name}.conf"], "dkim=pass", False),
    "opendmarc": ("opendmarc", "opendmarc", OPENDMARC, ["opendmarc", "-f", "-c", "{dir}/{name}.conf"], "dmarc=pass", False),
    "pyspf": ("pyspf-milter", "pyspf-milter", PYSPF, ["pyspf-milter", "{dir}/{name}.conf"], "spf=pass", False),
    "rspamd": ("rspamd", "rspamd", RSPAMD,
               ["rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", "{dir}/{name}.conf"], "dkim=pass", True),
}


def missing(name):
    """The packages that a peer lacks here."""
    program, package, _, _, _, redis = PEERS[name]
    lacking = [package] if program and not shutil.which(program) else []
    return lacking + (["redis-server"] if redis and not shutil.which("redis-server") else [])


def until(what, found, pause=0.05):
    """Waits as long as rspamd takes to compile its list of suffixes on a busy machine."""
    deadline = time.monotonic() + 240
    while not found():
        if time.monotonic() > deadline:
            break
        time.sleep(pause)
    else:
        return
    raise SystemExit(f"{what}: waited in vain")


def quietly(command, log):
    with open(log, "w") as out:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)


def end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def stat_of(pid):
    return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()


def tree(root):
    """pid and all its descendants"""
    children = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            children.setdefault(int(stat_of(pid)[1]), []).append(int(pid))
        except OSError:
            pass  # gone
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu(root):
    """Seconds that a process and its descendants spent, those that ended too."""
    total = 0
    for pid in tree(root):
        try:
            total += sum(int(t) for t in stat_of(pid)[11:15])
        except OSError:
            pass
    return total / TICK


class Peer:
    def __init__(self, name, directory):
        self.name, self.directory, self.socket = name, directory, f"{directory}/{name}.sock"
        self.word, self.process, self.redis = PEERS[name][4], None, None

    def start(self):
        """Whatever becomes of it, stop() ends what was begun."""
        name, directory = self.name, self.directory
        _, _, text, command, _, with_redis = PEERS[name]
        names = {"dir": directory, "name": name, "build": BUILD, "cores": os.cpu_count(),
                 "learn": "true" if name == "vouch+learning" else "false",
                 "store": f"redis+unix:{directory}/{name}.redis" if with_redis else f"lmdb:{directory}/{name}.store"}
        with open(f"{directory}/{name}.conf", "w") as out:
            out.write(text.format(**names))
        if with_redis:
            self.start_redis()
        if text is VOUCH:
            self.lay_model(names["store"])
        if text is RSPAMD:
            os.mkdir(f"{directory}/rspamd")
            shutil.chown(f"{directory}/rspamd", "_rspamd", "_rspamd")
            shutil.chown(directory, "_rspamd")  # its socket is made by the user that it becomes
        self.process = quietly([part.format(**names) for part in command], f"{directory}/{name}.log")
        until(f"{name} does not listen (see {directory}/{name}.log)", self.is_ready)
        os.chmod(self.socket, 0o777)
        until(f"{name} does not come to rest", self.rests)

    def rests(self):
        before = cpu(self.process.pid)
        time.sleep(0.5)
        return cpu(self.process.pid) - before < 0.05

    def start_redis(self):
        path = f"{self.directory}/{self.name}.redis"
        self.redis = quietly(["redis-server", "--port", "0", "--unixsocket", path, "--unixsocketperm", "777", "--save", "",
                           "--appendonly", "no", "--dir", self.directory], f"{path}.log")
        until("redis-server", lambda: os.path.exists(path))

    def lay_model(self, store):
        if store.startswith("lmdb:"):
            os.mkdir(store[5:])
        subprocess.run([f"{BUILD}/vouch", "model", "import", "--store", store, f"{self.directory}/model"],
                       check=True, stdout=subprocess.DEVNULL)

    def is_ready(self):
        """A message goes through it: rspamd's workers come up after its socket."""
        if self.process.poll() is not None:
            raise SystemExit(f"{self.name} ended:\n" + open(f"{self.directory}/{self.name}.log").read())
        return os.path.exists(self.socket) and subprocess.run(
            self.load_command(1, 0.01), capture_output=True, check=False).returncode == 0

    def load_command(self, connections, what):
        envelopes = "envelopes-seen" if self.name == "opendmarc" else "envelopes"
        return [f"{BUILD}/tests/bench/load", self.socket, f"{self.directory}/{envelopes}", str(connections), str(what),
                self.word]

    def measure(self, connections, seconds):
        """What a message costs: CPU in us, its own and of its Redis; messages a second; p50 and p99 in ms."""
        before, redis = cpu(self.process.pid), cpu(self.redis.pid) if self.redis else 0
        out = subprocess.run(self.load_command(connections, seconds), check=True, capture_output=True, text=True)
        sent, failed, passed, took, p50, p99 = map(float, out.stdout.split())
        if failed or passed < sent:
            raise SystemExit(f"{self.name}: {sent:.0f} messages, {failed:.0f} failed, {passed:.0f} with {self.word}: "
                             f"no benchmark\n{out.stderr}")
        redis = (cpu(self.redis.pid) - redis) * 1e6 / sent if self.redis else 0
        own = (cpu(self.process.pid) - before) * 1e6 / sent
        return {"own": own, "redis": redis, "cpu": own + redis, "rate": sent / took, "p50": p50 / 1e3, "p99": p99 / 1e3}

    def resident(self):
        """MiB of the process and its descendants"""
        return sum(int(open(f"/proc/{pid}/statm").read().split()[1]) for pid in tree(self.process.pid)) * PAGE / 2**20

    def resident_with(self, connections):
        """MiB while so many connections are held after HELO and two others send mail"""
        holder = subprocess.Popen(self.load_command(connections, "idle"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True)
        if holder.stdout.readline() != "held\n":
            raise SystemExit(f"{self.name}: {connections} connections cannot be held")
        subprocess.run(self.load_command(2, 0.5), check=True, capture_output=True)
        most = self.resident()
        holder.communicate()
        return most

    def stop(self):
        for process in filter(None, [self.process, self.redis]):
            end(process)


def start_dns(directory, zone):
    """A server that knows the zone, on 127.0.0.1 port 53: unbound if there is one, else tests/lib/dnsd.py."""
    if not shutil.which("unbound"):
        server = subprocess.Popen([f"{HERE}/../lib/dnsd.py", "--port", "53", zone], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        server.stdout.readline()
        return server
    lines = [line.strip() for line in open(zone) if line.strip() and not line.startswith("$")]
    with open(f"{directory}/unbound.conf", "w") as out:
        out.write(f'server:\n interface: 127.0.0.1\n port: 53\n username: ""\n chroot: ""\n directory: "{directory}"\n'
                  f' pidfile: "{directory}/unbound.pid"\n use-syslog: no\n module-config: "iterator"\n'
                  ' local-zone: "2.0.192.in-addr.arpa." nodefault\n local-zone: "." static\n')
        out.writelines(f" local-data: '{line}'\n" for line in lines)
    server = quietly(["unbound", "-d", "-c", f"{directory}/unbound.conf"], f"{directory}/unbound.log")
    time.sleep(1)
    if server.poll() is not None:
        raise SystemExit("unbound ended:\n" + open(f"{directory}/unbound.log").read())
    return server
