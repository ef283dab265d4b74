# SPDX-License-Identifier: Apache-2.0
"""The figures as a picture: for each kind of port bars with the least and the greatest of the rounds, and the cost of a
packet as ports become more. SVG by hand; its greys and colours are readable on light and on dark ground."""
import math

import configs
import figures
import polled
import ring
import sockets

COLOURS = {"OVS(32)": "#8b949e", "unused": "#b9a58a", "OVS(1)": "#c9a227", "TCP": "#d1495b", "inline": "#4f9d69",
           "process": "#3a86c8", "vm": "#9a6fc4"}
SERIES = ("#3a86c8", "#d98e32", "#4f9d69", "#9a6fc4")  # of what is no configuration
SHOWN = ("TCP", "UDP 64 B", "UDP 512 B", "UDP 1472 B", "round trip, median", "round trip, p99", "TCP round trip, median")
WIDTH, PLOT, LEFT, RIGHT = 860, 150, 46, 14
HIGHEST = 2.0  # of relative figures; what is more is cut
TEXT = 'font-family="sans-serif" fill="#7d8590"'
LINE = 'stroke="#7d8590"'


def text(x, y, words, size=11, anchor="start"):
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" {TEXT}>{words}</text>'


def bar(x, bottom, width, height, colour):
    return f'<rect x="{x:.1f}" y="{bottom - height:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def whisker(x, low, high):
    """From the least to the greatest of the rounds; dark in a light border, as it crosses bars and ground."""
    path = f'd="M{x:.1f} {low:.1f}V{high:.1f}M{x - 2:.1f} {low:.1f}h4M{x - 2:.1f} {high:.1f}h4" fill="none"'
    return (f'<path {path} stroke="#fff" stroke-width="3" stroke-opacity="0.6"/>'
            f'<path {path} stroke="#24292f" stroke-width="1.2"/>')


def rule(y, words, width="0.4"):
    return (f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" {LINE} stroke-width="{width}"/>'
            + text(LEFT - 6, y + 4, words, 10, "end"))


def legend(top, names, colours):
    parts, x = [], LEFT
    for name in names:
        parts += [bar(x, top + 10, 10, 10, colours[name]), text(x + 14, top + 9.5, name)]
        x += 30 + 6.6 * len(name)
    return parts


def round_marks(most):
    """Three to six round numbers, the last at `most` or above."""
    step = 10 ** math.floor(math.log10(most / 3))
    step = next(step * times for times in (1, 2, 5, 10) if most / (step * times) <= 5)
    return [step * i for i in range(math.ceil(most / step) + 1)]


def _one(x, width, bottom, scale, highest, value, colour):
    """A bar with its whisker. `value`: (median, least, greatest)."""
    middle, least, greatest = value
    parts = [bar(x, bottom, width, max(0, min(middle, highest)) * scale, colour)]
    if middle > highest:
        parts.append(text(x + width / 2, bottom - highest * scale - 4, f"{middle:.{middle < 9.95:d}f}", 9, "middle"))
    elif greatest > least:
        parts.append(whisker(x + width / 2, bottom - max(0, least) * scale, bottom - min(greatest, highest) * scale))
    return parts


def bars(top, title, colours, groups, marks, heavy=(0,)):
    """`groups`: [(label, {name: (median, least, greatest)})]. Returns the parts and the height."""
    highest = marks[-1]
    names = [name for name in colours if any(name in values for _, values in groups)]
    bottom, scale = top + 52 + PLOT, PLOT / highest
    parts = [text(LEFT, top + 12, title, 13), *legend(top + 20, names, colours)]
    parts += [rule(bottom - mark * scale, f"{mark:g}", "1" if mark in heavy else "0.4") for mark in marks]
    wide = (WIDTH - LEFT - RIGHT) / max(1, len(groups))
    each = (wide - 16) / max(1, len(names))
    for number, (label, values) in enumerate(groups):
        for at, name in enumerate(names):
            if name in values:
                parts += _one(LEFT + number * wide + 8 + at * each, each - 2, bottom, scale, highest, values[name],
                              colours[name])
        for line, words in enumerate(label.split(", ")):
            parts.append(text(LEFT + (number + 0.5) * wide, bottom + 14 + 13 * line, words, 11, "middle"))
    return parts, 52 + PLOT + 46


def relative(rounds, names):
    """Ratios to OVS(32), which is therefore no bar itself."""
    groups = []
    for figure in SHOWN:
        found = {name: figures.ratio(rounds, name, figure, configs.BASE) for name in names if name != configs.BASE}
        groups.append((figure, {name: value for name, value in found.items() if value}))
    return groups


def passes(rounds, names):
    """Millions of passes a second, by what the program costs, of those who judge."""
    names, groups = [config.name for config in configs.ALL if config.level and config.name in names], []
    for program in polled.PROGRAMS:
        found = {name: figures.spread(rounds, name, f"{program}, {polled.PASSES}") for name in names}
        groups.append((f"program: {program}", {name: value for name, value in found.items() if value}))
    return groups


def growth(rounds):
    """What a packet costs by the ring: the columns that say so, over the numbers of ports."""
    groups, columns = [], []
    for row, values in ring.rows(rounds, ring.SCALE).items():
        if row.startswith("ports "):
            columns += [name for name in values if name not in columns]
            groups.append((row.replace("ports ", "ports: "),
                           {name: figures.spread(rounds, ring.SCALE, f"{row}: {name}") for name in values}))
    kept = [name for name in columns if name.startswith("ns a packet") and "control" not in name][:len(SERIES)]
    return dict(zip(kept, SERIES)), [(label, {n: v for n, v in values.items() if n in kept}) for label, values in groups]


def charts(found, names):
    """What bars() wants of each."""
    colours = {name: COLOURS[name] for name in names}
    for part, kind in sockets.KINDS.items():
        if found.get(part):
            yield (f"{kind.title[0].upper()}{kind.title[1:]}: relative to OVS(32)", colours, relative(found[part], names),
                   [0, 0.5, 1, 1.5, HIGHEST], (0, 1))
    shown = [("polled", "Ports without system calls: millions of passes through the shield a second", colours,
              lambda rounds: passes(rounds, names)),
             ("ring", "The ring alone: ns a packet", None, growth)]
    for part, title, fixed, groups_of in shown:
        groups = groups_of(found[part]) if found.get(part) else None
        if fixed is None and groups:
            fixed, groups = groups
        most = max((value[2] for _, values in groups or () for value in values.values()), default=0)
        if most > 0:
            yield title, fixed, groups, round_marks(most)


def draw(found, names):
    parts, top = [], 8
    for chart in charts(found, names):
        more, height = bars(top, *chart)
        parts += more
        top += height
    return (f'<!-- SPDX-License-Identifier: Apache-2.0 -->\n<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
            f'height="{top}" viewBox="0 0 {WIDTH} {top}">\n' + "\n".join(parts) + "\n</svg>\n")
