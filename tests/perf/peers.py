# SPDX-License-Identifier: BSD-3-Clause
"""peers: other switches for comparison: Open vSwitch with DPDK, VPP, and the bridge of the Linux kernel."""

import json
import os
import re
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import lab
import processes
from captures import SIDES
from machine import CONTROL_CORE, WORKER_CORE, Absent, Unmeasurable, needs
from programs import START_S, Here, Program

OVS_DAEMON = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
OVS_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
OVS_PACKAGE = "openvswitch-switch-dpdk"
OVS_BUFFERS_MIB = 1024  # its buffer pool and tables
OVS_MOST = 100_000  # MACs per side; with more, each measurement takes minutes
OVS_WARM_S = 12
OVS_MISSES = 0.001  # it counts as warm below this share of frames without a flow
TABLE_SIZE = 1_000_000
VPP_PREFIX = "VPP_PREFIX"
VPP_HEAP_MIB = 1024  # its MAC table, and the captures
VPP_BUFFERS_MIB = 64  # its pool of 16,384 buffers; VPP reserves pages of its own if too few are free
VPP_CONFIG = """unix {{ nodaemon nosyslog nobanner runtime-dir {folder} cli-listen {folder}/cli.sock log {folder}/vpp.log }}
api-segment {{ prefix {prefix} }}
statseg {{ socket-name {folder}/stats.sock }}
plugins {{ plugin default {{ disable }} }}
cpu {{ main-core {control} corelist-workers {worker} }}
memory {{ main-heap-size {heap}M main-heap-page-size 2M }}
"""
# A row of `show runtime`: name, state, calls, vectors, suspends, clocks (of each vector, or of each call), vectors a call.
VPP_NODE = re.compile(r"^(\S+) +(\S.*?) +(\d+) +(\d+) +(\d+) +([\d.]+e-?\d+) +[\d.]+\s*$", re.MULTILINE)
VPP_GENERATOR, VPP_SENDERS = "pg-input", tuple(f"pg{number}-tx" for number in range(len(SIDES)))
VPP_PATH = {VPP_GENERATOR, "ethernet-input", "l2-input", "l2-learn", "l2-fwd", "l2-output", *VPP_SENDERS,
            *(f"pg{number}-output" for number in range(len(SIDES)))}
VPP_WORDS = 160  # characters of its output that an error shows
LINK_S = 10


class OpenVSwitch(Program):
    """The userspace datapath with one polling thread and action NORMAL. It is measured when warm, or after a limited time."""

    key, name = "ovs-dpdk", "Open vSwitch with DPDK, NORMAL"

    def prepare(self):
        needs(OVS_DAEMON, OVS_PACKAGE)
        needs("ovsdb-server", OVS_PACKAGE)

    def covers(self, n):
        return n <= OVS_MOST

    def memory_mib(self, _):
        return OVS_BUFFERS_MIB

    @contextmanager
    def running(self):
        """A separate database and daemon, in a temporary folder."""
        with tempfile.TemporaryDirectory(prefix="nest-ovs-") as folder:
            self.folder = Path(folder)
            started = []
            try:
                self.start_database(started)
                self.start_daemon(started)
                yield
            finally:
                for name in reversed(started):
                    stop(self.folder / f"{name}.pid")

    def environment(self):
        return {name: str(self.folder) for name in ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR")}

    def call(self, *words):
        return lab.run("env", *(f"{name}={value}" for name, value in self.environment().items()), *words).stdout

    def vsctl(self, *words):
        return self.call("ovs-vsctl", f"--db=unix:{self.folder}/db.sock", "--timeout=60", *words)

    def appctl(self, *words):
        return self.call("ovs-appctl", "-t", self.folder / "daemon.ctl", *words)

    def daemon_words(self, name):
        return [f"--pidfile={self.folder}/{name}.pid", "--detach", f"--log-file={self.folder}/{name}.log",
                f"--unixctl={self.folder}/{name}.ctl"]

    def start_database(self, started):
        self.call("ovsdb-tool", "create", self.folder / "conf.db", OVS_SCHEMA)
        started.append("db")
        self.call("ovsdb-server", self.folder / "conf.db", f"--remote=punix:{self.folder}/db.sock", *self.daemon_words("db"))

    def start_daemon(self, started):
        self.vsctl("--no-wait", "init")
        self.vsctl("--no-wait", "set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
                   f"other_config:pmd-cpu-mask={1 << WORKER_CORE:#x}", f"other_config:dpdk-lcore-mask={1 << CONTROL_CORE:#x}",
                   "other_config:dpdk-extra=--no-pci --in-memory")
        started.append("daemon")
        self.call(OVS_DAEMON, f"unix:{self.folder}/db.sock", *self.daemon_words("daemon"))

    def add_ports(self, n):
        self.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev", "fail-mode=standalone",
                   f"other_config:mac-table-size={TABLE_SIZE}")
        for number, side in enumerate(SIDES):
            self.vsctl("add-port", "br0", side, "--", "set", "interface", side, "type=dpdk",
                       f"options:dpdk-devargs=\"{self.captures.device(number, n)}\"")
            trouble = self.vsctl("get", "interface", side, "error").strip()
            if trouble != "[]":
                raise Unmeasurable(f"Open vSwitch: {trouble}")

    def watch(self, seconds):
        """The statistics of the polling thread over this time."""
        self.appctl("dpif-netdev/pmd-stats-clear")
        time.sleep(seconds)
        said = self.appctl("dpif-netdev/pmd-stats-show").split("main thread")[0]
        found = {name: re.search(rf"{name}: ([0-9.]+)", said) for name in
                 ("packets received", "avg cycles per packet", "miss with success upcall")}
        if not all(found.values()):
            raise Unmeasurable(f"Open vSwitch has forwarded no frames: {said.strip()}")
        return {name: float(match[1]) for name, match in found.items()}

    def measure(self, n, seconds):
        try:
            with self.running():
                self.add_ports(n)
                deadline = time.monotonic() + OVS_WARM_S
                while time.monotonic() < deadline:
                    seen = self.watch(seconds)
                    if seen["miss with success upcall"] < OVS_MISSES * seen["packets received"]:
                        break
                return self.watch(seconds)["avg cycles per packet"]
        except lab.Failure as error:
            raise Unmeasurable(f"{self.name}: {error}") from error


