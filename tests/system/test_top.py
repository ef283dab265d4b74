# SPDX-License-Identifier: Apache-2.0
"""What is shown of shields at work: `sekisho shield top` and `metrics` against a real switch whose traffic is known,
and the probes."""
import contextlib
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lab import InlineP4VM, P4VM, build_program, poll
from ovs import Switch

# Drops frames of type 88b5, at the line that says so.
SOURCE = """#include <core.p4>
#include <ubpf_model.p4>
header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }
struct headers { ethernet_t ethernet; }
struct metadata { }
parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
	state start { packet.extract(hdr.ethernet); transition accept; }
}
control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
	apply {
		if (hdr.ethernet.type == 0x88b5) {
			mark_to_drop(); // of all things
		}
	}
}
control dprs(packet_out packet, in headers hdr) { apply { packet.emit(hdr.ethernet); } }
ubpf(prs(), pipe(), dprs()) main;
"""
DROP_LINE = 1 + SOURCE[:SOURCE.index("mark_to_drop")].count("\n")
SEND = """
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
for _ in range({n}):
    s.send(bytes.fromhex("020000000099020000000001" + "88b5") + bytes(46))
"""


class Shown:
    """A switch, a P4 VM with SOURCE on the port of `vm`, and who looks at them."""

    def __init__(self, build, folder, switch):
        self.folder, self.switch = folder, switch
        self.vm = switch.add_namespace("vm", "10.82.0.1/24")
        self.peer = switch.add_namespace("peer", "10.82.0.2/24")
        source = os.path.join(folder, "drops.p4")
        with open(source, "w") as out:
            out.write(SOURCE)
        self.p4vm = P4VM(build, folder, "shown", program=build_program(build, source, source + ".o"))
        switch.shield(self.vm.port, self.p4vm.socket)
        poll(self.passes, 15, "the first ping")

    def passes(self, n=1):
        out = self.peer.run(["ping", "-n", "-q", "-c", str(n), "-i", "0.02", "-W", "1", self.vm.address], check=False)
        return f" {n} received" in out.stdout

    def argv(self, verb, *args):
        return [self.p4vm.sekisho, "shield", verb, f"--switch={self.switch.dir}/ovs-vswitchd.ctl", *args]

    def run(self, verb, *args):
        return subprocess.run(self.argv(verb, *args), env=self.p4vm.env, check=True, capture_output=True,
                              text=True, timeout=30).stdout

    def view(self, *args):
        return json.loads(self.run("top", "--once", "--json", *args))

    def sum(self):
        port, = self.view()["ports"]
        return port["sum"]

    def metrics(self, text=None):
        """{(name, {label values}): value} of all series, as Prometheus' own parser has them."""
        families = list(text_string_to_metric_families(text or self.run("metrics")))
        samples = [sample for family in families for sample in family.samples]
        series = {(s.name, frozenset(s.labels.items())): s.value for s in samples}
        assert len(series) == len(samples), "a series is there twice"
        assert len(families) == len({f.name for f in families}), "a family is there twice"
        assert all(f.documentation and f.type in ("counter", "gauge") for f in families)
        return series

    def drop(self, n):
        """Frames that the program drops; returns once they have been."""
        before = self.sum()["dropped"]
        self.peer.run(["/usr/bin/python3", "-c", SEND.format(n=n)])
        poll(lambda: self.sum()["dropped"] >= before + n, 10, "the frames to be dropped")


def total(series, name, **labels):
    return sum(value for (n, have), value in series.items() if n == name and labels.items() <= dict(have).items())


@pytest.fixture(scope="module")
def shown(build, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("top"))
    os.chmod(folder, 0o755)
    with Switch(build) as switch, contextlib.ExitStack() as stack:
        shown = Shown(build, folder, switch)
        stack.callback(shown.p4vm.stop)
        yield shown


