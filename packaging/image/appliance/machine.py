# SPDX-License-Identifier: BSD-3-Clause
"""machine: what the appliance does at each boot, before the network and the switch start.

Model  The root file system is that of the image, with changes in memory. What must last is in /data: settings of the first
       boot, names of NICs, keys, token, and the configuration of the switch. This module applies it at each boot.
Errors A step that fails is told as a problem on the console, and the next step follows: the machine always boots.
"""

import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import configuration
import nics
import settings

ROOT = Path("/")
DATA, RUN = Path("/data"), Path("/run/nestswitch-appliance")
CONFIG = DATA / "nestswitch/nestswitch.yaml"
TOKEN = DATA / "nestswitch/token"
SETTINGS, NAMES = DATA / "settings.json", DATA / "nics.json"
CERTIFICATE, TLS_KEY = DATA / "tls/certificate.pem", DATA / "tls/key.pem"
HOST_KEY = DATA / "ssh/ssh_host_ed25519_key"
STATE = RUN / "state.json"
DISK = Path("/dev/disk/by-label")
CERTIFICATE_DAYS = 3650
COMMAND_S = 120
USER = "nestswitch"  # of the web page, beside the token
DEFAULT_HOSTNAME = "nestswitch"


class Failed(Exception):
    """A command of a step failed."""


def command(*words, **options):
    """Runs a command. Returns its output."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_S, check=False, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{words[0]}: {error}") from error
    if done.returncode:
        raise Failed(f"{' '.join(words[:3])}: {(done.stderr or done.stdout).strip()[:300]}")
    return done.stdout


def write(path, text, mode=0o644):
    """Replaces a file as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)


def read_json(path, otherwise):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return otherwise


def write_json(path, value, mode=0o600):
    write(path, json.dumps(value, indent=1) + "\n", mode)


@contextmanager
def disk():
    """The files of the disk with the label CIDATA, in a folder."""
    device = next((DISK / label for label in ("CIDATA", "cidata") if (DISK / label).exists()), None)
    if not device:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            command("mount", "-o", "ro,nosuid,nodev,noexec", str(device), folder)
        except Failed as failed:
            raise OSError(failed) from failed
        try:
            yield Path(folder)
        finally:
            command("umount", folder)


