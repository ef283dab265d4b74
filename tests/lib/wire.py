# SPDX-License-Identifier: Apache-2.0
"""For tests that send frames through a switch: what they send and what arrives, byte by byte; programs in C."""
import contextlib
import json
import os
import subprocess

from frames import MARK
from lab import InlineP4VM, P4VM, build_program, poll
from ovs import Switch

HERE = os.path.dirname(os.path.abspath(__file__))
IN_SOCKETS = 65536  # bytes of frames: with its overhead less than half of net.core.rmem_default
PRELUDE = """
typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long long u64;
struct meta { u32 in_port, len, action, out_port; u8 clone; u32 clone_port; };
static u8 *(*packet_data)(void *) = (void *)9;
static u8 *(*adjust_head)(void *, int) = (void *)8;
"""

# Copies what comes from the VM to a granted port; the packet goes on edited, or is dropped where its address is odd.
CLONE = """
#include <core.p4>
#include <ubpf_model.p4>
header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }
struct headers { ethernet_t eth; }
struct metadata {}
parser prs(packet_in p, out headers h, inout metadata m, inout standard_metadata s) {
    state start { p.extract(h.eth); transition accept; } }
control pipe(inout headers h, inout metadata m, inout standard_metadata s) { apply {
    if (s.input_port == 1 && h.eth.type == 0x88b5) {
        s.clone = true;
        s.clone_port = PORT;
        h.eth.type = 0x88b6;
        if (h.eth.dst[0:0] == 1) { mark_to_drop(); }
    }
} }
control dprs(packet_out p, in headers h) { apply { p.emit(h.eth); } }
ubpf(prs(), pipe(), dprs()) main;
"""


def compile_c(text, folder, name):
    """An object of a program in C, which follows PRELUDE."""
    source, out = os.path.join(folder, f"{name}.c"), os.path.join(folder, f"{name}.o")
    with open(source, "w") as file:
        file.write(PRELUDE + text)
    subprocess.run(["clang", "-target", "bpf", "-O2", "-mcpu=v3", "-ffreestanding", "-w", "-c", source, "-o", out],
                   check=True, timeout=120)
    return out


def cloner(build, folder, port):
    """The object of CLONE for a port."""
    source = os.path.join(folder, f"clone{port}.p4")
    with open(source, "w") as text:
        text.write(CLONE.replace("PORT", str(port)))
    return build_program(build, source, source[:-3] + ".o")


def mac(last):
    return MARK + bytes([0, 0, last])


def frame(length, to=2, by=1, ethertype=0x88b5):
    """A frame of that length, with content of its own."""
    head = mac(to) + mac(by) + ethertype.to_bytes(2, "big")
    return head + bytes((length + i) * 7 % 251 for i in range(length - len(head)))


def frames_of_all_kinds(to, by):
    """With tags, of IPv6, fragments, to groups. By scapy, which takes long to import."""
    from scapy.all import (ARP, IP, IPv6, UDP, Dot1AD, Dot1Q, Ether, ICMPv6EchoRequest, IPv6ExtHdrDestOpt, Raw, SCTP,
                           TCP, fragment)
    text = [":".join(f"{b:02x}" for b in mac(i)) for i in (to, by)]
    eth, load = Ether(dst=text[0], src=text[1]), Raw(bytes(range(200)))
    ip = IP(src="192.0.2.1", dst="192.0.2.2")
    ip6 = IPv6(src="2001:db8::1", dst="2001:db8::2")
    wide = lambda address: Ether(dst=address, src=text[1])  # noqa: E731
    packets = [
        eth / ip / UDP() / load, eth / ip / TCP() / load, eth / ip / SCTP() / load, eth / ARP(),
        eth / Dot1Q(vlan=5) / ip / UDP() / load, eth / Dot1AD(vlan=7) / Dot1Q(vlan=9) / ip / TCP() / load,
        eth / Dot1Q(vlan=1) / Dot1Q(vlan=2) / ip6 / UDP() / load,
        eth / ip6 / ICMPv6EchoRequest(data=b"x" * 1400), eth / ip6 / IPv6ExtHdrDestOpt() / TCP() / load,
        *(eth / f for f in fragment(ip / UDP() / Raw(b"f" * 6000), fragsize=1400)),
        wide("ff:ff:ff:ff:ff:ff") / ARP(), wide("01:00:5e:00:00:fb") / IP(dst="224.0.0.251") / UDP() / load,
        wide("33:33:00:00:00:01") / IPv6(dst="ff02::1") / UDP() / load,
    ]
    return [bytes(p) for p in packets]


