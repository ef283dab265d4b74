# SPDX-License-Identifier: Apache-2.0
"""`sekisho shield` and the process it runs, from outside: the sandbox, loading good and bad programs,
hostile clients and switches, crashes. The switch here is this test, on the border's own layout (abi/)."""
import contextlib
import fcntl
import json
import mmap
import os
import resource
import secrets
import signal
import socket
import struct
import subprocess
import tempfile
import time

import pytest

from lab import poll

ENTRIES, SLOT_BYTES, HEADER = 512, 2048, 4096
SHORTS, SHORT_BYTES = HEADER + ENTRIES * 16, 128
SLOTS = SHORTS + ENTRIES * SHORT_BYTES
REGION = 1 << (SLOTS + ENTRIES * SLOT_BYTES - 1).bit_length()  # a power of two: see lib/shm/shm.h
DROP, PASS, REDIRECT = 0, 1, 2
CONTROL_MAGIC, LOAD, STATUS, UNLOAD = 0x32544353, 1, 2, 3
TARGET = 72  # bytes of struct seki_control_target

PRELUDE = """
typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long long u64;
struct meta { u32 in_port, len, action, out_port; u8 clone; u32 clone_port; };
static u8 *(*packet_data)(void *) = (void *)9;
static void (*drop_site)(u32) = (void *)34;
static u8 *(*adjust_head)(void *, int) = (void *)8;
static u32 (*truncate_packet)(void *, int) = (void *)11;
"""
PROGRAMS = {
    "pass": "u64 entry(void *ctx, struct meta *m) { return 1; }",
    "drop": "u64 entry(void *ctx, struct meta *m) { drop_site(42); return 0; }",
    # Drops packets whose 15th byte is 9.
    "pick": """u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx);
        if (m->len < 15) return 1;
        if (p[14] == 9) { drop_site(7); return 0; }
        return 1; }""",
    # Passes IPv4 packets only if the VM sent a datagram of the flow that their UDP header answers.
    "ask": """static u64 (*udp_sent)(void *, u64) = (void *)32;
        struct query { u8 family, pad[3]; u8 sport[2], dport[2]; u8 saddr[16], daddr[16]; };
        u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx);
        struct query q = {};
        if (m->len < 42) return 1;
        if (p[12] != 8 || p[13] != 0) return 1;
        q.family = 4;
        q.sport[0] = p[37]; q.sport[1] = p[36];
        q.dport[0] = p[35]; q.dport[1] = p[34];
        for (int i = 0; i < 4; i++) { q.saddr[i] = p[30 + i]; q.daddr[i] = p[26 + i]; }
        if (udp_sent(&q, 5000)) return 1;
        drop_site(11); return 0; }""",
    # Push and strip four bytes after the addresses, as a VLAN tag.
    "push": """u64 entry(void *ctx, struct meta *m) {
        if (m->len < 14) return 0;
        u8 *p = adjust_head(ctx, 4);
        for (int i = 0; i < 12; i++) p[i] = p[i + 4];
        p[12] = 0x81; p[13] = 0; p[14] = 0; p[15] = 5;
        return 1; }""",
    "strip": """u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx);
        if (m->len < 18) return 0;
        for (int i = 11; i >= 0; i--) p[i + 4] = p[i];
        adjust_head(ctx, -4);
        return 1; }""",
    "cut": "u64 entry(void *ctx, struct meta *m) { truncate_packet(ctx, 40); return 1; }",
    "redirect": "u64 entry(void *ctx, struct meta *m) { m->action = 3; m->out_port = 2; return 1; }",
    "unknown_helper": """static u64 (*unknown)(void) = (void *)99;
        u64 entry(void *ctx, struct meta *m) { return unknown(); }""",
    "past_packet": """u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx); return p[1000]; }""",
    "wrong_check": """u64 entry(void *ctx, struct meta *m) {
        u8 *p = packet_data(ctx); if (m->len < 20) return 1; return p[20]; }""",
    "endless": "u64 entry(void *ctx, struct meta *m) { for (;;) m->action++; }",
    "no_entry": "u64 other(void *ctx, struct meta *m) { return 1; }",
}


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    """One object for each of PROGRAMS, by clang."""
    out = tmp_path_factory.mktemp("objects")
    paths = {}
    for name, text in PROGRAMS.items():
        source, paths[name] = out / f"{name}.c", str(out / f"{name}.o")
        source.write_text(PRELUDE + text)
        subprocess.run(["clang", "-target", "bpf", "-O2", "-mcpu=v3", "-ffreestanding", "-w", "-c",
                        str(source), "-o", paths[name]], check=True, timeout=60)
    return paths


