# SPDX-License-Identifier: BSD-3-Clause
"""What a frame carries, as far as `dhcp-server` and `router-advert` want to know (RFC 6105, 7113, 7610)."""

TAGS = (b"\x81\x00", b"\x88\xa8")
ICMPV6, UDP, FRAGMENT, AUTHENTICATION = 58, 17, 44, 51
# Hop-by-hop, routing, destination options, mobility, HIP, shim6: next header, length in 8 bytes beyond the first 8.
EXTENSIONS = (0, 43, 60, 135, 139, 140)
ROUTER_ADVERTISEMENT, REDIRECT = 134, 137


def payload(data):
    """EtherType and packet of a frame.

    # reading: any number of tags is looked through. An access port strips one only, and a host takes a
    # priority tag behind it as if it were not there.
    """
    at = 12
    while data[at:at + 2] in TAGS:
        at += 4
    return data[at:at + 2], data[at + 2:]


def is_dhcp_server(data):
    ethertype, packet = payload(data)
    if ethertype == b"\x08\x00":
        return is_dhcpv4_server(packet)
    if ethertype == b"\x86\xdd":
        return is_dhcpv6_server(packet)
    return False


def is_dhcpv4_server(packet):
    if len(packet) < 20 or packet[0] >> 4 != 4 or packet[9] != UDP:
        return False
    if int.from_bytes(packet[6:8], "big") & 0x1fff:
        return False  # a later fragment has no ports
    header = (packet[0] & 15) * 4
    total = int.from_bytes(packet[2:4], "big")
    return header >= 20 and packet[:total][header:header + 4] == b"\x00\x43\x00\x44"


def is_dhcpv6_server(packet):
    protocol, content, first_fragment = upper_layer(packet)
    if protocol is None or protocol == UDP and len(content) < 2:
        # reading: RFC 7610 holds for DHCPv6 what RFC 7113 does for advertisements.
        return first_fragment
    return protocol == UDP and content[0:2] == b"\x02\x23"


def is_router_advert(data):
    ethertype, packet = payload(data)
    if ethertype != b"\x86\xdd":
        return False
    protocol, content, first_fragment = upper_layer(packet)
    if protocol is None or protocol == ICMPV6 and not content:
        # reading: only a first fragment is dropped for being too short; no host makes sense of a whole
        # packet that is cut.
        return first_fragment
    return protocol == ICMPV6 and content[0] in (ROUTER_ADVERTISEMENT, REDIRECT)


def upper_layer(packet):
    """Protocol behind all extension headers (None: cut before it is named), its bytes, and whether this is the
    first fragment of several (or the only one behind a fragment header)."""
    if len(packet) < 40 or packet[0] >> 4 != 6:
        return None, b"", False
    length = int.from_bytes(packet[4:6], "big")
    # reading: what lies behind the packet's own length is padding, not packet (0: a jumbogram, all there is).
    protocol, rest = packet[6], packet[40:40 + length] if length else packet[40:]
    first_fragment = False
    while protocol in EXTENSIONS or protocol in (FRAGMENT, AUTHENTICATION):
        if len(rest) < (8 if protocol == FRAGMENT else 2):
            return None, b"", first_fragment
        if protocol == FRAGMENT:
            if int.from_bytes(rest[2:4], "big") >> 3:
                return FRAGMENT, rest, False  # a later fragment: nothing can be told, nothing is needed
            first_fragment = True
        size = extension_size(protocol, rest)
        protocol, rest = rest[0], rest[size:]
    return protocol, rest, first_fragment


def extension_size(protocol, header):
    if protocol == FRAGMENT:
        return 8
    if protocol == AUTHENTICATION:
        return (header[1] + 2) * 4
    return (header[1] + 1) * 8
