# SPDX-License-Identifier: BSD-3-Clause
"""capture: packet captures in and out (pcap and pcapng, µs and ns), with the standard library alone.

A capture that ends in the middle of a record gives the records before it, and in `unfinished` the bytes of that one.
"""
import struct
from dataclasses import dataclass, field

MAGIC_US, MAGIC_NS, MAGIC_NG = 0xA1B2C3D4, 0xA1B23C4D, 0x0A0D0D0A
SECTION_START, BYTE_ORDER = b"\x0a\x0d\x0d\x0a", 0x1A2B3C4D
SNAPLEN, ETHERNET = 262144, 1


class CaptureError(Exception):
    """What is wrong with a capture, in one line."""


@dataclass
class Record:
    time: int    # ns since the epoch
    data: bytes  # what was captured
    orig: int    # bytes of the frame on the wire


@dataclass
class Capture:
    records: list = field(default_factory=list)
    ng: bool = False
    nano: bool = True
    snaplen: int = SNAPLEN
    linktype: int = ETHERNET
    unfinished: int = 0  # read: bytes of a last record that is not whole
    cut: int = 0         # written: bytes missing at the end


def read(path):
    with open(path, "rb") as file:
        blob = file.read()
    try:
        return parse(blob)
    except CaptureError as error:
        raise CaptureError(f"{path}: {error}") from None


def is_capture(blob):
    return blob[:4] == SECTION_START or (len(blob) >= 4 and _pcap_order(blob) is not None)


def parse(blob):
    if blob[:4] == SECTION_START:
        return _parse_ng(blob)
    if len(blob) < 24 or _pcap_order(blob) is None:
        raise CaptureError("neither pcap nor pcapng")
    return _parse_pcap(blob)


def render(capture):
    blob = _render_ng(capture) if capture.ng else _render_pcap(capture)
    return blob[:len(blob) - capture.cut]


def _pcap_order(blob):
    for order in "<>":
        if struct.unpack_from(order + "I", blob)[0] in (MAGIC_US, MAGIC_NS):
            return order
    return None


def _parse_pcap(blob):
    order = _pcap_order(blob)
    magic, _, _, _, _, snaplen, linktype = struct.unpack_from(order + "IHHiIII", blob)
    capture = Capture(nano=magic == MAGIC_NS, snaplen=snaplen, linktype=linktype)
    unit = 1 if capture.nano else 1000
    at = 24
    while at < len(blob):
        header = blob[at:at + 16]
        seconds, fraction, length, orig = struct.unpack(order + "IIII", header.ljust(16, b"\0"))
        if len(header) < 16 or at + 16 + length > len(blob):
            capture.unfinished = len(blob) - at
            break
        data = blob[at + 16:at + 16 + length]
        capture.records.append(Record(seconds * 10**9 + fraction * unit, data, orig))
        at += 16 + length
    return capture


def _render_pcap(capture):
    unit = 1 if capture.nano else 1000
    magic = MAGIC_NS if capture.nano else MAGIC_US
    parts = [struct.pack("<IHHiIII", magic, 2, 4, 0, 0, capture.snaplen, capture.linktype)]
    for record in capture.records:
        seconds, fraction = divmod(record.time, 10**9)
        parts.append(struct.pack("<IIII", seconds, fraction // unit, len(record.data), record.orig) + record.data)
    return b"".join(parts)


def _blocks(blob, capture):
    """(type, byte order, body) of each whole block."""
    at, order = 0, "<"
    while at < len(blob):
        if blob[at:at + 4] == SECTION_START:
            order = "<" if blob[at + 8:at + 12] == struct.pack("<I", BYTE_ORDER) else ">"
        kind, total = struct.unpack(order + "II", blob[at:at + 8].ljust(8, b"\0"))
        if len(blob) - at < max(total, 12):
            capture.unfinished = len(blob) - at
            return
        if total < 12 or total % 4:
            raise CaptureError(f"block of {total} bytes at byte {at}")
        yield kind, order, blob[at + 8:at + total - 4]
        at += total


def _interface_unit(order, body):
    """Nanoseconds per tick as a pair (multiply, divide): option if_tsresol, µs without it."""
    at = 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, at)
        if code == 9:
            resolution = body[at + 4]
            ticks = 2 ** (resolution & 127) if resolution & 128 else 10 ** resolution
            return 10**9, ticks
        at += 4 + (length + 3) // 4 * 4
    return 10**9, 10**6


def _parse_ng(blob):
    capture = Capture(ng=True)
    units = []
    for kind, order, body in _blocks(blob, capture):
        if kind == MAGIC_NG:
            units = []
        elif kind == 1:
            capture.linktype, _, capture.snaplen = struct.unpack_from(order + "HHI", body)
            units.append(_interface_unit(order, body))
            capture.nano = units[-1] == (10**9, 10**9)
        elif kind == 6:
            interface, high, low, length, orig = struct.unpack_from(order + "IIIII", body)
            if interface >= len(units):
                raise CaptureError(f"packet of interface {interface}, which was not described")
            multiply, divide = units[interface]
            time = (high << 32 | low) * multiply // divide
            capture.records.append(Record(time, body[20:20 + length], orig))
    return capture


def _block(kind, body):
    body += b"\0" * (-len(body) % 4)
    total = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + total + body + total


def _render_ng(capture):
    unit, resolution = (1, 9) if capture.nano else (1000, 6)
    options = struct.pack("<HHBxxxHH", 9, 1, resolution, 0, 0)
    parts = [_block(MAGIC_NG, struct.pack("<IHHq", BYTE_ORDER, 1, 0, -1)),
             _block(1, struct.pack("<HHI", capture.linktype, 0, capture.snaplen) + options)]
    for record in capture.records:
        ticks = record.time // unit
        head = struct.pack("<IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(record.data), record.orig)
        parts.append(_block(6, head + record.data))
    return b"".join(parts)
