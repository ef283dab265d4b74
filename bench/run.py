# SPDX-License-Identifier: Apache-2.0
"""What shielding a port costs, of each isolation level, beside Open vSwitch as it is and the published prototype's
design (bench/shield/configs.py names them). All in one run, in turn, round after round; medians, and in brackets the
median of the rounds' own ratios to OVS(32), or of another configuration that the table names.

    veth, tap     ports that cost system calls: throughput, round trips, processor time, memory
    polled        ports without system calls: what the datapath itself pays
    ring          the hand-off alone, one packet at a time, and many ports and threads

Figures go to BUILD/bench/shield.json, after each turn, so that --resume goes on with a run that was ended; the picture to
BUILD/bench/shield.svg; of some parts only, to files with their names."""
import argparse
import json
import os
import signal
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TOP, "tests", "lib"), os.path.join(TOP, "bench", "shield")]

import configs  # noqa: E402
import plot  # noqa: E402
import polled  # noqa: E402
import report  # noqa: E402
import ring  # noqa: E402
import rounds  # noqa: E402
import sockets  # noqa: E402
from lab import build_program  # noqa: E402

PARTS = ["veth", "tap", "polled", "ring"]


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def prepare(build, names, parts):
    """Builds what is only for the benchmark. Returns the configurations, and the program that judges."""
    subprocess.run(["ninja", "-C", os.path.join(build, "main"), "shield_bench"], check=True, stdout=subprocess.DEVNULL)
    which = [c for c in configs.available(build) if not names or c.name in names]
    if set(parts) != {"ring"}:
        if any(c.ovs == "ovs-plain" for c in which):
            subprocess.run([os.path.join(TOP, "host/ovs/build"), "--plain", os.path.join(build, "ovs-plain")],
                           check=True, stdout=sys.stderr)
        if any(c.ovs in ("ovs-1", "ovs-tcp") for c in which):
            subprocess.run([os.path.join(TOP, "bench/tcp/build"), build], check=True)
    program = build_program(build, os.path.join(TOP, "examples/icmp_guard.p4"),
                            os.path.join(build, "bench", "icmp_guard.o"))
    return which, program


def chosen(build, args, which, program):
    for name in args.only:
        if name in sockets.KINDS:
            yield sockets.Part(name, which, program, args.seconds)
        elif name == "ring":
            yield ring.Part()
        elif polled.has_dpdk(build):
            yield polled.Part(which, args.seconds)
        else:
            say("polled: left out, this Open vSwitch was built without DPDK")


def update_readme(record, names, picture):
    """Puts the tables between the two marks of the README, and the picture beside the documents."""
    path = os.path.join(TOP, "README.md")
    with open(path, encoding="utf-8") as text:
        new = report.between_marks(text.read(), "\n".join(report.report(record, names, spreads=False)))
    with open(path, "w", encoding="utf-8") as text:
        text.write(new)
    with open(os.path.join(TOP, "docs", "shield-bench.svg"), "w", encoding="ascii") as out:
        out.write(picture)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=1, help="for each figure (default 1)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART",
                        help="of " + ", ".join(PARTS))
    parser.add_argument("--configs", nargs="+", choices=[c.name for c in configs.ALL], metavar="NAME",
                        help="of " + ", ".join(c.name for c in configs.ALL))
    parser.add_argument("--resume", action="store_true", help="go on with the run whose figures are there")
    parser.add_argument("--json", action="store_true", help="print every round's figures as JSON")
    parser.add_argument("--readme", action="store_true", help="put tables and picture into the README as well")
    return parser.parse_args()


def main():
    args = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that all is taken down
    build = os.path.abspath(args.build)
    os.makedirs(os.path.join(build, "bench"), exist_ok=True)
    which, program = prepare(build, args.configs, args.only)
    names = [c.name for c in which]
    base = os.path.join(build, "bench", "-".join(["shield", *(args.only if args.only != PARTS else ())]))
    record = rounds.Record(base + ".json", {"seconds": args.seconds, "parts": args.only, "configurations": names})
    if args.resume:
        record.resume()
    rounds.Run(build, list(chosen(build, args, which, program)), args.rounds, record, say).go()
    picture = plot.draw(record.found, names)
    with open(base + ".svg", "w", encoding="ascii") as out:
        out.write(picture)
    if args.readme:
        update_readme(record, names, picture)
    print(json.dumps(record.found, indent=1) if args.json else "\n".join(report.report(record, names, spreads=True)))


if __name__ == "__main__":
    main()
