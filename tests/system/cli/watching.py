# SPDX-License-Identifier: BSD-3-Clause
"""watching: tests `nestctl … watch`: rates, tables that refresh in place on a terminal, and colours."""

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import termios
import time

import processes
import tap
from bench import PATIENCE_S, UNREACHABLE, Client, SharedSwitch, frame, pcap
from programs import DONE, REFUSED, USAGE
from terminal import CONTROL, Terminal

SCREEN, BACK = "\x1b[?1049h", "\x1b[?1049l"
GREEN = "\x1b[32mup\x1b[0m"
CTRL_C = "\x03"
MACS = 5000  # more than fit into one answer
CONFIG = """
switch: { name: lab }
dataplane: { memory: 128, hugepages: off, busy-poll: off }
ports:
  - { name: a, device: 'net_pcap_a,rx_pcap=watched.pcap,infinite_rx=1', policy: { mac-limit: 6000, storm-broadcast: 100000 } }
  - { name: b, device: 'null:' }
"""


class Watched(SharedSwitch):
    def __init__(self, bench):
        super().__init__(bench, CONFIG, "watched")
        bench.file("watched.pcap", pcap([frame(f"02:00:00:01:{n >> 8:02x}:{n & 255:02x}", size=200) for n in range(MACS)]))

    def words(self, *words):
        return [self.bench.build / "nestctl", "-s", self.path, *words]

    def run(self, *words):
        return self.bench.run("nestctl", "-s", self.path, *words)

    def terminal(self, *words, **environment):
        return Terminal(self.words(*words), self.bench.folder, environment)


