# SPDX-License-Identifier: BSD-3-Clause
"""machine: what the benchmark runs on, and how it shares it."""

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
    """Something that should have been measured and was not; says why."""


class Absent(Exception):
    """Something that cannot be measured here; says why, and what would help."""


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def why_not():
    """Why nothing can be measured here; None where it can."""
    cores = len(os.sched_getaffinity(0))
    if cores < CORES:
        return f"only {cores} core here (one forwards, another one controls: {CORES} are needed)"
    if os.geteuid():
        return "not root (huge pages and a core of one's own need it)"
    return None


def value_of(path, key):
    """The first `key : value` of a /proc file."""
    for line in Path(path).read_text().splitlines():
        if line.split(":")[0].strip() == key:
            return line.split(":", 1)[1].strip()
    return "unknown"


def describe():
    """What a reader needs to compare figures with those of another machine."""
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
            f"more are reserved while something is measured.")


def needs(program, package):
    if not shutil.which(program):
        raise Absent(f"{Path(program).name} is not installed (apt-get install {package})")


@contextmanager
def huge_pages(count):
    """So many of 2 MiB while this lasts; False where there are none to be had."""
    if os.geteuid():
        yield False
        return
    with lab.hugepages(count) as enough:
        yield enough


@contextmanager
def alone(lock):
    """While this lasts nobody else measures who takes the same lock; `lock` may be None."""
    if not lock:
        yield
        return
    with open(lock, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
