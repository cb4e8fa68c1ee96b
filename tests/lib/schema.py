# SPDX-License-Identifier: BSD-3-Clause
"""schema: checks JSON of the programs against control/server/schema.json."""

import json
from pathlib import Path

import jsonschema

PATH = Path(__file__).resolve().parent.parent.parent / "control/server/schema.json"
BY_LINE = ("monitor", "watch", "frames")  # one document a line


class Schema:
    def __init__(self):
        self.whole = json.loads(PATH.read_text())
        self.validators = {}

    def has(self, name):
        return name in self.whole["$defs"]

    def members(self, name):
        """The names of the members of an object of this definition."""
        definition = self.whole["$defs"][name]
        inherited = self.members(definition["$ref"].rpartition("/")[2]) if "$ref" in definition else set()
        return inherited | set(definition.get("properties", ()))

    def check(self, name, value):
        """Checks a value against the definition of this name."""
        assert self.has(name), f"{PATH.name} has no definition of {name}"
        if name not in self.validators:
            one = self.whole | {"$ref": f"#/$defs/{name}"}
            jsonschema.Draft202012Validator.check_schema(one)
            self.validators[name] = jsonschema.Draft202012Validator(one)
        error = jsonschema.exceptions.best_match(self.validators[name].iter_errors(value))
        assert not error, f"{PATH.name}, {name}: {'/'.join(map(str, error.absolute_path))}: {error.message}"

    def name_of(self, words):
        """The name of the definition for the output of `nestctl -j` with these words."""
        group, verb = words[0], words[1] if len(words) > 1 else "show"
        names = [f"{group}.{verb}", f"{group}.show", group]
        if group == "capture" and "write" not in words:
            names = ["capture.frames"]
        for name in names:
            for full in (f"nestctl.{name}", name):
                if self.has(full):
                    return full
        raise AssertionError(f"{PATH.name} has no definition for nestctl {' '.join(words)}")

    def check_output(self, words, text):
        """Checks the output of nestctl for these words, if they ask for JSON."""
        words, wants_json = command_words(words)
        if not wants_json or not words:
            return
        name = self.name_of(words)
        for document in text.splitlines() if name.endswith(BY_LINE) else [text]:
            self.check(name, json.loads(document))


def command_words(words):
    """The words of a command line without its options, and whether the options ask for JSON."""
    words, rest, wants_json = [str(word) for word in words], [], False
    while words:
        word = words.pop(0)
        if word in ("-s", "--socket", "--color"):
            words.pop(0)
        elif word in ("-j", "--json"):
            wants_json = True
        elif word in ("--help", "--complete"):
            return [], False
        else:
            rest.append(word)
    return rest, wants_json