def documents(watched, *words):
    """Yields the documents of `-j watch` as they arrive, until the caller closes the generator."""
    process = subprocess.Popen(watched.words("-j", *words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    watched.bench.running.append(process)
    try:
        for line in process.stdout:
            document = json.loads(line)
            if len(line) < 100_000:  # a check of longer lines takes seconds
                watched.bench.schema.check(f"nestctl.{words[0]}.watch", document)
            yield document
        raise AssertionError(f"watch ended with {process.wait(PATIENCE_S)}")
    finally:
        processes.end(process, signal.SIGKILL)


def until(readings, proper):
    """The first reading for which `proper` holds."""
    deadline = time.monotonic() + PATIENCE_S
    for reading in readings:
        if proper(reading):
            return reading
        assert time.monotonic() < deadline, f"no reading is right; the last is {reading}"
    return None


def port_rates(watched):
    """Yields {name: rates of the port}, after a check that each port's rates agree."""
    for document in documents(watched, "stats", "watch", "interval", "0.1"):
        ports = {port["name"]: port for port in document["result"]}
        for port in document["result"]:
            drops = sum(port["rx_drops_pps"].values()) + sum(port["tx_drops_pps"].values())
            assert abs(port["drops_pps"] - drops) <= drops / 1e6, f"drops_pps of {port}"
            assert min(rate for key, rate in port.items() if key.endswith("_pps") and not isinstance(rate, dict)) >= 0, f"{port}"
        a = ports["a"]
        assert abs(a["rx_bps"] - a["rx_pps"] * 200 * 8) <= a["rx_bps"] / 1e6, f"{a['rx_pps']} frames of 200 bytes/s, {a['rx_bps']} bit/s"
        yield ports


def rates(watched):
    """Rates match the growth of the counters. They are never negative when counters are cleared or ports come and go."""
    client, readings, pps = Client(watched.path), port_rates(watched), []
    frames = lambda: client.call("stats.show", {"port": "a"})["result"][0]["rx_packets"]
    first, started = frames(), time.monotonic()
    until(readings, lambda ports: pps.append(ports["a"]["rx_pps"]) or len(pps) == 5)
    grown = (frames() - first) / (time.monotonic() - started)
    assert 0.1 < sum(pps) / len(pps) / grown < 10, f"rates {pps} for {grown} frames/s"
    client.call("stats.clear")
    until(readings, lambda ports: ports["a"]["drops_pps"] > 0)
    client.call("port.add", {"name": "c", "set": {"device": "null:", "mac-limit": 1}})
    tap.equal(until(readings, lambda ports: "c" in ports)["c"]["rx_pps"], 0, "rate of the added port")
    client.call("port.del", {"name": "c"})
    until(readings, lambda ports: "c" not in ports)
    client.close()


def table_changes(watched):
    for document in documents(watched, "fdb", "watch", "interval", "0.1", "type", "static"):
        yield [(row["change"], row["from"], row["port"]) for row in document["result"]]


def changes(watched):
    """A MAC that is learned, moved to another port, and removed."""
    client, readings = Client(watched.path), table_changes(watched)
    tap.equal(next(readings), [], "table")
    client.call("fdb.add", {"mac": "02:00:00:00:00:99", "vlan": "1", "port": "a"})
    until(readings, lambda rows: rows == [("new", None, "a")])
    tap.equal(next(readings), [(None, None, "a")], "table")
    moved = client.call("config.show")["result"].replace("vlan: 1, port: a", "vlan: 1, port: b")
    assert "result" in client.call("config.apply", {"text": moved}), "the configuration is refused"
    until(readings, lambda rows: rows == [("moved", "a", "b")])
    client.call("fdb.del", {"mac": "02:00:00:00:00:99", "vlan": "1"})
    until(readings, lambda rows: rows == [("gone", None, "b")])
    tap.equal(next(readings), [], "table")
    client.close()


def pages(watched):
    """A table that takes several answers has no changes in the next refresh."""
    readings = documents(watched, "fdb", "watch", "interval", "0.1", "type", "dynamic")
    until(readings, lambda reading: len(reading["result"]) == MACS)
    rows = next(readings)["result"]
    tap.equal((len(rows), {row["change"] for row in rows}), (MACS, {None}), "entries and changes")


def vlans(watched):
    """VLANs, also if the FDB takes several answers"""
    for vlan in (7, 9, 4094):
        tap.equal(watched.run("fdb", "add", "02:00:00:00:00:99", "vlan", vlan, "port", "b").returncode, DONE, "exit status")
    watched.bench.succeeds("^1\n7\n9\n4094\n$", "nestctl", "--complete", "-s", watched.path, "fdb", "show", "vlan", "")
    for vlan in (7, 9, 4094):
        watched.run("fdb", "del", "02:00:00:00:00:99", "vlan", vlan)


def in_place(watched, keys):
    """Refreshes on the alternate screen, then restores the terminal."""
    with watched.terminal("stats", "watch", "interval", "0.1") as terminal:
        before = termios.tcgetattr(terminal.file)
        for _ in range(2):
            terminal.expect(r"every 0.1 s, press q to quit\n+PORT +STATE +RX FRAMES/S")
        assert termios.tcgetattr(terminal.file) != before, "the terminal is still in line mode"
        terminal.type(keys)
        tap.equal(terminal.end(), DONE, "exit status")
        tap.equal(termios.tcgetattr(terminal.file), before, "terminal")
        said = terminal.said
    tap.equal((said.count(SCREEN), said.count(BACK)), (1, 1), "alternate screens opened and closed")
    assert said.startswith(SCREEN) and said.endswith(BACK), f"{said[:40]!r} … {said[-40:]!r}"
    assert GREEN in said, "the table has no colour"


def window(watched):
    """Omits lines and columns that do not fit, also after the window has shrunk."""
    with watched.terminal("fdb", "watch", "interval", "60", "sort", "mac", "limit", "16") as terminal:
        terminal.expect("02:00:00:01:00:0f")
        tap.equal(terminal.said.count("more lines"), 0, "notes about omitted lines")
        for lines, columns, more in ((8, 30, "… 12 more lines"), (2, 9, "… 18 more"), (1, 5, "… 19 ")):
            fcntl.ioctl(terminal.file, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            terminal.expect(f"{more}$")
            drawn = terminal.said.rpartition("\x1b[H")[2].split("\r\n")  # line ends of a terminal
            shown = [CONTROL.sub("", line) for line in drawn]
            tap.equal([len(line) for line in shown if len(line) > columns], [], f"lines of more than {columns} columns")
            tap.equal(len(shown), lines, "lines")
            # A line is erased before it is written, because after a full line the cursor stays in the last column.
            tap.equal([re.findall(r"\x1b\[[JK]", line) for line in drawn], [["\x1b[K"]] * (lines - 1) + [["\x1b[J"]], "erased parts of the screen")
            assert all(line.startswith("\x1b[") for line in drawn), drawn
        terminal.type("q")
        tap.equal(terminal.end(), DONE, "exit status")


def failures(watched):
    """Errors appear after the alternate screen has closed, where they stay visible."""
    watched.run("port", "add", "d", "device", "null:", "mac-limit", "1")
    with watched.terminal("port", "watch", "d", "interval", "0.1") as terminal:
        terminal.expect("d +up")
        watched.run("port", "del", "d")
        tap.equal(terminal.end(), REFUSED, "exit status")
        assert terminal.said.rpartition(BACK)[2].startswith("nestctl: there is no port 'd'"), terminal.said[-200:]


def no_times(watched):
    """count 0 is refused"""
    watched.bench.fails(USAGE, "count cannot be '0'", "nestctl", "-s", watched.path, "stats", "watch", "count", "0")


def switch_stops(watched):
    with watched.terminal("status", "watch", "interval", "0.1") as terminal:
        terminal.expect("switch +lab")
        watched.stop()
        tap.equal(terminal.end(), UNREACHABLE, "exit status")
        assert "nestctl: lost the connection to the switch at" in terminal.said.rpartition(BACK)[2], terminal.said[-200:]


def terminated(watched):
    with watched.terminal("stats", "watch", "interval", "60") as terminal:
        while SCREEN not in terminal.said:
            terminal.read()
        os.kill(terminal.pid, signal.SIGTERM)
        tap.equal(terminal.end(), DONE, "exit status")
        assert terminal.said.endswith(BACK), terminal.said[-40:]


def colours(watched):
    """The table is coloured only on a terminal, and as environment and --color say."""
    for environment, words, wanted in (({}, (), True), ({"NO_COLOR": "1"}, (), False), ({"NO_COLOR": ""}, (), True),
                                       ({"TERM": "dumb"}, (), False), ({}, ("--color", "never"), False),
                                       ({"NO_COLOR": "1"}, ("--color", "always"), True)):
        with watched.terminal(*words, "port", **environment) as terminal:
            tap.equal(terminal.end(), DONE, "exit status")
            tap.equal(GREEN in terminal.said, wanted, f"colour with {environment} {words}")
            tap.equal("\x1b" in terminal.said, wanted, f"escapes with {environment} {words}")
    plain = watched.run("port").stdout
    assert "\x1b" not in plain
    tap.equal(watched.run("--color", "never", "port").stdout, plain, "table without colour")
    tap.equal(re.sub(r"\x1b\[\d+m", "", watched.run("--color", "always", "port").stdout), plain, "table without its colours")


def tests(bench):
    watched = Watched(bench)
    yield "watch: start a switch", watched.start
    yield "stats watch: rates", lambda: rates(watched)
    yield "fdb watch: changes", lambda: changes(watched)
    yield "fdb watch: a large table", lambda: pages(watched)
    yield f"completion: {vlans.__doc__}", lambda: vlans(watched)
    for name, keys in (("q", "q"), ("Ctrl-C", CTRL_C)):
        yield f"watch: refreshes in place on a terminal until {name}", lambda keys=keys: in_place(watched, keys)
    yield "watch: omits lines and columns that do not fit", lambda: window(watched)
    yield "watch: SIGTERM restores the terminal", lambda: terminated(watched)
    yield "watch: errors stay visible after the screen closes", lambda: failures(watched)
    yield f"watch: {no_times.__doc__}", lambda: no_times(watched)
    yield "colours on a terminal", lambda: colours(watched)
    yield "watch: the switch ends", lambda: switch_stops(watched)
