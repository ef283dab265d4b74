# SPDX-License-Identifier: Apache-2.0
"""run_cli.py SEKISHO: `sekisho p4` as a person and as a script call it."""
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[3]
GOOD = TOP / "examples" / "check_udp_sent.p4"


STACK = """#include <ubpf_model.p4>
header h_t { bit<64> a; bit<64> b; }
struct H { %s }
struct M { }
parser prs(packet_in p, out H hdr, inout M m, inout standard_metadata std) {
	state start { %s transition accept; }
}
control pipe(inout H hdr, inout M m, inout standard_metadata std) {
	Register<bit<64>, bit<64>>(4) r;
	apply { %s }
}
control dprs(packet_out p, in H hdr) { apply { p.emit(hdr); } }
ubpf(prs(), pipe(), dprs()) main;
"""


def shifts_wide_numbers():
    return """#include <core.p4>
#include <ubpf_model.p4>
header h_t { bit<2048> a; bit<16> by; }
struct headers { h_t h; }
struct metadata { }
parser prs(packet_in p, out headers hdr, inout metadata m, inout standard_metadata s) {
\tstate start { p.extract(hdr.h); transition accept; }
}
control pipe(inout headers hdr, inout metadata m, inout standard_metadata s) {
\tapply { hdr.h.a = %shdr.h.a%s; }
}
control dprs(packet_out p, in headers hdr) { apply { p.emit(hdr); } }
ubpf(prs(), pipe(), dprs()) main;
""" % ("(" * 40, " << hdr.h.by)" * 40)


def needs_much_stack(n=40):
    numbers = range(n)
    return STACK % (" ".join(f"h_t x{i};" for i in numbers),
                    " ".join(f"p.extract(hdr.x{i});" for i in numbers),
                    " ".join(f"hdr.x{i}.a = hdr.x{n - 1 - i}.b + r.read(hdr.x{i}.a);"
                             for i in numbers))


def twice_as_many_each(n=25):
    controls = "".join(f"control k{i}(inout bit<64> x) {{ k{i - 1}() a; k{i - 1}() b; "
                       "apply { a.apply(x); b.apply(x); } }\n" for i in range(1, n))
    body = STACK % ("h_t x;", "p.extract(hdr.x);", f"k{n - 1}.apply(hdr.x.a);")
    return body.replace("control pipe", "control k0(inout bit<64> x) { apply { x = x + 1; } }\n"
                        + controls + "control pipe", 1)


def call(sekisho, *args, **env):
    return subprocess.run([sekisho, "p4", *map(str, args)], capture_output=True, text=True,
                          check=False, env=dict(os.environ, **env))


def check(condition, what, done):
    if not condition:
        raise SystemExit(f"{what}\n{done.args}\nexit {done.returncode}\n{done.stdout}{done.stderr}")


