# SPDX-License-Identifier: BSD-3-Clause
"""packets: random packets for the DHCP and router advertisement guards: plain, hidden, harmless and truncated."""

import struct

IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"


def random_packet(rng):
    """(EtherType, packet)"""
    if rng.random() < 0.3:
        return IPV4, ipv4(rng)
    return IPV6, ipv6(rng)


def udp(rng, ports):
    source, destination = rng.choice(ports)
    content = rng.randbytes(rng.randrange(8, 40))
    return struct.pack("!HHHH", source, destination, 8 + len(content), 0) + content


def ipv4(rng):
    content = udp(rng, ((67, 68), (67, 68), (68, 67), (67, 67), (547, 546)))
    options = rng.randbytes(4 * rng.choice((0, 0, 1, 10)))
    protocol = rng.choice((17, 17, 17, 6))
    fragment = rng.choice((0, 0, 0x4000, 0x2000, 1, 0x2001))
    total = rng.choice((20 + len(options) + len(content),) * 8 + (22,))
    header = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, 0, total,
                         0, fragment, 64, protocol, 0) + rng.randbytes(8)
    return shortened(rng, header + options + content)


def ipv6(rng):
    protocol, content = upper_layer(rng)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 4))):
        protocol, content = extension(rng, protocol, content)
    # The length is sometimes absent, or too short (the rest is padding).
    length = rng.choice((len(content),) * 8 + (0, max(0, len(content) - rng.randrange(40))))
    header = struct.pack("!IHBB", 0x60000000, length, protocol, 255) + rng.randbytes(32)
    return shortened(rng, header + content)


def upper_layer(rng):
    kind = rng.random()
    if kind < 0.5:
        icmp_type = rng.choice((134, 134, 137, 133, 135, 136, 128))
        return 58, bytes((icmp_type, 0)) + rng.randbytes(14)
    if kind < 0.8:
        return 17, udp(rng, ((547, 546), (547, 547), (546, 547), (67, 68)))
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


def shortened(rng, packet):
    return packet[:rng.randrange(len(packet) + 1)] if rng.random() < 0.15 else packet
