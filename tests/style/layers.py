# SPDX-License-Identifier: Apache-2.0
"""#include lines and link lines keep to the file `layers`; headers stand alone and include little."""
import json
import os
import re
import subprocess

import tree


def allowed():
    rules = {}
    for line in tree.read("layers").splitlines():
        line = line.split("#")[0].strip()
        if line:
            folder, uses = line.split(":")
            rules[folder] = {folder, *uses.split()}
    return rules


def program(name):
    """Programs never include each other, nor does one folder of guest/ or host/ another."""
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] in ("guest", "host") and len(parts) > 2 else parts[0]


def include_faults(rules):
    faults = []
    for name in tree.files(".c", ".h"):
        folder = name.removeprefix("include/").split("/")[0]
        if folder not in rules:
            continue
        included = re.findall(r'^\s*#\s*include\s+"([^"]+)"', tree.read(name), re.M)
        for header in included:
            uses = header.split("/")[0]
            if uses in rules and uses not in rules[folder]:
                faults.append(f"{name}: includes {header}: `layers` does not let {folder} use {uses}")
            if (uses == folder and folder in ("guest", "host") and
                    program(header) != program(name)):
                faults.append(f"{name}: includes {header} of another program")
        ours = [header for header in included if header.split("/")[0] in rules]
        if name.endswith(".h") and not name.startswith("tests/") and len(ours) > 3:
            faults.append(f"{name}: includes {len(ours)} project headers, more than 3")
    return faults


def link_faults(rules, build):
    """What each target links, as the build file that meson wrote says."""
    faults = []
    text = subprocess.run(["meson", "introspect", "--targets", os.path.join(build, "main")],
                          capture_output=True, text=True, check=True).stdout
    by_file = {file: target["defined_in"] for target in json.loads(text)
               for file in target["filename"]}
    ninja = open(os.path.join(build, "main", "build.ninja")).read().replace("$\n", "")
    for output, inputs in re.findall(r"^build (\S+): c_LINKER (.*)$", ninja, re.M):
        folder = output.split("/")[0]
        if folder not in rules:
            continue
        for archive in re.findall(r"(\S+\.a)\b", inputs):
            uses = archive.split("/")[0]
            if uses in rules and uses not in rules[folder]:
                faults.append(f"{output}: links {archive}: `layers` does not let {folder} use {uses}")
    if not by_file:
        faults.append("no target found: is the build folder configured?")
    return faults


def alone_faults(build):
    faults = []
    made = os.path.join(build, "main")  # what the build wrote: C of messages
    for name in tree.files(".h"):
        if name.split("/")[0] in ("tests", "examples") or "host/ovs/glue" in name:
            continue
        run = subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", "-I.", "-Iinclude", f"-I{made}", "-x", "c",
                              "-include", name, "/dev/null"], cwd=tree.TOP, capture_output=True,
                             text=True)
        if run.returncode:
            faults.append(f"{name}: does not stand alone: {run.stderr.splitlines()[0]}")
    return faults


folder = tree.build_folder()
tree.finish("layers", include_faults(allowed()) + link_faults(allowed(), folder) + alone_faults(folder))
