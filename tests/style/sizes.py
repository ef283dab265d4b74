# SPDX-License-Identifier: Apache-2.0
"""Files of at most 800 lines; functions: median 15, 95th percentile 60, 100 at most.

A dispatch function, whose cases are one call or a few lines, may be longer: it says so with a
comment "dispatch:" right above it.
"""
import re
import statistics

import tree

START = re.compile(r"^(?![#\s/}])[^;=]*\)\s*$")


def functions(text):
    """(name, first line, lines, comment above) of each function: kernel style, brace in column 0."""
    lines = text.splitlines()
    for index, line in enumerate(lines):
        if line != "{":
            continue
        end = next((i for i in range(index, len(lines)) if lines[i].startswith("}")), len(lines))
        head = index - 1
        while head > 0 and lines[head].startswith(("\t", " ")):
            head -= 1
        name = re.match(r".*?(\w+)\s*\(", lines[head])
        above = "\n".join(lines[max(0, head - 12):head])
        yield (name.group(1) if name else "?", head + 1, end - index - 1, above)


faults = []
lengths = []
tree.build_folder()
for path in tree.files(".c", ".h"):
    text = tree.read(path)
    if text.count("\n") > 800:
        faults.append(f"{path}: {text.count(chr(10))} lines, more than 800")
    for name, line, length, above in functions(text):
        if not path.startswith("tests/"):
            lengths.append(length)
        if length > 100 and "dispatch:" not in above:
            faults.append(f"{path}:{line}: {name} has {length} lines, more than 100")
if len(lengths) > 20:
    median = statistics.median(lengths)
    high = statistics.quantiles(lengths, n=20)[18]
    print(f"{len(lengths)} functions: median {median:.0f} lines, 95th percentile {high:.0f}")
    if median > 15 or high > 60:
        faults.append(f"functions are too long: median {median} (15), 95th percentile {high} (60)")
tree.finish("sizes", faults)
