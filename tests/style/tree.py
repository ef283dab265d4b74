# SPDX-License-Identifier: Apache-2.0
"""What every style check needs: the files of the tree, and a way to end."""
import argparse
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def build_folder():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    return os.path.abspath(parser.parse_args().build)


def files(*endings):
    """Tracked and not yet tracked files with one of the endings (all, without any)."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, check=True,
                            capture_output=True, text=True).stdout.splitlines()
    return [name for name in listed
            if (not endings or name.endswith(endings)) and os.path.isfile(os.path.join(TOP, name))
            and not os.path.islink(os.path.join(TOP, name))]


def read(name):
    with open(os.path.join(TOP, name), errors="replace") as text:
        return text.read()


def finish(what, faults):
    """Prints the faults and ends with 1 if there are any."""
    for fault in faults:
        print(fault)
    print(f"{what}: {len(faults)} faults")
    sys.exit(1 if faults else 0)
