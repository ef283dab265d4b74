# SPDX-License-Identifier: Apache-2.0
"""Random P4 programs: what the compiler makes of them, on the BPF machine, against the reference interpreter.

run_random.py SEKISHO P4RUN P4REF [--seconds N] [--programs N] [--seed FIRST] [--keep FOLDER [--shrink] [--refused]]
              [--without FEATURES] [--again PROGRAM]
"""
import argparse
import collections
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "conformance" / "p4")]
from random_p4 import externs, packets, shrink  # noqa: E402
from random_p4.program import Program  # noqa: E402
import stf  # noqa: E402
from reference import Engine, Run  # noqa: E402

PACKETS = 50


class Refused(Exception):
    """The compiler cannot do this program, and says so."""


class Wrong(Exception):
    """The compiler and the reference do not agree."""


class Tools:
    def __init__(self, sekisho, p4run, p4ref, folder):
        self.sekisho, self.p4run, self.p4ref = sekisho, p4run, p4ref
        self.folder = pathlib.Path(folder)

    def build(self, source, compat):
        """The object and its layout."""
        obj, code = source.with_suffix(".o"), source.with_suffix(".c")
        command = [self.sekisho, "p4", "build", source, "-o", obj, "--emit-c", code]
        done = subprocess.run(command + ["--compat=p4c"] * compat,
                              capture_output=True, text=True, errors="replace", timeout=120, check=False)
        if done.returncode < 0:
            raise Wrong(f"the compiler died of signal {-done.returncode}")
        if done.returncode:
            raise Refused(reason(done.stderr))
        return obj, stf.Layout(code.read_text())


def reason(text):
    """What an error says, without names and numbers."""
    errors = [line for line in text.splitlines() if "error:" in line] or text.splitlines()[-1:] or [""]
    message = errors[0].split("error:")[-1].strip()
    return re.sub(r"\d+", "N", re.sub(r"'[^']*'", "'...'", message))[:110]


def same(a, b):
    """Two answers about a packet: what became of it, and where a drop was is not compared."""
    a, b = a.split(), b.split()
    if len(a) < 5:
        return a == b
    return len(b) == 5 and a[0] == b[0] and (a[0] == "0" or (a[1:3] == b[1:3] and a[4] == b[4]))


def is_compat(text):
    return "/* compat */" in text


def ask(run, command):
    """Objects whose statements were optimised away are not in the program: they counted nothing."""
    word, *rest = command.split()
    if word == "counter":
        name, index = rest[0], int(rest[1])
        there = isinstance(run, Run) or run.engine.ask(f"get {name} {struct.pack('<I', index).hex()}") != "none"
        return f"counts {run.counter(name, index) if there else (0, 0)}"
    if word == "digest" and not isinstance(run, Run) and run.engine.ask(f"get {rest[0]}_state 00000000") == "none":
        return "none"
    return run.engine.ask(command)


def command_list(text, sent):
    """Packets; with objects of sekisho.p4 the time between them, and what they left behind."""
    commands = [f"packet {port} {data.hex() or '-'}" for port, data in sent]
    counter = re.search(r"Counter<.*>\((\d+),.* cnt;", text)
    if not counter:
        return commands
    return [*externs.times(random.Random(1), commands), *(f"counter pipe_cnt {i}" for i in range(int(counter[1]))),
            *["digest pipe_dig"] * 3]


def ask_all(run, lines, commands):
    try:
        for line in lines:
            run.line(line)
        return [ask(run, command) for command in commands]
    finally:
        run.engine.close()


def compare(tools, source, lines, sent):
    """Raises Refused, Wrong; stf.Failure where the program is not one of the language."""
    compat = is_compat(source.read_text())
    commands = command_list(source.read_text(), sent)
    wanted = ask_all(Run(Engine(tools.p4ref, source, compat), None, compat), lines, commands)
    obj, layout = tools.build(source, compat)
    for interpreted in (False, True):
        env = dict(os.environ, P4RUN_INTERPRET="1") if interpreted else None
        try:
            got = ask_all(stf.Run(stf.Engine(tools.p4run, obj, env=env), layout, compat), lines, commands)
        except stf.Failure as failure:
            raise Wrong(f"the object: {failure}") from failure
        for command, want, have in zip(commands, wanted, got):
            if not same(want, have):
                raise Wrong(f"{command}\n  reference {want}\n  {'interpreter' if interpreted else 'JIT'} {have}")
    return wanted


def kind(failure):
    """What must stay the same while a program shrinks."""
    text = str(failure)
    if isinstance(failure, Refused):
        return text[:50]
    return text.split()[0] if text.startswith("packet") else reason(text)[:40]


