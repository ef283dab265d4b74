# SPDX-License-Identifier: Apache-2.0
"""run_stf.py SEKISHO P4RUN [NAME]: all programs with packets: ours, and those of p4c's uBPF back end. Those of
programs/ are run by `sekisho p4 test` too, which reads the same scripts."""
import os
import pathlib
import subprocess
import sys
import tempfile

import stf

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[2]
CORPORA = pathlib.Path(os.environ.get("SEKISHO_CORPORA", TOP.parent / "shared" / "corpora"))


def cases():
    """(program, STF file or None, compat)"""
    for script in sorted([*(HERE / "cases").glob("*.stf"), *(TOP / "tests/p4ref/cases").glob("*.stf")]):
        program = script.with_suffix(".p4")
        if not program.exists():
            program = TOP / "examples" / program.name
        yield program, script, "#: compat" in script.read_text()
    for program in sorted((CORPORA / "p4" / "ubpf").glob("*.p4")):
        script = program.with_suffix(".stf")
        yield program, script if script.stat().st_size else None, True


def architecture():
    """Those of sekisho.p4's externs."""
    for script in sorted((HERE / "arch").glob("*.stf")):
        yield script.with_suffix(".p4"), script, False


def programs():
    """Whole ones, as people write them."""
    for script in sorted((HERE / "programs").glob("*.stf")):
        yield script.with_suffix(".p4"), script, False


def run_command(sekisho, program, script):
    done = subprocess.run([sekisho, "p4", "test", program, script], capture_output=True, text=True, check=False)
    if done.returncode:
        raise stf.Failure(f"sekisho p4 test: {done.stdout}{done.stderr}")


def main(sekisho, p4run, only=""):
    failed, total, met = [], 0, 0
    for program, script, compat in [*cases(), *architecture(), *programs()]:
        if only not in program.name:
            continue
        total += 1
        with tempfile.TemporaryDirectory() as folder:
            try:
                met += stf.run_program(sekisho, p4run, program, script, folder, compat)
                if program.parent.name == "programs":
                    run_command(sekisho, program, script)
            except stf.Failure as failure:
                failed.append(f"{program.name}: {failure}")
    print("\n".join(failed))
    print(f"{total - len(failed)} of {total} programs, {met} expectations on each of 2 engines")
    if not (CORPORA / "p4" / "ubpf").is_dir():
        print(f"skipped: the programs of p4c, as {CORPORA}/p4/ubpf is absent")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
