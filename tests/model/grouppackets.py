# SPDX-License-Identifier: BSD-3-Clause
"""grouppackets: random messages of IGMP and MLD, signs of routers, and data to groups, some of them wrong."""

import ipaddress
import struct

import multicast
from multicast import IPV4, IPV6, with_checksum


def ip(text):
    return ipaddress.ip_address(text).packed


GROUPS4 = [ip(text) for text in ("239.1.1.1", "239.1.1.1", "239.129.1.1", "239.1.1.2", "224.0.0.251", "224.0.1.1")]
GROUPS6 = [ip(text) for text in ("ff05::1:3", "ff05::1:3", "ff0e::1:3", "ff05::2", "ff02::fb", "ff03::1")]
SOURCES4 = [ip(text) for text in ("10.0.0.1", "10.0.0.2", "10.0.0.5", "10.0.0.9", "0.0.0.0", "127.0.0.1", "224.0.0.5")]
SOURCES6 = [ip(text) for text in ("fe80::1", "fe80::2", "fe80::16:1", "fe80:1::1", "::", "2001:db8::1")]
STRANGERS = [ip("10.1.1.1"), ip("0.0.0.0")]


def random_frame(rng):
    """(destination MAC, EtherType and packet)"""
    to, content = ipv4(rng) if rng.random() < 0.6 else ipv6(rng)
    mac = multicast.group_mac(to)
    if rng.random() < 0.02:
        mac = multicast.group_mac(rng.choice(GROUPS4 + GROUPS6))
    if rng.random() < 0.04:
        content = content[:rng.randrange(len(content) + 1)]
    elif rng.random() < 0.04:
        at = rng.randrange(2, len(content))
        content = content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1:]
    elif rng.random() < 0.2:  # padding is no part of a message
        content += bytes(rng.choice((1, 2, 20)))
    return mac, content


def packet4(rng, protocol, to, content, source=None, router_alert=True):
    source = source or rng.choice(SOURCES4[:5] * 3 + SOURCES4)
    options = b"\x94\x04\0\0" if router_alert else b""
    ttl = rng.choice((1,) * 30 + (2, 0)) if protocol in (2, 103) else 8
    fragment = rng.choice((0,) * 20 + (0x4000, 0x2000, 1))
    header = struct.pack(">BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 20 + len(options) + len(content), 7, fragment, ttl,
                         protocol, 0, source, to)
    return to, IPV4 + with_checksum(header + options, 10) + content


def ipv4(rng):
    kind = rng.random()
    group = rng.choice(GROUPS4)
    if kind < 0.45:
        return packet4(rng, 17, group, rng.randbytes(12), router_alert=False)
    if kind < 0.62:
        group = rng.choice(GROUPS4 + STRANGERS) if rng.random() < 0.1 else group
        to = group if multicast.is_group(group) and rng.random() < 0.95 else rng.choice(GROUPS4)
        return packet4(rng, 2, to, igmp(rng.choice((0x12, 0x16, 0x16)), 0, group))
    if kind < 0.72:
        to = rng.choice((multicast.ALL_ROUTERS, multicast.ALL_ROUTERS, group))
        return packet4(rng, 2, to, igmp(0x17, 0, rng.choice(GROUPS4 + STRANGERS) if rng.random() < 0.1 else group))
    if kind < 0.82:
        to = rng.choice((multicast.ALL_IGMPV3,) * 15 + (group,))
        return packet4(rng, 2, to, with_checksum(struct.pack(">BBHHH", 0x22, 0, 0, 0, 0)[:6] + records(rng, GROUPS4, 4), 2))
    if kind < 0.94:
        return query4(rng, group)
    if kind < 0.97:
        hello = bytes((rng.choice((0x20, 0x20, 0x20, 0x21, 0x10)), 0, 0, 0)) + rng.randbytes(4)
        return packet4(rng, 103, multicast.ALL_PIM, with_checksum(hello, 2), router_alert=False)
    to = rng.choice((multicast.SNOOPERS, multicast.SNOOPERS, multicast.ALL_HOSTS))
    return packet4(rng, 2, to, igmp(rng.choice((0x30, 0x30, 0x13, 0x1f)), 20, bytes(4)))


def igmp(kind, code, group, more=b""):
    return with_checksum(bytes((kind, code, 0, 0)) + group + more, 2)


