# SPDX-License-Identifier: Apache-2.0
"""Runs *.data cases of the BPF conformance suite: run.py PLUGIN [FOLDER ...].

Without folders: the cases beside this script, and those of the corpora where they are
(SEKISHO_CORPORA, or ../shared/corpora beside the repository). Each runs in every engine. Exits 77
where there are none."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import asm  # noqa: E402  (beside this file)

ENGINES = ("--interpret", "--jit")
HERE = pathlib.Path(__file__).resolve().parent


def sections(path):
    found, name = {}, None
    for line in path.read_text().splitlines():
        if line.startswith("-- "):
            name = line[3:].strip()
            found[name] = []
        elif name:
            found[name].append(line)
    return {k: "\n".join(v) for k, v in found.items()}


def strip(text):
    return "".join(line.split("#")[0] for line in text.splitlines()).replace(" ", "")


def run_case(plugin, engine, path):
    """None, or what is wrong."""
    case = sections(path)
    if "raw" in case:
        words = [int(w, 0) for w in case["raw"].split()]
        code = b"".join(w.to_bytes(8, "little") for w in words)
        if "asm" in case and asm.assemble(case["asm"]) != code:
            return "the assembler made other code than the case has"
    else:
        code = asm.assemble(case["asm"])
    done = subprocess.run([plugin, engine, strip(case.get("mem", ""))], input=code.hex(),
                          text=True, capture_output=True, timeout=20, check=False)
    if "error" in case:
        return None if done.returncode == 1 else "ran, but should fail"
    if done.returncode:
        return done.stderr.strip()
    want = int(strip(case["result"]), 16)
    got = int(done.stdout, 16)
    return None if got == want else f"r0 is {got:#x}, not {want:#x}"


def folders(args):
    if args:
        return [pathlib.Path(a) for a in args]
    corpora = os.environ.get("SEKISHO_CORPORA", HERE.parents[3] / "shared" / "corpora")
    return [HERE, pathlib.Path(corpora) / "bpf"]


def find_cases(args):
    cases = []
    for folder in folders(args):
        found = sorted(folder.glob("*.data"))
        if not found:
            print(f"skipped: no cases in {folder}")
        cases += found
    return cases


def main():
    plugin = sys.argv[1]
    cases = find_cases(sys.argv[2:])
    failed = 0
    for engine in ENGINES:
        wrong = {path.name: run_case(plugin, engine, path) for path in cases}
        wrong = {name: why for name, why in wrong.items() if why}
        failed += len(wrong)
        for name, why in wrong.items():
            print(f"{name} {engine}: {why}")
        print(f"{engine}: {len(cases) - len(wrong)} of {len(cases)} cases pass")
    return 77 if not cases else bool(failed)


if __name__ == "__main__":
    sys.exit(main())
