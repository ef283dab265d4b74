# SPDX-License-Identifier: Apache-2.0
"""Breaks the verifier in one place at a time and shows that some test sees it.

A mutant is one place of one source changed: a check that never rejects, a comparison off by one, a
reason dropped from a condition, a statement left out. Only that file is compiled anew and linked in
front of the library; then the tests run, the likeliest first, until one fails: KILLED. What an
earlier run found is believed where neither the mutant nor the tests have changed. Exit code 1 if a
check survived that tests/mutation/equivalent does not excuse.
"""
import argparse
import concurrent.futures
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time

import mutants
import results

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FILES = ["core/bpf/" + name for name in (
    "verify/check_alu.c", "verify/check_call.c", "verify/check_jump.c", "verify/check_mem.c",
    "verify/cfg.c", "verify/verify.c", "decode.c", "verify/prune.c", "verify/rank.c",
    "verify/reads.c", "verify/relate.c", "verify/low.c", "verify/join.c", "verify/pack.c",
    "verify/tidy.c",
    "verify/state.c", "verify/scalar.c", "verify/num.c", "verify/assume.c", "verify/tnum.c",
    "helper.c", "packet.c", "interp.c", "jit/x86.c", "jit/x86_call.c", "jit/x86_jump.c")]
TESTS = ["tables", "edges", "pointers", "meet", "results", "lengths", "precision", "prune", "loops",
         "ranks", "ranks_random", "verify", "num", "endless", "helper", "guard", "interp", "jit_flow", "jit",
         "random"]
# What shows something of the engines, and of them only.
ENGINES = re.compile(r"/(?:interp|jit/\w+)\.c$")
ENGINE_TESTS = ["guard", "interp", "jit_flow", "jit", "random"]
# What takes no time: enough for mutants that are excused.
QUICK_TESTS = ["tables", "pointers", "meet", "precision", "prune", "helper", "guard", "jit_flow"]
# Compiling takes longer than running. Beyond the end of an array: seen at once, not by luck.
OPTIONS = ["-w", "-O0", "-fsanitize=bounds-strict", "-fsanitize-undefined-trap-on-error"]
NO_CODE = "the compiler: it is no mutant"
PATIENCE = 5  # seconds, and 10 times what the test takes
ENV = dict(os.environ, SEKISHO_PROGRAMS="40", SEKISHO_LENGTHS="20000")


def out(argv, cwd):
    return subprocess.run(argv, cwd=cwd, check=True, capture_output=True, text=True).stdout


class Build:
    """A meson folder, for the commands that compile a file and link a test."""

    def __init__(self, path, tests):
        self.path = path
        if not os.path.exists(os.path.join(path, "build.ninja")):
            out(["meson", "setup", path, TOP, "--buildtype=debugoptimized"], TOP)
        out(["ninja", "build.ninja"], path)
        names = [f"tests/unit/bpf/test_bpf_{t}" for t in tests]
        have = set(re.findall(r"^(\S+): c_LINKER", out(["ninja", "-t", "targets", "all"], path),
                              re.M))
        names = [n for n in names if n in have]
        out(["ninja", "-j2", *names], path)
        self.tests = {n.split("test_bpf_")[-1]: out(["ninja", "-t", "commands", "-s", n], path)
                      for n in names}
        self.patience = {}
        self.compiles = {}
        for line in out(["ninja", "-t", "commands", *names], path).splitlines():
            source = line.split()[-1]
            self.compiles[os.path.relpath(os.path.join(path, source), TOP)] = line

    def compile(self, mutant, source, to):
        argv = [a for a in shlex.split(self.compiles[mutant.path])[:-1]
                if not a.startswith("-W") and a not in ("-MD", "-g")]
        for option in ("-MQ", "-MF", "-o"):
            at = argv.index(option)
            del argv[at:at + 2]
        done = subprocess.run([*argv, *OPTIONS, "-o", to, source], cwd=self.path,
                              capture_output=True)
        return not done.returncode

    def link(self, command, extra, to):
        """The mutant stands before the library, so that its like there is not taken."""
        argv = shlex.split(command)
        at = argv.index("-o")
        argv[at + 1:at + 2] = [to, *extra]
        out(argv, self.path)

    def run(self, program):
        """A mutant may run for ever; how long is long, the first run without one tells."""
        name = os.path.basename(program)
        began = time.monotonic()
        try:
            done = subprocess.run([program], cwd=self.path, env=ENV,
                                  timeout=self.patience.get(name),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return False
        self.patience.setdefault(name, PATIENCE + 10 * (time.monotonic() - began))
        return not done.returncode

    def passes(self, name, extra=()):
        with tempfile.TemporaryDirectory(dir=self.path) as folder:
            program = os.path.join(folder, name)
            self.link(self.tests[name], extra, program)
            return self.run(program)

    def drop_broken(self):
        """Tests that fail without any mutant show nothing."""
        broken = [name for name in self.tests if not self.passes(name)]
        for name in broken:
            print(f"{name} fails without any mutant: left out")
            del self.tests[name]
        return broken

    def told(self, mutant, excused):
        """The tests that are asked of it."""
        of_engine = bool(ENGINES.search(mutant.path))
        return [name for name in self.tests
                if (name in ENGINE_TESTS if of_engine else name not in ENGINE_TESTS[:-1])
                and not (excused and name not in QUICK_TESTS)]

    def digest_of_headers(self, path):
        """Of what a source is compiled with: the headers here that it includes, and how."""
        argv = shlex.split(self.compiles[path])
        listed = out(["ninja", "-t", "deps", argv[argv.index("-o") + 1]], self.path)
        headers = [os.path.realpath(os.path.join(self.path, line.strip()))
                   for line in listed.splitlines() if line.endswith(".h")]
        here = [h for h in headers if h.startswith(TOP + os.sep)]
        return results.digest(results.digest_of_files(here), *OPTIONS)

    def digests(self, paths):
        """(source -> digest of its headers, test -> digest of the program with the library in it)"""
        tests = {name: results.digest_of_files(
            [os.path.join(self.path, f"tests/unit/bpf/test_bpf_{name}")]) for name in self.tests}
        return {path: self.digest_of_headers(path) for path in paths}, tests

    def kill(self, mutant, names):
        with tempfile.TemporaryDirectory(dir=self.path) as folder:
            source, made = os.path.join(folder, "mutant.c"), os.path.join(folder, "mutant.o")
            with open(source, "w") as file:
                file.write(mutant.source())
            if not self.compile(mutant, source, made):
                return NO_CODE
            for name in names:
                if not self.passes(name, [made]):
                    return name
            return None


def read_equivalent():
    """file function: old -> new | why it changes nothing"""
    known = {}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "equivalent")) as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                name, why = line.rstrip("\n").rsplit(" | ", 1)
                known[name] = why
    return known


