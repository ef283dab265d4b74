# SPDX-License-Identifier: Apache-2.0
"""What the figures are to reach, and what they were."""
import statistics

import configs
import figures
import polled
import ring

THROUGHPUT = ("TCP", "UDP 64 B", "UDP 512 B", "UDP 1472 B")
MEMORY = "memory of the port, both"


def _ratio(rounds, name, config="process", base=configs.BASE):
    found = figures.ratio(rounds, config, name, base)
    return found and found[0]


def one_way(found, base, part="veth"):
    """(microseconds of TCP one way, `process` beyond `base`; that to a word there and back of the same round), medians;
    None where that was not measured. A packet goes to the P4 VM and comes back, so it is compared with just that."""
    pairs = []
    name = "TCP round trip, median"
    for here, alone in zip(found.get(part, []), found.get("ring", [])):
        word = alone.get(ring.HANDOFF, {}).get(ring.WORD_NS)
        if word and name in here.get("process", {}) and name in here.get(base, {}):
            added = (here["process"][name] - here[base][name]) / 2
            pairs.append((added, added * 1e3 / word))
    return tuple(statistics.median(side) for side in zip(*pairs)) if pairs else None


def alone_beyond(found, level="process"):
    """The same for a packet that goes round alone at a polled port: (nanoseconds beyond inline, ratio)."""
    added = figures.difference(found.get("polled", []), level, "inline", polled.ALONE)
    word = figures.median(found.get("ring", []), ring.HANDOFF, ring.WORD_NS)
    return (added, added / word) if added is not None and word else None


def handoff(found, level="process", program="cheapest"):
    """What a polled port pays beyond inline: (cycles of the time stamp counter, nanoseconds, to a memcpy of 54
    bytes); what needs the ring's own figures is None without them."""
    cycles = polled.beyond_inline(found.get("polled", []), level, program)
    if cycles is None:
        return None
    ns, per, copy = (ring.first(found.get("ring", []), column) for column in ("hand-off", "cycles", "/ memcpy"))
    if not ns or not per or not copy:
        return cycles, None, None
    return cycles, cycles * ns / per, cycles * ns / per / (ns / copy)


def _sockets(found):
    for part, rounds in ((part, found[part]) for part in ("veth", "tap") if part in found):
        for name in THROUGHPUT:
            yield f"{part}: `process` to OVS(32), {name}", _ratio(rounds, name), ">=", 0.95
        for name, most in (("round trip, median", 1.05), ("round trip, p99", 1.2)):
            yield f"{part}: `process` to OVS(32), {name}", _ratio(rounds, name), "<=", most
        for level in ("inline", "process", "vm"):
            yield (f"{part}: MiB for a shielded port, `{level}`, P4 VM included", figures.median(rounds, level, MEMORY),
                   "<=", 8)


def _latency(found):
    for base in (configs.BASE, "inline"):
        value = one_way(found, base)
        yield (f"veth: TCP one way, `process` beyond {base}, to a word there and back between two processes",
               value and value[1], "<=", 3)
    value = alone_beyond(found)
    yield ("polled: a packet alone, `process` beyond `inline`, to a word there and back", value and value[1], "<=", 3)
    yield ("ring: a packet alone, to a word there and back",
           figures.median(found.get("ring", []), ring.HANDOFF, ring.TRIP_RATIO), "<=", 3)


def _polled(found):
    for name in polled.PROGRAMS:
        value = _ratio(found.get("polled", []), f"{name}, {polled.PASSES}", base="inline")
        yield f"polled: `process` to `inline`, program {name}", value, ">=", 0.6 if name == "cheapest" else 1
    value = handoff(found)
    yield "polled: ns of the switch a pass beyond `inline`, cheapest program", value and value[1], "<=", 40


def _ring(found):
    rounds = found.get("ring", [])
    here, between = (ring.first(rounds, column) for column in ("in place", "two processes"))
    yield ("ring: ns a packet between two processes, beyond the engine in place, batches of 32",
           between and here and between - here, "<=", 40)
    yield "ring: the same with both ends in one thread", ring.first(rounds, "hand-off"), None, None
    yield from ring.growth(rounds)


def rows(found):
    """(text, value, comparison or None, limit)."""
    for part in (_sockets, _latency, _polled, _ring):
        yield from part(found)


def verdict(value, comparison, limit):
    if comparison is None:
        return ""
    return "met" if (value >= limit if comparison == ">=" else value <= limit) else "missed"


def table(found):
    lines = ["| target | here | |", "|---|--:|--:|"]
    for text, value, comparison, limit in rows(found):
        if value is not None:
            goal = f" {comparison} {limit:g}" if comparison else ""
            lines.append(f"| {text}{goal} | {value:.2f} | {verdict(value, comparison, limit)} |")
    return "\n".join(lines)
