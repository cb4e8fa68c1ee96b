# SPDX-License-Identifier: BSD-3-Clause
"""logs: tests the log of a live switch and its history of events."""

import json
import os
import re
import socket
import time
from contextlib import contextmanager
from datetime import datetime, timezone

import tap
from bench import PATIENCE_S, frame, pcap
from httpswitch import HttpSwitch

# Two ports play the same capture, in alternating bursts of 32 frames. So its stations move back and forth.
CONFIG = """
dataplane: {{ memory: 128, hugepages: off, busy-poll: off }}
policy: {{ mac-move-limit: {limit} }}
ports:
  - {{ name: a, device: 'pcap:{capture}' }}
  - {{ name: c, device: 'pcap:{capture}' }}
  - {{ name: b, device: 'null:' }}
"""
FLAP = CONFIG.format(limit=1, capture="flap.pcap")  # one station, which is held at its second move
MOVES = CONFIG.format(limit=0, capture="moves.pcap")  # many stations, which move once
STATIONS = 1100
JOURNAL = "/run/systemd/journal/socket"
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
HELD = "mac-flap mac=02:00:00:00:00:0f vlan=1 from=a to=c"
NOTICES = ("port-down port=b", "configuration 2: port disable b", "port-up port=b", "configuration 3: port enable b")
LINES_A_SECOND = 20
KEPT, KEPT_OF_GUESTS = 1000, 500
SYSLOG = "/dev/log"
DAEMON_NOTICE = 3 * 8 + 5


def switch(bench, name, *options, prefix=()):
    return bench.switch(FLAP, name, options=options, prefix=prefix)


def log(bench, name):
    return (bench.folder / f"{name}.log").read_text()


def events(bench, path, *words):
    return bench.succeeds("", "nestctl", "-s", path, "events", *words).splitlines()


def toggle(bench, path):
    for verb in ("disable", "enable"):
        bench.succeeds("", "nestctl", "-s", path, "port", verb, "b")


def wait_until(is_so, what):
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def wait_for_flap(bench, path):
    wait_until(lambda: any(HELD in line for line in events(bench, path)), f"no {HELD}")


def logged(bench, name, *options, prefix=()):
    """The log of a switch after a MAC flap and two changes of its configuration."""
    with switch(bench, name, *options, prefix=prefix) as path:
        wait_for_flap(bench, path)
        toggle(bench, path)
    return log(bench, name).splitlines()


def plain(bench):
    """Lines have date, program and text. Warnings are marked. The default level has no stations and no requests."""
    lines = logged(bench, "plain")
    for line in lines:
        assert re.match(f"{DATE} nestswitch: ", line), line
    tap.equal([line.split(" ", 2)[2] for line in lines], [f"warning: {HELD}", *NOTICES], "lines")


def levels(bench, level, there, not_there):
    said = "\n".join(logged(bench, level, "--log-level", level))
    for words in there:
        assert words in said, f"'{words}' is not in:\n{said}"
    for words in not_there:
        assert words not in said, f"'{words}' is in:\n{said}"


def journal(bench):
    """Runs as under systemd: JOURNAL_STREAM names the file of standard error. DPDK 24.11 then connects to the journal and
    complains if there is none."""
    stream = 'exec env JOURNAL_STREAM="$(stat -Lc %d:%i /proc/self/fd/2)" "$@"'
    lines = logged(bench, "journal", prefix=["sh", "-c", stream, "sh"])
    if not os.path.exists(JOURNAL):
        lines = [line for line in lines if line != "connect: No such file or directory"]
    tap.equal(lines, [f"<4>{HELD}", *(f"<5>{words}" for words in NOTICES)], "lines")


def other_journal(bench):
    """JOURNAL_STREAM names another file, as under sudo and tmux."""
    lines = logged(bench, "other", prefix=["env", "JOURNAL_STREAM=8:123456"])
    assert re.match(DATE, lines[0]), lines


