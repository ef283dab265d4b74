# SPDX-License-Identifier: Apache-2.0
"""An SPDX line in every file: Apache-2.0, but GPL-2.0-only for eBPF objects and the kernel module."""
import tree

WITHOUT = ("LICENSE", "LICENSES/", ".gitignore")  # and data that tests feed as it is
DATA = ("/corpus_",)

faults = []
tree.build_folder()
for name in tree.files():
    if name.startswith(WITHOUT) or any(part in name for part in DATA):
        continue
    head = "\n".join(tree.read(name).splitlines()[:5])
    gpl = name.endswith(".bpf.c") or name.startswith("kernel/")
    wanted = "SPDX-License-Identifier: " + ("GPL-2.0-only" if gpl else "Apache-2.0")
    if wanted not in head:
        faults.append(f"{name}: lacks `{wanted}` in its first lines")
tree.finish("licences", faults)
