# SPDX-License-Identifier: Apache-2.0
"""Frames as they are, into and out of a device. Run in a namespace:

    frames.py send DEVICE        sends the frames on stdin, one a line, in hexadecimal
    frames.py receive DEVICE     says "receiving", then prints each frame that a test sent (its sender's
                                 address begins with MARK), in hexadecimal, with its VLAN tags

With a third word, `offloads`, a struct virtio_net_hdr precedes each frame: what is left to be done of it.
"""
import socket
import struct
import sys

MARK = bytes.fromhex("025ec1")
ALL, SOL_PACKET, PACKET_AUXDATA, PACKET_VNET_HDR = 3, 263, 8, 15  # linux/if_ether.h, linux/if_packet.h
VNET_HDR = 10  # bytes: linux/virtio_net.h
PACKET_OUTGOING, VLAN_VALID, TPID_VALID = 4, 1 << 4, 1 << 6


def bound(device, offloads):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
    sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, int(offloads))
    sock.bind((device, ALL))
    return sock


def send(device, offloads=False):
    sock = bound(device, offloads)
    for line in sys.stdin:
        sock.send(bytes.fromhex(line))


def whole(frame, extras):
    """With the outer VLAN tag, which the kernel takes out of a frame and puts beside it."""
    for level, kind, data in extras:
        if (level, kind) != (SOL_PACKET, PACKET_AUXDATA):
            continue
        status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", data[:20])
        if status & VLAN_VALID:
            tag = struct.pack("!HH", tpid if status & TPID_VALID else 0x8100, tci)
            return frame[:12] + tag + frame[12:]
    return frame


def receive(device, offloads=False):
    sock = bound(device, offloads)
    head = VNET_HDR if offloads else 0
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
    print("receiving", flush=True)
    while True:
        data, extras, _, address = sock.recvmsg(1 << 17, 256)
        frame = data[head:]
        if frame[6:9] == MARK and address[2] != PACKET_OUTGOING:
            print((data[:head] + whole(frame, extras)).hex(), flush=True)


if __name__ == "__main__":
    {"send": send, "receive": receive}[sys.argv[1]](sys.argv[2], "offloads" in sys.argv[3:])
