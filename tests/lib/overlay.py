# SPDX-License-Identifier: BSD-3-Clause
"""overlay: machines of an EVPN with a switch, or a Linux bridge, and guests on it."""

import json
import os
import signal
import socket
import struct
import time

import frr
import lab
import processes
from groups import inside
from live import Control

VLAN, VNI = 10, 10010
ARP, IPV6, ICMP6, SOLICITATION = 0x806, 0x86dd, 58, 135
HOLD_S = 5
MTU = 1450  # in tunnels over an underlay of 1500


class Guest(lab.Station):
    """A namespace on a port of a machine's switch."""

    def __init__(self, machine, number):
        super().__init__(f"{machine.name}g{number}", ipv6=False)
        self.machine, self.number = machine, number
        self.port, self.ip4 = f"g{number}", f"10.77.0.{machine.number * 10 + number}"
        self.ip6 = f"fd77::{machine.number:x}:{number:x}"
        self.mac = f"02:77:00:00:{machine.number:02x}:{number:02x}"
        self.ip("link", "add", "eth0", "address", self.mac, "type", "veth", "peer", "name", self.port, "netns", machine.name)
        machine.ip("link", "set", self.port, "up")
        self.ip("addr", "add", f"{self.ip4}/24", "dev", "eth0")
        self.ip("link", "set", "eth0", "mtu", MTU, "up")

    def send(self, source, destination="ff:ff:ff:ff:ff:ff", payload=b"", kind=0x88b5):
        """Sends one frame from any source."""
        with inside(self), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
            raw.bind(("eth0", 0))
            raw.send((bytes.fromhex((destination + source).replace(":", "")) + struct.pack("!H", kind) + payload).ljust(60, b"\0"))

    def send_for(self, seconds, rate, source):
        """Sends broadcasts from any source, so many a second. Returns their number."""
        with inside(self):
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            raw.bind(("eth0", 0))
        frame = (bytes.fromhex("ffffffffffff" + source.replace(":", "")) + struct.pack("!H", 0x88b5)).ljust(60, b"\0")
        begin, sent = time.monotonic(), 0
        with raw:
            while (now := time.monotonic() - begin) < seconds:
                while sent < now * rate:
                    raw.send(frame)
                    sent += 1
                time.sleep(0.002)
        return sent

    def announce(self, address, operation=1):
        """Says by ARP that it has an IPv4 address."""
        self.send(self.mac, kind=ARP, payload=arp(operation, self.mac, address, address))

    def ask(self, address):
        """Asks for the MAC of an address, by ARP or by a neighbour solicitation."""
        if ":" not in address:
            self.send(self.mac, kind=ARP, payload=arp(1, self.mac, self.ip4, address))
        else:
            target = socket.inet_pton(socket.AF_INET6, address)
            group = bytes.fromhex("ff0200000000000000000001ff") + target[13:]
            header = struct.pack(">IHBB", 6 << 28, 24, ICMP6, 255) + socket.inet_pton(socket.AF_INET6, self.ip6) + group
            self.send(self.mac, "33:33:" + group[-4:].hex(":"), header + struct.pack(">BBHI", SOLICITATION, 0, 0, 0) + target, IPV6)

    def ear(self, kind=0x88b5):
        with inside(self):
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
            raw.bind(("eth0", kind))
        raw.setblocking(False)
        return raw


def arp(operation, mac, sender, target):
    mac = bytes.fromhex(mac.replace(":", ""))
    return struct.pack(">HHBBH", 1, 0x800, 6, 4, operation) + mac + socket.inet_aton(sender) + bytes(6) + socket.inet_aton(target)


def heard(ear):
    frames = []
    while True:
        try:
            frame, address = ear.recvfrom(2048)
        except BlockingIOError:
            return frames
        if address[2] != 4:  # PACKET_OUTGOING
            frames.append(frame)


