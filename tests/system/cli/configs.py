# SPDX-License-Identifier: BSD-3-Clause
"""configs: an error in a configuration is one line with file, line and column. It says what is wrong and what would be right."""

import itertools
import re

import tap

HEAD = "ports:\n  - { name: a, device: 'null:' }\n"
LINE_BREAK = re.compile(rb"\r\n?|\n")
TWO = HEAD + "  - { name: b, device: 'null:' }\n"

# (name, configuration, part of the message). @ marks the position of the message and is removed before the test.
BAD = (
    ("an empty file", "@", "empty"),
    ("a document without a value", "@---\n# ports: []\n", "empty"),
    ("null as a device", "ports:\n- { name: a, device: @~ }\n", "no known kind"),
    ("no ports", "@switch: { name: x }\n", "ports"),
    ("a bracket closed by another one", "ports: [\n  @- }\n", "value is missing"),
    ("a TAB as indentation", "ports:\n@\t- name: a\n", "TAB .*blanks"),
    ("a TAB behind blanks", "ports:\n- name: a\n  policy:\n  @\tmac-limit: 1\n", "TAB .*blanks"),
    ("a key that is indented too much", "ports:\n  - name: a\n     @device: 'null:'\n", "'device' is indented more than 'name' .*same column"),
    ("a key that is indented too little", "policy:\n  mac-limit: 5\n @aging-time: 3\n" + HEAD, "'aging-time' begins in column 2, .* line 1 .*same column"),
    ("a key of an item that is indented too little", "ports:\n  - name: a\n   @device: 'null:'\n", "no '-' in column 3.*line 2"),
    ("an item that is indented otherwise", "ports:\n- name: a\n @- name: b\n", "this '-' begins in column 2"),
    ("a key of a port that is not indented", "ports:\n- name: a\n@device: 'null:'\n", "belongs to a port .indent it below ports"),
    ("a section that is indented", "  switch: { name: a }\n@ports: []\n", "less than the first key"),
    ("a list in braces without quotes", "ports:\n  - { name: a, device: 'null:', policy: { allowed-vlans: 1,@10-20 } }\n",
     'the comma before .10-20. .*quotes: allowed-vlans: "1,10-20"'),
    ("MACs in braces without quotes", "policy: { allowed-macs: 02:00:00:00:00:01, @02:00:00:00:00:02 }\n" + HEAD, "quotes: allowed-macs:"),
    ("a device with commas in braces without quotes", "ports:\n  - { name: a, device: bond:lacp,@eth1,eth2 }\n", 'quotes: device: "bond:lacp,eth1"'),
    ("a value instead of a list", TWO + "mirrors:\n  - { name: m, source: @a, destination: b }\n", r"give a list: .a."),
    ("no blank behind a colon", "ports:\n  @- name:a\n    device: 'null:'\n", "no blank follows .*KEY: VALUE"),
    ("two colons in a line", "ports:\n- name: a\n  device: pcap@: a\n", "second ': '.*quotes"),
    ("two colons in a line of old Macs", "ports:\r- name: a\r  device: pcap@: a\r", "second ': '.*quotes"),
    ("a bracket that is not closed", "ports: [ { name: a }\n@switch: { name: b }\n", "'\\[' of line 1 is not closed"),
    ("a brace that is not closed", "ports:\n  - name: a\n    policy: { mac-limit: 5\n  - name@: b\n", "the '.' of line 3 is not closed"),
    ("a quote that is not closed", "ports:\n- { name: @'a }\n", "quote is not closed"),
    ("a list behind a key", "ports: @- name: a\n", "next line"),
    ("a comma without a value", "ports:\n- { name: a, @, device: 'null:' }\n", "value is missing"),
    ("an unquoted star", "ports:\n- name: @*a\n", "quotes"),
    ("an unquoted percent sign", "ports:\n- name: a\n  device: @%x\n", "cannot begin with '%' .*quotes"),
    ("a device with a control character", "ports:\n  - { name: a, device: @\"tap:a\\e[1mb\" }\n", "control character"),
    ("a text in blocks in its own line", "ports:\n- name: |@a\n", "next line"),
    ("a colon in a value in brackets", "dataplane: { eal: [a@:] }\n" + HEAD, "quotes"),
    ("a question mark", "ports:\n- name: @? a\n", "'.' in quotes"),
    ("another version of YAML", "%YAML 1.3\n@---\n" + HEAD, "%YAML"),
    ("a byte that is no text", b"ports:\n- name: '@\xff'\n", "UTF-8"),
    ("a key of another section", HEAD + "@workers: 2\n", "belongs in dataplane"),
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
    ("an empty list of VLANs", "policy: { allowed-vlans: @[] }\n" + HEAD, "cannot be ''"),
    ("a VLAN of 0 in a list", "policy: { allowed-vlans: [1, @0, 4] }\n" + HEAD, "cannot have '0'"),
    ("a VLAN of 0 in a text", "policy: { allowed-vlans: @'1,0,4' }\n" + HEAD, "cannot have '0'"),
    ("no MAC in a list", "policy: { allowed-macs: [02:00:00:00:00:01, @x] }\n" + HEAD, "cannot have 'x' .none, or a list"),
    ("a group address in a list", "policy:\n  allowed-macs:\n  - 02:00:00:00:00:01\n  - @01:00:5e:00:00:00/25\n" + HEAD, "'01:00:5e:00:00:00/25', a group address"),
    ("a group address alone", "policy: { allowed-macs: @01:00:5e:00:00:01 }\n" + HEAD, "cannot be '01:00:5e:00:00:01', a group address"),
    ("49 bits of a MAC", "policy: { allowed-macs: [@02:00:00:00:00:01/49] }\n" + HEAD, "cannot be '02:00:00:00:00:01/49'"),
    ("65 MACs", f"policy: {{ allowed-macs: @[{', '.join(f'02:00:00:00:00:{n:02x}' for n in range(65))}] }}\n" + HEAD, "too long, .* up to 64 MACs"),
    ("a MAC beside none", "policy: { allowed-macs: @[none, 02:00:00:00:00:01] }\n" + HEAD, "mixes none with MACs"),
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
    ("a device without its colon", "ports:\n  - { name: a, device: @tap }\n", "tap:, followed by name"),
    ("a device without its argument", "ports:\n  - { name: a, device: @'tap:' }\n", "argument"),
    ("a TAP whose name is too long", "ports:\n  - { name: a, device: @'tap:abcdefghijklmnop' }\n", "at most 15 characters"),
    ("a TAP with a colon in its name", "ports:\n  - { name: a, device: @'tap:a:b' }\n", "without blanks"),
    ("a member of a bond whose name is too long", "ports:\n  - { name: a, device: @'bond:lacp,tap:abcdefghijklmnop' }\n", "at most 15 characters"),
    ("a member of a bond twice", "ports:\n  - { name: a, device: @'bond:lacp,eth1,eth1' }\n", "twice"),
    ("a bond of an unknown mode", "ports:\n  - { name: a, device: @'bond:lapc,eth1' }\n", "active-backup, balance-xor or lacp"),
    ("a socket whose path is too long", f"ports:\n  - {{ name: a, device: @'vhost:/{'x' * 120}' }}\n", "at most 107 characters"),
    ("no PCI address", "ports:\n  - { name: a, device: @'pci:eth1' }\n", "0000:03:00.0"),
    ("a rate with a unit", "policy: { ingress-rate: @10M }\n" + HEAD, "a number from 0 to 4294967295 kbit/s"),
    ("a time with a unit", "policy: { aging-time: @5m }\n" + HEAD, "0 to 1000000 s"),
    ("memory with a unit", "dataplane: { memory: @1G }\n" + HEAD, "64 to 1048576 MiB"),
    ("a source of a mirror that does not exist", TWO + "mirrors:\n  - { name: m, source: [@c], destination: b }\n", "'c'"),
    ("a destination of a mirror that is copied", TWO + "mirrors:\n  - { name: m, source: [@a], destination: a }\n", "a port that forwards"),
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
    ("a static group twice on a port", TWO + "static-macs:\n  - { mac: '03:bf:00:00:00:01', vlan: 1, port: a }\n"
     "  - { mac: '03:bf:00:00:00:01', vlan: 1, port: b }\n  - { mac: @'03bf.0000.0001', vlan: 1, port: a }\n", "twice"),
    ("a static group that is reserved for bridges", HEAD + "static-macs:\n  - { mac: @'01:80:c2:00:00:02', vlan: 1, port: a }\n", "link-local"),
    ("a static group that every port gets", HEAD + "static-macs:\n  - { mac: @'01:00:5e:00:00:05', vlan: 1, port: a }\n", "224.0.0.5"),
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
    ("sections without keys", "switch:\ndataplane: ~\npolicy: null\nport-groups: Null\nvlans: NULL\nstatic-macs:\nmirrors: ~\nbindings:\nevpn:\n"
     "ports:\n- name: a\n  device: 'null:'\n  policy:\n"),
    ("busy-poll: off", "dataplane: { busy-poll: off }\n" + HEAD),
    ("MAC limits that just fit the table", "switch: { mac-table-size: 100 }\npolicy: { mac-limit: 50 }\n" + TWO),
)


