# SPDX-License-Identifier: Apache-2.0
"""The hook in polling datapath threads: a queue for each thread, threads that come and go. The ports are
Open vSwitch's own test ports (dummy-pmd): packets come in by appctl and go out into a file."""
import json
import os

import pytest

import icmp
from lab import P4VM, InlineP4VM, build_program, poll
from ovs import Switch

PASS = """
#include <core.p4>
#include <ubpf_model.p4>
struct headers {}
struct metadata {}
parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
    state start { transition accept; } }
control pipe(inout headers h, inout metadata m, inout standard_metadata s) { apply { } }
control dprs(packet_out p, in headers h) { apply { } }
ubpf(prs(), pipe(), dprs()) main;
"""
FRAME = icmp.ethernet("ff:ff:ff:ff:ff:ff", "02:00:00:00:00:01", b"x" * 46, ethertype=0x88b5)


class PollingSwitch(Switch):
    """With one polling thread on core 0 and two ports that it polls."""

    def start_vswitchd(self):
        self.vswitchd = self._start("ovs-vswitchd", self.db, "--disable-system", "--enable-dummy")
        self._wait(lambda: os.path.exists(f"{self.dir}/ovs-vswitchd.ctl"), "ovs-vswitchd's socket")

    def poll_on(self, core):
        self.vsctl("set", "Open_vSwitch", ".", f"other_config:pmd-cpu-mask={1 << core:x}")

    def add_dummy(self, name):
        self.vsctl("add-port", self.bridge, name, "--", "set", "Interface", name, "type=dummy-pmd",
                   f"options:tx_pcap={self.dir}/{name}.pcap")

    def receive(self, port, frame, count):
        for _ in range(count):
            self.appctl("netdev-dummy/receive", port, frame.hex())

    def sent(self, port):
        """Bytes of packets that a port sent, so far."""
        return os.path.getsize(f"{self.dir}/{port}.pcap")

    def queues(self, thread):
        port, = json.loads(self.appctl("sekisho/show", "--json", "vm"))["ports"]
        return [q for q in port["queues"] if q["thread"] == thread]

    def queue(self, thread):
        return next(iter(self.queues(thread)), None)

    def wait_up(self, thread):
        poll(lambda: (self.queue(thread) or {}).get("state") == "up", 10, f"{thread}'s queue")


@pytest.fixture
def switch(build):
    with PollingSwitch(build) as switch:
        switch.poll_on(0)
        switch.add_dummy("vm")
        switch.add_dummy("net")
        yield switch


@pytest.fixture
def p4vm(build, tmp_path):
    os.chmod(tmp_path, 0o755)
    (tmp_path / "pass.p4").write_text(PASS)
    program = build_program(build, str(tmp_path / "pass.p4"), str(tmp_path / "pass.o"))
    p4vm = P4VM(build, str(tmp_path), "pmd", program=program)
    yield p4vm
    p4vm.stop()


def forwarded(switch, source, target, count=5):
    """Are frames that come in at one port sent by the other?"""
    before = switch.sent(target)
    switch.receive(source, FRAME, count)
    poll(lambda: switch.sent(target) >= before + count * (len(FRAME) + 16), 5, "the packets")


@pytest.mark.skipif(os.cpu_count() < 2, reason="needs two cores to poll on")
def test_threads_come_and_go(switch, p4vm):
    switch.shield("vm", p4vm.socket)
    for core in (0, 1, 0):
        thread = f"pmd-{core}"
        switch.poll_on(core)
        switch.wait_up(thread)
        before = switch.queue(thread)
        forwarded(switch, "vm", "net")
        forwarded(switch, "net", "vm")
        queue = switch.queue(thread)
        for side in ("from_vm", "from_network"):
            assert queue[side]["passed"] - before[side]["passed"] == 5, queue
            assert queue[side]["dropped"] == {}, queue
        poll(lambda: switch.queue(f"pmd-{1 - core}") is None
             or switch.queue(f"pmd-{1 - core}")["state"] == "down", 5, "the other thread's queue to end")
    switch.unshield("vm")
    poll(lambda: switch.appctl("sekisho/show") == "no port is shielded\n", 5, "the shield to be gone")
    forwarded(switch, "vm", "net")


@pytest.mark.skipif(os.cpu_count() < 2, reason="needs two cores to poll on")
def test_killed_under_a_polling_thread(switch, p4vm):
    switch.shield("vm", p4vm.socket, fail="open")
    switch.wait_up("pmd-0")
    for _ in range(2):
        p4vm.stop()
        poll(lambda: switch.queue("pmd-0")["state"] == "down", 5, "the loss")
        forwarded(switch, "vm", "net")
        p4vm.start()
        switch.wait_up("pmd-0")
        forwarded(switch, "vm", "net")
    assert switch.queue("pmd-0")["from_vm"]["bypassed"] == {"down": 10}


def test_lanes_of_a_polling_thread(switch, p4vm):
    """Their number changes; what is in flight comes out, and all but the first are given back."""
    for lanes in (3, 1, 2):
        switch.shield("vm", p4vm.socket, workers=lanes)
        poll(lambda: [q["lane"] for q in switch.queues("pmd-0") if q["state"] == "up"] == list(range(lanes)),
             10, "the lanes")
        for source, target in (("vm", "net"), ("net", "vm")) * 2:
            forwarded(switch, source, target)


@pytest.mark.skipif(os.cpu_count() < 2, reason="needs two cores to poll on")
def test_inside_the_switch(switch, build, p4vm, tmp_path):
    """Threads take seats and leave them, programs change meanwhile, and at the end all notice."""
    program = str(tmp_path / "pass.o")
    inside = InlineP4VM(switch, build, str(tmp_path), "inside", program=program)
    switch.shield("vm", inside.socket)
    for core in (0, 1, 0):
        switch.poll_on(core)
        switch.wait_up(f"pmd-{core}")
        for source, target in (("vm", "net"), ("net", "vm")):
            forwarded(switch, source, target)
        inside.load(program)
    assert sum(q["packets"] for q in inside.status()["queues"]) >= 10
    inside.stop()
    poll(lambda: switch.queue("pmd-0")["state"] == "down", 5, "the end to be noticed")
    switch.shield("vm", p4vm.socket)
    switch.wait_up("pmd-0")
    forwarded(switch, "vm", "net")
