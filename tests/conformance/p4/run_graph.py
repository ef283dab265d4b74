# SPDX-License-Identifier: Apache-2.0
"""run_graph.py SEKISHO: the pictures of `sekisho p4 graph`."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

TOP = pathlib.Path(__file__).resolve().parents[3]
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "a\\\"b]; evil [label=<<B>x</B>>]; -->&amp;\\nc"

# Names that are words of DOT, bytes that are no text.
WORDS = """
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

WAYS = """#include <core.p4>
header h_t { bit<8> a; bit<8> b; }
struct H { h_t x; h_t[2] s; }
parser prs(packet_in p, out H hdr) {
	state start {
		p.extract(hdr.x);
		transition select(hdr.x.a, hdr.x.b) {
			(1, 2): more;
			(3 &&& 7, _): more;
			(4 .. 5, 6): accept;
		}
	}
	state more { p.extract(hdr.s.next); transition more_still; }
	state more_still { if (hdr.x.a == 9) { p.extract(hdr.s.next); } transition accept; }
	state stuck { }
}
control inner(inout H hdr) { apply { hdr.x.a = 77; } }
control pipe(inout H hdr) {
	inner() sub;
	action first(bit<8> v) { hdr.x.a = v; }
	@name("%s") action second() { }
	@name("%s") table t {
		key = { hdr.x.a : ternary @name("%s"); hdr.x.b : lpm; }
		actions = { first; @defaultonly second; NoAction; }
		const default_action = second();
		size = 33;
	}
	table u { key = { hdr.x.b : exact; } actions = { first; NoAction; } const entries = { 1 : first(5); } }
	table never { actions = { NoAction; } }
	apply {
		if (!t.apply().hit) { sub.apply(hdr); return; }
		switch (u.apply().action_run) { first: NoAction: { hdr.x.b = 11; } }
		for (bit<8> i = 0; i < 4; i = i + 1) {
			if (hdr.x.a == i) { break; }
			if (hdr.x.b == 200) { continue; }
			hdr.x.a = hdr.x.a + 1;
		}
		if (hdr.x.a == 99) exit;
		log_msg("%s");
	}
}
extern void log_msg(string s);
""".replace("extern void log_msg(string s);\n", "").replace(
    "header h_t", "extern void log_msg(string s);\nheader h_t", 1) % ((HOSTILE,) * 4)


def call(sekisho, *args, **env):
    return subprocess.run([sekisho, "p4", "graph", *map(str, args)], capture_output=True, text=True,
                          check=False, env=dict(os.environ, **env))


def check(condition, what, done):
    if not condition:
        raise SystemExit(f"{what}\n{done.args}\nexit {done.returncode}\n{done.stdout}{done.stderr}")


def texts(svg):
    """All words of a picture, with plain spaces."""
    found = [t.text or "" for t in xml.fromstring(svg).iter(SVG + "text")]
    return [t.replace("\u00a0", " ").strip() for t in found]


def edges(dot):
    """(from, to, label) of DOT text, with what the first text of each node is for its name."""
    names = {n: re.sub("<[^>]*>", "|", label).strip("|").split("|")[0]
             for n, label in re.findall(r"^\t\t(n\d+) \[.*?label=<(.*)>\];$", dot, re.M)}
    return {(names[a], names[b], label.strip())
            for a, b, label in re.findall(r"^\t\t(n\d+) -> (n\d+) \[label=<(.*)>\];$", dot, re.M)}


def check_example(sekisho, path):
    done = call(sekisho, path)
    check(done.returncode == 0 and done.stderr == "", "draws", done)
    check(done.stdout == call(sekisho, path).stdout, "the same picture each time", done)
    words = re.findall(r"\w+", " ".join(texts(done.stdout)))
    source = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.S)
    for name in re.findall(r"\b(?:state|action|table|parser|control)\s+(\w+)\s*[({]", source):
        check(name in words, f"'{name}' is not in the picture", done)