# A valid file with a doubtful place (@), and the warning.
DOUBTFUL = (
    ("an uplink that a guest's frame shuts down",
     "ports:\n  - { name: @up, device: 'null:', uplink: on, policy: { violation: shutdown } }\n"
     "  - { name: a, device: 'null:', mac-address: '02:00:00:00:00:0a' }\n",
     "warning: port 'up': violation: shutdown on an uplink: a frame of port 'a', whose MAC is fixed, .* \\(violation: restrict\\)"),
)


def place(text):
    """The text without its @, and LINE:COLUMN of the @."""
    data = text if isinstance(text, bytes) else text.encode()
    before = data[:data.index(b"@")]
    lines = LINE_BREAK.split(before)
    return data.replace(b"@", b"", 1), f"{len(lines)}:{len(lines[-1]) + 1}"


def tests(bench):
    numbers = itertools.count(1)

    def refused(text, words):
        text, at = place(text)
        path = bench.file(f"bad{next(numbers)}.yaml", text)
        bench.fails(2, rf"^{path}:{at}: .*({words}).*", "nestswitch", "check", path)
        bench.fails(2, rf"^{path}:{at}: .*({words}).*", "nestswitch", "run", "--config", path, "--socket", f"{path}.sock")
        said = bench.run("nestswitch", "check", path).stderr
        assert re.search(r" \(.+\)$", said), f"does not say what would be right: {said}"

    def accepted(text):
        bench.succeeds("", "nestswitch", "check", bench.file(f"good{next(numbers)}.yaml", text))

    def warned_of(text, words):
        text, at = place(text)
        path = bench.file(f"doubtful{next(numbers)}.yaml", text)
        done = bench.run("nestswitch", "check", path)
        assert not done.returncode and re.fullmatch(f"{path}:{at}: {words}\n", done.stderr), (done.returncode, done.stderr)

    def without_device():
        text, at = place("ports:\n  - { name: @a }\n")
        path = bench.file("without-device.yaml", text)
        bench.fails(2, rf"^{path}:{at}: port 'a' has no device \(.*\)$", "nestswitch", "run", "--config", path, "--socket", f"{path}.sock")

    def one_line():
        path = bench.file("line-break.yaml", 'switch: { name: "a\\nb\\e[1m" }\n' + HEAD)
        tap.equal(bench.run("nestswitch", "check", path).stdout.partition(",")[0], f"{path}: valid: switch 'a?b?[1m'", "the answer")

    yield "check answers with one line to a name of two", one_line
    yield "run refuses a port without a device", without_device
    for what, text, words in DOUBTFUL:
        yield f"check warns of {what}", lambda text=text, words=words: warned_of(text, words)
    for what, text, words in BAD:
        yield f"check refuses {what}", lambda text=text, words=words: refused(text, words)
    for what, text in GOOD:
        yield f"check accepts {what}", lambda text=text: accepted(text)
