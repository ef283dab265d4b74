# SPDX-License-Identifier: Apache-2.0
"""Builds every fuzz target with clang, libFuzzer and the sanitizers, and runs each for a while.

Prints `fuzz NAME: ok|crash|...` a target. Seeds are tests/fuzz/*/corpus_NAME; what is found grows in
build/fuzz/corpus/NAME, a crashing input is kept in build/fuzz/crashes.
"""
import argparse
import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def configure(path):
    if not os.path.exists(os.path.join(path, "build.ninja")):
        subprocess.run(["meson", "setup", path, "--buildtype=debugoptimized", "-Dfuzz=true",
                        "-Db_lundef=false"], cwd=TOP, check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, CC="clang"))
    text = subprocess.run(["ninja", "-C", path, "-t", "targets", "all"], check=True,
                          capture_output=True, text=True).stdout
    targets = sorted(set(re.findall(r"^(tests/fuzz/[^/]+/fuzz_\w+): c_LINKER", text, re.M)))
    subprocess.run(["ninja", "-C", path, *targets], check=True, stdout=subprocess.DEVNULL)
    return targets


def fuzz(path, target, seconds):
    name = os.path.basename(target)[len("fuzz_"):]
    grown = os.path.join(path, "corpus", name)
    crashes = os.path.join(path, "crashes", "")
    os.makedirs(grown, exist_ok=True)
    os.makedirs(crashes, exist_ok=True)
    seeds = glob.glob(os.path.join(TOP, "tests", "fuzz", "*", "corpus_" + name))
    run = subprocess.run([os.path.join(path, target), f"-max_total_time={seconds}",
                          f"-artifact_prefix={crashes}{name}-", "-timeout=10", "-rss_limit_mb=2048",
                          "-print_final_stats=1", grown, *seeds],
                         capture_output=True, text=True, errors="replace")
    units = re.search(r"number_of_executed_units: (\d+)", run.stderr)
    count = units.group(1) if units else "0"
    if run.returncode:
        print(run.stderr[-4000:])
        print(f"fuzz {name}: crash after {count} inputs, kept in {crashes}", flush=True)
        return False
    print(f"fuzz {name}: ok, {count} inputs in {seconds} s", flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("target", nargs="*", help="names, without fuzz_ (default: all)")
    args = parser.parse_args()
    path = os.path.join(os.path.abspath(args.build), "fuzz")
    targets = configure(path)
    if not targets:
        print("no fuzz target was built")
        return 1
    wanted = [t for t in targets if not args.target or os.path.basename(t)[5:] in args.target]
    return 0 if all([fuzz(path, target, args.seconds) for target in wanted]) else 1


if __name__ == "__main__":
    sys.exit(main())
