# SPDX-License-Identifier: BSD-3-Clause
"""figures: single figures of the switch with their targets, from `nestswitch bench` and the comparison of tables."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import report
from machine import WORKER_CORE, Unmeasurable, alone, huge_pages, progress
from report import NOTHING, Target

PAGES = 1536  # of 2 MiB, for the largest table, frames for its MACs, and rte_hash
PATIENCE_S = 600
MILLION = 1_000_000
NEIGHBOURS, PORTS = 16, 16


def one(rows, **wanted):
    """The row with these members."""
    for row in rows:
        if all(row.get(name) == value for name, value in wanted.items()):
            return row
    raise Unmeasurable(f"no row with {wanted} among {len(rows)}")


def median(rows, member, **wanted):
    return one(rows, **wanted)[member]["median"]


def extra_cost(phase):
    """The worker's additional time for a frame, in per cent of the undisturbed time."""
    return lambda rows: 100 * (median(rows, "cycles", phase=phase) / median(rows, "cycles", phase="undisturbed") - 1)


def longest(phase):
    return lambda rows: median(rows, "longest_us", phase=phase)


def flooding(kind):
    return lambda rows: median(rows, "ratio", ports=PORTS, kind=kind)


def pruned(rows):
    """The cost of a group frame that two ports asked for, relative to flooding it."""
    return median(rows, "cycles", ports=PORTS, kind="group of 2 ports") / median(rows, "cycles", ports=PORTS, kind="group")


def tunnelled(way):
    return lambda rows: median(rows, "ratio", way=way)


def beside_hosts(size, hosts):
    return lambda rows: median(rows, "share", size=size, hosts=hosts, neighbours=NEIGHBOURS)


def attacked(beside):
    return lambda rows: median(rows, "ratio", beside=beside)


def table_mib(rows):
    return one(rows, table="nestswitch", keys=MILLION)["bytes"] * MILLION / 2**20


def speedup(rows):
    """The ratio of frames of two workers to frames of one."""
    first, second = [row for row in rows if row["worker"] == "all"]
    return second["mpps"]["median"] / first["mpps"]["median"]


def slowest(rows):
    return min(row["rate"]["median"] for row in rows)


@dataclass(frozen=True)
class Figure:
    what: str
    unit: str
    pick: object  # function of a section's rows that returns the value
    target: Target = None


LEARN = (
    Figure("new MACs per second, slowest of up to a million", "/s", slowest, Target("≥", 5e6)),
)
TABLE = (
    Figure("memory of a table of a million MACs", "MiB", table_mib, Target("≤", 40)),
)
CONTROL = (
    Figure("ageing: cost for forwarding", "%", extra_cost("ageing sweeps"), Target("<", 1)),
    Figure("repeated fdb show: cost for forwarding", "%", extra_cost("fdb show"), Target("<", 1)),
    Figure("undisturbed: longest round of the worker, for comparison", "µs", longest("undisturbed")),
    Figure("flush of a million MACs: longest round", "µs", longest("flush of all"), Target("<", 100)),
    Figure("configuration changes: longest round", "µs", longest("config changes"), Target("<", 100)),
)
WORKERS = (
    Figure("two workers: frames relative to one worker", "", speedup, Target("≥", 1.8)),
)
ATTACK = (
    Figure("next to a port with random sources: share of the fair rate", "", attacked("random sources")),
    Figure("next to random sources and destinations: share of the fair rate", "", attacked("random sources and destinations")),
)
FLOOD = (
    Figure("broadcast to 16 ports: cost relative to 16 single sends", "", flooding("broadcast"), Target("<", 1)),
    Figure("unknown unicast to 16 ports: cost relative to 16 single sends", "", flooding("unknown unicast"), Target("<", 1)),
    Figure("group frame to 2 of 16 ports: cost relative to flooding it", "", pruned, Target("≤", 0.5)),
)
TUNNEL = tuple(
    Figure(f"a frame {way}: cost relative to a local one", "", tunnelled(way), Target("≤", 1.6)) for way in ("into a tunnel", "out of a tunnel"))
