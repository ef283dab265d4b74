# SPDX-License-Identifier: Apache-2.0
"""Programs are replaced under traffic in a real Open vSwitch: numbered datagrams of many flows, of which none may be
lost, come twice or overtake another of its flow."""
import contextlib
import json
import os
import subprocess
import tempfile

import pytest

from lab import HERE, P4VM, InlineP4VM, poll
from ovs import Switch

LEVELS = ["process", "inline"]
FLOWS, RATE = 64, 6000  # datagrams a second
PRELUDE = """
typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long long u64;
struct meta { u32 in_port, len, action, out_port; u8 clone; u32 clone_port; };
struct map_def { u32 type, key_size, value_size, max_entries, hashes; };
static void *(*lookup)(void *, const void *) = (void *)1;
static u8 *(*packet_data)(void *) = (void *)9;
"""
# Counts datagrams to the test's ports on every queue, and looks at DEPTH bytes of each packet.
COUNT = """
struct map_def seen = {7, 4, 8, 1, 0};
u64 entry(void *ctx, struct meta *m) {
    u8 *p = packet_data(ctx);
    u32 zero = 0;
    u64 *n = lookup(&seen, &zero);
    if (m->len < DEPTH || !n) return 1;
    if (p[12] == 8 && p[13] == 0 && p[23] == 17 && p[36] == 0x1b) *n += 1;
    return p[DEPTH - 1] == 255 ? 2 : 1; }
"""
# Every 100th: says in its drop sites how many it has seen; the datagrams are not dropped.
PROGRAMS = {
    "shallow": COUNT.replace("DEPTH", "60"),
    "deep": COUNT.replace("DEPTH", "400"),
    "drop": "u64 entry(void *ctx, struct meta *m) { return 0; }",
    "tell": """
struct map_def seen = {7, 4, 8, 1, 0};
static void (*drop_site)(u32) = (void *)34;
u64 entry(void *ctx, struct meta *m) {
    u8 *p = packet_data(ctx);
    u32 zero = 0;
    u64 *n = lookup(&seen, &zero);
    if (m->len < 38 || !n) return 1;
    if (p[12] != 8 || p[13] || p[23] != 17 || p[36] != 0x1b) return 1;
    drop_site((u32)*n); return 0; }
""",
}


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    out = tmp_path_factory.mktemp("objects")
    for name, text in PROGRAMS.items():
        (out / f"{name}.c").write_text(PRELUDE + text)
        subprocess.run(["clang", "-target", "bpf", "-O2", "-mcpu=v3", "-ffreestanding", "-w", "-c",
                        out / f"{name}.c", "-o", out / f"{name}.o"], check=True, timeout=60)
    return {name: str(out / f"{name}.o") for name in PROGRAMS}


@pytest.fixture(scope="module")
def switch(build):
    with Switch(build) as sw:
        sw.spaces = [sw.add_namespace(name, f"10.82.0.{i}/24") for i, name in enumerate(("vm", "peer", "other"), 1)]
        yield sw


@pytest.fixture
def p4vm(build, switch):
    """Starts P4 VMs; at the end they are gone, and so are all shields."""
    with contextlib.ExitStack() as stack:
        workdir = stack.enter_context(tempfile.TemporaryDirectory(prefix="seki-live-"))

        def start(*options, program=None, name="vm", level="process"):
            if level == "inline":
                vm = InlineP4VM(switch, build, workdir, name, program=program, options=options)
            else:
                vm = P4VM(build, workdir, name, program=program, options=options)
            stack.callback(vm.stop)
            return vm

        yield start
        for space in switch.spaces:
            switch.vsctl("clear", "Interface", space.port, "other_config")
        poll(lambda: not ports(switch), 10, "the shields to be gone")


def ports(switch):
    return json.loads(switch.appctl("sekisho/show", "--json"))["ports"]


def shield(switch, space, vm, lanes=1, **options):
    switch.shield(space.port, vm.socket, workers=lanes, **options)
    poll(lambda: [q["state"] for p in ports(switch) if p["port"] == space.port for q in p["queues"]] == ["up"] * lanes,
         10, "the lanes to be up")


