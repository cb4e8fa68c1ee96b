# SPDX-License-Identifier: BSD-3-Clause
"""nics: which NIC of the machine is the management NIC, and which is which port.

Model   At the first boot the NICs are sorted by index (ACPI), slot and PCI address. The first is `mgmt`, the others are
        p1, p2 and so on. Each name is stored with its MAC and place. At a later boot a NIC gets its name back by its MAC,
        or else by its place. A name whose NIC is gone stays, with the NIC absent. A new NIC gets the next free number, or
        becomes `mgmt` if that NIC is gone.
Limits  A NIC without a driver of the kernel has no MAC here. Only its place identifies it.
"""

import re
from dataclasses import asdict, dataclass
from pathlib import Path

MANAGEMENT = "mgmt"
CLASS_ETHERNET = "0x0200"
LAST = 1 << 32  # sorts behind each index


@dataclass
class Nic:
    address: str
    index: int | None = None  # what the firmware says: acpi-index at QEMU
    slot: int | None = None
    mac: str = ""
    interface: str = ""

    def order(self):
        return LAST if self.index is None else self.index, LAST if self.slot is None else self.slot, self.address

    def place(self):
        return self.index, self.address


@dataclass
class Name:
    """What is stored of a name."""

    name: str
    address: str
    index: int | None
    mac: str
    absent: bool = False

    def place(self):
        return self.index, self.address


def read_text(path):
    return path.read_text().strip() if path.exists() else ""


def read_number(path):
    text = read_text(path)
    return int(text) if text.isdigit() else None


def slots(root):
    """{address of a device without its function: number of its slot}"""
    found = {}
    for folder in sorted((root / "sys/bus/pci/slots").glob("*")):
        number = re.match(r"\d+", folder.name)
        if number:
            found[read_text(folder / "address")] = int(number[0])
    return found


def interface_of(device):
    """The name of the kernel's interface, "" without a driver. That of a virtio NIC is one level deeper."""
    return next((path.name for pattern in ("net/*", "virtio*/net/*") for path in sorted(device.glob(pattern))), "")


def find(root=Path("/")):
    """The Ethernet devices on PCI, in the order of their names."""
    numbers, found = slots(root), []
    for device in (root / "sys/bus/pci/devices").glob("*"):
        if not read_text(device / "class").startswith(CLASS_ETHERNET):
            continue
        interface = interface_of(device)
        mac = read_text(root / "sys/class/net" / interface / "address") if interface else ""
        found.append(Nic(device.name, read_number(device / "acpi_index"), numbers.get(device.name.split(".")[0]), mac, interface))
    return sorted(found, key=Nic.order)


def assign(found, stored):
    """Returns ({name: NIC}, names as they are to be stored, what a person should know)."""
    left, names, news = list(found), [], []
    present = {}
    for same in (lambda name, nic: nic.mac and nic.mac == name.mac, lambda name, nic: nic.place() == name.place()):
        for name in stored:
            nic = next((nic for nic in left if name.name not in present and same(name, nic)), None)
            if nic:
                present[name.name] = nic
                left.remove(nic)
    for name in stored:
        names.append(continued(name, present.get(name.name), news))
    for nic in left:
        name = MANAGEMENT if MANAGEMENT not in present else next_free(names)
        names = [one for one in names if one.name != name]
        names.append(Name(name, nic.address, nic.index, nic.mac))
        present[name] = nic
        if stored:
            news.append(f"{name}: new NIC {nic.mac or 'without MAC'} at {nic.address}")
    return present, names, news


def continued(name, nic, news):
    if nic is None:
        news.append(f"{name.name}: absent, its NIC {name.mac or 'without MAC'} was at {name.address}")
        return Name(name.name, name.address, name.index, name.mac, absent=True)
    if name.absent:
        news.append(f"{name.name}: its NIC is back")
    elif nic.mac != name.mac and nic.mac:
        news.append(f"{name.name}: the NIC at {nic.address} has another MAC, {nic.mac} instead of {name.mac or 'none'}")
    return Name(name.name, nic.address, nic.index, nic.mac or name.mac)


def by_address(names):
    """{address: name}. Where an absent NIC was, another one may be now."""
    return {name.address.lower(): name.name for name in sorted(names, key=lambda name: not name.absent)}


def addresses_of_absent(names, present):
    """{name: where its NIC was; None if another NIC is there now}"""
    taken = {nic.address for nic in present.values()}
    return {name.name: None if name.address in taken else name.address for name in names if name.absent}


def next_free(names):
    taken = {name.name for name in names}
    return next(name for number in range(1, len(taken) + 2) if (name := f"p{number}") not in taken)


def to_json(names):
    return [asdict(name) for name in names]


def from_json(rows):
    return [Name(**row) for row in rows]
