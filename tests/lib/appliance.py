# SPDX-License-Identifier: BSD-3-Clause
"""appliance: a machine that boots the image of the appliance.

Its management NIC is a TAP in a namespace, the management network. Its other NICs have cables to other QEMUs. A test reads
its serial line, and runs commands by ssh from the management network.
"""

import json
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import processes
import vm
from lab import Failure, run

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "build/image"
BOOT_S = 400  # usually 45 s without KVM; minutes on a busy machine
SSH_S = 120
GATEWAY, ADDRESS, PREFIX = "10.88.0.1", "10.88.0.2", 24
MANAGEMENT_MAC = "52:54:00:00:00:01"
FIRMWARE = Path("/usr/share/OVMF")
SETTINGS = "opt/org.nestswitch/settings"
TOOLS = ("qemu-system-x86_64", "qemu-img", "ssh", "ssh-keygen", "curl")


def find(suffix):
    """The newest image of this kind."""
    return max(IMAGES.glob(f"nestswitch-*.{suffix}"), key=lambda path: path.stat().st_mtime, default=None)


def missing():
    """The reason why this machine cannot boot an image; "" if it can."""
    lacking = [tool for tool in TOOLS if not shutil.which(tool)]
    return f"no {', '.join(lacking)}" if lacking else "" if find("qcow2") else "there is no image (./lab image)"


@dataclass
class Nic:
    """`cable`: the words of QEMU that connect it. `options`: more of its properties, such as addr= or acpi-index=."""

    name: str
    model: str
    mac: str
    cable: list
    options: str = ""

    def words(self):
        return [*self.cable, "-device", f"{self.model},netdev={self.name},id={self.name},mac={self.mac},romfile={self.options}"]


def datagrams(folder, name):
    """Both ends of a cable between two QEMUs: (here, there), as functions of a netdev's name."""
    def end(local, remote):
        return lambda netdev: ["-netdev", f"dgram,id={netdev},local.type=unix,local.path={folder}/{name}.{local},"
                                          f"remote.type=unix,remote.path={folder}/{name}.{remote}"]
    return end("here", "there"), end("there", "here")


def overlay(disk, folder, name="disk.qcow2"):
    """A disk that keeps what differs from the image."""
    target = folder / name
    run("qemu-img", "create", "-q", "-f", "qcow2", "-b", disk, "-F", format_of(disk), target)
    return target


def format_of(disk):
    return json.loads(run("qemu-img", "info", "--force-share", "--output=json", disk).stdout)["format"]


