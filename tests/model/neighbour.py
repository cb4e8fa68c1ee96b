# SPDX-License-Identifier: BSD-3-Clause
"""`neighbour-suppression`: a request for the MAC of a bound address goes to the ports where its owners are.

# reading: the port of the binding gets it as well as the port where the table has the MAC. An owner that the table does not
# have, or has on a port that the frame may not go to, makes the request a broadcast again. So do more than four owners.
"""

import spoof

ARP, IPV4, IPV6, TAG = b"\x08\x06", b"\x08\x00", b"\x86\xdd", b"\x81\x00"
OWNERS_MAX = 4


def target(data):
    """The address that a frame asks for; None if it does not ask, or its sender has no address or claims that one."""
    at = 16 if data[12:14] == TAG else 12
    ethertype, packet = data[at:at + 2], data[at + 2:]
    if ethertype == ARP and len(packet) >= 28 and packet[:8] == b"\0\x01" + IPV4 + b"\x06\x04\0\x01":
        sender, asked = spoof.mapped(packet[14:18]), spoof.mapped(packet[24:28])
    elif ethertype == IPV6 and len(packet) >= 64 and packet[0] >> 4 == 6 and packet[6:8] == b"\x3a\xff" and packet[40:42] == b"\x87\0":
        sender, asked = packet[8:24], packet[48:64]
    else:
        return None
    return None if sender in spoof.UNSPECIFIED[:1 + (ethertype == ARP)] or sender == asked else asked


def owners(ports, vlan, ip):
    """[(MAC, port of the binding)]; empty if there are too many."""
    number = int.from_bytes(ip, "big")
    found = [(row.mac, port) for port in ports for row in port.bindings for prefix, bits in row.prefixes
             if bits == 128 and prefix == number and row.mac and row.vlan in (None, vlan)]
    return found if len(found) <= OWNERS_MAX else []


def ports_of(ports, vlan, data, find, reachable):
    """The ports that a request goes to; empty if it is flooded. find(mac): the port where a MAC is, or None."""
    ip = target(data)
    found = owners(ports, vlan, ip) if ip else []
    places = {find(mac) for mac, _ in found}
    if not places <= set(reachable):
        return []
    return [port for port in reachable if port in places or port in {bound for _, bound in found}] if found else []
