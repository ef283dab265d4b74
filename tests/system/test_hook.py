# SPDX-License-Identifier: Apache-2.0
"""The hook in a real Open vSwitch: policies, faults of the P4 VM, changes under traffic; and that whatever
happens at a shielded port, another port does not notice."""
import json
import os
import re
import signal
import subprocess
import time

import pytest

from lab import P4VM, InlineP4VM, poll, tcp_stream
from ovs import Switch

PRELUDE = """
typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long long u64;
struct meta { u32 in_port, len, action, out_port; u8 clone; u32 clone_port; };
static u8 *(*packet_data)(void *) = (void *)9;
static u8 *(*adjust_head)(void *, int) = (void *)8;
"""
PROGRAMS = {
    "pass": "u64 entry(void *ctx, struct meta *m) { return 1; }",
    # Frames of type 88b5 get four bytes more on their way to the VM, and lose four on their way from it.
    "resize": """u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx);
        if (m->len < 18) return 0;
        if (p[12] != 0x88 || p[13] != 0xb5) return 1;
        if (m->in_port == 0) {
            p = adjust_head(ctx, 4);
            for (int i = 0; i < 14; i++) p[i] = p[i + 4];
            p[14] = 'm'; p[15] = 'o'; p[16] = 'r'; p[17] = 'e';
        } else {
            for (int i = 13; i >= 0; i--) p[i + 4] = p[i];
            adjust_head(ctx, -4);
        }
        return 1; }""",
    # What the VM sends goes to the first granted port.
    "elsewhere": """u64 entry(void *ctx, struct meta *m) {
        if (m->in_port == 1) { m->action = 3; m->out_port = 2; }
        return 1; }""",
    # What the VM sends comes back to it.
    "mirror": """u64 entry(void *ctx, struct meta *m) {
        if (m->in_port == 1) { m->action = 3; m->out_port = 1; }
        return 1; }""",
}


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    """One object for each of PROGRAMS, by clang."""
    out = tmp_path_factory.mktemp("objects")
    for name, text in PROGRAMS.items():
        (out / f"{name}.c").write_text(PRELUDE + text)
        subprocess.run(["clang", "-target", "bpf", "-O2", "-mcpu=v3", "-ffreestanding", "-w", "-c",
                        out / f"{name}.c", "-o", out / f"{name}.o"], check=True, timeout=60)
    return {name: str(out / f"{name}.o") for name in PROGRAMS}


