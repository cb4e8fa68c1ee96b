# SPDX-License-Identifier: BSD-3-Clause
"""output: tests nestctl with a full or closed standard output, long lists, and a configuration on standard input."""

import select
import signal
import subprocess
import time

import tap
from bench import PATIENCE_S, Client, SharedSwitch
from programs import DONE, REFUSED, USAGE

CONFIG = """
switch: { name: lab }
dataplane: { memory: 128, hugepages: off, busy-poll: off }
ports: [{ name: a, device: 'null:' }, { name: b, device: 'null:' }]
"""
FULL = "No space left on device"

# Commands that print something and end.
PRINTING = ("status", "-j stats", "config show", "port watch count 1", "-j status watch count 1 interval 0.1", "--help", "--version", "help port set")


class Live(SharedSwitch):
    def __init__(self, bench):
        super().__init__(bench, CONFIG, "output")

    def into(self, out, *words):
        process = subprocess.Popen([self.bench.build / "nestctl", "-s", self.path, *words], stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.PIPE, text=True)
        self.bench.running.append(process)
        return process


def check_disk_full(process):
    said = process.communicate(timeout=PATIENCE_S)[1]
    tap.equal((process.returncode, said), (REFUSED, f"nestctl: standard output: {FULL}\n"), "exit status and standard error")


def full(live, words):
    with open("/dev/full", "wb") as out:
        check_disk_full(live.into(out, *words))


def closed(live):
    """with a closed standard output, nestctl fails and writes to no other file"""
    for words in ("status", "-j status watch count 3 interval 0.1", "capture count 1 write -"):
        done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", live.bench.build / "nestctl", "-s", live.path, *words.split()],
                              stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S)
        tap.equal((done.returncode, done.stderr), (REFUSED, "nestctl: standard output: Bad file descriptor\n"), f"{words}")


def script_stops(live):
    """a script ends at the first command whose output is lost"""
    with open("/dev/full", "wb") as out:
        done = subprocess.run([live.bench.build / "nestctl", "-s", live.path], input="status\nport disable b\n", stdout=out,
                              stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S)
    tap.equal(done.returncode, REFUSED, "exit status")
    assert f"{FULL}\nnestctl: line 1 of the script" in done.stderr, done.stderr


def left_out(live):
    """ports outside of the selection are not printed"""
    for words in ("state down", "limit 0"):
        live.bench.succeeds(r"^PORT +STATE .*\n$", "nestctl", "-s", live.path, "stats", "port", "a", *words.split())
    live.bench.succeeds("^port +a, up\n", "nestctl", "-s", live.path, "stats", "port", "a", "state", "up")


def long_list(live):
    """a table marks cut values, and JSON has the complete values"""
    vlans = ",".join(map(str, range(1, 600, 2)))
    live.bench.succeeds("", "nestctl", "-s", live.path, "port", "set", "a", "allowed-vlans", vlans)
    live.bench.succeeds(r"\nallowed-vlans +1,3,5,[0-9,]+…  port\n", "nestctl", "-s", live.path, "policy", "show", "a")
    live.bench.succeeds(rf'"value": "{vlans}"', "nestctl", "-s", live.path, "-j", "policy", "show", "a")
    live.bench.succeeds(r"  allowed-vlans=1,3,5,[0-9,]+…\n", "nestctl", "-s", live.path, "port", "show", "a")


def standard_input(live):
    """- reads a configuration from standard input"""
    shown = live.bench.run("nestctl", "-s", live.path, "config", "show").stdout
    for words, text, wanted in (("diff", shown, (0, "no differences\n", "")), ("apply", shown, (0, "no differences\n", "")),
                                ("check", "colour: blue\n", (USAGE, "", "-:1:1: unknown key 'colour'"))):
        done = subprocess.run([live.bench.build / "nestctl", "-s", live.path, "config", words, "-"], input=text, capture_output=True,
                              text=True, timeout=PATIENCE_S)
        tap.equal((done.returncode, done.stdout, done.stderr[:len(wanted[2])]), wanted, f"config {words}")


def endless(live, words):
    """An endless command ends at the first lost output."""
    client = Client(live.path)
    with open("/dev/full", "wb") as out:
        process = live.into(out, *words)
        deadline = time.monotonic() + PATIENCE_S
        while process.poll() is None:
            assert time.monotonic() < deadline, "the command does not end"
            client.call("port.disable", {"name": "b"})
            client.call("port.enable", {"name": "b"})
            time.sleep(0.1)
        check_disk_full(process)
    client.close()


def interrupted(live, words, number):
    """A signal is the usual end of monitor."""
    process = live.into(subprocess.PIPE, *words)
    client = Client(live.path)
    deadline = time.monotonic() + PATIENCE_S
    while not select.select([process.stdout], [], [], 0.1)[0]:  # until it follows
        assert time.monotonic() < deadline, "no event comes"
        client.call("port.disable", {"name": "b"})
        client.call("port.enable", {"name": "b"})
    process.send_signal(number)
    said = process.communicate(timeout=PATIENCE_S)[1]
    tap.equal((process.returncode, said), (DONE, ""), "exit status and standard error")
    client.close()


def tests(bench):
    live = Live(bench)
    yield "output: start a switch", live.start
    for words in PRINTING:
        yield f"nestctl {words}: a full disk", lambda words=words: full(live, words.split())
    yield f"output: {closed.__doc__}", lambda: closed(live)
    yield f"output: {script_stops.__doc__}", lambda: script_stops(live)
    for words in ("monitor", "-j monitor", "-j events watch interval 0.1", "stats watch interval 0.1"):
        yield f"nestctl {words}: a full disk ends it", lambda words=words: endless(live, words.split())
    for words, number in (("monitor", signal.SIGINT), ("-j monitor", signal.SIGTERM)):
        yield (f"nestctl {words}: {number.name} ends it, exit status 0",
               lambda words=words, number=number: interrupted(live, words.split(), number))
    for test in (left_out, long_list, standard_input):
        yield f"output: {test.__doc__}", lambda test=test: test(live)
    yield "output: stop the switch", live.stop
