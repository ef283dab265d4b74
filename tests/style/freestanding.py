# SPDX-License-Identifier: Apache-2.0
"""core/ needs nothing of a libc but mem*, and keeps no state: it will run in firmware and kernels."""
import os
import subprocess

import tree

ALLOWED = {"memcpy", "memmove", "memset", "memcmp"}

faults = []
archive = os.path.join(tree.build_folder(), "main", "core", "libseki-core.a")
listing = subprocess.run(["nm", "-A", archive], capture_output=True, text=True)
symbols = [line.split() for line in listing.stdout.splitlines() if line.strip()]
defined = {fields[-1] for fields in symbols if fields[-2] not in ("U", "w")}
for fields in symbols:
    where, kind, name = fields[0].split(":")[-2], fields[-2], fields[-1]
    if kind == "U" and name not in ALLOWED | defined:
        faults.append(f"{where}: needs {name}")
    if kind in ("D", "d", "B", "b", "C"):
        faults.append(f"{where}: keeps state in {name}")
if not defined:
    faults.append(f"{archive}: no symbol found")
tree.finish("freestanding", faults)