@contextmanager
def syslog_server():
    if os.path.lexists(SYSLOG):
        raise tap.Skip(f"{SYSLOG} is somebody else's")
    if not os.access(os.path.dirname(SYSLOG), os.W_OK):
        raise tap.Skip("not root")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(SYSLOG)
        try:
            server.settimeout(PATIENCE_S)
            yield server
        finally:
            os.unlink(SYSLOG)


def syslog(bench):
    with syslog_server() as server, switch(bench, "syslog", "--log", "syslog") as path:
        toggle(bench, path)
        while "port-down" not in (line := server.recv(2000).decode()):
            pass
    assert re.fullmatch(rf"<{DAEMON_NOTICE}>\w{{3}} [\d: ]+ nestswitch\[\d+\]: port-down port=b", line), line
    tap.equal(log(bench, "syslog"), "", "on standard error")


def counted(site):
    """{type: number of events}"""
    return {kind: int(count) for kind, count in re.findall(r'nestswitch_events_total\{type="([\w-]+)"\} (\d+)', site.get("/metrics").text())}


def limited(bench):
    """The log has at most this many lines a second. Other events are counted."""
    site = HttpSwitch(bench, "limited", MOVES, ["--log-level", "info"])
    wait_until(lambda: counted(site)["mac-moved"] == STATIONS, "stations do not move")
    time.sleep(1.1)
    toggle(bench, site.path)
    told = sum(counted(site).values())
    said = log(bench, "limited")
    left_out = sum(int(number) for number in re.findall(r"warning: (\d+) more events are not logged", said))
    lines = re.findall(r"nestswitch: (?:mac|port)-", said)
    tap.equal(left_out + len(lines), told, "events logged and left out")
    assert told > 2 * STATIONS and len(lines) <= 3 * LINES_A_SECOND, f"{len(lines)} of {told} events"
    site.stop()


def remembered(bench):
    """The history has the last events with dates, oldest first. It has no learned stations."""
    with bench.switch(MOVES, "events") as path:
        wait_until(lambda: len(events(bench, path)) == KEPT_OF_GUESTS, f"not {KEPT_OF_GUESTS} events")
        toggle(bench, path)
        lines = events(bench, path)
        last = events(bench, path, "count", "1")
        shown = json.loads(bench.succeeds("", "nestctl", "-s", path, "-j", "events"))["events"]
    for line in lines:
        assert re.match(f"{DATE} ", line), line
    tap.equal([line.split(" ")[1] for line in lines], ["mac-moved"] * KEPT_OF_GUESTS + ["port-down", "port-up"], "types")
    tap.equal(last, lines[-1:], "the last one")
    assert all(before["time"] <= after["time"] for before, after in zip(shown, shown[1:])), "not in order"
    age_s = datetime.now(timezone.utc).timestamp() - datetime.fromisoformat(shown[-1]["date"]).timestamp()
    assert 0 <= age_s < PATIENCE_S, f"{age_s} s old"


def tests(bench):
    bench.file("flap.pcap", pcap([frame("02:00:00:00:00:0f")] * 200))
    bench.file("moves.pcap", pcap([frame(f"02:00:00:02:{n >> 8:02x}:{n & 255:02x}") for n in range(STATIONS)]))
    yield "the log on standard error: date, level, text", lambda: plain(bench)
    yield "the log in the journal: level, text", lambda: journal(bench)
    yield "the log on a standard error that is not the journal", lambda: other_journal(bench)
    yield "the log goes to syslog", lambda: syslog(bench)
    yield "log level error", lambda: levels(bench, "error", (), ("mac-flap", "port-down", "configuration", "mac-learned"))
    yield "log level warning", lambda: levels(bench, "warning", ("mac-flap",), ("port-down", "configuration", "mac-learned"))
    yield "log level info", lambda: levels(bench, "info", ("mac-learned mac=", "mac-moved", "port-down"), ("request: ",))
    yield "log level debug", lambda: levels(bench, "debug", ("request: port.disable", "request: status", "mac-learned"), ())
    yield f"no more than {LINES_A_SECOND} events a second", lambda: limited(bench)
    yield f"nestctl events: the last {KEPT}", lambda: remembered(bench)
