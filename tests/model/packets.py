# SPDX-License-Identifier: BSD-3-Clause
"""packets: random packets for the DHCP and router advertisement guards: plain, hidden, harmless and truncated."""

import struct

IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"


SNAP = b"\xaa\xaa\x03\x00\x00\x00"
TPIDS = (b"\x81\x00", b"\x88\xa8", b"\x91\x00", b"\x92\x00")


def random_content(rng):
    """What follows the addresses and perhaps a tag: EtherType and packet, now and then behind tags or LLC/SNAP."""
    content = b"".join(random_packet(rng))
    kind = rng.random()
    if kind < 0.15:
        content = snap(rng, content)
    if kind > 0.1 and kind < 0.3:
        content = stacked_tags(rng) + content
    return content


def stacked_tags(rng):
    return b"".join(rng.choice(TPIDS) + rng.choice((b"\x00\x00", b"\x00\x0a", b"\x00\x01"))
                    for _ in range(rng.randint(1, 6)))


def snap(rng, content):
    """With a length that is right, wrong, or the largest that is one; now and then no SNAP header, or a cut one."""
    length = rng.choice((len(content) + 6, 0, 8, 1500, 1501, 0x5ff, 0x600)).to_bytes(2, "big")
    others = (SNAP[:4] + b"\x00\xf8", b"\xaa\xaa\x07" + SNAP[3:], b"\x42\x42" + SNAP[2:])
    header = rng.choice((SNAP,) * 6 + others)
    return shortened(rng, length + header + content, 0.05)


def random_packet(rng):
    """(EtherType, packet)"""
    if rng.random() < 0.35:
        return IPV4, ipv4(rng)
    return IPV6, ipv6(rng)


def udp(rng, ports):
    source, destination = rng.choice(ports)
    content = rng.randbytes(rng.randrange(8, 40))
    length = rng.choice((8 + len(content),) * 4 + (0, 7, 65535))
    return struct.pack("!HHHH", source, destination, length, 0) + content


def ipv4(rng):
    content = udp(rng, ((67, 68), (1067, 68), (68, 68), (68, 67), (67, 67), (547, 546)))
    options = rng.randbytes(4 * rng.choice((0, 0, 1, 10)))
    protocol = rng.choice((17, 17, 17, 6))
    fragment = rng.choice((0, 0, 0x4000, 0x2000, 1, 0x2001))
    total = rng.choice((20 + len(options) + len(content),) * 4 + (0, 20, 22, 20 + len(options) + 3, 20 + len(options) + 4, 65535))
    version = rng.choice((4,) * 6 + (0, 5, 6))
    words = 5 + len(options) // 4
    if rng.random() < 0.05:  # a header that is shorter or longer than it says
        words = rng.choice((0, 3, 4, 6, 15))
    # With four words the ports are where the destination address is.
    header = struct.pack("!BBHHHBBH", version << 4 | words, 0, total, 0, fragment, 64, protocol, 0) \
        + rng.randbytes(6) + rng.choice((b"\x00\x44", rng.randbytes(2)))
    return shortened(rng, header + options + content, 0.15, len(header + options))


def ipv6(rng):
    protocol, content = upper_layer(rng)
    behind = len(content)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 4))):
        protocol, content = extension(rng, protocol, content)
    if rng.random() < 0.1:
        for _ in range(rng.choice((14, 15, 16, 17, 30))):
            protocol, content = 60, bytes((protocol, 0)) + bytes(6) + content
    # The length is sometimes absent, or too short. Nobody believes it.
    length = rng.choice((len(content),) * 8 + (0, max(0, len(content) - rng.randrange(40))))
    version = rng.choice((6,) * 6 + (0, 4, 7))
    if protocol == 44 and rng.random() < 0.1:  # a fragment of little more than its header, and padding
        length = rng.choice((8, 9, 11, 12, 16))
    header = struct.pack("!IHBB", version << 28, length, protocol, 255) + rng.randbytes(32)
    return shortened(rng, header + content, 0.15, len(header) + len(content) - behind)


def upper_layer(rng):
    kind = rng.random()
    if kind < 0.5:
        icmp_type = rng.choice((134, 134, 137, 133, 135, 136, 128))
        return 58, bytes((icmp_type, 0)) + rng.randbytes(14)
    if kind < 0.8:
        return 17, udp(rng, ((547, 546), (5470, 546), (547, 547), (547, 5460), (546, 547), (67, 68)))
    return rng.choice((6, 50, 59, 132)), rng.randbytes(20)


def extension(rng, following, content):
    """An extension header in front of the content."""
    kind = rng.choice((0, 43, 44, 44, 44, 51, 60, 135, 139, 140))
    if kind == 44:
        offset = rng.choice((0, 0, 0, 8, 0x88))
        return kind, struct.pack("!BBHI", following, 0, offset | rng.choice((0, 1)), 7) + content
    if kind == 51:
        words = rng.choice((1, 4))
        return kind, bytes((following, words)) + rng.randbytes((words + 2) * 4 - 2) + content
    blocks = rng.choice((0, 0, 1, 5))
    return kind, bytes((following, blocks)) + rng.randbytes(blocks * 8 + 6) + content


def shortened(rng, packet, share, edge=0):
    """A share of the packets cut, at any byte or near the edge of the header."""
    if rng.random() >= share:
        return packet
    if edge and rng.random() < 0.5:
        return packet[:max(0, edge + rng.choice((-3, -1, 0, 0, 1, 2, 3, 4, 5)))]
    return packet[:rng.randrange(len(packet) + 1)]