REPLAY = (
    Figure("replay: frames per second, with captures in memory", "/s", slowest, Target("≥", 3e6)),
)
NEIGHBOUR = tuple(
    Figure(f"a pair with 16 {hosts} hosts, {size} bytes: rate relative to alone", "", beside_hosts(size, hosts), target)
    for hosts, target in (("learning", Target("≥", 0.97)), ("promiscuous", None)) for size in ("64", "1518"))

# {section: (figures, runs of `nestswitch bench`)}. The table section has its own program.
SECTIONS = {
    "learn": (LEARN, (("learn",),)),
    "table": (TABLE, None),
    "control": (CONTROL, (("control",),)),
    "workers": (WORKERS, (("forward", "--macs", "2000", "--workers", "1"), ("forward", "--macs", "2000", "--workers", "2"))),
    "attack": (ATTACK, (("attack",),)),
    "flood": (FLOOD, (("flood", "--ports", str(PORTS)),)),
    "tunnel": (TUNNEL, (("tunnel",),)),
    "replay": (REPLAY, (("replay",),)),
    "neighbours": (NEIGHBOUR, (("neighbours",),)),
}


def said_by(words):
    words = list(map(str, words))
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unmeasurable(str(error)) from error
    if done.returncode:
        raise Unmeasurable(f"{' '.join(words)}: exit status {done.returncode}: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


TABLE_NOTES = """\
The MAC table and rte_hash (lock-free lookups, several writers, freed by RCU) with random keys and lookups in bursts of
32. The last columns: how many entries a table for a power of two of entries takes before it refuses one, and its load
at that point.
"""


class Figures:
    def __init__(self, build, repeats, lock, plots):
        self.build, self.repeats, self.lock, self.plots = Path(build), repeats, lock, plots
        self.rows, self.found, self.failures = {}, [], []

    def run(self, sections):
        for name in sections:
            progress(name)
            figures, runs = SECTIONS[name]
            try:
                with huge_pages(PAGES) as enough, alone(self.lock):
                    rows = self.bench(name, runs) if runs else self.tables(enough)
                self.rows[name] = rows
                self.found += [(name, figure, figure.pick(rows)) for figure in figures]
            except Unmeasurable as error:
                self.failures.append(f"{name}: {error}")
                progress(self.failures[-1])

    def bench(self, name, runs):
        plot = ("--plot", self.plots / f"{name}.svg") if self.plots and name == "neighbours" else ()
        bench, common = (self.build / "nestswitch", "bench"), ("--repeats", self.repeats, "--json", *plot)
        return [row for words in runs for row in said_by([*bench, *words, *common])["rows"]]

    def tables(self, huge):
        memory = ("--in-memory",) if huge else ("--no-huge", "-m", "1024")
        return said_by([self.build / "tests/perf/table", "-l", WORKER_CORE, "--no-pci", "--no-telemetry", *memory,
                        "--", "--json"])

    def print(self):
        if self.found:
            report.table(["FIGURE", "MEASURED", "", "TARGET", "MET"],
                         [figure_row(figure, value) for _, figure, value in self.found])
        if "table" in self.rows:
            print(TABLE_NOTES)
            report.table(["TABLE", "KEYS", "CYCLES/LOOKUP", "CYCLES/NEW ENTRY", "BYTES/ENTRY", "MADE FOR", "TAKES", "LOAD"],
                         [table_row(row) for row in self.rows["table"]])

    def data(self):
        return [{"section": name, "figure": figure.what, "value": value, "unit": figure.unit,
                 "target": str(figure.target) if figure.target else None,
                 "met": figure.target.met(value) if figure.target else None} for name, figure, value in self.found]


def figure_row(figure, value):
    target = figure.target
    judgement = (str(target), "yes" if target.met(value) else "NO") if target else (NOTHING, NOTHING)
    return [figure.what, report.number(value), figure.unit, *judgement]


def table_row(row):
    return [row["table"], f"{row['keys']:,}", report.spread(row["lookup"]), report.spread(row["insertion"]),
            report.number(row["bytes"]), f"{row['made_for']:,}", f"{row['takes']:,}", f"{row['load']:.1%}"]
