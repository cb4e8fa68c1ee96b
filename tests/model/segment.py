# SPDX-License-Identifier: BSD-3-Clause
"""segment: cuts large TCP and UDP packets into frames, and completes checksums, as a NIC would for its sender.

Written from RFC 791, 8200, 9293, 768, 7348, 8926 and virtio 1.3 5.1.6. It handles frames as bytes, one at a time.
"""

import struct
from dataclasses import dataclass, replace

TCP, UDP, FRAGMENT, AUTHENTICATION = 6, 17, 44, 51
EXTENSIONS = (0, 43, 60, 135, 139, 140)
NEEDS_CSUM = 1
NONE, TCPV4, TCPV6, UDP_L4, ECN = 0, 1, 4, 5, 0x80
FIN, PSH, CWR = 0x01, 0x08, 0x80
VXLAN, GENEVE = (4789, 8472), 6081
MOST_FRAMES, MOST_HEADERS, MOST_BYTES = 1024, 1024, 65600


@dataclass(frozen=True)
class Header:
    """struct virtio_net_hdr"""
    flags: int = 0
    gso_type: int = NONE
    hdr_len: int = 0
    gso_size: int = 0
    csum_start: int = 0
    csum_offset: int = 0

    FORMAT = "=BBHHHH"

    def pack(self):
        return struct.pack(self.FORMAT, self.flags, self.gso_type, self.hdr_len, self.gso_size, self.csum_start, self.csum_offset)


@dataclass(frozen=True)
class Packet:
    """Where a TCP or UDP packet has what, from the beginning of its frame."""
    version: int
    protocol: int
    network: int
    transport: int
    data: int
    end: int

    @property
    def field(self):
        return self.transport + (16 if self.protocol == TCP else 6)

    @property
    def is_plain(self):
        """No options or extension headers, which could name other addresses."""
        return self.transport - self.network == (20 if self.version == 4 else 40)


@dataclass(frozen=True)
class Result:
    described: Header
    tunnel: bool
    frames: list
    longest: int  # what the longest frame could be


def word(data, at):
    return int.from_bytes(data[at:at + 2], "big")


def put(data, at, value, size=2):
    return data[:at] + (value & (1 << 8 * size) - 1).to_bytes(size, "big") + data[at + size:]


def total(*parts):
    """The ones' complement sum of byte strings; each begins with a new word."""
    number = 0
    for part in parts:
        number += int.from_bytes(part + bytes(len(part) % 2), "big")
    return number % 0xffff or (0xffff if number else 0)


def read_packet(frame, at, end):
    """The packet behind the Ethernet header at an offset, or None."""
    at += 12
    while word(frame[:end], at) in (0x8100, 0x88a8):
        at += 4
    if at + 2 > end:
        return None
    return {0x0800: read_ipv4, 0x86dd: read_ipv6}.get(word(frame, at), lambda *_: None)(frame[:end], at + 2)


def read_ipv4(frame, at):
    if len(frame) < at + 20 or frame[at] >> 4 != 4:
        return None
    size, length = (frame[at] & 15) * 4, word(frame, at + 2)
    if size < 20 or length < size or at + length > len(frame) or word(frame, at + 6) & 0x3fff:
        return None
    return read_transport(frame[:at + length], 4, frame[at + 9], at, at + size)


def read_ipv6(frame, at):
    length = word(frame, at + 4)
    if len(frame) < at + 40 or frame[at] >> 4 != 6 or not length or at + 40 + length > len(frame):
        return None
    frame, protocol, behind = frame[:at + 40 + length], frame[at + 6], at + 40
    while protocol in EXTENSIONS or protocol == AUTHENTICATION:
        if behind + 2 > len(frame):
            return None
        size = (frame[behind + 1] + 2) * 4 if protocol == AUTHENTICATION else (frame[behind + 1] + 1) * 8
        protocol, behind = frame[behind], behind + size
    return read_transport(frame, 6, protocol, at, behind)


def read_transport(frame, version, protocol, network, at):
    if protocol not in (TCP, UDP) or len(frame) < at + (20 if protocol == TCP else 8):
        return None
    size = frame[at + 12] >> 4 << 2 if protocol == TCP else 8
    if protocol == TCP and size < 20 or at + size > len(frame):
        return None
    return Packet(version, protocol, network, at, at + size, len(frame))


def read_tunnel(frame, outer):
    """The packet inside of VXLAN or Geneve, or None."""
    if outer is None or outer.protocol != UDP:
        return None
    port, at = word(frame, outer.transport + 2), outer.transport + 16
    if port != GENEVE and port not in VXLAN or at > outer.end:
        return None
    if port == GENEVE:
        at += (frame[outer.transport + 8] & 63) * 4
    return read_packet(frame, at, outer.end)


def fits(frame, packet):
    """Whether all lengths say that the packet ends with its frame."""
    length = word(frame, packet.transport + 4)
    return packet.end == len(frame) and (packet.protocol == TCP or length == packet.end - packet.transport)


def complete(frame, start, end, field):
    """The field has the sum of a pseudo-header, which therefore counts."""
    return put(frame, field, ~total(frame[start:end]) & 0xffff or 0xffff)


def pseudo_header(frame, packet):
    start, size = (12, 8) if packet.version == 4 else (8, 32)
    at = packet.network + start
    return frame[at:at + size] + bytes((0, packet.protocol))


