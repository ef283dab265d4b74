# SPDX-License-Identifier: Apache-2.0
"""A shielded port that is always full, without system calls: DPDK's net_null."""
import os
import re
import signal

import pytest

from lab import P4VM, poll
from ovs import NullSwitch, Switch
from wire import compile_c, counted, shield, wait_state

PASS = "u64 entry(void *ctx, struct meta *m) { return 1; }"


@pytest.mark.skipif(os.cpu_count() < 2, reason="needs a core to poll on and one for the P4 VM")
def test_packets_without_end(build, tmp_path):
    """A port that is always full: what does not get in is counted, what does is judged, and a P4 VM that comes back
    is used again."""
    os.chmod(tmp_path, 0o755)
    p4vm = P4VM(build, str(tmp_path), "null", program=compile_c(PASS, str(tmp_path), "pass"))
    try:
        with NullSwitch(build) as switch:
            bare = switch.perf(0.5)[1]
            assert bare["rx"] > 100000 and bare["cycles_per_packet"] > 0 and bare["batch"] == 32, bare
            shield(switch, "null0", p4vm)
            for _ in range(2):
                before = counted(switch, "null0", "passed")
                poll(lambda: counted(switch, "null0", "passed") > before + 10000, 20, "packets")
                print("cycles a packet", switch.perf(0.5)[1]["cycles_per_packet"], "bare", bare["cycles_per_packet"])
                p4vm.stop()
                wait_state(switch, "null0", "down")
                p4vm.start()
                wait_state(switch, "null0", "up")
    finally:
        p4vm.stop()


POOL, RINGS = 16384, 13  # mbufs of the smallest pool that Open vSwitch makes, and rings of 1023 that hold them
EAL = "--no-pci --no-huge --legacy-mem -m 96"


@pytest.fixture
def short(build):
    """A switch whose ports have one pool of mbufs, most of them in rings that nobody empties."""
    config = ["dpdk-init=true", "per-port-memory=false", f'dpdk-extra="{EAL}"']
    with Switch(build, config=config) as switch:
        switch.poll_on(0)
        switch.add_port("null0", "dpdk", dpdk_devargs='"net_null0,size=64"')
        rings = [f"ring{i}" for i in range(RINGS)]
        switch.vsctl(*(word for i, ring in enumerate(rings) for word in (
            "--", "add-port", switch.bridge, ring, "--", "set", "Interface", ring, "type=dpdk",
            f"options:dpdk-devargs=net_ring{i}", "other_config:pmd-rxq-affinity=0:9")))  # a core without a thread
        switch.flows("in_port=null0,actions=" + ",".join(f"output:{ring}" for ring in rings))
        poll(lambda: mbufs(switch) < POOL / 4 - 500, 20, "the mbufs to run short")
        switch.flows("in_port=null0,actions=drop")
        yield switch


def mbufs(switch):
    """Those left in the pool."""
    return int(re.search(r"common_pool_count=(\d+)", switch.appctl("netdev-dpdk/get-mempool-info", "null0")).group(1))


@pytest.mark.skipif(os.cpu_count() < 2, reason="needs a core to poll on and one for the P4 VM")
def test_mbufs_run_short(short, build, tmp_path):
    """A P4 VM that keeps packets keeps no mbufs that ports need to receive into."""
    os.chmod(tmp_path, 0o755)
    p4vm = P4VM(build, str(tmp_path), "null", program=compile_c(PASS, str(tmp_path), "pass"))
    try:
        shield(short, "null0", p4vm)
        left = mbufs(short)
        p4vm.process.send_signal(signal.SIGSTOP)
        poll(lambda: counted(short, "null0", "dropped", "full") > 100000, 20, "more than it may keep to be received")
        assert mbufs(short) > left - 256  # a thread's cache comes and goes
        p4vm.process.send_signal(signal.SIGCONT)
        before = counted(short, "null0", "passed")
        poll(lambda: counted(short, "null0", "passed") > before + 10000, 20, "packets to pass")
        poll(lambda: "sekisho_copied" in short.appctl("coverage/show"), 10, "the thread's count of copies")
    finally:
        p4vm.process.send_signal(signal.SIGCONT)
        p4vm.stop()
