# SPDX-License-Identifier: Apache-2.0
"""run_fmt.py SEKISHO [--seconds N]: `sekisho p4 fmt` over every program that there is, and over random
changes of their spaces and line ends: the same tokens, comments and directives; the layout of a layout
is itself; what has no tokens is left alone."""
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).parents[3]
CORPUS = pathlib.Path(os.environ.get("SEKISHO_P4_CORPUS", "/work/" "shared/corpora/p4"))
TOKEN = re.compile(r"""(?P<join>\\[ \t]*\n)|(?P<directive>(?<=\n)[ \t]*\#(?:\\[ \t]*\n|/\*.*?\*/|[^\n])*)
    |(?P<comment>//(?:\\[ \t]*\n|[^\n])*|/\*.*?\*/)|(?P<string>"(?:\\.|[^"\\\n])*")|(?P<word>\w+)
    |(?P<punct>\|\+\|=|\|-\|=|&&&|\.\.\.|\|\+\||\|-\||<<=|\{\#\}|&&|\|\||==|!=|<=|>=|<<|\+\+|\.\.|[-+*/%&|^]=|[^\s\w])
    """, re.VERBOSE | re.DOTALL)

SPECIAL = {
    "first.p4": (".x;a\\ \nb;//c\\\nd\n#if 1 \\ \n==1\n#endif", ".x;\na\\ \nb; //c\\\nd\n#if 1 \\ \n==1\n#endif\n"),
    "a.p4": ("control c(inout bit<8>x){apply{if(x==1){x=2;}else x=3;}}",
             "control c(inout bit<8> x) {\n    apply {\n        if (x == 1) {\n            x = 2;\n"
             "        } else x = 3;\n    }\n}\n"),
    "b.p4": ("enum E{A,B}\n\n\n\nconst bit<8>k=(bit<8>)-1;// k\n#define X(a) \\\n  a+1\nconst bool b=1<2;",
             "enum E {\n    A,\n    B\n}\n\nconst bit<8> k = (bit<8>)-1; // k\n#define X(a) \\\n  a+1\n"
             "const bool b = 1 < 2;\n"),
    "c.p4": ("parser p(packet_in b,out H h){state start{transition select(h.a[7:0],1){(1 ,_):accept;"
             "\n/* a\n   * b */\n_:reject;}}}",
             "parser p(packet_in b, out H h) {\n    state start {\n"
             "        transition select(h.a[7:0], 1) {\n            (1, _): accept;\n"
             "            /* a\n             * b */\n            _: reject;\n        }\n    }\n}\n"),
    "d.p4": ("control c(){action a(){}table t{key={x:exact @name(\"y\");}actions={a;}"
             "const entries={1:a();}size=4;}apply{x=y>>2;f({a,b});z=c?d:e;}}",
             "control c() {\n    action a() {}\n    table t {\n        key = {\n"
             "            x: exact @name(\"y\");\n        }\n        actions = {\n            a;\n"
             "        }\n        const entries = {\n            1: a();\n        }\n"
             "        size = 4;\n    }\n    apply {\n        x = y >> 2;\n        f({ a, b });\n"
             "        z = c ? d : e;\n    }\n}\n"),
}


def tokens(text):
    """Tokens, comments and directives, without what the layout may change in comments."""
    text = "\n" + text.replace("\ufeff", "").replace("\r", "")
    found = []
    last = -1
    for m in TOKEN.finditer(text):
        if m.lastgroup == "join":
            continue
        part = re.sub(r"[ \t]*\n[ \t]*", "\n", m.group().strip())
        joined = part in (">", ">=") and found and found[-1] == ">" and m.start() == last
        found.append("joined" + part if joined else part)
        last = m.end()
    return ["".join(p) if isinstance(p, tuple) else p for p in found]


def fmt(sekisho, path, *options):
    done = subprocess.run([sekisho, "p4", "fmt", *options, str(path)], capture_output=True,
                          check=False, timeout=20)
    return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1")


def judge(sekisho, folder, text):
    """What is wrong with the layout of a text, or nothing."""
    path = pathlib.Path(folder, "t.p4")
    path.write_bytes(text.encode("latin-1"))
    code, once, err = fmt(sekisho, path)
    if code == 1 and "is left as it is" in err:
        return "" if not once else "an error, and yet a layout"
    if code:
        return f"exit code {code}: {err}"
    a, b = tokens(text), tokens(once)
    if a != b:
        at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
        return f"other tokens at {a[at - 3:at + 3]}: {b[at - 3:at + 3]}"
    path.write_bytes(once.encode("latin-1"))
    code, twice, err = fmt(sekisho, path)
    if (code, twice) != (0, once):
        x, y = once.split("\n"), twice.split("\n")
        at = next((i for i, (p, q) in enumerate(zip(x, y)) if p != q), 0)
        return f"another layout of the layout, at line {at + 1}:\n{x[at]}\n{y[at]}"
    return ""


def mutate(text, rng):
    """The text with other spaces and line ends, and sometimes without some of its characters."""
    kind = rng.randrange(4)
    if kind == 0:
        return re.sub(r"(?<=[;{},(]) ?", lambda m: rng.choice(["", " ", "\n", "\n\n\n", "  "]), text)
    if kind == 1:
        return re.sub(r"\n[ \t]*(?!\s*[#@/*])", lambda m: rng.choice(["\n", "\n", "\n\t"]), text)
    cut = rng.randrange(len(text) + 1)
    if kind == 2:
        return text[:cut] + text[cut + rng.randrange(20):]
    return text[:cut] + rng.choice(["{", "}", "(", "<", ">", "/*x*/", "//y\n", "\n#if 1\n", "@n", ";", "?",
                                    ":", ","]) + text[cut:]


def special(sekisho, folder):
    failed = 0
    for name, (text, wanted) in SPECIAL.items():
        path = pathlib.Path(folder, name)
        path.write_text(text)
        code, found, err = fmt(sekisho, path)
        if code or found != wanted:
            failed += 1
            print(f"{name}:\n{text}\nwanted:\n{wanted}found:\n{found}{err}")
        if fmt(sekisho, path, "--check")[0] != 1 or fmt(sekisho, path, "--diff")[0] != 1:
            failed += 1
            print(f"{name}: --check and --diff do not see that it changes")
        if fmt(sekisho, path, "-i")[0] or path.read_text() != wanted or \
                fmt(sekisho, path, "--check")[0]:
            failed += 1
            print(f"{name}: -i does not write it")
    return failed


def main(sekisho, _="", seconds="10"):
    files = sorted([*TOP.glob("examples/*.p4"), *TOP.glob("tests/**/*.p4"), *TOP.glob("bench/**/*.p4"),
                    *TOP.glob("compiler/p4/include/*.p4"), *CORPUS.glob("*/*.p4")])
    if not CORPUS.exists():
        print("skipped: the corpus of P4 programs is not there")
    failed = 0
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        failed += special(sekisho, folder)
        texts = [path.read_bytes().decode("latin-1") for path in files]
        for path, text in zip(files, texts):
            wrong = judge(sekisho, folder, text)
            if wrong:
                failed += 1
                print(f"{path}: {wrong}")
        end = time.monotonic() + float(seconds)
        n = 0
        while time.monotonic() < end and failed < 20:
            n += 1
            text = mutate(rng.choice(texts), rng)
            wrong = judge(sekisho, folder, text)
            if wrong:
                failed += 1
                print(f"random {n}: {wrong}")
    print(f"{len(files) + n - failed} of {len(files) + n} layouts")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
