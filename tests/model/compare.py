# SPDX-License-Identifier: BSD-3-Clause
"""compare: what the model expects of a scenario, and how the switch differs, as readable lines."""

import heapq
import json

import pcap
from model import DEFAULTS, SECOND
from tunnels import SourcePorts, Switch

# Timed events of one instant have no order among each other.
BY_THEMSELVES = ("mac-aged", "port-recovered", "group-left", "querier-changed")


class Expected:
    def __init__(self, scenario):
        self.switch = Switch(scenario.config, {**DEFAULTS, **scenario.builtin})
        self.arrivals = arrivals(scenario)
        start = self.arrivals[0][0]
        for time, port, data, wire_length in self.arrivals:
            self.switch.receive(time - start, port, data, wire_length)
        if scenario.until is not None:
            self.switch.advance(int(scenario.until * SECOND))
        self.start = start
        self.report = self.switch.report()
        self.bodies = {port.name: pcap.body([(start + time, data, len(data)) for time, data, _ in port.sent])
                       for port in self.switch.ports if port.name not in tunnels(scenario.config)}


def tunnels(config):
    return {peer["vtep"] for peer in config.get("evpn", {}).get("peers", [])}


def devices(config):
    """Names of the ports that have captures."""
    way = config.get("evpn", {}).get("underlay")
    return [port["name"] for port in config["ports"]] + (["underlay"] if way else []) + ([way["twin"]] if way and "twin" in way else [])


def arrivals(scenario):
    """The frames of all captures, merged by time. Ties are in the order of the ports."""
    captures = [[frame for frame in scenario.frames if frame[1] == name] for name in devices(scenario.config)]
    # If a capture goes back in time, its frames keep their order.
    return list(heapq.merge(*captures, key=lambda frame: frame[0]))


def differences(expected, folder):
    """Lines that describe the differences; empty if there are none."""
    found = []
    for name, wanted in expected.bodies.items():
        try:
            got = pcap.read_body("%s/%s.pcap" % (folder, name))
        except (OSError, ValueError) as error:
            found.append(str(error))
            continue
        port = expected.switch.by_name[name]
        if getattr(port, "flows", None):
            wanted, faults = with_source_ports(port.flows, wanted, got)
            found += faults
        if got != wanted:
            found += output_difference(expected, port, wanted, got)
    with open(folder + "/report.json") as file:
        found += report_differences(expected.report, in_nanoseconds(json.load(file)))
    return found


def with_source_ports(flows, wanted, got):
    """The expected output with the source ports that the switch chose, and what is wrong with these."""
    chosen, records, have = SourcePorts(flows), pcap.records(wanted), pcap.records(got)
    for n, (record, other) in enumerate(zip(records, have)):
        data = chosen.take_over(n, record[1], other[1])
        records[n] = record[0], data, record[2]
    return pcap.body(records), chosen.all_faults()


def output_difference(expected, port, wanted, got):
    """The first frame of an output that differs, and the cause of the expected frame."""
    want, have = pcap.records(wanted), pcap.records(got)
    at = next((n for n, pair in enumerate(zip(want, have)) if pair[0] != pair[1]), min(len(want), len(have)))
    lines = ["output of %s differs at frame %d (expected %d frames, got %d)" % (port.name, at, len(want), len(have))]
    if at < len(want):
        lines.append("  expected %s" % record_text(want[at], expected.start))
        lines.append("    caused by %s" % arrival_text(expected, port.sent[at][2] - 1))
    if at < len(have):
        lines.append("  got      %s" % record_text(have[at], expected.start))
    return lines


def report_differences(want, got, path="report"):
    """Lines with path and values for every leaf that differs between two JSON values."""
    if isinstance(want, dict) and isinstance(got, dict):
        lines = []
        for key in sorted(want.keys() | got.keys()):
            lines += report_differences(want.get(key, "nothing"), got.get(key, "nothing"), "%s.%s" % (path, key))
        return lines
    if path in ("report.events", "report.fdb") and want != got:
        return list_difference(path, want, got)
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [line for n, pair in enumerate(zip(want, got))
                for line in report_differences(*pair, "%s[%s]" % (path, pair[0].get("name", n)))]
    return [] if want == got else ["%s: expected %s, got %s" % (path, want, got)]


def list_difference(path, want, got):
    if path == "report.events":
        want, got = in_order(want), in_order(got)
    at = next((n for n, pair in enumerate(zip(want, got)) if pair[0] != pair[1]), min(len(want), len(got)))
    if at == len(want) == len(got):
        return []
    return ["%s[%d] (expected %d, got %d)" % (path, at, len(want), len(got))] + [
        "  %s %s" % (name, json.dumps(rows[at]) if at < len(rows) else "nothing")
        for name, rows in (("expected", want), ("got     ", got))]


def in_order(events):
    """The events, with adjacent timed events sorted. Of equal times violations come first, in no order, because the
    switch reports them at the end of their second."""
    events = sorted(events, key=lambda event: (event["time"], json.dumps(event) if event["type"] == "violation" else "~"))
    ordered, together = [], []
    for event in events + [None]:
        if together and (not event or event["type"] not in BY_THEMSELVES or event["time"] != together[0]["time"]):
            ordered += sorted(together, key=json.dumps)
            together = []
        if event:
            (together if event["type"] in BY_THEMSELVES else ordered).append(event)
    return ordered


def in_nanoseconds(report):
    report["switch"]["time"] = round(report["switch"]["time"] * SECOND)
    for event in report["events"]:
        event["time"] = round(event["time"] * SECOND)
    return report


def in_seconds(report):
    timed = [report["switch"]] + report["events"]
    return {**report, "switch": {**timed[0], "time": timed[0]["time"] / SECOND},
            "events": [{**event, "time": event["time"] / SECOND} for event in timed[1:]]}


def story(expected, most=40):
    """The model's result for each frame, as lines."""
    count = len(expected.arrivals)
    lines = [arrival_text(expected, n) for n in range(min(count, most))]
    return lines + ["... and %d more frames" % (count - most)] * (count > most)


def arrival_text(expected, number):
    time, port, data, wire_length = expected.arrivals[number]
    outcome, went_to = expected.switch.log[number]
    return "frame %d on %s: %s -> %s%s" % (
        number + 1, port, record_text((time, data, wire_length), expected.start), outcome,
        ": " + ", ".join(went_to) if went_to else "")


def record_text(record, start):
    time, data, wire_length = record
    cut = " of %d" % wire_length if wire_length != len(data) else ""
    return "%.9f %s %d%s bytes" % ((time - start) / SECOND, frame_text(data), len(data), cut)


def frame_text(data):
    if len(data) < 14:
        return data.hex() or "(empty)"
    text, at = "%s > %s" % (data[6:12].hex(":"), data[0:6].hex(":")), 12
    while data[at:at + 2] in (b"\x81\x00", b"\x88\xa8") and len(data) >= at + 4:
        tci = int.from_bytes(data[at + 2:at + 4], "big")
        text += " %s vid %d pri %x" % (data[at:at + 2].hex(), tci & 0xfff, tci >> 12)
        at += 4
    shown = 70 if data[at:at + 2] == b"\x08\x00" else 14  # of IPv4, what a tunnel puts before a frame
    return "%s type %s %s" % (text, data[at:at + 2].hex(), data[at + 2:at + shown].hex())
