# SPDX-License-Identifier: BSD-3-Clause
"""The switch as a plain model: one frame at a time, lists and dicts, no cleverness.

It is the second opinion on the dataplane and was written apart from it, so it should read like the rules
themselves: the steps of a frame's life are methods in their order. Where the rules leave something open, a
comment beginning with "reading:" says what was chosen.

Times are nanoseconds since the first frame.
"""

from collections import Counter

import guard
import multicast
import neighbour
import spoof

SECOND = 1_000_000_000
HALF_SECOND = SECOND // 2
BROADCAST = b"\xff" * 6
BPDU = (bytes.fromhex("0180c2000000"), bytes.fromhex("01000ccccccd"))
PAUSE, LLDP, CDP = (bytes.fromhex(mac) for mac in ("0180c2000001", "0180c200000e", "01000ccccccc"))
LINK_LOCAL = tuple(bytes.fromhex("0180c20000%02x" % n) for n in range(2, 16)) + (CDP,)
LEARNED = ("dynamic", "sticky")
TAG = b"\x81\x00"
WINDOW = 10 * SECOND  # moves of one MAC are counted for so long
SILENCE = 6  # half seconds without a frame from a held MAC's port after which another port may have it

RX_DROPS = (
    "malformed", "port_down", "vlan_filtered", "bad_source", "bpdu", "link_local", "forged_transmit",
    "dhcp_server", "router_advert", "spoofed", "rate_limit", "storm_broadcast", "storm_multicast", "mac_conflict",
    "reflected", "mac_flap", "mac_limit", "same_port", "isolated", "dest_down", "storm_unknown_unicast", "unregistered",
    "no_destination")
AUDITED = ("forged_transmit", "dhcp_server", "router_advert", "spoofed", "rate_limit", "mac_limit", "storm_broadcast", "storm_multicast",
           "storm_unknown_unicast")
TX_DROPS = ("mac_changed", "rate_limit", "queue_full")

DEFAULTS = {
    "promiscuous": "reject", "forged-transmits": "accept", "allowed-macs": [], "mac-changes": "accept",
    "mac-learning": "on", "unicast-flood": "on", "broadcast-flood": "on", "multicast-flood": "on",
    "mac-limit": 4096, "mac-limit-policy": "allow", "mac-sticky": "off",
    "mac-move-limit": 5, "mac-move-hold": 30, "aging-time": 300,
    "violation": "restrict", "recovery-time": 0,
    "vlan-mode": "trunk", "access-vlan": 1, "native-vlan": 1, "allowed-vlans": "1-4094",
    "isolation-group": 0,
    "storm-broadcast": 0, "storm-multicast": 0, "storm-unknown-unicast": 0,
    "ingress-rate": 0, "ingress-peak": 0, "ingress-burst": 0,
    "egress-rate": 0, "egress-peak": 0, "egress-burst": 0,
    "bpdu": "filter", "link-local": "drop", "dhcp-server": "allow", "router-advert": "allow", "spoof-guard": "off",
    "spoof-guard-learn": "off",
    "multicast-router": "auto", "multicast-fast-leave": "off", "multicast-groups": 256, "audit": "off",
}


class Drop(Exception):
    """A frame's life ends here, for this reason; a violation of the port's rules has a mode, others have none."""

    def __init__(self, reason, violation=None):
        super().__init__(reason)
        self.reason = reason
        self.violation = violation