def test_sums_fit_what_was_sent(shown):
    before = shown.view()
    assert shown.passes(20)
    shown.drop(37)
    after = shown.view("--source", shown.folder)
    was, port = before["ports"][0]["sum"], after["ports"][0]
    now = port["sum"]
    assert after["missing"] == [] and port["port"] == shown.vm.port and port["p4vm"] == "shown"
    assert now["dropped"] - was["dropped"] == 37
    assert now["from_vm"] - was["from_vm"] >= 20 and now["passed"] - was["passed"] >= 40
    assert now["packets"] == now["passed"] + now["dropped"] + now["redirected"] + now["bypassed"]
    assert now["packets"] == now["from_vm"] + now["from_network"]
    assert port["dropped"]["verdict"] == 37
    queue, = port["queues"]
    assert queue["state"] == "up" and queue["times"]["samples"] > 0
    assert min(queue["times"][part] for part in ("hand_off_ns", "program_ns", "return_ns")) >= 0
    assert queue["times"]["batch"] >= 1
    assert queue["p4vm"]["packets"] == now["packets"]
    site, = [s for s in after["p4vms"][0]["sites"] if s["line"] == DROP_LINE]
    assert site["count"] == 37 and site["text"] == "mark_to_drop(); // of all things"


def test_figures_move_as_traffic_flows(shown):
    quiet = shown.view()["ports"][0]["per_second"]
    assert quiet["passed"] < 20
    flood = shown.peer.popen(["ping", "-q", "-i", "0.005", shown.vm.address], stdout=subprocess.DEVNULL)
    try:
        poll(lambda: shown.view()["ports"][0]["per_second"]["passed"] > 50, 15, "the rate to rise")
        view = shown.view()
    finally:
        flood.kill()
        flood.wait()
    assert view["p4vms"][0]["cpu_percent"] > 0
    assert 0.9 < view["seconds"] < 5


def test_queues_of_lanes_are_told_apart(shown):
    """Each queue of the switch is beside the P4 VM's own of it."""
    def queues():
        queues = shown.view()["ports"][0]["queues"]
        return len(queues) == 2 and all(q["state"] == "up" and q["sum"]["packets"] for q in queues) and queues

    def same():
        both = queues()
        return both and all(q["p4vm"]["packets"] == q["sum"]["packets"] for q in both)
    shown.switch.shield(shown.vm.port, shown.p4vm.socket, workers=2)
    try:
        for port in range(7000, 7100):  # flows go to either lane
            shown.peer.run(["/usr/bin/python3", "-c", f"""
import socket
for port in range({port}, {port} + 50):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("", port))
    s.sendto(b"x", ("{shown.vm.address}", 9))"""])
            if queues():
                break
        poll(same, 15, "both to count the same")
        assert {q["lane"] for q in queues()} == {0, 1}
        assert total(shown.metrics(), "sekisho_hook_up", port=shown.vm.port) == 2
    finally:
        shown.switch.shield(shown.vm.port, shown.p4vm.socket, workers=1)


def test_text_where_there_is_no_terminal(shown):
    shown.drop(1)
    text = shown.run("top", "--once", "--source", shown.folder)
    assert text.startswith("packets a second") and "\033" not in text
    assert re.search(rf"^P4 VM shown: process, process \d+, CPU [\d.]+ %(, \S+ insns/s)?, 1 workers, program drops",
                     text, re.M), text
    assert re.search(rf"^{shown.vm.port} +main/0 +up ", text, re.M), text
    assert re.search(rf"^{shown.vm.port} +dropped: verdict \d+$", text, re.M), text
    assert re.search(rf"drops\.p4:{DROP_LINE} +\d+ +\S+/s  mark_to_drop\(\); // of all things$", text, re.M), text


def test_no_file_elsewhere_is_read(shown, tmp_path):
    """A program names its source itself."""
    (tmp_path / "drops.p4").symlink_to("/etc/passwd")
    shown.drop(1)
    assert "text" not in json.dumps(shown.view("--source", str(tmp_path))["p4vms"][0]["sites"])


