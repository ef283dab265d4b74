# SPDX-License-Identifier: Apache-2.0
"""The benchmark itself, as short as it can be: that it builds, links and measures what is only there for it."""
import json
import os
import subprocess
import sys


def test_one_round_of_the_published_design(build, top):
    """Its transport is linked into an Open vSwitch of its own, which no other test uses."""
    run = subprocess.run([sys.executable, os.path.join(top, "bench/run.py"), "--build", build, "--rounds", "1", "--only", "veth",
                          "--configs", "TCP", "--json"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    figures = json.loads(run.stdout)["veth"][0].get("TCP", {})
    for name in ("TCP", "UDP 64 B", "round trip, median", "TCP round trip, p99", "memory of the port, both"):
        assert figures.get(name, 0) > 0, f"{name}: {figures}\n{run.stderr}"
