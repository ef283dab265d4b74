# SPDX-License-Identifier: Apache-2.0
"""Every C file is laid out as .clang-format says (`make format` does it)."""
import subprocess

import tree

tree.build_folder()
result = subprocess.run(["clang-format", "--dry-run", "-Werror", *tree.files(".c", ".h")],
                        cwd=tree.TOP, capture_output=True, text=True)
tree.finish("format", [line for line in result.stderr.splitlines() if "error:" in line])
