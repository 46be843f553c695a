#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints a TCP port of 127.0.0.1 that nobody listens on, for a server that is told its port, or is to have it again. It is
below those that the kernel gives to whoever asks for any, of which another test may get the same one meanwhile."""
import random
import socket


def free_port():
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
            end = int(f.read().split()[0])
    except OSError:
        end = 32768
    for port in random.sample(range(10000, max(end, 20000)), 1000):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
    raise OSError("no port is free")


if __name__ == "__main__":
    print(free_port())
