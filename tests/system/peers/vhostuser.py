# SPDX-License-Identifier: BSD-3-Clause
"""vhostuser: the guest's end of a vhost-user socket, without a guest: rings in shared memory, written by hand.

It does what a driver in a guest may do, also what none should: any header, any chain of buffers.
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
F_CSUM = 1 << 0
NEEDS_CSUM = 1
NEXT, WRITE = 1, 2
HEADER = 10  # of virtio-net, without merged buffers

BASE = 0x10000  # where the guest's memory begins, for guest and switch
SLOTS, SLOT = 128, 16384
AVAIL, USED, RING = 0x1000, 0x2000, 0x4000  # places within a ring, size of one
BUFFERS = 2 * RING
MEMORY = BUFFERS + 2 * SLOTS * SLOT
RX, TX = 0, 1  # as the guest sees it


class Guest:
    """One queue pair. `features`: those that the driver takes."""

    def __init__(self, path, features=F_CSUM, patience_s=15):
        file = os.memfd_create("guest")
        os.ftruncate(file, MEMORY)
        self.memory, self.patience_s = mmap.mmap(file, MEMORY), patience_s
        self.head, self.seen = [0, 0], [0, 0]
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(patience_s)
        self.socket.connect(str(path))
        self.say(SET_OWNER)
        self.say(GET_FEATURES)
        offered = struct.unpack_from("<IIIQ", self.socket.recv(20))[3]
        assert offered & features == features, f"features {offered:#x} are offered"
        self.say(SET_FEATURES, struct.pack("<Q", features))
        self.say(SET_MEM_TABLE, struct.pack("<IIQQQQ", 1, 0, BASE, MEMORY, BASE, 0), file)
        os.close(file)
        for slot in range(SLOTS):
            self.offer(RX, slot, [(self.buffer(RX, slot), SLOT, WRITE)])
        for ring in (RX, TX):
            self.start(ring)

    def say(self, request, body=b"", *files):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
        self.socket.sendmsg([struct.pack("<III", request, VERSION, len(body)) + body], rights)

    def start(self, ring):
        at = BASE + ring * RING
        self.say(SET_VRING_NUM, struct.pack("<II", ring, SLOTS))
        self.say(SET_VRING_BASE, struct.pack("<II", ring, 0))
        self.say(SET_VRING_ADDR, struct.pack("<IIQQQQ", ring, 0, at, at + USED, at + AVAIL, 0))
        for request in (SET_VRING_CALL, SET_VRING_KICK):
            event = os.eventfd(0)
            self.say(request, struct.pack("<Q", ring), event)
            os.close(event)

    @staticmethod
    def buffer(ring, slot):
        """Its place in the memory."""
        return BUFFERS + (ring * SLOTS + slot) * SLOT

    def word(self, at):
        return struct.unpack_from("<H", self.memory, at)[0]

    def offer(self, ring, first, chain):
        """Descriptors from `first` on: (place, length, flags); the next of each is the one behind it."""
        at = ring * RING
        for i, (place, length, flags) in enumerate(chain):
            more = NEXT if i + 1 < len(chain) else 0
            struct.pack_into("<QIHH", self.memory, at + 16 * ((first + i) % SLOTS), BASE + place, length, flags | more, (first + i + 1) % SLOTS)
        struct.pack_into("<H", self.memory, at + AVAIL + 4 + 2 * (self.head[ring] % SLOTS), first % SLOTS)
        self.head[ring] += 1
        self.publish(ring)

    def jump(self, ring, count):
        """Says that so many more chains are there."""
        self.head[ring] += count
        self.publish(ring)

    def publish(self, ring):
        ctypes.c_uint16.from_buffer(self.memory, ring * RING + AVAIL + 2).value = self.head[ring] & 0xffff

    def used(self, ring):
        """How many chains the switch has given back, modulo 2^16."""
        return self.word(ring * RING + USED + 2)

    def send(self, frame, header=bytes(HEADER), cuts=()):
        """One frame, its buffers cut at these places (of header and frame together); returns when the switch has taken it."""
        data = header + frame
        ends = [*cuts, len(data)]
        chain, begin = [], 0
        for i, end in enumerate(ends):
            place = self.buffer(TX, i) + 7 * (len(ends) == 1)  # not where a line begins
            self.memory[place:place + end - begin] = data[begin:end]
            chain.append((place, end - begin, 0))
            begin = end
        self.offer(TX, 0, chain)
        self.await_taken()

    def await_taken(self):
        """Until the switch has taken all that was offered."""
        deadline = time.monotonic() + self.patience_s
        while self.used(TX) != self.head[TX] & 0xffff:
            assert time.monotonic() < deadline, "the switch takes no frame any more"
            time.sleep(0.0002)

    def received(self):
        """Frames that have come."""
        frames = []
        while self.seen[RX] & 0xffff != self.used(RX):
            at = RX * RING + USED + 4 + 8 * (self.seen[RX] % SLOTS)
            slot, length = struct.unpack_from("<II", self.memory, at)
            place = self.buffer(RX, slot)
            frames.append(bytes(self.memory[place + HEADER:place + length]))
            self.seen[RX] += 1
            self.offer(RX, slot, [(place, SLOT, WRITE)])
        return frames

    def await_frame(self, wanted):
        """The next frame for which wanted(frame) holds."""
        deadline = time.monotonic() + self.patience_s
        while time.monotonic() < deadline:
            for frame in self.received():
                if wanted(frame):
                    return frame
            time.sleep(0.005)
        raise AssertionError("the frame does not come")

    def close(self):
        self.socket.close()


def needs_checksum(start, offset):
    """The header of a frame whose checksum is left to the switch."""
    return struct.pack("<BBHHHH", NEEDS_CSUM, 0, 0, 0, start, offset)
