# SPDX-License-Identifier: BSD-3-Clause
"""console: the page on tty1 and on the serial line, and its keys.

Model  The page is drawn when it differs from the one before, so that a quiet machine writes nothing. Keys that show or change
       something ask for root's password first. Without a password, the first one to use a key sets it.
"""

import hmac
import json
import os
import select
import subprocess
import termios
import textwrap
import time
import tty
import warnings
from pathlib import Path

import machine
import nics
import settings
import upkeep

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Python 3.13 has no crypt
    import crypt

REFRESH_S, ASK_S = 5, 10
UNLOCKED_S = 600
WRONG_S = 3
KEYS = "keys: n network  p password  o ports  t token  r restart  f reset  s shell"
WIDTH = 79
ANSI_CLEAR = "\033[H\033[2J\033[3J"
SHOWN_PORTS = 9


def ask(*words):
    """The JSON of a command; None if it fails."""
    try:
        said = subprocess.run(words, capture_output=True, text=True, timeout=ASK_S, check=False)
        return json.loads(said.stdout) if said.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def addresses():
    """The addresses of the management NIC, those of IPv4 first, link-local ones last."""
    found = ask("ip", "-j", "address", "show", "dev", nics.MANAGEMENT) or [{}]
    rows = [row for row in found[0].get("addr_info", []) if row.get("local")]
    rows.sort(key=lambda row: (row.get("scope") == "link", row["family"] != "inet"))
    return [f"{row['local']}/{row['prefixlen']}" for row in rows]


def url(address):
    host = address.split("/")[0]
    return f"https://[{host}]/" if ":" in host else f"https://{host}/"


def first_line(*words):
    said = subprocess.run(words, capture_output=True, text=True, timeout=ASK_S, check=False)
    return said.stdout.strip().splitlines()[0] if said.returncode == 0 and said.stdout.strip() else "?"


class Constant:
    """What does not change as long as the machine runs, asked once."""

    known = {}

    @classmethod
    def get(cls, name, *words):
        if cls.known.get(name, "?") == "?":
            cls.known[name] = first_line(*words)
        return cls.known[name]


def page():
    state = machine.read_json(machine.STATE, {})
    ready = "ready" if (machine.RUN / "ready").exists() else "not ready"
    lines = [f"nestswitch {Constant.get('version', 'nestswitch', '--version').split()[-1]}   {os.uname().nodename}   slot {upkeep.this_slot()}   {ready}",
             "", *management(state), "", *port_lines(), ""]
    for line in [f"! {line}" for line in state.get("problems", [])] + [f"* {line}" for line in state.get("news", [])]:
        lines += textwrap.wrap(line, WIDTH, subsequent_indent="  ")
    return lines


def management(state):
    nic = state.get("nics", {}).get(nics.MANAGEMENT)
    found = addresses()
    if not nic or not found:
        return [f"management   {'no address yet' if nic else 'no NIC'}"]
    fingerprint = Constant.get("tls", "openssl", "x509", "-in", str(machine.CERTIFICATE), "-noout", "-fingerprint", "-sha256")
    key = Constant.get("ssh", "ssh-keygen", "-lf", f"{machine.HOST_KEY}.pub").split()
    routable = [one for one in found if not one.startswith("fe80")]
    digits = fingerprint.partition("=")[2] or "?"
    return [f"management   {', '.join((routable or found)[:2])}   ({nic['mac']})",
            f"web page     {url((routable or found)[0])}   user {machine.USER}, password: the token",
            f"  SHA-256    {digits[:48]}", *[f"             {digits[48:]}"] * bool(digits[48:]),
            f"ssh          root@{(routable or found)[0].split('/')[0]}",
            f"  host key   {key[1] if len(key) > 1 else '?'}"]


def port_lines():
    ports = ask("nestctl", "-j", "port", "show")
    if ports is None:
        return ["ports        the switch does not answer; the last it said:", *textwrap.wrap(upkeep.why_not(), WIDTH)]
    known = machine.read_json(machine.STATE, {}).get("nics", {})
    macs = {f"pci:{nic['address']}": nic["mac"] for nic in known.values()}
    lines = [f"{port['name']:<15}  {port_state(port):<12}  {port['macs']:>6}  {macs.get(port['device'], port['device'] or '')}"
             for port in ports[:SHOWN_PORTS]]
    lines += [line for port in ports if "problem" in port for line in textwrap.wrap(f"! {port['problem']}", WIDTH, subsequent_indent="  ")]
    more = [f"and {len(ports) - SHOWN_PORTS} more"] * (len(ports) > SHOWN_PORTS)
    return [f"{'port':<15}  {'state':<12}  {'MACs':>6}  NIC", *lines, *more]


def port_state(port):
    """The port of an absent NIC, in whose place another one is, has a device that is down."""
    return "absent" if "/absent-" in (port["device"] or "") else port["state"]


