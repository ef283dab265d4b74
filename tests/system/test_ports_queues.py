# SPDX-License-Identifier: Apache-2.0
"""A shielded port with several queues, polled by several threads of a real switch: each has a queue of its own to the
P4 VM, flows keep their order, and threads come and go under traffic."""
import os
import subprocess

import pytest

from lab import InlineP4VM, P4VM, poll
from ovs import Switch
from test_live import Traffic, drops
from wire import compile_c, ports, shield

PASS = "u64 entry(void *ctx, struct meta *m) { return 1; }"
THREADS = ("pmd-0", "pmd-1")


@pytest.fixture(scope="module")
def switch(build):
    with Switch(build) as switch:
        switch.poll_on(0, 1)
        switch.vm, switch.peer = (switch.add_namespace(name, f"10.88.0.{i}/24")
                                  for i, name in enumerate(("vm", "peer"), 1))
        port = switch.vm.port
        switch.vsctl("del-port", switch.bridge, port)
        switch.vm.run(["ethtool", "-L", switch.vm.device, "rx", "2", "tx", "2"])
        subprocess.run(["ethtool", "-L", port, "rx", "2", "tx", "2"], check=True)
        switch.add_port(port, "afxdp", xdp_mode="native")
        switch.vsctl("set", "Interface", port, "options:n_rxq=2")
        yield switch


def taken(switch):
    """Packets from the VM that each thread has handed over."""
    count = dict.fromkeys(THREADS, 0)
    for port in ports(switch):
        for queue in port["queues"]:
            if queue["thread"] in count:
                count[queue["thread"]] += queue["from_vm"]["packets"]
    return count


@pytest.mark.skipif(os.cpu_count() < 2, reason="needs two cores to poll on")
@pytest.mark.parametrize("level", ["process", "inline"])
def test_threads_come_and_go_under_traffic(switch, build, tmp_path, level):
    os.chmod(tmp_path, 0o755)
    program = compile_c(PASS, str(tmp_path), "pass")
    if level == "inline":
        p4vm = InlineP4VM(switch, build, str(tmp_path), level, program=program, options=("--workers", "4"))
    else:
        p4vm = P4VM(build, str(tmp_path), level, program=program, options=("--workers", "2"))
    try:
        switch.poll_on(0, 1)
        shield(switch, switch.vm.port, p4vm, workers=2)
        with Traffic(switch.vm, switch.peer, rate=2000) as traffic:
            for cores in ((0, 1), (0,), (1,), (0, 1)):
                switch.poll_on(*cores)
                before = taken(switch)
                poll(lambda: all(taken(switch)[f"pmd-{core}"] > before[f"pmd-{core}"] + 50 for core in cores), 20,
                     f"packets on cores {cores}")
            sent, got, late, twice = traffic.end()
        dropped = drops(switch, switch.vm)
        print(f"{level}: dropped by the hook: {dropped}")
        assert late == twice == 0
        # Datagrams and answers: what a leaving thread had with the P4 VM, and what came before a new one was attached.
        assert dropped.keys() <= {"removed", "down"}, dropped
        assert sent - got <= sum(dropped.values()), (sent, got, dropped)
    finally:
        p4vm.stop()
        switch.unshield(switch.vm.port)
        poll(lambda: not ports(switch), 10, "the shield to be gone")
