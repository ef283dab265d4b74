# SPDX-License-Identifier: Apache-2.0
"""run_spec_table.py: the tests that docs/p4-spec.md names exist, and each of its rows has one."""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[2]
CASES = [HERE / "cases", HERE / "arch"]
HEADINGS = {"rules": ("rules.txt", "# "), "message": ("messages.txt", "==== ")}


def rows(text):
    """(line, first cell, tests that are run, tests that are checked)"""
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) not in (3, 5) or cells[1] in ("Name", "Run") or set(line) <= set("| -"):
            continue
        run, checked = cells[1:3] if len(cells) == 3 else cells[2:4]
        yield number, cells[0], re.findall(r"`([^`]+)`", run), re.findall(r"`([^`]+)`", checked)


def is_run(name):
    """An STF file with packets of which something is expected."""
    folders = [TOP / "tests/p4ref/cases"] if name.startswith("p4ref/") else CASES
    scripts = [folder / (name.split("/")[-1] + ".stf") for folder in folders]
    return any(s.is_file() and re.search(r"^(expect|drop|value)\b", s.read_text(), re.M) for s in scripts)


def is_checked(name):
    """A runner, a function of a unit test, or a heading (the start of one is enough)."""
    where, _, what = name.partition(": ")
    if where in HEADINGS:
        file, mark = HEADINGS[where]
        return re.search(f"^{re.escape(mark + what)}(?!\\w)", (HERE / file).read_text(), re.M)
    if where.endswith(".c"):
        test = TOP / "tests/unit/p4" / where
        return test.is_file() and re.search(rf"\b{re.escape(what)}\b", test.read_text())
    return (HERE / where).is_file()


def main():
    faults, seen = [], set()
    for number, section, run, checked in rows((TOP / "docs/p4-spec.md").read_text()):
        where = f"docs/p4-spec.md:{number}: {section}"
        faults += [f"{where}: there is no test '{name}'" for name in run if not is_run(name)]
        faults += [f"{where}: there is no test '{name}'" for name in checked if not is_checked(name)]
        if not run and not checked:
            faults.append(f"{where}: no test")
        if section in seen:
            faults.append(f"{where}: is there twice")
        seen.add(section)
    print("\n".join(faults))
    print(f"{len(seen)} sections and rows, {len(faults)} faults")
    return 1 if faults or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
