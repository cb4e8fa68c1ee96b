# SPDX-License-Identifier: BSD-3-Clause
"""frametext: frames as readable text, and text as frames. GRAMMAR says how a line looks.

A frame is shown in the shortest form which makes the very same bytes again, so every capture survives the round trip.
"""
import ipaddress
import re
import shlex
import struct

from capture import Capture, Record

GRAMMAR = """\
A line is a frame; '#' begins a comment.

  TIME DST SRC [TAG …] WHAT [OPTION …]
  TIME hex BYTES [OPTION …]              any bytes at all, also too few of them

  TIME    seconds since the epoch, up to nine decimals
  MAC     aa:bb:cc:dd:ee:ff; its last bytes alone (a1 = 02:00:00:00:00:a1); or bcast, stp, pvst, lldp, zero
  TAG     [tpid HEX] vlan VID [pcp N] [dei]             TPID 8100 if not given
  WHAT    arp request|reply SENDER-IP TARGET-IP
          icmp SRC-IP DST-IP request|reply [SEQ]        IPv4 echo
          icmp6 SRC-IP DST-IP TYPE [BODY]
          igmp SRC-IP MESSAGE GROUP-IP …                query1|query2|query3 (0.0.0.0: all groups), report1|report2|leave,
                                                        or join3|leave3: records without sources
          mld SRC-IP MESSAGE GROUP-IP …                 query1|query2 (::: all groups), report1|done, or join2|leave2
          udp SRC-IP PORT DST-IP PORT [BODY]            IPv4 or IPv6
          ip SRC-IP DST-IP PROTOCOL [BODY]              any other packet, IPv6 extension headers in the BODY
          vxlan SRC-IP DST-IP VNI [FIELD N …] FRAME     DST SRC … of the frame within; the fields of the packet may be
                                                        wrong: sport, port, flags, fragment (flags and offset), ttl,
                                                        words (of the header), total, udp (lengths), sum (is added to the
                                                        header's checksum)
          ETHERTYPE [BODY]                              four hex digits
  BODY    hex BYTES | text WORD | count N               hex '3a00 0001': in groups; count: N bytes 00 01 02 …
  OPTION  len N     padded with zeros, or cut, to N bytes
          snap N    only the first N bytes were captured
          orig N    length on the wire, whatever was captured

A line may also describe the file (the default: pcap ns snaplen 262144 linktype 1 cut 0):

  format [pcap|pcapng] [us|ns] [snaplen N] [linktype N] [cut N]     cut: the last N bytes of the file are missing
"""

NAMES = {"bcast": "ff:ff:ff:ff:ff:ff", "stp": "01:80:c2:00:00:00", "pvst": "01:00:0c:cc:cc:cd",
         "lldp": "01:80:c2:00:00:0e", "zero": "00:00:00:00:00:00"}
SHORT_PREFIX = bytes.fromhex("0200000000")
ARP_HEAD = bytes.fromhex("000108000604")
ECHO_REPLY, ECHO_REQUEST = 0, 8
UDP, ICMP, ICMP6 = 17, 1, 58


class TextError(Exception):
    """What is wrong with a line of text."""


class Words:
    """The words of one line, taken from left to right."""

    def __init__(self, line):
        try:
            self.words = shlex.split(line, comments=True)
        except ValueError as error:
            raise TextError(str(error).lower()) from None

    def __bool__(self):
        return bool(self.words)

    def take(self, what):
        if not self.words:
            raise TextError(f"{what} is missing")
        return self.words.pop(0)

    def accept(self, *choices):
        return self.words.pop(0) if self.words and self.words[0] in choices else None

    def number(self, what, top):
        word = self.take(what)
        if not word.isdecimal() or int(word) > top:
            raise TextError(f"{what} '{word}' is not a number from 0 to {top}")
        return int(word)

    def is_number(self):
        return bool(self.words) and self.words[0].isdecimal()

    def is_ip(self):
        return bool(self.words) and (":" in self.words[0] or self.words[0].count(".") == 3)

    def hex(self, what):
        word = self.take(what)
        try:
            return bytes.fromhex(word)
        except ValueError:
            raise TextError(f"{what} '{word}' is not hexadecimal") from None

    def ip(self, what):
        word = self.take(what)
        try:
            return ipaddress.ip_address(word)
        except ValueError:
            raise TextError(f"{what} '{word}' is not an IP address") from None


