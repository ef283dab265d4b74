# SPDX-License-Identifier: Apache-2.0
"""What a sender leaves to be done, checksums and segments, behind a shielded port (userspace-tso-enable): done still,
also after an edit, or refused."""
import contextlib
import os
import re
import socket
import struct
import subprocess
import tempfile

import pytest

import icmp
from wire import Net, Receiver, compile_c, counted, mac, send

LIB = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib")
STREAM = 8 << 20

PROGRAMS = {
    "pass": "u64 entry(void *ctx, struct meta *m) { return 1; }",
    # A step of the time to live, or hop limit, less, behind up to two tags: an edit in front of what offloads left.
    "hop": """
    static inline __attribute__((always_inline)) void hop4(u8 *ip) {
        u32 sum;
        if (ip[0] != 0x45 || ip[8] < 2) return;
        ip[8]--;
        sum = (ip[10] << 8 | ip[11]) + 0x100;
        sum = (sum & 0xffff) + (sum >> 16);
        ip[10] = sum >> 8; ip[11] = sum;
    }
    static inline __attribute__((always_inline)) void hop(u8 *type) {
        if (type[0] == 0x08 && type[1] == 0) hop4(type + 2);
        else if (type[0] == 0x86 && type[1] == 0xdd && type[9] > 1) type[9]--;
    }
    static inline __attribute__((always_inline)) int tag(u8 *type) {
        return (type[0] == 0x81 && type[1] == 0) || (type[0] == 0x88 && type[1] == 0xa8);
    }
    u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx);
        if (m->len < 62) return 1;
        if (!tag(p + 12)) hop(p + 12);
        else if (!tag(p + 16)) hop(p + 16);
        else hop(p + 20);
        return 1; }""",
    # A tag more for what leaves the VM, one less for what goes to it: packets grow and shrink.
    "tag": """u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx);
        if (m->len < 18) return 1;
        if (m->in_port == 1) {
            p = adjust_head(ctx, 4);
            if (!p) return 0;
            for (int i = 0; i < 12; i++) p[i] = p[i + 4];
            p[12] = 0x81; p[13] = 0; p[14] = 0; p[15] = 7;
        } else if (p[12] == 0x81 && p[13] == 0 && p[15] == 7) {
            for (int i = 11; i >= 0; i--) p[i + 4] = p[i];
            adjust_head(ctx, -4);
        }
        return 1; }""",
    # Makes UDP or nothing of TCP, which is no longer what the sender left something of.
    "mangle": """u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx);
        if (m->len < 54) return 1;
        if (p[12] == 8 && p[13] == 0 && p[14] == 0x45 && p[23] == 6 && m->in_port == 1) p[23] = 253;
        return 1; }""",
}


@pytest.fixture(scope="module")
def objects():
    with tempfile.TemporaryDirectory(prefix="seki-tso-") as folder:
        os.chmod(folder, 0o755)
        yield {name: compile_c(text, folder, name) for name, text in PROGRAMS.items()}


@pytest.fixture(scope="module")
def offloading(build, objects):
    with Net(build, os.path.dirname(objects["pass"]), objects["pass"], 1500, offloads=True) as net:
        for i, space in enumerate((net.vm, net.peer), 1):
            space.run(["sysctl", "-qw", f"net.ipv6.conf.{space.device}.disable_ipv6=0"])
            space.run(["ip", "-6", "addr", "add", f"fd85::{i}/64", "dev", space.device, "nodad"])
        with serving(net.peer):
            yield net


WAYS = {"ipv4": "10.85.0.2", "ipv6": "fd85::2"}


