# SPDX-License-Identifier: BSD-3-Clause
"""frr: machines of an EVPN, as namespaces on one underlay, with FRR's zebra and bgpd in each."""

import json
import os
import signal
import time
from pathlib import Path

import lab
import processes

DAEMONS = Path("/usr/lib/frr")
START_S = 10
AS = 65000


def unsupported_reason():
    """The reason why this machine cannot run an EVPN; None if it can."""
    if reason := lab.unsupported_reason():
        return reason
    for daemon in ("zebra", "bgpd"):
        if not (DAEMONS / daemon).exists():
            return f"no {DAEMONS / daemon} (package frr)"
    probe = f"nest{os.getpid()}vx"
    try:
        lab.run("ip", "netns", "add", probe)
        lab.run("ip", "-n", probe, "link", "add", "vx0", "type", "vxlan", "id", "1", "dstport", "4789")
    except lab.Failure as error:
        return f"no VXLAN in this kernel: {error}"
    finally:
        lab.run("ip", "netns", "del", probe, check=False)
    return None


class Machine(lab.Namespace):
    """A machine on the underlay, with the address 10.9.0.NUMBER on `interface`."""

    def __init__(self, name, number, folder, ipv6=True):
        super().__init__(name, ipv6=ipv6)
        self.number, self.address = number, f"10.9.0.{number}"
        self.folder = Path(folder) / str(number)
        self.folder.mkdir()
        self.folder.chmod(0o777)  # FRR drops its rights
        self.daemons = {}

    def write_frr(self, peers, timers=(3, 9), clients=()):
        """clients: the peers for which this machine is a route reflector, without VNIs of its own."""
        own = "" if clients else "  advertise-all-vni\n  no dup-addr-detection\n"
        neighbours = "".join(f" neighbor {peer} remote-as {AS}\n neighbor {peer} timers connect 1\n" for peer in peers)
        active = "".join(f"  neighbor {peer} activate\n" for peer in peers)
        active += "".join(f"  neighbor {peer} route-reflector-client\n" for peer in clients)
        (self.folder / "zebra.conf").write_text(f"log file {self.folder}/zebra.log\n")
        (self.folder / "bgpd.conf").write_text(
            f"log file {self.folder}/bgpd.log\nrouter bgp {AS}\n bgp router-id {self.address}\n"
            f" no bgp default ipv4-unicast\n timers bgp {timers[0]} {timers[1]}\n{neighbours}"
            f" address-family l2vpn evpn\n{active}{own} exit-address-family\n")

    def start_daemon(self, daemon, *more):
        words = [DAEMONS / daemon, "-f", self.folder / f"{daemon}.conf", "-i", self.folder / f"{daemon}.pid", "-P", "0",
                 "-z", self.folder / "zserv.api", "--vty_socket", self.folder, *more]
        with (self.folder / f"{daemon}.out").open("ab") as out:
            self.daemons[daemon] = self.start(*words, stdout=out, stderr=out)

    def start_frr(self):
        self.start_daemon("zebra", "-s", "90000000")
        deadline = time.monotonic() + START_S
        while not (self.folder / "zserv.api").exists():
            if time.monotonic() > deadline:
                raise lab.Failure(f"zebra does not start: {(self.folder / 'zebra.out').read_text()}")
            time.sleep(0.02)
        self.start_daemon("bgpd")

    def stop_daemon(self, daemon, number=signal.SIGTERM):
        process = self.daemons.pop(daemon, None)
        if process:
            processes.end(process, number)

    def stop_frr(self, number=signal.SIGTERM):
        for daemon in ("bgpd", "zebra"):
            self.stop_daemon(daemon, number)
        (self.folder / "zserv.api").unlink(missing_ok=True)

    def bgp_knows_zebra(self):
        """Whether bgpd is connected to zebra: after a restart of zebra alone this takes up to 10 s."""
        words = ("vtysh", "--vty_socket", self.folder, "-c", "show zebra client summary")
        return "bgp" in self.run(*words, check=False).stdout  # zebra may not answer yet

    def alive(self):
        return all(process.poll() is None for process in self.daemons.values()) and len(self.daemons) == 2

    def vtysh(self, command):
        return self.run("vtysh", "--vty_socket", self.folder, "-c", command).stdout

    def vtysh_json(self, command):
        return json.loads(self.vtysh(f"{command} json") or "{}")

    def rows(self, device):
        """The rows of a device in the kernel's FDB, as (MAC, words)."""
        lines = lab.run("bridge", "-n", self.name, "fdb", "show", "dev", device, check=False).stdout.splitlines()
        return [(line.split()[0], line.split()[1:]) for line in lines]

    def neighbours(self, device):
        """{address: words} of the kernel's neighbours on a device"""
        lines = [line.split() for family in ("-4", "-6") for line in self.ip(family, "neigh", "show", "dev", device).stdout.splitlines()]
        return {line[0]: line[1:] for line in lines if "lladdr" in line}

    def vxlan_frames(self):
        """Frames that the kernel's own VXLAN devices have sent."""
        text = lab.run("ip", "-n", self.name, "-j", "-s", "link", "show", "type", "vxlan", check=False).stdout
        return sum(link["stats64"]["tx"]["packets"] for link in json.loads(text or "[]"))


class Underlay(lab.Testbed):
    """Machines A, B, C on one bridge. `connect` gives a machine the end of a veth, named eth0."""

    def __init__(self, prefix, count=3):
        super().__init__(f"{prefix}-")
        self.prefix, self.count, self.machines = prefix, count, []

    def set_up(self):
        os.chmod(self.folder.name, 0o755)
        self.wire = self.made(lab.Namespace(f"{self.prefix}-wire", ipv6=False))
        self.wire.ip("link", "add", "und", "type", "bridge", "mcast_snooping", "0")
        self.wire.ip("link", "set", "und", "up")
        for number in range(1, self.count + 1):
            machine = self.machine(f"{self.prefix}-m{number}", number)
            self.machines.append(self.made(machine))
            self.connect(machine)
        for machine in self.machines:
            self.write_frr(machine, [other.address for other in self.machines if other is not machine])

    def write_frr(self, machine, others):
        machine.write_frr(others)

    def machine(self, name, number):
        return Machine(name, number, self.folder.name)

    def connect(self, machine):
        machine.ip("link", "add", "eth0", "type", "veth", "peer", "name", f"u{machine.number}", "netns", self.wire.name)
        self.wire.ip("link", "set", f"u{machine.number}", "master", "und", "up")
        machine.ip("link", "set", "eth0", "up")

    def close(self):
        for machine in self.machines:
            machine.stop_frr()
        super().close()