class Fake:
    """A P4 VM that misbehaves: tests/lib/fakep4vm.c."""

    def __init__(self, build, socket, mode):
        self.socket = socket
        self.process = subprocess.Popen([os.path.join(build, "main/tests/lib/fakep4vm"), socket, mode],
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Net:
    """The switch with the VM's port, which is shielded, a peer of the VM, and two bystanders."""

    def __init__(self, build, switch):
        self.build, self.switch = build, switch
        self.vm = switch.add_namespace("vm", "10.81.0.1/24")
        self.peer = switch.add_namespace("peer", "10.81.0.2/24")
        self.x = switch.add_namespace("x", "10.81.0.3/24")
        self.y = switch.add_namespace("y", "10.81.0.4/24")

    def shield(self, socket, **options):
        """Shields the VM's port with just these settings."""
        self.unshield()
        self.switch.shield(self.vm.port, socket, **options)

    def unshield(self):
        self.switch.vsctl("clear", "Interface", self.vm.port, "other_config")
        poll(lambda: not self.ports(), 10, "the shield to be gone")

    def ports(self):
        return json.loads(self.switch.appctl("sekisho/show", "--json"))["ports"]

    def show(self):
        """The VM's port; its one queue is the main thread's."""
        port, = json.loads(self.switch.appctl("sekisho/show", "--json", self.vm.port))["ports"]
        return port

    def queue(self):
        queue, = self.show()["queues"]
        return queue

    def wait_state(self, state, timeout=10):
        poll(lambda: self.queue()["state"] == state, timeout, f"the queue to be {state}")

    def counted(self, what, reason):
        """How often a reason occurred, in both directions; `what` is dropped or bypassed."""
        return sum(self.queue()[side][what].get(reason, 0) for side in ("from_vm", "from_network"))

    def pings(self, count=1, wait=1, options=()):
        """How many echo requests of the peer the VM answered."""
        run = self.peer.run(["ping", "-n", "-q", "-c", str(count), "-i", "0.05", "-W", str(wait), *options,
                             self.vm.address], check=False)
        return int(re.search(r"(\d+) received", run.stdout).group(1))

    def bystanders(self, seconds):
        """Pings between the bystanders, started now; the caller gets (lost, greatest rtt in ms)."""
        process = self.x.popen(["ping", "-n", "-q", "-c", str(int(seconds * 50)), "-i", "0.02", "-W", "2",
                                self.y.address], stdout=subprocess.PIPE, text=True)
        self.switch.callback(process.wait)
        self.switch.callback(process.kill)

        def finish():
            text = process.communicate(timeout=60)[0]
            sent, received = re.search(r"(\d+) packets transmitted, (\d+) received", text).groups()
            return int(sent) - int(received), float(re.search(r"/([\d.]+)/[\d.]+ ms", text).group(1))
        return finish


@pytest.fixture(scope="module")
def net(build):
    with Switch(build) as switch:
        net = Net(build, switch)
        poll(lambda: net.pings() == 1, 15, "the first ping")
        yield net


@pytest.fixture(autouse=True)
def survives(request):
    """After each test: the switch is the same process as before, and the port is free again."""
    if "net" not in request.fixturenames:
        yield
        return
    net = request.getfixturevalue("net")
    yield
    assert net.switch.vswitchd.poll() is None, net.switch.log()[-4000:]
    net.unshield()
    assert net.pings() == 1


@pytest.fixture
def p4vm(build, objects, tmp_path):
    """A real P4 VM that passes everything."""
    os.chmod(tmp_path, 0o755)
    p4vm = P4VM(build, str(tmp_path), "hook", program=objects["pass"])
    yield p4vm
    p4vm.stop()


@pytest.fixture(params=["process", "inline"])
def either(request, build, net, objects, tmp_path):
    """The same, at two isolation levels: as a process, and inside the switch."""
    os.chmod(tmp_path, 0o755)
    if request.param == "inline":
        p4vm = InlineP4VM(net.switch, build, str(tmp_path), "hook", program=objects["pass"])
    else:
        p4vm = P4VM(build, str(tmp_path), "hook", program=objects["pass"])
    yield p4vm
    p4vm.stop()


@pytest.fixture
def fake(build, tmp_path):
    """Starts fakes; they are all stopped at the end."""
    started = []

    def start(mode):
        started.append(Fake(build, str(tmp_path / f"fake{len(started)}.sock"), mode))
        return started[-1]
    yield start
    for one in started:
        one.stop()


def test_no_shield(net):
    assert net.switch.appctl("sekisho/show") == "no port is shielded\n"
    assert net.pings(5) == 5
    with pytest.raises(RuntimeError, match="no such shielded port"):
        net.switch.appctl("sekisho/show", net.vm.port)


def test_pass_both_ways(net, either):
    net.shield(either.socket)
    net.wait_state("up")
    assert net.pings(20) == 20
    queue = net.queue()
    for side in ("from_vm", "from_network"):
        counts = queue[side]
        assert counts["passed"] == counts["packets"] >= 20, queue
        assert counts["dropped"] == counts["bypassed"] == {}, queue
    status = either.status()["queues"]
    assert sum(q["passed"] for q in status) == sum(queue[s]["passed"] for s in ("from_vm", "from_network"))
    text = net.switch.appctl("sekisho/show", net.vm.port)
    assert net.vm.port in text and "thread main: up" in text and "fail=closed" in text


def test_large_and_fragmented_packets(net, either):
    net.shield(either.socket)
    net.wait_state("up")
    for size in ("0", "1", "1472", "1473", "8000", "60000"):
        assert net.pings(3, options=("-s", size)) == 3, size


def test_tcp_and_udp_streams(net, either):
    net.shield(either.socket)
    net.wait_state("up")
    assert tcp_stream(net.vm, net.peer, "-t", "2")["sum_received"]["bits_per_second"] > 50e6
    queue = net.queue()
    assert queue["late"] == 0 and queue["sessions"] == 1 and queue["state"] == "up"
    assert set(queue["from_network"]["dropped"]) <= {"full"}


@pytest.mark.parametrize("fail, answered, what", [("closed", 0, "dropped"), ("open", 5, "bypassed")])
def test_nobody_listens(net, tmp_path, fail, answered, what):
    net.shield(str(tmp_path / "nobody.sock"), fail=fail)
    poll(net.ports, 5, "the shield")
    assert net.pings(5) == answered
    assert net.queue()["state"] == "down"
    assert net.queue()["error"] == "No such file or directory"
    assert net.counted(what, "down") >= 5


def test_invalid_settings_keep_the_safe_default(net, tmp_path):
    net.shield(str(tmp_path / "nobody.sock"), fail="opne", inflight="0", deadline_ms="soon",
               redirect="a,,b")
    poll(net.ports, 5, "the shield")
    assert net.pings(2) == 0
    show = net.show()
    assert (show["fail"], show["inflight"], show["deadline_ms"]) == ("closed", 512, 1000)
    assert show["redirect"] == []
    for warning in ('sekisho-fail="opne"', 'sekisho-inflight="0"', 'sekisho-deadline-ms="soon"',
                    'sekisho-redirect="a,,b"'):
        assert f"{net.vm.port}: other_config:{warning} is not valid" in net.switch.log()


def test_settings_change_under_traffic(net, either):
    net.shield(either.socket)
    net.wait_state("up")
    traffic = net.peer.popen(["ping", "-n", "-q", "-c", "100", "-i", "0.02", "-W", "1", net.vm.address],
                             stdout=subprocess.PIPE, text=True)
    for limit in range(1, 20):
        net.switch.shield(net.vm.port, either.socket, fail="open" if limit % 2 else "closed",
                          inflight=limit * 10, deadline_ms=limit * 100)
    text = traffic.communicate(timeout=30)[0]
    assert " 0% packet loss" in text, text
    assert net.queue()["sessions"] == 1
    assert net.show()["inflight"] == 190


def test_unshield_under_traffic(net, either):
    """Shielding again and again loses no packet where the policy is open."""
    traffic = net.peer.popen(["ping", "-n", "-q", "-c", "150", "-i", "0.02", "-W", "1", net.vm.address],
                             stdout=subprocess.PIPE, text=True)
    for _ in range(8):
        net.shield(either.socket, fail="open")
        net.wait_state("up")
        net.unshield()
    text = traffic.communicate(timeout=30)[0]
    assert " 0% packet loss" in text, text
    poll(lambda: either.status()["queues"] == [], 5, "the P4 VM to be left")


def test_another_p4vm(net, p4vm, fake):
    net.shield(fake("silent").socket, deadline_ms=100)
    net.wait_state("up")
    assert net.pings(2) == 0
    net.switch.shield(net.vm.port, p4vm.socket, deadline_ms=100)
    poll(lambda: net.pings() == 1, 10, "the other P4 VM")


def test_stopped_and_continued(net, p4vm):
    """SIGSTOP: the port follows its policy at once, others notice nothing; SIGCONT heals."""
    net.shield(p4vm.socket, deadline_ms=200)
    net.wait_state("up")
    assert net.pings(3) == 3
    others = net.bystanders(4)
    pid = p4vm.status()["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert net.pings(20, wait=1) == 0
        assert net.queue()["state"] == "unresponsive"
        assert net.counted("dropped", "deadline") >= 1
        assert net.counted("dropped", "unresponsive") >= 1
    finally:
        os.kill(pid, signal.SIGCONT)
    poll(lambda: net.pings() == 1, 5, "traffic again")
    assert net.queue()["sessions"] == 1
    lost, worst = others()
    assert lost == 0 and worst < 100, (lost, worst)


def test_stopped_for_long(net, p4vm):
    """The session is given up, and taken up again when the P4 VM goes on."""
    net.shield(p4vm.socket, deadline_ms=100, fail="open")
    net.wait_state("up")
    pid = p4vm.status()["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert net.pings(3) == 3
        poll(lambda: net.pings() == 1 and net.queue()["hangs"] == 1, 15, "the session to be given up")
        assert net.queue()["state"] == "down"
    finally:
        os.kill(pid, signal.SIGCONT)
    net.wait_state("up")
    assert net.pings(5) == 5
    assert net.queue()["sessions"] == 2


@pytest.mark.parametrize("fail", ["closed", "open"])
def test_killed_and_started_again(net, p4vm, fail):
    net.shield(p4vm.socket, fail=fail)
    net.wait_state("up")
    for _ in range(2):
        others = net.bystanders(2)
        os.kill(p4vm.status()["pid"], signal.SIGKILL)
        p4vm.process.wait(10)
        net.wait_state("down")
        assert net.pings(5) == (5 if fail == "open" else 0)
        p4vm.start()
        net.wait_state("up")
        assert net.pings(5) == 5
        lost, worst = others()
        assert lost == 0 and worst < 100, (lost, worst)
    assert net.queue()["sessions"] == 3


LISTEN = """
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
s.bind(("eth0", 0x88b5))
s.settimeout(1)
print("ready", flush=True)
seen = []
try:
    while len(seen) < {count}:
        data, addr = s.recvfrom(70000)
        if addr[2] != 4:  # not our own
            seen.append(data[14:].hex())
except TimeoutError:
    pass
print(*seen)
"""
SEND = """
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
for payload in {payloads}:
    s.send(bytes.fromhex("020000000099020000000001" + "88b5") + payload)
"""


def seen_by(sender, listener, payloads):
    """Payloads of the frames that a namespace sees when another sends frames of type 88b5."""
    process = listener.popen(["/usr/bin/python3", "-c", LISTEN.format(count=len(payloads))],
                             stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        sender.run(["/usr/bin/python3", "-c", SEND.format(payloads=payloads)])
        return [bytes.fromhex(text) for text in process.communicate(timeout=20)[0].split()]
    finally:
        process.kill()
        process.wait()


def frames_from_vm(net, where):
    """How many of five frames that the VM sends are seen somewhere."""
    return len(seen_by(net.vm, where, [b"x" * 46] * 5))


def test_the_packet_is_rewritten_on_the_wire(net, either, objects):
    either.load(objects["resize"])
    net.shield(either.socket)
    net.wait_state("up")
    bodies = [bytes(i * n & 0xff for i in range(n)) for n in (50, 64, 500, 1400, 1496)]
    assert seen_by(net.peer, net.vm, bodies) == [b"more" + body for body in bodies]
    assert seen_by(net.vm, net.peer, [b"less" + body for body in bodies]) == bodies
    assert net.queue()["from_vm"]["rewritten"] == net.queue()["from_network"]["rewritten"] == 5
    assert net.pings(5) == 5


def test_redirect(net, either, objects):
    """To a granted port, and to none other."""
    either.load(objects["elsewhere"])
    net.shield(either.socket)
    net.wait_state("up")
    assert frames_from_vm(net, net.x) == 0
    assert net.counted("dropped", "bad_port") >= 5
    net.switch.shield(net.vm.port, either.socket, redirect=f'"{net.x.port},{net.y.port}"')
    poll(lambda: net.show()["redirect"] == [net.x.port, net.y.port], 5, "the grant")
    assert frames_from_vm(net, net.x) == 5
    assert frames_from_vm(net, net.peer) == 0
    assert frames_from_vm(net, net.y) == 0
    net.switch.shield(net.vm.port, either.socket, redirect="nosuchport")
    poll(lambda: net.show()["redirect"] == ["nosuchport"], 5, "the grant")
    before = net.counted("dropped", "bad_port")
    assert frames_from_vm(net, net.x) == 0
    assert net.counted("dropped", "bad_port") - before >= 5
    assert 'no port "nosuchport" to redirect to' in net.switch.log()


def test_hairpin(net, either, objects):
    either.load(objects["mirror"])
    net.shield(either.socket)
    net.wait_state("up")
    assert frames_from_vm(net, net.vm) == 5
    assert frames_from_vm(net, net.peer) == 0


def test_vswitchd_is_killed(net, p4vm):
    """A new switch attaches to the P4 VM, which kept running, by itself."""
    net.shield(p4vm.socket)
    net.wait_state("up")
    pid = p4vm.status()["pid"]
    net.switch.kill_vswitchd()
    net.switch.start_vswitchd()
    poll(lambda: net.pings() == 1, 15, "traffic again")
    assert net.queue()["state"] == "up"
    assert p4vm.status()["pid"] == pid


def test_a_port_goes_away_with_packets_in_flight(net, fake):
    net.shield(fake("silent").socket)
    net.wait_state("up")
    net.pings(5, wait=1)
    poll(lambda: net.queue()["in_flight"] == 0 or net.queue()["state"] == "unresponsive", 5, "packets")
    net.unshield()
    net.shield(fake("silent").socket, deadline_ms=60000)
    net.wait_state("up")
    net.pings(5, wait=1)
    assert net.queue()["in_flight"] > 0
    net.switch.vsctl("del-port", net.switch.bridge, net.vm.port)
    assert net.ports() == []
    net.switch.vsctl("add-port", net.switch.bridge, net.vm.port)
    poll(lambda: net.pings() == 1, 5, "the port again, unshielded")


def test_no_more_in_flight_than_allowed(net, fake):
    net.shield(fake("silent").socket, inflight=3, deadline_ms=5000)
    net.wait_state("up")
    net.pings(10, wait=1)
    assert net.queue()["in_flight"] == 3
    assert net.counted("dropped", "full") >= 5


@pytest.mark.parametrize("mode, reason", [
    ("silent", "deadline"), ("lengths", "bad_verdict"), ("ports", "bad_port"), ("more", "bad_verdict")])
@pytest.mark.parametrize("fail", ["closed", "open"])
def test_p4vm_that_answers_wrongly(net, fake, mode, reason, fail):
    """A wrong verdict drops under either policy; no verdict follows the policy."""
    net.shield(fake(mode).socket, deadline_ms=100, fail=fail)
    net.wait_state("up")
    others = net.bystanders(2)
    answered = net.pings(20, wait=1)
    lost, worst = others()
    assert lost == 0 and worst < 100, (lost, worst)
    if mode == "silent":
        assert answered == (20 if fail == "open" else 0)
        assert net.counted("bypassed" if fail == "open" else "dropped", reason) >= 1
    else:
        assert answered == 0
        assert net.counted("dropped", reason) >= 1


@pytest.mark.parametrize("mode", ["mute", "twice", "slots", "claims", "scribble", "crash"])
def test_p4vm_that_breaks_the_ring(net, p4vm, fake, mode):
    """It loses its own port's packets at most. The port heals with a P4 VM that behaves."""
    bad = fake(mode)
    net.shield(bad.socket, deadline_ms=100)
    others = net.bystanders(3)
    net.pings(40, wait=1)
    lost, worst = others()
    assert lost == 0 and worst < 100, (lost, worst)
    queue = net.queue()
    if mode in ("twice", "claims"):
        assert queue["lies"] + queue["late"] >= 1, queue
    if mode == "slots":
        assert queue["late"] >= 1, queue
    if mode == "mute":
        assert queue["sessions"] == 0, queue
    net.switch.shield(net.vm.port, p4vm.socket)
    poll(lambda: net.pings() == 1, 15, "a P4 VM that behaves")


def test_rewritten_at_random(net, fake, p4vm):
    """Packets cut, grown and sent back, of all lengths: all within bounds, none harms the switch."""
    net.shield(fake("rewrites").socket)
    net.wait_state("up")
    others = net.bystanders(3)
    net.peer.run(["ip", "neigh", "replace", net.vm.address, "lladdr", "02:00:00:5e:00:01", "dev", "eth0"])
    for size in ("0", "100", "1400", "5000"):
        net.peer.run(["ping", "-n", "-q", "-f", "-c", "500", "-W", "1", "-w", "1", "-s", size,
                      net.vm.address], check=False)
    lost, worst = others()
    assert lost == 0 and worst < 100, (lost, worst)
    queue = net.queue()
    assert queue["from_network"]["rewritten"] >= 100, queue
    assert net.counted("dropped", "bad_verdict") == net.counted("dropped", "length") == 0, queue
    net.switch.shield(net.vm.port, p4vm.socket)
    poll(lambda: net.pings() == 1, 15, "a P4 VM that behaves")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_endless_signals_do_not_keep_the_switch_busy(net, fake):
    net.shield(fake("signals").socket)
    net.wait_state("up")
    start, before = time.monotonic(), cpu_seconds(net.switch.vswitchd_pid)
    others = net.bystanders(3)
    lost, worst = others()
    share = (cpu_seconds(net.switch.vswitchd_pid) - before) / (time.monotonic() - start)
    assert lost == 0 and worst < 100, (lost, worst)
    assert share < 0.5, share
    assert net.pings(5) == 5
