# SPDX-License-Identifier: Apache-2.0
"""run_json.py SEKISHO: what `sekisho p4 check --json` prints, for every mistake of messages.txt and for
programs with bytes that are no text: as the man page describes it, at the places that the text names, and
with the exit codes that go with it."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import run_messages

PLACE = {"file": str, "line": int, "column": int, "endLine": int, "endColumn": int}
OPTIONAL = {"code": str, "suggestion": str, "unsupported": bool}
ODD = [b'const bit<8> x = "\xff\x01\\"";', b"#error \xc3\xa9 \x07 \"\\\n", b"", b"const bit<8> x = 300;",
       b"control c(inout bit<8> count) { apply { cout = 1; } }"]


def faults(diag, severities):
    """What of a diagnostic is not as described."""
    wrong = []
    if diag.get("severity") not in severities or not isinstance(diag.get("message"), str):
        wrong.append("severity or message")
    known = {"severity", "message", "notes", *PLACE, *OPTIONAL}
    wrong += [f"unknown {key}" for key in diag if key not in known]
    wrong += [f"type of {key}" for key, kind in {**PLACE, **OPTIONAL}.items()
              if key in diag and type(diag[key]) is not kind]
    if any(key in diag for key in PLACE) and not all(key in diag for key in PLACE):
        wrong.append("half a place")
    if "line" in diag and not 1 <= diag["line"] <= diag["endLine"]:
        wrong.append("lines")
    if "line" in diag and diag["line"] == diag["endLine"] and diag["column"] >= diag["endColumn"]:
        wrong.append("columns")
    if (diag.get("severity") == "note") == ("code" in diag):
        wrong.append("code")
    if ("notes" in diag) == (diag.get("severity") == "note"):
        wrong.append("notes")
    for note in diag.get("notes", []):
        wrong += faults(note, ["note"])
    return wrong


def flat(diags):
    for diag in diags:
        yield diag
        yield from diag["notes"]


def judge(sekisho, folder, program):
    pathlib.Path(folder, "t.p4").write_bytes(program)

    def check(*options):
        return subprocess.run([sekisho, "p4", "check", *options, "t.p4"], cwd=folder, check=False,
                              capture_output=True, timeout=20)

    done, text = check("--json"), check().stderr.decode("latin-1")
    diags = json.loads(done.stdout.decode("ascii"))
    wrong = [fault for diag in diags for fault in faults(diag, ["warning", "error"])]
    if wrong:
        return wrong
    severities = [diag["severity"] for diag in diags]
    if done.returncode != int("error" in severities):
        wrong.append(f"exit code {done.returncode}")
    if check("--json", "-Werror").returncode != int(bool(severities)):
        wrong.append("exit code with -Werror")
    places = re.findall(r"^t\.p4:(\d+):(\d+): (\w+): ", text, re.M)
    if places != [(str(d["line"]), str(d["column"]), d["severity"]) for d in flat(diags)
                  if d.get("file") == "t.p4"]:
        wrong.append("other places than in the text")
    if [d["code"] for d in diags] != re.findall(r"^[^ ]*: (?:warning|error): .* \[(?:-W)?([\w-]+)\]$", text, re.M):
        wrong.append("other codes than in the text")
    if [d["suggestion"] for d in flat(diags) if "suggestion" in d] != \
            re.findall(r"did you mean '([^']*)'", text):
        wrong.append("other suggestions than in the text")
    return wrong


def main(sekisho):
    programs = [program.encode() for _, program, _ in run_messages.read_cases()] + ODD
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for program in programs:
            wrong = judge(sekisho, folder, program)
            if wrong:
                failed += 1
                print(program, wrong)
    print(f"{len(programs) - failed} of {len(programs)} lists of diagnostics")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), *sys.argv[2:]))
