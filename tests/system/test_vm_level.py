# SPDX-License-Identifier: Apache-2.0
"""`sekisho shield run --isolation=vm`: a P4 VM in a real virtual machine (QEMU without KVM), seen from a
switch, from the command line and from the host. The switch here is test_shield_cli.py's."""
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile

import pytest

import ovs as openvswitch
from lab import P4VM, poll
from test_shield_cli import (DROP, PASS, Instances, Publisher, Switch, fields, packet, proc, switch, udp,
                             objects)  # pylint: disable=unused-import  # a fixture

OPTIONS = ("--isolation=vm", "--accel=tcg")
BOOT_S = 90  # on a machine that builds something else meanwhile


class Machines(Instances):
    ready_s = BOOT_S

    def start(self, name="vm", *args):
        return super().start(name, *OPTIONS, *args)

    def qemu(self, name="vm"):
        """Process id of the machine: the child of the P4 VM's process, which the status names."""
        pid = self.status(name)["pid"]
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            return int(children.read().split()[0])


@pytest.fixture(scope="module")
def shared(build, objects):
    """One machine for the tests that leave it as it was."""
    with tempfile.TemporaryDirectory(prefix="seki-vm-") as base:
        vms = Machines(build, base)
        vms.start("vm", "--program", objects["pick"])
        yield vms
        vms.close()


@pytest.fixture
def vms(build):
    with tempfile.TemporaryDirectory(prefix="seki-vm-") as base:
        vms = Machines(build, base)
        yield vms
        vms.close()


def again(vms, port="port0"):
    """A switch attaches again, as one that lost its P4 VM does: until it succeeds."""
    def attach():
        try:
            return Switch(vms.path("vm", "port.sock"), port)
        except (OSError, struct.error, AssertionError):
            return None
    return poll(attach, BOOT_S, "the port to be shielded again")


def test_it_judges_as_a_process_does(shared):
    status = shared.status()
    assert status["isolation"] == "vm" and status["sandbox"] == "full"
    with switch(shared) as sw:
        assert sw.judge(packet(1), packet(9), packet(2)) == [(PASS, 0), (DROP, 7), (PASS, 0)]
        for _ in range(100):
            assert sw.judge(packet(9)) == [(DROP, 7)]
    assert shared.status()["program"]["name"] == "pick.o"


def test_the_switch_is_woken_where_it_sleeps(shared):
    with switch(shared) as sw:
        struct.pack_into("<I", sw.mine, 192, 1)  # armed
        sw.submit(packet(1))
        assert select.select([sw.event], [], [], 10)[0]
        assert sw.take() == {0: (PASS, 0)}
        assert os.eventfd_read(sw.event) == 1


def test_queues_come_and_go_and_leave_nothing(shared):
    """More of them than there are slots, several at a time; the one that stays is not touched."""
    with switch(shared, port="stays") as stays:
        for _ in range(4):
            switches = [Switch(shared.path("vm", "port.sock"), f"port{i}") for i in range(8)]
            for sw in switches:
                assert sw.judge(packet(9)) == [(DROP, 7)]
            for sw in switches:
                sw.close()
            assert stays.judge(packet(1)) == [(PASS, 0)]
        poll(lambda: len(shared.status()["queues"]) == 1, 10, "the queues to be gone")
        assert "anew" not in shared.said("vm")


def test_hostile_switches(shared):
    path = shared.path("vm", "port.sock")
    with switch(shared) as honest:
        for message in (b"", b"x", bytes(88), b"\xff" * 88):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as conn:
                conn.connect(path)
                conn.send(message)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as conn:
            conn.settimeout(10)
            conn.connect(path)
            small = os.memfd_create("small", os.MFD_ALLOW_SEALING)
            hello = struct.pack("<6I64s", 0x41544353, 1, 512, 2048, 0, 0, b"liar")
            socket.send_fds(conn, [hello], [small, small, honest.event])
            os.close(small)
            assert struct.unpack("<IIiI", conn.recv(100))[2] == -22
        assert honest.judge(packet(1)) == [(PASS, 0)]
    assert "anew" not in shared.said("vm")


def test_load_and_refusal(shared, objects):
    with switch(shared) as sw:
        assert sw.judge(packet(9)) == [(DROP, 7)]
        shared.cli("load", "vm", objects["pass"])
        assert sw.judge(packet(9)) == [(PASS, 0)]
        run = shared.cli("load", "vm", objects["past_packet"], check=False)
        assert run.returncode == 1 and "still runs" in run.stderr
        assert sw.judge(packet(9)) == [(PASS, 0)]
        shared.cli("load", "vm", objects["pick"])
        assert sw.judge(packet(9)) == [(DROP, 7)]