def stop(pidfile):
    """Ends a daemon. Its last action is to remove its pidfile."""
    if not pidfile.exists():
        return
    pid = int(pidfile.read_text())
    for number, patience_s in ((15, 10), (9, 5)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience_s
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)


class Vpp(Program):
    """A bridge domain that learns and ages, in a build of VPP that the environment names. VPP's packet generator replays the
    captures on the same worker, so the figure includes it. The other row leaves out its node.

    Each node's clocks run from the end of the node before, so their sum is the whole time of the worker."""

    def __init__(self, captures, generator=True):
        super().__init__(captures)
        self.generator = generator
        self.key = "vpp" if generator else "vpp-no-generator"
        self.name = "VPP bridge domain, packet generator" if generator else "VPP bridge domain, without the generator's node"
        self.prefix = Path(os.environ.get(VPP_PREFIX, ""))

    def prepare(self):
        if not os.environ.get(VPP_PREFIX):
            raise Absent(f"{VPP_PREFIX} names no build (docs/user/bench.md says how to make one)")
        for program in ("vpp", "vppctl"):
            if not os.access(self.prefix / "bin" / program, os.X_OK):
                raise Unmeasurable(f"{VPP_PREFIX} is {self.prefix}, where bin/{program} is no program")

    def memory_mib(self, _):
        return VPP_HEAP_MIB + VPP_BUFFERS_MIB

    def call(self, *words):
        return lab.run(self.prefix / "bin/vppctl", "-s", self.folder / "cli.sock", *words).stdout

    def set(self, text):
        """A command that says nothing if it succeeds. vppctl ends with 0 even if not."""
        said = self.call(*text.split()).strip()
        if said:
            raise Unmeasurable(f"{text}: {said}")

    @contextmanager
    def running(self):
        """A separate VPP, in a temporary folder."""
        with tempfile.TemporaryDirectory(prefix="nest-vpp-") as folder:
            self.folder = Path(folder)
            config = self.folder / "vpp.conf"
            config.write_text(VPP_CONFIG.format(folder=folder, prefix=self.folder.name, control=CONTROL_CORE, worker=WORKER_CORE,
                                                heap=VPP_HEAP_MIB))
            with open(self.folder / "said", "wb") as out:
                process = Here.start(self.prefix / "bin/vpp", "-c", config, stdout=out, stderr=out)
            try:
                self.await_start(process)
                yield
            except lab.Failure as error:
                raise Unmeasurable(f"{error}; VPP said: {self.words()}") from error
            finally:
                processes.end(process)

    def words(self):
        """What VPP printed. For example, it aborts if its worker does not run for a second, as on a busy machine."""
        said = re.sub(r"\x1b\[\d+m", "", (self.folder / "said").read_text(errors="replace"))
        return " ".join(said.split())[:VPP_WORDS] or "nothing"

    def await_start(self, process):
        deadline = time.monotonic() + START_S
        while not (self.folder / "cli.sock").exists():
            if process.poll() is not None:
                raise Unmeasurable(f"VPP ended with {process.returncode}; it said: {self.words()}")
            if time.monotonic() > deadline:
                raise Unmeasurable(f"VPP has no control socket within {START_S} s")
            time.sleep(0.05)

    def add_ports(self, n):
        self.call(*"create bridge-domain 1 learn 1 forward 1 flood 1 uu-flood 1 arp-term 0 mac-age 5".split())
        for number, side in enumerate(SIDES):
            self.set(f"create packet-generator interface pg{number}")
            self.set(f"set interface l2 bridge pg{number} 1")
            self.set(f"set interface state pg{number} up")
            self.set(f"packet-generator new name {side} source pg{number} worker 0 limit -1 pcap {self.captures.file(n, side)}")
        self.set("packet-generator enable-stream")

    def await_known(self, macs):
        deadline = time.monotonic() + START_S
        while not (found := re.search(r"learned entries: \d+/(\d+)", self.call("show", "l2fib"))) or int(found[1]) < macs:
            if time.monotonic() > deadline:
                raise Unmeasurable(f"VPP has not learned all of {macs} MACs within {START_S} s")
            time.sleep(0.05)

    def watch(self, seconds):
        """{node of the worker: (vectors, clocks)} over this time. VPP stops its worker while it reads and clears them."""
        self.set("clear runtime")
        time.sleep(seconds)
        said = self.call("show", "runtime").split("vpp_wk_0")[-1]
        return {name: (int(vectors), float(clocks) * (int(vectors) or int(calls)))
                for name, _, calls, vectors, _, clocks in VPP_NODE.findall(said)}

    def per_frame(self, nodes):
        """All clocks of the worker's nodes for each frame. Raises if a frame took another path than that of known unicast."""
        frames = nodes.get(VPP_GENERATOR, (0,))[0]
        sent = sum(nodes.get(name, (0,))[0] for name in VPP_SENDERS)
        strayed = [name for name, (vectors, _) in nodes.items() if vectors and name not in VPP_PATH]
        if not frames or sent != frames or strayed:
            raise Unmeasurable(f"VPP sent {sent} of {frames} frames; other nodes with frames: {strayed or 'none'}")
        return sum(clocks for name, (_, clocks) in nodes.items() if self.generator or name != VPP_GENERATOR) / frames

    def measure(self, n, seconds):
        with self.running():
            self.add_ports(n)
            self.await_known(2 * n)
            return self.per_frame(self.watch(seconds))


