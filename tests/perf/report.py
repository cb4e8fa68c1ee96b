# SPDX-License-Identifier: BSD-3-Clause
"""report: prints figures as text and plots them with gnuplot."""

import statistics
import subprocess
from dataclasses import dataclass

NOTHING = "-"


@dataclass(frozen=True)
class Target:
    """The target of a figure: at least, at most or less than a value."""

    relation: str  # "≥", "≤" or "<"
    value: float

    def met(self, value):
        return {"≥": value >= self.value, "≤": value <= self.value, "<": value < self.value}[self.relation]

    def __str__(self):
        return f"{self.relation} {number(self.value)}"


def number(value):
    """A number with about three digits and thousands separators."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def spread(values):
    return f"{number(statistics.median(values))} ({number(min(values))}–{number(max(values))})"


def table(header, rows):
    """Prints columns in their least width, the first one aligned to the left."""
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    for row in [header, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row, widths)]
        cells[0] = row[0].ljust(widths[0])
        print("  ".join(cells).rstrip())
    print(flush=True)


def plot(path, title, lines):
    """Plots cycles against MACs, with a line for each of {name: [(MACs, cycles of the repeats)]}."""
    script = ["set terminal svg size 900,540 background 'white'", f"set output '{path}'", f"set title '{title}'",
              "set logscale xy", "set grid", "set key outside below", "set xlabel 'MACs'", "set ylabel 'cycles for each frame'"]
    for at, points in enumerate(lines.values()):
        script += [f"$d{at} << END"]
        script += [f"{macs} {statistics.median(values)} {min(values)} {max(values)}" for macs, values in points]
        script += ["END"]
    script += ["plot " + ", ".join(f"$d{at} using 1:2:3:4 with yerrorlines pt {at + 4} title '{name}'"
                                   for at, name in enumerate(lines))]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)
