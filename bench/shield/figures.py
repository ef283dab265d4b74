# SPDX-License-Identifier: Apache-2.0
"""Figures of rounds: medians, ratios of pairs, and their tables.

A round is {configuration: {figure: number}}; figures of one round were measured one after the other. A ratio is the
median of the rounds' own ratios, so that a machine that is slower in one round than in the next spoils nothing."""
import statistics


def median(rounds, config, name):
    values = [r[config][name] for r in rounds if name in r.get(config, {})]
    return statistics.median(values) if values else None


def ratio(rounds, config, name, base):
    """(median, least, greatest) of the rounds' ratios to configuration `base`; None where there is none."""
    ratios = [r[config][name] / r[base][name] for r in rounds
              if name in r.get(config, {}) and r.get(base, {}).get(name)]
    return (statistics.median(ratios), min(ratios), max(ratios)) if ratios else None


def difference(rounds, config, base, name):
    """The median of the rounds' differences to configuration `base`; None where there is none."""
    found = [r[config][name] - r[base][name] for r in rounds if name in r.get(config, {}) and name in r.get(base, {})]
    return statistics.median(found) if found else None


def spread(rounds, config, name):
    """(median, least, greatest); None where there is none."""
    values = [r[config][name] for r in rounds if name in r.get(config, {})]
    return (statistics.median(values), min(values), max(values)) if values else None


def cell(rounds, config, name, unit, digits, base):
    value = median(rounds, config, name)
    if value is None:
        return "" if any(config in r for r in rounds) else "missing"
    text = f"{value:.{digits}f} {unit}".strip()
    found = ratio(rounds, config, name, base) if config != base else None
    return f"{text} ({found[0]:.2f})" if found else text


def table(rounds, configs, units, base):
    """Markdown: a line for each figure of `units` ({name: (unit, digits)}), a column for each configuration, medians
    and in brackets ratios to `base`."""
    lines = [f"| {len(rounds)} rounds | " + " | ".join(configs) + " |", "|---|" + "--:|" * len(configs)]
    for name, (unit, digits) in units.items():
        if any(median(rounds, config, name) is not None for config in configs):
            lines.append(f"| {name} | " + " | ".join(cell(rounds, config, name, unit, digits, base)
                                                     for config in configs) + " |")
    return "\n".join(lines)


def spreads(rounds, configs, names, base):
    """Markdown: the same ratios with the least and the greatest, for who wants to know how sure they are."""
    shown = [c for c in configs if c != base and any(c in r for r in rounds)]
    lines = [f"| to {base}, least to greatest | " + " | ".join(shown) + " |", "|---|" + "--:|" * len(shown)]
    for name in names:
        found = [ratio(rounds, config, name, base) for config in shown]
        if any(found):
            lines.append(f"| {name} | " + " | ".join(f"{f[1]:.2f} to {f[2]:.2f}" if f else "" for f in found) + " |")
    return "\n".join(lines)
