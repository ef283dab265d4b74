# SPDX-License-Identifier: Apache-2.0
"""Sixty-four ports of a tenant on one P4 VM with four workers: ports come and go under traffic, and what is shown of
each port is its own."""
import collections
import contextlib
import json
import os
import socket
import subprocess
import time

import pytest

from lab import P4VM, poll
from ovs import Switch

PORTS = 64
WORKERS = 4
GUESTS = range(48, PORTS)  # those that come and go
TYPE = 0x88B5


class Many(contextlib.ExitStack):
    """The ports, each with a raw socket; what a port sends comes out of its neighbour, of the number i ^ 1."""

    def __init__(self, build, folder):
        super().__init__()
        self.names = []
        self.callback(self._delete)  # once the switch is gone
        self.switch = self.enter_context(Switch(build))
        self.p4vm = P4VM(build, folder, "many", options=("--workers", str(WORKERS), "--no-program", "pass"))
        self.callback(self.p4vm.stop)
        self.names = [f"{self.switch.tag}p{i}" for i in range(PORTS)]
        self.sockets = {}
        self.sent = collections.Counter()
        flows = "".join(f"in_port={i + 1},actions=output:{(i ^ 1) + 1}\n" for i in range(PORTS))
        subprocess.run([self.switch.program("ovs-ofctl"), "del-flows", self._bridge()], check=True,
                       env=self.switch.env)
        subprocess.run([self.switch.program("ovs-ofctl"), "add-flows", self._bridge(), "-"], check=True, text=True,
                       input=flows, env=self.switch.env)
        assert self.change(range(PORTS), add=True).wait(60) == 0
        self.open(range(PORTS))

    def _bridge(self):
        return f"unix:{self.switch.dir}/{self.switch.bridge}.mgmt"

    def _delete(self):
        """The devices, which ovs-vswitchd makes persistent."""
        there = os.listdir("/sys/class/net")
        subprocess.run(["ip", "-batch", "-"], text=True, check=True,
                       input="".join(f"link delete {name}\n" for name in self.names if name in there))

    def change(self, ports, add):
        """ovs-vsctl, at work."""
        argv = [self.switch.program("ovs-vsctl"), f"--db={self.switch.db}"]
        for i in ports:
            name = self.names[i]
            argv += ["--", "add-port", self.switch.bridge, name, "--", "set", "Interface", name, "type=internal",
                     f"ofport_request={i + 1}", f"other_config:sekisho={self.p4vm.socket}"] if add else \
                    ["--", "del-port", name]
        return subprocess.Popen(argv, env=self.switch.env)

    def open(self, ports):
        """Once they are up and judged."""
        names = [self.names[i] for i in ports]
        quiet = [f"net.ipv6.conf.{name}.disable_ipv6=1" for name in names]
        subprocess.run(["sysctl", "-qw", *quiet], check=True)
        subprocess.run(["ip", "-batch", "-"], input="".join(f"link set {name} up\n" for name in names), text=True,
                       check=True)
        for i in ports:
            self.sockets[i] = self.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                                               socket.htons(TYPE)))
            self.sockets[i].bind((self.names[i], TYPE))
            self.sockets[i].settimeout(10)
        poll(lambda: len(self.up()) == PORTS, 30, "all ports to be attached")

    def up(self):
        shown = json.loads(self.switch.appctl("sekisho/show", "--json"))
        return [p["port"] for p in shown["ports"] if p["queues"] and all(q["state"] == "up" for q in p["queues"])]

    def send(self, ports, number):
        """A frame from each of the ports, and each arrives where it is to, unchanged."""
        for i in ports:
            self.sockets[i].send(self._frame(i, number))
            self.sent[self.names[i]] += 1
        for i in ports:
            assert self.sockets[i ^ 1].recv(2048) == self._frame(i, number)

    @staticmethod
    def _frame(i, number):
        return bytes.fromhex(f"ffffffffffff0200000000{i:02x}{TYPE:04x}") + number.to_bytes(4, "big") + bytes(46)

    def top(self):
        run = subprocess.run([self.p4vm.sekisho, "shield", "top", "--once", "--json",
                              f"--switch={self.switch.dir}/ovs-vswitchd.ctl"], env=self.p4vm.env, check=True,
                             capture_output=True, text=True, timeout=60)
        return {port["port"]: port for port in json.loads(run.stdout)["ports"]}


@pytest.fixture
def many(build, tmp_path):
    with Many(build, str(tmp_path)) as running:
        yield running


def test_ports_of_one_p4vm(many):
    # Each worker has its share of them.
    queues = many.p4vm.status()["queues"]
    assert collections.Counter(q["worker"] for q in queues) == {w: PORTS // WORKERS for w in range(WORKERS)}
    assert {q["port"] for q in queues} == set(many.names)
    number = 0
    for number in range(20):
        many.send(range(PORTS), number)

    # Ports go and come back; the others lose nothing, and nothing of theirs is another's.
    stay = [i for i in range(PORTS) if i not in GUESTS]
    began = time.monotonic()
    rounds = 0
    for _ in range(2):
        for add in (False, True):
            change = many.change(GUESTS, add)
            while change.poll() is None:
                number += 1
                rounds += 1
                many.send(stay, number)
            assert change.returncode == 0
            if add:
                many.open(GUESTS)
    for extra in range(5):
        many.send(range(PORTS), number + 1 + extra)
    print(f"{PORTS} ports, {WORKERS} workers: {len(GUESTS)} ports went and came twice in "
          f"{time.monotonic() - began:.1f} s; {rounds * len(stay)} packets of the others meanwhile, none lost")

    # What is shown of each: all of those that stayed, since their return of the others.
    shown = many.top()
    told = {q["port"]: q for q in many.p4vm.status()["queues"]}
    assert set(shown) == set(told) == set(many.names)
    for i, name in enumerate(many.names):
        sent = 5 if i in GUESTS else many.sent[name]
        assert shown[name]["sum"]["from_vm"] == shown[name]["sum"]["from_network"] == sent, name
        assert shown[name]["sum"]["dropped"] == 0
        assert told[name]["packets"] == told[name]["passed"] == 2 * sent
    metrics = many.p4vm.shield("metrics", f"--switch={many.switch.dir}/ovs-vswitchd.ctl", check=False).stdout
    assert all(f'port="{name}"' in metrics for name in many.names)
