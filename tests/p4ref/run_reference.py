# SPDX-License-Identifier: Apache-2.0
"""run_reference.py P4REF [NAME]: the STF files of the conformance set, and of cases/ on the reference alone."""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "conformance" / "p4"))
import run_stf  # noqa: E402
import stf  # noqa: E402
from reference import Engine, Run  # noqa: E402


def can_interpret(script, compat):
    """Not C of the program's own, not bytes of maps."""
    return ("--extern" not in stf.options(script, compat) and
            not re.search(r"^(set|value) ", script.read_text(), re.M))


def cases():
    for program, script, compat in [*run_stf.cases(), *run_stf.architecture(), *run_stf.programs()]:
        if not script or can_interpret(script, compat):
            yield program, script, compat


def main(p4ref, only=""):
    failed, programs, met = [], 0, 0
    for program, script, compat in cases():
        if only not in program.name:
            continue
        programs += 1
        engine = Engine(p4ref, program, compat)
        try:
            met += stf.run_lines(script, Run(engine, None, compat)) if script else 0
        except stf.Failure as failure:
            failed.append(f"{program.name}: {failure}")
        finally:
            engine.close()
    print("\n".join(failed))
    print(f"{programs - len(failed)} of {programs} programs, {met} expectations by the reference interpreter")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