class Instances:
    """P4 VMs with sockets in a directory of their own, all ended at the end."""

    ready_s = 10

    def __init__(self, build, base):
        self.sekisho = os.path.join(build, "main", "cli", "sekisho")
        self.base, self.processes = base, {}
        self.env = dict(os.environ, SEKISHO_RUN_DIR=base)

    def cli(self, *args, check=True, **options):
        return subprocess.run([self.sekisho, "shield", *args], env=self.env, check=check, text=True,
                              capture_output=True, timeout=30, **options)

    def start(self, name="vm", *args):
        return self.launch(name, [self.sekisho, "shield", "run", name, *args])

    def launch(self, name, argv, **options):
        """Starts a P4 VM and waits until it is ready; what it says is in self.said(name)."""
        with open(os.path.join(self.base, name + ".out"), "w") as out:
            process = subprocess.Popen(argv, env=self.env, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=subprocess.STDOUT, **options)
        self.processes.setdefault(name, []).append(process)
        poll(lambda: "is ready" in self.said(name) or process.poll() is not None, self.ready_s,
             "readiness")
        assert process.poll() is None, self.said(name)
        return process

    def said(self, name):
        with open(os.path.join(self.base, name + ".out")) as out:
            return out.read()

    def status(self, name="vm"):
        return json.loads(self.cli("status", "--json", name).stdout)

    def path(self, name, leaf):
        return os.path.join(self.base, name, leaf)

    def close(self):
        for process in sum(self.processes.values(), []):
            process.kill()
            process.wait()


@pytest.fixture
def vms(build):
    with tempfile.TemporaryDirectory(prefix="seki-cli-") as base:
        vms = Instances(build, base)
        yield vms
        vms.close()