def all_mutants(only):
    found = []
    for path in FILES:
        if only and only not in path:
            continue
        with open(os.path.join(TOP, path)) as file:
            found += mutants.of_file(path, file.read())
    return found


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    parser.add_argument("--only", metavar="FILE", help="sources whose path holds this")
    parser.add_argument("--without", action="append", default=[], metavar="TEST",
                        help="do not run this test")
    parser.add_argument("--all", action="store_true",
                        help="not only checks: every statement and comparison")
    parser.add_argument("--list", action="store_true", help="print the mutants, try none")
    parser.add_argument("--sample", type=int, metavar="N", help="so many of them, at random")
    parser.add_argument("--seed", type=int, default=1, help="of the choice (default: 1)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--self-test", metavar="FOLDER",
                        help="one mutant, with the meson folder FOLDER: it must be killed")
    parser.add_argument("--fresh", action="store_true", help="believe no earlier run")
    parser.add_argument("--again", action="store_true",
                        help="only those that nobody killed in the last run that tried them")
    parser.add_argument("--survivors", action="store_true", help="do not print who is killed")
    return parser.parse_args()


def excused_name(mutant):
    return f"{os.path.basename(mutant.path)} {mutant.name()}"


def stale_excuses():
    """The code has moved on."""
    there = {excused_name(m) for m in all_mutants(None) if m.kind == "check"}
    stale = [name for name in read_equivalent() if name not in there]
    for name in stale:
        print(f"`equivalent` excuses what is no mutant: {name}")
    return stale


class Report:
    def __init__(self, total, quiet):
        self.total, self.quiet = total, quiet
        self.done = self.killed = self.no_code = 0
        self.survived, self.excused = [], 0
        self.known = read_equivalent()
        self.lock = threading.Lock()

    def excuse(self, mutant):
        return self.known.get(excused_name(mutant))

    def add(self, mutant, killer):
        name, excuse = mutant.name(), self.excuse(mutant)
        with self.lock:
            self.done += 1
            if killer == NO_CODE:
                self.no_code += 1
                return
            self.killed += bool(killer)
            if killer and self.quiet and not excuse:
                return
            verdict = f"KILLED by {killer}" if killer else "SURVIVED"
            if killer and excuse:
                verdict += ", though `equivalent` excuses it"
            if not killer and excuse:
                verdict = f"survived, equivalent: {excuse}"
                self.excused += 1
            elif not killer:
                self.survived.append(mutant)
            print(f"[{self.done}/{self.total}] {mutant.path}:{mutant.line} {name}: {verdict}",
                  flush=True)


def main():
    args = arguments()
    chosen = [m for m in all_mutants(args.only) if args.all or m.kind == "check"]
    if args.sample and args.sample < len(chosen):
        chosen = random.Random(args.seed).sample(chosen, args.sample)
    if args.list:
        for m in chosen:
            print(f"{m.path}:{m.line} [{m.kind}] {m.name()}")
        print(f"{len(chosen)} mutants")
        return 0
    if args.self_test:
        chosen = [m for m in chosen if m.path.endswith("check_mem.c")][:1]
        args.fresh = True
        build = Build(os.path.abspath(args.self_test), TESTS[:1])
    else:
        build = Build(os.path.join(os.path.abspath(args.build), "mutation"),
                      [t for t in TESTS if t not in args.without])
    broken = build.drop_broken() + ([] if args.self_test else stale_excuses())
    known = results.Results(os.path.join(build.path, "mutants.jsonl"),
                            *build.digests({m.path for m in chosen}), args.fresh)
    if args.again:
        chosen = [m for m in chosen if known.survived(m)]
    report = Report(len(chosen), args.survivors)

    def judge(mutant):
        told = build.told(mutant, report.excuse(mutant))
        is_known, killer = known.known(mutant, told)
        if not is_known:
            killer = build.kill(mutant, known.order(mutant, told))
            if killer != NO_CODE:
                known.note(mutant, killer, told)
        return killer

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        running = {pool.submit(judge, m): m for m in chosen}
        for future in concurrent.futures.as_completed(running):
            report.add(running[future], future.result())
    print(f"{report.total - report.no_code} mutants, {report.killed} killed, {report.excused} equivalent, "
          f"{len(report.survived)} survived")
    return 1 if broken or any(m.kind == "check" for m in report.survived) else 0


if __name__ == "__main__":
    sys.exit(main())
