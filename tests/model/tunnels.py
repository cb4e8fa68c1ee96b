# SPDX-License-Identifier: BSD-3-Clause
"""The switch with tunnels to other machines: VXLAN (RFC 7348), VTEPs as ports, the underlay and its twin.

As in model.py, a comment beginning with "reading:" says what was chosen where the rules leave something open.
"""

import model
from model import Drop, Entry, Frame, Port
from multicast import checksum, with_checksum

IPV4, IPV6, UDP, TCP = b"\x08\x00", b"\x86\xdd", 17, 6
HEADERS = 14 + 20 + 8 + 8  # what a packet has in front of its frame
SOURCE_PORTS = range(49152, 65536)
UNDERLAY_DROPS = ("unknown_vtep", "unknown_vni")
# What the keys that do not apply to tunnels come to. Remote MACs are told, not learned, and do not age; a tunnel is
# always a router port; frames are shown with the tag of their VLAN.
FIXED = {"mac-learning": "off", "aging-time": 0, "multicast-router": "on", "native-vlan": 0}


def address(text):
    return bytes(map(int, text.split(".")))


class HostPort(Port):
    """The underlay, or its twin: in no VLAN; forwarding between the two knows no policy."""

    def __init__(self, name, kind, device, mtu, builtin):
        super().__init__({"name": name, "device": device}, {}, {}, builtin)
        self.kind, self.mtu = kind, mtu
        self.tx_drops["too_long"] = 0
        if kind == "underlay":
            self.rx_drops.update(dict.fromkeys(UNDERLAY_DROPS, 0))
        self.flows = {}  # number of a sent packet: flow of the frame in it

    def has_vlan(self, vlan):
        return False

    def takes(self, data):
        # reading: the MTU is that of an untagged frame; a tag may come on top of it.
        return len(data) <= self.mtu + (18 if data[12:14] == model.TAG else 14)


class Tunnel(Port):
    """Another VTEP."""

    kind = "tunnel"

    def __init__(self, peer, vlan_of, policy, builtin):
        super().__init__({"name": peer["vtep"], "device": None}, {}, {}, {**builtin, **FIXED, **policy})
        self.address, self.next_hop = address(peer["vtep"]), model.mac_bytes(peer.get("next-hop"))
        self.its_vlans = {vlan_of[vni] for vni in peer["vnis"] if vni in vlan_of}
        self.tx_drops.update(dict.fromkeys(("too_long", "no_route", "vlan_filtered"), 0))

    def has_vlan(self, vlan):
        return vlan in self.its_vlans

    def isolated_from(self, other):
        """Split horizon."""
        return isinstance(other, Tunnel)

    def has_room(self, learned):
        # reading: a MAC that goes home to its VTEP takes the place in the table that it left there.
        return True

    def takes_flooded(self, kind):
        """Floods go to each VTEP of the VNI, though nothing is learned there."""
        return self.key(kind + "-flood") == "on"


class Inner(Frame):
    """A frame that came out of a tunnel, with the tag of its VLAN, or a priority tag if it has one of its own.

    # reading: that tag counts in the bytes and for the rates of the tunnel, and is one of the four that guards look behind.
    """

    def __init__(self, inner, vlan):
        self.inner = inner
        shown = 0 if inner[12:14] == model.TAG else vlan
        super().__init__(inner[:12] + model.TAG + shown.to_bytes(2, "big") + inner[12:])
        self.vlan = vlan


