# SPDX-License-Identifier: Apache-2.0
"""`sekisho bpf verify|run|disasm|bench` from outside, on good, bad and hostile files."""
import json
import os
import random
import re
import struct
import subprocess

import pytest

PRELUDE = """
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32;
typedef unsigned long long u64;
struct meta { u32 in_port, len, action, out_port; u8 clone, pad[3]; u32 clone_port; };
struct map { u32 type, key, value, entries, hashes; };
static void *(*lookup)(void *, const void *) = (void *)1;
static long (*update)(void *, const void *, const void *) = (void *)2;
static u64 (*time_ns)(void) = (void *)5;
static void (*print)(const char *, ...) = (void *)7;
static u8 *(*adjust_head)(void *, int) = (void *)8;
static u8 *(*packet_data)(void *) = (void *)9;
static u64 (*sent_any)(u64) = (void *)33;
static void (*drop_site)(u32) = (void *)34;
"""
PROGRAMS = {
    # Counts packets by their last byte, drops those whose byte 12 is 9, changes byte 13.
    "filter": """struct map counts = {4, 4, 8, 16, 0};
        struct map slots = {1, 4, 8, 2, 0};
        const char source[] __attribute__((section("sekisho.source"))) = "filter.p4";
        u64 entry(void *ctx, struct meta *m) {
            u8 *p = packet_data(ctx);
            u64 one = 1, *count; u32 key;
            if (m->len < 14) return 1;
            key = p[11];
            count = lookup(&counts, &key);
            if (count) *count += 1; else update(&counts, &key, &one);
            if (p[12] == 9) { drop_site(42); return 0; }
            if (p[12] == 8) { m->action = 3; m->out_port = 7; return 1; }
            p[13] = m->in_port;
            return 1; }""",
    "push": """u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx);
        if (m->len < 2) return 1;
        p = adjust_head(ctx, 4);
        p[0] = 0x55;
        return 1; }""",
    "strip": """u64 entry(void *ctx, struct meta *m) {
        packet_data(ctx);
        adjust_head(ctx, -20);
        return 1; }""",
    "say": r"""u64 entry(void *ctx, struct meta *m) {
        print("len %u\x1b[2J", m->len); print("second%c", 10);
        return sent_any(5) ? 5 : 0; }""",
    "clock": """struct map seen = {1, 4, 8, 1, 0};
        u64 entry(void *ctx, struct meta *m) {
        u32 key = 0; u64 *at = lookup(&seen, &key);
        if (at) *at = time_ns();
        return 1; }""",
    "loop": """u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx); u64 sum = 0; u32 n = m->len;
        if (n < 200) return 1;
        for (int i = 0; i < 200; i++) sum += p[i];
        return sum; }""",
    # Byte 11 is a range, byte 12 ternary.
    "acl": """struct map acl = {8, 2, 1, 16, 0};
        const struct { unsigned short at, bytes, bits; u8 match, pad; } seki_fields_acl[]
            __attribute__((section("sekisho.fields"))) = {{0, 1, 8, 4, 0}, {1, 1, 8, 3, 0}};
        u64 entry(void *ctx, struct meta *m) {
            u8 *p = packet_data(ctx), key[2], *value;
            if (m->len < 14) return 1;
            key[0] = p[11]; key[1] = p[12];
            value = lookup(&acl, key);
            return value ? *value : 1; }""",
    "unsafe": """static __attribute__((noinline)) u64 sum(u8 *p, u32 n) { return p[n & 31]; }
        u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx);
        if (m->in_port) return 7;
        if (m->len < 20) return 1;
        return sum(p, m->len); }""",
}
PACKET = "ff" * 11 + "03" + "0800" + "aa" * 20
DLT_ETHERNET = 1


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    folder = tmp_path_factory.mktemp("objects")
    paths = {}
    for name, text in PROGRAMS.items():
        source, paths[name] = folder / f"{name}.c", str(folder / f"{name}.o")
        source.write_text(PRELUDE + text)
        subprocess.run(["clang", "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-w", "-fno-unroll-loops",
                        "-fno-vectorize", "-c", str(source), "-o", paths[name]], check=True)
    return paths


