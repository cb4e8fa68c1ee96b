# SPDX-License-Identifier: BSD-3-Clause
"""tunnelpackets: random sections `evpn`, and random packets of the underlay: sound ones, hostile ones, others' ones."""

import struct

import multicast
import packets

VTEPS = ["10.9.0.%d" % n for n in range(2, 30)]
SOURCE, STRANGER = "10.9.0.1", "10.9.0.77"
NEXT_HOPS = ["02:00:00:00:09:02", "02:00:00:00:09:03"]
VNIS = (1, 10010, 4096, 16777215)
UNKNOWN_VNIS = (0, 2, 10011, 16777214)
MTUS = (576, 1500, 1500, 1550, 1600, 9600)
FLOWS4 = [bytes((10, 0, 0, n)) for n in (1, 2, 3)]
FLOWS6 = [b"\xfe\x80" + bytes(13) + bytes([n]) for n in (1, 2, 3)]


def section(rng, policy, vlans, macs, most):
    """A section `evpn` with at most so many peers; their MACs are among those that everybody uses."""
    known = dict(zip(rng.sample(vlans, rng.randint(1, len(vlans))), rng.sample(VNIS, len(VNIS))))
    evpn = {"underlay": {"device": "null:", "mtu": rng.choice(MTUS)}, "source": SOURCE,
            "control": "none", "vnis": [{"vlan": vlan, "vni": vni} for vlan, vni in known.items()], "policy": policy}
    if rng.random() < 0.6:
        evpn["underlay"]["twin"] = "vtep0"
    for key, values in (("udp-port", (4789, 8472)), ("ttl", (1, 64, 255)), ("dscp", (0, 10, 63))):
        if rng.random() < 0.3:
            evpn[key] = rng.choice(values)
    taken = set()
    evpn["peers"] = [peer(rng, vtep, known, macs, taken) for vtep in rng.sample(VTEPS, min(most, rng.choice((1, 2, 2, 3, 3, 5, 20))))]
    return evpn


def peer(rng, vtep, known, macs, taken):
    its = rng.sample(sorted(known), rng.randint(1, len(known)))
    row = {"vtep": vtep, "vnis": [known[vlan] for vlan in its] + [99] * (rng.random() < 0.2)}
    if rng.random() < 0.9:
        row["next-hop"] = rng.choice(NEXT_HOPS)
    stations = [{"mac": rng.choice(macs), "vlan": rng.choice(its)} for _ in range(rng.choice((0, 1, 2, 4, 8)))]
    row["macs"] = [station for station in stations if not is_taken(station, taken)]
    for station in row["macs"]:
        if rng.random() < 0.3:
            station["sticky"] = rng.choice(("on", "on", "off"))
    return row


def is_taken(station, taken):
    key = station["mac"], station["vlan"]
    return key in taken or taken.add(key)


def flow_content(rng):
    """EtherType and packet of one of a few flows."""
    kind, protocol = rng.random(), rng.choice((6, 17, 17, 1))
    segment = struct.pack("!HH", rng.choice((1000, 1001)), rng.choice((80, 2000))) + rng.randbytes(rng.choice((4, 16, 30)))
    if kind < 0.6:
        fragment = rng.choice((0, 0, 0x4000, 0x2000, 0x2001, 1))
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 7, fragment, 64, protocol, 0)
        return packets.IPV4 + packets.shortened(rng, header + rng.choice(FLOWS4) + rng.choice(FLOWS4) + segment, 0.05, 20)
    for _ in range(rng.choice((0, 0, 0, 1))):
        protocol, segment = packets.extension(rng, protocol, segment)
    header = struct.pack("!IHBB", 6 << 28, len(segment), protocol, 64)
    return packets.IPV6 + packets.shortened(rng, header + rng.choice(FLOWS6) + rng.choice(FLOWS6) + segment, 0.05, 40)


class Host:
    """The machine's own traffic, on the underlay or on the twin. Looks like a port to the traffic."""

    effective_mac = None

    def __init__(self, name, evpn):
        self.name, self.mtu = name, evpn["underlay"]["mtu"]

    @staticmethod
    def key(name):
        return {"vlan-mode": "access"}.get(name)

    @staticmethod
    def has_vlan(vlan):
        return True

    def pack(self, rng, data):
        """Mostly what it is, now and then about as long as the MTU allows."""
        if rng.random() < 0.2 and len(data) > 14:
            return data + bytes(max(0, self.mtu + rng.choice((13, 14, 15, 17, 18, 19)) - len(data)))
        return data


