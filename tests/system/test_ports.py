# SPDX-License-Identifier: Apache-2.0
"""Shielded ports of all kinds in a real Open vSwitch: frames of several sizes pass both ways, edited and not, and the
P4 VM is killed and comes back."""
import contextlib
import os
import tempfile

import pytest

from lab import P4VM, poll
from ovs import Switch
from wire import Receiver, compile_c, counted, frame, mac, send, shield, wait_state

# Two longer towards the VM, two shorter from it: what a shield gives, another shield takes.
RESIZE = """u64 entry(void *ctx, struct meta *m) {
    u8 *p = packet_data(ctx);
    if (m->len < 16) return 0;
    if (p[12] != 0x88 || p[13] != 0xb5) return 1;
    if (m->in_port == 0) {
        p = adjust_head(ctx, 2);
        for (int i = 0; i < 14; i++) p[i] = p[i + 2];
        p[14] = 0x5e; p[15] = 0xc1;
    } else {
        for (int i = 13; i >= 0; i--) p[i + 2] = p[i];
        adjust_head(ctx, -2);
    }
    return 1; }"""
PASS = "u64 entry(void *ctx, struct meta *m) { return 1; }"
LENGTHS = (60, 61, 128, 512, 1000, 1472, 1512)


def veth(_switch, ends):
    return ends[0].port, ends[0].port


def afxdp(switch, ends):
    """The namespace's port as an AF_XDP one, by copying: veth devices have no zero copy that both ends bear."""
    port = ends[0].port
    switch.vsctl("del-port", switch.bridge, port)
    switch.add_port(port, "afxdp", xdp_mode="generic")
    return port, port


def ring(switch, _ends):
    """A ring that gives back what is put into it."""
    port = switch.add_port("ring", "dpdk", dpdk_devargs="net_ring0")
    return port, port


def vhost(switch, _ends):
    """A vhost-user port, and in the VM's place a virtio device in user space."""
    path = f"{switch.dir}/vhost.sock"
    return (switch.add_port("vhost", "dpdkvhostuserclient", vhost_server_path=path),
            switch.add_port("virtio", "dpdk", dpdk_devargs=f'"net_virtio_user0,path={path},server=1,queues=1"'))


KINDS = {f.__name__: f for f in (veth, afxdp, ring, vhost)}


class Wire(contextlib.ExitStack):
    """Two namespaces; what they send to each other crosses the port of that kind, which is shielded."""

    def __init__(self, build, kind):
        super().__init__()
        try:
            self._set_up(build, kind)
        except BaseException:
            self.close()
            raise

    def _set_up(self, build, kind):
        self.folder = self.enter_context(tempfile.TemporaryDirectory(prefix="seki-ports-"))
        os.chmod(self.folder, 0o755)
        self.objects = {name: compile_c(text, self.folder, name) for name, text in (("pass", PASS), ("resize", RESIZE))}
        with_dpdk = kind in ("ring", "vhost")
        self.switch = self.enter_context(Switch(build, dpdk=512 if with_dpdk else 0))
        if kind != "veth":
            self.switch.poll_on(0)
        self.ends = [self.switch.add_namespace(name, f"10.84.0.{i}/24") for i, name in enumerate(("a", "b"), 1)]
        self.near, self.far = KINDS[kind](self.switch, self.ends)
        self.port = self.near
        self._flows()
        self.p4vm = P4VM(build, self.folder, "wire", program=self.objects["pass"])
        self.callback(self.p4vm.stop)
        shield(self.switch, self.port, self.p4vm)

    def _flows(self):
        a, b = (end.port for end in self.ends)
        if self.near == a:
            self.switch.flows(f"in_port={a},actions=output:{b}", f"in_port={b},actions=output:{a}")
            return
        to = [":".join(f"{byte:02x}" for byte in mac(i)) for i in (1, 2)]
        self.switch.flows(f"in_port={a},actions=output:{self.near}", f"in_port={b},actions=output:{self.far}",
                          *(f"in_port={port},dl_dst={to[i]},actions=output:{end}"
                            for port in {self.near, self.far} for i, end in ((0, a), (1, b))))

    def passes(self, frames_ab, frames_ba, edited_ab=None, edited_ba=None):
        """Frames that `a` and `b` send, and as what they arrive at the other."""
        a, b = self.ends
        for by, to, frames, edited in ((a, b, frames_ab, edited_ab), (b, a, frames_ba, edited_ba)):
            with Receiver(to, self.folder) as receiver:
                send(by, frames)
                receiver.expect(edited or frames)


@pytest.fixture(scope="module", params=sorted(KINDS))
def wire(request, build):
    with Wire(build, request.param) as wire:
        yield wire


def both(lengths):
    return [frame(n, to=2, by=1) for n in lengths], [frame(n, to=1, by=2) for n in lengths]


def test_frames_pass(wire):
    before = counted(wire.switch, wire.port, "passed")
    wire.passes(*both(LENGTHS))
    assert counted(wire.switch, wire.port, "passed") - before >= 2 * len(LENGTHS)


def test_frames_are_edited(wire):
    """Two shields of a ring undo each other's edits; else a port's two directions differ."""
    wire.p4vm.load(wire.objects["resize"])
    there, back = both(LENGTHS)
    if wire.near == wire.far and wire.near != wire.ends[0].port:
        wire.passes(there, back)
    else:
        longer = lambda f: f[:14] + b"\x5e\xc1" + f[14:]  # noqa: E731
        shorter = lambda f: f[:14] + f[16:]  # noqa: E731
        if wire.near == wire.ends[0].port:
            wire.passes(there, back, [shorter(f) for f in there], [longer(f) for f in back])
        else:
            wire.passes(there, back, [longer(f) for f in there], [shorter(f) for f in back])
    assert counted(wire.switch, wire.port, "rewritten") >= 2 * len(LENGTHS)
    wire.p4vm.load(wire.objects["pass"])


def test_killed_and_back(wire):
    for _ in range(2):
        wire.p4vm.stop()
        wait_state(wire.switch, wire.port, "down")
        lost = counted(wire.switch, wire.port, "dropped", "down")
        with Receiver(wire.ends[1], wire.folder) as receiver:
            send(wire.ends[0], both((60, 500))[0])
            poll(lambda: counted(wire.switch, wire.port, "dropped", "down") >= lost + 2, 10, "the drops")
            assert receiver.frames() == []
        wire.p4vm.start()
        wait_state(wire.switch, wire.port, "up")
        wire.passes(*both((60, 500)))
