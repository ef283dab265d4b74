# SPDX-License-Identifier: Apache-2.0
"""Shield whole: real switch, real VM, real P4 VM, the agent in the VM; examples/icmp_guard.p4 on the port."""
import os
import signal
import socket
import subprocess
import sys

import pytest

import icmp
from lab import CLIENT_IP, STALE_MS, VM_IP, Lab, build_program, poll

OPEN_PORT = 7100


@pytest.fixture(scope="module")
def guard(build, top, tmp_path_factory):
    return build_program(build, os.path.join(top, "examples/icmp_guard.p4"),
                         str(tmp_path_factory.mktemp("p4") / "icmp_guard.o"))


@pytest.fixture(scope="module")
def lab(build, guard):
    with Lab(build, guard, shield_options=("--fact-wait-ms", "100")) as lab:
        lab.in_vm = lab.watch_vm()
        listener = lab.client.popen(["/usr/bin/python3", "-c", f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", {OPEN_PORT}))
while True:
    s.recv(2000)
"""])
        lab.callback(listener.wait)
        lab.callback(listener.kill)
        yield lab


def ping(lab, count=1, wait=2, interval="0.2"):
    """How many of `count` echo requests from the client to the VM were answered."""
    run = lab.client.run(["ping", "-n", "-q", "-c", str(count), "-i", interval, "-W", str(wait), VM_IP],
                         check=False)
    return int(next(line for line in run.stdout.splitlines() if "received" in line)
               .split(" received")[0].split()[-1])


def delivered(lab, *packets):
    """How many of these packets reached the VM. An echo sent behind them marks the end."""
    mark = len(lab.in_vm.seen())
    before = judged(lab)
    lab.client_sends(*packets)
    poll(lambda: judged(lab) - before >= len(packets), 10, "the P4 VM's verdicts")
    assert ping(lab) == 1
    poll(lambda: any(p["type"] == 8 for p in lab.in_vm.seen(mark)), 10, "the echo request in the VM")
    return len([p for p in lab.in_vm.seen(mark) if p["type"] not in (0, 8)])


def judged(lab):
    return sum(q["passed"] + q["dropped"] for q in lab.p4vm.status()["queues"])


def forged(sport, dport=OPEN_PORT, src=VM_IP, dst=CLIENT_IP, proto=17, quoted=None, cut=None):
    """A port unreachable from the client that quotes a datagram src:sport -> dst:dport."""
    if quoted is None:
        quoted = icmp.ipv4(src, dst, proto, icmp.udp(sport, dport))
    return icmp.ipv4(CLIENT_IP, VM_IP, 1, icmp.icmp(3, 3, b"\0" * 4, quoted[:cut]))


def test_the_demo(build, top):
    """What `make demo` runs: every line as expected, in less than 90 s."""
    run = subprocess.run([sys.executable, os.path.join(top, "demo/shield.py"), "--build", build],
                         capture_output=True, text=True, timeout=90)
    assert run.returncode == 0, run.stdout + run.stderr


def test_only_the_flow_that_was_sent(lab):
    assert delivered(lab, forged(41000)) == 0
    assert lab.vm_sends_udp(41000, OPEN_PORT, wait=0.1) == "nothing"
    assert delivered(lab, forged(41000)) == 1
    for other in (forged(41001), forged(40999), forged(41000, dport=OPEN_PORT + 1),
                  forged(41000, src="10.77.0.9"), forged(41000, dst="10.77.0.9"),
                  forged(41000, proto=6), forged(OPEN_PORT, dport=41000)):
        assert delivered(lab, other) == 0


def test_quotes_that_lie_about_their_shape(lab):
    lab.vm_sends_udp(41010, OPEN_PORT, wait=0.1)
    whole = icmp.ipv4(VM_IP, CLIENT_IP, 17, icmp.udp(41010, OPEN_PORT))
    long_header = bytes([0x4f]) + whole[1:]
    short_header = bytes([0x44]) + whole[1:]
    version6 = bytes([0x65]) + whole[1:]
    options = icmp.ipv4(VM_IP, CLIENT_IP, 17, icmp.udp(41010, OPEN_PORT), options=b"\x01" * 8)
    assert delivered(lab, forged(0, quoted=whole), forged(0, quoted=options)) == 2
    for lie in (long_header, short_header, version6, whole[:27], whole[:20], whole[:3], b""):
        assert delivered(lab, forged(0, quoted=lie)) == 0, lie.hex()


def test_fragments_and_options(lab):
    lab.vm_sends_udp(41020, OPEN_PORT, wait=0.1)
    quoted = icmp.ipv4(VM_IP, CLIENT_IP, 17, icmp.udp(41020, OPEN_PORT))
    message = icmp.icmp(3, 3, b"\0" * 4, quoted)
    not_sent = icmp.icmp(3, 3, b"\0" * 4, icmp.ipv4(VM_IP, CLIENT_IP, 17, icmp.udp(41021, OPEN_PORT)))
    assert delivered(lab, icmp.ipv4(CLIENT_IP, VM_IP, 1, message, options=b"\x01" * 4)) == 1
    assert delivered(lab, icmp.ipv4(CLIENT_IP, VM_IP, 1, not_sent, options=b"\x01" * 4)) == 0
    # A forged message in two fragments, which the VM would put together, must not get by.
    first = icmp.ipv4(CLIENT_IP, VM_IP, 1, not_sent[:24], ident=77, fragment=0x2000)
    second = icmp.ipv4(CLIENT_IP, VM_IP, 1, not_sent[24:], ident=77, fragment=3)
    lab.in_vm_errors = snmp_in_errors(lab)
    assert delivered(lab, first) == 0
    lab.client_sends(second)
    assert ping(lab) == 1
    assert snmp_in_errors(lab) == lab.in_vm_errors


def snmp_in_errors(lab):
    """ICMP destination unreachables that the VM's own kernel has taken in."""
    lines = [line.split() for line in lab.vm.run("cat /proc/net/snmp").out.splitlines()
             if line.startswith("Icmp:")]
    return int(dict(zip(*lines))["InDestUnreachs"])


def test_genuine_error_reaches_the_socket(lab):
    for sport in (42000, 42001, 42002):
        assert lab.vm_sends_udp(sport, 7999) == "ECONNREFUSED"


def test_the_p4vm_is_killed(lab):
    """Closed: nothing passes without its program. It heals by itself when a P4 VM is back."""
    switch, vm = lab.switch.vswitchd_pid, lab.vm.qemu.pid
    assert ping(lab) == 1
    os.kill(lab.p4vm.status()["pid"], signal.SIGKILL)
    lab.p4vm.process.wait(10)
    assert ping(lab, count=2, wait=1) == 0
    lab.p4vm.start()
    poll(lambda: ping(lab, wait=1), 15, "traffic with a new P4 VM")
    poll(lambda: lab.p4vm.heartbeat_age_ms() < 1000, 15, "facts of the same agent")
    assert delivered(lab, forged(41000, dport=9)) == 0
    assert lab.vm_sends_udp(42010, 7999) == "ECONNREFUSED"
    assert (switch, vm) == (lab.switch.vswitchd_pid, lab.vm.qemu.pid) and lab.vm.alive()


def test_the_p4vm_is_stopped_and_the_port_open(lab):
    """Open: traffic goes on without the program, and the program is back when the P4 VM is."""
    lab.shield(fail="open", deadline_ms=200)
    pid = lab.p4vm.status()["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert ping(lab, count=5, wait=3) == 5
    finally:
        os.kill(pid, signal.SIGCONT)
    poll(lambda: delivered(lab, forged(43000)) == 0, 15, "the program to judge again")
    lab.shield(fail="closed", deadline_ms=1000)


def test_the_agent_is_killed(lab):
    """Without fresh facts every fact is absent; a new agent brings them back."""
    lab.vm_sends_udp(44000, OPEN_PORT, wait=0.1)
    assert delivered(lab, forged(44000)) == 1
    lab.agent.kill()
    poll(lambda: lab.p4vm.heartbeat_age_ms() > STALE_MS, 15, "the facts to be stale")
    assert delivered(lab, forged(44000)) == 0
    lab.start_agent()
    assert lab.vm_sends_udp(44001, 7999) == "ECONNREFUSED"


def test_vswitchd_is_killed(lab):
    """A new vswitchd attaches to the P4 VM that has been running all along."""
    pid = lab.p4vm.status()["pid"]
    lab.switch.kill_vswitchd()
    lab.switch.start_vswitchd()
    poll(lambda: ping(lab, wait=1), 30, "traffic through the new switch")
    assert delivered(lab, forged(45000)) == 0
    assert lab.vm_sends_udp(45001, 7999) == "ECONNREFUSED"
    assert lab.p4vm.status()["pid"] == pid


def test_the_vm_is_killed(lab):
    """A new VM on the same port and facts region: its agent's session replaces the old one."""
    pid = lab.p4vm.status()["pid"]
    lab.vm.close()
    lab.boot()
    lab.in_vm = lab.watch_vm()
    assert ping(lab) == 1
    assert delivered(lab, forged(46000)) == 0
    assert lab.vm_sends_udp(46001, 7999) == "ECONNREFUSED"
    assert lab.p4vm.status()["pid"] == pid


def test_facts_that_the_host_alters_are_absent(lab):
    """The host flips a bit in every record of the region: nothing opens, the forged one is dropped."""
    lab.vm_sends_udp(47000, OPEN_PORT, wait=0.1)
    assert delivered(lab, forged(47000)) == 1
    lab.agent.kill(signal.SIGSTOP)
    bad = lab.p4vm.status()["facts"]["bad_seal"]
    with open(lab.facts, "r+b") as region:
        data = bytearray(region.read())
        for slot in range(4096, len(data), 128):
            data[slot + 20] ^= 1
        region.seek(0)
        region.write(data)
    poll(lambda: delivered(lab, forged(47000)) == 0, 15, "the altered facts to be absent")
    lab.agent.kill(signal.SIGCONT)
    assert lab.vm_sends_udp(47001, 7999) == "ECONNREFUSED"
    assert lab.p4vm.status()["facts"]["bad_seal"] >= bad


def test_sockets_of_the_wrong_kind_are_no_way_in(lab):
    """Garbage on the attach socket: the P4 VM drops the connection and goes on."""
    for garbage in (b"", b"x", b"\0" * 88, os.urandom(200)):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
            peer.connect(lab.p4vm.socket)
            peer.send(garbage)
    assert ping(lab) == 1