@pytest.fixture
def cli(build):
    def run(*args, code=0):
        argv = [os.path.join(build, "main", "cli", "sekisho"), "bpf", *map(str, args)]
        result = subprocess.run(argv, capture_output=True, text=True, timeout=120)
        assert result.returncode == code, result.stdout + result.stderr
        assert "\033" not in result.stdout + result.stderr
        return result
    return run


def write_pcap(path, packets, link=DLT_ETHERNET):
    """(seconds, bytes, length on the wire or None) each."""
    data = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, link)
    for seconds, packet, length in packets:
        data += struct.pack("<IIII", seconds, 5, len(packet), length or len(packet)) + packet
    path.write_bytes(data)
    return path


def read_pcap(path):
    data = path.read_bytes()
    magic, _, _, _, _, _, link = struct.unpack_from("<IHHiIII", data)
    assert magic == 0xa1b23c4d # times in ns
    at, packets = 24, []
    while at < len(data):
        seconds, _, size, length = struct.unpack_from("<IIII", data, at)
        packets.append((seconds, data[at + 16:at + 16 + size], length))
        at += 16 + size
    return link, packets


# verify


def test_verify_tells_what_was_proved(cli, objects):
    text = cli("verify", objects["filter"]).stdout
    assert "accepted" in text and "filter.p4" in text and "first 14" in text
    assert "counts: hash, keys of 4 bytes, values of 8 bytes, at most 16 entries" in text
    assert re.search(r"verified in +[\d.]+ ms, with \d+ KiB", text)
    proof = json.loads(cli("verify", "--json", objects["filter"]).stdout)
    assert proof["accepted"] is True and proof["packet_bytes"] == 14 and proof["packet_written"]
    assert proof["worst_instructions"] <= proof["instructions"] and proof["map_bytes"] > 0
    assert [m["name"] for m in proof["maps"]] == ["counts", "slots"]


def test_verify_says_where_and_why_not(cli, objects):
    result = cli("verify", objects["unsafe"], code=1)
    assert "is refused" in result.stderr and "at insn" in result.stderr and not result.stdout
    assert re.search(r"in \S*unsafe.c:\d+: .*p\[n & 31\]", result.stderr)
    assert re.search(r"where r\d+ = packet", result.stderr) and "path:" not in result.stderr
    assert "path: " in cli("verify", "-v", objects["unsafe"], code=1).stderr


def test_verify_says_it_in_json(cli, objects):
    result = cli("verify", "--json", "-v", objects["unsafe"], code=1)
    why = json.loads(result.stdout)
    assert why["accepted"] is False and "packet" in why["reason"] and why["error"] == "not proved safe"
    assert why["code"].startswith("r0 = *(u8 *)") and "packet" in why["registers"]
    assert why["source"]["file"].endswith("unsafe.c") and "p[n & 31]" in why["source"]["text"]
    assert len(why["path"]) >= 2 and isinstance(why["path"][0]["taken"], bool)
    assert why["path"][0]["code"].startswith("if ") and not result.stderr


def test_verify_has_a_limit_of_instructions(cli, objects):
    worst = json.loads(cli("verify", "--json", objects["loop"]).stdout)["worst_instructions"]
    assert worst > 600
    cli("verify", "--max-insns", worst, objects["loop"])
    assert f"the limit is {worst - 1}" in cli("verify", "--max-insns", worst - 1, objects["loop"],
                                              code=1).stderr


def test_packets_are_no_longer_than_it_was_verified_for(cli, objects):
    run = ["run", "--max-packet", 60, objects["loop"], "--packet"]
    assert "--max-packet" not in cli(*run, "00" * 60).stdout
    assert "--max-packet" in cli(*run, "00" * 61, code=1).stdout


