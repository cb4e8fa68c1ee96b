# SPDX-License-Identifier: BSD-3-Clause
"""Multicast snooping and the querier as plain rules: messages, memberships, elections, where a group frame goes.

RFC 1112, 2236, 3376 (IGMP), 2710, 3810 (MLD), 4541 (snooping), 4286 (router discovery), 7761 (PIM). Messages are read
strictly: a message that hosts ignore changes nothing. Times end with a half second of the clock, as ages do.
"""

import ipaddress
import struct

IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"
TICKS = 2  # a second
MEMBER, HEARD, LAST_MEMBER, EXTRA = 260 * TICKS, 255 * TICKS, 2 * TICKS, 1 * TICKS
QUERY, STARTUP = 125 * TICKS, 31 * TICKS
MOST_MS = 3600 * 1000  # an answer is waited for no longer
NONE4, NONE6 = bytes(4), bytes(16)
ALL_HOSTS, ALL_ROUTERS, ALL_PIM, ALL_IGMPV3, SNOOPERS = (bytes((224, 0, 0, n)) for n in (1, 2, 13, 22, 106))


def link_group(number):
    return b"\xff\x02" + bytes(12) + number.to_bytes(2, "big")


def is_group(ip):
    return ip[0] >> 4 == 14 if len(ip) == 4 else ip[0] == 255


def is_for_all(group):
    """Groups that never leave a link."""
    return group[:3] == b"\xe0\0\0" if len(group) == 4 else group[1] & 15 <= 2


def group_mac(group):
    return b"\x01\0\x5e" + bytes([group[1] & 127]) + group[2:] if len(group) == 4 else b"\x33\x33" + group[12:]


def is_link_local(ip):
    return ip[0] == 0xfe and ip[1] & 0xc0 == 0x80


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo(packet, protocol, length):
    return packet[8:40] + struct.pack(">IBBBB", length, 0, 0, 0, protocol)


def floating(code, bits):
    """A time whose upper half is a floating number."""
    return code if code < 8 << bits else (code & (1 << bits) - 1 | 1 << bits) << ((code >> bits & 7) + 3)


class Message:
    """What a group frame is: kind is other, data, all, report, query, router or bad."""

    def __init__(self, kind, group=None, **more):
        self.kind, self.group, self.more = kind, group, more

    def __getattr__(self, name):
        return self.more[name]


def read(data, dst, tagged):
    at = 16 if tagged else 12
    if data[at:at + 2] == IPV4:
        return read4(data[at + 2:], dst)
    if data[at:at + 2] == IPV6:
        return read6(data[at + 2:], dst)
    return Message("other")


def read4(packet, dst):
    group = packet[16:20]
    if len(packet) < 20 or packet[0] >> 4 != 4 or not is_group(group) or group_mac(group) != dst:
        return Message("other")
    header, total = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big")
    sound = (20 <= header <= total <= len(packet) and packet[8] == 1 and not int.from_bytes(packet[6:8], "big") & 0x3fff
             and checksum(packet[:header]) == 0)
    content = packet[header:total]
    if packet[9] == 2:
        return read_igmp(content, packet[12:16], group) if sound else Message("bad")
    if packet[9] == 103 and group == ALL_PIM and sound and content[:1] == b"\x20" and len(content) >= 4 \
            and checksum(content) == 0:
        return Message("router")
    return Message("all" if is_for_all(group) else "data", group)


def read_igmp(content, source, to):
    if len(content) < 8 or checksum(content):
        return Message("bad")
    kind, code, group = content[0], content[1], content[4:8]
    if kind == 0x11:
        version = 3 if len(content) > 8 else 2 if code else 1
        # reading: the time of version 2 is no floating number (RFC 2236 2.2).
        tenths = {1: 100, 2: code, 3: floating(code, 4)}[version]
        if source[0] == 127 or source[0] >= 224:
            return Message("bad")
        return query(content, 4, group == NONE4 and to == ALL_HOSTS, version, 8, tenths * 100, source)
    if kind in (0x12, 0x16):
        return report([(to, False)], 1 if kind == 0x12 else 2, 4) if group == to else Message("bad")
    if kind == 0x17:  # early hosts sent it to the group
        good = to in (group, ALL_ROUTERS) and is_group(group)
        return report([(group, True)], 2, 4) if good else Message("bad")
    if kind == 0x22:
        return read_records(content, 4, 3) if to == ALL_IGMPV3 else Message("bad")
    return Message("router" if kind == 0x30 and to == SNOOPERS else "all")


