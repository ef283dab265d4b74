# SPDX-License-Identifier: Apache-2.0
"""What goes there and comes back by UDP and TCP, looked at byte by byte. Run at the two ends:

    echo.py serve PORT                    answers each datagram, and each stream, with what it got
    echo.py udp ADDRESS PORT LENGTH...    prints the lengths that came back right
    echo.py tcp ADDRESS PORT BYTES        prints how many came back right
"""
import hashlib
import os
import socket
import sys
import threading

TIMEOUT = 10  # s
TRIES = 3  # of a datagram: the first of a flow may wait for an address to be resolved, and be dropped


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def back(connection):
    with connection:
        while data := connection.recv(1 << 16):
            connection.sendall(data)


def serve_tcp(port):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        threading.Thread(target=back, args=listener.accept()[:1], daemon=True).start()


def serve(port):
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("::", port))
    threading.Thread(target=serve_tcp, args=(port,), daemon=True).start()
    print("serving", flush=True)
    while True:
        data, sender = sock.recvfrom(1 << 16)
        sock.sendto(data, sender)


def udp(address, port, *lengths):
    sock = socket.socket(family(address), socket.SOCK_DGRAM)
    sock.settimeout(TIMEOUT / TRIES)
    sock.connect((address, int(port)))
    right = []
    for length in map(int, lengths):
        data = os.urandom(length)
        for _ in range(TRIES):
            sock.send(data)
            try:
                if sock.recv(1 << 16) == data:
                    right.append(length)
                    break
            except OSError:
                pass
    print(*right)


def tcp(address, port, count):
    """Sends while it receives: neither end's buffers fill up."""
    data = os.urandom(1 << 16) * (int(count) >> 16)
    got, seen = 0, hashlib.sha256()
    with socket.create_connection((address, int(port)), TIMEOUT) as sock:
        def push():
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)

        threading.Thread(target=push, daemon=True).start()
        while part := sock.recv(1 << 16):
            got += len(part)
            seen.update(part)
    print(got if seen.digest() == hashlib.sha256(data).digest() else 0)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        {"udp": udp, "tcp": tcp}[sys.argv[1]](*sys.argv[2:])
