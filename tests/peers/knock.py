# SPDX-License-Identifier: BSD-3-Clause
"""knock PATH: connects to a memif socket again and again, says nothing, and leaves; until it is ended."""

import contextlib
import socket
import sys
import time

WAITING = 50

waiting = []
while True:
    caller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    caller.setblocking(False)
    with contextlib.suppress(OSError):  # not there, or more wait than it lets
        caller.connect(sys.argv[1])
    waiting.append(caller)
    if len(waiting) == WAITING:
        for caller in waiting:
            caller.close()
        waiting.clear()
    time.sleep(0.0005)
