#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes a manual page from a template: the help of the programs replaces lines of the form @NAME@.
Usage: manual.py TEMPLATE OUTPUT NESTSWITCH NESTCTL NESTSWITCH-PREPARE"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROW = re.compile(r"  (\S.*?)(?:  +(\S.*))?$")  # a row of help: word and meaning
MORE = re.compile(r" {4,}(\S.*)$")  # a continuation line


def escaped(text):
    text = text.replace("\\", "\\e").replace("…", "...")
    return "\\&" + text if text[:1] in (".", "'") else text


def bold(text):
    return f"\\fB{text.replace('-', chr(92) + '-')}\\fR"


def prose(text):
    """Text in backquotes becomes bold."""
    return re.sub(r"`([^`]*)`", lambda found: bold(found[1]), escaped(text))


def usage(text):
    """Words in capitals are placeholders and become italic. Other words become bold."""
    return re.sub(r"-*[A-Za-z0-9_:](?:[\w:-]*\w)?|--", lambda found: f"\\fI{found[0]}\\fR" if found[0].isupper() else bold(found[0]),
                  escaped(text))


def item(tag, text):
    return [".TP", usage(tag), prose(text) if text else "\\&"]


class Programs:
    """Turns the help texts of the programs into lines of roff."""

    def __init__(self, nestswitch, nestctl, prepare):
        self.nestswitch, self.nestctl, self.prepare = nestswitch, nestctl, prepare
        self.commands = json.loads(self.said(nestctl, "--json", "--help"))

    def said(self, program, *words):
        return subprocess.run([program, *words], capture_output=True, check=True, encoding="utf-8").stdout

    def rows(self, text):
        """Splits a help text into rows [name, meaning] and other paragraphs [None, paragraph]."""
        found = []
        for line in text.splitlines():
            row, more = ROW.match(line), MORE.match(line)
            if more and found:
                found[-1][1] = f"{found[-1][1]} {more[1]}".strip()
            elif row:
                found.append([row[1], row[2] or ""])
            elif line and found and found[-1][0] is None:
                found[-1][1] = f"{found[-1][1]} {line}".strip()
            else:
                found.append([None, line])
        return [row for row in found if any(row)]

    def options(self):
        return [line for what, meaning in self.rows(self.said(self.nestctl, "--help")) if what and what[0] == "-"
                for line in item(what, meaning)]

    def command(self, c):
        more = f"{c['help']}. {c['more']}".strip()
        lines = [*item(c["usage"], more), *[".RS"] * bool(c["arguments"] or c["examples"])]
        for argument in c["arguments"]:
            words = f": {', '.join(argument['words'])}" if argument["words"] else ""
            lines += item(argument["usage"], argument["help"] + words)
        if c["examples"]:
            lines += [".PP", ".nf", *(escaped("nestctl " + example).replace("-", "\\-") for example in c["examples"]), ".fi"]
        return lines + [".RE"] * (lines[3:] != [])

    def all_commands(self):
        return [line for c in self.commands for line in self.command(c)]

    def settings(self):
        (argument,) = [a for c in self.commands if (c["group"], c["verb"]) == ("port", "set") for a in c["arguments"] if a["settings"]]
        return [line for setting in argument["settings"] for line in item(setting["usage"], setting["help"])]

    def explained(self, text):
        return [line for what, meaning in self.rows(text) for line in (item(what, meaning) if what else [".PP", prose(meaning)])]

    def topic(self, name):
        return self.explained(self.said(self.nestswitch, "help", name))

    def policy(self):
        keys = re.findall(r"^(\S+): (.*)\n    (.*)$", self.said(self.nestswitch, "help", "policy"), re.MULTILINE)
        return [line for key, values, meaning in keys for line in [".TP", bold(key), prose(f"{values}. {meaning}.")]]

    def subcommands(self):
        lines = []
        for name, _ in self.rows(self.said(self.nestswitch, "--help")):
            if name and name != "help":
                heading, text = self.said(self.nestswitch, name, "--help").split("\n\n", 1)
                lines += [f".SS {name}", usage(" ".join(heading.split()[1:])), *self.explained(text)]
        return lines

    def preparation(self):
        heading, text = self.said(self.prepare, "--help").split("\n\n", 1)
        return [".SH SYNOPSIS", usage(" ".join(heading.split()[1:])), ".SH DESCRIPTION", *self.explained(text)[1:]]  # without its .PP

    def bench_options(self):
        """Lists the options of all modes, each once."""
        options = {}
        for mode, _ in self.rows(self.said(self.nestswitch, "bench", "--help")):
            if mode and " " not in mode:  # the others are examples
                rows = self.rows(self.said(self.nestswitch, "bench", mode, "--help"))
                options |= {what.split()[0]: (what, meaning) for what, meaning in rows if what and what.startswith("--")}
        return [line for what, meaning in options.values() for line in item(what, re.sub(r" \(default .*\)$", "", meaning))]

    def version(self):
        return self.said(self.nestctl, "--version").split()[1]


def filled(template, programs):
    parts = {
        "OPTIONS": programs.options, "COMMANDS": programs.all_commands, "SETTINGS": programs.settings, "POLICY": programs.policy,
        "DROPS": lambda: programs.topic("drops"), "EVENTS": lambda: programs.topic("events"),
        "SUBCOMMANDS": programs.subcommands, "BENCH": programs.bench_options, "PREPARATION": programs.preparation,
    }
    for line in template.replace("@VERSION@", programs.version()).splitlines():
        found = re.fullmatch("@([A-Z]+)@", line)
        yield from parts[found[1]]() if found else [line]


def main():
    template, output, *programs = sys.argv[1:]
    page = "\n".join(filled(Path(template).read_text("utf-8"), Programs(*programs)))
    Path(output).write_text(page + "\n", "utf-8")


if __name__ == "__main__":
    main()
