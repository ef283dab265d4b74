# SPDX-License-Identifier: Apache-2.0
"""Real virtual machines for tests and the demo: QEMU without KVM, Debian's kernel, and this machine's
own root file system under a tmpfs (read-only over 9p), so that no image is built.

    with VM(taps=["tap0"], ivshmem=["/path/region"]) as vm:
        vm.run("ip addr add 10.0.0.2/24 dev eth0 && ip link set eth0 up")
        job = vm.start("tcpdump -n")            # in the background
        job.expect("listening", timeout=10)
        print(vm.run("uname -r").out)

Everything has a deadline, and nothing outlives the object: close() kills QEMU by its process id, the
guest powers off by itself where this process dies, and all files lie in a directory that close() removes.
The guest sees files that the host makes after boot only if it has not looked for them before.
One virtual CPU is the default: with two, detaching a tracing program can lock a TCG guest up.
"""
import atexit
import fcntl
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
BOOT_MODULES = ["virtio_pci", "virtio_console", "9p", "9pnet_virtio", "overlay", "virtio_net"]
FRAME = struct.Struct("<III")
RUN, SIGNAL, READY, OUT, ERR, EXIT = 1, 2, 16, 17, 18, 19

# No offloads: what the guest sends is whole on the wire, for switches that read it off the tap.
PLAIN_NIC = ",".join(f"{x}=off" for x in (
    "csum", "guest_csum", "gso", "host_tso4", "host_tso6", "host_ecn", "host_ufo",
    "guest_tso4", "guest_tso6", "guest_ecn", "guest_ufo"))


class VMError(Exception):
    """The machine or a command in it did not do what was asked in time."""


class CommandFailed(VMError):
    """A command ended with another exit code than 0."""

    def __init__(self, result):
        super().__init__(f"{result.command!r} ended with {result.code}\n{result.out}{result.err}")
        self.result = result


class Result:
    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    def __repr__(self):
        return f"Result(code={self.code}, out={self.out!r}, err={self.err!r})"


def kernel():
    """(version, path) of the newest Debian kernel in /boot that is not a cloud one."""
    found = [p for p in glob.glob("/boot/vmlinuz-*-amd64") if "-cloud-" not in p]
    if not found:
        raise VMError("no /boot/vmlinuz-*-amd64: install linux-image-amd64")
    path = max(found, key=lambda p: [int(n) for n in re.findall(r"\d+", p)])
    return path[len("/boot/vmlinuz-"):], path


def module_files(version):
    """The .ko files of BOOT_MODULES and what they need, in load order."""
    files = []
    for name in BOOT_MODULES:
        shown = subprocess.run(["/usr/sbin/modprobe", "-S", version, "--show-depends", name],
                               check=True, capture_output=True, text=True).stdout
        files += re.findall(r"^insmod (\S+)", shown, re.M)
    return list(dict.fromkeys(files))


def _make_initramfs(modules, source, out):
    with tempfile.TemporaryDirectory(dir=os.path.dirname(out)) as top:
        for d in ("modules", "lower", "rw", "new", "dev", "proc", "sys"):
            os.mkdir(f"{top}/{d}")
        with open(f"{top}/modules/list", "w", encoding="ascii") as names:
            for path in modules:
                shutil.copy(path, f"{top}/modules/")
                names.write(os.path.basename(path) + "\n")
        subprocess.run(["cc", "-static", "-O2", "-D_GNU_SOURCE", "-o", f"{top}/init", source], check=True)
        files = "\n".join(os.path.relpath(os.path.join(d, f), top)
                          for d, subs, names in os.walk(top) for f in subs + names)
        with open(out + ".new", "wb") as image:
            subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=files.encode(), cwd=top,
                           stdout=image, check=True)
        os.rename(out + ".new", out)