def sealed_memfd(extra=0):
    fd = os.memfd_create("test", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.ftruncate(fd, REGION)
    memory = mmap.mmap(fd, REGION)
    fcntl.fcntl(fd, 1033, 0x2 | 0x4 | extra)  # F_ADD_SEALS: SHRINK, GROW
    return fd, memory


class Switch:
    """One queue of a switch, attached to a P4 VM."""

    def __init__(self, path, port="port0"):
        self.conn = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.conn.settimeout(10)
        self.conn.connect(path)
        mine_fd, self.mine = sealed_memfd()
        theirs_fd, self.theirs = sealed_memfd()
        self.event = os.eventfd(0, os.EFD_NONBLOCK)
        struct.pack_into("<4I", self.mine, 0, 0x494b4553, 3, ENTRIES, SLOT_BYTES)
        hello = struct.pack("<6I64s", 0x41544353, 1, ENTRIES, SLOT_BYTES, 0, 0, port.encode())
        socket.send_fds(self.conn, [hello], [mine_fd, theirs_fd, self.event])
        magic, _, status, _ = struct.unpack("<IIiI", self.conn.recv(100))
        os.close(mine_fd)
        os.close(theirs_fd)
        assert (magic, status) == (0x41544353, 0)
        self.sent = self.taken = 0

    @staticmethod
    def place(slot, length):
        return SHORTS + slot * SHORT_BYTES if length <= SHORT_BYTES else SLOTS + slot * SLOT_BYTES

    def word(self, region, offset):
        return struct.unpack_from("<I", region, offset)[0]

    def judge(self, *packets):
        """Submits packets, waits for all verdicts: [(verdict, site)] in the order of the packets."""
        first = self.submit(*packets)
        poll(lambda: self.word(self.theirs, 128) == self.sent, 10, "verdicts", step=0.001)
        answers = self.take()
        return [answers[i] for i in range(first, self.sent)]

    def submit(self, *packets):
        first = self.sent
        for packet in packets:
            slot = self.sent % ENTRIES
            at = self.place(slot, len(packet))
            self.mine[at:at + len(packet)] = packet
            struct.pack_into("<3HBBII", self.mine, HEADER + slot * 16, slot, len(packet), len(packet),
                             0, 0, self.sent, 0)
            self.sent += 1
            struct.pack_into("<I", self.mine, 64, self.sent)
        self.conn.send(b"!")
        return first

    def take(self):
        """The verdicts that are there: {number of the packet: (verdict, site)}."""
        answers = {}
        while self.taken < self.word(self.theirs, 128):
            at = HEADER + (self.taken % ENTRIES) * 16
            fields = struct.unpack_from("<HBBI4H", self.theirs, at)
            answers[fields[3]] = (fields[1], fields[7])
            self.last = fields
            self.taken += 1
        struct.pack_into("<I", self.mine, 128, self.taken)
        return answers

    def leaves(self, packet):
        """What the switch sends for a packet: the new head, the rest of the original, cut."""
        self.judge(packet)
        slot, _, _, _, head_in, head_out, length, _ = self.last
        at = self.place(slot, head_out)
        return (self.theirs[at:at + head_out] + packet[head_in:])[:length]

    def close(self):
        self.conn.close()
        os.close(self.event)


@contextlib.contextmanager
def switch(vms, name="vm", port="port0"):
    sw = Switch(vms.path(name, "port.sock"), port)
    try:
        yield sw
    finally:
        sw.close()


def packet(mark=0, length=60):
    return bytes(14) + bytes([mark]) + bytes(length - 15)


def proc(pid, what):
    with open(f"/proc/{pid}/{what}") as text:
        return text.read()


def fields(pid):
    return dict(line.split(":\t", 1) for line in proc(pid, "status").splitlines() if ":\t" in line)


# The sandbox.


def test_sandbox_from_outside(vms, objects):
    vms.start("vm", "--program", objects["pass"])
    with switch(vms) as sw:
        assert sw.judge(packet()) == [(PASS, 0)]
        status = vms.status()
        pid, seen = status["pid"], fields(status["pid"])
        assert status["sandbox"] == "full"
        uids = set(seen["Uid"].split()) | set(seen["Gid"].split())
        assert uids == {str(status["uid"])} and 61184 <= status["uid"] <= 65519
        assert seen["Groups"].strip() == ""
        for caps in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(seen[caps], 16) == 0, caps
        assert (seen["NoNewPrivs"], seen["Seccomp"]) == ("1", "2")
        assert seen["NSpid"].split()[-1] == "1"
        for ns in ("net", "mnt", "pid", "ipc", "uts", "cgroup"):
            assert os.readlink(f"/proc/{pid}/ns/{ns}") != os.readlink(f"/proc/self/ns/{ns}"), ns
        assert os.listdir(f"/proc/{pid}/root/") == []
        for fd in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
            assert target.startswith(("socket:", "pipe:", "anon_inode:")), target
        # One lone interface, down: the namespace's loopback.
        lines = proc(pid, "net/dev").splitlines()[2:]
        assert [line.split(":")[0].strip() for line in lines] == ["lo"]
        assert "Max core file size        0                    0" in proc(pid, "limits")
        for line in proc(pid, "maps").splitlines():
            assert not ("w" in line.split()[1] and "x" in line.split()[1]), line


def test_a_log_that_nobody_reads_keeps_no_packet_waiting(vms):
    vms.start()
    flags = proc(vms.status()["pid"], "fdinfo/2").split("flags:")[1].split()[0]
    assert int(flags, 8) & os.O_NONBLOCK


def test_uid_is_chosen_and_root_is_refused(vms):
    vms.start("vm", "--uid", "64000")
    assert fields(vms.status()["pid"])["Uid"].split() == ["64000"] * 4
    run = vms.cli("run", "other", "--uid", "0", check=False)
    assert run.returncode == 2 and "--uid" in run.stderr


def nobody():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


def test_without_root_only_if_allowed(vms, objects, build):
    os.chmod(vms.base, 0o1777)
    daemon = os.path.join(build, "main", "p4vm", "sekisho-p4vmd")
    if subprocess.run([daemon, "--version"], preexec_fn=nobody, capture_output=True).returncode:
        pytest.skip("another user may not execute what was built")
    run = subprocess.run([daemon, "mine"], env=vms.env, preexec_fn=nobody, timeout=20,
                         capture_output=True, text=True)
    assert run.returncode == 1 and "--allow-partial-sandbox" in run.stderr
    assert os.listdir(vms.path("mine", "")) == []
    vms.launch("mine", [daemon, "mine", "--allow-partial-sandbox"], preexec_fn=nobody)
    assert "WARNING: sandbox partial" in vms.said("mine")
    status = vms.status("mine")
    assert status["sandbox"].startswith("partial")
    seen = fields(status["pid"])
    assert (int(seen["CapEff"], 16), seen["Seccomp"], seen["NoNewPrivs"]) == (0, "2", "1")


# Programs.


def write(path, data):
    path.write_bytes(data)
    return str(path)


@pytest.fixture
def bad_objects(objects, tmp_path):
    good = open(objects["pick"], "rb").read()
    bad = {name: objects[name] for name in ("unknown_helper", "past_packet", "wrong_check", "endless",
                                            "no_entry")}
    bad["not_elf"] = write(tmp_path / "not_elf", b"#!/bin/sh\nexit 0\n")
    bad["empty"] = write(tmp_path / "empty", b"")
    bad["too_large"] = write(tmp_path / "too_large", b"\x7fELF" + bytes(1 << 20))
    bad["machine"] = "/bin/true"
    for cut in (1, 16, 63, 64, len(good) // 2, len(good) - 1):
        bad[f"cut_at_{cut}"] = write(tmp_path / f"cut_at_{cut}", good[:cut])
    bad["absent"] = str(tmp_path / "absent")
    bad["directory"] = str(tmp_path)
    return bad


def test_bad_objects_leave_the_program_undisturbed(vms, objects, bad_objects):
    vms.start("vm", "--program", objects["pick"])
    with switch(vms) as sw:
        for name, path in bad_objects.items():
            run = vms.cli("load", "vm", path, check=False)
            assert run.returncode == 1, name
            assert os.path.basename(path) in run.stderr, (name, run.stderr)
            assert len(run.stderr) < 20000 and "\0" not in run.stderr
            assert sw.judge(packet(9), packet(1)) == [(DROP, 7), (PASS, 0)], name
        refused = vms.cli("load", "vm", bad_objects["past_packet"], check=False)
        assert "still runs" in refused.stderr
    status = vms.status()
    assert status["program"]["name"] == "pick.o"
    assert status["loads"] == 1 and status["errors"]["loads"] >= 10


def test_a_bad_first_program_ends_the_start(vms, bad_objects):
    for name in ("not_elf", "past_packet", "absent", "too_large"):
        run = vms.cli("run", "vm", "--program", bad_objects[name], check=False)
        assert run.returncode == 1 and os.path.basename(bad_objects[name]) in run.stderr, run.stderr
        assert sorted(os.listdir(vms.path("vm", ""))) == []


def test_load_replaces_and_counts_anew(vms, objects):
    vms.start()
    with switch(vms) as sw:
        assert sw.judge(packet()) == [(DROP, 0)]
        assert vms.status()["drops"]["no program"] == 1
        assert "instructions" in vms.cli("load", "vm", objects["drop"]).stdout
        assert sw.judge(packet(), packet()) == [(DROP, 42)] * 2
        assert [(s["line"], s["count"]) for s in vms.status()["sites"]] == [(42, 2)]
        vms.cli("load", "vm", objects["pick"])
        assert sw.judge(*[packet(9)] * 100) == [(DROP, 7)] * 100
        status = vms.status()
        assert [(s["line"], s["count"]) for s in status["sites"]] == [(7, 100)]
        assert len(status["last_drops"]) == 32
        queue = status["queues"][0]
        assert (queue["port"], queue["packets"], queue["dropped"]) == ("port0", 103, 103)
        shown = vms.cli("status").stdout
        assert "pick.o" in shown and "port0" in shown and "line 7  100 packets" in shown
    poll(lambda: vms.status()["queues"] == [], 5, "the queue to be freed")


def test_packets_grow_shrink_and_turn(vms, objects):
    vms.start("vm", "--program", objects["push"])
    frame = bytes(range(100)) * 14
    with switch(vms) as sw:
        assert sw.leaves(frame) == frame[:12] + b"\x81\0\0\x05" + frame[12:]
        vms.cli("load", "vm", objects["strip"])
        assert sw.leaves(frame) == frame[:12] + frame[16:]
        vms.cli("load", "vm", objects["cut"])
        assert sw.leaves(frame) == frame[:40]
        assert sw.leaves(frame[:20]) == frame[:20]
        vms.cli("load", "vm", objects["redirect"])
        assert sw.judge(frame) == [(REDIRECT, 0)] and sw.last[2] == 2
        queue = vms.status()["queues"][0]
        assert (queue["rewritten"], queue["redirected"], queue["passed"]) == (3, 1, 4)


# Facts.


class Publisher:
    """The agent's writer, without a VM; see tests/lib/publish.c."""

    def __init__(self, build, facts, key):
        self.process = subprocess.Popen([os.path.join(build, "main/tests/lib/publish"), facts, key],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        bufsize=1)

    def sent(self, saddr, sport, daddr, dport):
        self.process.stdin.write(f"{saddr} {sport} {daddr} {dport}\n")
        assert self.process.stdout.readline() == "ok\n"

    def close(self):
        self.process.kill()
        self.process.communicate()


def udp(saddr, sport, daddr, dport):
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, 17, 0, socket.inet_aton(saddr),
                     socket.inet_aton(daddr))
    return bytes(12) + b"\x08\0" + ip + struct.pack(">HHHH", sport, dport, 8, 0)


@pytest.fixture
def asking(vms, objects, build, tmp_path):
    """A P4 VM that runs "ask" and lets packets wait for 2 s, a switch, and an agent."""
    facts, key = str(tmp_path / "facts"), tmp_path / "key"
    key.write_bytes(secrets.token_bytes(32))
    key.chmod(0o600)
    vms.start("vm", "--facts", facts, "--key", str(key), "--program", objects["ask"],
              "--fact-wait-ms", "2000")
    agent = Publisher(build, facts, str(key))
    with switch(vms) as sw:
        try:
            poll(lambda: vms.status()["facts"]["fresh"], 5, "fresh facts")
            yield sw, agent
        finally:
            agent.close()


def test_facts_decide(vms, asking):
    sw, agent = asking
    agent.sent("10.0.0.2", 1000, "10.0.0.1", 53)
    answer, other = udp("10.0.0.1", 53, "10.0.0.2", 1000), udp("10.0.0.1", 53, "10.0.0.2", 1001)
    assert sw.judge(answer, other, packet()) == [(PASS, 0), (DROP, 11), (PASS, 0)]
    facts = vms.status()["facts"]
    assert facts["flows"] == 1 and facts["bad_seal"] == 0 and facts["sessions"] == 1


def test_a_packet_waits_for_its_fact_and_delays_no_other(vms, asking):
    sw, agent = asking
    early, asks_in_vain = udp("10.0.0.1", 53, "10.0.0.2", 2000), udp("10.0.0.1", 53, "10.0.0.2", 2001)
    begin = time.monotonic()
    sw.submit(early, asks_in_vain, packet(), packet())
    poll(lambda: sw.word(sw.theirs, 128) == 2, 5, "the packets that ask for nothing", step=0.001)
    assert sw.take() == {2: (PASS, 0), 3: (PASS, 0)}
    agent.sent("10.0.0.2", 2000, "10.0.0.1", 53)
    poll(lambda: sw.word(sw.theirs, 128) >= 3, 5, "the packet that waited", step=0.001)
    assert sw.take().get(0) == (PASS, 0)
    assert time.monotonic() - begin < 1.8
    poll(lambda: sw.word(sw.theirs, 128) == 4, 5, "the packet that waited in vain", step=0.001)
    assert sw.take() == {1: (DROP, 11)}
    assert 1.9 < time.monotonic() - begin < 5
    assert vms.status()["queues"][0]["waited"] == 2


def test_a_silent_agent_makes_facts_absent(vms, asking):
    sw, agent = asking
    agent.sent("10.0.0.2", 1000, "10.0.0.1", 53)
    assert sw.judge(udp("10.0.0.1", 53, "10.0.0.2", 1000)) == [(PASS, 0)]
    agent.close()
    poll(lambda: not vms.status()["facts"]["fresh"], 5, "stale facts")
    begin = time.monotonic()
    assert sw.judge(udp("10.0.0.1", 53, "10.0.0.2", 1000)) == [(DROP, 11)]
    assert time.monotonic() - begin < 1.5  # nothing to wait for
    assert "ABSENT" in vms.cli("status", "vm").stdout


# Hostile neighbours.


def control(vms, data, hold=False):
    conn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    conn.settimeout(15)
    conn.connect(vms.path("vm", "control.sock"))
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        conn.sendall(data)
    if hold:
        return conn
    with conn, contextlib.suppress(ConnectionResetError):
        return conn.recv(1 << 20)
    return b""


def frame(op, length, magic=CONTROL_MAGIC, status=0, name=b"x"):
    return struct.pack("<IIiI48s", magic, op, status, length, name)


def test_garbage_on_the_control_socket(vms):
    vms.start()
    for data in (b"GET / HTTP/1.0\r\n\r\n".ljust(64), secrets.token_bytes(4096), frame(9, 0),
                 frame(LOAD, 0), frame(LOAD, 0xffffffff), frame(LOAD, TARGET + 8192 + (1 << 20) + 1),
                 frame(LOAD, TARGET), frame(UNLOAD, 0), frame(UNLOAD, TARGET + 1),
                 frame(STATUS, 5), frame(STATUS, 0, magic=1), frame(STATUS, 0, name=b"y" * 48)):
        assert control(vms, data) == b""
    assert vms.status()["errors"]["control"] >= 12


def test_silent_clients_cannot_hold_it(vms):
    """More connections than are served at once, none of which says a whole request."""
    vms.start()
    held = [control(vms, frame(LOAD, 1000)[:40], hold=True) for _ in range(12)]
    try:
        begin = time.monotonic()
        assert vms.status()["name"] == "vm"
        assert time.monotonic() - begin < 15
    finally:
        for conn in held:
            conn.close()


def test_hostile_switches(vms, objects):
    vms.start("vm", "--program", objects["pass"])
    plain = os.memfd_create("plain")
    os.ftruncate(plain, REGION)
    hello = struct.pack("<6I64s", 0x41544353, 1, ENTRIES, SLOT_BYTES, 0, 0, b"port0")
    fd, memory = sealed_memfd()
    event = os.eventfd(0)
    with switch(vms) as honest:
        for data, fds in ((b"x", []), (hello, []), (hello, [fd] * 8), (hello, [fd] * 20), (hello, [fd, plain, event]),
                          (hello, [plain, fd, event]), (hello, [fd, fd, event]),
                          (bytes(88), [fd, fd, event]), (hello + b"x", [fd, fd, event])):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as conn:
                conn.settimeout(10)
                conn.connect(vms.path("vm", "port.sock"))
                socket.send_fds(conn, [data], fds)
                status = struct.unpack("<IIiI", conn.recv(100))[2]
                assert status < 0
        liar = Switch(vms.path("vm", "port.sock"))
        struct.pack_into("<I", liar.mine, 64, 100000)
        liar.conn.send(b"!")
        with contextlib.suppress(ConnectionResetError):  # thrown out before its wake-up was read
            assert liar.conn.recv(10) == b""
        liar.close()
        assert honest.judge(packet()) == [(PASS, 0)]
        status = vms.status()
        assert len(status["queues"]) == 1 and status["errors"]["attach"] == 9
        pid = status["pid"]
        fds = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        assert not [target for target in fds if "memfd" in target]
    for fd in (plain, fd, event):
        os.close(fd)


def test_many_queues(vms, objects):
    vms.start("vm", "--program", objects["pick"])
    with contextlib.ExitStack() as stack:
        switches = [stack.enter_context(switch(vms)) for _ in range(100)]
        for sw in switches:
            assert sw.judge(packet(9), packet(1)) == [(DROP, 7), (PASS, 0)]
        assert len(vms.status()["queues"]) == 100
    poll(lambda: vms.status()["queues"] == [], 5, "the queues to be freed")


def test_no_more_queues_than_descriptors(vms, objects):
    """A P4 VM that may open few files, and raise that limit no more, takes as many queues as they are enough for."""
    files = 128 + 2 * 10
    vms.launch("vm", ["setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource", vms.sekisho, "shield",
                      "run", "vm", "--program", objects["pick"]],
               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)))
    with contextlib.ExitStack() as stack:
        switches = [stack.enter_context(switch(vms)) for _ in range(10)]
        with pytest.raises(AssertionError):
            Switch(vms.path("vm", "port.sock"))
        assert "10 queues are all that the limit of open files allows" in vms.said("vm")
        for sw in switches:
            assert sw.judge(packet(9), packet(1)) == [(DROP, 7), (PASS, 0)]


