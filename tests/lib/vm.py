# SPDX-License-Identifier: BSD-3-Clause
"""vm: a virtual machine with one NIC. It takes commands from its second serial port."""

import base64
import json
import os
import select
import signal
import socket
import subprocess
import time

import processes
from lab import Failure

MEMORY_MB = 128  # of 96 MB, Linux 6.12 leaves the initramfs less than its 17 MB
BOOT_S = 180  # usually 15 s; minutes on a busy machine
COMMAND_S = 120  # usually less than one
NO_OFFLOADS = ",csum=off,gso=off,guest_csum=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off"
CONSOLE_LINES = 15  # of the console, shown if it does not boot


class Vm:
    def __init__(self, name, image, folder, mac, cable, namespace, nic=""):
        """`cable`: the words of QEMU that connect the NIC (vhost_user(), tap()). `nic`: more of the NIC's properties."""
        self.name, self.process = name, None
        self.console = folder / f"{name}.console"
        self.qmp = qmp_socket(self.console)
        # QEMU ends together with its parent, even if the parent is killed.
        self.command = namespace.command("setpriv", "--pdeathsig", "KILL", *command(image, self.console, mac, cable, nic))

    def start(self):
        """Returns at once. A machine whose NIC is on a socket waits for the other side."""
        with self.console.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.number, self.received = 0, b""

    def await_boot(self):
        line = self.read_line(BOOT_S)
        if line != "ready":
            raise Failure(f"{self.name} printed {line!r} instead of 'ready'")

    def run(self, command, check=True, timeout=COMMAND_S):
        """Runs shell commands up to the first that fails. Returns their output."""
        return self.finish(self.begin(command), check, timeout)

    def begin(self, command):
        self.number += 1
        self.process.stdin.write(f"{self.number} {base64.b64encode(command.encode()).decode()}\n".encode())
        self.process.stdin.flush()
        return self.number, command

    def finish(self, begun, check=True, timeout=COMMAND_S):
        number, command = begun
        while True:
            answered, status, *output = self.read_line(timeout).split()
            if int(answered) == number:
                break  # other numbers answer requests that have timed out
        text = base64.b64decode("".join(output)).decode(errors="replace")
        if check and status != "0":
            raise Failure(f"{self.name}: {command}: exit status {status}: {text.strip()}")
        return text

    def read_line(self, timeout):
        deadline = time.monotonic() + timeout
        while b"\n" not in self.received:
            if not select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Failure(f"{self.name} does not answer within {timeout} s: {self.last_words()}")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise Failure(f"{self.name} ended with status {self.process.wait()}: {self.last_words()}")
            self.received += more
        line, self.received = self.received.split(b"\n", 1)
        return line.decode().strip()

    def last_words(self):
        files = (self.console.with_suffix(".log"), self.console)
        return "\n".join(line for file in files if file.exists()
                         for line in file.read_text(errors="replace").splitlines()[-CONSOLE_LINES:])

    def kill(self):
        """Ends QEMU with SIGKILL, so that it cannot close its connection to the switch properly."""
        if self.process:
            processes.end(self.process, signal.SIGKILL)
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None

    def restart(self):
        self.kill()
        self.start()


def command_qemu(qmp, execute, **arguments):
    """Sends one QMP command."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(30)
        sock.connect(str(qmp))
        lines = sock.makefile()
        lines.readline()  # the greeting
        for request in ({"execute": "qmp_capabilities"}, {"execute": execute, "arguments": arguments}):
            sock.sendall(json.dumps(request).encode() + b"\n")
            while "event" in (answer := json.loads(lines.readline())):
                continue
            if "error" in answer:
                raise Failure(f"QEMU: {execute}: {answer['error']['desc']}")


def qmp_socket(console):
    return console.with_suffix(".qmp")


def command(image, console, mac, cable, nic):
    """QEMU's command line. The switch can share the guest's memory. TCG runs on every machine. With TCG, QEMU 7.2 loses
    interrupts of a vhost-user NIC unless it has no vectors."""
    kernel, initramfs = image
    return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
            "-machine", "pc,acpi=off", "-accel", "tcg", "-cpu", "max", "-m", f"{MEMORY_MB}M",
            "-object", f"memory-backend-memfd,id=memory,size={MEMORY_MB}M,share=on", "-numa", "node,memdev=memory",
            "-kernel", kernel, "-initrd", initramfs,
            "-append", "console=ttyS0 quiet panic=-1 cryptomgr.notests mitigations=off",
            "-chardev", f"file,id=console,path={console}", "-serial", "chardev:console",
            "-chardev", "stdio,id=agent,signal=off", "-serial", "chardev:agent",
            "-qmp", f"unix:{qmp_socket(console)},server=on,wait=off",
            *cable, "-device", f"virtio-net-pci,netdev=cable,mac={mac},vectors=0,romfile={nic}"]


def vhost_user(socket, serves):
    """The NIC is on a vhost-user socket. `serves`: QEMU serves it; otherwise the switch does."""
    return ("-chardev", f"socket,id=socket,path={socket},{'server=on' if serves else 'reconnect=1'}",
            "-netdev", "vhost-user,id=cable,chardev=socket")


def tap(interface):
    return "-netdev", f"tap,id=cable,ifname={interface},script=no,downscript=no"
