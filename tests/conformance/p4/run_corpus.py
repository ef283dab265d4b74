# SPDX-License-Identifier: Apache-2.0
"""run_corpus.py SEKISHO [-v]: rates of the front end on p4c's programs to accept and to reject.

A rejection counts only if its error is about the program: "not supported yet" does not. The floors
are what it reached; they only ever go up.
"""
import csv
import json
import os
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[3]
CORPORA = pathlib.Path(os.environ.get("SEKISHO_CORPORA", TOP.parent / "shared" / "corpora"))
FLOOR_ACCEPT, FLOOR_REJECT, FLOOR_LINE = 142, 149, 148


def check(sekisho, path):
    """The errors found; None where the compiler crashed."""
    done = subprocess.run([sekisho, "p4", "check", "--json", path], capture_output=True, text=True,
                          check=False, timeout=20)
    if done.returncode not in (0, 1):
        return None
    return [d for d in json.loads(done.stdout) if d["severity"] == "error"]


def expected_lines():
    with (CORPORA / "p4" / "reject" / "EXPECT.tsv").open() as table:
        return {row[0]: row[1] for row in csv.reader(table, delimiter="\t")
                if row and not row[0].startswith("#")}


def main(sekisho, verbose=""):
    if not (CORPORA / "p4" / "accept").is_dir():
        print(f"skipped: {CORPORA}/p4/accept is absent")
        return 77
    bad = []
    good = list((CORPORA / "p4" / "accept").glob("*.p4"))
    accepted = 0
    for path in sorted(good):
        errors = check(sekisho, path)
        if errors == []:
            accepted += 1
        else:
            bad.append(f"accept/{path.name}: {errors[0] if errors else 'crash'}")
    lines = expected_lines()
    rejected = on_line = unsupported = 0
    for name, line in sorted(lines.items()):
        errors = check(sekisho, CORPORA / "p4" / "reject" / name)
        if errors and not all(e.get("unsupported") for e in errors):
            rejected += 1
            hit = line == "-" or any(str(e.get("line")) == line for e in errors)
            on_line += hit
            if not hit:
                bad.append(f"reject/{name}: line {line}, not {errors[0].get('line')}: "
                           f"{errors[0]['message']}")
        elif errors:
            unsupported += 1
        else:
            bad.append(f"reject/{name}: {'accepted' if errors == [] else 'crash'}")
    if verbose:
        print("\n".join(bad))
    print(f"accepted {accepted} of {len(good)} (floor {FLOOR_ACCEPT})")
    print(f"rejected {rejected} of {len(lines)} (floor {FLOOR_REJECT}), {on_line} with an error on "
          f"the line that is wrong (floor {FLOOR_LINE}), {unsupported} not supported yet")
    crashed = sum("crash" in b for b in bad)
    low = accepted < FLOOR_ACCEPT or rejected < FLOOR_REJECT or on_line < FLOOR_LINE
    return 1 if low or crashed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
