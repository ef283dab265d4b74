#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bench.py SEKISHO [--check]: executed BPF instructions of five P4 programs beside those of C written by hand.

Both run on the same packets, in the interpreter, which counts; they must agree on each packet. Then
the time that a program of 1,000 lines takes, with clang and without. With --check only: do they agree,
and is no mean ratio above 1.2?
"""
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
CLANG = os.environ.get("SEKISHO_CLANG") or "clang"
MOST = 1.2
SRC, DST = 0x0a000002, 0xc0000201
MACS = bytes.fromhex("020000000001020000000002020000000003020000000004")


def le32(*words):
    return struct.pack(f"<{len(words)}I", *words)


# What the P4 programs have as entries, for the maps of those in C.
MAPS = {
    "router": {"routes": [(le32(8) + bytes([10, 0, 0, 0]), MACS[:12] + le32(1)),
                          (le32(16) + bytes([10, 1, 0, 0]), MACS[12:] + le32(1))]},
    "nat": {"addresses": [(le32(SRC), le32(0xc0000202))]},
}


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packet(src=SRC, dst=DST, sport=40000, dport=53, protocol=17, ttl=64, wrong=False):
    """Ethernet, IPv4, ports and a checksum where UDP has it."""
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 50, 1, 0x4000, ttl, protocol, 0, src, dst)
    ip = ip[:10] + struct.pack(">H", checksum(ip) ^ wrong) + ip[12:]
    return bytes(12) + b"\x08\x00" + ip + struct.pack(">HHHH", sport, dport, 30, 0x1234) + bytes(22)


def packets():
    """Of each program: those that it does its work on."""
    chance = random.Random(1)
    flows = [packet(src=0x0a080000 + i, sport=40000 + i, dport=8443, protocol=6) for i in range(7)]
    return {
        "filter": flows + [packet(src=0x0a080007, sport=993, dport=1, protocol=6),
                           packet(dport=80, protocol=6)],
        "checksum": [packet(src=chance.getrandbits(32)) for _ in range(7)] + [packet(wrong=True)],
        "counter": flows + flows[:1],
        "router": [packet(dst=0x0a000000 + chance.getrandbits(24)) for _ in range(6)] +
                  [packet(dst=0x0a010001), packet(dst=0x0b000001)],
        "nat": [packet(dst=chance.getrandbits(32)) for _ in range(7)] + [packet(src=SRC + 1)],
    }


def run(*args):
    return subprocess.run([str(a) for a in args], check=True, stdout=subprocess.PIPE, text=True).stdout


def write_capture(path, frames):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            out.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)


def execute(sekisho, program, capture, out, maps):
    """(instructions of each packet, verdicts, the packets that passed)"""
    entries = [f"{name}={key.hex()}:{value.hex()}" for name in maps for key, value in maps[name]]
    lines = run(sekisho, "bpf", "run", program, "-r", capture, "-w", out, "--json",
                *(["--map", ",".join(entries)] if entries else [])).splitlines()
    each = [json.loads(line) for line in lines if '"packet":' in line]
    return [p["instructions"] for p in each], [p["verdict"] for p in each], out.read_bytes()


def compare(sekisho, folder, name, frames):
    """Instructions by packet of the C and of the P4 program."""
    capture, out = folder / "in.pcap", folder / "out.pcap"
    write_capture(capture, frames)
    run(CLANG, "-target", "bpf", "-mcpu=v3", "-O2", f"-I{TOP}", "-c", HERE / f"{name}.c", "-o", folder / "c.o")
    run(sekisho, "p4", "build", HERE / f"{name}.p4", "-o", folder / "p4.o")
    by_hand = execute(sekisho, folder / "c.o", capture, out, MAPS.get(name, {}))
    compiled = execute(sekisho, folder / "p4.o", capture, out, {})
    if by_hand[1:] != compiled[1:]:
        sys.exit(f"bench.py: {name}: the P4 program and that in C disagree: {compiled[1]}, {by_hand[1]}")
    return by_hand[0], compiled[0]


def long_program():
    """1,000 lines: tables with actions of their own, as large programs mostly are, each of a few lines."""
    lines = ['#include "parse.p4"', "",
             "control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {"]
    tables = 39
    for n in range(tables):
        lines += [f"\taction set_{n}(bit<8> tos, bit<16> id) {{", "\t\thdr.ipv4.tos = tos;",
                  f"\t\thdr.ipv4.id = hdr.ipv4.id + {n};",
                  "\t\tif (hdr.ipv4.id == id) {", "\t\t\thdr.ipv4.ttl = hdr.ipv4.ttl - 1;", "\t\t}", "\t}", "",
                  f"\taction drop_{n}() {{", "\t\tmark_to_drop();", "\t}", "",
                  f"\ttable table_{n} {{", "\t\tkey = {", "\t\t\thdr.ipv4.src: exact;",
                  "\t\t\thdr.ports.dst: exact;", "\t\t}", "\t\tactions = {", f"\t\t\tset_{n};",
                  f"\t\t\tdrop_{n};", "\t\t}", f"\t\tconst default_action = drop_{n}();", "\t\tsize = 1024;", "\t}", ""]
    lines += ["\tapply {"] + [f"\t\ttable_{i}.apply();" for i in range(tables)]
    lines += ["\t}", "}", "", "ubpf(prs(), pipe(), dprs()) main;"]
    return lines


def time_of(*args):
    """Least of five runs, in seconds."""
    times = []
    for _ in range(5):
        start = time.monotonic()
        run(*args)
        times.append(time.monotonic() - start)
    return min(times)


def main(sekisho, check=False):
    worst = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        print("instructions of a packet: C by hand, P4, ratio (mean; most)")
        for program, frames in packets().items():
            by_hand, compiled = compare(sekisho, folder, program, frames)
            mean = sum(compiled) / sum(by_hand)
            worst = max(worst, mean)
            print(f"{program:10}{sum(by_hand) / len(by_hand):7.1f}{sum(compiled) / len(compiled):7.1f}{mean:6.2f}"
                  f"   {max(by_hand):5}{max(compiled):5}{max(compiled) / max(by_hand):6.2f}")
        if check:
            return worst > MOST
        source = folder / "long.p4"
        lines = long_program()
        source.write_text("\n".join(lines) + "\n")
        include = ("-I", HERE)
        print(f"{len(lines)} lines: {1e3 * time_of(sekisho, 'p4', 'check', source, *include):.0f} ms to check, "
              f"{1e3 * time_of(sekisho, 'p4', 'build', source, *include, '--emit-c', folder / 'long.c'):.0f} ms to C, "
              f"{1e3 * time_of(sekisho, 'p4', 'build', source, *include, '-o', folder / 'long.o'):.0f} ms to an object")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--check" in sys.argv))
