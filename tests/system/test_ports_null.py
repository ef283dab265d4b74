# SPDX-License-Identifier: Apache-2.0
"""A shielded port that is always full, without system calls: DPDK's net_null."""
import os

import pytest

from lab import P4VM, poll
from ovs import NullSwitch
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
