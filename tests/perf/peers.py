# SPDX-License-Identifier: BSD-3-Clause
"""peers: other switches for comparison: Open vSwitch with DPDK, and the bridge of the Linux kernel."""

import json
import os
import re
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import lab
from captures import SIDES
from machine import CONTROL_CORE, WORKER_CORE, Absent, Unmeasurable, needs
from programs import Program

OVS_DAEMON = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
OVS_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
OVS_PACKAGE = "openvswitch-switch-dpdk"
OVS_BUFFERS_MIB = 1024  # its buffer pool and tables
OVS_MOST = 100_000  # MACs per side; with more, each measurement takes minutes
OVS_WARM_S = 12
OVS_MISSES = 0.001  # it counts as warm below this share of frames without a flow
TABLE_SIZE = 1_000_000
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