# Text to frames


def parse_time(word):
    if not re.fullmatch(r"\d+(\.\d{1,9})?", word):
        raise TextError(f"time '{word}' is not seconds with up to nine decimals")
    seconds, _, fraction = word.partition(".")
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0"))


def parse_mac(word):
    word = NAMES.get(word, word)
    if not re.fullmatch(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){0,5}", word):
        raise TextError(f"'{word}' is not a MAC address")
    tail = bytes.fromhex(word.replace(":", ""))
    return (SHORT_PREFIX + b"\0")[:6 - len(tail)] + tail


def parse_ethertype(word):
    if not re.fullmatch(r"[0-9a-fA-F]{4}", word):
        raise TextError(f"'{word}' is neither arp, icmp, icmp6, igmp, mld, udp, vxlan, ip nor an EtherType of four hex digits")
    return bytes.fromhex(word)


def take_tags(words):
    tags = b""
    while word := words.accept("tpid", "vlan"):
        tpid = parse_ethertype(words.take("tpid")) if word == "tpid" else b"\x81\x00"
        if word == "tpid" and not words.accept("vlan"):
            raise TextError("tpid needs a vlan after it")
        tci = words.number("vlan", 4095)
        if words.accept("pcp"):
            tci |= words.number("pcp", 7) << 13
        if words.accept("dei"):
            tci |= 1 << 12
        tags += tpid + struct.pack(">H", tci)
    return tags


def take_body(words):
    kind = words.accept("hex", "text", "count")
    if kind == "hex":
        return words.hex("hex")
    if kind == "text":
        return words.take("text").encode()
    return counting(words.number("count", 262144)) if kind == "count" else b""


