# SPDX-License-Identifier: BSD-3-Clause
"""upkeep: READY, the two root slots, update, backup, restore, factory reset.

Model  The boot loader's environment on the ESP says which slot is good (`slot`), and which is to be tried once (`next`). An
       update writes the slot that does not run, and sets `next`. If that slot reaches READY in time, it becomes the good
       one. Otherwise the machine restarts, and the boot loader takes the good slot again.
       A backup is a tar archive of what /data has, without the names of this machine's NICs: ports name them as `pci:p1`.
"""

import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from contextlib import contextmanager
from pathlib import Path

import configuration
import machine
import nics

READY_S = 120  # after the start of the kernel
ANSWER_S, PAUSE_S = 10, 0.5
ENVIRONMENT_SIZE = 1024
ENVIRONMENT_HEAD = "# GRUB Environment Block\n"
BY_NAME = Path("/dev/disk/by-partlabel")
SLOTS = {"a": "b", "b": "a"}
MANIFEST = "manifest.json"
KERNEL_FILES, ROOT_FILE = ("vmlinuz", "initrd"), "root.squashfs"
BACKUP = ("settings.json", "nestswitch/nestswitch.yaml", "nestswitch/token", "ssh/ssh_host_ed25519_key",
          "ssh/ssh_host_ed25519_key.pub", "tls/certificate.pem", "tls/key.pem")
PRIVATE = 0o600
BACKUP_MAX = 1 << 22
ARCHIVE_MAX = 1 << 25
RESET = machine.DATA / "factory-reset"
CHUNK = 1 << 20


class Refused(Exception):
    """What is wrong with a request or its input."""


def kernel_words():
    return dict(word.partition("=")[::2] for word in Path("/proc/cmdline").read_text().split())


def this_slot():
    return kernel_words().get("nestswitch.slot", "a")


@contextmanager
def esp():
    """The partition of the boot loader, writable."""
    with tempfile.TemporaryDirectory() as folder:
        machine.command("modprobe", "-a", "vfat", "nls_ascii", "nls_cp437")
        machine.command("mount", "-o", "umask=077", str(BY_NAME / "nestswitch-esp"), folder)
        try:
            yield Path(folder)
        finally:
            machine.command("umount", folder)


def read_environment(path):
    lines = path.read_text().removeprefix(ENVIRONMENT_HEAD).rstrip("#").splitlines()
    return dict(line.partition("=")[::2] for line in lines if line)


def write_environment(path, values):
    """In place, because the boot loader writes to the same blocks."""
    text = ENVIRONMENT_HEAD + "".join(f"{key}={value}\n" for key, value in values.items())
    with path.open("r+") as file:
        file.write(text.ljust(ENVIRONMENT_SIZE, "#"))
        file.flush()
        os.fsync(file.fileno())


def set_boot(**values):
    with esp() as folder:
        path = folder / "grub/grubenv"
        write_environment(path, {**read_environment(path), **values})


