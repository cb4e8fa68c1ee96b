# SPDX-License-Identifier: BSD-3-Clause
"""knock PATH: repeatedly connects to a memif socket, sends nothing or asks for a device, and disconnects, until it is ended."""

import contextlib
import socket
import struct
import sys
import time

WAITING = 50
INIT = struct.pack("<HHIB24s32s", 3, 0x200, 0, 0, b"", b"knock").ljust(128, b"\0")  # for the device with id 0

waiting = []
while True:
    caller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    caller.setblocking(False)
    with contextlib.suppress(OSError):  # the socket is missing, or its backlog is full
        caller.connect(sys.argv[1])
        for one in waiting[::2]:
            with contextlib.suppress(OSError):
                one.send(INIT)
    waiting.append(caller)
    if len(waiting) == WAITING:
        for caller in waiting:
            caller.close()
        waiting.clear()
    time.sleep(0.0005)
