# SPDX-License-Identifier: Apache-2.0
"""A private Open vSwitch for a test: its own database, daemon and bridge (userspace datapath), with network
namespaces and tap devices as ports. Nothing of the machine's own is touched; close() takes all of it down.

    with Switch(build) as switch:
        client = switch.add_namespace("client", "10.0.0.1/24")
        server = switch.add_namespace("server", "10.0.0.2/24")
        switch.shield(server.port, "/run/sekisho/alice/port.sock", fail="open")
        client.run(["ping", "-c", "1", "10.0.0.2"])
        print(switch.appctl("sekisho/show"))
"""
import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import tempfile
import time

NETNS = "/run/netns"  # where ip-netns(8) keeps its names
NO_OFFLOADS = ("tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")


def _run(*argv, check=True, **options):
    run = subprocess.run(argv, capture_output=True, text=True, timeout=60, **options)
    if check and run.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {run.stderr.strip() or run.stdout.strip()}")
    return run.stdout


class Namespace:
    """A host on the bridge: a network namespace with one veth, `device`, whose other end is `port`."""

    device = "eth0"

    def __init__(self, name, port, address, mac):
        self.name, self.port, self.address, self.mac = name, port, address, mac

    def run(self, argv, check=True, timeout=120, **options):
        """Runs a command in the namespace; its output is captured unless told otherwise."""
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.STDOUT)
        options.setdefault("text", True)
        run = subprocess.run(["ip", "netns", "exec", self.name, *argv], timeout=timeout, **options)
        if check and run.returncode:
            raise RuntimeError(f"{self.name}: {' '.join(argv)}: exit code {run.returncode}\n{run.stdout}")
        return run

    def popen(self, argv, **options):
        """Starts a command in the namespace; the caller ends it (`ip netns exec` becomes the command)."""
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(["ip", "netns", "exec", self.name, *argv], **options)


