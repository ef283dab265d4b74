# SPDX-License-Identifier: Apache-2.0
"""Writes a C file with the texts of the .p4 files that come with the compiler."""
import pathlib
import sys


def main(out, *paths):
    lines = ["/* Made by embed.py. */", '#include "compiler/p4/builtin.h"', "", "#include <string.h>", ""]
    names = []
    for path in map(pathlib.Path, paths):
        name = "text_" + path.stem
        names.append((path.name, name))
        lines.append(f"static const char {name}[] =")
        for line in path.read_text().splitlines():
            quoted = line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
            lines.append(f'\t"{quoted}\\n"')
        lines[-1] += ";"
    lines += ["", "const char *seki_p4_builtin(const char *name)", "{"]
    for file, name in names:
        lines += [f'\tif (strcmp(name, "{file}") == 0)', f"\t\treturn {name};"]
    lines += ["\treturn NULL;", "}", ""]
    pathlib.Path(out).write_text("\n".join(lines))


main(*sys.argv[1:])