def smaller(tools, source, case, failure, save):
    """`save` gets what is smaller as soon as it is found: the rest takes minutes."""
    text, lines, sent = case
    wanted = kind(failure)
    path = source.with_name("shrunk.p4")
    if wanted == "packet":
        at = next(i for i, (p, d) in enumerate(sent) if str(failure).startswith(f"packet {p} {d.hex() or '-'}\n"))
        one = [sent[at]]
        source.write_text(text)
        if still(tools, source, text, lines, one, wanted):
            sent = one
    for line in list(lines):
        fewer = [x for x in lines if x != line]
        if still(tools, path, text, fewer, sent, wanted):
            lines = fewer

    def holds(less):
        if not still(tools, path, less, lines, sent, wanted):
            return False
        save(less, lines, sent)
        return True

    save(text, lines, sent)
    shrink.shrink(text, holds)


def still(tools, path, text, lines, sent, wanted):
    path.write_text(text)
    try:
        compare(tools, path, lines, sent)
    except (Wrong, Refused) as failure:
        return kind(failure) == wanted
    except (stf.Failure, subprocess.TimeoutExpired):
        return False
    return False


class Tally:
    def __init__(self):
        self.agreed = self.packets = self.passed = 0
        self.refused = collections.Counter()
        self.invalid = collections.Counter()
        self.wrong = []

    def show(self):
        for title, counter in (("not compiled", self.refused), ("not of the language", self.invalid)):
            for text, n in counter.most_common(20):
                print(f"{title}: {n:4} {text}")
        for name, failure in self.wrong:
            print(f"{name}: {failure}")
        total = self.agreed + len(self.wrong) + sum(self.refused.values()) + sum(self.invalid.values())
        print(f"random: {self.agreed} of {self.agreed + len(self.wrong)} programs agree with the reference, on "
              f"{self.packets} packets of which {self.passed} pass; {total} programs, "
              f"{sum(self.refused.values())} not compiled, {sum(self.invalid.values())} not of the language")


def one(tools, seed, tally, options):
    program = Program(seed)
    if options.without & program.has:
        return
    text = program.make() + "/* compat */\n" * program.compat
    rng = random.Random(f"packets {seed}")
    lines = packets.entries(rng, program) + (externs.setup(rng, program) if program.cells else [])
    judge(tools, f"seed{seed}", (text, lines, packets.packets(rng, program, PACKETS)), tally, options)


def again(tools, path, tally, options):
    """A program that was kept."""
    script = [line for line in path.with_suffix(".stf").read_text().splitlines() if line and line[0] != "#"]
    sent = [line.split()[1:] for line in script if line.startswith("packet")]
    sent = [(int(port), b"" if data == "-" else bytes.fromhex(data)) for port, data in sent]
    lines = [line for line in script if not line.startswith("packet")]
    judge(tools, path.stem, (path.read_text(), lines, sent), tally, options)


def judge(tools, name, case, tally, options):
    text, lines, sent = case
    source = tools.folder / f"{name}.p4"
    source.write_text(text)
    try:
        wanted = compare(tools, source, lines, sent)
        tally.agreed += 1
        tally.packets += sum(len(w.split()) == 5 for w in wanted)
        tally.passed += sum(w[0] == "1" for w in wanted)
    except Refused as refused:
        tally.refused[str(refused)] += 1
        if options.keep and options.refused:
            keep(tools, source, (text, lines, sent[:1]), refused, options)
    except stf.Failure as failure:
        tally.invalid[reason(str(failure))] += 1
    except Wrong as wrong:
        tally.wrong.append((name, wrong))
        if options.keep:
            keep(tools, source, case, wrong, options)
    for path in tools.folder.glob(f"{name}.*"):
        path.unlink()


def keep(tools, source, case, wrong, options):
    folder = pathlib.Path(options.keep)
    folder.mkdir(exist_ok=True)

    def save(text, lines, sent):
        (folder / source.name).write_text(text)
        script = lines + [f"packet {port} {data.hex() or '-'}" for port, data in sent]
        comment = "\n".join(f"# {line}" for line in str(wrong).splitlines())
        (folder / source.with_suffix(".stf").name).write_text("\n".join(script) + "\n" + comment + "\n")

    save(*case)
    if options.shrink:
        smaller(tools, source, case, wrong, save)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sekisho")
    parser.add_argument("p4run")
    parser.add_argument("p4ref")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--programs", type=int, default=1 << 30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--keep", help="folder for programs that differ")
    parser.add_argument("--refused", action="store_true", help="and for those that are not compiled")
    parser.add_argument("--without", default="", help="features that no program is to have: varbit,loop ...")
    parser.add_argument("--again", type=pathlib.Path, help="a program that was kept, in the place of random ones")
    options = parser.parse_args()
    options.without = set(options.without.split(","))
    tally = Tally()
    end = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory() as folder:
        tools = Tools(options.sekisho, options.p4run, options.p4ref, folder)
        if options.again:
            again(tools, options.again, tally, options)
        for seed in range(options.seed, options.seed + options.programs):
            if options.again or time.monotonic() > end:
                break
            one(tools, seed, tally, options)
    tally.show()
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
