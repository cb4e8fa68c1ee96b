# SPDX-License-Identifier: BSD-3-Clause
"""configs: an error in a configuration is one line with file, line and column."""

import itertools

HEAD = "ports:\n  - { name: a, device: 'null:' }\n"
TWO = HEAD + "  - { name: b, device: 'null:' }\n"

# (name, configuration, part of the message). @ marks the position of the message and is removed before the test.
BAD = (
    ("an empty file", "@", "empty"),
    ("no ports", "@switch: { name: x }\n", "ports"),
    ("no YAML", "ports: [\n  @- }\n", ""),
    ("a tab as indentation", "ports:\n@\t- name: a\n", ""),
    ("a list instead of a mapping", "@- a\n- b\n", "mapping"),
    ("two documents", HEAD + "---\n@a: b\n", "second document"),
    ("an unknown key", HEAD + "@colour: blue\n", "colour"),
    ("an unknown key of a port", "ports:\n  - name: a\n    @devise: 'null:'\n", "device"),
    ("an unknown key of the switch", "switch: { @nme: x }\n" + HEAD, "name"),
    ("an unknown policy key", "policy: { @mac-limits: 5 }\n" + HEAD, "mac-limit"),
    ("a key twice", HEAD + "switch: { name: a }\n@switch: { name: b }\n", "twice"),
    ("a list as a name", "ports:\n  - { name: @[a], device: 'null:' }\n", "name"),
    ("a value as ports", "ports: @a\n", "list"),
    ("a value as policy", HEAD + "policy: @on\n", "mapping"),
    ("a word as a number", "policy: { mac-limit: @many }\n" + HEAD, "0 to 16777216"),
    ("a negative number", "policy: { aging-time: @-1 }\n" + HEAD, "0 to 1000000"),
    ("a number beyond 64 bits", "policy: { aging-time: @18446744073709551617 }\n" + HEAD, "0 to 1000000"),
    ("an unknown choice", "policy:\n  promiscuous: @maybe\n" + HEAD, "reject or accept"),
    ("an access VLAN of 0", "policy: { access-vlan: @0 }\n" + HEAD, "1 to 4094"),
    ("a VLAN of 4095", "policy: { native-vlan: @4095 }\n" + HEAD, "0 to 4094"),
    ("a descending range of VLANs", "policy: { allowed-vlans: @20-10 }\n" + HEAD, "list of VLANs"),
    ("a VLAN list with an empty part", "policy: { allowed-vlans: @'1,,2' }\n" + HEAD, "list of VLANs"),
    ("no workers", "dataplane: { workers: @0 }\n" + HEAD, "workers"),
    ("a size instead of a choice for huge pages", "dataplane: { hugepages: @2M }\n" + HEAD, "auto, on or off"),
    ("busy-poll: sometimes", "dataplane: { busy-poll: @sometimes }\n" + HEAD, "on or off"),
    ("a table of size 0", "switch: { mac-table-size: @0 }\n" + HEAD, "1 to 16777216"),
    ("MAC limits beyond the table size", "switch: { mac-table-size: @100 }\npolicy: { mac-limit: 51 }\n" + TWO, "102"),
    ("a port twice", HEAD + "  - { name: @a, device: 'null:' }\n", "twice"),
    ("a port without a name", "ports:\n  - @{ device: 'null:' }\n", "name"),
    ("a port name of 16 characters", "ports:\n  - { name: @abcdefghijklmnop, device: 'null:' }\n", "1 to 15"),
    ("a port name with a space", "ports:\n  - { name: @'a b', device: 'null:' }\n", "character"),
    ("too many ports",
     "ports:\n" + "".join(f"  - {'@' * (n == 64)}{{ name: p{n}, device: 'null:' }}\n" for n in range(65)), "64"),
    ("a port group that does not exist", "ports:\n  - { name: a, device: 'null:', port-group: @none }\n", "none"),
    ("a port group twice", "port-groups:\n  - { name: g }\n  - @{ name: g }\n" + HEAD, "twice"),
    ("a device of an unknown kind", "ports:\n  - { name: a, device: @'tapp:a' }\n", "tap"),
    ("a device without its argument", "ports:\n  - { name: a, device: @'tap:' }\n", "argument"),
    ("a device twice", TWO.replace("name: b, device: 'null:'", "name: b, device: 'tap:x'").replace(
        "name: a, device: 'null:'", "name: a, device: @'tap:x'"), "'b'"),
    ("enabled: maybe", "ports:\n  - { name: a, device: 'null:', enabled: @maybe }\n", "on or off"),
    ("no MAC", "ports:\n  - { name: a, device: 'null:', mac-address: @'02:00:00:00:00' }\n", "MAC"),
    ("a group address as a MAC", "ports:\n  - { name: a, device: 'null:', mac-address: @'01:00:5e:00:00:01' }\n", "group"),
    ("the zero MAC", "ports:\n  - { name: a, device: 'null:', mac-address: @'00:00:00:00:00:00' }\n", "address"),
    ("an effective MAC without an assigned MAC", "ports:\n  - { name: a, device: 'null:', effective-mac: @'02:00:00:00:00:01' }\n", "mac-address"),
    ("a MAC assigned twice", "ports:\n  - { name: a, device: 'null:', mac-address: '02:00:00:00:00:01' }\n"
     "  - { name: b, device: 'null:', mac-address: @'0200.0000.0001' }\n", "'a'"),
    ("a static MAC on an unknown port", HEAD + "static-macs:\n  - { mac: @'02:00:00:00:00:99', vlan: 1, port: z }\n", "'z'"),
    ("a static MAC twice", TWO + "static-macs:\n  - { mac: '02:00:00:00:00:99', vlan: 1, port: a }\n"
     "  - { mac: @'02-00-00-00-00-99', vlan: 1, port: b }\n", "twice"),
    ("a static MAC outside the port's VLANs", "policy: { allowed-vlans: 1-9 }\n" + HEAD +
     "static-macs:\n  - { mac: @'02:00:00:00:00:99', vlan: 10, port: a }\n", "VLAN 10"),
    ("a static MAC that is assigned to another port", TWO.replace("b,", "b, mac-address: '02:00:00:00:00:99',") +
     "static-macs:\n  - { mac: @'02:00:00:00:00:99', vlan: 1, port: a }\n", "'b'"),
    ("a static MAC without a VLAN", HEAD + "static-macs:\n  - @{ mac: '02:00:00:00:00:99', port: a }\n", "vlan"),
)