# Life and death.


def test_killed_and_started_again(vms, objects):
    process = vms.start("vm", "--program", objects["pass"])
    pid = vms.status()["pid"]
    os.kill(pid, signal.SIGKILL)
    assert process.wait(10) == 1
    assert os.listdir(vms.path("vm", "")) == []  # its keeper cleared up
    keeper = vms.start("vm", "--program", objects["pass"])
    pid = vms.status()["pid"]
    os.kill(pid, signal.SIGSTOP)  # ends all the same
    keeper.kill()
    keeper.wait()
    poll(lambda: not os.path.exists(f"/proc/{pid}"), 5, "the P4 VM to end with its keeper")
    assert vms.cli("status", "vm", check=False).returncode == 1
    vms.start("vm", "--program", objects["pass"])
    with switch(vms) as sw:
        assert sw.judge(packet()) == [(PASS, 0)]


def test_runs_once(vms):
    vms.start()
    again = vms.cli("run", "vm", check=False)
    assert again.returncode == 1 and "runs already" in again.stderr
    assert vms.status()["name"] == "vm"


def test_stop(vms, objects):
    process = vms.start("vm", "--program", objects["pass"])
    with switch(vms) as sw:
        sw.judge(packet())
        vms.cli("stop", "vm")
        assert process.wait(10) == 0
        assert sw.conn.recv(10) == b""
    assert os.listdir(vms.path("vm", "")) == []
    gone = vms.cli("stop", "vm", check=False)
    assert gone.returncode == 1 and "shield run vm" in gone.stderr


