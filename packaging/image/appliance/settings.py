# SPDX-License-Identifier: BSD-3-Clause
"""settings: what the first boot is told, from the hypervisor or a disk.

Model   Three sources are asked in turn, and the first that has something counts alone: VMware's guestinfo (OVF properties, or
        `guestinfo.nestswitch`), a disk with the label CIDATA (NoCloud: user-data, meta-data, network-config), QEMU's
        fw_cfg `opt/org.nestswitch/settings`. All become one mapping with the keys of KEYS.
Errors  A value that is wrong is left out, and a problem says why. The others count. Nothing here raises for bad input.
"""

import base64
import binascii
import ipaddress
import re
import subprocess
import xml.etree.ElementTree as xml
from pathlib import Path

import yaml

FW_CFG = "sys/firmware/qemu_fw_cfg/by_name/opt/org.nestswitch/settings/raw"
OVF = "{http://schemas.dmtf.org/ovf/environment/1}"
RPC_S = 10
SIZE_MAX = 1 << 20
TOKEN_MIN, TOKEN_MAX = 16, 128


class Problem(Exception):
    """A value that is wrong, and what would be right."""


def text_of(value):
    if not isinstance(value, str | int | float):
        raise Problem("is not a text")
    return str(value).strip()


def hostname(value):
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?", text_of(value)):
        raise Problem("is not a host name (letters, digits, '-' and '.', at most 63)")
    return text_of(value)


def address(value):
    try:
        interface = ipaddress.ip_interface(text_of(value))
    except ValueError as error:
        raise Problem("is not an address with its prefix length, such as 192.0.2.10/24") from error
    if "/" not in text_of(value):
        raise Problem("has no prefix length, such as 192.0.2.10/24")
    if interface.ip.is_multicast or interface.ip.is_unspecified or interface.ip.is_loopback:
        raise Problem("is no address for a machine")
    return str(interface)


def one_ip(value):
    try:
        return str(ipaddress.ip_address(text_of(value)))
    except ValueError as error:
        raise Problem("is not an IP address, such as 192.0.2.1") from error


def several(value):
    return re.split(r"[\s,]+", value.strip()) if isinstance(value, str) else value if isinstance(value, list) else [value]


def dns(value):
    return [one_ip(one) for one in several(value) if one]


def ssh_keys(value):
    lines = value.splitlines() if isinstance(value, str) else value if isinstance(value, list) else [value]
    keys = [text_of(line) for line in lines if text_of(line)]
    for key in keys:
        if "\n" in key or not re.match(r"(ssh-(ed25519|rsa)|ecdsa-sha2-nistp\d+|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) AAAA\S+", key):
            raise Problem(f"has no SSH public key in '{key[:40]}' (such as ssh-ed25519 AAAA… name)")
    return keys


def password(value):
    """A password, or its hash as /etc/shadow has it."""
    text = text_of(value)
    if len(text) < 8 or "\n" in text:
        raise Problem("is too short (at least 8 characters) or has several lines")
    return text


def token(value):
    if not re.fullmatch(rf"[A-Za-z0-9_-]{{{TOKEN_MIN},{TOKEN_MAX}}}", text_of(value)):
        raise Problem(f"is not {TOKEN_MIN} to {TOKEN_MAX} letters, digits, '-' or '_'")
    return text_of(value)


def configuration(value):
    """YAML, also in base64. A mapping in place of a text is written as YAML."""
    if isinstance(value, dict):
        return yaml.safe_dump(value, sort_keys=False)
    text = text_of(value)
    if ":" not in text:  # no YAML mapping, and base64 has none
        try:
            text = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Problem("is neither YAML nor base64") from error
    return text.rstrip() + "\n"


KEYS = {"hostname": hostname, "address": address, "gateway": one_ip, "dns": dns, "ssh-key": ssh_keys, "password": password,
        "token": token, "configuration": configuration}


def checked(raw, source):
    """Returns ({key: value} of those that are right, [problem])"""
    good, problems = {}, []
    for key, value in raw.items():
        if key not in KEYS:
            problems.append(f"{source}: '{str(key)[:40]}' is not known ({', '.join(KEYS)})")
        elif value not in (None, "", []):
            try:
                good[key] = KEYS[key](value)
            except Problem as problem:
                problems.append(f"{source}: {key} {problem}")
    return good, problems + network_problems(good, source)


def network_problems(good, source):
    """A gateway that the address does not reach is left out."""
    if "gateway" not in good:
        return []
    if "address" not in good:
        del good["gateway"]
        return [f"{source}: gateway counts only with an address"]
    network = ipaddress.ip_interface(good["address"]).network
    gateway = ipaddress.ip_address(good["gateway"])
    if gateway not in network and not gateway.is_link_local:
        del good["gateway"]
        return [f"{source}: gateway {gateway} is not in the network of the address, {network}"]
    return []


