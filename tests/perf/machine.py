# SPDX-License-Identifier: BSD-3-Clause
"""machine: describes the machine of a benchmark, and reserves huge pages and a lock."""

import fcntl
import os
import platform
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import lab

CONTROL_CORE, WORKER_CORE = 0, 1
CORES = 2


class Unmeasurable(Exception):
    """A measurement failed; the text is the reason."""


class Absent(Exception):
    """A measurement is impossible here; the text is the reason and a remedy."""


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def unsupported_reason():
    """The reason why this machine cannot measure; None if it can."""
    cores = len(os.sched_getaffinity(0))
    if cores < CORES:
        return f"{CORES} cores are needed, to forward and to control; this machine has {cores}"
    if os.geteuid():
        return "not root (huge pages and a dedicated core need it)"
    return None


def value_of(path, key):
    """The first `key : value` of a /proc file."""
    for line in Path(path).read_text().splitlines():
        if line.split(":")[0].strip() == key:
            return line.split(":", 1)[1].strip()
    return "unknown"


def describe():
    """The properties of the machine that matter for comparisons."""
    return {
        "cpu": value_of("/proc/cpuinfo", "model name"),
        "mhz": value_of("/proc/cpuinfo", "cpu MHz"),
        "cores": len(os.sched_getaffinity(0)),
        "virtual": "hypervisor" in value_of("/proc/cpuinfo", "flags").split(),
        "memory": value_of("/proc/meminfo", "MemTotal"),
        "huge_pages": value_of("/proc/meminfo", "HugePages_Total"),
        "kernel": platform.release(),
        "dpdk": lab.run("pkg-config", "--modversion", "libdpdk").stdout.strip(),
    }


def sentence(about):
    return (f"{about['cpu']}, {about['mhz']} MHz, {about['cores']} cores{' of a virtual machine' * about['virtual']}, "
            f"{about['memory']} of memory;\nLinux {about['kernel']}, DPDK {about['dpdk']}; {about['huge_pages']} huge pages, "
            f"measurements reserve more.")


def needs(program, package):
    if not shutil.which(program):
        raise Absent(f"{Path(program).name} is not installed (apt-get install {package})")


@contextmanager
def huge_pages(count):
    """Reserves this many huge pages of 2 MiB. Yields False if the machine cannot provide them."""
    if os.geteuid():
        yield False
        return
    with lab.hugepages(count) as enough:
        yield enough


@contextmanager
def alone(lock):
    """Holds a lock against other measurements. `lock` may be None."""
    if not lock:
        yield
        return
    with open(lock, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