def query4(rng, group):
    code = rng.choice((0, 1, 10, 10, 20, 100, 100, 127, 128, 0x9f, 255))
    asked = group if rng.random() < 0.2 else bytes(4)
    more = b""
    if rng.random() < 0.5:
        number = rng.choice((0,) * 8 + (1, 2))
        more = struct.pack(">BBH", 2, 125, number) + bytes((10, 0, 0, 7)) * rng.choice((number,) * 8 + (0, 1))
        more = more[:rng.choice((100,) * 10 + (1, 3))]
    to = multicast.ALL_HOSTS if asked == bytes(4) and rng.random() < 0.95 else group
    return packet4(rng, 2, to, igmp(0x11, code, asked, more))


def records(rng, groups, size):
    """Their number, and what follows."""
    wanted, rest = rng.choice((0, 1, 1, 1, 2, 3)), b""
    for _ in range(wanted):
        sources = rng.choice((0, 0, 0, 1, 2))
        extra = rng.choice((0,) * 8 + (1,))
        group = rng.choice(groups) if rng.random() < 0.97 else bytes(size)
        rest += struct.pack(">BBH", rng.choice((1, 2, 3, 3, 4, 4, 5, 6, 0, 7)), extra, sources) + group
        rest += rng.randbytes(sources * size + extra * 4)
    return rng.choice((wanted,) * 20 + (wanted + 1, max(0, wanted - 1))).to_bytes(2, "big") + rest


def packet6(rng, to, content, source=None):
    source = source or rng.choice(SOURCES6[:3] * 4 + SOURCES6)
    options = rng.choice((b"\x05\x02\0\0\x01\0",) * 16 + (b"\x01\0\x05\x02\0\0", b"\0\0\x05\x02\0\0", b"\x01\x04\0\0\0\0",
                                                       b"\x05\x02\0\x01\x01\0", b"\x01\x05\0\0\0\0"))
    hop = bytes((58, 0)) + options
    if rng.random() < 0.05:
        hop = bytes((58, 1)) + options + b"\x01\x06" + bytes(6)
    length = len(hop) + len(content)
    if rng.random() < 0.03:
        hop, length = b"", len(content)
    header = struct.pack(">IHBB16s16s", 6 << 28, rng.choice((length,) * 20 + (length + 1, length - 1)), 0 if hop else 58,
                         rng.choice((1,) * 30 + (2,)), source, to)
    return to, IPV6 + header + hop + with_checksum(content, 2, multicast.pseudo(header, 58, len(content)))


def ipv6(rng):
    kind, group = rng.random(), rng.choice(GROUPS6)
    if kind < 0.42:
        header = struct.pack(">IHBB16s16s", 6 << 28, 12, 17, 8, rng.choice(SOURCES6), group)
        return group, IPV6 + header + rng.randbytes(12)
    if kind < 0.56:
        to = group if rng.random() < 0.95 else rng.choice(GROUPS6)
        return packet6(rng, to, mld(131, 0, group))
    if kind < 0.66:
        return packet6(rng, rng.choice((multicast.link_group(2),) * 8 + (group,)), mld(132, 0, group))
    if kind < 0.80:
        to = rng.choice((multicast.link_group(22),) * 15 + (group,))
        return packet6(rng, to, struct.pack(">BBHH", 143, 0, 0, 0) + records(rng, GROUPS6, 16))
    if kind < 0.93:
        return query6(rng, group)
    if kind < 0.96:
        source = rng.choice(SOURCES6)
        header = struct.pack(">IHBB16s16s", 6 << 28, 8, 103, rng.choice((1, 1, 1, 2)), source, multicast.link_group(13))
        hello = bytes((rng.choice((0x20, 0x20, 0x21)), 0, 0, 0)) + rng.randbytes(4)
        return multicast.link_group(13), IPV6 + header + with_checksum(hello, 2, multicast.pseudo(header, 103, 8))
    to = rng.choice((multicast.link_group(106), multicast.link_group(1)))
    return packet6(rng, to, struct.pack(">BBHHH", rng.choice((151, 151, 153)), 20, 0, 0, 0))


def mld(kind, code, group, more=b""):
    return struct.pack(">BBHHH", kind, 0, 0, code, 0) + group + more


def query6(rng, group):
    code = rng.choice((0, 500, 1000, 1000, 10000, 10000, 0x7fff, 0x8000, 0x9abc, 0xffff))
    asked = group if rng.random() < 0.2 else bytes(16)
    more = b""
    if rng.random() < 0.6:
        number = rng.choice((0,) * 8 + (1,))
        more = struct.pack(">BBH", 2, 125, number) + bytes(16) * rng.choice((number,) * 8 + (0, 1))
        more = more[:rng.choice((100,) * 10 + (1, 3))]
    to = multicast.link_group(1) if asked == bytes(16) and rng.random() < 0.95 else group
    return packet6(rng, to, mld(130, code, asked, more))
