# SPDX-License-Identifier: Apache-2.0
"""run_graph.py SEKISHO: what `sekisho p4 graph` draws: well-formed XML, in which every state, table and
action is, whatever they are called and whatever is in the source beside them."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

TOP = pathlib.Path(__file__).parents[3]

HOSTILE = """
match_kind { exact }
extern void log(in bit<8> x);
parser node(in bit<8> x) { state start { transition select(x) { 1 : digraph;
  /* </svg><script>&amp;"\\n\\l\xff */ 2: graph; } }
  state digraph { transition accept; } state graph { transition reject; } }
control subgraph(in bit<8> edge) { action strict() { log(1 /* </text>]]>&lt; " */ + 2); }
  table label { key = { edge & 0xf: exact @name("\\"<b>&</b>\\\\"); } actions = { strict; } }
  apply { for (bit<8> i in 1 .. 3) { if (i == 2) { break; } else { continue; } }
    if (label.apply().hit) { log(1); return; } else if (edge > 1 && edge < 5) { exit; }
    switch (edge) { 1: 2: { log(2); } } } }
"""


def run(sekisho, *args, env=None):
    return subprocess.run([sekisho, "p4", "graph", *map(str, args)], capture_output=True, check=False,
                          timeout=60, env=env)


def texts(path):
    tree = ElementTree.parse(path)
    return "\n".join("".join(e.itertext()) for e in tree.iter() if e.tag.endswith("}text"))


def declared(source):
    """Names of states, tables and controls' own controls in a source without comments."""
    source = re.sub(r"/\*.*?\*/|//[^\n]*", " ", source, flags=re.S)
    return re.findall(r"\b(?:state|table|parser|control)\s+(\w+)\s*[({]", source)


def main(sekisho):
    failed = n = 0

    def check(good, what, done=None):
        nonlocal failed, n
        n += 1
        if not good:
            failed += 1
            print(what, done.stderr.decode(errors="replace") if done else "")

    with tempfile.TemporaryDirectory() as folder:
        svg = pathlib.Path(folder, "out.svg")
        hostile = pathlib.Path(folder, "hostile.p4")
        hostile.write_bytes(HOSTILE.encode("latin-1"))
        for path in [hostile, *sorted(TOP.glob("examples/*.p4"))]:
            done = run(sekisho, path, "-o", svg)
            check(done.returncode == 0, f"{path}: exit code {done.returncode}", done)
            words = set(re.findall(r"\w+", texts(svg)))
            missing = [name for name in declared(path.read_bytes().decode("latin-1"))
                       if name not in words]
            check(not missing, f"{path}: {missing} not in the picture")
        done = run(sekisho, hostile, "-o", svg, "--parser", "node")
        check(done.returncode == 0 and "subgraph" not in texts(svg), "--parser draws only that", done)
        done = run(sekisho, hostile, "--dot", "--control", "subgraph")
        check(done.returncode == 0 and b"digraph program" in done.stdout, "--dot", done)
        svg.write_text("as it was")
        done = run(sekisho, hostile, "-o", svg, "--control", "none")
        check(done.returncode == 1 and b"no such" in done.stderr and svg.read_text() == "as it was",
              "no such control", done)
        done = run(sekisho, hostile, "-o", svg, env={**os.environ, "PATH": folder})
        check(done.returncode == 1 and b"graphviz" in done.stderr and svg.read_text() == "as it was",
              "no dot", done)
        check(run(sekisho, hostile).returncode == 2, "-o is needed")
        large = pathlib.Path(folder, "large.p4")
        large.write_text("control c(in bit<8> x) { apply {" + "if (x == 1) { return; }" * 3000 + "} }")
        done = run(sekisho, large, "-o", svg)
        check(done.returncode == 1 and b"too large" in done.stderr, "too large a picture", done)
    print(f"{n - failed} of {n} pictures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
