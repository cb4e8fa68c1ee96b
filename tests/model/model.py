# SPDX-License-Identifier: BSD-3-Clause
"""The switch as a plain model: one frame at a time, lists and dicts, no cleverness.

It is the second opinion on the dataplane and was written apart from it, so it should read like the rules
themselves: the steps of a frame's life are methods in their order. Where the rules leave something open, a
comment beginning with "reading:" says what was chosen.

Times are nanoseconds since the first frame.
"""

from collections import Counter

import guard

SECOND = 1_000_000_000
HALF_SECOND = SECOND // 2
BROADCAST = b"\xff" * 6
BPDU = (bytes.fromhex("0180c2000000"), bytes.fromhex("01000ccccccd"))
LINK_LOCAL = tuple(bytes.fromhex("0180c20000%02x" % n) for n in range(1, 16))
LEARNED = ("dynamic", "sticky")

RX_DROPS = (
    "malformed", "port_down", "vlan_filtered", "bad_source", "bpdu", "link_local", "forged_transmit",
    "dhcp_server", "router_advert", "rate_limit", "storm_broadcast", "storm_multicast", "mac_conflict",
    "mac_flap", "mac_limit", "same_port", "isolated", "dest_down", "storm_unknown_unicast", "no_destination")
TX_DROPS = ("mac_changed", "rate_limit", "queue_full")

DEFAULTS = {
    "promiscuous": "reject", "forged-transmits": "accept", "mac-changes": "accept",
    "mac-learning": "on", "unicast-flood": "on",
    "mac-limit": 4096, "mac-limit-policy": "allow", "mac-sticky": "off",
    "mac-move-limit": 5, "mac-move-hold": 30, "aging-time": 300,
    "violation": "restrict", "recovery-time": 0,
    "vlan-mode": "trunk", "access-vlan": 1, "native-vlan": 1, "allowed-vlans": "1-4094",
    "isolation-group": 0,
    "storm-broadcast": 0, "storm-multicast": 0, "storm-unknown-unicast": 0,
    "ingress-rate": 0, "ingress-peak": 0, "ingress-burst": 0,
    "egress-rate": 0, "egress-peak": 0, "egress-burst": 0,
    "bpdu": "filter", "link-local": "drop", "dhcp-server": "allow", "router-advert": "allow",
}


class Drop(Exception):
    """A frame's life ends here, for this reason."""

    def __init__(self, reason, violation=False):
        super().__init__(reason)
        self.reason = reason
        self.violation = violation


class Frame:
    def __init__(self, data):
        self.data = data
        self.dst, self.src = data[0:6], data[6:12]
        self.tagged = data[12:14] == b"\x81\x00"
        tci = int.from_bytes(data[14:16], "big") if self.tagged else 0
        self.vid, self.priority = tci & 0x0fff, tci & 0xf000
        self.vlan = None  # set by step 3

    def untagged(self):
        return self.data[:12] + self.data[16:] if self.tagged else self.data

    def in_vlan_of(self, port):
        """The bytes that leave a port: step 13's tag."""
        plain = self.untagged()
        if port.key("vlan-mode") == "access" or port.key("native-vlan") == self.vlan:
            return plain
        return plain[:12] + b"\x81\x00" + (self.priority | self.vlan).to_bytes(2, "big") + plain[12:]


class Bucket:
    """Tokens in millionths of a bit: one nanosecond at one kbit/s is one token, so nothing is ever rounded."""

    BYTE = 8_000_000

    def __init__(self, rate_kbps, depth_bytes):
        self.rate = rate_kbps
        self.depth = self.level = depth_bytes * self.BYTE  # reading: buckets start full
        self.filled_at = 0

    def fill(self, now):
        self.level = min(self.depth, self.level + self.rate * (now - self.filled_at))
        self.filled_at = now

    def holds(self, size):
        return self.level >= size * self.BYTE

    def take(self, size):
        self.level -= size * self.BYTE