def initramfs(version):
    """Path of the initramfs for a kernel; made once, under build/vm/."""
    source = os.path.join(HERE, "initramfs", "init.c")
    modules = module_files(version)
    digest = hashlib.sha256(open(source, "rb").read())
    for path in modules:
        st = os.stat(path)
        digest.update(f"{path} {st.st_size} {st.st_mtime_ns}\n".encode())
    where = os.path.join(os.environ.get("SEKISHO_BUILD", os.path.join(REPO, "build")), "vm")
    os.makedirs(where, exist_ok=True)
    out = os.path.join(where, f"initramfs-{version}-{digest.hexdigest()[:12]}")
    with open(os.path.join(where, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(out):
            _make_initramfs(modules, source, out)
    return out


class Job:
    """A command that runs in the machine. Its output comes as it is written."""

    def __init__(self, vm, number, command):
        self.vm, self.number, self.command = vm, number, command
        self.code = None
        self._data = {OUT: bytearray(), ERR: bytearray()}

    @property
    def out(self):
        with self.vm.changed:
            return self._data[OUT].decode(errors="replace")

    @property
    def err(self):
        with self.vm.changed:
            return self._data[ERR].decode(errors="replace")

    @property
    def out_bytes(self):
        with self.vm.changed:
            return bytes(self._data[OUT])

    def wait(self, timeout=30, check=False):
        """Waits for the end and returns the Result; raises VMError where it takes longer."""
        self.vm.until(lambda: self.code is not None, timeout, f"end of {self.command!r}")
        result = Result(self.command, self.code, self.out, self.err)
        if check and self.code != 0:
            raise CommandFailed(result)
        return result

    def expect(self, pattern, timeout=30):
        """Waits until stdout or stderr matches the regular expression; returns the match."""
        found = []

        def look():
            for data in self._data.values():
                match = re.search(pattern, data.decode(errors="replace"))
                if match:
                    found.append(match)
                    return True
            return self.code is not None
        self.vm.until(look, timeout, f"{pattern!r} from {self.command!r}")
        if not found:
            raise CommandFailed(Result(self.command, self.code, self.out, self.err))
        return found[0]

    def kill(self, signum=signal.SIGKILL):
        """Signals the command and its children. Returns at once."""
        self.vm.send(self.number, SIGNAL, struct.pack("<I", int(signum)))


class VM:
    """A machine that has booted. Arguments:

    taps       names of tap interfaces, made by the caller, or pairs of name and MAC: eth0, eth1 ...
    vhost      Unix sockets where a vhost-user back end connects to QEMU, or pairs of path and MAC: the next cards
    offloads   checksums and segments may be left to the other end, on cards of both kinds
    user_net   one more network card on QEMU's own user-mode network (10.0.2.15, gateway 10.0.2.2)
    ivshmem    files to show as ivshmem-plain devices; a pair (file, "ro") is read-only
    memory     MiB
    extra      further arguments of QEMU
    append     further words of the kernel command line
    """

    def __init__(self, taps=(), user_net=False, ivshmem=(), memory=1024, cpus=1, extra=(), append="",
                 name="vm", boot_timeout=60, vhost=(), offloads=False):
        self.changed = threading.Condition()
        self.jobs, self.next_job, self.ready, self.ended = {}, 1, False, False
        self.dir = tempfile.mkdtemp(prefix="sekisho-vm-")
        self.qmp_path = os.path.join(self.dir, "qmp")
        self.console_path = os.path.join(self.dir, "console")
        self.name, self.qemu, self.port = name, None, None
        self._sending = threading.Lock()
        self._qmp_lock = threading.Lock()
        atexit.register(self.close)
        try:
            cards = self._cards(taps, vhost, memory, offloads)
            self._launch(cards, user_net, ivshmem, memory, cpus, list(extra), append)
            started = time.monotonic()
            self.until(lambda: self.ready, boot_timeout, "boot")
            self.boot_seconds = time.monotonic() - started
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _cards(taps, vhost, memory, offloads):
        """QEMU's arguments for network cards. A vhost-user back end maps all of the machine's memory."""
        ends = [("tap,ifname={},script=no,downscript=no", tap) for tap in taps]
        ends += [("vhost-user,chardev=vhost{}", path) for path in vhost]
        args = []
        if vhost:
            args += ["-object", f"memory-backend-memfd,id=ram,size={memory}M,share=on",
                     "-machine", "memory-backend=ram"]
        for i, (end, where) in enumerate(ends):
            name, mac = (where, f"52:54:00:5e:c1:{i + 1:02x}") if isinstance(where, str) else where
            options = "" if offloads else "," + PLAIN_NIC
            if i >= len(taps):
                args += ["-chardev", f"socket,id=vhost{i},path={name},server=on"]
                name = i
                options += ",vectors=0"  # with MSI-X, QEMU 7.2 without KVM crashes over the irqfds that it then has not
            args += ["-netdev", f"{end.format(name)},id=net{i}",
                     "-device", f"virtio-net-pci,netdev=net{i},mac={mac},romfile={options}"]
        return args

    def _launch(self, cards, user_net, ivshmem, memory, cpus, extra, append):
        version, image = kernel()
        self.port, theirs = socket.socketpair()
        args = ["qemu-system-x86_64", "-name", self.name, "-accel",
                "tcg,thread=" + ("single" if cpus > 1 else "multi"), "-cpu", "max", "-smp", str(cpus),
                "-m", str(memory), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-kernel", image, "-initrd", initramfs(version),
                "-append", f"console=ttyS0 panic=-1 quiet loglevel=4 random.trust_cpu=on {append}",
                "-serial", f"file:{self.console_path}", "-qmp", f"unix:{self.qmp_path},server=on,wait=off",
                "-virtfs", "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap",
                "-device", "virtio-serial-pci", "-chardev", f"socket,id=port,fd={theirs.fileno()}",
                "-device", "virtserialport,chardev=port"]
        args += cards
        if user_net:
            args += ["-netdev", "user,id=user0", "-device", "virtio-net-pci,netdev=user0,romfile="]
        for i, region in enumerate(ivshmem):
            path, mode = (region, "rw") if isinstance(region, str) else region
            readonly = ",readonly=on" if mode == "ro" else ""
            args += ["-object", f"memory-backend-file,id=shm{i},mem-path={path},share=on,"
                                f"size={os.path.getsize(path)}{readonly}",
                     "-device", f"ivshmem-plain,memdev=shm{i}"]
        with open(os.path.join(self.dir, "qemu.log"), "wb") as log:
            self.qemu = subprocess.Popen(args + extra, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         pass_fds=[theirs.fileno()], start_new_session=True)
        theirs.close()
        threading.Thread(target=self._receive, daemon=True).start()

    def _get(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.port.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def _receive(self):
        try:
            while True:
                number, kind, size = FRAME.unpack(self._get(FRAME.size))
                data = self._get(size)
                with self.changed:
                    job = self.jobs.get(number)
                    if kind == READY:
                        self.ready = True
                    elif job and kind == EXIT:
                        job.code = struct.unpack("<i", data)[0]
                    elif job and kind in (OUT, ERR):
                        job._data[kind] += data
                    self.changed.notify_all()
        except (EOFError, OSError):
            with self.changed:
                self.ended = True
                self.changed.notify_all()

    def until(self, condition, timeout, what):
        """Waits until condition() is true, called with the lock held whenever something arrives."""
        with self.changed:
            done = self.changed.wait_for(lambda: condition() or self.ended, timeout)
            if condition():
                return
        raise VMError(f"{self.name}: {what}: " + (f"not in {timeout} s" if not done else "the machine ended")
                      + f"\n{self.log_tail()}")

    def log_tail(self, lines=20):
        """The last lines of QEMU's own output and of the machine's console."""
        text = ""
        for path in (os.path.join(self.dir, "qemu.log"), self.console_path):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text += "".join(f.readlines()[-lines:])
        return text

    def send(self, job, kind, data):
        try:
            with self._sending:
                self.port.sendall(FRAME.pack(job, kind, len(data)) + data)
        except OSError as e:
            raise VMError(f"{self.name}: the machine ended\n{self.log_tail()}") from e

    def start(self, command, input=b""):
        """Runs a shell command in the background; returns the Job. Its stdin is `input`."""
        with self.changed:
            job = Job(self, self.next_job, command)
            self.jobs[job.number] = job
            self.next_job += 1
        data = input.encode() if isinstance(input, str) else input
        self.send(job.number, RUN, command.encode() + b"\0" + data)
        return job

    def run(self, command, timeout=30, check=True, input=b""):
        """Runs a shell command to its end; returns the Result. A failure raises CommandFailed."""
        job = self.start(command, input)
        try:
            return job.wait(timeout, check)
        except VMError:
            if job.code is None and not self.ended:
                job.kill()
            raise

    def read(self, path):
        job = self.start(f"cat '{path}'")
        job.wait(check=True)
        return job.out_bytes

    def write(self, path, data):
        self.run(f"cat > '{path}'", input=data)

    def qmp(self, command, **arguments):
        """One QMP command; returns what it returned."""
        with self._qmp_lock, socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(self.qmp_path)
            stream = s.makefile("rw", encoding="utf-8")
            stream.readline()
            for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
                while "event" in answer:
                    answer = json.loads(stream.readline())
                if "error" in answer:
                    raise VMError(f"{command}: {answer['error']['desc']}")
            return answer["return"]

    def alive(self):
        return self.qemu is not None and self.qemu.poll() is None

    def close(self):
        """Kills the machine; may be called again."""
        atexit.unregister(self.close)
        if self.alive():
            self.qemu.kill()
        if self.qemu:
            self.qemu.wait()
        if self.port:
            self.port.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