def answers():
    """Whether the switch answers."""
    try:
        return subprocess.run(["nestctl", "status"], capture_output=True, timeout=ANSWER_S, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def await_ready():
    """Says READY when the switch answers. A slot on trial that is not ready in time is given up by a restart."""
    words = kernel_words()
    trial, limit_s = "nestswitch.trial" in words, float(words.get("nestswitch.ready", READY_S))
    told = False
    while not answers():
        if machine.uptime_s() > limit_s and not told:
            announce(f"nestswitch: NOT READY after {limit_s:.0f} s: {why_not()}")
            told = True
            if trial:
                announce("nestswitch: this slot is on trial, going back to the former one")
                machine.command("systemctl", "--no-block", "reboot")
                return
        time.sleep(PAUSE_S)
    if trial:
        set_boot(slot=this_slot())
    (machine.RUN / "ready").touch()
    announce(f"nestswitch: READY after {machine.uptime_s():.0f} s")


def why_not():
    said = subprocess.run(["journalctl", "-t", "nestswitch", "-n", "1", "-o", "cat"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "nothing"


def announce(line):
    """On the serial line, where programs read it."""
    print(line, flush=True)
    try:
        with open("/dev/ttyS0", "w") as serial:
            serial.write(f"\r\n{line}\r\n")
    except OSError:
        return  # there is no serial line


def update(source):
    """Writes the slot that does not run, from the archive of an update. It is tried at the next start."""
    slot = SLOTS[this_slot()]
    with tarfile.open(fileobj=source, mode="r|") as archive, esp() as boot:
        manifest = read_manifest(archive)
        target = boot / slot
        target.mkdir(exist_ok=True)
        left = set(manifest["sha256"])
        while entry := archive.next():
            if entry.name not in left or not entry.isfile():
                raise Refused(f"the update has an unexpected file '{entry.name[:40]}'")
            left.remove(entry.name)
            path = BY_NAME / f"nestswitch-{slot}" if entry.name == ROOT_FILE else target / entry.name
            if write_checked(archive.extractfile(entry), path) != manifest["sha256"][entry.name]:
                raise Refused(f"{entry.name} of the update is damaged")
        if left:
            raise Refused(f"the update ends before {', '.join(sorted(left))}")
        path = boot / "grub/grubenv"
        write_environment(path, {**read_environment(path), "next": slot})
    return manifest["version"], slot


def read_manifest(archive):
    entry = archive.next()
    try:
        manifest = json.load(archive.extractfile(entry)) if entry and entry.name == MANIFEST else {}
    except ValueError:
        manifest = {}
    if set(manifest.get("sha256", {})) != {*KERNEL_FILES, ROOT_FILE}:
        raise Refused("this is no update of nestswitch (nestswitch-VERSION.update)")
    return manifest


def write_checked(source, path):
    """Copies, and returns the SHA-256 of what was read."""
    digest = hashlib.sha256()
    with path.open("r+b" if path.is_block_device() else "wb") as target:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest()


def backup(target):
    names = nics.by_address(nics.from_json(machine.read_json(machine.NAMES, [])))
    with tarfile.open(fileobj=target, mode="w|gz") as archive:
        for name in BACKUP:
            path = machine.DATA / name
            if not path.exists():
                continue
            content = path.read_bytes()
            if path == machine.CONFIG:
                content = configuration.symbolic(content.decode(), names).encode()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(content), PRIVATE, int(time.time())
            archive.addfile(entry, io.BytesIO(content))


def restore(source):
    """Takes a backup as a whole, or nothing of it. It counts from the next start."""
    files = {}
    try:
        # To its end, because the check of the whole is there.
        whole = gzip.GzipFile(fileobj=source).read(ARCHIVE_MAX + 1)
        if len(whole) > ARCHIVE_MAX:
            raise Refused("the backup is too large")
        with tarfile.open(fileobj=io.BytesIO(whole), mode="r:") as archive:
            for entry in archive:
                if entry.name not in BACKUP or not entry.isfile() or entry.size > BACKUP_MAX:
                    raise Refused(f"the backup has an unexpected file '{entry.name[:40]}'")
                files[entry.name] = archive.extractfile(entry).read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise Refused(f"this is no backup, or it is damaged: {error}") from error
    if "settings.json" not in files or "nestswitch/nestswitch.yaml" not in files:
        raise Refused("this is no backup of nestswitch: it has no settings or no configuration")
    check_restored(files)
    for name, content in files.items():
        machine.write(machine.DATA / name, content.decode(), PRIVATE)


def check_restored(files):
    try:
        text = {name: content.decode() for name, content in files.items()}
        known = json.loads(text["settings.json"])
    except ValueError as error:
        raise Refused(f"the backup is damaged: {error}") from error
    if not isinstance(known, dict):
        raise Refused("the backup is damaged: its settings are no mapping")
    addresses = {name.name: None if name.absent else name.address for name in nics.from_json(machine.read_json(machine.NAMES, []))}
    wanted = {nic for port in configuration.ports(text["nestswitch/nestswitch.yaml"])
              if re.fullmatch(r"p\d+", nic := configuration.nic_of(configuration.scalar(port, "device"), {}) or "")}
    problem = machine.refused(text["nestswitch/nestswitch.yaml"], dict.fromkeys(wanted) | addresses)
    if problem:
        raise Refused(f"the configuration of the backup: {problem}")


def factory_reset():
    """The initramfs empties /data at the next start."""
    RESET.touch()
    restart()


def restart():
    """A moment later, so that an ssh session ends first."""
    machine.command("systemd-run", "--quiet", "--on-active=2s", "--timer-property=AccuracySec=100ms", "systemctl", "reboot")


def version():
    said = subprocess.run(["nestswitch", "--version"], capture_output=True, text=True, check=False).stdout.split()
    return said[-1] if said else "?"


def binary_out():
    if sys.stdout.isatty():
        raise Refused("a backup does not go to a terminal: write it to a file (nestswitch-appliance backup > FILE)")
    return sys.stdout.buffer