@contextlib.contextmanager
def serving(space):
    server = space.popen(["/usr/bin/python3", f"{LIB}/echo.py", "serve", "5300"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == "serving\n"
        yield
    finally:
        server.kill()
        server.wait()


def echo(net, proto, address, *args):
    """What comes back of what the VM sends."""
    return net.vm.run(["/usr/bin/python3", f"{LIB}/echo.py", proto, address, "5300", *map(str, args)]).stdout.split()


def stream(net, address, least=4000):
    """TCP both ways; packets are far longer than an MTU, acknowledgements counted."""
    before = counted(net.switch, net.vm.port, "packets")
    assert echo(net, "tcp", address, STREAM) == [str(STREAM)]
    packets = counted(net.switch, net.vm.port, "packets") - before
    assert 2 * STREAM / packets > least, packets


@pytest.mark.parametrize("level", ["process", "inline"])
@pytest.mark.parametrize("program", ["pass", "hop"])
@pytest.mark.parametrize("way", WAYS)
def test_segments_and_checksums_left_to_be_made(offloading, objects, way, program, level):
    """Edited or not, what goes through in segments of 64 KiB arrives, and datagrams whose checksum is left to be
    made."""
    net = offloading
    net.use(level, objects[program])
    rewritten = counted(net.switch, net.vm.port, "rewritten")
    stream(net, WAYS[way])
    assert echo(net, "udp", WAYS[way], 1200) == ["1200"]
    rewritten = counted(net.switch, net.vm.port, "rewritten") - rewritten
    assert rewritten > 100 if program == "hop" else rewritten == 0


@pytest.mark.parametrize("level", ["process", "inline"])
def test_segments_that_grow(offloading, objects, level):
    """Segments are made to fit the MTU when they are sent, from the headers as they are then. The peer's port takes the
    tag off again."""
    net = offloading
    net.use(level, objects["tag"])
    net.switch.vsctl("set", "Port", net.peer.port, "tag=7")
    stream(net, WAYS["ipv4"])
    assert echo(net, "udp", WAYS["ipv4"], 1200) == ["1200"]
    net.switch.vsctl("clear", "Port", net.peer.port, "tag")


# struct virtio_net_hdr, linux/virtio_net.h
NEEDS_CSUM, TCPV4, TCPV6 = 1, 1, 4
TAGS = {"none": b"", "vlan": b"\x81\0\0\5", "qinq": b"\x88\xa8\0\6\x81\0\0\5"}


def left(tags, version, proto, hops=64):
    """A header that says what is left, and the frame: 3000 bytes by TCP, to be sent as segments, or 1000 by UDP."""
    size, offset, head = (3000, 16, 20) if proto == 6 else (1000, 6, 8)
    if version == 4:
        pair = socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.2")
        pseudo = pair + struct.pack("!HH", proto, head + size)
        ip = icmp.ipv4("192.0.2.1", "192.0.2.2", proto, bytes(head + size), hops=hops)[:20]
    else:
        pair = bytes(15) + b"\1" + bytes(15) + b"\2"
        pseudo = pair + struct.pack("!HH", proto, head + size)
        ip = struct.pack("!IHBB", 6 << 28, head + size, proto, hops) + pair
    part = struct.pack("!H", ~icmp.checksum(pseudo) & 0xffff)
    transport = (struct.pack("!HHIIHH", 1, 2, 1, 0, 0x5010, 1000) + part + bytes(2) if proto == 6
                 else struct.pack("!HHH", 1, 2, head + size) + part)
    frame = mac(2) + mac(1) + tags + (b"\x08\0" if version == 4 else b"\x86\xdd") + ip + transport
    gso, segment = ((TCPV4, 1400) if version == 4 else (TCPV6, 1400)) if proto == 6 else (0, 0)
    start = len(frame) - head
    header = struct.pack("<BBHHHH", NEEDS_CSUM, gso, len(frame), segment, start, offset)
    return header, frame + bytes(range(250)) * (size // 250)


@pytest.mark.parametrize("level", ["process", "inline"])
@pytest.mark.parametrize("program", ["pass", "hop"])
def test_what_is_left_behind_tags(offloading, objects, program, level):
    """What is left of a frame is left of it still when it has passed, whatever tags it has. Of frames with two tags
    Linux leaves no segments to be made, and Open vSwitch knows what is left of them if its vlan-limit is 2."""
    net = offloading
    net.use(level, objects[program])
    cases = [(tags, version, proto) for tags in TAGS for version in (4, 6) for proto in (17, 6)
             if (tags, proto) != ("qinq", 6)]
    with Receiver(net.peer, net.folder, "offloads") as receiver:
        for i, (tags, version, proto) in enumerate(cases):
            send(net.vm, [b"".join(left(TAGS[tags], version, proto))], "offloads")
            receiver.wait(i + 1)
            head, frame = left(TAGS[tags], version, proto, hops=64 - (program == "hop"))
            assert len(receiver.frames()) == i + 1, (tags, version, proto)
            got = receiver.frames()[i]
            flags, gso, _, segment, _, offset = struct.unpack("<BBHHHH", got[:10])
            assert got[10:] == frame, (tags, version, proto, got[:100].hex(), frame[:90].hex())
            assert (flags & NEEDS_CSUM, gso, offset) == (head[0], head[1], head[8]), (tags, version, proto, got[:10])
            assert segment + len(frame) - 3000 <= 1514 if gso else segment == 0


def test_an_edit_that_leaves_nobody_to_finish_is_refused(offloading, objects):
    net = offloading
    net.use("process", objects["mangle"])
    before = counted(net.switch, net.vm.port, "dropped", "offload")
    net.vm.run(["timeout", "2", "bash", "-c", f"exec 3<>/dev/tcp/{net.peer.address}/5201"], check=False)
    assert counted(net.switch, net.vm.port, "dropped", "offload") > before
    assert re.search(r"offload \d", net.switch.appctl("sekisho/show", net.vm.port))

