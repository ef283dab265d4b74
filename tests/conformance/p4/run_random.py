# SPDX-License-Identifier: Apache-2.0
"""run_random.py SEKISHO P4RUN [SEED]: the BPF machine and native code agree on mutated packets.

Every program of the conformance set gets its own packets, cut, grown and with bytes and bits changed; both
engines must give the same result, action, port, site and bytes, and keep the same state in their maps.
"""
import pathlib
import random
import sys
import tempfile

import run_stf
import stf

PACKETS = 400


def seeds(script):
    """The packets of an STF file."""
    found = []
    for line in pathlib.Path(script).read_text().splitlines():
        words = line.split("#")[0].split()
        if words[:1] == ["packet"]:
            found.append((int(words[1]), bytes.fromhex("".join(words[2:]))))
    return found or [(0, bytes(64))]


def mutate(rng, data):
    data = bytearray(data)
    for _ in range(rng.randrange(4)):
        kind = rng.randrange(5)
        if kind == 0 and data:
            del data[rng.randrange(len(data)):]
        elif kind == 1:
            data += rng.randbytes(rng.randrange(1, 80))
        elif kind == 2 and data:
            data[rng.randrange(len(data))] = rng.choice((0, 1, 0x45, 0x46, 0x4f, 0x7f, 0x80, 0xff))
        elif kind == 3 and data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif kind == 4 and data:
            at = rng.randrange(len(data))
            data[at:at] = data[at:at + rng.randrange(1, 9)]
    return bytes(data)


def compare(rng, sekisho, p4run, program, script, compat):
    with tempfile.TemporaryDirectory() as folder:
        programs, _ = stf.build(sekisho, program, folder, stf.options(script, compat))
        engines = [stf.Engine(p4run, path) for _, path in programs]
        packets = seeds(script) if script else [(0, bytes(64))]
        try:
            for _ in range(PACKETS):
                port, data = rng.choice(packets)
                command = f"packet {rng.choice((port, 0, 1))} {mutate(rng, data).hex() or '-'}"
                answers = [engine.ask(command) for engine in engines]
                if answers[0] != answers[1]:
                    raise stf.Failure(f"{program.name}: {command}\n  bpf    {answers[0]}\n"
                                      f"  native {answers[1]}")
        finally:
            for engine in engines:
                engine.close()


def main(sekisho, p4run, seed="1"):
    failed, programs = [], 0
    for program, script, compat in run_stf.cases():
        rng = random.Random(f"{seed} {program.name}")
        programs += 1
        try:
            compare(rng, sekisho, p4run, program, script, compat)
        except stf.Failure as failure:
            failed.append(str(failure))
    print("\n".join(failed))
    print(f"{programs - len(failed)} of {programs} programs agree on {PACKETS} packets each")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
