# SPDX-License-Identifier: Apache-2.0
"""sekisho-mac: a port sends from its own addresses only, whatever its VM or its program does, so that nobody takes
another port's traffic or fills the switch's tables."""
import contextlib

import pytest

from lab import InlineP4VM, P4VM, poll
from ovs import Switch
from wire import Receiver, compile_c, counted, frame, mac, send, wait_state

# Byte 20: 1: another source; 2: back to where it came from; 3: back, from the port's own address.
PROGRAM = """
u64 entry(void *ctx, struct meta *m) {
    u8 *p = packet_data(ctx);
    if (m->len < 60 || p[12] != 0x88 || p[13] != 0xb5) return 1;
    if (p[20] == 1) p[11] = 9;
    if (p[20] == 3) p[11] = 1;
    if (p[20] >= 2) { m->action = 3; m->out_port = m->in_port; }
    return 1; }
"""


@pytest.fixture(scope="module", params=("process", "inline"))
def net(request, build, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("source"))
    program = compile_c(PROGRAM, folder, "program")
    with Switch(build) as switch:
        switch.folder = folder
        switch.vm = switch.add_namespace("vm", "10.86.0.1/24")
        switch.peer = switch.add_namespace("peer", "10.86.0.2/24")
        p4vm = (InlineP4VM(switch, build, folder, "source", program=program) if request.param == "inline" else
                P4VM(build, folder, "source", program=program))
        switch.callback(p4vm.stop)
        switch.p4vm = p4vm
        yield switch


def text(*lasts):
    return ",".join(mac(last).hex(":") for last in lasts)


def asked(what, by, to=2):
    f = bytearray(frame(100, to, by))
    f[20] = what
    return bytes(f)


def shield(net, **options):
    net.shield(net.vm.port, net.p4vm.socket, **options)
    wait_state(net, net.vm.port, "up")


def refused(net, count):
    with contextlib.suppress(TimeoutError):
        poll(lambda: counted(net, net.vm.port, "dropped", "source") >= count, 10, "the drops")
    assert counted(net, net.vm.port, "dropped", "source") == count


def test_own_addresses_only(net):
    shield(net, mac=f'"{text(1, 7)}"', fail="open")
    before = counted(net, net.vm.port, "dropped", "source")
    with Receiver(net.peer, net.folder) as receiver:
        send(net.vm, [asked(0, 9), asked(0, 1), asked(1, 1), asked(0, 7), asked(0, 8)])
        receiver.expect([asked(0, 1), asked(0, 7)])
    refused(net, before + 3)
    # What comes for the VM, and is sent back, comes from others.
    with Receiver(net.vm, net.folder) as vm, Receiver(net.peer, net.folder) as peer:
        back = bytearray(asked(3, 3, to=5))
        back[11] = 1
        send(net.peer, [asked(0, 3, to=1), asked(2, 3, to=5), asked(3, 3, to=5)])
        vm.expect([asked(0, 3, to=1)])
        peer.expect([bytes(back)])
    refused(net, before + 4)
    # Nobody there to judge, and fail=open: still not from others' addresses.
    net.p4vm.shield("stop")
    wait_state(net, net.vm.port, "down")
    with Receiver(net.peer, net.folder) as receiver:
        send(net.vm, [asked(0, 9), asked(0, 1)])
        receiver.expect([asked(0, 1)])
    net.p4vm.start()
    wait_state(net, net.vm.port, "up")


def test_what_the_list_says(net):
    shield(net, mac="02:00")
    assert "sekisho-mac=\"02:00\" is not valid" in net.log()
    with Receiver(net.peer, net.folder) as receiver:
        send(net.vm, [asked(0, 1), asked(0, 7)])
        net.vsctl("remove", "Interface", net.vm.port, "other_config", "sekisho-mac")
        poll(lambda: counted(net, net.vm.port, "dropped", "source") >= 2, 10, "the drops")
        send(net.vm, [asked(0, 9), asked(1, 1)])
        changed = bytearray(asked(1, 1))
        changed[11] = 9
        receiver.expect([asked(0, 9), bytes(changed)])