@pytest.mark.parametrize("content", [b"", b"\x7fELF", os.urandom(5000), b"\x7fELF\2\1\1" + bytes(600)])
@pytest.mark.parametrize("command", [["verify"], ["verify", "--json"], ["disasm"],
                                     ["run", "--packet", "00"], ["bench", "--packet", "00"]])
def test_what_is_no_object_is_refused(cli, tmp_path, command, content):
    path = tmp_path / "x.o"
    path.write_bytes(content)
    result = cli(*command, path, code=1)
    if "--json" in command:
        assert json.loads(result.stdout)["accepted"] is False
    else:
        assert "refused" in result.stderr and not result.stdout


def test_entry_may_have_another_name(cli, objects):
    assert "no_such" in cli("verify", "--entry", "no_such", objects["filter"], code=1).stderr
    assert "refused" in cli("verify", "-e", "sum", objects["unsafe"], code=1).stderr


# run


def test_run_prints_verdict_changes_and_maps(cli, objects):
    result = cli("run", objects["filter"], "--packet", PACKET[:26] + "ee", "--port", 1, "--maps")
    # Byte 12 is 8: redirect, and nothing changes.
    assert "redirect to port 7, 14 bytes; " in result.stdout and "instructions" in result.stdout
    text = cli("run", objects["filter"], "--packet", "ff" * 11 + "03" + "0aee", "--port", 1,
               "--maps").stdout
    assert "pass, 14 bytes, changed" in text
    assert "- 0000  ff" in text and "0a ee" in text and "0a 01" in text
    assert "map counts: hash, 1 of 16 entries\n  03 00 00 00 -> 01 00 00 00 00 00 00 00\n" in text


def test_run_prints_the_place_of_a_drop(cli, objects):
    text = cli("run", objects["filter"], "--packet", "ff" * 12 + "0900").stdout
    assert text.startswith("packet 1: drop at filter.p4:42; ")
    out = cli("run", "--json", objects["filter"], "--packet", "ff" * 12 + "0900").stdout
    one, all_of_it = map(json.loads, out.splitlines())
    assert (one["verdict"], one["source"], one["line"], one["r0"]) == ("drop", "filter.p4", 42, 0)
    assert all_of_it["dropped"] == 1 and all_of_it["max_instructions"] == one["instructions"]


def test_run_shows_a_head_that_grew(cli, objects):
    text = cli("run", objects["push"], "--packet", "010203").stdout
    assert "pass, 7 bytes, changed" in text and "4 bytes more at its front" in text
    assert "-" in text and "+ 0000  55 00 00 00 01 02 03" in text
    one = json.loads(cli("run", "--json", objects["push"], "--packet", "01:02 03").stdout.splitlines()[0])
    assert one["bytes"] == "55000000010203" and one["length"] == 7 and one["changed"]


def test_run_drops_what_has_no_room(cli, objects):
    text = cli("run", objects["strip"], "--packet", "010203").stdout
    assert "drop: its head could not grow or shrink" in text
    assert "pass, 14 bytes, changed" in cli("run", objects["strip"], "--packet", PACKET).stdout


@pytest.mark.parametrize("engine", ["--interpret", "--jit", "--check"])
def test_run_prints_what_the_program_prints_without_its_tricks(cli, objects, engine):
    text = cli("run", objects["say"], engine, "--packet", "0102", "--sent").stdout
    assert "printf: len 2?[2J\n  printf: second?\n" in text and "pass, 2 bytes" in text
    assert "r0 = 0x5" in text
    assert "drop" in cli("run", objects["say"], engine, "--packet", "0102").stdout