class Machine(frr.Machine):
    """A machine whose underlay is eth0, with a twin vtep0 that has its address."""

    def wire_up(self, mtu=1500):
        mac = json.loads(self.ip("-j", "link", "show", "eth0").stdout)[0]["address"]
        self.ip("tuntap", "add", "vtep0", "mode", "tap")
        self.ip("link", "set", "vtep0", "address", mac, "mtu", mtu, "up")
        self.ip("addr", "add", f"{self.address}/24", "dev", "vtep0")
        self.guests = self.make_guests()
        self.switch = self.control = None

    def make_guests(self):
        return [Guest(self, number) for number in (1, 2)]

    def configuration(self, more=""):
        ports = "".join(f"  - {{ name: {guest.port}, device: 'af_packet:{guest.port}' }}\n" for guest in self.guests)
        return (f"switch: {{ mac-table-size: 400000 }}\ndataplane: {{ memory: 192, hugepages: off, busy-poll: off }}\n"
                f"policy: {{ vlan-mode: access, access-vlan: {VLAN}, aging-time: 600, mac-move-limit: 0, mac-limit: 150000 }}\nports:\n{ports}"
                f"evpn:\n  underlay: {{ device: 'af_packet:eth0', twin: vtep0 }}\n  source: {self.address}\n"
                f"  vtep-hold: {HOLD_S}\n  vnis: [ {{ vlan: {VLAN}, vni: {VNI} }} ]\n"
                f"vlans: [ {{ vlan: {VLAN}, neighbour-suppression: on }} ]\n{more}")

    def start_switch(self, build, fresh=True):
        self.build = build
        self.switch = lab.Switch(build, self, self.folder, self.configuration(), fresh=fresh)
        self.control = Control(self.switch.socket)

    def stop_switch(self, number=signal.SIGTERM):
        if self.control:
            self.control.__exit__()
        if self.switch:
            self.switch.stop(number)
        self.switch = self.control = None

    def place(self, mac):
        """The port where the switch has a MAC; None: nowhere."""
        return next((row["port"] for row in self.control.call("fdb.show", mac=mac)["entries"]), None)

    def entries(self, remote):
        """{MAC: port} of the entries behind tunnels, or of the others"""
        return {row["mac"]: row["port"] for row in self.control.call("fdb.show")["entries"] if
                row["type"].startswith("remote") == remote}

    def bind(self, guest, *addresses, mac=None):
        for address in addresses:
            self.control.call("binding.add", ip=address, port=guest.port, mac=mac or guest.mac)

    def unbind(self, guest, *addresses, mac=None):
        for address in addresses:
            self.control.call("binding.del", ip=address, port=guest.port, mac=mac or guest.mac)

    def addresses(self):
        """{address: machine} of those at other machines"""
        return {row["ip"][0]: row["port"] for row in self.control.call("binding.show") if row["type"] == "remote"}

    def owners(self):
        """{MAC: address of its machine}"""
        owners, after = {}, {}
        while True:
            page = self.control.call("fdb.show", **after)
            for row in page["entries"]:
                owners[row["mac"]] = row["port"] if row["type"].startswith("remote") else self.address
            if not page["next"]:
                return owners
            after = {"after": page["next"]}

    def programs(self):
        return {"nestswitch": self.switch.process, **self.daemons}

    def sent_by_kernel(self):
        """(packets, bytes) that the kernel has sent by the twin: BGP and ARP"""
        link = json.loads(self.ip("-j", "-s", "link", "show", "vtep0").stdout)[0]["stats64"]["tx"]
        return link["packets"], link["bytes"]

    def bgp_messages(self):
        """BGP messages sent to all peers"""
        return sum(peer["msgSent"] for peer in self.vtysh_json("show bgp l2vpn evpn summary")["peers"].values())

    def events(self):
        return self.control.call("events.show")["events"]


class Plain(frr.Machine):
    """A machine with a Linux bridge and a VXLAN device in the place of a switch."""

    def wire_up(self):
        self.ip("addr", "add", f"{self.address}/24", "dev", "eth0")
        self.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0", "stp_state", "0", "forward_delay", "0")
        self.ip("link", "add", "vx0", "type", "vxlan", "id", VNI, "local", self.address, "dstport", "4789", "nolearning")
        self.ip("link", "set", "vx0", "master", "br0")
        self.ip("link", "set", "vx0", "type", "bridge_slave", "learning", "off", "neigh_suppress", "off")
        self.ip("link", "set", "br0", "up")
        self.ip("link", "set", "vx0", "up")
        self.guests = [Guest(self, number) for number in (1, 2)]
        for guest in self.guests:
            self.ip("link", "set", guest.port, "master", "br0")
        self.switch = self.control = None

    def place(self, mac):
        """As of a switch: the address of a machine, or the port."""
        for row, words in self.rows("vx0"):
            if row == mac and "dst" in words:
                return words[words.index("dst") + 1]
        return next((guest.port for guest in self.guests for row, _ in self.rows(guest.port) if row == mac), None)


class Net(frr.Underlay):
    """Machines of these kinds on one underlay, with guests."""

    def __init__(self, build, kinds):
        super().__init__(f"nest{os.getpid()}e", len(kinds))
        self.build, self.kinds = build, kinds

    def machine(self, name, number):
        return self.kinds[number - 1](name, number, self.folder.name)

    def connect(self, machine):
        super().connect(machine)
        machine.wire_up()
        for guest in machine.guests:
            self.namespaces.append(guest)

    def start(self):
        for machine in self.machines:
            machine.start_frr()
            if isinstance(machine, Machine):
                machine.start_switch(self.build)

    def close(self):
        for machine in self.machines:
            if machine.switch:
                machine.stop_switch()
        super().close()
