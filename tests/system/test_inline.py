# SPDX-License-Identifier: Apache-2.0
"""The isolation level inline: a P4 VM inside the switch is run, loaded, asked and stopped as any other, and the
switch outlives all of it."""
import json
import os
import resource
import signal
import subprocess

import pytest

from lab import InlineP4VM, build_program, poll
from ovs import Switch
from test_hook_pmd import PASS

DROP = PASS.replace("{ apply { } }", "{ apply { mark_to_drop(); } }", 1)


@pytest.fixture(scope="module")
def programs(build, tmp_path_factory):
    out = tmp_path_factory.mktemp("programs")
    (out / "bad.o").write_bytes(b"no object")
    for name, text in (("pass", PASS), ("drop", DROP)):
        (out / f"{name}.p4").write_text(text)
        build_program(build, str(out / f"{name}.p4"), str(out / f"{name}.o"))
    return {name: str(out / f"{name}.o") for name in ("pass", "drop", "bad")}


@pytest.fixture(scope="module")
def switch(build):
    with Switch(build) as switch:
        switch.vm, switch.peer = (switch.add_namespace(name, f"10.83.0.{i}/24") for i, name in
                                  enumerate(("vm", "peer"), 1))
        yield switch
        assert switch.vswitchd.poll() is None, switch.log()[-4000:]


@pytest.fixture
def start(build, switch, tmp_path):
    """Starts P4 VMs; they are all gone at the end, and the port is free."""
    started = []

    def one(name="vm", **options):
        started.append(InlineP4VM(switch, build, str(tmp_path), name, **options))
        return started[-1]

    yield one
    for p4vm in started:
        p4vm.stop()
    switch.vsctl("clear", "Interface", switch.vm.port, "other_config")
    poll(lambda: switch.appctl("sekisho/show") == "no port is shielded\n", 10, "the shield to be gone")


def reach(switch, count=3):
    run = switch.peer.run(["ping", "-n", "-q", "-c", str(count), "-i", "0.05", "-W", "1", switch.vm.address],
                          check=False)
    return run.returncode == 0


def queue(switch, port):
    shown, = json.loads(switch.appctl("sekisho/show", "--json", port))["ports"]
    return shown["queues"][0]


def shield(switch, p4vm, **options):
    switch.shield(switch.vm.port, p4vm.socket, **options)
    poll(lambda: "up" in switch.appctl("sekisho/show"), 10, "the port to be up")


def test_life(switch, programs, start):
    """Run, status, load, a load that is refused, unload, stop, and run again, under one shield."""
    p4vm = start(program=programs["pass"])
    shield(switch, p4vm)
    assert reach(switch)
    status = p4vm.status()
    assert (status["isolation"], status["pid"], status["program"]["name"]) == ("inline", switch.vswitchd_pid, "pass.o")
    assert status["queues"][0]["port"] == switch.vm.port and status["queues"][0]["passed"] >= 6
    p4vm.load(programs["drop"])
    assert not reach(switch)
    status = p4vm.status()
    assert status["drops"]["program"] >= 3 and status["sites"][0]["count"] >= 3
    assert queue(switch, switch.vm.port)["from_network"]["dropped"]["verdict"] >= 3
    refused = p4vm.shield("load", programs["bad"], check=False)
    assert refused.returncode == 1 and "still runs" in refused.stderr
    assert p4vm.status()["program"]["name"] == "drop.o" and not reach(switch, 1)
    p4vm.load(programs["pass"])
    assert reach(switch)
    p4vm.shield("unload")
    assert not reach(switch, 1)
    p4vm.shield("stop")
    poll(lambda: queue(switch, switch.vm.port)["state"] == "down", 5, "the end to be noticed")
    assert not reach(switch, 1)
    assert queue(switch, switch.vm.port)["from_network"]["dropped"]["down"] >= 1
    assert queue(switch, switch.vm.port)["error"] == "No such file or directory"
    p4vm.args = ["--no-program", "pass"]
    p4vm.start()
    poll(lambda: queue(switch, switch.vm.port)["state"] == "up", 5, "the new one to be found")
    assert reach(switch)


def test_nobody_there_follows_the_policy(switch, programs, start):
    switch.shield(switch.vm.port, "inline:vm", fail="open")
    assert reach(switch)
    p4vm = start(program=programs["drop"])
    poll(lambda: queue(switch, switch.vm.port)["state"] == "up", 5, "it to be found")
    assert not reach(switch, 1)
    p4vm.shield("stop")
    poll(lambda: queue(switch, switch.vm.port)["state"] == "down", 5, "the end")
    assert reach(switch)