def test_stop_of_a_stopped_process(vms):
    """SIGSTOP keeps the P4 VM from ending itself; its keeper sees to it."""
    process = vms.start()
    os.kill(vms.status()["pid"], signal.SIGSTOP)
    vms.cli("stop", "vm")
    assert process.wait(10) == 0


def test_daemon(vms, objects):
    run = vms.cli("run", "vm", "--daemon", "--program", objects["pass"], stdin=subprocess.DEVNULL)
    try:
        assert "is ready" in run.stdout
        with switch(vms) as sw:
            assert sw.judge(packet()) == [(PASS, 0)]
        poll(lambda: "detached" in open(vms.path("vm", "log")).read(), 5, "the log")
    finally:
        vms.cli("stop", "vm")
    failed = vms.cli("run", "vm", "--daemon", "--program", "/nonexistent", check=False)
    assert failed.returncode == 1 and "/nonexistent" in failed.stderr


def test_several_and_status_of_all(vms):
    assert "no P4 VM runs here" in vms.cli("status").stdout
    vms.start("a")
    vms.start("b")
    shown = vms.cli("status").stdout
    assert "a: running" in shown and "b: running" in shown
    names = [status["name"] for status in json.loads(vms.cli("status", "--json").stdout)]
    assert names == ["a", "b"]
    assert fields(vms.status("a")["pid"])["Uid"] != fields(vms.status("b")["pid"])["Uid"]


