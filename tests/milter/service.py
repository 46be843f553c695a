# SPDX-License-Identifier: BSD-2-Clause
"""vouch-milter as a service manager sees it: service.py CASE MILTER CONF DIR. Plays the manager's side of sd_notify(3)."""
import ctypes
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
__WALL = 0x40000000
case, milter, conf, work = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)


class Service:
    processes = []

    def __init__(self, name=work + "/notify", **env):
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(name.replace("@", "\0"))
        self.log = open(work + "/milter.log", "w+b")
        self.socket = work + "/notified.sock"
        self.process = subprocess.Popen([milter, "-f", "-c", conf, "-s", "unix:" + self.socket], stderr=self.log,
                                        env={**os.environ, "NOTIFY_SOCKET": name, **env})
        self.processes.append(self.process)
        self.name = name
        self.notes = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        """Always, as a manager does: the kernel keeps ten, and what comes then is lost."""
        while True:
            self.notes.put(dict(line.split("=", 1) for line in self.manager.recv(1000).decode().split("\n")))

    def next(self, seconds=30):
        """The next notification, as a dictionary; {} if none comes in time."""
        try:
            return self.notes.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            return {}

    def until(self, key, seconds=30):
        """Notifications up to one that has key, with it."""
        end, seen = time.monotonic() + seconds, []
        while not seen or key not in seen[-1]:
            assert time.monotonic() < end, "no %s in %s; log: %s" % (key, seen, self.logged())
            seen.append(self.next(end - time.monotonic()))
        return seen

    def logged(self):
        return open(work + "/milter.log").read()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0
        last = self.until("STOPPING")
        if not self.name.startswith("@"):
            os.unlink(self.name)
        return last


def ready():
    for name in work + "/notify", "@vouch-notify-%d" % os.getpid():
        s = Service(name)
        first = s.until("READY")
        assert first == [{"READY": "1", "STATUS": "Serving, 0 messages under way"}], first
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect(s.socket)
        rest = s.stop()
        assert not any("READY" in n or "WATCHDOG" in n for n in rest), rest
    # libmilter, which begins at this moment, must not take the signal for itself
    for _ in range(30):
        s = Service()
        s.until("READY")
        s.stop()


def reload():
    s = Service()
    s.until("READY")
    for mistake in b"", b"nonsense\n":
        with open(conf, "ab") as f:
            f.write(mistake)
        asked = time.monotonic_ns() // 1000
        s.process.send_signal(signal.SIGHUP)
        begun = s.until("RELOADING")[-1]
        assert begun["RELOADING"] == "1" and asked <= int(begun["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000, begun
        assert s.until("READY")[-1]["READY"] == "1"
    assert "the settings stay as they were" in s.logged()
    s.stop()


def ptrace(request, tid):
    if libc.ptrace(request, ctypes.c_long(tid), None, None) != 0:
        if ctypes.get_errno() == 1:  # EPERM
            print("SKIP this host lets nobody trace")
            s.stop()
            sys.exit(0)
        raise OSError(ctypes.get_errno(), "ptrace")


def freeze(tid):
    """Stops a thread, as a deadlock would."""
    ptrace(PTRACE_SEIZE, tid)
    ptrace(PTRACE_INTERRUPT, tid)
    libc.waitpid(tid, None, __WALL)  # it is stopped
    return tid


def freeze_others(pid):
    """All but the main thread, and the one that serves HTTP; those too that come into being meanwhile."""
    frozen = []
    while True:
        tids = {int(t) for t in os.listdir("/proc/%d/task" % pid)} - {pid, *frozen}
        count = len(frozen)
        for t in tids:
            try:
                if not open("/proc/%d/task/%d/comm" % (pid, t)).read().startswith("MHD-"):
                    frozen.append(freeze(t))
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has ended
        if len(frozen) == count:
            return frozen


def thaw(tids):
    for t in tids:
        ptrace(PTRACE_DETACH, t)


def watchdog():
    global s
    s = Service(WATCHDOG_USEC="2000000", WATCHDOG_PID="1")
    s.until("READY")
    assert "WATCHDOG" not in s.next(1.5), "meant for another process"
    s.stop()
    limit = 4  # s
    s = Service(WATCHDOG_USEC=str(limit * 1000000))
    s.until("READY")
    last = time.monotonic()
    for _ in range(6):  # which is longer than the limit
        s.until("WATCHDOG", limit)
        assert time.monotonic() - last < limit
        last = time.monotonic()
    frozen = freeze_others(s.process.pid)
    end = time.monotonic() + 30
    while not (n := s.next(1)).get("STATUS", "").startswith("Stuck: the milter library does not answer"):
        assert time.monotonic() < end, s.logged()
    end = time.monotonic() + limit  # from now on the manager would wait in vain
    while (left := end - time.monotonic()) > 0:
        assert "WATCHDOG" not in s.next(left)
    assert "stuck: the milter library does not answer on our own socket; the service manager will restart us" in s.logged()
    thaw(frozen)
    s.until("WATCHDOG")
    assert "no longer stuck" in s.logged()
    s.stop()


def health(expected):
    """What /healthz and the number say, in time: a status and the page's begin."""
    def get(path):
        http = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        http.settimeout(30)
        http.connect(work + "/metrics.sock")
        http.sendall(b"GET %s HTTP/1.1\r\nHost: vouch\r\n\r\n" % path)
        head, _, page = b"".join(iter(lambda: http.recv(65536), b"")).partition(b"\r\n\r\n")
        return int(head.split()[1]), page

    end = time.monotonic() + 30
    while (seen := get(b"/healthz")) != expected:
        assert time.monotonic() < end, (seen, s.logged())
        time.sleep(0.05)
    assert b"\nvouch_stuck %d\n" % (expected[0] != 200) in get(b"/metrics")[1]
    assert get(b"/readyz")[0] == 200


def healthz():
    global s
    with open(conf, "a") as f:
        f.write('metrics: { listen = "unix:%s/metrics.sock"; };\n' % work)
    s = Service(WATCHDOG_USEC="2000000")
    s.until("WATCHDOG")
    health((200, b"ok\n"))
    frozen = freeze_others(s.process.pid)
    health((503, b"stuck: the milter library does not answer on our own socket\n"))
    thaw(frozen)
    health((200, b"ok\n"))
    frozen = [freeze(s.process.pid)]
    health((503, b"stuck: the main thread does not come back from what it does\n"))
    thaw(frozen)
    health((200, b"ok\n"))
    s.stop()


try:
    {"ready": ready, "reload": reload, "watchdog": watchdog, "healthz": healthz}[case]()
finally:
    for process in Service.processes:
        process.kill()  # which a test that failed leaves behind
