# SPDX-License-Identifier: BSD-3-Clause
"""Random scenarios: a configuration and what arrives on its ports.

Few MACs, few VLANs, small limits and short times, so that everything collides.
"""

import random

import claimpackets
import grouppackets
import multicast
import packets
import tunnelpackets
from model import AUDITED, DEFAULTS, SECOND, HALF_SECOND, Port

# What the switch has. A key that is not in here is left out of the configurations, and the model takes the value
# of UNTIL_THEN for it. "mirrors", "bpdu guard", "uplink", "vlans", "bindings" and "evpn" stand for what is no key of policy, or a value of one.
FORWARDING = {
    "promiscuous", "forged-transmits", "mac-changes", "mac-learning", "unicast-flood", "mac-limit",
    "mac-limit-policy", "aging-time", "vlan-mode", "access-vlan", "native-vlan", "allowed-vlans",
    "isolation-group", "bpdu", "link-local"}
WHOLE_POLICY = set(DEFAULTS) | {"bpdu guard", "mirrors", "uplink", "vlans", "bindings", "evpn"}
SCOPE = WHOLE_POLICY
UNTIL_THEN = {"mac-move-limit": 0, "violation": "protect"}  # every move is followed; no violation events

# The values to choose from; what stands more often comes more often.
VALUES = {
    "promiscuous": ["reject", "accept"],
    "forged-transmits": ["accept", "reject"],
    "allowed-macs": [[], ["02:00:00:00:00:00/40"], ["02:00:00:00:00:01"],
                     ["02:00:00:00:00:04/46", "00:50:56:00:00:00/24"],
                     ["fe:ff:ff:ff:ff:fe/48", "02:00:00:00:00:06/47"], ["02:00:00:00:00:00/8"],
                     ["06:00:00:00:00:%02x" % n for n in range(63)] + ["02:00:00:00:00:03"]],
    "mac-changes": ["accept", "reject"],
    "mac-learning": ["on", "on", "off"],
    "unicast-flood": ["on", "off"],
    "broadcast-flood": ["on", "off"],
    "multicast-flood": ["on", "off"],
    "mac-limit": [0, 1, 2, 3, 5, 100],
    "mac-limit-policy": ["allow", "drop"],
    "mac-sticky": ["off", "on"],
    "mac-move-limit": [0, 1, 2, 5],
    "mac-move-hold": [1, 2, 4, 30],
    "aging-time": [0, 1, 1, 2, 3, 10, 300],
    "violation": ["restrict", "protect", "shutdown"],
    "recovery-time": [0, 1, 2],
    "vlan-mode": ["trunk", "access"],
    "access-vlan": [1, 10, 20],
    "native-vlan": [0, 1, 10, 20],
    "allowed-vlans": ["1-4094", "1,10", "10-20", "1,20", "10", "2-4094", "1-20,4094"],
    "isolation-group": [0, 1, 2, 31],
    "storm-broadcast": [0, 1, 3, 10],
    "storm-multicast": [0, 1, 3, 10],
    "storm-unknown-unicast": [0, 1, 3, 10],
    "ingress-rate": [0, 64, 1000, 8000],
    "ingress-peak": [0, 8000, 100000],
    "ingress-burst": [0, 1, 10, 100],
    "egress-rate": [0, 64, 1000, 8000],
    "egress-peak": [0, 8000, 100000],
    "egress-burst": [0, 1, 10, 100],
    "bpdu": ["filter", "forward"],
    "link-local": ["drop", "lldp", "forward"],
    "dhcp-server": ["allow", "block"],
    "router-advert": ["allow", "block"],
    "spoof-guard": ["off", "arp", "ip", "strict"],
    "multicast-router": ["auto", "auto", "auto", "on", "off"],
    "multicast-fast-leave": ["off", "on"],
    "multicast-groups": [0, 1, 2, 3, 256, 256],
    "audit": ["off", "on", "on"],
}

# Keys that mean little without each other are varied together.
FAMILY = {key: family for family, keys in {
    "forged": ("forged-transmits", "allowed-macs"),
    "limit": ("mac-limit", "mac-limit-policy"), "move": ("mac-move-limit", "mac-move-hold"),
    "shutdown": ("violation", "recovery-time"), "spoof": ("spoof-guard", "bindings"),
    "snooping": ("vlans", "multicast-router", "multicast-fast-leave", "multicast-groups"),
    "trunk": ("vlan-mode", "access-vlan", "native-vlan", "allowed-vlans"),
    "ingress": ("ingress-rate", "ingress-peak", "ingress-burst"),
    "egress": ("egress-rate", "egress-peak", "egress-burst")}.items() for key in keys}

