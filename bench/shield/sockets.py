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
import figures
from lab import poll
from ovs import Switch
from vm import VM

SERVER = "10.78.0.2"
CLIENT_MAC, VM_MAC = "02:00:00:78:00:01", "02:00:00:78:00:02"
SIZES = (64, 512, 1472)

UNITS = {
    "TCP": ("Gbit/s", 2),
    "UDP 64 B": ("kpps", 1),
    "UDP 512 B": ("kpps", 1),
    "UDP 1472 B": ("kpps", 1),
    "round trip, median": ("us", 1),
    "round trip, p99": ("us", 1),
    "CPU of the switch, TCP": ("%", 0),
    "CPU of the P4 VM, TCP": ("%", 0),
    "memory of the P4 VM": ("MiB", 1),
    "memory in the switch": ("MiB", 1),
    "start of the P4 VM": ("s", 1),
}


class Namespaces:
    """The server in a namespace of its own."""
    title = "veth ports"

    def __init__(self, build, stack):
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

    def __init__(self, build, stack):
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
    return [["iperf3", "-s"], ["sockperf", "server", "-i", SERVER, "-p", "11111"]]


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
            self._latency()
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
                                  stderr=subprocess.DEVNULL)
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

    def _sockperf(self, seconds):
        return self.client.run(["sockperf", "ping-pong", "-i", SERVER, "-p", "11111", "-t", str(seconds),
                                "--full-rtt"], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True).stdout

    def _latency(self):
        text = poll(lambda: next((t for t in [self._sockperf(self.seconds)] if "percentile 50" in t), None), 20,
                    "sockperf's server")
        for name, mark in (("median", "percentile 50.000"), ("p99", "percentile 99.000")):
            line = next(line for line in text.splitlines() if mark in line)
            self.figures[f"round trip, {name}"] = float(line.split("=")[1])

    def _apart(self):
        """Has the P4 VM processes of its own?"""
        return self.judge and self.config.level != "inline"

    def _memory(self, before):
        """Of a P4 VM with one port: all of its processes, rings included; and what the switch took for it."""
        if self._apart():
            self.figures["memory of the P4 VM"] = sum(configs.stat(pid, "VmRSS") for pid in self.judge.pids())
        self.figures["memory in the switch"] = configs.stat(self.switch.vswitchd_pid, "RssAnon") - before


def measure(build, kind, which, program, rounds, seconds, say):
    """Rounds of all configurations, each round beginning with another."""
    results = []
    with contextlib.ExitStack() as stack:
        end = kind(build, stack)
        for number in range(rounds):
            at = number % len(which)
            results.append({})
            for config in which[at:] + which[:at]:
                say(f"{kind.title}, round {number + 1} of {rounds}: {config.name}")
                turn = Turn(build, config, program, seconds)
                results[-1][config.name] = figures.attempt(lambda turn=turn: turn.measure(end), say)
    return results
