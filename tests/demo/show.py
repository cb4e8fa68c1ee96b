# SPDX-License-Identifier: BSD-3-Clause
"""show: what the demos print, and their claims."""


class Failed(Exception):
    """A claim that does not hold."""


def indented(text):
    return "".join(f"    {line}".rstrip() + "\n" for line in text.rstrip().splitlines())


def table(head, rows):
    """Aligns the first column and text to the left, numbers to the right."""
    widths = [max(len(str(row[at])) for row in [head, *rows]) for at in range(len(head))]
    lines = []
    for row in [head, *rows]:
        cells = [str(cell).ljust(width) if at == 0 or isinstance(rows[0][at], str) else str(cell).rjust(width)
                 for at, (cell, width) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    return indented("\n".join(lines))


def tell(act, claims):
    """Prints [(claim, whether it holds)] of an act. The first that does not hold ends the demo."""
    for claim, holds in claims:
        print(f"    {'yes' if holds else 'NO '}  {claim}", flush=True)
        if not holds:
            raise Failed(f"{act}: this claim does not hold: {claim}")
