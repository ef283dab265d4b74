# SPDX-License-Identifier: Apache-2.0
"""`sekisho p4 test|run|trace|info` from outside."""
import json
import pathlib
import re
import struct
import subprocess

import pytest

CASES = pathlib.Path(__file__).resolve().parents[1] / "conformance" / "p4" / "cases"


@pytest.fixture(name="p4")
def p4_fixture(build, tmp_path):
    """Runs `sekisho p4 ...`: (exit code, stdout, stderr)."""
    def run(*args):
        done = subprocess.run([f"{build}/main/cli/sekisho", "p4", *map(str, args)], cwd=tmp_path,
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr
    return run


def program(name):
    local = CASES / f"{name}.p4"
    return local if local.exists() else CASES.parents[3] / "examples" / f"{name}.p4"


@pytest.mark.parametrize("name", ["acl", "lpm", "tables", "names", "value_sets", "instances", "externs",
                                  "check_udp_sent", "firewall"])
def test_scripts_pass(p4, name):
    code, out, err = p4("test", program(name), CASES / f"{name}.stf")
    assert (code, "1 of 1 scripts passed" in out) == (0, True), out + err


def test_script_beside_and_object(p4, tmp_path):
    (tmp_path / "acl.stf").write_text((CASES / "acl.stf").read_text())
    assert p4("build", program("acl"), "-o", "acl.o")[0] == 0
    code, out, _ = p4("test", "acl.o")
    assert code == 0 and "1 of 1 scripts passed" in out


def test_entries_come_and_go(p4, tmp_path):
    (tmp_path / "t.stf").write_text("""add pipe.acl 9 hdr.in_.src:10.0.0.1 hdr.in_.port:79..81 hdr.in_.which:0 set(v:9)
        packet 0 000a000001005006ff
        expect 0 000a00000100500609 $
        no_packet
        remove pipe.acl 9 hdr.in_.src:10.0.0.1 hdr.in_.port:79..81 hdr.in_.which:0
        setdefault pipe.acl set(v:0x33)
        packet 0 000a000001005006ff
        expect 0 000a00000100*00633
        expect 0
        """)
    code, out, _ = p4("test", program("acl"), "t.stf", "--jit")
    assert code == 1
    assert "t.stf:9: nothing came out of port 0 (JIT)" in out
    assert "3 expectations met, 1 not" in out


@pytest.mark.parametrize("line, message", [
    ("expect 0 080a000001000007", "not as expected from byte 7 on"),
    ("add pipe_acl 1 hdr_in__no:1 set(v:1)", "has no key 'hdr_in__no'"),
    ("add pipe_acl 1 hdr_in__src:1 hdr_in__which:0 nosuch(v:1)", "has no action 'nosuch'"),
    ("add pipe_acl 1 hdr_in__port:9..3 deny()", "ends before it begins"),
    ("add pipe_acl 1 hdr_in__port:65536 deny()", "more bits than the field"),
    ("add pipe_no 1 a:1 deny()", "there is no table 'pipe_no'"),
    ("remove pipe_acl 1 hdr_in__port:9 hdr_in__which:0", "has no such entry"),
    ("drop", "the packet was not dropped"),
    ("expect 3", "nothing came out of port 3"),
    ("no_packet", "came out that was not expected"),
    ("", "came out that was not expected"),
    ("packet", "write: packet PORT HEX"),
    ("packet 0 0g", "are not bytes in hex"),
    ("packet -1 00", "'-1' is not a number"),
    ("expect", "write: expect PORT HEX"),
    ("add", "the name of the table is missing"),
    ("sent 4", "write: sent 4|6"),
    ("time", "write: time NS"),
    ("check_counter", "write: check_counter"),
    ("drop x", "'x' is not a number"),
    ("frobnicate", "'frobnicate' is not a command"),
    ("set pipe_nomap 00 00", "there is no map 'pipe_nomap'"),
    ("check_counter no(0) packets == 1", "there is no counter 'no'"),
])
def test_faults_name_the_line(p4, tmp_path, line, message):
    (tmp_path / "t.stf").write_text(f"packet 0 080a00000100000600\n{line}\n")
    code, out, err = p4("test", program("acl"), "t.stf", "--interpret")
    assert code == 1
    assert message in out, out + err
    assert "t.stf:2: " in out or "t.stf:1: " in out


def test_json(p4, tmp_path):
    (tmp_path / "t.stf").write_text("packet 0 080a00000100000600\nexpect 0 08ff\n")
    code, out, _ = p4("test", program("acl"), "t.stf", "--json")
    result = json.loads(out)
    assert code == 1 and result["failed"] == 1 and len(result["faults"]) == 2
    assert {f["engine"] for f in result["faults"]} == {"JIT", "interpreter"}
    assert result["faults"][0]["expected"] == "08ff"


def test_counters(p4, tmp_path):
    source = tmp_path / "count.p4"
    source.write_text("""
        #include <ubpf_model.p4>
        #include <sekisho.p4>
        header h_t { bit<8> a; }
        struct headers { h_t h; }
        struct meta { }
        parser prs(packet_in p, out headers hdr, inout meta m, inout standard_metadata s) {
            state start { p.extract(hdr.h); transition accept; } }
        control pipe(inout headers hdr, inout meta m, inout standard_metadata s) {
            Counter<bit<64>, bit<8>>(16, PSA_CounterType_t.PACKETS_AND_BYTES) seen;
            apply { seen.count(hdr.h.a); } }
        control dprs(packet_out p, in headers hdr) { apply { p.emit(hdr.h); } }
        ubpf(prs(), pipe(), dprs()) main;
        """)
    (tmp_path / "count.stf").write_text("""packet 0 03aa
        packet 0 03
        check_counter pipe.seen(3) packets == 2
        check_counter pipe_seen(3) bytes >= 3
        check_counter pipe_seen(3) packets < 2
        expect 0
        expect 0
        """)
    code, out, err = p4("test", "count.p4", "--jit")
    assert code == 1
    assert "count.stf:5: counter 'pipe_seen' has 2 packets in cell 3" in out, out + err
    assert "4 expectations met, 1 not" in out


@pytest.mark.parametrize("args, message", [
    (["--jit", "--interpret"], "give one"),
    (["--compat=bmv2"], "--compat takes"),
])
def test_usage(p4, args, message):
    code, _, err = p4("test", program("acl"), *args)
    assert code == 2 and message in err


PROGRAMS = CASES.parent / "programs"
BALANCER = """\
member LbIngress.servers 1 to_server(mac:02:00:00:00:00:11, addr:10.1.0.1, port:8080, index:1)
member servers one drop()
group LbIngress_servers 1 1
group servers 2 1 x
add services hdr.ip.dstAddr:1.2.3.4 hdr.ip.protocol:6 port:80 group(1)
add services hdr.ip.dstAddr:1.2.3.4 hdr.ip.protocol:6 port:81 drop()
remove_group servers 2
remove_group servers 1
remove_member servers 1
remove_member servers 1
digest servers none
meter servers(1) 1 1 1 1
meter servers(1) 1
"""


def test_script_profiles(p4, tmp_path):
    (tmp_path / "b.stf").write_text(BALANCER)
    code, out, _ = p4("test", PROGRAMS / "balancer.p4", "b.stf", "--jit")
    faults = dict(re.findall(r"^b\.stf:(\d+): (.*) \(JIT\)$", out, re.M))
    assert code == 1 and faults == {
        "2": "'one' is not the number of a member",
        "4": "'x' is not the number of a member",
        "6": "the entries of table 'LbIngress.services' name members of 'LbIngress.servers': write member(NUMBER) "
             "or group(NUMBER)",
        "7": "action profile 'LbIngress.servers' has no such entry",
        "10": "action profile 'LbIngress.servers' has no such entry",
        "11": "there is no digest 'servers' that the program uses",
        "12": "there is no meter 'servers' that the program uses",
        "13": "write: meter NAME(INDEX) CIR CBS PIR PBS"}, out


def test_script_digest(p4, tmp_path):
    (tmp_path / "d.stf").write_text("digest pipe_told none\npacket 0 01" + "00" * 13 + "\nexpect 0\n"
                                    "digest pipe_told 02*\ndigest pipe_told none\ndigest pipe_told 01\n")
    code, out, _ = p4("test", CASES.parents[2] / "p4ref" / "cases" / "digests.p4", "d.stf", "--interpret")
    assert code == 1 and "3 expectations met, 2 not" in out, out
    assert "d.stf:4: another record" in out and "d.stf:6: digest 'pipe_told' has no record" in out


# ---- run ----

PACKETS = ["080a00000100000600", "080a00000107d00600", "000a000001005006ff", "08"]


def write_pcap(path, packets):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i, data in enumerate(map(bytes.fromhex, packets)):
            out.write(struct.pack("<IIII", i, 0, len(data), len(data)) + data)


def read_pcap(path):
    data, at, packets = path.read_bytes(), 24, []
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        packets.append(data[at + 16:at + 16 + size].hex())
        at += 16 + size
    return packets


def test_run(p4, tmp_path):
    write_pcap(tmp_path / "in.pcap", PACKETS)
    code, out, err = p4("run", program("acl"), "--pcap", "in.pcap", "--pcap-out", "out.pcap")
    assert code == 0, err
    assert "4 packets: 2 passed, 2 dropped, 0 redirected" in out
    assert "dropped at acl.p4:19: 1" in out and "dropped at acl.p4:30: 1" in out
    assert "Gbit/s" in out
    assert read_pcap(tmp_path / "out.pcap") == ["080a00000100000601", "000a000001005006dd"]


def test_run_with_entries(p4, tmp_path):
    write_pcap(tmp_path / "in.pcap", PACKETS)
    (tmp_path / "e.stf").write_text("setdefault pipe.acl set(v:7)\npacket 0 00\nexpect 5\n")
    code, out, err = p4("run", program("acl"), "-r", "in.pcap", "-w", "out.pcap", "--entries", "e.stf", "--json")
    result = json.loads(out)
    assert code == 0, err
    assert (result["packets"], result["dropped"]) == (4, 2)
    assert sorted(d["line"] for d in result["drops"]) == [19, 30]
    assert read_pcap(tmp_path / "out.pcap")[1] == "000a00000100500607"


def test_run_refuses(p4, tmp_path):
    write_pcap(tmp_path / "in.pcap", PACKETS)
    (tmp_path / "e.stf").write_text("\nadd pipe.none x:1 set(v:7)\n")
    code, _, err = p4("run", program("acl"), "-r", "in.pcap", "--entries", "e.stf")
    assert code == 1 and "e.stf:2: there is no table 'pipe.none'" in err
    code, _, err = p4("run", program("acl"))
    assert code == 2 and "--pcap" in err
    (tmp_path / "no.o").write_text("no object")
    code, _, err = p4("run", "no.o", "-r", "in.pcap")
    assert code == 1 and "no.o" in err


# ---- trace ----

def trace(p4, name, packet, *args):
    code, out, err = p4("trace", program(name), "--packet", packet, "--json", *args)
    assert code == 0, err
    steps, run = map(json.loads, out.splitlines())
    return steps["steps"], run


def test_trace(p4):
    steps, run = trace(p4, "acl", "080a00000100000600")
    assert [(s["step"], s["name"]) for s in steps] == [
        ("state", "start"), ("extract", "hdr.in_"), ("table", "pipe.fixed"), ("action", "set")]
    assert steps[1]["line"] == 19 and steps[1]["fields"]["src"] == "0x0a000001"
    assert steps[2]["hit"] is True and steps[2]["keys"]["hdr.in_.port"] == "0"
    assert steps[3]["data"] == {"v": "1"}
    assert (run["verdict"], run["bytes"]) == ("pass", "080a00000100000601")


def test_trace_entries_and_text(p4, tmp_path):
    (tmp_path / "e.stf").write_text("add pipe.acl 9 hdr.in_.src:10.0.0.1 hdr.in_.which:0 set(v:9)\n")
    steps, _ = trace(p4, "acl", "000a000001005006ff", "--entries", "e.stf")
    assert steps[2]["hit"] is True and steps[3]["data"] == {"v": "9"}
    assert steps[2]["entry"] == {"hdr.in_.src": "0x0a000001", "hdr.in_.port": "0..65535", "hdr.in_.proto": "*",
                                 "hdr.in_.which": "0", "priority": "9"}
    steps, _ = trace(p4, "acl", "000a000001005006ff")
    assert steps[2]["hit"] is False
    code, out, err = p4("trace", program("acl"), "-p", "080a00000107d00600")
    assert code == 0, err
    assert "table pipe.fixed" in out and "-> hit" in out and "action deny" in out
    assert "packet 1: drop at acl.p4:30" in out


def test_trace_longest_prefix(p4, tmp_path):
    (tmp_path / "e.stf").write_text("add pipe.route hdr.in_.dst:10.2.0.0/15 hdr.in_.vrf:1 set(port:15)\n"
                                    "add pipe.route hdr.in_.dst:10.2.3.0/24 hdr.in_.vrf:1 set(port:24)\n")
    for packet, entry in ("00010a020304123400", "0x0a020300/24"), ("00010a030304123400", "0x0a020000/15"):
        steps, _ = trace(p4, "lpm", packet, "--entries", "e.stf")
        route = next(s for s in steps if s["name"] == "pipe.route")
        assert route["hit"] and route["entry"] == {"hdr.in_.dst": entry, "hdr.in_.vrf": "1"}


def test_trace_wide_and_names(p4):
    steps, _ = trace(p4, "tables", "00" + "01" + "000002" + "00" * 15 + "03" + "00" * 17)
    table = next(s for s in steps if s["step"] == "table")
    assert table["keys"]["hdr.in_.w"] == "::3" and table["keys"]["hdr.in_.isValid()"] == "1"
    steps, _ = trace(p4, "names", "f1000203")
    assert any("8w15&hdr.hdr.INIT" in s.get("keys", {}) for s in steps)


def test_trace_wants_the_program(p4):
    code, _, err = p4("trace", "acl.o", "-p", "00")
    assert code == 2 and "FILE.p4" in err


# ---- info ----

def test_info(p4):
    code, out, err = p4("info", program("acl"))
    assert code == 0, err
    assert re.search(r"^table pipe\.acl  \d+ entries  map pipe_acl \(classifier\)$", out, re.M), out
    assert "    key hdr.in_.src: 32, ternary\n" in out
    assert "    action set(v: 8)\n" in out
    code, out, _ = p4("info", program("value_sets"))
    assert "value set prs.ports  " in out


def test_info_of_profiles(p4):
    out = p4("info", PROGRAMS / "balancer.p4")[1]
    assert "    entries name members or groups of LbIngress.servers, which have an action\n" in out
    assert "action selector LbIngress.servers  256 cells\n" in out
    tables = json.loads(p4("info", PROGRAMS / "balancer.p4", "--json")[1])
    assert [t.get("implementation") for t in tables[:2]] == ["LbIngress.servers", None]


def test_info_json_of_an_object(p4):
    assert p4("build", program("names"), "-o", "names.o")[0] == 0
    objects = json.loads(p4("info", "names.o", "--json")[1])
    assert {"kind": "register", "name": "drop.site", "id": objects[-2]["id"], "size": 4} in objects
    table = next(o for o in objects if o["name"] == "drop.u32")
    assert [k["name"] for k in table["keys"]] == ["8w15&hdr.hdr.INIT", "for", "INIT"]
    assert [p["name"] for p in table["actions"][0]["params"]] == ["__func__", "NULL", "load8"]


def test_info_needs_p4info(p4, tmp_path):
    (tmp_path / "a.c").write_text("unsigned long long entry(void *c, void *m) { return 1; }")
    subprocess.run(["clang", "-target", "bpf", "-O2", "-c", "a.c", "-o", "a.o"], cwd=tmp_path, check=True)
    code, _, err = p4("info", "a.o")
    assert code == 1 and "has no P4Info" in err


PROTO = pathlib.Path(__file__).resolve().parents[2] / "abi"


@pytest.mark.parametrize("name", ["acl", "lpm", "names", "value_sets", "externs", "firewall"])
def test_p4info_is_protobuf(p4, tmp_path, name):
    """Text and bytes say the same to protoc, which knows nothing of us."""
    more = ["--extern", CASES / "externs.c"] if name == "externs" else []
    for form in ("txtpb", "bin"):
        assert p4("build", program(name), "-o", "x.o", "--p4info", f"x.{form}", *more)[0] == 0

    def protoc(way, data):
        return subprocess.run(["protoc", f"--proto_path={PROTO}", f"--{way}=p4.config.v1.P4Info", "p4info.proto"],
                              input=data, capture_output=True, check=True).stdout
    text, data = (tmp_path / "x.txtpb").read_bytes(), (tmp_path / "x.bin").read_bytes()
    assert protoc("encode", text) == data
    assert protoc("encode", protoc("decode", data)) == data