class Traffic(contextlib.ExitStack):
    """Numbered datagrams from one namespace to another while it is entered; then what became of them."""

    def __init__(self, source, sink, rate=RATE, length=500):
        super().__init__()
        try:
            self.receiver = self._start(sink, "receive", FLOWS)
            self._await(self.receiver, "receiving")
            source.run(["ping", "-c", "1", "-W", "5", sink.address])
            self.sender = self._start(source, "send", sink.address, FLOWS, rate, length)
            self._await(self.sender, "sending")
        except BaseException:
            self.close()
            raise

    def _start(self, space, *args):
        process = space.popen(["/usr/bin/python3", f"{HERE}/numbered.py", *map(str, args)], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.callback(process.wait)
        self.callback(process.kill)
        return process

    @staticmethod
    def _await(process, word):
        assert process.stdout.readline().strip() == word

    def end(self):
        """(sent, got, late, twice), of all flows."""
        said = [json.loads(process.communicate(timeout=60)[0]) for process in (self.sender, self.receiver)]
        sent, got = said[0]["sent"], said[1]["got"]
        print(f"{sum(sent)} datagrams of {len(sent)} flows, {sum(sent) - sum(got)} lost, "
              f"{sum(said[1]['late'])} late, {said[1]['twice']} twice")
        return sum(sent), sum(got), sum(said[1]["late"]), said[1]["twice"]


def drops(switch, space):
    """What the hook dropped on a port, by reason."""
    total = {}
    for port in ports(switch):
        for queue in port["queues"] if port["port"] == space.port else ():
            for side in ("from_vm", "from_network"):
                for reason, count in queue[side]["dropped"].items():
                    total[reason] = total.get(reason, 0) + count
    return total


def replace(vm, objects, times, between=150):
    """Two programs in turn, with so many packets at least in between."""
    for i in range(times):
        judged = sum(q["packets"] for q in vm.status()["queues"])
        vm.shield("load", objects["shallow" if i % 2 else "deep"], "--keep-maps")
        poll(lambda: sum(q["packets"] for q in vm.status()["queues"]) >= judged + between, 10, "packets", step=0)


def counted(vm, source, sink):
    """What the map that was carried along has counted: the drop site of a first datagram tells."""
    with Traffic(source, sink, rate=500) as traffic:
        poll(lambda: vm.status()["sites"], 10, "a drop that tells")
        traffic.end()
    return vm.status()["sites"][0]["line"]


@pytest.mark.parametrize("level", LEVELS)
def test_fifty_replacements_lose_and_misorder_nothing(switch, objects, p4vm, level):
    """Programs that look at more and at less in turn; the count goes on in the map."""
    vm, peer, _ = switch.spaces
    p4 = p4vm(program=objects["shallow"], level=level)
    shield(switch, vm, p4)
    with Traffic(peer, vm) as traffic:
        replace(p4, objects, 50)
        sent, got, late, twice = traffic.end()
    assert (sent - got, late, twice) == (0, 0, 0), drops(switch, vm)
    assert sent > 50 * 50
    queues = p4.status()["queues"]
    assert sum(q["more"] for q in queues) == 0
    assert p4.status()["loads"] == 51
    p4.shield("load", objects["tell"], "--keep-maps")
    # Drop sites are 16 bits wide on their way, what they tell is not.
    assert counted(p4, peer, vm) == sent


def test_two_workers_keep_flows_in_order(switch, objects, p4vm):
    vm, peer, _ = switch.spaces
    p4 = p4vm("--workers", "2", program=objects["shallow"])
    shield(switch, vm, p4, lanes=2)
    with Traffic(peer, vm) as traffic:
        replace(p4, objects, 20)
        sent, got, late, twice = traffic.end()
    assert (sent - got, late, twice) == (0, 0, 0), drops(switch, vm)
    queues = p4.status()["queues"]
    assert sorted(q["worker"] for q in queues) == [0, 1]
    assert all(q["packets"] > sent / 8 for q in queues)


def test_the_number_of_lanes_changes_under_traffic(switch, objects, p4vm):
    vm, peer, _ = switch.spaces
    p4 = p4vm("--workers", "4", program=objects["shallow"])
    shield(switch, vm, p4)
    with Traffic(peer, vm) as traffic:
        for lanes in (4, 2, 3, 1, 4):
            switch.shield(vm.port, p4.socket, workers=lanes)
            poll(lambda: len([q for q in p4.status()["queues"] if q["packets"]]) >= min(lanes, 2), 10, "the lanes")
        sent, got, late, twice = traffic.end()
    assert (sent - got, late, twice) == (0, 0, 0), drops(switch, vm)


@pytest.mark.parametrize("level", LEVELS)
def test_ports_of_one_tenant_have_programs_of_their_own(switch, objects, p4vm, level):
    vm, peer, other = switch.spaces
    p4 = p4vm(program=objects["shallow"], level=level)
    for space in (vm, other):
        shield(switch, space, p4)
    reach = lambda space: peer.run(["ping", "-c", "2", "-i", "0.1", "-W", "1", space.address],  # noqa: E731
                                   check=False).returncode == 0
    assert reach(vm) and reach(other)
    p4.shield("load", objects["drop"], "--port", other.port)
    assert reach(vm) and not reach(other)
    p4.shield("unload", "--port", other.port)
    assert reach(vm) and reach(other)
    p4.shield("unload")
    assert not reach(vm) and not reach(other)


def test_a_flood_on_a_port_takes_nothing_from_another(switch, objects, p4vm):
    """Two ports of the main thread, one flooded: the numbered datagrams of the other one all arrive."""
    vm, peer, other = switch.spaces
    p4 = p4vm(program=objects["shallow"])
    for space in (vm, other):
        shield(switch, space, p4)
    flood = peer.popen(["ping", "-q", "-f", "-s", "1000", other.address], stdout=subprocess.DEVNULL)
    try:
        with Traffic(peer, vm, rate=2000) as traffic:
            before = p4.status()["uptime_s"]
            poll(lambda: p4.status()["uptime_s"] > before + 2, 10, "traffic of two seconds")
            sent, got, late, twice = traffic.end()
    finally:
        flood.terminate()
        flood.wait()
    assert (sent - got, late, twice) == (0, 0, 0), drops(switch, vm)
    assert os.path.exists(p4.socket)
