# SPDX-License-Identifier: Apache-2.0
"""What is compared: an Open vSwitch, and what judges the packets of its port.

    OVS(32)  Debian's as it is
    unused   with the hook compiled in, no port shielded: its ratio to OVS(32) is the machine's noise
    OVS(1)   receives packets one at a time
    TCP      the published prototype's design: OVS(1) hands each packet to a P4 VM over a TCP socket, and waits
    inline, process, vm   the isolation levels; of them those that are built"""
import os
import subprocess

import lab

BASE = "OVS(32)"


class Tcp:
    """The P4 VM at the other end of a TCP connection; as lab.P4VM."""

    def __init__(self, build, program):
        self.process = subprocess.Popen([os.path.join(build, "main/bench/tcp/tcp_p4vm"), program],
                                        stdout=subprocess.PIPE, text=True)
        self.socket = "/tcp/" + self.process.stdout.readline().strip()

    def pids(self):
        return [self.process.pid]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def _children(pid):
    found = [pid]
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        for child in children.read().split():
            found += _children(int(child))
    return found


class Level(lab.P4VM):
    """A P4 VM with processes of its own."""

    def __init__(self, build, workdir, level, program):
        super().__init__(build, workdir, "bench", program=program, options=(f"--isolation={level}",), ready_s=120)

    def pids(self):
        """The processes that run programs: with their children, QEMU is one."""
        return _children(self.status()["pid"])


class Config:
    def __init__(self, name, ovs, level=None):
        self.name, self.ovs, self.level = name, ovs, level

    def judge(self, switch, build, workdir, program):
        """Starts what judges packets; None where nothing does."""
        if self.level == "tcp":
            return Tcp(build, program)
        if self.level == "inline":
            return lab.InlineP4VM(switch, build, workdir, "bench", program=program)
        return Level(build, workdir, self.level, program) if self.level else None


ALL = [Config(BASE, "ovs-plain"), Config("unused", "ovs"), Config("OVS(1)", "ovs-1"), Config("TCP", "ovs-tcp", "tcp"),
       Config("inline", "ovs", "inline"), Config("process", "ovs", "process"), Config("vm", "ovs", "vm")]


def available(build):
    """Those that this build has."""
    text = subprocess.run([os.path.join(build, "main/cli/sekisho"), "shield", "run", "--help"], capture_output=True,
                          text=True).stdout
    said = text.split("--isolation", 1)[1].split("\n      --")[0]
    return [c for c in ALL if c.level in (None, "tcp") or c.level in said.replace(":", " ").replace(",", " ").split()]


def stat(pid, key):
    """MiB of a line of /proc/PID/status."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key + ":")) / 1024


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as text:
        fields = text.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