def test_run_sets_maps_first(cli, objects):
    text = cli("run", objects["filter"], "--packet", PACKET, "--maps", "--map",
               "counts=03000000:0a00000000000000,slots=01000000:0100000000000000").stdout
    assert "03 00 00 00 -> 0b 00" in text and "01 00 00 00 -> 01 00" in text
    for wrong, why in (("counts", "NAME=KEY:VALUE"), ("nothing=00:00", "no map 'nothing'"),
                       ("counts=03:0a00000000000000", "not 4 bytes"), ("counts=zz", "KEY:VALUE"),
                       ("counts=03000000:0a", "not 8 bytes"),
                       ("slots=09000000:0100000000000000", "No such file")):
        assert why in cli("run", objects["filter"], "--packet", PACKET, "--map", wrong, code=1).stderr


@pytest.mark.parametrize("engine", ["--interpret", "--jit", "--check"])
def test_run_sets_classifiers(cli, objects, engine):
    entries = "acl=10/0000/ff00:05,acl=20/0308/030f:07"
    args = ("run", objects["acl"], engine, "--packet", PACKET, "--map", entries)
    assert "r0 = 0x7" in cli(*args).stdout
    assert "r0 = 0x5" in cli("run", objects["acl"], engine, "--packet", PACKET.replace("0308", "0409"),
                             "--map", entries).stdout
    text = cli(*args, "--maps").stdout
    assert "map acl: classifier, 2 of 16 entries" in text
    assert "priority 10: 00 00 / ff 00 -> 05" in text and "priority 20: 03 08 / 03 0f -> 07" in text
    shown = json.loads(cli(*args, "--maps", "--json").stdout.splitlines()[-1])["maps"][0]
    assert {"priority": 20, "first": "0308", "second": "030f", "value": "07"} in shown["entries"]
    for wrong, why in (("acl=0308:07", "PRIORITY/FIRST/SECOND"), ("acl=1/03/04:07", "not 2 bytes"),
                       ("acl=1/0408/0308:07", "Invalid argument")):
        assert why in cli("run", objects["acl"], "--packet", PACKET, "--map", wrong, code=1).stderr


def test_run_on_a_capture(cli, objects, tmp_path):
    inputs = [(1000, b"\xff" * 12 + bytes([kind, 0x77]), None) for kind in (0, 9, 8, 0)]
    capture = write_pcap(tmp_path / "in.pcap", inputs)
    out = tmp_path / "out.pcap"
    text = cli("run", objects["filter"], "--pcap", capture, "--out", out, "--check").stdout
    assert "4 packets: 2 passed, 1 dropped, 1 redirected; at most" in text
    assert "compiled code did the same" in text and len(text.splitlines()) == 6
    link, packets = read_pcap(out)
    assert link == DLT_ETHERNET and len(packets) == 3
    assert packets[0] == (1000, b"\xff" * 12 + b"\0\0", 14)
    assert packets[1] == (1000, b"\xff" * 12 + b"\x08\x77", 14)
    assert os.stat(out).st_mode & 0o777 == 0o644
    # The same file again: read to its end, then replaced.
    cli("run", objects["filter"], "--pcap", out, "--out", out)
    assert len(read_pcap(out)[1]) == 3 and sorted(os.listdir(tmp_path)) == ["in.pcap", "out.pcap"]


def test_run_reads_pcapng_and_its_time(cli, objects, tmp_path):
    def block(kind, body):
        size = 12 + len(body)
        return struct.pack("<II", kind, size) + body + struct.pack("<I", size)
    when = 1_700_000_000_000_000 # us
    capture = tmp_path / "in.pcapng"
    capture.write_bytes(
        block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)) +
        block(1, struct.pack("<HHI", DLT_ETHERNET, 0, 262144)) +
        block(6, struct.pack("<IIIII", 0, when >> 32, when & 0xffffffff, 16, 16) + bytes(16)))
    result = cli("run", "--json", "--maps", objects["clock"], "--pcap", capture)
    maps = json.loads(result.stdout.splitlines()[-1])["maps"]
    assert maps[0]["entries"] == [{"key": "00000000",
                                   "value": struct.pack("<Q", when * 1000).hex()}]


