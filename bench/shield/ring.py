# SPDX-License-Identifier: Apache-2.0
"""The ring alone (bench/ring): what it adds to a program, what a single packet takes beside a word that crosses
between two processes, and how that grows with ports and threads."""
import os
import re
import subprocess


def _rows(text):
    """The lines of a Markdown table without its head, as lists of cells."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return lines[2:]


def _number(cell):
    return float(cell.split()[0])


def measure(build):
    def run(name):
        return subprocess.run([os.path.join(build, "main/bench/ring", name)], check=True, capture_output=True,
                              text=True).stdout
    handoff, scale = run("ring_bench"), run("scale_bench")
    trip = re.search(r"there and back: (\d+) ns .*shared memory: (\d+) ns .*ratio ([\d.]+)", handoff)
    return {"text": [handoff.strip(), scale.strip()],
            "hand-off": {row[0]: {"ns": _number(row[3]), "cycles": _number(row[4]), "of memcpy": _number(row[5])}
                         for row in _rows(handoff)},
            "trip": {"ring, ns": float(trip[1]), "a word, ns": float(trip[2]), "ratio": float(trip[3])},
            "scale": [[_number(cell) for cell in row] for row in _rows(scale)]}


def report(found):
    yield "**The hand-off alone**: " + found["text"][0] + "\n"
    yield "**Many ports and datapath threads** (of which one thread does the work):\n\n" + found["text"][1] + "\n"
