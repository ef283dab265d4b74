# SPDX-License-Identifier: Apache-2.0
"""Numbered UDP datagrams of many flows, and who counts what arrives in which order. Each is answered, and no more
than WINDOW are out, so that no socket on the way overflows while its reader does not run.

As a program: `numbered.py send ADDRESS FLOWS RATE BYTES` sends until its standard input ends, and prints how many
it sent of each flow; `numbered.py receive FLOWS` prints what arrived: of each flow how many, how many of them
behind one with a higher number, and how many twice, when its standard input ends and nothing came for a while."""
import contextlib
import json
import select
import socket
import struct
import sys
import time

PORT = 7100
SO_RCVBUFFORCE = 33  # asm-generic/socket.h; not in Python's module
WINDOW = 64
GIVEN_UP = 0.5  # s without an answer: what is out was lost
QUIET = 1.0  # s without a datagram: no more will come


def ended():
    return bool(select.select([sys.stdin], [], [], 0)[0])


def send(address, flows, rate, length):
    """At most `rate` datagrams a second of all flows together."""
    socks, poll = {}, select.poll()
    for flow in range(flows):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.connect((address, PORT + flow))
        socks[sock.fileno()] = sock
        poll.register(sock, select.POLLIN)
    print("sending", flush=True)
    sent, total, out, heard, rest = [0] * flows, 0, 0, time.monotonic(), bytes(max(length - 8, 0))
    order, begin = list(socks.values()), heard
    while not ended():
        now = time.monotonic()
        if now - heard > GIVEN_UP:
            out, heard = 0, now
        for _ in range(min(int((now - begin) * rate) - total, WINDOW - out)):
            flow = total % flows
            order[flow].send(struct.pack("!II", flow, sent[flow]) + rest)
            sent[flow] += 1
            total += 1
            out += 1
        for fd, _ in poll.poll(1):
            with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                while True:
                    socks[fd].recv(16)
                    out, heard = out - 1, now
    print(json.dumps({"sent": sent}), flush=True)


def receive(flows):
    poll, socks = select.poll(), {}
    for flow in range(flows):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        sock.setblocking(False)
        sock.bind(("", PORT + flow))
        socks[sock.fileno()] = sock
        poll.register(sock, select.POLLIN)
    print("receiving", flush=True)
    got, late, twice, highest = [0] * flows, [0] * flows, 0, [-1] * flows
    seen = [set() for _ in range(flows)]
    while True:
        events = poll.poll(QUIET * 1000)
        if not events and ended():
            break
        for fd, _ in events:
            while True:
                try:
                    data, sender = socks[fd].recvfrom(65535)
                except BlockingIOError:
                    break
                flow, number = struct.unpack("!II", data[:8])
                socks[fd].sendto(data[:8], sender)
                got[flow] += 1
                twice += number in seen[flow]
                seen[flow].add(number)
                late[flow] += number < highest[flow]
                highest[flow] = max(highest[flow], number)
    print(json.dumps({"got": got, "late": late, "twice": twice}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], *map(int, sys.argv[3:6]))
    else:
        receive(int(sys.argv[2]))
