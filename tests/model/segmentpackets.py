# SPDX-License-Identifier: BSD-3-Clause
"""segmentpackets: random large packets with their virtio_net_hdr: honest ones, and ones that lie."""

import struct
from dataclasses import dataclass, field, replace

from segment import CWR, ECN, NEEDS_CSUM, NONE, TCP, TCPV4, TCPV6, UDP, UDP_L4, Header, put, total

SIZES = (0, 1, 2, 3, 100, 535, 536, 537, 1000, 1448, 2896, 3000, 8948)


@dataclass
class Order:
    """A frame on its way through segment.c."""
    frame: bytes
    header: Header
    first: int  # bytes in the first buffer
    edit: int = 0  # 1: push a tag, 2: pop it, between marking and cutting
    names: list = field(default_factory=list)  # of its kinds and lies
    extensions: set = field(default_factory=set)  # kinds of IPv6 extension headers
    stack: list = field(default_factory=list)  # offset of each IP header, of its TCP or UDP header, and the right pseudo-header


class Builder:
    """Builds a frame from its end to its beginning."""

    def __init__(self, rng):
        self.rng = rng
        self.data = b""
        self.stack = []  # like that of an order, but from the end of the frame
        self.names = []
        self.extensions = set()

    def push(self, header):
        self.data = header + self.data

    def transport(self, protocol, content, ports=None):
        ports = ports or (self.rng.randrange(1, 65536), self.rng.choice((80, 443, 4789, self.rng.randrange(1, 65536))))
        if protocol == UDP:
            size, header = 8, struct.pack("!HHHH", *ports, 8 + len(content), 0)
        else:
            options = self.rng.randbytes(4 * self.rng.choice((0, 3, 3, 10)))
            size = 20 + len(options)
            flags = self.rng.choice((0x10, 0x18, 0x11, 0x19, 0x98, 0xd9, 0x30))
            header = struct.pack("!HHIIBBHHH", *ports, self.rng.choice((0, 0xfffffff0, self.rng.getrandbits(32))), self.rng.getrandbits(32),
                                 size << 2, flags, 500, 0, self.rng.choice((0, 77))) + options
            self.names += ["congestion"] if flags & CWR else []
        self.data = header + content
        return size

    def network(self, version, protocol):
        """An IP header. The checksum's field becomes the sum of the pseudo-header."""
        length, rng = len(self.data), self.rng
        addresses = rng.randbytes(8 if version == 4 else 32)
        final = addresses
        header = b""
        if version == 4:
            options = rng.randbytes(4 * rng.choice((0,) * 6 + (1, 10)))
            if options and rng.random() < 0.5:  # a source route: the pseudo-header has its last address
                final = addresses[:4] + rng.randbytes(4)
            self.names += ["options"] if options else []
            header = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, rng.getrandbits(8), 20 + len(options) + length,
                                 rng.choice((0, 0xfff0, rng.getrandbits(16))), rng.choice((0, 0x4000)), 64, protocol, 0)
            header = put(header + addresses + options, 10, ~total(header + addresses + options))
        else:
            upper, extensions = protocol, b""
            for _ in range(rng.choice((0,) * 6 + (1, 2, 3))):
                upper, extensions = self.extension(upper, extensions)
            if extensions and rng.random() < 0.5:  # a routing header, likewise
                final = addresses[:16] + rng.randbytes(16)
            self.names += ["extensions"] if extensions else []
            header = struct.pack("!IHBB", 6 << 28 | rng.getrandbits(28), len(extensions) + length, upper, 64) + addresses + extensions
        pseudo = final + bytes((0, protocol))
        at = 16 if protocol == TCP else 6
        self.data = put(self.data, at, total(pseudo, length.to_bytes(2, "big")))
        self.push(header)
        self.stack = [(0, len(header), protocol, pseudo)] + self.stack

    def extension(self, following, behind):
        kind = self.rng.choice((0, 43, 60, 51, 135))
        self.extensions.add(kind)
        if kind == 51:
            words = self.rng.choice((1, 4))
            return kind, bytes((following, words)) + self.rng.randbytes((words + 2) * 4 - 2) + behind
        blocks = self.rng.choice((0, 1, 5))
        return kind, bytes((following, blocks)) + self.rng.randbytes(blocks * 8 + 6) + behind

    def ethernet(self, version):
        tags = self.rng.choice((0,) * 4 + (1, 1, 2, 4))
        self.names += ["tags"] if tags else []
        header = self.rng.randbytes(12) + b"".join(self.rng.choice((b"\x81\x00", b"\x88\xa8")) + self.rng.randbytes(2) for _ in range(tags))
        self.push(header + (b"\x08\x00" if version == 4 else b"\x86\xdd"))
        self.moved(len(header) + 2)

    def moved(self, n, count=1):
        """The first packets of the stack begin n bytes later now."""
        self.stack = [(at + n, transport + n, *rest) for at, transport, *rest in self.stack[:count]] + self.stack[count:]