def query(content, size, general, version, short, response_ms, source):
    """Of a version with sources, they must be whole, and a general query has none: hosts ignore others."""
    if len(content) > short:
        at = short + 2
        count = int.from_bytes(content[at:at + 2], "big")
        if len(content) < at + 2 + count * size or general and count:
            return Message("bad")
    return Message("query", general=general, version=version, response_ms=response_ms, source=source, family=6 if size == 16 else 4)


def report(records, version, family):
    return Message("report", records=records, version=version, family=family)


def read_records(content, size, version):
    records, rest = [], content[8:]
    for _ in range(int.from_bytes(content[6:8], "big")):
        if len(rest) < 4 + size:
            return Message("bad")
        mode, extra, count, group = rest[0], rest[1], int.from_bytes(rest[2:4], "big"), rest[4:4 + size]
        length = 4 + size + count * size + extra * 4
        if len(rest) < length or not is_group(group):
            return Message("bad")
        rest = rest[length:]
        if 1 <= mode <= 5:  # one that blocks sources changes nothing
            records.append((group, mode in (1, 3) and not count))
    return report(records, version, 6 if size == 16 else 4)


def read6(packet, dst):
    group = packet[24:40]
    if len(packet) < 40 or packet[0] >> 4 != 6 or not is_group(group) or group_mac(group) != dst:
        return Message("other")
    length, following, hops, source = int.from_bytes(packet[4:6], "big"), packet[6], packet[7], packet[8:24]
    rest = packet[40:40 + length]
    whole = len(rest) == length
    if following == 103 and group == link_group(13) and is_link_local(source) and hops == 1 and whole \
            and rest[:1] == b"\x20" and len(rest) >= 4 and checksum(pseudo(packet, 103, length) + rest) == 0:
        return Message("router")
    at = 8 + packet[41] * 8 if following == 0 and len(packet) >= 42 and packet[40] == 58 else 0
    if (following == 58 or at) and packet[40 + at:41 + at] in (b"\x82", b"\x83", b"\x84", b"\x8f", b"\x97"):
        content = rest[at:]
        good = (at and whole and len(content) >= 8 and hops == 1 and has_router_alert(rest[2:at])
                and (is_link_local(source) or source == NONE6)
                and checksum(pseudo(packet, 58, len(content)) + content) == 0)
        return read_mld(content, source, group) if good else Message("bad")
    return Message("all" if is_for_all(group) else "data", group)


def has_router_alert(options):
    while options:
        if options[0] == 0:
            options = options[1:]
            continue
        if len(options) < 2:
            return False
        if options[0] == 5:
            return options[1] == 2 and options[2:4] == bytes(2)
        if len(options) < 2 + options[1]:
            return False
        options = options[2 + options[1]:]
    return False


def read_mld(content, source, to):
    kind, group = content[0], content[8:24]
    if kind == 151:
        return Message("router" if to == link_group(106) else "all")
    if kind == 143:
        return read_records(content, 16, 2) if to == link_group(22) else Message("bad")
    if len(content) < 24:
        return Message("bad")
    if kind == 130:
        code = int.from_bytes(content[4:6], "big")
        version = 1 if len(content) == 24 else 2
        if not is_link_local(source):
            return Message("bad")
        return query(content, 16, group == NONE6 and to == link_group(1), version, 24,
                     code if version == 1 else floating(code, 12), source)
    if kind == 131:
        return report([(group, False)], 1, 6) if group == to else Message("bad")
    return report([(group, True)], 1, 6) if to == link_group(2) and is_group(group) else Message("bad")


class Member:
    def __init__(self, until, version, old):
        self.until, self.version, self.asks = until, version, []
        self.old = old  # leaves count from then on, because a host of IGMPv1 was heard


class Family:
    """IGMP or MLD in a VLAN."""

    def __init__(self):
        self.closed, self.asked = set(), {}  # ports; asked: until when they may answer
        self.querier = None  # (address, port or None for the switch, version)
        self.until = self.heard = None
        self.next = self.startup = None  # of the switch's own queries
        self.begun = False


class Vlan:
    def __init__(self, row):
        self.vid = row["vlan"]
        self.prunes_unregistered = row.get("unregistered") == "routers"
        self.mode, self.address = row.get("querier", "off"), row.get("querier-address")
        self.routers, self.over = {}, {}  # port: until
        self.family = {4: Family(), 6: Family()}