# Keys that apply to tunnels.
TUNNEL_KEYS = ("unicast-flood", "broadcast-flood", "multicast-flood", "storm-broadcast", "storm-multicast", "storm-unknown-unicast",
               "ingress-rate", "ingress-peak", "ingress-burst", "egress-rate", "egress-peak", "egress-burst", "bpdu", "link-local",
               "dhcp-server", "router-advert", "violation", "recovery-time", "audit")

# Families that have to meet: for holds whose home is full or down, for instance.
FOCUS = (("move", "limit"), ("move", "limit", "shutdown"), ("move", "limit", "forged", "mac-learning"),
         ("mac-sticky", "shutdown", "move"), ("mac-sticky", "shutdown"),
         ("uplink", "move", "promiscuous"), ("uplink", "move", "limit", "mac-learning"),
         ("dhcp-server", "router-advert"), ("dhcp-server", "router-advert"),
         ("snooping",), ("snooping", "multicast-flood"), ("snooping", "promiscuous", "isolation-group"),
         ("snooping", "shutdown", "bpdu guard", "trunk"), ("snooping", "egress", "mac-changes", "mirrors"),
         ("spoof",), ("spoof", "trunk"), ("spoof", "snooping"), ("spoof", "snooping", "isolation-group", "promiscuous"), ("spoof", "audit", "shutdown"),
         ("audit", "dhcp-server", "router-advert"), ("audit", "limit"), ("audit", "forged", "limit"), ("audit", "forged"),
         ("audit", "forged", "dhcp-server", "router-advert", "limit"), ("audit", "ingress", "storm-broadcast", "shutdown"),
         ("audit", "storm-multicast", "storm-unknown-unicast", "limit"),
         ("audit", "storm-multicast", "storm-unknown-unicast"), ("audit", "storm-multicast", "snooping"), ("audit", "ingress"),
         ("evpn",), ("evpn",), ("evpn", "move"), ("evpn", "move", "limit", "uplink"), ("evpn", "mac-sticky", "shutdown", "bpdu guard"),
         ("evpn", "trunk", "promiscuous", "isolation-group"), ("evpn", "snooping"), ("evpn", "mirrors", "egress"), ("evpn", "forged"),
         ("evpn", "storm-broadcast", "storm-multicast", "storm-unknown-unicast", "ingress"),
         ("evpn", "dhcp-server", "router-advert", "audit"), ("evpn", "snooping", "spoof"),
         ("isolation-group", "promiscuous"), ("isolation-group", "promiscuous", "unicast-flood", "broadcast-flood"), ("link-local", "bpdu", "multicast-flood"),
         ("storm-broadcast", "storm-multicast", "storm-unknown-unicast", "promiscuous", "broadcast-flood",
          "unicast-flood"))

