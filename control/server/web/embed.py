#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the C source of webfiles.h. Usage: embed.py OUTPUT FILE…"""

import sys
from pathlib import Path

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}


def bytes_of(path):
    """The bytes as a C initialiser, with one 0 more, because C has no empty array."""
    return "".join(f"{byte}," for byte in path.read_bytes()) + "0"


def row(number, path):
    name = "" if path.name == "index.html" else path.name
    return f'{{"/{name}", "{TYPES[path.suffix]}", file{number}, sizeof file{number} - 1}},'


def main():
    output, *paths = map(Path, sys.argv[1:])
    files = [f"static const unsigned char file{number}[] = {{{bytes_of(path)}}};" for number, path in enumerate(paths)]
    rows = [row(number, path) for number, path in enumerate(paths)]
    output.write_text("\n".join(['#include "control/server/web/webfiles.h"', *files, "const struct webfile webfiles[] = {", *rows, "{0}};", ""]))


if __name__ == "__main__":
    main()
