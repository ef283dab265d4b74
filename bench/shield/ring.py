# SPDX-License-Identifier: Apache-2.0
"""The ring alone (bench/ring): what it adds to a program, what a single packet takes beside a word that crosses
between two processes, and how that grows with ports and threads. A figure is named by its row and its column in the
Markdown tables that these programs print, whatever tables they are."""
import contextlib
import os
import re
import subprocess

import figures

HANDOFF, SCALE = "ring_bench", "scale_bench"
TITLES = {HANDOFF: "The hand-off alone", SCALE: "Many ports and datapath threads"}
TRIP = re.compile(r"one packet at a time, there and back: (\d+) ns .*shared memory: (\d+) ns .*ratio ([\d.]+)")
RING_NS, WORD_NS = "one at a time: by the ring, ns", "one at a time: a word in shared memory, ns"
TRIP_RATIO = "one at a time: ratio"


def parse(output):
    """{figure: number}; and in "text" the lines that are no table."""
    found, head, rest = {}, None, []
    for line in output.splitlines():
        if not line.startswith("|"):
            head = None
            rest += [line] if line and not TRIP.match(line) else []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if head is None:
            head = cells
            continue
        for column, cell in zip(head[1:], cells[1:]):
            if number := re.match(r"-?\d+(\.\d+)?", cell):
                found[f"{head[0]} {cells[0]}: {column}"] = float(number[0])
    trip = TRIP.search(output)
    if trip:
        found.update(zip((RING_NS, WORD_NS, TRIP_RATIO), map(float, trip.groups())))
    found["text"] = "\n".join(rest)
    return found


class Part:
    name = "ring"
    configs = [HANDOFF, SCALE]

    @contextlib.contextmanager
    def open(self, build):
        self.folder = os.path.join(build, "main/bench/ring")
        yield

    def measure(self, config):
        found = parse(subprocess.run([os.path.join(self.folder, config)], check=True, capture_output=True, text=True,
                                     timeout=90).stdout)
        if len(found) < 2:
            raise RuntimeError(f"{config}: printed no table")
        return found


def rows(rounds, config):
    """{row: {column: median}} of all tables that a program printed."""
    table = {}
    for name in dict.fromkeys(name for r in rounds for name in r.get(config, {}) if name != "text"):
        row, _, column = name.partition(": ")
        table.setdefault(row, {})[column] = figures.median(rounds, config, name)
    return table


def tables(found):
    """Markdown: rows of the same columns in one table."""
    lines, columns = [], None
    for row, values in found.items():
        if list(values) != columns:
            columns = list(values)
            lines += ["", "| | " + " | ".join(columns) + " |", "|---|" + "--:|" * len(columns)]
        lines.append(f"| {row} | " + " | ".join(f"{value:.4g}" for value in values.values()) + " |")
    return "\n".join(lines[1:]) + "\n"


def first(rounds, column):
    """Of the cheapest program, the first row: the median of what stands in the column that begins so; None: nowhere."""
    for values in rows(rounds, HANDOFF).values():
        return next((value for name, value in values.items() if name.startswith(column)), None)
    return None


def growth(rounds):
    """Targets: (text, value, comparison, limit), the cost of a packet at the most ports to that at one."""
    table = [(row, values) for row, values in rows(rounds, SCALE).items() if row.startswith("ports ")]
    if len(table) < 2:
        return
    (_, first_of), (last, last_of) = table[0], table[-1]
    for column, value in last_of.items():
        if column.endswith("to control"):
            yield f"ring: {column}, {last}", value, "<=", 1.15
        elif column.startswith("ns a packet") and first_of.get(column):
            yield f"ring: {column}, {last} to one", value / first_of[column], None, None


def report(rounds):
    for config, title in TITLES.items():
        found = rows(rounds, config)
        if found:
            text = next(r[config]["text"] for r in reversed(rounds) if config in r)
            yield f"**{title}**, medians of {len(rounds)} runs:\n\n{tables(found)}\n{text}\n".rstrip("\n") + "\n"