def main(sekisho):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        out = folder / "p.o"
        bad = folder / "bad.p4"
        bad.write_text("const bit<8> x = 1\nconst bit<8> y = true;\n")

        done = call(sekisho, "build", GOOD, "-o", out, "-v")
        check(done.returncode == 0 and out.read_bytes()[:4] == b"\x7fELF", "builds", done)
        check("instructions" in done.stdout, "tells the size", done)
        first = out.read_bytes()

        done = call(sekisho, "build", bad, "-o", out)
        check(done.returncode == 1 and out.read_bytes() == first, "keeps the old object", done)
        check(f"{bad}:1:19: error: expected ';' after the constant" in done.stderr, "tells where",
              done)
        check("\x1b" not in done.stderr, "no colours in a pipe", done)
        done = call(sekisho, "build", GOOD, "-o", out, SEKISHO_CLANG=str(folder / "no-clang"))
        check(done.returncode == 1 and "clang" in done.stderr and out.read_bytes() == first,
              "no clang", done)
        done = call(sekisho, "build", GOOD, "-o", out, SEKISHO_CLANG="false")
        check(done.returncode == 1 and out.read_bytes() == first, "clang fails", done)
        big = folder / "big.p4"
        big.write_text("const bit<8> x = 1;\n")
        done = call(sekisho, "build", big, "-o", out)
        check(done.returncode == 1 and f"{big}:1:1: error: the program has no 'main'" in done.stderr,
              "names the file", done)
        big.write_text(needs_much_stack())
        done = call(sekisho, "build", "-v", big, "-o", out)
        check(done.returncode == 0 and "2 maps" in done.stdout and "as the stack does not hold them" in done.stderr,
              "more variables than stack", done)
        big.write_text((STACK % ("h_t x;", "p.extract(hdr.x);", "r.write(hdr.x.a, 1);")).replace("(4)", "(100000000)"))
        done = call(sekisho, "build", "-v", big, "-o", out)
        check(done.returncode == 1 and "'r' has the most entries, give it fewer" in done.stderr and
              "scratch" not in done.stderr, "more memory than there is", done)
        big.write_text(shifts_wide_numbers())
        done = call(sekisho, "build", big, "-o", out)
        check(done.returncode == 1 and re.match(f"{big}:9:9: error: what this becomes is too large.*most is 65536",
                                                done.stderr), "more instructions than there can be", done)
        big.write_text(twice_as_many_each())
        done = call(sekisho, "build", big, "-o", out)
        check(done.returncode == 1 and "more than 4096 instances" in done.stderr, "2^25 controls", done)
        big.unlink()
        done = call(sekisho, "build", GOOD, "-o", folder / "none" / "p.o")
        check(done.returncode == 1 and "cannot write" in done.stderr, "no such folder", done)

        code = folder / "p.c"
        done = call(sekisho, "build", GOOD, "--emit-c", code)
        check(done.returncode == 0 and "u64 entry(" in code.read_text(), "writes the C", done)
        stream = folder / "stdout"  # as /dev/stdout is
        stream.symlink_to("/proc/self/fd/1")
        done = call(sekisho, "build", GOOD, "--emit-c", stream)
        check(done.returncode == 0 and "u64 entry(" in done.stdout and stream.is_symlink(),
              "writes to what is no file", done)
        stream.unlink()

        graph, info, text, as_json = (folder / n for n in ("p.ir", "p.p4info", "p.txtpb", "p.json"))
        done = call(sekisho, "build", GOOD, "--emit-ir", graph, "--p4info", info, "-o", out)
        check(done.returncode == 0 and "b0:" in graph.read_text() and info.read_bytes() in
              out.read_bytes(), "writes the graph, and P4Info to the object", done)
        done = call(sekisho, "build", TOP / "examples" / "firewall.p4", "--p4info", text, "-o", out,
                    "-v")
        worst = re.search(r"(\d+) instructions, at most (\d+).* looks at (\d+) bytes", done.stdout)
        bounds = struct.pack("<QII", int(worst[2]), int(worst[1]), int(worst[3]))
        check("tables {" in text.read_text() and bounds in out.read_bytes(), "bounds", done)

        done = call(sekisho, "build", TOP / "tests/conformance/p4/arch/profiles.p4", "--p4info", as_json, "-o", out)
        found = json.loads(as_json.read_text())
        selector = found["actionProfiles"][1]
        two = next(t for t in found["tables"] if t["preamble"]["alias"] == "two")
        check(selector["withSelector"] is True and selector["size"] == "8" and
              two["implementationId"] == found["actionProfiles"][0]["preamble"]["id"] and
              two["matchFields"][0]["matchType"] == "TERNARY" and
              two["initialDefaultAction"]["arguments"] == [{"paramId": 1, "value": "mQ=="}], "P4Info as JSON", done)

        endless = folder / "endless.p4"
        endless.write_text(STACK % ("h_t x;", "p.extract(hdr.x);",
                                    "for (bit<64> i = 0; i < hdr.x.a; i = i + 1) { hdr.x.b = hdr.x.b ^ i; }"))
        done = call(sekisho, "build", endless, "-o", out)
        check(done.returncode == 1 and f"{endless}:10:" in done.stderr and
              "cannot prove that this ends" in done.stderr, "an endless loop", done)
        for path in (graph, info, text, as_json, endless):
            path.unlink()

        (folder / "inc").mkdir()
        (folder / "inc" / "k.p4").write_text("const bit<8> K = 300;\n")
        user = folder / "user.p4"
        user.write_text("#include <k.p4>\nconst bit<8> x = K;\n")
        done = call(sekisho, "check", user)
        check(done.returncode == 1 and "cannot find 'k.p4'" in done.stderr, "needs -I", done)
        done = call(sekisho, "check", "-I", folder / "inc", user)
        check(done.returncode == 0 and "warning: 300 does not fit" in done.stderr, "warns", done)
        (folder / "macro.p4").write_text("#if A != 1 || B != 2 || defined(C)\n#error D\n#endif\nconst T t = 1;\n")
        done = call(sekisho, "check", "-DA", "-DB=2", "-DC", "-UC", "--define", "T=bit<8>", folder / "macro.p4")
        check(done.returncode == 0, "-D and -U", done)
        done = call(sekisho, "check", "-D1", folder / "macro.p4")
        check(done.returncode == 1 and "<command line>:1:9: error: expected the name of a macro" in done.stderr,
              "-D names no macro", done)
        (folder / "macro.p4").unlink()
        done = call(sekisho, "check", "-I", folder, "-I", folder / "inc", user)
        check(done.returncode == 0, "several -I", done)
        done = call(sekisho, "check", "-I", folder, "-isystem", folder / "inc", user)
        check(done.returncode == 0, "-isystem", done)
        (folder / "made.p4").write_text("#include <k.p4>\n" + STACK % ("h_t x;", "p.extract(hdr.x);", "hdr.x.a = A;"))
        for args in (["graph", "--dot"], ["info"], ["run", "-p", "00" * 16], ["trace", "-p", "00" * 16]):
            done = call(sekisho, *args, "-DA=7", "-I", folder / "inc", folder / "made.p4")
            check(done.returncode == 0 and "error" not in done.stderr, "-D, -I", done)
        (folder / "made.stf").write_text("packet 0 " + "00" * 16 + "\nexpect 0 " + "00" * 7 + "07" + "00" * 8 + "\n")
        done = call(sekisho, "test", "-DA=7", "-I", folder / "inc", folder / "made.p4")
        check(done.returncode == 0, "-D and -I of scripts", done)
        for path in folder.glob("made.*"):
            path.unlink()
        done = call(sekisho, "check", "--Werror", "-I", folder / "inc", user)
        check(done.returncode == 1, "warnings as errors", done)

        done = call(sekisho, "explain", "P4001")
        check(done.returncode == 0 and "grammar" in done.stdout, "explains", done)
        listed = re.findall(r"^\.It (P4\d+) Ta ", (TOP / "docs" / "man" / "sekisho-p4.1").read_text(), re.M)
        codes = sorted(set(re.findall(r'{"(P4\d+)"', (TOP / "compiler" / "front" / "code.c").read_text())))
        check(codes == listed and len(codes) > 10, f"the manual lists {listed}", done)
        done = call(sekisho, "explain", "P1")
        check(done.returncode == 2 and "there is no code 'P1'" in done.stderr, "no such code", done)
        done = call(sekisho, "check", "--json", bad)
        found = json.loads(done.stdout)
        check(done.returncode == 1 and found[0]["line"] == 1 and found[0]["column"] == 19,
              "JSON", done)
        check(call(sekisho, "check", "--json", GOOD).stdout.strip() == "[]", "empty JSON", done)

        for args, code in ((["--help"], 0), (["build", "--help"], 0), ([], 2), (["nonsense"], 2),
                           (["build"], 2), (["build", GOOD, "--compat=v1"], 2),
                           (["check", folder / "absent.p4"], 1), (["check", folder], 1)):
            done = call(sekisho, *args)
            check(done.returncode == code and "sekisho" in done.stdout + done.stderr, "exit code",
                  done)
        left = sorted(p.name for p in folder.iterdir())
        check(left == ["bad.p4", "inc", "p.c", "p.o", "user.p4"], f"left behind: {left}", done)
    print("ok")


main(*sys.argv[1:])