def ten_ms_of(rate_kbps):
    # reading: 10 ms at 1 kbit/s are 10 bits; rounded down to whole bytes.
    return max(rate_kbps * 10 // 8, 16 * 1024)


class Meter:
    """An average rate with its burst, and a peak rate if there is one; a frame must fit in both."""

    def __init__(self, rate, peak, burst_kib):
        self.buckets = []
        if rate:  # reading: a peak alone, without an average, limits nothing
            self.buckets.append(Bucket(rate, burst_kib * 1024 or ten_ms_of(rate)))
            if peak:  # reading: the peak bucket is as deep as an average's would be by default
                self.buckets.append(Bucket(peak, ten_ms_of(peak)))

    def admits(self, now, size):
        for bucket in self.buckets:
            bucket.fill(now)
        if not all(bucket.holds(size) for bucket in self.buckets):
            return False
        for bucket in self.buckets:
            bucket.take(size)
        return True


class Storm:
    """In each whole second of the clock the first N pass."""

    def __init__(self, limit):
        self.limit, self.second, self.count = limit, None, 0

    def admits(self, now):
        if self.limit == 0:
            return True
        if self.second != now // SECOND:
            self.second, self.count = now // SECOND, 0
        self.count += 1
        return self.count <= self.limit


class Entry:
    """Where a MAC is; what a key (VLAN, MAC) of the table leads to."""

    def __init__(self, port, kind, seen=0):
        self.port, self.kind, self.seen = port, kind, seen
        self.moves, self.first_move = 0, None
        self.held_until = 0

    def expires_at(self):
        """The half-second boundary at which it is gone, or None."""
        aging = self.port.key("aging-time")
        if self.kind != "dynamic" or aging == 0:
            return None
        return self.seen // HALF_SECOND * HALF_SECOND + aging * SECOND + HALF_SECOND


class Port:
    def __init__(self, config, group, switch_policy, builtin=DEFAULTS):
        self.name = config["name"]
        self.device = config["device"]
        self.group = config.get("port-group")
        self.policy = {**builtin, **switch_policy, **group, **config.get("policy", {})}
        self.vlans = [tuple(map(int, part.split("-"))) for part in str(self.key("allowed-vlans")).split(",")]
        self.assigned_mac = mac_bytes(config.get("mac-address"))
        self.effective_mac = mac_bytes(config.get("effective-mac")) or self.assigned_mac
        self.state = "up" if config.get("enabled", "on") == "on" else "disabled"
        self.recovers_at = None
        self.is_mirror = False  # the destination of a mirror
        self.ingress = self.meter("ingress")
        self.egress = self.meter("egress")
        self.storm = {kind: Storm(self.key("storm-" + kind)) for kind in ("broadcast", "multicast", "unknown-unicast")}
        self.count = Counter()
        self.rx_drops = {reason: 0 for reason in RX_DROPS}
        self.tx_drops = {reason: 0 for reason in TX_DROPS}
        self.sent = []  # (time, bytes, number of the frame that caused it)

    def key(self, name):
        return self.policy[name]

    def meter(self, direction):
        return Meter(*(self.key("%s-%s" % (direction, what)) for what in ("rate", "peak", "burst")))

    def has_vlan(self, vlan):
        if self.key("vlan-mode") == "access":
            return vlan == self.key("access-vlan")
        return any(span[0] <= vlan <= span[-1] for span in self.vlans)

    def is_down(self):
        return self.state != "up"

    def isolated_from(self, other):
        return self.key("isolation-group") != 0 and self.key("isolation-group") == other.key("isolation-group")

    def mac_was_changed(self):
        return self.key("mac-changes") == "reject" and self.effective_mac != self.assigned_mac


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", "")) if text else None


def mac_text(mac):
    return mac.hex(":")


def is_group(mac):
    return mac[0] & 1 == 1


class Switch:
    def __init__(self, config, builtin=DEFAULTS):
        groups = {group["name"]: group.get("policy", {}) for group in config.get("port-groups", [])}
        self.name = config.get("switch", {}).get("name", "nestswitch")
        self.ports = [Port(port, groups.get(port.get("port-group"), {}), config.get("policy", {}), builtin)
                      for port in config["ports"]]
        self.by_name = {port.name: port for port in self.ports}
        self.fdb = {}  # (vlan, mac) -> Entry: dynamic, sticky and static; assigned ones are found at their port
        for static in config.get("static-macs", []):
            self.fdb[static["vlan"], mac_bytes(static["mac"])] = Entry(self.by_name[static["port"]], "static")
        self.mirrors = config.get("mirrors", [])
        for mirror in self.mirrors:
            self.by_name[mirror["destination"]].is_mirror = True
        self.now = 0  # the clock; it never goes back, though stamps may
        self.stamp = 0  # of the frame at hand
        self.events = []
        self.reached = Counter()  # how often each outcome and event came about
        self.frame_number = 0
        self.log = []  # what became of each frame: (outcome, names of the ports it went to)

    # One frame, from its arrival to its end.

    def receive(self, now, name, data, wire_length):
        """Handles one frame that arrives at a time on a port; wire_length is more than the data where it was cut."""
        self.advance(now)
        self.stamp = now
        port, frame = self.by_name[name], Frame(data)
        self.frame_number += 1
        port.count["rx_packets"] += 1
        port.count["rx_bytes"] += len(data)
        port.count["truncated"] += len(data) < wire_length
        self.log.append([None, []])
        try:
            self.admit(port, frame)
            self.step10_source(port, frame)
            outcome, members = self.step11_destination(port, frame)
            for member in self.step12_promiscuous(port, frame, members):
                self.step13_deliver(member, frame)
        except Drop as drop:
            outcome = drop.reason
            if drop.violation:
                self.violation(port, frame, drop.reason)
        self.count_outcome(port, outcome)

    def count_outcome(self, port, outcome):
        if outcome in ("forwarded", "flooded"):
            port.count["rx_" + outcome] += 1
        else:
            port.rx_drops[outcome] += 1
        self.reached[outcome] += 1
        self.log[-1][0] = outcome

    def admit(self, port, frame):
        self.step1_malformed(frame)
        self.step2_port_down(port)
        self.mirror("rx", port, frame.data)
        self.step3_vlan(port, frame)
        self.step4_bad_source(frame)
        self.step5_reserved(port, frame)
        self.step6_forged_transmit(port, frame)
        self.step7_guards(port, frame)
        self.step8_rate(port, frame)
        self.step9_storm(port, frame)

    def step1_malformed(self, frame):
        if len(frame.data) < 14 or frame.tagged and len(frame.data) < 18:
            raise Drop("malformed")

    def step2_port_down(self, port):
        # reading: what comes in on a mirror's destination is dropped as if the port were down for receiving.
        if port.is_down() or port.is_mirror:
            raise Drop("port_down")

    def step3_vlan(self, port, frame):
        if port.key("vlan-mode") == "access":
            if frame.vid != 0:
                raise Drop("vlan_filtered")
            frame.vlan = port.key("access-vlan")
        else:
            frame.vlan = frame.vid or port.key("native-vlan")
            if not port.has_vlan(frame.vlan):
                raise Drop("vlan_filtered")

    def step4_bad_source(self, frame):
        if is_group(frame.src) or frame.src == bytes(6):
            raise Drop("bad_source")

    def step5_reserved(self, port, frame):
        if frame.dst in BPDU and port.key("bpdu") != "forward":
            raise Drop("bpdu", violation=port.key("bpdu") == "guard")
        if frame.dst in LINK_LOCAL and port.key("link-local") == "drop":
            raise Drop("link_local")

    def step6_forged_transmit(self, port, frame):
        if port.key("forged-transmits") == "reject" and frame.src != port.effective_mac:
            raise Drop("forged_transmit", violation=True)

    def step7_guards(self, port, frame):
        if port.key("dhcp-server") == "block" and guard.dhcp_server(frame.data):
            raise Drop("dhcp_server")
        if port.key("router-advert") == "block" and guard.router_advert(frame.data):
            raise Drop("router_advert")

    def step8_rate(self, port, frame):
        # reading: the length that counts is that of the frame as it came, tag included, without FCS.
        if not port.ingress.admits(self.now, len(frame.data)):
            raise Drop("rate_limit")

    def step9_storm(self, port, frame):
        if not is_group(frame.dst):
            return
        kind = "broadcast" if frame.dst == BROADCAST else "multicast"
        if not port.storm[kind].admits(self.now):
            raise Drop("storm_" + kind)

    def step10_source(self, port, frame):
        """The first line that fits decides."""
        entry = self.find(frame.vlan, frame.src)
        if entry and entry.kind != "dynamic":
            if entry.port is not port:
                raise Drop("mac_conflict", violation=True)
            entry.seen = self.now  # reading: it neither ages nor moves, but the age of a sticky one is reported
        elif entry and entry.port is port:
            entry.seen = self.now
        elif entry and self.now < entry.held_until:
            raise Drop("mac_flap")
        elif port.key("mac-learning") == "off":
            self.reached["learning off"] += 1
        elif self.learned_on(port) >= port.key("mac-limit"):
            if port.key("mac-limit-policy") == "drop":
                raise Drop("mac_limit", violation=True)
            port.count["not_learned"] += 1
            self.reached["not_learned"] += 1
        elif not entry:
            self.learn(port, frame)
        else:
            self.move(entry, port, frame)

    def learn(self, port, frame):
        self.fdb[frame.vlan, frame.src] = Entry(port, self.learned_kind(port), self.now)
        self.event("mac-learned", mac=mac_text(frame.src), vlan=frame.vlan, port=port.name)

    def move(self, entry, port, frame):
        """To another port, unless it did so too often."""
        if entry.first_move is None or self.now - entry.first_move >= 10 * SECOND or entry.held_until:
            entry.moves, entry.first_move, entry.held_until = 0, self.now, 0
        way = {"mac": mac_text(frame.src), "vlan": frame.vlan, "from": entry.port.name, "to": port.name}
        limit = port.key("mac-move-limit")
        if limit and entry.moves + 1 > limit:
            # reading: the port it would have moved to decides, by its limit as by its hold.
            entry.held_until = self.now + port.key("mac-move-hold") * SECOND
            self.event("mac-flap", **way)
            raise Drop("mac_flap")
        entry.moves += 1  # reading: a move to a port without a limit counts as well
        entry.port, entry.kind, entry.seen = port, self.learned_kind(port), self.now
        port.count["mac_moves"] += 1  # reading: counted where it moved to
        self.event("mac-moved", **way)

    def learned_kind(self, port):
        # reading: a dynamic MAC that moves to a port where MACs are sticky becomes sticky there.
        kind = "sticky" if port.key("mac-sticky") == "on" else "dynamic"
        self.reached["learned " + kind] += 1
        return kind

    def step11_destination(self, port, frame):
        """The outcome and the ports that get the frame for it."""
        if is_group(frame.dst):
            return self.flood(self.reachable(port, frame))
        entry = self.find(frame.vlan, frame.dst)
        if entry:
            return self.known(port, entry.port, frame)
        if not port.storm["unknown-unicast"].admits(self.now):
            return "storm_unknown_unicast", []
        return self.flood([member for member in self.reachable(port, frame)
                           if member.key("mac-learning") == "on" and member.key("unicast-flood") == "on"])

    def known(self, port, to, frame):
        if to is port:
            return "same_port", []
        if to.isolated_from(port):
            return "isolated", []
        if to.is_down() or to.is_mirror or not to.has_vlan(frame.vlan):
            return "dest_down", []
        return "forwarded", [to]

    def flood(self, members):
        return ("flooded", members) if members else ("no_destination", [])

    def reachable(self, port, frame):
        return [other for other in self.ports if other is not port and not other.is_down() and not other.is_mirror
                and other.has_vlan(frame.vlan) and not other.isolated_from(port)]

    def step12_promiscuous(self, port, frame, members):
        # reading: copies are made in the order of the ports; it shows in the capture of a mirror only.
        also = [other for other in self.reachable(port, frame)
                if other.key("promiscuous") == "accept" and other not in members]
        self.reached["promiscuous copy"] += len(also)
        return [other for other in self.ports if other in members or other in also]

    def step13_deliver(self, to, frame):
        if to.mac_was_changed():
            self.tx_drop(to, "mac_changed")
        elif self.transmit(to, frame.in_vlan_of(to)):
            self.mirror("tx", to, to.sent[-1][1])

    def transmit(self, to, data):
        """Out of a port, by its egress rate; a replay's queue is never full."""
        if not to.egress.admits(self.now, len(data)):
            self.tx_drop(to, "rate_limit")
            return False
        to.count["tx_packets"] += 1
        to.count["tx_bytes"] += len(data)
        # reading: a stamp that goes back does not turn the clock back, but stays what it is in the output.
        to.sent.append((self.stamp, data, self.frame_number))
        self.log[-1][1].append(to.name)
        return True

    def tx_drop(self, to, reason):
        to.tx_drops[reason] += 1
        self.reached["tx " + reason] += 1

    def mirror(self, direction, port, data):
        # reading: received is what passed steps 1 and 2, whatever becomes of it later; sent is what was delivered.
        # reading: a copy obeys the destination's egress rate and that it may be disabled, nothing else.
        for mirror in self.mirrors:
            to = self.by_name[mirror["destination"]]
            if port.name in mirror["source"] and mirror["direction"] in (direction, "both") and not to.is_down():
                self.reached["mirrored " + direction] += self.transmit(to, data)

    # The MAC table.

    def find(self, vlan, mac):
        for port in self.ports:
            if port.effective_mac == mac and port.has_vlan(vlan):
                return Entry(port, "assigned")
        return self.fdb.get((vlan, mac))

    def learned_on(self, port):
        return sum(entry.port is port and entry.kind in LEARNED for entry in self.fdb.values())

    def flush(self, port):
        # reading: a sticky MAC stays at its port when that goes down.
        self.fdb = {key: entry for key, entry in self.fdb.items()
                    if entry.port is not port or entry.kind != "dynamic"}

    # Violations, and the clock.

    def violation(self, port, frame, reason):
        mode = "shutdown" if reason == "bpdu" else port.key("violation")
        if mode != "protect":
            self.violation_event(port, frame, reason)
        if mode == "shutdown":
            port.state = "err-disabled"
            if port.key("recovery-time"):
                port.recovers_at = self.now + port.key("recovery-time") * SECOND
            self.flush(port)
            self.event("port-err-disabled", port=port.name, reason=reason)
            self.event("mac-flushed", port=port.name, vlan=None, mac=None, kind="dynamic", reason="port-down")

    def violation_event(self, port, frame, reason):
        """One event a second for each port and reason.

        # reading: a second of the clock; the event tells of the first violation in it and counts them all.
        """
        for event in self.events:
            if (event["type"], event.get("port"), event.get("reason")) == ("violation", port.name, reason) \
                    and event["time"] // SECOND == self.now // SECOND:
                event["count"] += 1
                return
        self.event("violation", port=port.name, reason=reason, mac=mac_text(frame.src), vlan=frame.vlan, count=1)

    def event(self, event_type, **what):
        self.events.append({"time": self.now, "type": event_type, **what})
        self.reached["event " + event_type] += 1

    def advance(self, now):
        """Lets the clock run on, never back: what is due until then happens at its own time."""
        if now <= self.now:
            return
        due = [(entry.expires_at(), self.age, key) for key, entry in self.fdb.items() if entry.expires_at()]
        due += [(port.recovers_at, self.recover, port) for port in self.ports if port.recovers_at]
        for time, action, what in sorted(due, key=lambda item: item[0]):
            if time <= now:
                self.now = time
                action(what)
        self.now = max(self.now, now)

    def age(self, key):
        entry = self.fdb.pop(key)
        self.event("mac-aged", mac=mac_text(key[1]), vlan=key[0], port=entry.port.name)

    def recover(self, port):
        # reading: to the nanosecond, so that a frame at that very time is received again.
        port.state, port.recovers_at = "up", None
        self.event("port-recovered", port=port.name)

    # What can be seen afterwards.

    def report(self):
        return {"switch": {"name": self.name, "time": self.now},
                "ports": [self.port_report(port) for port in self.ports],
                "fdb": self.fdb_report(),
                "events": self.events}

    def port_report(self, port):
        counted = ("rx_packets", "rx_bytes", "rx_forwarded", "rx_flooded", "tx_packets", "tx_bytes",
                   "not_learned", "mac_moves", "truncated")
        return {"name": port.name, "state": port.state, "device": port.device, "port_group": port.group,
                **{name: port.count[name] for name in counted},
                "rx_drops": port.rx_drops, "tx_drops": port.tx_drops,
                "macs": self.learned_on(port)}  # reading: learned ones, as the limit counts them

    def fdb_report(self):
        # reading: assigned ones come first; one MAC on two ports, in different VLANs, in the order of the ports.
        rows = [{"mac": mac_text(port.effective_mac), "vlan": None, "port": port.name, "type": "assigned", "age": 0}
                for port in self.ports if port.effective_mac]
        for (vlan, mac), entry in self.fdb.items():
            halves = self.now // HALF_SECOND - entry.seen // HALF_SECOND if entry.kind in LEARNED else 0
            rows.append({"mac": mac_text(mac), "vlan": vlan, "port": entry.port.name, "type": entry.kind,
                         "age": halves // 2})
        return sorted(rows, key=lambda row: (row["vlan"] or 0, row["mac"]))
