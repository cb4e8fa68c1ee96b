# SPDX-License-Identifier: BSD-3-Clause
"""captures: makes two captures that compared programs forward. Destinations of one side are sources of the other.

Sources and destinations have separate random orders, so that consecutive frames share no MAC.
"""

import random
import struct

FRAME = 60
VLAN = 10
SIDES = ("a", "b")
SOURCE = {"a": 0x020000000000, "b": 0x020010000000}
LEAST_FRAMES = 1024  # a burst must not wrap around a capture
HEADER = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
UDP, UDP_PORT = 17, 80


def shuffled(n, seed):
    order = list(range(n))
    random.Random(seed).shuffle(order)
    return order


def ip_header(source, destination):
    fields = [0x4500, FRAME - 14, 0, 0, 64 << 8 | UDP, 0, 10 << 8 | source >> 16, source & 0xffff,
              10 << 8 | 0x80 | destination >> 16, destination & 0xffff]
    total = sum(fields)
    fields[5] = ~(total + (total >> 16)) & 0xffff  # the checksum (RFC 1071): bridges drop bad checksums
    return struct.pack(">10H", *fields)


def frames(n, side, tagged):
    """max(n, LEAST_FRAMES) records, with n sources of this side and n destinations of the other side."""
    here, there = SOURCE[side], SOURCE[SIDES[side == "a"]]
    sources, destinations = shuffled(n, f"{side} source"), shuffled(n, f"{side} destination")
    tag = struct.pack(">HH", 0x8100, VLAN) if tagged else b""
    record = struct.pack("<IIII", 0, 0, FRAME + len(tag), FRAME + len(tag))
    udp = struct.pack(">HHHH", UDP_PORT, UDP_PORT, FRAME - 34, 0).ljust(FRAME - 34, b"\0")
    for at in range(max(n, LEAST_FRAMES)):
        source, destination = sources[at % n], destinations[at % n]
        yield b"".join((record, (there + destination).to_bytes(6, "big"), (here + source).to_bytes(6, "big"), tag,
                        b"\x08\x00", ip_header(source, destination), udp))


class Captures:
    """Captures in a folder, made on demand. `tagged`: frames of side b have a tag, frames of side a have none."""

    def __init__(self, folder):
        self.folder = folder

    def file(self, n, side, tagged=False):
        tagged = tagged and side == "b"
        path = self.folder / f"{side}{n}{'-tagged' * tagged}.pcap"
        if not path.exists():
            path.write_bytes(HEADER + b"".join(frames(n, side, tagged)))
        return path

    def forget(self):
        for path in self.folder.glob("*.pcap"):
            path.unlink()

    def device(self, number, n, tagged=False):
        """A vdev that repeats a side's capture and frees the frames that are sent to it."""
        return f"net_pcap{number},rx_pcap={self.file(n, SIDES[number], tagged)},infinite_rx=1"