def test_what_cannot_be_started_says_why(switch, build, programs, start, tmp_path):
    start(program=programs["pass"])
    facts = str(tmp_path / "facts")
    for options, why in ((("--program", programs["pass"]), "runs already"),
                         (("--facts", facts), "go together"),
                         (("--facts", facts, "--key", str(tmp_path / "nokey")), "nokey"),
                         (("--workers", "0"), "--workers"), (("--cpus", "1"), "--cpus"),
                         (("--no-program", "maybe"), "drop or pass")):
        with pytest.raises(RuntimeError, match=why):
            InlineP4VM(switch, build, str(tmp_path), "vm" if "already" in why else "other", options=options)
    # A first program that is refused: nothing stays.
    with pytest.raises(RuntimeError, match="refused"):
        InlineP4VM(switch, build, str(tmp_path), "other", program=programs["bad"])
    assert not os.path.exists(tmp_path / "run" / "other" / "control.sock")
    with pytest.raises(RuntimeError, match="refused"):
        InlineP4VM(switch, build, str(tmp_path), "other", program=programs["pass"], options=("--max-insns", "2"))


def test_a_process_is_not_stopped_as_inline(switch, build, programs, start):
    """Where its socket for switches was removed, a P4 VM is asked to end, and refuses; nobody is killed."""
    p4vm = start(program=programs["pass"])
    assert p4vm.shield("stop").returncode == 0
    assert switch.vswitchd.poll() is None
    env = dict(p4vm.env)
    process = subprocess.Popen([p4vm.sekisho, "shield", "run", "vm"], env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert "ready" in process.stdout.readline()
        os.unlink(os.path.join(env["SEKISHO_RUN_DIR"], "vm", "port.sock"))
        assert p4vm.shield("stop", check=False).returncode == 1
        assert process.poll() is None
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_comes_back_in_a_new_switch(switch, programs, start):
    """With the programs that it had, of all ports and of single ones; what was stopped does not."""
    p4vm, other = start(program=programs["drop"]), start("other", program=programs["drop"])
    shield(switch, p4vm)
    p4vm.shield("load", "--port", "nobodys", programs["pass"])
    p4vm.shield("load", "--port", switch.vm.port, programs["pass"])
    p4vm.shield("load", "--port", "somebodys", programs["drop"])
    p4vm.shield("unload", "--port", "nobodys")
    other.shield("stop")
    for _ in range(2):
        switch.kill_vswitchd()
        switch.start_vswitchd()
        poll(lambda: reach(switch, 1), 10, "traffic again")
        status = p4vm.status()
        assert (status["pid"], status["program"]["name"]) == (switch.vswitchd_pid, "drop.o")
        assert {p["port"]: p["program"]["name"] for p in status["ports"]} == {switch.vm.port: "pass.o", "somebodys": "drop.o"}
        assert other.shield("status", check=False).returncode == 1
    p4vm.shield("stop")
    switch.kill_vswitchd()
    switch.start_vswitchd()
    poll(lambda: "down" in switch.appctl("sekisho/show"), 10, "the new switch")
    assert not reach(switch, 1)


def test_comes_back_after_a_crash(switch, programs, start):
    """Open vSwitch's own monitor starts the next process."""
    p4vm = start(program=programs["pass"])
    shield(switch, p4vm)
    switch.kill_vswitchd()
    switch.start_vswitchd("--monitor")
    monitor = switch.vswitchd_pid
    try:
        poll(lambda: reach(switch, 1), 10, "traffic")
        pid = p4vm.status()["pid"]
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
        os.kill(pid, signal.SIGSEGV)
        poll(lambda: reach(switch, 1), 20, "traffic again")
        assert p4vm.status()["pid"] not in (pid, monitor)
    finally:
        switch.appctl("exit")  # and the monitor with it
        switch.vswitchd.wait(10)
        switch.start_vswitchd()
        poll(lambda: reach(switch, 1), 10, "traffic after an orderly end")


def kept(switch, name):
    return f"{switch.dir}/sekisho-inline/{name}"


def test_follows_the_policy_where_it_cannot_come_back(switch, programs, start):
    """Part of it was spoiled, or the switch died of it time and again: not half of it, and not for ever."""
    p4vm = start(program=programs["pass"], options=("--no-program", "pass"))
    shield(switch, p4vm)
    with open(kept(switch, "vm/0"), "r+b") as request:
        request.seek(200)
        request.write(b"spoiled")
    switch.kill_vswitchd()
    switch.start_vswitchd()
    poll(lambda: "vm: does not come back" in switch.log(), 10, "the log's word of it")
    assert not reach(switch, 1) and switch.vswitchd.poll() is None
    p4vm.args = ["--program", programs["pass"]]
    p4vm.start()
    for _ in range(6):
        poll(lambda: reach(switch, 1), 10, "traffic")
        switch.kill_vswitchd()
        switch.start_vswitchd()
        if "soon after each of its last starts" in switch.log():
            break
    poll(lambda: "soon after each of its last starts" in switch.log(), 10, "the log's word of it")
    assert not reach(switch, 1)
    p4vm.start()
    poll(lambda: reach(switch, 1), 10, "traffic again")
