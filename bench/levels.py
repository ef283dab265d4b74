# SPDX-License-Identifier: Apache-2.0
"""What the isolation level of a P4 VM costs: `process` and `vm` in turn, round after round, each between
the same namespaces as in run.py. Where there is no KVM the virtual machine is emulated: then its figures
are what emulation costs, not what the level does.

    bench/levels.py --build BUILD [--rounds N] [--seconds N]
"""
import argparse
import os
import statistics
import tempfile
import time

from run import SERVER, TOP, Round, build_program, memory, poll
from lab import P4VM

LEVELS = {"process": (), "vm": ("--isolation=vm",)}


class Level(Round):
    def set_up(self, switch, workdir):
        self.client = switch.add_namespace("client", "10.78.0.1/24")
        self.server = switch.add_namespace("server", SERVER + "/24")
        start = time.monotonic()
        self.p4vm = P4VM(self.build, workdir, "bench", program=self.program,
                         options=LEVELS[self.config], ready_s=90)
        self.figures["start to answer, s"] = time.monotonic() - start
        start = time.monotonic()
        switch.shield(self.server.port, self.p4vm.socket)
        poll(lambda: "up" in switch.appctl("sekisho/show", self.server.port), 20, "the shield")
        self.figures["attach, ms"] = 1e3 * (time.monotonic() - start)
        poll(lambda: self.client.run(["ping", "-c", "1", "-W", "1", SERVER], check=False).returncode == 0,
             15, "the first ping")

    def iperf(self, *options):
        """A flood that is more than an emulated machine takes can cost iperf3 its own connection."""
        for _ in range(5):
            end = super().iperf(*options)
            if "sum_received" in end:
                return end
        raise RuntimeError("iperf3 did not get through in 5 attempts")

    def measure(self):
        figures = super().measure()
        figures["P4 VM memory, MiB"] = figures.pop("P4 VM memory") + self.qemu_memory
        return figures

    def run_all(self, switch):
        pid = self.p4vm.status()["pid"]
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            self.qemu_memory = sum(memory(int(child)) for child in children.read().split())
        super().run_all(switch)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    args = parser.parse_args()
    results = {level: [] for level in LEVELS}
    with tempfile.TemporaryDirectory(prefix="seki-bench-") as workdir:
        program = build_program(args.build, os.path.join(TOP, "examples/icmp_guard.p4"),
                                os.path.join(workdir, "program.o"))
        for _ in range(args.rounds):
            for level in LEVELS:
                results[level].append(Level(args.build, level, program, args.seconds).measure())
    print(f"{'':24}" + "".join(f"{level:>12}" for level in LEVELS) + f"{'ratio':>9}")
    for name in results["vm"][0]:
        medians = [statistics.median(r[name] for r in results[level]) for level in LEVELS]
        print(f"{name:24}" + "".join(f"{m:12.2f}" for m in medians)
              + f"{medians[1] / medians[0] if medians[0] else 0:9.2f}")


main()
