# SPDX-License-Identifier: Apache-2.0
"""Compiles each *.c here as users' compilers do and runs it: objects.py OBJRUN.

In the C, `//: packet HEX` and behind it `//: pass HEX` or `//: drop` are packets in order, in one
life of the program; `//: refused TEXT` is what the log of a refusal says."""
import itertools
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PACKET = re.compile(r"^//: packet ?([0-9a-f]*)\n//: (pass [0-9a-f]*|drop)$", re.M)
REFUSED = re.compile(r"^//: refused (.*)$", re.M)
WAYS = [list(way) for way in itertools.product(
    ("-O1", "-O2"), ("-mcpu=v1", "-mcpu=v2", "-mcpu=v3"), ("-g", "-g0"))]


def compile_c(source, way, out):
    subprocess.run(["clang", "-target", "bpf", "-ffreestanding", "-w", *way, "-c", str(source),
                    "-o", str(out)], check=True)


def run_object(objrun, source, way, out):
    """None, or what is wrong."""
    text = source.read_text()
    packets, refused = PACKET.findall(text), REFUSED.findall(text)
    compile_c(source, way, out)
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


def main():
    objrun = sys.argv[1]
    total = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted([*HERE.glob("*.c"), *HERE.glob("refused/*.c")]):
            if source.name == "objrun.c":
                continue
            for way in WAYS:
                wrong = run_object(objrun, source, way, pathlib.Path(folder) / "x.o")
                total += 1
                if wrong:
                    failed += 1
                    print(f"{source.name} {' '.join(way)}: {wrong}")
    print(f"{total - failed} of {total} objects behave")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
