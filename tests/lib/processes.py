# SPDX-License-Identifier: BSD-3-Clause
"""processes: ends programs that a test started, and waits for what they do."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

PATIENCE_S = 60  # a busy machine can delay a program


def end(process, number=signal.SIGTERM, patience_s=PATIENCE_S):
    """Sends a signal, also to a stopped program. Returns the exit status, or "hangs" if the program had to be killed."""
    process.send_signal(number)
    process.send_signal(signal.SIGCONT)
    try:
        return process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return "hangs"


def last_words(process, number=signal.SIGTERM, patience_s=PATIENCE_S):
    """Sends a signal. Returns the rest of the program's standard output."""
    process.send_signal(number)
    return process.communicate(timeout=patience_s)[0]


def wait_for(what, is_so, patience_s=PATIENCE_S):
    """Waits until is_so() is true. Returns how long it took, and what it returned."""
    since = time.monotonic()
    while not (found := is_so()):
        assert time.monotonic() - since < patience_s, f"no {what} within {patience_s} s"
        time.sleep(0.02)
    return time.monotonic() - since, found


def resident_kib(process):
    """The memory of a program that is in RAM."""
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())[1])


def cpu_s(process):
    """The time that a program has used on a core."""
    user, system = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