GOOD = (
    ("a port", HEAD),
    ("JSON", '{"ports": [{"name": "a", "device": "null:"}]}'),
    ("all spellings of on and off", "ports:\n" + "".join(
        f"  - {{ name: p{n}, device: 'null:', enabled: {word} }}\n"
        for n, word in enumerate(("on", "off", "true", "false", "yes", "no", "True", "OFF")))),
    ("all spellings of a MAC", "ports:\n" + "".join(
        f"  - {{ name: p{n}, device: 'null:', mac-address: '{mac}' }}\n"
        for n, mac in enumerate(("02:00:00:00:00:0A", "02-00-00-00-00-0b", "0200.0000.000c")))),
    ("the maximum number of ports", "ports:\n" + "".join(f"  - {{ name: p{n}, device: 'null:' }}\n" for n in range(64))),
    ("one MAC in two VLANs", "policy: { vlan-mode: access }\nports:\n" + "".join(
        f"  - {{ name: p{n}, device: 'null:', mac-address: '02:00:00:00:00:01', policy: {{ access-vlan: {n} }} }}\n"
        for n in (1, 2))),
    ("busy-poll: off", "dataplane: { busy-poll: off }\n" + HEAD),
    ("MAC limits that just fit the table", "switch: { mac-table-size: 100 }\npolicy: { mac-limit: 50 }\n" + TWO),
)


def place(text):
    """The text without its @, and LINE:COLUMN of the @."""
    before = text[:text.index("@")]
    return text.replace("@", "", 1), f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def tests(bench):
    numbers = itertools.count(1)

    def refused(text, words):
        text, at = place(text)
        path = bench.file(f"bad{next(numbers)}.yaml", text)
        bench.fails(2, rf"^{path}:{at}: .*{words}", "nestswitch", "check", path)

    def accepted(text):
        bench.succeeds("", "nestswitch", "check", bench.file(f"good{next(numbers)}.yaml", text))

    for what, text, words in BAD:
        yield f"check refuses {what}", lambda text=text, words=words: refused(text, words)
    for what, text in GOOD:
        yield f"check accepts {what}", lambda text=text: accepted(text)