# Calls at fault.


def test_a_hostile_p4vm_cannot_speak_to_the_terminal(vms):
    """Its process was broken into, and somebody asks for its status."""
    os.mkdir(vms.path("evil", ""))
    status = json.dumps({"queues": [], "ports": [], "drops": {"a\x1b[2J": 1}, "sites": [], "last_drops": [], "name": "b\x1b[2J"})
    reply = status.replace("\\u001b", "\x1b").encode()
    with socket.create_server(vms.path("evil", "control.sock"), family=socket.AF_UNIX) as listener:
        for options in ([], ["--json"]):
            asking = subprocess.Popen([vms.sekisho, "shield", "status", "evil", *options], env=vms.env,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            with listener.accept()[0] as conn:
                assert conn.recv(64, socket.MSG_WAITALL)
                conn.sendall(frame(STATUS, len(reply)) + reply)
            out, err = asking.communicate(timeout=10)
            assert b"a?[2J" in out and b"\x1b" not in out + err


def test_key_files(vms, tmp_path):
    facts = str(tmp_path / "facts")
    key = tmp_path / "key"

    def start():
        return vms.cli("run", "vm", "--facts", facts, "--key", str(key), check=False)

    assert str(key) in start().stderr
    for content, mode in ((secrets.token_bytes(31), 0o600), (b"z" * 64, 0o600), (b"", 0o600),
                          (secrets.token_bytes(32), 0o640), (secrets.token_bytes(32), 0o604)):
        key.write_bytes(content)
        key.chmod(mode)
        run = start()
        assert run.returncode == 1 and str(key) in run.stderr, (content, mode)
    key.write_bytes(secrets.token_hex(32).encode())
    key.chmod(0o600)
    vms.start("vm", "--facts", facts, "--key", str(key))
    assert os.path.getsize(facts) == 1 << 20
    status = vms.status()
    assert status["facts"]["fresh"] is False and status["facts"]["heartbeat_age_ms"] is None


def test_calls_at_fault(vms, tmp_path):
    for args, named in ((["run"], "NAME"), (["run", "a/b"], "a/b"), (["run", "vm", "--bogus"], "--bogus"),
                        (["load", "vm"], "OBJ"), (["fly"], "fly"), (["status", "vm"], "shield run vm"),
                        (["run", "vm", "--key", "/k"], "--facts"),
                        (["run", "vm", "--fact-wait-ms", "-1"], "-1"),
                        (["run", "vm", "--run-dir", "/" + "d" * 120], "run-dir")):
        run = vms.cli(*args, check=False)
        assert run.returncode in (1, 2) and named in run.stderr, (args, run.stderr)
    for args in ([], ["run"], ["load"], ["status"], ["stop"]):
        run = vms.cli(*args, "--help")
        assert run.stdout.startswith("usage: sekisho shield"), args
