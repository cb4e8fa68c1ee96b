# SPDX-License-Identifier: BSD-3-Clause
"""claimpackets: random packets that claim an IP address: ARP, neighbour discovery, IPv4, IPv6, DHCP clients; some hidden."""

import ipaddress
import struct

import packets

ADDRESSES4 = [ipaddress.ip_address(text).packed for text in ("10.0.0.1", "10.0.0.2", "10.0.0.130", "10.0.1.1", "0.0.0.0")]
ADDRESSES6 = [ipaddress.ip_address(text).packed for text in ("2001:db8::1", "2001:db8::2", "2001:db8:1::1", "fe80::1", "::",
                                                           "::ffff:10.0.0.1", "::ffff:0:0")]
PREFIXES = ("10.0.0.1", "10.0.0.2", "10.0.0.0/24", "10.0.0.128/25", "0.0.0.0/0", "2001:db8::1", "2001:db8::/64", "2001:db8::/33",
            "fe80::1", "::/0")
ARP = b"\x08\x06"


def random_content(rng, mac):
    """What follows the addresses and perhaps a tag, of a station with this MAC."""
    kind = rng.random()
    content = arp(rng) if kind < 0.3 else ipv4(rng) if kind < 0.5 else ipv6(rng, mac)
    if rng.random() < 0.12:
        content = packets.snap(rng, content)
    if rng.random() < 0.12:
        content = packets.stacked_tags(rng) + content
    return content


def arp(rng):
    lengths = rng.choice((b"\x06\x04",) * 12 + (b"\x06\x06", b"\x08\x04"))
    packet = b"\0\x01\x08\0" + lengths + b"\0\x01" + rng.randbytes(6) + rng.choice(ADDRESSES4) + bytes(6) + rng.choice(ADDRESSES4)
    return ARP + packets.shortened(rng, packet, 0.1, 28)


def ipv4(rng):
    content = packets.udp(rng, ((68, 67), (68, 67), (67, 68), (1000, 67), (68, 1000)))
    fragment = rng.choice((0, 0, 0, 0x4000, 0x2000, 1))
    total = rng.choice((20 + len(content),) * 4 + (0, 20, 22, 24))
    header = struct.pack("!BBHHHBBH", 0x45, 0, total, 0, fragment, 64, rng.choice((17, 17, 6)), 0)
    return packets.IPV4 + packets.shortened(rng, header + rng.choice(ADDRESSES4) + rng.choice(ADDRESSES4) + content, 0.1, 20)


def own_address(mac):
    return b"\xfe\x80" + bytes(6) + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]


def ipv6(rng, mac):
    own, kind = own_address(mac), rng.random()
    source, target = (rng.choice(ADDRESSES6 + [own] * 3) for _ in range(2))
    if kind < 0.65:
        icmp = bytes((rng.choice((133, 135, 135, 136, 136, 128)), 0, 0, 0, 0, 0, 0, 0)) + target
        protocol, content = 58, packets.shortened(rng, icmp, 0.1)
    else:
        protocol, content = 17, packets.udp(rng, ((546, 547), (546, 547), (547, 546), (1000, 547)))
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        protocol, content = packets.extension(rng, protocol, content)
    length = rng.choice((len(content),) * 6 + (0, 8, 12))
    header = struct.pack("!IHBB", 6 << 28, length, protocol, 255) + source + rng.choice(ADDRESSES6)
    return packets.IPV6 + packets.shortened(rng, header + content, 0.1, 40)
