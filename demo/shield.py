# SPDX-License-Identifier: Apache-2.0
"""The experiment: a tenant's P4 program filters a real VM's packets on Open vSwitch, using a fact from
inside that VM.

Forged "port unreachable" messages (ICMP type 3, code 3) end a VM's UDP conversations. Only one that
answers a datagram which the VM really sent is genuine, and only the VM's own kernel knows which it sent:
the program asks it. Each line of the table is what a watcher inside the VM, a watcher at the client, the
VM's own socket, or the P4 VM saw.
"""
import argparse
import os
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests", "lib"))

import icmp  # noqa: E402
from lab import CLIENT_IP, VM_IP, Lab, build_program, poll  # noqa: E402

OPEN_PORT, CLOSED_PORT, SOURCE_PORT, OTHER_PORT = 7000, 7999, 40000, 40001
SETTLE = 8.0  # s: longest that packets which are to arrive may take


class Table:
    """Expected against observed, a line as soon as it is known."""

    def __init__(self):
        self.wrong = 0
        self.tty = sys.stdout.isatty()

    def head(self, text):
        print(f"\n{text}")

    def line(self, what, expected, observed):
        right = expected == observed
        self.wrong += not right
        verdict = "ok" if right else "DIFFERS"
        if self.tty:
            verdict = f"\033[{32 if right else 31}m{verdict}\033[0m"
        print(f"  {what:<62} {expected!s:>13} {observed!s:>13}  {verdict}", flush=True)


class Demo:
    def __init__(self, lab, table):
        self.lab, self.table = lab, table
        self.in_vm, self.at_client = lab.watch_vm(), lab.watch_client()
        self.drops = []  # of the P4 VM's list of dropped packets: (P4 file, packet)

    def exchange(self, what, forged, expect_forged):
        """Sends 3 forged messages and 3 echo requests, and states what arrived where."""
        vm_mark, client_mark = len(self.in_vm.seen()), len(self.at_client.seen())
        dropped = self.dropped()
        self.lab.client_sends(*forged)
        self.lab.client.run(["ping", "-n", "-c", "3", "-i", "0.2", "-W", "3", VM_IP], check=False)
        # The forged ones went first, but one may wait for a fact: it is counted once it is judged.
        self.settle(lambda: self.dropped() - dropped + self.forged_in_vm(vm_mark) >= len(forged)
                    and self.echoes(self.in_vm, vm_mark, 8) >= 3
                    and self.echoes(self.at_client, client_mark, 0) >= 3)
        self.table.line(f"{what}: forged, delivered in the VM", f"{expect_forged} of 3",
                        f"{self.forged_in_vm(vm_mark)} of {len(forged)}")
        self.table.line(f"{what}: echo requests, delivered in the VM", "3 of 3",
                        f"{self.echoes(self.in_vm, vm_mark, 8)} of 3")
        self.table.line(f"{what}: echo replies, back at the client", "3 of 3",
                        f"{self.echoes(self.at_client, client_mark, 0)} of 3")

    @staticmethod
    def echoes(watcher, mark, kind):
        return len([p for p in watcher.seen(mark) if p["type"] == kind])

    def forged_in_vm(self, mark):
        return len([p for p in self.in_vm.seen(mark) if (p["type"], p["code"]) == (3, 3)])

    def load(self, program):
        self.note_drops()
        self.lab.p4vm.load(program)

    def note_drops(self):
        """Takes over what was dropped since the last call, under the name of the program that runs."""
        status = self.lab.p4vm.status()
        new = status["last_drops"][len(self.drops):]
        self.drops += [(status["program"]["source"], packet) for packet in new]

    def dropped(self):
        return sum(site["count"] for site in self.lab.p4vm.status()["sites"])

    @staticmethod
    def settle(condition):
        try:
            poll(condition, SETTLE, "packets")
        except TimeoutError:
            pass  # the table says what is missing

    def genuine(self, what):
        """The VM sends to a port nobody listens on; the client's own kernel answers."""
        mark = len(self.in_vm.seen())
        saw = self.lab.vm_sends_udp(OTHER_PORT, CLOSED_PORT)
        self.settle(lambda: self.forged_in_vm(mark))
        self.table.line(f"{what}: genuine port unreachable, delivered", "1 of 1",
                        f"{self.forged_in_vm(mark)} of 1")
        self.table.line(f"{what}: the VM's socket sees", "ECONNREFUSED", saw)


