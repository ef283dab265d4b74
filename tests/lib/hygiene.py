# SPDX-License-Identifier: Apache-2.0
"""What a test run could leave behind on a machine, and whether it did."""
import os
import subprocess
import time


def _ours(build):
    """Processes that run a program of the build folder, or a QEMU that was given a file of it."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) == os.getpid():
            continue
        try:
            exe = os.readlink(f"/proc/{pid}/exe")
            with open(f"/proc/{pid}/cmdline", "rb") as text:
                line = text.read().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if exe.startswith(build + "/") or ("qemu" in exe and build in line):
            found[f"process {pid}: {line[:80]}"] = True
    return set(found)


def snapshot(build):
    """Processes, network namespaces, interfaces and mounts, as a set of descriptions."""
    names = lambda *cmd: subprocess.run(cmd, capture_output=True, text=True).stdout  # noqa: E731
    seen = _ours(build)
    seen |= {f"namespace {line.split()[0]}" for line in names("ip", "netns").splitlines() if line}
    seen |= {f"interface {name}" for name in os.listdir("/sys/class/net")}
    with open("/proc/self/mounts") as mounts:
        seen |= {f"mount {line.split()[1]}" for line in mounts}
    return seen


def difference(before, after, patience=5.0):
    """What is there now and was not before. Processes that are about to end get `patience` s."""
    deadline = time.monotonic() + patience
    left = sorted(after - before)
    while any(item.startswith("process") for item in left) and time.monotonic() < deadline:
        time.sleep(0.1)
        left = [item for item in left
                if not item.startswith("process") or os.path.exists(f"/proc/{item.split()[1][:-1]}")]
    return left