class Switch(contextlib.ExitStack):
    """`build` is the build folder, `ovs` which Open vSwitch of it to run, `environ` goes to ovs-vswitchd;
    with `dpdk`, so many MiB of memory that need no hugepages, DPDK's ports can be added; `config` is other_config."""

    def __init__(self, build, ovs="ovs", environ=None, dpdk=0, config=()):
        super().__init__()
        self.config = list(config)
        if dpdk:
            # Without --legacy-mem Open vSwitch adds --in-memory, which EAL does not take with --no-huge.
            self.config += ["dpdk-init=true", "per-port-memory=true",
                            f'dpdk-extra="--no-pci --no-huge --legacy-mem -m {dpdk}"']
        self.root = os.path.join(build, ovs)
        self.tag = "sk" + secrets.token_hex(2)
        self.bridge = self.tag + "br"
        self.environ = environ or {}
        self.ports = 0
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise

    def _set_up(self):
        self._lock()
        if not self._netns_mounted():
            self.callback(self._unmount_netns)  # which the first `ip netns add` of a machine mounts
        self.dir = self.enter_context(tempfile.TemporaryDirectory(prefix="seki-ovs-"))
        self.env = dict(os.environ, OVS_RUNDIR=self.dir, OVS_LOGDIR=self.dir, OVS_DBDIR=self.dir,
                        OVS_SYSCONFDIR=self.dir)
        self.db = f"unix:{self.dir}/db.sock"
        _run(self.program("ovsdb-tool"), "create", f"{self.dir}/conf.db",
             f"{self.root}/share/vswitch.ovsschema", env=self.env)
        self.start_ovsdb()
        self.callback(self._stop, lambda: self.ovsdb)
        for device in ("ovs-netdev", self.bridge):  # ovs-vswitchd makes them persistent
            self.callback(self._delete_link, device)
        self.vsctl("--no-wait", "init")
        for setting in self.config:
            self.vsctl("--no-wait", "set", "Open_vSwitch", ".", f"other_config:{setting}")
        self.start_vswitchd()
        self.callback(self._stop, lambda: self.vswitchd)
        self.vsctl("add-br", self.bridge, "--", "set", "bridge", self.bridge, "datapath_type=netdev")

    def _lock(self):
        """One at a time on a machine: every userspace datapath has a device of the name ovs-netdev.
        Whoever has the abstract address has the machine; it goes with its process."""
        lock = self.enter_context(socket.socket(socket.AF_UNIX))
        deadline = time.monotonic() + 600
        while True:
            try:
                lock.bind("\0sekisho-ovs")
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise TimeoutError("another Open vSwitch of the tests runs on this machine") from None
                time.sleep(0.2)
        if os.path.exists("/sys/class/net/ovs-netdev"):
            if _run("ps", "-C", "ovs-vswitchd", "-o", "pid=", check=False).strip():
                raise RuntimeError("an Open vSwitch with a userspace datapath runs on this machine; stop "
                                   "it first: only one can have the device ovs-netdev")
            self._delete_link("ovs-netdev")  # of one that was killed

    # The daemons.

    def program(self, name):
        return os.path.join(self.root, "bin", name)

    def _start(self, name, *args, environ=None):
        return subprocess.Popen(
            [self.program(name), *args, f"--unixctl={self.dir}/{name}.ctl",
             f"--log-file={self.dir}/{name}.log", "-vconsole:off"],
            env=dict(self.env, **(environ or {})), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @staticmethod
    def _stop(process):
        """Ends a daemon; one that is stopped or hangs as well."""
        daemon = process()
        if daemon.poll() is None:
            daemon.send_signal(signal.SIGCONT)
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
        daemon.wait()

    def _wait(self, condition, what, timeout=20):
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {timeout} s")
            time.sleep(0.02)

    def start_ovsdb(self):
        self.ovsdb = self._start("ovsdb-server", f"{self.dir}/conf.db", f"--remote=p{self.db}")
        self._wait(lambda: os.path.exists(f"{self.dir}/db.sock"), "ovsdb-server's socket")

    def kill_ovsdb(self):
        """Ends the database without a farewell; start_ovsdb() brings it back as it was."""
        self.ovsdb.kill()
        self.ovsdb.wait()
        for left in ("db.sock", "ovsdb-server.ctl"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{self.dir}/{left}")

    def start_vswitchd(self, *options):
        self.vswitchd = self._start("ovs-vswitchd", self.db, "--disable-system", *options, environ=self.environ)
        self._wait(lambda: os.path.exists(f"{self.dir}/ovs-vswitchd.ctl"), "ovs-vswitchd's socket")

    @property
    def vswitchd_pid(self):
        return self.vswitchd.pid

    def kill_vswitchd(self, signum=signal.SIGKILL):
        """Ends the daemon without a farewell; start_vswitchd() brings it back with all its ports."""
        self.vswitchd.send_signal(signum)
        self.vswitchd.wait()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self.dir}/ovs-vswitchd.ctl")

    def log(self):
        """What ovs-vswitchd has logged."""
        with open(f"{self.dir}/ovs-vswitchd.log", errors="replace") as text:
            return text.read()

    # The tools.

    def vsctl(self, *args):
        return _run(self.program("ovs-vsctl"), f"--db={self.db}", "--timeout=20", *args, env=self.env)

    def ofctl(self, *args):
        return _run(self.program("ovs-ofctl"), *args, env=self.env)

    def appctl(self, *args):
        return _run(self.program("ovs-appctl"), "-t", f"{self.dir}/ovs-vswitchd.ctl", *args, env=self.env)

    # The ports.

    def _port(self):
        self.ports += 1
        return f"{self.tag}p{self.ports}"

    def add_namespace(self, name, address, mac=None, mtu=1500, offloads=False):
        """A namespace on the bridge, with an IPv4 address ("10.0.0.1/24"), without offloads if not asked for."""
        space, port, inner = f"{self.tag}-{name}", self._port(), f"{self.tag}i{self.ports}"
        _run("ip", "netns", "add", space)
        self.callback(_run, "ip", "netns", "del", space)
        _run("ip", "link", "add", port, "mtu", str(mtu), "type", "veth", "peer", "name", inner, "mtu", str(mtu))
        self.callback(self._delete_link, port)
        mac = mac or f"02:00:00:5e:00:{self.ports:02x}"
        _run("ip", "link", "set", inner, "netns", space, "name", "eth0", "address", mac)
        inside = ("ip", "netns", "exec", space)
        _run(*inside, "sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
        if not offloads:
            _run(*inside, "ethtool", "-K", "eth0", *NO_OFFLOADS)
        for device in ("lo", "eth0"):
            _run(*inside, "ip", "link", "set", device, "up")
        _run(*inside, "ip", "addr", "add", address, "dev", "eth0")
        self._attach(port, offloads)
        return Namespace(space, port, address.split("/")[0], mac)

    def add_tap(self, _purpose="", offloads=False):
        """A tap device on the bridge, for a VM, without offloads if not asked for; returns its name."""
        port = self._port()
        _run("ip", "tuntap", "add", port, "mode", "tap")
        self.callback(self._delete_link, port)
        self._attach(port, offloads)
        return port

    def add_port(self, name, kind, **options):
        """A port of one of Open vSwitch's own types (dpdk, afxdp ...), with options of that type."""
        settings = [f"options:{key.replace('_', '-')}={value}" for key, value in options.items()]
        self.vsctl("add-port", self.bridge, name, "--", "set", "Interface", name, f"type={kind}", *settings)
        error = self.vsctl("get", "Interface", name, "error").strip()
        if error != "[]":
            raise RuntimeError(f"{name}: {error}\n{self.log()[-2000:]}")
        return name

    def poll_on(self, *cores):
        """Polling threads on these cores, for ports that are polled; idle ones sleep a little."""
        mask = sum(1 << core for core in cores)
        self.vsctl("set", "Open_vSwitch", ".", f"other_config:pmd-cpu-mask={mask:x}",
                   "other_config:pmd-maxsleep=100")

    def perf(self, seconds=1.0):
        """What polling threads did for that long: {core: {"rx": packets, "tx": packets, "cycles": of all,
        "cycles_per_packet": of those that were received, "batch": packets of one that was sent}}."""
        self.appctl("dpif-netdev/pmd-stats-clear")
        time.sleep(seconds)
        threads = {}
        text = self.appctl("dpif-netdev/pmd-perf-show", "-nh")
        for thread in re.split(r"pmd thread numa_id \d+ core_id ", text)[1:]:
            def number(pattern, text=thread):
                found = re.search(pattern, text)
                return float(found.group(1)) if found else 0.0
            threads[int(thread.split(":")[0])] = {
                "rx": int(number(r"Rx packets: +(\d+)")), "tx": int(number(r"Tx packets: +(\d+)")),
                "cycles": int(number(r"Used TSC cycles: +(\d+)")),
                "cycles_per_packet": number(r"Rx packets:.*?([\d.]+) cycles/pkt"),
                "batch": number(r"Tx batches:.*?([\d.]+) pkts/batch")}
        return threads

    def flows(self, *flows):
        """These flows and no others."""
        self.ofctl("del-flows", self.bridge)
        for flow in flows:
            self.ofctl("add-flow", self.bridge, flow)

    def _attach(self, port, offloads=False):
        _run("sysctl", "-qw", f"net.ipv6.conf.{port}.disable_ipv6=1")
        if not offloads:
            _run("ethtool", "-K", port, *NO_OFFLOADS)
        _run("ip", "link", "set", port, "up")
        self.vsctl("add-port", self.bridge, port)

    @staticmethod
    def _unmount_netns():
        if Switch._netns_mounted() and not os.listdir(NETNS):
            _run("umount", NETNS)
            os.rmdir(NETNS)

    @staticmethod
    def _netns_mounted():
        with open("/proc/self/mounts") as mounts:
            return any(line.split()[1] == NETNS for line in mounts)

    @staticmethod
    def _delete_link(name):
        if os.path.exists(f"/sys/class/net/{name}"):
            _run("ip", "link", "del", name)

    def shield(self, port, socket, **options):
        """Shields a port; options are keys of other_config without their prefix (fail, deadline_ms ...)."""
        keys = {"sekisho": socket}
        keys.update({"sekisho-" + key.replace("_", "-"): value for key, value in options.items()})
        self.vsctl("set", "Interface", port, *(f"other_config:{k}={v}" for k, v in keys.items()))

    def unshield(self, port):
        self.vsctl("remove", "Interface", port, "other_config", "sekisho")


class NullSwitch(Switch):
    """Ports that make packets without end and others that take them, all without system calls, so that a shield's
    cost shows as cycles per packet (perf()): `null0` to `null1`, of frames of `size` bytes, polled on `core`."""

    def __init__(self, build, ovs="ovs", size=64, core=1, environ=None):
        super().__init__(build, ovs, environ, dpdk=512)
        try:
            self.poll_on(core)
            for port in ("null0", "null1"):
                self.add_port(port, "dpdk", dpdk_devargs=f'"net_null{port[-1]},size={size}"')
            self.flows("in_port=null0,actions=output:null1", "in_port=null1,actions=drop")
        except BaseException:
            self.close()
            raise