class Frame:
    def __init__(self, data):
        self.data = data
        self.dst, self.src = data[0:6], data[6:12]
        self.tagged = data[12:14] == TAG
        # reading: the TPID alone makes a second tag, one cut short too: step 1 looks at the first tag only.
        self.tagged_twice = self.tagged and data[16:18] == TAG
        tci = int.from_bytes(data[14:16], "big") if self.tagged else 0
        self.vid, self.priority = tci & 0x0fff, tci & 0xf000
        self.vlan = None  # set by step 3

    def untagged(self):
        return self.data[:12] + self.data[16:] if self.tagged else self.data

    def in_vlan_of(self, port):
        """The bytes that leave a port: step 13's tag."""
        plain = self.untagged()
        if port.key("vlan-mode") == "access" or port.key("native-vlan") == self.vlan and not self.tagged_twice:
            return plain
        return plain[:12] + TAG + (self.priority | self.vlan).to_bytes(2, "big") + plain[12:]


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
        self.home, self.claimed = port, seen  # claimed: when another port last claimed it, or when it was learned
        self.moves, self.first_move = 0, None  # of the window
        self.held_until = None

    def is_held(self, now):
        return self.held_until is not None and now < self.held_until

    def is_silent(self, now):
        # reading: the half seconds are counted by their edges, as those of ages are.
        return now // HALF_SECOND - self.seen // HALF_SECOND >= SILENCE

    def release(self):
        """Whatever ended the hold, counting starts anew.

        # reading: after its time too, not after silence only. The window may not be over by then, and one more
        # move would start the next hold.
        """
        self.moves, self.first_move, self.held_until = 0, None, None

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
        self.allowed_macs = [mac_range(text) for text in self.key("allowed-macs")]
        self.state = "up" if config.get("enabled", "on") == "on" else "disabled"
        self.is_uplink = config.get("uplink", "off") == "on"
        self.recovers_at = None
        self.is_mirror = False  # the destination of a mirror
        self.bindings = []
        self.ingress = self.meter("ingress")
        self.egress = self.meter("egress")
        self.storm = {kind: Storm(self.key("storm-" + kind)) for kind in ("broadcast", "multicast", "unknown-unicast")}
        self.count = Counter()
        self.rx_drops = {reason: 0 for reason in RX_DROPS}
        self.would_drop = {reason: 0 for reason in AUDITED}
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
        group = self.key("isolation-group")
        return group != 0 and group == other.key("isolation-group") or self.is_uplink and other.is_uplink

    def may_send_as(self, mac):
        return mac == self.effective_mac or any(int.from_bytes(mac, "big") >> (48 - bits) == prefix
                                                for prefix, bits in self.allowed_macs)

    def has_room(self, learned):
        return learned < self.key("mac-limit")

    def takes_flooded(self, kind):
        """Whether group frames of a kind and unknown unicast are sent to it."""
        return self.key(kind + "-flood") == "on" and (kind != "unicast" or self.key("mac-learning") == "on")

    def mac_was_changed(self):
        return self.key("mac-changes") == "reject" and self.effective_mac != self.assigned_mac


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", "")) if text else None


def mac_range(text):
    """A prefix and its length, of MAC or MAC/BITS."""
    mac, _, bits = text.partition("/")
    bits = int(bits or 48)
    return int.from_bytes(mac_bytes(mac), "big") >> (48 - bits), bits


def mac_text(mac):
    return mac.hex(":")


