# SPDX-License-Identifier: Apache-2.0
"""Ports without system calls: packets go round between a ring of DPDK's (net_ring) and one polling thread of Open
vSwitch, through the shield of that port twice a round: as received, and as about to be sent. No generator takes part, and
none is lost: a slow P4 VM holds packets back. So what is measured is the datapath's own cost. Needs Open vSwitch with
DPDK, but no hugepages."""
import contextlib
import json
import os
import subprocess
import tempfile
import time

import figures
from lab import poll
from ovs import Switch

CIRCLING = 256  # packets: eight batches
PORT = "ring0"
DPDK_MIB = 512
PMD_CORE = 1
FRAME = ("ffffffffffff" "020000000001" "0800" "45000032000040004011b6bb0a0000010a000002" "0000000000000000" + "00" * 22)
PROGRAMS = {"cheapest": "cost_0.o", "100 ns": "cost_75.o", "300 ns": "cost_210.o"}

PASSES, CYCLES, ALONE = "shield passes", "cycles of the switch a pass", "one packet at a time, ns a pass"
UNITS = {**{f"{name}, {what}": unit for name in PROGRAMS for what, unit in ((PASSES, ("Mpps", 2)), (CYCLES, ("", 0)))},
         ALONE: ("ns", 0)}


def has_dpdk(build):
    return "DPDK" in subprocess.run([os.path.join(build, "ovs/bin/ovs-vswitchd"), "--version"], capture_output=True,
                                    text=True).stdout


class Turn:
    def __init__(self, build, config, seconds):
        self.build, self.config, self.seconds, self.figures = build, config, seconds, {}

    def measure(self):
        with Switch(self.build, ovs=self.config.ovs, dpdk=DPDK_MIB) as self.switch, \
                tempfile.TemporaryDirectory(prefix="seki-bench-") as self.workdir:
            os.chmod(self.workdir, 0o755)
            self._set_up()
            if self.config.level:
                self._judge()
            else:
                self._measure("cheapest")
                for name in list(PROGRAMS)[1:]:  # there is no program: the same for all
                    for what in (PASSES, CYCLES):
                        self.figures[f"{name}, {what}"] = self.figures[f"cheapest, {what}"]
        return self.figures

    def _judge(self):
        """With each program in turn; loaded into the same P4 VM where it can load."""
        judge = None
        for name, program in PROGRAMS.items():
            path = os.path.join(self.build, "main/bench/shield", program)
            try:
                if hasattr(judge, "load"):
                    judge.load(path)
                else:
                    if judge:
                        self.switch.unshield(PORT)
                        judge.stop()
                    judge = self.config.judge(self.switch, self.build, self.workdir, path)
                    self.switch.shield(PORT, judge.socket, fail="open")  # none is lost before the P4 VM is there
                self._measure(name)
            except BaseException:
                judge.stop()
                raise
        self.switch.unshield(PORT)
        judge.stop()

    def _set_up(self):
        """One packet goes round; the others follow it where it has been measured alone."""
        self.circling = 0
        self.switch.vsctl("set", "Open_vSwitch", ".", f"other_config:pmd-cpu-mask={1 << PMD_CORE:x}")
        self.switch.add_port(PORT, "dpdk", dpdk_devargs="net_ring0")
        # What a thread sends comes back in a queue of its own: the polling thread's in the second.
        self.switch.vsctl("set", "Interface", PORT, "options:n_rxq=2")
        self.switch.flows(f"in_port={PORT},actions=in_port")
        self._circulate(1)

    def _circulate(self, packets):
        path = os.path.join(self.workdir, "packets")
        with open(path, "w", encoding="ascii") as text:
            text.write(f"packet-out in_port=LOCAL,packet={FRAME},actions=output:{PORT}\n" * (packets - self.circling))
        self.switch.ofctl("-O", "OpenFlow14", "bundle", self.switch.bridge, path)
        self.circling = packets

    def _measure(self, name):
        if self.config.level:
            poll(self._judged, 20, "the shield")
        if self.circling == 1:
            self.figures[ALONE] = 1e3 / self._count()[0]
            self._circulate(CIRCLING)
        self.figures[f"{name}, {PASSES}"], self.figures[f"{name}, {CYCLES}"] = self._count()

    def _totals(self):
        """(passed by verdict, passed without one)."""
        port, = json.loads(self.switch.appctl("sekisho/show", "--json", PORT))["ports"]
        counts = [q[way] for q in port["queues"] for way in ("from_vm", "from_network")]
        return sum(c["passed"] for c in counts), sum(sum(c["bypassed"].values()) for c in counts)

    def _judged(self):
        before = self._totals()
        time.sleep(0.1)
        after = self._totals()
        return after[0] > before[0] and after[1] == before[1]

    def _count(self):
        """(millions of passes a second, cycles of the switch a pass)"""
        judged, start = self._totals()[0] if self.config.level else 0, time.monotonic()
        seen = self.switch.perf(self.seconds)[PMD_CORE]
        took = time.monotonic() - start
        passes = self._totals()[0] - judged if self.config.level else 2 * seen["rx"]
        if not passes:
            raise RuntimeError("no packet went round")
        return passes / took / 1e6, seen["cycles_per_packet"] / 2


class Part:
    """All configurations but the hook's without a port that is shielded."""
    name = "polled"

    def __init__(self, which, seconds):
        self.seconds, self.which = seconds, {config.name: config for config in which if config.name != "unused"}
        self.configs = list(self.which)

    @contextlib.contextmanager
    def open(self, build):
        self.build = build
        yield

    def measure(self, config):
        return Turn(self.build, self.which[config], self.seconds).measure()


def beyond_inline(rounds, level, name):
    """Cycles of the switch a pass; None where that was not measured."""
    return figures.difference(rounds, level, "inline", f"{name}, {CYCLES}")
