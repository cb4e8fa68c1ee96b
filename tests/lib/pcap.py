# SPDX-License-Identifier: BSD-3-Clause
"""pcap: writes and reads captures, in the formats that the model tests need."""

import struct

MICROSECONDS, NANOSECONDS = 0xa1b2c3d4, 0xa1b23c4d
HEADER, RECORD = "IHHiIII", "IIII"
SNAPLEN, ETHERNET = 262144, 1
SECOND = 1_000_000_000


def write(path, records, magic=NANOSECONDS, order="<"):
    """Records are (nanoseconds, bytes, length on the wire)."""
    unit = 1 if magic == NANOSECONDS else 1000
    with open(path, "wb") as out:
        out.write(struct.pack(order + HEADER, magic, 2, 4, 0, 0, SNAPLEN, ETHERNET))
        for time, data, wire_length in records:
            out.write(struct.pack(order + RECORD, time // SECOND, time % SECOND // unit, len(data), wire_length))
            out.write(data)


def body(records):
    """The content of a nanosecond capture of these records, without the file header."""
    return b"".join(struct.pack("<" + RECORD, time // SECOND, time % SECOND, len(data), wire_length) + data
                    for time, data, wire_length in records)


def read_body(path):
    """The content of a nanosecond capture without its file header. Other formats raise ValueError."""
    with open(path, "rb") as file:
        content = file.read()
    size = struct.calcsize("<" + HEADER)
    magic, *_, link = struct.unpack("<" + HEADER, content[:size])
    if magic != NANOSECONDS or link != ETHERNET:
        raise ValueError("%s: not a nanosecond Ethernet capture" % path)
    return content[size:]


def records(content):
    at, found = 0, []
    while at < len(content):
        seconds, nanoseconds, length, wire_length = struct.unpack_from("<" + RECORD, content, at)
        at += struct.calcsize("<" + RECORD)
        found.append((seconds * SECOND + nanoseconds, content[at:at + length], wire_length))
        at += length
    return found
