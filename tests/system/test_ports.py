# SPDX-License-Identifier: Apache-2.0
"""Shielded ports of all kinds in a real Open vSwitch, judged in a process and inside the switch: frames of all kinds
and lengths pass both ways, edited and not, are copied to another port, and the P4 VM ends and comes back."""
import contextlib
import os
import tempfile

import pytest

from lab import InlineP4VM, P4VM, poll
from ovs import Switch
from wire import Receiver, cloner, compile_c, counted, cross, frame, frames_of_all_kinds, mac, send, shield, wait_state

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
LEVELS = ("process", "inline")
LENGTHS = (14, 15, 42, 60, 61, 128, 512, 1000, 1472, 1514)
JUMBO = (1515, 2048, 2049, 4096, 8999, 9014)
LONGEST = (16384, 40000, 65000, 65535)


def veth(switch, ends):
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
    near = switch.add_port("vhost", "dpdkvhostuserclient", vhost_server_path=path)
    switch.vsctl("set", "Interface", near, "mtu_request=9000")
    return near, switch.add_port("virtio", "dpdk", dpdk_devargs=f'"net_virtio_user0,path={path},server=1,queues=1"')


def memif(switch, _ends):
    """Two ends of a memif. It stays down unless a server has as many queues to receive from as the client has to send
    to, which Open vSwitch makes one for each of its threads."""
    options = f"socket={switch.dir}/memif.sock,socket-abstract=no"
    for name, role in (("memif0", "server"), ("memif1", "client")):
        switch.add_port(name, "dpdk", dpdk_devargs=f'"net_{name},role={role},{options}"')
        switch.vsctl("set", "Interface", name, "options:n_rxq=2")
    poll(lambda: switch.vsctl("get", "Interface", "memif1", "link_state").strip() == "up", 10, "the link")
    return "memif0", "memif1"


# With lengths of frames. With another MTU, both ends of a vhost-user port in one process wait for each other for ever.
KINDS = {veth: LENGTHS + JUMBO + LONGEST, afxdp: LENGTHS, ring: LENGTHS, vhost: LENGTHS, memif: LENGTHS}


class Wire(contextlib.ExitStack):
    """Namespaces `a` and `b`; what they send to each other crosses the port of that kind, which is shielded. A third is
    granted. Frames from `outwards` come in by the port itself, as a VM's do."""

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
        self.objects["clone"] = cloner(build, self.folder, 2)
        self.lengths = KINDS[kind]
        self.switch = self.enter_context(Switch(build, dpdk=512 if kind in (ring, vhost, memif) else 0))
        if kind != veth:
            self.switch.poll_on(0)
        mtu = {veth: 65535, vhost: 9000}.get(kind, 1500)
        *self.ends, self.third = [self.switch.add_namespace(name, f"10.84.0.{i}/24", mtu=mtu)
                                  for i, name in enumerate(("a", "b", "c"), 1)]
        self.port, self.far = kind(self.switch, self.ends)
        self.is_end = self.port == self.ends[0].port
        self.is_loop = self.port == self.far and not self.is_end
        self.outwards = self.ends if self.is_end else self.ends[::-1]
        self._flows()
        self.p4vms = {"process": P4VM(build, self.folder, "wire"),
                      "inline": InlineP4VM(self.switch, build, self.folder, "inside")}
        for p4vm in self.p4vms.values():
            self.callback(p4vm.stop)

    def _flows(self):
        a, b = (end.port for end in self.ends)
        if self.is_end:
            self.switch.flows(f"in_port={a},actions=output:{b}", f"in_port={b},actions=output:{a}")
            return
        by = [":".join(f"{byte:02x}" for byte in mac(i)) for i in (1, 2)]
        self.switch.flows(f"in_port={a},actions=output:{self.port}", f"in_port={b},actions=output:{self.far}",
                          *(f"in_port={port},dl_src={by[i]},actions=output:{end}"
                            for port in {self.port, self.far} for i, end in ((0, b), (1, a))))

    def use(self, level, program):
        self.p4vm = self.p4vms[level]
        self.p4vm.load(self.objects[program])
        shield(self.switch, self.port, self.p4vm, redirect=self.third.port)

    def counted(self, what, reason=None):
        return counted(self.switch, self.port, what, reason)

    def passes(self, frames_ab, frames_ba, edited_ab=None, edited_ba=None, in_order=True):
        """Frames that `a` and `b` send, and as what they arrive at the other."""
        a, b = self.ends
        for by, to, frames, edited in ((a, b, frames_ab, edited_ab), (b, a, frames_ba, edited_ba)):
            cross(by, to, self.folder, frames, edited, in_order)


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.__name__)
def wire(request, build):
    with Wire(build, request.param) as wire:
        yield wire