def random_order(rng):
    order = honest(rng)
    if rng.random() < 0.3:
        order.names = [name.__name__ for name in (rng.choice(LIES) for _ in range(rng.choice((1, 1, 2)))) if not name(rng, order)]
    order.header = replace(order.header, hdr_len=rng.choice((0, order.header.csum_start, 65535)))
    order.first = min(order.first, len(order.frame))
    if order.first >= 18 and len(order.frame) >= 18 and "split" not in order.names:
        order.edit = rng.choice((0, 0, 1, 2 if order.frame[12:14] == b"\x81\x00" else 1))
    return order


def honest(rng):
    build = Builder(rng)
    protocol, version, tunnel = rng.choice((TCP, TCP, UDP)), rng.choice((4, 6)), rng.random() < 0.25
    size = rng.choice(SIZES[1:])
    pieces = rng.choice((0, 1, 1, 2, 3, 10, 45))
    content = rng.randbytes(min(63000, max(1, size * pieces + rng.choice((0, 0, 1, size // 2)))))
    inner = build.transport(protocol, content)
    build.network(version, protocol)
    build.ethernet(version)
    if tunnel:
        wrap(build)
    starts = build.stack
    header = Header(NEEDS_CSUM, NONE, 0, 0, starts[-1][1], 16 if protocol == TCP else 6)
    if rng.random() < 0.9:
        kind = UDP_L4 if protocol == UDP else TCPV4 if version == 4 else TCPV6
        kind |= ECN if protocol == TCP and rng.random() < 0.2 else 0
        header = replace(header, gso_type=kind, gso_size=size)
    elif rng.random() < 0.1:
        header = Header()
    headers = starts[-1][1] + inner
    first = rng.choice((headers, headers + 1, headers + rng.randrange(3000), 2048, 2048))
    names = ["%s over IPv%d" % ("TCP" if protocol == TCP else "UDP", version), *set(build.names)]
    return Order(build.data, header, max(first, headers), names=names + (["tunnel"] if tunnel else []), extensions=build.extensions,
                 stack=starts)


def wrap(build):
    """Puts the frame into VXLAN or Geneve, with the sum of a pseudo-header or without a checksum."""
    rng, version = build.rng, build.rng.choice((4, 6))
    port, header = rng.choice(((4789, b"\x08\0\0\0\0\0\x07\0"), (8472, b"\x08\0\0\0\0\0\x07\0"), (6081, geneve(rng))))
    inner, build.stack = build.stack, []
    build.data = header + build.data
    behind = 8 + len(header)
    build.transport(UDP, build.data, (rng.randrange(1, 65536), port))
    build.network(version, UDP)
    if rng.random() < 0.5:
        build.data = put(build.data, build.stack[0][1] + 6, 0)
    build.ethernet(version)
    shift = build.stack[0][1] + behind
    build.stack += [(at + shift, transport + shift, *rest) for at, transport, *rest in inner]


def geneve(rng):
    words = rng.choice((0, 1, 3))
    return bytes((words, 0)) + b"\x65\x58\0\0\x07\0" + rng.randbytes(words * 4)


# Lies. Each changes an order, and returns True if it could not.

def another_type(rng, order):
    order.header = replace(order.header, gso_type=rng.choice((0, 1, 2, 3, 4, 5, 0x80, 0x81, 0x84, 0x85, 0x45, 255)))


def no_flag(rng, order):
    order.header = replace(order.header, flags=rng.choice((0, 2, 4)))


def odd_start(rng, order):
    start = order.header.csum_start + rng.choice((-20, -4, -1, 1, 2, 20))
    order.header = replace(order.header, csum_start=rng.choice((start & 0xffff, 0, 65535, rng.randrange(3000))))


def odd_offset(rng, order):
    order.header = replace(order.header, csum_offset=rng.choice((0, 6, 16, 17, 15, 65535, rng.randrange(3000))))


def odd_size(rng, order):
    order.header = replace(order.header, gso_size=rng.choice((0, 0, 1, 65535, max(1, len(order.frame) // 1024))))


def last_packet(order):
    return order.stack[-1]


def odd_length(rng, order):
    at, _, _, pseudo = rng.choice(order.stack)
    at += 2 if len(pseudo) == 10 else 4
    length = int.from_bytes(order.frame[at:at + 2], "big")
    order.frame = put(order.frame, at, rng.choice((0, 19, 20, length - 1, length + 1, 65535, rng.getrandbits(16))))


def fragment(rng, order):
    at, _, _, pseudo = rng.choice(order.stack)
    if len(pseudo) != 10:
        return True
    order.frame = put(order.frame, at + 6, rng.choice((0x2000, 1, 0x6000, 0x2001, 0x8000)))
    return None


def fragment_header(rng, order):
    """The IPv6 packet says that its TCP or UDP header is a fragment header."""
    at, _, _, pseudo = rng.choice(order.stack)
    if len(pseudo) == 10:
        return True
    order.frame = put(order.frame, at + 6, 44, 1)
    return None


def padding(rng, order):
    order.frame += rng.choice((bytes(1), bytes(20), rng.randbytes(3)))


def truncated(rng, order):
    order.frame = order.frame[:rng.choice((rng.randrange(1, 200), rng.randrange(1, len(order.frame)), len(order.frame) - 1))]


def tcp_size(rng, order):
    _, transport, protocol, _ = last_packet(order)
    if protocol != TCP or len(order.frame) <= transport + 12:
        return True
    order.frame = put(order.frame, transport + 12, rng.choice((0, 4, 5, 6, 15)) << 4, 1)
    return None


def udp_length(rng, order):
    _, transport, protocol, _ = rng.choice(order.stack)
    if protocol != UDP or len(order.frame) < transport + 8:
        return True
    order.frame = put(order.frame, transport + 4, rng.choice((0, 8, 65535, len(order.frame) - transport - 1)))
    return None


def another_protocol(rng, order):
    at, _, _, pseudo = rng.choice(order.stack)
    order.frame = put(order.frame, at + (9 if len(pseudo) == 10 else 6), rng.choice((TCP, UDP, 1, 47, 50, 58, 0, 60)), 1)


def wrong_sum(rng, order):
    _, transport, protocol, _ = rng.choice(order.stack)
    order.frame = put(order.frame, transport + (16 if protocol == TCP else 6), rng.choice((0, 0xffff, rng.getrandbits(16))))


def any_byte(rng, order):
    at = rng.randrange(min(len(order.frame), order.stack[-1][1] + 20))
    order.frame = put(order.frame, at, rng.getrandbits(8), 1)


def split(rng, order):
    """The headers are not in one buffer."""
    order.first = rng.randrange(order.stack[-1][1] + 20)


def many_headers(rng, order):
    """Extension headers of more bytes than a frame may repeat."""
    at, transport, protocol, pseudo = last_packet(order)
    if len(pseudo) == 10 or len(order.frame) < at + 40 or len(order.stack) > 1:
        return True
    big = bytes((order.frame[at + 6], 120)) + rng.randbytes(121 * 8 - 2)
    order.frame = order.frame[:at + 40] + big + order.frame[at + 40:]
    length = int.from_bytes(order.frame[at + 4:at + 6], "big") + len(big)
    order.frame = put(put(order.frame, at + 4, length), at + 6, 60, 1)
    order.header = replace(order.header, csum_start=order.header.csum_start + len(big) & 0xffff)
    order.first += len(big)
    return None


LIES = (another_type, no_flag, odd_start, odd_offset, odd_size, odd_length, fragment, fragment_header, padding, truncated, tcp_size,
        udp_length, another_protocol, wrong_sum, any_byte, split, many_headers)
