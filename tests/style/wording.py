# SPDX-License-Identifier: Apache-2.0
"""No path of somebody's machine, no host of a package registry, no note to self in the tree."""
import re

import tree

BANNED = {
    r"(?<![\w}])/(home/\w|Users/\w|work/(main|shared)|root/)": "a path of one machine",
    r"deb\.debian\.org|registry\.npmjs|pypi\.org": "a host of a package registry",
    r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b": "a note to self",
}

faults = []
tree.build_folder()
for name in tree.files():
    if name == "tests/style/wording.py" or name.startswith("LICENSES/") or "/corpus_" in name:
        continue
    for number, line in enumerate(tree.read(name).splitlines(), 1):
        faults += [f"{name}:{number}: {why}" for pattern, why in BANNED.items()
                   if re.search(pattern, line)]
tree.finish("wording", faults)
