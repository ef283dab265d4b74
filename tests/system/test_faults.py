# SPDX-License-Identifier: Apache-2.0
"""Faults under numbered traffic, each with its figures: what was lost, how long the port was silent, and that
other ports lost nothing. No frame may arrive against the program's word, twice or spoiled, whatever dies, hangs or
lies meanwhile (tests/lib/flood.c checks each). Virtual machines that die are test_vm_level.py's. `--packets=10000000` for the
long run with random faults."""
import contextlib
import json
import os
import random
import resource
import signal
import subprocess
import time

import pytest

from lab import InlineP4VM, P4VM, poll
from ovs import Switch
from test_hook import Fake

PRELUDE = """
typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long long u64;
struct meta { u32 in_port, len, action, out_port; u8 clone; u32 clone_port; };
static u8 *(*packet_data)(void *) = (void *)9;
static u8 *(*adjust_head)(void *, int) = (void *)8;
"""
# What the classes of flood.c's frames ask for; WORK is done before.
JUDGE = """
u64 entry(void *ctx, struct meta *m) {
    u8 *p = packet_data(ctx);
    if (m->len < LOOK || p[12] != 0x88 || p[13] != 0xb5) return 1;
    WORK
    u8 class = p[19];
    if (class == 1) return 0;
    if (class == 2) p[20] = 0xa5;
    if (class == 3) {
        p = adjust_head(ctx, 4);
        for (int i = 0; i < 14; i++) p[i] = p[i + 4];
        p[14] = 'm'; p[15] = 'o'; p[16] = 'r'; p[17] = 'e';
    }
    return 1; }
"""
SLOW = "u32 x = 1; for (u32 i = 0; i < 60000; i++) x = x * 3 + (x >> 7); if (x == 77) return 0;"
HUNGRY = """
static long (*update)(void *, const void *, const void *, u64) = (void *)2;
struct { int (*type)[1], (*max_entries)[262144]; u32 *key; u64 *value; } map __attribute__((section(".maps"), used));
"""
PROGRAMS = {
    "judge": JUDGE.replace("LOOK", "40").replace("WORK", ""),
    "deeper": JUDGE.replace("LOOK", "60").replace("WORK", "if (p[59] == 1 && p[58] == 2) p[21] = 0;"),
    "hungry": HUNGRY + JUDGE.replace("LOOK", "40").replace("WORK", 
                                                              "u64 one = 1; u32 key = *(u32 *)&p[22]; update(&map, &key, &one, 0);"),
    "slow": JUDGE.replace("LOOK", "40").replace("WORK", SLOW),
}
SPACES = ("hub", "a", "b", "c", "d")
FIGURES = []  # of all tests, for the table at the end
# Of a port that must lose nothing: not on a machine either on which others compile.
PATIENT = {"deadline_ms": 20000}


@pytest.fixture(scope="module", autouse=True)
def table():
    """`make faults` prints it; it is the one in docs/faults.md."""
    yield
    print("\n| fault | frames of the port lost | it was silent | frames of others lost | they were silent |\n"
          "|---|---|---|---|---|")
    for what, lost, of, silent, others_lost, others_of, others_silent in FIGURES:
        print(f"| {what} | {lost} of {of} | {silent:.0f} ms | {others_lost} of {others_of} | {others_silent:.0f} ms |")


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    out = tmp_path_factory.mktemp("objects")
    for name, text in PROGRAMS.items():
        (out / f"{name}.c").write_text(PRELUDE + text)
        subprocess.run(["clang", "-target", "bpf", "-O2", "-mcpu=v3", "-ffreestanding", "-w", "-g", "-c",
                        out / f"{name}.c", "-o", out / f"{name}.o"], check=True, timeout=60)
    return {name: str(out / f"{name}.o") for name in PROGRAMS}


