# SPDX-License-Identifier: Apache-2.0
"""run_scaling.py SEKISHO: a file that is 8 times as large takes about 8 times as long to check.

Each shape is a way to write a large file; what took quadratic time in one would take 64 times as
long. Errors are welcome, crashes and running out of memory are not.
"""
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

CORE = "#include <core.p4>\n"


def each(text, n, start=0):
    return "".join(text.replace("@", str(i)) for i in range(start, n))


def names(text, n):
    return ",".join(text.replace("@", str(i)) for i in range(n))


# Each gives about `size` bytes.
SHAPES = {
    "constants": lambda size: each("const bit<8> c@ = 1;\n", size // 24),
    "errors": lambda size: each("const bit<8> c@ = u@;\n", size // 25),
    "syntax errors": lambda size: "const bit<8> = 1;\n" * (size // 18),
    "macros": lambda size: each("#define M@ 1\n", size // 17),
    "#elif": lambda size: "#if 0\n" + each("#elif @ == 0\n", size // 16, 1) + "#endif\n",
    "sum": lambda size: "const int x = " + "1+" * (size // 2) + "1;",
    "parentheses": lambda size: "const int x = " + "(" * (size // 2) + ")" * (size // 2),
    "braces": lambda size: "control c() { apply {" + "{" * (size // 2) + "}" * (size // 2),
    "garbage": lambda size: "$" * size,
    "number": lambda size: "const int x = " + "9" * size + ";",
    "list": lambda size: "extern void f<T>(in T x); void g() { f({ " + "8w1," * (size // 4)
                         + "8w1 }); }",
    "record": lambda size: "extern void f<T>(in T x); void g() { f({ " + names("a@=8w1", size // 12)
                           + " }); }",
    "fields": lambda size: "struct s {" + each("bit<8> f@;", size // 32) + "} void g(inout s x) {"
                           + each("x.f@ = 1;", size // 32) + "}",
    "structs in structs": lambda size: "struct s0 { bit<8> a; }\n" + "".join(
        f"struct s{i} {{ s{i - 1} a; s{i - 1} b; }}\n" for i in range(1, size // 34))
        + f"bool f(in s{size // 34 - 1} x, in s{size // 34 - 1} y) {{ return x == y; }}",
    "tuples in tuples": lambda size: "typedef tuple<bool> t0;\n" + "".join(
        f"typedef tuple<t{i - 1}, t{i - 1}> t{i};\n" for i in range(1, size // 34)),
    "generic types": lambda size: "struct s0<T> { T a; }\n" + "".join(
        f"struct s{i}<T> {{ s{i - 1}<T> a; s{i - 1}<T> b; }}\n" for i in range(1, size // 45))
        + f"const s{size // 45 - 1}<bit<8>> x = ...;",
    "enum": lambda size: "enum E {" + names("A@", size // 30) + "} "
                         + each("const E e@ = E.A@;", size // 30),
    "errors of the program": lambda size: "error {" + names("A@", size // 40) + "} "
                                          + each("const error e@ = error.A@;", size // 40),
    "match kinds": lambda size: "match_kind {" + names("A@", size // 8) + "}",
    "named arguments": lambda size: "extern void f(" + names("in bit<8> p@", size // 30)
                                    + "); void g() { f(" + names("p@=1", size // 30) + "); }",
    "overloads": lambda size: each("extern void f(in bit<8> p@);\n", 100) + "void g() {"
                              + each("f(p@=1);", size // 14) + "}",
    "methods": lambda size: "extern E { E();" + each("void m@();", size // 30)
                            + "} control c() { E() e; apply {" + each("e.m@();", size // 30) + "} }",
    "type parameters": lambda size: "extern void f<" + names("T@", size // 30) + ">("
                                    + names("in T@ p@", size // 30) + "); void g() { f("
                                    + ",".join(["8w1"] * (size // 30)) + "); }",
    "states": lambda size: CORE + "parser p(packet_in k) { state start { transition s0; }" + "".join(
        f"state s{i} {{ transition s{i + 1}; }}\n" for i in range(size // 40))
        + f"state s{size // 40} {{ }} }}",
    "switch": lambda size: "void f(in bit<32> x) { switch (x) {" + each("@: {}", size // 10) + "} }",
    "actions": lambda size: "control c() {" + each("action a@() {}\n", size // 36)
                            + "table t { actions = {" + each("a@;", size // 36)
                            + "} } apply { switch (t.apply().action_run) {"
                            + each("a@: {}", size // 36) + "} } }",
    "entries": lambda size: CORE + "control c(in bit<32> x) { table t { key = { x: exact; } "
                            "actions = { NoAction; } const entries = {"
                            + each("@: NoAction();", size // 19) + "} } apply {} }",
    "properties": lambda size: "control c() { table t { actions = { } "
                               + each("p@ = 1;", size // 12) + "} apply {} }",
    "annotations": lambda size: "@a[" + names("k@=1", size // 9) + "] const bit<8> x = 1;",
    "includes": lambda size: CORE * (size // 19),
}

SMALL, LARGE = 128 << 10, 1 << 20
# Linear is 8; the rest is for caches, and for a machine that does other things as well.
MOST = 24
FLOOR = 0.02  # seconds: what is faster says nothing


def limit_memory():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def seconds(sekisho, path, text):
    """Of processor time; None after a crash or without memory."""
    path.write_text(text)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sekisho, "p4", "check", path], capture_output=True, text=True,
                          check=False, timeout=120, preexec_fn=limit_memory)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1) or "Cannot allocate" in done.stderr:
        print(done.stderr[:200])
        return None
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main(sekisho):
    failed = 0
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "large.p4"
        for name, shape in SHAPES.items():
            small = seconds(sekisho, path, shape(SMALL))
            large = seconds(sekisho, path, shape(LARGE))
            if small is None or large is None or large > MOST * max(small, FLOOR):
                failed += 1
                print(f"{name}: {small} s for {SMALL} bytes, {large} s for {LARGE}")
    print(f"{len(SHAPES) - failed} of {len(SHAPES)} shapes in {time.monotonic() - start:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
