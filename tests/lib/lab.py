# SPDX-License-Identifier: BSD-3-Clause
"""lab: nested hosts made of network namespaces, on the ports of a live switch.

A nested host is a namespace with its own bridge (the inner vSwitch) and an uplink. Its guests are namespaces on that bridge.
The uplink of kind `tap` is a TAP that the switch made and the lab moved to the host's namespace. The uplink of kind
`af_packet` is a veth whose other end the switch opens. The switch also has a namespace: the lab does not touch the
machine's network.
"""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import processes

START_S = 30
LAST_REPLY_S = 10  # a busy machine can delay a reply
CONTACTS, CONTACT_S = 20, 1  # attempts at first contact, and the wait for each
UNREACHABLE = 3  # exit status of nestctl if no switch answers


class Failure(Exception):
    """A command failed."""


def run(*words, check=True, timeout=60):
    words = [str(word) for word in words]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
    except OSError as error:
        raise Failure(str(error)) from error
    if check and done.returncode:
        raise Failure(f"{' '.join(words)}: exit status {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done


def unsupported_reason():
    """The reason why this machine cannot run the lab; None if it can."""
    if os.geteuid():
        return "not root"
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun"
    probe = f"nest{os.getpid()}probe"
    try:
        run("ip", "netns", "add", probe)
        run("ip", "-n", probe, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", probe, "link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
    except Failure as error:
        return f"no network namespaces, bridges or veths: {error}"
    finally:
        if os.path.exists(f"/run/netns/{probe}"):
            run("ip", "netns", "del", probe)
    return None


class Namespace:
    """One network namespace. Without IPv6 its interfaces send nothing on their own."""

    def __init__(self, name, ipv6):
        self.name = name
        run("ip", "netns", "add", name)
        if os.path.exists("/proc/sys/net/ipv6"):
            for where in ("all", "default"):
                self.run("sysctl", "-qw", f"net.ipv6.conf.{where}.disable_ipv6={0 if ipv6 else 1}",
                         f"net.ipv6.conf.{where}.accept_ra=0", f"net.ipv6.conf.{where}.accept_dad=0",
                         f"net.ipv6.conf.{where}.router_solicitations=0")
        self.ip("link", "set", "lo", "up")

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, check=True, timeout=60):
        return run(*self.command(*words), check=check, timeout=timeout)

    def start(self, *words, **options):
        return subprocess.Popen(self.command(*words), **{"stdin": subprocess.DEVNULL, **options})

    def ip(self, *words):
        return run("ip", "-n", self.name, *words)

    def delete(self):
        for pid in run("ip", "netns", "pids", self.name, check=False).stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue
        run("ip", "netns", "del", self.name, check=False)


class Pings:
    """Echo requests that ping sent, and replies that the kernel counted.

    ping waits for the last reply for one interval only. A busy machine may need longer.
    """

    def __init__(self, namespace):
        self.namespace, self.before = namespace, echo_replies(namespace)

    def finish(self, text, patience_s):
        found = re.search(r"(\d+) packets transmitted", text)
        if not found:
            raise Failure(f"ping: {text.strip()}")
        self.sent = int(found[1])
        deadline = time.monotonic() + patience_s
        while (came := echo_replies(self.namespace) - self.before) < self.sent and time.monotonic() < deadline:
            time.sleep(0.05)
        self.received, self.duplicates = min(came, self.sent), max(0, came - self.sent)
        return self

    def all_came(self):
        return self.received == self.sent > 0 and not self.duplicates

    def none_came(self):
        return self.sent > 0 and not self.received

    def __str__(self):
        return f"{self.sent} pings sent, {self.received} answered, {self.duplicates} duplicates"


def echo_replies(namespace):
    """The number of ICMP and ICMPv6 echo replies that the namespace has received."""
    text = namespace.run("cat", "/proc/net/snmp").stdout
    names, values = re.findall("^Icmp: (.*)$", text, re.MULTILINE)
    total = int(dict(zip(names.split(), values.split()))["InEchoReps"])
    six = namespace.run("cat", "/proc/net/snmp6", check=False).stdout  # absent without IPv6
    return total + sum(map(int, re.findall(r"^Icmp6InEchoReplies\s+(\d+)", six, re.MULTILINE)))


def ping(namespace, address, count, interval, patience_s):
    pings = Pings(namespace)
    done = namespace.run("ping", "-n", "-q", "-c", count, "-i", interval, "-W", 1, address, check=False,
                         timeout=count * (interval + 1) + 10)
    return pings.finish(done.stdout + done.stderr, patience_s)


class Station(Namespace):
    """A namespace that sends and answers pings."""

    def ping(self, address, count=5, interval=0.05):
        """Pings that the other side should answer. The first contact is not counted, because the kernel may give up address
        resolution on a busy machine."""
        for _ in range(CONTACTS):
            if ping(self, address, 1, 1, CONTACT_S).received:
                break
        return ping(self, address, count, interval, LAST_REPLY_S)

    def ping_unanswered(self, address, count=5, interval=0.05):
        return ping(self, address, count, interval, 1)

    def flush_neighbours(self):
        self.ip("neigh", "flush", "all")


class Guest(Station):
    """A nested VM with one interface. Only the bridge of its host knows its MAC."""

    def __init__(self, name, host, number):
        super().__init__(name, ipv6=True)
        self.mac = f"52:54:00:00:{host.number:02x}:{number:02x}"
        self.ip4, self.ip6 = f"10.77.0.{host.number * 10 + number}", f"fd77::{host.number * 10 + number}"
        self.plug(host)

    def plug(self, host):
        """Connects the guest to this host and disconnects it from its previous host."""
        self.unplug()
        self.host, self.inner = host, f"v{self.mac[-5:].replace(':', '')}"
        self.ip("link", "add", "eth0", "address", self.mac, "type", "veth", "peer", "name", self.inner, "netns", host.name)
        host.ip("link", "set", self.inner, "master", "br0", "up")
        self.ip("link", "set", "eth0", "up")
        self.ip("addr", "add", f"{self.ip4}/24", "dev", "eth0")
        self.ip("addr", "add", f"{self.ip6}/64", "dev", "eth0", "nodad")

    def unplug(self):
        if "eth0" in self.ip("-o", "link").stdout:
            self.ip("link", "del", "eth0")


class Host(Station):
    """A nested hypervisor: an inner bridge with the host's own MAC and address, and guests."""

    def __init__(self, name, port, number):
        super().__init__(name, ipv6=False)
        self.port, self.number = port, number
        self.mac, self.ip4 = f"02:00:00:00:00:{number:02x}", f"10.77.0.{number}"
        self.ip("link", "add", "br0", "address", self.mac, "type", "bridge", "stp_state", "0", "forward_delay", "0",
                "mcast_snooping", "0")
        self.ip("link", "set", "br0", "up")
        self.ip("addr", "add", f"{self.ip4}/24", "dev", "br0")
        self.guests = []

    def connect(self, interface):
        self.ip("link", "set", interface, "master", "br0", "up")


class Switch:
    """A live nestswitch."""

    def __init__(self, build, namespace, folder, config, eal=(), options=(), environment=(), fresh=True):
        self.build, self.socket = Path(build).resolve(), folder / "control.sock"
        self.config, self.log = folder / "config.yaml", folder / "nestswitch.log"
        self.config.write_text(config)
        words = [self.build / "nestswitch", "run", "--config", self.config, "--socket", self.socket, *["--fresh"] * fresh, *options]
        with self.log.open("ab") as log:
            self.process = namespace.start(*words, *(["--", *eal] if eal else []), stdout=log, stderr=log,
                                           env=os.environ | dict(environment))
        self.await_start()

    def await_start(self):
        deadline = time.monotonic() + START_S
        while (asked := self.nestctl("status", check=False)).returncode:
            if asked.returncode != UNREACHABLE:
                raise Failure(f"nestctl ended with {asked.returncode}: {asked.stderr}")
            if self.process.poll() is not None:
                raise Failure(f"nestswitch ended: exit status {self.process.returncode}: {self.last_words()}")
            if time.monotonic() > deadline:
                raise Failure(f"nestswitch does not answer after {START_S} s: {self.last_words()}")
            time.sleep(0.05)

    def last_words(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def nestctl(self, *words, check=True):
        return run(self.build / "nestctl", "-s", self.socket, *words, check=check)

    def show(self, *words):
        return json.loads(run(self.build / "nestctl", "-s", self.socket, "-j", *words).stdout)

    def ports(self):
        return {port["name"]: port for port in self.show("stats")}

    def places(self, vlan=1):
        """{MAC: port} of the learned FDB entries."""
        return {entry["mac"]: entry["port"] for entry in self.show("fdb", "show") if
                entry["type"] == "dynamic" and entry["vlan"] == vlan}

    def stop(self, number=signal.SIGTERM):
        """Stops the switch and returns its exit status, see processes.end()."""
        return processes.end(self.process, number)


class Testbed:
    """Namespaces, a folder and a switch. If `set_up` of a subclass fails, the context manager cleans up."""

    def __init__(self, prefix):
        self.namespaces, self.switch = [], None
        self.folder = tempfile.TemporaryDirectory(prefix=prefix)

    def __enter__(self):
        try:
            self.set_up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.switch:
            self.switch.stop()
        for namespace in reversed(self.namespaces):
            namespace.delete()
        self.folder.cleanup()

    def made(self, namespace):
        self.namespaces.append(namespace)
        return namespace


class Lab(Testbed):
    """Nested hosts on one switch. `kind` is tap or af_packet."""

    def __init__(self, build, kind="tap", hosts=3, guests=2):
        super().__init__(f"nest{os.getpid()}-")
        self.build, self.kind = build, kind
        self.counts, self.hosts = (hosts, guests), []

    def set_up(self):
        self.namespace = self.made(Namespace(self.name("switch"), ipv6=False))
        hosts, guests = self.counts
        for number in range(1, hosts + 1):
            self.hosts.append(self.made(Host(self.name(f"host{number}"), f"host{number}", number)))
            self.hosts[-1].guests = [self.made(Guest(self.name(f"guest{number}{letter}"), self.hosts[-1], at))
                                     for at, letter in enumerate("abcdefgh"[:guests], 1)]
        if self.kind == "af_packet":
            self.lay_cables()

    def name(self, role):
        return f"nest{os.getpid()}-{role}"

    def guests(self):
        return [guest for host in self.hosts for guest in host.guests]

    def lay_cables(self):
        for host in self.hosts:
            self.namespace.ip("link", "add", host.port, "up", "type", "veth", "peer", "name", "uplink", "netns", host.name)
            host.connect("uplink")

    def config(self, policy="", workers=1, hugepages="off"):
        """A configuration with one port for each nested host and a switch-wide `policy`."""
        ports = "".join(f"  - {{ name: {host.port}, device: '{self.kind}:{host.port}', mac-address: '{host.mac}' }}\n"
                        for host in self.hosts)
        return (f"dataplane: {{ workers: {workers}, memory: 128, hugepages: {hugepages} }}\n"
                f"policy: {{ {policy} }}\nports:\n{ports}")

    def start(self, config, eal=()):
        """Starts the switch. In a TAP lab it also moves the interfaces to the hosts."""
        try:
            return self.started(config, eal)
        except BaseException:
            self.close()
            raise

    def started(self, config, eal):
        self.switch = Switch(self.build, self.namespace, Path(self.folder.name), config, eal)
        if self.kind == "tap":
            for host in self.hosts:
                self.namespace.ip("link", "set", host.port, "netns", host.name)
                host.connect(host.port)
        self.await_links()
        return self.switch

    def await_links(self):
        """An interface is briefly down while it moves. The switch reads link states a few times a second."""
        time.sleep(0.3)
        deadline = time.monotonic() + START_S
        while any(port["state"] != "up" for port in self.switch.show("port")):
            if time.monotonic() > deadline:
                raise Failure(f"ports stay down: {self.switch.show('port')}")
            time.sleep(0.05)

    def flush_neighbours(self):
        """Empties every neighbour cache."""
        for namespace in [*self.hosts, *self.guests()]:
            namespace.flush_neighbours()


@contextmanager
def hugepages(count):
    """Reserves this many 2 MiB pages. Yields False if the machine cannot provide them."""
    knob = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")
    before = knob.read_text() if knob.exists() else ""
    mounted = "hugetlbfs" in [line.split()[2] for line in Path("/proc/mounts").read_text().splitlines()]
    folder = Path(tempfile.mkdtemp(prefix=f"nest{os.getpid()}-huge-"))
    try:
        if before:
            knob.write_text(str(int(before) + count))
        if before and not mounted:
            run("mount", "-t", "hugetlbfs", "-o", "pagesize=2M", "nodev", folder)
        yield bool(before) and int(knob.read_text()) >= int(before) + count
    finally:
        if before and not mounted:
            run("umount", folder)
        if before:
            knob.write_text(str(max(0, int(knob.read_text()) - count)))
        folder.rmdir()
