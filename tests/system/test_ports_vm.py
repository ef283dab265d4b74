# SPDX-License-Identifier: Apache-2.0
"""Real VMs that leave checksums and segments to the switch, on shielded ports of two kinds, judged in a process and
inside the switch: a vhost-user port, of Open vSwitch with DPDK, and a tap device."""
import contextlib
import os
import secrets
import tempfile
import time

import pytest

import icmp
from lab import InlineP4VM, P4VM, build_program, poll
from ovs import Switch
from vm import VM
from wire import compile_c, counted, shield, wait_state

LIB = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib")
PEER, GUEST = "10.86.0.1", "10.86.0.2"
PEER_MAC, GUEST_MAC = "02:00:00:86:00:01", "02:00:00:86:00:02"
SERVED = 5201  # in the VM, where the peer asks for one less
CLOSED = 5303
LEVELS = ("process", "inline")

# What the network sends to port 5200 goes to 5201, and back, checksums made good as RFC 1624 has it. UDP to port 5302
# does not get into the VM, and to 5301 not out of it.
NAT = """
static inline __attribute__((always_inline)) void change(u8 *field, u8 *sum, u32 to, int udp) {
    u32 from = field[0] << 8 | field[1], old = sum[0] << 8 | sum[1], new;
    field[0] = to >> 8; field[1] = to;
    if (udp && !old) return;
    new = (~old & 0xffff) + (~from & 0xffff) + to;
    new = (new & 0xffff) + (new >> 16);
    new = ~((new & 0xffff) + (new >> 16)) & 0xffff;
    if (udp && !new) new = 0xffff;
    sum[0] = new >> 8; sum[1] = new;
}
u64 entry(void *ctx, struct meta *m) {
    u8 *p = packet_data(ctx);
    u32 sport, dport;
    if (m->len < 42) return 1;
    if (p[12] != 8 || p[13] || p[14] != 0x45 || (p[20] & 0x1f) || p[21]) return 1;
    sport = p[34] << 8 | p[35];
    dport = p[36] << 8 | p[37];
    if (p[23] == 17) {
        if (dport == 5302 - m->in_port) return 0;
        if (m->in_port == 0 && dport == 5200) change(p + 36, p + 40, 5201, 1);
        if (m->in_port == 1 && sport == 5201) change(p + 34, p + 40, 5200, 1);
    } else if (p[23] == 6 && m->len >= 54) {
        if (m->in_port == 0 && dport == 5200) change(p + 36, p + 50, 5201, 0);
        if (m->in_port == 1 && sport == 5201) change(p + 34, p + 50, 5200, 0);
    }
    return 1; }"""