def process(frame, header, first, edit=lambda frame: frame):
    """What becomes of a frame that has `first` bytes in its first buffer: a Result, or None if it is refused."""
    if header.gso_type == NONE:
        return process_packet(frame, header, first, edit)
    if not header.flags & NEEDS_CSUM:
        return None
    outer, packet = None, whole(read_packet(frame, 0, len(frame)), first)
    if packet is None or packet.transport != header.csum_start:
        outer, packet = packet, whole(read_tunnel(frame, packet), first)
    if packet is None or lies(frame, header, outer, packet):
        return None
    if len(frame) - packet.data > header.gso_size:
        return cut(edit(frame), header, outer is not None)
    if outer is None:
        return lone(frame, edit)
    frame = complete(frame, packet.transport, packet.end, packet.field)
    if word(frame, outer.field):
        frame = put(frame, outer.field, checksum(frame, outer, address_sum(frame, outer)))
    return finished(edit(frame))


def whole(packet, first):
    """Headers must be in the first buffer."""
    return packet if packet and packet.data <= first else None


def lies(frame, header, outer, packet):
    types = (UDP_L4,) if packet.protocol == UDP else (TCPV4, TCPV4 | ECN) if packet.version == 4 else (TCPV6, TCPV6 | ECN)
    payload = len(frame) - packet.data
    return header.csum_start != packet.transport or header.csum_offset != packet.field - packet.transport \
        or header.gso_type not in types or not fits(frame, packet) or outer is not None and not fits(frame, outer) \
        or payload < 1 or header.gso_size < 1 or payload > header.gso_size * MOST_FRAMES \
        or packet.data > MOST_HEADERS or len(frame) > MOST_BYTES


def process_packet(frame, header, first, edit):
    if not header.flags & NEEDS_CSUM:
        return finished(edit(frame))
    packet = whole(read_packet(frame, 0, len(frame)), first)
    field = header.csum_start + header.csum_offset
    if packet and packet.transport == header.csum_start and packet.field == field:
        return lone(frame, edit)
    if field + 2 > len(frame):
        return None
    return finished(edit(complete(frame, header.csum_start, len(frame), field)))


def finished(frame):
    return Result(Header(), False, [frame], len(frame))


def lone(frame, edit):
    """A packet that lacks only its checksum."""
    frame = edit(frame)
    packet = read_packet(frame, 0, len(frame))
    described = Header(NEEDS_CSUM, csum_start=packet.transport, csum_offset=packet.field - packet.transport)
    frame = complete(frame, packet.transport, packet.end, packet.field)
    return replace(finished(frame), described=described)


def cut(frame, header, tunnel):
    outer, packet = None, read_packet(frame, 0, len(frame))
    if tunnel:
        outer, packet = packet, read_tunnel(frame, packet)
    described = Header() if tunnel else describe(frame, header, packet)
    payload, frames = frame[packet.data:], []
    for at in range(0, len(payload), header.gso_size):
        last = at + header.gso_size >= len(payload)
        piece = frame[:packet.data] + payload[at:at + header.gso_size]
        piece = with_lengths(piece, packet, len(frames))
        if packet.protocol == TCP:
            piece = with_tcp(piece, packet.transport, at, last)
        piece = put(piece, packet.field, checksum(piece, packet, address_sum(frame, packet)))
        if outer:
            piece = with_lengths(piece, outer, len(frames))
            if word(frame, outer.field):
                piece = put(piece, outer.field, checksum(piece, outer, address_sum(frame, outer)))
        frames.append(piece)
    return Result(described, tunnel, frames, packet.data + header.gso_size)


def describe(frame, header, packet):
    gso_type = UDP_L4
    if packet.protocol == TCP:
        gso_type = (TCPV4 if packet.version == 4 else TCPV6) | (ECN if frame[packet.transport + 13] & CWR else 0)
    return Header(NEEDS_CSUM, gso_type, packet.data, header.gso_size, packet.transport, packet.field - packet.transport)


def with_lengths(frame, packet, number):
    at = packet.network
    if packet.version == 4:
        frame = put(frame, at + 2, len(frame) - at)
        frame = put(put(frame, at + 4, word(frame, at + 4) + number), at + 10, 0)
        frame = put(frame, at + 10, ~total(frame[at:at + (frame[at] & 15) * 4]))
    else:
        frame = put(frame, at + 4, len(frame) - at - 40)
    return frame if packet.protocol == TCP else put(frame, packet.transport + 4, len(frame) - packet.transport)


def with_tcp(frame, at, offset, last):
    sequence = int.from_bytes(frame[at + 4:at + 8], "big") + offset
    flags = frame[at + 13] & ~(0 if last else FIN | PSH) & ~(CWR if offset else 0)
    return put(put(frame, at + 4, sequence, 4), at + 13, flags, 1)


def address_sum(frame, packet):
    """The sum of addresses and protocol. With options or extension headers, only the sender's sum has the right addresses."""
    if packet.is_plain:
        return total(pseudo_header(frame, packet))
    return (word(frame, packet.field) - (packet.end - packet.transport)) % 0xffff


def checksum(frame, packet, addresses):
    content = put(frame, packet.field, 0)[packet.transport:]
    value = ~total(content, addresses.to_bytes(2, "big"), len(content).to_bytes(2, "big")) & 0xffff
    return value or (0xffff if packet.protocol == UDP else 0)