class Receiver(contextlib.AbstractContextManager):
    """What of a test's frames arrives at a namespace, while it is entered."""

    def __init__(self, space, folder, *words):
        self.path = os.path.join(folder, f"frames-{space.name}")
        with open(self.path, "w") as out:
            self.process = space.popen(["/usr/bin/python3", f"{HERE}/frames.py", "receive", space.device, *words],
                                       stdout=out)
        try:
            poll(lambda: "receiving" in self._text(), 20, "the receiver")
        except BaseException:
            self.__exit__()
            raise

    def _text(self):
        with open(self.path) as text:
            return text.read()

    def frames(self):
        return [bytes.fromhex(line) for line in self._text().split("\n")[1:-1]]

    def wait(self, count, timeout=10):
        """Until so many have arrived, or no longer."""
        with contextlib.suppress(TimeoutError):
            poll(lambda: len(self.frames()) >= count, timeout, "the frames")

    def expect(self, frames, timeout=10, in_order=True):
        """Just these arrive, in this order; Open vSwitch keeps it in a flow, and sorts batches by flows."""
        self.wait(len(frames), timeout)
        got = self.frames()
        if not in_order:
            got, frames = sorted(got), sorted(frames)
        lengths = [len(f) for f in got], [len(f) for f in frames]
        assert lengths[0] == lengths[1], lengths
        assert got == list(frames), next((a.hex(), b.hex()) for a, b in zip(got, frames) if a != b)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def send(space, frames, *words):
    space.run(["/usr/bin/python3", f"{HERE}/frames.py", "send", space.device, *words],
              input="".join(f.hex() + "\n" for f in frames))


def cross(by, to, folder, frames, as_=None, in_order=True):
    """Frames go from one namespace to another, and arrive as they are or as those. No more are on their way at once
    than sockets hold, however late the switch reads them."""
    sent, out = 0, 0
    with Receiver(to, folder) as receiver:
        for i, f in enumerate(frames):
            out += len(f)
            if out >= IN_SOCKETS or i + 1 == len(frames):
                send(by, frames[sent:i + 1])
                sent, out = i + 1, 0
                receiver.wait(sent)
        receiver.expect(as_ or frames, in_order=in_order)


def ports(switch):
    return json.loads(switch.appctl("sekisho/show", "--json"))["ports"]


def wait_state(switch, port, state):
    """Waits until all queues of a port, one at least, are up, or down."""
    poll(lambda: {q["state"] for p in ports(switch) if p["port"] == port for q in p["queues"]} == {state}, 20,
         f"{port} to be {state}")


def shield(switch, port, p4vm, **options):
    switch.shield(port, p4vm.socket, **options)
    wait_state(switch, port, "up")


def counted(switch, port, what, reason=None):
    """A counter of a port, over its queues and both directions."""
    total = 0
    for p in ports(switch):
        for queue in p["queues"] if p["port"] == port else ():
            for side in ("from_vm", "from_network"):
                total += queue[side][what].get(reason, 0) if reason else queue[side][what]
    return total


class Net(contextlib.ExitStack):
    """A VM, whose port is shielded, a peer of it, and a third that may be granted."""

    def __init__(self, build, folder, program, mtu, offloads=False):
        super().__init__()
        self.folder = folder
        try:
            config = ["userspace-tso-enable=true", "vlan-limit=2"] if offloads else []
            self.switch = self.enter_context(Switch(build, config=config))
            self.vm, self.peer, self.third = (
                self.switch.add_namespace(name, f"10.85.0.{i}/24", mtu=mtu, offloads=offloads)
                for i, name in enumerate(("vm", "peer", "third"), 1))
            self.p4vm = P4VM(build, folder, "traffic" + str(mtu))
            self.callback(self.p4vm.stop)
            self.inside = InlineP4VM(self.switch, build, folder, "inside" + str(mtu))
            self.callback(self.inside.stop)
            self.use("process", program)
        except BaseException:
            self.close()
            raise

    def use(self, level, program):
        """Has the VM's port judged there, by that program."""
        p4vm = self.inside if level == "inline" else self.p4vm
        p4vm.load(program)
        shield(self.switch, self.vm.port, p4vm, redirect=self.third.port)

    def passes(self, by, to, frames, as_=None, in_order=True):
        cross(by, to, self.folder, frames, as_, in_order)