def test_run_tells_of_captures_that_are_cut(cli, objects, tmp_path):
    capture = write_pcap(tmp_path / "cut.pcap", [(1, bytes(12), 60), (1, bytes(14), 60)])
    result = cli("run", objects["filter"], "--pcap", capture, code=1)
    assert "packet 1: not run: the capture lacks bytes" in result.stdout
    assert "packet 2: pass, 60 bytes" in result.stdout and "1 could not be run" in result.stdout


@pytest.mark.parametrize("damage", ["magic", "end", "size", "empty"])
def test_hostile_captures(cli, objects, tmp_path, damage):
    capture = write_pcap(tmp_path / "x.pcap", [(1, bytes(60), None)])
    data = capture.read_bytes()
    capture.write_bytes({"magic": b"nonsense" + data[8:], "end": data[:-10], "empty": b"",
                         "size": data[:32] + struct.pack("<I", 0xfffffff0) + data[36:]}[damage])
    for command in ("run", "bench"):
        out = ["--out", tmp_path / "out.pcap"] if command == "run" else []
        assert str(capture) in cli(command, objects["filter"], "--pcap", capture, *out, code=1).stderr
    assert os.listdir(tmp_path) == ["x.pcap"]


def test_run_tells_of_other_links_than_ethernet(cli, objects, tmp_path):
    capture = write_pcap(tmp_path / "raw.pcap", [(1, bytes(20), None)], link=101)
    result = cli("run", objects["filter"], "--pcap", capture, "--out", tmp_path / "out.pcap")
    assert "link type 12 (RAW), not Ethernet's" in result.stderr and "1 passed" in result.stdout
    assert read_pcap(tmp_path / "out.pcap")[0] == 101


def test_run_repeats(cli, objects):
    text = cli("run", objects["filter"], "--packet", PACKET, "--repeat", 1000, "--maps").stdout
    assert "03 00 00 00 -> e8 03" in text and "ns a run" in text


@pytest.mark.parametrize("args", [
    ["run", "x"], ["run", "x", "--packet", "00", "--pcap", "y"], ["run", "x", "--packet", "0g"],
    ["run", "x", "--packet", "012"], ["run", "x", "--packet", ""], ["run"], ["verify"], ["disasm"],
    ["bench", "x"], ["bench", "x", "--packet", "00", "--seconds", "0"], ["verify", "x", "--what"],
    ["run", "x", "--packet", "00", "--jit", "--check"], ["disasm", "x", "--raw", "y"], ["what"], [],
    ["verify", "x", "--max-insns", "-1"]])
def test_wrong_calls(cli, args):
    assert cli(*args, code=2).stderr


def test_missing_files(cli, objects, tmp_path):
    for command in (["verify"], ["disasm"], ["run", "--packet", "00"]):
        assert "No such file" in cli(*command, tmp_path / "none.o", code=1).stderr
    assert "not a regular file" in cli("verify", tmp_path, code=1).stderr
    assert "No such file" in cli("run", objects["filter"], "--pcap", tmp_path / "none", code=1).stderr
    assert "cannot write" in cli("run", objects["filter"], "--packet", "00", "--out",
                                 tmp_path / "no/dir", code=1).stderr


def test_help(cli):
    for command in ("verify", "run", "disasm", "bench"):
        text = cli(command, "--help").stdout
        assert text.startswith(f"usage: sekisho bpf {command} FILE") and "--entry NAME" in text
        assert command in cli("--help").stdout


# disasm


def test_disasm_shows_lines_labels_and_maps(cli, objects):
    text = cli("disasm", objects["filter"]).stdout
    assert text.startswith("entry:\n") and re.search(r"^; \S*filter.c:\d+: ", text, re.M)
    assert re.search(r"r1 = map\[0\]  ; map counts$", text, re.M)
    assert "call ubpf_map_lookup" in text
    labels = set(re.findall(r"^L(\d+):$", text, re.M))
    assert labels and labels == set(re.findall(r"goto (\d+)$", text, re.M))
    assert '; "len %u' not in text


