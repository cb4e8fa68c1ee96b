# SPDX-License-Identifier: BSD-3-Clause
"""groups: stations that send to multicast groups, listen to them, and forge messages of IGMP."""

import ctypes
import os
import socket
import struct
import time
from contextlib import contextmanager

CLONE_NEWNET, ETH_P_ALL, SO_RCVBUFFORCE = 0x40000000, 3, 33
BUFFER = 64 << 20
RATE = 1000  # datagrams a second
REPORT2, LEAVE = 0x16, 0x17


@contextmanager
def inside(namespace):
    """What is opened in the block belongs to a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    home, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/run/netns/{namespace.name}", os.O_RDONLY)
    assert not libc.setns(there, CLONE_NEWNET), os.strerror(ctypes.get_errno())
    try:
        yield
    finally:
        assert not libc.setns(home, CLONE_NEWNET), os.strerror(ctypes.get_errno())
        os.close(home)
        os.close(there)


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", ~total & 0xFFFF)


def report(mac, group, kind=REPORT2):
    """A frame with an IGMPv2 report, or a leave that is sent to its group."""
    head = bytes([kind, 0])
    message = head + checksum(head + b"\0\0" + group) + group
    head = struct.pack(">BBHHHBB", 0x45, 0, 28, 0, 0, 1, 2)
    addresses = bytes([10, 78, 0, 99]) + group
    packet = head + checksum(head + b"\0\0" + addresses) + addresses + message
    return b"\x01\0\x5e" + bytes([group[1] & 127]) + group[2:] + bytes.fromhex(mac.replace(":", "")) + b"\x08\0" + packet


def listen(station):
    """A packet socket that gets all frames of a station, and loses none."""
    with inside(station):
        ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        ear.bind(("eth0", ETH_P_ALL))
    ear.setblocking(False)
    return ear


class Ear:
    """Counts the datagrams to a port that reach a station, joined or not."""

    def __init__(self, station, port):
        self.port = struct.pack(">H", port)
        self.socket = listen(station)

    def count(self):
        heard = 0
        while True:
            try:
                frame, address = self.socket.recvfrom(2048)
            except BlockingIOError:
                return heard
            heard += address[2] != socket.PACKET_OUTGOING and self.port in (frame[36:38], frame[56:58])


def send_group(sender, group, seconds, until=lambda: False):
    """Sends datagrams to a group until the time is over, or until() is true. Returns the seconds that it took."""
    begin = time.monotonic()
    while (now := time.monotonic()) - begin < seconds and not until():
        sender.sendto(b"x", group)
        time.sleep(max(0, 1 / RATE - (time.monotonic() - now)))
    return time.monotonic() - begin
