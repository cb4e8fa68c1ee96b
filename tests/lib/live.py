# SPDX-License-Identifier: BSD-3-Clause
"""live: a switch with stations, which are namespaces with one interface, and a client of its control socket."""

import json
import os
import socket
import sys
from pathlib import Path

import lab
import processes
import tap

TRAFFIC = Path(__file__).resolve().parent / "traffic"
PATIENCE_S = 30
STREAM_RATE, STREAM_PORT = 1000, 7000


class Refused(Exception):
    """The switch refused a request; the text is its reason."""


class Control:
    """JSON-RPC over the control socket: one connection for many requests."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def call(self, method, **params):
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        line = self.lines.readline()
        assert line, "the switch closed the connection"
        answer = json.loads(line)
        assert answer["id"] == self.number, f"answer: {answer}"
        if "error" in answer:
            raise Refused(answer["error"]["message"])
        return answer["result"]

    def ports(self):
        return {port["name"]: port for port in self.call("stats.show")}


class Station(lab.Namespace):
    """A namespace whose interface eth0 is on the port `port`. It has IPv4 with static neighbours."""

    def __init__(self, net, port, number):
        super().__init__(net.name(port), ipv6=False)
        self.port, self.number = port, number
        self.mac, self.ip4 = f"02:00:00:00:00:{number:02x}", f"10.78.0.{number}"

    def plug(self, switch):
        self.ip("link", "add", "eth0", "address", self.mac, "type", "veth", "peer", "name", self.port, "netns", switch.name)
        switch.ip("link", "set", self.port, "up")
        self.ip("addr", "add", f"{self.ip4}/24", "dev", "eth0")
        self.ip("link", "set", "eth0", "up")

    def knows(self, other):
        self.ip("neigh", "replace", other.ip4, "lladdr", other.mac, "dev", "eth0", "nud", "permanent")

    def traffic(self, *words):
        return self.start(sys.executable, TRAFFIC, *words, stdout=-1, text=True)


class Net(lab.Testbed):
    """The namespaces of the switch and its stations."""

    def __init__(self, build, ports):
        super().__init__(self.name(""))
        self.build, self.names, self.stations = build, ports, {}

    def name(self, role):
        return f"nest{os.getpid()}p-{role}"

    def set_up(self):
        self.namespace = self.made(lab.Namespace(self.name("switch"), ipv6=False))
        for number, port in enumerate(self.names, 1):
            self.stations[port] = self.made(Station(self, port, number))
            self.stations[port].plug(self.namespace)

    def start(self, config, **more):
        self.switch = lab.Switch(self.build, self.namespace, Path(self.folder.name), config, **more)
        return self.switch

    def stop(self):
        """Stops the switch and returns its exit status."""
        switch, self.switch = self.switch, None
        return switch.stop() if switch else None


def finish(process, patience_s=PATIENCE_S):
    """Ends a traffic program and returns its report."""
    said = processes.last_words(process, patience_s=patience_s)
    assert process.returncode == 0, f"{process.args}: exit status {process.returncode}"
    return json.loads(said)


class Stream:
    """Numbered datagrams from one station to another."""

    def __init__(self, net, sender, receiver, rate=STREAM_RATE):
        self.name = f"{sender} to {receiver}"
        one, other = net.stations[sender], net.stations[receiver]
        one.knows(other)
        self.receiver = other.traffic("receive", STREAM_PORT)
        tap.equal(self.receiver.stdout.readline(), "ready\n", "the receiver's first word")
        self.sender = one.traffic("send", other.ip4, STREAM_PORT, rate)

    def finish(self):
        self.sent = finish(self.sender)["sent"]
        return self

    def count(self):
        """(numbers of the lost datagrams, how many came twice)"""
        got = finish(self.receiver)
        lost = got["missing"] + list(range(got["highest"] + 1, self.sent))
        print(f"# {self.name}: {self.sent} sent, {len(lost)} lost, {got['twice']} duplicated")
        return lost, got["twice"]

    def result(self):
        lost, twice = self.count()
        if not lost and not twice:
            return None
        return f"{self.name}: lost {lost[:20]} ({len(lost)} of {self.sent}), {twice} duplicated"
