# SPDX-License-Identifier: Apache-2.0
"""Ports without system calls: packets go round between a ring of DPDK's (net_ring) and one polling thread of Open
vSwitch, through the shield of that port twice a round: as received, and as about to be sent. No generator takes part, and
none is lost: a slow P4 VM holds packets back. So what is measured is the datapath's own cost. Needs Open vSwitch with
DPDK, but no hugepages."""
import json
import os
import statistics
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

UNITS = {f"{name}, {what}": unit for name in PROGRAMS for what, unit in
         (("shield passes", ("Mpps", 2)), ("cycles of the switch a pass", ("", 0)))}


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
            self._circulate()
            if not self.config.level:
                self._count("cheapest")
                for name in list(PROGRAMS)[1:]:  # there is no program: the same for all
                    for key, value in list(self.figures.items()):
                        self.figures[key.replace("cheapest", name)] = value
                return self.figures
            self._judge()
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
                poll(self._judged, 20, "the shield")
                self._count(name)
            except BaseException:
                judge.stop()
                raise
        self.switch.unshield(PORT)
        judge.stop()

    def _circulate(self):
        self.switch.vsctl("set", "Open_vSwitch", ".", f"other_config:pmd-cpu-mask={1 << PMD_CORE:x}")
        self.switch.add_port(PORT, "dpdk", dpdk_devargs="net_ring0")
        # What a thread sends comes back in a queue of its own: the polling thread's in the second.
        self.switch.vsctl("set", "Interface", PORT, "options:n_rxq=2")
        self.switch.flows(f"in_port={PORT},actions=in_port")
        path = os.path.join(self.workdir, "packets")
        with open(path, "w", encoding="ascii") as text:
            text.write(f"packet-out in_port=LOCAL,packet={FRAME},actions=output:{PORT}\n" * CIRCLING)
        self.switch.ofctl("-O", "OpenFlow14", "bundle", self.switch.bridge, path)

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

    def _count(self, name):
        judged, start = self._totals()[0] if self.config.level else 0, time.monotonic()
        seen = self.switch.perf(self.seconds)[PMD_CORE]
        took = time.monotonic() - start
        passes = self._totals()[0] - judged if self.config.level else 2 * seen["rx"]
        self.figures[f"{name}, shield passes"] = passes / took / 1e6
        self.figures[f"{name}, cycles of the switch a pass"] = seen["cycles_per_packet"] / 2


def beyond_inline(rounds, level, name):
    """Cycles of the switch a pass; None where that was not measured."""
    key = f"{name}, cycles of the switch a pass"
    found = [r[level][key] - r["inline"][key] for r in rounds if key in r.get(level, {}) and key in r.get("inline", {})]
    return statistics.median(found) if found else None


def report(rounds):
    """What the switch itself pays beyond `inline`."""
    for level in ("process", "vm"):
        found = [(name, beyond_inline(rounds, level, name)) for name in PROGRAMS]
        if found[0][1] is not None:
            yield f"`{level}` beyond `inline`, cycles of the switch a pass: " + ", ".join(
                f"{cycles:.0f} ({name})" for name, cycles in found) + "\n"


def measure(build, which, rounds, seconds, say):
    results = []
    which = [c for c in which if c.name != "unused"]
    for number in range(rounds):
        at = number % len(which)
        results.append({})
        for config in which[at:] + which[:at]:
            say(f"ports without system calls, round {number + 1} of {rounds}: {config.name}")
            results[-1][config.name] = figures.attempt(Turn(build, config, seconds).measure, say)
    return results