# What a scope must reach: outcome -> the key that it takes ("" for none).
OUTCOMES = {
    **dict.fromkeys(("forwarded", "flooded", "malformed", "port_down", "bad_source", "bpdu", "link_local",
                     "mac_conflict", "same_port", "dest_down", "no_destination", "static group", "event mac-learned",
                     "event mac-moved", "event mac-aged"), ""),
    "vlan_filtered": "vlan-mode", "forged_transmit": "forged-transmits", "dhcp_server": "dhcp-server",
    "router_advert": "router-advert", "rate_limit": "ingress-rate", "storm_broadcast": "storm-broadcast",
    "storm_multicast": "storm-multicast", "mac_flap": "mac-move-limit", "mac_limit": "mac-limit-policy",
    "isolated": "isolation-group", "storm_unknown_unicast": "storm-unknown-unicast",
    "tx mac_changed": "mac-changes", "tx rate_limit": "egress-rate", "not_learned": "mac-limit",
    "learning off": "mac-learning", "promiscuous copy": "promiscuous", "event mac-flap": "mac-move-limit",
    "event violation": "violation", "event port-err-disabled": "violation", "event port-recovered": "recovery-time", "event mac-flushed": "violation",
    "learned sticky": "mac-sticky", "mirrored rx": "mirrors", "mirrored tx": "mirrors",
    **dict.fromkeys(("priority tag before a tag", "native tag kept"), "vlan-mode"),
    **dict.fromkeys(("drop of PAUSE", "drop of CDP", "drop of LLDP", "drop of link-local", "link-local lldp passes",
                     "link-local forward passes"), "link-local"),
    "allowed MAC": "allowed-macs",
    **dict.fromkeys(("would drop " + reason for reason in AUDITED), "audit"),
    **dict.fromkeys(("spoofed", *("spoof-guard %s %s" % (level, ends) for level in ("arp", "ip", "strict")
                                  for ends in ("drops", "passes"))), "spoof-guard"),
    **dict.fromkeys(("unregistered", "event group-joined", "event group-left", "event group-limit", "event querier-changed",
                     "static group that was joined", "message to a static group", "asked about a group",
                     "asked a port that came up", "querier yields", "querier takes over",
                     *("multicast " + kind for kind in ("data", "report", "query", "router", "all", "other", "bad"))), "vlans"),
    **dict.fromkeys(("held at home", "held where it came from", "held away from home", "sent home to another port",
                     "hold ended by silence", "hold ended by time", "home moved",
                     "held in the table"), "mac-move-limit"),
    **dict.fromkeys(("reflected", "reflected though moved", "reflected though held", "at home behind an uplink",
                     "isolated uplinks"), "uplink"),
    "neighbour suppressed": "bindings",
    **dict.fromkeys(("unknown_vtep", "unknown_vni", "tx too_long", "tx no_route", "tx vlan_filtered", "tagged in a tunnel",
                     "remote MAC that is ours", "remote MAC without room", "remote MAC moved here", "held at its VTEP",
                     "from tunnel to tunnel", "packet of the host", "packet of the host without a twin", "packet of the twin",
                     "padding of a packet", "query of the switch into a tunnel",
                     *("packet with " + fault for fault in ("options", "more fragments", "a wrong checksum", "less than its length",
                                                            "no frame", "another UDP length", "no I flag"))), "evpn"),
    "moved to a full port": "mac-limit", "sticky conflict that shuts nothing down": "mac-sticky",
    "event mac-flushed": "violation", "flooded to promiscuous ports only": "promiscuous",
    **dict.fromkeys(("unicast flooded", "broadcast flooded", "multicast flooded"), ""),
    "left out of a broadcast": "broadcast-flood", "left out of a multicast": "multicast-flood",
    **{"%s: %s" % (key, reason): key for key in ("dhcp-server", "router-advert") for carried in [key.replace("-", " ")]
       for reason in (carried, carried + " in SNAP", carried + " behind another TPID", "too many tags",
                      "too many extension headers", "ends in an extension header")},
    "dhcp-server: ends before the ports": "dhcp-server",
    "router-advert: ends before the ICMPv6 type": "router-advert",
}

VLANS = (1, 10, 20, 4094)
MACS = ["02:00:00:00:00:%02x" % n for n in range(1, 9)] + ["00:50:56:ab:cd:ef", "fe:ff:ff:ff:ff:fe"]
NLB = "03:bf:0a:00:00:64"
GROUPS = ["ff:ff:ff:ff:ff:ff"] * 4 + ["01:00:5e:00:00:01", "33:33:00:00:00:01", "01:80:c2:00:00:10", NLB]
RESERVED = ["01:80:c2:00:00:00", "01:00:0c:cc:cc:cd", "01:80:c2:00:00:01", "01:80:c2:00:00:02", "01:80:c2:00:00:0e",
            "01:80:c2:00:00:0e", "01:80:c2:00:00:0f", "01:00:0c:cc:cc:cc"]
