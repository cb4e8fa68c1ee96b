# SPDX-License-Identifier: BSD-3-Clause
"""The guards `dhcp-server` and `router-advert`: why a frame must not pass, or None where it may (RFC 6105, 7113, 7610).

They read a frame as the most lenient client would that reads it from a packet socket. A frame that is too long
or too short to tell must not pass.
"""

TAGS = (b"\x81\x00", b"\x88\xa8", b"\x91\x00", b"\x92\x00")
MOST_TAGS, MOST_EXTENSIONS = 4, 16
IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"
SNAP = b"\xaa\xaa\x03\x00\x00\x00"  # LLC header and organisation of RFC 1042; an EtherType follows
FIRST_ETHERTYPE = 0x600
ICMPV6, UDP, FRAGMENT, AUTHENTICATION = 58, 17, 44, 51
# Hop-by-hop, routing, destination options, mobility, HIP, shim6: next header, length in 8 bytes beyond the first 8.
# reading: the headers 253 and 254 are for experiments. No host walks over them, so they end a chain.
EXTENSIONS = (0, 43, 60, 135, 139, 140)
ROUTER_ADVERTISEMENT, REDIRECT = 134, 137
MORE_FRAGMENTS = 0x2000  # of IPv4
DHCP_CLIENT, DHCPV6_CLIENT, DHCPV6_SERVER = 68, 546, 547


class Untold(Exception):
    """It cannot be told what the frame carries; the guard that asks drops it."""


def dhcp_server(data):
    return judged(data, {IPV4: is_dhcpv4_answer, IPV6: is_dhcpv6_answer}, "dhcp server")


def router_advert(data):
    return judged(data, {IPV6: is_router_advert}, "router advert")


def judged(data, judges, what):
    try:
        ethertype, packet, way = payload(data)
        judge = judges.get(ethertype)
        return what + way if judge and judge(packet) else None
    except Untold as reason:
        return str(reason)


def payload(data):
    """EtherType and packet of a frame, and by which way they were found, in words.

    # reading: tags come before LLC/SNAP, not behind it. The limit is for all tags of the frame as it came,
    # that of its VLAN included. A frame that ends in its tags or in LLC/SNAP has no IP header, so it passes.
    # reading: a value below 0x600 is a length, one of 1501 to 1535 too: Linux takes these for LLC.
    """
    at, tags = 12, 0
    while data[at:at + 2] in TAGS:
        at, tags = at + 4, tags + 1
        if tags > MOST_TAGS:
            raise Untold("too many tags")
    ethertype, rest, way = data[at:at + 2], data[at + 2:], ""
    if tags and any(data[n:n + 2] != TAGS[0] for n in range(12, at, 4)):
        way = " behind another TPID"
    if int.from_bytes(ethertype, "big") < FIRST_ETHERTYPE and rest[:6] == SNAP:
        ethertype, rest, way = rest[6:8], rest[8:], " in SNAP"
    return ethertype, rest, way


def is_dhcpv4_answer(packet):
    # reading: "header length decides" also where it says less than 20 bytes: a client that finds the ports by it
    # finds them there. The fixed header has 20 bytes all the same; a shorter packet is none.
    header = (packet[0] & 15) * 4 if packet else 0
    if len(packet) < max(20, header) or packet[9] != UDP:
        return False
    fragment, total = int.from_bytes(packet[6:8], "big"), int.from_bytes(packet[2:4], "big")
    if fragment & 0x1fff:
        return False  # a later fragment has no ports
    # reading: the length is believed where it says that a first fragment of several has no ports. Padding may look
    # like some, but reassembly takes them from the next fragment.
    content = packet[header:max(total, header)] if fragment & MORE_FRAGMENTS else packet[header:]
    return ports(content)[1] == DHCP_CLIENT


def is_dhcpv6_answer(packet):
    protocol, content = upper_layer(packet)
    if protocol != UDP:
        return False
    source, destination = ports(content)
    return source == DHCPV6_SERVER or destination == DHCPV6_CLIENT


def ports(content):
    # reading: of a frame that ends between the two ports, the one that is there decides nothing.
    if len(content) < 4:
        raise Untold("ends before the ports")
    return int.from_bytes(content[0:2], "big"), int.from_bytes(content[2:4], "big")


def is_router_advert(packet):
    protocol, content = upper_layer(packet)
    if protocol != ICMPV6:
        return False
    if not content:
        raise Untold("ends before the ICMPv6 type")
    return content[0] in (ROUTER_ADVERTISEMENT, REDIRECT)


def upper_layer(packet):
    """Protocol behind all extension headers, and its bytes; no protocol where it is no first fragment.

    # reading: all bytes of the frame count, padding behind the packet's own length too, which is not believed. It is
    # for a first fragment of several, as for IPv4: one whose length is 0 has nothing behind its header.
    # reading: an extension header that is not whole is too short to tell, even where it names a protocol that is
    # neither UDP nor ICMPv6: the chain must be whole in a first fragment (RFC 7112, 7113).
    # reading: any extension header counts, those of fragments and of authentication too; the 17th is one too many
    # before it is looked into.
    """
    if len(packet) < 40:
        return None, b""
    protocol, rest, count, passed = packet[6], packet[40:], 0, 0
    while protocol in EXTENSIONS or protocol in (FRAGMENT, AUTHENTICATION):
        count += 1
        if count > MOST_EXTENSIONS:
            raise Untold("too many extension headers")
        if len(rest) < 8 or len(rest) < extension_size(protocol, rest):
            raise Untold("ends in an extension header")
        if protocol == FRAGMENT and int.from_bytes(rest[2:4], "big") >> 3:
            return None, b""  # a later fragment: nothing can be told, nothing is needed
        if protocol == FRAGMENT and rest[3] & 1:
            rest = rest[:max(8, int.from_bytes(packet[4:6], "big") - passed)]
        size = extension_size(protocol, rest)
        protocol, rest, passed = rest[0], rest[size:], passed + size
    return protocol, rest


def extension_size(protocol, header):
    if protocol == FRAGMENT:
        return 8
    if protocol == AUTHENTICATION:
        return (header[1] + 2) * 4
    return (header[1] + 1) * 8
