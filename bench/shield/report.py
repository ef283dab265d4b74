# SPDX-License-Identifier: Apache-2.0
"""The tables, as Markdown, and their place in the README."""
import configs
import figures
import polled
import ring
import sockets
import targets

MARKS = ("<!-- figures: bench/run.py --readme -->", "<!-- end of figures -->")

# Of the published prototype: figure, its ratio, to what.
PUBLISHED = (("round trip, median", "OVS(1)", 1.60), ("TCP", "OVS(1)", 0.58), ("UDP 1472 B", "OVS(1)", 0.38),
             ("UDP 1472 B", configs.BASE, 0.08))


def prototype(rounds):
    """The ratios of its design here beside those that were published."""
    lines = ["| the published design (TCP sockets) | here | published |", "|---|--:|--:|"]
    for name, base, published in PUBLISHED:
        found = figures.ratio(rounds, "TCP", name, base)
        if found:
            lines.append(f"| {name}, to {base} | {found[0]:.2f} | {published:.2f} |")
    return "\n".join(lines) + "\n" if len(lines) > 2 else ""


def what_is_missing(missing):
    """A line for each configuration that failed in some rounds: {configuration: {round: reason}}."""
    for config, rounds in missing.items():
        why = next(reversed(rounds.values()))
        yield f"Missing: {config}, {'round' if len(rounds) == 1 else 'rounds'} {', '.join(rounds)}: {why}\n"


def in_words(added_us, ratio):
    """What a packet takes more, or less: who looks on for packets can be ahead of who sleeps."""
    if added_us < 0:
        return f"{-added_us:.1f} us less"
    return f"{added_us:.2f} us more, {ratio:.1f} times a word there and back between two processes of the same run"


def _sockets(found, part, names, spreads):
    rounds, title = found[part], sockets.KINDS[part].title
    yield f"**{title[0].upper()}{title[1:]}**; in brackets, to {configs.BASE}:\n"
    yield figures.table(rounds, names, sockets.UNITS, configs.BASE) + "\n"
    if spreads:
        yield figures.spreads(rounds, names, sockets.RATIOS, configs.BASE) + "\n"
    if prototype(rounds):
        yield prototype(rounds)
    if part == "veth":
        for base in (configs.BASE, "inline"):
            value = targets.one_way(found, base)
            if value:
                yield f"TCP one way, one packet at a time, against {base}: `process` takes {in_words(*value)}.\n"


def _polled(found, names):
    base = "inline" if "inline" in names else configs.BASE
    names = [name for name in names if name != "unused"]
    yield f"**Ports without system calls**; in brackets, to {base}:\n"
    yield figures.table(found["polled"], names, polled.UNITS, base) + "\n"
    lines = ["| what the switch pays a pass, beyond `inline` | cycles | ns | / memcpy of 54 bytes |", "|---|--:|--:|--:|"]
    for level in ("process", "vm"):
        for program in polled.PROGRAMS:
            value = targets.handoff(found, level, program)
            if value:
                cells = ["" if v is None else f"{v:.{digits}f}" for v, digits in zip(value, (0, 1, 1))]
                lines.append(f"| `{level}`, program: {program} | " + " | ".join(cells) + " |")
    if len(lines) > 2:
        yield "\n".join(lines) + "\n"
    for level in ("process", "vm"):
        value = targets.alone_beyond(found, level)
        if value:
            yield (f"A packet that goes round alone, a pass, against `inline`: `{level}` takes "
                   f"{in_words(value[0] / 1e3, value[1])}.\n")


def report(record, names, spreads):
    found, missing = record.found, record.missing
    for part in sockets.KINDS:
        if part in found or part in missing:
            yield from _sockets({**found, part: found.get(part, [])}, part, names, spreads)
            yield from what_is_missing(missing.get(part, {}))
    if "polled" in found or "polled" in missing:
        yield from _polled({**found, "polled": found.get("polled", [])}, names)
        yield from what_is_missing(missing.get("polled", {}))
    if "ring" in found:
        yield from ring.report(found["ring"])
    yield from what_is_missing(missing.get("ring", {}))
    yield "**What is to be reached**:\n"
    yield targets.table(found)


def between_marks(text, middle):
    """The text of a README with other tables between the two marks."""
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    return f"{before}{MARKS[0]}\n{middle}\n{MARKS[1]}{after}"