def mapping(text, source):
    """The mapping of a YAML text."""
    try:
        value = yaml.load(text, Loader=Loader)
    except (yaml.YAMLError, ValueError) as error:
        raise Problem(f"{source} is not YAML: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(value, dict):
        raise Problem(f"{source} is not a YAML mapping")
    return value


class Loader(yaml.SafeLoader):
    """Leaves numbers, MACs and dates as they are written."""


Loader.yaml_implicit_resolvers = {first: [(tag, pattern) for tag, pattern in rows if tag.endswith(("null", "merge"))]
                                  for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def guestinfo(root, run=subprocess.run):
    """{key: value} from VMware. None if this is no such machine, or it was told nothing."""
    vendor = root / "sys/class/dmi/id/sys_vendor"
    if not vendor.exists() or "VMware" not in vendor.read_text():
        return None

    def ask(name):
        try:
            said = run(["vmware-rpctool", f"info-get {name}"], capture_output=True, text=True, timeout=RPC_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return "" if said.returncode else said.stdout.strip()

    own = ask("guestinfo.nestswitch")
    if own:
        return mapping(own if ":" in own else configuration(own), "guestinfo.nestswitch")
    environment = ask("guestinfo.ovfEnv")
    return properties(environment) if environment else None


def properties(environment):
    try:
        found = xml.fromstring(environment).iter(f"{OVF}Property")
    except xml.ParseError as error:
        raise Problem(f"the OVF environment is not XML: {error}") from error
    values = {one.get(f"{OVF}key", "").removeprefix("nestswitch."): one.get(f"{OVF}value", "") for one in found}
    return {key: value for key, value in values.items() if value and key in KEYS} or None


def fw_cfg(root):
    file = root / FW_CFG
    return mapping(limited(file), "fw_cfg") if file.exists() else None


def limited(path):
    text = path.read_bytes()
    if len(text) > SIZE_MAX:
        raise Problem(f"{path.name} is longer than {SIZE_MAX} bytes")
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise Problem(f"{path.name} is not UTF-8") from error


def nocloud(folder):
    """What the disk says, from cloud-init's files. Our own keys stand in `nestswitch:` of user-data."""
    files = {name: folder / name for name in ("user-data", "meta-data", "network-config")}
    files = {name: mapping(limited(path), name) for name, path in files.items() if path.exists() and path.stat().st_size}
    user, meta = files.get("user-data", {}), files.get("meta-data", {})
    if not files:
        return None
    own = user.get("nestswitch") or {}
    if not isinstance(own, dict):
        raise Problem("nestswitch in user-data is not a mapping")
    raw = {"hostname": user.get("hostname") or meta.get("local-hostname"), "ssh-key": user.get("ssh_authorized_keys"),
           "password": user.get("password"), **network(files.get("network-config", {})), **own}
    return {key: value for key, value in raw.items() if value}


def network(config):
    """Address, gateway and DNS of the first interface, of both versions."""
    config = config.get("network", config)
    if not isinstance(config, dict):
        return {}
    return version_1(config) if str(config.get("version")) == "1" else version_2(config)


def version_1(config):
    found = {}
    for one in config.get("config") or []:
        subnet = (one.get("subnets") or [{}])[0]
        if one.get("type") == "physical" and "address" in subnet and "address" not in found:
            found |= {"address": with_prefix(subnet["address"], subnet.get("netmask")), "gateway": subnet.get("gateway")}
        if one.get("type") == "nameserver":
            found["dns"] = one.get("address")
    return found


def version_2(config):
    first = next(iter((config.get("ethernets") or {}).values()), None) or {}
    routes = {route.get("to"): route.get("via") for route in first.get("routes") or []}
    return {"address": next(iter(first.get("addresses") or []), None), "dns": (first.get("nameservers") or {}).get("addresses"),
            "gateway": first.get("gateway4") or first.get("gateway6") or routes.get("default") or routes.get("0.0.0.0/0")}


def with_prefix(value, netmask):
    if "/" in str(value) or not netmask:
        return value
    try:
        return f"{value}/{ipaddress.ip_network(f'0.0.0.0/{netmask}').prefixlen}"
    except ValueError:
        return value


def read(root, disk):
    """The first source that has something. `disk`: opens the disk CIDATA, yields its folder or None.
    Returns (name of the source, values, problems)."""
    sources = {"guestinfo": lambda: guestinfo(root), "CIDATA": lambda: from_disk(disk), "fw_cfg": lambda: fw_cfg(root)}
    for name, ask in sources.items():
        try:
            raw = ask()
        except Problem as problem:
            return name, {}, [f"{name}: {problem}"]
        except (AttributeError, TypeError, OSError) as error:
            return name, {}, [f"{name}: cannot be read: {error}"]
        if raw is not None:
            return (name, *checked(raw, name))
    return "", {}, []


def from_disk(disk):
    with disk() as folder:
        return nocloud(folder) if folder else None


def is_hash(text):
    return bool(re.match(r"\$(5|6|y|2[aby])\$", text))
