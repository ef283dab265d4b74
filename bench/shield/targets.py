# SPDX-License-Identifier: Apache-2.0
"""What the figures are to reach, and what they were."""
import configs
import figures
import polled

THROUGHPUT = ("TCP", "UDP 64 B", "UDP 512 B", "UDP 1472 B")


def _ratio(rounds, name, config="process", base=configs.BASE):
    found = figures.ratio(rounds, config, name, base)
    return found and found[0]


def _sockets(found):
    for part, rounds in ((part, found[part]) for part in ("veth", "tap") if part in found):
        for name in THROUGHPUT:
            yield f"{part}: `process` to OVS(32), {name}", _ratio(rounds, name), ">=", 0.95
        for name, most in (("round trip, median", 1.05), ("round trip, p99", 1.2)):
            yield f"{part}: `process` to OVS(32), {name}", _ratio(rounds, name), "<=", most
        memory = [figures.median(rounds, "process", f"memory {where}") for where in ("of the P4 VM", "in the switch")]
        if None not in memory:
            yield f"{part}: MiB for a shielded port, P4 VM included", sum(memory), "<=", 8


def _alone(found):
    ring = found["ring"]
    cheapest = next(iter(ring["hand-off"].values()))
    yield "ring: ns of hand-off a packet beyond the engine in place, batches of 32", cheapest["ns"], "<=", 40
    yield "ring: a packet there and back, to a word in shared memory", ring["trip"]["ratio"], "<=", 3
    first, last = ring["scale"][0], ring["scale"][-1]
    yield f"ring: cost of a packet, {last[0]:g} ports to one, a thread", last[1] / first[1], None, None
    yield f"ring: cost of a packet, {last[0]:g} ports to one, 8 threads", last[2] / first[2], None, None


def _beyond(found):
    """In nanoseconds of the time stamp counter, whose cycles Open vSwitch counts."""
    cycles = polled.beyond_inline(found.get("polled", []), "process", "cheapest")
    handoff = next(iter(found["ring"]["hand-off"].values()))
    return cycles and cycles * handoff["ns"] / handoff["cycles"]


def rows(found):
    """(text, value, comparison or None, limit)."""
    yield from _sockets(found)
    for name in polled.PROGRAMS:
        value = _ratio(found.get("polled", []), f"{name}, shield passes", base="inline")
        yield f"polled: `process` to `inline`, program {name}", value, ">=", 0.6 if name == "cheapest" else 1
    if "ring" in found:
        yield "polled: ns of the switch a pass beyond `inline`, cheapest program", _beyond(found), "<=", 40
    if "ring" in found:
        yield from _alone(found)


def table(found):
    lines = ["| target | here | |", "|---|--:|--:|"]
    for text, value, comparison, limit in rows(found):
        if value is None:
            continue
        met = "" if comparison is None else "met" if (value >= limit if comparison == ">=" else value <= limit) else "missed"
        lines.append(f"| {text}{f' {comparison} {limit:g}' if comparison else ''} | {value:.2f} | {met} |")
    return "\n".join(lines)
