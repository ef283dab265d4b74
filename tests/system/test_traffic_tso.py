# SPDX-License-Identifier: Apache-2.0
"""What a sender leaves to be done, checksums and segments, behind a shielded port (userspace-tso-enable): done still,
also after an edit, or refused."""
import os
import re
import tempfile

import pytest

from lab import tcp_stream
from wire import Net, compile_c, counted

PROGRAMS = {
    "pass": "u64 entry(void *ctx, struct meta *m) { return 1; }",
    # A step of the time to live less, its checksum made good: an edit in front of what offloads left.
    "hop": """u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx);
        u32 sum;
        if (m->len < 54) return 1;
        if (p[12] != 8 || p[13] || p[14] != 0x45 || p[22] < 2) return 1;
        p[22]--;
        sum = (p[24] << 8 | p[25]) + 0x100;
        sum = (sum & 0xffff) + (sum >> 16);
        p[24] = sum >> 8; p[25] = sum;
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
        yield net


def tcp(net, server, client):
    """Bytes that came across in a second or two, and how many packets of them were longer than the MTU."""
    before = counted(net.switch, net.vm.port, "packets")
    end = tcp_stream(server, client, "-n", "64M")
    return end["sum_received"]["bytes"], counted(net.switch, net.vm.port, "packets") - before


@pytest.mark.parametrize("program", ["pass", "hop"])
def test_segments_left_to_be_made(offloading, objects, program):
    """TCP with segmentation offload, not edited and edited: what goes through in segments of 64 KiB arrives."""
    net = offloading
    net.p4vm.load(objects[program])
    for server, client in ((net.peer, net.vm), (net.vm, net.peer)):
        moved, packets = tcp(net, server, client)
        assert moved >= 32 << 20, moved  # the end is not waited for: what is in buffers is not counted
        assert moved / packets > 4000, packets  # far longer than an MTU, acknowledgements included
    rewritten = counted(net.switch, net.vm.port, "rewritten")
    assert rewritten > 1000 if program == "hop" else rewritten == 0


@pytest.mark.parametrize("program", ["pass", "hop"])
def test_checksums_left_to_be_made(offloading, objects, program):
    """UDP with checksum offload: the receiver checks."""
    net = offloading
    net.p4vm.load(objects[program])
    for by, to in ((net.vm, net.peer), (net.peer, net.vm)):
        server = to.popen(["/usr/bin/python3", "-c", ECHO], stdout=-1, text=True)
        try:
            assert server.stdout.readline() == "ready\n"
            assert by.run(["/usr/bin/python3", "-c", ASK, to.address]).stdout.strip() == "1200"
        finally:
            server.kill()
            server.wait()


def test_an_edit_that_leaves_nobody_to_finish_is_refused(offloading, objects):
    net = offloading
    net.p4vm.load(objects["mangle"])
    before = counted(net.switch, net.vm.port, "dropped", "offload")
    net.vm.run(["timeout", "2", "bash", "-c", f"exec 3<>/dev/tcp/{net.peer.address}/5201"], check=False)
    assert counted(net.switch, net.vm.port, "dropped", "offload") > before
    assert re.search(r"offload \d", net.switch.appctl("sekisho/show", net.vm.port))


ECHO = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5300))
print("ready", flush=True)
while True:
    data, sender = s.recvfrom(65535)
    s.sendto(data, sender)
"""
ASK = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.connect((sys.argv[1], 5300))
s.send(bytes(1200))
print(len(s.recv(65535)))
"""
