# SPDX-License-Identifier: Apache-2.0
"""A million mutated packets through a shielded port: no crash anywhere, other ports unaffected."""
import os
import re
import subprocess

import pytest

import icmp
from lab import P4VM, build_program, poll
from ovs import Switch

PACKETS = 1_000_000
RATE = 50_000  # a second: what an af_packet port takes without losing many
A, B = "02:00:00:5e:00:01", "02:00:00:5e:00:02"


def frames():
    """Valid packets of every kind that icmp_guard.p4 tells apart; mutate.c spoils them."""
    quoted = icmp.ipv4("10.79.0.2", "10.79.0.1", 17, icmp.udp(1000, 2000))
    unreachable = icmp.port_unreachable("10.79.0.1", "10.79.0.2", 1000, 2000)
    return [
        icmp.ethernet(A, B, unreachable),
        icmp.ethernet(A, B, unreachable, vlan=5),
        icmp.ethernet(A, B, icmp.ipv4("10.79.0.1", "10.79.0.2", 1, icmp.icmp(3, 3, b"\0" * 4, quoted),
                                      options=b"\x01" * 40)),
        icmp.ethernet(A, B, icmp.ipv4("10.79.0.1", "10.79.0.2", 1, icmp.icmp(8, 0, b"\0" * 4, b"x" * 56))),
        icmp.ethernet(A, B, icmp.ipv4("10.79.0.1", "10.79.0.2", 17, icmp.udp(1000, 2000, b"y" * 900))),
        icmp.ethernet(A, B, b"\x60" + b"\0" * 39 + b"z" * 60, ethertype=0x86dd),
        icmp.ethernet(A, B, b"\0\x01\x08\0\x06\x04\0\x01" + b"\0" * 20, ethertype=0x0806),
    ]


@pytest.fixture(scope="module")
def guard(build, top, tmp_path_factory):
    return build_program(build, os.path.join(top, "examples/icmp_guard.p4"),
                         str(tmp_path_factory.mktemp("p4") / "icmp_guard.o"))


def test_a_million_mutated_packets(build, guard, tmp_path):
    os.chmod(tmp_path, 0o755)
    with Switch(build) as switch:
        sender = switch.add_namespace("sender", "10.79.0.1/24", mac=A)
        target = switch.add_namespace("target", "10.79.0.2/24", mac=B)
        bystanders = [switch.add_namespace(name, f"10.79.0.{n}/24") for name, n in (("x", 8), ("y", 9))]
        p4vm = P4VM(build, str(tmp_path), "mutated", program=guard)
        switch.callback(p4vm.stop)
        switch.shield(target.port, p4vm.socket)
        poll(lambda: sender.run(["ping", "-c", "1", "-W", "1", target.address], check=False).returncode == 0,
             15, "the shielded port")
        pids = p4vm.status()["pid"], switch.vswitchd_pid

        mutate = sender.popen([os.path.join(build, "main/tests/lib/mutate"), "eth0", str(PACKETS),
                               str(RATE), "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        switch.callback(mutate.kill)
        mutate.stdin.write("\n".join(frame.hex() for frame in frames()) + "\n")
        mutate.stdin.close()
        ping = bystanders[0].run(["ping", "-n", "-q", "-c", "50", "-i", "0.1", "-W", "2",
                                  bystanders[1].address], check=False).stdout
        sent = int(re.match(r"(\d+) sent", mutate.stdout.read()).group(1))
        mutate.wait(10)

        assert sent > 0.99 * PACKETS
        assert " 0% packet loss" in ping, ping
        assert (p4vm.status()["pid"], switch.vswitchd_pid) == pids and switch.vswitchd.poll() is None
        poll(lambda: sender.run(["ping", "-c", "1", "-W", "1", target.address],
                                check=False).returncode == 0, 15, "the shielded port, afterwards")
        judged = sum(q["passed"] + q["dropped"] for q in p4vm.status()["queues"])
        print(f"{sent} sent, {judged} judged by the program; bystanders: {ping.splitlines()[-1]}")
        # A busy af_packet port loses some of them; most must come through.
        assert judged > 0.5 * PACKETS
