# SPDX-License-Identifier: BSD-3-Clause
"""configuration: the file of the switch, in which the appliance fits devices and sizes to the machine.

Model  A port names its NIC as `pci:p1`. The appliance writes the NIC's address in its place, and at each boot the new
       address for the one of the boot before. The port of an absent NIC gets a device that is down, `absent-p1`, until the
       NIC is back. Keys of `dataplane` that depend on the machine are written at each boot. Edits replace only these values:
       comments and the rest of the file stay as they are.
Errors A file that is no YAML mapping is left as it is; `nestswitch check` says what is wrong with it.
"""

import re

import yaml

ABSENT = re.compile(r"vhost:/run/nestswitch/absent-(\w+)\.sock$")  # nobody connects to it
BY_ADDRESS = re.compile(r"(?:pci:)?([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$", re.IGNORECASE)
MIB_PAGES_MIN, MIB_PAGES_MAX = 128, 1024
MIB_OF_PAGE = 2


def parse(text):
    """The node of the file's mapping; None if it is none."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    return node if isinstance(node, yaml.MappingNode) else None


def member(node, key):
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def scalar(node, key):
    value = member(node, key)
    return value.value if isinstance(value, yaml.ScalarNode) else ""


def ports(text):
    found = member(parse(text), "ports")
    return found.value if isinstance(found, yaml.SequenceNode) else []


def replace(text, edits):
    """`edits`: [(node, new text)]"""
    for node, new in sorted(edits, key=lambda edit: edit[0].start_mark.index, reverse=True):
        text = text[:node.start_mark.index] + new + text[node.end_mark.index:]
    return text


def device_of(nic, address):
    return f"pci:{address}" if address else f"vhost:/run/nestswitch/absent-{nic}.sock"


def nic_of(device, former):
    """The NIC's name that a device means. `former`: {address at the boot before: name}"""
    absent, address = ABSENT.match(device), BY_ADDRESS.match(device)
    if absent:
        return absent[1]
    return former.get(address[1].lower()) if address else device.removeprefix("pci:")


def set_devices(text, addresses, former):
    """Writes the address of each NIC. `addresses`: {name: address, or None of an absent NIC}"""
    return rewrite(text, former, lambda nic: device_of(nic, addresses[nic]) if nic in addresses else None)


def symbolic(text, names):
    """The text with `pci:p1` in place of addresses, for another machine. `names`: {address: name}"""
    return rewrite(text, names, lambda nic: f"pci:{nic}" if nic in names.values() else None)


def rewrite(text, former, device):
    """Writes device(NIC) into each port of a NIC, unless that is None."""
    found = [(node, device(nic_of(node.value, former))) for port in ports(text)
             if isinstance(node := member(port, "device"), yaml.ScalarNode)]
    return replace(text, [(node, f'"{new}"') for node, new in found if new])


def add_ports(text, nics):
    """Adds a port for each of these NICs that no port of the file has."""
    known = {scalar(port, "name") for port in ports(text)} | {scalar(port, "device")[4:] for port in ports(text)}
    lines = [f'{{ name: {nic}, device: "pci:{nic}" }}' for nic in nics if nic not in known]
    node = member(parse(text), "ports")
    if not lines or not isinstance(node, yaml.SequenceNode) or not node.value:
        return text
    last = node.value[-1].end_mark.index
    if node.flow_style:
        return text[:last] + "".join(f", {line}" for line in lines) + text[last:]
    indent = " " * node.start_mark.column
    kept = len(text[:last].rstrip())  # a block ends where the next one begins
    rest = text[kept:]
    comment, newline, after = rest.partition("\n")
    return text[:kept] + comment + "".join(f"\n{indent}- {line}" for line in lines) + (newline or "\n") + after


def sizes(text, memory_mib, cores):
    """MiB of huge pages for the switch, and the keys of `dataplane` that follow. Workers leave a core to the rest."""
    pages = max(MIB_PAGES_MIN, min(MIB_PAGES_MAX, memory_mib // 4)) // MIB_OF_PAGE * MIB_OF_PAGE
    wanted = scalar(member(parse(text), "dataplane"), "workers")
    workers = max(1, min(int(wanted) if wanted.isdigit() else 1, cores - 1))
    return pages, {"memory": str(pages), "hugepages": "on", "workers": str(workers), "busy-poll": "off" if cores < 2 else "on"}


def set_dataplane(text, keys):
    """Writes the keys that depend on the machine. Others of the section stay."""
    top = parse(text)
    if top is None:
        return text
    node = member(top, "dataplane")
    if not isinstance(node, yaml.MappingNode):
        if node is not None:  # an empty section, or none that can be right
            return text
        line = f"dataplane: {{ {', '.join(f'{key}: {value}' for key, value in keys.items())} }} # sizes are set at each boot\n"
        at = top.start_mark.index
        return text[:at] + line + text[at:] if not top.flow_style else text
    missing = [f"{key}: {value}" for key, value in keys.items() if member(node, key) is None]
    text = replace(text, [(member(node, key), value) for key, value in keys.items() if member(node, key) is not None])
    if not missing or not node.value:
        return text
    separator = ", " if node.flow_style else "\n" + " " * node.start_mark.column
    first = node.value[0][0].start_mark.index  # no edit is before it
    return text[:first] + separator.join([*missing, ""]) + text[first:]


def default(nics):
    """The configuration of a machine that was given none: one port for each NIC."""
    lines = "".join(f'  - {{ name: {nic}, device: "pci:{nic}" }}\n' for nic in nics)
    return f"""# The ports are the NICs p1, p2 and so on. Write `device: "pci:p1"` for the first; the machine fills in its address.
policy:
  mac-limit: 1024
{f'ports:{chr(10)}{lines}' if lines else ''}"""
