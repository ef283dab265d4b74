# SPDX-License-Identifier: Apache-2.0
"""Every figure that the README quotes: what a shielded port costs.

Side by side in one run, in turn, round after round:

    plain     Debian's Open vSwitch as it is
    unused    with the hook compiled in, no port shielded
    shielded  the receiver's port shielded by examples/icmp_guard.p4 in a sandboxed P4 VM

A client and a server in namespaces, veth ports (af_packet) with all offloads off, userspace datapath.
Medians over the rounds; a ratio is the median of the rounds' own ratios to `plain`, with the least and
the greatest. The machine's noise is what the ratio of `unused` shows.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests", "lib"))

from lab import P4VM, build_program, poll  # noqa: E402
from ovs import Switch  # noqa: E402

CONFIGS = ("plain", "unused", "shielded")
SERVER = "10.78.0.2"
TICK = os.sysconf("SC_CLK_TCK")

# name: (unit, digits)
FIGURES = {
    "TCP throughput": ("Gbit/s", 2),
    "UDP 64 B": ("kpps", 1),
    "UDP 512 B": ("kpps", 1),
    "UDP 1472 B": ("kpps", 1),
    "UDP round trip, median": ("us", 1),
    "UDP round trip, p99": ("us", 1),
    "switch CPU, TCP": ("%", 0),
    "P4 VM CPU, TCP": ("%", 0),
    "P4 VM memory": ("MiB", 1),
}


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid):
    """Resident MiB, shared ring memory included."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


class Round:
    """One configuration, up, measured, down."""

    def __init__(self, build, config, program, seconds):
        self.build, self.config, self.program, self.seconds = build, config, program, seconds
        self.figures = {}

    def measure(self):
        with tempfile.TemporaryDirectory(prefix="seki-bench-") as workdir:
            os.chmod(workdir, 0o755)
            ovs = "ovs-plain" if self.config == "plain" else "ovs"
            with Switch(self.build, ovs=ovs) as switch:
                self.p4vm = None
                try:
                    self.set_up(switch, workdir)
                    self.run_all(switch)
                finally:
                    if self.p4vm:
                        self.p4vm.stop()
        return self.figures

    def set_up(self, switch, workdir):
        self.client = switch.add_namespace("client", "10.78.0.1/24")
        self.server = switch.add_namespace("server", SERVER + "/24")
        if self.config == "shielded":
            self.p4vm = P4VM(self.build, workdir, "bench", program=self.program)
            switch.shield(self.server.port, self.p4vm.socket)
        poll(lambda: self.client.run(["ping", "-c", "1", "-W", "1", SERVER], check=False).returncode == 0,
             15, "the first ping")

    def run_all(self, switch):
        listener = self.server.popen(["iperf3", "-s"], stdout=subprocess.DEVNULL)
        try:
            poll(lambda: self.client.run(["iperf3", "-c", SERVER, "-n", "1K"], check=False).returncode == 0,
                 15, "iperf3's server")
            self.tcp(switch)
            for size in (64, 512, 1472):
                self.udp(size)
        finally:
            listener.kill()
            listener.wait()
        self.latency()

    def iperf(self, *options):
        run = self.client.run(["iperf3", "-c", SERVER, "-t", str(self.seconds), "-J", *options],
                              stderr=subprocess.DEVNULL)
        return json.loads(run.stdout)["end"]

    def tcp(self, switch):
        pids = {"switch CPU, TCP": switch.vswitchd_pid}
        if self.p4vm:
            pids["P4 VM CPU, TCP"] = self.p4vm.status()["pid"]
        before, start = {name: cpu_seconds(pid) for name, pid in pids.items()}, time.monotonic()
        end = self.iperf()
        spent = time.monotonic() - start
        self.figures["TCP throughput"] = end["sum_received"]["bits_per_second"] / 1e9
        for name, pid in pids.items():
            self.figures[name] = 100 * (cpu_seconds(pid) - before[name]) / spent
        if self.p4vm:
            self.figures["P4 VM memory"] = memory(pids["P4 VM CPU, TCP"])

    def udp(self, size):
        """Delivered packets, whatever the sender could send."""
        total = self.iperf("-u", "-b", "0", "-l", str(size))["sum_received"]
        received = total["packets"] - total["lost_packets"]
        self.figures[f"UDP {size} B"] = received / self.seconds / 1e3

    def latency(self):
        listener = self.server.popen(["sockperf", "server", "-i", SERVER, "-p", "11111"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            def measure(seconds):
                return self.client.run(["sockperf", "ping-pong", "-i", SERVER, "-p", "11111", "-t",
                                        str(seconds), "--full-rtt"], check=False,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            poll(lambda: "percentile 50" in measure(1).stdout, 15, "sockperf's server")
            text = measure(self.seconds).stdout
        finally:
            listener.kill()
            listener.wait()
        for name, mark in (("median", "percentile 50.000"), ("p99", "percentile 99.000")):
            line = next(line for line in text.splitlines() if mark in line)
            self.figures[f"UDP round trip, {name}"] = float(line.split("=")[1])


def median(rounds, config, name):
    values = [r[config][name] for r in rounds if name in r[config]]
    return statistics.median(values) if values else None


def ratio(rounds, config, name):
    """Median of the rounds' ratios to plain, with least and greatest; None where there is none."""
    ratios = [r[config][name] / r["plain"][name] for r in rounds
              if name in r[config] and r["plain"].get(name)]
    return (statistics.median(ratios), min(ratios), max(ratios)) if ratios else None


def table(rounds):
    lines = [f"| {len(rounds)} rounds, medians | " + " | ".join(CONFIGS) +
             " | unused / plain | shielded / plain |", "|---|--:|--:|--:|--:|--:|"]
    for name, (unit, digits) in FIGURES.items():
        cells = []
        for config in CONFIGS:
            value = median(rounds, config, name)
            cells.append("" if value is None else f"{value:.{digits}f} {unit}")
        for config in CONFIGS[1:]:
            found = ratio(rounds, config, name)
            cells.append("" if found is None else "{:.2f} ({:.2f} to {:.2f})".format(*found))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="for each figure (default 3)")
    parser.add_argument("--json", action="store_true", help="print every round's figures as JSON")
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    out = os.path.join(build, "bench")
    os.makedirs(out, exist_ok=True)
    subprocess.run([os.path.join(TOP, "host/ovs/build"), "--plain", os.path.join(build, "ovs-plain")],
                   check=True, stdout=sys.stderr)
    program = build_program(build, os.path.join(TOP, "examples/icmp_guard.p4"),
                            os.path.join(out, "icmp_guard.o"))
    rounds = []
    for number in range(args.rounds):
        figures = {}
        order = CONFIGS[number % 3:] + CONFIGS[:number % 3]  # no configuration always comes first
        for config in order:
            print(f"round {number + 1} of {args.rounds}: {config}", file=sys.stderr, flush=True)
            figures[config] = Round(build, config, program, args.seconds).measure()
        rounds.append(figures)
    with open(os.path.join(out, "shield.json"), "w") as result:
        json.dump(rounds, result, indent=1)
    print(json.dumps(rounds, indent=1) if args.json else table(rounds))


if __name__ == "__main__":
    main()