def forged(sport=SOURCE_PORT, dport=OPEN_PORT):
    return [icmp.port_unreachable(CLIENT_IP, VM_IP, sport, dport) for _ in range(3)]


def run(lab, programs, table):
    demo = Demo(lab, table)
    listener = lab.client.popen(["/usr/bin/python3", "-c", LISTENER.format(port=OPEN_PORT)])
    lab.callback(listener.wait)
    lab.callback(listener.kill)

    print(f"\n  {'':<62} {'expected':>13} {'observed':>13}")
    table.head("check_udp_sent.p4 (the paper's program: did the VM send any UDP?)")
    demo.exchange("before the VM sends", forged(), 0)

    demo.load(programs["icmp_guard"])
    table.head("icmp_guard.p4 (did the VM send that very datagram?), loaded into the running P4 VM")
    demo.exchange("before the VM sends", forged(), 0)
    table.line("the VM sends a datagram to the client; an answer", "nothing",
               lab.vm_sends_udp(SOURCE_PORT, OPEN_PORT, wait=0.3))
    demo.exchange("after the VM sent", forged(), 3)
    demo.exchange("after, another flow quoted", forged(sport=SOURCE_PORT + 7), 0)
    demo.genuine("closed port")

    demo.load(programs["check_udp_sent"])
    table.head("check_udp_sent.p4 again: the VM has sent lately")
    demo.exchange("after the VM sent", forged(), 3)
    demo.note_drops()
    return demo.drops


LISTENER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", {port}))
while True:
    s.recv(2000)
"""


def show_drops(drops):
    """Each packet that was dropped, and the line of the program that did it, as the P4 VM reports it."""
    print("\ndropped by the program on the port:")
    for source, packet in drops:
        path = os.path.join(TOP, "examples", source)
        text = ""
        if os.path.exists(path) and packet["line"]:
            text = open(path).read().splitlines()[packet["line"] - 1].strip()
        print(f"  {packet['time'][11:23]} from the {'VM' if packet['from'] == 'vm' else 'network'}, "
              f"{packet['saddr']} > {packet['daddr']} ICMP {packet['icmp_type']}/{packet['icmp_code']}: "
              f"{source}:{packet['line']}: {text}")


def show_state(lab):
    status = lab.p4vm.status()
    facts = status["facts"]
    print(f"\nfacts: {facts['opened']} sealed records opened, {facts['bad_seal']} with a bad seal, "
          f"{facts['flows']} flows known; sandbox: {status['sandbox']}")
    print("\n" + lab.switch.appctl("sekisho/show").rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    build = os.path.abspath(parser.parse_args().build)
    if os.geteuid() != 0:
        print("demo: needs root, for namespaces and a tap device: sudo make demo", file=sys.stderr)
        return 2
    start = time.monotonic()
    say = lambda text: print(f"[{time.monotonic() - start:5.1f} s] {text}", flush=True)  # noqa: E731
    out = os.path.join(build, "demo")
    os.makedirs(out, exist_ok=True)
    say("programs: examples/check_udp_sent.p4, examples/icmp_guard.p4")
    programs = {name: build_program(build, os.path.join(TOP, "examples", name + ".p4"),
                                    os.path.join(out, name + ".o"))
                for name in ("check_udp_sent", "icmp_guard")}
    table = Table()
    with Lab(build, programs["check_udp_sent"], say) as lab:
        say("up")
        show_drops(run(lab, programs, table))
        show_state(lab)
    print(f"\n{'all as expected' if not table.wrong else f'{table.wrong} lines differ'}, "
          f"{time.monotonic() - start:.0f} s")
    return 1 if table.wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        sys.exit(130)
