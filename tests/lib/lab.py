# SPDX-License-Identifier: Apache-2.0
"""The laboratory of the experiment: a switch with a client (network namespace) and a real VM on a port
that can be shielded, the VM's P4 VM, and the agent in the VM. For the demo and the system tests.
"""
import contextlib
import json
import os
import secrets
import subprocess
import tempfile
import time

import icmp
from ovs import Switch
from vm import VM

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT_IP, VM_IP = "10.77.0.1", "10.77.0.2"
CLIENT_MAC, VM_MAC = "02:00:00:77:00:01", "02:00:00:77:00:02"
STALE_MS = 2000  # ms: SEKI_VMINFO_STALE_MS


def poll(condition, timeout, what, step=0.02):
    """Calls condition() until it returns something true, which is returned, or raises after timeout s."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout} s")
        time.sleep(step)


def tcp_stream(server, client, *options):
    """A stream of iperf3's from `client` to `server`, both namespaces: what it says at the end. Its exit code says nothing:
    with -J it is 0 after any error."""
    daemon = server.popen(["iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
    try:
        poll(lambda: ":5201" in server.run(["ss", "-Hltn"]).stdout, 15, "iperf3's server")
        said = json.loads(client.run(["iperf3", "-c", server.address, "-J", *options], check=False).stdout)
        if "sum_received" not in said["end"]:
            raise AssertionError(f"iperf3: {said.get('error', said)}")
        return said["end"]
    finally:
        daemon.kill()
        daemon.wait()


class P4VM:
    """A sekisho-p4vmd of its own, run and controlled by `sekisho shield` as a user would."""

    def __init__(self, build, workdir, name, facts=None, key=None, program=None, options=(),
                 ready_s=10):
        self.sekisho = os.path.join(build, "main", "cli", "sekisho")
        self.name, self.workdir, self.ready_s = name, workdir, ready_s
        self.env = dict(os.environ, SEKISHO_RUN_DIR=os.path.join(workdir, "run"))
        self.args = [*options]
        for option, value in (("--facts", facts), ("--key", key), ("--program", program)):
            self.args += [option, value] if value else []
        self.socket = os.path.join(workdir, "run", name, "port.sock")
        self.log = os.path.join(workdir, f"p4vm-{name}.log")
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([self.sekisho, "shield", "run", self.name, *self.args],
                                            env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        try:
            poll(self._answers, self.ready_s, f"P4 VM {self.name} to answer (see {self.log})")
        except BaseException:
            self.stop()
            raise

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"P4 VM {self.name} ended:\n{open(self.log).read()}")
        return self.shield("status", "--json", check=False).returncode == 0

    def shield(self, verb, *args, check=True):
        return subprocess.run([self.sekisho, "shield", verb, self.name, *args], env=self.env,
                              check=check, capture_output=True, text=True, timeout=30)

    def load(self, program):
        self.shield("load", program)

    def status(self):
        return json.loads(self.shield("status", "--json").stdout)

    def heartbeat_age_ms(self):
        """Age of the newest heartbeat of the VM's agent; infinite if there was none."""
        age = (self.status()["facts"] or {}).get("heartbeat_age_ms")
        return float("inf") if age is None else age

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()


class InlineP4VM(P4VM):
    """One inside a switch, which runs it: the same commands, no process."""

    def __init__(self, switch, build, workdir, name, options=(), **more):
        self.appctl = f"{switch.dir}/ovs-vswitchd.ctl"
        self.path = os.path.join(switch.root, "bin")
        super().__init__(build, workdir, name, options=options, **more)
        self.socket = f"inline:{name}"

    def start(self):
        env = dict(self.env, PATH=f"{self.path}:{os.environ['PATH']}")
        run = subprocess.run([self.sekisho, "shield", "run", self.name, "--isolation=inline", "--ovs-appctl",
                              self.appctl, *self.args], env=env, capture_output=True, text=True, timeout=60)
        if run.returncode:
            raise RuntimeError(run.stderr)

    def stop(self):
        self.shield("stop", check=False)


class Watcher:
    """What ICMP a device receives, at the client or in the VM; see icmp.py."""

    def __init__(self, job, text):
        self.job, self.text = job, text

    def seen(self, since=0):
        lines = [json.loads(line) for line in self.text().splitlines() if line.endswith("}")]
        return [line for line in lines if "type" in line][since:]


