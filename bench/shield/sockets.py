# SPDX-License-Identifier: Apache-2.0
"""Ports that cost system calls: a client in a namespace (veth), and a server behind the port that is shielded, in a
namespace as well or in a virtual machine (tap; QEMU without KVM). Both are read by af_packet, offloads are off."""
import contextlib
import json
import os
import subprocess
import tempfile
import time

import configs
from lab import poll
from ovs import Switch
from vm import VM

SERVER = "10.78.0.2"
CLIENT_MAC, VM_MAC = "02:00:00:78:00:01", "02:00:00:78:00:02"
SIZES = (64, 512, 1472)
SOCKPERF = {"": ["-p", "11111"], "TCP ": ["-p", "11112", "--tcp"]}  # by what stands before the names of its figures

UNITS = {
    "TCP": ("Gbit/s", 2),
    "UDP 64 B": ("kpps", 1),
    "UDP 512 B": ("kpps", 1),
    "UDP 1472 B": ("kpps", 1),
    "round trip, median": ("us", 1),
    "round trip, p99": ("us", 1),
    "TCP round trip, median": ("us", 1),
    "TCP round trip, p99": ("us", 1),
    "CPU of the switch, TCP": ("%", 0),
    "CPU of the P4 VM, TCP": ("%", 0),
    "memory of the P4 VM": ("MiB", 1),
    "memory in the switch": ("MiB", 1),
    "memory of the port, both": ("MiB", 1),
    "start of the P4 VM": ("s", 1),
}
RATIOS = [name for name in UNITS if name.startswith(("TCP", "UDP", "round"))]  # whose spread is of interest


class Namespaces:
    """The server in a namespace of its own."""
    title = "veth ports"

    def __init__(self, _stack):
        self.jobs = []

    def plug(self, switch):
        self.space = switch.add_namespace("server", SERVER + "/24", mac=VM_MAC)
        self.port = self.space.port
        self.jobs = [self.space.popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                     for command in servers()]

    def unplug(self):
        for job in self.jobs:
            job.kill()
            job.wait()


class Machine:
    """The server in a virtual machine, which stays over all rounds."""
    title = "tap port of a virtual machine"

    def __init__(self, stack):
        self.port = f"skbench{os.getpid() % 100000}"
        subprocess.run(["ip", "tuntap", "add", self.port, "mode", "tap"], check=True)
        stack.callback(subprocess.run, ["ip", "link", "del", self.port])
        self.vm = stack.enter_context(VM(taps=[(self.port, VM_MAC)]))
        self.vm.run(f"ip addr add {SERVER}/24 dev eth0 && ip link set eth0 up")
        for command in servers():
            self.vm.start("exec " + " ".join(command) + " >/dev/null 2>&1")

    def plug(self, switch):
        switch._attach(self.port)  # pylint: disable=protected-access  # the tap is there before the switch

    def unplug(self):
        pass


def servers():
    return [["iperf3", "-s"], *(["sockperf", "server", "-i", SERVER, *options] for options in SOCKPERF.values())]