def test_walls_of_both_processes(shared):
    host, qemu = shared.status()["pid"], shared.qemu()
    users = set()
    for pid in (host, qemu):
        seen = fields(pid)
        uids = set(seen["Uid"].split()) | set(seen["Gid"].split())
        assert len(uids) == 1 and 61184 <= int(min(uids)) <= 65519
        users |= uids
        for caps in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(seen[caps], 16) == 0, caps
        assert (seen["NoNewPrivs"], seen["Seccomp"]) == ("1", "2")
        for ns in ("net", "mnt", "pid", "ipc", "uts", "cgroup"):
            assert os.readlink(f"/proc/{pid}/ns/{ns}") != os.readlink(f"/proc/self/ns/{ns}"), ns
        lines = proc(pid, "net/dev").splitlines()[2:]
        assert [line.split(":")[0].strip() for line in lines] == ["lo"]
    assert len(users) == 2
    assert os.listdir(f"/proc/{host}/root/") == []
    assert set(os.listdir(f"/proc/{qemu}/root/")) <= {"usr", "bin", "lib", "lib32", "lib64", "dev", "proc",
                                                      "kernel", "initrd"}
    assert set(os.listdir(f"/proc/{qemu}/root/dev")) <= {"null", "urandom", "kvm"}
    arguments = proc(qemu, "cmdline")
    assert "-smp\x001,maxcpus=2\0" in arguments  # else QEMU leaves out the guest's memory barriers
    assert "-netdev" not in arguments and "-drive" not in arguments


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGSTOP])
def test_a_machine_that_dies_or_hangs_is_started_anew(vms, objects, kill):
    vms.start("vm", "--program", objects["pick"])
    sw = again(vms)
    assert sw.judge(packet(9)) == [(DROP, 7)]
    before = vms.qemu()
    os.kill(before, kill)
    if kill == signal.SIGKILL:
        sw.conn.settimeout(10)
        assert sw.conn.recv(1) == b""  # the switch knows at once: its policy takes over
    sw.close()
    sw = again(vms)
    assert sw.judge(packet(1), packet(9)) == [(PASS, 0), (DROP, 7)]
    assert vms.qemu() != before and not os.path.exists(f"/proc/{before}")
    sw.close()


def test_what_was_loaded_comes_back(vms, objects):
    vms.start("vm", "--program", objects["pass"])
    vms.cli("load", "vm", objects["pick"])
    vms.cli("load", "--port", "own", "vm", objects["drop"])
    os.kill(vms.qemu(), signal.SIGKILL)
    sw = again(vms)
    assert sw.judge(packet(9), packet(1)) == [(DROP, 7), (PASS, 0)]
    sw.close()
    with switch(vms, port="own") as sw:
        assert sw.judge(packet(1)) == [(DROP, 42)]


def test_nothing_outlives_it(vms, objects):
    process = vms.start("vm", "--program", objects["pass"])
    qemu = vms.qemu()
    vms.cli("stop", "vm")
    assert process.wait(10) == 0 and not os.path.exists(f"/proc/{qemu}")
    process = vms.start("vm")
    qemu = vms.qemu()
    process.kill()
    poll(lambda: not os.path.exists(f"/proc/{qemu}"), 10, "QEMU to end with its keeper")


def test_facts(vms, objects, build, tmp_path):
    facts, key = str(tmp_path / "facts"), str(tmp_path / "key")
    with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as out:
        out.write(os.urandom(32))
    vms.start("vm", "--program", objects["ask"], "--facts", facts, "--key", key, "--fact-wait-ms", "0")
    publisher = Publisher(build, facts, key)
    try:
        poll(lambda: vms.status()["facts"]["fresh"], 10, "the agent to be heard")
        asked = udp("10.0.0.9", 53, "10.0.0.1", 4000)
        with switch(vms) as sw:
            assert sw.judge(asked) == [(DROP, 11)]
            publisher.sent("10.0.0.1", 4000, "10.0.0.9", 53)
            poll(lambda: sw.judge(asked) == [(PASS, 0)], 10, "the fact")
    finally:
        publisher.close()


def test_several_workers(vms, objects):
    vms.start("vm", "--program", objects["pick"], "--workers", "2")
    switches = [Switch(vms.path("vm", "port.sock"), f"port{i}") for i in range(4)]
    for sw in switches:
        assert sw.judge(packet(9), packet(1)) == [(DROP, 7), (PASS, 0)]
        sw.close()


def test_what_is_missing_is_named(build):
    daemon = os.path.join(build, "main", "p4vm", "sekisho-p4vmd")

    def refused(*args):
        run = subprocess.run([daemon, "vm", *args], capture_output=True, text=True, timeout=20)
        assert run.returncode == 2
        return run.stderr
    with open("/proc/cpuinfo") as cpu:
        if " sev_snp" not in cpu.read():
            assert "SEV-SNP" in refused("--isolation=vm", "--confidential")
    assert "inside" not in refused("--isolation=everywhere")
    assert "--isolation=vm" in refused("--confidential")
    assert "kvm or tcg" in refused("--isolation=vm", "--accel=fast")


def test_a_real_switch_follows_its_policy_and_heals(build, objects, tmp_path):
    with openvswitch.Switch(build) as ovs:
        client = ovs.add_namespace("client", "10.79.0.1/24")
        server = ovs.add_namespace("server", "10.79.0.2/24")
        p4vm = P4VM(build, str(tmp_path), "vm", program=objects["pass"], options=OPTIONS, ready_s=BOOT_S)

        def ping():
            return client.run(["ping", "-c", "1", "-W", "1", "10.79.0.2"], check=False).returncode == 0
        try:
            ovs.shield(server.port, p4vm.socket)
            poll(ping, 20, "the first ping")
            pid = p4vm.status()["pid"]
            with open(f"/proc/{pid}/task/{pid}/children") as children:
                os.kill(int(children.read().split()[0]), signal.SIGKILL)
            poll(lambda: not ping(), 5, "the policy: closed")
            assert "down" in ovs.appctl("sekisho/show", server.port)
            poll(ping, BOOT_S, "the port to heal")
        finally:
            p4vm.stop()