class LinuxBridge(Program):
    """The kernel's bridge between two veths. Packet sockets send the frames on the same core, so the figure includes them.
    The row without a bridge shows their cost alone."""

    def __init__(self, build, captures, bridge=True):
        super().__init__(captures)
        self.blast, self.bridge = Path(build).resolve() / "tests/perf/blast", bridge
        self.key = "linux-bridge" if bridge else "linux-veth"
        self.name = "Linux bridge, veths, packet sockets" if bridge else "veths, packet sockets, no bridge"

    def prepare(self):
        reason = lab.unsupported_reason()
        if reason:
            raise Absent(f"no Linux bridge here: {reason}")
        if not self.blast.exists():
            raise Unmeasurable(f"{self.blast} is not built (./lab bench builds it)")

    def connect(self, space):
        if self.bridge:
            # No packet filters: they would process every frame if they are loaded.
            space.run("sh", "-c", "for key in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $key ] || echo 0 >$key; done")
            space.ip("link", "add", "br0", "type", "bridge", "stp_state", "0", "forward_delay", "0", "mcast_snooping", "0")
            space.ip("link", "set", "br0", "up")
        for side in SIDES:
            space.ip("link", "add", f"{side}0", "type", "veth", "peer", "name", f"{side}1")
            for end in "01":
                space.ip("link", "set", f"{side}{end}", "up")
            if self.bridge:
                space.ip("link", "set", f"{side}1", "master", "br0")
        deadline = time.monotonic() + LINK_S
        while self.bridge and space.ip("-d", "link", "show", "master", "br0").stdout.count("state forwarding") < len(SIDES):
            if time.monotonic() > deadline:
                raise Unmeasurable(f"{self.name}: its ports do not forward within {LINK_S} s")
            time.sleep(0.05)

    def measure(self, n, seconds):
        space = lab.Namespace(f"nest{os.getpid()}-{self.key}", ipv6=False)
        try:
            self.connect(space)
            end = 0 if self.bridge else 1
            words = [word for side in SIDES for word in (f"{side}0", f"{side}{end}", self.captures.file(n, side))]
            said = json.loads(space.run(self.blast, WORKER_CORE, seconds, *words).stdout)
        except lab.Failure as error:
            raise Unmeasurable(f"{self.name}: {error}") from error
        finally:
            space.delete()
        if said["received"] < 0.99 * said["sent"]:
            raise Unmeasurable(f"{self.name}: {said['received']} of {said['sent']} frames arrived")
        return said["cycles"] / said["received"]