class Boot:
    """The steps of one boot, and what they found."""

    def __init__(self):
        self.problems, self.news, self.present = [], [], {}
        self.settings = read_json(SETTINGS, None)
        self.first = self.settings is None
        self.cores = os.cpu_count() or 1

    def run(self):
        RUN.mkdir(mode=0o755, exist_ok=True)
        for step in (self.drivers, self.ask_first_input, self.name_machine, self.name_nics, self.write_network, self.make_ssh_key,
                     self.allow_logins, self.make_certificate, self.make_token, self.configure, self.keep_machine_id):
            try:
                step()
            except Exception as error:  # each step is on its own: the machine must come up
                self.problems.append(f"{step.__name__}: {error}")
            self.tell()

    def tell(self):
        for line in self.problems + self.news:
            print(line, flush=True)
        write_json(STATE, {"problems": self.settings_problems() + self.problems, "news": self.news,
                           "nics": self.known_nics()}, 0o644)

    def known_nics(self):
        return {name: {"address": nic.address, "mac": nic.mac} for name, nic in self.present.items()}

    def settings_problems(self):
        return (self.settings or {}).get("problems", [])

    def drivers(self):
        """Waits until udev has loaded the drivers of all devices."""
        if not os.path.ismount(DATA) or (RUN / "no-data").exists():
            self.problems.append("the data partition cannot be used: nothing that is set now lasts")
        command("udevadm", "settle", "--timeout=30")

    def ask_first_input(self):
        if not self.first:
            return
        command("modprobe", "-a", "-q", "qemu_fw_cfg", "isofs", "vfat")
        source, values, problems = settings.read(ROOT, disk)
        if "password" in values and not settings.is_hash(values["password"]):
            values["password"] = command("openssl", "passwd", "-6", "-stdin", input=values["password"] + "\n").strip()
        self.settings = {"source": source or "none", "problems": problems, **values}
        write_json(SETTINGS, self.settings)

    def name_machine(self):
        name = self.settings.get("hostname", DEFAULT_HOSTNAME)
        write(Path("/etc/hostname"), name + "\n")
        write(Path("/etc/hosts"), f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost\n")
        socket.sethostname(name)

    def name_nics(self):
        stored = nics.from_json(read_json(NAMES, []))
        self.former = nics.by_address(stored)
        self.present, names, news = nics.assign(nics.find(), stored)
        self.absent = nics.addresses_of_absent(names, self.present)
        self.new = [name.name for name in names if name.name not in {one.name for one in stored}]
        self.news += news
        write_json(NAMES, nics.to_json(names))

    def write_network(self):
        """Names the management NIC. Of the other NICs, the kernel's interfaces stay down and without addresses."""
        nic = self.present.get(nics.MANAGEMENT)
        if not nic or not nic.interface:
            self.problems.append("there is no management NIC that this kernel has a driver for (use virtio or vmxnet3)")
            return
        if nic.interface != nics.MANAGEMENT:
            command("ip", "link", "set", nic.interface, "down")
            command("ip", "link", "set", nic.interface, "name", nics.MANAGEMENT)
        write(Path("/run/systemd/network/10-mgmt.network"), network_file(self.settings))

    def make_ssh_key(self):
        if not HOST_KEY.exists():
            HOST_KEY.parent.mkdir(mode=0o700, exist_ok=True)
            command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(HOST_KEY))

    def allow_logins(self):
        write(Path("/root/.ssh/authorized_keys"), "".join(f"{key}\n" for key in self.settings.get("ssh-key", [])), 0o600)
        if self.settings.get("password"):
            command("chpasswd", "-e", input=f"root:{self.settings['password']}\n")

    def make_certificate(self):
        if CERTIFICATE.exists() and TLS_KEY.exists():
            return
        TLS_KEY.parent.mkdir(mode=0o700, exist_ok=True)
        name = self.settings.get("hostname", DEFAULT_HOSTNAME)
        address = self.settings.get("address", "").split("/")[0]
        names = [f"DNS:{name}"] + [f"IP:{address}"] * bool(address)
        command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-sha256",
                "-days", str(CERTIFICATE_DAYS), "-subj", f"/CN={name}", "-addext", f"subjectAltName={','.join(names)}",
                "-keyout", str(TLS_KEY), "-out", str(CERTIFICATE))
        TLS_KEY.chmod(0o600)

    def make_token(self):
        """The token of the web page, and its place in the proxy: Bearer for programs, Basic for browsers."""
        if not TOKEN.exists():
            write(TOKEN, (self.settings.get("token") or os.urandom(16).hex()) + "\n", 0o600)
        token = TOKEN.read_text().strip()
        basic = base64.b64encode(f"{USER}:{token}".encode()).decode().replace("+", r"\+")
        write(RUN / "token.conf", 'map $http_authorization $authorized {\n\tdefault 0;\n'
              f'\t"~^Bearer {token}$" 1;\n\t"~^Basic {basic}$" 1;\n}}\n', 0o600)

    def configure(self):
        """Binds the NICs, and fits the file of the switch to the machine."""
        if not CONFIG.exists():
            self.install_configuration()
        text = CONFIG.read_text()
        pages, keys = configuration.sizes(text, memory_mib(), self.cores)
        command("nestswitch-prepare", "--hugepages", str(pages))
        ports = {name: nic.address for name, nic in self.present.items() if name != nics.MANAGEMENT}
        for name, address in ports.items():
            self.bind(name, address)
        addresses = {**self.absent, **ports}
        addresses.pop(nics.MANAGEMENT, None)
        if not self.first:
            text = configuration.add_ports(text, [name for name in self.new if name in addresses])
        text = configuration.set_devices(text, addresses, self.former)
        write(CONFIG, configuration.set_dataplane(text, keys), 0o640)

    def bind(self, name, address):
        try:
            command("nestswitch-prepare", "--bind", address)
        except Failed as failed:
            self.problems.append(f"{name}: {failed}")

    def install_configuration(self):
        """The configuration of the first input if the switch takes it, and else one port for each NIC."""
        given = self.settings.get("configuration")
        problem = given and refused(given, {name: nic.address for name, nic in self.present.items()})
        if problem:
            self.settings["problems"].append(f"{self.settings['source']}: configuration: {problem}")
            write_json(SETTINGS, self.settings)
        names = [name for name in sorted(self.present, key=lambda name: int(name[1:]) if name[1:].isdigit() else 0)
                 if name != nics.MANAGEMENT]
        write(CONFIG, given if given and not problem else configuration.default(names), 0o640)

    def keep_machine_id(self):
        """The initramfs puts it back at the next boot."""
        here, kept = Path("/etc/machine-id"), DATA / "machine-id"
        if not kept.exists() and len(here.read_text().strip()) == 32:
            shutil.copy(here, kept)


