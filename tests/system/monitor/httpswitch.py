# SPDX-License-Identifier: BSD-3-Clause
"""httpswitch: a live switch with a client of its HTTP server. Its traffic comes from a capture."""

import http.client
import json
import os
import socket
from contextlib import ExitStack

from bench import PATIENCE_S, Client, frame, pcap

TOKEN = "correct-horse-battery-staple"
STATIONS = 5000  # more than one page of the FDB
NAME = 'a "lab" \\ 1'
CONFIG = f"""
switch: {{ name: '{NAME}', mac-table-size: 20000 }}
dataplane: {{ memory: 128, hugepages: off, busy-poll: off }}
policy: {{ mac-limit: 6000, forged-transmits: accept }}
ports:
  - {{ name: esx-1.a, device: 'pcap:in.pcap' }}
  - {{ name: b, device: 'net_null1,no-rx=1', mac-address: 02:00:00:00:00:0b }}
  - {{ name: c, device: 'pcap:forged.pcap', mac-address: 02:00:00:00:00:0c, policy: {{ forged-transmits: reject }} }}
"""


def captures(bench):
    """Captures of stations to learn, and of frames to drop on another port."""
    bench.file("in.pcap", pcap([frame(f"02:00:00:01:{n >> 8:02x}:{n & 255:02x}") for n in range(STATIONS)]))
    bench.file("forged.pcap", pcap([frame("02:00:00:00:00:77")] * 3 + [frame("02:00:00:00:00:0c")]))


def free_port(family=socket.AF_INET, address="127.0.0.1"):
    with socket.socket(family) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    def json(self):
        return json.loads(self.body)

    def text(self):
        return self.body.decode()


class HttpSwitch:
    """The first test that needs the switch starts it. stop() is a test and stops it."""

    def __init__(self, bench, name, config=CONFIG, options=(), address="127.0.0.1"):
        self.bench, self.name, self.config, self.options, self.address = bench, name, config, options, address
        self.stack = ExitStack()
        self.path = None

    def start(self):
        if self.path:
            return self
        self.port = free_port(socket.AF_INET6 if ":" in self.address else socket.AF_INET, self.address)
        host = f"[{self.address}]" if ":" in self.address else self.address
        self.path = self.stack.enter_context(
            self.bench.switch(self.config, self.name, options=["--http", f"{host}:{self.port}", *self.options]))
        self.process = self.bench.running[-1]
        return self

    def stop(self):
        self.stack.close()

    def ask(self, method, path, body=None, headers=()):
        self.start()
        connection = http.client.HTTPConnection(self.address, self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, dict(headers))
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, headers=headers.items())

    def result(self, path):
        answer = self.get(path)
        assert answer.status == 200, f"{path}: {answer.status}: {answer.text()}"
        return answer.json()

    def call(self, method, params=None):
        """Calls a method through the control socket."""
        client = Client(self.start().path)
        try:
            answer = client.call(method, params)
        finally:
            client.close()
        assert "result" in answer, f"{method} {params}: {answer}"
        return answer["result"]

    def connect(self):
        self.start()
        connection = socket.create_connection((self.address, self.port))
        connection.settimeout(PATIENCE_S)
        return connection

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))
