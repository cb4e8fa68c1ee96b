# SPDX-License-Identifier: BSD-3-Clause
"""layers: checks which folders a folder may include, and that includes make no circle.

A folder may be used by the folders below it in the table. docs/architecture.md has the same picture.
"""

from pathlib import Path

import includes

ROOT = includes.ROOT
DATAPLANE = ("dataplane",)
# Headers of dataplane/ that need no DPDK. nestctl may use them too.
PLAIN = ("dataplane/counters.h", "dataplane/eventtype.h", "dataplane/fdb.h", "dataplane/key.h")
COMMON = ("control/common", *PLAIN)
PCAP = ("control/pcap", *COMMON)
CONFIG = ("control/config", *COMMON)
DEVICE = ("control/device", *CONFIG, *DATAPLANE)
SWITCH = ("control/switch", *DEVICE)
EVPN = ("control/evpn", *SWITCH)
API = ("control/api", *CONFIG, *EVPN)
DIAGNOSE = ("control/diagnose", "control/pcap", *API)
SERVER = ("control/server", *DIAGNOSE)

MAY_INCLUDE = {
    "dataplane": DATAPLANE,
    "control/common": COMMON,
    "control/pcap": PCAP,
    "control/cli": ("control/cli", *PCAP),
    "control/config": CONFIG,
    "control/device": DEVICE,
    "control/device/quirks": DEVICE,
    "control/switch": SWITCH,
    "control/evpn": EVPN,
    "control/api": API,
    "control/api/methods": API,
    "control/diagnose": DIAGNOSE,
    "control/server": SERVER,
    "control/server/web": SERVER,
    "control/replay": ("control/replay", "control/pcap", *API),
    "control/bench": ("control/bench", "control/pcap", *API),
    "control": ("control", "dataplane"),  # main, run and check may include everything
}


def sources():
    for top in ("dataplane", "control"):
        for path in sorted((ROOT / top).rglob("*.[ch]")):
            yield str(path.relative_to(ROOT))


def allowed(header, folders):
    return any(header == one or header.startswith(one + "/") for one in folders)


def breaches_of_layers():
    for path in sources():
        folder = str(Path(path).parent)
        if folder not in MAY_INCLUDE:
            yield path, f"tests/lint/layers.py does not say what {folder}/ may include"
            continue
        for header in includes.includes(path):
            if not (ROOT / header).exists():
                yield path, f'"{header}" does not exist (includes are relative to the top of the tree)'
            elif not allowed(header, MAY_INCLUDE[folder]):
                yield path, f"{folder}/ may not include {header}"


def module_of(path):
    """The module of a file: a source, its header and its private header."""
    return path[:-2].removesuffix("_private")


def circles():
    """Each circle of includes once, as a list of modules."""
    graph = {}
    for path in sources():
        module = module_of(path)
        graph.setdefault(module, set()).update(
            module_of(header) for header in includes.includes(path) if module_of(header) != module)
    done, way = set(), []

    def visit(module):
        if module in way:
            yield way[way.index(module):] + [module]
            return
        if module in done:
            return
        way.append(module)
        for other in sorted(graph.get(module, ())):
            yield from visit(other)
        way.pop()
        done.add(module)

    for module in sorted(graph):
        yield from visit(module)