class Guest(contextlib.ExitStack):
    """A switch with a port of that kind and a VM there; a peer in a namespace. P4 VMs of both levels run; use() shields
    the port with one."""

    def __init__(self, build, top, kind):
        super().__init__()
        self.build, self.kind = build, kind
        try:
            self._set_up(top)
        except BaseException:
            self.close()
            raise

    def _set_up(self, top):
        self.folder = self.enter_context(tempfile.TemporaryDirectory(prefix="seki-guest-"))
        os.chmod(self.folder, 0o755)
        self.nat = compile_c(NAT, self.folder, "nat")
        self.guard = build_program(self.build, os.path.join(top, "examples/icmp_guard.p4"), f"{self.folder}/guard.o")
        self.switch = self.enter_context(Switch(self.build, dpdk=0 if self.kind == "tap" else 512,
                                                config=["userspace-tso-enable=true"]))
        self.peer = self.switch.add_namespace("peer", PEER + "/24", mac=PEER_MAC, offloads=True)
        if self.kind == "tap":
            self.port = self.switch.add_tap(offloads=True)
        else:
            self.path = f"{self.folder}/vhost.sock"
            self.switch.poll_on(0)
            self.port = self.switch.add_port("vhost", "dpdkvhostuserclient", vhost_server_path=self.path)
        self._start_p4vms()
        self.machine = contextlib.ExitStack()
        self.callback(lambda: self.machine.close())
        self.boot()

    def _start_p4vms(self):
        self.facts, self.key = f"{self.folder}/facts", f"{self.folder}/key"
        with open(os.open(self.key, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as key:
            key.write(secrets.token_bytes(32))
        make = {"process": P4VM, "inline": lambda *more, **options: InlineP4VM(self.switch, *more, **options)}
        self.p4vms = {}
        for level in LEVELS:
            self.p4vms[level] = make[level](self.build, self.folder, level, facts=self.facts, key=self.key)
            self.callback(self.p4vms[level].stop)

    def boot(self):
        cards = {"vhost": [(self.path, GUEST_MAC)]} if self.kind != "tap" else {"taps": [(self.port, GUEST_MAC)]}
        self.vm = self.machine.enter_context(VM(ivshmem=[self.facts], offloads=True, **cards))
        self.vm.run(f"ip addr add {GUEST}/24 dev eth0 && ip link set eth0 up")
        self.vm.start(f"exec /usr/bin/python3 {LIB}/echo.py serve {SERVED}").expect("serving")
        self.vm.write("/run/key", open(self.key, "rb").read())
        agent = os.path.join(self.build, "main", "guest", "agent", "sekisho-agent")
        self.vm.start(f"chmod 600 /run/key; exec {agent} --key /run/key")

    def boot_anew(self):
        """As if QEMU had crashed and the operator started it again."""
        self.machine.close()
        self.boot()

    def use(self, level, program):
        self.p4vm = self.p4vms[level]
        self.p4vm.load(program)
        shield(self.switch, self.port, self.p4vm)

    def ping(self, count=1, size=56, wait=5):
        """Are they all answered? One at a time: of several, ping(8) waits two round trips for the last."""
        argv = ["ping", "-n", "-q", "-c", "1", "-W", str(wait), "-s", str(size), GUEST]
        return all(self.peer.run(argv, check=False).returncode == 0 for _ in range(count))

    def echo(self, *args, port=SERVED - 1):
        """What came back of what the peer sent to the VM."""
        proto, *rest = args
        said = self.peer.run(["/usr/bin/python3", f"{LIB}/echo.py", proto, GUEST, str(port), *map(str, rest)]).stdout
        return said.split()

    def counted(self, what, reason=None):
        return counted(self.switch, self.port, what, reason)


@pytest.fixture(scope="module", params=["vhost", "tap"])
def guest(request, build, top):
    with Guest(build, top, request.param) as guest:
        yield guest


@pytest.mark.parametrize("level", LEVELS)
def test_traffic(guest, level):
    """Ports of another number on both sides of the shield: of datagrams whole and in fragments, and of a stream."""
    guest.use(level, guest.nat)
    before = guest.counted("rewritten")
    for size in (0, 1472, 4000):
        assert guest.ping(3, size), (size, guest.switch.appctl("sekisho/show"))
    lengths = ["1", "1200", "1472", "1473", "8000"]
    assert guest.echo("udp", *lengths) == lengths
    assert guest.counted("rewritten") - before >= 2 * len(lengths)
    before = guest.counted("packets")
    assert guest.echo("tcp", 4 << 20) == [str(4 << 20)]
    # Segments far longer than an MTU, acknowledgements counted.
    assert 8 << 20 > 3000 * (guest.counted("packets") - before)


@pytest.mark.parametrize("level", LEVELS)
def test_drops_both_ways(guest, level):
    guest.use(level, guest.nat)
    before = guest.counted("dropped", "verdict")
    guest.peer.run(["/usr/bin/python3", "-c", SEND, GUEST, "5302"])
    poll(lambda: guest.counted("dropped", "verdict") == before + 1, 5, "the drop towards the VM")
    guest.vm.run(f"/usr/bin/python3 -c '{SEND}' {PEER} 5301")
    poll(lambda: guest.counted("dropped", "verdict") == before + 2, 5, "the drop from the VM")


SEND = """
import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (sys.argv[1], int(sys.argv[2])))
"""


@pytest.mark.parametrize("level", LEVELS)
def test_facts(guest, level):
    """A port unreachable that the VM's datagram brought about gets in, a forged one does not."""
    guest.use(level, guest.guard)
    poll(lambda: guest.p4vm.heartbeat_age_ms() < 1000, 20, "the agent's heartbeat")
    before = guest.counted("dropped", "verdict")
    forged = icmp.ethernet(PEER_MAC, GUEST_MAC, icmp.port_unreachable(PEER, GUEST, 41000, 41001)).hex()
    guest.peer.run(["/usr/bin/python3", f"{LIB}/icmp.py", "send", guest.peer.device], input=forged + "\n")
    poll(lambda: guest.counted("dropped", "verdict") == before + 1, 5, "the forged one's drop")
    # Inside the switch packets do not wait for facts, and the first answer may come before its fact.
    poll(lambda: "REFUSED" in guest.vm.run(f"/usr/bin/python3 -c '{ASK}' {PEER} {CLOSED}").out, 20, "the genuine one")


ASK = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 41500))
s.connect((sys.argv[1], int(sys.argv[2])))
s.settimeout(0.5)
s.send(b"x")
try:
    s.recv(10)
except ConnectionRefusedError:
    print("REFUSED")
except TimeoutError:
    pass
"""


@pytest.mark.parametrize("level", LEVELS)
def test_p4vm_ends_and_is_back(guest, level):
    guest.use(level, guest.nat)
    assert guest.ping()
    guest.p4vm.stop()
    wait_state(guest.switch, guest.port, "down")
    before = guest.counted("dropped", "down")
    assert not guest.ping(wait=0.2) and guest.counted("dropped", "down") > before
    guest.p4vm.start()
    guest.use(level, guest.nat)
    assert guest.ping(3)


def test_qemu_killed_and_booted_anew(guest):
    """The port outlives its VM, and serves the next one: no command to the switch or to the P4 VM. A tap device has
    nothing that could break: it stays."""
    if guest.kind == "tap":
        return
    guest.use("process", guest.nat)
    assert guest.ping()
    guest.boot_anew()
    begin = time.monotonic()
    poll(guest.ping, 20, "the VM to be reached")
    print(f"{guest.kind}: reached {time.monotonic() - begin:.2f} s after the new VM was up")
    assert guest.echo("udp", 1200) == ["1200"]