class Turn:
    """One configuration: up, measured, down. `figures` has what was found."""

    def __init__(self, build, config, program, seconds):
        self.build, self.config, self.program, self.seconds = build, config, program, seconds
        self.figures, self.judge = {}, None

    def measure(self, end):
        with tempfile.TemporaryDirectory(prefix="seki-bench-") as workdir, contextlib.ExitStack() as stack:
            os.chmod(workdir, 0o755)
            self.switch = stack.enter_context(Switch(self.build, ovs=self.config.ovs))
            self.client = self.switch.add_namespace("client", "10.78.0.1/24", mac=CLIENT_MAC)
            stack.callback(end.unplug)
            end.plug(self.switch)
            self._answers(["ping", "-c", "1", "-W", "1", SERVER], "the first ping")
            before = configs.stat(self.switch.vswitchd_pid, "RssAnon")
            self._shield(end.port, workdir, stack)
            self._answers(["ping", "-c", "1", "-W", "1", SERVER], "a ping through the shield")
            self._answers(["iperf3", "-c", SERVER, "-n", "1K"], "iperf3's server")
            self._tcp()
            for size in SIZES:
                self._udp(size)
            for kind in SOCKPERF:
                self._latency(kind)
            if self.judge:
                self._memory(before)
        return self.figures

    def _answers(self, command, what):
        poll(lambda: self.client.run(command, check=False).returncode == 0, 20, what)

    def _shield(self, port, workdir, stack):
        start = time.monotonic()
        self.judge = self.config.judge(self.switch, self.build, workdir, self.program)
        if not self.judge:
            return
        stack.callback(self.judge.stop)
        self.figures["start of the P4 VM"] = time.monotonic() - start
        self.switch.shield(port, self.judge.socket)
        poll(lambda: ": up" in self.switch.appctl("sekisho/show", port), 20, "the shield")

    def _iperf(self, *options):
        """A flood that is more than an emulated machine takes can cost iperf3 its own connection."""
        for _ in range(5):
            run = self.client.run(["iperf3", "-c", SERVER, "-t", str(self.seconds), "-J", *options], check=False,
                                  stderr=subprocess.DEVNULL, timeout=self.seconds + 30)
            end = json.loads(run.stdout or "{}").get("end", {})
            if "sum_received" in end:
                return end
        raise RuntimeError("iperf3 did not get through in 5 attempts")

    def _tcp(self):
        pids = {"CPU of the switch, TCP": [self.switch.vswitchd_pid]}
        if self._apart():
            pids["CPU of the P4 VM, TCP"] = self.judge.pids()

        def spent():
            return {name: sum(configs.cpu_seconds(pid) for pid in some) for name, some in pids.items()}
        before, start = spent(), time.monotonic()
        end = self._iperf()
        took = time.monotonic() - start
        self.figures["TCP"] = end["sum_received"]["bits_per_second"] / 1e9
        for name, seconds in spent().items():
            self.figures[name] = 100 * (seconds - before[name]) / took

    def _udp(self, size):
        """Delivered packets, whatever the sender could send."""
        total = self._iperf("-u", "-b", "0", "-l", str(size))["sum_received"]
        self.figures[f"UDP {size} B"] = (total["packets"] - total["lost_packets"]) / self.seconds / 1e3

    def _sockperf(self, options):
        run = self.client.run(["sockperf", "ping-pong", "-i", SERVER, "-t", str(self.seconds), "--full-rtt", *options],
                              check=False, timeout=self.seconds + 30)
        return run.stdout if "percentile 50" in run.stdout else None

    def _latency(self, kind):
        """One packet at a time, there and back."""
        text = poll(lambda: self._sockperf(SOCKPERF[kind]), 20, "sockperf's server")
        for name, mark in (("median", "percentile 50.000"), ("p99", "percentile 99.000")):
            line = next(line for line in text.splitlines() if mark in line)
            self.figures[f"{kind}round trip, {name}"] = float(line.split("=")[1])

    def _apart(self):
        """Has the P4 VM processes of its own?"""
        return self.judge and self.config.level != "inline"

    def _memory(self, before):
        """Of a P4 VM with one port: all of its processes, rings included; and what the switch took for it."""
        there = sum(configs.stat(pid, "VmRSS") for pid in self.judge.pids()) if self._apart() else 0
        here = configs.stat(self.switch.vswitchd_pid, "RssAnon") - before
        if self._apart():
            self.figures["memory of the P4 VM"] = there
        self.figures["memory in the switch"] = here
        self.figures["memory of the port, both"] = there + here


class Part:
    """All configurations at one kind of port; the server behind it stays for a round."""

    def __init__(self, name, which, program, seconds):
        self.name, self.kind, self.program, self.seconds = name, KINDS[name], program, seconds
        self.which = {config.name: config for config in which}
        self.configs = list(self.which)

    @contextlib.contextmanager
    def open(self, build):
        with contextlib.ExitStack() as stack:
            self.build, self.end = build, self.kind(stack)
            yield

    def measure(self, config):
        return Turn(self.build, self.which[config], self.program, self.seconds).measure(self.end)


KINDS = {"veth": Namespaces, "tap": Machine}
