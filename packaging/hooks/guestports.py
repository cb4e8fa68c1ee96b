# SPDX-License-Identifier: BSD-3-Clause
"""guestports: adds the ports of one guest to the running switch, and removes them.

Model      A port is what `nestctl port add` takes. A record of each guest in /run/nestswitch-hooks says which ports were added
           for it. Only these are removed. A port that is already there with the same device is used and stays.
Processes  Hooks of several guests can run at a time. One lock makes them take turns.
Errors     Refused: the switch or the record does not allow it, and nothing has changed. Without a switch the ports are only
           recorded; restore() adds them when there is one.
"""

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import syslog
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(os.environ.get("NESTSWITCH_ROOT", "/"))  # tests set it to a folder of their own
PORTS, SOCKET = str(ROOT / "run/nestswitch/ports"), ROOT / "run/nestswitch/control.sock"
RECORDS = ROOT / "run/nestswitch-hooks"  # only root may write there
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
VALUE = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_./:-]{0,99}")
SETTINGS = ("port-group", "qmp", "mtu", "queues", "offload", "uplink")
COMMAND_S = 30
NO_SWITCH = 3  # exit status of nestctl


class Refused(Exception):
    """The text says what is wrong."""


class NoSwitch(Exception):
    """No switch answers."""


@dataclass
class Port:
    """A port that a guest wants. `interface`: made by the hypervisor when the guest starts; the port comes after that."""
    name: str
    device: str
    mac: str
    settings: dict = field(default_factory=dict)
    interface: str = ""

    def check(self):
        if not MAC.fullmatch(self.mac):
            raise Refused(f"port {self.name}: {self.mac!r} is not a MAC such as 02:00:00:00:00:01")
        for key, value in self.settings.items():
            if key not in SETTINGS:
                raise Refused(f"port {self.name}: {key!r} is not expected ({', '.join(SETTINGS)})")
            if not VALUE.fullmatch(value):
                raise Refused(f"port {self.name}: {key} cannot be {value!r} (letters, digits and _ . / : -)")
        if not VALUE.fullmatch(self.device):
            raise Refused(f"port {self.name}: {self.device!r} cannot be a device (letters, digits and _ . / : -)")

    def words(self):
        settings = [word for pair in self.settings.items() for word in pair]
        return ["port", "add", self.name, "device", self.device, "mac-address", self.mac, *settings]


def say(text):
    """To the journal, and to the hypervisor, which shows it if the hook fails. Names of guests may have any character."""
    text = "".join(character if character.isprintable() else "?" for character in text)
    print(f"nestswitch: {text}", file=sys.stderr)
    syslog.openlog("nestswitch-hook")
    syslog.syslog(syslog.LOG_WARNING, text)