class Dialog:
    """whiptail on this terminal."""

    @staticmethod
    def call(*words):
        """Its answer; None if it was left."""
        done = subprocess.run(["whiptail", "--backtitle", "nestswitch", *words], stderr=subprocess.PIPE, text=True, check=False)
        return done.stderr.strip() if done.returncode == 0 else None

    @classmethod
    def say(cls, text):
        cls.call("--msgbox", text, "12", "76")

    @classmethod
    def sure(cls, text):
        return cls.call("--defaultno", "--yesno", text, "10", "76") is not None

    @classmethod
    def line(cls, text, value=""):
        return cls.call("--inputbox", text, "10", "76", "--", value)

    @classmethod
    def secret(cls, text):
        return cls.call("--passwordbox", text, "10", "76")


def stored():
    return machine.read_json(machine.SETTINGS, {})


def store(values):
    machine.write_json(machine.SETTINGS, values)


def set_password():
    new = Dialog.secret("New password of root, at least 8 characters:")
    if new is None:
        return False
    if Dialog.secret("The same again:") != new:
        Dialog.say("The two differ. Nothing has changed.")
        return False
    good, problems = settings.checked({"password": new}, "console")
    if "password" not in good:
        Dialog.say("\n".join(problems) or "The password is empty.")
        return False
    digest = machine.command("openssl", "passwd", "-6", "-stdin", input=good["password"] + "\n").strip()
    machine.command("chpasswd", "-e", input=f"root:{digest}\n")
    store({**stored(), "password": digest})
    return True


def right(word, digest):
    made = crypt.crypt(word, digest)
    return made is not None and hmac.compare_digest(made, digest)


def set_network():
    values = stored()
    raw = {}
    for key, text in (("address", "Address with prefix length (192.0.2.10/24); empty: DHCP"), ("gateway", "Gateway; may be empty"),
                      ("dns", "DNS servers; may be empty")):
        was = values.get(key, "")
        said = Dialog.line(text, " ".join(was) if isinstance(was, list) else was)
        if said is None:
            return
        raw[key] = said
        if key == "address" and not said:
            break
    good, problems = settings.checked(raw, "network")
    if problems:
        Dialog.say("\n".join([*problems, "", "Nothing has changed."]))
        return
    store({key: value for key, value in values.items() if key not in ("address", "gateway", "dns")} | good)
    machine.write(Path("/run/systemd/network/10-mgmt.network"), machine.network_file(stored()))
    machine.command("networkctl", "reload")
    machine.command("networkctl", "reconfigure", nics.MANAGEMENT)


def show_ports():
    said = subprocess.run(["nestctl", "port", "show"], capture_output=True, text=True, timeout=ASK_S, check=False)
    show(said.stdout or said.stderr)


def show(text):
    tty.setcbreak(0)
    print(text.replace("\n", "\r\n"), "\r\n(a key goes back)", end="", flush=True)
    os.read(0, 64)


def show_token():
    show(f"User {machine.USER}, password or bearer token:\n{machine.TOKEN.read_text()}")


def restart():
    what = Dialog.call("--menu", "Restart", "12", "76", "2", "switch", "ports are down for a moment", "machine", "about a minute")
    if what == "switch":
        machine.command("systemctl", "restart", "nestswitch")
    elif what == "machine":
        upkeep.restart()


def reset():
    if Dialog.sure("Forget the settings, the keys, the token and the configuration of the switch, and restart?"):
        upkeep.factory_reset()


def shell():
    subprocess.run(["/bin/bash", "--login"], cwd="/root", check=False, env={**os.environ, "HOME": "/root"})


class Console:
    """One terminal. `in_place`: clear it before each page; a serial line is also read by programs."""

    actions = {"n": set_network, "p": set_password, "o": show_ports, "t": show_token, "r": restart, "f": reset, "s": shell}

    def __init__(self):
        self.in_place = "tty1" in os.ttyname(0)
        self.unlocked_until = 0
        self.modes = termios.tcgetattr(0)

    def run(self):
        shown = None
        tty.setcbreak(0)
        while True:
            lines = page()
            if lines != shown:
                self.draw(lines)
                shown = lines
            key = self.key(REFRESH_S)
            if key in self.actions:
                self.act(key)
                shown = None
            elif key:
                shown = None

    def draw(self, lines):
        print((ANSI_CLEAR if self.in_place else "\r\n") + "\r\n".join([*lines, KEYS, ""]), end="", flush=True)

    @staticmethod
    def key(seconds):
        """The key that was pressed, also one pressed while the page was made; "" if none was."""
        if not select.select([0], [], [], seconds)[0]:
            return ""
        return os.read(0, 64).decode(errors="replace")[:1]

    def act(self, key):
        termios.tcsetattr(0, termios.TCSANOW, self.modes)
        try:
            if self.unlock():
                self.actions[key]()
        except (machine.Failed, upkeep.Refused, OSError, subprocess.TimeoutExpired) as error:
            Dialog.say(str(error))
        tty.setcbreak(0)

    def unlock(self):
        if time.monotonic() < self.unlocked_until:
            return True
        digest = stored().get("password")
        if not digest:
            if not set_password():
                return False
        else:
            word = Dialog.secret("Password of root:")
            if word is None or not right(word, digest):
                time.sleep(WRONG_S if word is not None else 0)
                return False
        self.unlocked_until = time.monotonic() + UNLOCKED_S
        return True


def run():
    Console().run()
