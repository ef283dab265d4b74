# SPDX-License-Identifier: Apache-2.0
"""run_rules.py SEKISHO: the programs of rules.txt are accepted, or have the error that it says."""
import json
import pathlib
import subprocess
import sys
import tempfile

BEFORE = "#include <core.p4>\nheader h_t { bit<8> a; bit<8> b; } struct hs { h_t h; h_t[4] st; }\n"


def first_error(sekisho, path):
    """Its message, None where there is none, and the output where it is not JSON."""
    done = subprocess.run([sekisho, "p4", "check", "--json", path], capture_output=True, text=True,
                          check=False, timeout=20)
    if done.returncode not in (0, 1):
        return f"exit code {done.returncode}: {done.stderr}"
    errors = [d["message"] for d in json.loads(done.stdout) if d["severity"] == "error"]
    return errors[0] if errors else None


def main(sekisho):
    rules = pathlib.Path(__file__).with_name("rules.txt").read_text()
    failed = count = 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "rule.p4"
        for number, line in enumerate(rules.splitlines(), 1):
            if not line or line[0] == "#":
                continue
            want, text = None, line[2:]
            if line[0] == "-":
                want, text = line[2:].split(" | ", 1)
            path.write_text(BEFORE + text + "\n")
            found = first_error(sekisho, path)
            count += 1
            if found != want:
                failed += 1
                print(f"rules.txt:{number}: {text}\n  wanted: {want}\n  found:  {found}")
    print(f"{count - failed} of {count} rules")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