def test_disasm_shows_what_is_not_safe(cli, objects):
    text = cli("disasm", objects["unsafe"]).stdout
    assert "call" in text and "  ; sum" in text and "\nsum:\n" in text


def test_disasm_shows_what_does_not_decode(cli, objects, tmp_path):
    path = tmp_path / "broken.o"
    with open(objects["strip"], "rb") as source:
        data = source.read()
    at = data.index(bytes.fromhex("95 00 00 00 00 00 00 00")) - 8 # what is before exit
    path.write_bytes(data[:at] + bytes.fromhex("ff 00 00 00 ef be ad de") + data[at + 8:])
    text = cli("disasm", path).stdout
    assert "invalid 0xdeadbeef000000ff  ; unknown instruction" in text and "exit" in text


def test_broken_objects_break_nothing(build, objects, tmp_path):
    """Whatever is changed in an object, a command ends with an answer."""
    choices = random.Random(7)
    path = tmp_path / "mutant.o"
    for _ in range(60):
        with open(objects[choices.choice(sorted(objects))], "rb") as source:
            data = bytearray(source.read())
        for _ in range(choices.choice([1, 2, 8])):
            data[choices.randrange(len(data))] = choices.choice([0, 1, 0x7f, 0xff])
        path.write_bytes(data)
        command = choices.choice([["disasm"], ["verify", "--json", "-v"],
                                  ["run", "--check", "--packet", PACKET, "--maps"]])
        run = subprocess.run([os.path.join(build, "main", "cli", "sekisho"), "bpf", *command, str(path)],
                             capture_output=True, timeout=120)
        assert run.returncode in (0, 1), (command, data.hex())
        assert run.stdout or run.stderr
        if "--json" in command:
            json.loads(run.stdout)


def test_disasm_shows_machine_code(cli, objects, tmp_path):
    raw = tmp_path / "code"
    text = cli("disasm", "--jit", objects["filter"]).stdout
    cli("disasm", "--jit", "--raw", raw, objects["filter"])
    assert re.fullmatch(r"([0-9a-f ]+\n)+", text)
    assert len(bytes.fromhex(text.replace("\n", " "))) == raw.stat().st_size > 50
    listing = subprocess.run(["objdump", "-D", "-b", "binary", "-m", "i386:x86-64", str(raw)],
                             capture_output=True, text=True, check=True).stdout
    assert "ret" in listing and "(bad)" not in listing
    assert "refused" in cli("disasm", "--jit", objects["unsafe"], code=1).stderr


# bench


def test_bench_measures_both_engines(cli, objects, tmp_path):
    text = cli("bench", objects["loop"], "--packet", "01" * 300, "--seconds", 1).stdout
    for what in ("compiled", "interpreted", "around it"):
        assert re.search(rf"^  {what} +[\d.]+ ns a run \([\d.]+ to [\d.]+\)", text, re.M)
    assert "the longest run: about" in text and "(proved)" in text and "bytes" in text
    capture = write_pcap(tmp_path / "in.pcap", [(1, bytes([i] * 300), None) for i in range(40)])
    result = json.loads(cli("bench", "--json", objects["loop"], "--pcap", capture, "--seconds", 1).stdout)
    assert result["packets"] == 40
    assert 0 < result["jit"]["least_ns"] <= result["jit"]["median_ns"] <= result["jit"]["most_ns"]
    assert result["jit"]["median_ns"] < result["interpreter"]["median_ns"]
    assert 600 < result["instructions_per_run"] <= result["worst_instructions"]


def test_bench_puts_packets_back(cli, objects):
    # Were they not, the head would find no room after 64 runs, and the runs would be short.
    result = json.loads(cli("bench", "--json", objects["push"], "--packet", PACKET, "--seconds", 1).stdout)
    one = json.loads(cli("run", "--json", objects["push"], "--packet", PACKET).stdout.splitlines()[0])
    assert result["instructions_per_run"] == one["instructions"]