def nestctl(*words):
    """What nestctl says."""
    try:
        done = subprocess.run(["nestctl", "-s", SOCKET, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=COMMAND_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(f"nestctl: {error}") from error
    if done.returncode == NO_SWITCH:
        raise NoSwitch(done.stderr.strip().removeprefix("nestctl: "))
    if done.returncode:
        raise Refused(f"{' '.join(words[:3])}: {done.stderr.strip().removeprefix('nestctl: ')}")
    return done.stdout


def present():
    """{name: device} of the ports of the switch."""
    return {port["name"]: port["device"] for port in json.loads(nestctl("-j", "port"))}


@contextmanager
def locked():
    RECORDS.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (RECORDS / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Guest:
    """A guest of a hypervisor, by its name there."""

    def __init__(self, kind, name):
        self.name = name
        self.file = RECORDS / f"{hashlib.sha256(f'{kind} {name}'.encode(errors='surrogateescape')).hexdigest()[:32]}.json"

    def recorded(self):
        try:
            return [Port(**port) for port in json.loads(self.file.read_text())["ports"]]
        except FileNotFoundError:
            return []

    def record(self, ports):
        if not ports:
            self.file.unlink(missing_ok=True)
            return
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps({"guest": self.name, "ports": [asdict(port) for port in ports]}, indent=1))
        new.rename(self.file)

    def add(self, ports):
        """Adds all of these ports or none."""
        with locked():
            self.refuse_foreign(ports)
            before = self.recorded()
            kept = [port for port in before if port.name not in {new.name for new in ports}]
            try:
                mine = self.add_missing(ports, {port.name: port.device for port in before})
            except Refused:
                self.record(kept)
                raise
            except NoSwitch as reason:
                say(f"{self.name}: {reason}. The guest has no network until the switch starts and adds "
                    f"{', '.join(port.name for port in ports)}")
                mine = ports
            self.record(kept + mine)

    def refuse_foreign(self, ports):
        """Refuses a port that was added for another guest."""
        for file in RECORDS.glob("*.json"):
            record = json.loads(file.read_text())
            theirs = {port["name"] for port in record["ports"]} if file != self.file else ()
            for port in ports:
                if port.name in theirs:
                    raise Refused(f"port {port.name} belongs to the guest {record['guest']!r}")

    def add_missing(self, ports, stale):
        """`stale`: {name: device} of the record; such ports are left from before. Returns the ports that were added."""
        there, added = present(), []
        try:
            for port in ports:
                if port.name in there and there[port.name] == stale.get(port.name):
                    nestctl("port", "del", port.name)
                elif there.get(port.name) == port.device:
                    say(f"port {port.name} is there already; it keeps its settings, and stays when {self.name} ends")
                    continue
                nestctl(*port.words())
                added.append(port)
        except (Refused, NoSwitch):
            self.remove(added)
            raise
        return added

    def remove(self, ports):
        """Removes these ports, but none that has got another device since."""
        try:
            there = present() if ports else {}
            for port in ports:
                if there.get(port.name) == port.device:
                    nestctl("port", "del", port.name)
        except (Refused, NoSwitch) as reason:
            say(f"{self.name}: {reason}")

    def release(self):
        """Removes the ports that were added for this guest."""
        with locked():
            self.remove(self.recorded())
            self.record([])

    def restore(self):
        """Adds the recorded ports that a new switch does not have."""
        with locked():
            restore_file(self.file)


def restore_file(file):
    if not file.exists():
        return
    record, there = json.loads(file.read_text()), present()
    for port in (Port(**port) for port in record["ports"]):
        if port.name not in there:
            try:
                nestctl(*port.words())
            except Refused as reason:
                say(f"{record['guest']}: {reason}")


def restore_all():
    """After a start of the switch: adds the ports of all guests that run."""
    with locked():
        for file in sorted(RECORDS.glob("*.json")):
            restore_file(file)


def let_switch_connect(path):
    """Lets the group of the switch connect to a socket of a guest. Follows no link: the guest's QEMU may write there."""
    import grp
    import stat
    try:
        number = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    except OSError as error:
        raise Refused(f"qmp {path}: {error.strerror} (is there an option -qmp with this socket?)") from error
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            raise Refused(f"qmp {path}: this is no socket")
        os.chown(f"/proc/self/fd/{number}", -1, grp.getgrnam("nestswitch").gr_gid)
        os.chmod(f"/proc/self/fd/{number}", 0o770)
    except (KeyError, OSError) as error:
        raise Refused(f"qmp {path}: {error}") from error
    finally:
        os.close(number)


def checked_name(name):
    if not NAME.fullmatch(name):
        raise Refused(f"a port cannot have the name {name!r} (1 to 15 characters of A-Z a-z 0-9 _ . -, the first no . or -)")
    return name


def unique(ports):
    """Refuses two ports of one name, device or MAC."""
    for what in ("name", "device", "mac"):
        seen = [getattr(port, what) for port in ports]
        for value in seen:
            if seen.count(value) > 1:
                raise Refused(f"two NICs have the same {what} {value}")
    for port in ports:
        port.check()
    return ports