def build_program(build, source, out):
    """Compiles a P4 program with `sekisho p4 build`; returns the object's path."""
    subprocess.run([os.path.join(build, "main", "cli", "sekisho"), "p4", "build", source, "-o", out],
                   check=True, timeout=60)
    return out


class Lab(contextlib.ExitStack):
    """Everything of the experiment, up. Leaves nothing behind, also where setting up fails."""

    def __init__(self, build, program, say=lambda text: None, shield_options=()):
        super().__init__()
        self.build, self.say = build, say
        try:
            self._set_up(program, shield_options)
        except BaseException:
            self.close()
            raise

    def _set_up(self, program, shield_options):
        self.dir = self.enter_context(tempfile.TemporaryDirectory(prefix="seki-lab-"))
        os.chmod(self.dir, 0o755)
        self.facts, self.key = os.path.join(self.dir, "facts"), os.path.join(self.dir, "key")
        with open(os.open(self.key, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as key:
            key.write(secrets.token_bytes(32))
        self.say("switch: Open vSwitch with the hook, a client in a namespace, a tap for the VM")
        self.switch = self.enter_context(Switch(self.build))
        self.client = self.switch.add_namespace("client", CLIENT_IP + "/24", mac=CLIENT_MAC)
        self.tap = self.switch.add_tap("vm")
        self.say("P4 VM: a sandboxed process")
        self.p4vm = P4VM(self.build, self.dir, "lab", self.facts, self.key, program, shield_options)
        self.callback(self.p4vm.stop)
        self.shield()
        self.say("user VM: QEMU, Debian's kernel; the agent in it")
        self.boot()

    def shield(self, **options):
        """Shields the VM's port; options are the keys of other_config without their prefix."""
        self.switch.shield(self.tap, self.p4vm.socket, **options)
        poll(lambda: "up" in self.switch.appctl("sekisho/show", self.tap), 10, "the port to be shielded")

    def boot(self):
        self.vm = self.enter_context(VM(taps=[(self.tap, VM_MAC)], ivshmem=[self.facts]))
        self.vm.run(f"ip addr add {VM_IP}/24 dev eth0 && ip link set eth0 up")
        self.start_agent()

    def start_agent(self):
        self.vm.write("/run/key", open(self.key, "rb").read())
        agent = os.path.join(self.build, "main", "guest", "agent", "sekisho-agent")
        self.agent = self.vm.start(f"chmod 600 /run/key; exec {agent} --key /run/key")
        poll(lambda: self.p4vm.heartbeat_age_ms() < 1000, 20,
             "the agent's first heartbeat")

    def watch_vm(self):
        job = self.vm.start(f"exec /usr/bin/python3 {HERE}/icmp.py watch eth0")
        job.expect("watching", timeout=20)
        return Watcher(job, lambda: job.out)

    def watch_client(self):
        path = os.path.join(self.dir, f"watch-{secrets.token_hex(4)}")
        with open(path, "w") as out:
            job = self.client.popen(["/usr/bin/python3", f"{HERE}/icmp.py", "watch",
                                     self.client.device], stdout=out)
        self.callback(job.wait)
        self.callback(job.kill)
        poll(lambda: "watching" in open(path).read(), 10, "the client's watcher")
        return Watcher(job, lambda: open(path).read())

    def client_sends(self, *packets):
        """IPv4 packets (bytes), from the client to the VM."""
        frames = [icmp.ethernet(CLIENT_MAC, VM_MAC, packet).hex() for packet in packets]
        self.client.run(["/usr/bin/python3", f"{HERE}/icmp.py", "send", self.client.device],
                        input="\n".join(frames) + "\n", text=True)

    def vm_sends_udp(self, sport, dport, wait=2.0):
        """One datagram from the VM to the client; returns what the socket then saw."""
        return self.vm.run("/usr/bin/python3 -c '" + UDP_PROBE.format(
            sport=sport, dport=dport, wait=wait, client=CLIENT_IP) + "'").out.strip()


UDP_PROBE = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", {sport}))
s.connect(("{client}", {dport}))
s.settimeout({wait})
s.send(b"hello")
try:
    print("answer", s.recv(100))
except ConnectionRefusedError:
    print("ECONNREFUSED")
except TimeoutError:
    print("nothing")
"""
