# SPDX-License-Identifier: Apache-2.0
"""core/ needs nothing of a libc but mem*, and keeps no state: it will run in firmware and kernels."""
import os
import re
import subprocess

import tree

# What the linker makes itself for position-independent code is no need.
ALLOWED = {"memcpy", "memmove", "memset", "memcmp", "_GLOBAL_OFFSET_TABLE_"}
SYMBOL = re.compile(r"^[0-9a-f]{16} (.{7}) (\S+)\t[0-9a-f]{16}\s+(?:\.hidden )?(\S+)$")

faults, needed, defined = [], [], set()
archive = os.path.join(tree.build_folder(), "main", "core", "libseki-core.a")
listing = subprocess.run(["objdump", "-t", archive], capture_output=True, text=True)
where = "?"
for line in listing.stdout.splitlines():
    if ":     file format" in line:
        where = os.path.basename(line.split(":")[0])
    match = SYMBOL.match(line)
    if not match or "d" in match.group(1) or "f" in match.group(1):
        continue
    section, name = match.group(2), match.group(3)
    if section == "*UND*":
        needed.append((where, name))
        continue
    defined.add(name)
    # .data.rel.ro holds constants with addresses in them.
    if section in ("*COM*",) or section.startswith((".bss", ".data")) and ".rel.ro" not in section:
        faults.append(f"{where}: keeps state in {name}")
faults += [f"{where}: needs {name}" for where, name in needed if name not in ALLOWED | defined]
if not defined:
    faults.append(f"{archive}: no symbol found")
tree.finish("freestanding", faults)