class Vtep(Host):
    """Another machine."""

    def __init__(self, row, evpn):
        super().__init__("underlay", evpn)
        self.address, self.vnis = row["vtep"], row["vnis"]
        self.port, self.all_vnis = evpn.get("udp-port", 4789), [pair["vni"] for pair in evpn["vnis"]]

    def pack(self, rng, data):
        packet = Packet(self.address, rng.choice(self.vnis), self.port, data)
        if rng.random() < 0.15:
            rng.choice(HOSTILE)(rng, packet, self)
        return packet.whole()


class Packet:
    """The fields of a packet, to be spoiled."""

    def __init__(self, source, vni, port, inner):
        self.source, self.target, self.vni, self.port, self.inner = source, SOURCE, vni, port, inner
        self.mac, self.type, self.version, self.options = "02:00:0a:09:00:01", b"\x08\x00", 4, b""
        self.words, self.fragment, self.ttl, self.protocol = None, 0x4000, 64, 17
        self.total = self.udp = self.sum = self.sport = 0
        self.udp_sum, self.flags, self.reserved, self.behind, self.cut = 0, 8, bytes(3), b"", None

    def whole(self):
        self.inner = self.inner[:60000]  # that the length field can say
        length = 20 + len(self.options) + 16 + len(self.inner)
        words = 5 + len(self.options) // 4 if self.words is None else self.words
        ip = struct.pack("!BBHHHBBH", self.version << 4 | words, 0, (length + self.total) & 0xffff, 1, self.fragment, self.ttl,
                         self.protocol, 0) + octets(self.source) + octets(self.target) + self.options
        ip = multicast.with_checksum(ip, 10)
        ip = ip[:10] + (int.from_bytes(ip[10:12], "big") ^ self.sum).to_bytes(2, "big") + ip[12:]
        udp = struct.pack("!HHHH", 50000 + self.sport, self.port, (len(self.inner) + 16 + self.udp) & 0xffff, self.udp_sum)
        vxlan = bytes([self.flags]) + self.reserved + self.vni.to_bytes(3, "big") + b"\0"
        ethernet = bytes.fromhex(self.mac.replace(":", "")) + b"\x02\0\0\0\x09\x02" + self.type
        return (ethernet + ip + udp + vxlan + self.inner + self.behind)[:self.cut]


def octets(address):
    return bytes(map(int, address.split(".")))


def setting(**values):
    """A spoiler that takes one of some values for a field."""
    (field, choice), = values.items()
    return lambda rng, packet, vtep: setattr(packet, field, rng.choice(choice))


def padded(rng, packet, vtep):
    packet.behind = bytes(rng.choice((1, 18, 40)))


def cut_short(rng, packet, vtep):
    packet.cut = rng.choice((rng.randrange(64), 50, 63, -1, -4))


def short_inner(rng, packet, vtep):
    packet.inner = packet.inner[:rng.choice((0, 12, 13, 14, 15))]


def another_vni(rng, packet, vtep):
    packet.vni = rng.choice(vtep.all_vnis)


def packet_within(rng, packet, vtep):
    packet.inner = packet.whole()


def all_at_once(rng, packet, vtep):
    for spoiler in rng.sample(HOSTILE[:-1], 3):
        spoiler(rng, packet, vtep)


HOSTILE = (
    setting(source=(STRANGER, SOURCE, "0.0.0.0", "255.255.255.255")), setting(target=("10.9.0.9", "224.0.0.5", "255.255.255.255")),
    setting(port=(4789, 8472, 4790)), setting(mac=("ff:ff:ff:ff:ff:ff", "02:00:00:00:09:09", "01:00:5e:00:00:05")),
    setting(type=(b"\x81\x00\x00\x05\x08\x00", b"\x81\x00\x00\x00\x08\x00", b"\x86\xdd", b"\x88\xb5")),
    setting(version=(4, 5, 6)), setting(options=(b"\x01\x01\x01\x00", bytes(40))), setting(words=(0, 4, 6, 15)),
    setting(fragment=(0, 0x8000, 0x2000, 0x6000, 0x2001, 1, 100, 0x1fff)), setting(ttl=(0, 1, 255)), setting(protocol=(1, 50, 136)),
    setting(total=(-1, 1, -2, 50, -30, 65000)), setting(udp=(-1, 1, -30, 30, -1000)), setting(sum=(1, 0x8000, 0xffff)),
    setting(udp_sum=(1, 0xffff)), setting(flags=(0, 0xf7, 0xff, 0x88)), setting(reserved=(b"\0\0\x01", b"\xff\xff\xff")),
    setting(vni=UNKNOWN_VNIS), padded, cut_short, short_inner, another_vni, packet_within, all_at_once)
