# SPDX-License-Identifier: BSD-3-Clause
"""ptrace: stops single threads of a program, as a debugger does."""

import ctypes
import os
from contextlib import contextmanager

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000  # wait for threads, too
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p


def call(request, thread):
    if LIBC.ptrace(request, thread, None, None) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace {request:#x} of thread {thread}: {os.strerror(number)}")


def threads(pid):
    """{number: name} of the threads of a process."""
    found = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm", encoding="utf-8") as comm:
            found[int(thread)] = comm.read().strip()
    return found


def has_ended(thread):
    """Whether a stopped thread has ended. Its process exists until this was asked."""
    return os.waitpid(thread, WALL | os.WNOHANG)[0] == thread


@contextmanager
def stopped(thread):
    """The thread stands still meanwhile. The process may end."""
    call(SEIZE, thread)
    call(INTERRUPT, thread)
    os.waitpid(thread, WALL)
    try:
        yield
    finally:
        try:
            call(DETACH, thread)
        except OSError:
            if os.path.exists(f"/proc/{thread}"):
                raise
