# SPDX-License-Identifier: BSD-3-Clause
"""includes: finds the project's headers that C files include, and the names of these headers that they use."""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
WORD = re.compile(r"[A-Za-z_]\w*")
AGGREGATE = re.compile(r"\b(struct|enum|union)\s+(\w+)\s*\{")


@cache
def text(path):
    """The text of a file without comments and contents of strings."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*", " ", (ROOT / path).read_text(), flags=re.DOTALL)
    return re.sub(r'(?<!include )"(?:\\.|[^"\\\n])*"', '""', code)


@cache
def includes(path):
    """The project's headers that a file includes directly."""
    return tuple(INCLUDE.findall(text(path)))


@cache
def words(path):
    """All identifiers of a file. Tags have their struct, enum or union."""
    code = re.sub(r"^\s*#\s*include[^\n]*", "", text(path), flags=re.MULTILINE)
    code = re.sub(r"\bX\(\w+", " ", code)  # a row of a list of names
    tagged = {f"{kind} {name}" for kind, name in re.findall(r"\b(struct|enum|union)\s+(\w+)", code)}
    return tagged | set(WORD.findall(re.sub(r"\b(?:struct|enum|union)\s+\w+", " ", code)))


def outermost(code):
    """A header's text without the bodies of functions and aggregates, and a list of the bodies of enums."""
    depth, out, enums, start = 0, [], [], 0
    for match in re.finditer(r"[{}]", code):
        if match[0] == "{":
            if depth == 0:
                out.append(code[start:match.end()])
                opened = match.end()
                is_enum = re.search(r"\benum\b[^;{}]*\{$", code[:match.end()])
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                start = match.start()
                if is_enum:
                    enums.append(code[opened:match.start()])
    out.append(code[start:])
    return "".join(out), enums


def listed(code):
    """The constants of an enum that an X macro makes: #define X(id, …) PREFIX_##id, LIST(X)."""
    for prefix, name in re.findall(r"#define X\(id[^)]*\)\s*(\w+)##id\b.*?\b(\w+_LIST)\(X\)", code, re.DOTALL):
        rows = re.search(rf"#define {name}\(X\)((?:[^\n]*\\\n)*[^\n]*)", code)
        yield from (prefix + id for id in re.findall(r"\bX\((\w+)", rows[1] if rows else ""))


@cache
def declares(path):
    """The names that a header declares."""
    code = text(path)
    names = set(re.findall(r"^\s*#\s*define\s+(\w+)", code, re.MULTILINE))
    code = re.sub(r"^\s*#(?:[^\n]*\\\n)*[^\n]*", "", code, flags=re.MULTILINE)
    names |= {f"{kind} {name}" for kind, name in AGGREGATE.findall(code)}
    top, enums = outermost(code)
    for body in enums:
        names |= set(re.findall(r"(?:^|[,)])\s*([A-Z_]\w*)", body))
    names |= set(listed(text(path)))
    top = re.sub(r"\b(?:struct|enum|union)\s+\w+", " ", re.sub(r"__attribute__\s*\(\(.*?\)\)(?=[;\s])", "", top, flags=re.DOTALL))
    for statement in re.split(r"[;{}]", top):
        typedef = re.search(r"\btypedef\b.*\(\s*\*\s*(\w+)\s*\)|\btypedef\b.*?(\w+)\s*$", statement, re.DOTALL)
        function = re.search(r"(\w+)\s*\(", statement)
        variables = re.findall(r"(\w+)\s*(?:\[[^\]]*\])*\s*(?:,|$)", statement) if re.match(r"\s*extern\b", statement) else []
        if typedef:
            names.add(typedef[1] or typedef[2])
        elif variables and not function:
            names |= set(variables)
        elif function:
            names.add(function[1])
    return frozenset(names)


def own_header(path):
    header = Path(path).with_suffix(".h")
    return str(header) if path.endswith(".c") and (ROOT / header).exists() else None


def homes(headers):
    """{name: header} of the names that exactly one header declares."""
    found = {}
    for header in headers:
        for name in declares(header):
            found[name] = header if name not in found else None
    return {name: header for name, header in found.items() if header}


def forward_declared(path):
    return set(re.findall(r"^(struct \w+);", text(path), re.MULTILINE))


def missing(path, home):
    """(header, name) for headers that a file uses without including them. The includes of its own header count.

    A forward declaration is enough for a struct."""
    own = own_header(path)
    direct = set(includes(path)) | (set(includes(own)) if own and own in includes(path) else set())
    local = forward_declared(path).union(*map(forward_declared, direct)) | declares(path) | set(re.findall(r"^\} (\w+)\b", text(path), re.MULTILINE))
    for name in sorted(words(path)):
        header = home.get(name)
        if header and header not in (path, own, *direct) and name not in local:
            yield header, name


def unused(path, home):
    for header in includes(path):
        if header != own_header(path) and not any(home.get(name) == header for name in words(path)):
            yield header
