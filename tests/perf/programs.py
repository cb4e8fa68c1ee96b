# SPDX-License-Identifier: BSD-3-Clause
"""programs: programs to compare. Each forwards between two captures on one core, while cycles and frames are counted."""

import os
import pty
import re
import select
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import lab
import processes
from captures import SIDES, VLAN
from live import Control
from machine import CONTROL_CORE, WORKER_CORE, Unmeasurable, needs

START_S = 60
SETTLE_S = 0.3
SPARE_BUFFERS = 100_000  # for queues and caches, in addition to the captures
BUFFER_BYTES = 2560  # a buffer with its header, rounded up
POOL_SHARE = 0.8  # the part of its memory that nestswitch uses for buffers


def memory_mib(n):
    """The memory for buffers with both captures and for tables of 2 n MACs."""
    return int((2 * max(n, 1024) + SPARE_BUFFERS) * BUFFER_BYTES / POOL_SHARE / 2**20) + 128


class Terminal:
    """A program on a pseudo-terminal, so that its output is line-buffered."""

    def __init__(self, words):
        self.master, slave = pty.openpty()
        self.said, self.process = "", None
        try:
            self.process = subprocess.Popen(list(map(str, words)), stdin=slave, stdout=slave, stderr=slave)
        finally:
            os.close(slave)

    def expect(self, pattern, timeout_s=START_S):
        """Waits for a pattern in the output. Returns the match."""
        deadline = time.monotonic() + timeout_s
        while not (found := re.search(pattern, self.said)):
            if not select.select([self.master], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Unmeasurable(f"{self.process.args[0]} does not print '{pattern}' within {timeout_s} s: {self.said[-300:]}")
            try:
                self.said += os.read(self.master, 65536).decode(errors="replace")
            except OSError:  # the program has closed the terminal
                raise Unmeasurable(f"{self.process.args[0]} ended: {self.said[-600:].strip()}") from None
        self.said = self.said[found.end():]
        return found

    def send(self, line):
        os.write(self.master, line.encode() + b"\n")

    def close(self):
        if self.process:
            processes.end(self.process, signal.SIGKILL)
        os.close(self.master)


class Program:
    """A program to compare. Subclasses have a key and a name. `tagged`: it forwards the tagged captures."""

    tagged = False

    def __init__(self, captures):
        self.captures = captures

    def prepare(self):
        """Raises Absent if the program is not installed."""

    def covers(self, _):
        """Whether a measurement with this many MACs per side is feasible."""
        return True

    def memory_mib(self, _):
        """The huge pages that the program needs for this many MACs per side."""
        return 0

    def capture(self, n):
        """Makes the captures before the measurement."""
        for side in SIDES:
            self.captures.file(n, side, self.tagged)

    def measure(self, n, seconds):
        """Cycles of its core per frame, with n MACs on either side. Raises Unmeasurable."""
        raise NotImplementedError


class Testpmd(Program):
    """DPDK's test program. `io` receives and sends; `macswap` also swaps the two addresses."""

    PROMPT = r"testpmd> "

    def __init__(self, captures, mode, tagged=False):
        super().__init__(captures)
        self.mode, self.tagged = mode, tagged
        self.key = f"testpmd-{mode}{'-tagged' * tagged}"
        self.name = f"testpmd {mode}{', tagged captures' * tagged}"

    def prepare(self):
        needs("dpdk-testpmd", "dpdk-dev")

    def memory_mib(self, n):
        return memory_mib(n)

    def words(self, n):
        devices = [word for number in range(len(SIDES)) for word in ("--vdev", self.captures.device(number, n, self.tagged))]
        return ["dpdk-testpmd", "-l", f"{CONTROL_CORE},{WORKER_CORE}", "--no-pci", "--in-memory", *devices, "--", "-i",
                "--auto-start", "--nb-cores=1", "--burst=32", f"--forward-mode={self.mode}", "--record-core-cycles",
                f"--total-num-mbufs={2 * max(n, 1024) + SPARE_BUFFERS}"]

    def measure(self, n, seconds):
        terminal = Terminal(self.words(n))
        try:
            terminal.expect(self.PROMPT)
            time.sleep(SETTLE_S)
            terminal.send("clear fwd stats all")
            terminal.expect(self.PROMPT)
            time.sleep(seconds)
            terminal.send("show fwd stats all")
            return float(terminal.expect(r"CPU cycles/packet=([0-9.]+)")[1])
        finally:
            terminal.close()


DEFAULTS = """dataplane: {{ workers: 1, memory: {memory}, hugepages: on }}
policy: {{ mac-limit: {limit} }}
ports:
  - {{ name: a, device: "{a}" }}
  - {{ name: b, device: "{b}" }}
"""

# Every check of addresses, tag, length and time for frames between a and b, with limits that no frame exceeds. More ports
# have assigned and static MACs.
EVERYTHING = """dataplane: {{ workers: 1, memory: {memory}, hugepages: on }}
policy: {{ mac-limit-policy: drop, allowed-vlans: {vlan}, native-vlan: 0, storm-broadcast: 1000,
          storm-multicast: 1000, storm-unknown-unicast: 1000, ingress-rate: 400000000, egress-rate: 400000000 }}
ports:
  - {{ name: a, device: "{a}", policy: {{ vlan-mode: access, access-vlan: {vlan}, mac-limit: {limit}, isolation-group: 1 }} }}
  - {{ name: b, device: "{b}", policy: {{ mac-limit: {limit}, isolation-group: 2 }} }}
  - {{ name: c, device: "null:", mac-address: "02:00:20:00:00:01", policy: {{ forged-transmits: reject, mac-limit: 16 }} }}
  - {{ name: d, device: "null:", mac-address: "02:00:20:00:00:02", policy: {{ forged-transmits: reject, mac-limit: 16 }} }}
static-macs:
  - {{ mac: "02:00:30:00:00:01", vlan: {vlan}, port: c }}
  - {{ mac: "02:00:30:00:00:02", vlan: {vlan}, port: d }}
"""
GUARDED = EVERYTHING.replace("policy: {{", "policy: {{ dhcp-server: block, router-advert: block,", 1)
TAPS = DEFAULTS + "".join(f"  - {{{{ name: t{number}, device: 'tap:t{number}' }}}}\n" for number in range(16))


class Here:
    """Starts a switch for lab.Switch without a namespace. The switch ends together with the benchmark."""

    @staticmethod
    def start(*words, **options):
        return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *map(str, words)], stdin=subprocess.DEVNULL, **options)