class Switch(model.Switch):
    """As it is without tunnels, where the configuration has no section `evpn`."""

    def __init__(self, config, builtin=model.DEFAULTS):
        super().__init__(config, builtin)
        self.evpn = config.get("evpn")
        self.tunnels, self.underlay, self.twin = {}, None, None
        if self.evpn:
            self.local = self.ports
            self.add_tunnels(builtin)
            self.by_name = {port.name: port for port in self.ports}
            self.place_macs(config.get("switch", {}))

    def add_tunnels(self, builtin):
        way, mtu = self.evpn["underlay"], self.evpn["underlay"].get("mtu", 1500)
        self.source, self.udp_port = address(self.evpn["source"]), self.evpn.get("udp-port", 4789)
        self.vni_of = {row["vlan"]: row["vni"] for row in self.evpn["vnis"]}
        self.vlan_of = {vni: vlan for vlan, vni in self.vni_of.items()}
        self.underlay = HostPort("underlay", "underlay", way["device"], mtu, builtin)
        hosts = [self.underlay]
        if "twin" in way:
            self.twin = HostPort(way["twin"], "twin", "tap:" + way["twin"], mtu, builtin)
            hosts.append(self.twin)
        tunnels = [Tunnel(peer, self.vlan_of, self.evpn.get("policy", {}), builtin) for peer in self.evpn["peers"]]
        self.tunnels = {tunnel.address: tunnel for tunnel in tunnels}
        self.ports = self.ports + hosts + tunnels

    def place_macs(self, switch):
        """The MACs of the peers, as far as the table has room that the ports have not reserved.

        # reading: in the order of the configuration. A MAC that is static or assigned here stays here. What does not fit
        # is no event yet: events begin with the first frame.
        """
        reserved = sum(port.key("mac-limit") for port in self.local)
        room = self.room = switch.get("mac-table-size", max(reserved, 65536)) - reserved
        for peer in self.evpn["peers"]:
            for row in peer.get("macs", []):
                key = row["vlan"], model.mac_bytes(row["mac"])
                if self.find(*key):
                    self.reached["remote MAC that is ours"] += 1
                elif len(self.placed) == room:
                    self.reached["remote MAC without room"] += 1
                else:
                    kind = "sticky" if row.get("sticky") == "on" else "dynamic"
                    self.fdb[key] = Entry(self.by_name[peer["vtep"]], kind)
                    self.placed[key] = peer["vtep"]

    def recover(self, port):
        """The MACs of a peer come back with its tunnel, unless they are elsewhere by now."""
        super().recover(port)
        rows = [row for peer in self.evpn["peers"] if peer["vtep"] == port.name for row in peer.get("macs", [])] if self.evpn else []
        full = 0
        for row in rows:
            key = row["vlan"], model.mac_bytes(row["mac"])
            if self.find(*key):
                continue
            if sum(isinstance(entry.port, Tunnel) and entry.kind in model.LEARNED for entry in self.fdb.values()) >= self.room:
                full += 1
                continue
            kind = "sticky" if row.get("sticky") == "on" else "dynamic"
            self.fdb[key] = Entry(port, kind, self.now)
            self.event("mac-added", mac=model.mac_text(key[1]), vlan=key[0], port=port.name,
                       kind="remote-sticky" if kind == "sticky" else "remote")
            self.reached["remote MAC that came back"] += 1
        if full:
            self.event("evpn-table-full", vtep=port.name, count=full)

    # In.

    def arrive(self, port, data, is_cut):
        if self.evpn and port is self.underlay:
            self.count_arrival(port, data, is_cut)
            self.from_underlay(data)
        elif self.evpn and port is self.twin:
            self.count_arrival(port, data, is_cut)
            self.count_outcome(port, "forwarded")
            self.reached["packet of the twin"] += 1
            self.pass_on(self.underlay, data)
        else:
            super().arrive(port, data, is_cut)

    def pass_on(self, to, data):
        if to.takes(data):
            self.transmit(to, data)
        else:
            self.tx_drop(to, "too_long")

    def from_underlay(self, data):
        if not self.is_for_vtep(data):
            self.reached["packet of the host" + (" without a twin" if not self.twin else "")] += 1
            self.count_outcome(self.underlay, "forwarded" if self.twin else "no_destination")
            if self.twin:
                self.pass_on(self.twin, data)
            return
        try:
            tunnel, vlan, inner = self.unpack(data)
        except Drop as drop:
            self.count_outcome(self.underlay, drop.reason)
            return
        self.count_outcome(self.underlay, "forwarded")
        frame = Inner(inner, vlan)
        self.count_arrival(tunnel, frame.data, False)
        self.handle(tunnel, frame)

    def is_for_vtep(self, data):
        """IPv4, UDP, to the address and port of this VTEP.

        # reading: a later fragment has no port, and a packet with a tag is not IPv4 here.
        """
        ip = data[14:]
        if data[12:14] != IPV4 or len(ip) < 20 or ip[0] >> 4 != 4 or (ip[0] & 15) < 5:
            return False
        udp = ip[(ip[0] & 15) * 4:]
        return (ip[9] == UDP and ip[16:20] == self.source and not int.from_bytes(ip[6:8], "big") & 0x1fff
                and udp[2:4] == self.udp_port.to_bytes(2, "big"))

    def unpack(self, data):
        """(tunnel, VLAN, frame)"""
        ip = data[14:]
        fault = self.fault_of(ip, int.from_bytes(ip[2:4], "big"))
        if fault:
            self.reached["packet with " + fault] += 1
            raise Drop("malformed")
        inner = ip[HEADERS - 14:int.from_bytes(ip[2:4], "big")]  # padding is cut off
        self.reached["padding of a packet"] += len(ip) > HEADERS - 14 + len(inner)
        tunnel = self.tunnels.get(ip[12:16])
        if not tunnel:
            raise Drop("unknown_vtep")
        vlan = self.vlan_of.get(int.from_bytes(ip[32:35], "big"))
        if vlan is None:
            raise Drop("unknown_vni")
        return tunnel, vlan, inner

    @staticmethod
    def fault_of(ip, total):
        faults = {"options": ip[0] != 0x45, "more fragments": int.from_bytes(ip[6:8], "big") & 0x2000,
                  "a wrong checksum": checksum(ip[:20]), "less than its length": total > len(ip),
                  "no frame": total < HEADERS or len(ip) < HEADERS,
                  "another UDP length": int.from_bytes(ip[24:26], "big") != total - 20, "no I flag": not ip[28:29] or not ip[28] & 8}
        return next((fault for fault, there in faults.items() if there), None)

    def step3_vlan(self, port, frame):
        # reading: the TPID alone makes a tag in a tunnel, one cut short too: the tag of its VLAN came before.
        if not isinstance(frame, Inner):
            super().step3_vlan(port, frame)
        elif frame.inner[12:14] == model.TAG or not port.has_vlan(frame.vlan):
            self.reached["tagged in a tunnel"] += frame.inner[12:14] == model.TAG
            raise Drop("vlan_filtered")

    def move(self, entry, port, frame):
        was = entry.port
        super().move(entry, port, frame)
        self.reached["remote MAC moved here"] += isinstance(was, Tunnel)

    def hold(self, entry, port, frame):
        try:
            super().hold(entry, port, frame)
        finally:
            self.reached["held at its VTEP"] += isinstance(entry.port, Tunnel)

    def known(self, port, to, frame):
        self.reached["from tunnel to tunnel"] += isinstance(port, Tunnel) and isinstance(to, Tunnel) and port is not to
        return super().known(port, to, frame)

    # Out.

    def step13_deliver(self, to, frame):
        if not isinstance(to, Tunnel):
            super().step13_deliver(to, frame)
            return
        tagged = frame.in_vlan_of(to)
        if not to.egress.admits(self.now, len(tagged)):
            self.tx_drop(to, "rate_limit")
            return
        # reading: a mirror of a tunnel gets what is sent into it, also what the underlay then does not take.
        self.mirror("tx", to, tagged)
        self.into_tunnel(to, frame, len(tagged))

    def into_tunnel(self, to, frame, length):
        inner = frame.untagged()
        reason = self.refused(to, inner)  # reading: the first one in this order
        if reason:
            self.tx_drop(to, reason)
            return
        to.count["tx_packets"] += 1
        to.count["tx_bytes"] += length
        if not self.is_own:
            self.log[-1][1].append(to.name)
        self.reached["query of the switch into a tunnel"] += self.is_own
        self.underlay.flows[len(self.underlay.sent)] = flow(inner)
        self.transmit_quietly(self.packet(to, frame.vlan, inner))

    def refused(self, to, inner):
        if len(inner) + HEADERS > self.underlay.mtu + 14:
            return "too_long"
        if not to.next_hop:
            return "no_route"
        return "vlan_filtered" if inner[12:14] == model.TAG else None

    def transmit_quietly(self, packet):
        """Into the underlay, for a tunnel that the log has named."""
        self.is_own, was = True, self.is_own
        self.transmit(self.underlay, packet)
        self.is_own = was

    def packet(self, to, vlan, inner):
        """With 0 where the source port is."""
        ip = b"\x45" + bytes([self.evpn.get("dscp", 0) << 2]) + (len(inner) + HEADERS - 14).to_bytes(2, "big") \
            + b"\0\0\x40\0" + bytes([self.evpn.get("ttl", 64), UDP, 0, 0]) + self.source + to.address
        udp = b"\0\0" + self.udp_port.to_bytes(2, "big") + (len(inner) + 16).to_bytes(2, "big") + b"\0\0"
        vxlan = b"\x08\0\0\0" + self.vni_of[vlan].to_bytes(3, "big") + b"\0"
        # reading: the MAC of the underlay in a replay ends in the address of the VTEP.
        return to.next_hop + b"\x02\0" + self.source + IPV4 + with_checksum(ip, 10) + udp + vxlan + inner

    # What can be seen afterwards.

    def port_report(self, port):
        kind = getattr(port, "kind", None)
        return {**super().port_report(port), **({"kind": kind} if kind else {})}

    def entry_report(self, vlan, mac, entry):
        row = super().entry_report(vlan, mac, entry)
        if isinstance(entry.port, Tunnel):
            row["type"] = "remote" if entry.kind == "dynamic" else "remote-sticky"
        return row


