# SPDX-License-Identifier: Apache-2.0
"""What shielding a port costs, of each isolation level, beside Open vSwitch as it is and the published prototype's
design (bench/shield/configs.py names them). All in one run, in turn, round after round; medians, and in brackets the
median of the rounds' own ratios to OVS(32), or of another configuration that the table names.

    veth, tap     ports that cost system calls: throughput, round trips, processor time, memory
    polled        ports without system calls: what the datapath itself pays
    ring          the hand-off alone, one packet at a time, and many ports and threads

Figures go to BUILD/bench/shield.json, the picture to BUILD/bench/shield.svg; of some parts only, to files with
their names."""
import argparse
import json
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TOP, "tests", "lib"), os.path.join(TOP, "bench", "shield")]

import configs  # noqa: E402
import figures  # noqa: E402
import plot  # noqa: E402
import polled  # noqa: E402
import ring  # noqa: E402
import sockets  # noqa: E402
import targets  # noqa: E402
from lab import build_program  # noqa: E402

PARTS = ("veth", "tap", "polled", "ring")
MARKS = ("<!-- figures: bench/run.py --readme -->", "<!-- end of figures -->")
KINDS = {"veth": sockets.Namespaces, "tap": sockets.Machine}


def say(text):
    print(text, file=sys.stderr, flush=True)


def prepare(build, names, parts):
    """Builds what is only for the benchmark. Returns the configurations, and the program that judges."""
    subprocess.run(["ninja", "-C", os.path.join(build, "main"), "shield_bench"], check=True, stdout=subprocess.DEVNULL)
    which = [c for c in configs.available(build) if not names or c.name in names]
    if set(parts) & {"veth", "tap", "polled"}:
        if any(c.ovs == "ovs-plain" for c in which):
            subprocess.run([os.path.join(TOP, "host/ovs/build"), "--plain", os.path.join(build, "ovs-plain")],
                           check=True, stdout=sys.stderr)
        if any(c.ovs in ("ovs-1", "ovs-tcp") for c in which):
            subprocess.run([os.path.join(TOP, "bench/tcp/build"), build], check=True)
    program = build_program(build, os.path.join(TOP, "examples/icmp_guard.p4"),
                            os.path.join(build, "bench", "icmp_guard.o"))
    return which, program


def measure(build, args, which, program):
    found = {}
    for part in args.only:
        if part in KINDS:
            found[part] = sockets.measure(build, KINDS[part], which, program, args.rounds, args.seconds, say)
        elif part == "ring":
            say("the ring alone")
            found[part] = ring.measure(build)
        elif polled.has_dpdk(build):
            found[part] = polled.measure(build, which, args.rounds, args.seconds, say)
        else:
            say("polled: left out, this Open vSwitch was built without DPDK")
    return found


def report(found, names, spreads):
    """The tables, as Markdown."""
    for part, kind in KINDS.items():
        if part in found:
            yield f"**{kind.title[0].upper()}{kind.title[1:]}**; in brackets, to {configs.BASE}:\n"
            yield figures.table(found[part], names, sockets.UNITS, configs.BASE) + "\n"
            if spreads:
                yield figures.spreads(found[part], names, list(sockets.UNITS)[:6], configs.BASE) + "\n"
            yield prototype(found[part])
    if "polled" in found:
        base = "inline" if "inline" in names else configs.BASE
        yield f"**Ports without system calls**; in brackets, to {base}:\n"
        yield figures.table(found["polled"], names, polled.UNITS, base) + "\n"
        yield from polled.report(found["polled"])
    if "ring" in found:
        yield from ring.report(found["ring"])
    yield "**What is to be reached**:\n"
    yield targets.table(found)


def update_readme(found, names, picture):
    """Puts the tables between the two marks of the README, and the picture beside the documents."""
    path = os.path.join(TOP, "README.md")
    with open(path, encoding="utf-8") as text:
        before, rest = text.read().split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    middle = "\n".join(report(found, names, spreads=False))
    with open(path, "w", encoding="utf-8") as text:
        text.write(f"{before}{MARKS[0]}\n{middle}\n{MARKS[1]}{after}")
    with open(os.path.join(TOP, "docs", "shield-bench.svg"), "w", encoding="ascii") as out:
        out.write(picture)


# Of the published prototype: what its ratio was to what.
PUBLISHED = {"round trip, median": [("OVS(1)", "1.60")], "TCP": [("OVS(1)", "0.58")],
             "UDP 1472 B": [("OVS(1)", "0.38"), (configs.BASE, "0.08")]}


def prototype(rounds):
    """Its design's ratios here beside those that were published."""
    parts = []
    for name, bases in PUBLISHED.items():
        for base, published in bases:
            here = figures.ratio(rounds, "TCP", name, base)
            if here:
                parts.append(f"{name} {here[0]:.2f} of {base} (published: {published})")
    return "The published design here: " + ("; ".join(parts) or "not measured") + "\n"


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=1, help="for each figure (default 1)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART",
                        help="of " + ", ".join(PARTS))
    parser.add_argument("--configs", nargs="+", choices=[c.name for c in configs.ALL], metavar="NAME",
                        help="of " + ", ".join(c.name for c in configs.ALL))
    parser.add_argument("--json", action="store_true", help="print every round's figures as JSON")
    parser.add_argument("--readme", action="store_true", help="put tables and picture into the README as well")
    return parser.parse_args()


def main():
    args = options()
    build = os.path.abspath(args.build)
    os.makedirs(os.path.join(build, "bench"), exist_ok=True)
    which, program = prepare(build, args.configs, args.only)
    found = measure(build, args, which, program)
    names = [c.name for c in which]
    base = os.path.join(build, "bench", "-".join(["shield", *(args.only if args.only != PARTS else ())]))
    with open(base + ".json", "w", encoding="ascii") as result:
        json.dump(found, result, indent=1)
    picture = plot.draw(found, names)
    with open(base + ".svg", "w", encoding="ascii") as out:
        out.write(picture)
    if args.readme:
        update_readme(found, names, picture)
    print(json.dumps(found, indent=1) if args.json else "\n".join(report(found, names, spreads=True)))


if __name__ == "__main__":
    main()