def test_metrics_fit_what_was_sent(shown):
    before = shown.metrics()
    shown.drop(11)
    assert shown.passes(5)
    after = shown.metrics()
    port = shown.vm.port

    def moved(name, **labels):
        return total(after, name, **labels) - total(before, name, **labels)
    assert moved("sekisho_hook_dropped_packets_total", port=port, reason="verdict") == 11
    assert moved("sekisho_p4vm_line_drops_total", p4vm="shown", line=str(DROP_LINE)) == 11
    assert moved("sekisho_p4vm_packets_total", p4vm="shown", verdict="dropped") == 11
    assert moved("sekisho_hook_passed_packets_total", port=port) == moved("sekisho_p4vm_packets_total",
                                                                         verdict="passed") >= 10
    assert total(after, "sekisho_hook_up", port=port, lane="0") == total(after, "sekisho_switch_up") == 1
    assert total(after, "sekisho_missing") == 0
    assert moved("sekisho_p4vm_cpu_seconds_total") > 0
    assert {dict(labels)["part"] for name, labels in after if name == "sekisho_hook_packet_seconds"} == {
        "hand_off", "program", "return"}


def test_metrics_over_http(shown):
    server = subprocess.Popen(shown.argv("metrics", "--listen", "127.0.0.1:0"), env=shown.p4vm.env,
                              stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip()
        for _ in range(3):
            with urllib.request.urlopen(url, timeout=10) as answer:
                assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
                series = shown.metrics(answer.read().decode())
                assert total(series, "sekisho_hook_up", port=shown.vm.port, lane="0") == 1
        for path, data, status in (("/else", None, 404), ("/", None, 404), ("/metrics", b"x", None)):
            with pytest.raises((urllib.error.HTTPError, ConnectionError)) as error:
                urllib.request.urlopen(url.removesuffix("/metrics") + path, data=data, timeout=10)
            assert status is None or error.value.code == status
        server.terminate()
        assert server.wait(10) == 0
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@pytest.mark.parametrize("address", ["", "9817", "localhost", ":", "127.0.0.1:", "::1:9817", "1.2.3.4.5:1"])
def test_addresses_that_are_none(build, address):
    run = subprocess.run([os.path.join(build, "main/cli/sekisho"), "shield", "metrics", f"--listen={address}"],
                         capture_output=True, text=True, timeout=10)
    assert run.returncode == 1 and "127.0.0.1:9817" in run.stderr


def test_one_inside_the_switch(shown, build):
    port = shown.peer.port
    inside = InlineP4VM(shown.switch, build, shown.folder, "inside", program=os.path.join(shown.folder, "drops.p4.o"))
    try:
        shown.switch.shield(port, inside.socket)
        poll(lambda: shown.passes() and len(shown.view()["ports"]) == 2, 15, "the second shield")
        view = shown.view("inside")
        (one,), (p4vm,) = view["ports"], view["p4vms"]
        assert (one["port"], one["p4vm"], p4vm["isolation"]) == (port, "inside", "inline")
        assert one["sum"]["passed"] > 0
        assert re.search(rf"^{port} +main/0 +up ", shown.run("top", "--once"), re.M)
        shown.metrics()
    finally:
        shown.switch.unshield(port)
        inside.stop()
    poll(lambda: len(shown.view()["ports"]) == 1, 10, "the second shield to be gone")


class Screen:
    """top on a terminal of 24 lines and 200 columns."""

    def __init__(self, argv, env):
        self.master, slave = pty.openpty()
        subprocess.run(["stty", "rows", "24", "cols", "200"], stdin=slave, check=True)
        self.process = subprocess.Popen(argv, env=env, stdin=slave, stdout=slave)
        os.close(slave)
        self.text = ""

    def expect(self, pattern, timeout=15):
        """Waits for text after what was expected last."""
        deadline = time.monotonic() + timeout
        while not (found := re.search(pattern, self.text, re.S)):
            ready = select.select([self.master], [], [], max(0, deadline - time.monotonic()))[0]
            assert ready, f"no {pattern!r} in {self.text[-2000:]!r}"
            self.text += os.read(self.master, 65536).decode(errors="replace")
        self.text = self.text[found.end():]

    def key(self, key):
        os.write(self.master, key.encode())

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def test_a_terminal(shown):
    screen = Screen(shown.argv("top"), shown.p4vm.env)
    try:
        screen.expect(r"\x1b\[\?1049h.*by packets.*q quit")
        screen.expect(rf"packets a second.*{shown.vm.port} +main/0")
        screen.key("s")
        screen.expect("by drops")
        screen.key("s")
        screen.expect("by name")
        screen.key("p")
        screen.expect("PAUSED")
        screen.key("p")
        screen.expect("by name  q quit")
        screen.key("q")
        screen.expect(r"\x1b\[\?1049l")
        assert screen.process.wait(10) == 0
    finally:
        screen.close()


def test_a_terminal_is_left_as_it_was(shown):
    screen = Screen(shown.argv("top"), shown.p4vm.env)
    try:
        screen.expect("packets a second")
        screen.process.send_signal(signal.SIGTERM)
        screen.expect(r"\x1b\[\?1049l")
        assert screen.process.wait(10) == 0
    finally:
        screen.close()


def test_who_does_not_answer(shown):
    """A P4 VM that is stopped holds nobody up, time and again; and without a switch there is the rest."""
    pid = shown.p4vm.status()["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        for _ in range(40):
            text = shown.run("metrics")
            if time.monotonic() - start > 15:
                break
        assert total(shown.metrics(text), "sekisho_missing") == 1
        view = shown.view()
        assert view["missing"] == ["P4 VM shown: does not answer"] and view["p4vms"] == []
        assert view["ports"][0]["port"] == shown.vm.port
    finally:
        os.kill(pid, signal.SIGCONT)
    poll(lambda: shown.passes() and not shown.view()["missing"], 15, "the P4 VM to answer")
    view = json.loads(shown.p4vm.shield("top", "--once", "--json", f"--switch={shown.folder}/none").stdout)
    assert len(view["missing"]) == 1 and "does not run here; name its control socket with --switch" in view["missing"][0]
    assert view["ports"][0]["port"] == shown.vm.port and view["ports"][0]["sum"]["passed"] > 0


class Dribbler:
    """In a P4 VM's place: says that a long reply comes, then sends a byte now and then."""

    def __init__(self, folder):
        os.makedirs(os.path.join(folder, "slow"))
        self.stop = threading.Event()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(os.path.join(folder, "slow", "control.sock"))
        self.socket.listen()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        with contextlib.suppress(OSError):
            while not self.stop.is_set():
                conn = self.socket.accept()[0]
                conn.send(struct.pack("<IIiI48x", 0x32544353, 2, 0, 1 << 20))
                with contextlib.suppress(OSError):
                    while not self.stop.wait(0.1):
                        conn.send(b" ")
                conn.close()

    def close(self):
        self.stop.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()


def test_a_p4vm_that_dribbles(build, tmp_path):
    dribbler = Dribbler(str(tmp_path))
    try:
        run = subprocess.run([os.path.join(build, "main/cli/sekisho"), "shield", "metrics", f"--run-dir={tmp_path}",
                              f"--switch={tmp_path}/none"], capture_output=True, text=True, timeout=10)
    finally:
        dribbler.close()
    assert run.returncode == 0 and "sekisho_missing 2\n" in run.stdout


def probes(path):
    notes = subprocess.run(["readelf", "-n", path], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"Provider: sekisho\s+Name: (\w+)", notes))


def test_probes(build, top):
    hook = probes(os.path.join(build, "ovs/bin/ovs-vswitchd"))
    p4vm = probes(os.path.join(build, "main/p4vm/sekisho-p4vmd"))
    assert hook >= {"submit", "complete", "deadline", "attach", "detach"}
    assert p4vm == {"attach", "detach", "take", "answer", "park", "retry", "run_begin", "run_end", "load", "unload"}
    with open(os.path.join(top, "docs/shield.md")) as page:
        text = page.read()
    for probe in hook | p4vm:
        assert f"`{probe}`" in text, probe
