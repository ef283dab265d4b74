# SPDX-License-Identifier: Apache-2.0
"""Programs that are loaded, replaced and unloaded while packets come; programs of single ports; maps that go on;
limits. The switch is test_shield_cli's: this test itself, so that every packet's fate is known."""
import contextlib
import os
import secrets
import subprocess
import time

import pytest

from lab import poll
from test_shield_cli import DROP, PASS, PRELUDE, Publisher, Switch, packet, switch, udp, vms  # noqa: F401
from test_shield_cli import PROGRAMS as OTHERS

MAPS = """
struct map_def { u32 type, key_size, value_size, max_entries, hashes; };
static void *(*lookup)(void *, const void *) = (void *)1;
struct map_def runs = {1, 4, VALUE, ENTRIES, 0};
struct map_def fresh = {1, 4, 8, FRESH, 0};
u64 entry(void *ctx, struct meta *m) {
    u32 zero = 0;
    u64 *n = lookup(&runs, &zero);
    if (!n || !lookup(&fresh, &zero)) return 1;
    *n += 1;
    drop_site((u32)*n); return 0; }
"""
PROGRAMS = {
    "pass": "u64 entry(void *ctx, struct meta *m) { return 1; }",
    "three": "u64 entry(void *ctx, struct meta *m) { drop_site(3); return 0; }",
    # Looks at 200 bytes.
    "deep": """u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx);
        if (m->len < 200) return 1;
        drop_site(p[199]); return 0; }""",
    # Some hundred thousand instructions a packet.
    "slow": """u64 entry(void *ctx, struct meta *m) {
        u64 x = m->len;
        for (u32 i = 0; i < 60000; i++) x = (x * 31 + i) % 1000003;
        drop_site(x ? 1 : 2); return 0; }""",
    "ask": OTHERS["ask"],
    "count": MAPS,
    "count_wide": MAPS,
    "count_more": MAPS,
}
DEFINES = {"count_wide": ["-DVALUE=16"], "count_more": ["-DENTRIES=4", "-DFRESH=2"]}


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    out, paths = tmp_path_factory.mktemp("objects"), {}
    for name, text in PROGRAMS.items():
        source, paths[name] = out / f"{name}.c", str(out / f"{name}.o")
        defines = {"VALUE": 8, "ENTRIES": 1, "FRESH": 1}
        defines.update(d[2:].split("=") for d in DEFINES.get(name, []))
        source.write_text(PRELUDE + text)
        subprocess.run(["clang", "-target", "bpf", "-O2", "-mcpu=v3", "-ffreestanding", "-w", "-c",
                        *(f"-D{key}={value}" for key, value in defines.items()),
                        str(source), "-o", paths[name]], check=True, timeout=60)
    return paths


def test_ports_with_programs_of_their_own(vms, objects):
    vms.start("vm", "--program", objects["pass"], "--workers", "2")
    with switch(vms, port="a") as a, switch(vms, port="b") as b:
        assert a.judge(packet()) == b.judge(packet()) == [(PASS, 0)]
        assert vms.cli("load", "vm", objects["three"], "--port", "b").stdout.startswith("b: three.o: ")
        assert (a.judge(packet()), b.judge(packet())) == ([(PASS, 0)], [(DROP, 3)])
        with switch(vms, port="b") as late:
            assert late.judge(packet()) == [(DROP, 3)]
        status = vms.status()
        assert status["program"]["name"] == "pass.o" and status["workers"] == 2
        assert [(p["port"], p["program"]["name"]) for p in status["ports"]] == [("b", "three.o")]
        queues = {q["port"]: q for q in status["queues"]}
        assert queues["a"]["program"] == "pass.o" and queues["b"]["program"] == "three.o"
        assert queues["a"]["worker"] != queues["b"]["worker"]
        assert {"port": "b", "source": "", "line": 3, "count": 2} in status["sites"]
        assert "of b: three.o" in vms.cli("status", "vm").stdout
        vms.cli("unload", "vm", "--port", "b")
        assert b.judge(packet()) == [(PASS, 0)]
        again = vms.cli("unload", "vm", "--port", "b", check=False)
        assert again.returncode == 1 and "port b has no program of its own" in again.stderr
        vms.cli("unload", "vm")
        assert a.judge(packet()) == b.judge(packet()) == [(DROP, 0)]
        assert vms.status()["program"] is None
        assert "every packet is dropped" in vms.cli("status", "vm").stdout


def test_packets_may_pass_without_a_program(vms, objects):
    vms.start("vm", "--no-program", "pass")
    with switch(vms) as sw:
        assert sw.judge(packet()) == [(PASS, 0)]
        vms.cli("load", "vm", objects["three"])
        assert sw.judge(packet()) == [(DROP, 3)]
        vms.cli("unload", "vm")
        assert sw.judge(packet()) == [(PASS, 0)]
        assert "every packet passes" in vms.cli("status", "vm").stdout
    wrong = vms.cli("run", "other", "--no-program", "maybe", check=False)
    assert wrong.returncode == 2 and "drop or pass" in wrong.stderr


def test_maps_go_on(vms, objects):
    vms.start("vm", "--program", objects["count"])
    with switch(vms) as sw:
        assert sw.judge(packet(), packet()) == [(DROP, 1), (DROP, 2)]
        text = vms.cli("load", "vm", objects["count"], "--keep-maps").stdout
        assert "maps that go on: runs, fresh" in text
        assert sw.judge(packet()) == [(DROP, 3)]
        assert vms.status()["program"]["maps_kept"] == 2
        # A port's own first program goes on with the maps of the one that judged the port.
        vms.cli("load", "vm", objects["count"], "--keep-maps=runs", "--port", "port0")
        assert sw.judge(packet()) == [(DROP, 4)]
        vms.cli("unload", "vm", "--port", "port0")
        assert sw.judge(packet()) == [(DROP, 5)]
        vms.cli("load", "vm", objects["count"])
        assert sw.judge(packet()) == [(DROP, 1)]


