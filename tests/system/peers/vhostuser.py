# SPDX-License-Identifier: BSD-3-Clause
"""vhostuser: the guest's side of a vhost-user socket without a guest: hand-written rings in shared memory.

It can send any header and any chain of buffers, valid or invalid.
"""

import array
import ctypes
import mmap
import os
import socket
import struct
import time

SET_OWNER, GET_FEATURES, SET_FEATURES, SET_MEM_TABLE = 3, 1, 2, 5
SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, SET_VRING_KICK, SET_VRING_CALL = 8, 9, 10, 12, 13
VERSION = 1
F_CSUM, F_GUEST_CSUM, F_GUEST_TSO, F_HOST_TSO = 1 << 0, 1 << 1, 3 << 7, 3 << 11  # TSO: over IPv4 and IPv6
NEEDS_CSUM = 1
NEXT, WRITE = 1, 2
HEADER = 10  # of virtio-net, without merged buffers

BASE = 0x10000  # start of the guest's memory, for guest and switch
SLOTS, SLOT = 128, 16384
AVAIL, USED, RING = 0x1000, 0x2000, 0x4000  # offsets in a ring, size of a ring
BUFFERS = 2 * RING
MEMORY = BUFFERS + 2 * SLOTS * SLOT
RX, TX = 0, 1  # from the guest's view


class Guest:
    """One queue pair. `features`: the features that the driver accepts."""

    def __init__(self, path, features=F_CSUM, patience_s=15):
        file = os.memfd_create("guest")
        os.ftruncate(file, MEMORY)
        self.memory, self.patience_s = mmap.mmap(file, MEMORY), patience_s
        self.head, self.seen, self.waiting = [0, 0], [0, 0], []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(patience_s)
        self.socket.connect(str(path))
        self.request(SET_OWNER)
        self.request(GET_FEATURES)
        offered = struct.unpack_from("<IIIQ", self.socket.recv(20))[3]
        assert offered & features == features, f"the switch offers only features {offered:#x}"
        self.request(SET_FEATURES, struct.pack("<Q", features))
        self.request(SET_MEM_TABLE, struct.pack("<IIQQQQ", 1, 0, BASE, MEMORY, BASE, 0), file)
        os.close(file)
        for slot in range(SLOTS):
            self.offer(RX, slot, [(self.buffer(RX, slot), SLOT, WRITE)])
        for ring in (RX, TX):
            self.start(ring)

    def request(self, request, body=b"", *files):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
        self.socket.sendmsg([struct.pack("<III", request, VERSION, len(body)) + body], rights)

    def start(self, ring):
        at = BASE + ring * RING
        self.request(SET_VRING_NUM, struct.pack("<II", ring, SLOTS))
        self.request(SET_VRING_BASE, struct.pack("<II", ring, 0))
        self.request(SET_VRING_ADDR, struct.pack("<IIQQQQ", ring, 0, at, at + USED, at + AVAIL, 0))
        for request in (SET_VRING_CALL, SET_VRING_KICK):
            event = os.eventfd(0)
            self.request(request, struct.pack("<Q", ring), event)
            os.close(event)

    @staticmethod
    def buffer(ring, slot):
        """The offset of a buffer in the memory."""
        return BUFFERS + (ring * SLOTS + slot) * SLOT

    def word(self, at):
        return struct.unpack_from("<H", self.memory, at)[0]

    def offer(self, ring, first, chain):
        """Writes descriptors from `first` on as one chain of (place, length, flags)."""
        at = ring * RING
        for i, (place, length, flags) in enumerate(chain):
            more = NEXT if i + 1 < len(chain) else 0
            struct.pack_into("<QIHH", self.memory, at + 16 * ((first + i) % SLOTS), BASE + place, length, flags | more, (first + i + 1) % SLOTS)
        struct.pack_into("<H", self.memory, at + AVAIL + 4 + 2 * (self.head[ring] % SLOTS), first % SLOTS)
        self.head[ring] += 1
        self.publish(ring)

    def jump(self, ring, count):
        """Announces this many more chains."""
        self.head[ring] += count
        self.publish(ring)

    def publish(self, ring):
        ctypes.c_uint16.from_buffer(self.memory, ring * RING + AVAIL + 2).value = self.head[ring] & 0xffff

    def used(self, ring):
        """The number of chains that the switch has returned, modulo 2^16."""
        return self.word(ring * RING + USED + 2)

    def send(self, frame, header=bytes(HEADER), cuts=()):
        """Sends a frame in buffers that `cuts` divide (offsets in header plus frame). Waits until the switch has taken it."""
        data = header + frame
        ends = [*cuts, len(data)]
        chain, begin = [], 0
        for i, end in enumerate(ends):
            place = self.buffer(TX, i) + 7 * (len(ends) == 1)  # not aligned to a cache line
            self.memory[place:place + end - begin] = data[begin:end]
            chain.append((place, end - begin, 0))
            begin = end
        self.offer(TX, 0, chain)
        self.await_taken()

    def await_taken(self):
        """Waits until the switch has taken all offered chains."""
        deadline = time.monotonic() + self.patience_s
        while self.used(TX) != self.head[TX] & 0xffff:
            assert time.monotonic() < deadline, "the switch has stopped taking frames"
            time.sleep(0.0002)

    def arrivals(self):
        """The frames that have arrived, as (header, frame)."""
        frames = []
        while self.seen[RX] & 0xffff != self.used(RX):
            at = RX * RING + USED + 4 + 8 * (self.seen[RX] % SLOTS)
            slot, length = struct.unpack_from("<II", self.memory, at)
            place = self.buffer(RX, slot)
            frames.append((bytes(self.memory[place:place + HEADER]), bytes(self.memory[place + HEADER:place + length])))
            self.seen[RX] += 1
            self.offer(RX, slot, [(place, SLOT, WRITE)])
        return frames

    def received(self):
        """The frames that have arrived."""
        return [frame for _, frame in self.arrivals()]

    def await_arrival(self, wanted):
        """The next (header, frame) for which wanted(frame) holds."""
        deadline = time.monotonic() + self.patience_s
        while time.monotonic() < deadline:
            self.waiting += self.arrivals()
            while self.waiting:
                header, frame = self.waiting.pop(0)
                if wanted(frame):
                    return header, frame
            time.sleep(0.005)
        raise AssertionError("the frame does not arrive")

    def await_frame(self, wanted):
        """The next frame for which wanted(frame) holds."""
        return self.await_arrival(wanted)[1]

    def close(self):
        self.socket.close()


def needs_checksum(start, offset, gso_type=0, gso_size=0):
    """The header of a frame whose checksum the switch must complete, and that it may have to cut."""
    return struct.pack("<BBHHHH", NEEDS_CSUM, gso_type, 0, gso_size, start, offset)