def plugged():
    """NICs that came while the machine runs: names and binds them, and gives each a port that has none or had another address."""
    boot = Boot()
    boot.name_nics()
    text, state = CONFIG.read_text(), read_json(STATE, {})
    ports = {name: nic.address for name, nic in boot.present.items() if name != nics.MANAGEMENT}
    for name, address in ports.items():
        boot.bind(name, address)
    text = configuration.add_ports(text, [name for name in boot.new if name in ports])
    text = configuration.set_devices(text, {**boot.absent, **ports}, boot.former)
    write(CONFIG, text, 0o640)
    running = {port["name"]: port["device"] for port in json.loads(command("nestctl", "-j", "port", "show"))}
    for port in configuration.ports(text):
        try:
            follow(configuration.scalar(port, "name"), configuration.scalar(port, "device"), running)
        except Failed as failed:
            boot.problems.append(str(failed))
    write_json(STATE, {**state, "problems": state.get("problems", []) + boot.problems, "news": state.get("news", []) + boot.news,
                       "nics": boot.known_nics()}, 0o644)


def follow(name, device, running):
    """Gives a port of the running switch the device that the file has."""
    if name not in running:
        command("nestctl", "port", "add", name, "device", device)
    elif running[name] != device:
        command("nestctl", "port", "set", name, "device", device)


def refused(text, addresses):
    """What the switch says against a configuration; "" if it takes it."""
    if not configuration.ports(text):
        return "there are no ports in it"
    text = configuration.set_devices(text, addresses, {})
    with tempfile.NamedTemporaryFile("w", prefix="configuration", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        done = subprocess.run(["nestswitch", "check", "--config", file.name], capture_output=True, text=True, timeout=COMMAND_S,
                              check=False)
    return "" if not done.returncode else (done.stderr or done.stdout).strip().replace(file.name, "configuration")[:300]


def memory_mib():
    kib = next(line.split()[1] for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal:"))
    return int(kib) // 1024


def network_file(values):
    lines = ["[Match]", f"Name={nics.MANAGEMENT}", "", "[Network]"]
    if "address" in values:
        lines += ["DHCP=no", f"Address={values['address']}"]
        lines += [f"Gateway={gateway}" for gateway in [values.get("gateway")] if gateway]
    else:
        lines += ["DHCP=yes", "LinkLocalAddressing=yes"]
    lines += [f"DNS={server}" for server in values.get("dns", [])]
    return "\n".join(lines) + "\n"


def uptime_s():
    return time.clock_gettime(time.CLOCK_BOOTTIME)