@pytest.mark.parametrize("name, option, why", [
    ("count_wide", "--keep-maps", "map runs cannot be kept: its value size was 8 and is 16 now"),
    ("count_more", "--keep-maps", "map runs cannot be kept: its max_entries was 1 and is 4 now"),
    ("count_more", "--keep-maps=fresh", "map fresh cannot be kept: its max_entries was 1 and is 2 now"),
    ("count", "--keep-maps=runs,other", "map other cannot be kept: the old program has none of that name"),
    ("pass", "--keep-maps=runs", "map runs cannot be kept: the new program has none of that name"),
])
def test_maps_that_cannot_go_on(vms, objects, name, option, why):
    vms.start("vm", "--program", objects["count"])
    with switch(vms) as sw:
        assert sw.judge(packet()) == [(DROP, 1)]
        refused = vms.cli("load", "vm", objects[name], option, check=False)
        assert refused.returncode == 1 and why in refused.stderr
        assert sw.judge(packet()) == [(DROP, 2)]
        assert vms.status()["program"]["name"] == "count.o"


def test_limits_of_whoever_runs_it(vms, objects):
    vms.start("vm", "--program", objects["pass"], "--max-insns", "3", "--memory", "1")
    refused = vms.cli("load", "vm", objects["deep"], check=False)
    assert refused.returncode == 1 and "the limit is 3" in refused.stderr
    status = vms.status()
    assert status["limits"]["insns"] == 3 and status["limits"]["map_bytes"] == 1 << 20
    assert status["program"]["name"] == "pass.o" and status["errors"]["loads"] == 1


def test_a_switch_that_does_not_look_gets_its_packets_back(vms, objects):
    """This test's switch never says what it has seen: the change happens all the same, soon."""
    vms.start("vm", "--program", objects["pass"])
    with switch(vms) as sw:
        vms.cli("load", "vm", objects["deep"])
        assert sw.judge(packet(length=300)) == [(DROP, 0)]


def test_queues_spread_over_workers(vms, objects):
    vms.start("vm", "--program", objects["three"], "--workers", "3")
    with contextlib.ExitStack() as stack:
        switches = [stack.enter_context(contextlib.closing(Switch(vms.path("vm", "port.sock"), port)))
                    for port in ("a", "a", "b", "b", "c", "a")]
        for sw in switches:
            assert sw.judge(packet()) == [(DROP, 3)]
        queues = vms.status()["queues"]
        assert sorted(q["worker"] for q in queues if q["port"] == "a") == [0, 1, 2]
        assert sorted(q["worker"] for q in queues) == [0, 0, 1, 1, 2, 2]
        assert sum(site["count"] for site in vms.status()["sites"]) == 6
        assert len(os.listdir(f"/proc/{vms.status()['pid']}/task")) == 4


def test_facts_reach_all_workers(vms, objects, build, tmp_path):
    facts, key = str(tmp_path / "facts"), tmp_path / "key"
    key.write_bytes(secrets.token_bytes(32))
    key.chmod(0o600)
    vms.start("vm", "--facts", facts, "--key", str(key), "--program", objects["ask"], "--workers", "3",
              "--fact-wait-ms", "2000")
    agent = Publisher(build, facts, str(key))
    try:
        with contextlib.ExitStack() as stack:
            switches = [stack.enter_context(switch(vms)) for _ in range(3)]
            poll(lambda: vms.status()["facts"]["fresh"], 5, "fresh facts")
            assert sorted(q["worker"] for q in vms.status()["queues"]) == [0, 1, 2]
            for number, sw in enumerate(switches):
                sw.submit(udp("10.0.0.1", 53, "10.0.0.2", 1000 + number))  # it waits for its fact
                agent.sent("10.0.0.2", 1000 + number, "10.0.0.1", 53)
                poll(lambda: sw.word(sw.theirs, 128) == 1, 5, "the answer", step=0.001)
                assert sw.take() == {0: (PASS, 0)}
                assert sw.judge(udp("10.0.0.1", 53, "10.0.0.2", 2000)) == [(DROP, 11)]
    finally:
        agent.close()
    assert vms.said("vm").count("a session of the agent begins") == 1


def cpu_seconds(vms):
    with open(f"/proc/{vms.status()['pid']}/stat") as text:
        fields = text.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_share_of_cpu_time(vms, objects):
    """A program that loops for as long as it may, on every packet, and a switch that always has more of them."""
    vms.start("vm", "--program", objects["slow"], "--cpus", "0.05", "--workers", "2")
    with switch(vms) as a, switch(vms) as b:
        begin, used = time.monotonic(), cpu_seconds(vms)
        while time.monotonic() - begin < 3:
            for sw in (a, b):
                while sw.sent - sw.taken < 256:
                    sw.submit(*[packet(length=100)] * 32)
                sw.take()
        share = (cpu_seconds(vms) - used) / (time.monotonic() - begin)
        limits = vms.status()["limits"]
    print(f"{share:.3f} cpus used of 0.05; held for {limits['held_ms']} ms")
    assert limits["cpus"] == 0.05 and limits["held_ms"] > 0
    assert share < 0.07
    for bad in ("0", "x", "1x", "-1", "nan"):
        wrong = vms.cli("run", "other", "--cpus", bad, check=False)
        assert wrong.returncode == 2 and "--cpus" in wrong.stderr
