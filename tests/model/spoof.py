# SPDX-License-Identifier: BSD-3-Clause
"""`spoof-guard`: whether a frame claims an IP address that is not bound to its source.

It reads a frame as the guards do. A frame whose claim cannot be told is spoofed.
"""

import ipaddress

import guard

ARP = b"\x08\x06"
LEVELS = ("off", "arp", "ip", "strict")
UNSPECIFIED = (bytes(16), bytes(10) + b"\xff\xff" + bytes(4))
ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT, REDIRECT = 133, 134, 135, 136, 137
DHCP, DHCPV6 = (68, 67), (546, 547)  # a client that asks a server


def mapped(ip4):
    """An IPv4 address as an IPv6 address; addresses are compared in this form."""
    return bytes(10) + b"\xff\xff" + ip4


class Binding:
    def __init__(self, row):
        self.mac = bytes.fromhex(row["mac"].replace(":", "")) if "mac" in row else None
        self.vlan = row.get("vlan")
        self.prefixes = [self.prefix(text) for text in row["ip"]]

    @staticmethod
    def prefix(text):
        network = ipaddress.ip_network(text)
        if network.version == 6:
            return int(network.network_address), network.prefixlen
        return int.from_bytes(mapped(network.network_address.packed), "big"), network.prefixlen + 96

    def holds(self, mac, vlan, ip):
        return self.mac in (None, mac) and self.vlan in (None, vlan) and any(
            int.from_bytes(ip, "big") >> (128 - bits) == prefix >> (128 - bits) for prefix, bits in self.prefixes)


class Claimant:
    """The source of a frame, and what its port lets it claim."""

    def __init__(self, level, bindings, mac, vlan):
        self.level, self.bindings, self.mac, self.vlan = LEVELS.index(level), bindings, mac, vlan

    def may_claim(self, ip):
        own = b"\xfe\x80" + bytes(6) + bytes([self.mac[0] ^ 2]) + self.mac[1:3] + b"\xff\xfe" + self.mac[3:]
        return ip in UNSPECIFIED or ip == own or any(row.holds(self.mac, self.vlan, ip) for row in self.bindings)

    def only_asks(self):
        """Without any binding a strict port lets its stations come to an address, and no more."""
        return self.level == 3 and not self.bindings

    def is_spoofed(self, data):
        try:
            ethertype, packet, _ = guard.payload(data)
            judge = {ARP: self.arp, guard.IPV4: self.ipv4, guard.IPV6: self.ipv6}.get(ethertype)
            return judge(packet) if judge else self.only_asks()
        except guard.Untold:
            return True

    def arp(self, packet):
        if len(packet) < 28 or packet[4:6] != b"\x06\x04":
            return True
        sender = mapped(packet[14:18])
        probes = sender in UNSPECIFIED and packet[6:8] == b"\0\1"
        return not probes if self.only_asks() else not self.may_claim(sender)

    def ipv4(self, packet):
        if self.level < 2:
            return False
        if len(packet) < 20:
            return self.only_asks()  # no IP packet
        source = mapped(packet[12:16])
        if self.only_asks():
            return source not in UNSPECIFIED or not asks_dhcp4(packet)
        return not self.may_claim(source)

    def ipv6(self, packet):
        if len(packet) < 40:
            return self.only_asks()
        source = packet[8:24]
        protocol, content = guard.upper_layer(packet)
        asks = False
        if protocol == guard.ICMPV6:
            if not content:
                return True
            asks = content[0] == ROUTER_SOLICITATION or content[0] == NEIGHBOUR_SOLICITATION and source in UNSPECIFIED
            if self.icmp6(content, source):
                return True
        link_local = source[0] == 0xfe and source[1] & 0xc0 == 0x80
        dhcp = link_local and protocol == guard.UDP and ports(content) == DHCPV6
        if self.only_asks():
            return not asks and not dhcp
        return self.level >= 2 and not dhcp and not self.may_claim(source)

    def icmp6(self, content, source):
        kind = content[0]
        if kind in (ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, REDIRECT):
            return not self.may_claim(source)
        if kind not in (NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT):
            return False
        if len(content) < 24:
            return True
        return not self.may_claim(content[8:24] if kind == NEIGHBOUR_ADVERTISEMENT else source)


def asks_dhcp4(packet):
    header = (packet[0] & 15) * 4
    fragment, total = int.from_bytes(packet[6:8], "big"), int.from_bytes(packet[2:4], "big")
    if len(packet) < header or fragment & 0x1fff or packet[9] != guard.UDP:
        return False
    return ports(packet[header:max(total, header)] if fragment & guard.MORE_FRAGMENTS else packet[header:]) == DHCP


def ports(content):
    return (int.from_bytes(content[0:2], "big"), int.from_bytes(content[2:4], "big")) if len(content) >= 4 else None