class Flood(contextlib.ExitStack):
    """tests/lib/flood.c between the hub and spokes, given as name=kind."""

    def __init__(self, net, packets=200_000_000, patience_ms=2000, **kinds):
        super().__init__()
        spokes = [f"{net.spaces[name].name}:{kind}" for name, kind in kinds.items()]
        self.names, self.kinds, self.last = list(kinds), kinds, ""
        self.process = subprocess.Popen(
            [os.path.join(net.build, "main/tests/lib/flood"), str(packets), str(patience_ms),
             net.spaces["hub"].name, *spokes], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.callback(self.process.wait)
        self.callback(self.process.kill)
        try:
            assert self.process.stdout.readline() == "running\n"
        except BaseException:
            self.close()
            raise

    def _report(self, line):
        report = json.loads(line)
        flows = {name: {} for name in self.names}
        for i, flow in enumerate(report["flows"]):
            flows[self.names[i // 2]]["from" if flow["from_spoke"] else "to"] = flow
        return dict(report, flows=flows)

    def ask(self):
        """How it stands; the last report again once it has ended."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write("?\n")
            self.process.stdin.flush()
        self.last = self.process.stdout.readline() or self.last
        return self._report(self.last)

    def wait(self, name, frames=200, timeout=30):
        """Until so many more frames of a spoke arrived."""
        before = min(flow["got"] for flow in self.ask()["flows"][name].values())
        poll(lambda: min(f["got"] for f in self.ask()["flows"][name].values()) >= before + frames, timeout,
             f"frames of {name}")

    def end(self):
        """The last report, which shows no frame that should not be there."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.report = self._report((self.process.stdout.read() or self.last).splitlines()[-1])
        for name, flows in self.report["flows"].items():
            for flow in flows.values():
                assert flow["twice"] == flow["corrupt"] == flow["against"] == 0, (name, flow)
                assert flow["got"] <= flow["expected"] or self.kinds[name] == "any", (name, flow)
        return self.report

    def strict(self):
        """Nothing of the spokes that nobody touched was lost, or overtook another."""
        for name, flows in self.report["flows"].items():
            for flow in flows.values():
                if self.kinds[name] in ("judged", "plain"):
                    assert flow["got"] == flow["expected"] and flow["late"] == 0, (name, flow)

    def figures(self, what, name="a"):
        """A line of the table: of the port that the fault is for, and of those that must not notice it."""
        def lost(flows):
            return sum(max(flow["expected"] - flow["got"], 0) for flow in flows), sum(flow["expected"] for flow in flows)

        def silent(flows):
            return max(flow["silence_ms"] for flow in flows)

        flows = self.report["flows"]
        own = list(flows[name].values())
        others = [flow for other in flows if self.kinds[other] in ("judged", "plain") for flow in flows[other].values()]
        FIGURES.append((what, *lost(own), silent(own), *lost(others), silent(others)))
        print("{}: {} of {} lost, silent for {:.0f} ms at most; other ports: {} of {} lost, silent for {:.0f} ms at "
              "most; {} frames in {:.1f} s".format(*FIGURES[-1], self.report["sent"], self.report["seconds"]))


class Net:
    """A hub, and spokes: a's P4 VM comes to harm, b's does harm, c's is of another tenant, d is not shielded."""

    def __init__(self, build, switch):
        self.build, self.switch = build, switch
        self.spaces = {name: switch.add_namespace(name, f"10.83.0.{i + 1}/24") for i, name in enumerate(SPACES)}

    def shield(self, name, socket, **options):
        self.switch.shield(self.spaces[name].port, socket, **options)

    def port(self, name):
        return json.loads(self.switch.appctl("sekisho/show", "--json", self.spaces[name].port))["ports"][0]

    def state(self, name):
        return {queue["state"] for queue in self.port(name)["queues"]}

    def up(self, name, timeout=30):
        poll(lambda: self.state(name) == {"up"}, timeout, f"{name} to be up")

    def clear(self, name):
        port = self.spaces[name].port
        self.switch.vsctl("clear", "Interface", port, "other_config")
        poll(lambda: port not in self.switch.appctl("sekisho/show"), 30, "the shield to be gone")


@pytest.fixture(scope="module")
def net(build, objects, tmp_path_factory):
    with Switch(build) as switch:
        net = Net(build, switch)
        folder = tmp_path_factory.mktemp("c")
        os.chmod(folder, 0o755)
        other = P4VM(build, str(folder), "c", program=objects["judge"])
        switch.callback(other.stop)
        net.shield("c", other.socket, **PATIENT)
        net.up("c")
        yield net


@pytest.fixture
def p4vm(build, net, objects, tmp_path):
    """The P4 VM of a, which is shielded."""
    os.chmod(tmp_path, 0o755)
    p4vm = P4VM(build, str(tmp_path), "a", program=objects["judge"])
    try:
        net.shield("a", p4vm.socket, deadline_ms=200)
        net.up("a")
        yield p4vm
        net.clear("a")
    finally:
        p4vm.stop()


@pytest.fixture
def fake(build, tmp_path):
    started = []

    def start(mode):
        started.append(Fake(build, str(tmp_path / f"fake{len(started)}.sock"), mode))
        return started[-1]
    yield start
    for one in started:
        one.stop()


KINDS = {"a": "lossy", "c": "judged", "d": "plain"}


def kill(p4vm):
    os.kill(p4vm.status()["pid"], signal.SIGKILL)
    p4vm.process.wait(30)


def stop_for(pid, seconds):
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)  # the fault itself: for how long it hangs
    finally:
        os.kill(pid, signal.SIGCONT)


def test_p4vm_killed(net, p4vm):
    with Flood(net, **KINDS) as flood:
        flood.wait("a")
        for _ in range(3):
            kill(p4vm)
            p4vm.start()
            flood.wait("a")
        flood.end()
        flood.figures("kill -9 of the P4 VM, 3 times")
        flood.strict()


def test_p4vm_stopped(net, p4vm):
    with Flood(net, **KINDS) as flood:
        for seconds in (0.05, 0.5, 1.5):
            flood.wait("a")
            stop_for(p4vm.status()["pid"], seconds)
        flood.wait("a")
        flood.end()
        flood.figures("SIGSTOP of the P4 VM for 50, 500 and 1500 ms")
        flood.strict()


def test_p4vm_restarted(net, p4vm):
    """As an operator does it."""
    with Flood(net, **KINDS) as flood:
        flood.wait("a")
        p4vm.shield("stop")
        p4vm.process.wait(10)
        p4vm.start()
        flood.wait("a")
        flood.end()
        flood.figures("restart of the P4 VM")
        flood.strict()


def test_vswitchd_killed(net, p4vm):
    """The rings are attached again by a new switch; the P4 VM goes on. A shield is there from the first frame."""
    pid = p4vm.status()["pid"]
    with Flood(net, patience_ms=100, **KINDS) as flood:
        for _ in range(2):
            flood.wait("a")
            net.switch.kill_vswitchd()
            net.switch.start_vswitchd()
        flood.wait("a")
        flood.wait("d")
        flood.end()
        flood.figures("kill -9 of ovs-vswitchd, twice")
    assert p4vm.status()["pid"] == pid and p4vm.process.poll() is None


def test_vswitchd_killed_with_its_p4vm(net, build, objects, tmp_path):
    """One that is inside it comes back with it; until then the port follows its policy."""
    p4vm = InlineP4VM(net.switch, build, str(tmp_path), "inside", program=objects["judge"])
    try:
        net.shield("a", p4vm.socket)
        net.up("a")
        with Flood(net, patience_ms=100, **KINDS) as flood:
            for _ in range(2):
                flood.wait("a")
                net.switch.kill_vswitchd()
                net.switch.start_vswitchd()
            flood.wait("a")
            flood.wait("d")
            flood.end()
            flood.figures("kill -9 of ovs-vswitchd with the P4 VM inside, twice")
    finally:
        net.clear("a")
        p4vm.stop()


def test_vswitchd_stopped(net, p4vm):
    with Flood(net, patience_ms=100, **KINDS) as flood:
        flood.wait("a")
        stop_for(net.switch.vswitchd_pid, 1)
        flood.wait("a")
        flood.end()
        flood.figures("SIGSTOP of ovs-vswitchd for 1 s")
    assert net.port("a")["queues"][0]["sessions"] == 1


def test_ovsdb_killed(net, p4vm):
    """Open vSwitch's main thread stands still meanwhile, whatever it shields; the P4 VM notices nothing of it."""
    with Flood(net, patience_ms=100, **KINDS) as flood:
        flood.wait("a")
        net.switch.kill_ovsdb()
        net.switch.start_ovsdb()
        net.shield("a", p4vm.socket, inflight=300)
        poll(lambda: net.port("a")["inflight"] == 300, 30, "a change by the new database")
        flood.wait("a")
        flood.end()
        flood.figures("kill -9 of ovsdb-server")
    assert [queue["sessions"] for queue in net.port("a")["queues"]] == [1]


@pytest.mark.parametrize("mode", ["twice", "silent", "mute", "slots", "lengths", "ports", "more", "claims", "runs",
                                  "scribble", "storm", "abuse", "talks", "deaf", "signals", "leaves", "loops",
                                  "rewrites", "chaos"])
def test_hostile(net, fake, mode):
    """It gets its own port's frames at most; others' arrive, all of them and in order."""
    net.shield("b", fake(mode).socket, deadline_ms=100, mac=net.spaces["b"].mac)
    kind = "lossy" if mode == "chaos" else "any"
    try:
        with Flood(net, b=kind, c="judged", d="plain") as flood:
            flood.wait("c", 4000)
            flood.wait("d", 4000)
            report = flood.end()
            flood.figures(mode, "b")
            flood.strict()
        for flow in report["flows"]["b"].values():
            assert flow["got"] <= flow["sent"], flow
        queue, = net.port("b")["queues"]
        if mode in ("twice", "claims", "slots", "runs", "chaos"):
            assert queue["lies"] + queue["late"] > 0, queue
        if mode == "rewrites":
            assert queue["from_vm"]["dropped"]["source"] > 100, queue
        if mode == "abuse":
            assert queue["sessions"] >= 1, queue
    finally:
        net.clear("b")
    assert net.switch.vswitchd.poll() is None, net.switch.log()[-4000:]


@contextlib.contextmanager
def little_memory(pid, more):
    """A process that can have so many more bytes of address space than it has."""
    with open(f"/proc/{pid}/statm") as statm:
        size = int(statm.read().split()[0]) * 4096
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (size + more, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_AS, before)


NO_MEMORY = "Cannot allocate memory"


def refused(net, why, timeout=30):
    poll(lambda: [queue["error"] for queue in net.port("a")["queues"]] == [why], timeout, why)


def test_switch_without_memory(net, p4vm):
    """There is none for the rings: the port follows its policy, and heals when there is."""
    with Flood(net, **KINDS) as flood:
        flood.wait("a")
        kill(p4vm)
        poll(lambda: net.state("a") == {"down"}, 10, "the rings to be given back")
        with little_memory(net.switch.vswitchd_pid, 3 << 19):
            p4vm.start()
            refused(net, NO_MEMORY)
            flood.wait("d", 1000)
        flood.wait("a")
        flood.end()
        flood.figures("a switch without memory for the rings")
        flood.strict()


class MemoryGroup(contextlib.AbstractContextManager):
    """A memory cgroup, of whichever version the machine has: what its processes take from now on is limited."""

    def __init__(self, limit):
        v1, v2 = "/sys/fs/cgroup/memory", "/sys/fs/cgroup"
        self.parent = v1 if os.path.exists(f"{v1}/memory.limit_in_bytes") else v2
        self.path = f"{self.parent}/seki-{os.getpid()}"
        try:
            os.mkdir(self.path)
            with open(f"{self.path}/" + ("memory.limit_in_bytes" if self.parent == v1 else "memory.max"), "w") as file:
                file.write(str(limit))
        except OSError as error:
            with contextlib.suppress(OSError):
                os.rmdir(self.path)
            pytest.skip(f"no memory cgroup can be made: {error}")

    def add(self, pid):
        with open(f"{self.path}/cgroup.procs", "w") as procs:
            procs.write(str(pid))

    def __exit__(self, *_):
        """Whoever lives goes on outside."""
        with open(f"{self.path}/cgroup.procs") as procs:
            pids = procs.read().split()
        for pid in pids:
            with open(f"{self.parent}/cgroup.procs", "w") as outside, contextlib.suppress(ProcessLookupError):
                outside.write(pid)
        poll(lambda: not open(f"{self.path}/cgroup.procs").read(), 10, "the cgroup to be empty")
        os.rmdir(self.path)


def test_p4vm_out_of_memory(net, p4vm, objects):
    """It takes more than its cgroup has, and the kernel kills it."""
    with Flood(net, **KINDS) as flood:
        flood.wait("a")
        with MemoryGroup(256 << 10) as group:
            group.add(p4vm.status()["pid"])
            p4vm.shield("load", objects["hungry"], check=False)  # an entry more for each frame
            p4vm.process.wait(30)
        p4vm.start()
        flood.wait("a")
        flood.end()
        flood.figures("a P4 VM that exceeds its memory cgroup, and is killed")
        flood.strict()


def test_vswitchd_out_of_memory(net, p4vm):
    """It is killed while it makes more rings: as by kill -9, and a new one attaches to the P4 VM that goes on."""
    pid = p4vm.status()["pid"]
    with Flood(net, patience_ms=100, **KINDS) as flood:
        flood.wait("a")
        with MemoryGroup(512 << 10) as group:
            group.add(net.switch.vswitchd_pid)
            net.switch.vsctl("--no-wait", "set", "Interface", net.spaces["a"].port, "other_config:sekisho-workers=8")
            assert net.switch.vswitchd.wait(30) == -signal.SIGKILL
        net.switch.kill_vswitchd()
        net.switch.start_vswitchd()
        flood.wait("a")
        flood.wait("d")
        flood.end()
        flood.figures("ovs-vswitchd that exceeds its memory cgroup, and is killed")
    assert p4vm.status()["pid"] == pid and p4vm.process.poll() is None


class Random:
    """What befalls ports a and b while frames pass."""

    def __init__(self, net, objects, p4vm, fake, seed):
        self.net, self.objects, self.p4vm, self.fake = net, objects, p4vm, fake
        self.dice, self.done = random.Random(seed), {}
        self.liars = {}

    def stop(self):
        stop_for(self.p4vm.status()["pid"], self.dice.choice((0.01, 0.1, 0.3)))

    def crash(self):
        kill(self.p4vm)
        self.p4vm.start()

    def load(self):
        self.p4vm.load(self.objects[self.dice.choice(("judge", "deeper"))])

    def lanes(self):
        self.net.switch.vsctl("set", "Interface", self.net.spaces["a"].port,
                              f"other_config:sekisho-workers={self.dice.randint(1, 4)}",
                              f"other_config:sekisho-inflight={self.dice.choice((8, 64, 512))}",
                              f"other_config:sekisho-deadline-ms={self.dice.choice((5, 50, 500))}")

    def lie(self, port, mode, **options):
        """Those who lied before end: several of them never sleep, and a dozen starve the kernel's own threads."""
        before, self.liars[port] = self.liars.get(port), self.fake(mode)
        self.net.shield(port, self.liars[port].socket, **options)
        if before:
            before.stop()

    def liar(self):
        """Another P4 VM, which lies now and then; and back."""
        if "a" in self.liars:
            self.net.shield("a", self.p4vm.socket)
            self.liars.pop("a").stop()
        else:
            self.lie("a", "chaos")

    def neighbour(self):
        self.lie("b", self.dice.choice(("storm", "leaves", "loops", "slots", "silent", "abuse", "talks", "signals",
                                        "runs")), deadline_ms=50)

    def one(self):
        kind = self.dice.choices(("stop", "crash", "load", "lanes", "liar", "neighbour"),
                                 (6, 6, 6, 6, 4, 4))[0]
        getattr(self, kind)()
        self.done[kind] = self.done.get(kind, 0) + 1


def test_random_faults(request, net, objects, p4vm, fake):
    """None delivered against the policy, none duplicated, none corrupted; other ports' all arrive, in order."""
    packets = int(request.config.getoption("--packets"))
    faults = Random(net, objects, p4vm, fake, packets)
    faults.neighbour()
    try:
        with Flood(net, packets, a="lossy", b="any", c="judged", d="plain") as flood:
            report = flood.ask()
            while report["sent"] < packets - 1000:
                with contextlib.suppress(TimeoutError):  # a lie may have to be found out first
                    flood.wait("a", faults.dice.choice((1, 100, 1000)), 1)
                faults.one()
                report = flood.ask()
            flood.end()
            flood.figures(f"random faults ({', '.join(f'{n} {kind}' for kind, n in sorted(faults.done.items()))})")
            flood.strict()
        assert sum(flow["got"] for flow in flood.report["flows"]["a"].values()) > packets / 2000
    finally:
        net.clear("b")
    assert net.switch.vswitchd.poll() is None


def measure(net, seconds=0.7):
    """(frames a second, median and 99th percentile of microseconds through the switch) of c and of d."""
    with Flood(net, b="any", c="judged", d="plain") as flood:
        poll(lambda: flood.ask()["seconds"] > seconds, 60, "the measurement", step=seconds / 10)
        report = flood.end()
        flood.strict()
    return {name: (flow["got"] / report["seconds"], flow["p50_us"], flow["p99_us"])
            for name, flow in ((name, report["flows"][name]["to"]) for name in ("c", "d"))}


@pytest.mark.parametrize("worst", ["slow", "silent", "chaos", "loops"])
def test_tenants_apart(net, build, objects, fake, tmp_path, worst):
    """A neighbour at its worst: the slowest program, full rings, lies, a crash every 100 ms. Both ways in turn, the
    best of five each, with bounds for a machine that does other things meanwhile."""
    os.chmod(tmp_path, 0o755)
    good = P4VM(build, str(tmp_path), "good", program=objects["judge"])
    bad = None
    try:
        if worst == "slow":
            bad = P4VM(build, str(tmp_path), "slow", program=objects["slow"], options=("--cpus", "0.2"))
        sockets = {"good": good.socket, "bad": bad.socket if bad else fake(worst).socket}
        runs = {"good": [], "bad": []}
        for _ in range(5):
            for which, socket in sockets.items():
                net.shield("b", socket, deadline_ms=100)
                runs[which].append(measure(net))
                net.clear("b")
    finally:
        for one in (good, bad):
            if one:
                one.stop()
        net.clear("b")
    best = {which: {name: (max(run[name][0] for run in them), min(run[name][1] for run in them),
                           min(run[name][2] for run in them)) for name in ("c", "d")}
            for which, them in runs.items()}
    for name, what in (("c", "another tenant's port"), ("d", "an unshielded port")):
        beside, alone = best["bad"][name], best["good"][name]
        print(f"{worst}: {what}: {beside[0]:.0f} frames/s beside it, {alone[0]:.0f} beside a good one "
              f"({beside[0] / alone[0]:.2f}); us through the switch: p50 {beside[1]:.0f} for {alone[1]:.0f}, "
              f"p99 {beside[2]:.0f} for {alone[2]:.0f}")
        assert beside[0] > 0.3 * alone[0] and beside[1] < 4 * alone[1] + 1000, best
