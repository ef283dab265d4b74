# SPDX-License-Identifier: Apache-2.0
"""run_messages.py SEKISHO [--update]: what `sekisho p4 check` prints for the mistakes of messages.txt.

Each case there is a line "==== name", a program, a line "----", and all that is printed for it.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

CASES = pathlib.Path(__file__).with_name("messages.txt")


def read_cases():
    head, *cases = CASES.read_text().split("\n==== ")
    for case in cases:
        name, rest = case.split("\n", 1)
        program, wanted = (rest + "\n").split("\n----\n", 1)
        yield name, program.rstrip("\n") + "\n", wanted.rstrip("\n") + "\n"
    if not head.startswith("#"):
        raise ValueError("messages.txt starts with a comment")


def printed(sekisho, folder, program):
    pathlib.Path(folder, "t.p4").write_text(program)
    done = subprocess.run([sekisho, "p4", "check", "t.p4"], cwd=folder, capture_output=True,
                          text=True, check=False, timeout=20)
    return (done.stdout + done.stderr).rstrip("\n") + "\n"


def main(sekisho, update=""):
    failed = count = 0
    text = CASES.read_text().split("\n==== ")[0] + "\n"
    with tempfile.TemporaryDirectory() as folder:
        for name, program, wanted in read_cases():
            found = printed(sekisho, folder, program)
            count += 1
            text += f"==== {name}\n{program}----\n{found}"
            if found != wanted:
                failed += 1
                if not update:
                    print(f"{name}:\n{program}wanted:\n{wanted}found:\n{found}")
    if update:
        CASES.write_text(text)
        return 0
    print(f"{count - failed} of {count} messages")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), *sys.argv[2:]))