def both(lengths):
    return [frame(n, to=2, by=1) for n in lengths], [frame(n, to=1, by=2) for n in lengths]


@pytest.mark.parametrize("level", LEVELS)
def test_frames_pass(wire, level):
    wire.use(level, "pass")
    before = wire.counted("passed"), wire.counted("dropped", "length")
    wire.passes(*both(wire.lengths))
    wire.passes(frames_of_all_kinds(2, 1), frames_of_all_kinds(1, 2), in_order=False)
    assert wire.counted("passed") - before[0] >= 2 * len(wire.lengths)
    assert wire.counted("dropped", "length") == before[1]


@pytest.mark.parametrize("level", LEVELS)
def test_frames_are_edited(wire, level):
    """Two shields of a ring undo each other's edits; else a port's two directions differ."""
    wire.use(level, "resize")
    before = wire.counted("rewritten")
    lengths = [n for n in wire.lengths if 16 <= n <= wire.lengths[-1] - 2]
    there, back = both(lengths)
    longer, shorter = lambda f: f[:14] + b"\x5e\xc1" + f[14:], lambda f: f[:14] + f[16:]
    if wire.is_loop:
        wire.passes(there, back)
    elif wire.is_end:
        wire.passes(there, back, [shorter(f) for f in there], [longer(f) for f in back])
    else:
        wire.passes(there, back, [longer(f) for f in there], [shorter(f) for f in back])
    assert wire.counted("rewritten") - before >= 2 * len(lengths)


@pytest.mark.parametrize("level", LEVELS)
def test_copies_beside_the_verdict(wire, level):
    """The copy is as the packet came; the packet goes on edited, or is dropped."""
    wire.use(level, "clone")
    by, to = wire.outwards
    frames = [frame(n, 2, 1 + wire.ends.index(by)) for n in (60, 1500)]
    dropped = [frame(n, 3, 1 + wire.ends.index(by)) for n in (61, 1501)]  # an odd address
    before = wire.counted("cloned")
    with Receiver(wire.third, wire.folder) as third, Receiver(to, wire.folder) as receiver:
        send(by, frames + dropped)
        third.expect(frames + dropped)
        receiver.expect([f[:12] + b"\x88\xb6" + f[14:] for f in frames])
    assert wire.counted("cloned") - before == len(frames + dropped)


@pytest.mark.parametrize("level", LEVELS)
def test_ended_and_back(wire, level):
    wire.use(level, "pass")
    wire.p4vm.stop()
    wait_state(wire.switch, wire.port, "down")
    lost = wire.counted("dropped", "down")
    with Receiver(wire.ends[1], wire.folder) as receiver:
        send(wire.ends[0], both((60, 500))[0])
        poll(lambda: wire.counted("dropped", "down") >= lost + 2, 10, "the drops")
        assert receiver.frames() == []
    wire.p4vm.start()
    wire.use(level, "pass")
    wire.passes(*both((60, 500)))


def test_frames_in_several_buffers(wire):
    """Longer ones than a buffer of the port: a virtio device gives them in pieces, of which Open vSwitch alone sends
    the first and what lies behind it."""
    if wire.far != "virtio":
        return
    wire.use("process", "pass")
    wire.switch.unshield(wire.port)
    shield(wire.switch, wire.far, wire.p4vm)
    cross(*wire.ends, wire.folder, [frame(n, to=2, by=1) for n in (60, 3000, 9014)])
    poll(lambda: "sekisho_linearised" in wire.switch.appctl("coverage/show"), 10, "the thread's count")
    wire.switch.unshield(wire.far)