def way(frame, from_port, to_port):
    """What an event says of a MAC between two ports."""
    return {"mac": mac_text(frame.src), "vlan": frame.vlan, "from": from_port.name, "to": to_port.name}


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
        stations = [row for row in config.get("static-macs", []) if not is_group(mac_bytes(row["mac"]))]
        for static in stations:
            self.fdb[static["vlan"], mac_bytes(static["mac"])] = Entry(self.by_name[static["port"]], "static")
        self.mirrors = config.get("mirrors", [])
        for mirror in self.mirrors:
            self.by_name[mirror["destination"]].is_mirror = True
        for row in config.get("bindings", []):
            self.by_name[row["port"]].bindings.append(spoof.Binding(row))
        self.suppressed = {row["vlan"] for row in config.get("vlans", []) if row.get("neighbour-suppression") == "on"}
        self.snooping = multicast.Snooping(self, config.get("vlans", []))
        for row in config.get("static-macs", []):
            if is_group(mac_bytes(row["mac"])):
                self.snooping.add_static(row["vlan"], mac_bytes(row["mac"]), self.by_name[row["port"]])
        self.placed = {}  # key: port of what was told at the start
        self.now = 0  # the clock; it never goes back, though stamps may
        self.stamp = 0  # of the frame at hand
        self.is_own = False  # the frame at hand is one of the switch itself
        self.events = []
        self.reached = Counter()  # how often each outcome and event came about
        self.frame_number = 0
        self.log = []  # what became of each frame: (outcome, names of the ports it went to)

    # One frame, from its arrival to its end.

    def receive(self, now, name, data, wire_length):
        """Handles one frame that arrives at a time on a port; wire_length is more than the data where it was cut."""
        self.advance(now)
        self.stamp = now
        self.frame_number += 1
        self.log.append([None, []])
        self.arrive(self.by_name[name], data, len(data) < wire_length)

    def arrive(self, port, data, is_cut):
        self.count_arrival(port, data, is_cut)
        self.handle(port, Frame(data))

    @staticmethod
    def count_arrival(port, data, is_cut):
        port.count["rx_packets"] += 1
        port.count["rx_bytes"] += len(data)
        port.count["truncated"] += is_cut

    def handle(self, port, frame):
        try:
            self.admit(port, frame)
            self.step10_source(port, frame)
            outcome, members = self.step11_destination(port, frame)
            for member in members:
                self.step13_deliver(member, frame)
        except Drop as drop:
            outcome = drop.reason
            if drop.violation:
                self.violation(port, frame, drop.reason, drop.violation)
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

    def step1_malformed(self, frame):
        if len(frame.data) < 14 or frame.tagged and len(frame.data) < 18:
            raise Drop("malformed")

    def step2_port_down(self, port):
        # reading: what comes in on a mirror's destination is dropped as if the port were down for receiving.
        if port.is_down() or port.is_mirror:
            raise Drop("port_down")

    def step3_vlan(self, port, frame):
        if frame.tagged_twice and frame.vid == 0:  # of a port of either mode
            self.reached["priority tag before a tag"] += 1
            raise Drop("vlan_filtered")
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
            raise Drop("bpdu", "shutdown" if port.key("bpdu") == "guard" else None)
        if frame.dst == PAUSE or frame.dst in LINK_LOCAL and not self.passes_link_local(port, frame):
            self.reached["drop of " + {PAUSE: "PAUSE", LLDP: "LLDP", CDP: "CDP"}.get(frame.dst, "link-local")] += 1
            raise Drop("link_local")

    def passes_link_local(self, port, frame):
        passed = port.key("link-local") == "forward" or port.key("link-local") == "lldp" and frame.dst == LLDP
        self.reached["link-local %s passes" % port.key("link-local")] += passed
        return passed

    def step6_forged_transmit(self, port, frame):
        if port.key("forged-transmits") == "reject":
            if not port.may_send_as(frame.src):
                self.refuse(port, frame, "forged_transmit", port.key("violation"))
            self.reached["allowed MAC"] += frame.src != port.effective_mac

    def step7_guards(self, port, frame):
        for key, judge in (("dhcp-server", guard.dhcp_server), ("router-advert", guard.router_advert)):
            reason = port.key(key) == "block" and judge(frame.data)
            if reason:
                self.reached["%s: %s" % (key, reason)] += 1
                self.refuse(port, frame, key.replace("-", "_"))
        level = port.key("spoof-guard")
        if level != "off":
            spoofed = spoof.Claimant(level, port.bindings, frame.src, frame.vlan).is_spoofed(frame.data)
            self.reached["spoof-guard %s %s" % (level, "drops" if spoofed else "passes")] += 1
            if spoofed:
                self.refuse(port, frame, "spoofed", port.key("violation"))

    def step8_rate(self, port, frame):
        # reading: the length that counts is that of the frame as it came, tag included, without FCS.
        if not port.ingress.admits(self.now, len(frame.data)):
            self.refuse(port, frame, "rate_limit")

    def refuse(self, port, frame, reason, violation=None):
        """Drops a frame by a rule that `audit` can put on trial.

        # reading: on trial, each rule counts for itself, as if those before it were off; it is reported whatever
        `violation` says.
        """
        if port.key("audit") == "off":
            raise Drop(reason, violation)
        port.would_drop[reason] += 1
        self.reached["would drop " + reason] += 1
        self.violation_event(port, frame, reason, audit=True)

    def step10_source(self, port, frame):
        """The first line that fits decides."""
        entry = self.find(frame.vlan, frame.src)
        if entry and entry.kind != "dynamic":
            self.of_its_port(entry, port)
        elif entry and entry.port is port:
            entry.seen = self.now
        elif entry and self.came_back(entry, port):
            raise Drop("reflected")
        elif entry and entry.is_held(self.now) and not entry.is_silent(self.now):
            self.claim(entry)
            raise Drop("mac_flap")
        else:
            self.learn_or_move(entry, port, frame)

    def came_back(self, entry, port):
        """By an uplink, of a MAC that is active on a port which is none.

        # reading: a MAC whose home is an uplink is left to moves and holds: a guest that forges it could else cut
        # its station off with a frame every three seconds. The home is the one that a claim would find now; but
        # this is no claim, and changes nothing, no hold that is over either.
        """
        if not port.is_uplink or entry.port.is_uplink or entry.is_silent(self.now):
            return False
        home = self.home_of(entry)
        self.reached["at home behind an uplink"] += home.is_uplink
        self.reached["reflected though moved"] += not home.is_uplink and home is not entry.port
        self.reached["reflected though held"] += not home.is_uplink and entry.is_held(self.now)
        return not home.is_uplink

    def of_its_port(self, entry, port):
        """Static, assigned and sticky MACs stay where they are."""
        if entry.port is not port:
            mode = port.key("violation")
            if entry.kind == "sticky" and mode == "shutdown":
                self.reached["sticky conflict that shuts nothing down"] += 1
                mode = "restrict"
            raise Drop("mac_conflict", mode)
        entry.seen = self.now  # reading: it neither ages nor moves, but the age of a sticky one is reported

    def learn_or_move(self, entry, port, frame):
        """Step 10 from `mac-learning` on: the MAC is not here, and not held elsewhere any more."""
        if entry and entry.held_until is not None:
            # reading: the frame that finds the hold over ends it, even where it cannot move the MAC.
            self.reached["hold ended by " + ("silence" if entry.is_held(self.now) else "time")] += 1
            entry.release()
        if port.key("mac-learning") == "off":
            self.reached["learning off"] += 1
        elif not port.has_room(self.learned_on(port)):
            self.at_limit(entry, port, frame)
        elif not entry:
            self.learn(port, frame)
        else:
            self.move(entry, port, frame)

    def at_limit(self, entry, port, frame):
        if port.key("mac-limit-policy") == "drop":
            self.refuse(port, frame, "mac_limit", port.key("violation"))
        port.count["not_learned"] += 1
        self.reached["not_learned"] += 1
        if entry:
            # reading: this is neither a claim nor a move: `mac_moves` does not count it. All that was known of the
            # MAC goes with the entry, its home and its window too.
            del self.fdb[frame.vlan, frame.src]
            self.reached["moved to a full port"] += 1
            self.event("mac-moved", **way(frame, entry.port, port), learned=False)

    def learn(self, port, frame):
        self.fdb[frame.vlan, frame.src] = Entry(port, self.learned_kind(port), self.now)
        self.event("mac-learned", mac=mac_text(frame.src), vlan=frame.vlan, port=port.name)

    def home_of(self, entry):
        """Where a MAC was undisputed for long enough it is at home.

        # reading: the time is exact, in no half seconds.
        """
        return entry.port if self.now - entry.claimed >= entry.port.key("mac-move-hold") * SECOND else entry.home

    def claim(self, entry):
        """Another port claims a MAC.

        # reading: the home that this makes counts for this claim already.
        """
        home = self.home_of(entry)
        self.reached["home moved"] += home is not entry.home
        entry.home, entry.claimed = home, self.now

    def move(self, entry, port, frame):
        """To another port, unless it did so too often."""
        self.claim(entry)
        if entry.first_move is None or self.now - entry.first_move >= WINDOW:
            entry.moves, entry.first_move = 0, self.now
        limit = port.key("mac-move-limit")
        if limit and entry.moves + 1 > limit:
            self.hold(entry, port, frame)
            return
        entry.moves += 1  # reading: a move to a port without a limit counts as well
        self.event("mac-moved", **way(frame, entry.port, port))
        entry.port, entry.kind, entry.seen = port, self.learned_kind(port), self.now
        port.count["mac_moves"] += 1  # reading: counted where it moved to

    def hold(self, entry, port, frame):
        """At its home, as from now; the frame goes on if that is the port it came from.

        # reading: going home is no move: the event is `mac-flap` alone, and `mac_moves` does not count it.
        """
        was = entry.port
        if entry.home is not was and not entry.home.is_down() and entry.home.has_vlan(frame.vlan) \
                and entry.home.has_room(self.learned_on(entry.home)):
            entry.port = entry.home
        entry.seen, entry.held_until = self.now, self.now + port.key("mac-move-hold") * SECOND
        self.event("mac-flap", **way(frame, entry.port, was if entry.port is port else port))
        self.reached["held " + ("where it came from" if entry.port is port else "at home" if entry.port is entry.home
                                else "away from home")] += 1
        self.reached["sent home to another port"] += entry.port is not port and entry.port is not was
        if entry.port is not port:
            raise Drop("mac_flap")

    def learned_kind(self, port):
        # reading: a dynamic MAC that moves to a port where MACs are sticky becomes sticky there.
        kind = "sticky" if port.key("mac-sticky") == "on" else "dynamic"
        self.reached["learned " + kind] += 1
        return kind

    def step11_destination(self, port, frame):
        """The outcome, and the ports that get the frame: the promiscuous ones of step 12 too."""
        if is_group(frame.dst):
            return self.flood(port, frame, "broadcast" if frame.dst == BROADCAST else "multicast")
        entry = self.find(frame.vlan, frame.dst)
        if not entry:
            return self.flood(port, frame, "unicast")
        outcome, members = self.known(port, entry.port, frame)
        return outcome, self.step12_promiscuous(port, frame, members)

    def flood(self, port, frame, kind):
        # reading: a frame beyond a storm limit is dropped even where nobody would have got it, and one within
        # the limit is counted by it even then.
        self.storm_limit(port, frame, "unknown-unicast" if kind == "unicast" else kind)
        owners = self.owners_of_target(port, frame) if kind != "unicast" else []
        if owners:
            self.reached["neighbour suppressed"] += 1
            return "forwarded", self.step12_promiscuous(port, frame, owners)
        if kind == "multicast" and (frame.vlan in self.snooping.vlans or self.snooping.static_ports(frame)):
            return self.snooping.ports_of(port, frame, self.reachable(port, frame))
        members = [other for other in self.reachable(port, frame) if other.takes_flooded(kind)]
        self.reached["left out of a " + kind] += any(other.key(kind + "-flood") == "off"
                                                     for other in self.reachable(port, frame))
        everybody = self.step12_promiscuous(port, frame, members)
        if not everybody:
            return "no_destination", []
        self.reached["flooded to promiscuous ports only"] += not members
        port.count["rx_unknown"] += kind == "unicast"
        self.reached["%s flooded" % kind] += 1
        return "flooded", everybody

    def owners_of_target(self, port, frame):
        if frame.vlan not in self.suppressed:
            return []

        def find(mac):
            entry = self.find(frame.vlan, mac)
            return entry.port if entry else None

        return neighbour.ports_of(self.ports, frame.vlan, frame.data, find, self.reachable(port, frame))

    def storm_limit(self, port, frame, kind):
        if not port.storm[kind].admits(self.now):
            self.refuse(port, frame, "storm_" + kind.replace("-", "_"))

    def known(self, port, to, frame):
        if to is port:
            return "same_port", []
        if to.isolated_from(port):
            self.reached["isolated uplinks"] += to.is_uplink and port.is_uplink
            return "isolated", []
        if to.is_down() or to.is_mirror or not to.has_vlan(frame.vlan):
            return "dest_down", []
        return "forwarded", [to]

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
            self.reached["native tag kept"] += (frame.tagged_twice and to.key("vlan-mode") == "trunk"
                                                and to.key("native-vlan") == frame.vlan)
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
        if not self.is_own:
            self.log[-1][1].append(to.name)
        return True

    def send_own(self, ports, vlan, data):
        """A frame of the switch itself, at the time of the clock."""
        frame = Frame(data)
        frame.vlan, self.stamp, self.is_own = vlan, self.now, True
        for port in [port for port in self.ports if port in ports]:
            self.step13_deliver(port, frame)
        self.is_own = False

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
        # reading: a sticky MAC stays at its port when that goes down. The home of a MAC that is elsewhere stays too.
        # reading: one event whatever the flush's size, so also where it found nothing.
        self.fdb = {key: entry for key, entry in self.fdb.items()
                    if entry.port is not port or entry.kind != "dynamic"}
        self.event("mac-flushed", port=port.name, vlan=None, mac=None, kind="dynamic", reason="port-down")

    # Violations, and the clock.

    def violation(self, port, frame, reason, mode):
        if mode != "protect":
            self.violation_event(port, frame, reason)
        if mode == "shutdown":
            port.state = "err-disabled"
            if port.key("recovery-time"):
                port.recovers_at = self.now + port.key("recovery-time") * SECOND
            self.event("port-err-disabled", port=port.name, reason=reason)
            self.flush(port)
            self.snooping.forget(port)

    def violation_event(self, port, frame, reason, audit=False):
        """One event a second for each port and reason.

        # reading: a second of the clock; the event tells of the first violation in it and counts them all.
        """
        for event in self.events:
            if (event["type"], event.get("port"), event.get("reason"), event.get("audit", False)) == \
                    ("violation", port.name, reason, audit) \
                    and event["time"] // SECOND == self.now // SECOND:
                event["count"] += 1
                return
        self.event("violation", port=port.name, reason=reason, mac=mac_text(frame.src), vlan=frame.vlan, count=1,
                   **({"audit": True} if audit else {}))

    def event(self, event_type, **what):
        self.events.append({"time": self.now, "type": event_type, **what})
        self.reached["event " + event_type] += 1

    def advance(self, now):
        """Lets the clock run on, never back: what is due until then happens at its own time."""
        if now <= self.now:
            return
        due = [(entry.expires_at(), self.age, (key,)) for key, entry in self.fdb.items() if entry.expires_at()]
        if self.snooping.vlans:
            due += [(time, self.snooping.sweep, ()) for time in
                    range((self.now // HALF_SECOND + 1) * HALF_SECOND, now + 1, HALF_SECOND)]
        due += [(port.recovers_at, self.recover, (port,)) for port in self.ports if port.recovers_at]
        for time, action, what in sorted(due, key=lambda item: item[0]):
            if time <= now:
                self.now = time
                action(*what)
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
                "skipped": 0, "mdb": self.snooping.report_rows(), "left_out": {"outbound": 0, "dropped": 0, "interface": 0, "source": 0},
                "ports": [self.port_report(port) for port in self.ports],
                "fdb": self.fdb_report(),
                "events": self.events}

    def port_report(self, port):
        counted = ("rx_packets", "rx_bytes", "rx_forwarded", "rx_flooded", "rx_unknown", "tx_packets", "tx_bytes",
                   "not_learned", "mac_moves", "truncated")
        return {"name": port.name, "state": port.state, "device": port.device, "port_group": port.group,
                **{name: port.count[name] for name in counted},
                "rx_drops": port.rx_drops, "rx_would_drop": port.would_drop, "tx_drops": port.tx_drops,
                "macs": self.learned_on(port)}  # reading: learned ones, as the limit counts them

    def fdb_report(self):
        # reading: by VLAN and MAC, whatever the age; those that are "sorted last" for their null age are so in a
        # list that is sorted by age. Assigned ones come first; one MAC on two ports, in different VLANs, in the
        # order of the ports.
        rows = [{"mac": mac_text(port.effective_mac), "vlan": None, "port": port.name, "type": "assigned", "age": None}
                for port in self.ports if port.effective_mac]
        rows += [self.entry_report(vlan, mac, entry) for (vlan, mac), entry in self.fdb.items()]
        return sorted(rows, key=lambda row: (row["vlan"] or 0, row["mac"]))

    def entry_report(self, vlan, mac, entry):
        halves = self.now // HALF_SECOND - entry.seen // HALF_SECOND
        row = {"mac": mac_text(mac), "vlan": vlan, "port": entry.port.name, "type": entry.kind,
               "age": halves // 2 if entry.kind in LEARNED else None}
        if entry.is_held(self.now):
            # reading: whole seconds, rounded up, so that a hold never shows 0. One that silence would end shows too.
            row["held"] = -((self.now - entry.held_until) // SECOND)
            self.reached["held in the table"] += 1
        return row