def check_ways(sekisho, path):
    done = call(sekisho, path, "--dot")
    check(done.returncode == 0, "draws", done)
    found = edges(done.stdout)
    for edge in (("start", "more", "(1, 2)<BR/>(3 &amp;&amp;&amp; 7, _)"),
                 ("start", "accept", "(4 .. 5, 6)"), ("start", "reject", "no match"),
                 ("more", "more_still", ""), ("stuck", "reject", ""),
                 ("table ", "sub.apply(hdr)", "miss"), ("sub.apply(hdr)", "return", ""),
                 ("return", "end", ""), ("table ", "table ", "hit"),
                 ("table ", "hdr.x.b = 11", "first"), ("table ", "hdr.x.b = 11", "NoAction"),
                 ("hdr.x.b = 11", "for (bit&lt;8&gt; i = 0; i &lt; 4; i = i + 1)", ""),
                 ("hdr.x.a = hdr.x.a + 1", "for (bit&lt;8&gt; i = 0; i &lt; 4; i = i + 1)", ""),
                 ("hdr.x.a == i", "hdr.x.a == 99", "true"), ("hdr.x.a == 99", "exit", "true"),
                 ("hdr.x.b == 200", "for (bit&lt;8&gt; i = 0; i &lt; 4; i = i + 1)", "true")):
        check(edge in found, f"no edge {edge} in {sorted(found)}", done)

    check("<I>default</I>&#8203;&#160;second()" in done.stdout, "a space that viewers keep", done)

    done = call(sekisho, path)
    lines = texts(done.stdout)
    for line in ("never", "const entries: 1", "size 33", "control inner", "second()"):
        check(any(line in text for text in lines), f"'{line}' is not in the picture", done)
    hostile = 'a"b]; evil [label=<<B>x</B>>]; -->&amp;\\x0ac'
    check(sum(hostile in text for text in lines) >= 3, "names are text, nothing else", done)
    nodes = [g for g in xml.fromstring(done.stdout).iter(SVG + "g") if g.get("class") == "node"]
    check(not any(n.find(SVG + "title").text == "evil" for n in nodes), "no node of a name", done)


def check_words(sekisho, folder):
    path = folder / "words.p4"
    path.write_bytes(WORDS.encode("latin-1"))
    done = call(sekisho, path)
    check(done.returncode == 0, "draws", done)
    words = re.findall(r"\w+", " ".join(texts(done.stdout)))
    for name in ("node", "digraph", "graph", "subgraph", "edge", "strict", "label"):
        check(name in words, f"'{name}' is not in the picture", done)
    path.write_text("control c(in bit<8> x) { apply {" + "if (x == 1) { return; }" * 3000 + "} }")
    done = call(sekisho, path)
    check(done.returncode == 1 and "too large" in done.stderr, "too large a picture", done)


def check_calls(sekisho, path, folder):
    out = folder / "p.svg"
    done = call(sekisho, path, "-o", out, "--control", "inner")
    check(done.returncode == 0 and "hdr.x.a = 77" in texts(out.read_text()), "one control", done)
    check("never" not in out.read_text(), "no other", done)
    done = call(sekisho, path, "--parser", "prs")
    check("more_still" in texts(done.stdout) and "inner" not in done.stdout, "one parser", done)
    done = call(sekisho, path, "--parser", "pipe")
    check(done.returncode == 1 and "'pipe': there is no such parser" in done.stderr, "no such parser", done)
    done = call(sekisho, path, "--parser", "prs", "--control", "pipe")
    check(done.returncode == 2, "both", done)
    before = out.read_bytes()
    done = call(sekisho, path, "-o", out, PATH=str(folder))
    check(done.returncode == 1 and "install the package 'graphviz'" in done.stderr and
          out.read_bytes() == before, "no dot", done)
    bad = folder / "bad.p4"
    bad.write_text("const bit<8> x = 1\n")
    done = call(sekisho, bad)
    check(done.returncode == 1 and f"{bad}:1:19: error" in done.stderr, "an error", done)
    bad.write_text("const bit<8> x = 1;\n")
    done = call(sekisho, bad)
    check(done.returncode == 1 and "no such parser or control" in done.stderr, "nothing", done)


def main(sekisho):
    for path in sorted((TOP / "examples").glob("*.p4")):
        check_example(sekisho, path)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        path = folder / "ways.p4"
        path.write_text(WAYS)
        check_ways(sekisho, path)
        check_words(sekisho, folder)
        check_calls(sekisho, path, folder)
    print("ok")


main(*sys.argv[1:])
