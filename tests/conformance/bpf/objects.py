# SPDX-License-Identifier: Apache-2.0
"""Compiles each *.c here as users' compilers do and runs it: objects.py OBJRUN.

In the C, `//: packet HEX` and behind it `//: pass HEX` or `//: drop` are packets in order, in one
life of the program; `//: refused TEXT` is what the log of a refusal says. `//: compare HEX`: on
this packet, and on others made of it, the program does what the same C does that is compiled
natively (native.c)."""
import functools
import itertools
import pathlib
import random
import re
import subprocess
import sys
import tempfile
from concurrent import futures

import p4forms

HERE = pathlib.Path(__file__).resolve().parent
PACKET = re.compile(r"^//: packet ?([0-9a-f]*)\n//: (pass [0-9a-f]*|drop)$", re.M)
REFUSED = re.compile(r"^//: refused (.*)$", re.M)
COMPARE = re.compile(r"^//: compare ?([0-9a-f]*)$", re.M)
NOT_COMPILED = "clang gave up"
PACKETS = 150  # compared of a program
WAYS = [list(way) for way in itertools.product(
    ("-O1", "-O2"), ("-mcpu=v1", "-mcpu=v2", "-mcpu=v3"), ("-g", "-g0"))]


def compile_c(source, way, out):
    """True where clang can. Version 14 has no signed division for BPF: where a division by 8 is
    left, as p4c's are, it is made unsigned, as users have to. And some of what p4c makes wants more
    than 512 bytes of stack with -O1."""
    for more in ([], ["-DSEKI_UNSIGNED"]):
        done = subprocess.run(["clang", "-target", "bpf", "-ffreestanding", "-w", *way, *more,
                               f"-I{HERE}", "-c", str(source), "-o", str(out)],
                              text=True, capture_output=True, check=False)
        if not done.returncode:
            return True
    if "stack limit of 512 bytes" not in done.stderr:
        raise SystemExit(done.stderr)
    return False


def variants(seeds):
    """Packets as lines: the seeds, cut anywhere, and with some bytes changed."""
    rng = random.Random(1)
    packets = [bytes.fromhex(seed) for seed in seeds]
    while len(packets) < PACKETS:
        packet = bytearray(rng.choice(packets[:len(seeds)]))
        if rng.random() < 0.4:
            packet = packet[:rng.randrange(len(packet) + 1)]
        for _ in range(rng.randrange(4) if packet else 0):
            at = rng.randrange(min(len(packet), rng.choice((16, 64, 2048))))
            packet[at] = rng.choice((0, 1, 0x45, 0x4f, 0xff, rng.randrange(256)))
        packets.append(bytes(packet))
    return "".join(packet.hex() + "\n" for packet in packets)


@functools.cache
def natively(source, lines):
    """What the C prints of the packets without the machine."""
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "native"
        subprocess.run(["cc", "-O2", "-w", "-DSEKI_NATIVE", f"-I{HERE.parents[2]}", f"-I{HERE}",
                        str(source),
                        str(HERE / "native.c"), "-o", str(program)], check=True)
        return subprocess.run([program], input=lines, text=True, capture_output=True, timeout=20,
                              check=True).stdout


def compare_object(objrun, source, out):
    lines = variants(COMPARE.findall(source.read_text()))
    done = subprocess.run([objrun, str(out)], input=lines, text=True, capture_output=True,
                          timeout=20, check=False)
    if done.returncode:
        return done.stdout.strip()[:500]
    wanted = natively(source, lines).splitlines()
    wrong = [f"{line}: wanted {want}, got {got}" for line, want, got in
             zip(lines.splitlines(), wanted, done.stdout.splitlines()) if want != got]
    return "; ".join(wrong[:3])[:2000] or None


def run_object(objrun, source, way, out):
    """None, or what is wrong."""
    text = source.read_text()
    packets, refused = PACKET.findall(text), REFUSED.findall(text)
    if not compile_c(source, way, out):
        return NOT_COMPILED
    if COMPARE.search(text):
        return compare_object(objrun, source, out)
    done = subprocess.run([objrun, str(out)], input="".join(p + "\n" for p, _ in packets),
                          text=True, capture_output=True, timeout=20, check=False)
    if refused:
        missing = [r for r in refused if r not in done.stdout and (".c:" not in r or "-g" in way)]
        return None if done.returncode == 1 and not missing else \
            f"lacks {missing} in {done.stdout!r}"
    wanted = [want for _, want in packets]
    got = done.stdout.splitlines()
    return None if got == wanted and not done.returncode else \
        f"wanted {wanted}, got {got} {done.stderr}"


def sources(folder):
    """Those here and below, and the generated ones, which come to the folder."""
    for name, text in p4forms.programs().items():
        (folder / f"{name}.c").write_text(text)
    found = sorted([*HERE.glob("*.c"), *HERE.glob("*/*.c"), *folder.glob("*.c")])
    return [source for source in found if source.name not in ("objrun.c", "native.c")]


def main():
    objrun, only = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder, futures.ThreadPoolExecutor(2) as pool:
        jobs = [(source, way) for source in sources(pathlib.Path(folder)) for way in WAYS
                if not only or source.stem in only]
        results = list(pool.map(
            lambda job: run_object(objrun, *job[1], pathlib.Path(folder) / f"{job[0]}.o"),
            enumerate(jobs)))
    failed = [(job, wrong) for job, wrong in zip(jobs, results)
              if wrong not in (None, NOT_COMPILED)]
    for (source, way), wrong in failed:
        print(f"{source.name} {' '.join(way)}: {wrong}")
    skipped = results.count(NOT_COMPILED)
    print(f"{len(jobs) - len(failed) - skipped} of {len(jobs)} objects behave, "
          f"{skipped} were too much for clang")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
