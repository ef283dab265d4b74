# SPDX-License-Identifier: Apache-2.0
"""The figures as a picture: bars relative to OVS(32) for each kind of port, and the cost of a packet as ports become
more. SVG by hand, readable on light and dark ground."""
import configs
import figures

TITLES = {"veth": "veth ports, relative to OVS(32)", "tap": "tap port of a virtual machine, relative to OVS(32)"}
SHOWN = ("TCP", "UDP 64 B", "UDP 512 B", "UDP 1472 B", "round trip, median", "round trip, p99")
COLOURS = {"unused": "#9aa0a6", "OVS(1)": "#c9a227", "TCP": "#c0392b", "inline": "#5b8c5a", "process": "#2471a3",
           "vm": "#7d5ba6"}
WIDTH, HEIGHT, LEFT = 760, 190, 46
TEXT = 'font-family="sans-serif" fill="#777"'


def text(x, y, words, size=11, anchor="start"):
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" {TEXT}>{words}</text>'


def bar(x, bottom, width, height, colour):
    return f'<rect x="{x:.1f}" y="{bottom - height:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def rule(y, words):
    return (f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y:.0f}" y2="{y:.0f}" stroke="#999" stroke-width="0.5"/>'
            + text(LEFT - 6, y + 4, words, 10, "end"))


def bars(top, title, names, groups, highest, marks):
    """`groups`: [(label, {name: value})]. What is higher than `highest` is cut, and its number stands on it."""
    bottom, scale = top + HEIGHT - 40, (HEIGHT - 70) / highest
    parts = [text(LEFT, top + 14, title, 13)]
    parts += [rule(bottom - mark * scale, f"{mark:g}") for mark in marks]
    wide = (WIDTH - LEFT - 20) / max(1, len(groups))
    for number, (label, values) in enumerate(groups):
        x, each = LEFT + 8 + number * wide, (wide - 16) / max(1, len(names))
        for name in names:
            if name in values:
                parts.append(bar(x, bottom, each - 2, min(values[name], highest) * scale, COLOURS[name]))
                if values[name] > highest:
                    parts.append(text(x + each / 2, bottom - highest * scale - 3, f"{values[name]:.1f}", 9, "middle"))
            x += each
        parts.append(text(LEFT + 8 + (number + 0.5) * wide - 8, bottom + 14, label, 11, "middle"))
    return parts


def legend(top, names):
    parts, x = [], LEFT
    for name in names:
        parts += [bar(x, top + 10, 10, 10, COLOURS[name]), text(x + 14, top + 10, name)]
        x += 34 + 8 * len(name)
    return parts


def relative(rounds, names):
    groups = []
    for figure in SHOWN:
        found = {name: figures.ratio(rounds, name, figure, configs.BASE) for name in names}
        groups.append((figure, {name: f[0] for name, f in found.items() if f}))
    return groups


def passes(rounds, names):
    """Millions of packets a second, by what the program costs."""
    labels = {figure.split(",")[0]: figure for r in rounds for c in r.values() for figure in c if "passes" in figure}
    return [(f"program: {label}", {name: m for name in names
                                   if (m := figures.median(rounds, name, figure)) is not None})
            for label, figure in labels.items()]


def draw(found, names):
    names = [name for name in names if name in COLOURS]
    parts, top = [], 10
    for part, title in TITLES.items():
        if part in found:
            parts += bars(top, title, names, relative(found[part], names), 2.0, (0, 0.5, 1, 1.5, 2))
            top += HEIGHT
    if "polled" in found:
        groups = passes(found["polled"], names)
        most = max((value for _, values in groups for value in values.values()), default=1)
        parts += bars(top, "ports without system calls: millions of packets a second", names, groups, most,
                      [round(most * i / 4, 1) for i in range(5)])
        top += HEIGHT
    parts += legend(top, names)
    top += 26
    if "ring" in found:
        rows = found["ring"]["scale"]
        groups = [(f"{row[0]:g} ports", {"process": row[1], "vm": row[2]}) for row in rows]
        most = max(max(row[1:3]) for row in rows)
        parts += bars(top, "ns a packet by the ring, 1 thread (left) and 8 datapath threads, simulated (right)",
                      ["process", "vm"], groups, most, [round(most * i / 4) for i in range(5)])
        top += HEIGHT
    return (f'<!-- SPDX-License-Identifier: Apache-2.0 -->\n<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}">\n'
            + "\n".join(parts) + "\n</svg>\n")