BAD_SOURCES = ["00:00:00:00:00:00", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff"]
MILLISECOND = SECOND // 1000
EPOCH = 1_795_000_000 * SECOND


def octets(mac):
    return bytes.fromhex(mac.replace(":", ""))


class Configuration:
    """Builds one random configuration; the result is in `config`, plain dicts as in the YAML."""

    def __init__(self, rng, scope, about=None):
        self.rng, self.scope = rng, scope
        self.theme = self.choose_theme() | ({about} if about else set())
        self.config = {"policy": self.policy(0.5)}
        self.config["port-groups"] = [{"name": "g%d" % n, "policy": self.policy(0.5)} for n in range(rng.randrange(4))]
        self.config["ports"] = [self.port(n) for n in range(self.port_count())]
        self.exile = {"mac-limit", "mac-move-limit", "bpdu guard"} <= scope and rng.random() < 0.06
        if self.exile:
            self.with_exile()
        self.with_rates()
        self.assign_macs()
        self.config["static-macs"] = self.static_macs()
        if "mirrors" in self.theme:
            self.config["mirrors"] = self.mirrors()
        if "vlans" in self.theme:
            self.config["vlans"] = self.vlans()
        if "bindings" in self.theme:
            self.config["bindings"] = self.bindings()
        if "evpn" in self.theme and len(self.config["ports"]) < 62:
            self.config["evpn"] = self.evpn()
        self.config["switch"] = self.switch()

    def choose_theme(self):
        """The keys that this scenario varies: with all of them at once hardly a frame would live."""
        families = sorted(set(FAMILY.get(key, key) for key in self.scope))
        chosen = self.rng.sample(families, self.rng.randint(0, min(len(families), 7)))
        if self.rng.random() < 0.5:
            chosen = self.rng.choice(FOCUS)
        return set(key for key in self.scope if FAMILY.get(key, key) in chosen)

    def port_count(self):
        """Few as a rule; now and then more than a 32-bit set holds, and as many as there can be."""
        return self.rng.randint(2, 8) if self.rng.random() < 0.98 else self.rng.choice((33, 64))

    def policy(self, density):
        chosen = {key: self.rng.choice(VALUES[key]) for key in sorted(self.theme)
                  if key in VALUES and self.rng.random() < density}
        if "bpdu guard" in self.theme and self.rng.random() < density:
            chosen["bpdu"] = "guard"
        return chosen

    def port(self, number):
        port = {"name": "p%d" % number, "device": "null:%d" % number}
        groups = self.config["port-groups"]
        if groups and self.rng.random() < 0.7:
            port["port-group"] = self.rng.choice(groups)["name"]
        if self.rng.random() < 0.07:
            port["enabled"] = "off"
        if "uplink" in self.theme and self.rng.random() < 0.5:
            port["uplink"] = self.rng.choice(("on", "on", "on", "off"))
        port["policy"] = self.policy(0.4)
        return port

    def resolved(self):
        groups = {group["name"]: group["policy"] for group in self.config["port-groups"]}
        return [Port(port, groups.get(port.get("port-group"), {}), self.config["policy"])
                for port in self.config["ports"]]

    def with_exile(self):
        """Ports of one switch where little else can happen: the first has little room, or goes down for a BPDU."""
        rng = self.rng
        self.config["policy"] = {"mac-move-limit": rng.choice((1, 2, 5)), "mac-move-hold": rng.choice((1, 4, 30))}
        self.config["ports"] = [{"name": "p%d" % n, "device": "null:%d" % n, "policy": {}}
                                for n in range(rng.randint(3, 6))]
        self.config["ports"][0]["policy"] = rng.choice((
            {"mac-limit": 1}, {"mac-limit": 3}, {"bpdu": "guard", "recovery-time": rng.choice((0, 1))}))

    def with_rates(self):
        """A peak needs an average."""
        for port, resolved in zip(self.config["ports"], self.resolved()):
            for way in ("ingress", "egress"):
                if resolved.key(way + "-peak") and not resolved.key(way + "-rate"):
                    port["policy"][way + "-rate"] = 1000

    def assign_macs(self):
        rng, claimed = self.rng, {}
        for port, resolved in zip(self.config["ports"], self.resolved()):
            if rng.random() > 0.4:
                continue
            assigned = rng.choice(MACS)
            effective = rng.choice(MACS) if rng.random() < 0.4 else assigned
            if all(self.is_free(mac, resolved, claimed) for mac in (assigned, effective)):
                port["mac-address"] = assigned
                if effective != assigned or rng.random() < 0.3:
                    port["effective-mac"] = effective
                for mac in (assigned, effective):
                    claimed.setdefault(mac, []).append(resolved)

    def is_free(self, mac, port, claimed):
        """No other port of one of its VLANs has the MAC; a MAC seen in two VLANs is two stations."""
        return not any(other.has_vlan(vlan) and port.has_vlan(vlan)
                       for other in claimed.get(mac, ()) for vlan in range(1, 4095))

    def static_macs(self):
        rng, rows, taken = self.rng, [], set()
        ports = self.resolved()
        for _ in range(rng.choice((0, 0, 1, 2, 4))):
            mac, vlan, port = rng.choice(MACS), rng.choice(VLANS), rng.choice(ports)
            assigned = any(octets(mac) in (other.assigned_mac, other.effective_mac) and other.has_vlan(vlan)
                           for other in ports)
            if port.has_vlan(vlan) and not assigned and (mac, vlan) not in taken:
                taken.add((mac, vlan))
                rows.append({"mac": mac, "vlan": vlan, "port": port.name})
        return rows + self.static_groups(ports)

    def static_groups(self, ports):
        rng = self.rng
        groups = ["33:33:00:00:00:01", "01:80:c2:00:00:10", NLB] + [multicast.group_mac(group).hex(":") for group in
                  grouppackets.GROUPS4 + grouppackets.GROUPS6 if not multicast.is_for_all(group)]
        chosen = {(rng.choice(groups), rng.choice(VLANS)) for _ in range(rng.choice((0, 0, 1, 3, 6)))}
        return [{"mac": mac, "vlan": vlan, "port": port.name} for mac, vlan in sorted(chosen)
                for port in rng.sample(ports, rng.randint(1, len(ports))) if port.has_vlan(vlan)]

    def mirrors(self):
        """One or two, whose destinations have no MAC and are nobody's source."""
        rng = self.rng
        static = {row["port"] for row in self.config["static-macs"] if not octets(row["mac"])[0] & 1}
        free = [port["name"] for port in self.config["ports"]
                if "mac-address" not in port and port["name"] not in static]
        destinations = rng.sample(free, min(len(free), rng.choice((1, 1, 2))))
        sources = [port["name"] for port in self.config["ports"] if port["name"] not in destinations]
        if not sources:
            return []
        return [{"name": "m%d" % n, "source": rng.sample(sources, rng.randint(1, len(sources))),
                 "direction": rng.choice(("both", "rx", "tx")), "destination": name}
                for n, name in enumerate(destinations)]

    def vlans(self):
        rng, rows = self.rng, []
        for vlan in VLANS:
            row = {"vlan": vlan, "multicast-snooping": rng.choice(("on",) * 6 + ("off",)),
                   "unregistered": rng.choice(("flood", "routers"))}
            if row["multicast-snooping"] == "on":
                row["querier"] = rng.choice(("off", "off", "auto", "on"))
            if rng.random() < 0.7:
                row["querier-address"] = rng.choice(("10.0.0.1", "10.0.0.4", "10.0.0.9"))
            if "bindings" in self.theme:
                row["neighbour-suppression"] = rng.choice(("on", "on", "off"))
            rows.append(row)
        return rows

    def bindings(self):
        rng, rows, taken = self.rng, [], set()
        owners = "vlans" in self.theme  # stations that others ask for
        for _ in range(rng.choice((3, 8, 12) if owners else (0, 1, 3, 8))):
            port = rng.choice(self.config["ports"])["name"]
            row = {"port": port, "ip": rng.sample(claimpackets.PREFIXES, rng.choice((1, 1, 2, 3)))}
            if owners and rng.random() < 0.7:
                row["ip"] = [ip for ip in claimpackets.PREFIXES if "/" not in ip]
            if rng.random() < (0.9 if owners else 0.7):
                row["mac"] = rng.choice(MACS)
            if rng.random() < 0.4:
                row["vlan"] = rng.choice(VLANS)
            whose = row.get("mac") or port, row.get("vlan")
            if whose not in taken:
                taken.add(whose)
                rows.append(row)
        return rows

    def evpn(self):
        rng, most = self.rng, 62 - len(self.config["ports"])
        policy = {key: content for key, content in self.policy(0.3).items() if key in TUNNEL_KEYS}
        for way in ("ingress", "egress"):
            if policy.get(way + "-peak") and not policy.get(way + "-rate"):
                policy[way + "-rate"] = 1000
        evpn = tunnelpackets.section(rng, policy, VLANS, MACS, most)
        for mirror in self.config.get("mirrors", []):
            mirror["source"] += [peer["vtep"] for peer in evpn["peers"] if rng.random() < 0.3]
        return evpn

    def switch(self):
        switch = {"name": "lab%d" % self.rng.randrange(100)} if self.rng.random() < 0.5 else {}
        if self.rng.random() < 0.3:  # a table of exactly what was reserved
            everywhere = [self.config] + self.config["port-groups"] + self.config["ports"]
            mentioned = [level["policy"].get("mac-limit", 0) for level in everywhere]
            switch["mac-table-size"] = max([1, sum(port.key("mac-limit") for port in self.resolved())] + mentioned)
        return switch


class Traffic:
    """What arrives: a list of (time, port, bytes, length on the wire), in the order of each port's capture."""

    def __init__(self, rng, configuration, tick):
        self.rng = rng
        self.tick = tick  # the resolution of the captures' clock, in ns
        self.ports = configuration.resolved()
        evpn = configuration.config.get("evpn")
        self.longest = evpn["underlay"]["mtu"] - 36 if evpn else 0  # that a tunnel takes
        self.remote = [(row["mac"], row["vlan"]) for peer in (evpn["peers"] if evpn else []) for row in peer["macs"]]
        if evpn:
            self.ports += [tunnelpackets.Vtep(peer, evpn) for peer in evpn["peers"]]
            self.ports += [tunnelpackets.Host(name, evpn) for name in ("underlay", evpn["underlay"].get("twin")) if name]
        self.guarded = bool({"dhcp-server", "router-advert"} & configuration.theme)
        self.snooped, self.bound = "vlans" in configuration.theme, "bindings" in configuration.theme
        self.reserved = 0.2 if "link-local" in configuration.theme else 0.05
        self.metered = bool({"ingress-rate", "egress-rate"} & configuration.theme)
        self.now = EPOCH + rng.randrange(SECOND) // tick * tick
        self.start = self.now
        self.frames = []
        crowded = rng.random() < 0.03  # a table as full as its limits allow
        self.macs = ["06:" + rng.randbytes(5).hex(":") for _ in range(500)] if crowded else MACS
        self.stations = [(rng.choice(self.macs), rng.choice(self.ports), rng.choice(VLANS))
                         for _ in range(500 if crowded else rng.randint(3, 16))]
        self.big = rng.random() < 0.2
        self.sizes = rng.choice(((50,), (1500,))) if self.metered and not self.big else (2, 44, 46, 46, 100, 1500)
        self.even = self.sizes == (50,)  # nearly all frames of 64 bytes, which fill a bucket to the last bit
        self.small_steps = rng.random() < 0.5
        if configuration.exile:
            self.exile()
        duels = rng.choice((0, 0, 0.1, 0.3)) if "mac-move-limit" not in configuration.theme else rng.choice((0.1, 0.5))
        for _ in range(rng.choice((1, 5, 20, 60))):
            if rng.random() < duels:
                self.duel()
            else:
                self.burst()
            self.now += self.gap()

    def burst(self):
        """Frames of one instant, mostly of one port."""
        rng = self.rng
        port = rng.choice(self.ports)
        for _ in range(rng.choice((1, 1, 2, 3, 8, 40))):
            if rng.random() < 0.05:
                port = rng.choice(self.ports)
            more = rng.randint(1, 2000) if rng.random() < 0.02 else 0
            self.add(port, self.frame(port), more)

    def add(self, port, data, more=0):
        """A frame comes to a port, or in a packet by the underlay; more bytes than the capture has."""
        if isinstance(port, tunnelpackets.Host):
            data = port.pack(self.rng, data)
        self.frames.append((self.now, port.name, data, len(data) + more))

    def duel(self):
        """Two or three ports that claim one MAC: now all of them, now one after the other for a while."""
        rng, vlan, mac = self.rng, self.rng.choice(VLANS), self.rng.choice(self.macs)
        if self.remote and rng.random() < 0.7:
            mac, vlan = rng.choice(self.remote)
        ports = [port for port in self.ports if port.has_vlan(vlan)] or self.ports
        ports = rng.sample(ports, min(len(ports), rng.choice((2, 3))))
        pace = rng.choice((MILLISECOND, 100 * MILLISECOND, HALF_SECOND, SECOND))
        port = ports[0]
        for _ in range(rng.choice((4, 8, 20))):
            self.claim(port, mac, vlan)
            if rng.random() < 0.2:  # others that fill its home, or bring it down
                for _ in range(rng.choice((1, 3, 5))):
                    self.claim(ports[0], rng.choice(self.macs), vlan)
            port = rng.choice(ports) if rng.random() < 0.8 else port
            self.now += pace if rng.random() < 0.8 else self.pause()

    def exile(self):
        """A MAC leaves its home, which then is full, or down; two others go on claiming it."""
        rng = self.rng
        home, here, there = self.ports[:3]
        mac, *others = ("06:" + rng.randbytes(5).hex(":") for _ in range(4))
        for port in (home, here):
            self.claim(port, mac, 1)
            self.now += self.tick  # frames of one instant come in the order of the ports
        for other in others:
            self.claim(home, other, 1)
        bpdu = octets(RESERVED[0]) + octets(mac) + b"\x00\x04" + bytes(4)
        self.add(home, bpdu)
        for _ in range(4):
            for port in (there, here):
                self.now += rng.choice((self.tick, self.tick, MILLISECOND, HALF_SECOND))
                self.claim(port, mac, 1)

    def claim(self, port, mac, vlan):
        tag = b"" if port.key("vlan-mode") == "access" else b"\x81\x00" + vlan.to_bytes(2, "big")
        self.add(port, octets(self.destination()) + octets(mac) + tag + self.content())

    def pause(self):
        """Silence that ends a hold, or just does not; the time of a hold, or just less or more."""
        rng = self.rng
        seconds = rng.choice((1, 2, 2.5, 2.5, 3, 3, 3.5, 4, 10, 30))
        if rng.random() < 0.5:  # by the edges of the half seconds
            seconds -= (self.now - self.start) % HALF_SECOND / SECOND
        return max(0, int(seconds * SECOND) // self.tick * self.tick + rng.choice((-self.tick, 0, self.tick)))

    def gap(self):
        """Mostly short; now and then to the very edge of a half second, over ageing times, or backwards."""
        rng, kind = self.rng, self.rng.random()
        if kind < 0.4:
            return rng.choice((self.tick, 1000, MILLISECOND, 20 * MILLISECOND))
        if self.metered and kind < 0.55:  # what 32 or 64 bytes take at 64 kbit/s, and just less or more
            return rng.choice((4, 8, 8, 80)) * MILLISECOND + rng.choice((-self.tick, 0, self.tick))
        if kind < 0.6:
            to_edge = HALF_SECOND - (self.now - self.start) % HALF_SECOND
            return to_edge + rng.choice((-self.tick, 0, self.tick, HALF_SECOND, SECOND, 9 * SECOND))
        if kind < 0.62:
            return -min(rng.choice((1000, SECOND)), self.now - self.start)
        if self.snooped and kind < 0.8:  # the times of answers, leaves, queriers and memberships, and just less or more
            seconds = rng.choice((1, 2, 2.5, 3, 11, 12, 31, 100, 255, 260))
            return int(seconds * SECOND) + rng.choice((-self.tick, 0, self.tick))
        if self.small_steps:
            return rng.randrange(HALF_SECOND) // self.tick * self.tick
        return rng.choice((HALF_SECOND, SECOND, 2 * SECOND, 3 * SECOND, 10 * SECOND, 31 * SECOND, 301 * SECOND))

    def frame(self, port):
        rng = self.rng
        if rng.random() < 0.03:
            return self.malformed()
        source, vlan = self.source(port)
        if self.snooped and self.bound and rng.random() < 0.6:  # mostly asks for a neighbour
            destination = rng.choice(("ff:ff:ff:ff:ff:ff", "33:33:ff:00:00:01", self.destination()))
            return octets(destination) + octets(source) + self.plain_tags(port, vlan) + claimpackets.random_content(rng, octets(source))
        if self.snooped and rng.random() < 0.8:
            destination, content = grouppackets.random_frame(rng)
            return destination + octets(source) + self.plain_tags(port, vlan) + content
        if self.bound and rng.random() < 0.8:
            content = claimpackets.random_content(rng, octets(source))
            return octets(self.destination()) + octets(source) + self.plain_tags(port, vlan) + content
        addresses = octets(self.destination()) + octets(source)
        data = addresses + self.tags(port, vlan) + self.content()
        return data

    def plain_tags(self, port, vlan):
        """Mostly the one that brings the frame into the VLAN."""
        if self.rng.random() < 0.1:
            return self.tags(port, vlan)
        untagged = port.key("vlan-mode") == "access" or self.rng.random() < 0.3
        return b"" if untagged else b"\x81\x00" + vlan.to_bytes(2, "big")

    def malformed(self):
        rng = self.rng
        if rng.random() < 0.5:
            return rng.randbytes(rng.randrange(14))
        addresses = octets(rng.choice(GROUPS)) + octets(rng.choice(MACS))
        return addresses + b"\x81\x00" + rng.randbytes(rng.randrange(5))

    def source(self, port):
        """A station that lives at this port, as a rule, in its VLAN."""
        rng = self.rng
        if rng.random() < 0.03:
            return rng.choice(BAD_SOURCES), rng.choice(VLANS)
        at_home = [station for station in self.stations if station[1] is port]
        if rng.random() < 0.3 and port.effective_mac:
            return port.effective_mac.hex(":"), rng.choice(VLANS)
        if at_home and rng.random() < 0.85:
            mac, _, vlan = rng.choice(at_home)
            return mac, vlan
        return rng.choice(self.macs), rng.choice(VLANS)

    def destination(self):
        kind = self.rng.random()
        if kind < 0.2:
            return self.rng.choice(GROUPS)
        if kind < 0.2 + self.reserved:
            return self.rng.choice(RESERVED)
        return self.rng.choice(self.macs)

    def tags(self, port, vlan):
        rng, kind = self.rng, self.rng.random()
        if self.even and kind < 0.98:
            return b""
        tci = rng.choice((0, 0, 0x2000, 0xf000)) | vlan
        if kind < 0.04:  # another tag in front or behind is payload
            return rng.choice(packets.TPIDS[1:]) + tci.to_bytes(2, "big") + rng.choice((b"", b"\x81\x00\x00\x0a"))
        if kind < 0.10:
            return b"\x81\x00" + tci.to_bytes(2, "big") + self.second_tpid() + b"\x20\x14"
        if kind < 0.13:  # behind a priority tag it is none
            behind = rng.choice((b"\x00\x0a", b"\x00\x00", b""))
            return b"\x81\x00" + rng.choice((b"\x00\x00", b"\xe0\x00")) + self.second_tpid() + behind
        if kind < 0.20:
            return b"\x81\x00" + rng.choice((0x00, 0x60, 0xf0)).to_bytes(1, "big") + b"\x00"
        if kind < 0.22:
            return b"\x81\x00" + rng.choice((b"\x0f\xff", b"\x00\x05", b"\x0f\xfe"))
        trunk = port.key("vlan-mode") == "trunk"
        if kind < (0.65 if trunk else 0.30):
            return b"\x81\x00" + tci.to_bytes(2, "big")
        return b""

    def second_tpid(self):
        return self.rng.choice((b"\x81\x00", b"\x81\x00", b"\x88\xa8"))

    def content(self):
        """EtherType and payload; the frame's number makes it easy to find again."""
        rng = self.rng
        if self.guarded and rng.random() < 0.8:
            return packets.random_content(rng)
        if self.longest and rng.random() < 0.5:
            if rng.random() < 0.8:
                return tunnelpackets.flow_content(rng)
            return (b"\x88\xb5" + bytes(9600))[:self.longest - 12 + rng.choice((-1, 0, 0, 1, 4))]
        number = len(self.frames).to_bytes(2, "big")
        kind = rng.random()
        if kind < 0.05:
            return b"\x88\xb5"
        size = rng.choice(self.sizes)
        if self.big and kind < 0.5:
            size = rng.randrange(9000 if kind < 0.48 else 70000)
        return b"\x88\xb5" + number + rng.randbytes(min(size, 8)) + bytes(max(0, size - 10))


class Scenario:
    """Everything that a run needs, as data, so that it can be made smaller."""

    def __init__(self, config, frames, **settings):
        self.config, self.frames, self.settings = config, frames, settings
        self.until = settings["until"]  # seconds, or None
        self.microseconds, self.big_endian = settings["microseconds"], settings["big_endian"]  # of the captures
        self.builtin = settings["builtin"]  # defaults of the switch as it is now

    def but_with(self, config=None, frames=None):
        return Scenario(config or self.config, frames or self.frames, **self.settings)


def scenario(seed, scope, about=None):
    """A scenario in which, if asked, one key is varied in any case."""
    rng = random.Random(seed)
    configuration = Configuration(rng, scope, about)
    microseconds = rng.random() < 0.3
    frames = Traffic(rng, configuration, 1000 if microseconds else 1).frames
    length = (max(frame[0] for frame in frames) - frames[0][0]) // SECOND
    until = length + rng.choice((0, 0.5, 1, 2, 5.5, 400)) if rng.random() < 0.3 else None
    builtin = {key: value for key, value in UNTIL_THEN.items() if key not in scope}
    return Scenario(configuration.config, frames, until=until, microseconds=microseconds,
                    big_endian=rng.random() < 0.3, builtin=builtin)
