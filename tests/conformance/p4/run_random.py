# SPDX-License-Identifier: Apache-2.0
"""run_random.py SEKISHO P4RUN P4REF [SEED]: the BPF machine, native code and the reference agree on mutated packets.

Every program of the conformance set gets its entries and its own packets, cut, grown and with bytes and bits
changed; all engines must give the same result, and where the packet passes the same action, port and bytes, else
the same place of the drop.
"""
import pathlib
import random
import sys
import tempfile

import run_stf
import stf

sys.path.append(str(run_stf.TOP / "tests" / "p4ref"))
import reference  # noqa: E402

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


def outcome(answer):
    """Of a packet that is dropped nothing but where is of interest."""
    result, action, port, site, body = answer.split()
    return (result, action, port, body) if result != "0" else (result, site)


def prepare(run, script):
    for line in pathlib.Path(script).read_text().splitlines() if script else []:
        line = line.split("#")[0].strip()
        if line.split(" ")[0] in ("add", "setdefault", "sent", "member", "group", "meter", "time"):
            run.line(line)


def agree(rng, runs, packets):
    for _ in range(PACKETS):
        port, data = rng.choice(packets)
        command = f"packet {rng.choice((port, 0, 1))} {mutate(rng, data).hex() or '-'}"
        answers = [(name, run.engine.ask(command)) for name, run in runs]
        if len({outcome(answer) for _, answer in answers}) > 1:
            raise stf.Failure("\n  ".join([command] + [f"{name:9} {answer}" for name, answer in answers]))


def compare(rng, tools, program, script, compat):
    sekisho, p4run, p4ref = tools
    options = stf.options(script, compat)
    with tempfile.TemporaryDirectory() as folder:
        programs, layout = stf.build(sekisho, program, folder, options)
        runs = [(name, stf.Run(stf.Engine(p4run, path), layout, compat)) for name, path in programs]
        if "--extern" not in options:
            runs.append(("reference", reference.Run(reference.Engine(p4ref, program, compat), None, compat)))
        try:
            for _, run in runs:
                prepare(run, script)
            agree(rng, runs, seeds(script) if script else [(0, bytes(64))])
        except stf.Failure as failure:
            raise stf.Failure(f"{program.name}: {failure}") from failure
        finally:
            for _, run in runs:
                run.engine.close()


def main(sekisho, p4run, p4ref, seed="1"):
    failed, programs = [], 0
    for program, script, compat in [*run_stf.cases(), *run_stf.programs()]:
        rng = random.Random(f"{seed} {program.name}")
        programs += 1
        try:
            compare(rng, (sekisho, p4run, p4ref), program, script, compat)
        except stf.Failure as failure:
            failed.append(str(failure))
    print("\n".join(failed))
    print(f"{programs - len(failed)} of {programs} programs agree on {PACKETS} packets each")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
