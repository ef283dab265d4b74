# SPDX-License-Identifier: Apache-2.0
"""ICMP as the experiments need it: forged port unreachables, and a watcher of what really arrives.

As a program: `icmp.py watch DEVICE` prints one JSON line for each ICMP packet that DEVICE receives,
`icmp.py send DEVICE < hex lines` sends frames.
"""
import json
import socket
import struct
import sys

PACKET_OUTGOING = 4


def checksum(data):
    """The Internet checksum, RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ipv4(src, dst, proto, payload, options=b"", ident=0x5e6b, fragment=0, hops=64):
    """An IPv4 packet; `fragment` is the word of flags and offset."""
    def header(check):
        return struct.pack("!BBHHHBBH4s4s", 0x40 | 5 + len(options) // 4, 0,
                           20 + len(options) + len(payload), ident, fragment, hops, proto, check,
                           socket.inet_aton(src), socket.inet_aton(dst)) + options
    return header(checksum(header(0))) + payload


def udp(sport, dport, payload=b"hello"):
    """A UDP datagram without checksum, as RFC 768 permits."""
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def icmp(kind, code, rest, payload):
    body = struct.pack("!BBH", kind, code, 0) + rest + payload
    return struct.pack("!BBH", kind, code, checksum(body)) + rest + payload


def ethernet(src, dst, payload, vlan=None, ethertype=0x0800):
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    return mac(dst) + mac(src) + tag + struct.pack("!H", ethertype) + payload


def port_unreachable(src, dst, sport, dport, quoted=None):
    """IPv4 packet: `src` tells `dst` that its datagram from sport to src:dport found no listener."""
    if quoted is None:
        quoted = ipv4(dst, src, 17, udp(sport, dport))
    return ipv4(src, dst, 1, icmp(3, 3, b"\0" * 4, quoted))


def describe(frame):
    """What a received frame says, as a dict; None unless it is ICMP over IPv4."""
    if len(frame) < 38 or frame[12:14] != b"\x08\x00" or frame[23] != 1:
        return None
    at = 14 + (frame[14] & 15) * 4
    seen = {"src": socket.inet_ntoa(frame[26:30]), "dst": socket.inet_ntoa(frame[30:34]),
            "ip_id": struct.unpack("!H", frame[18:20])[0], "type": frame[at], "code": frame[at + 1]}
    if seen["type"] in (0, 8):
        seen["id"], seen["seq"] = struct.unpack("!HH", frame[at + 4:at + 8])
    quoted = frame[at + 8:]
    if seen["type"] == 3 and len(quoted) >= 28:
        ports = (quoted[0] & 15) * 4
        seen["sport"], seen["dport"] = struct.unpack("!HH", quoted[ports:ports + 4])
    return seen


def watch(device):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as wire:
        wire.bind((device, 0))
        print(json.dumps({"watching": device}), flush=True)
        while True:
            frame, address = wire.recvfrom(65535)
            seen = describe(frame)
            if seen and address[2] != PACKET_OUTGOING:
                print(json.dumps(seen), flush=True)


def send(device):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((device, 0))
        for line in sys.stdin:
            wire.send(bytes.fromhex(line.strip()))


if __name__ == "__main__":
    {"watch": watch, "send": send}[sys.argv[1]](sys.argv[2])