def flow(inner):
    """What the source port of a packet follows from, or None where the rules do not say.

    # reading: MACs, type, IP addresses and protocol, and the ports of TCP and UDP. Fragments have no ports: those of
    # one packet must not overtake each other. Nothing is said of a packet that ends with its header, or just behind it.
    """
    kind, ip = inner[12:14], inner[14:]
    if len(ip) < {IPV4: 24, IPV6: 44}.get(kind, 0) or kind == IPV4 and ip[0] != 0x45:
        return None
    if kind == IPV4:
        is_whole = not int.from_bytes(ip[6:8], "big") & 0x3fff
        return inner[:14], ip[12:20], ip[9], ports(ip[9], ip[20:]) if is_whole else b""
    if kind == IPV6:
        return inner[:14], ip[8:40], ip[6], ports(ip[6], ip[40:])
    return inner[:14], b"", 0, b""


def ports(protocol, content):
    return content[:4] if protocol in (TCP, UDP) and len(content) >= 4 else b""


class SourcePorts:
    """The source ports of packets are the switch's choice, within these rules."""

    def __init__(self, flows):
        self.flows, self.chosen, self.faults = flows, {}, []

    def take_over(self, number, wanted, got):
        """The packet that is wanted, with the source port of the one that is there."""
        if number not in self.flows or len(got) < HEADERS:
            return wanted
        port, chosen = int.from_bytes(got[34:36], "big"), self.flows[number]
        if port not in SOURCE_PORTS:
            self.faults.append("packet %d has source port %d" % (number, port))
        if chosen and self.chosen.setdefault(chosen, port) != port:
            self.faults.append("packet %d has source port %d, its flow had %d" % (number, port, self.chosen[chosen]))
        return wanted[:34] + got[34:36] + wanted[36:]

    def all_faults(self):
        """With a word on chance: more than half of the flows of a scenario never share their ports."""
        few = len(self.chosen) >= 8 and len(set(self.chosen.values())) * 2 < len(self.chosen)
        return self.faults + ["%d flows have few source ports" % len(self.chosen)] * few
