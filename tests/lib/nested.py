# SPDX-License-Identifier: BSD-3-Clause
"""nested: nested hosts on a live switch. Each host is a virtual machine with an inner bridge and guests.

A guest is a network namespace inside the virtual machine. Only the bridge of its host knows its MAC. The switch also has
a namespace: the lab does not touch the machine's network.
"""

import os
import re
from pathlib import Path

import lab
import vm

QUIET = "net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.router_solicitations=0"

SPARE_S = 30  # a busy machine runs a command as much later


class Pings:
    """The totals of one or several runs of ping."""

    def __init__(self, text):
        found = re.findall(r"(\d+) packets transmitted, (\d+) packets received(?:, (\d+) duplicates)?", text)
        if not found:
            raise lab.Failure(f"ping: {text.strip()}")
        self.sent, self.received, self.duplicates = (sum(int(number or 0) for number in column) for column in zip(*found))

    def all_came(self):
        return self.received == self.sent > 0 and not self.duplicates

    def none_came(self):
        return self.sent > 0 and not self.received

    def __str__(self):
        return f"{self.sent} pings sent, {self.received} answered, {self.duplicates} duplicates"


class Station:
    """A host or guest that sends and answers pings. `prefix` runs a command as this station in its virtual machine."""

    def run(self, command, **options):
        return self.vm().run(self.prefix + command, **options)

    def ping(self, address, count=5, interval=0.05, patience_s=10):
        return Pings(self.run(f"ping -q -c {count} -i {interval} -W {patience_s} {address}", check=False,
                              timeout=count * (interval + 0.1) + patience_s + SPARE_S))

    def ping_unanswered(self, address):
        return self.ping(address, 3, 0.2, 1)

    def start(self, command):
        """Starts a command in the background. A virtual machine can have only one."""
        self.vm().run(f"{self.prefix}{command} >/tmp/background.log 2>&1 & echo $! >/tmp/background.pid")

    def stop(self):
        self.vm().run("kill $(cat /tmp/background.pid)")

    def keep_pinging(self, address):
        """Pings in rounds of a second. A round ends with its last reply, or after 10 s without one."""
        self.vm().run(f"""rm -f /tmp/stop /tmp/stopped
            {{ until {self.prefix}ping -q -c 20 -i 0.05 -W 10 {address}; [ -e /tmp/stop ]; do continue; done
               touch /tmp/stopped; }} >/tmp/pings 2>&1 &""")

    def stop_pinging(self):
        return Pings(self.vm().run("touch /tmp/stop; until [ -e /tmp/stopped ]; do sleep 0.1; done; cat /tmp/pings"))


def host_mac(number):
    return f"02:00:00:00:00:{number:02x}"


class Host(Station):
    """A nested hypervisor: a virtual machine whose bridge has the MAC of its NIC."""

    prefix = ""

    def __init__(self, number, guests, machine):
        self.number, self.name, self.machine = number, machine.name, machine
        self.port, self.mac, self.ip4 = machine.name, host_mac(number), f"10.77.0.{number}"
        self.guests = [Guest(self, at) for at in range(1, guests + 1)]

    def vm(self):
        return self.machine

    def set_up(self):
        """Makes the bridge and its guests in a machine that has just started."""
        self.machine.await_boot()
        self.run(f"""sysctl -qw {QUIET} net.ipv6.conf.all.disable_ipv6=1
            /sbin/ip link add br0 address {self.mac} type bridge stp_state 0 forward_delay 0 mcast_snooping 0
            /sbin/ip link set eth0 master br0 up
            /sbin/ip link set br0 up
            /sbin/ip addr add {self.ip4}/24 dev br0""")
        for guest in self.guests:
            guest.plug(self)


class Guest(Station):
    """A nested VM."""

    def __init__(self, host, number):
        self.host, self.name = host, f"guest{host.number}{'abcdefgh'[number - 1]}"
        self.mac = f"52:54:00:00:{host.number:02x}:{number:02x}"
        self.number = host.number * 10 + number
        self.ip4, self.ip6 = f"10.77.0.{self.number}", f"fd77::{self.number}"
        self.prefix = f"/sbin/ip netns exec {self.name} "

    def vm(self):
        return self.host.machine

    def plug(self, host):
        self.host = host
        self.vm().run(f"""/sbin/ip netns add {self.name}
            {self.prefix}sysctl -qw {QUIET}
            /sbin/ip link add {self.name} type veth peer name eth0 address {self.mac} netns {self.name}
            /sbin/ip link set {self.name} master br0 up
            /sbin/ip -n {self.name} link set lo up
            /sbin/ip -n {self.name} link set eth0 up
            /sbin/ip -n {self.name} addr add {self.ip4}/24 dev eth0
            /sbin/ip -n {self.name} addr add {self.ip6}/64 dev eth0 nodad""")

    def unplug(self):
        self.vm().run(f"/sbin/ip link del {self.name}; /sbin/ip netns del {self.name}")

    def ip(self, words):
        self.vm().run(f"/sbin/ip -n {self.name} {words}")

    def announce(self):
        """Sends a gratuitous ARP, as a hypervisor does for a guest that has moved."""
        self.run(f"arping -q -U -c 1 -I eth0 {self.ip4}")


class Lab(lab.Testbed):
    """Nested hosts on one switch. `plain`: the numbers of those whose NICs have no offloads."""

    def __init__(self, build, image, hosts=3, guests=2, plain=()):
        super().__init__(f"nest{os.getpid()}-")
        self.build, self.image, self.plain = build, image, plain
        self.counts, self.hosts = (hosts, guests), []

    def set_up(self):
        self.namespace = self.made(lab.Namespace(f"nest{os.getpid()}-switch", ipv6=False))
        hosts, guests = self.counts
        self.hosts = [Host(number, guests, self.machine(number)) for number in range(1, hosts + 1)]
        self.start_switch()
        for host in self.hosts:
            host.machine.start()
        for host in self.hosts:
            host.set_up()

    def close(self):
        for host in self.hosts:
            host.machine.kill()
        super().close()

    def machine(self, number):
        return vm.Vm(f"host{number}", self.image, Path(self.folder.name), host_mac(number), self.cable(number), self.namespace,
                     vm.NO_OFFLOADS if number in self.plain else "")

    def guests(self):
        return [guest for host in self.hosts for guest in host.guests]

    def socket(self, number):
        return f"{self.folder.name}/host{number}.sock"

    def qemu_serves(self, number):
        """Whether QEMU serves the socket: so for the last host. The switch serves the other sockets."""
        return number == self.counts[0]

    def cable(self, number):
        return vm.vhost_user(self.socket(number), self.qemu_serves(number))

    def device(self, number):
        return f"vhost{'-client' if self.qemu_serves(number) else ''}:{self.socket(number)}"

    def start_switch(self):
        ports = "".join(f"  - {{ name: {host.port}, device: '{self.device(host.number)}', mac-address: '{host.mac}', "
                        f"qmp: '{host.machine.qmp}' }}\n" for host in self.hosts)
        config = f"dataplane: {{ workers: 1, memory: 128, hugepages: off, busy-poll: off }}\nports:\n{ports}"
        self.switch = lab.Switch(self.build, self.namespace, Path(self.folder.name), config)