def counting(length):
    return (bytes(range(256)) * (length // 256 + 1))[:length]


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", ~total & 0xFFFF)


def ip_packet(source, target, protocol, payload):
    if source.version != target.version:
        raise TextError("one address is IPv4, the other IPv6")
    if source.version == 6:
        return b"\x86\xdd", struct.pack(">IHBB", 6 << 28, len(payload), protocol, 255) + source.packed + target.packed
    head = struct.pack(">BBHHHBB", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol)
    return b"\x08\x00", head + checksum(head + source.packed + target.packed) + source.packed + target.packed


def pseudo_header(source, target, protocol, length):
    if source.version == 6:
        return source.packed + target.packed + struct.pack(">II", length, protocol)
    return source.packed + target.packed + struct.pack(">HH", protocol, length)


def over_ip(source, target, protocol, payload, sum_at, sum_over=b""):
    """EtherType and packet, the checksum of PAYLOAD put in at byte SUM_AT."""
    ethertype, head = ip_packet(source, target, protocol, payload)
    total = checksum(sum_over + payload)
    return ethertype + head + payload[:sum_at] + total + payload[sum_at + 2:]


def take_arp(words, target_mac, source_mac):
    operation = words.accept("request", "reply")
    if not operation:
        raise TextError("arp needs request or reply")
    sender, target = words.ip("sender IP"), words.ip("target IP")
    if (sender.version, target.version) != (4, 4):
        raise TextError("arp is for IPv4")
    known = target_mac if operation == "reply" else bytes(6)
    code = b"\0\1" if operation == "request" else b"\0\2"
    return b"\x08\x06" + ARP_HEAD + code + source_mac + sender.packed + known + target.packed


def take_icmp(words, *_):
    source, target = words.ip("source IP"), words.ip("destination IP")
    kind = words.accept("request", "reply")
    if not kind:
        raise TextError("icmp needs request or reply")
    sequence = words.number("sequence", 65535) if words.is_number() else 1
    code = ECHO_REQUEST if kind == "request" else ECHO_REPLY
    return over_ip(source, target, ICMP, struct.pack(">BBHHH", code, 0, 0, 1, sequence), 2)


def take_icmp6(words, *_):
    source, target = words.ip("source IP"), words.ip("destination IP")
    kind = words.number("ICMPv6 type", 255)
    payload = struct.pack(">BBHI", kind, 0, 0, 0) + take_body(words)
    return over_ip(source, target, ICMP6, payload, 2, pseudo_header(source, target, ICMP6, len(payload)))


RESPONSE_DECISECONDS, MODE_EXCLUDE, TO_INCLUDE = 100, 4, 3
ROUTER_ALERT4, HOP_BY_HOP = bytes.fromhex("94040000"), bytes.fromhex("3a00050200000100")
IGMP_TYPES = {"query1": 0x11, "query2": 0x11, "query3": 0x11, "report1": 0x12, "report2": 0x16, "leave": 0x17, "join3": 0x22, "leave3": 0x22}
MLD_TYPES = {"query1": 130, "query2": 130, "report1": 131, "done": 132, "join2": 143, "leave2": 143}


def take_groups(words, types):
    message = words.accept(*types)
    if not message:
        raise TextError(f"a message is wanted: {', '.join(types)}")
    groups = [words.ip("group")]
    while words.is_ip():
        groups.append(words.ip("group"))
    return message, groups


def group_records(message, groups):
    kind = TO_INCLUDE if message.startswith("leave") else MODE_EXCLUDE
    return b"".join(struct.pack(">BBH", kind, 0, 0) + group.packed for group in groups)


def take_igmp(words, *_):
    source = words.ip("source IP")
    message, groups = take_groups(words, IGMP_TYPES)
    group, kind = groups[0], IGMP_TYPES[message]
    to = {"query": "224.0.0.1" if not int(group) else group, "leave": "224.0.0.2", "leave3": "224.0.0.22", "join3": "224.0.0.22"}
    target = ipaddress.ip_address(to.get(message, to["query"] if message.startswith("query") else group))
    if kind == 0x22:
        payload = struct.pack(">BBHHH", kind, 0, 0, 0, len(groups)) + group_records(message, groups)
    else:
        code = RESPONSE_DECISECONDS if message in ("query2", "query3") else 0
        payload = struct.pack(">BBH", kind, code, 0) + group.packed + (b"\2\175\0\0" if message == "query3" else b"")
    payload = payload[:2] + checksum(payload) + payload[4:]
    head = struct.pack(">BBHHHBB", 0x46, 0xc0, 24 + len(payload), 0, 0x4000, 1, 2)
    rest = source.packed + target.packed + ROUTER_ALERT4
    return b"\x08\x00" + head + checksum(head + b"\0\0" + rest) + rest + payload


def take_mld(words, *_):
    source = words.ip("source IP")
    message, groups = take_groups(words, MLD_TYPES)
    group, kind = groups[0], MLD_TYPES[message]
    to = {"done": "ff02::2", "join2": "ff02::16", "leave2": "ff02::16", "report1": group}
    target = ipaddress.ip_address(to.get(message, group if int(group) else "ff02::1"))
    if kind == 143:
        payload = struct.pack(">BBHHH", kind, 0, 0, 0, len(groups)) + group_records(message, groups)
    else:
        code = 100 * RESPONSE_DECISECONDS if message.startswith("query") else 0
        payload = struct.pack(">BBHHH", kind, 0, 0, code, 0) + group.packed + (b"\2\175\0\0" if message == "query2" else b"")
    total = checksum(pseudo_header(source, target, ICMP6, len(payload)) + payload)
    payload = payload[:2] + total + payload[4:]
    head = struct.pack(">IHBB", 6 << 28, 8 + len(payload), 0, 1)
    return b"\x86\xdd" + head + source.packed + target.packed + HOP_BY_HOP + payload


def take_udp(words, *_):
    source, source_port = words.ip("source IP"), words.number("source port", 65535)
    target, target_port = words.ip("destination IP"), words.number("destination port", 65535)
    body = take_body(words)
    payload = struct.pack(">HHHH", source_port, target_port, 8 + len(body), 0) + body
    return over_ip(source, target, UDP, payload, 6, pseudo_header(source, target, UDP, len(payload)))


def take_ip(words, *_):
    source, target = words.ip("source IP"), words.ip("destination IP")
    protocol, body = words.number("protocol", 255), take_body(words)
    ethertype, head = ip_packet(source, target, protocol, body)
    return ethertype + head + body


VXLAN_FIELDS = {"sport": 0, "port": 4789, "flags": 8, "fragment": 0x4000, "ttl": 64, "words": 5, "total": None, "udp": None, "sum": 0}
VXLAN_OUTER = 36


def take_vxlan(words, *_):
    source, target, vni = words.ip("source IP"), words.ip("destination IP"), words.number("VNI", 2**24 - 1)
    field = dict(VXLAN_FIELDS)
    while name := words.accept(*field):
        field[name] = words.number(name, 65535)
    frame = take_frame(words)
    options = bytes([1] * (4 * (field["words"] - 5)))  # no-operations
    total = VXLAN_OUTER + len(options) + len(frame) if field["total"] is None else field["total"]
    length = VXLAN_OUTER - 20 + len(frame) if field["udp"] is None else field["udp"]
    head = struct.pack(">BBHHHBB", 0x40 | field["words"], 0, total, 0, field["fragment"], field["ttl"], UDP)
    rest = source.packed + target.packed + options
    right = struct.unpack(">H", checksum(head + b"\0\0" + rest))[0]
    head += struct.pack(">H", (right + field["sum"]) & 0xFFFF) + rest
    head += struct.pack(">HHHH", field["sport"], field["port"], length, 0)
    return b"\x08\x00" + head + struct.pack(">BBHI", field["flags"], 0, 0, vni << 8) + frame


HELPERS = {"vxlan": take_vxlan, "arp": take_arp, "icmp": take_icmp, "icmp6": take_icmp6, "igmp": take_igmp, "mld": take_mld, "udp": take_udp, "ip": take_ip}


def take_frame(words):
    if words.accept("hex"):
        return words.hex("hex")
    target, source = parse_mac(words.take("destination")), parse_mac(words.take("source"))
    tags = take_tags(words)
    word = words.take("EtherType")
    if word in HELPERS:
        return target + source + tags + HELPERS[word](words, target, source)
    return target + source + tags + parse_ethertype(word) + take_body(words)


def parse_frame(words):
    time, data = parse_time(words.take("time")), take_frame(words)
    orig = None
    while option := words.accept("len", "snap", "orig"):
        if option == "len":
            length = words.number("len", 262144)
            data = data[:length].ljust(length, b"\0")
        elif option == "snap":
            orig, data = len(data), data[:words.number("snap", 262144)]
        else:
            orig = words.number("orig", 0xFFFFFFFF)
    if words:
        raise TextError(f"'{words.take('')}' is one word too many")
    return Record(time, data, len(data) if orig is None else orig)


def parse_format(words, capture):
    while words:
        word = words.take("format")
        if word in ("pcap", "pcapng"):
            capture.ng = word == "pcapng"
        elif word in ("us", "ns"):
            capture.nano = word == "ns"
        elif word in ("snaplen", "linktype", "cut"):
            setattr(capture, word, words.number(word, 0xFFFFFFFF))
        else:
            raise TextError(f"unknown format '{word}'")


def parse_line(line, capture):
    words = Words(line)
    if words.accept("format"):
        parse_format(words, capture)
    elif words:
        capture.records.append(parse_frame(words))


def parse(text, name):
    """The capture that TEXT, read from the file NAME, describes."""
    capture = Capture()
    for number, line in enumerate(text.splitlines(), 1):
        try:
            parse_line(line, capture)
        except TextError as error:
            raise TextError(f"{name}:{number}: {error}") from None
    return capture


# Frames to text


def show_time(time):
    fraction = f"{time % 10**9:09d}".rstrip("0")
    return f"{time // 10**9}.{fraction or '0'}"


def show_mac(mac):
    full = mac.hex(":")
    for name, address in NAMES.items():
        if full == address:
            return name
    if mac[:5] == SHORT_PREFIX:
        return full[-2:]
    return full


def split_tags(data):
    """(text of the tags, where the EtherType is)."""
    text, at = "", 12
    while data[at:at + 2] in (b"\x81\x00", b"\x88\xa8") and len(data) >= at + 6:
        tpid, tci = struct.unpack_from(">HH", data, at)
        text += "" if tpid == 0x8100 else f"tpid {tpid:04x} "
        text += f"vlan {tci & 4095} " + (f"pcp {tci >> 13} " if tci >> 13 else "") + ("dei " if tci & 4096 else "")
        at += 4
    return text, at


def show_body(body):
    if not body:
        return ""
    if len(body) > 1 and body == counting(len(body)):
        return f" count {len(body)}"
    if re.fullmatch(rb"[A-Za-z0-9_.-]+", body):
        return f" text {body.decode()}"
    return f" hex {body.hex()}"


def show_helpers(ethertype, packet):
    """What PACKET might have been made from; the caller finds out."""
    if ethertype == 0x0806 and len(packet) >= 28:
        operation = {1: "request", 2: "reply"}.get(packet[7], "request")
        yield f"arp {operation} {ipaddress.ip_address(packet[14:18])} {ipaddress.ip_address(packet[24:28])}"
    if ethertype == 0x0800 and len(packet) >= 28:
        length = struct.unpack_from(">H", packet, 2)[0]
        yield from show_transport(packet[9], packet[12:16], packet[16:20], packet[20:length])
    if ethertype == 0x86DD and len(packet) >= 48:
        length = struct.unpack_from(">H", packet, 4)[0]
        yield from show_transport(packet[6], packet[8:24], packet[24:40], packet[40:40 + length])


def show_transport(protocol, source, target, payload):
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    if len(payload) < 8:
        return
    if protocol == ICMP:
        kind = "request" if payload[0] == ECHO_REQUEST else "reply"
        yield f"icmp {source} {target} {kind} {struct.unpack_from('>H', payload, 6)[0]}"
    if protocol == ICMP6:
        yield f"icmp6 {source} {target} {payload[0]}{show_body(payload[8:])}"
    if protocol == UDP:
        ports = struct.unpack_from(">HH", payload)
        if ports[1] == VXLAN_FIELDS["port"] and len(payload) >= 30:
            vni, inner = struct.unpack_from(">I", payload, 12)[0] >> 8, show_frame(payload[16:])
            yield f"vxlan {source} {target} {vni} sport {ports[0]} {inner}"
        yield f"udp {source} {ports[0]} {target} {ports[1]}{show_body(payload[8:])}"


def show_candidates(data):
    """Readable forms of DATA, the best one first; not all of them make the same bytes."""
    tags, at = split_tags(data)
    head = f"{show_mac(data[:6])} {show_mac(data[6:12])} {tags}"
    ethertype = struct.unpack_from(">H", data, at)[0]
    for text in show_helpers(ethertype, data[at + 2:]):
        yield head + text
        yield f"{head}{text} len {len(data)}"
    plain = f"{head}{ethertype:04x}"
    unpadded = data[at + 2:].rstrip(b"\0")
    if len(data) - at - 2 - len(unpadded) > 4:
        yield f"{plain}{show_body(unpadded)} len {len(data)}"
    yield plain + show_body(data[at + 2:])


def show_frame(data):
    for text in show_candidates(data) if len(data) >= 14 else ():
        try:
            if take_frame_and_length(text) == data:
                return text
        except TextError:
            continue
    return f"hex {data.hex() or repr('')}"


def take_frame_and_length(text):
    return parse_frame(Words("0 " + text)).data


def show_record(record):
    orig = "" if record.orig == len(record.data) else f" orig {record.orig}"
    return f"{show_time(record.time)} {show_frame(record.data)}{orig}"


def show_format(capture):
    kind = ("pcapng" if capture.ng else "pcap", "ns" if capture.nano else "us")
    words = [] if kind == ("pcap", "ns") else list(kind)
    words += [] if capture.snaplen == 262144 else [f"snaplen {capture.snaplen}"]
    words += [] if capture.linktype == 1 else [f"linktype {capture.linktype}"]
    return f"format {' '.join(words)}\n" if words else ""


def show(capture):
    """CAPTURE as text; of a capture that ends too early, the whole records."""
    note = f"# {capture.unfinished} bytes of an unfinished record follow\n" if capture.unfinished else ""
    return show_format(capture) + "".join(show_record(record) + "\n" for record in capture.records) + note
