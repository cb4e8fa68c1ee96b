# SPDX-License-Identifier: BSD-3-Clause
"""tap: runs functions as tests and prints TAP."""

import re
import signal
import sys
import traceback


class Skip(Exception):
    """A test raises it with a reason if it cannot run here."""


def equal(got, wanted, what="value"):
    assert got == wanted, f"{what} is {got!r}, should be {wanted!r}"


def matches(got, pattern, what="text"):
    assert re.search(pattern, got), f"{what}: /{pattern}/ is not in {got!r}"


def diagnose(error):
    if isinstance(error, AssertionError) and str(error):
        where = traceback.extract_tb(error.__traceback__)[1 if len(traceback.extract_tb(error.__traceback__)) > 1 else 0]
        return [*str(error).splitlines(), f"at {where.filename}:{where.lineno}"]
    return "".join(traceback.format_exception(error)).splitlines()


def run(tests, context=lambda: []):
    """Runs [(name, function)] and returns the exit status. context() returns more lines for the diagnostics of a failure."""
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except Exception as error:
            failed += 1
            lines = [*diagnose(error), *context()]
            print(f"not ok {number} - {name}", *(f"# {line}" for line in lines), sep="\n", flush=True)
    return 1 if failed else 0


def clean_up_on_signals():
    """Turns signals into SystemExit, so that `with` and `finally` clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: sys.exit(128 + got))
