# SPDX-License-Identifier: Apache-2.0
"""Traffic of all kinds through a shielded port of a real switch: what is sent arrives as it was, or as the program
made it."""
import os
import tempfile

import pytest

from lab import poll
from wire import Net, Receiver, cloner, compile_c, counted, frame, frames_of_all_kinds, send

PROGRAMS = {
    "pass": "u64 entry(void *ctx, struct meta *m) { return 1; }",
    # Looks at all of a packet, so that all of it is copied.
    "whole": """u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx);
        if (m->len < 60000) return 1;
        return p[59999] == 1 && p[0] == 255 ? 0 : 1; }""",
    # Four bytes more towards the VM, four bytes less from it.
    "resize": """u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx);
        if (m->len < 18) return 0;
        if (p[12] != 0x88 || p[13] != 0xb5) return 1;
        if (m->in_port == 0) {
            p = adjust_head(ctx, 4);
            for (int i = 0; i < 14; i++) p[i] = p[i + 4];
            p[14] = 1; p[15] = 2; p[16] = 3; p[17] = 4;
        } else {
            for (int i = 13; i >= 0; i--) p[i + 4] = p[i];
            adjust_head(ctx, -4);
        }
        return 1; }""",
}


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory(prefix="seki-traffic-") as folder:
        os.chmod(folder, 0o755)
        yield folder


@pytest.fixture(scope="module")
def objects(build, folder):
    out = {name: compile_c(text, folder, name) for name, text in PROGRAMS.items()}
    return out | {f"clone{port}": cloner(build, folder, port) for port in (2, 3)}


@pytest.fixture(scope="module")
def jumbo(build, folder, objects):
    with Net(build, folder, objects["pass"], 65535) as net:
        yield net


@pytest.fixture
def net(jumbo, objects):
    jumbo.p4vm.load(objects["pass"])
    return jumbo


def test_kinds(net):
    before = counted(net.switch, net.vm.port, "dropped", "length")
    net.passes(net.vm, net.peer, frames_of_all_kinds(2, 1), in_order=False)
    net.passes(net.peer, net.vm, frames_of_all_kinds(1, 2), in_order=False)
    assert counted(net.switch, net.vm.port, "dropped", "length") == before


LENGTHS = (14, 15, 17, 42, 60, 64, 1514, 1515, 2047, 2048, 2049, 4096, 9014, 16384, 40000, 60001, 65000, 65535)


@pytest.mark.parametrize("program", ["pass", "whole"])
def test_lengths(net, objects, program):
    """From an Ethernet header alone to 64 KiB, of which the program sees little, or all."""
    net.p4vm.load(objects[program])
    net.passes(net.vm, net.peer, [frame(n, 2, 1) for n in LENGTHS])
    net.passes(net.peer, net.vm, [frame(n, 1, 2) for n in LENGTHS])


def test_growing_and_shrinking(net, objects):
    net.p4vm.load(objects["resize"])
    lengths = [n for n in LENGTHS if 18 <= n <= 65000]
    there, back = ([frame(n, *ends) for n in lengths] for ends in ((1, 2), (2, 1)))
    net.passes(net.peer, net.vm, there, [f[:14] + b"\1\2\3\4" + f[14:] for f in there])
    net.passes(net.vm, net.peer, back, [f[:14] + f[18:] for f in back])
    before = counted(net.switch, net.vm.port, "dropped", "verdict")
    send(net.peer, [frame(65534, 1, 2)])  # would be longer than a packet can be
    poll(lambda: counted(net.switch, net.vm.port, "dropped", "verdict") == before + 1, 10, "the drop")


def test_fragmented_datagrams(net):
    """Of ping: put together at the receiver, what the published prototype lost."""
    for space in (net.vm, net.peer):
        space.run(["ip", "link", "set", space.device, "mtu", "1500"])
    for size in (1472, 1473, 4000, 9000, 65507):
        said = net.peer.run(["ping", "-c", "5", "-i", "0.05", "-W", "5", "-s", str(size), net.vm.address]).stdout
        assert " 0% packet loss" in said, said
    for space in (net.vm, net.peer):
        space.run(["ip", "link", "set", space.device, "mtu", "65535"])


def test_copies_beside_the_verdict(net, objects):
    """The copy is as the packet came; the packet goes on as it was edited, or is dropped. No third party gets any."""
    net.p4vm.load(objects["clone2"])
    frames = [frame(n, 2, 1) for n in (60, 1500, 30000)]
    dropped = [frame(n, 3, 1) for n in (61, 1501)]  # an odd address
    edited = [f[:12] + b"\x88\xb6" + f[14:] for f in frames]
    before = counted(net.switch, net.vm.port, "cloned")
    with Receiver(net.third, net.folder) as third, Receiver(net.peer, net.folder) as peer:
        net.switch.flows(f"in_port={net.vm.port},actions=output:{net.peer.port}")
        send(net.vm, frames + dropped)
        third.expect(frames + dropped)
        peer.expect(edited)
    assert counted(net.switch, net.vm.port, "cloned") - before == 5
    net.p4vm.load(objects["clone3"])
    before = counted(net.switch, net.vm.port, "dropped", "bad_port")
    with Receiver(net.third, net.folder) as third, Receiver(net.peer, net.folder) as peer:
        send(net.vm, frames)
        poll(lambda: counted(net.switch, net.vm.port, "dropped", "bad_port") - before >= 3, 10, "the drops")
        assert third.frames() == peer.frames() == []
    net.switch.flows("actions=normal")