class Apart(Here):
    """Starts a switch in a new network namespace, whose interfaces send nothing on their own."""

    @staticmethod
    def start(*words, **options):
        silent = "sysctl -qw net.ipv6.conf.default.disable_ipv6=1 && exec \"$@\""
        return Here.start("unshare", "--net", "sh", "-c", silent, "sh", *words, **options)


class Nestswitch(Program):
    """`nestswitch run`. It has learned every MAC before the measurement."""

    def __init__(self, build, captures, folder, key, name, config=DEFAULTS, tagged=False, where=Here):
        super().__init__(captures)
        self.build, self.folder, self.where = build, folder, where
        self.key, self.name, self.config, self.tagged = key, name, config, tagged

    def prepare(self):
        for program in ("nestswitch", "nestctl"):
            if not (Path(self.build) / program).exists():
                raise Unmeasurable(f"{self.build}/{program} is not built (./lab build)")

    def memory_mib(self, n):
        return memory_mib(n)

    def text(self, n):
        a, b = (self.captures.device(number, n, self.tagged) for number in range(len(SIDES)))
        return self.config.format(a=a, b=b, limit=max(1024, n + n // 5), memory=memory_mib(n), vlan=VLAN)

    @contextmanager
    def running(self, n):
        switch = lab.Switch(self.build, self.where, self.folder, self.text(n))
        try:
            with Control(switch.socket) as control:
                await_known(control, 2 * n)
                yield control
        finally:
            ended = switch.stop(signal.SIGTERM)
        if ended:
            raise Unmeasurable(f"nestswitch ended with {ended}: {switch.last_words()}")

    def measure(self, n, seconds):
        try:
            with self.running(n) as control:
                time.sleep(SETTLE_S)
                before = sample(control)
                time.sleep(seconds)
                return per_frame(before, sample(control))
        except lab.Failure as error:
            raise Unmeasurable(f"{self.name}: {error}") from error


def await_known(control, macs):
    deadline = time.monotonic() + START_S
    while (learned := control.call("status")["fdb"]["learned"]) < macs:
        if time.monotonic() > deadline:
            raise Unmeasurable(f"nestswitch learned {learned} of {macs} MACs in {START_S} s")
        time.sleep(0.05)


def sample(control):
    """The counters of the ports, and the worker's cycles at that time: the mean of readings before and after."""
    cycles = [control.call("status")["workers"][0]["cycles"]]
    ports = control.ports()
    cycles.append(control.call("status")["workers"][0]["cycles"])
    return sum(cycles) / 2, ports


def per_frame(before, after):
    frames = 0
    for name, port in after[1].items():
        was = before[1][name]
        lost = sum(port[drops][why] - was[drops][why] for drops in ("rx_drops", "tx_drops") for why in port[drops])
        flooded = port["rx_flooded"] - was["rx_flooded"]
        if lost or flooded:
            raise Unmeasurable(f"nestswitch: port {name} dropped {lost} and flooded {flooded} frames during the measurement")
        frames += port["rx_packets"] - was["rx_packets"]
    if not frames:
        raise Unmeasurable("nestswitch forwarded no frames")
    return (after[0] - before[0]) / frames