class Appliance:
    """`namespace`: the management network, with the TAP `mgmt`."""

    def __init__(self, folder, namespace, disk, nics, machine=("-machine", "pc"), cores=1, memory_mib=512, more=(), drive="virtio"):
        self.folder, self.namespace, self.disk, self.nics = folder, namespace, disk, nics
        self.machine, self.cores, self.memory_mib, self.more, self.drive = machine, cores, memory_mib, more, drive
        self.console, self.socket = folder / "serial", folder / "console.sock"
        self.qmp, self.process, self.read_to = vm.qmp_socket(folder / "appliance.console"), None, 0
        self.key = folder / "key"
        if not self.key.exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key)
        self.management = Nic("mgmt", "virtio-net-pci", MANAGEMENT_MAC, ["-netdev", "tap,id=mgmt,ifname=mgmt,script=no,downscript=no"])

    def key_pair(self):
        """The files of the key that ssh uses."""
        return self.key, self.key.with_suffix(".pub")

    def settings(self, **values):
        """fw_cfg words with what the first boot is told: an address and the key, and these values."""
        known = {"address": f"{ADDRESS}/{PREFIX}", "ssh-key": self.key.with_suffix(".pub").read_text().strip()}
        file = self.folder / "settings.yaml"
        file.write_text(json.dumps(known | values))  # JSON is YAML
        return "-fw_cfg", f"name={SETTINGS},file={file}"

    def disk_words(self):
        drive = f"file={self.disk},format={format_of(self.disk)},cache=unsafe"
        if self.drive == "pvscsi":
            return ["-drive", f"{drive},if=none,id=disk", "-device", "pvscsi", "-device", "scsi-hd,drive=disk"]
        return ["-drive", f"{drive},if=virtio"]

    def start(self):
        nics = [word for nic in [self.management, *self.nics] for word in nic.words()]
        words = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-vga", "std", *self.machine, "-accel", "tcg",
                 "-cpu", "max", "-smp", str(self.cores), "-m", f"{self.memory_mib}M", *self.disk_words(), *nics, *self.more,
                 "-chardev", f"socket,id=serial,path={self.socket},server=on,wait=off,logfile={self.console},logappend=on",
                 "-serial", "chardev:serial", "-qmp", f"unix:{self.qmp},server=on,wait=off"]
        for left in self.folder.glob("*.here"):
            left.unlink()
        with (self.folder / "appliance.log").open("ab") as log:
            self.process = subprocess.Popen(self.namespace.command("setpriv", "--pdeathsig", "KILL", *words), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        self.read_to = len(self.text())

    def stop(self):
        if self.process:
            processes.end(self.process, signal.SIGKILL)
            self.process = None

    def text(self):
        """What came on the serial line since the machine was made."""
        return self.console.read_text(errors="replace").replace("\r", "") if self.console.exists() else ""

    def since(self):
        return self.text()[self.read_to:]

    def await_line(self, pattern, patience_s=BOOT_S):
        """Waits for a line on the serial line since the last start or restart, which is what this returns."""
        def found():
            if self.process.poll() is not None:
                raise Failure(f"QEMU ended: {(self.folder / 'appliance.log').read_text()[-500:]}")
            return re.search(pattern, self.since())
        return processes.wait_for(f"/{pattern}/ on the serial line", found, patience_s)[1]

    def await_ready(self):
        return float(self.await_line(r"nestswitch: READY after (\d+) s")[1])

    def forget_lines(self):
        """await_line() sees only what comes from now on."""
        self.read_to = len(self.text())

    def restart(self):
        """An orderly restart of the machine."""
        self.forget_lines()
        self.run("systemctl --no-block reboot", check=False)
        return self.await_ready()

    def ssh(self, command):
        return self.namespace.command("ssh", "-q", "-i", self.key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                                      "-o", "ConnectTimeout=60", "-o", "ConnectionAttempts=30", "-o", "BatchMode=yes", f"root@{ADDRESS}", command)

    def run(self, command, check=True, given=b"", timeout=SSH_S):
        """Runs a command by ssh, with this input. Returns its output."""
        done = subprocess.run([str(word) for word in self.ssh(command)], input=given, capture_output=True, timeout=timeout, check=False)
        if check and done.returncode:
            raise Failure(f"{command}: exit status {done.returncode}: {(done.stderr + done.stdout).decode(errors='replace').strip()}")
        return done.stdout.decode(errors="replace")

    def output(self, command):
        return subprocess.run([str(word) for word in self.ssh(command)], stdin=subprocess.DEVNULL, capture_output=True, timeout=SSH_S, check=True).stdout

    def nestctl(self, words):
        return json.loads(self.run(f"nestctl -j {words}"))

    def ports(self):
        """{name: row of `port show`}"""
        return {row["name"]: row for row in self.nestctl("port show")}

    def command_qemu(self, execute, **arguments):
        vm.command_qemu(self.qmp, execute, **arguments)

    def type(self, keys):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.socket))
            line.sendall(keys.encode())
            time.sleep(1)  # QEMU forgets what it has not yet handed over

    def journal(self):
        """The last lines of the switch and its service; why there are none."""
        try:
            return self.run("journalctl -u nestswitch -n 25 -o short-monotonic --no-hostname", check=False, timeout=60).splitlines()
        except subprocess.TimeoutExpired as error:
            return [f"no journal: {error}"]

    def last_words(self):
        return self.since().splitlines()[-30:]