class Snooping:
    """What the switch knows of groups. Times are numbers of half seconds."""

    def __init__(self, switch, rows):
        self.switch = switch
        self.vlans = {row["vlan"]: Vlan(row) for row in rows if row.get("multicast-snooping") == "on"}
        # reading: groups are handled in the order of the table, in which a group takes the place that was freed last.
        self.places, self.free = [], []  # (vid, group) or None
        self.members = {}  # (vid, group): {port: Member}
        self.static = {}  # (vid, MAC): ports
        for vlan in self.vlans.values():
            for family in vlan.family.values():
                family.next, family.startup = 1, 1

    def tick(self):
        return self.switch.now // (1_000_000_000 // TICKS)

    def after(self, ticks):
        return self.tick() + ticks + 1

    # A frame.

    def ports_of(self, port, frame, may):
        """(outcome, ports) of a frame in a VLAN that snoops or to a static group; `may` are those that it could go to."""
        message = read(frame.data, frame.dst, frame.tagged)
        vlan = self.vlans.get(frame.vlan)
        if message.kind in ("data", "other") and self.static_ports(frame):
            return self.to_static(vlan, message, self.static_ports(frame), may)
        if not vlan:
            self.switch.reached["message to a static group"] += 1
            return self.flood(may)
        self.switch.reached["multicast " + message.kind] += 1
        if message.kind == "data":
            return self.data(vlan, message.group, may)
        if message.kind == "report":
            return self.report(vlan, port, message, may)
        if message.kind == "query":
            self.query(vlan, port, message, may)
            return ("flooded" if may else "no_destination"), may
        if message.kind == "router":
            self.hear_router(vlan, port)
        return self.flood(may)

    def flood(self, may):
        to = [other for other in may if self.takes_flood(other)]
        return ("flooded" if to else "no_destination"), to

    def add_static(self, vid, mac, port):
        self.static.setdefault((vid, mac), []).append(port)

    def static_ports(self, frame):
        return self.static.get((frame.vlan, frame.dst), [])

    def to_static(self, vlan, message, fixed, may):
        """To the group's ports, with a querier or without; IP multicast also to who asked for it and to routers."""
        snooped = vlan and message.kind == "data"
        members = self.members.get((vlan.vid, message.group), {}) if snooped else {}
        to = [port for port in may if port in fixed or port in members or port.key("promiscuous") == "accept"
              or snooped and (port in vlan.over or self.is_router(vlan, port))]
        self.switch.reached["static group"] += 1
        self.switch.reached["static group that was joined"] += bool(members)
        return ("forwarded" if to else "unregistered"), to

    @staticmethod
    def takes_flood(port):
        return port.key("multicast-flood") == "on" or port.key("promiscuous") == "accept"

    @staticmethod
    def is_router(vlan, port):
        mode = port.key("multicast-router")
        return mode == "on" or mode == "auto" and port in vlan.routers

    def data(self, vlan, group, may):
        family = vlan.family[4 if len(group) == 4 else 6]
        members = self.members.get((vlan.vid, group), {})
        prunes = bool(members) or vlan.prunes_unregistered
        to = [port for port in may if port in members or port in vlan.over or self.is_router(vlan, port)
              or port.key("promiscuous") == "accept"
              or port.key("multicast-flood") == "on" and not (prunes and port in family.closed)]
        if not to:
            return ("unregistered" if prunes else "no_destination"), []
        return ("forwarded" if members and family.closed else "flooded"), to

    def report(self, vlan, port, message, may):
        for group, leaves in message.records:
            if not is_for_all(group):
                (self.leave if leaves else self.join)(vlan, port, group, message.version)
        family = vlan.family[message.family]
        to = [other for other in may if self.is_router(vlan, other) or other.key("promiscuous") == "accept"
              or other.key("multicast-flood") == "on" and other not in family.closed and other not in family.asked]
        return "forwarded", to  # to the switch, if to nobody else

    def query(self, vlan, port, message, may):
        if not message.general or message.source in (NONE4, NONE6) or port.key("multicast-router") == "off":
            return
        self.hear_router(vlan, port)
        self.hear_query(vlan, message.family, message.source, port, message.version, message.response_ms, [*may, port])

    def hear_router(self, vlan, port):
        if port.key("multicast-router") != "off":
            vlan.routers[port] = self.after(HEARD)

    # Memberships.

    def count(self, port):
        return sum(port in members for members in self.members.values())

    def join(self, vlan, port, group, version):
        members = self.members.get((vlan.vid, group), {})
        if port not in members and self.count(port) >= port.key("multicast-groups"):
            if port not in vlan.over:
                self.tell("group-limit", vlan, port, group, version)
            vlan.over[port] = self.after(MEMBER)
            return
        if not members:
            members = self.place(vlan.vid, group)
        known = port in members
        until = self.after(MEMBER)
        old = until if version == 1 and len(group) == 4 else members[port].old if known else 0
        members[port] = Member(until, version, old)
        if not known:
            self.tell("group-joined", vlan, port, group, version)

    def place(self, vid, group):
        if self.free:
            self.places[self.free.pop()] = vid, group
        else:
            self.places.append((vid, group))
        return self.members.setdefault((vid, group), {})

    def leave(self, vlan, port, group, version):
        members = self.members.get((vlan.vid, group), {})
        if port not in members:
            return
        if port.key("multicast-fast-leave") == "on":
            self.end(vlan.vid, group, port)
            self.tell("group-left", vlan, port, group, version)
        elif self.tick() < members[port].old:
            self.switch.reached["leave beside a host of IGMPv1"] += 1
        elif self.after(LAST_MEMBER) < members[port].until:
            members[port].until = self.after(LAST_MEMBER)
            querier = vlan.family[4 if len(group) == 4 else 6].querier
            if querier and querier[1] is None:  # the switch asks before
                members[port].asks = [self.tick() + 1, self.tick() + 1 + LAST_MEMBER // 2]

    def end(self, vid, group, port):
        del self.members[vid, group][port]
        if not self.members[vid, group]:
            del self.members[vid, group]
            self.free.append(self.places.index((vid, group)))
            self.places[self.free[-1]] = None

    def tell(self, kind, vlan, port, group, version):
        self.switch.event(kind, group=str(ipaddress.ip_address(group)), vlan=vlan.vid, port=port.name, version=version)

    # Queriers.

    def hear_query(self, vlan, number, source, port, version, response_ms, reached):
        family = vlan.family[number]
        if self.wins(family, source, port):
            changed = family.querier is None or family.querier[:2] != (source, port)
            family.querier, family.until = (source, port, version), self.after(HEARD)
            if changed:
                self.tell_querier(vlan, number, port, source)
        family.heard = self.after(HEARD)
        ticks = -(-min(response_ms, MOST_MS) // (1000 // TICKS)) + EXTRA
        for other in reached:  # a host answers within the shorter one of two times
            if other not in family.closed and not other.mac_was_changed():
                family.asked[other] = min(self.after(ticks), family.asked.get(other, 1 << 40))

    @staticmethod
    def wins(family, source, port):
        """The lowest address does; 0.0.0.0 does never against another one."""
        if family.querier is None or family.querier[:2] == (source, port) or port is None and family.querier[1] is None:
            return True
        other = family.querier[0]
        if other == NONE4 or source == NONE4:
            return other == NONE4
        # reading: who is elected may move to another port. An echo of the switch's own query does not win.
        return source < other or source == other and family.querier[1] is not None

    def tell_querier(self, vlan, number, port=None, source=None):
        self.switch.event("querier-changed", protocol="igmp" if number == 4 else "mld", vlan=vlan.vid,
                          port=port.name if port else None, address=str(ipaddress.ip_address(source)) if source else None)

    # Time.

    def sweep(self):
        """What ends with this half second, then what the switch asks."""
        tick = self.tick()
        for vlan in sorted(self.vlans.values(), key=lambda vlan: vlan.vid):
            for ports in (vlan.routers, vlan.over):
                for port in [port for port, until in ports.items() if until <= tick]:
                    del ports[port]
            for number, family in vlan.family.items():
                self.sweep_family(vlan, number, family, tick)
        for place in list(self.places):
            if place:
                self.sweep_group(*place, tick)
        for vlan in sorted(self.vlans.values(), key=lambda vlan: vlan.vid):
            for number, family in vlan.family.items():
                if vlan.mode != "off":
                    self.take_turn(vlan, number, family, tick)

    def sweep_family(self, vlan, number, family, tick):
        for port in [port for port, until in family.asked.items() if until <= tick]:
            del family.asked[port]
            family.closed.add(port)
        if family.heard and family.heard <= tick:
            family.closed, family.asked, family.heard = set(), {}, None
        if family.querier and family.until <= tick:
            family.querier = None
            self.tell_querier(vlan, number)

    def sweep_group(self, vid, group, tick):
        for port in [port for port in self.switch.ports if port in self.members[vid, group]]:
            member = self.members[vid, group][port]
            if member.asks and member.asks[0] <= tick:
                member.asks.pop(0)
                self.switch.reached["asked about a group"] += 1
                self.send(self.vlans[vid], 4 if len(group) == 4 else 6, [port], group)
            if member.until <= tick:
                self.end(vid, group, port)
                self.tell("group-left", self.vlans[vid], port, group, member.version)

    def forget(self, port):
        """The port is down."""
        for place in list(self.places):
            if place and port in self.members[place]:
                version = self.members[place][port].version
                self.end(*place, port)
                self.tell("group-left", self.vlans[place[0]], port, place[1], version)
        for vlan in sorted(self.vlans.values(), key=lambda vlan: vlan.vid):
            vlan.routers.pop(port, None)
            vlan.over.pop(port, None)
            for number, family in vlan.family.items():
                family.closed.discard(port)
                family.asked.pop(port, None)
                if family.querier and family.querier[1] is port:
                    family.querier = None
                    self.tell_querier(vlan, number)

    # The switch as the querier.

    def take_turn(self, vlan, number, family, tick):
        other = family.querier and family.querier[1] is not None and family.querier[0]
        _, own = self.addresses(vlan, number)
        if other and vlan.mode == "auto" and (own == NONE4 or other < own):
            self.switch.reached["querier yields"] += 1
            return
        if family.begun and not family.querier:
            family.next = tick
            self.switch.reached["querier takes over"] += 1
        ports = [port for port in self.switch.ports if not port.is_down() and not port.is_mirror and port.has_vlan(vlan.vid)
                 and not port.mac_was_changed()]
        if tick < family.next:
            fresh = [port for port in ports if port not in family.closed and port not in family.asked]
            if fresh and family.begun:
                self.switch.reached["asked a port that came up"] += 1
                self.ask(vlan, number, fresh)
            return
        family.begun = True
        self.ask(vlan, number, ports)
        family.next = tick + (STARTUP if family.startup else QUERY)
        family.startup = 0

    def ask(self, vlan, number, ports):
        self.send(vlan, number, ports, None)
        _, source = self.addresses(vlan, number)
        self.hear_query(vlan, number, source, None, 3 if number == 4 else 2, 10_000, ports)

    def addresses(self, vlan, number):
        """MAC and IP address of the switch's queries."""
        total = 0xcbf29ce484222325
        for byte in (self.switch.name + (vlan.address or "")).encode():
            total = (total ^ byte) * 0x100000001b3 % (1 << 64)
        mac = b"\x02" + ((total ^ total >> 40) & 0xffffffffff).to_bytes(5, "big")
        if number == 4:
            return mac, ipaddress.ip_address(vlan.address).packed if vlan.address else NONE4
        return mac, b"\xfe\x80" + bytes(6) + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]

    def send(self, vlan, number, ports, group):
        mac, source = self.addresses(vlan, number)
        seconds = 1 if group else 10
        if number == 4:
            to = group or ALL_HOSTS
            body = with_checksum(struct.pack(">BBH4sBBH", 0x11, seconds * 10, 0, group or NONE4, 2, 125, 0), 2)
            header = struct.pack(">BBHHHBBH4s4s", 0x46, 0xc0, 24 + len(body), 0, 0, 1, 2, 0, source, to) + b"\x94\x04\0\0"
            packet = IPV4 + with_checksum(header, 10) + body
        else:
            to = group or link_group(1)
            body = struct.pack(">BBHHH16sBBH", 130, 0, 0, seconds * 1000, 0, group or NONE6, 2, 125, 0)
            header = struct.pack(">IHBB16s16s", 6 << 28, 8 + len(body), 0, 1, source, to)
            body = with_checksum(body, 2, pseudo(header, 58, len(body)))
            packet = IPV6 + header + bytes.fromhex("3a00050200000100") + body
        self.switch.send_own(ports, vlan.vid, group_mac(to) + mac + packet)

    def report_rows(self):
        rows = [(vid, group, port, member) for (vid, group), members in self.members.items() for port, member in members.items()]
        number = {port: n for n, port in enumerate(self.switch.ports)}
        key = {4: lambda group: bytes(10) + b"\xff\xff" + group, 16: lambda group: group}
        rows.sort(key=lambda row: (row[0], key[len(row[1])](row[1]), number[row[2]]))
        rows = [{"vlan": vid, "group": str(ipaddress.ip_address(group)), "port": port.name, "type": "dynamic",
                 "version": member.version, "age_left": max(0, member.until - self.tick()) // TICKS}
                for vid, group, port, member in rows]
        static = [{"vlan": vid, "group": mac.hex(":"), "port": port.name, "type": "static", "version": None, "age_left": None}
                  for (vid, mac), ports in sorted(self.static.items()) for port in self.switch.ports if port in ports]
        return sorted(static + rows, key=lambda row: (row["vlan"], row["type"] != "static"))


def with_checksum(data, at, before=b""):
    return data[:at] + checksum(before + data).to_bytes(2, "big") + data[at + 2:]
